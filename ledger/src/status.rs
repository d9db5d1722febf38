//! What a device says of itself: on the command line, to the desk page, to a test. All of it comes from receipts.

use civic_core::{document::Kind, id::AttachmentId};
use replica::{
    clock,
    device::{RoadState, with_road},
    identity::Card,
    store::{
        Apart, Counts,
        attachment::{self, AttachmentLine},
    },
};
use serde::Serialize;

use crate::{Ledger, LedgerError, query::RefusedLine};

/// Things kept apart that are told at once.
const APART_SHOWN: usize = 100;
/// Attachments that wait, told one by one.
const WAITING_SHOWN: usize = 20;

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
    /// What has not reached the county, and why.
    pub waiting: Vec<Waiting>,
    /// The road at this moment.
    pub road: RoadState,
    /// What the log keeps apart, and why.
    pub apart: Vec<Apart>,
    /// Changes in the log that stay out of their documents, and why.
    pub refused: Vec<RefusedLine>,
    /// Its own attachments that have no receipt.
    pub attachments: AttachmentStatus,
    /// Whether its card was enrolled in another machine, so that nothing may be written.
    #[serde(rename = "elsewhere")]
    pub is_elsewhere: bool,
}

/// What waits for the road beside the records.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AttachmentStatus {
    /// How many.
    pub waiting: u64,
    /// Their bytes, as sealed.
    pub bytes: u64,
    /// Of these, how many are on the hub's disk.
    pub arrived: u64,
    /// What they wait for, in words; empty if none waits.
    pub why: String,
    /// Bytes of them, and of what is carried for others, that may still move today on this device's own road; nothing if that
    /// is not metered.
    pub left_today: Option<u64>,
    /// The first of them, in the order in which they travel.
    pub first: Vec<WaitingLine>,
}

/// One attachment that waits.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingLine {
    /// Its name.
    pub id: AttachmentId,
    /// The word for its kind.
    pub kind: &'static str,
    /// Its bytes, as sealed.
    pub bytes: u64,
    /// Of these, how many are on the hub's disk.
    pub arrived: u64,
    /// Why the hub did not take it, in its words; empty if it did not say so.
    pub reason: String,
}

/// Records that have no receipt yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// How many.
    pub records: u64,
    /// What they wait for, in words.
    pub why: String,
}

/// What `counts` leaves waiting, of which `refused` were refused by the hub, told apart by what each waits for.
fn waiting(counts: &Counts, refused: u64, road: &RoadState) -> Vec<Waiting> {
    let why_here = match (road.is_open, road.trouble.as_str()) {
        (true, _) => "the next meeting takes them".to_owned(),
        (false, "") => "no road is open".to_owned(),
        (false, trouble) => format!("no road is open: {trouble}"),
    };
    [
        (refused, "the hub refused them, see below".to_owned()),
        (counts.on_road, why_on_road(road)),
        (counts.here.saturating_sub(refused), why_here),
    ]
    .into_iter()
    .filter(|(records, _)| *records > 0)
    .map(|(records, why)| Waiting { records, why })
    .collect()
}

/// With whom they are, if it is not the road itself.
fn why_on_road(road: &RoadState) -> String {
    match road.bag.to.first().filter(|_| !road.is_sending) {
        Some(handed) => format!("with {}, who carries them; without a receipt yet", handed.who),
        None => "on the road, without a receipt yet".to_owned(),
    }
}

/// What attachments wait for, where so many bytes may still move today.
fn why_attachments(waiting: u64, left_today: Option<u64>, road: &RoadState) -> String {
    match (waiting, road.is_open, left_today) {
        (0, ..) => String::new(),
        (_, false, _) => "no road is open; a phone or a stick takes some along".to_owned(),
        (_, true, Some(_)) if road.bag.left >= waiting => {
            "a carrier has them, and this metered road leaves them to it for three days".to_owned()
        }
        (_, true, Some(0)) => {
            "this road has moved enough of them for today; the rest goes tomorrow, records at once".to_owned()
        }
        (_, true, _) => "behind the records, after the next meeting".to_owned(),
    }
}

impl Ledger {
    /// The status of this device, whose road is in this state.
    pub fn status(&self, road: &RoadState) -> Result<Status, LedgerError> {
        let Card { name, scope, hub, .. } = self.card();
        let counts = with_road(self.log().counts()?, road);
        Ok(Status {
            name: name.clone(),
            role: scope.role.word(),
            hub: hub.clone(),
            opinions: self.count(Kind::Opinion)?,
            waiting: waiting(&counts, self.log().refused_documents()?, road),
            counts,
            road: road.clone(),
            apart: self.log().apart(APART_SHOWN)?,
            refused: self.refused(APART_SHOWN)?,
            attachments: self.attachment_status(road)?,
            is_elsewhere: self.log().is_elsewhere(),
        })
    }

    fn attachment_status(&self, road: &RoadState) -> Result<AttachmentStatus, LedgerError> {
        let left_today = self.log().left_today(road.tariff, clock::now())?;
        let attachment::Waiting { count, bytes, confirmed } = self.log().waiting()?;
        let lines = self.log().waiting_attachments(WAITING_SHOWN)?.into_iter();
        let first = lines.map(|AttachmentLine { id, kind, length, confirmed, reason, .. }| WaitingLine {
            id,
            kind: kind.word(),
            bytes: length,
            arrived: confirmed,
            reason,
        });
        let (why, first) = (why_attachments(count, left_today, road), first.collect());
        Ok(AttachmentStatus { waiting: count, bytes, arrived: confirmed, why, left_today, first })
    }
}

#[cfg(test)]
mod tests {
    use civic_core::time::UnixSeconds;
    use replica::carry::state::{BagState, HandedOver};

    use super::*;

    #[test]
    fn whatever_waits_is_told_once_and_with_its_reason() {
        let road = RoadState { trouble: "nobody answers".into(), ..RoadState::default() };
        let counts = Counts { here: 5, ..Counts::default() };
        let told = waiting(&counts, 2, &road);
        assert_eq!(told.iter().map(|waiting| waiting.records).collect::<Vec<_>>(), [2, 3]);
        assert!(told[1].why.ends_with("nobody answers"));
        let road = RoadState { is_open: true, ..RoadState::default() };
        let counts = Counts { on_road: 4, ..Counts::default() };
        assert_eq!(waiting(&counts, 0, &road)[0].why, "on the road, without a receipt yet");
        let to =
            vec![HandedOver { who: "陈代表".into(), at: UnixSeconds(1), parcels: 1, heard: 0, is_stale: false }];
        let road = RoadState { bag: BagState { to, ..BagState::default() }, ..RoadState::default() };
        assert!(waiting(&counts, 0, &road)[0].why.starts_with("with 陈代表"));
    }

    #[test]
    fn what_voices_and_photos_wait_for_is_told_for_each_road() {
        let (open, closed) = (RoadState { is_open: true, ..RoadState::default() }, RoadState::default());
        assert_eq!(why_attachments(0, Some(0), &open), "");
        assert!(why_attachments(1, Some(9), &closed).starts_with("no road is open"));
        assert!(why_attachments(1, Some(9), &open).starts_with("behind the records"));
        assert!(why_attachments(1, Some(0), &open).contains("tomorrow"));
        let carried = RoadState { bag: BagState { left: 1, ..BagState::default() }, ..open };
        assert!(why_attachments(1, Some(9), &carried).starts_with("a carrier has them"));
        assert!(why_attachments(2, Some(9), &carried).starts_with("behind the records"));
        assert!(why_attachments(1, None, &carried).starts_with("behind the records"));
    }
}
