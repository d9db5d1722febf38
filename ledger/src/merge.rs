//! From the log to documents: in order, behind the sync path, restartable at any point.
//!
//! The log's batches are merged one after the other, each in one transaction with the note of how far it went. What
//! needs no database (loading, the gate, reading) is done for several documents at once, by as many threads as help.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use civic_core::{
    codebook::Codebook,
    document::{CHANGES_MAX, Document},
    gate::{self, Admission, Offer, Verdict},
    id::{Actor, DeviceId, DocId},
    planted::{self, Bug},
    space::{Audience, Space},
    time::UnixSeconds,
};
use replica::{
    clock,
    store::{Arrived, NewEntry},
};
use rusqlite::{Transaction, TransactionBehavior};
use sync_core::{
    entry::{Entry, EntryKind},
    feed::Feed,
};
use tracing::{debug, error, warn};

use crate::{
    Ledger, LedgerError,
    erase::Said,
    is_damage,
    reason::Reason,
    tables::{Grown, Tables, Told},
    workers::in_parallel,
};

/// Entries of a batch: so long may somebody wait who wants to write. A quarter of a second on a small board.
const BATCH_ENTRIES: usize = 1_000;
/// Bytes of entries after which a batch is closed.
const BATCH_LEN: usize = 4 * 1024 * 1024;
/// Documents that are in memory between two visits to the database.
const GROUP_DOCUMENTS: usize = 64;
/// Bytes of snapshots and changes after which such a group is closed.
const GROUP_LEN: usize = 4 * 1024 * 1024;
/// Changes of one document that may wait; more could never enter it. What comes beyond is refused.
const PENDING_MAX: usize = CHANGES_MAX;
/// Bytes of changes of one document that may wait.
const PENDING_LEN_MAX: usize = 4 * 1024 * 1024;

/// What a pass over the log did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Runs read to their end.
    pub runs: u64,
    /// Changes that entered a document.
    pub changes: u64,
    /// Changes that wait for an earlier one.
    pub pending: u64,
    /// Changes that the gate refused.
    pub refused: u64,
}

/// Who wrote a change, and where.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) actor: Actor,
    pub(crate) device: DeviceId,
    pub(crate) space: Space,
}

impl Origin {
    fn of(feed: &Feed) -> Self {
        Self { actor: feed.actor(), device: feed.device(), space: feed.space.clone() }
    }
}

/// A change on its way into a document.
pub(crate) struct Incoming {
    pub(crate) origin: Origin,
    /// The entry's time.
    pub(crate) at: UnixSeconds,
    pub(crate) payload: Vec<u8>,
}

/// The changes of one document in a batch, in order.
struct Work {
    changes: Vec<Incoming>,
    /// The newest run that brought one.
    row: i64,
    /// When the first of them came.
    arrived_at: UnixSeconds,
}

/// How far the log is merged: all runs up to a row, and so many entries of one behind it.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    pub(crate) row: i64,
    pub(crate) entries: usize,
    /// The row of the run that these are of. It may be gone by now, joined with others that wait; what is merged twice then
    /// is known already.
    pub(crate) part: Option<i64>,
}

/// What of the log is merged together.
#[derive(Default)]
struct Batch {
    works: BTreeMap<DocId, Work>,
    /// What only the county opens, in the order of arrival.
    sealed: Vec<(DocId, Incoming)>,
    /// What the county erased, and what devices did of that.
    said: Said,
    /// Runs that end in it.
    runs: u64,
    entries: usize,
    len: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.entries >= BATCH_ENTRIES || self.len >= BATCH_LEN
    }

    /// Puts an entry to the others of its document.
    fn put(&mut self, origin: &Origin, entry: &Entry<'_>, row: i64, arrived_at: UnixSeconds) {
        self.entries += 1;
        self.len += entry.payload.len();
        if entry.is_erased {
            return;
        }
        let incoming = || Incoming { origin: origin.clone(), at: entry.at, payload: entry.payload.to_vec() };
        match entry.kind {
            EntryKind::Change => {
                let new = || Work { changes: Vec::new(), row, arrived_at };
                let work = self.works.entry(entry.doc).or_insert_with(new);
                work.row = row;
                work.changes.push(incoming());
            }
            EntryKind::Sealed if origin.space.audience == Audience::County => self.sealed.push((entry.doc, incoming())),
            EntryKind::Tombstone if origin.space.audience == Audience::Public => {
                self.said.tombstones.push((entry.doc, incoming()));
            }
            EntryKind::Heard => {
                self.said.heard.push((entry.doc, incoming()));
            }
            EntryKind::Edition if origin.space.audience == Audience::Public => self.said.editions.push(incoming()),
            // Not for anybody here to open, known to the log itself, or of a newer program: the log keeps it.
            EntryKind::Sealed
            | EntryKind::Attachment
            | EntryKind::Revoked
            | EntryKind::Tombstone
            | EntryKind::Epoch
            | EntryKind::Edition
            | EntryKind::Unknown(_) => {}
        }
    }
}

