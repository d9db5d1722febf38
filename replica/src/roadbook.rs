//! What a device remembers of roads: what worked in which network, and what each road has carried.
//!
//! It is a small file beside the log. Losing it costs a few seconds at the next call and nothing that was said, so a disk
//! that does not take it is no trouble.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use civic_core::time::UnixSeconds;
use serde::{Deserialize, Serialize};
use sync_core::roads::{self, Memory, Plan, Road};
use tracing::debug;

use crate::{clock, dir::DataDir, road::Traffic};

const FILE: &str = "roads.json";
/// Networks that are remembered; beyond that the one that was not used for longest is forgotten.
const NETWORKS_MAX: usize = 64;

/// What one road has carried, since this device was enrolled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Entries sent.
    pub entries_up: u64,
    /// Entries that came.
    pub entries_down: u64,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes that came.
    pub bytes_down: u64,
    /// When it last carried anything, by this device's clock.
    pub last: UnixSeconds,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Book {
    networks: BTreeMap<String, Memory>,
    carried: BTreeMap<String, Carried>,
}

/// The book of one device.
#[derive(Default)]
pub struct Roadbook {
    dir: Option<DataDir>,
    // A std mutex: held to look up and write down, never over an await.
    book: Mutex<Book>,
}

impl Roadbook {
    /// The book in `dir`; an empty one where there is none or it cannot be read.
    pub fn open(dir: &DataDir) -> Self {
        let book = dir.read(FILE).ok().flatten().and_then(|text| serde_json::from_slice(&text).ok());
        Self { dir: Some(DataDir::look(dir.path())), book: Mutex::new(book.unwrap_or_default()) }
    }

    /// What each road has carried, by the road's name.
    pub fn carried(&self) -> BTreeMap<String, Carried> {
        self.book().carried.clone()
    }

    /// Which road is to be called first in this network.
    pub fn plan(&self, network: &str) -> Plan {
        let memory = self.book().networks.get(network).copied().unwrap_or_default();
        roads::plan(&memory, clock::now())
    }

    /// When QUIC is to be tried again in this network; `None` if it is not known to fail.
    pub fn probe_at(&self, network: &str) -> Option<UnixSeconds> {
        self.book().networks.get(network).and_then(Memory::probe_at)
    }

    /// A road carried a whole meeting, over which so much has gone so far.
    pub fn note_worked(&self, network: &str, road: Road, traffic: Traffic, took: Duration) {
        self.note(network, |memory| {
            let seen = memory.of(road);
            seen.note_worked(clock::now());
            seen.note_measured(traffic.sent + traffic.received, took, traffic.packets, traffic.lost);
        });
    }

    /// A road did not answer while the other one did, or fell silent.
    pub fn note_failed(&self, network: &str, road: Road) {
        self.note(network, |memory| memory.of(road).note_failed(clock::now()));
        self.save();
    }

    /// A road of this name carried something.
    pub fn note_carried(&self, name: &str, more: &Carried) {
        let mut book = self.book();
        let carried = book.carried.entry(name.to_owned()).or_default();
        carried.entries_up += more.entries_up;
        carried.entries_down += more.entries_down;
        carried.bytes_up += more.bytes_up;
        carried.bytes_down += more.bytes_down;
        carried.last = clock::now();
    }

    /// Writes it down, when a road ends.
    pub fn save(&self) {
        let Some(dir) = &self.dir else { return };
        let json = serde_json::to_vec_pretty(&*self.book()).unwrap_or_default();
        if let Err(error) = dir.replace(FILE, &json) {
            debug!(%error, "What is known of roads could not be written down");
        }
    }

    fn note(&self, network: &str, change: impl FnOnce(&mut Memory)) {
        let networks = &mut self.book().networks;
        let memory = networks.entry(network.to_owned()).or_default();
        memory.used = clock::now();
        change(memory);
        while networks.len() > NETWORKS_MAX
            && let Some(oldest) = networks.iter().min_by_key(|(_, memory)| memory.used).map(|(name, _)| name.clone())
        {
            networks.remove(&oldest);
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use civic_core::id::hex;

    use super::*;

    #[test]
    fn what_worked_is_remembered_in_each_network_and_survives_a_restart() {
        let path = std::env::temp_dir().join(format!("huiyin-roadbook-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        let book = Roadbook::open(&dir);
        assert_eq!(book.plan("town").first, Road::Quic);
        book.note_failed("town", Road::Quic);
        book.note_worked("town", Road::Tcp, Traffic::default(), Duration::ZERO);
        book.note_carried("tcp", &Carried { entries_up: 3, ..Carried::default() });
        book.save();
        let again = Roadbook::open(&dir);
        assert_eq!((again.plan("town").first, again.plan("home").first), (Road::Tcp, Road::Quic));
        assert_eq!(again.carried()["tcp"].entries_up, 3);
        std::fs::write(dir.file(FILE), "{").unwrap();
        assert_eq!(Roadbook::open(&dir).plan("town").first, Road::Quic, "a damaged book is an empty one");
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn the_book_does_not_grow_with_every_place_a_phone_has_been() {
        let book = Roadbook::default();
        for place in 0..200 {
            book.note_failed(&place.to_string(), Road::Quic);
        }
        assert_eq!(book.book().networks.len(), NETWORKS_MAX);
    }
}
