//! What a screen shows, as plain data: rows and columns of words, pictures and things to touch.
//!
//! A screen builds a [`Part`]; [`crate::draw::layout`] alone decides where each piece of it lies, for drawing, for
//! touching, for the five keys and for reading aloud alike. `T` is what a touch means to that screen.
//!
//! A view does not know the screen's shape, the size of letters or the language. It says what belongs side by side
//! ([`row`]), below each other ([`column()`]), and what may turn from the one into the other on an upright screen
//! ([`turning`], [`grid`]); and it asks for the height that words need ([`Length::Needed`]) instead of measuring.

use std::sync::Arc;

use civic_core::ink::{InkBox, Stroke};

use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    portrait::Portrait,
    printing::code::Code,
    screens::key_pen::KeyPen,
    spoken::Spoken,
};

/// A piece of a screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<T> {
    /// Pieces in a line.
    Line(Line<T>),
    /// Equal pieces in rows; see [`grid`].
    Grid(Grid<T>),
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
    /// Which way it runs.
    pub way: Way,
    /// Space between two neighbours, in units.
    pub gap: u32,
    /// The pieces and how long each is.
    pub parts: Vec<(Length, Part<T>)>,
}

/// Which way a line runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From left to right.
    Across,
    /// From top to bottom.
    Down,
    /// From left to right on a wide screen, from top to bottom on an upright one.
    Turning,
    /// From top to bottom on a wide screen, from left to right on an upright one.
    Counter,
}

/// Equal pieces, row by row; the last row is filled with space.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid<T> {
    /// Space between two neighbours, in units.
    pub gap: u32,
    /// Pieces in a row on a wide screen.
    pub wide: usize,
    /// Pieces in a row on an upright screen.
    pub upright: usize,
    /// Room for so many pieces, also where there are fewer: places stay the same from page to page.
    pub room: usize,
    /// The pieces.
    pub parts: Vec<Part<T>>,
}

/// How much of a line a piece takes. A unit is a pixel on a screen of 1024x600, or of 600x1024.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// So many units.
    Units(u32),
    /// So many rows of so many units each, no row too small for a fingertip.
    Fingers(u32, u32),
    /// What its words need at the present size of letters.
    Needed,
    /// A share of what the others leave.
    Share(u32),
}

/// Something that is drawn whole, and may be touched.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf<T> {
    /// What is drawn.
    pub face: Face,
    /// What touching it means, if anything.
    pub touch: Option<Act<T>>,
    /// When its turn comes.
    pub turn: Turn,
}

/// When the turn of a piece comes, for the keys and for reading aloud; within a turn, in the order of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// What the screen is about.
    First,
    /// What undoes something: nobody comes to it before they were past the rest.
    Undo,
    /// What every screen has in its frame.
    Frame,
    /// The way back: last, for it has a key of its own.
    Back,
}

/// What a touch means.
#[derive(Clone, Debug, PartialEq)]
pub enum Act<T> {
    /// Something of this screen.
    Own(T),
    /// Something that every screen has in its frame.
    Frame(Frame),
}

/// What every screen has in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Language, letters, sound.
    Help,
    /// Stop reading aloud, go on, or read again: whichever comes next.
    Read,
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
    /// A square code for a scanner.
    Code(Code),
    /// A picture of somebody, as large as fits into its place.
    Portrait(Arc<Portrait>),
    /// A button.
    Button(Button),
    /// A key of a keyboard.
    Key(Key),
    /// What has been written so far, its end in sight, with a hint while it is empty.
    Writing {
        /// The words of the person.
        text: String,
        /// Shown in grey while there are none.
        hint: Sentence,
    },
    /// A square to write in with a finger, in the middle of its place.
    Pad {
        /// What is in it.
        strokes: Vec<Stroke>,
        /// What the finger is drawing.
        pen: Stroke,
        /// The pen that the keys hold, while they do.
        key_pen: Option<KeyPen>,
        /// What it is for.
        hint: Sentence,
    },
    /// What was written in boxes, in rows.
    Ink {
        /// The boxes.
        boxes: Vec<InkBox>,
        /// What it is, for those who listen.
        words: Sentence,
    },
}

