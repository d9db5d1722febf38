//! The notices in force, the newest first.

use std::sync::Arc;

use super::{Around, Next, Page, listing::listing, notice::NoticePage, page, village::Village};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look},
    },
    public::Public,
    view::{Part, button},
};

/// A list of notices.
#[derive(Clone, Debug, PartialEq)]
pub struct Notices {
    /// What is published.
    pub public: Arc<Public>,
    /// Which page of the list is shown.
    pub page: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the board.
    Back,
    /// The notice at this place of the list.
    Notice(usize),
    /// Further notices.
    More,
}

impl Page for Notices {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let rows = self.public.notices.iter().enumerate().map(|(place, notice)| {
            button(Touch::Notice(place), notice.title.clone(), Some(Icon::Sentences), Look::Choice(Ink::Blue))
        });
        let body = listing(around, rows.collect(), self.page, Touch::More);
        page(around, Some(Touch::Back), around.sentence("notices"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Village { public: self.public }),
            Touch::Notice(place) => Next::show(NoticePage { list: self, place, page: 0 }),
            Touch::More => Next::show(Self { page: self.page + 1, ..self }),
        }
    }
}
