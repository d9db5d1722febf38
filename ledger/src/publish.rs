//! What the hub publishes: records of a file, tokens of a vote, and matters that follow their opinions.

use civic_core::{
    document::{Document, Kind, Stamp},
    id::DocId,
    matter::{self, Matter},
    opinion::Opinion,
    publication::{MatterForm, OpinionName, Publication},
    published::{self, Published},
    space::{Audience, Space},
    token::HASH_DIGITS,
    vote::{TOKENS_BATCH_MAX, TOKENS_MAX, Vote, VoteCount},
};
use replica::{clock, store::NewEntry};
use serde::{Deserialize, Serialize};
use sync_core::entry::EntryKind;
use tracing::warn;

use crate::{Ledger, LedgerError, sealed::What, tables::Tables};

/// What became of one record of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is.
    pub kind: Kind,
    /// Its key; of a matter the number or document that names its opinion.
    pub key: String,
    /// What was done.
    pub outcome: Outcome,
}

/// What publishing a record did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was not there.
    New,
    /// These fields differ now.
    Changed(Vec<String>),
    /// It says so already.
    Same,
    /// A matter whose opinion is not at this hub: nothing was done.
    NoOpinion,
}

/// Why no tokens were made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no such vote.
    #[error("no vote {0:?} was published")]
    NoVote(String),
    /// More than [`TOKENS_BATCH_MAX`] at once or [`TOKENS_MAX`] in all.
    #[error("{TOKENS_BATCH_MAX} tokens are the most at once, and {TOKENS_MAX} for one vote, which has {0}")]
    TooMany(usize),
}

/// Why no result was published.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no such vote.
    #[error("no vote {0:?} was published")]
    NoVote(String),
    /// It can still be voted in, or its file says no last day.
    #[error("the vote {0:?} is not over: its result is published after the last day that its file names")]
    StillOpen(String),
}

impl Ledger {
    /// Publishes everything in a file, in one transaction; only what differs is written. Only the hub does this.
    pub fn publish(&self, publication: &Publication) -> Result<Vec<Line>, LedgerError> {
        let tables = self.writer_in_step()?;
        let (mut desk, mut lines) = (self.desk(), Vec::new());
        for notice in &publication.notices {
            lines.push(desk.put(&tables, notice.clone())?);
        }
        for station in &publication.stations {
            lines.push(desk.put(&tables, station.clone())?);
        }
        for deputy in &publication.deputies {
            lines.push(desk.put(&tables, deputy.clone())?);
        }
        for consultation in &publication.consultations {
            lines.push(desk.put(&tables, consultation.clone())?);
        }
        for vote in &publication.votes {
            // The file knows nothing of tokens, which stay good, nor of a result.
            let Vote { tokens, result, .. } = tables.published::<Vote>(&vote.id())?.unwrap_or_default();
            lines.push(desk.put(&tables, Vote { tokens, result, ..vote.clone() })?);
        }
        for form in &publication.matters {
            lines.push(desk.put_matter(&tables, form)?);
        }
        self.commit(&tables, desk.entries)?;
        Ok(lines)
    }

    /// Publishes the hashes of tokens that were made together ([`civic_core::vote::batch_of`]) for the vote `key`. They are
    /// on disk when this returns, and the tokens may be given out. The same batch again changes nothing.
    pub fn add_tokens(&self, key: &str, batch: &str) -> Result<Line, TokenError> {
        let tables = self.writer_in_step()?;
        let known = tables.published_by_key::<Vote>(key).map_err(LedgerError::from)?;
        let mut vote = known.ok_or_else(|| TokenError::NoVote(key.to_owned()))?;
        let (there, new) = (vote.token_count(), batch.len() / HASH_DIGITS);
        if new > TOKENS_BATCH_MAX || there + new > TOKENS_MAX {
            return Err(TokenError::TooMany(there));
        }
        if !vote.tokens.iter().any(|known| known == batch) {
            vote.tokens.push(batch.to_owned());
        }
        let mut desk = self.desk();
        let line = desk.put(&tables, vote)?;
        self.commit(&tables, desk.entries)?;
        Ok(line)
    }

