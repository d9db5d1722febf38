//! Is the new fit of the panel good? Whoever can touch the answer has shown it; nobody's answer is no.

use std::time::Duration;

use super::Errand;
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    screens::{Around, Next, Page, page},
    service::TRIED_FOR,
    view::{Length, Part, button, column, row, sheet, words},
};

/// It holds nothing: the panel goes by what is tried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted;

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// It is good.
    Keep,
    /// As it was before.
    GiveUp,
}

impl Page for Fitted {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let seconds = TRIED_FOR.as_secs().to_string();
        let how = words(around.sentence_with("touch-keep-how", &[("seconds", seconds)]), TextSize::Strong, Ink::Black);
        let give_up = button(Touch::GiveUp, around.sentence("touch-give-up"), Some(Icon::Back), Look::Other);
        let keep = button(Touch::Keep, around.sentence("touch-keep"), Some(Icon::Tick), Look::Next);
        let body = column(
            16,
            vec![
                (Length::Share(1), sheet(Paper::Card, 20, how)),
                (Length::Fingers(1, 110), row(20, vec![(Length::Share(1), give_up), (Length::Share(1), keep)])),
            ],
        );
        page(around, None, around.sentence("touch-keep-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        Next::Errand(Errand::EndFitting(touch == Touch::Keep))
    }

    fn patience(&self) -> Option<Duration> {
        Some(TRIED_FOR)
    }

    fn unattended(self) -> Next {
        Next::Errand(Errand::EndFitting(false))
    }
}
