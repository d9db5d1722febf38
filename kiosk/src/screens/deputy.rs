//! A deputy's card: who it is, of which congress, when one can meet them, and the wish to talk with them.

use super::{Around, Next, Page, list::List, page, speak::Speak};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    public::{DeputyCard, ReceptionDay},
    station::{About, Draft, Talk},
    view::{self, Length, Part, button, column, row, sheet, space, turning, words},
};

/// Reception days that are shown.
const RECEPTIONS: usize = 3;

/// A card, over the list it was chosen from.
#[derive(Clone, Debug, PartialEq)]
pub struct DeputyPage {
    /// The list.
    pub list: List,
    /// Its place in the list.
    pub place: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the list.
    Back,
    /// 约他谈谈
    Talk,
}

impl Page for DeputyPage {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let Some(deputy) = self.list.public.deputies.get(self.place) else {
            return page(around, Some(Touch::Back), around.sentence("deputies"), words("", TextSize::Body, Ink::Black));
        };
        let share = if around.surface().is_upright() { 4 } else { 2 };
        let card = turning(
            20,
            vec![(Length::Share(share), portrait(around, deputy)), (Length::Share(5), about(around, deputy))],
        );
        let talk = button(Touch::Talk, around.sentence("deputy-talk"), Some(Icon::Speak), Look::Next);
        let body = column(14, vec![(Length::Share(1), sheet(Paper::Card, 20, card)), (Length::Fingers(1, 92), talk)]);
        page(around, Some(Touch::Back), around.sentence("deputy"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match (touch, self.list.public.deputies.get(self.place)) {
            (Touch::Talk, Some(deputy)) => {
                let talk = Talk { code: deputy.code.clone(), name: deputy.name.clone() };
                Next::show(Speak::new(Draft { about: About::Talk(talk), ..Draft::default() }))
            }
            (Touch::Talk | Touch::Back, _) => Next::show(self.list),
        }
    }
}

/// The deputy's picture; where there is none, the first character of the name, which is the surname, large on a card.
fn portrait(around: &Around<'_>, deputy: &DeputyCard) -> Part<Touch> {
    let portrait = match &deputy.portrait {
        Some(portrait) => view::portrait(portrait.clone()),
        None => {
            let surname: String = deputy.name.chars().take(1).collect();
            let surname = sheet(Paper::Card, 12, words(surname, TextSize::Ticket, Ink::Red).bold().centred());
            // As wide as a picture would be, also where it stands above the words.
            let sides = || (Length::Share(if around.surface().is_upright() { 2 } else { 0 }), space());
            row(0, vec![sides(), (Length::Share(3), surname), sides()])
        }
    };
    let code = around.sentence_with("deputy-code", &[("code", deputy.code.clone())]);
    column(
        8,
        vec![
            (Length::Share(1), portrait),
            (Length::Needed, words(code, TextSize::Strong, Ink::Black).bold().centred()),
        ],
    )
}

fn about(around: &Around<'_>, deputy: &DeputyCard) -> Part<Touch> {
    let line = |text: String, size, ink| (Length::Needed, words(text, size, ink));
    let level = around.pair(deputy.level.zh.clone(), deputy.level.en.clone());
    let mut lines = vec![
        (Length::Needed, words(deputy.name.clone(), TextSize::Title, Ink::Black).bold()),
        (Length::Needed, words(level, TextSize::Strong, Ink::Red).bold()),
    ];
    let more = [&deputy.group, &deputy.about].into_iter().filter(|text| !text.is_empty());
    lines.extend(more.map(|text| line(text.clone(), TextSize::Body, Ink::Black)));
    let receptions = deputy.receptions.iter().take(RECEPTIONS);
    lines.extend(receptions.map(|reception| line(when(around, reception), TextSize::Body, Ink::Blue)));
    if deputy.receptions.is_empty() {
        let none = words(around.sentence("deputy-no-reception"), TextSize::Body, Ink::Grey);
        lines.push((Length::Needed, none));
    }
    column(6, lines)
}

fn when(around: &Around<'_>, ReceptionDay { day, station, hours, theme }: &ReceptionDay) -> String {
    let parts = [around.day(day.starts()), hours.clone(), station.clone(), theme.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