    /// Publishes what came of the vote `key`, once it is over: nobody's choice may lean on a count. The same result again
    /// changes nothing.
    pub fn publish_result(&self, key: &str, result: VoteCount) -> Result<Line, ResultError> {
        let tables = self.writer_in_step()?;
        let known = tables.published_by_key::<Vote>(key).map_err(LedgerError::from)?;
        let vote = known.ok_or_else(|| ResultError::NoVote(key.to_owned()))?;
        if !vote.is_over(clock::now().day()) {
            return Err(ResultError::StillOpen(key.to_owned()));
        }
        // Counted again with the same outcome, it keeps its date.
        let as_of = vote.result.as_ref().filter(|known| VoteCount { as_of: known.as_of, ..result.clone() } == **known);
        let result = VoteCount { as_of: as_of.map_or(result.as_of, |known| known.as_of), ..result };
        let mut desk = self.desk();
        let line = desk.put(&tables, Vote { result: Some(result), ..vote })?;
        self.commit(&tables, desk.entries)?;
        Ok(line)
    }

    /// The entry that brings the matter of an opinion, if the county shows one, to where the opinion stands. A hub beneath
    /// another one leaves the matters of that one to it: what it would write there goes nowhere.
    pub(crate) fn matter_entry(
        &self,
        tables: &Tables,
        name: &DocId,
        opinion: &Opinion,
        stamp: &Stamp,
    ) -> Result<Option<NewEntry>, LedgerError> {
        let id = matter::id_of(name);
        let Some(known) = tables.published::<Matter>(&id)? else { return Ok(None) };
        if !self.keeps_up(tables, &id)? {
            return Ok(None);
        }
        let matter = known.follow(self.codebook(), opinion, stamp.at);
        self.published_entry(tables, &id, &matter, stamp)
    }

    /// Whether a matter is this hub's to keep up, and not the one's above it that published it.
    pub(crate) fn keeps_up(&self, tables: &Tables, id: &DocId) -> Result<bool, LedgerError> {
        Ok(!self.is_beneath() || self.has_begun(tables, id)?)
    }

    /// Whether it was this installation, in whichever of its lives, that began a document.
    fn has_begun(&self, tables: &Tables, id: &DocId) -> Result<bool, LedgerError> {
        let begun_by = tables.document(id)?.map(|kept| kept.document.begun_by()).unwrap_or_default();
        let own = self.inner.log.public_key();
        let held = self.inner.log.held();
        let mut lives = held.iter().filter(|held| held.feed.public_key == own);
        Ok(lives.any(|held| begun_by.contains(&held.feed.actor())))
    }

    /// Brings the "me too" counts of matters up to date that have fallen behind what was said; returns how many moved. Those of
    /// matters that the hub above keeps up it counts itself ([`Ledger::repeat_me_too`]).
    pub fn count_me_too(&self) -> Result<usize, LedgerError> {
        let tables = self.writer_in_step()?;
        let (stamp, mut entries) = (self.county_stamp(), Vec::new());
        for (id, matter) in tables.all_published::<Matter>()? {
            let me_too = tables.sealed_count(What::MeToo, &id)?;
            if !is_due(matter.me_too, me_too) || !self.keeps_up(&tables, &id)? {
                continue;
            }
            match self.published_entry(&tables, &id, &Matter { me_too, ..matter }, &stamp) {
                Ok(entry) => entries.extend(entry),
                // It is full; the others are not to wait for it.
                Err(LedgerError::Record(failure)) => {
                    warn!(matter = %id, error = %failure, "How many say \"me too\" is not published any more");
                }
                Err(failure) => return Err(failure),
            }
        }
        let moved = entries.len();
        self.commit(&tables, entries)?;
        Ok(moved)
    }

    fn published_entry<T: Published>(
        &self,
        tables: &Tables,
        id: &DocId,
        record: &T,
        stamp: &Stamp,
    ) -> Result<Option<NewEntry>, LedgerError> {
        let space = Space::new(self.codebook().county.area.clone(), Audience::Public);
        let mut document = document_in(tables, &space, id)?;
        let payload = published::write(&mut document, self.inner.log.actor(), stamp, record)?;
        payload
            .map(|payload| self.entry(&space.area, space.audience, *id, EntryKind::Change, stamp, payload))
            .transpose()
    }