/// Work with what the tables have of its document.
struct Task {
    name: DocId,
    /// Where the document lives and its snapshot, if it is here.
    stored: Option<(Space, Vec<u8>)>,
    /// What waited for changes of this document, and what came.
    changes: Vec<Incoming>,
    row: i64,
    arrived_at: UnixSeconds,
}

/// What is to be written of a document.
struct Outcome {
    name: DocId,
    admitted: u64,
    /// Whether what was here of it must go first.
    gives_way: bool,
    grown: Option<Grown>,
    pending: Vec<Incoming>,
    refused: Vec<(Incoming, Reason)>,
    row: i64,
    arrived_at: UnixSeconds,
}

impl Ledger {
    /// Merges what the log holds beyond the ledger. A batch and the note of how far it went are one transaction, so a
    /// kill at any point repeats nothing and loses nothing. Tables that a failing disk has damaged are made anew: there is
    /// nobody in a village who could ask for it.
    pub fn catch_up(&self) -> Result<Merged, LedgerError> {
        self.on_sound_tables(|| self.catch_up_as_it_is())
    }

    /// Does what writes to the log last, if at all; where the tables are found damaged, they are emptied and it is done again.
    /// Whoever writes merges first then: a number must not be drawn from empty tables.
    pub(crate) fn on_sound_tables<T>(&self, work: impl Fn() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        match work() {
            Err(LedgerError::Tables(damage)) if is_damage(&damage) => {
                error!(error = %damage, "The ledger's tables are damaged; they are made anew from the log");
                let tables = self.writer();
                self.inner.is_behind.store(true, Ordering::Release);
                tables.begin_anew()?;
                drop(tables);
                work()
            }
            other => other,
        }
    }

    fn catch_up_as_it_is(&self) -> Result<Merged, LedgerError> {
        let mut merged = Merged::default();
        // What the log let go was in tables that are no more.
        if !self.is_hub() && self.writer().progress()?.row == 0 {
            self.inner.log.miss()?;
        }
        // What is said to be erased from here on has its turn the next time: the tables have not heard of it yet.
        let due = self.erasure_due()?;
        // The writer is let go after each batch: a villager who files waits for one batch and not for a whole first sync.
        while self.merge_next(&self.writer(), &mut merged)? {}
        self.take_up_edition()?;
        self.bury(due)?;
        self.tell(&merged);
        Ok(merged)
    }

    /// Merges what this installation has just written up to `row`. What others wrote before it need not be merged first:
    /// if that is much, it keeps its place in the queue, and these changes will be known when their turn comes.
    pub(crate) fn merge_own(&self, tables: &Tables, row: i64, entries: &[NewEntry]) -> Result<(), LedgerError> {
        let mut merged = Merged::default();
        transaction(tables, || {
            let (batch, end) = self.next_batch(tables.progress()?)?;
            if end.row >= row {
                self.merge_batch(tables, batch, &mut merged)?;
                return Ok(tables.set_progress(end)?);
            }
            let (device, now, mut own) = (DeviceId::of(&self.inner.log.public_key()), clock::now(), Batch::default());
            // Anything else has time until its turn, and would count twice.
            for NewEntry { space, doc, kind, at, payload } in entries.iter().filter(|new| new.kind == EntryKind::Change)
            {
                let origin = Origin { actor: self.inner.log.actor(), device, space: space.clone() };
                let entry = Entry { doc: *doc, kind: *kind, at: *at, payload, is_erased: false };
                own.put(&origin, &entry, row, now);
            }
            self.merge_batch(tables, own, &mut merged)
        })?;
        self.tell(&merged);
        Ok(())
    }

    fn tell(&self, merged: &Merged) {
        if *merged != Merged::default() {
            debug!(?merged, "Merged");
            self.inner.changed.send_modify(|changed| *changed += 1);
        }
    }

    /// Merges one batch in a transaction; `false` if there was none.
    pub(crate) fn merge_next(&self, tables: &Tables, merged: &mut Merged) -> Result<bool, LedgerError> {
        tables.keep_short()?;
        if tables.progress()?.row >= self.inner.log.newest_row() {
            return Ok(false);
        }
        if planted::is(Bug::ProgressTooEarly) {
            let (batch, end) = self.next_batch(tables.progress()?)?;
            tables.set_progress(end)?;
            transaction(tables, || self.merge_batch(tables, batch, merged))?;
            return Ok(true);
        }
        transaction(tables, || {
            // Read inside the transaction: another program may be looking at the same tables.
            let (batch, end) = self.next_batch(tables.progress()?)?;
            self.merge_batch(tables, batch, merged)?;
            Ok(tables.set_progress(end)?)
        })?;
        Ok(true)
    }

