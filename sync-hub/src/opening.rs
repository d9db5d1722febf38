//! Opening what people sealed to the county: reactions and what is kept from a village go to their
//! opinions, ballots and responses are counted, what opens slips is kept for writing them.
//!
//! Nothing that was opened is written down in the clear but what belongs on an opinion: a ballot is opened anew each time
//! its vote is counted, and what comes out of it is a number. Each record is taken over under the hub's own key
//! ([`crate::taken`]), so that it can be counted when the key that it came sealed to is destroyed. Envelopes of personal
//! details are never opened here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use civic_core::{
    area::Area,
    consultation::Consultation,
    document::Kind,
    id::DocId,
    published,
    sealed::Record,
    tally::{ConsultationResult, Said, VoteResult},
    time::UnixSeconds,
    vote::Vote,
};
use ledger::{
    Ledger, LedgerError,
    sealed::{Envelope, What},
};
use replica::{clock, dir::DataDir};
use serde::Serialize;
use tracing::warn;

use crate::{
    keys::Keys,
    taken::{Taken, TakenError},
};

/// Envelopes that are opened in one pass.
const BATCH: usize = 200;

/// Whoever opens envelopes at the hub.
#[derive(Clone)]
pub struct Opener {
    ledger: Ledger,
    keys: Arc<Keys>,
    // A std mutex: held for one record.
    taken: Arc<Mutex<Taken>>,
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

/// What somebody said to one piece of a consultation in their own words.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnAnswer {
    /// The hash of a recording; empty without one.
    pub recording: String,
    /// The hash of what was written with a finger; empty without any.
    pub ink: String,
    /// Written words.
    pub words: String,
    /// To which piece.
    pub piece: Piece,
    /// Whether it was said of an earlier wording.
    pub is_earlier: bool,
    /// The response.
    pub doc: DocId,
    /// Where it was said.
    pub area: Area,
}

/// An article or a question, by its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// An article.
    Article(String),
    /// A question.
    Question(String),
}

impl Piece {
    /// The word for it in forms.
    pub fn word(&self) -> String {
        match self {
            Piece::Article(key) => format!("article-{key}"),
            Piece::Question(key) => format!("question-{key}"),
        }
    }
}

impl Opener {
    /// Opens envelopes of `ledger` with `keys`, and takes records over into the file in `dir`.
    pub fn new(dir: &DataDir, ledger: Ledger, keys: Arc<Keys>) -> anyhow::Result<Self> {
        let taken = Taken::open(dir)?;
        // What came back with a backup and was erased since.
        taken.erase(&ledger.buried()?)?;
        Ok(Self { ledger, keys, taken: Arc::new(Mutex::new(taken)) })
    }

    fn open(&self, doc: &DocId, envelope: &[u8]) -> Result<Record, TakenError> {
        self.taken().open_record(&self.keys.ring(), doc, envelope)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of records that were erased.
    pub fn forget(&self, docs: &[DocId]) -> anyhow::Result<()> {
        Ok(self.taken().erase(docs)?)
    }

    /// Whether everything that was sealed to this epoch and came here is taken over: then its key may go.
    pub fn has_taken_all(&self, epoch: u32) -> anyhow::Result<bool> {
        while self.work()? > 0 {}
        if self.ledger.has_details_sealed_to(epoch)? {
            return Ok(false);
        }
        for Envelope { doc, payload, .. } in self.ledger.sealed_to(epoch)? {
            // Opened once more, so that one that came before records were taken over is taken now.
            if let Err(TakenError::Db(failure)) = self.open(&doc, &payload) {
                return Err(failure.into());
            }
        }
        Ok(true)
    }

    /// Opens what has come since; returns how much was done. One that cannot be opened is kept apart and blocks nothing.
    pub fn work(&self) -> anyhow::Result<usize> {
        let mut done = 0;
        for envelope in self.ledger.unopened(BATCH)? {
            match self.open(&envelope.doc, &envelope.payload) {
                Ok(record) => match self.ledger.take(&envelope, &record)? {
                    What::Waits => {}
                    What::Erased => {
                        self.forget(&[envelope.doc])?;
                        done += 1;
                    }
                    What::Response
                    | What::Ballot
                    | What::BadBallot
                    | What::MeToo
                    | What::Reaction
                    | What::Withdrawal
                    | What::Guesses
                    | What::Confided
                    | What::Unreadable => done += 1,
                },
                Err(TakenError::Sealed(failure)) => {
                    warn!(record = %envelope.doc, error = %failure, "What was sealed cannot be opened");
                    self.ledger.set_aside(&envelope, failure)?;
                    done += 1;
                }
                Err(TakenError::Db(failure)) => return Err(failure.into()),
            }
        }
        for sealed in self.ledger.unopened_openings(BATCH)? {
            let opened = self.taken().open_opening(&self.keys.ring(), &sealed.doc, &sealed.payload);
            let deposit = match opened {
                Ok(deposit) => Ok(deposit),
                Err(TakenError::Sealed(failure)) => {
                    warn!(opinion = %sealed.doc, error = %failure, "What opens a slip cannot be opened");
                    Err(failure)
                }
                Err(TakenError::Db(failure)) => return Err(failure.into()),
            };
            self.ledger.take_opening(&sealed, deposit.as_ref().map_err(|failure| *failure))?;
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

    /// What was said to this consultation in people's own words, in an order that tells nothing of who came after whom; what
    /// fits nothing that is asked now is left out.
    pub fn own_answers(&self, id: &DocId) -> Result<Vec<OwnAnswer>, LedgerError> {
        let Some(consultation) = self.ledger.published_as::<Consultation>(id)? else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for Envelope { doc, area, payload, .. } in self.ledger.sealed_about(What::Response, id)? {
            let Ok(Record::Response(response)) = self.open(&doc, &payload) else { continue };
            // Each response is counted alone, so that what it says comes out as it is counted.
            let mut counted = ConsultationResult::new(&consultation);
            counted.add(&consultation, &response);
            let articles = counted.articles.into_iter().map(|article| (Piece::Article(article.key), article.said));
            let questions =
                counted.questions.into_iter().map(|question| (Piece::Question(question.key), question.said));
            for (piece, said) in articles.chain(questions) {
                all.extend(said.into_iter().map(|Said { words, recording, ink, is_earlier }| OwnAnswer {
                    recording,
                    ink,
                    words,
                    piece: piece.clone(),
                    is_earlier,
                    doc,
                    area: area.clone(),
                }));
            }
        }
        all.sort();
        Ok(all)
    }

    /// Opens everything of one sort about one document, and counts it.
    fn count(&self, what: What, subject: &DocId, mut count: impl FnMut(Record)) -> Result<Basis, LedgerError> {
        let mut basis = Basis { as_of: clock::now(), ..Basis::default() };
        for Envelope { doc, area, payload, repeats, .. } in self.ledger.sealed_about(what, subject)? {
            basis.repeats += repeats;
            if let Ok(record) = self.open(&doc, &payload) {
                count(record);
                *basis.places.entry(area.code().to_owned()).or_default() += 1;
            }
        }
        Ok(basis)
    }
}
