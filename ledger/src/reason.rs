//! Why something stays out of its document: the word that the table keeps, and for which every page has a sentence.

use civic_core::{gate::Refusal, payload::BadPayload};

/// Why something stays out of its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its payload is longer than allowed, or has too much of something.
    TooMuch,
    /// Its payload cannot be read.
    Malformed,
    /// A newer program wrote it.
    UnknownForm,
    /// Its time is none.
    Time,
    /// It is not as this program would have written it.
    NotCanonical,
    /// Another change of its author stands in its place.
    Forked,
    /// It would damage the document.
    Damaging,
    /// The document is full.
    Full,
    /// The document lives in another space.
    Elsewhere,
    /// Too many changes of the document wait for an earlier one.
    Crowded,
    /// It was sealed, and cannot be opened or read.
    Sealed,
    /// It was sealed to a key that is destroyed: it came too late, and nobody can open it.
    KeyDestroyed,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 12] = [
        Reason::TooMuch,
        Reason::Malformed,
        Reason::UnknownForm,
        Reason::Time,
        Reason::NotCanonical,
        Reason::Forked,
        Reason::Damaging,
        Reason::Full,
        Reason::Elsewhere,
        Reason::Crowded,
        Reason::Sealed,
        Reason::KeyDestroyed,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::TooMuch => "too-much",
            Reason::Malformed => "malformed",
            Reason::UnknownForm => "unknown-form",
            Reason::Time => "time",
            Reason::NotCanonical => "not-canonical",
            Reason::Forked => "forked",
            Reason::Damaging => "damaging",
            Reason::Full => "full",
            Reason::Elsewhere => "elsewhere",
            Reason::Crowded => "crowded",
            Reason::Sealed => "sealed",
            Reason::KeyDestroyed => "key-destroyed",
        }
    }
}

impl From<&Refusal> for Reason {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Payload(BadPayload::TooLong | BadPayload::TooMany(_)) => Reason::TooMuch,
            Refusal::Payload(BadPayload::Malformed) | Refusal::Columns => Reason::Malformed,
            Refusal::Payload(BadPayload::UnknownForm(_)) => Reason::UnknownForm,
            Refusal::Time => Reason::Time,
            Refusal::Payload(BadPayload::Foreign) | Refusal::NotCanonical | Refusal::Operations => Reason::NotCanonical,
            Refusal::Forked => Reason::Forked,
            Refusal::Damaging => Reason::Damaging,
            Refusal::DocumentFull => Reason::Full,
        }
    }
}
