//! What came from a device after it was struck off: written before by its own clock, and so kept and counted, because people
//! may have said it. Whoever took the device away sets that clock, so a person is to look at it, and says so when they have.

use std::collections::{BTreeMap, BTreeSet};

use civic_core::{id::DocId, time::UnixSeconds};
use ledger::{Ledger, LedgerError};

use crate::register::{DeviceLine, review::Reviews};

/// Runs of one device that are looked at; the newest first. A device that was away for a year has some hundreds.
const RUNS_MAX: usize = 2_000;

/// What one device that was struck off brought later.
#[derive(Clone, Debug)]
pub struct Late<'a> {
    /// The device.
    pub device: &'a DeviceLine,
    /// When it was struck off.
    pub struck_off_at: UnixSeconds,
    /// In which opinions it wrote, and in which records that belong to none: how many entries, and when the last of them came.
    pub records: BTreeMap<DocId, (u64, UnixSeconds)>,
}

impl Late<'_> {
    /// Entries in all records.
    pub fn count(&self) -> u64 {
        self.records.values().map(|(count, _)| count).sum()
    }
}

/// Each of these devices that was struck off and of which something came later.
pub fn late<'a>(ledger: &Ledger, devices: &'a [DeviceLine]) -> Result<Vec<Late<'a>>, LedgerError> {
    let mut all = Vec::new();
    for device in devices {
        let Some(struck_off_at) = device.revoked_at else { continue };
        let mut homes: BTreeMap<DocId, DocId> = BTreeMap::new();
        let mut records: BTreeMap<DocId, (u64, UnixSeconds)> = BTreeMap::new();
        for (doc, at) in ledger.log().came_since(&device.public_key, struck_off_at, RUNS_MAX)? {
            let home = match homes.get(&doc) {
                Some(home) => *home,
                None => ledger.home_of(&doc)?.map_or(doc, |home| home.opinion),
            };
            homes.insert(doc, home);
            let (count, last) = records.entry(home).or_insert((0, at));
            *count += 1;
            *last = (*last).max(at);
        }
        if !records.is_empty() {
            all.push(Late { device, struck_off_at, records });
        }
    }
    Ok(all)
}

/// The opinions of which something came late that nobody has looked at yet, or that grew since somebody did. A record that
/// belongs to no opinion is named, too.
pub fn unreviewed(ledger: &Ledger, devices: &[DeviceLine], reviews: &Reviews) -> Result<BTreeSet<DocId>, LedgerError> {
    let mut open = BTreeSet::new();
    for late in late(ledger, devices)? {
        let key = late.device.public_key;
        let seen = |doc: &DocId| reviews.get(&(key, *doc)).map_or(0, |review| review.count);
        open.extend(late.records.iter().filter(|(doc, (count, _))| *count > seen(doc)).map(|(doc, _)| *doc));
    }
    Ok(open)
}
