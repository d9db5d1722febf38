//! The screens, one file each: what it holds, what it shows, what a touch does to it.
//!
//! A screen is plain data. It never draws and never files: it answers a touch with [`Next`], and the app obeys. To add
//! one, write its file and add its line to the list at the end of this one; the compiler asks for the rest.

use std::time::Duration;

use civic_core::{
    codebook::Topic,
    opening::{OpeningNumber, SlipKey},
    ticket::Ticket,
    time::UnixSeconds,
    token::Token,
    wording::{Both, Wording},
};
use embedded_graphics::prelude::Size;

use crate::{
    app::{Effect, Speech},
    draw::{
        icon::Icon,
        layout::{Placed, layout},
        surface::Surface,
        theme::{Ink, Look, Paper, TextSize, Theme},
    },
    printing::{OnPaper, Sheet},
    public::{Public, Reply},
    settings::{Change, Language, Settings},
    spoken::Spoken,
    station::{About, Counts, Draft, Place, Subject},
    trouble::Trouble,
    view::{Act, Form, Frame, Length, Part, Sentence, both, button, column, frame_button, row, sheet, space},
    voice::PackName,
};

pub mod asked;
pub mod ballot;
pub mod begun;
pub mod clear;
pub mod consent;
pub mod consult;
pub mod contact;
pub mod deputy;
pub mod filed;
pub mod find;
pub mod handwriting;
pub mod help;
pub mod home;
pub mod key_pen;
mod keyboard;
pub mod leave;
pub mod list;
pub mod matter;
pub mod name;
pub mod not_saved;
pub mod not_taken;
pub mod notice;
mod number_pad;
pub mod phone;
pub mod progress;
pub mod rate;
pub mod read_back;
mod reading;
pub mod service;
pub mod since;
pub mod speak;
pub mod take_back;
pub mod tally;
pub mod thanks;
pub mod token;
pub mod topics;
pub mod troubles;
pub mod unlock;
pub mod village;
pub mod vote;
pub mod where_at;
pub mod writing;

/// What a screen may read while it shows itself.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Every sentence.
    pub wording: &'a Wording,
    /// Where the kiosk stands.
    pub place: &'a Place,
    /// What one can say something about.
    pub topics: &'a [Topic],
    /// How many opinions are where.
    pub counts: Counts,
    /// What is published, as of the last news.
    pub public: &'a Public,
    /// The village's names for places in it.
    pub spots: &'a [String],
    /// What does not work, the gravest first.
    pub troubles: &'a [Trouble],
    /// What the person has chosen.
    pub settings: &'a Settings,
    /// The packs of recorded prompts.
    pub packs: &'a [PackName],
    /// Whether something is being read aloud.
    pub speech: Speech,
    /// Whether somebody can speak into this station.
    pub has_microphone: bool,
    /// Whether an officer can look after this station here.
    pub has_service: bool,
    /// What became of the paper with what is on the screen.
    pub on_paper: OnPaper,
    /// Whether anything can be printed here.
    pub has_printer: bool,
    /// Size of the screen, in pixels.
    pub size: Size,
}

