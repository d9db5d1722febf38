//! Long words in pages of a size that can be read.

use super::Around;
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    view::{Length, Part, Sentence, button, column, row, sheet, words},
};

/// Characters of a page that can be read on the smallest screen.
const PAGE: usize = 130;

/// The page of `text` that is shown, and the button to the next where there are several; after the last comes the first.
pub fn reading<T>(around: &Around<'_>, text: &str, page: usize, next: T) -> (Part<T>, Option<Part<T>>) {
    let pages = pages(text);
    let shown = pages.get(page % pages.len().max(1)).copied().unwrap_or_default();
    let turn = (pages.len() > 1).then(|| {
        let values = [("page", (page % pages.len() + 1).to_string()), ("pages", pages.len().to_string())];
        button(next, around.sentence_with("next-page", &values), Some(Icon::Sentences), Look::Other)
    });
    // However many pages it has, it is heard whole.
    let shown = Sentence { first: shown.to_owned(), ..text.to_owned().into() };
    (words(shown, TextSize::Title, Ink::Black).from_top(), turn)
}

/// A card with the way to its next page below it, where there is one, beside the thing to do next.
pub fn card_and_way<T>(card: Part<T>, turn: Option<Part<T>>, next: Part<T>) -> Part<T> {
    let mut buttons: Vec<_> = turn.map(|turn| (Length::Share(2), turn)).into_iter().collect();
    buttons.push((Length::Share(3), next));
    column(14, vec![(Length::Share(1), sheet(Paper::Card, 20, card)), (Length::Fingers(1, 92), row(20, buttons))])
}

/// Words in pages, broken after a mark where there is one.
fn pages(text: &str) -> Vec<&str> {
    let mut pages = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(PAGE) {
        let mark = rest[..end].rfind(['。', '；', '！', '？', '，', '\n']);
        let cut = mark.map_or(end, |mark| mark + rest[mark..].chars().next().map_or(0, char::len_utf8));
        pages.push(&rest[..cut]);
        rest = &rest[cut..];
    }
    if !rest.is_empty() {
        pages.push(rest);
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_paged_after_its_marks_and_nothing_is_lost() {
        let answer = "已经派人看过，下周开工。".repeat(30);
        let pages = pages(&answer);
        assert_eq!(pages.concat(), answer);
        assert!(pages.iter().all(|page| page.chars().count() <= PAGE && page.ends_with(['。', '，'])));
    }

    #[test]
    fn an_answer_without_marks_is_paged_too() {
        let answer = "好".repeat(400);
        assert_eq!(pages(&answer).concat(), answer);
        assert_eq!(pages("").len(), 0);
    }
}
