//! Somebody began to say something here and did not hand it in. Was that you? Asked once, and without their words.

use std::time::Duration;

use super::{Around, Next, Page, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Waiting,
    view::{Length, Part, column, picture, row, sheet, tile, turning, words},
};

/// The question.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    /// What it is about, and since when it waits.
    pub waiting: Waiting,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// It was me: go on with it.
    Mine,
    /// It was somebody else: it is set aside, and I begin my own.
    NotMine,
}

impl Page for Begun {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let at = self.waiting.begun_at.minute();
        let (icon, subject) = around.subject(&self.waiting.subject);
        let topic = row(
            14,
            vec![
                (Length::Units(64), picture(icon, Ink::Red)),
                (Length::Share(1), words(subject, TextSize::Title, Ink::Red).bold()),
            ],
        );
        let said = words(around.sentence_with("begun-at", &[("at", at)]), TextSize::Strong, Ink::Black);
        let card = column(10, vec![(Length::Needed, said), (Length::Needed, topic)]);
        let mine =
            tile(Touch::Mine, around.sentence("begun-mine"), Icon::Tick, Look::Choice(Ink::Green), TextSize::Title);
        let not_mine = tile(
            Touch::NotMine,
            around.sentence("begun-not-mine"),
            Icon::Speak,
            Look::Choice(Ink::Red),
            TextSize::Title,
        );
        let answers = turning(20, vec![(Length::Share(1), mine), (Length::Share(1), not_mine)]);
        let body = column(16, vec![(Length::Needed, sheet(Paper::Card, 20, card)), (Length::Share(1), answers)]);
        page(around, None, around.sentence("begun-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Mine => Next::TakeUp,
            Touch::NotMine => Next::SetAside,
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }

    /// No answer is a no: whoever comes next is not asked about it again.
    fn unattended(self) -> Next {
        Next::Leave(super::Left::NobodyAnswered)
    }
}
