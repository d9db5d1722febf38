//! The store and what waits in it: a device's log and a hub's, against lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    id::{DocId, Incarnation},
    space::{Audience, Space},
    time::UnixSeconds,
};
use replica::{
    clock::now,
    store::{Author, Log, NewEntry, StoreError},
};
use sync_core::{
    entry::EntryKind,
    feed::{Extent, Feed, FeedId},
    receipt::{Level, Receipt},
    run::Run,
    session::{Member, StoredAs},
};
use tokio::runtime::Runtime;

use super::same;
use crate::{
    clock,
    dice::Dice,
    disk,
    node::{BEGINNING, key_of},
};

const VILLAGE: &str = "990127101201";
/// Behind every entry.
const END: u64 = 1 << 40;
/// Documents that there are.
const DOCUMENTS: u64 = 6;

/// One feed of the device, as lists.
#[derive(Default)]
struct Line {
    /// Document and words, in order.
    written: Vec<(u8, Vec<u8>)>,
    /// How far the hub has it.
    there: usize,
    /// How far the device was told so.
    receipted: usize,
    /// How far it was told that a backup has it.
    kept: usize,
    /// How far the device may have let go.
    let_go: usize,
}

struct Pair {
    runtime: Runtime,
    device: Option<Log>,
    hub: Option<Log>,
    lives: u8,
    lines: BTreeMap<FeedId, Line>,
}

fn author(number: u16, life: u8) -> Author {
    Author { key: key_of(number), incarnation: Incarnation::new([life; 16]) }
}

fn hub_key() -> [u8; 32] {
    key_of(0).verifying_key().to_bytes()
}

impl Pair {
    fn new(dice: &mut Dice) -> Result<Self, String> {
        disk::install();
        disk::forget_all();
        clock::install(dice.split());
        clock::show(BEGINNING);
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
        let mut pair = Self { runtime, device: None, hub: None, lives: 0, lines: BTreeMap::new() };
        pair.start_device()?;
        pair.start_hub()?;
        Ok(pair)
    }

    fn start_device(&mut self) -> Result<(), String> {
        self.device = None;
        self.lives += 1;
        self.device = Some(opened("device", author(1, self.lives))?);
        Ok(())
    }

    fn start_hub(&mut self) -> Result<(), String> {
        self.hub = None;
        self.hub = Some(opened("hub", author(0, 1))?);
        Ok(())
    }

    fn device(&self) -> Result<&Log, String> {
        self.device.as_ref().ok_or_else(|| "the device does not run".to_owned())
    }

    fn hub(&self) -> Result<&Log, String> {
        self.hub.as_ref().ok_or_else(|| "the hub does not run".to_owned())
    }

    fn write(&mut self, dice: &mut Dice) -> Result<(), String> {
        let audiences = [Audience::Deputies, Audience::County];
        let mut entries = Vec::new();
        for _ in 0..1 + dice.place(4) {
            let mut payload = vec![0; 1 + dice.place(200)];
            dice.fill(&mut payload);
            let (doc, space) = (u8::try_from(dice.below(DOCUMENTS)).unwrap_or(0), space(*dice.one_of(&audiences))?);
            let doc_id = DocId::new([doc; 16]);
            let feed = author(1, self.lives).feed(&space);
            self.lines.entry(feed.id()).or_default().written.push((doc, payload.clone()));
            entries.push(NewEntry { space, doc: doc_id, kind: EntryKind::Change, at: UnixSeconds(BEGINNING), payload });
        }
        self.device()?.append(entries).map(drop).map_err(said)
    }

    /// Some of a feed goes to the hub: what follows, what is there already, or what comes too early.
    fn carry(&mut self, dice: &mut Dice) -> Result<(), String> {
        let Some((feed, len)) = self.some_feed(dice)? else { return Ok(()) };
        let line = self.lines.entry(feed.id()).or_default();
        let from = line.let_go + dice.place(len - line.let_go + 1);
        let until = from + dice.place(len - from + 1);
        let body_max = dice.place(3_000);
        let runs = self.device()?.runs_after(feed.id(), from as u64, until as u64, body_max).map_err(said)?;
        let bounds: Vec<(u64, u64)> = runs.iter().map(|run| (run.first, run.last())).collect();
        let stored = self.runtime.block_on(self.hub()?.accept(named(&feed, runs))).map_err(said)?;
        let line = self.lines.entry(feed.id()).or_default();
        for ((first, last), (_, _, stored)) in bounds.into_iter().zip(stored) {
            let (here, last) = (line.there as u64, usize::try_from(last).unwrap_or(0));
            let expected = if first > here + 1 {
                format!("gap {here}")
            } else {
                line.there = line.there.max(last);
                format!("{} {}", if last as u64 <= here { "known" } else { "accepted" }, line.there)
            };
            let became = match stored {
                StoredAs::Accepted(extent) => format!("accepted {}", extent.length),
                StoredAs::Known(extent) => format!("known {}", extent.length),
                StoredAs::Gap(here) => format!("gap {here}"),
                StoredAs::Bare(here) => format!("bare {here}"),
                StoredAs::Refused(reason) => reason,
            };
            same("what became of a run", &became, &expected)?;
        }
        Ok(())
    }

