//! Own words to a question: typed, written with a finger, spoken, or several of these.

use civic_core::consultation::{Asks, Question};

use super::Touch;
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    form::{Form, Said},
    screens::Around,
    view::{Length, Part, button, column, counter, ink, sheet, tile, turning, words},
};

/// What was said so far, and the ways to say it; the one the question asks for first and larger.
pub fn view(around: &Around<'_>, form: &Form, question: &Question) -> Part<Touch> {
    let said = form.said();
    let speaks_first = question.asks == Asks::Voice;
    let is_said = said != Said::default();
    let way = |touch, key: &str, icon, is_first: bool| {
        let look = Look::Choice(if is_first { Ink::Red } else { Ink::Blue });
        let (share, size) = if is_first { (3, TextSize::Title) } else { (2, TextSize::Strong) };
        // Beside what was said there is no room for pictures above words.
        match is_said && !around.surface().is_upright() {
            true => (Length::Share(1), button(touch, around.sentence(key).alone(), Some(icon), look)),
            false => (Length::Share(share), tile(touch, around.sentence(key), icon, look, size)),
        }
    };
    let mut ways = vec![way(Touch::Write, "speak-write", Icon::Pencil, !speaks_first)];
    if form.may_draw() {
        ways.push(way(Touch::ByHand, "to-handwriting", Icon::Brush, false));
    }
    let speak = way(Touch::Speak, "speak-begin", Icon::Microphone, speaks_first);
    ways.insert(if speaks_first { 0 } else { ways.len() }, speak);
    if !is_said {
        return turning(20, ways);
    }
    let mut card = Vec::new();
    if let Some(voice) = &said.voice {
        let spoken = around.sentence_with("speak-recorded", &[("seconds", voice.seconds.to_string())]);
        card.push((Length::Needed, words(spoken, TextSize::Strong, Ink::Green).bold()));
    }
    if !said.ink.is_empty() {
        let boxes: Vec<_> = said.ink.boxes.into_iter().filter(|one| !one.strokes.is_empty()).collect();
        let drawn = around.sentence_with("handwriting-boxes", &[("boxes", boxes.len().to_string())]);
        card.push((Length::Share(1), ink(boxes, drawn)));
    }
    if !said.words.is_empty() {
        card.push((Length::Share(1), words(said.words, TextSize::Strong, Ink::Black).from_top()));
    }
    turning(
        16,
        vec![(Length::Share(3), sheet(Paper::Card, 16, column(8, card))), (Length::Share(2), counter(14, ways))],
    )
}
