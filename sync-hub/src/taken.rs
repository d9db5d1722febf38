//! What people sealed to the county as records, taken over under the hub's own key: responses, ballots, reactions, what is
//! kept from a village, and what opens slips. The key of the epoch to which they were sealed is destroyed one day, and with it every copy that
//! lies in the log and on memory cards; what is counted again next year is counted from here.

use civic_core::{
    id::DocId,
    keyring::Keyring,
    opening::Deposit,
    seal::{SealError, Seed},
    sealed::Record,
};
use replica::{
    clock,
    dir::DataDir,
    store::sqlite::{
        durable::make_durable,
        wipe::{wipe_part, wipe_whole},
    },
};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

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
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS opening (
                 name    BLOB PRIMARY KEY,           -- a hash of the envelope that it came in
                 doc     BLOB NOT NULL,              -- the opinion
                 payload BLOB NOT NULL               -- what opens its slip, sealed to the hub's own key
             ) STRICT, WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS opening_doc ON opening (doc);"
        ))?;
        make_durable(&db)?;
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

    /// The same for what opens the slip of the opinion `doc`.
    pub fn open_opening(&self, ring: &Keyring, doc: &DocId, envelope: &[u8]) -> Result<Deposit, TakenError> {
        let name = *blake3::hash(envelope).as_bytes();
        let own = || ring.own().ok_or(SealError::Closed);
        match ring.for_envelope(envelope).and_then(|key| Deposit::open(key, doc, envelope)) {
            Ok(deposit) => {
                let payload = deposit.seal(&own()?.seal_key()?, doc, Seed(clock::random()))?;
                let sql = "INSERT INTO opening (name, doc, payload) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                self.db.prepare_cached(sql)?.execute(params![name, doc.as_bytes(), payload])?;
                Ok(deposit)
            }
            Err(closed) => {
                let mut query = self.db.prepare_cached("SELECT payload FROM opening WHERE name = ?1")?;
                let payload: Option<Vec<u8>> = query.query_row(params![name], |row| row.get(0)).optional()?;
                Ok(Deposit::open(own()?, doc, &payload.ok_or(closed)?)?)
            }
        }
    }

    fn payload(&self, doc: &DocId) -> Result<Option<Vec<u8>>, rusqlite::Error> {
        let mut query = self.db.prepare_cached("SELECT payload FROM taken WHERE doc = ?1")?;
        query.query_row(params![doc.as_bytes()], |row| row.get(0)).optional()
    }

    /// Lets go of what was erased; nothing of it is left in the file when it returns.
    pub fn erase<'a>(&self, docs: impl IntoIterator<Item = &'a DocId>) -> Result<(), TakenError> {
        // One transaction: what is cut short is all of it to be done again.
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let mut gone = 0;
        for doc in docs {
            for table in ["taken", "opening"] {
                gone += transaction.execute(&format!("DELETE FROM {table} WHERE doc = ?1"), params![doc.as_bytes()])?;
            }
        }
        if gone > 0 {
            wipe_whole(|from| wipe_part(&transaction, from))?;
        }
        transaction.commit()?;
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}
