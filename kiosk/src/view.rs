//! What a screen shows, as plain data: rows and columns of words, pictures and things to touch.
//!
//! A screen builds a [`Part`]; [`crate::draw::layout`] alone decides where each piece of it lies, for drawing and for
//! touching alike. `T` is what a touch means to that screen.

use civic_core::wording::Both;

use crate::draw::{
    icon::Icon,
    theme::{Ink, Look, Paper, TextSize},
};

/// A piece of a screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<T> {
    /// Pieces side by side.
    Row(Line<T>),
    /// Pieces one below the other.
    Column(Line<T>),
    /// A piece on a sheet of its own.
    Sheet {
        /// Colour of the sheet.
        paper: Paper,
        /// Space between its edge and what lies on it, in units.
        padding: u32,
        /// What lies on it.
        inside: Box<Part<T>>,
    },
    /// Words or a picture, which cannot be divided.
    Leaf(Leaf<T>),
}

/// Pieces in a line, with the same gap between neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<T> {
    /// Space between two neighbours, in units.
    pub gap: u32,
    /// The pieces and how long each is.
    pub parts: Vec<(Length, Part<T>)>,
}

/// How much of a row or column a piece takes. A unit is a pixel on a screen of 1024x600.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// So many units.
    Units(u32),
    /// So many rows of so many units each, no row too small for a fingertip.
    Fingers(u32, u32),
    /// A share of what the others leave.
    Share(u32),
}

/// Something that is drawn whole, and may be touched.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf<T> {
    /// What is drawn.
    pub face: Face,
    /// What touching it means, if anything.
    pub touch: Option<T>,
}

/// What is drawn in one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Face {
    /// Nothing: space.
    Nothing,
    /// A sheet of colour behind other pieces.
    Sheet(Paper),
    /// Words, broken into lines and made smaller where they would not fit.
    Words(Words),
    /// A picture.
    Picture(Icon, Ink),
    /// A button.
    Button(Button),
    /// A key of a keyboard.
    Key(Key),
    /// What has been written so far, its end in sight, with a hint while it is empty.
    Writing {
        /// The words of the person.
        text: String,
        /// Shown in grey while there are none.
        hint: String,
    },
}

/// A button: words with their English, and perhaps a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// What it says.
    pub words: Both,
    /// What it shows.
    pub icon: Option<Icon>,
    /// Its colours.
    pub look: Look,
    /// The size of its Chinese words.
    pub size: TextSize,
    /// Picture above the words, not beside them.
    pub tall: bool,
}

/// A key of a keyboard: a letter or words, or a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// What it types, or says.
    pub text: String,
    /// Its picture, instead of words.
    pub icon: Option<Icon>,
    /// Its colours.
    pub look: Look,
}

/// Words of one size and colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// The words.
    pub text: String,
    /// How large, where they fit.
    pub size: TextSize,
    /// Bold or regular.
    pub bold: bool,
    /// Colour.
    pub ink: Ink,
    /// Where in its place each line lies.
    pub align: Align,
    /// From the top of their place, not in the middle of its height.
    pub from_top: bool,
}

/// Where in its place a line of words lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// From the left edge.
    Left,
    /// In the middle.
    Centre,
    /// Up to the right edge.
    Right,
}

/// Pieces side by side.
pub fn row<T>(gap: u32, parts: Vec<(Length, Part<T>)>) -> Part<T> {
    Part::Row(Line { gap, parts })
}

/// Pieces one below the other.
pub fn column<T>(gap: u32, parts: Vec<(Length, Part<T>)>) -> Part<T> {
    Part::Column(Line { gap, parts })
}

/// Rows of equal pieces, `across` in each; the last row is filled with space.
pub fn grid<T>(gap: u32, across: usize, down: usize, parts: Vec<Part<T>>) -> Part<T> {
    let mut parts = parts.into_iter();
    let rows = (0..down).map(|_| {
        let cells = (0..across).map(|_| (Length::Share(1), parts.next().unwrap_or_else(space))).collect();
        (Length::Share(1), row(gap, cells))
    });
    column(gap, rows.collect())
}

/// A piece on a sheet of its own.
pub fn sheet<T>(paper: Paper, padding: u32, inside: Part<T>) -> Part<T> {
    Part::Sheet { paper, padding, inside: Box::new(inside) }
}

