//! Notes in the audit log what devices and strangers tried in vain: at the door, at enrolment, at the pages, in the log, in
//! the ledger; and what devices may ask for as often as they like.
//!
//! Nobody can fill the log by knocking: the same thing by the same caller is noted once in [`AGAIN`], and of each kind no more
//! than [`NOTES_MAX`] in that time and [`NOTES_A_DAY`] in a day; how many more there were is noted when there is room again.
//! Each kind has room of its own, so that a flood at one door hides nothing at another.

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
/// Things of one kind that are noted in that time.
const NOTES_MAX: usize = 200;
/// Things of one kind that are noted in a day: with some 300 bytes each, a flood of all the days that are kept at hand takes
/// 120 MB.
const NOTES_A_DAY: usize = 2_000;
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// What the ledger keeps out is looked at so far back.
const LOOKED_AT: usize = 200;

/// Whoever watches the doors.
pub struct Watch {
    audit: Arc<Audit>,
    // A std mutex: held to look up, never over an await or a write.
    seen: Mutex<BTreeMap<Action, Seen>>,
}

/// What was seen of one kind.
#[derive(Default)]
struct Seen {
    tried: BTreeMap<(String, String), Instant>,
    /// When each note of the last day was written.
    day: Vec<Instant>,
    more: u64,
}

impl Seen {
    fn forget(&mut self, now: Instant) {
        self.tried.retain(|_, at| now.duration_since(*at) < AGAIN);
        self.day.retain(|at| now.duration_since(*at) < DAY);
    }

    fn has_room(&self) -> bool {
        self.tried.len() < NOTES_MAX && self.day.len() < NOTES_A_DAY
    }
}

impl Watch {
    /// Notes in `audit`.
    pub fn new(audit: Arc<Audit>) -> Self {
        Self { audit, seen: Mutex::default() }
    }

    /// Something was tried in vain.
    pub fn refused(&self, action: Action, by: By, object: &str, why: &str) {
        self.note(action, by, object, why, true);
    }

    /// Something was done that may be done as often as one likes.
    pub fn done(&self, action: Action, by: By, object: &str) {
        self.note(action, by, object, "", false);
    }

    fn note(&self, action: Action, by: By, object: &str, why: &str, is_refused: bool) {
        if !self.is_new(action, &format!("{by:?}"), &format!("{object} {why} {is_refused}"), Instant::now()) {
            return;
        }
        let event = Event::new(by, action).upon(object).because(why);
        if let Err(failure) = self.audit.note(&if is_refused { event.refused() } else { event }) {
            error!(error = %failure, "A refusal could not be noted");
        }
    }

    fn is_new(&self, action: Action, by: &str, what: &str, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(action).or_default();
        seen.forget(now);
        let place = (by.to_owned(), what.to_owned());
        if seen.tried.contains_key(&place) {
            return false;
        }
        if !seen.has_room() {
            seen.more += 1;
            return false;
        }
        seen.tried.insert(place, now);
        seen.day.push(now);
        true
    }

    /// Notes how many more there were than could be noted, once there is room again. To be asked now and then.
    pub fn note_more(&self) {
        for (action, more) in self.take_more(Instant::now()) {
            self.refused(action, By::hub(), "", &format!("and {more} more"));
        }
    }

    fn take_more(&self, now: Instant) -> Vec<(Action, u64)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut told = Vec::new();
        for (action, seen) in seen.iter_mut() {
            seen.forget(now);
            if seen.more > 0 && seen.has_room() {
                told.push((*action, std::mem::take(&mut seen.more)));
            }
        }
        told
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
                watch.refused(Action::RefuseDevice, by, &object, &reason);
            }
        }
        watch.note_more();
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
            watch.refused(Action::RefuseDevice, By::device(&DeviceId::of(&[1; 32])), "the door", "unknown");
        }
        let all = Search { action: Some(Action::RefuseDevice), is_refused: true, ..Search::default() };
        assert_eq!(audit.count(&all).unwrap(), 1);
        let now = Instant::now();
        let knock = |caller: usize, now| watch.is_new(Action::RefuseDevice, &caller.to_string(), "knock", now);
        let noted = (0..1_000).filter(|caller| knock(*caller, now)).count();
        assert_eq!((noted, watch.take_more(now).len()), (NOTES_MAX - 1, 0));
        assert!(watch.is_new(Action::RefuseRequest, "1", "knock", now), "a flood at one door hides nothing at another");
        assert_eq!(watch.take_more(now + AGAIN), [(Action::RefuseDevice, 1_000 - (NOTES_MAX as u64 - 1))]);
        // It goes on the whole day.
        let rounds = (1..144).map(|round| now + AGAIN * round);
        let noted: usize = rounds.map(|at| (0..1_000).filter(|caller| knock(*caller, at)).count()).sum();
        assert_eq!(noted, NOTES_A_DAY - NOTES_MAX);
        assert!(knock(1, now + DAY + AGAIN) && !watch.take_more(now + DAY + AGAIN).is_empty());
        std::fs::remove_dir_all(path).unwrap();
    }
}
