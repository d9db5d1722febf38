//! Saying it aloud: one touch begins, one ends, and what was said can be heard before it is kept. Whoever would rather
//! write, or finds no microphone, writes.

use std::time::Duration;

use super::{Around, Next, Page, after_saying, before_saying, page, writing::Writing};
use crate::{
    app::Effect,
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{Draft, Recording},
    view::{Length, Part, button, column, counter, picture, row, sheet, space, tile, turning, words},
};

/// How long somebody may speak before they ask for more.
pub const USUAL: Duration = Duration::from_secs(60);

/// How long they may speak then. The recording ends there by itself, and what was said is kept.
pub const EXTENDED: Duration = Duration::from_secs(120);

/// The loudest that the meter shows.
const LOUDEST: u8 = 100;

/// Somebody about to speak, speaking, or done.
#[derive(Clone, Debug, PartialEq)]
pub struct Speak {
    /// What was said so far.
    pub draft: Draft,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Nothing was recorded yet, or nothing came of it.
    Ready,
    /// The microphone listens.
    Recording {
        /// How loud it is now, 0 to 100.
        level: u8,
        /// How long it is by now.
        length: Duration,
        /// How long it may be.
        limit: Duration,
    },
    /// There is a voice to hear. It may be that nobody is heard in it.
    Recorded { is_audible: bool },
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the topics; what was said is kept.
    Back,
    /// Begin to speak, or speak again instead of the last time.
    Record,
    /// A minute more.
    Longer,
    /// That was it.
    Stop,
    /// Hear what was said.
    Play,
    /// It is good so.
    Keep,
    /// Rather write.
    Write,
    /// Somebody at the station writes.
    WriteForMe,
}

impl Speak {
    /// Goes on with this draft.
    pub fn new(draft: Draft) -> Self {
        let state = if draft.voice.is_some() { State::Recorded { is_audible: true } } else { State::Ready };
        Self { draft, state }
    }

    /// The microphone hears something; `true` once it has heard as much as was asked for.
    pub fn hears(&mut self, loud: u8, by_now: Duration) -> bool {
        let State::Recording { level, length, limit } = &mut self.state else { return false };
        (*level, *length) = (loud.min(LOUDEST), by_now);
        by_now >= *limit
    }

    /// What was spoken is here.
    pub fn recorded(&mut self, recording: Recording, is_audible: bool) {
        self.draft.voice = Some(recording);
        self.state = State::Recorded { is_audible };
    }

    /// The microphone cannot be used: what was recorded before stays.
    pub fn fails(&mut self) {
        self.state = Self::new(self.draft.clone()).state;
    }

    /// Whether somebody is speaking now.
    pub fn is_listening(&self) -> bool {
        matches!(self.state, State::Recording { .. })
    }

    fn record(mut self) -> Next {
        self.state = State::Recording { level: 0, length: Duration::ZERO, limit: USUAL.min(self.draft.longest()) };
        Next::Do(Effect::Record, self.into())
    }
}

impl Page for Speak {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        match self.state {
            State::Ready => ready(around),
            State::Recording { level, length, limit } => recording(around, level, length, limit, self.draft.longest()),
            State::Recorded { is_audible } => self.hear(around, is_audible),
        }
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back => {
                let draft = self.draft.clone();
                before_saying(self, draft)
            }
            Touch::Record => self.record(),
            Touch::Longer => {
                if let State::Recording { limit, .. } = &mut self.state {
                    *limit = self.draft.longest();
                }
                Next::Do(Effect::RecordLonger, self.into())
            }
            // The recording comes when the last of it is written.
            Touch::Stop => Next::Do(Effect::StopRecording, self.into()),
            Touch::Play => match &self.draft.voice {
                Some(voice) => Next::Do(Effect::Play(voice.opus.clone()), self.into()),
                None => Next::show(self),
            },
            Touch::Keep => after_saying(self.draft),
            Touch::Write => Next::show(Writing::new(Draft { is_helped: false, ..self.draft })),
            Touch::WriteForMe => Next::show(Writing::new(Draft { is_helped: true, ..self.draft })),
        }
    }

    /// Nobody touches the glass while they speak; a recording ends by itself before this.
    fn patience(&self) -> Option<Duration> {
        match self.state {
            State::Ready | State::Recorded { .. } => Some(Duration::from_secs(60)),
            State::Recording { .. } => Some(EXTENDED + Duration::from_secs(30)),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }

    fn shows(&self) -> usize {
        match self.state {
            State::Ready => 0,
            State::Recording { .. } => 1,
            State::Recorded { .. } => 2,
        }
    }
}

