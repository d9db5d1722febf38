//! The vault: personal details, voices, handwriting and photos at the hub, each sealed under a key of its own.
//!
//! What a device sealed to the county's key of that month is opened in memory when it arrives and sealed anew
//! ([`arrival`]): ChaCha20-Poly1305 under 32 random bytes, its record, its kind and its name bound to it. The ciphertexts
//! lie in [`SHELF_FILE`], the keys in [`KEYS_FILE`], which is small and whose backups are kept for [`KEYS_KEPT_DAYS`] days
//! only. To erase is to destroy the key ([`erase`]): from then on every copy of the ciphertext, here and in every backup, is
//! noise, and once the last backup of the keys has gone nobody can bring it back.
//!
//! **What it never does.** Nothing that was opened is written to a disk, a log or an error. Nothing is opened but by a
//! [`grant::Grant`], which a person got for a reason ([`request`]), and where the county wants it with a second person's
//! agreement. No telephone number and no plain hash of one stands anywhere: numbers are found by a hash under a key.
//!
//! The files are read and written by the hub that is serving alone; each has one connection behind a lock.

pub mod arrival;
pub mod erase;
pub mod grant;
mod keys;
pub mod loan;
pub mod request;
pub mod retention;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chacha20poly1305::{
    ChaCha20Poly1305, Key, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use civic_core::{detail::Detail, id::DocId, time::UnixSeconds};
use ledger::LedgerError;
use replica::{dir::DataDir, store::sqlite::durable::make_durable};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use zeroize::Zeroizing;

use keys::Keys;

/// The ciphertexts, in the hub's directory.
pub const SHELF_FILE: &str = "vault.db";
/// The keys, in the hub's directory. Backups of this file are to be thrown away after [`KEYS_KEPT_DAYS`] days.
pub const KEYS_FILE: &str = "vault-keys.db";
/// For how long a backup of the keys is kept: so long what was erased could still be brought back.
pub const KEYS_KEPT_DAYS: u16 = 35;

const BUSY_MS: u32 = 10_000;
/// Each key seals one thing once, so nothing is told by a nonce that is always the same.
const NONCE: [u8; 12] = [0; 12];

/// How the vault names a thing: by a hash of the envelope that it came in, which of an attachment is its name.
pub type Name = [u8; 32];
type Secret = Zeroizing<[u8; 32]>;

/// Why the vault refused, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A file could not be read or written: try again, then tell a person.
    #[error("the vault could not be read or written")]
    Db(#[from] rusqlite::Error),
    /// There is no such thing, or not any more: say so.
    #[error("there is no such detail in the vault, or it was erased")]
    Gone,
    /// The ciphertext is not what was written under this key: bring it back from a backup.
    #[error("a detail in the vault is damaged")]
    Damaged,
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The vault.
pub struct Vault {
    // Std mutexes: held for one piece of work, never over an await. Whoever takes both takes the keys first.
    keys: Mutex<Keys>,
    shelf: Mutex<Connection>,
    grants: Mutex<grant::Grants>,
    seen: Mutex<arrival::Seen>,
}

/// A thing in the vault, closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub name: Name,
    /// The record that it was sealed for.
    pub doc: DocId,
    /// What it is.
    pub detail: Detail,
    /// When it came, by the hub's clock.
    pub arrived_at: UnixSeconds,
    /// How many bytes.
    pub length: u64,
}

/// A thing that was opened. It is wiped from memory when it is dropped.
pub struct Opened {
    /// What it is.
    pub item: Item,
    /// Its bytes.
    pub plain: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}, {} bytes)", self.item.detail.word(), self.plain.len())
    }
}

/// A thing on its way into the vault.
struct New {
    name: Name,
    doc: DocId,
    detail: Detail,
    plain: Zeroizing<Vec<u8>>,
    phone: Option<Zeroizing<String>>,
}

impl Vault {
    /// Opens the vault in `dir`, and makes it if it is missing.
    pub fn open(dir: &DataDir) -> Result<Self, VaultError> {
        let vault = Self {
            keys: Mutex::new(Keys::open(&dir.file(KEYS_FILE))?),
            shelf: Mutex::new(store(
                &dir.file(SHELF_FILE),
                &[include_str!("0001_shelf.sql"), include_str!("0002_loan.sql")],
            )?),
            grants: Mutex::default(),
            seen: Mutex::default(),
        };
        vault.finish_erasing()?;
        Ok(vault)
    }

