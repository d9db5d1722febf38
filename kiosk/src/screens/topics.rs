//! What is it about? Twelve pictures; one touch.

use civic_core::wording::Both;

use super::{Around, Next, Page, Screen, home::Home, leave::Leave, page, writing::Writing};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, TextSize},
    },
    station::Draft,
    view::{Part, grid, tile},
};

/// Colours of the tiles, one after the other, so that neighbours differ and places are remembered.
const INKS: [Ink; 5] = [Ink::Blue, Ink::Green, Ink::Red, Ink::Amber, Ink::Black];

/// Tiles in a row, and rows: room for twelve topics.
const ACROSS: usize = 4;
const DOWN: usize = 3;

/// Holds what was written before somebody came back to change the topic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topics {
    /// What was said so far.
    pub draft: Draft,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the first screen.
    Back,
    /// The topic of this name.
    Topic(String),
}

impl Page for Topics {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let tiles = around.topics.iter().take(ACROSS * DOWN).zip(INKS.iter().cycle()).map(|(topic, ink)| {
            let words = Both { zh: topic.name.clone(), en: topic.en.clone() };
            let icon = Icon::of_topic(&topic.picture);
            tile(Touch::Topic(topic.name.clone()), words, icon, Look::Choice(*ink), TextSize::Strong)
        });
        page(around, Some(Touch::Back), around.both("topics-title"), grid(14, ACROSS, DOWN, tiles.collect()))
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back if self.holds_words() => Next::show(Leave::asked(self.into())),
            Touch::Back => Next::Show(Screen::Home(Home)),
            Touch::Topic(topic) => Next::show(Writing::new(Draft { topic, ..self.draft })),
        }
    }

    fn holds_words(&self) -> bool {
        !self.draft.body.is_empty()
    }
}
