//! What a device says of itself: on the command line, to the desk page, to a test. All of it comes from receipts.

use civic_core::document::Kind;
use replica::{
    device::{RoadState, with_road},
    identity::Card,
    store::{Apart, Counts},
};
use serde::Serialize;

use crate::{Ledger, LedgerError};

/// Things kept apart that are told at once.
const APART_SHOWN: usize = 100;

/// The status of a device.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Its name among people.
    pub name: String,
    /// What it is.
    pub role: &'static str,
    /// Where it calls.
    pub hub: String,
    /// Opinions that it holds, its own and others'.
    pub opinions: u64,
    /// Its own records: here, on the road, received; last receipt.
    #[serde(flatten)]
    pub counts: Counts,
    /// The road at this moment.
    pub road: RoadState,
    /// What was kept apart, and why.
    pub apart: Vec<Apart>,
}

impl Ledger {
    /// The status of this device, whose road is in this state.
    pub fn status(&self, road: &RoadState) -> Result<Status, LedgerError> {
        let Card { name, scope, hub, .. } = self.card();
        Ok(Status {
            name: name.clone(),
            role: scope.role.word(),
            hub: hub.clone(),
            opinions: self.count(Kind::Opinion)?,
            counts: with_road(self.log().counts()?, road),
            road: road.clone(),
            apart: self.log().apart(APART_SHOWN)?,
        })
    }
}
