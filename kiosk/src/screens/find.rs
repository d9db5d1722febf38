//! Typing a ticket number on the number pad.

use civic_core::{
    opening::read_code,
    ticket::{TICKET_DIGITS, Ticket},
};

use super::{
    Around, Next, Page, Screen,
    home::Home,
    number_pad::{number_form, number_pad},
    page,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Look, Paper},
    },
    view::{Part, button},
};

/// A number being typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Find {
    digits: String,
    trouble: Option<Trouble>,
    /// How often what was typed was refused.
    refusals: usize,
}

/// Why what was typed cannot be looked up.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    TooShort,
    Mistyped,
    NotASlip,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the first screen.
    Back,
    /// Look it up.
    Find,
    /// A digit.
    Digit(char),
    /// Take one digit away.
    Erase,
}

/// What a scanner read: the code of a slip opens it, its number alone is looked up, anything else is said to be none.
pub fn scanned(digits: &str) -> Next {
    if let Some((ticket, key)) = read_code(digits) {
        return Next::Hold { ticket, key };
    }
    match Ticket::parse(digits) {
        Ok(ticket) => Next::Find(ticket),
        Err(_) => Next::show(Find { trouble: Some(Trouble::NotASlip), ..Find::default() }),
    }
}

impl Find {
    fn in_trouble(self, trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), refusals: self.refusals + 1, ..self }
    }
}

impl Page for Find {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let (note, paper) = match self.trouble {
            None => (around.sentence("find-note"), Paper::Ground),
            Some(Trouble::TooShort) => (around.sentence("find-too-short"), Paper::Warm),
            Some(Trouble::NotASlip) => (around.sentence("find-not-a-slip"), Paper::Warm),
            Some(Trouble::Mistyped) => (around.sentence("find-mistyped"), Paper::Warm),
        };
        let look = if self.digits.len() == TICKET_DIGITS { Look::Next } else { Look::Waiting };
        let go = button(Touch::Find, around.sentence("find-go"), Some(Icon::Search), look);
        let pad = number_pad(around, Touch::Digit, Touch::Erase);
        let body = number_form(around, &self.digits, "find-empty", (note, paper), go, pad);
        page(around, Some(Touch::Back), around.sentence("find-title"), body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        self.trouble = None;
        match touch {
            Touch::Back => return Next::Show(Screen::Home(Home)),
            Touch::Digit(digit) if self.digits.len() < TICKET_DIGITS => self.digits.push(digit),
            Touch::Digit(_) => {}
            Touch::Erase => {
                self.digits.pop();
            }
            Touch::Find if self.digits.len() < TICKET_DIGITS => self = self.in_trouble(Trouble::TooShort),
            Touch::Find => match Ticket::parse(&self.digits) {
                Ok(ticket) => return Next::Find(ticket),
                Err(_) => self = self.in_trouble(Trouble::Mistyped),
            },
        }
        Next::show(self)
    }

    fn shows(&self) -> usize {
        self.refusals
    }
}
