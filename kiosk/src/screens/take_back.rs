//! Take name and number back? As easy as leaving them was.

use civic_core::{reaction::Reaction, ticket::Ticket};

use super::{Around, Next, Page, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    public::Reply,
    view::{Length, Part, column, sheet, tile, turning, words},
};

/// The question.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeBack {
    /// Beside whose opinion they lie.
    pub ticket: Ticket,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the answer; nothing changes.
    Back,
    /// They may stay.
    Leave,
    /// They are to be erased.
    TakeBack,
}

impl Page for TakeBack {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let means = words(around.sentence("take-back-means"), TextSize::Strong, Ink::Black);
        let answer = |touch, key: &str, icon, ink| {
            (Length::Share(1), tile(touch, around.sentence(key), icon, Look::Choice(ink), TextSize::Title))
        };
        let answers = turning(
            20,
            vec![
                answer(Touch::TakeBack, "take-back-yes", Icon::NoPhone, Ink::Red),
                answer(Touch::Leave, "take-back-no", Icon::Back, Ink::Blue),
            ],
        );
        let body = column(16, vec![(Length::Needed, sheet(Paper::Card, 20, means)), (Length::Share(1), answers)]);
        page(around, Some(Touch::Back), around.sentence("take-back-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back | Touch::Leave => Next::Find(self.ticket),
            Touch::TakeBack => {
                let reply = Reply::Reaction(Reaction::Withdrawal { ticket: self.ticket });
                Next::Send { reply, form: None, failures: 0 }
            }
        }
    }
}
