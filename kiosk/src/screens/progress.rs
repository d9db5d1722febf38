//! What became of it: what the county says, or how far it has come, or an honest "not known here".

use civic_core::ticket::Ticket;

use super::{Around, Next, Page, Screen, find::Find, home::Home, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{Found, Progress as Said, Stage},
    view::{Length, Part, both, button, column, picture, row, sheet, space, words},
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
        let home = button(Touch::Home, around.both("to-home"), Some(Icon::Home), Look::Next);
        let (content, mut buttons) = match &self.found {
            Found::Unknown => (unknown(around), Vec::new()),
            Found::Filed(stage) => (filed(around, *stage), Vec::new()),
            Found::Slip(said) => {
                let pages = pages(said.answer.as_deref().unwrap_or_default());
                let turn = (pages.len() > 1).then(|| {
                    let turn = around.wording.both(
                        "progress-next-page",
                        &[("page", (self.page % pages.len() + 1).into()), ("pages", pages.len().into())],
                    );
                    (Length::Share(1), button(Touch::NextPage, turn, Some(Icon::Sentences), Look::Other))
                });
                (slip(around, said, pages.get(self.page % pages.len().max(1)).copied()), Vec::from_iter(turn))
            }
        };
        buttons.push((Length::Share(1), home));
        let body = column(14, vec![(Length::Share(1), content), (Length::Fingers(1, 84), row(20, buttons))]);
        let mut title = around.both("progress-title");
        title.zh = format!("{} {}", title.zh, self.ticket);
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
            (Length::Units(60), words(around.zh("unknown-here"), TextSize::Title, Ink::Black).bold()),
            (Length::Units(100), words(around.zh("unknown-why"), TextSize::Strong, Ink::Black).from_top()),
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
        let inside = column(
            4,
            vec![
                (Length::Share(3), picture(icon, picture_ink)),
                (Length::Share(2), both(around.both(key), TextSize::Strong, Ink::Black).centred()),
            ],
        );
        (Length::Share(1), sheet(if present { Paper::Warm } else { Paper::Strip }, 12, inside))
    };
    let way = row(
        16,
        vec![
            station("here", Icon::Here, Stage::Here, Ink::Amber),
            station("on-road", Icon::OnRoad, Stage::OnRoad, Ink::Amber),
            station("received", Icon::Received, Stage::Received, Ink::Green),
        ],
    );
    let sentence = match stage {
        Stage::Here => around.zh("stage-here"),
        Stage::OnRoad => around.zh("stage-on-road"),
        Stage::Received => around.zh("stage-received"),
    };
    column(
        14,
        vec![
            (Length::Share(3), way),
            (Length::Share(2), sheet(Paper::Card, 16, words(sentence, TextSize::Strong, Ink::Black))),
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
                    (Length::Units(134), words(step.at.day_zh(), TextSize::Body, Ink::Blue)),
                    (Length::Share(1), words(step.words.clone(), TextSize::Body, Ink::Black)),
                ],
            );
            (Length::Units(44), line)
        })
        .collect();
    let as_of = around.wording.zh("progress-as-of", &[("day", said.as_of.day_zh().into())]);
    let mut left = vec![(Length::Units(96), words(said.state.clone(), TextSize::Strong, Ink::Green).bold())];
    left.append(&mut steps);
    left.push((Length::Share(1), space()));
    left.push((Length::Units(36), words(as_of, TextSize::Body, Ink::Grey)));
    let (text, ink) = match answer {
        Some(answer) => (answer.to_owned(), Ink::Black),
        None => (around.zh("progress-no-answer"), Ink::Grey),
    };
    let right = vec![
        (Length::Units(44), words(around.zh("progress-answer"), TextSize::Strong, Ink::Red).bold()),
        (Length::Share(1), words(text, TextSize::Title, ink).from_top()),
    ];
    row(
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
