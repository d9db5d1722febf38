//! The log on a real disk.

use std::sync::atomic::AtomicI64;

use civic_core::{
    access::{Role, Scope},
    area::Area,
    id::Incarnation,
    space::Audience,
};
use sync_core::{
    entry::Entry,
    feed::Extent,
    receipt::Level,
    run::{RUN_BODY_LEN_MAX, join},
};

use super::*;

mod erase;
mod prune;

/// A directory that goes with the test.
pub(super) struct Scratch(pub(super) std::path::PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("huiyin-store-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn log(&self, seed: u8, incarnation: u8) -> Log {
        Log::open(&self.0.join("log.db"), author(seed, incarnation), Some(county()), || UnixSeconds(50)).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The hub of these tests has seed 9.
pub(super) fn county() -> [u8; 32] {
    SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes()
}

pub(super) fn author(seed: u8, incarnation: u8) -> Author {
    Author { key: SigningKey::from_bytes(&[seed; 32]), incarnation: Incarnation::new([incarnation; 16]) }
}

pub(super) fn space(audience: Audience) -> Space {
    Space::new(Area::parse("990127101201").unwrap(), audience)
}

pub(super) fn entry(doc: u8, audience: Audience, word: &str) -> NewEntry {
    NewEntry {
        space: space(audience),
        doc: DocId::new([doc; 16]),
        kind: EntryKind::Change,
        at: UnixSeconds(40),
        payload: word.into(),
    }
}

/// A run by somebody else.
fn foreign(seed: u8, words: &[&str], after: Option<&Run>) -> (Feed, Run) {
    let author = author(seed, 1);
    let feed = author.feed(&space(Audience::Deputies));
    let after = match after {
        Some(run) => run.verify(&feed, &feed.genesis()).unwrap(),
        None => feed.genesis(),
    };
    let entries: Vec<_> = words
        .iter()
        .map(|word| Entry {
            doc: DocId::new([9; 16]),
            kind: EntryKind::Change,
            at: UnixSeconds(1),
            payload: word.as_bytes(),
            is_erased: false,
        })
        .collect();
    let (run, _) = Run::sign(&feed, &after, &entries, &author.key);
    (feed, run)
}

#[test]
fn what_was_written_is_there_after_the_log_is_opened_again() {
    let scratch = Scratch::new("again");
    let log = scratch.log(1, 1);
    let row = log.append(vec![entry(1, Audience::Deputies, "一"), entry(1, Audience::County, "封")]).unwrap();
    drop(log);
    let log = scratch.log(1, 2);
    assert_eq!(log.newest_row(), row);
    log.append(vec![entry(2, Audience::Deputies, "二")]).unwrap();
    assert_eq!(log.verify().unwrap(), Ok(3));
    // Another life writes another feed.
    assert_eq!(log.held().len(), 3);
}

#[test]
fn a_log_whose_card_is_in_another_machine_is_read_and_not_written() {
    let scratch = Scratch::new("elsewhere");
    let log = scratch.log(1, 1);
    log.append(vec![entry(1, Audience::Deputies, "一")]).unwrap();
    log.close_to_writing();
    let refused = log.append(vec![entry(2, Audience::Deputies, "二")]);
    assert!(matches!(refused, Err(StoreError::Elsewhere)));
    assert_eq!((log.counts().unwrap().here, log.verify().unwrap()), (1, Ok(1)));
}

#[tokio::test]
async fn a_record_counts_as_received_only_when_every_entry_has_a_receipt() {
    let scratch = Scratch::new("counts");
    let log = scratch.log(1, 1);
    let writer = log.clone();
    tokio::task::spawn_blocking(move || {
        writer.append(vec![entry(1, Audience::Deputies, "一"), entry(1, Audience::County, "封")]).unwrap();
        writer.append(vec![entry(2, Audience::Deputies, "二")]).unwrap();
    })
    .await
    .unwrap();
    let hub = SigningKey::from_bytes(&[9; 32]);
    let receipt = |held: &Held| Receipt::sign(held.feed.id(), held.extent, Level::Received, UnixSeconds(77), &hub);
    let held = log.held();
    let deputies = held.iter().find(|held| held.feed.space.audience == Audience::Deputies).unwrap();
    let county = held.iter().find(|held| held.feed.space.audience == Audience::County).unwrap();
    log.keep(vec![receipt(deputies)]).await.unwrap();
    let counts = log.counts().unwrap();
    assert_eq!((counts.here, counts.received, counts.last_receipt), (1, 1, Some(UnixSeconds(77))));
    log.keep(vec![receipt(county)]).await.unwrap();
    assert_eq!(log.counts().unwrap().received, 2);
    assert_eq!(log.is_received(&DocId::new([1; 16])).unwrap(), Some(true));
    assert_eq!(log.is_received(&DocId::new([7; 16])).unwrap(), None);
}

#[tokio::test]
async fn a_receipt_for_another_chain_proves_nothing_of_this_one() {
    let scratch = Scratch::new("chain");
    let log = scratch.log(1, 1);
    let writer = log.clone();
    let row = tokio::task::spawn_blocking(move || writer.append(vec![entry(1, Audience::Deputies, "一")]));
    row.await.unwrap().unwrap();
    let held = log.held().remove(0);
    let other = Extent { head: [7; 32], ..held.extent };
    let hub = SigningKey::from_bytes(&[9; 32]);
    let receipt = Receipt::sign(held.feed.id(), other, Level::Received, UnixSeconds(77), &hub);
    log.keep(vec![receipt]).await.unwrap();
    assert_eq!(log.counts().unwrap().received, 0);
}

#[tokio::test]
async fn a_fork_is_kept_apart_and_everything_innocent_goes_on() {
    let scratch = Scratch::new("fork");
    let log = scratch.log(1, 1);
    let first = foreign(5, &["一"], None);
    let forked = foreign(5, &["另一个一"], None);
    let next = foreign(5, &["二"], Some(&first.1));
    let other = foreign(6, &["别人"], None);
    let runs = vec![first.clone(), forked, next, other, first.clone()];
    let stored: Vec<_> = log.accept(runs).await.unwrap().into_iter().map(|(_, _, stored)| stored).collect();
    assert!(matches!(&stored[0], StoredAs::Accepted(extent) if extent.length == 1));
    assert!(matches!(&stored[1], StoredAs::Refused(reason) if reason.contains("two devices write one feed")));
    assert!(matches!(&stored[2], StoredAs::Accepted(extent) if extent.length == 2));
    assert!(matches!(&stored[3], StoredAs::Accepted(_)));
    assert!(matches!(&stored[4], StoredAs::Known(_)));
    let apart = log.apart(10).unwrap();
    assert_eq!((apart.len(), apart[0].first), (1, 1));
    assert_eq!(apart[0].device, first.0.device().to_string());
    assert_eq!(log.forks().unwrap(), [(apart[0].device.clone(), 1)].into(), "and it is counted whose it is");
}

#[tokio::test]
async fn a_gap_is_said_and_a_bent_run_is_kept_apart() {
    let scratch = Scratch::new("gap");
    let log = scratch.log(1, 1);
    let first = foreign(5, &["一"], None);
    let second = foreign(5, &["二"], Some(&first.1));
    let mut bent = first.clone();
    bent.1.signature[0] ^= 1;
    let stored: Vec<_> =
        log.accept(vec![second, bent, first]).await.unwrap().into_iter().map(|(_, _, stored)| stored).collect();
    assert_eq!(stored[0], StoredAs::Gap(0));
    assert!(matches!(&stored[1], StoredAs::Refused(_)));
    assert!(matches!(&stored[2], StoredAs::Accepted(_)));
    assert_eq!(log.apart(10).unwrap().len(), 1);
    assert!(log.forks().unwrap().is_empty(), "whoever bends a run of somebody makes them no twin");
}

#[test]
fn a_full_disk_is_said_and_what_was_saved_stays() {
    let scratch = Scratch::new("full");
    let mut store = SqliteStore::open(&scratch.0.join("log.db"), None, false).unwrap();
    let author = author(1, 1);
    let write = |store: &mut SqliteStore, word: &str| {
        store.begin()?;
        store.append(&author, &[entry(1, Audience::Deputies, word)], UnixSeconds(1))?;
        store.commit()
    };
    write(&mut store, "一").unwrap();
    store.limit_pages();
    // Words that do not compress, or a run of them would hardly need a page.
    let words: String =
        (0..20_000u32).filter_map(|n| char::from_u32(0x4e00 + n.wrapping_mul(2_654_435_761) % 20_000)).collect();
    let refused = (0..100).find_map(|_| write(&mut store, &words).err());
    assert!(matches!(refused, Some(StoreError::DiskFull)));
    store.rollback();
    assert!(store.verify().unwrap().is_ok());
    assert!(store.counts().unwrap().here >= 1);
}

/// Three runs of two entries each by somebody else.
fn three() -> (Feed, Vec<Run>) {
    let author = author(5, 1);
    let feed = author.feed(&space(Audience::Deputies));
    let mut after = feed.genesis();
    let runs = (0..3)
        .map(|number| {
            let words = [format!("{number} 甲"), format!("{number} 乙")];
            let entries: Vec<_> = words.iter().map(|word| of_word(word)).collect();
            let (run, end) = Run::sign(&feed, &after, &entries, &author.key);
            after = end;
            run
        })
        .collect();
    (feed, runs)
}

fn of_word(word: &str) -> Entry<'_> {
    let (doc, at) = (DocId::new([9; 16]), UnixSeconds(1));
    Entry { doc, kind: EntryKind::Change, at, payload: word.as_bytes(), is_erased: false }
}

async fn accept(log: &Log, feed: &Feed, runs: Vec<Run>) -> Vec<StoredAs> {
    let runs = runs.into_iter().map(|run| (feed.clone(), run)).collect();
    log.accept(runs).await.unwrap().into_iter().map(|(_, _, stored)| stored).collect()
}

#[tokio::test]
async fn the_same_entries_in_other_pieces_are_the_same_entries() {
    let scratch = Scratch::new("pieces");
    let log = scratch.log(1, 1);
    let (feed, runs) = three();
    let whole = join(runs.clone(), RUN_BODY_LEN_MAX).remove(0);
    accept(&log, &feed, vec![runs[0].clone()]).await;
    // It begins before the end of what is here, and only its rest is new.
    assert!(matches!(accept(&log, &feed, vec![whole.clone()]).await[..], [StoredAs::Accepted(end)] if end.length == 6));
    for repeat in [whole.clone(), runs[1].clone(), whole.cut(3).unwrap()] {
        assert!(matches!(accept(&log, &feed, vec![repeat]).await[..], [StoredAs::Known(end)] if end.length == 6));
    }
    assert_eq!(log.verify().unwrap(), Ok(6));
    let id = feed.id();
    for from in 0..6 {
        let given = log.runs_after(id, from, 6, RUN_BODY_LEN_MAX).unwrap();
        assert_eq!(given.iter().map(|run| (run.first, run.last())).collect::<Vec<_>>(), [(from + 1, 6)]);
        let other = Scratch::new(&format!("pieces-{from}"));
        let copy = other.log(2, 1);
        let before = log.runs_after(id, 0, 2, RUN_BODY_LEN_MAX).unwrap();
        if from >= 2 {
            accept(&copy, &feed, before).await;
        }
        if from == 0 || from == 2 {
            assert!(matches!(accept(&copy, &feed, given).await[..], [StoredAs::Accepted(_)]), "from {from}");
        }
    }
}

#[tokio::test]
async fn a_fork_inside_a_run_is_found_wherever_it_begins() {
    let scratch = Scratch::new("inside");
    let log = scratch.log(1, 1);
    let (feed, runs) = three();
    let whole = join(runs.clone(), RUN_BODY_LEN_MAX).remove(0);
    accept(&log, &feed, vec![whole]).await;
    let key = author(5, 1).key;
    let middle = runs[0].verify(&feed, &feed.genesis()).unwrap();
    let (short, _) = Run::sign(&feed, &middle, &[of_word("另一个三")], &key);
    let words: Vec<_> = (0..9).map(|number| format!("另一条 {number}")).collect();
    let entries: Vec<_> = words.iter().map(|word| of_word(word)).collect();
    let (long, _) = Run::sign(&feed, &middle, &entries, &key);
    for forked in [short, long] {
        let stored = accept(&log, &feed, vec![forked]).await;
        assert!(matches!(&stored[..], [StoredAs::Refused(why)] if why.contains("two devices write one feed")));
    }
    assert_eq!((log.verify().unwrap(), log.apart(9).unwrap().len()), (Ok(6), 1));
}

#[tokio::test]
async fn the_catalog_in_memory_is_the_one_on_disk() {
    let scratch = Scratch::new("catalog");
    let log = scratch.log(1, 1);
    let (feed, runs) = three();
    accept(&log, &feed, runs).await;
    let writer = log.clone();
    tokio::task::spawn_blocking(move || writer.append(vec![entry(1, Audience::Deputies, "一")]))
        .await
        .unwrap()
        .unwrap();
    let before = log.held();
    drop(log);
    let again = scratch.log(1, 2);
    assert_eq!((again.held(), again.newest_row()), (before, 4));
}

#[tokio::test]
async fn what_was_heard_of_a_hub_is_remembered() {
    let scratch = Scratch::new("cursor");
    let log = scratch.log(1, 1);
    let cursor = Cursor { epoch: [7; 8], row: 5, kept: 2 };
    assert_eq!(log.cursor(&[1; 32]).unwrap(), None);
    log.remember([1; 32], Cursor { row: 4, ..cursor }).await.unwrap();
    log.remember([1; 32], cursor).await.unwrap();
    assert_eq!(log.cursor(&[1; 32]).unwrap(), Some(cursor));
}

#[tokio::test]
async fn one_write_that_cannot_be_done_keeps_no_other_from_the_disk() {
    let scratch = Scratch::new("innocent");
    let log = scratch.log(1, 1);
    let (feed, runs) = three();
    // Many at once, so that some are committed together.
    let failing: Vec<_> = (0..20)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { log.write(|_, _, _| Err::<(), _>(StoreError::DiskFull)).await })
        })
        .collect();
    let stored = accept(&log, &feed, runs).await;
    assert!(stored.iter().all(|stored| matches!(stored, StoredAs::Accepted(_))));
    for write in failing {
        assert!(matches!(write.await.unwrap(), Err(StoreError::DiskFull)));
    }
}

