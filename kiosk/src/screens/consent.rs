//! Before a number is asked: what becomes of it, and whether the person is old enough to decide. Nothing is asked of a
//! child: the words go in, and who said them is neither asked nor kept.

use super::{Around, Next, Page, contact::Contact, page, phone::Phone, read_back::ReadBack};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Draft,
    view::{Length, Part, button, column, row, sheet, tile, turning, words},
};

/// Holds what was said so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Consent {
    /// What was said so far.
    pub draft: Draft,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the question before.
    Back,
    /// Fourteen or older, and agrees.
    Agree,
    /// Rather not.
    NoNumber,
    /// Under fourteen.
    Child,
}

impl Page for Consent {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        // What stands here is what is agreed to: see `records::NOTICE`.
        let point = |key: &str| (Length::Needed, words(around.sentence(key), TextSize::Body, Ink::Black));
        let notice = ["consent-what-for", "consent-who", "consent-how-long", "consent-take-back"].map(point);
        let agree = tile(
            Touch::Agree,
            around.sentence("consent-agree"),
            Icon::Tick,
            Look::Choice(Ink::Green),
            TextSize::Strong,
        );
        let answers = vec![
            (Length::Share(3), agree),
            (
                Length::Share(2),
                tile(Touch::NoNumber, around.sentence("phone-none"), Icon::NoPhone, Look::Other, TextSize::Strong),
            ),
        ];
        let child = button(Touch::Child, around.sentence("contact-child"), None, Look::Other);
        let body = column(
            12,
            vec![
                (Length::Needed, sheet(Paper::Card, 16, column(6, notice.into()))),
                (Length::Share(1), turning(16, answers)),
                (Length::Fingers(1, 76), row(20, vec![(Length::Share(1), child)])),
            ],
        );
        page(around, Some(Touch::Back), around.sentence("consent-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        let nobody = Draft { phone: None, name: None, ..self.draft.clone() };
        match touch {
            Touch::Back => Next::show(Contact { draft: self.draft }),
            Touch::Agree => Next::show(Phone::new(Draft { is_child: false, ..self.draft })),
            Touch::NoNumber => Next::show(ReadBack::new(Draft { is_child: false, ..nobody })),
            Touch::Child => Next::show(ReadBack::new(Draft { is_child: true, ..nobody })),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }
}
