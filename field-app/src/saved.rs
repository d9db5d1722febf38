//! The last visits that were saved here, so that their numbers can be told again, and no form becomes two visits even
//! if the phone was switched off between saving and showing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use civic_core::{area::Area, id::DocId, ticket::Ticket, time::UnixSeconds};
use replica::dir::{DataDir, DirError};
use serde::{Deserialize, Serialize};
use tracing::warn;

const FILE: &str = "visits-saved.json";
/// Visits that are remembered with their numbers: several weeks of work; older ones are in the lists.
const REMEMBERED_MAX: usize = 100;

/// A visit that was saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedVisit {
    /// The form it came from.
    pub(crate) form: String,
    /// The document.
    pub(crate) visit: DocId,
    /// The village; the next form begins with it.
    pub(crate) village: Area,
    /// By which way; the next form begins with it.
    pub(crate) channel: String,
    /// When.
    pub(crate) at: UnixSeconds,
    /// The opinions, in the order in which they were heard.
    pub(crate) heard: Vec<SavedOpinion>,
}

/// An opinion of a saved visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedOpinion {
    /// The document.
    pub(crate) id: DocId,
    /// Its number.
    pub(crate) ticket: Ticket,
}

/// The list, in memory and in a file.
pub(crate) struct Saved {
    // A std mutex: held for one look or one write, never over an await.
    visits: Mutex<Vec<SavedVisit>>,
}

impl Saved {
    /// Reads the list of `dir`. One that cannot be understood counts as empty: the log has the visits.
    pub(crate) fn load(dir: &DataDir) -> Result<Self, DirError> {
        let visits = dir.read(FILE)?.map(|content| serde_json::from_slice(&content));
        let visits = match visits {
            Some(Ok(visits)) => visits,
            Some(Err(reason)) => {
                warn!(%reason, "The list of saved visits cannot be understood and begins anew");
                Vec::new()
            }
            None => Vec::new(),
        };
        Ok(Self { visits: Mutex::new(visits) })
    }

    /// The visit that came from this form.
    pub(crate) fn by_form(&self, form: &str) -> Option<SavedVisit> {
        self.visits().iter().rev().find(|saved| saved.form == form).cloned()
    }

    /// The visit of this name.
    pub(crate) fn of(&self, visit: &DocId) -> Option<SavedVisit> {
        self.visits().iter().rev().find(|saved| saved.visit == *visit).cloned()
    }

    /// The newest visit.
    pub(crate) fn last(&self) -> Option<SavedVisit> {
        self.visits().last().cloned()
    }

    /// Notes a visit that the ledger has saved. If the file cannot be written, the visit is saved all the same.
    pub(crate) fn push(&self, dir: &DataDir, saved: SavedVisit) {
        let mut visits = self.visits();
        if visits.len() == REMEMBERED_MAX {
            visits.remove(0);
        }
        visits.push(saved);
        let written = serde_json::to_vec(&*visits)
            .map_err(|reason| reason.to_string())
            .and_then(|json| dir.replace(FILE, &json).map_err(|reason| reason.to_string()));
        if let Err(reason) = written {
            warn!(reason, "The list of saved visits could not be written");
        }
    }

    fn visits(&self) -> MutexGuard<'_, Vec<SavedVisit>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
