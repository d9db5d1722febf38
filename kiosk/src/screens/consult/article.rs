//! One article of a draft: agree, disagree, or say something.

use civic_core::consultation::Article;

use super::{Touch, go_on};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    form::Form,
    screens::{Around, reading::reading},
    view::{Length, Part, column, row, sheet, sized_button, words},
};

/// The article and what can be said of it.
pub fn view(around: &Around<'_>, form: &Form, article: &Article, page: usize) -> Part<Touch> {
    let said = form.said();
    let (text, turn) = reading(around, &article.text, page, Touch::NextPage);
    let mut card = vec![
        (Length::Needed, words(article.title.clone(), TextSize::Strong, Ink::Red).bold()),
        (Length::Share(1), text),
    ];
    card.extend(turn.map(|turn| (Length::Needed, turn)));
    let answer = |touch, key: &str, icon, ink, is_chosen| {
        let look = if is_chosen { Look::Chosen(ink) } else { Look::Choice(ink) };
        (Length::Share(1), sized_button(touch, around.sentence(key), Some(icon), look, TextSize::Strong))
    };
    let has_words = !said.words.is_empty() || said.voice.is_some() || !said.ink.is_empty();
    let answers = vec![
        answer(Touch::Agree, "article-agree", Icon::Smile, Ink::Green, said.agrees == Some(true)),
        answer(Touch::Disagree, "article-disagree", Icon::Frown, Ink::Red, said.agrees == Some(false)),
        answer(Touch::Speak, "article-say", Icon::Speak, Ink::Blue, has_words),
    ];
    // Beside each other on a narrow screen they would be too small to be read.
    let answers = match around.surface().is_upright() {
        true => (Length::Fingers(3, 76), column(10, answers)),
        false => (Length::Fingers(1, 84), row(14, answers)),
    };
    column(
        14,
        vec![
            (Length::Share(1), sheet(Paper::Card, 16, column(6, card))),
            answers,
            (Length::Fingers(1, 76), go_on(around, form)),
        ],
    )
}
