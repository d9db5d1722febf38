//! Every colour and size, in one place, for every way a person may want to see the screen.
//!
//! A view names an [`Ink`], a [`Paper`], a [`Look`], a [`TextSize`]; the [`Theme`] says what these are. So large letters
//! and high contrast are the same views with other sizes and colours. Words keep a contrast of at least 7:1 to what they
//! lie on, and running words one of 10:1 (tested on every screen in `kiosk/tests/it/pictures.rs`).

use embedded_graphics::pixelcolor::Rgb888;

use crate::settings::{Colours, Language, Letters};

/// How the present person wants to see the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Theme {
    /// How large letters are.
    pub letters: Letters,
    /// Which colours.
    pub colours: Colours,
    /// Which language comes first.
    pub language: Language,
}

/// Sizes of words, in units: pixels on a screen of 1024x600. What stands small beside is the only thing below 26.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSize {
    /// The other language beside the first, and small print that nobody must read.
    Small,
    /// Running words.
    Body,
    /// Buttons and things that matter.
    Strong,
    /// Headings.
    Title,
    /// The two tiles of the first screen.
    Huge,
    /// The ticket number.
    Ticket,
}

impl Theme {
    /// Height of a character of this size, in units.
    pub fn units(self, size: TextSize) -> u32 {
        // Large letters are two fifths larger, where they are not so large already that only length would be lost.
        let (usual, large) = match size {
            TextSize::Small => (18, 25),
            TextSize::Body => (27, 38),
            TextSize::Strong => (32, 45),
            TextSize::Title => (40, 56),
            TextSize::Huge => (60, 72),
            TextSize::Ticket => (112, 112),
        };
        let units = match self.letters {
            Letters::Usual => usual,
            Letters::Large => large,
        };
        match (self.language, size) {
            (Language::Chinese, _) | (Language::English, TextSize::Ticket) => units,
            // What stands beside is Chinese here, which must be larger than Latin to be read.
            (Language::English, TextSize::Small) => units * 7 / 6,
            // Latin letters fill more of their height and need more length.
            (Language::English, TextSize::Body | TextSize::Strong | TextSize::Title | TextSize::Huge) => units * 7 / 8,
        }
    }

    /// The colour of an ink.
    pub fn ink(self, ink: Ink) -> Rgb888 {
        let (usual, high) = match ink {
            Ink::Black => (0x17202B, 0xFFFFFF),
            Ink::Grey => (0x2E3640, 0xE0E0E0),
            Ink::White => (0xFFFFFF, 0xFFFFFF),
            Ink::Red => (0x8A1410, 0xFFB3A7),
            Ink::Amber => (0x6B3600, 0xFFD54A),
            Ink::Green => (0x0A4F27, 0x8CF0A8),
            Ink::Blue => (0x123F7C, 0x9CCBFF),
        };
        self.choose(usual, high)
    }

    /// The colours of a sheet.
    pub fn paper(self, paper: Paper) -> Plate {
        let edge = |high| (self.colours == Colours::HighContrast).then_some(rgb(high));
        let face = match paper {
            Paper::Ground => 0xF1F4F8,
            Paper::Bar => 0x8A1410,
            Paper::Card => 0xFFFFFF,
            Paper::Strip => 0xE4EAF1,
            Paper::Warm => 0xFFF1D6,
            Paper::Filled => return Plate { face: self.choose(0x8A1410, 0xFFE100), edge: None },
        };
        let edge = match paper {
            Paper::Ground => None,
            Paper::Bar | Paper::Card => edge(0xFFFFFF),
            Paper::Strip => edge(0x8C8C8C),
            Paper::Warm => edge(0xFFE100),
            Paper::Filled => None,
        };
        Plate { face: self.choose(face, 0x000000), edge }
    }

    /// The colours of a button, at rest or under a finger.
    pub fn look(self, look: Look, pressed: bool) -> Colors {
        match self.colours {
            Colours::Usual => self.usual_look(look, pressed),
            Colours::HighContrast => self.high_contrast_look(look, pressed),
        }
    }