/// Empty space.
pub fn space<T>() -> Part<T> {
    Part::Leaf(Leaf { face: Face::Nothing, touch: None })
}

/// A picture.
pub fn picture<T>(icon: Icon, ink: Ink) -> Part<T> {
    Part::Leaf(Leaf { face: Face::Picture(icon, ink), touch: None })
}

/// Regular words from the left.
pub fn words<T>(text: impl Into<String>, size: TextSize, ink: Ink) -> Part<T> {
    let words = Words { text: text.into(), size, bold: false, ink, align: Align::Left, from_top: false };
    Part::Leaf(Leaf { face: Face::Words(words), touch: None })
}

/// Chinese words with their English small below, from the left.
pub fn both<T>(words_of: Both, size: TextSize, ink: Ink) -> Part<T> {
    column(
        2,
        vec![
            (Length::Share(1), words(words_of.zh, size, ink).bold()),
            (Length::Units(24), words(words_of.en, TextSize::Small, ink.quiet())),
        ],
    )
}

/// A button with its picture beside its words.
pub fn button<T>(touch: T, words: Both, icon: Option<Icon>, look: Look) -> Part<T> {
    sized_button(touch, words, icon, look, TextSize::Strong)
}

/// A button whose words have another size than buttons usually have.
pub fn sized_button<T>(touch: T, words: Both, icon: Option<Icon>, look: Look, size: TextSize) -> Part<T> {
    let face = Face::Button(Button { words, icon, look, size, tall: false });
    Part::Leaf(Leaf { face, touch: Some(touch) })
}

/// A large button with its picture above its words.
pub fn tile<T>(touch: T, words: Both, icon: Icon, look: Look, size: TextSize) -> Part<T> {
    let face = Face::Button(Button { words, icon: Some(icon), look, size, tall: true });
    Part::Leaf(Leaf { face, touch: Some(touch) })
}

/// A key of a keyboard.
pub fn key<T>(touch: T, text: impl Into<String>) -> Part<T> {
    command_key(touch, text, None, Look::Choice(Ink::Black))
}

/// A key that does something else than type.
pub fn command_key<T>(touch: T, text: impl Into<String>, icon: Option<Icon>, look: Look) -> Part<T> {
    let face = Face::Key(Key { text: text.into(), icon, look });
    Part::Leaf(Leaf { face, touch: Some(touch) })
}

impl<T> Part<T> {
    /// The same words, bold.
    #[must_use]
    pub fn bold(self) -> Self {
        self.with_words(|words| words.bold = true)
    }

    /// The same words, centred.
    #[must_use]
    pub fn centred(self) -> Self {
        self.with_words(|words| words.align = Align::Centre)
    }

    /// The same words, up to the right edge.
    #[must_use]
    pub fn to_the_right(self) -> Self {
        self.with_words(|words| words.align = Align::Right)
    }

    /// The same words, from the top of their place.
    #[must_use]
    pub fn from_top(self) -> Self {
        self.with_words(|words| words.from_top = true)
    }

    fn with_words(self, change: impl Fn(&mut Words) + Copy) -> Self {
        match self {
            Part::Leaf(Leaf { face: Face::Words(mut words), touch }) => {
                change(&mut words);
                Part::Leaf(Leaf { face: Face::Words(words), touch })
            }
            Part::Row(line) => Part::Row(line.with_words(change)),
            Part::Column(line) => Part::Column(line.with_words(change)),
            Part::Sheet { paper, padding, inside } => {
                Part::Sheet { paper, padding, inside: Box::new(inside.with_words(change)) }
            }
            Part::Leaf(leaf) => Part::Leaf(leaf),
        }
    }
}

impl<T> Line<T> {
    fn with_words(self, change: impl Fn(&mut Words) + Copy) -> Self {
        let parts = self.parts.into_iter().map(|(length, part)| (length, part.with_words(change))).collect();
        Self { gap: self.gap, parts }
    }
}

impl Face {
    /// The words a person reads here, Chinese first; empty for pictures and space.
    pub fn text(&self) -> String {
        match self {
            Face::Nothing | Face::Sheet(_) | Face::Picture(..) => String::new(),
            Face::Words(words) => words.text.clone(),
            Face::Button(button) => button.words.zh.clone(),
            Face::Key(key) => key.text.clone(),
            Face::Writing { text, hint } => {
                if text.is_empty() {
                    hint.clone()
                } else {
                    text.clone()
                }
            }
        }
    }
}
