//! Opening what people sealed to the county: reactions and what is kept from a village go to their
//! opinions, ballots and responses are counted, what opens slips is kept for writing them.
//!
//! Nothing that was opened is written down in the clear but what belongs on an opinion: a ballot is opened anew each time
//! its vote is counted, and what comes out of it is a number. Envelopes of personal details are never opened here.

use std::collections::BTreeMap;

use civic_core::{
    consultation::Consultation,
    document::Kind,
    id::DocId,
    opening::Deposit,
    published,
    seal::OpenKey,
    sealed::Record,
    tally::{ConsultationResult, VoteResult},
    time::UnixSeconds,
    vote::Vote,
};
use ledger::{
    Ledger, LedgerError,
    sealed::{Envelope, What},
};
use replica::clock;
use serde::Serialize;
use tracing::warn;

/// Envelopes that are opened in one pass.
const BATCH: usize = 200;

/// Whoever opens envelopes at the hub.
#[derive(Clone)]
pub struct Opener {
    ledger: Ledger,
    key: OpenKey,
}

/// A result with what it rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Counted<T> {
    /// The counts.
    #[serde(flatten)]
    pub result: T,
    /// What they rest on.
    #[serde(flatten)]
    pub basis: Basis,
}

/// What a result rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// How many came from the kiosks of each place, by its code.
    pub places: BTreeMap<String, u64>,
    /// How often a token was used again at another kiosk; each counts once, for what came first.
    pub repeats: u64,
    /// When the hub last looked, by its own clock.
    pub as_of: UnixSeconds,
}

impl Opener {
    /// Opens envelopes of `ledger` with `key`.
    pub fn new(ledger: Ledger, key: OpenKey) -> Self {
        Self { ledger, key }
    }

    /// Opens what has come since; returns how much was done. One that cannot be opened is kept apart and blocks nothing.
    pub fn work(&self) -> Result<usize, LedgerError> {
        let mut done = 0;
        for envelope in self.ledger.unopened(BATCH)? {
            match Record::open(&self.key, &envelope.doc, &envelope.payload) {
                Ok(record) => done += usize::from(self.ledger.take(&envelope, &record)? != What::Waits),
                Err(failure) => {
                    warn!(record = %envelope.doc, error = %failure, "What was sealed cannot be opened");
                    self.ledger.set_aside(&envelope)?;
                    done += 1;
                }
            }
        }
        for sealed in self.ledger.unopened_openings(BATCH)? {
            let deposit = Deposit::open(&self.key, &sealed.doc, &sealed.payload);
            if let Err(failure) = &deposit {
                warn!(opinion = %sealed.doc, error = %failure, "What opens a slip cannot be opened");
            }
            self.ledger.take_opening(&sealed, deposit.ok().as_ref())?;
            done += 1;
        }
        Ok(done + self.ledger.count_me_too()?)
    }

    /// Counts a vote as it stands; `None` if no such vote was published.
    pub fn count_vote(&self, key: &str) -> Result<Option<Counted<VoteResult>>, LedgerError> {
        let id = published::id_of(Kind::Vote, key);
        let Some(vote) = self.ledger.published_as::<Vote>(&id)? else { return Ok(None) };
        let mut result = VoteResult::new(&vote);
        let basis = self.count(What::Ballot, &id, |record| match record {
            Record::Ballot(ballot) => result.add(&vote, &ballot),
            Record::Response(_) | Record::Reaction(_) | Record::Confided(_) | Record::Guesses(_) => {}
        })?;
        result.refused += self.ledger.sealed_count(What::BadBallot, &id)?;
        Ok(Some(Counted { result, basis }))
    }

    /// Counts a consultation as it stands; `None` if no such consultation was published.
    pub fn count_consultation(&self, key: &str) -> Result<Option<Counted<ConsultationResult>>, LedgerError> {
        let id = published::id_of(Kind::Consultation, key);
        let Some(consultation) = self.ledger.published_as::<Consultation>(&id)? else { return Ok(None) };
        let mut result = ConsultationResult::new(&consultation);
        let basis = self.count(What::Response, &id, |record| match record {
            Record::Response(response) => result.add(&consultation, &response),
            Record::Ballot(_) | Record::Reaction(_) | Record::Confided(_) | Record::Guesses(_) => {}
        })?;
        result.sort();
        Ok(Some(Counted { result, basis }))
    }

    /// Opens everything of one sort about one document, and counts it.
    fn count(&self, what: What, subject: &DocId, mut count: impl FnMut(Record)) -> Result<Basis, LedgerError> {
        let mut basis = Basis { as_of: clock::now(), ..Basis::default() };
        for Envelope { doc, area, payload, repeats, .. } in self.ledger.sealed_about(what, subject)? {
            basis.repeats += repeats;
            if let Ok(record) = Record::open(&self.key, &doc, &payload) {
                count(record);
                *basis.places.entry(area.code().to_owned()).or_default() += 1;
            }
        }
        Ok(basis)
    }
}
