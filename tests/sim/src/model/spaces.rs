//! Spaces: what two devices have in common is what the table of rights says, and equal fingerprints mean equal sets.

use std::collections::{BTreeMap, BTreeSet};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    id::Incarnation,
    space::{Audience, Space},
};
use sync_core::{
    catalog::{Catalog, Held},
    feed::{Extent, Feed, FeedId},
    session::Member,
};

use super::same;
use crate::{dice::Dice, node::key_of};

const AREAS: [&str; 5] = ["990127", "990127101", "990127101201", "990127101202", "990127102201"];
/// Those who write.
const AUTHORS: u64 = 4;

/// What is held, as a set: the space, the feed, its author, how far, and with which hash.
type World = BTreeMap<FeedId, Held>;

/// The rights of the table in `docs/security.md`, in other words than the code's.
fn may_read(scope: &Scope, space: &Space) -> bool {
    let is_own = scope.areas.iter().any(|area| space.area.code().starts_with(area.code()));
    match (scope.role, space.audience) {
        (Role::Kiosk | Role::Deputy | Role::Hub, Audience::Public) => true,
        (Role::Deputy, Audience::Deputies) => is_own,
        (Role::Kiosk, Audience::Deputies) | (Role::Kiosk | Role::Deputy, Audience::County) => false,
        (Role::Hub, Audience::Deputies | Audience::County) => is_own,
    }
}

fn common<'a>(world: &'a World, member: &'a Member) -> impl Iterator<Item = &'a Held> {
    let is_beneath = member.scope.role == Role::Hub;
    world.values().filter(move |held| {
        let is_its_own = held.feed.public_key == member.public_key;
        let is_own = member.scope.areas.iter().any(|area| held.feed.space.area.code().starts_with(area.code()));
        // A hub beneath keeps to itself what it wrote outside of its prefix.
        if is_its_own { !is_beneath || is_own } else { may_read(&member.scope, &held.feed.space) }
    })
}

fn area(dice: &mut Dice) -> Area {
    let code: &str = dice.one_of::<&str>(&AREAS);
    Area::parse(code).expect("areas of the sample")
}

pub(super) fn sequence(mut dice: Dice, len: usize) -> Result<(), String> {
    let (mut catalogs, mut worlds) = ([Catalog::default(), Catalog::default()], [World::new(), World::new()]);
    let mut row = 0;
    for _ in 0..len {
        // Something is written; one of the two hears of it, or both.
        let number = u16::try_from(dice.below(AUTHORS)).unwrap_or(0);
        let space =
            Space::new(area(&mut dice), *dice.one_of(&[Audience::Public, Audience::Deputies, Audience::County]));
        let feed = Feed {
            public_key: key_of(number).verifying_key().to_bytes(),
            incarnation: Incarnation::new([1; 16]),
            space,
        };
        row += 1;
        let length = 1 + dice.below(3);
        let extent = Extent { length, head: [u8::try_from(length).unwrap_or(0); 32] };
        let held = Held { extent, row, ..Held::new(feed) };
        let who = dice.below(4);
        for (place, (catalog, world)) in catalogs.iter_mut().zip(&mut worlds).enumerate() {
            if who >= 2 || who == place as u64 {
                catalog.put(held.clone());
                world.insert(held.feed.id(), held.clone());
            }
        }
        let role = *dice.one_of(&[Role::Kiosk, Role::Deputy, Role::Hub]);
        let scope = Scope { role, areas: vec![area(&mut dice)] };
        let member =
            Member::new(key_of(u16::try_from(dice.below(AUTHORS)).unwrap_or(0)).verifying_key().to_bytes(), scope);
        let shared = [catalogs[0].shared(&member), catalogs[1].shared(&member)];
        let mut sets: Vec<BTreeMap<&Space, BTreeSet<(FeedId, u64)>>> = Vec::new();
        for (world, shared) in worlds.iter().zip(&shared) {
            let mut set: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for held in common(world, &member) {
                set.entry(&held.feed.space).or_default().insert((held.feed.id(), held.extent.length));
            }
            let spaces: Vec<Space> = shared.by_space().into_keys().collect();
            same("the spaces", &spaces, &set.keys().map(|space| (*space).clone()).collect())?;
            for (space, feeds) in &set {
                let vector = shared.vector(space).into_iter().map(|(id, extent)| (id, extent.length)).collect();
                same("how far its feeds are held", feeds, &vector)?;
            }
            let since = i64::try_from(dice.below(row.unsigned_abs() + 1)).unwrap_or(0);
            let is_news = |held: &&Held| {
                held.row > since
                    && held.feed.public_key != member.public_key
                    && may_read(&member.scope, &held.feed.space)
            };
            let news: BTreeSet<FeedId> = world.values().filter(is_news).map(|held| held.feed.id()).collect();
            same("what is new", &shared.news(since, &member), &news)?;
            sets.push(set);
        }
        let agree = shared[0].fingerprint() == shared[1].fingerprint();
        same("whether the fingerprints agree", &agree, &(sets[0] == sets[1]))?;
        let [one, other] = [shared[0].by_space(), shared[1].by_space()];
        for space in sets[0].keys().filter(|space| sets[1].contains_key(*space)) {
            let agree = one.get(*space) == other.get(*space);
            same("whether the fingerprints of a space agree", &agree, &(sets[0][space] == sets[1][space]))?;
        }
    }
    Ok(())
}
