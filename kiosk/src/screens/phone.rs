//! The telephone number, typed on the number pad.

use super::{
    Around, Next, Page,
    name::Name,
    number_pad::{grouped, number_pad},
    page,
    read_back::ReadBack,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Draft,
    view::{Length, Part, button, column, sheet, turning, words},
};

/// Village landlines without an area code have seven digits; mobiles eleven; landlines with one up to twelve.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=12;

/// A number being typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Phone {
    draft: Draft,
    too_short: bool,
    /// How often it was refused for that.
    refusals: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Rather no number.
    NoNumber,
    /// The number is complete.
    Done,
    /// A digit.
    Digit(char),
    /// Take one digit away.
    Erase,
}

impl Phone {
    /// Goes on with the number of this draft, if it has one.
    pub fn new(draft: Draft) -> Self {
        Self { draft, too_short: false, refusals: 0 }
    }

    fn digits(&self) -> &str {
        self.draft.phone.as_deref().unwrap_or_default()
    }
}

impl Page for Phone {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let number = grouped(self.digits(), &[3, 4, 4]);
        let number = words(number, TextSize::Huge, Ink::Black).bold().centred().on_one_line();
        let note = if self.too_short { around.sentence("phone-too-short") } else { around.sentence("phone-who-sees") };
        let paper = if self.too_short { Paper::Warm } else { Paper::Ground };
        let done = if DIGITS.contains(&self.digits().len()) { Look::Next } else { Look::Waiting };
        let left = column(
            14,
            vec![
                (Length::Share(2), sheet(Paper::Card, 12, number)),
                (Length::Needed, sheet(paper, 10, words(note, TextSize::Body, Ink::Black))),
                (Length::Fingers(1, 84), button(Touch::Done, around.sentence("phone-done"), Some(Icon::Tick), done)),
                (
                    Length::Fingers(1, 84),
                    button(Touch::NoNumber, around.sentence("phone-none"), Some(Icon::NoPhone), Look::Other),
                ),
            ],
        );
        let pad = number_pad(around, Touch::Digit, Touch::Erase);
        let body = turning(20, vec![(Length::Share(6), left), (Length::Share(5), pad)]);
        page(around, None, around.sentence("phone-title"), body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        let mut digits = self.draft.phone.take().unwrap_or_default();
        self.too_short = false;
        match touch {
            Touch::NoNumber => return Next::show(ReadBack::new(Draft { name: None, ..self.draft })),
            Touch::Done if DIGITS.contains(&digits.len()) => {
                return Next::show(Name::new(Draft { phone: Some(digits), ..self.draft }));
            }
            Touch::Done => {
                self.too_short = true;
                self.refusals += 1;
            }
            Touch::Digit(digit) if digits.len() < *DIGITS.end() => digits.push(digit),
            Touch::Digit(_) => {}
            Touch::Erase => {
                digits.pop();
            }
        }
        self.draft.phone = Some(digits);
        Next::show(self)
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }

    fn shows(&self) -> usize {
        self.refusals
    }
}
