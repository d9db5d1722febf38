//! What people say at a kiosk and only the county may read: responses, ballots, reactions, what is kept from a village. Sealed as it is given, so that
//! neither the kiosk nor whoever carries it can read it again.
//!
//! In the envelope lies one JSON object, filled up with spaces to a multiple of [`PAD_LEN`]: how long it is does not
//! tell how many projects somebody chose.

use serde::{Deserialize, Serialize};

use crate::{
    ballot::Ballot,
    confided::Confided,
    id::DocId,
    reaction::Reaction,
    response::Response,
    seal::{self, Content, OpenKey, SealError, SealKey, Seed},
};

/// Records are filled up to a multiple of this.
pub const PAD_LEN: usize = 256;

/// What was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// To a consultation.
    Response(Response),
    /// In a vote.
    Ballot(Ballot),
    /// To an answer or a matter.
    Reaction(Reaction),
    /// An opinion that is kept from its village.
    Confided(Confided),
    /// That somebody tried to guess what opens slips.
    Guesses(Guesses),
}

/// Wrong opening numbers that were typed at a kiosk: how many, and neither which nor for whose slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guesses {
    /// Since the last such record of this kiosk.
    pub wrong: u32,
}

impl Record {
    /// Seals it under the name `doc`.
    pub fn seal(&self, key: &SealKey, doc: &DocId, seed: Seed) -> Result<Vec<u8>, SealError> {
        let mut plain = serde_json::to_vec(self).map_err(|_| SealError::TooLong)?;
        plain.resize(plain.len().next_multiple_of(PAD_LEN), b' ');
        seal::put_in(Content::Record, key, doc, &plain, seed)
    }

    /// Opens what was sealed under the name `doc`. What a newer program sealed and this one does not know counts as closed.
    pub fn open(key: &OpenKey, doc: &DocId, envelope: &[u8]) -> Result<Self, SealError> {
        let plain = seal::take_out(Content::Record, key, doc, envelope)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    #[test]
    fn a_sealed_ballot_opens_at_the_hub_under_its_own_name_and_its_length_tells_nothing() {
        let hub = OpenKey::make(1, Seed([1; 32]));
        let key = hub.seal_key().unwrap();
        let doc = DocId::new([7; 16]);
        let ballot = |choices: &[&str]| {
            let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
            Record::Ballot(Ballot { vote: doc, token: Token::new([1; 8]), choices })
        };
        let seal = |record: &Record| record.seal(&key, &doc, Seed([2; 32])).unwrap();
        let (one, three) = (ballot(&["路"]), ballot(&["路", "桥", "灯"]));
        assert_eq!(Record::open(&hub, &doc, &seal(&one)), Ok(one.clone()));
        assert_eq!(Record::open(&hub, &DocId::new([8; 16]), &seal(&one)), Err(SealError::Closed));
        assert_eq!(seal(&one).len(), seal(&three).len());
    }
}
