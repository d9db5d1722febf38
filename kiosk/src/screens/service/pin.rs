//! The officer's PIN.

use std::{fmt, time::Duration};

use super::{Errand, abandoned};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    screens::{Around, Next, Page, home::Home, number_pad::number_pad, page},
    service::{Answer, pin::DIGITS},
    view::{Length, Part, button, column, sheet, turning, words},
};

/// A PIN being typed.
#[derive(Clone, Default, PartialEq)]
pub struct Pin {
    typed: String,
    answer: Option<Answer>,
    /// How often what was typed had an answer.
    answers: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the first screen.
    Back,
    /// A digit.
    Digit(char),
    /// Take one digit away.
    Erase,
    /// It is complete.
    Done,
}

impl Pin {
    /// What was typed had this answer, and is gone.
    #[must_use]
    pub fn answered(self, answer: Answer) -> Self {
        Self { typed: String::new(), answer: Some(answer), answers: self.answers + 1 }
    }

    /// The digits.
    pub fn typed(&self) -> &str {
        &self.typed
    }
}

/// It says how much was typed, never what.
impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({} digits, {:?})", self.typed.len(), self.answer)
    }
}

impl Page for Pin {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let (note, paper) = match self.answer {
            None | Some(Answer::Right) => (around.sentence("pin-note"), Paper::Ground),
            Some(Answer::Wrong) => (around.sentence("pin-wrong"), Paper::Warm),
            Some(Answer::Wait(wait)) => {
                let seconds = wait.as_millis().div_ceil(1_000).to_string();
                (around.sentence_with("pin-wait", &[("seconds", seconds)]), Paper::Warm)
            }
            Some(Answer::NotSet) => (around.sentence("pin-not-set"), Paper::Warm),
            Some(Answer::CannotCount) => (around.sentence("service-not-kept"), Paper::Warm),
        };
        let dots = words("●".repeat(self.typed.len()), TextSize::Title, Ink::Black).centred().on_one_line();
        let done = if DIGITS.contains(&self.typed.len()) { Look::Next } else { Look::Waiting };
        let left = column(
            14,
            vec![
                (Length::Share(1), sheet(Paper::Card, 12, dots)),
                (Length::Needed, sheet(paper, 10, words(note, TextSize::Body, Ink::Black))),
                (Length::Fingers(1, 84), button(Touch::Done, around.sentence("pin-done"), Some(Icon::Tick), done)),
            ],
        );
        let pad = number_pad(around, Touch::Digit, Touch::Erase);
        let body = turning(20, vec![(Length::Share(6), left), (Length::Share(5), pad)]);
        page(around, Some(Touch::Back), around.sentence("pin-title"), body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        self.answer = None;
        match touch {
            Touch::Back => return Next::show(Home),
            Touch::Digit(digit) if self.typed.len() < *DIGITS.end() => self.typed.push(digit),
            Touch::Digit(_) => {}
            Touch::Erase => {
                self.typed.pop();
            }
            Touch::Done if DIGITS.contains(&self.typed.len()) => return Next::Errand(Errand::Open(self)),
            Touch::Done => {}
        }
        Next::show(self)
    }

    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(30))
    }

    fn unattended(self) -> Next {
        abandoned()
    }

    fn shows(&self) -> usize {
        self.answers
    }
}
