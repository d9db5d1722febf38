//! How something of the machine is, line by line.

use std::time::Duration;

use super::{Errand, PATIENCE, abandoned, menu::Menu};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    printing::Sheet,
    screens::{Around, Next, Page, page, page_of},
    service::{Fact, Subject, Value},
    view::{Length, Part, Sentence, button, column, row, sheet, space, words},
};

/// Lines of one page.
const LINES: usize = 5;

/// What was told when it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    title: &'static str,
    /// What is asked for again; `None` for what does not change.
    subject: Option<Subject>,
    facts: Vec<Fact>,
    page: usize,
    /// A test slip was asked for here.
    is_tested: bool,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to what one can do.
    Back,
    /// Ask again.
    Again,
    /// The next lines.
    More,
    /// Print a test slip.
    PrintTest,
}

impl Facts {
    /// This is how it is.
    pub fn new(subject: Subject, facts: Vec<Fact>) -> Self {
        let title = match subject {
            Subject::Network => "service-network",
            Subject::Storage => "service-storage",
            Subject::Printer => "service-printer",
            Subject::LastSync => "service-last-sync",
            Subject::Log => "service-log",
        };
        Self { title, subject: Some(subject), facts, page: 0, is_tested: false }
    }

    /// There is no panel to fit.
    pub fn without_panel() -> Self {
        Self::only("service-touch", "touch-no-panel")
    }

    /// What was changed could not be kept.
    pub fn not_kept() -> Self {
        Self::only("service-touch", "service-not-kept")
    }

    fn only(title: &'static str, sentence: &'static str) -> Self {
        let facts = vec![Fact { what: "", is: Value::Sentence(sentence) }];
        Self { title, subject: None, facts, page: 0, is_tested: false }
    }
}

impl Page for Facts {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let mut lines: Vec<_> = page_of(&self.facts, self.page, LINES)
            .iter()
            .map(|fact| (Length::Needed, card(line(around, fact))))
            .collect();
        if self.is_tested {
            let fact = Fact { what: "", is: Value::Sentence(around.on_paper.sentence()) };
            lines.push((Length::Needed, card(line(around, &fact))));
        }
        lines.push((Length::Share(1), space()));
        let mut below = Vec::new();
        if self.subject == Some(Subject::Printer) {
            let test = around.sentence("printer-test").alone();
            below.push((Length::Share(1), button(Touch::PrintTest, test, Some(Icon::Sentences), Look::Other)));
        }
        if self.subject.is_some() {
            let again = button(Touch::Again, around.sentence("service-again").alone(), Some(Icon::Again), Look::Other);
            below.push((Length::Share(1), again));
        }
        if self.facts.len() > LINES {
            let more = button(Touch::More, around.sentence("service-more").alone(), Some(Icon::Forward), Look::Other);
            below.push((Length::Share(1), more));
        }
        if !below.is_empty() {
            lines.push((Length::Fingers(1, 72), row(12, below)));
        }
        page(around, Some(Touch::Back), around.sentence(self.title), column(8, lines))
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Menu),
            Touch::Again => match self.subject {
                Some(subject) => Next::Errand(Errand::Show(subject)),
                None => Next::show(self),
            },
            Touch::More => {
                self.page += 1;
                Next::show(self)
            }
            Touch::PrintTest => {
                self.is_tested = true;
                Next::Print(Sheet::Test, self.into())
            }
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn unattended(self) -> Next {
        abandoned()
    }

    fn shows(&self) -> usize {
        self.page
    }
}

/// Wider at its sides: its corners are round.
fn card(line: Part<Touch>) -> Part<Touch> {
    let inside = vec![(Length::Units(8), space()), (Length::Share(1), line), (Length::Units(8), space())];
    sheet(Paper::Card, 8, row(0, inside))
}

/// What it is at the left, how it is at the right; alone where it says no more.
fn line(around: &Around<'_>, fact: &Fact) -> Part<Touch> {
    let is: Sentence = match &fact.is {
        Value::Plain(text) => text.clone().into(),
        Value::Sentence(key) => around.sentence(key),
        Value::Day(day) => around.day(*day).into(),
    };
    if fact.what.is_empty() {
        let size = if matches!(fact.is, Value::Plain(_)) { TextSize::Small } else { TextSize::Strong };
        return words(is, size, Ink::Black);
    }
    row(
        12,
        vec![
            (Length::Share(2), words(around.sentence(fact.what).alone(), TextSize::Body, Ink::Grey)),
            (Length::Share(3), words(is.alone(), TextSize::Body, Ink::Black).bold()),
        ],
    )
}
