//! What came sealed to the hub: which of it is not opened yet, what each is about, and reactions on their way to the
//! opinions they speak of. Opening is the hub's; it holds the key, this does not.

use civic_core::{
    area::Area,
    confided::Confided,
    document::{DocumentError, Stamp},
    id::DocId,
    opinion::{self, Opinion},
    reaction::Reaction,
    seal::SealError,
    sealed::Record,
    space::Audience,
    time::UnixSeconds,
    vote::Vote,
};
use rusqlite::{Row, params};
use sync_core::entry::EntryKind;
use tracing::warn;

use crate::{Ledger, LedgerError, reason::Reason, tables::Tables};

/// An envelope with a record in it.
pub struct Envelope {
    /// The name it was sealed under.
    pub doc: DocId,
    /// Where it was sealed.
    pub area: Area,
    /// When, by that device's clock; of a ballot the day alone.
    pub at: UnixSeconds,
    /// The envelope.
    pub payload: Vec<u8>,
    /// How often another came under the same name, as when a token is used at two kiosks.
    pub repeats: u64,
    author: String,
}

/// Somebody who wants name and number erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The opinion beside which they lie.
    pub opinion: DocId,
    /// When they said so, by the kiosk's clock.
    pub at: UnixSeconds,
}

/// Wrong opening numbers that were typed at a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuessedAt {
    /// The device in hexadecimal.
    pub device: String,
    /// How many in all.
    pub wrong: u64,
    /// When it last told of some, by its clock.
    pub last: UnixSeconds,
}

/// What one sealed record is, once it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// To a consultation.
    Response,
    /// In a vote.
    Ballot,
    /// In a vote, and of no token or choices of it, or not under its own name: it does not count. It is looked at anew when
    /// its vote comes or takes others: a hub that was restored may have it before the tokens.
    BadBallot,
    /// 我也一样
    MeToo,
    /// On an opinion.
    Reaction,
    /// Name and number are to be erased.
    Withdrawal,
    /// Wrong opening numbers at a kiosk; its subject is how many.
    Guesses,
    /// An opinion that is kept from its village.
    Confided,
    /// For an opinion that has not come yet.
    Waits,
    /// For an opinion that was erased, and so it was erased, too.
    Erased,
    /// Not what this program knows; it is kept apart with its reason.
    Unreadable,
}

impl What {
    /// The word in the table.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            What::Response => "response",
            What::Ballot => "ballot",
            What::BadBallot => "bad-ballot",
            What::MeToo => "me-too",
            What::Reaction => "reaction",
            What::Withdrawal => "withdrawal",
            What::Guesses => "guesses",
            What::Confided => "confided",
            What::Waits => "waits",
            What::Erased => "erased",
            What::Unreadable => "unreadable",
        }
    }
}

impl Ledger {
    /// Envelopes that nobody has opened yet, and those for an opinion that has come meanwhile, in the order of arrival. What is
    /// looked at anew comes behind all of them: nobody waits for it.
    pub fn unopened(&self, limit: usize) -> Result<Vec<Envelope>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(
            "SELECT doc, area, at, payload, repeats, device FROM sealed
             WHERE what = '' OR (what = ?1 AND (EXISTS (SELECT 1 FROM number WHERE ticket = subject)
                OR EXISTS (SELECT 1 FROM document WHERE name = sealed.doc)))
             ORDER BY what = '' AND subject <> '', id LIMIT ?2",
        )?;
        let rows = query.query_map(params![What::Waits.word(), limit], envelope)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every response to a consultation, or every ballot of a vote, in the order of arrival.
    pub fn sealed_about(&self, what: What, subject: &DocId) -> Result<Vec<Envelope>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(
            "SELECT doc, area, at, payload, repeats, device FROM sealed WHERE what = ?1 AND subject = ?2 ORDER BY id",
        )?;
        let rows = query.query_map(params![what.word(), subject.to_string()], envelope)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every record, in the order of arrival, but for those that were set aside.
    pub(crate) fn every_sealed(&self) -> Result<Vec<Envelope>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(
            "SELECT doc, area, at, payload, repeats, device FROM sealed WHERE what <> ?1 ORDER BY id",
        )?;
        let rows = query.query_map(params![What::Unreadable.word()], envelope)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many such records there are about this document.
    pub fn sealed_count(&self, what: What, subject: &DocId) -> Result<u64, LedgerError> {
        Ok(self.reader().sealed_count(what, subject)?)
    }

