//! A ballot: what one household chose in a vote. Sealed to the county as it is given, and never on a kiosk in the clear.

use serde::{Deserialize, Serialize};

use crate::{id::DocId, token::Token, vote::Vote};

/// A ballot. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// The vote.
    pub vote: DocId,
    /// The household's token.
    pub token: Token,
    /// Keys of the chosen projects.
    pub choices: Vec<String>,
}

/// Why a ballot is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum BadBallot {
    /// The token was not made for this vote.
    #[error("the token was not made for this vote")]
    Token,
    /// Not between one and as many as may be, or not of this vote's projects.
    #[error("the choices are not ones that this vote allows")]
    Choices,
    /// It does not stand under its own name, so the same token could be used again under another.
    #[error("the ballot does not stand under its token's name")]
    Name,
}

/// The ballot's document is named by vote and token, so that a token used at two kiosks makes one document. The name does
/// not tell the token: it is made from `hash`, its [`Token::hash`].
pub fn id_of(vote: &DocId, hash: &str) -> DocId {
    let mut bytes = [0; 16];
    let mut hasher = blake3::Hasher::new_derive_key("huiyin ballot id v1");
    hasher.update(vote.as_bytes()).update(hash.as_bytes()).finalize_xof().fill(&mut bytes);
    DocId::new(bytes)
}

impl Ballot {
    /// Whether it counts in `vote` under the name `id`. As slow as [`Token::hash`].
    pub fn check(&self, vote: &Vote, id: &DocId) -> Result<(), BadBallot> {
        let hash = self.token.hash(&self.vote);
        if self.vote != vote.id() || id_of(&self.vote, &hash) != *id {
            Err(BadBallot::Name)
        } else if !vote.knows(&hash) {
            Err(BadBallot::Token)
        } else if !vote.may_choose(&self.choices) {
            Err(BadBallot::Choices)
        } else {
            Ok(())
        }
    }
}

impl std::fmt::Debug for Ballot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ballot(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vote::Project;

    #[test]
    fn a_ballot_counts_once_with_a_token_of_its_vote_and_choices_that_it_allows() {
        let project = |key: &str| Project { key: key.into(), ..Project::default() };
        let mut vote = Vote {
            key: "2026".into(),
            choose: 2,
            projects: vec![project("a"), project("b"), project("c")],
            ..Vote::default()
        };
        let (token, other) = (Token::new([1; 8]), Token::new([2; 8]));
        vote.tokens =
            vec![Token::new([3; 8]).hash(&vote.id()), token.hash(&vote.id()) + &Token::new([4; 8]).hash(&vote.id())];
        assert_eq!(vote.token_count(), 3);
        let check = |token: Token, choices: &[&str]| {
            let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
            Ballot { vote: vote.id(), token, choices }.check(&vote, &id_of(&vote.id(), &token.hash(&vote.id())))
        };
        assert_eq!(check(token, &["a", "c"]), Ok(()));
        assert_eq!(check(token, &["a", "b", "c"]), Err(BadBallot::Choices));
        assert_eq!(check(token, &["a", "a"]), Err(BadBallot::Choices));
        assert_eq!(check(token, &[]), Err(BadBallot::Choices));
        assert_eq!(check(other, &["a"]), Err(BadBallot::Token));
        let ballot = Ballot { vote: vote.id(), token, choices: vec!["a".into()] };
        assert_eq!(ballot.check(&vote, &id_of(&vote.id(), &other.hash(&vote.id()))), Err(BadBallot::Name));
        assert_eq!(format!("{ballot:?}"), "Ballot(secret)");
    }
}
