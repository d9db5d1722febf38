//! Typing the number that opens a slip, or being told to hold the paper under the scanner.

use std::time::Duration;

use civic_core::{
    opening::{NUMBER_DIGITS, OpeningNumber},
    ticket::Ticket,
};

use super::{
    Around, Next, Page,
    number_pad::{grouped, number_pad},
    page,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    guesses::NotOpened,
    view::{Length, Part, button, column, sheet, turning, words},
};

/// An opening number being typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlock {
    /// Whose slip it opens.
    ticket: Ticket,
    digits: String,
    trouble: Option<Trouble>,
    /// How often what was typed was refused.
    refusals: usize,
}

/// Why the slip is not open.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    TooShort,
    Mistyped,
    Wrong,
    Wait(Duration),
    NotHere,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to what everybody may see.
    Back,
    /// Open it.
    Open,
    /// A digit.
    Digit(char),
    /// Take one digit away.
    Erase,
}

impl Unlock {
    /// Asks for the number that opens this ticket's slip.
    pub fn new(ticket: Ticket) -> Self {
        Self { ticket, digits: String::new(), trouble: None, refusals: 0 }
    }

    /// The ticket whose slip is to be opened.
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Says why what was typed or scanned did not open it; what was typed is gone.
    #[must_use]
    pub fn refused(self, why: NotOpened) -> Self {
        let trouble = match why {
            NotOpened::Wrong => Trouble::Wrong,
            NotOpened::Wait(wait) => Trouble::Wait(wait),
            NotOpened::CannotCount | NotOpened::NothingSealed => Trouble::NotHere,
        };
        Self { digits: String::new(), ..self.in_trouble(trouble) }
    }

    fn in_trouble(self, trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), refusals: self.refusals + 1, ..self }
    }
}

impl Page for Unlock {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let typed = grouped(&self.digits, &[3, 3, 3]);
        let (typed, ink) =
            if typed.is_empty() { (around.sentence("unlock-empty"), Ink::Grey) } else { (typed.into(), Ink::Black) };
        let (note, paper) = match self.trouble {
            None => (around.sentence("unlock-note"), Paper::Ground),
            Some(Trouble::TooShort) => (around.sentence("unlock-too-short"), Paper::Warm),
            Some(Trouble::Mistyped) => (around.sentence("unlock-mistyped"), Paper::Warm),
            Some(Trouble::Wrong) => (around.sentence("unlock-wrong"), Paper::Warm),
            Some(Trouble::Wait(wait)) => {
                let minutes = wait.as_secs().div_ceil(60).to_string();
                (around.sentence_with("unlock-wait", &[("minutes", minutes)]), Paper::Warm)
            }
            Some(Trouble::NotHere) => (around.sentence("unlock-not-here"), Paper::Warm),
        };
        let look = if self.digits.len() == NUMBER_DIGITS { Look::Next } else { Look::Waiting };
        let left = column(
            14,
            vec![
                (
                    Length::Share(2),
                    sheet(Paper::Card, 12, words(typed, TextSize::Huge, ink).bold().centred().on_one_line()),
                ),
                (Length::Needed, sheet(paper, 12, words(note, TextSize::Body, Ink::Black))),
                (Length::Fingers(1, 110), button(Touch::Open, around.sentence("unlock-go"), Some(Icon::Lock), look)),
            ],
        );
        let body = turning(
            20,
            vec![(Length::Share(6), left), (Length::Share(5), number_pad(around, Touch::Digit, Touch::Erase))],
        );
        page(around, Some(Touch::Back), around.sentence("unlock-title"), body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        self.trouble = None;
        match touch {
            Touch::Back => return Next::Find(self.ticket),
            Touch::Digit(digit) if self.digits.len() < NUMBER_DIGITS => self.digits.push(digit),
            Touch::Digit(_) => {}
            Touch::Erase => {
                self.digits.pop();
            }
            Touch::Open if self.digits.len() < NUMBER_DIGITS => self = self.in_trouble(Trouble::TooShort),
            Touch::Open => match OpeningNumber::parse(&self.digits) {
                Ok(number) => return Next::Unlock { number, page: self },
                // A slip of the finger is no guess.
                Err(_) => self = self.in_trouble(Trouble::Mistyped),
            },
        }
        Next::show(self)
    }

    fn shows(&self) -> usize {
        self.refusals
    }
}
