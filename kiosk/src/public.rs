//! What the county tells the village, and what people may say back: the part of the county that a kiosk shows to everybody.

use std::sync::Arc;

use civic_core::{
    consultation::Consultation,
    id::DocId,
    matter::Matter,
    notice::Notice,
    reaction::Reaction,
    time::{Day, UnixSeconds},
    token::Token,
    vote::Vote,
    wording::Both,
};

use crate::{portrait::Portrait, station::NotSaved};

/// Everything that is published for this village today.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Public {
    /// How many opinions were said in the village this month, as far as the county's slips tell.
    pub asked: u64,
    /// How many came to rest this month.
    pub settled: u64,
    /// The next reception day at a station of the village.
    pub reception: Option<ReceptionDay>,
    /// Notices in force.
    pub notices: Vec<Notice>,
    /// Matters that the county shows; their states in plain words.
    pub matters: Vec<(DocId, Matter)>,
    /// Consultations that can be answered.
    pub consultations: Vec<(DocId, Consultation)>,
    /// Votes that are open; without their tokens, which screens have no use for.
    pub votes: Vec<(DocId, Vote)>,
    /// What came of votes that are over.
    pub tallies: Vec<Tally>,
    /// The deputies of the village, of the highest congress first.
    pub deputies: Vec<DeputyCard>,
}

impl Public {
    /// Whether people are asked anything, or can see what came of it.
    pub fn asks(&self) -> bool {
        !(self.consultations.is_empty() && self.votes.is_empty() && self.tallies.is_empty())
    }
}

/// What came of a vote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The vote's title.
    pub title: String,
    /// How many tokens were made for it.
    pub tokens: usize,
    /// How many ballots counted.
    pub counted: u64,
    /// When the county counted.
    pub as_of: UnixSeconds,
    /// Every project with how many chose it, the most chosen first.
    pub projects: Vec<(String, u64)>,
}

/// A day on which people are received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceptionDay {
    /// The day; today counts.
    pub day: Day,
    /// Name of the station.
    pub station: String,
    /// At what time, as it is said.
    pub hours: String,
    /// What it is about; may be empty.
    pub theme: String,
}

/// A deputy, as a villager meets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeputyCard {
    /// The few digits that name the deputy.
    pub code: String,
    /// Name.
    pub name: String,
    /// Of which congress.
    pub level: Both,
    /// The deputies' group; may be empty.
    pub group: String,
    /// Trade, village; may be empty.
    pub about: String,
    /// A picture, if there is one that can be shown.
    pub portrait: Option<Arc<Portrait>>,
    /// The next day of each reception.
    pub receptions: Vec<ReceptionDay>,
}

/// What somebody says back by touching alone. It is never logged.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// In a vote.
    Ballot(Ballot),
    /// To an answer, or to a matter on the board.
    Reaction(Reaction),
}

/// What is cast. `Debug` shows neither the token nor what was chosen.
#[derive(Clone, PartialEq)]
pub struct Ballot {
    /// The vote.
    pub vote: DocId,
    /// The household's token.
    pub token: Token,
    /// Keys of the projects.
    pub choices: Vec<String>,
}

impl std::fmt::Debug for Ballot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ballot").field("vote", &self.vote).finish_non_exhaustive()
    }
}

/// Why a reply was not taken, by what the person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It could not be saved.
    #[error(transparent)]
    NotSaved(#[from] NotSaved),
    /// It is asked no longer, or was answered already.
    #[error("this is not asked here any more")]
    NotAsked,
    /// It does not fit what is asked by now, and does not by trying again. What was said in own words is kept all the same.
    #[error("this does not fit what is asked now")]
    Unfit,
    /// The projects on the ballot are not those of the vote by now.
    #[error("the ballot has other projects than the vote has now")]
    OtherProjects,
    /// The token was not made for this vote.
    #[error("this token was not made for this vote")]
    UnknownToken,
    /// The token was used at this kiosk before.
    #[error("this token was used here before")]
    UsedToken,
}

impl NotTaken {
    /// The sentence that tells the person.
    pub fn sentence(self) -> &'static str {
        match self {
            NotTaken::NotSaved(NotSaved::DiskFull) => "not-saved-disk-full",
            NotTaken::NotSaved(NotSaved::ReadOnly) => "not-saved-read-only",
            NotTaken::NotSaved(NotSaved::Failed) => "not-saved-failed",
            NotTaken::NotAsked => "not-asked",
            NotTaken::Unfit => "not-fit",
            NotTaken::OtherProjects => "other-projects",
            NotTaken::UnknownToken => "token-unknown",
            NotTaken::UsedToken => "token-used",
        }
    }
}
