//! Taking over: what came sealed to the county is opened in memory and put into the vault under a key of its own.
//!
//! The ledger's tables hold an envelope only until it is here; the log keeps its own until the details are erased. Nothing is
//! taken twice, whatever is rebuilt or sent again, and what was erased is not taken again.

use std::collections::BTreeMap;

use civic_core::{
    detail::Detail,
    id::DocId,
    keyring::Keyring,
    seal::{self, Contact, SealError},
    time::UnixSeconds,
};
use ledger::{Ledger, LedgerError};
use replica::store::{StoreError, attachment::Announced};
use rusqlite::{OptionalExtension, params};
use tracing::warn;
use zeroize::Zeroizing;

use super::{Name, New, Vault, VaultError, erase::Bar};

/// Envelopes of personal details that are taken over in one step.
const BATCH: usize = 200;
/// Attachments that are in memory at once: eight of the longest photos.
const BATCH_ATTACHMENTS: usize = 8;

/// How far the announcements of the log were read since this program began, and which of them have nothing here yet.
#[derive(Default)]
pub(super) struct Seen {
    row: i64,
    lacking: BTreeMap<i64, Announced>,
}

/// What is to be done with what came.
enum Fate {
    /// It is here, or was erased, or cannot be opened: nothing.
    Known,
    /// The details of its record were erased before it came.
    Barred(Bar),
    /// It is taken.
    Taken,
}

impl Vault {
    /// Takes over what has come since, opened with the key of its epoch; returns how much was done.
    pub fn take_in(&self, ledger: &Ledger, ring: &Keyring, now: UnixSeconds) -> Result<usize, VaultError> {
        Ok(self.take_contacts(ledger, ring, now)? + self.take_attachments(ledger, ring, now)?)
    }

    fn take_contacts(&self, ledger: &Ledger, ring: &Keyring, now: UnixSeconds) -> Result<usize, VaultError> {
        let waiting = ledger.waiting_details(BATCH)?;
        let mut taken: BTreeMap<Name, New> = BTreeMap::new();
        for waiting in &waiting {
            let (name, doc) = (name_of(&waiting.envelope), waiting.doc);
            let open = || {
                let key = ring.for_envelope(&waiting.envelope)?;
                seal::open_contact(key, &doc, &waiting.envelope).map(Zeroizing::new)
            };
            if let Some(plain) = self.consider(ledger, &name, &doc, Detail::Contact, now, open)? {
                let phone = Contact::decode(&plain).ok().map(|contact| Zeroizing::new(contact.phone));
                taken.insert(name, New { name, doc, detail: Detail::Contact, plain, phone });
            }
        }
        self.put(taken.into_values().collect(), now)?;
        ledger.let_go(&waiting)?;
        Ok(waiting.len())
    }

    fn take_attachments(&self, ledger: &Ledger, ring: &Keyring, now: UnixSeconds) -> Result<usize, VaultError> {
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let news = ledger.log().announced_after(seen.row, BATCH).map_err(LedgerError::from)?;
        seen.row = news.last().map_or(seen.row, |announced| announced.row);
        let mut done = news.len();
        seen.lacking.extend(news.into_iter().map(|announced| (announced.row, announced)));
        let mut taken: BTreeMap<Name, New> = BTreeMap::new();
        let mut settled = Vec::new();
        for (row, Announced { id, kind, doc, .. }) in &seen.lacking {
            if taken.len() == BATCH_ATTACHMENTS {
                break;
            }
            let (name, detail) = (*id.as_bytes(), Detail::Attached(*kind));
            if matches!(self.fate(&name, doc, detail)?, Fate::Known) {
                settled.push(*row);
                continue;
            }
            let sealed = match ledger.sealed_attachment(id) {
                Ok(Some(sealed)) => sealed,
                Ok(None) => continue,
                // One that is damaged on this disk blocks no other; `verify` tells of it.
                Err(LedgerError::Store(StoreError::Damaged(_))) => continue,
                Err(failure) => return Err(failure.into()),
            };
            let open = || {
                let key = ring.for_envelope(&sealed)?;
                seal::open_attachment(key, doc, *kind, &sealed).map(Zeroizing::new)
            };
            if let Some(plain) = self.consider(ledger, &name, doc, detail, now, open)? {
                taken.insert(name, New { name, doc: *doc, detail, plain, phone: None });
            }
            settled.push(*row);
        }
        done += taken.len();
        self.put(taken.into_values().collect(), now)?;
        for row in settled {
            seen.lacking.remove(&row);
        }
        Ok(done)
    }

    /// Opens what came, if it is to be taken.
    pub(super) fn consider(
        &self,
        ledger: &Ledger,
        name: &Name,
        doc: &DocId,
        detail: Detail,
        now: UnixSeconds,
        open: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, SealError>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        match self.fate(name, doc, detail)? {
            Fate::Known => Ok(None),
            Fate::Barred(bar) => {
                self.note_erased(name, doc, detail, &bar, now)?;
                Ok(None)
            }
            Fate::Taken => match open() {
                Ok(plain) => Ok(Some(plain)),
                Err(failure) => {
                    warn!(record = %doc, what = detail.word(), error = %failure, "A sealed detail cannot be opened");
                    let sql = "INSERT INTO unreadable (name, doc, at) VALUES (?1, ?2, ?3)";
                    self.shelf().execute(sql, params![name, doc.as_bytes(), now.0])?;
                    ledger.note_unreadable(doc, failure)?;
                    Ok(None)
                }
            },
        }
    }

    fn fate(&self, name: &Name, doc: &DocId, detail: Detail) -> Result<Fate, VaultError> {
        let shelf = self.shelf();
        let is_known: bool = shelf
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM item WHERE name = ?1) OR EXISTS (SELECT 1 FROM erased WHERE name = ?1)
                 OR EXISTS (SELECT 1 FROM unreadable WHERE name = ?1 AND doc = ?2)",
            )?
            .query_row(params![name, doc.as_bytes()], |row| row.get(0))?;
        if is_known {
            return Ok(Fate::Known);
        }
        let bar = shelf
            .prepare_cached("SELECT why, by FROM barred WHERE doc = ?1 AND (detail IS NULL OR detail = ?2) LIMIT 1")?
            .query_row(params![doc.as_bytes(), detail.number()], |row| Ok(Bar { why: row.get(0)?, by: row.get(1)? }))
            .optional()?;
        Ok(bar.map_or(Fate::Taken, Fate::Barred))
    }
}

/// How an envelope of personal details is named.
fn name_of(envelope: &[u8]) -> Name {
    blake3::derive_key("huiyin vault name v1", envelope)
}
