//! What people sealed to the county as records, taken over under the hub's own key: responses, ballots, reactions, and what
//! is kept from a village. The key of the epoch to which they were sealed is destroyed one day, and with it every copy that
//! lies in the log and on memory cards; what is counted again next year is counted from here.

use civic_core::{
    id::DocId,
    keyring::Keyring,
    seal::{SealError, Seed},
    sealed::Record,
};
use replica::{clock, dir::DataDir};
use rusqlite::{Connection, OptionalExtension, params};

/// The records, in the hub's directory.
pub const FILE: &str = "taken.db";
const BUSY_MS: u32 = 10_000;

/// What was taken over.
pub struct Taken {
    db: Connection,
}

/// Why a record was not taken over, or cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum TakenError {
    /// The file could not be read or written: try again, then tell a person.
    #[error("the records that were taken over could not be read or written")]
    Db(#[from] rusqlite::Error),
    /// It is sealed to a key that is not here, or damaged: keep it apart.
    #[error(transparent)]
    Sealed(#[from] SealError),
}

impl Taken {
    /// Opens the file in `dir`, and makes it if it is missing.
    pub fn open(dir: &DataDir) -> Result<Self, TakenError> {
        let db = Connection::open(dir.file(FILE))?;
        db.execute_batch(&format!(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA busy_timeout={BUSY_MS};
             CREATE TABLE IF NOT EXISTS taken (
                 doc     BLOB PRIMARY KEY,           -- the name it was sealed under; the first of a name counts
                 payload BLOB NOT NULL               -- the record, sealed to the hub's own key
             ) STRICT, WITHOUT ROWID;"
        ))?;
        Ok(Self { db })
    }

    /// Opens a record that came in this envelope, and takes it over; on disk when it returns. Once its epoch's key is gone,
    /// what was taken over is opened instead.
    pub fn open_record(&self, ring: &Keyring, doc: &DocId, envelope: &[u8]) -> Result<Record, TakenError> {
        let opened = ring.for_envelope(envelope).and_then(|key| Record::open(key, doc, envelope));
        match opened {
            Ok(record) => {
                if self.payload(doc)?.is_none() {
                    let own = ring.own().ok_or(SealError::Closed)?.seal_key()?;
                    let payload = record.seal(&own, doc, Seed(clock::random()))?;
                    let sql = "INSERT INTO taken (doc, payload) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                    self.db.prepare_cached(sql)?.execute(params![doc.as_bytes(), payload])?;
                }
                Ok(record)
            }
            Err(closed) => {
                let (payload, own) = (self.payload(doc)?.ok_or(closed)?, ring.own().ok_or(closed)?);
                Ok(Record::open(own, doc, &payload)?)
            }
        }
    }

    fn payload(&self, doc: &DocId) -> Result<Option<Vec<u8>>, rusqlite::Error> {
        let mut query = self.db.prepare_cached("SELECT payload FROM taken WHERE doc = ?1")?;
        query.query_row(params![doc.as_bytes()], |row| row.get(0)).optional()
    }

    /// Lets go of what was erased; nothing of it is left in the file when it returns.
    pub fn erase<'a>(&self, docs: impl IntoIterator<Item = &'a DocId>) -> Result<(), TakenError> {
        let mut gone = 0;
        for doc in docs {
            gone += self.db.execute("DELETE FROM taken WHERE doc = ?1", params![doc.as_bytes()])?;
        }
        if gone > 0 {
            self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(())
    }
}
