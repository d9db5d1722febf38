//! Is it right? The words as they will be filed, large, before anything is filed.

use super::{Around, Next, Page, number_pad::grouped, page, say_on};
use crate::{
    app::Effect,
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{About, Draft},
    view::{Length, Part, Sentence, button, column, command_key, ink, picture, row, sheet, turning, words},
};

/// Characters of one page: as many as can be read in large letters, too, where nothing else is shown.
const PAGE: usize = 150;

/// The same where ink or a voice stand above.
const SHORT_PAGE: usize = 60;

/// Holds what will be filed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBack {
    draft: Draft,
    page: usize,
}

impl ReadBack {
    /// This will be filed.
    pub fn new(draft: Draft) -> Self {
        Self { draft, page: 0 }
    }

    /// Every page of the words; one, even if there are none.
    fn pages(&self) -> Vec<String> {
        let has_more = self.draft.voice.is_some() || !self.draft.ink.is_empty();
        let characters: Vec<char> = self.draft.body.chars().collect();
        let pages = characters.chunks(if has_more { SHORT_PAGE } else { PAGE });
        let pages: Vec<String> = pages.map(|page| page.iter().collect()).collect();
        if pages.is_empty() { vec![String::new()] } else { pages }
    }
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Change it.
    Change,
    /// The words before.
    Before,
    /// The words behind.
    Behind,
    /// Hear what was spoken.
    Play,
    /// File it.
    File,
}

impl ReadBack {
    /// Whether it becomes an opinion with a number, and not a word about one that has a number.
    fn is_new(&self) -> bool {
        matches!(self.draft.about, About::Opinion | About::Talk(_))
    }
}

impl Page for ReadBack {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let phone = self.draft.phone.as_ref().map(|phone| ("phone", grouped(phone, &[3, 4, 4])));
        let contact = match (phone, &self.draft.name) {
            _ if !self.is_new() => around.sentence("read-back-reply"),
            (Some(phone), Some(name)) => around.sentence_with("read-back-name", &[("name", name.clone()), phone]),
            (Some(phone), None) => around.sentence_with("read-back-phone", &[phone]),
            (None, _) if self.draft.is_child => around.sentence("read-back-child"),
            (None, _) => around.sentence("read-back-no-phone"),
        };
        let (icon, subject) = around.subject(&self.draft.subject());
        let topic = row(
            14,
            vec![
                (Length::Units(44), picture(icon, Ink::Red)),
                (Length::Share(1), words(subject, TextSize::Strong, Ink::Red).bold()),
            ],
        );
        let head =
            turning(8, vec![(Length::Share(1), topic), (Length::Share(1), words(contact, TextSize::Body, Ink::Grey))]);
        let mut card = vec![(Length::Needed, head)];
        if self.draft.is_kept {
            let kept = words(around.sentence("read-back-kept"), TextSize::Strong, Ink::Green).bold();
            card.push((Length::Needed, kept));
        }
        if let Some(voice) = &self.draft.voice {
            let spoken = around.sentence_with("read-back-voice", &[("seconds", voice.seconds.to_string())]);
            let play = button(Touch::Play, spoken, Some(Icon::Ear), Look::Choice(Ink::Blue));
            card.push((Length::Fingers(1, 84), play));
        }
        let boxes: Vec<_> = self.draft.ink.boxes.iter().filter(|one| !one.strokes.is_empty()).cloned().collect();
        if !boxes.is_empty() {
            let said = around.sentence_with("handwriting-boxes", &[("boxes", boxes.len().to_string())]);
            card.push((Length::Share(1), ink(boxes, said)));
        }
        let pages = self.pages();
        let shown = pages.get(self.page).or(pages.first()).cloned().unwrap_or_default();
        if !shown.is_empty() {
            // However many pages they have, they are heard whole.
            let shown = Sentence { first: shown, ..self.draft.body.clone().into() };
            let text = words(shown, TextSize::Title, Ink::Black).from_top();
            card.push((Length::Share(1), self.turned(around, text, pages.len())));
        }
        let card = column(8, card);
        let buttons = row(
            20,
            vec![
                (
                    Length::Share(2),
                    button(Touch::Change, around.sentence("read-back-change"), Some(Icon::Pencil), Look::Other),
                ),
                (
                    Length::Share(3),
                    button(Touch::File, around.sentence("read-back-file"), Some(Icon::Tick), Look::Next),
                ),
            ],
        );
        let body =
            column(16, vec![(Length::Share(1), sheet(Paper::Card, 18, card)), (Length::Fingers(1, 84), buttons)]);
        page(around, None, around.sentence("read-back-title"), body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Before => {
                self.page = self.page.saturating_sub(1);
                Next::show(self)
            }
            Touch::Behind => {
                self.page = (self.page + 1).min(self.pages().len() - 1);
                Next::show(self)
            }
            Touch::Change => say_on(self.draft),
            Touch::Play => match &self.draft.voice {
                Some(voice) => Next::Do(Effect::Play(voice.opus.clone()), self.into()),
                None => Next::show(self),
            },
            Touch::File => Next::File { draft: self.draft, failures: 0 },
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }
}

impl ReadBack {
    /// The words of this page, with keys to the others where there are several.
    fn turned(&self, around: &Around<'_>, text: Part<Touch>, pages: usize) -> Part<Touch> {
        if pages < 2 {
            return text;
        }
        let turn = |touch, key: &str, icon| {
            (Length::Fingers(1, 72), command_key(touch, around.sentence(key), Some(icon), Look::Other))
        };
        let place = format!("{}/{pages}", self.page + 1);
        let keys = vec![
            turn(Touch::Before, "look-up", Icon::Up),
            (Length::Share(1), words(place, TextSize::Strong, Ink::Black).centred().on_one_line()),
            turn(Touch::Behind, "look-down", Icon::Down),
        ];
        row(8, vec![(Length::Share(1), text), (Length::Fingers(1, 72), column(8, keys))])
    }
}