fn ready(around: &Around<'_>) -> Part<Touch> {
    let write = |size| tile(Touch::Write, around.sentence("speak-write"), Icon::Pencil, Look::Choice(Ink::Blue), size);
    let helped = around.sentence("speak-helped");
    let helped = tile(Touch::WriteForMe, helped, Icon::Hand, Look::Choice(Ink::Green), TextSize::Strong);
    let body = if around.has_microphone {
        let speak = tile(Touch::Record, around.sentence("speak-begin"), Icon::Microphone, Look::Next, TextSize::Huge);
        let others = counter(14, vec![(Length::Share(1), write(TextSize::Title)), (Length::Share(1), helped)]);
        turning(20, vec![(Length::Share(3), speak), (Length::Share(2), others)])
    } else {
        let sorry = row(
            24,
            vec![
                (Length::Units(96), picture(Icon::Warning, Ink::Amber)),
                (Length::Share(1), words(around.sentence("speak-no-microphone"), TextSize::Strong, Ink::Black)),
            ],
        );
        let again = button(Touch::Record, around.sentence("speak-try-again"), Some(Icon::Again), Look::Other);
        column(
            16,
            vec![
                (Length::Needed, sheet(Paper::Warm, 20, sorry)),
                (
                    Length::Share(1),
                    row(20, vec![(Length::Share(1), write(TextSize::Title)), (Length::Share(1), helped)]),
                ),
                (Length::Fingers(1, 84), again),
            ],
        )
    };
    page(around, Some(Touch::Back), around.sentence("speak-title"), body)
}

fn recording(around: &Around<'_>, level: u8, length: Duration, limit: Duration, longest: Duration) -> Part<Touch> {
    let left = limit.saturating_sub(length).as_millis().div_ceil(1_000).to_string();
    let left = words(around.sentence_with("speak-left", &[("seconds", left)]), TextSize::Huge, Ink::Black);
    let loud = u32::from(level);
    let bar = row(
        0,
        vec![
            (Length::Share(loud.max(1)), sheet(Paper::Filled, 0, space())),
            (Length::Share(u32::from(LOUDEST) + 1 - loud), space()),
        ],
    );
    let card = column(
        16,
        vec![
            (Length::Share(1), left.bold().centred().on_one_line()),
            (Length::Units(64), sheet(Paper::Strip, 8, bar)),
            (Length::Needed, words(around.sentence("speak-near"), TextSize::Strong, Ink::Black).centred()),
        ],
    );
    let mut buttons = Vec::new();
    if limit < longest {
        let longer = button(Touch::Longer, around.sentence("speak-longer"), Some(Icon::Plus), Look::Other);
        buttons.push((Length::Share(2), longer));
    }
    buttons.push((Length::Share(3), button(Touch::Stop, around.sentence("speak-stop"), Some(Icon::Stop), Look::Next)));
    let body =
        column(16, vec![(Length::Share(1), sheet(Paper::Card, 20, card)), (Length::Fingers(1, 110), row(20, buttons))]);
    page(around, None, around.sentence("speak-listening"), body)
}

impl Speak {
    fn hear(&self, around: &Around<'_>, is_audible: bool) -> Part<Touch> {
        let seconds = self.draft.voice.as_ref().map_or(0, |voice| voice.seconds);
        let (sentence, paper) = if is_audible {
            (around.sentence_with("speak-recorded", &[("seconds", seconds.to_string())]), Paper::Card)
        } else {
            (around.sentence("speak-silent"), Paper::Warm)
        };
        let said = words(sentence, TextSize::Strong, Ink::Black);
        let play =
            tile(Touch::Play, around.sentence("speak-play"), Icon::Ear, Look::Choice(Ink::Blue), TextSize::Strong);
        let again = |look, size| tile(Touch::Record, around.sentence("speak-again"), Icon::Again, look, size);
        let keep = |look, size| tile(Touch::Keep, around.sentence("speak-keep"), Icon::Tick, look, size);
        // Where nobody is heard, the next thing to do is to say it again.
        let (other, next) = match is_audible {
            true => (again(Look::Choice(Ink::Red), TextSize::Strong), keep(Look::Next, TextSize::Title)),
            false => (keep(Look::Choice(Ink::Green), TextSize::Strong), again(Look::Next, TextSize::Title)),
        };
        // Whoever asks for a minute more a moment too late meets what does no harm, and so do the keys.
        let others = counter(14, vec![(Length::Share(1), other.after_the_rest()), (Length::Share(1), play)]);
        let answers = turning(14, vec![(Length::Share(2), others), (Length::Share(3), next)]);
        let body = column(16, vec![(Length::Needed, sheet(paper, 20, said)), (Length::Share(1), answers)]);
        page(around, Some(Touch::Back), around.sentence("speak-hear-title"), body)
    }
}
