//! What can happen to a kiosk.

use std::time::Duration;

use embedded_graphics::prelude::Point;
use hardware::{keyboard::Typed, keypad, presence::Motion};

use crate::{
    printing::Sheet,
    station::{Piece, Recording},
};

/// Something that happened to the kiosk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A finger on the glass.
    Touch(Touch),
    /// One of the five keys.
    Key(Key),
    /// Something on a keyboard, a number pad or a scanner.
    Typed(Typed),
    /// The button on the case.
    Button,
    /// Somebody came near, or nobody is there any more.
    Motion(Motion),
    /// Time has passed; see [`App::wake_at`](super::App::wake_at).
    Tick,
    /// The station has news: counts or answers may have changed.
    News,
    /// What was to be said has been said, or cannot be.
    SpeechEnded,
    /// While a voice is recorded, some times a second.
    Recording {
        /// How loud it is, 0 to 100.
        level: u8,
        /// How long it is by now.
        length: Duration,
    },
    /// While a voice is recorded, at least once a second: what its file grew by.
    Piece(Piece),
    /// A voice was recorded: it was stopped, or as long as it may be.
    Recorded {
        /// The voice.
        recording: Recording,
        /// Whether anybody is heard in it.
        is_audible: bool,
    },
    /// There is no microphone, or it failed before anything was recorded.
    NoMicrophone,
    /// This has come out on paper.
    Printed(Sheet),
    /// It has not, or not whole.
    NotPrinted(Sheet),
}

/// A finger on the glass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// What the finger did.
    pub kind: TouchKind,
    /// Where, in pixels.
    pub at: Point,
}

/// What a finger did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TouchKind {
    /// It came down.
    Down,
    /// It moved without lifting.
    Move,
    /// It lifted; a target is chosen when it lifts inside the target on which it came down.
    Up,
    /// It was lost.
    Cancel,
}

/// The five keys that can be felt. Together they do all that touches do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// To the target before; from the first to the last.
    Up,
    /// To the target behind; from the last to the first.
    Down,
    /// Choose the target that the keys stand on.
    Select,
    /// The way back; where a screen has none, what the button on the case does.
    Back,
    /// Read the screen aloud; while it is read, stop, and then go on.
    Read,
}

impl From<keypad::Key> for Key {
    fn from(key: keypad::Key) -> Self {
        match key {
            keypad::Key::Previous => Key::Up,
            keypad::Key::Next => Key::Down,
            keypad::Key::Choose => Key::Select,
            keypad::Key::Back => Key::Back,
            keypad::Key::Hear => Key::Read,
        }
    }
}
