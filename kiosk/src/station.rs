//! What the screens may ask of the station they stand in. Nothing else of the world reaches them.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use civic_core::{
    codebook::Topic,
    id::DocId,
    ink::Ink,
    opening::{Opening, OpeningNumber, SlipKey, Stub},
    response::WORDS_CHARS_MAX,
    ticket::Ticket,
    time::UnixSeconds,
    token::Token,
};
use serde::{Deserialize, Serialize};

use crate::{
    form::{Form, with_chosen},
    guesses::NotOpened,
    public::{NotTaken, Public, Reply},
    screens::speak::EXTENDED,
    service::Service,
    trouble::Trouble,
};

/// The station, as the screens see it.
pub trait Station: Send {
    /// Where the kiosk stands.
    fn place(&self) -> Place;
    /// What one can say something about, in the order of the codebook.
    fn topics(&self) -> Vec<Topic>;
    /// The village's own names for its groups and places; empty where it has none.
    fn spots(&self) -> Vec<String>;
    /// Files an opinion, or the wish for a talk, and draws what opens its slip. It is on disk when this returns `Ok`, and a
    /// ticket is never shown before. What was kept of it as a draft is gone then, and what opens the slip is nowhere here.
    fn file(&mut self, draft: &Draft) -> Result<Stub, NotSaved>;
    /// Keeps what somebody has said so far, instead of what was kept of it before. It is on disk when this returns `Ok`.
    fn keep(&mut self, draft: &Draft) -> Result<(), NotSaved>;
    /// Keeps the next piece of a voice that is being recorded, behind those before it; the first of a recording begins it
    /// anew. It is on disk when this returns `Ok`. A voice that the draft had stays until [`keep`](Self::keep) brings the
    /// whole of the new one.
    fn keep_piece(&mut self, draft: &Draft, piece: &Piece) -> Result<(), NotSaved>;
    /// Whoever was speaking took it back: nothing of it stays.
    fn throw_away(&mut self);
    /// Whoever was speaking has gone: what was kept waits from now on.
    fn leave_waiting(&mut self);
    /// What waits longest, without its words.
    fn waiting(&self) -> Option<Waiting>;
    /// Whoever began what waits longest goes on with it.
    fn take_up(&mut self) -> Option<TakenUp>;
    /// Files all that waits as unfinished: nobody came back to it, and nothing that was said is lost. What cannot be filed
    /// waits on, and the rest is filed all the same; what does not fit what is asked now stays too, and is a trouble.
    fn file_unfinished(&mut self) -> Result<(), NotSaved>;
    /// What this station knows about a ticket: what everybody may know, and what its holder may, who has the key.
    fn find(&self, ticket: &Ticket, key: Option<&SlipKey>) -> Found;
    /// The key of the slip that this number opens. A wrong number is counted, and the more of them, the longer the next one
    /// waits.
    fn unlock(&mut self, ticket: Ticket, number: OpeningNumber, now: Instant) -> Result<SlipKey, NotOpened>;
    /// How many opinions of this station are where.
    fn counts(&self) -> Counts;
    /// What the station's clock says, right or wrong.
    fn now(&self) -> UnixSeconds;
    /// What is published for this village today.
    fn public(&self) -> Public;
    /// A new name for a form: the same form given in again is taken once.
    fn form(&mut self) -> String;
    /// Takes what somebody says back. It is on disk when this returns `Ok`.
    fn take(&mut self, form: &str, reply: &Reply) -> Result<(), NotTaken>;
    /// Takes what somebody says back in their own words ([`About::Misunderstood`], [`About::Addition`], [`About::Form`]). It
    /// is on disk when this returns `Ok`, and what was kept of it as a draft is gone.
    fn answer(&mut self, draft: &Draft) -> Result<(), NotTaken>;
    /// Whether this token may be used in this vote here.
    fn admit(&self, vote: &DocId, token: Token) -> Result<(), NotTaken>;
    /// What does not work at the moment, the gravest first.
    fn troubles(&self) -> Vec<Trouble>;
    /// The service pages, once; `None` for a station that has none.
    fn service(&mut self) -> Option<Box<dyn Service>> {
        None
    }
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
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Key of the topic.
    pub topic: String,
    /// The person's words.
    pub body: String,
    /// A telephone number, if the person wants to leave one.
    pub phone: Option<String>,
    /// What is said to whom.
    pub about: About,
    /// A name beside it, if the person wants to leave one.
    pub name: Option<String>,
    /// Since when it is so, if the person said.
    pub since: Option<Since>,
    /// Where it is so, by the village's own name for the place, if the person said.
    pub spot: Option<String>,
    /// Whether it is kept from the village: the county alone reads it.
    pub is_kept: bool,
    /// Somebody at the station writes for the person.
    pub is_helped: bool,
    /// The person is a child: who they are is neither asked nor kept.
    pub is_child: bool,
    /// Whether it is filed faster than people speak; see [`crate::flood`].
    pub is_burst: bool,
    /// What opens its slip, from the moment of filing until it is filed: a power cut between the two must not take it.
    pub opening: Option<Opening>,
    /// What was spoken. Kept beside the words, not in them.
    #[serde(skip)]
    pub voice: Option<Recording>,
    /// What was written with a finger. Kept beside the words, too.
    #[serde(skip)]
    pub ink: Ink,
}

