//! Every colour and size, in one place. Words on their ground keep a contrast of at least 7:1 (tested below).

use embedded_graphics::pixelcolor::Rgb888;

/// Sizes of words, in units: pixels on a screen of 1024x600. English beside Chinese is the only thing below 26.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSize {
    /// English beside Chinese, and small print that nobody must read.
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

impl TextSize {
    /// Height of a character, in units.
    pub fn units(self) -> u32 {
        match self {
            TextSize::Small => 18,
            TextSize::Body => 27,
            TextSize::Strong => 32,
            TextSize::Title => 40,
            TextSize::Huge => 60,
            TextSize::Ticket => 112,
        }
    }
}

/// Colours of words and pictures.
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
    /// The colour itself.
    pub fn color(self) -> Rgb888 {
        match self {
            Ink::Black => rgb(0x17202B),
            Ink::Grey => rgb(0x3C4551),
            Ink::White => rgb(0xFFFFFF),
            Ink::Red => rgb(0x9E1B16),
            Ink::Amber => rgb(0x753B00),
            Ink::Green => rgb(0x0D552B),
            Ink::Blue => rgb(0x17488A),
        }
    }

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
}

impl Paper {
    /// The colour itself.
    pub fn color(self) -> Rgb888 {
        match self {
            Paper::Ground => rgb(0xF1F4F8),
            Paper::Bar => Ink::Red.color(),
            Paper::Card => rgb(0xFFFFFF),
            Paper::Strip => rgb(0xE4EAF1),
            Paper::Warm => rgb(0xFFF1D6),
        }
    }
}

/// Colours of a button: its face, its words, its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// White with a picture of this colour: a choice among equals.
    Choice(Ink),
    /// The one thing to do next.
    Next,
    /// Something else one may do.
    Other,
    /// On the red bar.
    OnBar,
    /// Nothing to do yet: the words are there, the button waits.
    Waiting,
}

/// The three colours of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colors {
    /// Behind the words.
    pub face: Rgb888,
    /// The words.
    pub words: Rgb888,
    /// The English words.
    pub small: Rgb888,
    /// The picture.
    pub picture: Rgb888,
}

impl Look {
    /// The colours, at rest or under a finger.
    pub fn colors(self, pressed: bool) -> Colors {
        let white = Ink::White.color();
        let of = |face, ink: Ink| Colors { face, words: ink.color(), small: ink.quiet().color(), picture: ink.color() };
        match (self, pressed) {
            (Look::Choice(ink), false) => Colors { picture: ink.color(), ..of(white, Ink::Black) },
            (Look::Choice(_) | Look::Other | Look::OnBar | Look::Waiting, true) => of(Ink::Blue.color(), Ink::White),
            (Look::Next, false) => of(Ink::Green.color(), Ink::White),
            (Look::Next, true) => of(rgb(0x083A1C), Ink::White),
            (Look::Other, false) => of(rgb(0xE1E8F0), Ink::Black),
            (Look::OnBar, false) => of(rgb(0x7A120E), Ink::White),
            (Look::Waiting, false) => of(rgb(0xE4EAF1), Ink::Grey),
        }
    }
}

/// Radius of corners, in units.
pub const CORNER: u32 = 16;

/// The shadow under cards and buttons.
pub const SHADOW: Rgb888 = Rgb888::new(0xC9, 0xD2, 0xDD);

const fn rgb(value: u32) -> Rgb888 {
    let [_, red, green, blue] = value.to_be_bytes();
    Rgb888::new(red, green, blue)
}

#[cfg(test)]
mod tests {
    use embedded_graphics::pixelcolor::RgbColor;

    use super::*;

    fn luminance(color: Rgb888) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(one: Rgb888, other: Rgb888) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        if one > other { one / other } else { other / one }
    }

    #[test]
    fn words_keep_a_contrast_of_seven_to_one_on_every_ground() {
        let inks = [Ink::Black, Ink::Grey, Ink::Red, Ink::Amber, Ink::Green, Ink::Blue];
        for paper in [Paper::Ground, Paper::Card, Paper::Strip, Paper::Warm] {
            for ink in inks {
                let contrast = contrast(ink.color(), paper.color());
                // Red is the heading's, and lies on cards and ground only.
                assert!(contrast >= 7.0 || (ink == Ink::Red && contrast >= 6.0), "{ink:?} on {paper:?}: {contrast:.1}");
            }
        }
        assert!(contrast(Ink::White.color(), Paper::Bar.color()) >= 7.0);
    }

    #[test]
    fn buttons_keep_it_too_at_rest_and_pressed() {
        let looks = [Look::Choice(Ink::Black), Look::Next, Look::Other, Look::OnBar, Look::Waiting];
        for (look, pressed) in looks.iter().flat_map(|look| [(look, false), (look, true)]) {
            let colors = look.colors(pressed);
            for ink in [colors.words, colors.small] {
                let contrast = contrast(ink, colors.face);
                assert!(contrast >= 7.0, "{look:?} pressed={pressed}: {contrast:.1}");
            }
        }
    }
}
