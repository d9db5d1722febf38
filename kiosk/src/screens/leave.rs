//! Still there? Or, asked for on purpose: really leave? Whoever leaves on purpose takes their words back; words of
//! somebody who has just gone wait for them.

use std::time::Duration;

use super::{Around, Left, Next, Page, Screen, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Draft,
    view::{Length, Part, column, picture, row, sheet, tile, turning, words},
};

/// The question, over the screen it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Leave {
    under: Box<Screen>,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    NobodyThere,
    Asked,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Go on where it was.
    Stay,
    /// Show the first screen.
    Leave,
}

impl Leave {
    /// Nobody has touched this screen for a while.
    pub fn nobody_there(under: Screen) -> Self {
        Self { under: Box::new(under), why: Why::NobodyThere }
    }

    /// Somebody wants to leave this screen, and would lose words.
    pub fn asked(under: Screen) -> Self {
        Self { under: Box::new(under), why: Why::Asked }
    }

    /// What leaving does with the words: whoever touches an abandoned screen need not be the one who spoke.
    pub fn left(&self) -> Left {
        match self.why {
            Why::NobodyThere => Left::Waiting,
            Why::Asked => Left::TakenBack,
        }
    }

    /// The screen below.
    pub fn under(&mut self) -> &mut Screen {
        &mut self.under
    }
}

impl Page for Leave {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let (title, sentence) = match self.why {
            Why::NobodyThere if self.under.draft().is_some_and(Draft::says_something) => {
                ("still-there", "leave-keeps-words")
            }
            Why::NobodyThere => ("still-there", "leave-goes-home"),
            Why::Asked => ("leave-title", "leave-loses-words"),
        };
        let sentence = row(
            24,
            vec![
                (Length::Units(96), picture(Icon::Hand, Ink::Amber)),
                (Length::Share(1), words(around.sentence(sentence), TextSize::Strong, Ink::Black)),
            ],
        );
        let stay = tile(Touch::Stay, around.sentence("leave-stay"), Icon::Tick, Look::Next, TextSize::Title);
        let leave =
            tile(Touch::Leave, around.sentence("leave-go"), Icon::Home, Look::Choice(Ink::Grey), TextSize::Strong);
        let answers = turning(20, vec![(Length::Share(2), leave), (Length::Share(3), stay)]);
        let body = column(16, vec![(Length::Needed, sheet(Paper::Warm, 20, sentence)), (Length::Share(1), answers)]);
        page(around, None, around.sentence(title), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Stay => Next::Show(*self.under),
            Touch::Leave => Next::Leave(self.left()),
        }
    }

    /// Time to read the question twice.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(30))
    }

    fn unattended(self) -> Next {
        Next::Leave(Left::Waiting)
    }

    fn draft(&self) -> Option<&Draft> {
        self.under.draft()
    }

    fn holds_words(&self) -> bool {
        self.under.holds_words()
    }
}
