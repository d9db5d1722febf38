//! Which copies were made, where, and what became of them: what the page, the lamp and the schedule go by.

use std::path::Path;

use civic_core::time::UnixSeconds;
use replica::store::sqlite::durable::make_durable;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::{BackupError, Copy};

/// The file in the hub's directory. It is about this directory's own copies and goes into none of them.
pub const FILE: &str = "backups.db";
/// So many lines are kept, of the newest.
const LINES_MAX: u32 = 2_000;

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When it was begun.
    pub at: UnixSeconds,
    /// Where: the name of a place of the schedule, or the directory that a command named.
    pub place: String,
    /// The county half; empty if there is none.
    pub file: String,
    /// How long both halves are, bytes.
    pub bytes: u64,
    /// How many entries were verified in it.
    pub entries: u64,
    /// The newest run of the log in it.
    pub row: i64,
    /// How long it took, milliseconds.
    pub millis: u64,
    /// Whether devices may let go of what is in it.
    pub is_kept: bool,
    /// Why there is none, a word; empty if it was restored and verified.
    pub trouble: String,
    /// The same for whoever mends it.
    pub detail: String,
}

impl Line {
    /// Whether it was restored and verified.
    pub fn is_good(&self) -> bool {
        self.trouble.is_empty()
    }
}

/// The record.
pub struct Record {
    db: Connection,
}

impl Record {
    /// Opens the record in the hub's directory `dir`.
    pub fn open(dir: &Path) -> Result<Self, rusqlite::Error> {
        let db = Connection::open(dir.join(FILE))?;
        db.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA busy_timeout=10000;
             CREATE TABLE IF NOT EXISTS copy (
                 id      INTEGER PRIMARY KEY AUTOINCREMENT,
                 at      INTEGER NOT NULL,
                 place   TEXT NOT NULL,
                 file    TEXT NOT NULL DEFAULT '',
                 bytes   INTEGER NOT NULL DEFAULT 0,
                 entries INTEGER NOT NULL DEFAULT 0,
                 row     INTEGER NOT NULL DEFAULT 0,
                 millis  INTEGER NOT NULL DEFAULT 0,
                 is_kept INTEGER NOT NULL DEFAULT 0, -- 1: devices may let go of what is in it
                 trouble TEXT NOT NULL DEFAULT '',   -- empty: it was restored and verified
                 detail  TEXT NOT NULL DEFAULT ''
             ) STRICT;
             CREATE INDEX IF NOT EXISTS copy_place ON copy (place, id);",
        )?;
        make_durable(&db)?;
        Ok(Self { db })
    }

    /// Notes what became of a try at `place`.
    pub fn note(
        &self,
        place: &str,
        at: UnixSeconds,
        is_kept: bool,
        made: &Result<Copy, BackupError>,
    ) -> Result<(), rusqlite::Error> {
        match made {
            Ok(copy) => self.db.execute(
                "INSERT INTO copy (at, place, file, bytes, entries, row, millis, is_kept)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    at.0,
                    place,
                    copy.file.to_string_lossy(),
                    copy.bytes,
                    copy.found.entries,
                    copy.found.row,
                    copy.millis,
                    is_kept
                ],
            )?,
            Err(error) => self.db.execute(
                "INSERT INTO copy (at, place, trouble, detail) VALUES (?1, ?2, ?3, ?4)",
                params![at.0, place, error.word(), error.to_string()],
            )?,
        };
        self.db.execute("DELETE FROM copy WHERE id <= (SELECT max(id) FROM copy) - ?1", params![LINES_MAX])?;
        Ok(())
    }

    /// The newest tries, newest first.
    pub fn newest(&self, limit: usize) -> Result<Vec<Line>, rusqlite::Error> {
        let mut query = self.db.prepare_cached(&format!("SELECT {COLUMNS} FROM copy ORDER BY id DESC LIMIT ?1"))?;
        query.query_map(params![limit], line)?.collect()
    }

    /// The newest try at `place`, or the newest that was good.
    pub fn last_at(&self, place: &str, is_good: bool) -> Result<Option<Line>, rusqlite::Error> {
        self.one("place = ?1 AND (trouble = '' OR NOT ?2)", params![place, is_good])
    }

    /// The newest good one anywhere.
    pub fn last_good(&self) -> Result<Option<Line>, rusqlite::Error> {
        self.one("trouble = ''", [])
    }

    fn one(&self, condition: &str, values: impl rusqlite::Params) -> Result<Option<Line>, rusqlite::Error> {
        let sql = format!("SELECT {COLUMNS} FROM copy WHERE {condition} ORDER BY id DESC LIMIT 1");
        self.db.prepare_cached(&sql)?.query_row(values, line).optional()
    }
}

const COLUMNS: &str = "at, place, file, bytes, entries, row, millis, is_kept, trouble, detail";

fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        at: UnixSeconds(row.get(0)?),
        place: row.get(1)?,
        file: row.get(2)?,
        bytes: row.get(3)?,
        entries: row.get(4)?,
        row: row.get(5)?,
        millis: row.get(6)?,
        is_kept: row.get(7)?,
        trouble: row.get(8)?,
        detail: row.get(9)?,
    })
}
