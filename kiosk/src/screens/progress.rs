//! What became of it: what the county says, or how far it has come, or an honest "not known here".

use civic_core::ticket::Ticket;

use super::{
    Around, Next, Page, Screen, find::Find, hear_button, home::Home, page, rate::Rate, reading::reading, speak::Speak,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{About, Draft, Found, Progress as Said, Stage},
    view::{Length, Part, Sentence, both, button, column, counter, picture, row, sheet, space, turning, words},
};

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
    /// Say what one thinks of the answer.
    Rate,
    /// 不是这个意思
    Misunderstood,
    /// 补充
    Add,
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
        let (content, mut buttons) = match &self.found {
            Found::Unknown => {
                let (said, why) = (around.sentence("unknown-here"), around.sentence("unknown-why"));
                (nothing(Icon::Search, said, why), Vec::new())
            }
            Found::Erased(day) => {
                let (said, why) = (around.sentence("erased-here"), around.sentence_with_day("erased-why", *day));
                (nothing(Icon::Bin, said, why), Vec::new())
            }
            Found::Filed(stage) => (filed(around, *stage), Vec::new()),
            Found::Slip(said) => {
                let rate = || button(Touch::Rate, around.sentence("progress-rate"), Some(Icon::Smile), Look::Next);
                let mut buttons = Vec::from_iter(said.may_evaluate.then(rate));
                if said.may_add {
                    let more = |touch, key: &str, icon| button(touch, around.sentence(key), Some(icon), Look::Other);
                    buttons.push(more(Touch::Misunderstood, "subject-misunderstood", Icon::Again));
                    buttons.push(more(Touch::Add, "subject-addition", Icon::Plus));
                }
                (slip(around, said, self.page), buttons)
            }
        };
        // What is asked comes before the way out.
        let look = if buttons.is_empty() { Look::Next } else { Look::Other };
        buttons.push(button(Touch::Home, around.sentence("to-home"), Some(Icon::Home), look));
        let mut body = vec![(Length::Share(1), content)];
        // More than two beside each other are too narrow for their words.
        while !buttons.is_empty() {
            let beside = buttons.drain(..buttons.len().min(2)).map(|button| (Length::Share(1), button));
            body.push((Length::Fingers(1, 76), row(16, beside.collect())));
        }
        let body = column(12, body);
        let mut title = around.sentence("progress-title");
        title.first = format!("{} {}", title.first, self.ticket);
        title.spoken.values.push(self.ticket.to_string());
        page(around, Some(Touch::Back), title, body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Find::default()),
            Touch::NextPage => Next::show(Self { page: self.page + 1, ..self }),
            Touch::Rate => Next::show(Rate::new(self.ticket)),
            Touch::Misunderstood => says(About::Misunderstood(self.ticket)),
            Touch::Add => says(About::Addition(self.ticket)),
            Touch::Home => Next::Show(Screen::Home(Home)),
        }
    }
}

fn says(about: About) -> Next {
    Next::show(Speak::new(Draft { about, ..Draft::default() }))
}

/// That there is nothing to show, and why.
fn nothing(icon: Icon, said: Sentence, why: Sentence) -> Part<Touch> {
    let said = column(
        10,
        vec![
            (Length::Share(1), space()),
            (Length::Needed, words(said, TextSize::Title, Ink::Black).bold()),
            (Length::Needed, words(why, TextSize::Strong, Ink::Black)),
            (Length::Share(1), space()),
        ],
    );
    sheet(Paper::Card, 24, row(28, vec![(Length::Units(130), picture(icon, Ink::Blue)), (Length::Share(1), said)]))
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

fn slip(around: &Around<'_>, said: &Said, page: usize) -> Part<Touch> {
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
    let (text, turn) = match &said.answer {
        Some(answer) => reading(around, answer, page, Touch::NextPage),
        None => (words(around.sentence("progress-no-answer"), TextSize::Title, Ink::Grey).from_top(), None),
    };
    let heading = words(around.sentence("progress-answer"), TextSize::Strong, Ink::Red).bold();
    let heading = match hear_button(around) {
        Some(hear) => {
            let beside = row(12, vec![(Length::Share(1), heading), (Length::Share(1), hear)]);
            (Length::Fingers(1, 60), beside)
        }
        None => (Length::Needed, heading),
    };
    let mut right = vec![heading, (Length::Share(1), text)];
    right.extend(turn.map(|turn| (Length::Needed, turn)));
    turning(
        16,
        vec![
            (Length::Share(5), sheet(Paper::Card, 16, column(4, left))),
            (Length::Share(6), sheet(Paper::Card, 16, column(8, right))),
        ],
    )
}
