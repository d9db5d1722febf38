//! The log in SQLite: WAL, `synchronous=FULL`, strict tables, migrations that are never edited.

mod attachment;
pub mod durable;
mod erase;
mod prune;
mod read;
pub mod wipe;
mod write;

use std::{path::Path, sync::Arc};

use civic_core::{
    area::Area,
    id::Incarnation,
    planted::{self, Bug},
    space::{Audience, Space},
};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, config::DbConfig, params};
use sync_core::{
    catalog::Held,
    feed::{Extent, Feed, FeedId},
    pack::Packing,
    run::{BadRun, Run},
    tombstone::Tombstones,
};

use super::StoreError;
use crate::clock;

/// Every migration, oldest first.
const MIGRATIONS: [&str; 7] = [
    include_str!("0001_init.sql"),
    ATTACHMENTS,
    include_str!("0003_callers.sql"),
    TOMBSTONES,
    include_str!("0005_missed.sql"),
    KEPT_SINCE,
    include_str!("0007_counted.sql"),
];
const ATTACHMENTS: &str = include_str!("0002_attachments.sql");
const TOMBSTONES: &str = include_str!("0004_tombstones.sql");
const KEPT_SINCE: &str = include_str!("0006_kept_since.sql");
/// `user_version` before the first migration of [`MIGRATIONS`]: 1 was a form of the log that nobody keeps any more.
const VERSION_BEFORE: usize = 1;
/// How long a connection waits for another before it gives up.
const BUSY_MS: u32 = 10_000;
/// So much of the write-ahead log stays on the disk after a checkpoint.
pub const WAL_LEN_KEPT: u32 = 1024 * 1024;

/// One connection.
pub struct SqliteStore {
    db: Connection,
    /// Feeds that the open transaction changed, by their row.
    changed: std::collections::BTreeSet<i64>,
    /// Whose tombstones and epochs are believed.
    county: Option<[u8; 32]>,
    /// Whether this is the county's hub itself.
    is_hub: bool,
    tombstones: Arc<Tombstones>,
}

