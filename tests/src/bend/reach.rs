//! What an input reaches: panics, and places in our code, if this program was built with counters there.
//!
//! `tests/covered` is such a build, of our own crates alone: the compiler counts how often each branch was gone through, and
//! an input that goes where none before it went is worth keeping.

#![allow(unexpected_cfgs, reason = "only that build knows `covered`")]

use std::{
    panic::{PanicHookInfo, set_hook, take_hook},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What is called when something panics.
type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send>;

/// Counts panics of all threads, as long as it lives.
pub(super) struct Panics {
    count: Arc<AtomicU64>,
    before: Option<Hook>,
}

impl Panics {
    /// Counts from now on, silently.
    pub(super) fn watch() -> Self {
        let (count, before) = (Arc::<AtomicU64>::default(), take_hook());
        let counter = count.clone();
        set_hook(Box::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        }));
        Self { count, before: Some(before) }
    }

    /// Counts from now on, and lets each be told as it was told before.
    pub(super) fn watch_aloud() -> Self {
        let (count, before) = (Arc::<AtomicU64>::default(), take_hook());
        let counter = count.clone();
        set_hook(Box::new(move |panic| {
            counter.fetch_add(1, Ordering::SeqCst);
            before(panic);
        }));
        Self { count, before: None }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        self.before.take().into_iter().for_each(set_hook);
    }
}

/// Which places were reached so far.
#[derive(Default)]
pub(super) struct Reach {
    seen: Vec<bool>,
}

impl Reach {
    /// Does the work; what it came to, and the places that it reached and nothing before it.
    pub(super) fn of<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<usize>) {
        counters::reset();
        let done = work();
        let is_new = |place: &usize| !self.seen.get(*place).copied().unwrap_or(false);
        (done, counters::reached().into_iter().filter(is_new).collect())
    }

    /// From now on these count as reached.
    pub(super) fn note(&mut self, places: &[usize]) {
        for place in places {
            if self.seen.len() <= *place {
                self.seen.resize(place + 1, false);
            }
            self.seen[*place] = true;
        }
    }
}

/// Whether there are counters.
pub(super) const IS_COVERED: bool = cfg!(covered);

/// The counters that the compiler put in: numbers of 64 bits in a row, between two marks of its own library.
#[cfg(covered)]
mod counters {
    #![allow(unsafe_code, reason = "the counters are the compiler's, and C to us")]

    unsafe extern "C" {
        safe fn __llvm_profile_begin_counters() -> *const u64;
        safe fn __llvm_profile_end_counters() -> *const u64;
        safe fn __llvm_profile_reset_counters();
    }

    pub(super) fn reset() {
        __llvm_profile_reset_counters();
    }

    pub(super) fn reached() -> Vec<usize> {
        let (begin, end) = (__llvm_profile_begin_counters(), __llvm_profile_end_counters());
        let count = (end.addr() - begin.addr()) / size_of::<u64>();
        // SAFETY: the two marks are the ends of one array, which lives as long as the program. Other threads count on
        // meanwhile, so each number is read once and nothing is taken from it but whether it is zero.
        (0..count).filter(|place| unsafe { begin.add(*place).read_volatile() } > 0).collect()
    }
}

#[cfg(not(covered))]
mod counters {
    pub(super) fn reset() {}

    pub(super) fn reached() -> Vec<usize> {
        Vec::new()
    }
}
