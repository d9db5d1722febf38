//! Whom the simulated hub knows.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use civic_core::{access::Scope, time::UnixSeconds};
use sync_core::{
    revocation::Revocation,
    session::{Authors, Standing},
};

/// By key, what each may do, and since when it is struck off.
type Known = BTreeMap<[u8; 32], (Scope, Option<UnixSeconds>)>;

/// The register of devices.
#[derive(Default)]
pub struct Register {
    // Std mutexes: held to look up or to note.
    known: Mutex<Known>,
    /// By key of a device, the hub beneath that stands for it.
    beneath: Mutex<BTreeMap<[u8; 32], [u8; 32]>>,
    /// Whether it is that of a hub beneath another one.
    is_beneath: bool,
}

impl Register {
    /// An empty one.
    pub fn new(is_beneath: bool) -> Self {
        Self { is_beneath, ..Self::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a device in.
    pub fn enrol(&self, public_key: [u8; 32], scope: Scope) {
        self.known().insert(public_key, (scope, None));
    }

    /// A hub beneath stands for these; whom this one knows by itself it stands for itself.
    pub fn vouch(&self, hub: &[u8; 32], keys: &[[u8; 32]]) {
        let strangers = keys.iter().filter(|key| !self.known().contains_key(*key));
        self.beneath().extend(strangers.map(|key| (*key, *hub)));
    }

    /// Everybody who was ever let in.
    pub fn keys(&self) -> Vec<[u8; 32]> {
        self.known().keys().copied().collect()
    }

    fn beneath(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], [u8; 32]>> {
        self.beneath.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Strikes a device off.
    pub fn strike_off(&self, public_key: &[u8; 32], at: UnixSeconds) {
        if let Some((_, struck_off)) = self.known().get_mut(public_key) {
            *struck_off = Some(at);
        }
    }

    /// Everybody who was struck off.
    pub fn revoked(&self) -> Vec<Revocation> {
        let known = self.known();
        let off = known.iter().filter_map(|(key, (_, at))| Some(Revocation { public_key: *key, at: (*at)? }));
        off.collect()
    }
}

impl Authors for Register {
    fn standing(&self, public_key: &[u8; 32]) -> Standing {
        let hub = self.beneath().get(public_key).copied();
        match self.known().get(&hub.unwrap_or(*public_key)) {
            None if self.is_beneath => Standing::Elsewhere,
            None => Standing::Stranger,
            Some((scope, None)) => Standing::Member(scope.clone()),
            Some((scope, Some(at))) => Standing::StruckOff { scope: scope.clone(), at: *at },
        }
    }

    fn former(&self, public_key: &[u8; 32]) -> Vec<[u8; 32]> {
        self.beneath().iter().filter(|(_, hub)| *hub == public_key).map(|(key, _)| *key).collect()
    }
}
