//! Long words in pages of a size that can be read.

use super::Around;
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    view::{Length, Part, Sentence, button, column, row, sheet, words},
};

/// Characters of a page that can be read on the smallest screen, in usual letters and in large ones.
const PAGE: [usize; 2] = [130, 70];

/// The page of `text` that is shown, and the button to the next where there are several; after the last comes the first.
pub fn reading<T>(around: &Around<'_>, text: &str, page: usize, next: T) -> (Part<T>, Option<Part<T>>) {
    let most = around.settings.letters.of(PAGE);
    let pages = pages(text, most);
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

/// Words in pages of so many characters at most, broken where something is said, in the second half of a page, or after
/// another mark where there is one.
fn pages(text: &str, most: usize) -> Vec<&str> {
    let mut pages = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(most) {
        let page = &rest[..end];
        let said = page.rfind(['。', '；', '！', '？', '\n']).filter(|mark| *mark * 2 >= end);
        let mark = said.or_else(|| page.rfind(['，', '、', '：']));
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
        for most in PAGE {
            let pages = pages(&answer, most);
            assert_eq!(pages.concat(), answer);
            assert!(pages.iter().all(|page| page.chars().count() <= most && page.ends_with('。')));
        }
        assert_eq!(
            pages("好。长长长长长长，长长长长", 12),
            ["好。长长长长长长，", "长长长长"],
            "a page is not left nearly empty"
        );
    }

    #[test]
    fn an_answer_without_marks_is_paged_too() {
        let answer = "好".repeat(400);
        assert_eq!(pages(&answer, PAGE[0]).concat(), answer);
        assert_eq!(pages("", PAGE[0]).len(), 0);
    }
}