/// Words in the language that comes first, with the other beside it, and how they are spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// In the language that comes first.
    pub first: String,
    /// In the other language; empty where there is none.
    pub beside: String,
    /// How it is said aloud.
    pub spoken: Spoken,
}

/// A button: words with the other language below, and perhaps a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// What it says.
    pub words: Sentence,
    /// What it shows.
    pub icon: Option<Icon>,
    /// Its colours.
    pub look: Look,
    /// The size of its words.
    pub size: TextSize,
    /// How picture and words lie.
    pub form: Form,
}

/// How picture and words of a button lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The picture beside the words.
    Wide,
    /// The same from the left edge: in a list, pictures stand below each other, and so do the words.
    Entry,
    /// The picture above the words.
    Tall,
    /// The picture alone; the words are only spoken.
    Picture,
}

/// A key of a keyboard: a letter or words, or a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// What it types, or says; only spoken where it has a picture.
    pub words: Sentence,
    /// Its picture, instead of words.
    pub icon: Option<Icon>,
    /// Its colours.
    pub look: Look,
}

/// Words of one size and colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// The words; only the first language is shown.
    pub sentence: Sentence,
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
    /// On one line, smaller rather than broken: a number is read as one.
    pub one_line: bool,
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
    Part::Line(Line { way: Way::Across, gap, parts })
}

/// Pieces one below the other.
pub fn column<T>(gap: u32, parts: Vec<(Length, Part<T>)>) -> Part<T> {
    Part::Line(Line { way: Way::Down, gap, parts })
}

/// Pieces side by side on a wide screen and one below the other on an upright one. Give them shares or what they need:
/// units would mean a width on the one and a height on the other.
pub fn turning<T>(gap: u32, parts: Vec<(Length, Part<T>)>) -> Part<T> {
    Part::Line(Line { way: Way::Turning, gap, parts })
}

/// The other way round: pieces of something that stands in a [`turning`] line, and so is narrow on a wide screen and
/// low on an upright one.
pub fn counter<T>(gap: u32, parts: Vec<(Length, Part<T>)>) -> Part<T> {
    Part::Line(Line { way: Way::Counter, gap, parts })
}

/// Equal pieces in rows: so many in a row on a wide screen, so many on an upright one, with room for `room` in all.
pub fn grid<T>(gap: u32, [wide, upright]: [usize; 2], room: usize, parts: Vec<Part<T>>) -> Part<T> {
    Part::Grid(Grid { gap, wide, upright, room, parts })
}

/// A piece on a sheet of its own.
pub fn sheet<T>(paper: Paper, padding: u32, inside: Part<T>) -> Part<T> {
    Part::Sheet { paper, padding, inside: Box::new(inside) }
}

/// Empty space.
pub fn space<T>() -> Part<T> {
    leaf(Face::Nothing, None)
}

/// A picture.
pub fn picture<T>(icon: Icon, ink: Ink) -> Part<T> {
    leaf(Face::Picture(icon, ink), None)
}

/// A square code for a scanner, as large as its place.
pub fn code<T>(code: Code) -> Part<T> {
    leaf(Face::Code(code), None)
}

/// A picture of somebody.
pub fn portrait<T>(portrait: Arc<Portrait>) -> Part<T> {
    leaf(Face::Portrait(portrait), None)
}

/// Regular words from the left, in the language that comes first.
pub fn words<T>(sentence: impl Into<Sentence>, size: TextSize, ink: Ink) -> Part<T> {
    let words = Words {
        sentence: sentence.into(),
        size,
        bold: false,
        ink,
        align: Align::Left,
        from_top: false,
        one_line: false,
    };
    leaf(Face::Words(words), None)
}

