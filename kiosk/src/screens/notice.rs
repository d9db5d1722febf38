//! One notice in full.

use super::{Around, Next, Page, list::List, page, reading::reading};
use crate::{
    draw::theme::{Ink, Paper, TextSize},
    view::{Length, Part, column, sheet, words},
};

/// A notice, over the list it was chosen from.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticePage {
    /// The list.
    pub list: List,
    /// Its place in the list.
    pub place: usize,
    /// Which page of its words is shown.
    pub page: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the list.
    Back,
    /// The next page; after the last comes the first.
    NextPage,
}

impl Page for NoticePage {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let notice = self.list.public.notices.get(self.place).cloned().unwrap_or_default();
        let (text, turn) = reading(around, &notice.text, self.page, Touch::NextPage);
        let card = column(
            8,
            vec![
                (Length::Needed, words(notice.title, TextSize::Title, Ink::Red).bold()),
                (Length::Share(1), text),
                (Length::Needed, words(notice.by, TextSize::Body, Ink::Grey).to_the_right()),
            ],
        );
        let mut body = vec![(Length::Share(1), sheet(Paper::Card, 20, card))];
        body.extend(turn.map(|turn| (Length::Fingers(1, 84), turn)));
        page(around, Some(Touch::Back), around.sentence("notice"), column(14, body))
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(self.list),
            Touch::NextPage => Next::show(Self { page: self.page + 1, ..self }),
        }
    }
}
