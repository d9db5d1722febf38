//! What the app wants done: heard, recorded, printed.

use std::sync::Arc;

use crate::{printing::Receipt, spoken::Spoken};

/// What the app wants done. Whoever runs it takes them with [`App::take_effects`](super::App::take_effects) after each event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Say these, one after the other, instead of whatever is being said. Tell [`Event::SpeechEnded`](super::Event::SpeechEnded) afterwards.
    Say(Vec<Spoken>),
    /// Say no more.
    Hush,
    /// Stop where it is.
    Pause,
    /// Go on from there.
    GoOn,
    /// Record a voice, for [`USUAL`](crate::screens::speak::USUAL) at most, and say nothing meanwhile. Tell
    /// [`Event::Recording`](super::Event::Recording) and [`Event::Piece`](super::Event::Piece) and then
    /// [`Event::Recorded`](super::Event::Recorded), or [`Event::NoMicrophone`](super::Event::NoMicrophone).
    Record,
    /// Let the present recording go on to [`EXTENDED`](crate::screens::speak::EXTENDED).
    RecordLonger,
    /// End the present recording. One that has ended already stays what it is.
    StopRecording,
    /// End the present recording and keep nothing of it.
    ThrowAwayRecording,
    /// Play this voice, Ogg Opus, instead of whatever is being said. Tell [`Event::SpeechEnded`](super::Event::SpeechEnded) afterwards.
    Play(Arc<[u8]>),
    /// From now on with this pack of prompts and this loud.
    Voice {
        /// Place of the pack in the list that the app was given.
        pack: usize,
        /// 0 to [`crate::settings::VOLUME_MAX`].
        volume: u8,
    },
    /// Print this. Tell [`Event::Printed`](super::Event::Printed) or [`Event::NotPrinted`](super::Event::NotPrinted) afterwards.
    Print(Receipt),
}

/// Whether something is being read aloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speech {
    /// Nothing.
    #[default]
    Quiet,
    /// Yes.
    Speaking,
    /// It stopped where it was.
    Paused,
}
