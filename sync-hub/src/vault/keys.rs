//! The keys: one for each thing in the vault, in a file of their own. Where a key is gone, the thing is.

use std::path::Path;

use civic_core::id::DocId;
use replica::{clock, store::sqlite::wipe::wipe};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use zeroize::Zeroizing;

use super::{Name, Secret, VaultError, scrub, store};

/// Digits of a number by which it is found; what stands before them is a prefix of the country or of a line.
const PHONE_DIGITS: usize = 11;

/// The small file.
pub(super) struct Keys {
    db: Connection,
    lookup: Secret,
}

impl Keys {
    pub(super) fn open(path: &Path) -> Result<Self, VaultError> {
        let db = store(path, &[include_str!("0001_keys.sql")])?;
        db.execute(
            "INSERT INTO secret (id, lookup) VALUES (1, ?1) ON CONFLICT DO NOTHING",
            params![clock::random::<32>()],
        )?;
        let lookup = db.query_row("SELECT lookup FROM secret", [], |row| row.get(0)).map(Zeroizing::new)?;
        Ok(Self { db, lookup })
    }

    /// Everything that `draw` draws is on the disk when this returns.
    pub(super) fn together<T>(
        &mut self,
        draw: impl FnOnce(&Drawing<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let transaction = self.db.transaction()?;
        let drawn = draw(&Drawing { transaction: &transaction, lookup: &self.lookup })?;
        transaction.commit()?;
        Ok(drawn)
    }

    /// The key of a thing; `None` if it was destroyed.
    pub(super) fn of(&self, name: &Name) -> Result<Option<Secret>, VaultError> {
        let mut query = self.db.prepare_cached("SELECT key FROM key WHERE name = ?1")?;
        Ok(query.query_row(params![name], |row| row.get(0)).optional()?.map(Zeroizing::new))
    }

    /// Records with this telephone number, which is not kept and not told.
    pub(super) fn find(&self, phone: &str) -> Result<Vec<DocId>, VaultError> {
        let Some(mark) = mark_of(&self.lookup, phone) else { return Ok(Vec::new()) };
        let mut query = self.db.prepare_cached("SELECT DISTINCT doc FROM key WHERE phone = ?1 ORDER BY doc")?;
        let found = query.query_map(params![mark], |row| Ok(DocId::new(row.get(0)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Destroys keys: nothing of them is in the file or beside it when this returns.
    pub(super) fn destroy(&mut self, names: &[Name]) -> Result<(), VaultError> {
        let transaction = self.db.transaction()?;
        for name in names {
            transaction.execute("DELETE FROM key WHERE name = ?1", params![name])?;
        }
        transaction.commit()?;
        wipe(&self.db)?;
        scrub(&self.db)
    }
}

/// Keys that are drawn together.
pub(super) struct Drawing<'a> {
    transaction: &'a Transaction<'a>,
    lookup: &'a Secret,
}

impl Drawing<'_> {
    /// Draws the key of a thing; one that was drawn before and not used, because the power failed, is replaced.
    pub(super) fn key(&self, name: &Name, doc: &DocId, phone: Option<&str>) -> Result<Secret, VaultError> {
        let key = Zeroizing::new(clock::random::<32>());
        let mark = phone.and_then(|phone| mark_of(self.lookup, phone));
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO key (name, key, doc, phone) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![name, key.as_slice(), doc.as_bytes(), mark])?;
        Ok(key)
    }
}

/// By what a telephone number is found: a hash under a key that never leaves this file, because numbers can be guessed.
/// Blanks and prefixes do not count; `None` for what has no digits.
fn mark_of(lookup: &Secret, phone: &str) -> Option<[u8; 32]> {
    let digits: Zeroizing<String> = Zeroizing::new(phone.chars().filter(char::is_ascii_digit).collect());
    let from = digits.len().saturating_sub(PHONE_DIGITS);
    (!digits.is_empty()).then(|| *blake3::keyed_hash(lookup, &digits.as_bytes()[from..]).as_bytes())
}
