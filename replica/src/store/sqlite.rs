//! The log in SQLite: WAL, `synchronous=FULL`, strict tables, migrations that are never edited.

use std::path::Path;

use civic_core::{
    area::Area,
    id::{DocId, Incarnation, hex},
    space::{Audience, Space},
    time::UnixSeconds,
};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use sync_core::{
    feed::{Extent, Feed, FeedId},
    receipt::{Level, Receipt},
    run::{Entry, Packing, Run, pieces},
    session::{Held, StoredAs},
};

use super::{Accepted, Apart, Arrived, Author, Counts, NewEntry, QUARANTINE_MAX, SetApart, Store, StoreError};

/// Every migration, oldest first; `user_version` counts those applied.
const MIGRATIONS: [&str; 1] = [include_str!("0001_init.sql")];
/// How long a connection waits for another before it gives up.
const BUSY_MS: u32 = 10_000;
/// About how much of a feed is read at once.
const PIECE_LEN: usize = 512 * 1024;

/// One connection.
pub struct SqliteStore {
    db: Connection,
}

/// A feed's row.
struct FeedRow {
    id: i64,
    feed: Feed,
    extent: Extent,
    receipted: u64,
}

impl SqliteStore {
    /// Opens the database, makes it if it is missing and brings it up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut db = Connection::open(path).map_err(refusal)?;
        db.execute_batch(&format!(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;
             PRAGMA busy_timeout={BUSY_MS};"
        ))
        .map_err(refusal)?;
        let applied: usize = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(refusal)?;
        for (number, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
            let tx = db.transaction().map_err(refusal)?;
            tx.execute_batch(migration).map_err(refusal)?;
            tx.pragma_update(None, "user_version", number + 1).map_err(refusal)?;
            tx.commit().map_err(refusal)?;
        }
        Ok(Self { db })
    }

    /// See [`super::Log::held`].
    pub fn held(&self) -> Result<Vec<Held>, StoreError> {
        let mut query = self.db.prepare_cached(&format!("SELECT {FEED_COLUMNS} FROM feed")).map_err(refusal)?;
        let rows = query.query_map([], feed_row).map_err(refusal)?;
        rows.map(|row| row.map(|row| Held { feed: row.feed, extent: row.extent, receipted: row.receipted }))
            .collect::<Result<_, _>>()
            .map_err(refusal)
    }

    /// See [`super::Log::runs_after`].
    pub fn runs_after(&self, feed: &FeedId, from: u64) -> Result<Vec<Run>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(
                "SELECT run.first, run.count, run.packing, run.body, run.signature FROM run JOIN feed ON feed.id = run.feed
                 WHERE feed.name = ?1 AND run.first + run.count - 1 > ?2 ORDER BY run.first",
            )
            .map_err(refusal)?;
        let mut rows = query.query(params![feed.0, from]).map_err(refusal)?;
        let (mut runs, mut len) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(refusal)? {
            let run = run_of(*feed, row, 0).map_err(refusal)?;
            len += run.body.len();
            runs.push(run);
            if len >= PIECE_LEN {
                break;
            }
        }
        Ok(runs)
    }

    /// See [`super::Log::arrived_after`].
    pub fn arrived_after(&self, row: i64, limit: usize) -> Result<Vec<Arrived>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(&format!(
                "SELECT {FEED_COLUMNS}, run.id, run.at, run.first, run.count, run.packing, run.body, run.signature
                 FROM run JOIN feed ON feed.id = run.feed WHERE run.id > ?1 ORDER BY run.id LIMIT ?2"
            ))
            .map_err(refusal)?;
        let rows = query
            .query_map(params![row, limit], |row| {
                let feed = feed_row(row)?.feed;
                Ok(Arrived { row: row.get(9)?, at: UnixSeconds(row.get(10)?), run: run_of(feed.id(), row, 11)?, feed })
            })
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`super::Log::newest_row`].
    pub fn newest_row(&self) -> Result<i64, StoreError> {
        self.db.query_row("SELECT coalesce(max(id), 0) FROM run", [], |row| row.get(0)).map_err(refusal)
    }

    /// See [`super::Log::counts`].
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let (all, received): (u64, u64) = self
            .db
            .query_row(
                "SELECT count(*), coalesce(sum(done), 0) FROM
                 (SELECT min(own.last <= feed.receipted) AS done FROM own JOIN feed ON feed.id = own.feed GROUP BY own.doc)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(refusal)?;
        let last: i64 = self
            .db
            .query_row("SELECT coalesce(max(receipted_at), 0) FROM feed", [], |row| row.get(0))
            .map_err(refusal)?;
        let last_receipt = (last > 0).then_some(UnixSeconds(last));
        Ok(Counts { here: all - received, on_road: 0, received, last_receipt })
    }

    /// See [`super::Log::is_received`].
    pub fn is_received(&self, doc: &DocId) -> Result<Option<bool>, StoreError> {
        self.db
            .query_row(
                "SELECT min(own.last <= feed.receipted) FROM own JOIN feed ON feed.id = own.feed WHERE own.doc = ?1",
                params![doc.as_bytes()],
                |row| row.get(0),
            )
            .map_err(refusal)
    }

    /// See [`super::Log::apart`].
    pub fn apart(&self, limit: usize) -> Result<Vec<Apart>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT at, device, feed, first, reason FROM quarantine ORDER BY id DESC LIMIT ?1")
            .map_err(refusal)?;
        let rows = query
            .query_map(params![limit], |row| {
                let feed: Vec<u8> = row.get(2)?;
                Ok(Apart {
                    at: UnixSeconds(row.get(0)?),
                    device: row.get(1)?,
                    feed: hex(&feed),
                    first: row.get(3)?,
                    reason: row.get(4)?,
                })
            })
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`super::Log::verify`].
    pub fn verify(&self) -> Result<Result<u64, String>, StoreError> {
        let sound: String = self.db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(refusal)?;
        if sound != "ok" {
            return Ok(Err(format!("the database file is damaged: {sound}")));
        }
        let mut entries = 0;
        for held in self.held()? {
            let id = held.feed.id();
            let mut extent = held.feed.genesis();
            loop {
                let runs = self.runs_after(&id, extent.length)?;
                if runs.is_empty() {
                    break;
                }
                for run in runs {
                    match run.verify(&held.feed, &extent) {
                        Ok((_, end)) => extent = end,
                        Err(bad) => return Ok(Err(format!("feed {id} from entry {}: {bad}", run.first))),
                    }
                }
            }
            if extent != held.extent {
                return Ok(Err(format!(
                    "feed {id} should have {} entries and has {}",
                    held.extent.length, extent.length
                )));
            }
            entries += extent.length;
        }
        Ok(Ok(entries))
    }

    /// Makes the disk as full as it is now, as far as SQLite is concerned.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self) {
        let pages: i64 = self.db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        self.db.pragma_update(None, "max_page_count", pages + 4).unwrap();
    }

    fn feed(&self, feed: &Feed) -> Result<FeedRow, StoreError> {
        let name = feed.id();
        let select = format!("SELECT {FEED_COLUMNS} FROM feed WHERE name = ?1");
        let mut query = self.db.prepare_cached(&select).map_err(refusal)?;
        if let Some(row) = query.query_row(params![name.0], feed_row).optional().map_err(refusal)? {
            return Ok(row);
        }
        self.db
            .prepare_cached(
                "INSERT INTO feed (name, public_key, incarnation, area, audience, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    name.0,
                    feed.public_key,
                    feed.incarnation.as_bytes(),
                    feed.space.area.code(),
                    feed.space.audience.number(),
                    feed.genesis().head,
                ])
            })
            .map_err(refusal)?;
        query.query_row(params![name.0], feed_row).map_err(refusal)
    }

    fn insert_run(&self, feed: i64, run: &Run, extent: &Extent, now: UnixSeconds) -> Result<i64, StoreError> {
        let packing = match run.packing {
            Packing::Plain => 0,
            Packing::Zstd => 1,
        };
        self.db
            .prepare_cached(
                "INSERT INTO run (feed, first, count, packing, body, signature, head, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    feed,
                    run.first,
                    run.count,
                    packing,
                    run.body,
                    run.signature,
                    extent.head,
                    now.0
                ])
            })
            .map_err(refusal)?;
        let row = self.db.last_insert_rowid();
        self.db
            .prepare_cached("UPDATE feed SET length = ?2, head = ?3 WHERE id = ?1")
            .and_then(|mut update| update.execute(params![feed, extent.length, extent.head]))
            .map_err(refusal)?;
        Ok(row)
    }

    fn accept_one(&mut self, feed: &Feed, run: &Run, now: UnixSeconds) -> Result<StoredAs, StoreError> {
        let row = self.feed(feed)?;
        if run.first > row.extent.length + 1 {
            return Ok(StoredAs::Gap(row.extent.length));
        }
        if run.first <= row.extent.length {
            let known: Option<Vec<u8>> = self
                .db
                .prepare_cached("SELECT signature FROM run WHERE feed = ?1 AND first = ?2")
                .and_then(|mut query| query.query_row(params![row.id, run.first], |row| row.get(0)).optional())
                .map_err(refusal)?;
            if known.as_deref() == Some(&run.signature) {
                return Ok(StoredAs::Known(row.extent));
            }
            return self.refuse(
                feed,
                run,
                "a different entry with this number is here already: two devices write one feed",
                now,
            );
        }
        match run.verify(feed, &row.extent) {
            Ok((_, extent)) => {
                self.insert_run(row.id, run, &extent, now)?;
                Ok(StoredAs::Accepted(extent))
            }
            Err(bad) => self.refuse(feed, run, &bad.to_string(), now),
        }
    }

    fn refuse(&mut self, feed: &Feed, run: &Run, reason: &str, now: UnixSeconds) -> Result<StoredAs, StoreError> {
        let apart = SetApart {
            feed: feed.id(),
            device: Some(feed.device()),
            first: run.first,
            reason: reason.to_owned(),
            run: Some(run.clone()),
        };
        self.set_apart(&apart, now)?;
        Ok(StoredAs::Refused(apart.reason))
    }
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(refusal)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.db.execute_batch("COMMIT").map_err(refusal)
    }

    fn rollback(&mut self) {
        // SQLite may have rolled back by itself, as it does when the disk is full.
        if !self.db.is_autocommit() {
            let _ = self.db.execute_batch("ROLLBACK");
        }
    }

    fn append(&mut self, author: &Author, entries: &[NewEntry], now: UnixSeconds) -> Result<i64, StoreError> {
        let mut newest = 0;
        let mut spaces: Vec<&Space> = entries.iter().map(|entry| &entry.space).collect();
        spaces.sort();
        spaces.dedup();
        for space in spaces {
            let feed = author.feed(space);
            let row = self.feed(&feed)?;
            let mine: Vec<Entry> = entries
                .iter()
                .filter(|entry| entry.space == *space)
                .map(|entry| Entry {
                    doc: entry.doc,
                    kind: entry.kind,
                    at: entry.at,
                    payload: entry.payload.clone(),
                    is_erased: false,
                })
                .collect();
            let mut extent = row.extent;
            for piece in pieces(&mine) {
                let (run, end) = Run::sign(&feed, &extent, piece, &author.key);
                newest = self.insert_run(row.id, &run, &end, now)?;
                let mut own = self
                    .db
                    .prepare_cached(
                        "INSERT INTO own (doc, feed, last) VALUES (?1, ?2, ?3)
                         ON CONFLICT (doc, feed) DO UPDATE SET last = excluded.last",
                    )
                    .map_err(refusal)?;
                for (entry, number) in piece.iter().zip(run.first..) {
                    own.execute(params![entry.doc.as_bytes(), row.id, number]).map_err(refusal)?;
                }
                extent = end;
            }
        }
        Ok(newest)
    }

    fn accept(&mut self, runs: &[(Feed, Run)], now: UnixSeconds) -> Result<Accepted, StoreError> {
        runs.iter().map(|(feed, run)| Ok((feed.id(), run.first, self.accept_one(feed, run, now)?))).collect()
    }

    fn keep(&mut self, receipts: &[Receipt]) -> Result<(), StoreError> {
        for receipt in receipts {
            // A receipt that names another hash speaks of another chain, and proves nothing of this one.
            let feed: Option<i64> = self
                .db
                .prepare_cached(
                    "SELECT feed.id FROM feed JOIN run ON run.feed = feed.id
                     WHERE feed.name = ?1 AND run.first + run.count - 1 = ?2 AND run.head = ?3",
                )
                .and_then(|mut query| {
                    let named = params![receipt.feed.0, receipt.extent.length, receipt.extent.head];
                    query.query_row(named, |row| row.get(0)).optional()
                })
                .map_err(refusal)?;
            let Some(feed) = feed else { continue };
            let mut signed = Vec::new();
            receipt.put(&mut signed);
            self.db
                .prepare_cached(
                    "INSERT INTO receipt (feed, level, signed) VALUES (?1, ?2, ?3)
                     ON CONFLICT (feed, level) DO UPDATE SET signed = excluded.signed",
                )
                .and_then(|mut insert| insert.execute(params![feed, receipt.level.number(), signed]))
                .map_err(refusal)?;
            if receipt.level == Level::Received {
                self.db
                    .prepare_cached(
                        "UPDATE feed SET receipted = max(receipted, ?2), receipted_at = max(receipted_at, ?3) WHERE id = ?1",
                    )
                    .and_then(|mut update| update.execute(params![feed, receipt.extent.length, receipt.at.0]))
                    .map_err(refusal)?;
            }
        }
        Ok(())
    }

    fn set_apart(&mut self, apart: &SetApart, now: UnixSeconds) -> Result<(), StoreError> {
        let SetApart { feed, device, first, reason, run } = apart;
        let bytes = run.as_ref().map(|run| {
            let mut bytes = Vec::new();
            run.put(&mut bytes);
            bytes
        });
        self.db
            .prepare_cached(
                "INSERT INTO quarantine (at, feed, device, first, reason, run)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM quarantine) < ?7
                 ON CONFLICT DO NOTHING",
            )
            .and_then(|mut insert| {
                let device = device.map(|device| device.to_string()).unwrap_or_default();
                insert.execute(params![now.0, feed.0, device, first, reason, bytes, QUARANTINE_MAX])
            })
            .map_err(refusal)?;
        Ok(())
    }
}

