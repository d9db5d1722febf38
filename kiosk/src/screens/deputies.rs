//! The deputies of the village, of the highest congress first.

use std::sync::Arc;

use super::{Around, Next, Page, deputy::DeputyPage, listing::listing, page, village::Village};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look},
    },
    public::Public,
    view::{Part, Sentence, button},
};

/// A list of deputies.
#[derive(Clone, Debug, PartialEq)]
pub struct Deputies {
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
    /// The deputy at this place.
    Deputy(usize),
    /// Further ones.
    More,
}

impl Page for Deputies {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let rows = self.public.deputies.iter().enumerate().map(|(place, deputy)| {
            let name = Sentence::of(format!("{} · {}", deputy.name, deputy.level.zh), deputy.level.en.clone());
            button(Touch::Deputy(place), name, Some(Icon::Person), Look::Choice(Ink::Blue))
        });
        let body = listing(around, rows.collect(), self.page, Touch::More);
        page(around, Some(Touch::Back), around.sentence("deputies"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Village { public: self.public }),
            Touch::Deputy(place) => Next::show(DeputyPage { list: self, place }),
            Touch::More => Next::show(Self { page: self.page + 1, ..self }),
        }
    }
}
