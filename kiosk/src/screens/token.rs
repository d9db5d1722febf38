//! Typing the number of the household's slip: one number, one ballot. It is never kept, and gone with the person.

use civic_core::{
    id::DocId,
    token::{BadToken, TOKEN_DIGITS, Token},
    vote::Vote,
};

use super::{
    Around, Next, Page, Screen,
    ballot::Ballot,
    number_pad::{number_form, number_pad},
    page,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Look, Paper},
    },
    public::NotTaken,
    view::{Part, button},
};

/// A number being typed. `Debug` does not show it.
#[derive(Clone, PartialEq)]
pub struct TokenPage {
    id: DocId,
    vote: Vote,
    digits: String,
    trouble: Option<Trouble>,
    /// How often what was typed was refused.
    refusals: usize,
    /// Where one came from.
    under: Box<Screen>,
}

/// Why what was typed opens no ballot.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    TooShort,
    Mistyped,
    Refused(NotTaken),
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to where one came from.
    Back,
    /// Open the ballot.
    Open,
    /// A digit.
    Digit(char),
    /// Take one digit away.
    Erase,
}

impl TokenPage {
    /// Asks for a number of this vote, over the screen that one came from.
    pub fn new(id: DocId, vote: Vote, under: Screen) -> Self {
        Self { id, vote, digits: String::new(), trouble: None, refusals: 0, under: Box::new(under) }
    }

    /// The ballot that was asked for, opened by this number, over the same screen.
    pub fn ballot(self, token: Token) -> Ballot {
        Ballot::new(self.id, self.vote, token, *self.under)
    }

    /// The screen that one came from.
    pub fn under(&self) -> &Screen {
        &self.under
    }

    /// The vote's name.
    pub fn id(&self) -> &DocId {
        &self.id
    }

    /// What was typed opens no ballot.
    #[must_use]
    pub fn refused(self, why: NotTaken) -> Self {
        self.in_trouble(Trouble::Refused(why))
    }

    fn in_trouble(self, trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), refusals: self.refusals + 1, ..self }
    }

    fn open(self) -> Next {
        match Token::parse(&self.digits) {
            Ok(token) => Next::Admit { token, page: self },
            Err(BadToken::Length) => Next::show(self.in_trouble(Trouble::TooShort)),
            Err(BadToken::CheckDigit) => Next::show(self.in_trouble(Trouble::Mistyped)),
        }
    }
}

impl Page for TokenPage {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let note = match self.trouble {
            None => "token-note",
            Some(Trouble::TooShort) => "token-too-short",
            Some(Trouble::Mistyped) => "token-mistyped",
            Some(Trouble::Refused(why)) => why.sentence(),
        };
        let paper = if self.trouble.is_some() { Paper::Warm } else { Paper::Ground };
        let look = if self.digits.len() == TOKEN_DIGITS { Look::Next } else { Look::Waiting };
        let go = button(Touch::Open, around.sentence("token-go"), Some(Icon::Ballot), look);
        let pad = number_pad(around, Touch::Digit, Touch::Erase);
        let body = number_form(around, &self.digits, "token-empty", (around.sentence(note), paper), go, pad);
        page(around, Some(Touch::Back), around.sentence("token-title"), body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        if let Touch::Open = touch {
            return self.open();
        }
        self.trouble = None;
        match touch {
            Touch::Back => return Next::Show(*self.under),
            Touch::Digit(digit) if self.digits.len() < TOKEN_DIGITS => self.digits.push(digit),
            Touch::Erase => drop(self.digits.pop()),
            Touch::Digit(_) | Touch::Open => {}
        }
        Next::show(self)
    }

    fn shows(&self) -> usize {
        self.refusals
    }
}

impl std::fmt::Debug for TokenPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenPage").field("digits", &self.digits.len()).finish_non_exhaustive()
    }
}