#[test]
fn a_log_of_another_version_is_left_alone_and_said() {
    let scratch = Scratch::new("version");
    for version in [1, 99] {
        let path = scratch.0.join(format!("{version}.db"));
        rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", version).unwrap();
        let refused = SqliteStore::open(&path, None, false).err();
        assert!(matches!(refused, Some(StoreError::Version(found)) if found == version));
    }
}

#[test]
fn what_is_written_after_a_refusal_goes_into_a_feed_that_is_not_held_up() {
    let scratch = Scratch::new("anew");
    let log = scratch.log(1, 1);
    log.append(vec![entry(1, Audience::Deputies, "一"), entry(1, Audience::County, "封")]).unwrap();
    let (before, actor) = (log.held(), log.actor());
    log.begin_anew_if_refused();
    assert_eq!(log.actor(), actor);
    log.leave_out(before[0].feed.id());
    log.begin_anew_if_refused();
    assert_ne!(log.actor(), actor);
    log.append(vec![entry(2, Audience::Deputies, "二")]).unwrap();
    let new: Vec<_> = log.held().into_iter().filter(|held| !before.contains(held)).collect();
    assert_eq!(new.iter().map(|held| (held.extent.length, held.feed.actor())).collect::<Vec<_>>(), [(1, log.actor())]);
    let scope = Scope { role: Role::Kiosk, areas: vec![space(Audience::Deputies).area] };
    assert!(log.is_behind(&Member::new(log.public_key(), scope)));
    // One refusal is one new beginning.
    let actor = log.actor();
    log.begin_anew_if_refused();
    assert_eq!((log.actor(), log.verify().unwrap()), (actor, Ok(3)));
}