/// What a touch leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// This screen.
    Show(Screen),
    /// The draft is filed; the ticket is shown only once it is on disk.
    File {
        /// What is filed.
        draft: Draft,
        /// How often that failed before.
        failures: u32,
    },
    /// Somebody wants to say something: they begin, or are asked about what waits.
    Say,
    /// Whoever began what waits goes on with it.
    TakeUp,
    /// What waits is filed as unfinished, and somebody else begins.
    SetAside,
    /// The first screen comes up.
    Leave(Left),
    /// This is wanted on paper, before this screen.
    Print(Sheet, Screen),
    /// What is known about this ticket is shown: to whoever has shown that it is theirs, all of it.
    Find(Ticket),
    /// The slip of this ticket is opened for whoever has its key.
    Hold {
        /// The ticket.
        ticket: Ticket,
        /// What its square code holds.
        key: SlipKey,
    },
    /// The slip is opened, if this is its number.
    Unlock {
        /// The number.
        number: OpeningNumber,
        /// Where it was typed.
        page: unlock::Unlock,
    },
    /// What the station knows at this moment is shown.
    Open(Door),
    /// What somebody says back is taken; thanks come only once it is on disk.
    Send {
        /// What is said.
        reply: Reply,
        /// The form of the first try, if this is not the first.
        form: Option<String>,
        /// How often that failed before.
        failures: u32,
    },
    /// The ballot of this number is opened, if the number is one.
    Admit {
        /// The number.
        token: Token,
        /// Where it was typed.
        page: token::TokenPage,
    },
    /// Where it is so is asked, if the village has names for places.
    Where(Draft),
    /// Something about how the person wants to see and hear it is changed, before this screen.
    Adjust(Change, Screen),
    /// Something is to be heard or recorded, before this screen.
    Do(Effect, Screen),
    /// Something of the service pages is done; the screen that answers it comes up.
    Errand(service::Errand),
    /// Reading aloud stops, goes on or begins again, before this screen.
    Read(Screen),
}

/// Something that is opened with what the station knows at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// What the village is told and asked.
    Village,
    /// What it is asked.
    Asked,
    /// The deputy of this code.
    Deputy(String),
}

/// How the first screen comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Somebody took back what they said: nothing of it stays.
    TakenBack,
    /// What was said waits, if anything was.
    Waiting,
    /// Nobody answered whose the words are that wait: they are filed as unfinished.
    NobodyAnswered,
}

/// One screen.
pub(crate) trait Page: Into<Screen> {
    /// What its targets mean.
    type Touch: std::fmt::Debug;

    /// What it shows.
    fn view(&self, around: &Around<'_>) -> Part<Self::Touch>;

    /// What happens when a target is touched.
    fn touched(self, touch: Self::Touch) -> Next;

    /// How long it waits for a touch; `None` for as long as it takes.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }

    /// What is said when it comes up, also to those who do not have screens read to them.
    fn announces(&self, _around: &Around<'_>) -> Option<Spoken> {
        None
    }

    /// What comes when nobody touched it for that long.
    fn unattended(self) -> Next {
        Next::show(leave::Leave::nobody_there(self.into()))
    }

    /// Which of its pages it shows. One with another number is met as another screen is: read aloud, its first target the
    /// one that the keys stand on, and no second tap of a finger meant for it. What is read aloud whole is one page. A number
    /// that is refused is met so, too, each time: whoever does not see the note hears it.
    fn shows(&self) -> usize {
        0
    }

    /// What somebody is saying, on screens that hold it: whatever it says is kept after every touch.
    fn draft(&self) -> Option<&Draft> {
        None
    }

    /// Whether leaving it would leave words behind.
    fn holds_words(&self) -> bool {
        self.draft().is_some_and(Draft::says_something)
    }
}

impl Next {
    /// This screen comes next.
    fn show(screen: impl Into<Screen>) -> Self {
        Next::Show(screen.into())
    }
}

impl Around<'_> {
    /// A sentence in both languages, in the person's order.
    pub fn sentence(&self, key: &str) -> Sentence {
        self.sentence_with(key, &[])
    }

    /// A sentence with these values in its places.
    pub fn sentence_with(&self, key: &str, values: &[(&str, String)]) -> Sentence {
        let filled: Vec<_> = values.iter().map(|(name, value)| (*name, value.clone().into())).collect();
        let Both { zh, en } = self.wording.both(key, &filled);
        self.prompt(key, values.iter().map(|(_, value)| value.clone()).collect(), zh, en)
    }

    /// A sentence with a day in its place `day`, written as each language writes days.
    pub fn sentence_with_day(&self, key: &str, day: UnixSeconds) -> Sentence {
        let zh = self.wording.zh(key, &[("day", day.day_zh().into())]);
        let en = self.wording.en(key, &[("day", day.date().into())]);
        self.prompt(key, vec![self.day(day)], zh, en)
    }

