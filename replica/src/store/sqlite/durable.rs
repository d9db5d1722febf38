//! Making durable what an earlier life of a program left behind a sync that failed.
//!
//! Linux takes pages whose sync failed for written: everybody reads them, and no later sync writes them. A write-ahead log
//! of which only the front is on the disk is then copied into the database by whoever starts next, and after a power cut
//! its front, which is whole and sound, stands before a database that has been written since: pages of two ages, and a file
//! that is damaged. So the write-ahead log is written over itself first, byte by byte what it is, and every byte of it is
//! again something that a sync writes.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::FileExt as _,
    path::Path,
    sync::OnceLock,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

/// Length of the header of a write-ahead log (<https://www.sqlite.org/fileformat2.html>, section 4.1).
const HEADER_LEN: u64 = 32;
/// So long somebody who opens a database waits for others.
const OTHERS: Duration = Duration::from_secs(1);
/// Bytes that are read and written at once.
const AT_ONCE: usize = 256 * 1024;

/// A file on a disk.
pub trait OnDisk {
    /// Its length, in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Reads so many bytes from a place on.
    fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Writes there.
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Waits until all that was written is on the disk.
    fn sync(&self) -> io::Result<()>;
}

impl OnDisk for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(bytes, at)
    }

    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Opens a file that is there.
type Open = fn(&Path) -> io::Result<Box<dyn OnDisk>>;

static STAND_IN: OnceLock<Open> = OnceLock::new();

/// Takes files from elsewhere for as long as this process runs: those of the simulated county, which SQLite has there, too.
/// Nothing that ships calls this: `tests/it/layers.rs` looks.
pub fn stand_in(open: Open) {
    STAND_IN.get_or_init(|| open);
}

/// Writes what the write-ahead log holds into the database, and waits for the disk; whatever failed in a life before, the
/// next power cut finds either what was there then or what everybody reads now. To be called by whoever opens a database,
/// before anything is written. If the disk refuses, so does this.
pub fn make_durable(db: &Connection) -> rusqlite::Result<()> {
    let waits: u64 = db.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    db.busy_timeout(OTHERS)?;
    let rewritten = rewrite_ahead(db);
    db.busy_timeout(Duration::from_millis(waits))?;
    match rewritten {
        // Another program has it open, and has done this at its own start.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
        other => other?,
    }
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Writes what is ahead of a database over itself, while nobody else writes there: as a rule by [`make_durable`], and by whoever
/// could not copy it meanwhile.
pub fn rewrite_ahead(db: &Connection) -> rusqlite::Result<()> {
    let Some(path) = db.path().filter(|path| !path.is_empty()) else { return Ok(()) };
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    write_again(Path::new(&format!("{path}-wal")))
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    transaction.rollback()
}

/// Writes a write-ahead log over itself. Its header first: with an older one, what it was before could come back.
fn write_again(path: &Path) -> io::Result<()> {
    let opened = match STAND_IN.get() {
        Some(open) => open(path),
        None => OpenOptions::new().read(true).write(true).open(path).map(|file| Box::new(file) as Box<dyn OnDisk>),
    };
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let length = file.length()?;
    let copy = |from: u64, to: u64| {
        let mut at = from;
        let mut bytes = vec![0; AT_ONCE];
        while at < to {
            let len = usize::try_from(to - at).unwrap_or(AT_ONCE).min(AT_ONCE);
            file.read(at, &mut bytes[..len])?;
            file.write(at, &bytes[..len])?;
            at += len as u64;
        }
        file.sync()
    };
    if length == 0 {
        return Ok(());
    }
    copy(0, length.min(HEADER_LEN))?;
    copy(HEADER_LEN, length)
}

#[cfg(test)]
mod tests {
    use std::{fs, io, path::Path};

    use rusqlite::Connection;

    use super::{super::super::tests::Scratch, *};

    #[test]
    fn a_write_ahead_log_is_what_it_was_and_what_it_holds_is_in_the_database() {
        let scratch = Scratch::new("durable");
        let path = scratch.0.join("one.db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE said (words BLOB);").unwrap();
        db.execute("INSERT INTO said VALUES (randomblob(600000))", []).unwrap();
        let ahead = scratch.0.join("one.db-wal");
        let before = fs::read(&ahead).unwrap();
        assert!(before.len() > 2 * AT_ONCE);
        make_durable(&db).unwrap();
        assert_eq!(fs::read(&ahead).unwrap(), before);
        // Without it nothing is missing.
        let alone = scratch.0.join("alone.db");
        fs::copy(&path, &alone).unwrap();
        let length = |db: &Connection| -> usize {
            db.query_row("SELECT length(words) FROM said", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(length(&Connection::open(&alone).unwrap()), 600_000);
        // Whoever writes there has done it before, and a database in memory has nothing ahead of it.
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        let other = Connection::open(&path).unwrap();
        other.busy_timeout(Duration::from_secs(3_600)).unwrap();
        make_durable(&other).unwrap();
        let waits: u64 = other.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap();
        assert_eq!(waits, 3_600_000);
        make_durable(&Connection::open_in_memory().unwrap()).unwrap();
        write_again(Path::new("/nowhere/one.db-wal")).unwrap();
    }

    #[test]
    fn a_disk_that_refuses_is_told_of() {
        let scratch = Scratch::new("durable-refused");
        let path = scratch.0.join("one.db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE said (words BLOB);").unwrap();
        fs::remove_file(scratch.0.join("one.db-wal")).unwrap();
        fs::create_dir(scratch.0.join("one.db-wal")).unwrap();
        let refused = make_durable(&db).unwrap_err();
        let rusqlite::Error::ToSqlConversionFailure(inner) = refused else { panic!("{refused:?}") };
        assert!(inner.downcast_ref::<io::Error>().is_some());
    }
}
