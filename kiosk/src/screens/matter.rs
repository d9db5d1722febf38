//! One matter that the county shows: where it stands, the answer, and "me too".

use civic_core::reaction::Reaction;

use super::{
    Around, Next, Page,
    list::List,
    page,
    reading::{card_and_way, reading},
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, TextSize},
    },
    public::Reply,
    view::{Length, Part, button, column, words},
};

/// A matter, over the list it was chosen from.
#[derive(Clone, Debug, PartialEq)]
pub struct MatterPage {
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
    /// 我也是
    MeToo,
}

impl Page for MatterPage {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let matter = self.list.public.matters.get(self.place).map(|(_, matter)| matter.clone()).unwrap_or_default();
        let answer = (!matter.answer.is_empty())
            .then(|| format!("{}：{}", around.sentence("progress-answer").first, matter.answer));
        let text = [Some(matter.text), answer].into_iter().flatten().filter(|text| !text.is_empty());
        let (text, turn) = reading(around, &text.collect::<Vec<_>>().join("\n"), self.page, Touch::NextPage);
        let count = around.sentence_with("me-too-count", &[("count", matter.me_too.to_string())]);
        let as_of = around.sentence_with_day("progress-as-of", matter.as_of);
        let card = column(
            6,
            vec![
                (Length::Needed, words(matter.title, TextSize::Title, Ink::Red).bold()),
                (Length::Needed, words(matter.state, TextSize::Strong, Ink::Green).bold()),
                (Length::Share(1), text),
                (Length::Needed, words(format!("{} · {}", count.first, as_of.first), TextSize::Body, Ink::Grey)),
            ],
        );
        let me_too = button(Touch::MeToo, around.sentence("me-too"), Some(Icon::Hand), Look::Next);
        let body = card_and_way(card, turn, me_too);
        page(around, Some(Touch::Back), around.sentence("matter"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(self.list),
            Touch::NextPage => Next::show(Self { page: self.page + 1, ..self }),
            Touch::MeToo => match self.list.public.matters.get(self.place) {
                Some((matter, _)) => {
                    let reply = Reply::Reaction(Reaction::MeToo { matter: *matter });
                    Next::Send { reply, form: None, failures: 0 }
                }
                None => Next::show(self),
            },
        }
    }
}