    /// What does not work, in a sentence.
    pub fn trouble(&self, trouble: Trouble) -> Sentence {
        match trouble {
            Trouble::NotHeardSince(day) => self.sentence_with_day(trouble.sentence(), day),
            Trouble::NotEnrolled
            | Trouble::Elsewhere
            | Trouble::DiskFull
            | Trouble::ReadOnly
            | Trouble::NoTouch
            | Trouble::NoKeys
            | Trouble::NoMicrophone
            | Trouble::NoPaper
            | Trouble::NoPrinter
            | Trouble::Unfit
            | Trouble::NoDate => self.sentence(trouble.sentence()),
        }
    }

    /// A day, as the language that comes first writes it.
    pub fn day(&self, day: UnixSeconds) -> String {
        match self.settings.language {
            Language::Chinese => day.day_zh(),
            Language::English => day.date(),
        }
    }

    fn prompt(&self, key: &str, values: Vec<String>, zh: String, en: String) -> Sentence {
        let sentence = self.pair(zh, en);
        let spoken = Spoken { prompt: Some(key.to_owned()), values, words: sentence.first.clone() };
        Sentence { spoken, ..sentence }
    }

    /// Words of the county in both languages, in the person's order; Chinese alone where there is no English.
    pub fn pair(&self, zh: impl Into<String>, en: impl Into<String>) -> Sentence {
        let (zh, en) = (zh.into(), en.into());
        match self.settings.language {
            Language::English if !en.is_empty() => Sentence::of(en, zh),
            Language::Chinese | Language::English => Sentence::of(zh, en),
        }
    }

    /// What views are laid out on.
    pub fn surface(&self) -> Surface {
        let Settings { letters, colours, language, .. } = *self.settings;
        Surface { size: self.size, theme: Theme { letters, colours, language } }
    }

    fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }

    /// What a draft is about: its picture, and its name in both languages.
    fn subject(&self, subject: &Subject) -> (Icon, Sentence) {
        match subject {
            Subject::Topic(name) => {
                let topic = self.topic(name);
                let icon = topic.map_or(Icon::Other, |topic| Icon::of_topic(&topic.picture));
                (icon, self.pair(name, topic.map(|topic| topic.en.clone()).unwrap_or_default()))
            }
            Subject::Talk => (Icon::Person, self.sentence("subject-talk")),
            Subject::Misunderstood => (Icon::Again, self.sentence("subject-misunderstood")),
            Subject::Addition => (Icon::Plus, self.sentence("subject-addition")),
            Subject::Consultation => (Icon::Sentences, self.sentence("subject-consultation")),
        }
    }
}

/// A screen with its title on the red bar: the way back at its left, reading aloud and help at its right.
fn page<T>(around: &Around<'_>, back: Option<T>, title: Sentence, body: Part<T>) -> Part<T> {
    framed(around, back, title, Some(help_button(around, Look::OnBar)), sheet(Paper::Ground, 16, body))
}

/// The same without a margin: keys reach both edges, so on an upright screen each is as wide as a fingertip and no wider.
fn edge_to_edge<T>(around: &Around<'_>, back: Option<T>, title: Sentence, body: Part<T>) -> Part<T> {
    framed(around, back, title, Some(help_button(around, Look::OnBar)), sheet(Paper::Ground, 0, body))
}

/// The same with something else than help at its right: on the help itself.
fn framed<T>(around: &Around<'_>, back: Option<T>, title: Sentence, right: Option<Part<T>>, body: Part<T>) -> Part<T> {
    let mut bar = Vec::new();
    match back {
        Some(touch) => {
            let back = button(touch, around.sentence("back"), Some(Icon::Back), Look::OnBar).as_way_back();
            bar.push((Length::Needed, back));
        }
        None => bar.push((Length::Units(16), space())),
    }
    let title = vec![
        (Length::Units(6), space()),
        (Length::Share(1), both(title, TextSize::Title, Ink::White)),
        (Length::Units(6), space()),
    ];
    bar.push((Length::Share(1), column(0, title)));
    bar.extend(read_button(around).map(|read| (Length::Units(84), read)));
    bar.extend(right.map(|right| (Length::Units(84), right)));
    column(0, vec![(Length::Fingers(1, 84), sheet(Paper::Bar, 0, row(4, bar))), (Length::Share(1), body)])
}

