//! What one installation holds, feed by feed, and the part of it that two devices have in common.
//!
//! A catalog is kept in memory beside the log. It grows with feeds and not with documents, so a meeting that begins with
//! it costs the same whether a village said ten things or a hundred thousand.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use civic_core::{
    access::Action,
    planted::{self, Bug},
    space::Space,
};

use crate::{
    feed::{Extent, Feed, FeedId},
    session::Member,
};

/// One hash over how far every feed of a set is held: equal fingerprints, equal logs. 16 bytes, as long as nobody gains by
/// making two logs look alike: whoever could would only keep news from their own device.
pub type Fingerprint = [u8; 16];

/// A feed as it is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The feed.
    pub feed: Feed,
    /// How far.
    pub extent: Extent,
    /// How far the hub's receipts reach.
    pub receipted: u64,
    /// How far it is in a backup that was restored and verified: at the hub as it knows, elsewhere as it was told.
    pub kept: Extent,
    /// The place of its newest run in the order of arrival.
    pub row: i64,
}

impl Held {
    /// A feed of which nothing is held yet.
    pub fn new(feed: Feed) -> Self {
        let extent = feed.genesis();
        Self { feed, extent, receipted: 0, kept: extent, row: 0 }
    }
}

/// The feeds of one space.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    feeds: BTreeMap<FeedId, Held>,
    row: i64,
    fingerprint: OnceLock<Fingerprint>,
}

impl Shelf {
    /// Its feeds.
    pub fn feeds(&self) -> impl Iterator<Item = (&FeedId, &Held)> {
        self.feeds.iter()
    }

    /// Its part that is in common with a device that may read it: a hub beneath another one keeps to itself what it wrote where
    /// it does not speak for the county.
    fn in_common(self: &Arc<Self>, space: &Space, member: &Member) -> Arc<Self> {
        if member.brings(space) || !self.feeds.values().any(|held| member.wrote(&held.feed)) {
            return self.clone();
        }
        let feeds = self.feeds.iter().filter(|(_, held)| !member.wrote(&held.feed));
        let feeds = feeds.map(|(id, held)| (*id, held.clone())).collect();
        Arc::new(Self { feeds, row: self.row, fingerprint: OnceLock::new() })
    }

    fn put(&mut self, id: FeedId, held: Held) {
        self.row = self.row.max(held.row);
        self.feeds.insert(id, held);
        self.fingerprint = OnceLock::new();
    }
}

/// Everything that is held.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    shelves: BTreeMap<Space, Arc<Shelf>>,
    by_author: BTreeMap<[u8; 32], BTreeSet<(Space, FeedId)>>,
    row: i64,
}

impl Catalog {
    /// Notes how far a feed is held now.
    pub fn put(&mut self, held: Held) {
        let id = held.feed.id();
        self.row = self.row.max(held.row);
        let place = (held.feed.space.clone(), id);
        self.by_author.entry(held.feed.public_key).or_default().insert(place);
        Arc::make_mut(self.shelves.entry(held.feed.space.clone()).or_default()).put(id, held);
    }

    /// The newest place in the order of arrival.
    pub fn row(&self) -> i64 {
        self.row
    }

    /// Every feed.
    pub fn feeds(&self) -> impl Iterator<Item = &Held> {
        self.shelves.values().flat_map(|shelf| shelf.feeds.values())
    }

    /// Feeds with entries that arrived after `row`.
    pub fn news(&self, row: i64) -> impl Iterator<Item = &Held> {
        let fresh = self.shelves.values().filter(move |shelf| shelf.row > row);
        fresh.flat_map(|shelf| shelf.feeds.values()).filter(move |held| held.row > row)
    }

    /// The feed of that name.
    pub fn held(&self, feed: &Feed) -> Option<&Held> {
        self.shelves.get(&feed.space)?.feeds.get(&feed.id())
    }

    /// The part that a device has in common with its hub: what it wrote, and what it may read.
    pub fn shared(&self, member: &Member) -> Shared {
        let readable: BTreeMap<_, _> = self
            .shelves
            .iter()
            .filter(|(space, _)| {
                let is_told = planted::is(Bug::ForeignSpace) || planted::is(Bug::ForeignTaken);
                member.scope.allows(Action::Read, space) || is_told
            })
            .map(|(space, shelf)| (space.clone(), shelf.in_common(space, member)))
            .collect();
        let mut own = BTreeMap::new();
        for (space, id) in member.keys().filter_map(|key| self.by_author.get(key)).flatten() {
            if !readable.contains_key(space)
                && member.brings(space)
                && let Some(held) = self.shelves.get(space).and_then(|shelf| shelf.feeds.get(id))
            {
                own.insert(*id, held.clone());
            }
        }
        Shared { readable, own, changed: BTreeMap::new(), left_out: BTreeSet::new(), row: self.row }
    }
}

