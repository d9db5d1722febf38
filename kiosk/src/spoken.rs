//! What can be said aloud: the same pieces of a screen that can be read, in the same order.
//!
//! The app never makes a sound. It says what should be heard ([`crate::app::Effect`]); the engine behind it plays the
//! recorded prompt where there is one.

/// One thing said aloud.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Spoken {
    /// Key of the sentence in the wording, by which its recording is found. `None` for words of the county, of an
    /// answer or of the person: a recording may exist under the words themselves.
    pub prompt: Option<String>,
    /// What was put into the sentence's places, in the order of their names: numbers, days.
    pub values: Vec<String>,
    /// The words as they stand on the screen, values included.
    pub words: String,
}

impl Spoken {
    /// Words that are in no wording file.
    pub fn words(words: impl Into<String>) -> Self {
        Self { words: words.into(), ..Self::default() }
    }

    /// Whether there is nothing to hear.
    pub fn is_silent(&self) -> bool {
        self.words.is_empty()
    }
}