    fn desk(&self) -> Desk<'_> {
        Desk { ledger: self, stamp: self.county_stamp(), entries: Vec::new() }
    }

    fn county_stamp(&self) -> Stamp {
        Stamp::new(self.codebook().county.name.clone(), clock::now())
    }
}

/// The document of this name in this space, or one that is not begun. A device may have written under the name in a space of
/// its own: nobody builds on that, for most would wait for it for ever.
pub(crate) fn document_in(tables: &Tables, space: &Space, id: &DocId) -> Result<Document, rusqlite::Error> {
    let kept = tables.document(id)?.filter(|kept| kept.space == *space);
    Ok(kept.map_or_else(Document::empty, |kept| kept.document))
}

/// Whether a published count is worth writing anew. Small ones always are; a large one when it has grown by a twentieth,
/// so that a matter which thousands share is not a document of thousands of changes. What is shown is never too much.
fn is_due(published: u64, counted: u64) -> bool {
    counted > published && (counted < 20 || counted > published + published / 20)
}

/// One file on its way out.
struct Desk<'a> {
    ledger: &'a Ledger,
    stamp: Stamp,
    entries: Vec<NewEntry>,
}

impl Desk<'_> {
    fn put<T: Published>(&mut self, tables: &Tables, record: T) -> Result<Line, LedgerError> {
        let key = record.key().to_owned();
        self.put_as(tables, published::id_of(T::KIND, &key), key, record)
    }

    fn put_as<T: Published>(
        &mut self,
        tables: &Tables,
        id: DocId,
        key: String,
        record: T,
    ) -> Result<Line, LedgerError> {
        let before = tables.published::<T>(&id)?;
        let entry = self.ledger.published_entry(tables, &id, &record, &self.stamp)?;
        let outcome = match (&entry, before) {
            (Some(_), Some(before)) => Outcome::Changed(published::differences(&before, &record)),
            (Some(_), None) => Outcome::New,
            (None, _) => Outcome::Same,
        };
        self.entries.extend(entry);
        Ok(Line { kind: T::KIND, key, outcome })
    }

    fn put_matter(&mut self, tables: &Tables, form: &MatterForm) -> Result<Line, LedgerError> {
        let (key, name) = match form.opinion() {
            Ok(OpinionName::Ticket(ticket)) => (ticket.to_string(), tables.by_ticket(&ticket)?),
            Ok(OpinionName::Document(id)) => (id.to_string(), Some(id)),
            Err(_) => (form.ticket.clone(), None),
        };
        let opinion = match &name {
            Some(name) => tables.document(name)?.and_then(|kept| Opinion::read(&kept.document)),
            None => None,
        };
        let (Some(name), Some(opinion)) = (name, opinion) else {
            return Ok(Line { kind: Kind::Matter, key, outcome: Outcome::NoOpinion });
        };
        let id = matter::id_of(&name);
        let before = tables.published::<Matter>(&id)?.unwrap_or_default();
        let wanted = Matter {
            state: before.state,
            answer: before.answer,
            as_of: before.as_of,
            me_too: before.me_too,
            ..form.matter()
        };
        let matter = wanted.follow(self.ledger.codebook(), &opinion, self.stamp.at);
        self.put_as(tables, id, key, matter)
    }
}

#[cfg(test)]
mod tests {
    use super::is_due;

    #[test]
    fn a_count_moves_at_once_while_it_is_small_and_seldom_when_it_is_large() {
        assert!(is_due(0, 1) && is_due(18, 19) && !is_due(3, 3));
        assert!(!is_due(100, 105) && is_due(100, 106));
        let mut written = 0;
        let mut shown = 0;
        for counted in 1..=10_000 {
            if is_due(shown, counted) {
                (shown, written) = (counted, written + 1);
            }
        }
        assert!(written < 200 && shown > 9_500, "{written} {shown}");
    }
}
