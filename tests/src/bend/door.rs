//! A door: what honestly comes in there, and what it does with bytes.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use super::reach::Panics;

/// What takes long so often, one time after the other, takes long itself; once, the machine may have been busy with others.
const LONG_TIMES: u32 = 3;

/// What a door does with bytes: whether it reads them, or what is wrong with it.
pub(super) type Knock = Box<dyn Fn(&[u8]) -> Result<bool, String>>;

/// A door of a program.
pub(super) struct Door {
    /// What comes in there, a colon, and which door of that kind it is; of this its folder of what was kept is named.
    pub(super) name: &'static str,
    /// What honestly comes in.
    pub(super) honest: Vec<Vec<u8>>,
    /// What it does.
    pub(super) knock: Knock,
    /// Nothing may take longer.
    pub(super) long: Duration,
    /// One of so many inputs comes here, for each of them costs as much as so many elsewhere.
    pub(super) cost: u64,
}

impl Door {
    /// A door behind which nothing but memory is.
    pub(super) fn new(
        name: &'static str,
        honest: Vec<Vec<u8>>,
        knock: impl Fn(&[u8]) -> Result<bool, String> + 'static,
    ) -> Self {
        Self { name, honest, knock: Box::new(knock), long: Duration::from_secs(1), cost: 1 }
    }

    /// A door behind which are disks and sockets, which other programs keep busy too.
    pub(super) fn slow(self, cost: u64) -> Self {
        Self { long: Duration::from_secs(20), cost, ..self }
    }

    /// Whether it reads this, or what is wrong with it.
    pub(super) fn try_bytes(&self, panics: &Panics, bytes: &[u8]) -> Result<bool, String> {
        for _ in 0..LONG_TIMES {
            let (started, before) = (Instant::now(), panics.count());
            let knocked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.knock)(bytes)));
            // Others than this thread may have panicked, and said nothing.
            if panics.count() > before {
                return Err("a panic".to_owned());
            }
            let knocked = knocked.unwrap_or_else(|_| Err("a panic".to_owned()));
            if knocked.is_err() || started.elapsed() <= self.long {
                return knocked;
            }
        }
        Err("it takes long".to_owned())
    }
}

/// Something that is made anew after so many uses: a county that bent bytes came into is not what it was.
pub(super) struct Fresh<T> {
    make: Box<dyn Fn() -> T>,
    uses_max: u64,
    now: RefCell<Option<(T, u64)>>,
}

impl<T> Fresh<T> {
    /// Made by `make`, the first time when it is needed.
    pub(super) fn new(uses_max: u64, make: impl Fn() -> T + 'static) -> Self {
        Self { make: Box::new(make), uses_max, now: RefCell::new(None) }
    }

    /// Uses it.
    pub(super) fn with<R>(&self, work: impl FnOnce(&T) -> R) -> R {
        let mut now = self.now.borrow_mut();
        if now.as_ref().is_some_and(|(_, uses)| *uses >= self.uses_max) {
            *now = None;
        }
        let (thing, uses) = now.get_or_insert_with(|| ((self.make)(), 0));
        *uses += 1;
        work(thing)
    }
}
