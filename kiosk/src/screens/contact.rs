//! Leave a telephone number? No is the large answer: anonymous is the default.

use super::{Around, Next, Page, page, phone::Phone, read_back::ReadBack, say_on};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Draft,
    view::{Length, Part, column, sheet, tile, turning, words},
};

/// Holds what was said so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// What was said so far.
    pub draft: Draft,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the words.
    Back,
    /// Leave no number.
    NoNumber,
    /// Leave a number.
    Number,
}

impl Page for Contact {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let why = words(around.sentence("contact-why"), TextSize::Strong, Ink::Black);
        let no = tile(Touch::NoNumber, around.sentence("contact-no"), Icon::NoPhone, Look::Next, TextSize::Title);
        let yes =
            tile(Touch::Number, around.sentence("contact-yes"), Icon::Phone, Look::Choice(Ink::Blue), TextSize::Strong);
        let answers = turning(20, vec![(Length::Share(3), no), (Length::Share(2), yes)]);
        let body = column(16, vec![(Length::Needed, sheet(Paper::Card, 20, why)), (Length::Share(1), answers)]);
        page(around, Some(Touch::Back), around.sentence("contact-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => say_on(self.draft),
            Touch::NoNumber => Next::show(ReadBack { draft: Draft { phone: None, ..self.draft } }),
            Touch::Number => Next::show(Phone::new(self.draft)),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }
}
