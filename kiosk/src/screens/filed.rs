//! It is saved, and this is its number. The app shows this screen only after the station says that it is on disk.

use std::time::Duration;

use civic_core::opening::Stub;

use super::{Around, Left, Next, Page, page};
use crate::{
    app::Effect,
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    printing::{OnPaper, Sheet, code::Code},
    settings::Letters,
    spoken::Spoken,
    view::{Length, Part, Sentence, button, code, column, row, sheet, turning, words},
};

/// Holds the numbers, and nothing of what was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Filed {
    /// The numbers to note down.
    pub stub: Stub,
    /// The same as a square, which takes longer to make than to draw.
    code: Code,
}

impl Filed {
    /// What is shown of an opinion with these numbers.
    pub fn new(stub: Stub) -> Self {
        let code = Code::of(&stub);
        Self { stub, code }
    }
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Print it once more.
    Again,
    /// Say the opening number.
    Hear,
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
        // Each number stands beside the name of what it is for, as the buttons call it.
        let number = |key: &str, number: Sentence| {
            let name = words(around.sentence(key), TextSize::Strong, Ink::Blue).bold();
            let number = words(number, TextSize::Ticket, Ink::Black).bold().centred().on_one_line();
            (Length::Share(1), row(8, vec![(Length::Share(1), name), (Length::Share(3), number)]))
        };
        let mut numbers = vec![number("filed-number", self.stub.ticket.to_string().into())];
        if let Some(opening) = &self.stub.opening {
            // Whoever stands near must not hear it; who cannot read it asks for it.
            let unsaid = Sentence { spoken: Spoken::default(), ..Sentence::from(opening.number.to_string()) };
            numbers.push(number("filed-opening", unsaid));
            let secret = words(around.sentence("filed-secret"), TextSize::Strong, Ink::Red).bold().centred();
            numbers.push((Length::Needed, secret));
        }
        numbers.push((Length::Needed, words(around.sentence(what_to_do), TextSize::Strong, ink).bold().centred()));
        let numbers = sheet(Paper::Card, 10, column(2, numbers));
        let shown = turning(14, vec![(Length::Share(5), numbers), (Length::Share(2), code(self.code.clone()))]);
        let again = || button(Touch::Again, around.sentence("filed-print-again"), Some(Icon::Again), Look::Other);
        let mut buttons = Vec::new();
        if around.on_paper == OnPaper::Failed {
            buttons.push((Length::Share(2), again()));
        }
        if self.stub.opening.is_some() && around.settings.read_aloud {
            let hear = button(Touch::Hear, around.sentence("filed-hear"), Some(Icon::Ear), Look::Other);
            buttons.push((Length::Share(2), hear));
        }
        let noted = button(Touch::Noted, around.sentence("filed-noted"), Some(Icon::Home), Look::Next);
        buttons.push((Length::Share(3), noted));
        let mut body = vec![(Length::Share(1), shown)];
        // The numbers come before what to do with them, which is on the paper, too: a low screen has no room for both.
        let is_low = around.size.width > around.size.height && around.settings.letters == Letters::Large;
        if !is_low {
            let what_next = words(around.sentence("filed-next"), TextSize::Body, Ink::Black).from_top();
            body.push((Length::Needed, what_next));
        }
        body.push((Length::Fingers(1, 92), row(20, buttons)));
        let body = column(14, body);
        page(around, None, around.sentence("filed-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Again => Next::Print(Sheet::Ticket(self.stub.clone()), self.into()),
            Touch::Hear => {
                let number = self.stub.opening.iter().map(|opening| Spoken::words(opening.number.to_string()));
                Next::Do(Effect::Say(number.collect()), self.into())
            }
            Touch::Noted => Next::Leave(Left::Waiting),
        }
    }

    /// The number that finds alone: whoever stands near must not hear the other.
    fn announces(&self, around: &Around<'_>) -> Option<Spoken> {
        Some(around.sentence_with("filed-said", &[("number", self.stub.ticket.to_string())]).spoken)
    }

    /// Long enough to find a pencil, short enough that the next person does not find the number.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(120))
    }

    fn unattended(self) -> Next {
        Next::Leave(Left::Waiting)
    }
}
