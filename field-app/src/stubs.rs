//! What opens the slips of the last visits, for the people who were visited: in memory alone, until the program ends. It
//! lies on no disk of this device; whoever lost it gets another at the county.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use civic_core::{id::DocId, opening::Opening};

/// Visits that are remembered; of older ones the ticket numbers alone are shown.
const REMEMBERED_MAX: usize = 20;

/// The openings of the last visits, in the order of what was heard.
#[derive(Default)]
pub(crate) struct Stubs {
    // A std mutex: held for one look, never over an await.
    visits: Mutex<VecDeque<(DocId, Vec<Opening>)>>,
}

impl Stubs {
    /// Remembers those of a visit that is saved.
    pub(crate) fn push(&self, visit: DocId, openings: Vec<Opening>) {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.len() == REMEMBERED_MAX {
            visits.pop_front();
        }
        visits.push_back((visit, openings));
    }

    /// Those of this visit.
    pub(crate) fn of(&self, visit: &DocId) -> Option<Vec<Opening>> {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.iter().rev().find(|(known, _)| known == visit).map(|(_, openings)| openings.clone())
    }
}