    /// The hub signs how far it has a feed; the device hears it, perhaps late or twice.
    fn sign(&mut self, dice: &mut Dice) -> Result<(), String> {
        let Some((feed, _)) = self.some_feed(dice)? else { return Ok(()) };
        let Some(extent) = extent_at(self.hub()?, &feed) else { return Ok(()) };
        let level = if dice.percent(30) { Level::Kept } else { Level::Received };
        let receipt = Receipt::sign(feed.id(), extent, level, now(), &key_of(0));
        self.runtime.block_on(self.device()?.keep(vec![receipt])).map_err(said)?;
        let line = self.lines.entry(feed.id()).or_default();
        let length = usize::try_from(extent.length).unwrap_or(0);
        match level {
            Level::Received => line.receipted = line.receipted.max(length),
            Level::Kept => line.kept = line.kept.max(length),
        }
        Ok(())
    }

    fn some_feed(&self, dice: &mut Dice) -> Result<Option<(Feed, usize)>, String> {
        let feeds: Vec<Feed> = self.device()?.held().into_iter().map(|held| held.feed).collect();
        if feeds.is_empty() {
            return Ok(None);
        }
        let feed = dice.one_of(&feeds).clone();
        let len = self.lines.get(&feed.id()).map_or(0, |line| line.written.len());
        Ok(Some((feed, len)))
    }

    fn is_as_the_lists_say(&mut self) -> Result<(), String> {
        let (device, hub) = (self.device()?, self.hub()?);
        let scope = Scope { role: Role::Kiosk, areas: vec![area()?] };
        let member = Member::new(device.public_key(), scope);
        let (mut waiting, mut all) = (BTreeSet::new(), BTreeSet::new());
        for (id, line) in &self.lines {
            let written = line.written.len() as u64;
            let held = device.held().into_iter().find(|held| held.feed.id() == *id).ok_or("a feed is gone")?;
            same("how much was written", &held.extent.length, &written)?;
            same("how far there are receipts", &held.receipted, &(line.receipted as u64))?;
            same("how far it is kept", &held.kept.length, &(line.kept as u64))?;
            let there = extent_at(hub, &held.feed).map_or(0, |extent| extent.length);
            same("how far the hub has it", &there, &(line.there as u64))?;
            same("what the device reads", &read(device, id, line.let_go)?, &line.written[line.let_go..].to_vec())?;
            same("what the hub reads", &read(hub, id, 0)?, &line.written[..line.there].to_vec())?;
            all.extend(line.written.iter().map(|(doc, _)| *doc));
            waiting.extend(line.written[line.receipted..].iter().map(|(doc, _)| *doc));
        }
        let counts = device.counts().map_err(said)?;
        same("records that wait", &counts.here, &(waiting.len() as u64))?;
        same("records that were received", &counts.received, &((all.len() - waiting.len()) as u64))?;
        same("whether anything waits", &device.is_behind(&member), &!waiting.is_empty())?;
        for doc in 0..u8::try_from(DOCUMENTS).unwrap_or(0) {
            let expected = all.contains(&doc).then(|| !waiting.contains(&doc));
            let is_received = device.is_received(&DocId::new([doc; 16])).map_err(said)?;
            same("whether a record was received", &is_received, &expected)?;
        }
        device.verify().map_err(said)??;
        hub.verify().map_err(said)?.map(drop)
    }
}

fn opened(name: &str, author: Author) -> Result<Log, String> {
    Log::open(&Path::new("/cards").join(name).join("log.db"), author, Some(hub_key()), now).map_err(said)
}

fn area() -> Result<Area, String> {
    Area::parse(VILLAGE).ok_or_else(|| "an area of the sample".to_owned())
}

fn space(audience: Audience) -> Result<Space, String> {
    Ok(Space::new(area()?, audience))
}

fn said(error: StoreError) -> String {
    crate::county::chain(&error)
}

fn named(feed: &Feed, runs: Vec<Run>) -> Vec<(Feed, Run)> {
    runs.into_iter().map(|run| (feed.clone(), run)).collect()
}

fn extent_at(log: &Log, feed: &Feed) -> Option<Extent> {
    log.held().into_iter().find(|held| held.feed == *feed).map(|held| held.extent)
}

fn read(log: &Log, feed: &FeedId, from: usize) -> Result<Vec<(u8, Vec<u8>)>, String> {
    let (mut read, mut from) = (Vec::new(), from as u64);
    loop {
        let runs = log.runs_after(*feed, from, END, 10_000).map_err(said)?;
        let Some(last) = runs.last() else { return Ok(read) };
        from = last.last();
        for run in &runs {
            let body = run.unpacked().map_err(|bad| bad.to_string())?;
            let entries = run.entries(&body).map_err(|bad| bad.to_string())?;
            read.extend(entries.iter().map(|entry| (entry.doc.as_bytes()[0], entry.payload.to_vec())));
        }
    }
}

pub(super) fn sequence(mut dice: Dice, len: usize) -> Result<(), String> {
    let mut pair = Pair::new(&mut dice)?;
    for _ in 0..len {
        match dice.below(12) {
            0..=3 => pair.write(&mut dice)?,
            4..=6 => pair.carry(&mut dice)?,
            7..=8 => pair.sign(&mut dice)?,
            9 => drop(pair.runtime.block_on(pair.device()?.join_waiting()).map_err(said)?),
            10 => {
                let before = UnixSeconds(BEGINNING + 1);
                pair.runtime.block_on(pair.device()?.prune(before, i64::MAX)).map_err(said)?;
                pair.lines.values_mut().for_each(|line| line.let_go = line.kept);
            }
            _ if dice.percent(50) => pair.start_device()?,
            _ => pair.start_hub()?,
        }
        pair.is_as_the_lists_say()?;
    }
    Ok(())
}
