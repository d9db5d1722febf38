//! What the county tells the village, and what people may say back: the part of the county that a kiosk shows to everybody.

use civic_core::{
    consultation::Consultation, id::DocId, matter::Matter, notice::Notice, reaction::Reaction, response::Response,
    time::Day, token::Token, vote::Vote, wording::Both,
};

use crate::station::NotSaved;

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
    /// The deputies of the village, of the highest congress first.
    pub deputies: Vec<DeputyCard>,
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
    /// The next day of each reception.
    pub receptions: Vec<ReceptionDay>,
}

/// What somebody says back to what is published. It is never logged.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To a consultation.
    Response(Response),
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
    /// The token was not made for this vote.
    #[error("this token was not made for this vote")]
    UnknownToken,
    /// The token was used at this kiosk before.
    #[error("this token was used here before")]
    UsedToken,
}