/// What two devices have in common, as it was when their meeting began and with what the meeting changed.
#[derive(Clone, Debug)]
pub struct Shared {
    readable: BTreeMap<Space, Arc<Shelf>>,
    own: BTreeMap<FeedId, Held>,
    changed: BTreeMap<FeedId, Held>,
    left_out: BTreeSet<FeedId>,
    row: i64,
}

impl Shared {
    /// The newest place in the order of arrival when the meeting began.
    pub fn row(&self) -> i64 {
        self.row
    }

    /// The feed of that name.
    pub fn get(&self, id: &FeedId) -> Option<&Held> {
        self.changed
            .get(id)
            .or_else(|| self.own.get(id))
            .or_else(|| self.readable.values().find_map(|shelf| shelf.feeds.get(id)))
    }

    /// Notes what the meeting changed.
    pub fn put(&mut self, held: Held) {
        self.changed.insert(held.feed.id(), held);
    }

    /// Takes a feed out of the account: one of the two does not accept it.
    pub fn leave_out(&mut self, id: FeedId) {
        self.left_out.insert(id);
    }

    /// Every feed that was taken out of the account.
    pub fn left_out(&self) -> impl Iterator<Item = FeedId> {
        self.left_out.iter().copied()
    }

    /// Whether a feed was taken out of the account.
    pub fn is_left_out(&self, id: &FeedId) -> bool {
        self.left_out.contains(id)
    }

    /// Every feed of a device, as it is now.
    pub fn written_by<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = (FeedId, &'a Held)> {
        self.all().filter(|(_, held)| member.wrote(&held.feed))
    }

    /// Readable feeds of others than `member` with entries that arrived after `row`.
    pub fn news(&self, row: i64, member: &Member) -> BTreeSet<FeedId> {
        let fresh = self.readable.values().filter(|shelf| shelf.row > row);
        fresh
            .flat_map(|shelf| shelf.feeds.iter())
            .filter(|(_, held)| held.row > row && !member.wrote(&held.feed))
            .map(|(id, _)| *id)
            .collect()
    }

    /// The feeds of one space with how far they are held.
    pub fn vector(&self, space: &Space) -> BTreeMap<FeedId, Extent> {
        self.of_space(space).into_iter().map(|(id, held)| (id, held.extent)).collect()
    }

    /// The fingerprint of each space that holds anything.
    pub fn by_space(&self) -> BTreeMap<Space, Fingerprint> {
        self.spaces().into_iter().filter_map(|space| Some((space.clone(), self.of_one(space)?))).collect()
    }

    /// The fingerprint of everything.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = blake3::Hasher::new_derive_key("huiyin fingerprint of spaces v1");
        for space in self.spaces() {
            if let Some(fingerprint) = self.of_one(space) {
                hasher.update(&[space.audience.number(), space.area.code().len() as u8]);
                hasher.update(space.area.code().as_bytes()).update(&fingerprint);
            }
        }
        first_16(&hasher)
    }

    fn all(&self) -> impl Iterator<Item = (FeedId, &Held)> {
        let readable = self.readable.values().flat_map(|shelf| shelf.feeds.iter());
        let before = readable.chain(&self.own).filter(|(id, _)| !self.changed.contains_key(id));
        before.chain(&self.changed).map(|(id, held)| (*id, held))
    }

    fn spaces(&self) -> BTreeSet<&Space> {
        let written = self.own.values().chain(self.changed.values());
        self.readable.keys().chain(written.map(|held| &held.feed.space)).collect()
    }

    fn of_space(&self, space: &Space) -> BTreeMap<FeedId, &Held> {
        let readable = self.readable.get(space).into_iter().flat_map(|shelf| shelf.feeds.iter());
        let beside = self.own.iter().chain(&self.changed).filter(|(_, held)| held.feed.space == *space);
        // What changed comes last and replaces what was.
        let mut feeds: BTreeMap<_, _> = readable.chain(beside).map(|(id, held)| (*id, held)).collect();
        feeds.retain(|id, held| held.extent.length > 0 && !self.left_out.contains(id));
        feeds
    }

    /// The fingerprint of a space, remembered on its shelf as long as nothing changed there; `None` if it is empty.
    fn of_one(&self, space: &Space) -> Option<Fingerprint> {
        let shelf = self.readable.get(space);
        let is_changed = self.changed.values().any(|held| held.feed.space == *space)
            || shelf.is_none_or(|shelf| self.left_out.iter().any(|id| shelf.feeds.contains_key(id)));
        match shelf.filter(|_| !is_changed) {
            Some(shelf) if shelf.feeds.values().all(|held| held.extent.length == 0) => None,
            Some(shelf) => Some(*shelf.fingerprint.get_or_init(|| fingerprint(shelf.feeds.iter()))),
            None => {
                let feeds = self.of_space(space);
                (!feeds.is_empty()).then(|| fingerprint(feeds.iter().map(|(id, held)| (id, *held))))
            }
        }
    }
}

