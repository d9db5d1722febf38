//! A number from 1 on, with what its two ends mean.

use civic_core::consultation::Question;

use super::Touch;
use crate::{
    draw::theme::{Ink, Look, TextSize},
    view::{Length, Part, column, grid, row, sized_button, space, words},
};

/// So many numbers stand in one row on an upright screen.
const UPRIGHT: usize = 5;

/// The numbers of a scale, the chosen one marked.
pub fn view(question: &Question, chosen: Option<u16>) -> Part<Touch> {
    let most = u16::try_from(question.most()).unwrap_or(u16::MAX);
    let numbers = (1..=most).map(|number| {
        let look = if chosen == Some(number) { Look::Chosen(Ink::Green) } else { Look::Choice(Ink::Black) };
        sized_button(Touch::Number(number), number.to_string(), None, look, TextSize::Title)
    });
    let count = usize::from(most);
    let end = |text: &str| words(text.to_owned(), TextSize::Strong, Ink::Black);
    let ends =
        row(20, vec![(Length::Share(1), end(&question.low)), (Length::Share(1), end(&question.high).to_the_right())]);
    column(
        8,
        vec![
            (Length::Share(1), space()),
            (Length::Share(3), grid(12, [count, count.min(UPRIGHT)], count, numbers.collect())),
            (Length::Needed, ends),
            (Length::Share(1), space()),
        ],
    )
}
