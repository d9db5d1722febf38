//! A hub beneath another one repeats in its own name what that one said to every device: its own devices believe nobody
//! else.
//!
//! What is repeated is what the county erased, and its codebook; who was struck off is repeated by the log's own means
//! ([`replica::hub::spread`]).
//!
//! The other way round it says one thing again: who said "me too" at its devices of a matter that the hub above keeps up. That
//! one opens nothing that was sealed to this one.

use std::collections::BTreeMap;

use civic_core::{
    area::Area,
    document::Stamp,
    id::DocId,
    matter::Matter,
    reaction::Reaction,
    seal::{SealKey, Seed},
    sealed::Record,
    space::Audience,
};
use replica::clock;
pub use sync_core::tombstone::Tombstone;
use sync_core::{edition::Edition, entry::EntryKind, epoch::Epoch, feed::FeedId, run::Run};
use tracing::warn;

use crate::{Ledger, LedgerError, sealed::What};

/// Bytes of runs that are read at once.
const READ_LEN: usize = 1024 * 1024;

/// Something that a hub says to every device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// This document of this area is erased, so far.
    Erased {
        /// The document.
        doc: DocId,
        /// Where it stood.
        area: Area,
        /// How much of it, and why.
        stone: Tombstone,
    },
    /// Work by this codebook.
    Edition(Edition),
}

/// How far the feeds of the hub above were read. Begun anew at each start: what was repeated already is not said again.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    feeds: BTreeMap<FeedId, u64>,
    key: Option<SealKey>,
}

impl Reached {
    /// The newest key that the hub above announced; `None` while it has its first.
    pub fn seal_key(&self) -> Option<SealKey> {
        self.key
    }
}

impl Ledger {
    /// What the hub with this key said beyond `reached`, and how far that goes.
    pub fn words_of(&self, hub: &[u8; 32], reached: &Reached) -> Result<(Vec<Word>, Reached), LedgerError> {
        let (mut words, mut reached) = (Vec::new(), reached.clone());
        let said = self.log().held().into_iter();
        for held in said.filter(|held| held.feed.public_key == *hub && held.feed.space.audience == Audience::Public) {
            let (id, area) = (held.feed.id(), &held.feed.space.area);
            let from = reached.feeds.entry(id).or_default();
            while *from < held.extent.length {
                let runs = self.log().runs_after(id, *from, held.extent.length, READ_LEN)?;
                let Some(last) = runs.last().map(Run::last) else { break };
                for run in &runs {
                    read(run, area, &mut words, &mut reached.key);
                }
                *from = last;
            }
        }
        Ok((words, reached))
    }

    /// Says what the hub above said of a document, and lets go of it here; `false` if that was said before. Also of one that
    /// is not here: what of it comes late is not kept.
    pub fn repeat_erasure(&self, doc: &DocId, area: &Area, stone: &Tombstone) -> Result<bool, LedgerError> {
        if self.erased(doc)?.is_some_and(|known| known.depth >= stone.depth) {
            return Ok(false);
        }
        match self.erase(doc, stone.depth, stone.ground) {
            Err(LedgerError::NotFound) => {}
            other => return other.map(|_| true),
        }
        let stamp = Stamp::new(self.codebook().county.name.clone(), clock::now());
        let entry = self.entry(area, Audience::Public, *doc, EntryKind::Tombstone, &stamp, stone.encode())?;
        let tables = self.writer_in_step()?;
        self.commit(&tables, vec![entry])?;
        drop(tables);
        self.catch_up()?;
        Ok(true)
    }

    /// Announces the codebook of the hub above under its number; `false` if this one works by it, or by a newer one.
    pub fn repeat_edition(&self, edition: &Edition) -> Result<bool, LedgerError> {
        if edition.number <= self.edition().number {
            return Ok(false);
        }
        self.announce(self.writer_in_step()?, edition)
    }

    /// Seals to the hub above, whose key this is, what was said here of matters that it keeps up, so that it is counted; returns
    /// how much that was. Done twice, it is done once.
    pub fn repeat_me_too(&self, key: &SealKey) -> Result<usize, LedgerError> {
        let tables = self.writer_in_step()?;
        let mut entries = Vec::new();
        for (matter, _) in tables.all_published::<Matter>()? {
            let said = self.sealed_about(What::MeToo, &matter)?;
            if said.is_empty() || self.keeps_up(&tables, &matter)? {
                continue;
            }
            for envelope in said {
                let name = self.of_form(&format!("me too {}", envelope.doc), 0);
                if self.log().is_received(&name)?.is_some() {
                    continue;
                }
                let record = Record::Reaction(Reaction::MeToo { matter });
                let sealed = record.seal(key, &name, Seed(clock::random()))?;
                let stamp = Stamp::new("", envelope.at);
                entries.push(self.entry(&envelope.area, Audience::County, name, EntryKind::Sealed, &stamp, sealed)?);
            }
        }
        let count = entries.len();
        self.commit(&tables, entries)?;
        Ok(count)
    }
}

fn read(run: &Run, area: &Area, words: &mut Vec<Word>, key: &mut Option<SealKey>) {
    let body = run.unpacked();
    let entries = body.as_ref().map_err(|bad| *bad).and_then(|body| run.entries(body)).unwrap_or_else(|bad| {
        warn!(error = %bad, "A stored run cannot be read");
        Vec::new()
    });
    // What cannot be read is of a newer program, and stays with it.
    words.extend(entries.iter().filter(|entry| !entry.is_erased).filter_map(|entry| match entry.kind {
        EntryKind::Tombstone => {
            let stone = Tombstone::decode(entry.payload).ok()?;
            Some(Word::Erased { doc: entry.doc, area: area.clone(), stone })
        }
        EntryKind::Edition => Edition::decode(entry.payload).ok().map(Word::Edition),
        EntryKind::Epoch => {
            let said = Epoch::decode(entry.payload).ok()?.key;
            if key.is_none_or(|known| known.epoch <= said.epoch) {
                *key = Some(said);
            }
            None
        }
        EntryKind::Change
        | EntryKind::Sealed
        | EntryKind::Attachment
        | EntryKind::Revoked
        | EntryKind::Heard
        | EntryKind::Unknown(_) => None,
    }));
}