/// What is said to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// 提意见: a new opinion, about the draft's topic.
    #[default]
    Opinion,
    /// 约见代表: an opinion by which somebody asks a deputy for a talk.
    Talk(Talk),
    /// 不是这个意思: the opinion with this number was understood otherwise than it was meant.
    Misunderstood(Ticket),
    /// 补充: there is something to add to the opinion with this number.
    Addition(Ticket),
    /// 征求民意: what is said to a consultation. The draft's words, voice and ink are those to its present piece.
    Form(Box<Form>),
}

impl About {
    /// Whether it is said back to something, and becomes no opinion of its own.
    pub fn is_reply(&self) -> bool {
        match self {
            About::Opinion | About::Talk(_) => false,
            About::Misunderstood(_) | About::Addition(_) | About::Form(_) => true,
        }
    }
}

/// With whom somebody wants to talk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// The deputy's code.
    pub code: String,
    /// The deputy's name.
    pub name: String,
}

/// Since when something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// 今天
    Today,
    /// 这几天: within the last week.
    Week,
    /// 这个月: within the last month.
    Month,
    /// 更久: for longer.
    Longer,
}

/// A voice that was recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Recording {
    /// Ogg Opus.
    pub opus: Arc<[u8]>,
    /// How long it is, a begun second counted as a whole one.
    pub seconds: u32,
}

/// A piece of a voice while it is recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its place in the recording; the first is 0.
    pub number: u32,
    /// What the file of the voice grows by: whole pages of Ogg Opus.
    pub opus: Arc<[u8]>,
}

/// What a draft is about, as much as the next person may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A topic, by its key.
    Topic(String),
    /// A talk with a deputy.
    Talk,
    /// An opinion that was understood otherwise.
    Misunderstood,
    /// An opinion to which there is something to add.
    Addition,
    /// A consultation.
    Consultation,
}

/// What somebody began to say and did not hand in, as much as the next person may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What it is about.
    pub subject: Subject,
    /// When it was begun.
    pub begun_at: UnixSeconds,
}

/// What somebody finds who comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenUp {
    /// Their words, to go on with.
    Draft(Box<Draft>),
    /// It was filed before the power failed, and this is its number.
    Filed(Stub),
}

/// Why nothing was saved, by what the person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// The disk is full: someone must come and make room.
    #[error("the disk is full")]
    DiskFull,
    /// The disk can only be read: somebody must come with another card.
    #[error("the disk can only be read")]
    ReadOnly,
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
    /// The county erased it, by its own clock then.
    Erased(UnixSeconds),
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
    /// When the county said so.
    pub as_of: UnixSeconds,
    /// The rest, and who may know it.
    pub rest: Rest,
}

