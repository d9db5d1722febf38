//! A name beside the telephone number, for whoever wants to leave one: the surname from a list, the rest by pinyin.

use std::sync::LazyLock;

use super::{
    Around, Next, Page, edge_to_edge,
    keyboard::{Keyboard, Press, Typed},
    page_of,
    phone::Phone,
    read_back::ReadBack,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::Draft,
    view::{Length, Part, button, column, command_key, grid, key, picture, row, sheet, turning, words},
};

/// The longest name; some are of four languages' roots and have dots between their parts.
const CHARACTERS_MAX: usize = 20;

/// Surnames on one page, and a key for the others.
const SURNAMES: usize = 19;

/// A name being written.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// What was said so far, with the number.
    pub draft: Draft,
    /// `None` while surnames are offered.
    keyboard: Option<Keyboard>,
    page: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the number.
    Back,
    /// Rather no name.
    NoName,
    /// The name is complete.
    Done,
    /// A surname.
    Surname(char),
    /// A key of the keyboard.
    Press(Press),
    /// Other surnames.
    More,
    /// Take one character away.
    Erase,
    /// Show the pinyin keys.
    Letters,
}

impl Name {
    /// Goes on with the name of this draft, if it has one.
    pub fn new(draft: Draft) -> Self {
        Self { draft, keyboard: None, page: 0 }
    }

    fn name(&self) -> &str {
        self.draft.name.as_deref().unwrap_or_default()
    }

    fn add(&mut self, words: &str) {
        let mut name = self.draft.name.take().unwrap_or_default();
        let room = CHARACTERS_MAX.saturating_sub(name.chars().count());
        name.extend(words.chars().take(room));
        self.draft.name = Some(name);
    }

    fn erase(&mut self) {
        if let Some(name) = &mut self.draft.name {
            name.pop();
        }
    }

    fn surnames(&self, around: &Around<'_>) -> Part<Touch> {
        let shown = page_of(surnames(), self.page, SURNAMES);
        let mut keys: Vec<_> = shown.iter().map(|surname| key(Touch::Surname(*surname), *surname)).collect();
        let command = |touch, key: &str| command_key(touch, around.sentence(key).alone(), None, Look::Other);
        keys.push(command(Touch::More, "more-characters"));
        let erase = command_key(Touch::Erase, around.sentence("erase"), Some(Icon::Erase), Look::Other);
        let below = row(0, vec![(Length::Share(2), command(Touch::Letters, "to-letters")), (Length::Share(1), erase)]);
        column(0, vec![(Length::Needed, grid(0, [10, 5], SURNAMES + 1, keys)), (Length::Fingers(1, 64), below)])
    }
}

impl Page for Name {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        // An empty card would look as if something were missing.
        let name = match self.name() {
            "" => picture(Icon::Person, Ink::Grey),
            name => words(name, TextSize::Title, Ink::Black).bold().centred().on_one_line(),
        };
        let none = button(Touch::NoName, around.sentence("name-none"), None, Look::Other);
        let is_written = !self.name().trim().is_empty();
        let done = if is_written { Look::Next } else { Look::Waiting };
        let done = button(Touch::Done, around.sentence("name-done"), Some(Icon::Tick), done);
        let buttons = row(12, vec![(Length::Share(1), none), (Length::Share(1), done)]);
        let [above, below] = if around.surface().is_upright() { [2, 1] } else { [1, 2] };
        let name = (Length::Share(above), sheet(Paper::Card, 8, name));
        let card = turning(12, vec![name, (Length::Share(below), buttons)]);
        let panel = match &self.keyboard {
            None => self.surnames(around),
            Some(keyboard) => keyboard.view(around, "to-surnames", Touch::Press),
        };
        let body = column(0, vec![(Length::Share(1), sheet(Paper::Ground, 12, card)), (Length::Needed, panel)]);
        edge_to_edge(around, Some(Touch::Back), around.sentence("name-title"), body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back => return Next::show(Phone::new(self.draft)),
            Touch::NoName => return Next::show(ReadBack::new(Draft { name: None, ..self.draft })),
            Touch::Done if self.name().trim().is_empty() => {}
            Touch::Done => {
                let name = self.name().trim().to_owned();
                return Next::show(ReadBack::new(Draft { name: Some(name), ..self.draft }));
            }
            Touch::Surname(surname) => {
                self.draft.name = Some(surname.to_string());
                self.keyboard = Some(Keyboard::default());
            }
            Touch::Press(press) => match self.keyboard.as_mut().map(|keyboard| keyboard.pressed(press)) {
                Some(Typed::Words(words)) => self.add(&words),
                Some(Typed::Erased) => self.erase(),
                Some(Typed::Left) => self.keyboard = None,
                Some(Typed::Nothing) | None => {}
            },
            Touch::More => self.page += 1,
            Touch::Erase => self.erase(),
            Touch::Letters => self.keyboard = Some(Keyboard::default()),
        }
        Next::show(self)
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }

    fn shows(&self) -> usize {
        if self.keyboard.is_some() { usize::MAX } else { self.page }
    }
}

/// The surnames that are offered, the most frequent first.
fn surnames() -> &'static [char] {
    static SURNAMES: LazyLock<Vec<char>> = LazyLock::new(|| {
        let lines = include_str!("../../pinyin/surnames.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::chars).collect()
    });
    &SURNAMES
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_hundred_surnames_each_once() {
        let all = surnames();
        assert_eq!((all.len(), all.iter().collect::<HashSet<_>>().len()), (100, 100));
    }
}