#[test]
fn what_the_hub_refused_is_offered_again_after_an_hour_or_when_the_clock_is_set_back() {
    static NOW: AtomicI64 = AtomicI64::new(100_000);
    let scratch = Scratch::new("again");
    let clock = || UnixSeconds(NOW.load(Ordering::Relaxed));
    let log = Log::open(&scratch.0.join("log.db"), author(1, 1), Some(county()), clock).unwrap();
    log.append(vec![entry(1, Audience::Deputies, "一")]).unwrap();
    let scope = Scope { role: Role::Kiosk, areas: vec![space(Audience::Deputies).area] };
    let member = Member::new(log.public_key(), scope);
    let feed = log.held()[0].feed.id();
    assert!(log.is_behind(&member));
    log.leave_out(feed);
    for (now, is_offered) in
        [(100_000, false), (100_000 + REFUSED_S - 1, false), (100_000 + REFUSED_S, true), (99_999, true)]
    {
        NOW.store(now, Ordering::Relaxed);
        assert_eq!(
            (log.is_behind(&member), !log.shared(&member).is_left_out(&feed)),
            (is_offered, is_offered),
            "{now}"
        );
        assert_eq!(log.refused_documents().unwrap(), 1, "what waits because of it is told all the same");
    }
}

/// A device's log with `count` runs of one entry each, of about 2 KiB.
async fn waiting(scratch: &Scratch, count: u8) -> Log {
    let log = scratch.log(1, 1);
    let writer = log.clone();
    let written = tokio::task::spawn_blocking(move || {
        for doc in 0..count {
            writer.append(vec![entry(doc, Audience::Deputies, &format!("第{doc}条").repeat(256))]).unwrap();
        }
    });
    written.await.unwrap();
    log
}

