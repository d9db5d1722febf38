//! What is published for the village, in large rows to choose from: notices, matters, deputies.

use std::sync::Arc;

use super::{
    Around, Next, Page, deputy::DeputyPage, matter::MatterPage, notice::NoticePage, page, page_of, village::Village,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look},
    },
    public::Public,
    view::{Length, Part, Sentence, button, column, entry, grid},
};

/// Rows on one page: as many as stay large on the smallest screen.
const ROWS: usize = 4;

/// A list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// What is published.
    pub public: Arc<Public>,
    /// What stands in it.
    pub of: Of,
    /// Which page of the list is shown.
    pub page: usize,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The notices in force, the newest first.
    Notices,
    /// What others asked, under a title of the county.
    Matters,
    /// The deputies of the village, of the highest congress first.
    Deputies,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the board.
    Back,
    /// What stands at this place.
    At(usize),
    /// Further ones.
    More,
}

impl List {
    /// The first page of a list.
    pub fn new(public: Arc<Public>, of: Of) -> Self {
        Self { public, of, page: 0 }
    }

    fn rows(&self) -> Vec<Part<Touch>> {
        let (icon, ink) = match self.of {
            Of::Notices => (Icon::Sentences, Ink::Blue),
            Of::Matters => (Icon::Hand, Ink::Amber),
            Of::Deputies => (Icon::Person, Ink::Blue),
        };
        let titles: Vec<Sentence> = match self.of {
            Of::Notices => self.public.notices.iter().map(|notice| notice.title.clone().into()).collect(),
            Of::Matters => self.public.matters.iter().map(|(_, matter)| matter.title.clone().into()).collect(),
            Of::Deputies => {
                let names = self.public.deputies.iter().map(|deputy| {
                    Sentence::of(format!("{} · {}", deputy.name, deputy.level.zh), deputy.level.en.clone())
                });
                names.collect()
            }
        };
        let row = |(place, title)| entry(Touch::At(place), title, icon, Look::Choice(ink));
        titles.into_iter().enumerate().map(row).collect()
    }
}

impl Page for List {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let title = match self.of {
            Of::Notices => "notices",
            Of::Matters => "matters",
            Of::Deputies => "deputies",
        };
        let body = listing(around, self.rows(), self.page, Touch::More);
        page(around, Some(Touch::Back), around.sentence(title), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match (touch, self.of) {
            (Touch::Back, _) => Next::show(Village { public: self.public }),
            (Touch::More, _) => Next::show(Self { page: self.page + 1, ..self }),
            (Touch::At(place), Of::Notices) => Next::show(NoticePage { list: self, place, page: 0 }),
            (Touch::At(place), Of::Matters) => Next::show(MatterPage { list: self, place, page: 0 }),
            (Touch::At(place), Of::Deputies) => Next::show(DeputyPage { list: self, place }),
        }
    }

    fn shows(&self) -> usize {
        self.page
    }
}

/// The rows of this page; where there are more, a button below shows the next ones.
pub(super) fn listing<T>(around: &Around<'_>, rows: Vec<Part<T>>, page: usize, more: T) -> Part<T>
where
    T: Clone,
{
    let has_more = rows.len() > ROWS;
    let shown = page_of(&rows, page, ROWS).to_vec();
    let mut parts = vec![(Length::Share(1), grid(12, [1, 1], ROWS, shown))];
    if has_more {
        let more = button(more, around.sentence("more-rows"), Some(Icon::Sentences), Look::Other);
        parts.push((Length::Fingers(1, 76), more));
    }
    column(12, parts)
}
