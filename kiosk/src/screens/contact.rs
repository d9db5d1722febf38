//! Leave a telephone number? No is the large answer: anonymous is the default.

use super::{Around, Next, Page, consent::Consent, page, read_back::ReadBack, say_on, since::SinceWhen};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{About, Draft},
    view::{Length, Part, button, column, row, sheet, tile, turning, words},
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
    /// Leave a number: first it is said what becomes of it.
    Number,
    /// The person is under fourteen: nothing more is asked.
    Child,
    /// Keep it from the village, or no longer.
    Keep,
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
        let mut below = vec![(Length::Share(1), child)];
        // Whoever asks a deputy for a talk wants to be read by them.
        if self.draft.about == About::Opinion {
            let (look, icon) = match self.draft.is_kept {
                true => (Look::Chosen(Ink::Green), Icon::Tick),
                false => (Look::Other, Icon::Lock),
            };
            below.push((Length::Share(1), button(Touch::Keep, around.sentence("contact-keep"), Some(icon), look)));
        }
        let body = column(
            16,
            vec![
                (Length::Needed, sheet(Paper::Card, 20, why)),
                (Length::Share(1), answers),
                (Length::Fingers(1, 76), row(20, below)),
            ],
        );
        page(around, Some(Touch::Back), around.sentence("contact-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back if self.draft.about == About::Opinion => Next::show(SinceWhen { draft: self.draft }),
            Touch::Back => say_on(self.draft),
            Touch::Keep => Next::show(Self { draft: Draft { is_kept: !self.draft.is_kept, ..self.draft } }),
            Touch::NoNumber => {
                Next::show(ReadBack::new(Draft { phone: None, name: None, is_child: false, ..self.draft }))
            }
            Touch::Number => Next::show(Consent { draft: self.draft }),
            Touch::Child => Next::show(ReadBack::new(Draft { phone: None, name: None, is_child: true, ..self.draft })),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }
}
