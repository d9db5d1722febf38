//! Wrong passwords, counted by name and by address: after a few it is waited, whether there is such a name or not.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use crate::register::neighbourhood;

/// Wrong tries upon one name before it is waited.
const OF_NAME_MAX: usize = 5;
/// Wrong tries from one address: a whole office may sit behind one.
const OF_ADDRESS_MAX: usize = 20;
/// How long it is waited, and how long a wrong try counts.
pub const WAIT_S: i64 = 15 * 60;
/// Names and addresses that are remembered; beyond, those whose last try is oldest are forgotten first.
const REMEMBERED_MAX: usize = 20_000;

/// The wrong tries of the last quarter of an hour.
#[derive(Default)]
pub struct Tries(Mutex<BTreeMap<Key, Vec<i64>>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Name(String),
    Address(String),
}

impl Key {
    const fn most(&self) -> usize {
        match self {
            Key::Name(_) => OF_NAME_MAX,
            Key::Address(_) => OF_ADDRESS_MAX,
        }
    }
}

/// Without a name, as where a passkey is not known, it is the address alone.
fn keys(login: &str, address: &str) -> impl Iterator<Item = Key> {
    // A name can be of any length, as it was typed; its beginning tells it apart well enough.
    let name = (!login.is_empty()).then(|| Key::Name(login.chars().take(64).collect()));
    let address = address.parse::<IpAddr>().map_or(address.to_owned(), |address| neighbourhood(address).to_string());
    name.into_iter().chain([Key::Address(address)])
}

impl Tries {
    /// Whether it must be waited, for this name or from this address.
    pub fn must_wait(&self, login: &str, address: &str, now: i64) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys(login, address).any(|key| {
            let recent = all.get(&key).map_or(0, |tries| tries.iter().filter(|at| **at > now - WAIT_S).count());
            recent >= key.most()
        })
    }

    /// Counts a wrong try; `true` if it is the one after which it is waited.
    pub fn wrong(&self, login: &str, address: &str, now: i64) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_last = false;
        for key in keys(login, address) {
            let most = key.most();
            let tries = all.entry(key).or_default();
            tries.retain(|at| *at > now - WAIT_S);
            tries.push(now);
            is_last |= tries.len() == most;
        }
        while all.len() > REMEMBERED_MAX {
            let oldest = all.iter().min_by_key(|(_, tries)| tries.last().copied()).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            all.remove(&oldest);
        }
        is_last
    }

    /// Forgets what was tried upon a name: the right password came, or an administrator gave a new one.
    pub fn right(&self, login: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&Key::Name(login.chars().take(64).collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_wrong_tries_upon_a_name_it_is_waited_a_quarter_of_an_hour() {
        let tries = Tries::default();
        let lasts: Vec<bool> = (0..5).map(|at| tries.wrong("fang", "10.0.0.1", at)).collect();
        assert_eq!(lasts, [false, false, false, false, true]);
        assert!(tries.must_wait("fang", "10.0.0.2", 5), "from wherever it is tried");
        assert!(!tries.must_wait("li", "10.0.0.1", 5), "others at the same address are not locked out by five");
        assert!(!tries.must_wait("fang", "10.0.0.2", 5 + WAIT_S));
        tries.right("fang");
        assert!(!tries.must_wait("fang", "10.0.0.2", 5));
    }

    #[test]
    fn one_address_that_tries_many_names_must_wait() {
        let tries = Tries::default();
        (0..20).for_each(|number| {
            tries.wrong(&format!("name{number}"), "10.0.0.1", 0);
        });
        assert!(tries.must_wait("fang", "10.0.0.1", 1) && !tries.must_wait("fang", "10.0.0.2", 1));
        assert!(tries.must_wait("fang", "::ffff:10.0.0.1", 1), "written in the other way it is the same");
    }

    #[test]
    fn whoever_has_many_addresses_of_one_neighbourhood_is_one() {
        let tries = Tries::default();
        (0..20).for_each(|number| {
            tries.wrong(&format!("name{number}"), &format!("2001:db8::{number:x}"), 0);
        });
        assert!(tries.must_wait("fang", "2001:db8::ffff", 1) && !tries.must_wait("fang", "2001:db8:0:1::1", 1));
    }

    #[test]
    fn tries_without_a_name_lock_nobody_elses_address() {
        let tries = Tries::default();
        (0..20).for_each(|_| {
            tries.wrong("", "10.0.0.1", 0);
        });
        assert!(tries.must_wait("", "10.0.0.1", 1) && !tries.must_wait("", "10.0.0.2", 1));
    }

    #[test]
    fn a_flood_of_names_is_not_remembered_without_end() {
        let tries = Tries::default();
        tries.0.lock().unwrap().extend((0..REMEMBERED_MAX as i64).map(|at| (Key::Name(at.to_string()), vec![at])));
        tries.wrong("fang", "10.0.0.1", 1_000_000);
        let all = tries.0.lock().unwrap();
        assert_eq!(all.len(), REMEMBERED_MAX);
        assert!(all.contains_key(&Key::Name("fang".into())) && !all.contains_key(&Key::Name("0".into())));
    }
}
