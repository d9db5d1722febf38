//! Choices: one, several, in order, a face, a place.

use civic_core::consultation::{Asks, Question};

use super::{Touch, icon_of};
use crate::{
    draw::theme::{Ink, Look, TextSize},
    screens::Around,
    view::{Length, Part, Sentence, column, grid, sized_button, tile, words},
};

/// Choices in a row on a wide screen, where there are many and where there are few; on an upright one half as many.
const MANY: usize = 7;

/// The choices of a question, those that were chosen marked.
pub fn view(around: &Around<'_>, question: &Question, chosen: &[usize]) -> Part<Touch> {
    let is_full = question.most() > 1 && chosen.len() >= question.most();
    let choice = |(place, choice): (usize, &String)| {
        let turn = chosen.iter().position(|chosen| *chosen == place);
        let look = match turn {
            Some(_) => Look::Chosen(Ink::Green),
            None if is_full => Look::Waiting,
            None => Look::Choice(Ink::Black),
        };
        let label = match (question.asks, turn) {
            (Asks::Rank, Some(turn)) => format!("{} · {choice}", turn + 1),
            (Asks::Single | Asks::Multiple | Asks::Faces | Asks::Scale | Asks::Rank, _)
            | (Asks::Place | Asks::Text | Asks::Voice | Asks::Unknown, _) => choice.clone(),
        };
        let icon = icon_of(question, place, turn.is_some());
        let words = Sentence::of(label, "");
        match (question.asks, icon) {
            // Faces are looked at before words are read.
            (Asks::Faces, Some(icon)) => tile(Touch::Choose(place), words, icon, look, TextSize::Title),
            (Asks::Faces | Asks::Single | Asks::Multiple | Asks::Scale | Asks::Rank, icon)
            | (Asks::Place | Asks::Text | Asks::Voice | Asks::Unknown, icon) => {
                sized_button(Touch::Choose(place), words, icon, look, TextSize::Strong)
            }
        }
    };
    let choices: Vec<_> = question.choices.iter().enumerate().map(choice).collect();
    let (count, across) = match (question.asks, choices.len()) {
        (Asks::Faces, count) => (count, [count.max(1), 1]),
        (_, count) if count >= MANY => (count, [3, 2]),
        (_, count) => (count, [2, 1]),
    };
    let all = grid(12, across, count, choices);
    let hint = match question.asks {
        Asks::Multiple => Some(around.sentence_with("choose-most", &[("most", question.most().to_string())])),
        Asks::Rank => Some(around.sentence_with("rank-most", &[("most", question.most().to_string())])),
        Asks::Single | Asks::Faces | Asks::Scale | Asks::Place | Asks::Text | Asks::Voice | Asks::Unknown => None,
    };
    let mut parts: Vec<_> =
        hint.map(|hint| (Length::Needed, words(hint, TextSize::Body, Ink::Grey))).into_iter().collect();
    parts.push((Length::Share(1), all));
    column(8, parts)
}