    fn usual_look(self, look: Look, pressed: bool) -> Colors {
        let of = |face, words: Ink| Colors {
            plate: Plate { face, edge: None },
            words: self.ink(words),
            small: self.ink(words.quiet()),
            picture: self.ink(words),
        };
        match (look, pressed) {
            (Look::Choice(ink), false) => Colors { picture: self.ink(ink), ..of(self.ink(Ink::White), Ink::Black) },
            (Look::Chosen(ink), false) => Colors {
                plate: Plate { face: self.paper(Paper::Warm).face, edge: Some(self.ink(Ink::Black)) },
                picture: self.ink(ink),
                ..of(self.ink(Ink::White), Ink::Black)
            },
            (Look::Choice(_) | Look::Chosen(_) | Look::Other | Look::OnBar | Look::Waiting, true) => {
                of(self.ink(Ink::Blue), Ink::White)
            }
            (Look::Next, false) => of(self.ink(Ink::Green), Ink::White),
            (Look::Next, true) => of(rgb(0x083A1C), Ink::White),
            (Look::Other, false) => of(rgb(0xE1E8F0), Ink::Black),
            (Look::OnBar, false) => of(rgb(0x6A0F0B), Ink::White),
            // An outline alone: nothing is there to be pressed yet.
            (Look::Waiting, false) => Colors {
                plate: Plate { face: self.paper(Paper::Ground).face, edge: Some(rgb(0xC9D2DD)) },
                ..of(self.ink(Ink::White), Ink::Grey)
            },
        }
    }

    /// White or yellow on black with an edge around every button; under a finger black on white.
    fn high_contrast_look(self, look: Look, pressed: bool) -> Colors {
        let of = |face, words, edge| Colors {
            plate: Plate { face: rgb(face), edge: Some(rgb(edge)) },
            words: rgb(words),
            small: rgb(words),
            picture: rgb(words),
        };
        match (look, pressed) {
            (_, true) => of(0xFFFFFF, 0x000000, 0xFFE100),
            (Look::Choice(ink), false) => Colors { picture: self.ink(ink), ..of(0x000000, 0xFFFFFF, 0xFFFFFF) },
            (Look::Chosen(_), false) => of(0xFFFFFF, 0x000000, 0xFFE100),
            (Look::Next, false) => of(0xFFE100, 0x000000, 0xFFFFFF),
            (Look::Other | Look::OnBar, false) => of(0x000000, 0xFFFFFF, 0xFFFFFF),
            (Look::Waiting, false) => of(0x000000, 0xE0E0E0, 0x8C8C8C),
        }
    }

    /// The square that is written in.
    pub fn writing_square(self) -> Plate {
        Plate { face: self.choose(0xFFFFFF, 0x000000), edge: Some(self.choose(0x123F7C, 0xFFFFFF)) }
    }

    /// Its guide lines: they are seen and say nothing.
    pub fn guide(self) -> Rgb888 {
        self.choose(0xB8C4D4, 0x6A6A6A)
    }

    /// The two colours of the ring around the target that the keys stand on, the outer first: one of them shows on
    /// any ground.
    pub fn ring(self) -> [Rgb888; 2] {
        match self.colours {
            Colours::Usual => [rgb(0x0B3FA8), rgb(0xFFFFFF)],
            Colours::HighContrast => [rgb(0xFFE100), rgb(0x000000)],
        }
    }

    /// The shadow under cards and buttons, where there is one.
    pub fn shadow(self) -> Option<Rgb888> {
        match self.colours {
            Colours::Usual => Some(rgb(0xC9D2DD)),
            Colours::HighContrast => None,
        }
    }

    fn choose(self, usual: u32, high_contrast: u32) -> Rgb888 {
        match self.colours {
            Colours::Usual => rgb(usual),
            Colours::HighContrast => rgb(high_contrast),
        }
    }
}

/// Colours of words and pictures, named as they look in the usual colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Near black, on light sheets.
    Black,
    /// Dark grey, for what matters less.
    Grey,
    /// White, on dark sheets.
    White,
    /// The red of the heading.
    Red,
    /// What is here and still to travel.
    Amber,
    /// What has arrived.
    Green,
    /// What is under way.
    Blue,
}

