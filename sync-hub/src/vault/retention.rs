//! Retention 保存期限: what is kept for how long, and what goes when its time is over.
//!
//! The time runs from when this hub saw that the opinion was closed; an opinion that opens again stops it. It is counted by
//! the hub in steps of at most [`STEP_S`]: a clock that jumps to another year, as one with an empty battery does, brings no
//! erasure nearer than that. A hub that was off for longer keeps what it has for as much longer.

use std::collections::BTreeMap;

use civic_core::{
    detail::{Detail, Keep},
    id::DocId,
    time::UnixSeconds,
};
use ledger::{Ledger, LedgerError};
use rusqlite::{OptionalExtension, params};

use super::{ITEM_COLUMNS, Item, Vault, VaultError, item};

const DAY_S: i64 = 24 * 3_600;
/// How much time passes at most between two passes.
pub const STEP_S: i64 = 7 * DAY_S;
/// Things that are looked at together.
const BATCH: usize = 500;
/// Things that are told of at once.
pub(super) const SHOWN_MAX: usize = 200;
/// Things that are walked through for them, where an operator may read few of a county's.
pub(super) const WALKED_MAX: usize = 20_000;

/// Something that will be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coming {
    /// What.
    pub item: Item,
    /// When, if the opinion stays closed.
    pub at: UnixSeconds,
}

/// What lies in the vault of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// How many things.
    pub count: u64,
    /// Of these, how many whose time runs.
    pub running: u64,
}

/// The first of these that are to be told.
pub(super) fn told<T>(all: Vec<T>, is_told: impl Fn(&T) -> Result<bool, LedgerError>) -> Result<Vec<T>, LedgerError> {
    let told = all.into_iter().take(WALKED_MAX).filter_map(|one| match is_told(&one) {
        Ok(true) => Some(Ok(one)),
        Ok(false) => None,
        Err(failure) => Some(Err(failure)),
    });
    told.take(SHOWN_MAX).collect()
}

impl Vault {
    /// Everything whose time is over, for [`Vault::expire`]. To be asked at every pass: it counts the time on.
    pub fn due(&self, ledger: &Ledger, now: UnixSeconds) -> Result<Vec<Item>, VaultError> {
        self.finish_erasing()?;
        self.forget_requests(now)?;
        self.forget_loans(now)?;
        let counted = self.count_on(now)?;
        let keep = &ledger.codebook().details.keep;
        let (mut after, mut due) = (0, Vec::new());
        loop {
            let batch = self.batch(after)?;
            let Some((last, _)) = batch.last() else { return Ok(due) };
            after = *last;
            for (_, item) in batch {
                let since = self.since(ledger, &item.doc, counted)?;
                if since.is_some_and(|since| keep.until(item.detail, since) <= counted) {
                    due.push(item);
                }
            }
        }
    }

    /// Records beside which something lies that another hub opens, or nobody, once every kind has had its time. To be asked
    /// after [`Vault::due`], which counts the time on.
    pub fn due_unread(&self, ledger: &Ledger) -> Result<Vec<DocId>, VaultError> {
        let Some((counted, _)) = self.counted()? else { return Ok(Vec::new()) };
        let kept_s = i64::from(ledger.codebook().details.keep.longest()) * DAY_S;
        let docs: Vec<DocId> = {
            let shelf = self.shelf();
            let mut query = shelf.prepare_cached("SELECT DISTINCT doc FROM unreadable")?;
            let rows = query.query_map([], |row| row.get(0).map(DocId::new))?;
            rows.collect::<Result<_, _>>()?
        };
        let mut due = Vec::new();
        for doc in docs {
            if self.since(ledger, &doc, counted)?.is_some_and(|since| counted.0 - since.0 >= kept_s) {
                due.push(doc);
            }
        }
        Ok(due)
    }

    /// What will be erased next, as far as it is known, soonest first; of these records alone.
    pub fn coming(
        &self,
        keep: &Keep,
        now: UnixSeconds,
        is_told: impl Fn(&DocId) -> Result<bool, LedgerError>,
    ) -> Result<Vec<Coming>, VaultError> {
        let counted = self
            .counted()?
            .map_or(now, |(counted, seen_at)| UnixSeconds(counted.0 + (now.0 - seen_at.0).clamp(0, STEP_S)));
        let mut all = Vec::new();
        for (item, since) in self.running()? {
            let left = keep.until(item.detail, since).0 - counted.0;
            all.push(Coming { item, at: UnixSeconds(now.0 + left.max(0)) });
        }
        all.sort_by_key(|coming| (coming.at, coming.item.name));
        Ok(told(all, |coming| is_told(&coming.item.doc))?)
    }

    /// How much of each kind lies here.
    pub fn stock(&self) -> Result<BTreeMap<Detail, Stock>, VaultError> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(
            "SELECT detail, count(*), count(since.doc) FROM item LEFT JOIN since ON since.doc = item.doc GROUP BY detail",
        )?;
        let rows = query.query_map([], |row| {
            Ok((Detail::from_number(row.get(0)?), Stock { count: row.get(1)?, running: row.get(2)? }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the time of this record's details began to run, in counted time; `None` while it does not run. Takes note.
    fn since(&self, ledger: &Ledger, doc: &DocId, counted: UnixSeconds) -> Result<Option<UnixSeconds>, VaultError> {
        let runs = ledger.home_of(doc)?.is_none_or(|home| home.is_closed);
        let shelf = self.shelf();
        if !runs {
            shelf.prepare_cached("DELETE FROM since WHERE doc = ?1")?.execute(params![doc.as_bytes()])?;
            return Ok(None);
        }
        shelf
            .prepare_cached("INSERT INTO since (doc, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![doc.as_bytes(), counted.0])?;
        let mut query = shelf.prepare_cached("SELECT at FROM since WHERE doc = ?1")?;
        Ok(query.query_row(params![doc.as_bytes()], |row| row.get(0)).optional()?.map(UnixSeconds))
    }

    /// Counts on to `now`; returns how far.
    fn count_on(&self, now: UnixSeconds) -> Result<UnixSeconds, VaultError> {
        let counted = match self.counted()? {
            None => now,
            Some((counted, seen_at)) => UnixSeconds(counted.0 + (now.0 - seen_at.0).clamp(0, STEP_S)),
        };
        self.shelf().execute(
            "INSERT INTO clock (id, counted, seen_at) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE SET counted = excluded.counted, seen_at = excluded.seen_at",
            params![counted.0, now.0],
        )?;
        Ok(counted)
    }

    /// How far it was counted, and what the clock said then.
    fn counted(&self) -> Result<Option<(UnixSeconds, UnixSeconds)>, VaultError> {
        let found = self.shelf().query_row("SELECT counted, seen_at FROM clock", [], |row| {
            Ok((UnixSeconds(row.get(0)?), UnixSeconds(row.get(1)?)))
        });
        Ok(found.optional()?)
    }

    fn batch(&self, after: i64) -> Result<Vec<(i64, Item)>, VaultError> {
        let shelf = self.shelf();
        let sql = format!("SELECT {ITEM_COLUMNS}, id FROM item WHERE id > ?1 ORDER BY id LIMIT {BATCH}");
        let mut query = shelf.prepare_cached(&sql)?;
        let rows = query.query_map(params![after], |row| Ok((row.get(5)?, item(row)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn running(&self) -> Result<Vec<(Item, UnixSeconds)>, VaultError> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(
            "SELECT name, item.doc, detail, arrived_at, length, since.at FROM item JOIN since ON since.doc = item.doc",
        )?;
        let rows = query.query_map([], |row| Ok((item(row)?, UnixSeconds(row.get(5)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