/// Words with the other language small below, from the left. Both are spoken as one.
pub fn both<T>(sentence: impl Into<Sentence>, size: TextSize, ink: Ink) -> Part<T> {
    let sentence = sentence.into();
    let beside = Sentence { first: sentence.beside.clone(), ..Sentence::default() };
    column(
        0,
        vec![
            (Length::Share(1), space()),
            (Length::Needed, words(sentence, size, ink).bold()),
            (Length::Needed, words(beside, TextSize::Small, ink.quiet())),
            (Length::Share(1), space()),
        ],
    )
}

/// What a person has written, with a hint while it is nothing.
pub fn writing<T>(text: impl Into<String>, hint: Sentence) -> Part<T> {
    leaf(Face::Writing { text: text.into(), hint }, None)
}

/// A square to write in, with what is in it, what is being drawn, and the pen that the keys hold. A finger draws on it; for
/// the keys it is a target.
pub fn pad<T>(touch: T, strokes: Vec<Stroke>, pen: Stroke, key_pen: Option<KeyPen>, hint: Sentence) -> Part<T> {
    leaf(Face::Pad { strokes, pen, key_pen, hint }, Some(Act::Own(touch)))
}

/// Boxes that were written in, in rows.
pub fn ink<T>(boxes: Vec<InkBox>, words: Sentence) -> Part<T> {
    leaf(Face::Ink { boxes, words }, None)
}

/// A button with its picture beside its words.
pub fn button<T>(touch: T, words: impl Into<Sentence>, icon: Option<Icon>, look: Look) -> Part<T> {
    sized_button(touch, words, icon, look, TextSize::Strong)
}

/// A button whose words have another size than buttons usually have.
pub fn sized_button<T>(
    touch: T,
    words: impl Into<Sentence>,
    icon: Option<Icon>,
    look: Look,
    size: TextSize,
) -> Part<T> {
    let face = Face::Button(Button { words: words.into(), icon, look, size, form: Form::Wide });
    leaf(face, Some(Act::Own(touch)))
}

/// One of the buttons of a list.
pub fn entry<T>(touch: T, words: impl Into<Sentence>, icon: Icon, look: Look) -> Part<T> {
    let (size, form) = (TextSize::Strong, Form::Entry);
    leaf(Face::Button(Button { words: words.into(), icon: Some(icon), look, size, form }), Some(Act::Own(touch)))
}

/// A large button with its picture above its words.
pub fn tile<T>(touch: T, words: impl Into<Sentence>, icon: Icon, look: Look, size: TextSize) -> Part<T> {
    let face = Face::Button(Button { words: words.into(), icon: Some(icon), look, size, form: Form::Tall });
    leaf(face, Some(Act::Own(touch)))
}

/// A button with its picture alone; its words are heard.
pub fn picture_button<T>(touch: T, words: impl Into<Sentence>, icon: Icon, look: Look) -> Part<T> {
    let size = TextSize::Strong;
    let face = Face::Button(Button { words: words.into(), icon: Some(icon), look, size, form: Form::Picture });
    leaf(face, Some(Act::Own(touch)))
}

/// A button of every screen's frame.
pub fn frame_button<T>(frame: Frame, words: impl Into<Sentence>, icon: Icon, look: Look, form: Form) -> Part<T> {
    let size = TextSize::Strong;
    let face = Face::Button(Button { words: words.into(), icon: Some(icon), look, size, form });
    Part::Leaf(Leaf { face, touch: Some(Act::Frame(frame)), turn: Turn::Frame })
}

/// A key of a keyboard.
pub fn key<T>(touch: T, words: impl Into<Sentence>) -> Part<T> {
    command_key(touch, words, None, Look::Choice(Ink::Black))
}

/// A key that does something else than type.
pub fn command_key<T>(touch: T, words: impl Into<Sentence>, icon: Option<Icon>, look: Look) -> Part<T> {
    leaf(Face::Key(Key { words: words.into(), icon, look }), Some(Act::Own(touch)))
}

