//! Is it right? The words as they will be filed, large, before anything is filed.

use super::{Around, Next, Page, number_pad::grouped, page, say_on};
use crate::{
    app::Effect,
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{About, Draft},
    view::{Length, Part, button, column, picture, row, sheet, turning, words},
};

/// Holds what will be filed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBack {
    /// What will be filed.
    pub draft: Draft,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Change it.
    Change,
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
        let contact = match &self.draft.phone {
            _ if !self.is_new() => around.sentence("read-back-reply"),
            Some(phone) => around.sentence_with("read-back-phone", &[("phone", grouped(phone, &[3, 4, 4]))]),
            None if self.draft.is_child => around.sentence("read-back-child"),
            None => around.sentence("read-back-no-phone"),
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
        card.push((Length::Share(1), words(self.draft.body.clone(), TextSize::Title, Ink::Black).from_top()));
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

    fn touched(self, touch: Touch) -> Next {
        match touch {
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
