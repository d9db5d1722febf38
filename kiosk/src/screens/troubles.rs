//! What does not work at this station, in plain words, with what one can do all the same.

use super::{Around, Next, Page, Screen, find::Find, home::Home, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    view::{Length, Part, button, column, picture, row, sheet, space, words},
};

/// More are not there at once on a station that runs at all; further ones are on the service pages.
const SHOWN_MAX: usize = 4;

/// It holds nothing: the troubles are the station's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Troubles;

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the first screen.
    Back,
    /// 查进度: looking up works while nothing can be filed.
    Find,
}

impl Page for Troubles {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let mut lines: Vec<_> = around
            .troubles
            .iter()
            .take(SHOWN_MAX)
            .map(|trouble| {
                let ink = if trouble.keeps_words() { Ink::Amber } else { Ink::Red };
                let line = row(
                    16,
                    vec![
                        (Length::Units(56), picture(Icon::Warning, ink)),
                        (Length::Share(1), words(around.trouble(*trouble), TextSize::Body, Ink::Black)),
                    ],
                );
                (Length::Needed, sheet(Paper::Warm, 12, line))
            })
            .collect();
        lines.push((Length::Share(1), space()));
        if around.troubles.iter().all(|trouble| trouble.looks_up()) {
            let rest = words(around.sentence("trouble-rest"), TextSize::Body, Ink::Grey);
            let find = button(Touch::Find, around.sentence("home-find"), Some(Icon::Search), Look::Next);
            lines.push((Length::Needed, rest));
            lines.push((Length::Fingers(1, 84), find));
        }
        page(around, Some(Touch::Back), around.sentence("trouble-title"), column(8, lines))
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::Show(Screen::Home(Home)),
            Touch::Find => Next::show(Find::default()),
        }
    }
}
