//! What was said back could not be taken. Said plainly; where trying again can help, it is kept for that.

use std::time::Duration;

use super::{Around, Left, Next, Page, Screen, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    public::{self, Reply},
    view::{Length, Part, button, column, picture, row, sheet, words},
};

/// Holds what is not on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct NotTaken {
    why: public::NotTaken,
    /// What could not be saved, and its form.
    again: Option<(Reply, String)>,
    /// How often it failed: whoever tries again hears that it did.
    failures: u32,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Try again.
    Again,
    /// Leave it.
    Home,
}

/// What comes after this can never be taken.
pub fn for_good(why: public::NotTaken) -> NotTaken {
    NotTaken { why, again: None, failures: 1 }
}

/// What comes after this could not be taken, so many times by now.
pub fn after(why: public::NotTaken, reply: Reply, form: String, failures: u32) -> Screen {
    let may_help = matches!(why, public::NotTaken::NotSaved(_));
    NotTaken { why, again: may_help.then_some((reply, form)), failures }.into()
}

impl Page for NotTaken {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let said = row(
            24,
            vec![
                (Length::Units(120), picture(Icon::Warning, Ink::Red)),
                (Length::Share(1), words(around.sentence(self.why.sentence()), TextSize::Title, Ink::Black).bold()),
            ],
        );
        let home = |look| button(Touch::Home, around.sentence("to-home"), Some(Icon::Home), look);
        // Whoever keeps on trying with the keys does not come upon what gives it up.
        let home = if self.again.is_some() { home(Look::Other).after_the_rest() } else { home(Look::Next) };
        let mut buttons = vec![(Length::Share(2), home)];
        if self.again.is_some() {
            let again = button(Touch::Again, around.sentence("not-saved-again"), Some(Icon::Again), Look::Next);
            buttons.push((Length::Share(3), again));
        }
        let body = column(
            16,
            vec![(Length::Share(1), sheet(Paper::Warm, 24, said)), (Length::Fingers(1, 100), row(20, buttons))],
        );
        let title = match self.why {
            public::NotTaken::Unfit | public::NotTaken::OtherProjects => "not-handed-in-title",
            public::NotTaken::NotSaved(_)
            | public::NotTaken::NotAsked
            | public::NotTaken::UnknownToken
            | public::NotTaken::UsedToken => "not-saved-title",
        };
        page(around, None, around.sentence(title), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match (touch, self.again) {
            (Touch::Again, Some((reply, form))) => Next::Send { reply, form: Some(form), failures: self.failures },
            (Touch::Again | Touch::Home, _) => Next::Leave(Left::Waiting),
        }
    }

    /// What was said is nowhere else: time enough to fetch someone.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(if self.again.is_some() { 5 * 60 } else { 60 }))
    }

    fn holds_words(&self) -> bool {
        self.again.is_some()
    }

    fn shows(&self) -> usize {
        self.failures as usize
    }
}