/// What the county says beside the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The ticket was given without anything that opens its slip.
    Nothing,
    /// For the holder, who has not shown that it is theirs.
    Sealed,
    /// To the holder.
    Told(Told),
}

/// What the county tells the holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is about, in the codebook's words; empty if that is not told.
    pub topic: String,
    /// What happened, oldest first.
    pub steps: Vec<Step>,
    /// The answer, once there is one.
    pub answer: Option<String>,
    /// Which of its answers that is, counted from 1.
    pub answer_number: usize,
    /// Whether the county asks what the person thinks of the answer, and nobody has said so here.
    pub may_evaluate: bool,
    /// Whether the person may say that it was meant otherwise, or add to it, or take back a name and number.
    pub may_add: bool,
    /// Whether a name or number is kept with it.
    pub has_contact: bool,
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

impl Draft {
    /// Whether anything was said that would be missed.
    pub fn says_something(&self) -> bool {
        let has_answers = if let About::Form(form) = &self.about { form.answered() > 0 } else { false };
        self.has_words() || has_answers
    }

    /// Whether a voice may be spoken to it: a form holds only so many.
    pub fn may_speak(&self) -> bool {
        if let About::Form(form) = &self.about { form.may_speak() } else { true }
    }

    /// Whether it may be written with a finger: of a form, as much as it holds.
    pub fn may_draw(&self) -> bool {
        match &self.about {
            About::Opinion | About::Talk(_) | About::Misunderstood(_) | About::Addition(_) => true,
            About::Form(form) => form.may_draw(),
        }
    }

    /// Most characters that what is asked or said back takes; of other drafts, as many as a screen holds.
    pub fn characters_most(&self) -> usize {
        match &self.about {
            About::Form(form) => form.characters_most(),
            About::Misunderstood(_) | About::Addition(_) => WORDS_CHARS_MAX,
            About::Opinion | About::Talk(_) => usize::MAX,
        }
    }

    /// The longest that a voice may be.
    pub fn longest(&self) -> Duration {
        if let About::Form(form) = &self.about { form.longest() } else { EXTENDED }
    }

    /// What it is about.
    pub fn subject(&self) -> Subject {
        match &self.about {
            About::Opinion => Subject::Topic(self.topic.clone()),
            About::Talk(_) => Subject::Talk,
            About::Misunderstood(_) => Subject::Misunderstood,
            About::Addition(_) => Subject::Addition,
            About::Form(_) => Subject::Consultation,
        }
    }

    /// Whether anything was written or spoken.
    pub fn has_words(&self) -> bool {
        !self.body.trim().is_empty() || self.voice.is_some() || !self.ink.is_empty()
    }

    /// The words that were typed, and behind them those that were chosen for what was written with a finger.
    pub fn words(&self) -> String {
        with_chosen(&self.body, &self.ink)
    }

    /// The same draft, its words, voice and ink put to the present piece of its form.
    #[must_use]
    pub fn with_words_in_form(mut self) -> Self {
        if let About::Form(form) = &mut self.about {
            let (words, ink) = (std::mem::take(&mut self.body), std::mem::take(&mut self.ink));
            let voice = self.voice.take();
            form.say(|said| (said.words, said.voice, said.ink) = (words, voice, ink));
        }
        self
    }

    /// The same draft, what was said to the present piece of its form taken out of it, to go on with.
    #[must_use]
    pub fn with_words_of_form(mut self) -> Self {
        if let About::Form(form) = &mut self.about {
            let said = form.said();
            (self.body, self.voice, self.ink) = (said.words, said.voice, said.ink);
        }
        self
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({} s)", self.seconds)
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({}, {} bytes)", self.number, self.opus.len())
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("topic", &self.topic)
            .field("characters", &self.body.chars().count())
            .field("phone", &self.phone.is_some())
            .field("about", &self.about)
            .field("name", &self.name.is_some())
            .field("since", &self.since)
            .field("voice", &self.voice)
            .field("boxes", &self.ink.boxes.len())
            .finish()
    }
}
