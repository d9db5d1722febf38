//! Recording sentences with a local voice: one is shown, somebody reads it, hears it, and keeps it or reads it again.

use std::time::Duration;

use super::{Errand, PATIENCE, abandoned, menu::Menu};
use crate::{
    app::Effect,
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    screens::{Around, Next, Page, page},
    service::Sentence,
    station::Recording,
    view::{Length, Part, button, column, row, sheet, words},
};

/// Somebody recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorder {
    /// What no local voice says yet.
    left: Vec<Sentence>,
    at: usize,
    state: State,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    /// Nothing is recorded of this sentence.
    Ready(Said),
    /// The microphone listens.
    Listening,
    /// It can be heard and kept.
    Recorded(Recording),
}

/// What is said above the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// How it goes.
    How,
    /// Nobody was heard.
    Silent,
    /// There is no microphone.
    NoMicrophone,
    /// The disk did not take it.
    NotKept,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to what one can do; what was kept is kept.
    Back,
    /// Begin to read, or read again.
    Record,
    /// That was it.
    Stop,
    /// Hear it.
    Play,
    /// It is good so: keep it, and on to the next.
    Keep,
    /// Rather the next one.
    Skip,
}

impl Recorder {
    /// These have no local voice.
    pub fn new(left: Vec<Sentence>) -> Self {
        Self { left, at: 0, state: State::Ready(Said::How) }
    }

    /// What was read is here.
    pub fn recorded(&mut self, recording: Recording, is_audible: bool) {
        self.state = if is_audible { State::Recorded(recording) } else { State::Ready(Said::Silent) };
    }

    /// The microphone cannot be used.
    pub fn fails(&mut self) {
        self.state = State::Ready(Said::NoMicrophone);
    }

    /// What is to be kept, and of which sentence.
    pub fn recorded_voice(&self) -> Option<(&Sentence, &Recording)> {
        match &self.state {
            State::Recorded(recording) => self.left.get(self.at).map(|sentence| (sentence, recording)),
            State::Ready(_) | State::Listening => None,
        }
    }

    /// It was kept, or could not be.
    pub fn kept(&mut self, is_kept: bool) {
        if is_kept {
            self.left.remove(self.at);
            self.at = if self.at < self.left.len() { self.at } else { 0 };
        }
        self.state = State::Ready(if is_kept { Said::How } else { Said::NotKept });
    }
}

impl Page for Recorder {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let title = around.sentence("service-prompts");
        let Some(sentence) = self.left.get(self.at) else {
            let done = words(around.sentence("recorder-done"), TextSize::Strong, Ink::Black);
            return page(around, Some(Touch::Back), title, sheet(Paper::Card, 20, done));
        };
        let (said, paper) = match &self.state {
            State::Ready(Said::How) => ("recorder-how", Paper::Ground),
            State::Ready(Said::Silent) => ("recorder-silent", Paper::Warm),
            State::Ready(Said::NoMicrophone) => ("recorder-no-microphone", Paper::Warm),
            State::Ready(Said::NotKept) => ("service-not-kept", Paper::Warm),
            State::Listening => ("recorder-listening", Paper::Warm),
            State::Recorded(_) => ("recorder-hear", Paper::Ground),
        };
        let left = around.sentence_with("recorder-left", &[("left", self.left.len().to_string())]);
        let one = |touch, key: &str, icon, look| {
            (Length::Share(1), button(touch, around.sentence(key).alone(), Some(icon), look))
        };
        let again = one(Touch::Record, "recorder-again", Icon::Again, Look::Other);
        let skip = one(Touch::Skip, "recorder-skip", Icon::Forward, Look::Other);
        let buttons = match &self.state {
            State::Ready(_) => vec![skip, one(Touch::Record, "recorder-begin", Icon::Microphone, Look::Next)],
            State::Listening => vec![one(Touch::Stop, "speak-stop", Icon::Stop, Look::Next)],
            State::Recorded(_) => vec![
                again,
                one(Touch::Play, "speak-play", Icon::Ear, Look::Other),
                one(Touch::Keep, "speak-keep", Icon::Tick, Look::Next),
            ],
        };
        let body = column(
            12,
            vec![
                (Length::Needed, sheet(paper, 10, words(around.sentence(said), TextSize::Body, Ink::Black))),
                (
                    Length::Share(1),
                    sheet(Paper::Card, 16, words(sentence.says.clone(), TextSize::Title, Ink::Black).centred()),
                ),
                (Length::Needed, words(left, TextSize::Body, Ink::Grey).centred()),
                (Length::Fingers(1, 84), row(12, buttons)),
            ],
        );
        page(around, Some(Touch::Back), title, body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Menu),
            Touch::Record => {
                self.state = State::Listening;
                Next::Do(Effect::Record, self.into())
            }
            // What was read comes when the last of it is written.
            Touch::Stop => Next::Do(Effect::StopRecording, self.into()),
            Touch::Play => match &self.state {
                State::Recorded(recording) => Next::Do(Effect::Play(recording.opus.clone()), self.into()),
                State::Ready(_) | State::Listening => Next::show(self),
            },
            Touch::Keep => Next::Errand(Errand::KeepVoice(self)),
            Touch::Skip => {
                self.at = (self.at + 1) % self.left.len().max(1);
                self.state = State::Ready(Said::How);
                Next::show(self)
            }
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn unattended(self) -> Next {
        abandoned()
    }

    fn shows(&self) -> usize {
        match self.state {
            State::Ready(_) => 0,
            State::Listening => 1,
            State::Recorded(_) => 2,
        }
    }
}
