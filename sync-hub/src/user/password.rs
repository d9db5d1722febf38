//! Passwords: stretched with Argon2id, a few at once, so that a flood of tries eats neither memory nor processor.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{Algorithm, Argon2, Params, Version};
use replica::clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// 64 MiB and three passes: a fifth of a second here, and as much for each guess of whoever steals the file.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// So many are stretched at once: 128 MiB. More wait, and when [`WAITING_MAX`] wait, further ones are told to come again.
const AT_ONCE: usize = 2;
/// So many wait, for two seconds or so.
const WAITING_MAX: usize = 16;
/// A sentence is easier to keep than signs are, and long enough is all that counts.
pub const CHARS_MIN: usize = 12;
/// Longer ones are refused, not cut.
pub const CHARS_MAX: usize = 128;
/// Fewer different signs than this are a row of one key.
const DIFFERENT_MIN: usize = 5;

/// A stretched password with its salt.
#[derive(Clone)]
pub struct Hashed {
    pub(super) salt: [u8; 16],
    pub(super) password: [u8; 32],
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Too short or too long.
    #[error("a password has {CHARS_MIN} to {CHARS_MAX} characters")]
    Length,
    /// Too few different characters, or the name is in it.
    #[error("this password is easily guessed: it repeats itself, or the name is in it")]
    Easy,
}

/// Looks whether a password may be taken for `login`.
pub fn check(login: &str, password: &str) -> Result<(), BadPassword> {
    let length = password.chars().count();
    if !(CHARS_MIN..=CHARS_MAX).contains(&length) {
        return Err(BadPassword::Length);
    }
    let different: std::collections::BTreeSet<char> = password.chars().collect();
    if different.len() < DIFFERENT_MIN || password.to_lowercase().contains(login) {
        return Err(BadPassword::Easy);
    }
    Ok(())
}

/// Draws a password for one use: sixteen signs that cannot be taken for each other, eighty bits.
pub fn draw() -> String {
    const SIGNS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789+";
    let signs: Vec<char> = clock::random::<16>().iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect();
    signs.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Stretches a password with a new salt. A fifth of a second of one processor.
pub fn stretch(password: &str) -> Hashed {
    let salt = clock::random();
    Hashed { salt, password: stretch_with(&salt, password) }
}

fn stretch_with(salt: &[u8; 16], password: &str) -> [u8; 32] {
    let mut out = [0; 32];
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(out.len())).expect("the parameters are constants");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut out)
        .expect("salt and output have lengths that Argon2 takes");
    out
}

impl Hashed {
    /// Whether it is this password; the same work and time whatever it is.
    pub fn is(&self, password: &str) -> bool {
        same(&stretch_with(&self.salt, password), &self.password)
    }

    /// What is compared with when there is no such user, so that it takes as long.
    pub(super) fn nobody() -> Self {
        Self { salt: [0; 16], password: clock::random() }
    }
}

/// Compares in a time that tells nothing.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Lets a few stretch at once.
pub struct Turnstile {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Turnstile {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), waiting: AtomicUsize::new(0) }
    }
}

impl Turnstile {
    /// Waits for one's turn; `None` at once if too many wait already.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        if self.waiting.fetch_add(1, Ordering::SeqCst) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        let waiting = Waiting(&self.waiting);
        let turn = self.turns.clone().acquire_owned().await.ok();
        drop(waiting);
        turn
    }
}

/// Counts itself out, also when whoever waited has gone.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_only_whole_and_a_drawn_one_is_good_enough() {
        let hashed = stretch("correct horse battery");
        assert!(hashed.is("correct horse battery") && !hashed.is("correct horse batter"));
        assert_eq!(check("fang", &draw()), Ok(()));
    }

    #[test]
    fn short_ones_repeating_ones_and_ones_with_the_name_in_them_are_not_taken() {
        assert_eq!(check("fang", "short"), Err(BadPassword::Length));
        assert_eq!(check("fang", &"好".repeat(200)), Err(BadPassword::Length));
        assert_eq!(check("fang", "aaaabbbbaaaabbbb"), Err(BadPassword::Easy));
        assert_eq!(check("fang", "I am FANG of Qinghe"), Err(BadPassword::Easy));
        assert_eq!(check("fang", "石桥村的桥要修一修了吧"), Err(BadPassword::Length));
        assert_eq!(check("fang", "石桥村的桥今年要修一修了吧"), Ok(()));
    }

    #[tokio::test]
    async fn a_flood_of_tries_waits_and_then_is_sent_away() {
        let stile = Arc::new(Turnstile::default());
        let held: Vec<_> = [stile.turn().await, stile.turn().await].into_iter().flatten().collect();
        assert_eq!(held.len(), AT_ONCE);
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let stile = stile.clone();
                tokio::spawn(async move { stile.turn().await.is_some() })
            })
            .collect();
        while stile.waiting.load(Ordering::SeqCst) < WAITING_MAX {
            tokio::task::yield_now().await;
        }
        assert!(stile.turn().await.is_none());
        drop(held);
        for waited in waiting {
            assert!(waited.await.unwrap());
        }
    }
}
