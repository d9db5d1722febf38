//! The only clock, and the only dice.

use std::time::{SystemTime, UNIX_EPOCH};

use civic_core::time::UnixSeconds;

/// What this machine's clock says, right or wrong.
pub fn now() -> UnixSeconds {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => UnixSeconds(since.as_secs().try_into().unwrap_or(i64::MAX)),
        Err(before) => UnixSeconds(-before.duration().as_secs().try_into().unwrap_or(i64::MAX)),
    }
}

/// Bytes from the operating system's random source.
///
/// # Panics
/// If the system has none: nothing that needs a key may go on then.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
