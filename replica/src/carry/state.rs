//! What people are told of a bag: what is carried for others, and what of one's own was handed over to whom.

use std::collections::BTreeMap;

use civic_core::{id::hex, time::UnixSeconds};
use serde::Serialize;
use sync_core::{carry::word::Says, roads::LEFT_TO_CARRIERS_S};

use super::{bag::Bag, near};
use crate::{
    clock,
    store::{Log, StoreError},
};

/// Lines of each kind that are told at once.
const SHOWN: usize = 200;

/// What is in a bag, as people are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BagState {
    /// Records of this installation that lack a receipt and are, whole, with a carrier who signed for them.
    pub handed: u64,
    /// Attachments of this installation that a carrier has whole, and that a metered road leaves to it for now.
    pub left: u64,
    /// To whom this installation's parcels were handed over, newest first.
    pub to: Vec<HandedOver>,
    /// What is carried for others, oldest first.
    pub carries: Vec<CarriedFor>,
}

/// A handover of this installation's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandedOver {
    /// The carrier's name, as it said; its key in hexadecimal if it is not remembered.
    pub who: String,
    /// When it signed, by its clock.
    pub at: UnixSeconds,
    /// How many parcels.
    pub parcels: u64,
    /// How many of them the hub says it has heard.
    pub heard: u64,
    /// Whether the carrier, when it was met last, had not heard of the county for so long that it may not know who was
    /// struck off.
    pub is_stale: bool,
}

/// What is carried for one place in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CarriedFor {
    /// The place, as whoever sealed it calls it.
    pub who: String,
    /// Whether it goes home, and not to the county.
    pub is_home: bool,
    /// How many parcels.
    pub parcels: u64,
    /// Their bytes, as sealed.
    pub bytes: u64,
    /// Of these the bytes that are here.
    pub held: u64,
    /// Since when the oldest of them is here, by this clock.
    pub since: UnixSeconds,
}

/// What is to be told of this bag.
pub fn state(bag: &Bag, log: &Log) -> Result<BagState, StoreError> {
    let holder = bag.holder();
    let (items, told, peers) = (bag.items(), bag.told(), bag.peers());
    let mut carries: BTreeMap<([u8; 32], [u8; 32]), CarriedFor> = BTreeMap::new();
    for item in items.iter().filter(|item| item.label.from != holder.own && item.label.to != holder.own) {
        let line = carries.entry((item.label.from, item.label.to)).or_insert_with(|| CarriedFor {
            who: item.label.who.clone(),
            is_home: item.label.from == holder.hub,
            parcels: 0,
            bytes: 0,
            held: 0,
            since: item.since,
        });
        line.parcels += 1;
        line.bytes += item.label.len;
        line.held += item.held;
        line.since = line.since.min(item.since);
    }
    let mut to: BTreeMap<[u8; 32], HandedOver> = BTreeMap::new();
    for taken in told.iter().filter(|told| told.from == holder.own && told.word.says == Says::Taken) {
        let key = hex(&taken.word.by);
        let peer = peers.get(&key);
        let who = peer.map_or_else(|| key.clone(), |peer| peer.name.clone());
        let is_stale = peer.is_some_and(|peer| near::is_stale(peer.heard, peer.met));
        let new = HandedOver { who, at: taken.word.at, parcels: 0, heard: 0, is_stale };
        let line = to.entry(taken.word.by).or_insert(new);
        line.parcels += 1;
        line.at = line.at.max(taken.word.at);
        let is_heard = |other: &&sync_core::carry::bag::Told| {
            other.word.id == taken.word.id && other.word.says == Says::Heard && other.word.by == holder.hub
        };
        line.heard += u64::from(told.iter().any(|other| is_heard(&other)));
    }
    let (reached, attachments) = bag.on_the_road(clock::now());
    let handed = if reached.is_empty() { 0 } else { log.covered(&reached, &attachments)? };
    let (_, left) = bag.taken_along(clock::now(), LEFT_TO_CARRIERS_S);
    let waits = log.waiting_attachments(usize::MAX)?;
    let left = waits.iter().filter(|line| left.contains(line.id.as_bytes())).count() as u64;
    let mut carries: Vec<_> = carries.into_values().collect();
    carries.sort_by_key(|line| line.since);
    let mut to: Vec<_> = to.into_values().collect();
    to.sort_by_key(|line| std::cmp::Reverse(line.at));
    carries.truncate(SHOWN);
    to.truncate(SHOWN);
    Ok(BagState { handed, left, to, carries })
}
