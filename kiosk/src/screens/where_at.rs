//! Where is it so? The village's own names for its groups and places, to touch; none of them must be touched.

use super::{Around, Next, Page, contact::Contact, page, page_of, since::SinceWhen};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, TextSize},
    },
    station::Draft,
    view::{Length, Part, button, column, grid, row, sized_button},
};

/// Names on one page. Where a village has more, the last place shows the others.
const ROOM: usize = 9;

/// Holds what was said so far.
#[derive(Clone, Debug, PartialEq)]
pub struct WhereAt {
    /// What was said so far.
    pub draft: Draft,
    /// Which page of the names is shown.
    pub page: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to since when.
    Back,
    /// There.
    Spot(String),
    /// Further names; after the last page comes the first.
    More,
    /// Rather not, or somewhere else.
    Skip,
}

impl Page for WhereAt {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let shown = page_of(around.spots, self.page, ROOM).iter().map(|spot| {
            let is_chosen = self.draft.spot.as_ref() == Some(spot);
            let (look, icon) = match is_chosen {
                true => (Look::Chosen(Ink::Green), Icon::Tick),
                false => (Look::Choice(Ink::Blue), Icon::Place),
            };
            sized_button(Touch::Spot(spot.clone()), spot.clone(), Some(icon), look, TextSize::Strong)
        });
        let mut below = vec![(Length::Share(3), button(Touch::Skip, around.sentence("since-skip"), None, Look::Other))];
        if around.spots.len() > ROOM {
            let more = button(Touch::More, around.sentence("more-places"), Some(Icon::Sentences), Look::Other);
            below.insert(0, (Length::Share(2), more));
        }
        let spots = grid(14, [3, 2], ROOM, shown.collect());
        let body = column(16, vec![(Length::Share(1), spots), (Length::Fingers(1, 84), row(16, below))]);
        page(around, Some(Touch::Back), around.sentence("where-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        let spot = match touch {
            Touch::Back => return Next::show(SinceWhen { draft: self.draft }),
            Touch::More => return Next::show(Self { page: self.page + 1, ..self }),
            Touch::Spot(spot) => Some(spot),
            Touch::Skip => None,
        };
        Next::show(Contact { draft: Draft { spot, ..self.draft } })
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }

    fn shows(&self) -> usize {
        self.page
    }
}
