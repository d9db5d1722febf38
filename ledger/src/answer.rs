//! What people answer at this device: to consultations, in votes, to answers and matters. All of it is sealed to the
//! county before it is written, and on disk before any of these returns.
//!
//! Whether something is open hangs on no clock here: what a screen shows hangs on the day, and what the hub counts is its
//! own to say.

use civic_core::{
    area::Area,
    attachment::Attached,
    ballot::{self, Ballot},
    consultation::Consultation,
    document::Stamp,
    id::DocId,
    matter::Matter,
    published::Published,
    reaction::Reaction,
    response::Response,
    seal::Seed,
    sealed::{Guesses, Record},
    slip::Slip,
    space::Audience,
    ticket::Ticket,
    token::Token,
    vote::Vote,
    workflow,
};
use replica::{clock, store::StoreError};
use sync_core::entry::EntryKind;

use crate::{Ledger, LedgerError, enclosed::Enclosed};

/// Why an answer was not taken, by what the person can do.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It could not be saved; nothing was taken.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It is not asked here: unknown, taken back, for another place, or already answered.
    #[error("this is not asked here")]
    NotAsked,
    /// What was sent is no answer to what is asked: a fault of the form.
    #[error("{0}")]
    Unfit(String),
    /// The token was not made for this vote.
    #[error("this token was not made for this vote")]
    UnknownToken,
    /// The token was used at this device before.
    #[error("this token was used here before")]
    UsedToken,
}

impl From<StoreError> for NotTaken {
    fn from(failure: StoreError) -> Self {
        NotTaken::Ledger(failure.into())
    }
}

impl Ledger {
    /// How a response or a reaction written in the form `form` names these voices and drawings, in their order. They are
    /// written with it, and not before.
    pub fn named(&self, form: &str, enclosed: &[Enclosed]) -> Result<Vec<Attached>, LedgerError> {
        let sealed = self.enclose(&DocId::of_form(&self.log().public_key(), form, 0), enclosed)?;
        Ok(sealed.into_iter().map(|(attached, _)| attached).collect())
    }

    /// Takes a response to a consultation, and the voices and drawings that it names ([`Ledger::named`]) sealed beside it.
    /// `form` names the form it was written in: the same form sent again, even after the power failed between saving and
    /// showing, is the one that is here already.
    pub fn respond(
        &self,
        form: &str,
        village: &Area,
        response: &Response,
        enclosed: &[Enclosed],
    ) -> Result<DocId, NotTaken> {
        let consultation: Consultation = self.asked(village, &response.consultation)?;
        response.check(&consultation).map_err(|bad| NotTaken::Unfit(bad.to_string()))?;
        let id = DocId::of_form(&self.log().public_key(), form, 0);
        self.seal_once(village, id, clock::now(), &Record::Response(response.clone()), enclosed)?;
        Ok(id)
    }

    /// Takes a ballot. A token is taken once on this device; used at two devices, the hub counts it once.
    ///
    /// The ballot tells the day and not the time of day, so that its place in a queue before the kiosk tells no name.
    pub fn vote(&self, village: &Area, vote: &DocId, token: Token, choices: Vec<String>) -> Result<(), NotTaken> {
        let known: Vote = self.asked(village, vote)?;
        let hash = token.hash(vote);
        if !known.knows(&hash) {
            return Err(NotTaken::UnknownToken);
        }
        if !known.may_choose(&choices) {
            return Err(NotTaken::Unfit("these projects cannot be chosen together".into()));
        }
        let id = ballot::id_of(vote, &hash);
        let day = clock::now().day().starts();
        match self.seal_once(village, id, day, &Record::Ballot(Ballot { vote: *vote, token, choices }), &[])? {
            true => Ok(()),
            false => Err(NotTaken::UsedToken),
        }
    }

    /// Takes a reaction, and the voice that it names sealed beside it. The same `form` sent again is the one that is here
    /// already; one answer is evaluated here once.
    pub fn react(
        &self,
        form: &str,
        village: &Area,
        reaction: &Reaction,
        voices: &[Enclosed],
    ) -> Result<DocId, NotTaken> {
        reaction.check().map_err(|reason| NotTaken::Unfit(reason.to_owned()))?;
        let mut id = DocId::of_form(&self.log().public_key(), form, 0);
        match reaction {
            Reaction::MeToo { matter } => drop(self.asked::<Matter>(village, matter)?),
            // Whether it is the holder who says so, and of which answer, the screen knows that opened the slip.
            Reaction::Evaluation { ticket, answer, .. } => {
                id = self.evaluation_id(ticket, *answer);
                let is_asked = |slip: Slip| workflow::may_evaluate(self.codebook(), &slip.state);
                let is_said = self.log().is_received(&id)?.is_some();
                if *answer == 0 || is_said || !self.slip(ticket)?.is_some_and(is_asked) {
                    return Err(NotTaken::NotAsked);
                }
            }
            Reaction::Misunderstood { ticket, .. }
            | Reaction::Addition { ticket, .. }
            | Reaction::Withdrawal { ticket } => {
                let is_known = self.slip(ticket)?.is_some() || self.by_ticket(ticket)?.is_some();
                if !is_known || self.codebook().reaction.is_none() {
                    return Err(NotTaken::NotAsked);
                }
            }
        }
        self.seal_once(village, id, clock::now(), &Record::Reaction(reaction.clone()), voices)?;
        Ok(id)
    }

    /// Tells the county, sealed, how many wrong opening numbers were typed here.
    pub fn tell_guesses(&self, village: &Area, wrong: u32) -> Result<(), LedgerError> {
        let record = Record::Guesses(Guesses { wrong });
        self.seal_once(village, DocId::new(clock::random()), clock::now(), &record, &[]).map(drop)
    }

    /// The document of what somebody here thinks of an answer: one for each answer.
    pub(crate) fn evaluation_id(&self, ticket: &Ticket, answer: usize) -> DocId {
        let form = format!("evaluation {} {answer}", ticket.digits());
        DocId::of_form(&self.log().public_key(), &form, 0)
    }

    /// What is asked of people in `village` under this name.
    fn asked<T: Published>(&self, village: &Area, id: &DocId) -> Result<T, NotTaken> {
        let found = self.published_as::<T>(id)?;
        found.filter(|record| record.is_for(village)).ok_or(NotTaken::NotAsked)
    }

    /// Seals a record under the name `id`, unless this device wrote one under it before; `false` then.
    fn seal_once(
        &self,
        village: &Area,
        id: DocId,
        at: civic_core::time::UnixSeconds,
        record: &Record,
        enclosed: &[Enclosed],
    ) -> Result<bool, LedgerError> {
        let tables = self.writer_in_step()?;
        if self.inner.log.is_received(&id)?.is_some() {
            return Ok(false);
        }
        let envelope = record.seal(&self.seal_key()?, &id, Seed(clock::random()))?;
        let stamp = Stamp::new("", at);
        let mut entries = vec![self.entry(village, Audience::County, id, EntryKind::Sealed, &stamp, envelope)?];
        let (_, attachments): (Vec<_>, Vec<_>) = self.enclose(&id, enclosed)?.into_iter().unzip();
        entries.extend(self.announcements(village, id, &stamp, &attachments)?);
        self.commit_with(&tables, entries, attachments)?;
        Ok(true)
    }
}
