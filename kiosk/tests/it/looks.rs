//! Every way a screen can be seen: four sizes, three modes, two orders of the languages.

use embedded_graphics::prelude::Size;
use kiosk::{
    draw::theme::Theme,
    settings::{Colours, Language, Letters, Settings},
};

pub const LARGE: Size = Size::new(1024, 600);
pub const SMALL: Size = Size::new(800, 480);
pub const WIDE: Size = Size::new(1280, 800);
pub const UPRIGHT: Size = Size::new(600, 1024);

pub const SIZES: [Size; 4] = [LARGE, SMALL, WIDE, UPRIGHT];

/// A way to see a screen of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub mode: &'static str,
    pub theme: Theme,
}

/// The three modes, in both orders of the languages.
pub fn looks() -> Vec<Look> {
    let modes = [
        ("usual", Letters::Usual, Colours::Usual),
        ("large", Letters::Large, Colours::Usual),
        ("contrast", Letters::Usual, Colours::HighContrast),
    ];
    let languages = [Language::Chinese, Language::English];
    let each =
        |language| modes.map(|(mode, letters, colours)| Look { mode, theme: Theme { letters, colours, language } });
    languages.into_iter().flat_map(each).collect()
}

impl Look {
    pub fn settings(self) -> Settings {
        let Theme { letters, colours, language } = self.theme;
        Settings { letters, colours, language, ..Settings::default() }
    }

    /// A name for a file: `usual-zh`.
    pub fn name(self) -> String {
        let language = match self.theme.language {
            Language::Chinese => "zh",
            Language::English => "en",
        };
        format!("{}-{language}", self.mode)
    }

    /// Whether a picture of it is kept for people to look at; of the others, only that they did not change.
    pub fn is_pictured(self, size: Size) -> bool {
        let pictured = [(LARGE, "usual-zh"), (UPRIGHT, "large-zh"), (SMALL, "contrast-zh"), (WIDE, "usual-en")];
        pictured.contains(&(size, self.name().as_str()))
    }
}