fn leaf<T>(face: Face, touch: Option<Act<T>>) -> Part<T> {
    Part::Leaf(Leaf { face, touch, turn: Turn::First })
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

    /// The same words, made smaller rather than broken into lines.
    #[must_use]
    pub fn on_one_line(self) -> Self {
        self.with_words(|words| words.one_line = true)
    }

    /// The same target, as the way back.
    #[must_use]
    pub fn as_way_back(self) -> Self {
        self.in_turn(Turn::Back)
    }

    /// Comes behind the rest of the screen, wherever it lies.
    #[must_use]
    pub fn after_the_rest(self) -> Self {
        self.in_turn(Turn::Undo)
    }

    fn in_turn(self, turn: Turn) -> Self {
        match self {
            Part::Leaf(leaf) => Part::Leaf(Leaf { turn, ..leaf }),
            part @ (Part::Line(_) | Part::Grid(_) | Part::Sheet { .. }) => part,
        }
    }

    fn with_words(self, change: impl Fn(&mut Words) + Copy) -> Self {
        match self {
            Part::Leaf(Leaf { face: Face::Words(mut words), touch, turn }) => {
                change(&mut words);
                Part::Leaf(Leaf { face: Face::Words(words), touch, turn })
            }
            Part::Line(Line { way, gap, parts }) => {
                let parts = parts.into_iter().map(|(length, part)| (length, part.with_words(change))).collect();
                Part::Line(Line { way, gap, parts })
            }
            Part::Grid(grid) => {
                let parts = grid.parts.into_iter().map(|part| part.with_words(change)).collect();
                Part::Grid(Grid { parts, ..grid })
            }
            Part::Sheet { paper, padding, inside } => {
                Part::Sheet { paper, padding, inside: Box::new(inside.with_words(change)) }
            }
            Part::Leaf(leaf) => Part::Leaf(leaf),
        }
    }
}

impl Face {
    /// The words a person reads here, in the language that comes first; empty for pictures and space.
    pub fn text(&self) -> &str {
        match self {
            Face::Writing { text, .. } if !text.is_empty() => text,
            Face::Nothing
            | Face::Sheet(_)
            | Face::Words(_)
            | Face::Picture(..)
            | Face::Code(_)
            | Face::Portrait(_)
            | Face::Button(_)
            | Face::Key(_)
            | Face::Writing { .. }
            | Face::Pad { .. }
            | Face::Ink { .. } => self.sentence().map_or("", |sentence| &sentence.first),
        }
    }

    /// How it is said aloud; `None` for what is only looked at.
    pub fn spoken(&self) -> Option<Spoken> {
        let sentence = self.sentence()?;
        // What a person wrote stands where the hint stood.
        let text = self.text();
        let spoken = if text == sentence.first { sentence.spoken.clone() } else { Spoken::words(text) };
        (!spoken.is_silent()).then_some(spoken)
    }

    fn sentence(&self) -> Option<&Sentence> {
        match self {
            Face::Nothing | Face::Sheet(_) | Face::Picture(..) | Face::Code(_) | Face::Portrait(_) => None,
            Face::Words(words) => Some(&words.sentence),
            Face::Button(button) => Some(&button.words),
            Face::Key(key) => Some(&key.words),
            Face::Writing { hint, .. } | Face::Pad { hint, .. } => Some(hint),
            Face::Ink { words, .. } => Some(words),
        }
    }
}

impl Sentence {
    /// Words of the county or of a person, with the same in another language if there is one.
    pub fn of(first: impl Into<String>, beside: impl Into<String>) -> Self {
        let first = first.into();
        Self { spoken: Spoken::words(first.clone()), first, beside: beside.into() }
    }

    /// The first language alone, where a row has no height for two.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { beside: String::new(), ..self }
    }
}

impl<S: Into<String>> From<S> for Sentence {
    fn from(words: S) -> Self {
        Self::of(words, "")
    }
}
