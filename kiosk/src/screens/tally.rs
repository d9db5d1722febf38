//! What came of a vote that is over: how many chose each project, the most chosen first.

use super::{Around, Next, Page, asked::Asked, page, page_of};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    printing::Sheet,
    public,
    view::{Length, Part, button, column, row, sheet, words},
};

/// Projects on one page, in usual letters and in large ones.
const PROJECTS: [usize; 2] = [6, 4];

/// A result, over the list it was chosen from.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// The list.
    pub list: Asked,
    /// Its place in the list.
    pub place: usize,
    /// Which page of the projects is shown.
    pub page: usize,
    /// Whether somebody wanted it on paper.
    pub is_printed: bool,
}

impl Tally {
    /// The result.
    pub fn tally(&self) -> Option<&public::Tally> {
        self.list.public.tallies.get(self.place)
    }
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the list.
    Back,
    /// Further projects; after the last page comes the first.
    More,
    /// 印一张
    Print,
}

impl Page for Tally {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let tally = self.tally().cloned().unwrap_or_default();
        let most = around.settings.letters.of(PROJECTS);
        let lines = page_of(&tally.projects, self.page, most).iter().map(|(title, count)| {
            let line = row(
                12,
                vec![
                    (Length::Share(4), words(title.clone(), TextSize::Strong, Ink::Black)),
                    (Length::Share(1), words(count.to_string(), TextSize::Title, Ink::Green).bold().to_the_right()),
                ],
            );
            (Length::Share(1), line)
        });
        let mut card = vec![(Length::Needed, words(tally.title.clone(), TextSize::Strong, Ink::Red).bold())];
        card.extend(lines);
        let values = [("counted", tally.counted.to_string()), ("tokens", tally.tokens.to_string())];
        let counted = around.sentence_with("tally-counted", &values).first;
        let as_of = around.sentence_with_day("progress-as-of", tally.as_of).first;
        card.push((Length::Needed, words(format!("{counted} · {as_of}"), TextSize::Body, Ink::Grey)));
        let mut body = vec![(Length::Share(1), sheet(Paper::Card, 14, column(4, card)))];
        if self.is_printed {
            let said = words(around.sentence(around.on_paper.sentence()), TextSize::Strong, Ink::Blue).bold().centred();
            body.push((Length::Needed, said));
        }
        let mut buttons = Vec::new();
        if tally.projects.len() > most {
            let more = button(Touch::More, around.sentence("ballot-more"), Some(Icon::Sentences), Look::Other);
            buttons.push((Length::Share(1), more));
        }
        if around.has_printer {
            let key = if self.is_printed { "filed-print-again" } else { "tally-print" };
            buttons
                .push((Length::Share(1), button(Touch::Print, around.sentence(key), Some(Icon::Paper), Look::Other)));
        }
        if !buttons.is_empty() {
            body.push((Length::Fingers(1, 80), row(20, buttons)));
        }
        page(around, Some(Touch::Back), around.sentence("tally-title"), column(14, body))
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(self.list),
            Touch::More => Next::show(Self { page: self.page + 1, ..self }),
            Touch::Print => match self.tally().cloned() {
                Some(tally) => Next::Print(Sheet::Tally(tally), Self { is_printed: true, ..self }.into()),
                None => Next::show(self),
            },
        }
    }

    fn shows(&self) -> usize {
        self.page
    }
}
