//! Reviews in the register: who looked at what a device brought after it was struck off, and how much that was.

use std::collections::BTreeMap;

use civic_core::{id::DocId, time::UnixSeconds};
use rusqlite::params;

use super::{Register, RegisterError};

/// One look at what came late of one opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Entries that were there to be looked at.
    pub count: u64,
    /// By whom, as people name them.
    pub by: String,
    /// When.
    pub at: UnixSeconds,
}

/// Reviews by the key of the device and the opinion.
pub type Reviews = BTreeMap<([u8; 32], DocId), Review>;

impl Register {
    /// Every review.
    pub fn reviews(&self) -> Result<Reviews, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached("SELECT public_key, doc, count, by, at FROM review")?;
        let rows = query.query_map([], |row| {
            let review = Review { count: row.get(2)?, by: row.get(3)?, at: UnixSeconds(row.get(4)?) };
            Ok(((row.get(0)?, DocId::new(row.get(1)?)), review))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that `by` looked at `count` entries of the opinion that this device brought late. A later look takes the place
    /// of an earlier one; the audit log has both.
    pub fn note_review(
        &self,
        public_key: &[u8; 32],
        opinion: &DocId,
        count: u64,
        by: &str,
    ) -> Result<(), RegisterError> {
        let sql = "INSERT INTO review (public_key, doc, count, by, at) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (public_key, doc) DO UPDATE SET count = excluded.count, by = excluded.by, at = excluded.at";
        self.db().execute(sql, params![public_key, opinion.as_bytes(), count, by, (self.clock)().0])?;
        Ok(())
    }
}