    /// The entries of the log behind `done`, and how far it is merged with them.
    fn next_batch(&self, mut done: Progress) -> Result<(Batch, Progress), LedgerError> {
        let mut batch = Batch::default();
        while !batch.is_full() {
            let Some(arrived) = self.inner.log.arrived_after(done.row, 1)?.pop() else { break };
            let Arrived { row, feed, run, at } = arrived;
            let origin = Origin::of(&feed);
            let body = run.unpacked();
            let entries = body.as_ref().map_err(|bad| *bad).and_then(|body| run.entries(body)).unwrap_or_else(|bad| {
                warn!(device = %origin.device, error = %bad, "A stored run cannot be read");
                Vec::new()
            });
            let is_begun = done.part.is_none_or(|part| part == row);
            let mut left = entries.iter().skip(if is_begun { done.entries } else { 0 });
            for entry in left.by_ref() {
                batch.put(&origin, entry, row, at);
                if batch.is_full() {
                    break;
                }
            }
            if left.len() == 0 {
                batch.runs += 1;
                done = Progress { row, entries: 0, part: None };
            } else {
                done = Progress { entries: entries.len() - left.len(), part: Some(row), ..done };
            }
        }
        Ok((batch, done))
    }

    /// Merges a batch, so many documents at a time as fit in memory.
    fn merge_batch(&self, tables: &Tables, batch: Batch, merged: &mut Merged) -> Result<(), LedgerError> {
        merged.runs += batch.runs;
        for (name, Incoming { origin, at, payload }) in batch.sealed.iter().filter(|_| self.is_hub()) {
            tables.put_sealed(name, &origin.space.area, &origin.device.to_string(), *at, payload)?;
        }
        let (mut group, mut len) = (Vec::new(), 0);
        for (name, Work { changes: came, row, arrived_at }) in batch.works {
            if let Some(area) = tables.buried_in(&name)? {
                // In its own place it is gone with the rest; in another it is none of that tombstone's business.
                for change in came.into_iter().filter(|change| change.origin.space.area != area) {
                    let device = change.origin.device.to_string();
                    tables.put_refused(&name, &device, Reason::Elsewhere, &change.payload, arrived_at)?;
                    merged.refused += 1;
                }
                continue;
            }
            let mut changes = tables.take_pending(&name)?;
            changes.extend(came);
            let task = Task { name, stored: tables.stored(&name)?, changes, row, arrived_at };
            len += task.len();
            group.push(task);
            if group.len() >= GROUP_DOCUMENTS || len >= GROUP_LEN {
                self.merge_group(tables, std::mem::take(&mut group), merged)?;
                len = 0;
            }
        }
        self.merge_group(tables, group, merged)?;
        batch.said.keep(tables, self.log(), self.county(), clock::now())
    }

    /// The hub that speaks for the county to this installation.
    fn county(&self) -> Option<DeviceId> {
        self.inner.card.hub_key().map(|key| DeviceId::of(&key))
    }

    fn merge_group(&self, tables: &Tables, group: Vec<Task>, merged: &mut Merged) -> Result<(), LedgerError> {
        let county = self.county();
        for outcome in in_parallel(group, |task| task.carry_out(self.codebook(), county)) {
            let Outcome { name, admitted, gives_way, grown, pending, refused, row, arrived_at } = outcome;
            merged.changes += admitted;
            merged.pending += pending.len() as u64;
            merged.refused += refused.len() as u64;
            for change in pending.iter().filter(|_| !planted::is(Bug::PendingDropped)) {
                tables.put_pending(&name, change)?;
            }
            for (Incoming { origin, payload, .. }, reason) in &refused {
                tables.put_refused(&name, &origin.device.to_string(), *reason, payload, arrived_at)?;
            }
            if gives_way {
                tables.give_way(&name)?;
            }
            if let Some(grown) = grown {
                tables.keep(&name, &grown, row, arrived_at)?;
            }
        }
        Ok(())
    }
}

/// Carries out work in a transaction; a failure, or a panic, leaves everything as it was.
pub(crate) fn transaction<T>(tables: &Tables, work: impl FnOnce() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    let transaction = Transaction::new_unchecked(&tables.db, TransactionBehavior::Immediate)?;
    let done = work()?;
    transaction.commit()?;
    Ok(done)
}

