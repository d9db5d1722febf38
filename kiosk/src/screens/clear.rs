//! Take everything away? Asked, because one touch on the wrong button must not cost ten minutes of writing.

use super::{Around, Next, Page, page, writing::Writing};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Draft,
    view::{Length, Part, button, column, row, sheet, words},
};

/// Holds the words until the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Clear {
    /// What may be taken away.
    pub writing: Writing,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Keep the words.
    Keep,
    /// Take them away.
    Clear,
}

impl Page for Clear {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let text = words(beginning(&self.writing.draft.body), TextSize::Strong, Ink::Black).from_top();
        let buttons = row(
            20,
            vec![
                (Length::Share(2), button(Touch::Clear, around.sentence("clear-yes"), Some(Icon::Bin), Look::Other)),
                (Length::Share(3), button(Touch::Keep, around.sentence("clear-no"), Some(Icon::Pencil), Look::Next)),
            ],
        );
        let body =
            column(16, vec![(Length::Share(1), sheet(Paper::Card, 20, text)), (Length::Fingers(1, 110), buttons)]);
        page(around, None, around.sentence("clear-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Keep => Next::show(self.writing),
            Touch::Clear => Next::show(Writing::new(Draft { body: String::new(), ..self.writing.draft })),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.writing.draft)
    }
}

/// As much as is seen whole at this size; whoever reads so far knows what it is.
fn beginning(text: &str) -> String {
    const SEEN: usize = 120;
    let mut seen: String = text.chars().take(SEEN).collect();
    if text.chars().count() > SEEN {
        seen.push('…');
    }
    seen
}
