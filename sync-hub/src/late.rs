//! What came from a device after it was struck off: written before by its own clock, and so kept and counted, because people
//! may have said it. Whoever took the device away sets that clock, so a person is to look at it.

use std::collections::BTreeMap;

use civic_core::{id::DocId, time::UnixSeconds};
use ledger::{Ledger, LedgerError};

use crate::register::DeviceLine;

/// Runs of one device that are looked at; the newest first. A device that was away for a year has some hundreds.
const RUNS_MAX: usize = 2_000;

/// What one device that was struck off brought later.
#[derive(Clone, Debug)]
pub struct Late<'a> {
    /// The device.
    pub device: &'a DeviceLine,
    /// When it was struck off.
    pub struck_off_at: UnixSeconds,
    /// In which records it wrote: how many entries, and when the last of them came.
    pub records: BTreeMap<DocId, (u64, UnixSeconds)>,
}

impl Late<'_> {
    /// Entries in all records.
    pub fn count(&self) -> u64 {
        self.records.values().map(|(count, _)| count).sum()
    }

    /// Of these records: how many entries, and when the last came; `None` if there are none.
    pub fn of(&self, docs: &[DocId]) -> Option<(u64, UnixSeconds)> {
        let found = docs.iter().filter_map(|doc| self.records.get(doc));
        found.copied().reduce(|(one, at), (other, later)| (one + other, at.max(later)))
    }
}

/// Each of these devices that was struck off and of which something came later.
pub fn late<'a>(ledger: &Ledger, devices: &'a [DeviceLine]) -> Result<Vec<Late<'a>>, LedgerError> {
    let mut all = Vec::new();
    for device in devices {
        let Some(struck_off_at) = device.revoked_at else { continue };
        let mut records: BTreeMap<DocId, (u64, UnixSeconds)> = BTreeMap::new();
        for (doc, at) in ledger.log().came_since(&device.public_key, struck_off_at, RUNS_MAX)? {
            let (count, last) = records.entry(doc).or_insert((0, at));
            *count += 1;
            *last = (*last).max(at);
        }
        if !records.is_empty() {
            all.push(Late { device, struck_off_at, records });
        }
    }
    Ok(all)
}
