//! What an officer may do at the machine itself: look how it is, fit the touch panel, record sentences, enrol it, switch it
//! off, carry by stick what has no road. Behind a PIN, and behind a small word on the help screen that asks no villager for
//! anything.
//!
//! [`Service`] is all that the service screens may ask; [`upkeep`] answers for a station on disk. [`pin`] is the lock,
//! [`enrolment`] becoming a device of the county, [`stick`] what is carried by hand, [`power`] switching off. What anybody
//! sees here holds no word, name or number of a person.

pub mod command;
pub mod enrolment;
mod facts;
pub mod pin;
pub mod power;
pub mod sample;
pub mod stick;
pub mod upkeep;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use civic_core::time::UnixSeconds;

pub use enrolment::{Asks, Enrolling, Letter};
pub use pin::Answer;
pub use stick::{Carrying, Stick, Way};

/// The station's own matters, as the service screens see them. Nothing here waits for a network.
pub trait Service: Send {
    /// Whether this PIN opens the service pages. It takes some tenths of a second, and counts.
    fn open(&mut self, pin: &str, now: Instant) -> Answer;
    /// What is known about this, line by line.
    fn facts(&self, subject: Subject) -> Vec<Fact>;
    /// Whether there is a touch panel to fit.
    fn has_panel(&self) -> bool;
    /// A cross was touched; what the panel reported is noted. After the fourth, the new fit is tried out.
    fn cross_touched(&mut self, cross: usize) -> Fitting;
    /// The fit that is tried out is kept on disk, or given up for the one before.
    fn end_fitting(&mut self, keep: bool) -> Result<(), CannotKeep>;
    /// Sentences that no local voice says yet, in Chinese.
    fn unspoken(&self) -> Vec<Sentence>;
    /// Keeps a recording, Ogg Opus, as the local voice of this sentence; it is heard from the next start on.
    fn keep_voice(&mut self, sentence: &Sentence, opus: &Arc<[u8]>) -> Result<(), CannotKeep>;
    /// Begins to ask the county to let the machine in.
    fn enrol(&mut self, asks: Asks);
    /// Where enrolling stands.
    fn enrolling(&self) -> Enrolling;
    /// The sticks that are in.
    fn sticks(&self) -> Vec<Stick>;
    /// Begins to carry by this stick.
    fn carry(&mut self, way: Way, stick: &Stick);
    /// Where carrying stands.
    fn carrying(&self) -> Carrying;
    /// Ends the program in a moment, in order, and switches the machine off.
    fn switch_off(&mut self);
}

/// What an officer may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The network, and the road to the county.
    Network,
    /// The disk, and what lies on it.
    Storage,
    /// The printer.
    Printer,
    /// What was sent and received last.
    LastSync,
    /// What the program wrote into its log.
    Log,
}

/// One line of what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Key of the sentence that says what it is; empty for a line that stands alone.
    pub what: &'static str,
    /// How it is.
    pub is: Value,
}

/// How something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Figures, names of machines: the same in every language.
    Plain(String),
    /// The sentence of this key.
    Sentence(&'static str),
    /// A day.
    Day(UnixSeconds),
}

/// What became of a touch on a cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitting {
    /// The next cross, please.
    Next,
    /// All four were touched, and the new fit is tried out.
    Tried,
    /// These touches cannot have been on the crosses: from the first on again.
    Off,
}

/// A sentence to be read aloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Name of its recording.
    pub name: String,
    /// What is read.
    pub says: String,
}

/// The disk did not take it; the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be kept")]
pub struct CannotKeep;

/// A fit that nobody keeps is given up after so long: with a bad one nobody could touch anything.
pub const TRIED_FOR: Duration = Duration::from_secs(15);
