//! The only clock, and the only dice; and how far a clock is to be believed.
//!
//! A Pi without a battery begins in 1970, and a battery that fails may say 2099. No order and no deadline hangs on such a
//! clock; but a certificate is judged by a time. That time is never earlier than what is proven (when this program was
//! built, what the hub signed last), and a clock that is more than a day beyond it is not followed until the hub has
//! confirmed it.

use std::{
    sync::OnceLock,
    time::{SystemTime, UNIX_EPOCH},
};

use civic_core::time::UnixSeconds;
use serde::{Deserialize, Serialize};

/// A clock that is further than that beyond what is proven is not followed: a day.
pub const JUMP_MAX_S: i64 = 24 * 3_600;

/// How far a clock is to be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockQuality {
    /// It agrees with what is proven, to within a day.
    #[default]
    Good,
    /// It is behind what is proven.
    Behind,
    /// It is more than a day beyond what is proven: right after a month without a road, wrong if its battery failed.
    Ahead,
}

/// Another clock and other dice for a whole process: those of the simulated county, where a seed decides both.
pub struct StandIn {
    /// What time it is.
    pub now: fn() -> UnixSeconds,
    /// Fills bytes.
    pub fill: fn(&mut [u8]),
}

static STAND_IN: OnceLock<StandIn> = OnceLock::new();

/// Takes time and chance from elsewhere for as long as this process runs; the first who asks is heard. Nothing that ships
/// calls this: `tests/it/layers.rs` looks.
pub fn stand_in(stand_in: StandIn) {
    STAND_IN.get_or_init(|| stand_in);
}

/// What this machine's clock says, right or wrong.
pub fn now() -> UnixSeconds {
    if let Some(stand_in) = STAND_IN.get() {
        return (stand_in.now)();
    }
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => UnixSeconds(since.as_secs().try_into().unwrap_or(i64::MAX)),
        Err(before) => UnixSeconds(-before.duration().as_secs().try_into().unwrap_or(i64::MAX)),
    }
}

/// When this program was built, by the clock of the machine that built it.
pub fn built_at() -> UnixSeconds {
    UnixSeconds(env!("HUIYIN_BUILT_AT").parse().unwrap_or(0))
}

/// What time it is to be believed, of a clock that says `now` where `proven` is proven; and how good that clock is.
pub fn believed(now: UnixSeconds, proven: UnixSeconds) -> (UnixSeconds, ClockQuality) {
    if now < proven {
        (proven, ClockQuality::Behind)
    } else if now.0 - proven.0 > JUMP_MAX_S {
        (proven, ClockQuality::Ahead)
    } else {
        (now, ClockQuality::Good)
    }
}

/// Bytes from the operating system's random source.
///
/// # Panics
/// If the system has none: nothing that needs a key may go on then.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    match STAND_IN.get() {
        Some(stand_in) => (stand_in.fill)(&mut bytes),
        None => getrandom::fill(&mut bytes).expect("the operating system gives random bytes"),
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_1970_or_2099_is_flagged_and_not_followed() {
        let proven = UnixSeconds(1_790_000_000);
        assert_eq!(believed(UnixSeconds(0), proven), (proven, ClockQuality::Behind));
        assert_eq!(believed(UnixSeconds(-5), proven), (proven, ClockQuality::Behind));
        assert_eq!(believed(UnixSeconds(4_085_000_000), proven), (proven, ClockQuality::Ahead));
        let soon = UnixSeconds(proven.0 + JUMP_MAX_S);
        assert_eq!(believed(soon, proven), (soon, ClockQuality::Good));
        assert_eq!(believed(UnixSeconds(soon.0 + 1), proven), (proven, ClockQuality::Ahead));
    }

    #[test]
    fn no_clock_is_earlier_than_the_program() {
        assert!(built_at().0 > 1_700_000_000, "the build noted its time");
        assert_eq!(believed(UnixSeconds(0), built_at()).0, built_at());
    }
}
