//! Notes in the audit log what devices and strangers tried in vain: at the door, at enrolment, in the log, in the ledger.
//!
//! Nobody can fill the log by knocking: the same thing by the same caller is noted once in [`AGAIN`], and no more than
//! [`NOTES_MAX`] things in that time; how many more there were is noted when it is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use civic_core::id::DeviceId;
use ledger::{Ledger, LedgerError};
use replica::store::QUARANTINE_MAX;
use tracing::error;

use crate::audit::{Action, Audit, By, Event};

/// How long the same thing is not noted again.
const AGAIN: Duration = Duration::from_secs(10 * 60);
/// Things that are noted in that time.
const NOTES_MAX: usize = 500;
/// What the ledger keeps out is looked at so far back.
const LOOKED_AT: usize = 200;

/// Whoever watches the door.
pub struct Watch {
    audit: Arc<Audit>,
    // A std mutex: held to look up and to note, never over an await or a write.
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    tried: BTreeMap<(String, String), Instant>,
    more: u64,
}

impl Watch {
    /// Notes in `audit`.
    pub fn new(audit: Arc<Audit>) -> Self {
        Self { audit, seen: Mutex::default() }
    }

    /// A key knocked that is not in the register.
    pub fn stranger(&self, public_key: &[u8; 32]) {
        self.refused(
            By::device(&DeviceId::of(public_key)),
            "the door",
            "its key is not in the register, or was struck off",
        );
    }

    /// Something was tried in vain.
    pub fn refused(&self, by: By, object: &str, why: &str) {
        if !self.is_new(&format!("{by:?}"), &format!("{object} {why}"), Instant::now()) {
            return;
        }
        let event = Event::new(by, Action::RefuseDevice).upon(object).because(why).refused();
        if let Err(failure) = self.audit.note(&event) {
            error!(error = %failure, "A refusal could not be noted");
        }
    }

    fn is_new(&self, by: &str, what: &str, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.tried.retain(|_, at| now.duration_since(*at) < AGAIN);
        let place = (by.to_owned(), what.to_owned());
        if seen.tried.contains_key(&place) {
            return false;
        }
        if seen.tried.len() >= NOTES_MAX {
            seen.more += 1;
            return false;
        }
        seen.tried.insert(place, now);
        true
    }

    /// How many more there were than could be noted, once there is room again.
    fn take_more(&self) -> u64 {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.tried.len() < NOTES_MAX { std::mem::take(&mut seen.more) } else { 0 }
    }
}

/// What the log and the ledger keep apart, as far as it was looked at.
#[derive(Default)]
pub struct Apart {
    known: BTreeSet<(String, String, String)>,
}

impl Apart {
    /// What is kept apart already when the hub starts: it was noted when it came.
    pub fn begin(ledger: &Ledger) -> Result<Self, LedgerError> {
        Ok(Self { known: Self::all(ledger)?.collect() })
    }

    /// Notes what came since.
    pub fn note_new(&mut self, ledger: &Ledger, watch: &Watch) -> Result<(), LedgerError> {
        for line in Self::all(ledger)? {
            if self.known.insert(line.clone()) {
                let (device, object, reason) = line;
                let by =
                    DeviceId::parse(&device).map_or_else(|| By::stranger(&device, ""), |device| By::device(&device));
                watch.refused(by, &object, &reason);
            }
        }
        let more = watch.take_more();
        if more > 0 {
            watch.refused(By::hub(), "the door", &format!("and {more} more"));
        }
        Ok(())
    }

    fn all(ledger: &Ledger) -> Result<impl Iterator<Item = (String, String, String)>, LedgerError> {
        let log = ledger.log().apart(QUARANTINE_MAX)?.into_iter();
        let log = log.map(|apart| (apart.device, format!("feed {} from {}", apart.feed, apart.first), apart.reason));
        let documents = ledger.refused(LOOKED_AT)?.into_iter();
        Ok(log.chain(documents.map(|line| (line.device, format!("record {}", line.doc), line.reason))))
    }
}

#[cfg(test)]
mod tests {
    use civic_core::{access::Role, id::hex};
    use replica::{clock, dir::DataDir, identity::Identity};

    use super::*;
    use crate::audit::search::Search;

    #[test]
    fn who_knocks_a_thousand_times_is_noted_once_and_a_thousand_who_knock_do_not_fill_the_log() {
        let path = std::env::temp_dir().join(format!("huiyin-watch-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        crate::county::init(&dir, include_str!("../../tests/sample/county.toml")).unwrap();
        let audit = Arc::new(Audit::open(&dir, &Identity::load(&dir, Role::Hub).unwrap().key).unwrap());
        let watch = Watch::new(audit.clone());
        for _ in 0..1_000 {
            watch.stranger(&[1; 32]);
        }
        let all = Search { action: Some(Action::RefuseDevice), is_refused: true, ..Search::default() };
        assert_eq!(audit.count(&all).unwrap(), 1);
        let now = Instant::now();
        let noted = (0..1_000).filter(|caller| watch.is_new(&caller.to_string(), "knock", now)).count();
        assert_eq!((noted, watch.take_more()), (NOTES_MAX - 1, 0));
        assert!(watch.is_new("later", "knock", now + AGAIN));
        assert_eq!(watch.take_more(), 1_000 - (NOTES_MAX as u64 - 1));
        std::fs::remove_dir_all(path).unwrap();
    }
}
