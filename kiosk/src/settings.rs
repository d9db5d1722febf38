//! How the person in front of the screen wants it: letters, colours, language, read aloud or not, how loud.
//!
//! Nothing of this outlives the person: [`crate::app`] puts the station's own settings back when they have gone.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How large letters are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Letters {
    /// As drawn.
    #[default]
    Usual,
    /// 大字: two fifths larger, on the same layout.
    Large,
}

impl Letters {
    /// What is meant for these letters, of one for each.
    pub fn of<T: Copy>(self, [usual, large]: [T; 2]) -> T {
        match self {
            Letters::Usual => usual,
            Letters::Large => large,
        }
    }
}

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Colours {
    /// Dark words on light sheets, with colours to know things by.
    #[default]
    Usual,
    /// White and yellow on black, an edge around everything that can be touched.
    HighContrast,
}

/// Which language comes first; the other stands beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, ValueEnum)]
pub enum Language {
    /// 中文
    #[default]
    #[serde(rename = "zh-CN")]
    #[value(name = "zh-CN")]
    Chinese,
    /// English
    #[serde(rename = "en")]
    #[value(name = "en")]
    English,
}

/// The loudest; 0 is silent.
pub const VOLUME_MAX: u8 = 10;

/// Loud enough for a quiet room.
const VOLUME_AT_FIRST: u8 = 6;

/// What one person has chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How large letters are.
    pub letters: Letters,
    /// Which colours.
    pub colours: Colours,
    /// Which language comes first.
    pub language: Language,
    /// Whether screens are read aloud.
    pub read_aloud: bool,
    /// How loud, 0 to [`VOLUME_MAX`].
    pub volume: u8,
    /// The pack of recorded prompts, by its place in the list that the station has. Packs change only the sound.
    pub pack: usize,
}

/// One thing to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Letters of this size.
    Letters(Letters),
    /// These colours.
    Colours(Colours),
    /// This language first.
    Language(Language),
    /// Screens are read aloud, or not.
    ReadAloud(bool),
    /// One step louder; no further than [`VOLUME_MAX`].
    Louder,
    /// One step quieter, down to silence.
    Quieter,
    /// The pack of prompts at this place.
    Pack(usize),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            letters: Letters::default(),
            colours: Colours::default(),
            language: Language::default(),
            read_aloud: false,
            volume: VOLUME_AT_FIRST,
            pack: 0,
        }
    }
}

impl Settings {
    /// Changes one thing.
    pub fn change(&mut self, change: Change) {
        match change {
            Change::Letters(letters) => self.letters = letters,
            Change::Colours(colours) => self.colours = colours,
            Change::Language(language) => self.language = language,
            Change::ReadAloud(read_aloud) => self.read_aloud = read_aloud,
            Change::Louder => self.volume = (self.volume + 1).min(VOLUME_MAX),
            Change::Quieter => self.volume = self.volume.saturating_sub(1),
            Change::Pack(pack) => self.pack = pack,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_stays_between_silence_and_the_loudest() {
        let mut settings = Settings::default();
        for _ in 0..20 {
            settings.change(Change::Louder);
        }
        assert_eq!(settings.volume, VOLUME_MAX);
        for _ in 0..20 {
            settings.change(Change::Quieter);
        }
        assert_eq!(settings.volume, 0);
    }
}
