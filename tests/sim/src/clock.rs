//! One clock and one set of dice for everything that runs here: the seed's.
//!
//! Devices work one after the other, so the clock shows what the one that works believes.

use std::sync::{
    Mutex, Once, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use civic_core::time::UnixSeconds;
use replica::clock::StandIn;

use crate::dice::Dice;

static NOW: AtomicI64 = AtomicI64::new(0);
// A std mutex: held for one cast.
static DICE: Mutex<Option<Dice>> = Mutex::new(None);

/// Takes the place of this process's clock and dice, which begin anew with `dice`.
pub fn install(dice: Dice) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| replica::clock::stand_in(StandIn { now, fill }));
    *DICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(dice);
}

/// What the clock shows from now on.
pub fn show(at: i64) {
    NOW.store(at, Ordering::Relaxed);
}

fn now() -> UnixSeconds {
    UnixSeconds(NOW.load(Ordering::Relaxed))
}

fn fill(bytes: &mut [u8]) {
    let mut dice = DICE.lock().unwrap_or_else(PoisonError::into_inner);
    dice.get_or_insert_with(|| Dice::new(0)).fill(bytes);
}