    /// What lies here beside these records, in the order of arrival.
    pub fn items(&self, docs: &[DocId]) -> Result<Vec<Item>, VaultError> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(&format!("SELECT {ITEM_COLUMNS} FROM item WHERE doc = ?1 ORDER BY id"))?;
        let mut items = Vec::new();
        for doc in docs {
            let rows = query.query_map(params![doc.as_bytes()], item)?;
            items.extend(rows.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(items)
    }

    /// The records that have this telephone number.
    pub fn find(&self, phone: &str) -> Result<Vec<DocId>, VaultError> {
        self.keys().find(phone)
    }

    /// Puts things in; all are on the disk when this returns. One that is here already is passed over.
    fn put(&self, things: Vec<New>, now: UnixSeconds) -> Result<(), VaultError> {
        let mut keys = self.keys();
        let mut fresh = Vec::new();
        for thing in things {
            if self.item(&thing.name)?.is_none() {
                fresh.push(thing);
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        // The keys first: one that has no ciphertext harms nobody, a ciphertext that has no key is lost.
        let sealed = keys.together(|drawing| {
            let seal = |New { name, doc, detail, plain, phone }: &New| {
                let key = drawing.key(name, doc, phone.as_ref().map(|phone| phone.as_str()))?;
                lock(&key, name, doc, *detail, plain).map_err(|()| VaultError::Damaged)
            };
            fresh.iter().map(seal).collect::<Result<Vec<_>, _>>()
        })?;
        let mut shelf = self.shelf();
        let transaction = shelf.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO item (name, doc, detail, arrived_at, length, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for (New { name, doc, detail, plain, .. }, sealed) in fresh.iter().zip(&sealed) {
                insert.execute(params![name, doc.as_bytes(), detail.number(), now.0, plain.len(), sealed])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// A thing by its name.
    fn item(&self, name: &Name) -> Result<Option<Item>, VaultError> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(&format!("SELECT {ITEM_COLUMNS} FROM item WHERE name = ?1"))?;
        Ok(query.query_row(params![name], item).optional()?)
    }

    /// Opens a thing. Only a [`grant::Grant`] and what erases and counts come here.
    fn unseal(&self, name: &Name) -> Result<Opened, VaultError> {
        let key = self.keys().of(name)?.ok_or(VaultError::Gone)?;
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(&format!("SELECT {ITEM_COLUMNS}, sealed FROM item WHERE name = ?1"))?;
        let found = query.query_row(params![name], |row| Ok((item(row)?, row.get::<_, Vec<u8>>(5)?))).optional()?;
        let (item, sealed) = found.ok_or(VaultError::Gone)?;
        let plain = unlock(&key, &item.name, &item.doc, item.detail, &sealed).map_err(|()| VaultError::Damaged)?;
        Ok(Opened { item, plain })
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shelf(&self) -> MutexGuard<'_, Connection> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ITEM_COLUMNS: &str = "name, doc, detail, arrived_at, length";

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        name: row.get(0)?,
        doc: DocId::new(row.get(1)?),
        detail: Detail::from_number(row.get(2)?),
        arrived_at: UnixSeconds(row.get(3)?),
        length: row.get(4)?,
    })
}

/// Opens a file of the vault: what is deleted in it is overwritten, and what is committed is on the disk.
fn store(path: &Path, migrations: &[&str]) -> Result<Connection, VaultError> {
    let mut db = Connection::open(path)?;
    db.execute_batch(&format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA busy_timeout={BUSY_MS};"
    ))?;
    make_durable(&db)?;
    let applied: usize = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (number, migration) in migrations.iter().enumerate().skip(applied) {
        let transaction = db.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number + 1)?;
        transaction.commit()?;
    }
    // A transaction that has read and then wants to write fails at once if another program has written meanwhile.
    db.set_transaction_behavior(TransactionBehavior::Immediate);
    Ok(db)
}

/// Brings everything into the file itself and empties the write-ahead log, which would still hold what was deleted.
/// Copies that SQLite leaves in the file are written over among the keys alone: what they opened is noise without them.
fn scrub(db: &Connection) -> Result<(), VaultError> {
    Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// What is bound to a ciphertext: it opens as this thing, of this kind, of this record, and as nothing else.
fn bound(name: &Name, doc: &DocId, detail: Detail) -> Vec<u8> {
    [b"huiyin vault v1".as_slice(), doc.as_bytes(), &[detail.number()], name].concat()
}

fn lock(key: &Secret, name: &Name, doc: &DocId, detail: Detail, plain: &[u8]) -> Result<Vec<u8>, ()> {
    let aad = bound(name, doc, detail);
    ChaCha20Poly1305::new(&Key::from(**key))
        .encrypt(&Nonce::from(NONCE), Payload { msg: plain, aad: &aad })
        .map_err(drop)
}

fn unlock(key: &Secret, name: &Name, doc: &DocId, detail: Detail, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ()> {
    let aad = bound(name, doc, detail);
    let plain =
        ChaCha20Poly1305::new(&Key::from(**key)).decrypt(&Nonce::from(NONCE), Payload { msg: sealed, aad: &aad });
    plain.map(Zeroizing::new).map_err(drop)
}