    /// Notes what an opened record is: whether a ballot is one of its vote, and where a reaction goes, which is taken
    /// there. Only the hub does this; done twice, it is done once.
    pub fn take(&self, envelope: &Envelope, record: &Record) -> Result<What, LedgerError> {
        let vote = match record {
            Record::Ballot(ballot) => self.published_as::<Vote>(&ballot.vote)?,
            Record::Response(_) | Record::Reaction(_) | Record::Confided(_) | Record::Guesses(_) => None,
        };
        // Slow on purpose, so nobody waits for it.
        let is_sound = match (record, &vote) {
            (Record::Ballot(ballot), Some(vote)) => ballot.check(vote, &envelope.doc).is_ok(),
            (Record::Ballot(_), None) => false,
            (Record::Response(_) | Record::Reaction(_) | Record::Confided(_) | Record::Guesses(_), _) => true,
        };
        let tables = self.writer_in_step()?;
        if let Record::Ballot(ballot) = record
            && tables.published::<Vote>(&ballot.vote)? != vote
        {
            // The vote came or changed meanwhile: the next pass looks at this one again.
            return Ok(What::Waits);
        }
        if let Record::Reaction(reaction) = record
            && let Some(ticket) = reaction.ticket()
            && tables.erased_ticket(&ticket)?.is_some()
        {
            tables.mark_sealed(&envelope.doc, What::Erased, "")?;
            self.erase_late(&tables, envelope.doc, &envelope.area)?;
            return Ok(What::Erased);
        }
        let what = match self.place(&tables, envelope, record, is_sound) {
            // It does not fit into its opinion, and would fit no better the next time: the others are not to wait for it.
            Err(LedgerError::Record(failure)) => {
                warn!(record = %envelope.doc, error = %failure, "What was sealed does not fit into its opinion");
                let reason = if matches!(failure, DocumentError::Limit(_)) { Reason::Full } else { Reason::Damaging };
                let apart = self.keep_apart(&tables, envelope, reason)?;
                // Name and number lie in the vault, and can be erased there though the opinion is full.
                let is_withdrawal = matches!(record, Record::Reaction(Reaction::Withdrawal { .. }));
                if is_withdrawal { What::Withdrawal } else { apart }
            }
            placed => placed?,
        };
        tables.mark_sealed(&envelope.doc, what, &subject(record))?;
        Ok(what)
    }

    /// What an opened record is; what belongs into an opinion is put there.
    fn place(
        &self,
        tables: &Tables,
        envelope: &Envelope,
        record: &Record,
        is_sound: bool,
    ) -> Result<What, LedgerError> {
        Ok(match record {
            Record::Response(_) => What::Response,
            Record::Ballot(_) if is_sound => What::Ballot,
            Record::Ballot(_) => What::BadBallot,
            Record::Confided(confided) => self.take_confided(tables, envelope, confided)?,
            Record::Guesses(_) => What::Guesses,
            Record::Reaction(Reaction::MeToo { .. }) => What::MeToo,
            Record::Reaction(reaction) => {
                let what = self.take_reaction(tables, envelope, reaction)?;
                let is_withdrawal = what == What::Reaction && matches!(reaction, Reaction::Withdrawal { .. });
                if is_withdrawal { What::Withdrawal } else { what }
            }
        })
    }

    /// Puts an envelope whose record can go nowhere where an operator sees it.
    fn keep_apart(&self, tables: &Tables, envelope: &Envelope, reason: Reason) -> Result<What, LedgerError> {
        tables.put_refused(&envelope.doc, &envelope.author, reason, &[], envelope.at)?;
        Ok(What::Unreadable)
    }

