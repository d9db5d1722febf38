//! What became of it: what the county says, or how far it has come, or an honest "not known here".

use civic_core::{ticket::Ticket, time::UnixSeconds};

use super::{
    Around, Next, Page, Screen, find::Find, hear_button, home::Home, page, rate::Rate, reading::reading, speak::Speak,
    take_back::TakeBack, unlock::Unlock,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{About, Draft, Found, Progress as Said, Rest, Stage, Subject, Told},
    view::{Length, Part, Sentence, both, button, column, counter, picture, row, sheet, space, turning, words},
};

/// The last so many steps are shown, in usual letters and in large ones; older ones matter less to the one who asks.
const STEPS_SHOWN: [usize; 2] = [4, 2];

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
    /// Show that it is theirs.
    Unlock,
    /// Say what one thinks of the answer.
    Rate,
    /// 不是这个意思
    Misunderstood,
    /// 补充
    Add,
    /// Take name and number back.
    TakeBack,
    /// Back to the first screen.
    Home,
}

impl Progress {
    /// Shows this.
    pub fn new(ticket: Ticket, found: Found) -> Self {
        Self { ticket, found, page: 0 }
    }

    fn answer_number(&self) -> usize {
        match &self.found {
            Found::Slip(Said { rest: Rest::Told(told), .. }) => told.answer_number,
            Found::Slip(Said { rest: Rest::Nothing | Rest::Sealed, .. })
            | Found::Filed(_)
            | Found::Erased(_)
            | Found::Unknown => 0,
        }
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
            Found::Slip(said) => (slip(around, said, self.page), buttons(around, &said.rest)),
        };
        // What is asked comes before the way out.
        let look = if buttons.is_empty() { Look::Next } else { Look::Other };
        buttons.push(button(Touch::Home, around.sentence("to-home"), Some(Icon::Home), look));
        let mut body = vec![(Length::Share(1), content)];
        // More than two beside each other are narrow for their words; on a broad screen three rows leave the answer no room.
        let is_broad = around.size.width > around.size.height;
        while !buttons.is_empty() {
            let count = if buttons.len() == 3 && body.len() > 1 && is_broad { 3 } else { buttons.len().min(2) };
            let beside = buttons.drain(..count).map(|button| (Length::Share(1), button));
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
            Touch::Unlock => Next::show(Unlock::new(self.ticket)),
            Touch::Rate => Next::show(Rate::new(self.ticket, self.answer_number())),
            Touch::Misunderstood => says(About::Misunderstood(self.ticket)),
            Touch::Add => says(About::Addition(self.ticket)),
            Touch::TakeBack => Next::show(TakeBack { ticket: self.ticket }),
            Touch::Home => Next::Show(Screen::Home(Home)),
        }
    }
}

/// What whoever asks may do about it.
fn buttons(around: &Around<'_>, rest: &Rest) -> Vec<Part<Touch>> {
    let one = |touch, key: &str, icon, look| button(touch, around.sentence(key), Some(icon), look);
    match rest {
        Rest::Nothing => Vec::new(),
        Rest::Sealed => vec![one(Touch::Unlock, "progress-unlock", Icon::Lock, Look::Next)],
        Rest::Told(told) => {
            let rate = one(Touch::Rate, "progress-rate", Icon::Smile, Look::Next);
            let mut buttons = Vec::from_iter(told.may_evaluate.then_some(rate));
            if told.may_add {
                buttons.push(one(Touch::Misunderstood, "subject-misunderstood", Icon::Again, Look::Other));
                buttons.push(one(Touch::Add, "subject-addition", Icon::Plus, Look::Other));
            }
            if told.may_add && told.has_contact {
                buttons.push(one(Touch::TakeBack, "progress-take-back", Icon::NoPhone, Look::Other));
            }
            buttons
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

/// The state, which is for everybody, and beside it what is for the holder, or how one shows that one is.
fn slip(around: &Around<'_>, said: &Said, page: usize) -> Part<Touch> {
    let mut left = vec![(Length::Needed, words(said.state.clone(), TextSize::Strong, Ink::Green).bold())];
    let right = match &said.rest {
        Rest::Nothing => closed(around, "progress-nothing"),
        Rest::Sealed => closed(around, "progress-sealed"),
        Rest::Told(told) => {
            left.extend(steps(around, told));
            answer(around, told, page)
        }
    };
    left.push((Length::Share(1), space()));
    let as_of = around.sentence_with_day("progress-as-of", said.as_of);
    left.push((Length::Needed, words(as_of, TextSize::Body, Ink::Grey)));
    turning(
        16,
        vec![
            (Length::Share(5), sheet(Paper::Card, 16, column(4, left))),
            (Length::Share(6), sheet(Paper::Card, 16, right)),
        ],
    )
}

/// What everybody is told of the answer.
fn closed(around: &Around<'_>, key: &str) -> Part<Touch> {
    counter(
        12,
        vec![
            (Length::Share(1), picture(Icon::Lock, Ink::Blue)),
            (Length::Share(2), words(around.sentence(key), TextSize::Strong, Ink::Black)),
        ],
    )
}

fn steps(around: &Around<'_>, told: &Told) -> Vec<(Length, Part<Touch>)> {
    let most = around.settings.letters.of(STEPS_SHOWN);
    let passed_over = told.steps.len().saturating_sub(most);
    let step = |(place, at, said): (usize, UnixSeconds, &str)| {
        // That there was more before is seen.
        let before = if place > 0 && place == passed_over { "… " } else { "" };
        let line = row(
            10,
            vec![
                (Length::Share(1), words(around.day(at), TextSize::Body, Ink::Blue)),
                (Length::Share(2), words(format!("{before}{said}"), TextSize::Body, Ink::Black)),
            ],
        );
        (Length::Needed, line)
    };
    let topic = (!told.topic.is_empty()).then(|| {
        let topic = around.subject(&Subject::Topic(told.topic.clone())).1;
        (Length::Needed, words(topic, TextSize::Strong, Ink::Red).bold())
    });
    let shown = told.steps.iter().enumerate().skip(passed_over);
    topic.into_iter().chain(shown.map(|(place, said)| step((place, said.at, &said.words)))).collect()
}

fn answer(around: &Around<'_>, told: &Told, page: usize) -> Part<Touch> {
    let (text, turn) = match &told.answer {
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
    column(8, right)
}