/// Language, letters, sound: a button of every screen.
fn help_button<T>(around: &Around<'_>, look: Look) -> Part<T> {
    frame_button(Frame::Help, around.sentence("help"), Icon::Help, look, Form::Picture)
}

/// The same with its words, for those who come for the first time.
fn labelled_help<T>(around: &Around<'_>) -> Part<T> {
    frame_button(Frame::Help, around.sentence("help"), Icon::Help, Look::OnBar, Form::Wide)
}

/// Stop, go on, read again: there while screens are read aloud.
fn read_button<T>(around: &Around<'_>) -> Option<Part<T>> {
    let (key, icon) = match around.speech {
        Speech::Speaking => ("read-pause", Icon::Pause),
        Speech::Paused => ("read-go-on", Icon::Play),
        Speech::Quiet => ("read-again", Icon::Ear),
    };
    let button = frame_button(Frame::Read, around.sentence(key), icon, Look::OnBar, Form::Picture);
    around.settings.read_aloud.then_some(button)
}

/// The same for whoever can see the buttons and would rather hear the words, while nothing is read aloud by itself: a
/// wide button among the screen's own.
fn hear_button<T>(around: &Around<'_>) -> Option<Part<T>> {
    let (key, icon) = match around.speech {
        Speech::Speaking => ("read-pause", Icon::Pause),
        Speech::Paused => ("read-go-on", Icon::Play),
        Speech::Quiet => ("hear", Icon::Ear),
    };
    let button = frame_button(Frame::Read, around.sentence(key), icon, Look::Other, Form::Wide);
    (!around.settings.read_aloud).then_some(button)
}

/// Back to saying it, the way it was said.
pub(crate) fn say_on(draft: Draft) -> Next {
    match (&draft.about, &draft.voice) {
        (About::Form(_), None) if !draft.has_words() => Next::show(consult::Consult::new(draft)),
        (_, Some(_)) => Next::show(speak::Speak::new(draft)),
        (_, None) if draft.body.is_empty() && !draft.ink.is_empty() => Next::show(handwriting::Handwriting::new(draft)),
        (_, None) => Next::show(writing::Writing::new(draft)),
    }
}

/// It is said; what else there is to ask begins.
fn after_saying(draft: Draft) -> Next {
    match &draft.about {
        About::Opinion => Next::show(since::SinceWhen { draft }),
        About::Talk(_) => Next::show(contact::Contact { draft }),
        About::Misunderstood(_) | About::Addition(_) => Next::show(read_back::ReadBack::new(draft)),
        About::Form(_) => Next::show(consult::Consult::new(draft.with_words_in_form())),
    }
}

/// Back to the last look at it before it is handed in.
fn look_again(draft: Draft) -> Next {
    match &draft.about {
        About::Form(_) => Next::show(consult::Consult::new(draft)),
        About::Opinion | About::Talk(_) | About::Misunderstood(_) | About::Addition(_) => {
            Next::show(read_back::ReadBack::new(draft))
        }
    }
}

/// Back from where it is said to where it came from; what was said is kept, or asked about.
fn before_saying(screen: impl Into<Screen>, draft: Draft) -> Next {
    let has_words = draft.has_words();
    match &draft.about {
        About::Opinion => Next::show(topics::Topics { draft, page: 0 }),
        About::Form(_) => after_saying(draft),
        About::Talk(_) | About::Misunderstood(_) | About::Addition(_) if has_words => {
            Next::show(leave::Leave::asked(screen.into()))
        }
        About::Talk(talk) => Next::Open(Door::Deputy(talk.code.clone())),
        About::Misunderstood(ticket) | About::Addition(ticket) => Next::Find(*ticket),
    }
}

