//! Who did what at the hub: a log that only grows, each event chained to the one before, signed, and verifiable.
//!
//! [`Audit::note`] is the one call for every page, command and job. It waits for the disk, so a page calls it where it does
//! its other work; what is not noted is not done. [`Audit::verify`] walks it; [`search`] reads it.

pub mod archive;
mod chain;
mod event;
pub mod search;
#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

pub use archive::ArchiveError;
pub use chain::{Broken, Head, Noted, Sound};
use civic_core::time::UnixSeconds;
use ed25519_dalek::SigningKey;
pub use event::{Action, By, Event};
use replica::{clock, dir::DataDir, store::sqlite::durable::make_durable};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use chain::{Bound, Which};
use event::{OBJECT_CHARS_MAX, REASON_CHARS_MAX, WHO_CHARS_MAX};

/// The log's file in the hub's data directory.
pub const FILE: &str = "audit.db";
/// Where older days go, in the same directory.
pub const ARCHIVE: &str = "audit-archive";
const DAY_S: i64 = 24 * 3_600;

/// The log of one county. Several programs may hold it open at once.
pub struct Audit {
    // A std mutex: held for one transaction, never over an await.
    db: Mutex<Connection>,
    key: SigningKey,
    archive: PathBuf,
}

/// Why something was not noted; what was to be noted must not be done then.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The log is not there: it is made with the county, and never anew.
    #[error("{0} is missing; it was made with the county, so bring it back from a backup")]
    Missing(String),
    /// It could not be read or written.
    #[error("the audit log could not be read or written")]
    Db(#[from] rusqlite::Error),
}

impl Audit {
    /// Makes an empty log in `dir`.
    pub fn make(dir: &DataDir, key: &SigningKey) -> Result<(), AuditError> {
        let mut db = Connection::open(dir.file(FILE))?;
        set_up(&db)?;
        let tx = db.transaction()?;
        tx.execute_batch(include_str!("audit.sql"))?;
        for which in [Which::Anchor, Which::Tip] {
            Bound { which, number: 0, place: 0, hash: [0; 32] }.write(&tx, key)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Opens the log in `dir`, signed with the hub's `key`.
    pub fn open(dir: &DataDir, key: &SigningKey) -> Result<Self, AuditError> {
        let path = dir.file(FILE);
        if !path.exists() {
            return Err(AuditError::Missing(path.display().to_string()));
        }
        let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        set_up(&db)?;
        make_durable(&db)?;
        Ok(Self { db: Mutex::new(db), key: key.clone(), archive: dir.file(ARCHIVE) })
    }

    /// Notes an event; on disk when this returns.
    pub fn note(&self, event: &Event) -> Result<(), AuditError> {
        self.note_at(event, clock::now())
    }

    fn note_at(&self, event: &Event, now: UnixSeconds) -> Result<(), AuditError> {
        let mut db = self.db();
        // At once, so that two programs cannot both put their event behind the same one.
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let tip = Bound::read(&tx, Which::Tip)?;
        let Event { by, action, object, is_refused, reason } = event;
        let noted = Noted {
            number: tip.number + 1,
            at: now.0,
            who: cut(&by.who, WHO_CHARS_MAX),
            role: cut(&by.role, WHO_CHARS_MAX),
            action: action.word().to_owned(),
            object: cut(object, OBJECT_CHARS_MAX),
            outcome: if *is_refused { "refused" } else { "done" }.to_owned(),
            address: cut(&by.address, WHO_CHARS_MAX),
            reason: cut(reason, REASON_CHARS_MAX),
        };
        let hash = noted.link(&tip.hash);
        let sql = "INSERT INTO event (number, at, who, role, action, object, outcome, address, reason, hash)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let Noted { number, at, who, role, action, object, outcome, address, reason } = &noted;
        let row = params![number, at, who, role, action, object, outcome, address, reason, hash];
        tx.prepare_cached(sql)?.execute(row)?;
        Bound { number: noted.number, hash, ..tip }.write(&tx, &self.key)?;
        tx.commit()?;
        Ok(())
    }

    /// Signs the head, unless the last signed one is the last event.
    pub fn sign_head(&self) -> Result<(), AuditError> {
        self.sign_head_at(clock::now())
    }

    fn sign_head_at(&self, now: UnixSeconds) -> Result<(), AuditError> {
        let mut db = self.db();
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let tip = Bound::read(&tx, Which::Tip)?;
        let signed: i64 = tx.query_row("SELECT coalesce(max(number), 0) FROM head", [], |row| row.get(0))?;
        let anchor = Bound::read(&tx, Which::Anchor)?;
        if tip.number > signed.max(anchor.number) {
            let head = Head::sign(&self.key, tip.place + 1, tip.number, now.0, tip.hash);
            let Head { place, number, at, hash, signature } = &head;
            let sql = "INSERT INTO head (place, number, at, hash, signature) VALUES (?1, ?2, ?3, ?4, ?5)";
            tx.execute(sql, params![place, number, at, hash, signature])?;
            Bound { place: head.place, ..tip }.write(&tx, &self.key)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Archives what is older than `days`; returns how many events went.
    pub fn archive(&self, days: u16) -> Result<usize, ArchiveError> {
        self.archive_at(days, clock::now())
    }

    fn archive_at(&self, days: u16, now: UnixSeconds) -> Result<usize, ArchiveError> {
        let before = now.0 - i64::from(days) * DAY_S;
        archive::archive(&mut self.db(), &self.key, &self.archive, before, now.0)
    }

    /// Walks the log and what was archived of it.
    pub fn verify(&self) -> Result<Sound, Broken> {
        let db = self.db();
        // In one transaction, because another program may be writing.
        let tx = db.unchecked_transaction()?;
        let sound = chain::verify(&tx, &self.key.verifying_key())?;
        archive::verify(&tx, &self.key.verifying_key(), &self.archive)?;
        Ok(sound)
    }

    /// The last signed head; it may be printed or kept elsewhere.
    pub fn last_head(&self) -> Result<Option<Head>, AuditError> {
        use rusqlite::OptionalExtension as _;
        let sql = format!("SELECT {} FROM head ORDER BY place DESC LIMIT 1", chain::HEAD_COLUMNS);
        Ok(self.db().query_row(&sql, [], Head::of).optional()?)
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // A transaction that panicked was rolled back by SQLite.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn set_up(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;")
}

fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}