fn fingerprint<'a>(feeds: impl Iterator<Item = (&'a FeedId, &'a Held)>) -> Fingerprint {
    let mut hasher = blake3::Hasher::new_derive_key("huiyin fingerprint of feeds v1");
    for (id, held) in feeds.filter(|(_, held)| held.extent.length > 0) {
        hasher.update(&id.0).update(&held.extent.length.to_le_bytes()).update(&held.extent.head);
    }
    first_16(&hasher)
}

fn first_16(hasher: &blake3::Hasher) -> Fingerprint {
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use civic_core::{
        access::{Role, Scope},
        area::Area,
        id::Incarnation,
        space::Audience,
    };

    use super::*;

    const VILLAGE: &str = "990101101201";

    fn held(author: u8, area: &str, audience: Audience, length: u64, row: i64) -> Held {
        let feed = Feed {
            public_key: [author; 32],
            incarnation: Incarnation::new([1; 16]),
            space: Space::new(Area::parse(area).unwrap(), audience),
        };
        Held { extent: Extent { length, head: [length as u8; 32] }, row, ..Held::new(feed) }
    }

    fn member(role: Role) -> Member {
        Member::new([1; 32], Scope { role, areas: vec![Area::parse(VILLAGE).unwrap()] })
    }

    fn catalog(helds: &[Held]) -> Catalog {
        let mut catalog = Catalog::default();
        helds.iter().for_each(|held| catalog.put(held.clone()));
        catalog
    }

    #[test]
    fn two_who_hold_the_same_have_one_fingerprint_whatever_else_they_hold() {
        let (own, slip) = (held(1, VILLAGE, Audience::Deputies, 3, 1), held(9, VILLAGE, Audience::Public, 2, 2));
        let kiosk = catalog(&[own.clone(), slip.clone()]);
        let other = held(2, VILLAGE, Audience::Deputies, 7, 8);
        let hub = catalog(&[
            slip,
            other,
            held(2, VILLAGE, Audience::Public, 0, 0),
            held(1, VILLAGE, Audience::Deputies, 3, 5),
        ]);
        let (here, there) = (kiosk.shared(&member(Role::Kiosk)), hub.shared(&member(Role::Kiosk)));
        assert_eq!(here.fingerprint(), there.fingerprint());
        assert_eq!(here.by_space(), there.by_space());
        // A deputy may read what the other device wrote.
        assert_ne!(here.fingerprint(), hub.shared(&member(Role::Deputy)).fingerprint());
    }

    #[test]
    fn what_a_meeting_changes_counts_and_what_is_left_out_does_not() {
        let before = held(1, VILLAGE, Audience::Deputies, 3, 1);
        let after = held(1, VILLAGE, Audience::Deputies, 4, 1);
        for role in [Role::Kiosk, Role::Deputy] {
            let mut shared = catalog(std::slice::from_ref(&before)).shared(&member(role));
            let old = shared.fingerprint();
            shared.put(after.clone());
            assert_ne!(shared.fingerprint(), old);
            assert_eq!(shared.fingerprint(), catalog(std::slice::from_ref(&after)).shared(&member(role)).fingerprint());
            shared.leave_out(after.feed.id());
            assert_eq!(shared.fingerprint(), Catalog::default().shared(&member(role)).fingerprint());
        }
    }

    #[test]
    fn news_is_what_arrived_later_by_somebody_else() {
        let (old, new) = (held(2, VILLAGE, Audience::Public, 1, 4), held(3, VILLAGE, Audience::Public, 1, 6));
        let mine = held(1, VILLAGE, Audience::Public, 1, 7);
        let shared = catalog(&[old, new.clone(), mine]).shared(&member(Role::Kiosk));
        assert_eq!(shared.news(4, &member(Role::Kiosk)), BTreeSet::from([new.feed.id()]));
        assert!(shared.news(7, &member(Role::Kiosk)).is_empty());
    }
}
