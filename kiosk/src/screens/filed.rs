//! It is saved, and this is its number. The app shows this screen only after the station says that it is on disk.

use std::time::Duration;

use civic_core::ticket::Ticket;

use super::{Around, Left, Next, Page, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    view::{Length, Part, button, column, sheet, words},
};

/// Holds the number, and nothing of what was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Filed {
    /// The number to note down.
    pub ticket: Ticket,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Noted: back to the first screen.
    Noted,
}

impl Page for Filed {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let number = column(
            4,
            vec![
                (
                    Length::Share(1),
                    words(self.ticket.to_string(), TextSize::Ticket, Ink::Black).bold().centred().on_one_line(),
                ),
                (
                    Length::Needed,
                    words(around.sentence("filed-note-down"), TextSize::Strong, Ink::Red).bold().centred(),
                ),
            ],
        );
        let what_next = words(around.sentence("filed-next"), TextSize::Body, Ink::Black).from_top();
        let noted = button(Touch::Noted, around.sentence("filed-noted"), Some(Icon::Home), Look::Next);
        let body = column(
            14,
            vec![
                (Length::Share(1), sheet(Paper::Card, 14, number)),
                (Length::Needed, what_next),
                (Length::Fingers(1, 92), noted),
            ],
        );
        page(around, None, around.sentence("filed-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Noted => Next::Leave(Left::Waiting),
        }
    }

    /// Long enough to find a pencil, short enough that the next person does not find the number.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(120))
    }

    fn unattended(self) -> Next {
        Next::Leave(Left::Waiting)
    }
}