impl Ink {
    /// The same ground's ink for smaller words.
    #[must_use]
    pub fn quiet(self) -> Self {
        match self {
            Ink::Black | Ink::Grey => Ink::Grey,
            Ink::White | Ink::Red | Ink::Amber | Ink::Green | Ink::Blue => self,
        }
    }
}

/// Sheets that pieces lie on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// The whole screen.
    Ground,
    /// The bar at the top.
    Bar,
    /// A white card with a shadow.
    Card,
    /// A pale strip inside a card or on the ground.
    Strip,
    /// A warm strip, for what needs care.
    Warm,
    /// What is filled of a meter: no words lie on it.
    Filled,
}

/// What a button is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A choice among equals, with a picture of this colour.
    Choice(Ink),
    /// The one among equals that is chosen now. Its picture differs too: colour is never the only sign.
    Chosen(Ink),
    /// The one thing to do next.
    Next,
    /// Something else one may do.
    Other,
    /// On the red bar.
    OnBar,
    /// Nothing to do yet: the words are there, the button waits.
    Waiting,
}

/// The colours of something flat: its face, and an edge where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plate {
    /// Behind the words.
    pub face: Rgb888,
    /// Around the face.
    pub edge: Option<Rgb888>,
}

/// The colours of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colors {
    /// Behind the words.
    pub plate: Plate,
    /// The words.
    pub words: Rgb888,
    /// The other language's words.
    pub small: Rgb888,
    /// The picture.
    pub picture: Rgb888,
}

/// Radius of corners, in units.
pub const CORNER: u32 = 16;

const fn rgb(value: u32) -> Rgb888 {
    let [_, red, green, blue] = value.to_be_bytes();
    Rgb888::new(red, green, blue)
}

/// Contrast between two colours, 1 to 21, as the accessibility guidelines (WCAG) reckon it.
pub fn contrast(one: Rgb888, other: Rgb888) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    if one > other { one / other } else { other / one }
}

fn luminance(color: Rgb888) -> f64 {
    use embedded_graphics::pixelcolor::RgbColor;
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_button_keeps_seven_to_one_at_rest_and_pressed_in_both_kinds_of_colours() {
        let inks = [Ink::Black, Ink::Grey, Ink::Red, Ink::Amber, Ink::Green, Ink::Blue];
        let mut looks = vec![Look::Next, Look::Other, Look::OnBar, Look::Waiting];
        looks.extend(inks.iter().flat_map(|ink| [Look::Choice(*ink), Look::Chosen(*ink)]));
        for colours in [Colours::Usual, Colours::HighContrast] {
            let theme = Theme { colours, ..Theme::default() };
            for (look, pressed) in looks.iter().flat_map(|look| [(look, false), (look, true)]) {
                let colors = theme.look(*look, pressed);
                for ink in [colors.words, colors.small, colors.picture] {
                    let contrast = contrast(ink, colors.plate.face);
                    assert!(contrast >= 7.0, "{look:?} pressed={pressed} {colours:?}: {contrast:.1}");
                }
            }
        }
    }

    #[test]
    fn one_colour_of_the_ring_shows_on_any_ground() {
        for colours in [Colours::Usual, Colours::HighContrast] {
            let theme = Theme { colours, ..Theme::default() };
            for paper in [Paper::Ground, Paper::Bar, Paper::Card, Paper::Strip, Paper::Warm] {
                let ground = theme.paper(paper).face;
                let best = theme.ring().map(|ring| contrast(ring, ground)).into_iter().fold(0.0, f64::max);
                assert!(best >= 4.5, "{paper:?} {colours:?}: {best:.1}");
            }
        }
    }

    #[test]
    fn contrast_is_reckoned_as_the_guidelines_do() {
        assert_eq!(contrast(rgb(0x000000), rgb(0xFFFFFF)).round(), 21.0);
        assert_eq!(contrast(rgb(0x777777), rgb(0xFFFFFF)).round(), 4.0);
    }
}
