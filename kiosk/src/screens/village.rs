//! The village's board: what was asked here and what became of it, the next reception day, and doors to what is told and
//! asked. A door to nothing is left out.

use std::sync::Arc;

use super::{
    Around, Left, Next, Page,
    asked::Asked,
    list::{List, Of},
    page,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    public::{Public, ReceptionDay},
    view::{Length, Part, Sentence, column, grid, sheet, tile, words},
};

/// Up to so many doors stand in one row on a wide screen; more stand in two.
const IN_A_ROW: usize = 3;

/// What was published when somebody opened the board.
#[derive(Clone, Debug, PartialEq)]
pub struct Village {
    /// All of it.
    pub public: Arc<Public>,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the first screen.
    Back,
    /// 公示
    Notices,
    /// 大家的事
    Matters,
    /// 请您说说
    Asked,
    /// 找代表
    Deputies,
}

impl Page for Village {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let public = &self.public;
        let reception = match &public.reception {
            Some(reception) => reception_sentence(around, reception),
            None => around.sentence("no-reception"),
        };
        let said = column(
            6,
            vec![
                (Length::Needed, words(month(around, public), TextSize::Title, Ink::Black).bold()),
                (Length::Needed, words(reception, TextSize::Body, Ink::Black)),
            ],
        );
        let doors = [
            (!public.notices.is_empty(), Touch::Notices, "notices", Icon::Sentences, Ink::Blue),
            (!public.matters.is_empty(), Touch::Matters, "matters", Icon::Hand, Ink::Amber),
            (public.asks(), Touch::Asked, "asked", Icon::Ballot, Ink::Red),
            (!public.deputies.is_empty(), Touch::Deputies, "deputies", Icon::Person, Ink::Green),
        ];
        let doors: Vec<_> = doors
            .into_iter()
            .filter(|(leads_somewhere, ..)| *leads_somewhere)
            .map(|(_, touch, key, icon, ink)| {
                tile(touch, around.sentence(key), icon, Look::Choice(ink), TextSize::Title)
            })
            .collect();
        let doors = match doors.len() {
            0 => words(around.sentence("nothing-published"), TextSize::Strong, Ink::Black).centred(),
            count if count <= IN_A_ROW => grid(16, [count, 1], count, doors),
            count => grid(16, [2, 2], count, doors),
        };
        let body = column(16, vec![(Length::Needed, sheet(Paper::Card, 16, said)), (Length::Share(1), doors)]);
        page(around, Some(Touch::Back), around.sentence("village"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::Leave(Left::Waiting),
            Touch::Notices => Next::show(List::new(self.public, Of::Notices)),
            Touch::Matters => Next::show(List::new(self.public, Of::Matters)),
            Touch::Asked => Next::show(Asked { public: self.public, page: 0 }),
            Touch::Deputies => Next::show(List::new(self.public, Of::Deputies)),
        }
    }
}

/// What was asked in the village this month, and what came to rest.
pub(super) fn month(around: &Around<'_>, public: &Public) -> Sentence {
    let Public { asked, settled, .. } = public;
    around.sentence_with("month", &[("asked", asked.to_string()), ("settled", settled.to_string())])
}

/// When people are received next, at what time, where and what about.
fn reception_sentence(around: &Around<'_>, reception: &ReceptionDay) -> Sentence {
    let next = around.sentence_with_day("next-reception", reception.day.starts());
    let more = [&reception.hours, &reception.station, &reception.theme];
    let more: Vec<_> = more.into_iter().filter(|words| !words.is_empty()).map(String::as_str).collect();
    Sentence::of(format!("{} {}", next.first, more.join(" · ")), "")
}
