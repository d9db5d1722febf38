//! Letting go of what the hub has in a backup, and asking for it again.
//!
//! How long it is there already is counted by the hub's receipts alone, from the one that first said so on. A device's own clock
//! begins in 1970 where it has no battery, and nothing may go because of it. A hub's may jump, too: each receipt counts the
//! time on by no more than [`STEP_S`], and never beyond what it says itself.
//!
//! The tables above the log hold what it let go. Where they are lost, they are made anew from what is left, and the rest is
//! missed. A feed that is missed goes on being let go in its time; once nothing of it is here any more, it counts as never
//! heard of. The next meeting then finds that the hub holds a feed of ours that we do not, and brings it from its
//! beginning, as to a card that was put back. So nothing that is here alone ever goes.

use civic_core::{
    codec::Reader,
    id::Incarnation,
    planted::{self, Bug},
    time::UnixSeconds,
};
use rusqlite::{Connection, params};
use sync_core::receipt::{Level, Receipt};

use super::{FEED_COLUMNS, FeedRow, SqliteStore, feed_row, refusal};
use crate::store::{Author, StoreError};

/// How much time passes at most between two receipts, 7 days. A device that hears less often keeps what it has for longer.
const STEP_S: i64 = 7 * 86_400;

impl SqliteStore {
    /// See [`crate::store::Store::prune`].
    pub(super) fn let_go(&self, author: &Author, before: UnixSeconds, row: i64) -> Result<u64, StoreError> {
        let runs: Vec<(i64, i64, u64, u64, [u8; 32])> = {
            let mut query = self
                .db
                .prepare(
                    "SELECT run.id, feed.id, run.count, run.first + run.count - 1, run.head
                     FROM run JOIN feed ON feed.id = run.feed
                     WHERE (feed.public_key = ?1 OR feed.is_missed)
                     AND run.first + run.count - 1 <= max(
                         coalesce((SELECT max(mark.length) FROM kept_since AS mark
                                   WHERE mark.feed = feed.id AND mark.at <= ?2), 0),
                         ?3 * feed.receipted)
                     AND run.id <= ?4
                     ORDER BY feed.id, run.first",
                )
                .map_err(refusal)?;
            let own = author.key.verifying_key().to_bytes();
            let rows = query.query_map(params![own, before.0, planted::is(Bug::PruneOnReceived), row], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            });
            rows.map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?
        };
        let mut pruned = 0;
        for (run, feed, count, last, head) in runs {
            // From the front only: what is let go is always the beginning of a feed.
            let moved = self
                .db
                .prepare_cached("UPDATE feed SET pruned = ?2, pruned_head = ?3 WHERE id = ?1 AND pruned = ?2 - ?4")
                .and_then(|mut update| update.execute(params![feed, last, head, count]))
                .map_err(refusal)?;
            if moved == 1 {
                self.db.execute("DELETE FROM run WHERE id = ?1", params![run]).map_err(refusal)?;
                pruned += count;
            }
        }
        self.forget_marks(before)?;
        Ok(pruned)
    }

    /// Forgets of each feed what a mark that says more says as well, for as long.
    fn forget_marks(&self, before: UnixSeconds) -> Result<(), StoreError> {
        let sql = "DELETE FROM kept_since AS mark WHERE length <
                   (SELECT max(length) FROM kept_since AS more WHERE more.feed = mark.feed AND more.at <= ?1)";
        self.db.execute(sql, params![before.0]).map(drop).map_err(refusal)
    }

    /// Notes since when, in counted time, so much of a feed is kept; a hub lets go of nothing.
    pub(super) fn note_kept(&self, feed: i64, length: u64, at: UnixSeconds) -> Result<(), StoreError> {
        if self.is_hub {
            return Ok(());
        }
        note_kept(&self.db, feed, length, at).map_err(refusal)
    }

    /// See [`crate::store::Log::heard_at`].
    pub fn heard_at(&self) -> Result<Option<UnixSeconds>, StoreError> {
        let at: Option<i64> = self.db.query_row("SELECT heard_at FROM log", [], |row| row.get(0)).map_err(refusal)?;
        Ok(at.map(UnixSeconds))
    }

    /// Counts the time on to a receipt that says it is `at`; returns how far.
    pub(super) fn count_on(&self, at: UnixSeconds) -> Result<UnixSeconds, StoreError> {
        let before: (Option<i64>, Option<i64>) = self
            .db
            .prepare_cached("SELECT heard_at, told_at FROM log")
            .and_then(|mut query| query.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(refusal)?;
        let counted = match before {
            (Some(counted), Some(told)) => step(counted, told, at.0),
            (Some(_) | None, None) | (None, Some(_)) => at.0,
        };
        self.db
            .prepare_cached("UPDATE log SET heard_at = ?1, told_at = ?2 WHERE told_at IS NOT ?2")
            .and_then(|mut update| update.execute(params![counted, at.0]))
            .map_err(refusal)?;
        Ok(UnixSeconds(counted))
    }

    /// See [`crate::store::Log::miss`].
    pub fn miss(&self) -> Result<(), StoreError> {
        if planted::is(Bug::NeverMissed) {
            return Ok(());
        }
        self.db.execute("UPDATE feed SET is_missed = 1 WHERE pruned > 0", []).map(drop).map_err(refusal)
    }

    /// See [`crate::store::Store::forget_missed`].
    pub(super) fn forget(&mut self, living: &[Incarnation]) -> Result<(), StoreError> {
        let gone: Vec<FeedRow> = {
            let sql = format!("SELECT {FEED_COLUMNS} FROM feed WHERE is_missed AND pruned = length");
            let mut query = self.db.prepare(&sql).map_err(refusal)?;
            query.query_map([], feed_row).map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?
        };
        // Whoever lives still writes: behind what the hub has, and not from one on.
        for FeedRow { id, held, .. } in gone.into_iter().filter(|row| !living.contains(&row.held.feed.incarnation)) {
            self.db
                .execute(
                    "UPDATE feed SET length = 0, head = ?2, row = 0, pruned = 0, pruned_head = ?2, is_missed = 0
                     WHERE id = ?1",
                    params![id, held.feed.genesis().head],
                )
                .map_err(refusal)?;
            self.changed.insert(id);
        }
        Ok(())
    }
}

/// How far the time is `counted` on by a receipt of `at` when the one before was of `told`. A clock that went ahead for a while
/// brings nothing nearer than a step; one that was behind, or an old receipt on a stick, counts no day twice.
fn step(counted: i64, told: i64, at: i64) -> i64 {
    let passed = at.saturating_sub(told).clamp(0, STEP_S);
    at.min(counted.saturating_add(passed)).max(counted)
}

fn note_kept(db: &Connection, feed: i64, length: u64, at: UnixSeconds) -> Result<(), rusqlite::Error> {
    db.prepare_cached("INSERT INTO kept_since (feed, length, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![feed, length, at.0])
        .map(drop)
}

/// Of what is kept already the newest receipts tell since when, as far as this program looked for it.
pub(super) fn note_receipts(db: &Connection) -> Result<(), StoreError> {
    let receipts: Vec<(i64, Vec<u8>)> = {
        let mut query = db.prepare("SELECT feed, signed FROM receipt WHERE level = ?1").map_err(refusal)?;
        let rows = query.query_map(params![Level::Kept.number()], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?
    };
    for (feed, signed) in receipts {
        // What cannot be read says nothing: it waits for the next.
        if let Ok(receipt) = Receipt::read(&mut Reader::new(&signed)) {
            note_kept(db, feed, receipt.extent.length, receipt.at).map_err(refusal)?;
        }
    }
    Ok(())
}
