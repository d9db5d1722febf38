//! Whoever says aloud what the app wants heard, and records what people say.

use civic_core::wording::Both;
use tokio::sync::mpsc;

use crate::{
    app::{Effect, Event},
    settings::Language,
    teller::EVENTS_WAITING,
};

/// A pack of prompts that a station speaks with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackName {
    /// Its name, as the help screen shows it.
    pub name: Both,
    /// Whose sentences it says.
    pub language: Language,
}

/// Obeys the app's effects. It is called between events and must not wait; what happens then is told as [`Event`]s, by
/// the channel that the loop listens to.
pub trait Voice: Send {
    /// Does this, now.
    fn obey(&mut self, effect: Effect);

    /// The packs of prompts that it can speak with.
    fn packs(&self) -> Vec<PackName>;
}

/// A station without loudspeaker and microphone: everything has been said at once, and nothing is recorded.
#[derive(Clone, Debug)]
pub struct Silent {
    tell: mpsc::Sender<Event>,
}

impl Silent {
    /// The station, and what it tells.
    pub fn new() -> (Self, mpsc::Receiver<Event>) {
        let (tell, told) = mpsc::channel(EVENTS_WAITING);
        let silent = Self { tell };
        silent.tell(Event::NoMicrophone);
        (silent, told)
    }

    fn tell(&self, event: Event) {
        if let Err(error) = self.tell.try_send(event) {
            tracing::error!(%error, "The screens do not take what sound tells them");
        }
    }
}

impl Voice for Silent {
    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::Say(_) | Effect::GoOn | Effect::Play(_) => self.tell(Event::SpeechEnded),
            Effect::Record => self.tell(Event::NoMicrophone),
            Effect::Hush
            | Effect::Pause
            | Effect::Voice { .. }
            | Effect::RecordLonger
            | Effect::StopRecording
            | Effect::ThrowAwayRecording
            | Effect::Print(_) => {}
        }
    }

    fn packs(&self) -> Vec<PackName> {
        Vec::new()
    }
}
