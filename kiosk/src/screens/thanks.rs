//! What was said back is saved: shown only once it is on disk, and without what was said.

use civic_core::{opinion::Evaluation, reaction::Reaction};

use super::{Around, Left, Next, Page, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    public::Reply,
    station::About,
    view::{Length, Part, button, column, picture, row, sheet, words},
};

/// Thanks for one of these. It holds nothing of what was said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thanks {
    sentence: &'static str,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the first screen.
    Home,
}

impl Thanks {
    /// Thanks for what was said in somebody's own words.
    pub fn for_words(about: &About) -> Self {
        let sentence = match about {
            About::Misunderstood(_) => "thanks-misunderstood",
            About::Addition(_) => "thanks-addition",
            About::Opinion | About::Talk(_) | About::Form(_) => "thanks-response",
        };
        Self { sentence }
    }

    /// Thanks for this.
    pub fn of(reply: &Reply) -> Self {
        let sentence = match reply {
            Reply::Ballot(_) => "thanks-ballot",
            Reply::Reaction(Reaction::MeToo { .. }) => "thanks-me-too",
            Reply::Reaction(Reaction::Evaluation { evaluation: Evaluation { solved: Some(false), .. }, .. }) => {
                "thanks-unsolved"
            }
            Reply::Reaction(Reaction::Evaluation { .. }) => "thanks-evaluation",
            Reply::Reaction(Reaction::Misunderstood { .. }) => "thanks-misunderstood",
            Reply::Reaction(Reaction::Addition { .. }) => "thanks-addition",
            Reply::Reaction(Reaction::Withdrawal { .. }) => "thanks-withdrawal",
        };
        Self { sentence }
    }
}

impl Page for Thanks {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let said = row(
            28,
            vec![
                (Length::Units(120), picture(Icon::Tick, Ink::Green)),
                (Length::Share(1), words(around.sentence(self.sentence), TextSize::Title, Ink::Black).bold()),
            ],
        );
        let home = button(Touch::Home, around.sentence("to-home"), Some(Icon::Home), Look::Next);
        let body = column(14, vec![(Length::Share(1), sheet(Paper::Card, 24, said)), (Length::Fingers(1, 92), home)]);
        page(around, None, around.sentence("filed-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Home => Next::Leave(Left::Waiting),
        }
    }

    fn unattended(self) -> Next {
        Next::Leave(Left::Waiting)
    }
}
