//! A form is carried out once, however often it is sent: thumbs slip, and browsers send again after a reload.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

/// Forms that are remembered; whoever goes back further than this sees in the lists what was saved.
const REMEMBERED_MAX: usize = 256;

/// The forms that were carried out since the program started. Only keyed fingerprints are kept, and only in memory, so
/// that nothing can be read back from them.
#[derive(Default)]
pub struct Once {
    key: RandomState,
    // A std mutex: held while one form is carried out, so that the same one sent twice at once waits and then finds itself.
    done: Mutex<VecDeque<u64>>,
}

impl Once {
    /// Carries out `work` unless the same `content` was carried out before; `None` if it was. What failed may be tried again.
    pub fn run<T, E>(&self, content: &impl Hash, work: impl FnOnce() -> Result<T, E>) -> Result<Option<T>, E> {
        let fingerprint = self.key.hash_one(content);
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.contains(&fingerprint) {
            return Ok(None);
        }
        let result = work()?;
        if done.len() == REMEMBERED_MAX {
            done.pop_front();
        }
        done.push_back(fingerprint);
        Ok(Some(result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_form_is_carried_out_once_and_a_failed_one_again() {
        let once = Once::default();
        assert_eq!(once.run(&"a", || Err::<(), _>("disk is full")), Err("disk is full"));
        assert_eq!(once.run(&"a", || Ok::<_, ()>(1)), Ok(Some(1)));
        assert_eq!(once.run(&"a", || Ok::<_, ()>(2)), Ok(None));
        assert_eq!(once.run(&"b", || Ok::<_, ()>(3)), Ok(Some(3)));
    }
}
