//! Is it right? The words as they will be filed, large, before anything is filed.

use super::{Around, Next, Page, number_pad::grouped, page, writing::Writing};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Draft,
    view::{Length, Part, button, column, picture, row, sheet, words},
};

/// Holds what will be filed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBack {
    /// What will be filed.
    pub draft: Draft,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Change it.
    Change,
    /// File it.
    File,
}

impl Page for ReadBack {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let contact = match &self.draft.phone {
            Some(phone) => around.wording.zh("read-back-phone", &[("phone", grouped(phone, &[3, 4, 4]).into())]),
            None => around.zh("read-back-no-phone"),
        };
        let topic = row(
            14,
            vec![
                (Length::Units(44), picture(around.topic_icon(&self.draft.topic), Ink::Red)),
                (Length::Share(1), words(self.draft.topic.clone(), TextSize::Strong, Ink::Red).bold()),
                (Length::Share(1), words(contact, TextSize::Body, Ink::Grey).to_the_right()),
            ],
        );
        let card = column(
            8,
            vec![
                (Length::Units(44), topic),
                (Length::Share(1), words(self.draft.body.clone(), TextSize::Title, Ink::Black).from_top()),
            ],
        );
        let buttons = row(
            20,
            vec![
                (
                    Length::Share(1),
                    button(Touch::Change, around.both("read-back-change"), Some(Icon::Pencil), Look::Other),
                ),
                (Length::Share(2), button(Touch::File, around.both("read-back-file"), Some(Icon::Tick), Look::Next)),
            ],
        );
        let body =
            column(16, vec![(Length::Share(1), sheet(Paper::Card, 18, card)), (Length::Fingers(1, 84), buttons)]);
        page(around, None, around.both("read-back-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Change => Next::show(Writing::new(self.draft)),
            Touch::File => Next::File { draft: self.draft, failures: 0 },
        }
    }

    fn holds_words(&self) -> bool {
        true
    }
}