/// Keeps the plan of a prepared statement whatever is bound to it. Otherwise SQLite, as it is built here, plans a statement
/// with a range anew each time another value is bound, for statistics that no database of ours has.
pub fn keep_plans(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// A feed's row.
struct FeedRow {
    id: i64,
    held: Held,
    pruned: Extent,
}

impl SqliteStore {
    /// Opens the database, makes it if it is missing and brings it up to date. `county` is the key of the hub whose word
    /// counts; `is_hub` says that this is its own log.
    pub fn open(path: &Path, county: Option<[u8; 32]>, is_hub: bool) -> Result<Self, StoreError> {
        let mut db = Connection::open(path).map_err(refusal)?;
        keep_plans(&db).map_err(refusal)?;
        db.execute_batch(&format!(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;
             PRAGMA busy_timeout={BUSY_MS}; PRAGMA journal_size_limit={WAL_LEN_KEPT};"
        ))
        .map_err(refusal)?;
        if planted::is(Bug::SyncOff) || planted::is(Bug::SyncNormal) {
            let far = if planted::is(Bug::SyncOff) { "OFF" } else { "NORMAL" };
            db.execute_batch(&format!("PRAGMA synchronous={far};")).map_err(refusal)?;
        }
        let version: usize = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(refusal)?;
        let applied = match version.checked_sub(VERSION_BEFORE) {
            None => 0,
            Some(applied @ 1..=MIGRATIONS_MAX) => applied,
            Some(_) => return Err(StoreError::Version(version)),
        };
        for (number, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
            let tx = db.transaction().map_err(refusal)?;
            tx.execute_batch(migration).map_err(refusal)?;
            if number == 0 {
                let epoch: [u8; 8] = clock::random();
                tx.execute("INSERT INTO log (id, epoch) VALUES (1, ?1)", params![epoch]).map_err(refusal)?;
            }
            if *migration == ATTACHMENTS {
                attachment::announce_all(&tx)?;
            }
            if let Some(county) = county.filter(|_| *migration == TOMBSTONES) {
                erase::note_all(&tx, &county)?;
            }
            if *migration == KEPT_SINCE {
                prune::note_receipts(&tx)?;
            }
            tx.pragma_update(None, "user_version", VERSION_BEFORE + number + 1).map_err(refusal)?;
            tx.commit().map_err(refusal)?;
        }
        let tombstones = Arc::new(Self::load_tombstones(&db)?);
        Ok(Self { db, changed: Default::default(), county, is_hub, tombstones })
    }

    /// See [`durable::make_durable`].
    pub fn make_durable(&self) -> Result<(), StoreError> {
        durable::make_durable(&self.db).map_err(refusal)
    }

    /// Begins a new epoch: whoever remembers how far it had come with this log compares everything again.
    pub fn begin_epoch(&self) -> Result<(), StoreError> {
        let epoch: [u8; 8] = clock::random();
        self.db.execute("UPDATE log SET epoch = ?1", params![epoch]).map(drop).map_err(refusal)
    }

    /// Makes the disk as full as it is now, as far as SQLite is concerned.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self) {
        let pages: i64 = self.db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        self.db.pragma_update(None, "max_page_count", pages + 4).unwrap();
    }

    fn feed(&self, name: &FeedId) -> Result<Option<FeedRow>, StoreError> {
        let mut query =
            self.db.prepare_cached(&format!("SELECT {FEED_COLUMNS} FROM feed WHERE name = ?1")).map_err(refusal)?;
        query.query_row(params![name.0], feed_row).optional().map_err(refusal)
    }

    /// Where the chain of a feed stood after `length` entries; `None` if that is not known here any more, or not yet.
    fn extent_at(&self, row: &FeedRow, length: u64) -> Result<Option<Extent>, StoreError> {
        if length == row.held.extent.length {
            return Ok(Some(row.held.extent));
        }
        if length <= row.pruned.length || length > row.held.extent.length {
            return Ok((length == row.pruned.length).then_some(row.pruned));
        }
        let mut query = self
            .db
            .prepare_cached(
                "SELECT first, count, packing, body, signature, head FROM run WHERE feed = ?1 AND first <= ?2
                 ORDER BY first DESC LIMIT 1",
            )
            .map_err(refusal)?;
        let name = row.held.feed.id();
        let within = |row: &Row<'_>| Ok((run_of(name, row, 0)?, row.get::<_, [u8; 32]>(5)?));
        let (run, head) = query.query_row(params![row.id, length], within).map_err(refusal)?;
        if run.last() == length {
            return Ok(Some(Extent { length, head }));
        }
        // The place is inside a run: its chain is followed from where the run begins.
        let Some(start) = self.extent_at(row, run.first - 1)? else { return Ok(None) };
        let linked = run.unpacked().and_then(|body| {
            let wanted = usize::try_from(length + 1 - run.first).map_err(|_| BadRun::Malformed)?;
            Ok(run.entries(&body)?.iter().take(wanted).fold(start, |extent, entry| entry.link(&extent)))
        });
        Ok(linked.ok())
    }
}

const MIGRATIONS_MAX: usize = MIGRATIONS.len();

const FEED_COLUMNS: &str = "feed.id, feed.public_key, feed.incarnation, feed.area, feed.audience, feed.length, feed.head, \
                            feed.row, feed.receipted, feed.kept, feed.kept_head, feed.pruned, feed.pruned_head";
/// How many columns these are.
const FEED_COLUMN_COUNT: usize = 13;

fn feed_row(row: &Row<'_>) -> rusqlite::Result<FeedRow> {
    let area: String = row.get(3)?;
    let unreadable = |column| rusqlite::Error::InvalidColumnType(column, "feed".into(), rusqlite::types::Type::Text);
    let space = Space {
        area: Area::parse(&area).ok_or_else(|| unreadable(3))?,
        audience: Audience::from_number(row.get(4)?).ok_or_else(|| unreadable(4))?,
    };
    let held = Held {
        feed: Feed { public_key: row.get(1)?, incarnation: Incarnation::new(row.get(2)?), space },
        extent: Extent { length: row.get(5)?, head: row.get(6)? },
        row: row.get(7)?,
        receipted: row.get(8)?,
        kept: Extent { length: row.get(9)?, head: row.get(10)? },
    };
    Ok(FeedRow { id: row.get(0)?, held, pruned: Extent { length: row.get(11)?, head: row.get(12)? } })
}

/// A run from the columns first, count, packing, body, signature.
fn run_of(feed: FeedId, row: &Row<'_>, from: usize) -> rusqlite::Result<Run> {
    let packing = row.get(from + 2)?;
    Ok(Run {
        feed,
        first: row.get(from)?,
        count: row.get(from + 1)?,
        packing: Packing::from_number(packing)
            .ok_or(rusqlite::Error::IntegralValueOutOfRange(from + 2, i64::from(packing)))?,
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