    /// Who has taken back their name and number, the first before the others. Whether these still lie at the hub, its vault
    /// knows.
    pub fn withdrawals(&self) -> Result<Vec<Withdrawal>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(
            "SELECT document.name, sealed.at FROM sealed JOIN number ON number.ticket = sealed.subject
             JOIN document ON document.id = number.id WHERE what = ?1 ORDER BY sealed.id",
        )?;
        let rows = query.query_map(params![What::Withdrawal.word()], |row| {
            Ok(Withdrawal { opinion: DocId::new(row.get(0)?), at: UnixSeconds(row.get(1)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many wrong opening numbers each device has told of, by its name in hexadecimal, and when it last did.
    pub fn guesses(&self) -> Result<Vec<GuessedAt>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(
            "SELECT device, sum(CAST(subject AS INTEGER)), max(at) FROM sealed WHERE what = ?1
             GROUP BY device ORDER BY device",
        )?;
        let rows = query.query_map(params![What::Guesses.word()], |row| {
            Ok(GuessedAt { device: row.get(0)?, wrong: row.get(1)?, last: UnixSeconds(row.get(2)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps what cannot be opened apart, where an operator sees it; if its key is destroyed, its author is told, too. What
    /// another hub opens is left to it.
    pub fn set_aside(&self, envelope: &Envelope, why: SealError) -> Result<(), LedgerError> {
        let (reason, lost) = match why {
            SealError::Elsewhere(_) => {
                self.writer().mark_sealed(&envelope.doc, What::Unreadable, "")?;
                return Ok(());
            }
            SealError::Destroyed(epoch) => (Reason::KeyDestroyed, Some(epoch)),
            SealError::Closed | SealError::TooLong => (Reason::Sealed, None),
        };
        {
            let tables = self.writer();
            tables.put_refused(&envelope.doc, &envelope.author, reason, &[], envelope.at)?;
            tables.mark_sealed(&envelope.doc, What::Unreadable, "")?;
        }
        lost.map_or(Ok(()), |epoch| self.tell_lost(&envelope.doc, epoch))
    }

    /// Puts what was kept from a village into its document, which the county alone receives.
    fn take_confided(&self, tables: &Tables, envelope: &Envelope, confided: &Confided) -> Result<What, LedgerError> {
        let Some(mut kept) = tables.document(&envelope.doc)? else { return Ok(What::Waits) };
        let Some(opinion) = Opinion::read(&kept.document) else {
            return self.keep_apart(tables, envelope, Reason::Elsewhere);
        };
        let is_apart = kept.space.audience == Audience::County;
        let Some(edit) = confided.clone().edit(&opinion).filter(|_| is_apart) else { return Ok(What::Confided) };
        let stamp = Stamp::new(opinion.filed.by, envelope.at);
        if let Some(payload) = opinion::edit(&mut kept.document, self.inner.log.actor(), &stamp, &edit)? {
            let entry =
                self.entry(&kept.space.area, Audience::County, envelope.doc, EntryKind::Change, &stamp, payload)?;
            self.commit(tables, vec![entry])?;
        }
        Ok(What::Confided)
    }

    fn take_reaction(&self, tables: &Tables, envelope: &Envelope, reaction: &Reaction) -> Result<What, LedgerError> {
        let name = match reaction.ticket() {
            Some(ticket) => tables.by_ticket(&ticket)?,
            None => None,
        };
        let Some(name) = name else { return Ok(What::Waits) };
        let Some(mut kept) = tables.document(&name)? else { return Ok(What::Waits) };
        let Some(opinion) = Opinion::read(&kept.document) else {
            return self.keep_apart(tables, envelope, Reason::Elsewhere);
        };
        let Some(edit) = reaction.edit(envelope.doc, self.codebook(), &opinion) else { return Ok(What::Reaction) };
        let by = self.codebook().reaction.as_ref().map(|words| words.by.clone()).unwrap_or_default();
        let stamp = Stamp::new(by, envelope.at);
        if let Some(payload) = opinion::edit(&mut kept.document, self.inner.log.actor(), &stamp, &edit)? {
            let space = kept.space;
            let entry = self.entry(&space.area, space.audience, name, EntryKind::Change, &stamp, payload)?;
            self.commit(tables, vec![entry])?;
        }
        Ok(What::Reaction)
    }
}

/// What an opened record is about, for the table.
fn subject(record: &Record) -> String {
    match record {
        Record::Response(response) => response.consultation.to_string(),
        Record::Ballot(ballot) => ballot.vote.to_string(),
        Record::Confided(_) => String::new(),
        Record::Guesses(guesses) => guesses.wrong.to_string(),
        Record::Reaction(Reaction::MeToo { matter }) => matter.to_string(),
        Record::Reaction(reaction) => reaction.ticket().map(|ticket| ticket.digits()).unwrap_or_default(),
    }
}

fn envelope(row: &Row<'_>) -> rusqlite::Result<Envelope> {
    let area: String = row.get(1)?;
    let unreadable = || rusqlite::Error::InvalidColumnType(1, "area".into(), rusqlite::types::Type::Text);
    Ok(Envelope {
        doc: DocId::new(row.get(0)?),
        area: Area::parse(&area).ok_or_else(unreadable)?,
        at: UnixSeconds(row.get(2)?),
        payload: row.get(3)?,
        repeats: row.get(4)?,
        author: row.get(5)?,
    })
}
