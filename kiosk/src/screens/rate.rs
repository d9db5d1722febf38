//! What the person who spoke thinks of the answer: satisfied? solved? Two questions, one after the other, with two faces
//! each, and either may be passed over.

use civic_core::{opinion::Evaluation, reaction::Reaction, ticket::Ticket};

use super::{Around, Next, Page, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, TextSize},
    },
    public::Reply,
    view::{Length, Part, button, column, tile, turning},
};

/// The two questions about one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    ticket: Ticket,
    /// Which of its answers, counted from 1.
    answer: usize,
    /// What was said to the first question, once it was answered or passed over.
    satisfied: Option<Option<bool>>,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back: to the first question, or to the answer.
    Back,
    /// Yes.
    Yes,
    /// No.
    No,
    /// Rather not say.
    Skip,
}

impl Rate {
    /// Asks what somebody thinks of this answer to this.
    pub fn new(ticket: Ticket, answer: usize) -> Self {
        Self { ticket, answer, satisfied: None }
    }

    fn answered(self, said: Option<bool>) -> Next {
        match self.satisfied {
            None => Next::show(Self { satisfied: Some(said), ..self }),
            // Nothing was said, so nothing is sent.
            Some(None) if said.is_none() => Next::Find(self.ticket),
            Some(satisfied) => {
                let evaluation = Evaluation { satisfied, solved: said };
                let (ticket, answer) = (self.ticket, self.answer);
                let reply = Reply::Reaction(Reaction::Evaluation { ticket, answer, evaluation });
                Next::Send { reply, form: None, failures: 0 }
            }
        }
    }
}

impl Page for Rate {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let [title, yes, no] = match self.satisfied {
            None => ["rate-satisfied", "rate-satisfied-yes", "rate-satisfied-no"],
            Some(_) => ["rate-solved", "rate-solved-yes", "rate-solved-no"],
        };
        let face = |touch, key: &str, icon, ink| {
            (Length::Share(1), tile(touch, around.sentence(key), icon, Look::Choice(ink), TextSize::Huge))
        };
        let faces = turning(
            20,
            vec![face(Touch::Yes, yes, Icon::Smile, Ink::Green), face(Touch::No, no, Icon::Frown, Ink::Red)],
        );
        let skip = button(Touch::Skip, around.sentence("rate-skip"), None, Look::Other);
        let body = column(16, vec![(Length::Share(1), faces), (Length::Fingers(1, 84), skip)]);
        page(around, Some(Touch::Back), around.sentence(title), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back if self.satisfied.is_some() => Next::show(Self { satisfied: None, ..self }),
            Touch::Back => Next::Find(self.ticket),
            Touch::Yes => self.answered(Some(true)),
            Touch::No => self.answered(Some(false)),
            Touch::Skip => self.answered(None),
        }
    }

    fn shows(&self) -> usize {
        usize::from(self.satisfied.is_some())
    }
}