async fn join_all(log: &Log) -> u64 {
    let mut joined = 0;
    loop {
        match log.join_waiting().await.unwrap() {
            0 => return joined,
            runs => joined += runs,
        }
    }
}

fn rows(log: &Log) -> Vec<(i64, u64, u64)> {
    log.arrived_after(0, 1_000).unwrap().iter().map(|here| (here.row, here.run.first, here.run.last())).collect()
}

#[tokio::test]
async fn what_waits_is_joined_and_is_still_the_same_feed() {
    let (scratch, other) = (Scratch::new("join"), Scratch::new("join-hub"));
    let log = waiting(&scratch, 40).await;
    let (before, length) = (log.held(), log.bytes_on_disk().unwrap());
    assert_eq!(join_all(&log).await, 40);
    assert_eq!(rows(&log), [(40, 1, 40)]);
    assert_eq!((log.held(), log.verify().unwrap()), (before.clone(), Ok(40)));
    assert!(log.bytes_on_disk().unwrap() <= length);
    // A few new ones wait beside it until they are worth it.
    let writer = log.clone();
    tokio::task::spawn_blocking(move || writer.append(vec![entry(90, Audience::Deputies, "新的")]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((join_all(&log).await, rows(&log).len()), (0, 2));

    // On a road that carries little it leaves in the pieces of which it was made.
    let feed = &before[0].feed;
    let hub = other.log(9, 1);
    let mut reached = 0;
    while reached < 41 {
        let part = log.runs_after(feed.id(), reached, 41, 8 * 1024).unwrap();
        assert!(part.iter().all(|run| run.unpacked_len().unwrap() <= 16 * 1024), "after {reached}");
        reached = part.last().unwrap().last();
        assert!(matches!(accept(&hub, feed, part).await[..], [StoredAs::Accepted(end)] if end.length == reached));
    }
    assert_eq!((hub.verify().unwrap(), hub.held()[0].extent), (Ok(41), log.held()[0].extent));
    assert!(rows(&hub).len() > 5);
}

#[tokio::test]
async fn what_has_a_receipt_is_not_joined_with_what_waits() {
    let scratch = Scratch::new("join-receipt");
    let log = waiting(&scratch, 40).await;
    let held = log.held().remove(0);
    let third = log.arrived_after(2, 1).unwrap().remove(0);
    let start = join(log.runs_after(held.feed.id(), 0, 3, RUN_BODY_LEN_MAX).unwrap(), RUN_BODY_LEN_MAX).remove(0);
    let extent = start.verify(&held.feed, &held.feed.genesis()).unwrap();
    let hub = SigningKey::from_bytes(&[9; 32]);
    log.keep(vec![Receipt::sign(held.feed.id(), extent, Level::Received, UnixSeconds(77), &hub)]).await.unwrap();
    assert_eq!((join_all(&log).await, third.run.last()), (37, 3));
    assert_eq!(rows(&log), [(1, 1, 1), (2, 2, 2), (3, 3, 3), (40, 4, 40)]);
    assert_eq!(log.verify().unwrap(), Ok(40));
    let few = Scratch::new("join-few");
    assert_eq!(join_all(&waiting(&few, 15).await).await, 0);
}
