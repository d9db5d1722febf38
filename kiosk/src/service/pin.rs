//! The officer's PIN: in the file `service-pin` of the data directory, stretched so that the file alone tells little, and
//! guessed slowly. A guess is counted on disk before it is answered, so pulling the plug takes none back.

use std::time::{Duration, Instant};

use replica::{
    clock,
    dir::{DataDir, DirError},
    enrol::stretch,
};
use serde::{Deserialize, Serialize};

const FILE: &str = "service-pin";

/// Digits of a PIN.
pub const DIGITS: std::ops::RangeInclusive<usize> = 6..=12;

/// So many wrong guesses in a row are answered at once. After each further one everybody waits.
pub const FREE_GUESSES: u32 = 3;
/// The first wait; each next one is twice as long.
const WAIT: Duration = Duration::from_secs(30);
/// The longest wait: with it a million PINs take nearly thirty years.
const WAIT_MAX: Duration = Duration::from_secs(900);

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    salt: [u8; 16],
    stretched: [u8; 32],
    wrong: u32,
}

/// The lock on the service pages.
#[derive(Debug)]
pub struct Lock {
    /// Since when everybody waits: the last wrong guess, or the start of the program after some.
    waits_since: Instant,
}

/// What a PIN opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Everything.
    Right,
    /// Nothing.
    Wrong,
    /// Nobody may guess for so long.
    Wait(Duration),
    /// No PIN was set: `kiosk service pin` sets the first.
    NotSet,
    /// The disk does not take the count of guesses, so none is answered.
    CannotCount,
}

/// Why a PIN was not set.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// It is no PIN.
    #[error("a PIN has {} to {} digits", DIGITS.start(), DIGITS.end())]
    Shape,
    /// It cannot be kept.
    #[error(transparent)]
    Dir(#[from] DirError),
}

/// Sets the PIN of a kiosk, instead of the one before.
pub fn set(directory: &DataDir, pin: &str) -> Result<(), PinError> {
    if !DIGITS.contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PinError::Shape);
    }
    let salt = clock::random();
    keep(directory, &Kept { salt, stretched: stretch(pin, &salt), wrong: 0 })?;
    Ok(())
}

impl Lock {
    /// The lock at the start of the program: a wait that was cut short begins anew.
    pub fn new(now: Instant) -> Self {
        Self { waits_since: now }
    }

    /// Whether this PIN opens the service pages.
    pub fn open(&mut self, directory: &DataDir, pin: &str, now: Instant) -> Answer {
        let Some(kept) = read(directory) else { return Answer::NotSet };
        let waits_until = self.waits_since + wait_after(kept.wrong);
        if now < waits_until {
            return Answer::Wait(waits_until - now);
        }
        let counted = Kept { wrong: kept.wrong.saturating_add(1), ..kept.clone() };
        if let Err(error) = keep(directory, &counted) {
            tracing::error!(%error, "A guess at the service PIN cannot be counted");
            return Answer::CannotCount;
        }
        // As hashes, which are compared in the same time however much of them is alike.
        let is_right = blake3::hash(&stretch(pin, &kept.salt)) == blake3::hash(&kept.stretched);
        if is_right {
            if let Err(error) = keep(directory, &Kept { wrong: 0, ..kept }) {
                tracing::warn!(%error, "The count of wrong guesses stays on disk");
            }
            return Answer::Right;
        }
        tracing::warn!(wrong = counted.wrong, "A wrong service PIN was typed");
        self.waits_since = now;
        match wait_after(counted.wrong) {
            Duration::ZERO => Answer::Wrong,
            wait => Answer::Wait(wait),
        }
    }
}

fn wait_after(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE_GUESSES) {
        None => Duration::ZERO,
        Some(beyond) => WAIT.saturating_mul(1 << beyond.min(10)).min(WAIT_MAX),
    }
}

fn read(directory: &DataDir) -> Option<Kept> {
    let file = directory.read(FILE).unwrap_or_else(|error| {
        tracing::error!(%error, "The service PIN cannot be read");
        None
    })?;
    serde_json::from_slice(&file).ok()
}

fn keep(directory: &DataDir, kept: &Kept) -> Result<(), DirError> {
    directory.replace(FILE, &serde_json::to_vec(kept).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompts::tests::Scratch;

    const PIN: &str = "271828";

    fn directory(scratch: &Scratch) -> DataDir {
        DataDir::hold(scratch.path()).unwrap()
    }

    #[test]
    fn the_right_pin_opens_and_without_one_nothing_does() {
        let scratch = Scratch::new("pin");
        let (directory, now) = (directory(&scratch), Instant::now());
        let mut lock = Lock::new(now);
        assert_eq!(lock.open(&directory, PIN, now), Answer::NotSet);
        assert!(matches!(set(&directory, "12345"), Err(PinError::Shape)));
        assert!(matches!(set(&directory, "12345a"), Err(PinError::Shape)));
        set(&directory, PIN).unwrap();
        assert_eq!(lock.open(&directory, "314159", now), Answer::Wrong);
        assert_eq!(lock.open(&directory, PIN, now), Answer::Right);
        let file = directory.read(FILE).unwrap().unwrap();
        assert!(!file.windows(PIN.len()).any(|window| window == PIN.as_bytes()));
    }

    #[test]
    fn guesses_are_slowed_and_neither_waiting_nor_the_plug_takes_one_back() {
        let scratch = Scratch::new("pin-slow");
        let (directory, mut now) = (directory(&scratch), Instant::now());
        set(&directory, PIN).unwrap();
        let mut lock = Lock::new(now);
        let guess = |lock: &mut Lock, now| lock.open(&directory, "000000", now);
        assert_eq!([guess(&mut lock, now), guess(&mut lock, now)], [Answer::Wrong; 2]);
        assert_eq!(guess(&mut lock, now), Answer::Wait(WAIT));
        assert_eq!(lock.open(&directory, PIN, now), Answer::Wait(WAIT), "nobody is let in meanwhile");
        now += WAIT;
        assert_eq!(guess(&mut lock, now), Answer::Wait(2 * WAIT));
        let mut lock = Lock::new(now);
        assert_eq!(lock.open(&directory, PIN, now), Answer::Wait(2 * WAIT), "a restart does not help");
        assert_eq!(lock.open(&directory, PIN, now + 2 * WAIT), Answer::Right);
        assert_eq!(guess(&mut lock, now + 2 * WAIT), Answer::Wrong, "whoever knows it starts the count anew");
        assert_eq!(wait_after(u32::MAX), WAIT_MAX);
    }
}
