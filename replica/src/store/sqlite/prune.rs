//! Letting go of what the hub has in a backup, and asking for it again.
//!
//! The tables above the log hold what it let go. Where they are lost, they are made anew from what is left, and the rest is
//! missed. A feed that is missed goes on being let go in its time; once nothing of it is here any more, it counts as never
//! heard of. The next meeting then finds that the hub holds a feed of ours that we do not, and brings it from its
//! beginning, as to a card that was put back. So nothing that is here alone ever goes.

use civic_core::{
    id::Incarnation,
    planted::{self, Bug},
    time::UnixSeconds,
};
use rusqlite::params;

use super::{FEED_COLUMNS, FeedRow, SqliteStore, feed_row, refusal};
use crate::store::{Author, StoreError};

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
                     AND run.first + run.count - 1 <= max(feed.kept, ?3 * feed.receipted)
                     AND run.at < ?2 AND run.id <= ?4
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
        Ok(pruned)
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