/// One page of a list; after the last page comes the first.
fn page_of<I>(all: &[I], page: usize, size: usize) -> &[I] {
    let pages = all.len().div_ceil(size).max(1);
    let start = page % pages * size;
    &all[start..all.len().min(start + size)]
}

/// Names a target for tests and for readers of the page.
fn named<T: std::fmt::Debug>(pieces: Vec<Placed<Act<T>>>) -> Vec<Placed<String>> {
    let name = |act| match act {
        Act::Own(touch) => format!("{touch:?}"),
        Act::Frame(frame) => format!("{frame:?}"),
    };
    let named = |piece: Placed<Act<T>>| Placed {
        area: piece.area,
        face: piece.face,
        touch: piece.touch.map(name),
        turn: piece.turn,
    };
    pieces.into_iter().map(named).collect()
}

fn touched<P: Page>(page: P, piece: usize, around: &Around<'_>) -> Next {
    let target = layout(page.view(around), around.surface()).into_iter().nth(piece).and_then(|piece| piece.touch);
    match target {
        Some(Act::Own(touch)) => page.touched(touch),
        Some(Act::Frame(Frame::Help)) => Next::show(help::Help::over(page.into())),
        Some(Act::Frame(Frame::Read)) => Next::Read(page.into()),
        None => Next::show(page),
    }
}

impl Screen {
    /// Whether leaving it would leave words behind, or somebody who is speaking.
    pub fn holds_something(&self) -> bool {
        self.holds_words() || self.is_listening()
    }

    /// Whether the microphone listens for this screen.
    pub fn is_listening(&self) -> bool {
        if let Screen::Speak(speak) = self { speak.is_listening() } else { false }
    }

    /// Where somebody speaks, if it is up or lies below a question.
    pub fn speaking(&mut self) -> Option<&mut speak::Speak> {
        if let Screen::Speak(speak) = self.lowest() { Some(speak) } else { None }
    }

    /// The screen that is up, or the one below the help or a question.
    pub fn lowest(&mut self) -> &mut Screen {
        if let Screen::Help(help) = self {
            return help.under().lowest();
        }
        if let Screen::Leave(leave) = self {
            return leave.under().lowest();
        }
        self
    }
}

