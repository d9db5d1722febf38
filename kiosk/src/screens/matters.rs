//! Matters that the county shows: what others asked, under a title of the county.

use std::sync::Arc;

use super::{Around, Next, Page, listing::listing, matter::MatterPage, page, village::Village};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look},
    },
    public::Public,
    view::{Part, button},
};

/// A list of matters.
#[derive(Clone, Debug, PartialEq)]
pub struct Matters {
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
    /// The matter at this place of the list.
    Matter(usize),
    /// Further matters.
    More,
}

impl Page for Matters {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let rows = self.public.matters.iter().enumerate().map(|(place, (_, matter))| {
            button(Touch::Matter(place), matter.title.clone(), Some(Icon::Hand), Look::Choice(Ink::Amber))
        });
        let body = listing(around, rows.collect(), self.page, Touch::More);
        page(around, Some(Touch::Back), around.sentence("matters"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Village { public: self.public }),
            Touch::Matter(place) => Next::show(MatterPage { list: self, place, page: 0 }),
            Touch::More => Next::show(Self { page: self.page + 1, ..self }),
        }
    }
}
