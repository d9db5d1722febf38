//! Switch the machine off? Asked, because the village has no other.

use std::time::Duration;

use super::{Errand, PATIENCE, abandoned, menu::Menu};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    screens::{Around, Next, Page, page},
    view::{Length, Part, button, column, row, sheet, words},
};

/// The question, or what comes after the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct SwitchOff {
    is_going: bool,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Let it run.
    Back,
    /// Switch it off.
    Off,
}

impl SwitchOff {
    /// The question.
    pub fn asked() -> Self {
        Self { is_going: false }
    }

    /// It ends in a moment.
    pub fn going() -> Self {
        Self { is_going: true }
    }
}

impl Page for SwitchOff {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let sentence = if self.is_going { "off-going" } else { "off-what" };
        let what = words(around.sentence(sentence), TextSize::Strong, Ink::Black);
        let mut parts = vec![(Length::Share(1), sheet(Paper::Card, 20, what))];
        let off = button(Touch::Off, around.sentence("off-yes"), Some(Icon::Power), Look::Other);
        let back = button(Touch::Back, around.sentence("off-no"), Some(Icon::Tick), Look::Next).as_way_back();
        if !self.is_going {
            parts.push((Length::Fingers(1, 110), row(20, vec![(Length::Share(1), off), (Length::Share(1), back)])));
        }
        page(around, None, around.sentence("off-title"), column(16, parts))
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Menu),
            Touch::Off => Next::Errand(Errand::SwitchOff),
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn unattended(self) -> Next {
        abandoned()
    }

    fn shows(&self) -> usize {
        usize::from(self.is_going)
    }
}
