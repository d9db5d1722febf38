//! Personal details on their way through the hub: the tables hold an envelope only until the hub has taken it over into its
//! vault, and tell to which opinion a record belongs whose details lie there.

use civic_core::{area::Area, id::DocId, opinion::Opinion, seal::SealError};
use rusqlite::{OptionalExtension, params};

use crate::{Ledger, LedgerError, reason::Reason, sealed::What};

/// An envelope of personal details that waits for the hub.
pub struct Waiting {
    /// The record that it stands beside.
    pub doc: DocId,
    /// The envelope.
    pub envelope: Vec<u8>,
    row: i64,
}

/// The opinion to which a record belongs: itself, or the one that somebody at a kiosk spoke of later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The opinion.
    pub opinion: DocId,
    /// Where it lives.
    pub area: Area,
    /// 承办单位, which has it in hand; empty if none has.
    pub office: String,
    /// Whether nothing more is owed.
    pub is_closed: bool,
}

impl Ledger {
    /// Envelopes of personal details that the hub has not taken over, in the order of arrival. After a rebuild these are all
    /// that the log still has.
    pub fn waiting_details(&self, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached("SELECT id, doc, payload FROM envelope ORDER BY id LIMIT ?1")?;
        let rows = query.query_map(params![limit], |row| {
            Ok(Waiting { row: row.get(0)?, doc: DocId::new(row.get(1)?), envelope: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Lets go of envelopes that were taken over, or that nobody can open; the log keeps its own until they are erased there.
    pub fn let_go<'a>(&self, taken: impl IntoIterator<Item = &'a Waiting>) -> Result<(), LedgerError> {
        let tables = self.writer();
        let transaction = tables.db.unchecked_transaction()?;
        {
            let mut delete = transaction.prepare_cached("DELETE FROM envelope WHERE id = ?1")?;
            for waiting in taken {
                delete.execute(params![waiting.row])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Notes, where an operator sees it, that something sealed beside this record cannot be opened, and why; if its key is
    /// destroyed, whoever wrote it is told, too. What another hub opens is left to it.
    pub fn note_unreadable(&self, doc: &DocId, why: SealError) -> Result<(), LedgerError> {
        let now = replica::clock::now();
        let (reason, lost) = match why {
            SealError::Elsewhere(_) => return Ok(()),
            SealError::Destroyed(epoch) => (Reason::KeyDestroyed, Some(epoch)),
            SealError::Closed | SealError::TooLong => (Reason::Sealed, None),
        };
        self.writer().put_refused(doc, "", reason, &[], now)?;
        lost.map_or(Ok(()), |epoch| self.tell_lost(doc, epoch))
    }

    /// The opinion to which a record belongs; `None` for one that belongs to none, as a response, or that has not come.
    pub fn home_of(&self, doc: &DocId) -> Result<Option<Home>, LedgerError> {
        let tables = self.reader();
        let found: Option<([u8; 16], String, String, String)> = tables
            .db
            .prepare_cached(
                "SELECT document.name, opinion.area, opinion.office, opinion.state
                 FROM opinion JOIN document ON document.id = opinion.id WHERE document.name = ?1
                 UNION ALL
                 SELECT document.name, opinion.area, opinion.office, opinion.state
                 FROM sealed JOIN number ON number.ticket = sealed.subject JOIN opinion ON opinion.id = number.id
                     JOIN document ON document.id = opinion.id
                 WHERE sealed.doc = ?1 AND sealed.what = ?2 LIMIT 1",
            )?
            .query_row(params![doc.as_bytes(), What::Reaction.word()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((opinion, area, office, state)) = found else { return Ok(None) };
        Ok(Area::parse(&area).map(|area| Home {
            opinion: DocId::new(opinion),
            area,
            office,
            is_closed: self.codebook().state(&state).is_some_and(|state| state.is_final),
        }))
    }

    /// Every record that belongs to this opinion and may have something sealed beside it: itself, and what somebody at a
    /// kiosk said of it later.
    pub fn records_of(&self, opinion: &DocId) -> Result<Vec<DocId>, LedgerError> {
        let mut records = vec![*opinion];
        let tables = self.reader();
        let whole = tables.document(opinion)?.and_then(|kept| Opinion::read(&kept.document));
        for ticket in whole.iter().flat_map(Opinion::tickets) {
            let mut query =
                tables.db.prepare_cached("SELECT doc FROM sealed WHERE what = ?1 AND subject = ?2 ORDER BY id")?;
            let rows =
                query.query_map(params![What::Reaction.word(), ticket.digits()], |row| Ok(DocId::new(row.get(0)?)))?;
            records.extend(rows.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(records)
    }

    /// Empties what is written ahead of the tables, which still holds envelopes that were let go.
    pub fn scrub(&self) -> Result<(), LedgerError> {
        Ok(self.writer().copy("TRUNCATE").map(drop)?)
    }
}
