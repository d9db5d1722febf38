//! What became of it: what the county says, or how far it has come, or an honest "not known here".

use civic_core::ticket::Ticket;

use super::{Around, Next, Page, Screen, find::Find, hear_button, home::Home, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{Found, Progress as Said, Stage},
    view::{Length, Part, Sentence, both, button, column, counter, picture, row, sheet, space, turning, words},
};

/// Characters of an answer that one page holds at a size that can be read on the smallest screen.
const ANSWER_PAGE: usize = 130;

/// The last so many steps are shown; older ones matter less to the one who asks.
const STEPS_SHOWN: usize = 4;

/// What is known about one ticket.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    ticket: Ticket,
    found: Found,
    page: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Another number.
    Back,
    /// The next page of the answer; after the last comes the first.
    NextPage,
    /// Back to the first screen.
    Home,
}

impl Progress {
    /// Shows this.
    pub fn new(ticket: Ticket, found: Found) -> Self {
        Self { ticket, found, page: 0 }
    }
}

impl Page for Progress {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let home = button(Touch::Home, around.sentence("to-home"), Some(Icon::Home), Look::Next);
        let (content, mut buttons) = match &self.found {
            Found::Unknown => (unknown(around), Vec::new()),
            Found::Filed(stage) => (filed(around, *stage), Vec::new()),
            Found::Slip(said) => {
                let pages = pages(said.answer.as_deref().unwrap_or_default());
                let turn = (pages.len() > 1).then(|| {
                    let turn = around.sentence_with(
                        "progress-next-page",
                        &[("page", (self.page % pages.len() + 1).to_string()), ("pages", pages.len().to_string())],
                    );
                    (Length::Share(1), button(Touch::NextPage, turn, Some(Icon::Sentences), Look::Other))
                });
                (slip(around, said, pages.get(self.page % pages.len().max(1)).copied()), Vec::from_iter(turn))
            }
        };
        buttons.extend(hear_button(around).map(|hear| (Length::Share(1), hear)));
        buttons.push((Length::Share(1), home));
        let body = column(14, vec![(Length::Share(1), content), (Length::Fingers(1, 84), row(20, buttons))]);
        let mut title = around.sentence("progress-title");
        title.first = format!("{} {}", title.first, self.ticket);
        title.spoken.values.push(self.ticket.to_string());
        page(around, Some(Touch::Back), title, body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Find::default()),
            Touch::NextPage => Next::show(Self { page: self.page + 1, ..self }),
            Touch::Home => Next::Show(Screen::Home(Home)),
        }
    }
}

fn unknown(around: &Around<'_>) -> Part<Touch> {
    let said = column(
        10,
        vec![
            (Length::Share(1), space()),
            (Length::Needed, words(around.sentence("unknown-here"), TextSize::Title, Ink::Black).bold()),
            (Length::Needed, words(around.sentence("unknown-why"), TextSize::Strong, Ink::Black)),
            (Length::Share(1), space()),
        ],
    );
    sheet(
        Paper::Card,
        24,
        row(28, vec![(Length::Units(130), picture(Icon::Search, Ink::Blue)), (Length::Share(1), said)]),
    )
}

/// The three stations of the way, the present one in colour.
fn filed(around: &Around<'_>, stage: Stage) -> Part<Touch> {
    let station = |key: &str, icon: Icon, of: Stage, ink: Ink| {
        let present = of == stage;
        let picture_ink = if present { ink } else { Ink::Grey };
        let inside = counter(
            4,
            vec![
                (Length::Share(3), picture(icon, picture_ink)),
                (Length::Share(2), both(around.sentence(key), TextSize::Strong, Ink::Black).centred()),
            ],
        );
        (Length::Share(1), sheet(if present { Paper::Warm } else { Paper::Strip }, 12, inside))
    };
    let way = turning(
        16,
        vec![
            station("here", Icon::Here, Stage::Here, Ink::Amber),
            station("on-road", Icon::OnRoad, Stage::OnRoad, Ink::Amber),
            station("received", Icon::Received, Stage::Received, Ink::Green),
        ],
    );
    let sentence = match stage {
        Stage::Here => around.sentence("stage-here"),
        Stage::OnRoad => around.sentence("stage-on-road"),
        Stage::Received => around.sentence("stage-received"),
    };
    column(
        14,
        vec![
            (Length::Share(3), way),
            (Length::Needed, sheet(Paper::Card, 16, words(sentence, TextSize::Strong, Ink::Black))),
        ],
    )
}

fn slip(around: &Around<'_>, said: &Said, answer: Option<&str>) -> Part<Touch> {
    let mut steps: Vec<(Length, Part<Touch>)> = said
        .steps
        .iter()
        .skip(said.steps.len().saturating_sub(STEPS_SHOWN))
        .map(|step| {
            let line = row(
                10,
                vec![
                    (Length::Share(1), words(around.day(step.at), TextSize::Body, Ink::Blue)),
                    (Length::Share(2), words(step.words.clone(), TextSize::Body, Ink::Black)),
                ],
            );
            (Length::Needed, line)
        })
        .collect();
    let as_of = around.sentence_with_day("progress-as-of", said.as_of);
    let mut left = vec![(Length::Needed, words(said.state.clone(), TextSize::Strong, Ink::Green).bold())];
    left.append(&mut steps);
    left.push((Length::Share(1), space()));
    left.push((Length::Needed, words(as_of, TextSize::Body, Ink::Grey)));
    let (text, ink) = match answer {
        // However many pages it has, it is heard whole.
        Some(page) => {
            (Sentence { first: page.to_owned(), ..said.answer.clone().unwrap_or_default().into() }, Ink::Black)
        }
        None => (around.sentence("progress-no-answer"), Ink::Grey),
    };
    let right = vec![
        (Length::Needed, words(around.sentence("progress-answer"), TextSize::Strong, Ink::Red).bold()),
        (Length::Share(1), words(text, TextSize::Title, ink).from_top()),
    ];
    turning(
        16,
        vec![
            (Length::Share(5), sheet(Paper::Card, 16, column(4, left))),
            (Length::Share(6), sheet(Paper::Card, 16, column(8, right))),
        ],
    )
}

/// An answer in pages, broken after a mark where there is one.
fn pages(answer: &str) -> Vec<&str> {
    let mut pages = Vec::new();
    let mut rest = answer;
    while let Some((end, _)) = rest.char_indices().nth(ANSWER_PAGE) {
        let mark = rest[..end].rfind(['。', '；', '！', '？', '，', '\n']);
        let cut = mark.map_or(end, |mark| mark + rest[mark..].chars().next().map_or(0, char::len_utf8));
        pages.push(&rest[..cut]);
        rest = &rest[cut..];
    }
    if !rest.is_empty() {
        pages.push(rest);
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_paged_after_its_marks_and_nothing_is_lost() {
        let answer = "已经派人看过，下周开工。".repeat(30);
        let pages = pages(&answer);
        assert_eq!(pages.concat(), answer);
        assert!(pages.iter().all(|page| page.chars().count() <= ANSWER_PAGE && page.ends_with(['。', '，'])));
    }

    #[test]
    fn an_answer_without_marks_is_paged_too() {
        let answer = "好".repeat(400);
        assert_eq!(pages(&answer).concat(), answer);
        assert_eq!(pages("").len(), 0);
    }
}
