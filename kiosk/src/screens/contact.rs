//! Leave a telephone number? No is the large answer: anonymous is the default.

use super::{Around, Next, Page, page, phone::Phone, read_back::ReadBack, since::SinceWhen};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Draft,
    view::{Length, Part, button, column, sheet, tile, turning, words},
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
    /// The person is under fourteen: nothing more is asked.
    Child,
}

impl Page for Contact {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let why = words(around.sentence("contact-why"), TextSize::Strong, Ink::Black);
        let no = tile(Touch::NoNumber, around.sentence("contact-no"), Icon::NoPhone, Look::Next, TextSize::Title);
        let yes =
            tile(Touch::Number, around.sentence("contact-yes"), Icon::Phone, Look::Choice(Ink::Blue), TextSize::Strong);
        let answers = turning(20, vec![(Length::Share(3), no), (Length::Share(2), yes)]);
        let child = button(Touch::Child, around.sentence("contact-child"), None, Look::Other);
        let body = column(
            16,
            vec![
                (Length::Needed, sheet(Paper::Card, 20, why)),
                (Length::Share(1), answers),
                (Length::Fingers(1, 72), child),
            ],
        );
        page(around, Some(Touch::Back), around.sentence("contact-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(SinceWhen { draft: self.draft }),
            Touch::NoNumber => {
                Next::show(ReadBack::new(Draft { phone: None, name: None, is_child: false, ..self.draft }))
            }
            Touch::Number => Next::show(Phone::new(Draft { is_child: false, ..self.draft })),
            Touch::Child => Next::show(ReadBack::new(Draft { phone: None, name: None, is_child: true, ..self.draft })),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }
}
