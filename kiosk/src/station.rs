//! What the screens may ask of the station they stand in. Nothing else of the world reaches them.

use std::fmt;

use civic_core::{codebook::Topic, id::DocId, ticket::Ticket, time::UnixSeconds, token::Token};

use crate::public::{NotTaken, Public, Reply};

/// The station, as the screens see it.
pub trait Station: Send {
    /// Where the kiosk stands.
    fn place(&self) -> Place;
    /// What one can say something about, in the order of the codebook.
    fn topics(&self) -> Vec<Topic>;
    /// Files an opinion. It is on disk when this returns `Ok`, and a ticket is never shown before.
    fn file(&mut self, draft: &Draft) -> Result<Ticket, NotSaved>;
    /// What this station knows about a ticket.
    fn find(&self, ticket: &Ticket) -> Found;
    /// How many opinions of this station are where.
    fn counts(&self) -> Counts;
    /// What is published for this village today.
    fn public(&self) -> Public;
    /// A new name for a form: the same form given in again is taken once.
    fn form(&mut self) -> String;
    /// Takes what somebody says back. It is on disk when this returns `Ok`.
    fn take(&mut self, form: &str, reply: &Reply) -> Result<(), NotTaken>;
    /// Whether this token may be used in this vote here.
    fn admit(&self, vote: &DocId, token: Token) -> Result<(), NotTaken>;
}

/// Where the kiosk stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the village.
    pub village: String,
    /// Name of the station.
    pub station: String,
    /// Name of the county.
    pub county: String,
}

/// What a person has said so far. `Debug` shows how much, never what.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Key of the topic.
    pub topic: String,
    /// The person's words.
    pub body: String,
    /// A telephone number, if the person wants to leave one.
    pub phone: Option<String>,
    /// The deputy with whom the person wants to talk, if this asks for a talk.
    pub talk: Option<Talk>,
}

/// With whom somebody wants to talk.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Talk {
    /// The deputy's code.
    pub code: String,
    /// The deputy's name.
    pub name: String,
}

/// Why nothing was saved, by what the person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// The disk is full: someone must come and make room.
    #[error("the disk is full")]
    DiskFull,
    /// Something else went wrong: trying again may help.
    #[error("the opinion could not be saved")]
    Failed,
}

/// What this station knows about a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing: it was filed elsewhere and no news of it came here yet, or it does not exist.
    Unknown,
    /// It was filed here, and the county has said nothing about it yet.
    Filed(Stage),
    /// The county has said something.
    Slip(Progress),
}

/// How far an opinion that was filed here has come, as far as receipts prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On this station's disk.
    Here,
    /// A copy is on its way.
    OnRoad,
    /// The county has signed for it.
    Received,
}

/// What the county says about one opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The present state, in the codebook's words.
    pub state: String,
    /// What happened, oldest first.
    pub steps: Vec<Step>,
    /// The answer, once there is one.
    pub answer: Option<String>,
    /// When the county said so.
    pub as_of: UnixSeconds,
    /// Whether the county asks what the person thinks of the answer, and nobody has said so here.
    pub may_evaluate: bool,
    /// Whether the person may say that it was meant otherwise, or add to it.
    pub may_add: bool,
}

/// One thing that happened to an opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: UnixSeconds,
    /// What, in plain words.
    pub words: String,
}

/// How many opinions are where: computed from receipts alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// 在本机: on this station only.
    pub here: u64,
    /// 在路上: a copy is on its way, unproven.
    pub on_road: u64,
    /// 县里已收: signed for by the county.
    pub received: u64,
    /// When the last receipt was signed.
    pub last_receipt: Option<UnixSeconds>,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("topic", &self.topic)
            .field("characters", &self.body.chars().count())
            .field("phone", &self.phone.is_some())
            .field("talk", &self.talk.is_some())
            .finish()
    }
}