impl Task {
    /// About how much memory it takes.
    fn len(&self) -> usize {
        let snapshot = self.stored.as_ref().map_or(0, |(_, snapshot)| snapshot.len());
        snapshot + self.changes.iter().map(|change| change.payload.len()).sum::<usize>()
    }

    /// Lets the changes into the document and reads what the tables are to tell of it. Needs no database.
    fn carry_out(self, codebook: &Codebook, county: Option<DeviceId>) -> Outcome {
        let Self { name, stored, changes: mut left, row, arrived_at } = self;
        let mut outcome = Outcome {
            name,
            admitted: 0,
            gives_way: false,
            grown: None,
            pending: Vec::new(),
            refused: Vec::new(),
            row,
            arrived_at,
        };
        let stands = stored.as_ref().map(|(space, _)| space.clone());
        let Some(first) = stands.clone().or_else(|| left.first().map(|change| change.origin.space.clone())) else {
            return outcome;
        };
        let mut stored = stored.map(|(_, snapshot)| load(&name, &snapshot));
        // What never enters takes no name, so each space is tried until a document has come of one.
        for space in homes(&left, &first, stands.is_some(), county) {
            let (here, elsewhere) = left.into_iter().partition(|change| change.origin.space == space);
            left = elsewhere;
            let is_stored = stands.as_ref() == Some(&space);
            let document = if is_stored { stored.take() } else { None };
            outcome.let_in(codebook, &space, document.unwrap_or_else(Document::empty), here);
            if is_stored || outcome.grown.is_some() {
                outcome.gives_way = stands.is_some() && !is_stored;
                break;
            }
        }
        if outcome.gives_way {
            warn!(document = %name, "What stood under a name of the county's gives way to what the county wrote");
        }
        outcome.refused.extend(left.into_iter().map(|change| (change, Reason::Elsewhere)));
        outcome
    }
}

/// The spaces in which the document of these changes may come to live, the one with the best right first. `is_here` says that
/// it lives in the `first` one now: then it leaves that to who may take the name, and to nobody else.
fn homes(changes: &[Incoming], first: &Space, is_here: bool, county: Option<DeviceId>) -> Vec<Space> {
    let origins = || changes.iter().map(|change| &change.origin);
    let mut homes: Vec<Space> = Vec::new();
    let mut add = |space: &Space| {
        if !homes.contains(space) {
            homes.push(space.clone());
        }
    };
    origins().filter(|origin| may_take_from(origin, first, county)).for_each(|origin| add(&origin.space));
    add(first);
    if !is_here {
        origins().for_each(|origin| add(&origin.space));
    }
    homes
}

/// Whether what this one writes takes the name from what stands in `space`. Only hubs write in public, and nobody takes a
/// name from the county, wherever that is; a hub beneath it has no business in another's area.
fn may_take_from(Origin { device, space: own, .. }: &Origin, space: &Space, county: Option<DeviceId>) -> bool {
    let is_public = |space: &Space| space.audience == Audience::Public;
    is_public(own) && !is_public(space) && (Some(*device) == county || own.area.covers(&space.area))
}

impl Outcome {
    /// Lets changes of one space into the document that lives there.
    fn let_in(&mut self, codebook: &Codebook, home: &Space, mut document: Document, here: Vec<Incoming>) {
        let offers: Vec<Offer<'_>> = here
            .iter()
            .map(|Incoming { origin, at, payload }| Offer { actor: origin.actor, at: *at, payload })
            .collect();
        let Admission { verdicts, grown } =
            gate::admit_and_read(&mut document, &offers, |document| Told::of(codebook, home.audience, document));
        drop(offers);
        let mut waiting_len = self.pending.iter().map(|change| change.payload.len()).sum::<usize>();
        for (change, verdict) in here.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Admitted => self.admitted += 1,
                Verdict::Known => {}
                Verdict::Pending => {
                    waiting_len += change.payload.len();
                    if self.pending.len() < PENDING_MAX && waiting_len <= PENDING_LEN_MAX {
                        self.pending.push(change);
                    } else {
                        self.refused.push((change, Reason::Crowded));
                    }
                }
                Verdict::Refused(refusal) => {
                    let (document, device) = (self.name, change.origin.device);
                    warn!(%document, %device, reason = %refusal, "The gate refused a change");
                    self.refused.push((change, Reason::from(&refusal)));
                }
            }
        }
        let space = home.clone();
        self.grown = grown.map(|(snapshot, told)| Grown { kind: document.kind(), space, snapshot, told });
    }
}

/// A damaged snapshot counts as missing: the log still has everything.
fn load(name: &DocId, snapshot: &[u8]) -> Document {
    Document::load(snapshot).unwrap_or_else(|failure| {
        error!(document = %name, error = %failure, "A snapshot cannot be read; `rebuild` makes the tables anew");
        Document::empty()
    })
}
