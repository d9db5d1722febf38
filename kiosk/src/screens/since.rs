//! Since when is it so? Four answers, and none: what nobody remembers is no reason to stop here.

use super::{Around, Next, Page, page, say_on};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, TextSize},
    },
    station::{Draft, Since},
    view::{Length, Part, button, column, grid, sized_button},
};

/// Holds what was said so far.
#[derive(Clone, Debug, PartialEq)]
pub struct SinceWhen {
    /// What was said so far.
    pub draft: Draft,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to what was said.
    Back,
    /// Since then.
    Since(Since),
    /// Rather not, or not known.
    Skip,
}

impl Page for SinceWhen {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let answer = |since, key: &str| {
            let is_chosen = self.draft.since == Some(since);
            let look = if is_chosen { Look::Chosen(Ink::Green) } else { Look::Choice(Ink::Black) };
            let icon = is_chosen.then_some(Icon::Tick);
            sized_button(Touch::Since(since), around.sentence(key), icon, look, TextSize::Title)
        };
        let answers = vec![
            answer(Since::Today, "since-today"),
            answer(Since::Week, "since-week"),
            answer(Since::Month, "since-month"),
            answer(Since::Longer, "since-longer"),
        ];
        let skip = button(Touch::Skip, around.sentence("since-skip"), None, Look::Other);
        let body = column(16, vec![(Length::Share(1), grid(16, [2, 1], 4, answers)), (Length::Fingers(1, 84), skip)]);
        page(around, Some(Touch::Back), around.sentence("since-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        let since = match touch {
            Touch::Back => return say_on(self.draft),
            Touch::Since(since) => Some(since),
            Touch::Skip => None,
        };
        Next::Where(Draft { since, ..self.draft })
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }
}
