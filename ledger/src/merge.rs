//! From the log to documents: in order, behind the sync path, restartable at any point.

use std::collections::BTreeMap;

use civic_core::{
    document::Document,
    gate::{self, Verdict},
    id::{Actor, DocId},
    space::{Audience, Space},
    time::UnixSeconds,
};
use replica::store::Arrived;
use sync_core::entry::EntryKind;
use tracing::{debug, warn};

use crate::{
    Ledger, LedgerError,
    tables::{Kept, Tables},
};

/// Runs that are read at once.
const BATCH_RUNS: usize = 200;
/// Entries after which a transaction is closed: so long, about half a second, may somebody wait who wants to write.
const BATCH_ENTRIES: u64 = 500;

/// What a pass over the log did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Runs read.
    pub runs: u64,
    /// Changes that entered a document.
    pub changes: u64,
    /// Changes that wait for an earlier one.
    pub pending: u64,
    /// Changes that the gate refused.
    pub refused: u64,
}

/// The changes of one document in a batch, in order.
struct Work {
    space: Space,
    changes: Vec<(Actor, String, Vec<u8>)>,
    row: i64,
    at: UnixSeconds,
}

impl Ledger {
    /// Merges what the log holds beyond the ledger. A batch and the note of how far it went are one transaction, so a
    /// kill at any point repeats nothing and loses nothing.
    pub fn catch_up(&self) -> Result<Merged, LedgerError> {
        let mut merged = Merged::default();
        // The writer is let go after each batch: a villager who files waits for one batch and not for a whole first sync.
        while self.merge_one(&mut self.writer(), &mut merged)? {}
        self.tell(&merged);
        Ok(merged)
    }

    pub(crate) fn catch_up_with(&self, tables: &mut Tables) -> Result<Merged, LedgerError> {
        let mut merged = Merged::default();
        while self.merge_one(tables, &mut merged)? {}
        self.tell(&merged);
        Ok(merged)
    }

    fn tell(&self, merged: &Merged) {
        if merged.runs > 0 {
            debug!(?merged, "Merged");
            self.inner.changed.send_modify(|changed| *changed += 1);
        }
    }

    /// Merges one batch in a transaction; `false` if there was none.
    fn merge_one(&self, tables: &mut Tables, merged: &mut Merged) -> Result<bool, LedgerError> {
        if tables.progress()? >= self.inner.log.newest_row() {
            return Ok(false);
        }
        tables.db.execute_batch("BEGIN IMMEDIATE")?;
        match self.merge_next(tables, merged) {
            Ok(()) => tables.db.execute_batch("COMMIT")?,
            Err(error) => {
                tables.db.execute_batch("ROLLBACK")?;
                return Err(error);
            }
        }
        Ok(true)
    }

    /// One batch. How far the ledger is, is read inside the transaction: another program may be looking at it too.
    fn merge_next(&self, tables: &Tables, merged: &mut Merged) -> Result<(), LedgerError> {
        let mut arrived = self.inner.log.arrived_after(tables.progress()?, BATCH_RUNS)?;
        let mut entries = 0;
        let whole = arrived.iter().take_while(|arrived| {
            let is_open = entries < BATCH_ENTRIES;
            entries += arrived.run.count;
            is_open
        });
        let whole = whole.count();
        arrived.truncate(whole);
        let Some(last) = arrived.last() else { return Ok(()) };
        merged.runs += arrived.len() as u64;
        self.merge_batch(tables, &arrived, merged)?;
        Ok(tables.set_progress(last.row)?)
    }

    fn merge_batch(&self, tables: &Tables, arrived: &[Arrived], merged: &mut Merged) -> Result<(), LedgerError> {
        let mut works: BTreeMap<DocId, Work> = BTreeMap::new();
        for Arrived { row, feed, run, at } in arrived {
            let (actor, device) = (feed.actor(), feed.device().to_string());
            let body = run.unpacked();
            let entries = match body.as_ref().map_err(|bad| *bad).and_then(|body| run.entries(body)) {
                Ok(entries) => entries,
                Err(bad) => {
                    warn!(%device, error = %bad, "A stored run cannot be read");
                    continue;
                }
            };
            for entry in entries.into_iter().filter(|entry| !entry.is_erased) {
                match entry.kind {
                    EntryKind::Change => {
                        let work = works.entry(entry.doc).or_insert_with(|| Work {
                            space: feed.space.clone(),
                            changes: Vec::new(),
                            row: *row,
                            at: *at,
                        });
                        work.row = *row;
                        if work.space == feed.space {
                            work.changes.push((actor, device.clone(), entry.payload.to_vec()));
                        } else {
                            merged.refused += 1;
                            let reason = format!("the document lives in {}, not in {}", work.space, feed.space);
                            tables.put_refused(&entry.doc, &device, &reason, entry.payload, *at)?;
                        }
                    }
                    EntryKind::Sealed if self.is_hub() && feed.space.audience == Audience::County => {
                        tables.put_sealed(&entry.doc, &feed.space.area, &device, entry.at, entry.payload)?;
                    }
                    // Not for this installation to open, known to the log itself, or of a newer program: the log keeps it.
                    EntryKind::Sealed | EntryKind::Attachment | EntryKind::Revoked | EntryKind::Unknown(_) => {}
                }
            }
        }
        for (name, work) in works {
            self.merge_document(tables, &name, work, merged)?;
        }
        Ok(())
    }

    fn merge_document(
        &self,
        tables: &Tables,
        name: &DocId,
        work: Work,
        merged: &mut Merged,
    ) -> Result<(), LedgerError> {
        let mut kept = match tables.document(name)? {
            Some(kept) => kept,
            None => Kept { space: work.space.clone(), document: Document::empty() },
        };
        if kept.space != work.space {
            let reason = format!("the document lives in {}, not in {}", kept.space, work.space);
            for (_, device, payload) in &work.changes {
                merged.refused += 1;
                tables.put_refused(name, device, &reason, payload, work.at)?;
            }
            return Ok(());
        }
        let mut waiting: Vec<(Actor, String, Vec<u8>)> =
            tables.take_pending(name)?.into_iter().map(|(actor, payload)| (actor, String::new(), payload)).collect();
        waiting.extend(work.changes);
        let mut has_grown = false;
        // What waited for a change of this very batch enters in the next round.
        loop {
            let offered: Vec<(Actor, &[u8])> =
                waiting.iter().map(|(actor, _, payload)| (*actor, payload.as_slice())).collect();
            let verdicts = gate::admit(&mut kept.document, &offered);
            let mut still = Vec::new();
            let mut admitted = 0;
            for ((actor, device, payload), verdict) in waiting.into_iter().zip(verdicts) {
                match verdict {
                    Verdict::Admitted => admitted += 1,
                    Verdict::Known => {}
                    Verdict::Pending => still.push((actor, device, payload)),
                    Verdict::Refused(refusal) => {
                        warn!(document = %name, device, reason = %refusal, "The gate refused a change");
                        merged.refused += 1;
                        tables.put_refused(name, &device, &refusal.to_string(), &payload, work.at)?;
                    }
                }
            }
            merged.changes += admitted;
            has_grown |= admitted > 0;
            waiting = still;
            if admitted == 0 || waiting.is_empty() {
                break;
            }
        }
        merged.pending += waiting.len() as u64;
        for (actor, _, payload) in &waiting {
            tables.put_pending(name, actor, payload)?;
        }
        if has_grown {
            tables.keep(&self.inner.codebook, name, &kept, work.row, work.at)?;
        }
        Ok(())
    }
}
