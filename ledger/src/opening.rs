//! What opens slips, at the hub: it comes sealed with an opinion, is opened once, and is kept until the opinion is erased.
//!
//! It lies in one table of its own, `opening`, by the opinion's document: deleting its rows, and the payloads of that
//! document in the log, takes what the county itself could open the slips with.

use civic_core::{
    document::Stamp,
    id::{DeviceId, DocId},
    opening::Deposit,
    opinion::Opinion,
    seal::{SealError, Seed},
    space::Audience,
};
use replica::clock;
use rusqlite::{OptionalExtension, params};
use sync_core::entry::EntryKind;

use crate::{
    Ledger, LedgerError,
    reason::Reason,
    tables::{Kept, Tables},
};

/// An opening as it came, sealed.
pub struct SealedOpening {
    /// The opinion.
    pub doc: DocId,
    /// The envelope.
    pub payload: Vec<u8>,
    row: i64,
    author: String,
}

impl Ledger {
    /// Openings that nobody has opened yet, in the order of arrival.
    pub fn unopened_openings(&self, limit: usize) -> Result<Vec<SealedOpening>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(
            "SELECT doc, payload, id, device FROM opening WHERE deposit IS NULL ORDER BY id LIMIT ?1",
        )?;
        let rows = query.query_map(params![limit], |row| {
            Ok(SealedOpening {
                doc: DocId::new(row.get(0)?),
                payload: row.get(1)?,
                row: row.get(2)?,
                author: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps what was in the envelope, and has the slip written anew; one that could not be opened is kept apart, where an
    /// operator sees it. What another hub opens is left to it. Only the hub does this.
    pub fn take_opening(
        &self,
        sealed: &SealedOpening,
        deposit: Result<&Deposit, SealError>,
    ) -> Result<(), LedgerError> {
        let tables = self.writer();
        match deposit {
            Ok(_) | Err(SealError::Elsewhere(_)) => {}
            Err(SealError::Closed | SealError::TooLong | SealError::Destroyed(_)) => {
                tables.put_refused(&sealed.doc, &sealed.author, Reason::Sealed, &[], clock::now())?;
            }
        }
        let kept = deposit.map(Deposit::bytes).unwrap_or_default();
        let mut keep = tables.db.prepare_cached("UPDATE opening SET deposit = ?2 WHERE id = ?1")?;
        keep.execute(params![sealed.row, kept])?;
        let mut due = tables.db.prepare_cached(
            "UPDATE opinion SET slip_is_due = 1 WHERE id = (SELECT id FROM document WHERE name = ?1)",
        )?;
        due.execute(params![sealed.doc.as_bytes()])?;
        Ok(())
    }

    /// Gives the opinion `id` this opening instead of what opened its slip before. Only the hub that gave its number does this,
    /// for a holder who came in person: another one could neither write its slip nor have it written.
    pub fn reopen(&self, id: &DocId, deposit: &Deposit) -> Result<(), LedgerError> {
        let tables = self.writer_in_step()?;
        let Kept { space, document } = tables.document(id)?.ok_or(LedgerError::NotFound)?;
        let ticket = Opinion::read(&document).and_then(|opinion| opinion.ticket);
        if ticket.is_some_and(|ticket| self.is_elsewhere(&ticket)) {
            return Err(LedgerError::SlipElsewhere);
        }
        let stamp = Stamp::new("", clock::now());
        let envelope = deposit.seal(&self.seal_key()?, id, Seed(clock::random()))?;
        let entry = self.entry(&space.area, Audience::County, *id, EntryKind::Sealed, &stamp, envelope)?;
        self.commit(&tables, vec![entry])
    }

    /// Whether the holder of the opinion `id` has what opens its slip.
    pub fn has_opening(&self, id: &DocId) -> Result<bool, LedgerError> {
        Ok(self.deposit(&self.reader(), id)?.is_some())
    }

    /// What opens the slip of the opinion `doc`: what the hub gave last, or else what came first. Whoever took the opinion
    /// down sent it in one piece with it, so what comes later from elsewhere takes nobody's slip from them.
    pub(crate) fn deposit(&self, tables: &Tables, doc: &DocId) -> Result<Option<Deposit>, LedgerError> {
        let hub = DeviceId::of(&self.inner.log.public_key()).to_string();
        let mut query = tables.db.prepare_cached(
            "SELECT deposit FROM opening WHERE doc = ?1 AND length(deposit) > 0
             ORDER BY device = ?2 DESC, CASE device WHEN ?2 THEN -id ELSE id END LIMIT 1",
        )?;
        let kept: Option<Vec<u8>> = query.query_row(params![doc.as_bytes(), hub], |row| row.get(0)).optional()?;
        Ok(kept.and_then(|kept| Deposit::from_slice(&kept)))
    }
}