/// Makes the enum of all screens, and passes every question on to the screen that is up.
macro_rules! screens {
    ($($(#[$doc:meta])* $Name:ident($path:path),)+) => {
        /// The screen that is up.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Screen {
            $($(#[$doc])* $Name($path),)+
        }

        impl Screen {
            /// The name of every screen there is.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($Name)),+];

            /// Its name, for tests and the log.
            pub fn name(&self) -> &'static str {
                match self { $(Screen::$Name(_) => stringify!($Name),)+ }
            }

            /// Its name, and which of its pages it shows: whether somebody meets anything new.
            pub fn shows(&self) -> (&'static str, usize) {
                let page = match self { $(Screen::$Name(page) => page.shows(),)+ };
                (self.name(), page)
            }

            /// Everything on it with its place; targets carry their names.
            pub fn pieces(&self, around: &Around<'_>) -> Vec<Placed<String>> {
                match self { $(Screen::$Name(page) => named(layout(page.view(around), around.surface())),)+ }
            }

            /// What touching this piece of [`pieces`](Self::pieces) leads to.
            pub fn touched(self, piece: usize, around: &Around<'_>) -> Next {
                match self { $(Screen::$Name(page) => touched(page, piece, around),)+ }
            }

            /// How long it waits for a touch; `None` for as long as it takes.
            pub fn patience(&self) -> Option<Duration> {
                match self { $(Screen::$Name(page) => page.patience(),)+ }
            }

            /// What is said when it comes up, also to those who do not have screens read to them.
            pub fn announces(&self, around: &Around<'_>) -> Option<Spoken> {
                match self { $(Screen::$Name(page) => page.announces(around),)+ }
            }

            /// What comes when nobody touched it for that long.
            pub fn unattended(self) -> Next {
                match self { $(Screen::$Name(page) => page.unattended(),)+ }
            }

            /// Whether leaving it would leave words behind.
            pub fn holds_words(&self) -> bool {
                match self { $(Screen::$Name(page) => page.holds_words(),)+ }
            }

            /// What somebody is saying, on screens that hold it.
            pub fn draft(&self) -> Option<&Draft> {
                match self { $(Screen::$Name(page) => page.draft(),)+ }
            }
        }

        $(impl From<$path> for Screen {
            fn from(page: $path) -> Self {
                Screen::$Name(page)
            }
        })+
    };
}

screens! {
    /// The first screen: say something, or ask what became of it.
    Home(home::Home),
    /// Was it you who began this?
    Begun(begun::Begun),
    /// What is it about?
    Topics(topics::Topics),
    /// Saying it aloud.
    Speak(speak::Speak),
    /// Writing it down.
    Writing(writing::Writing),
    /// Writing with a finger.
    Handwriting(handwriting::Handwriting),
    /// Take everything away?
    Clear(clear::Clear),
    /// Since when is it so?
    SinceWhen(since::SinceWhen),
    /// Where is it so?
    Where(where_at::WhereAt),
    /// Leave a telephone number?
    Contact(contact::Contact),
    /// What becomes of it, and is the person old enough?
    Consent(consent::Consent),
    /// The telephone number.
    Phone(phone::Phone),
    /// A name beside the number.
    Name(name::Name),
    /// Is it right?
    ReadBack(read_back::ReadBack),
    /// It is saved, and this is its number.
    Filed(filed::Filed),
    /// It could not be saved.
    NotSaved(not_saved::NotSaved),
    /// Typing a ticket number.
    Find(find::Find),
    /// Typing the number that opens a slip.
    Unlock(unlock::Unlock),
    /// What became of it.
    Progress(progress::Progress),
    /// What the village is told and asked.
    Village(village::Village),
    /// Notices, matters or deputies to choose from.
    List(list::List),
    /// One notice in full.
    Notice(notice::NoticePage),
    /// One of them, with "me too".
    Matter(matter::MatterPage),
    /// What the village is asked.
    Asked(asked::Asked),
    /// Answering a consultation.
    Consult(consult::Consult),
    /// What a vote is about.
    Vote(vote::VotePage),
    /// The number of a household's slip.
    Token(token::TokenPage),
    /// Choosing among the projects of a vote.
    Ballot(ballot::Ballot),
    /// What came of a vote.
    Tally(tally::Tally),
    /// One of them.
    Deputy(deputy::DeputyPage),
    /// What the person thinks of the answer.
    Rate(rate::Rate),
    /// Take name and number back?
    TakeBack(take_back::TakeBack),
    /// What was said back is saved.
    Thanks(thanks::Thanks),
    /// What was said back could not be taken.
    NotTaken(not_taken::NotTaken),
    /// Still there? Or: really leave?
    Leave(leave::Leave),
    /// Language, letters, colours, reading aloud.
    Help(help::Help),
    /// What does not work at the moment.
    Troubles(troubles::Troubles),
    /// The officer's PIN.
    ServicePin(service::pin::Pin),
    /// What an officer can do.
    Service(service::menu::Menu),
    /// How something of the machine is.
    Facts(service::facts::Facts),
    /// Fitting the touch panel.
    Calibrate(service::calibrate::Calibrate),
    /// Is the new fit good?
    Fitted(service::fitted::Fitted),
    /// Recording sentences.
    Recorder(service::recorder::Recorder),
    /// Enrolling the machine.
    Enrol(service::enrol::Enrol),
    /// Carrying by stick.
    Carry(service::carry::Carry),
    /// Switching it off.
    SwitchOff(service::switch_off::SwitchOff),
}
