//! The screens, one file each: what it holds, what it shows, what a touch does to it.
//!
//! A screen is plain data. It never draws and never files: it answers a touch with [`Next`], and the app obeys. To add
//! one, write its file and add its line to the list at the end of this one; the compiler asks for the rest.

use std::time::Duration;

use civic_core::{
    codebook::Topic,
    ticket::Ticket,
    wording::{Both, Wording},
};
use embedded_graphics::prelude::Size;

use crate::{
    draw::{
        icon::Icon,
        layout::{Placed, layout},
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{Counts, Draft, Place},
    view::{Length, Part, both, button, column, row, sheet, space},
};

pub mod clear;
pub mod contact;
pub mod filed;
pub mod find;
pub mod home;
pub mod leave;
pub mod not_saved;
mod number_pad;
pub mod phone;
pub mod progress;
pub mod read_back;
pub mod topics;
pub mod writing;

/// What a screen may read while it shows itself.
pub struct Around<'a> {
    /// Every sentence.
    pub wording: &'a Wording,
    /// Where the kiosk stands.
    pub place: &'a Place,
    /// What one can say something about.
    pub topics: &'a [Topic],
    /// How many opinions are where.
    pub counts: Counts,
}

/// What a touch leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// This screen.
    Show(Screen),
    /// The draft is filed; the ticket is shown only once it is on disk.
    File {
        /// What is filed.
        draft: Draft,
        /// How often that failed before.
        failures: u32,
    },
    /// What is known about this ticket is shown.
    Find(Ticket),
}

/// One screen.
pub(crate) trait Page: Into<Screen> {
    /// What its targets mean.
    type Touch: std::fmt::Debug;

    /// What it shows.
    fn view(&self, around: &Around<'_>) -> Part<Self::Touch>;

    /// What happens when a target is touched.
    fn touched(self, touch: Self::Touch) -> Next;

    /// How long it waits for a touch; `None` for as long as it takes.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }

    /// What comes when nobody touched it for that long.
    fn unattended(self) -> Screen {
        leave::Leave::nobody_there(self.into()).into()
    }

    /// Whether leaving it would lose words that somebody wrote.
    fn holds_words(&self) -> bool {
        false
    }
}

impl Next {
    /// This screen comes next.
    fn show(screen: impl Into<Screen>) -> Self {
        Next::Show(screen.into())
    }
}

impl Around<'_> {
    /// A sentence in both languages.
    pub fn both(&self, key: &str) -> Both {
        self.wording.both(key, &[])
    }

    /// A sentence in Chinese.
    pub fn zh(&self, key: &str) -> String {
        self.wording.zh(key, &[])
    }

    fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }

    fn topic_icon(&self, name: &str) -> Icon {
        self.topic(name).map_or(Icon::Other, |topic| Icon::of_topic(&topic.picture))
    }
}

/// A screen with its title on the red bar, and the way back at its left.
fn page<T>(around: &Around<'_>, back: Option<T>, title: Both, body: Part<T>) -> Part<T> {
    let mut bar = Vec::new();
    match back {
        Some(touch) => {
            bar.push((Length::Units(170), button(touch, around.both("back"), Some(Icon::Back), Look::OnBar)))
        }
        None => bar.push((Length::Units(16), space())),
    }
    let title = vec![
        (Length::Units(10), space()),
        (Length::Share(1), both(title, TextSize::Title, Ink::White)),
        (Length::Units(7), space()),
    ];
    bar.push((Length::Share(1), column(0, title)));
    column(
        0,
        vec![
            (Length::Fingers(1, 84), sheet(Paper::Bar, 0, row(12, bar))),
            (Length::Share(1), sheet(Paper::Ground, 16, body)),
        ],
    )
}

/// One page of a list; after the last page comes the first.
fn page_of<I>(all: &[I], page: usize, size: usize) -> &[I] {
    let pages = all.len().div_ceil(size).max(1);
    let start = page % pages * size;
    &all[start..all.len().min(start + size)]
}

/// Names a target for tests and for readers of the page.
fn named<T: std::fmt::Debug>(pieces: Vec<Placed<T>>) -> Vec<Placed<String>> {
    pieces
        .into_iter()
        .map(|piece| Placed {
            area: piece.area,
            face: piece.face,
            touch: piece.touch.map(|touch| format!("{touch:?}")),
        })
        .collect()
}

fn touched<P: Page>(page: P, piece: usize, around: &Around<'_>, size: Size) -> Next {
    let target = layout(page.view(around), size).into_iter().nth(piece).and_then(|piece| piece.touch);
    match target {
        Some(touch) => page.touched(touch),
        None => Next::show(page),
    }
}

/// Makes the enum of all screens, and passes every question on to the screen that is up.
macro_rules! screens {
    ($($(#[$doc:meta])* $Name:ident($path:path),)+) => {
        /// The screen that is up.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Screen {
            $($(#[$doc])* $Name($path),)+
        }

        impl Screen {
            /// Its name, for tests and the log.
            pub fn name(&self) -> &'static str {
                match self { $(Screen::$Name(_) => stringify!($Name),)+ }
            }

            /// Everything on it with its place; targets carry their names.
            pub fn pieces(&self, around: &Around<'_>, size: Size) -> Vec<Placed<String>> {
                match self { $(Screen::$Name(page) => named(layout(page.view(around), size)),)+ }
            }

            /// What touching this piece of [`pieces`](Self::pieces) leads to.
            pub fn touched(self, piece: usize, around: &Around<'_>, size: Size) -> Next {
                match self { $(Screen::$Name(page) => touched(page, piece, around, size),)+ }
            }

            /// How long it waits for a touch; `None` for as long as it takes.
            pub fn patience(&self) -> Option<Duration> {
                match self { $(Screen::$Name(page) => page.patience(),)+ }
            }

            /// What comes when nobody touched it for that long.
            pub fn unattended(self) -> Screen {
                match self { $(Screen::$Name(page) => page.unattended(),)+ }
            }

            /// Whether leaving it would lose words that somebody wrote.
            pub fn holds_words(&self) -> bool {
                match self { $(Screen::$Name(page) => page.holds_words(),)+ }
            }
        }

        $(impl From<$path> for Screen {
            fn from(page: $path) -> Self {
                Screen::$Name(page)
            }
        })+
    };
}

screens! {
    /// The first screen: say something, or ask what became of it.
    Home(home::Home),
    /// What is it about?
    Topics(topics::Topics),
    /// Writing it down.
    Writing(writing::Writing),
    /// Take everything away?
    Clear(clear::Clear),
    /// Leave a telephone number?
    Contact(contact::Contact),
    /// The telephone number.
    Phone(phone::Phone),
    /// Is it right?
    ReadBack(read_back::ReadBack),
    /// It is saved, and this is its number.
    Filed(filed::Filed),
    /// It could not be saved.
    NotSaved(not_saved::NotSaved),
    /// Typing a ticket number.
    Find(find::Find),
    /// What became of it.
    Progress(progress::Progress),
    /// Still there? Or: really leave?
    Leave(leave::Leave),
}
