//! It is saved, and this is its number. The app shows this screen only after the station says that it is on disk.

use std::time::Duration;

use civic_core::ticket::Ticket;

use super::{Around, Left, Next, Page, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    printing::{OnPaper, Sheet, code::Code},
    spoken::Spoken,
    view::{Length, Part, button, code, column, row, sheet, turning, words},
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
    /// Print it once more.
    Again,
    /// Noted: back to the first screen.
    Noted,
}

impl Page for Filed {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let (what_to_do, ink) = match around.on_paper {
            OnPaper::NoPrinter => ("filed-note-down", Ink::Red),
            OnPaper::Printing => ("filed-printing", Ink::Blue),
            OnPaper::Printed => ("filed-printed", Ink::Green),
            OnPaper::Failed => ("filed-not-printed", Ink::Red),
        };
        let number = column(
            4,
            vec![
                (
                    Length::Share(1),
                    words(self.ticket.to_string(), TextSize::Ticket, Ink::Black).bold().centred().on_one_line(),
                ),
                (Length::Needed, words(around.sentence(what_to_do), TextSize::Strong, ink).bold().centred()),
            ],
        );
        let shown = turning(
            14,
            vec![(Length::Share(5), sheet(Paper::Card, 14, number)), (Length::Share(2), code(Code::of(&self.ticket)))],
        );
        let what_next = words(around.sentence("filed-next"), TextSize::Body, Ink::Black).from_top();
        let again = || button(Touch::Again, around.sentence("filed-print-again"), Some(Icon::Again), Look::Other);
        let mut buttons = Vec::new();
        if around.on_paper == OnPaper::Failed {
            buttons.push((Length::Share(2), again()));
        }
        let noted = button(Touch::Noted, around.sentence("filed-noted"), Some(Icon::Home), Look::Next);
        buttons.push((Length::Share(3), noted));
        let body = column(
            14,
            vec![(Length::Share(1), shown), (Length::Needed, what_next), (Length::Fingers(1, 92), row(20, buttons))],
        );
        page(around, None, around.sentence("filed-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Again => Next::Print(Sheet::Ticket(self.ticket), self.into()),
            Touch::Noted => Next::Leave(Left::Waiting),
        }
    }

    fn announces(&self, around: &Around<'_>) -> Option<Spoken> {
        Some(around.sentence_with("filed-number", &[("number", self.ticket.to_string())]).spoken)
    }

    /// Long enough to find a pencil, short enough that the next person does not find the number.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(120))
    }

    fn unattended(self) -> Next {
        Next::Leave(Left::Waiting)
    }
}
