//! Who stands at the door and has not said yet who they are.
//!
//! A handshake that is begun and never ended costs its caller nothing, so a place on the threshold is held for a handshake's
//! time at most, each road has places of its own, and one address takes up only some of them: whoever fills theirs keeps
//! themselves out and nobody else.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The places before the door of one road.
#[derive(Debug)]
pub struct Threshold {
    most: usize,
    most_of_one: usize,
    standing: Mutex<BTreeMap<IpAddr, usize>>,
}

/// One place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    threshold: Arc<Threshold>,
    whose: IpAddr,
}

impl Threshold {
    /// A threshold for `most` callers, of which `most_of_one` may come from one address.
    pub fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, standing: Mutex::default() })
    }

    /// A place for a caller from this address; `None` if there is none, and the caller tries again later.
    pub fn step_on(self: &Arc<Self>, from: IpAddr) -> Option<Place> {
        let whose = household(from);
        let mut standing = self.standing();
        if standing.values().sum::<usize>() >= self.most {
            return None;
        }
        let own = standing.entry(whose).or_default();
        if *own >= self.most_of_one {
            return None;
        }
        *own += 1;
        Some(Place { threshold: self.clone(), whose })
    }

    /// How many stand there.
    pub fn count(&self) -> usize {
        self.standing().values().sum()
    }

    fn standing(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut standing = self.threshold.standing();
        if let Some(own) = standing.get_mut(&self.whose) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                standing.remove(&self.whose);
            }
        }
    }
}

/// Whoever has one IPv6 address has the whole /64 around it.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn whoever_fills_their_places_keeps_nobody_else_out() {
        let threshold = Threshold::new(5, 2);
        let places: Vec<_> = (0..9).filter_map(|_| threshold.step_on(address("10.0.0.1"))).collect();
        assert_eq!((places.len(), threshold.count()), (2, 2));
        let neighbours: Vec<_> = (1..9).filter_map(|n| threshold.step_on(address(&format!("fd00::{n}")))).collect();
        assert_eq!(neighbours.len(), 2, "one network is one caller");
        let last = threshold.step_on(address("10.0.0.2"));
        assert!(last.is_some() && threshold.step_on(address("10.0.0.3")).is_none(), "five in all");
        drop((places, neighbours, last));
        assert_eq!(threshold.count(), 0);
        assert!(threshold.standing().is_empty(), "nobody is remembered");
    }
}
