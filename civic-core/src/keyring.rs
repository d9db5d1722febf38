//! The private keys that the hub still holds, one for each key epoch, and one of its own to keep things under.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    seal::{OpenKey, SealError, SealKey, epoch_of, open_parcel},
    time::UnixSeconds,
};

/// The epoch under which the hub seals to itself what it has taken over: it is never announced to anybody, and never ends.
pub const OWN_EPOCH: u32 = 0;
/// The bits of an epoch's number behind which the hub stands that made it: 0 the county's, else the number of a hub beneath.
const HUB_BITS: u32 = 16;

/// A key and when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    #[serde(flatten)]
    key: OpenKey,
    made_at: UnixSeconds,
}

/// The keys of a county.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Ring")]
pub struct Keyring {
    held: BTreeMap<u32, Held>,
    destroyed: BTreeMap<u32, UnixSeconds>,
}

/// As it lies in the file.
#[derive(Default, Serialize, Deserialize)]
struct Ring {
    keys: Vec<Held>,
    #[serde(default)]
    destroyed: Vec<(u32, UnixSeconds)>,
}

/// As it lies in the file, or lay there when a county had one key for ever.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Ring(Ring),
    One(OpenKey),
}

impl From<Written> for Keyring {
    fn from(written: Written) -> Self {
        let Ring { keys, destroyed } = match written {
            Written::Ring(ring) => ring,
            Written::One(key) => Ring { keys: vec![Held { key, made_at: UnixSeconds(0) }], destroyed: Vec::new() },
        };
        let held = keys.into_iter().map(|held| (held.key.epoch, held)).collect();
        Self { held, destroyed: destroyed.into_iter().collect() }
    }
}

impl From<Keyring> for Ring {
    fn from(ring: Keyring) -> Self {
        Self { keys: ring.held.into_values().collect(), destroyed: ring.destroyed.into_iter().collect() }
    }
}

impl Keyring {
    /// Puts a key to the others; one of that epoch that is there stays.
    pub fn add(&mut self, key: OpenKey, made_at: UnixSeconds) {
        self.held.entry(key.epoch).or_insert(Held { key, made_at });
    }

    /// The key of an epoch.
    pub fn get(&self, epoch: u32) -> Option<&OpenKey> {
        self.held.get(&epoch).map(|held| &held.key)
    }

    /// The hub's own key.
    pub fn own(&self) -> Option<&OpenKey> {
        self.get(OWN_EPOCH)
    }

    /// The key that opens this envelope.
    pub fn for_envelope(&self, envelope: &[u8]) -> Result<&OpenKey, SealError> {
        let epoch = epoch_of(envelope).ok_or(SealError::Closed)?;
        let is_of_this_hub = |newest: u32| epoch == OWN_EPOCH || epoch >> HUB_BITS == newest >> HUB_BITS;
        if self.newest().is_some_and(|(newest, _)| !is_of_this_hub(newest.epoch)) {
            return Err(SealError::Elsewhere(epoch));
        }
        let gone = if self.destroyed.contains_key(&epoch) { SealError::Destroyed(epoch) } else { SealError::Closed };
        self.get(epoch).ok_or(gone)
    }

    /// Opens a parcel, which does not say to which epoch it was sealed; tells to which key it was.
    pub fn open_parcel(&self, sealed: &[u8]) -> Result<(Vec<u8>, SealKey), SealError> {
        let mut opened = self.epochs().rev().map(|(key, _)| Ok((open_parcel(key, sealed)?, key.seal_key()?)));
        opened.find(|opened| *opened != Err(SealError::Closed)).unwrap_or(Err(SealError::Closed))
    }

    /// The epochs to which devices seal or did, oldest first, with the time when each key was made.
    pub fn epochs(&self) -> impl DoubleEndedIterator<Item = (&OpenKey, UnixSeconds)> {
        self.held.range(OWN_EPOCH + 1..).map(|(_, held)| (&held.key, held.made_at))
    }

    /// The key of the newest epoch.
    pub fn newest(&self) -> Option<(&OpenKey, UnixSeconds)> {
        self.epochs().next_back()
    }

    /// To which key devices are to seal.
    pub fn seal_key(&self) -> Result<SealKey, SealError> {
        self.newest().ok_or(SealError::Closed)?.0.seal_key()
    }

    /// Forgets the key of an epoch that is neither the newest nor the hub's own; `false` if there is no such.
    pub fn destroy(&mut self, epoch: u32, now: UnixSeconds) -> bool {
        let may = epoch != OWN_EPOCH && self.newest().is_some_and(|(newest, _)| newest.epoch > epoch);
        let was_here = may && self.held.remove(&epoch).is_some();
        if was_here {
            self.destroyed.insert(epoch, now);
        }
        was_here
    }

    /// The epochs whose keys were destroyed, and when.
    pub fn destroyed(&self) -> &BTreeMap<u32, UnixSeconds> {
        &self.destroyed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::DocId,
        seal::{self, Contact, Seed},
    };

    const DOC: DocId = DocId::new([7; 16]);

    fn ring() -> Keyring {
        let mut ring = Keyring::default();
        for epoch in 0..3 {
            ring.add(OpenKey::make(epoch, Seed([epoch as u8 + 1; 32])), UnixSeconds(i64::from(epoch)));
        }
        ring
    }

    fn envelope(ring: &Keyring, epoch: u32) -> Vec<u8> {
        let contact = Contact { name: "王小明".into(), ..Contact::default() };
        seal::seal(&ring.get(epoch).unwrap().seal_key().unwrap(), &DOC, &contact, Seed([9; 32])).unwrap()
    }

    #[test]
    fn an_envelope_opens_by_the_key_of_its_epoch_until_that_is_destroyed() {
        let mut ring = ring();
        let (old, new) = (envelope(&ring, 1), envelope(&ring, 2));
        assert_eq!(ring.seal_key().unwrap().epoch, 2);
        for envelope in [&old, &new] {
            assert!(seal::open(ring.for_envelope(envelope).unwrap(), &DOC, envelope).is_ok());
        }
        assert!(ring.destroy(1, UnixSeconds(9)) && !ring.destroy(1, UnixSeconds(9)));
        assert_eq!(ring.for_envelope(&old), Err(SealError::Destroyed(1)));
        assert!(ring.epochs().all(|(key, _)| seal::open(key, &DOC, &old).is_err()));
        assert!(ring.for_envelope(&new).is_ok());
        assert_eq!(ring.for_envelope(&[1, 0, 0, 0, 77]), Err(SealError::Closed));
        assert_eq!(ring.for_envelope(&[1, 0, 3, 0, 1]), Err(SealError::Elsewhere(0x3_0001)), "a township's own");
    }

    #[test]
    fn the_newest_key_and_the_hub_s_own_are_never_destroyed() {
        let mut ring = ring();
        assert!(!ring.destroy(2, UnixSeconds(9)) && !ring.destroy(OWN_EPOCH, UnixSeconds(9)));
        assert_eq!((ring.epochs().count(), ring.own().unwrap().epoch), (2, OWN_EPOCH));
    }

    #[test]
    fn a_ring_reads_back_and_so_does_the_one_key_that_a_county_had_before() {
        let mut ring = ring();
        ring.destroy(1, UnixSeconds(9));
        let text = serde_json::to_vec(&ring).unwrap();
        assert_eq!(serde_json::from_slice::<Keyring>(&text).unwrap(), ring);
        let one = OpenKey::make(1, Seed([5; 32]));
        let read: Keyring = serde_json::from_slice(&serde_json::to_vec(&one).unwrap()).unwrap();
        assert_eq!(read.newest().unwrap().0, &one);
    }
}