const FEED_COLUMNS: &str = "feed.id, feed.name, feed.public_key, feed.incarnation, feed.area, feed.audience, feed.length, \
                            feed.head, feed.receipted";

fn feed_row(row: &Row<'_>) -> rusqlite::Result<FeedRow> {
    let area: String = row.get(4)?;
    let unreadable = |column| rusqlite::Error::InvalidColumnType(column, "feed".into(), rusqlite::types::Type::Text);
    let space = Space {
        area: Area::parse(&area).ok_or_else(|| unreadable(4))?,
        audience: Audience::from_number(row.get(5)?).ok_or_else(|| unreadable(5))?,
    };
    let feed = Feed { public_key: row.get(2)?, incarnation: Incarnation::new(row.get(3)?), space };
    let extent = Extent { length: row.get(6)?, head: row.get(7)? };
    Ok(FeedRow { id: row.get(0)?, feed, extent, receipted: row.get(8)? })
}

fn run_of(feed: FeedId, row: &Row<'_>, from: usize) -> rusqlite::Result<Run> {
    Ok(Run {
        feed,
        first: row.get(from)?,
        count: row.get(from + 1)?,
        packing: if row.get::<_, i64>(from + 2)? == 0 { Packing::Plain } else { Packing::Zstd },
        body: row.get(from + 3)?,
        signature: row.get(from + 4)?,
    })
}

/// Sorts SQLite's errors by what a caller can do.
pub fn refusal(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error),
        Some(_) | None => StoreError::Failed(error),
    }
}
