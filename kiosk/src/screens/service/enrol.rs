//! Enrolling the machine: the hub's address, a code of eight characters, and six digits to compare.

use std::time::Duration;

use replica::enrol::CODE_LEN;

use super::{Errand, PATIENCE, abandoned, menu::Menu};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    screens::{Around, Left, Next, Page, edge_to_edge, number_pad::grouped, page},
    service::Enrolling,
    view::{Length, Part, Sentence, button, column, command_key, key, row, sheet, space, words},
};

/// The longest address: a name of the domain system and a port.
const HUB_LEN_MAX: usize = 80;

/// Keys for addresses and codes, row by row.
const KEYS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl:", "zxcvbnm.-"];

/// A machine that is to be enrolled.
#[derive(Clone, Debug, PartialEq)]
pub struct Enrol {
    hub: String,
    code: String,
    /// Whether keys go to the code.
    is_code: bool,
    stands: Enrolling,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to what one can do.
    Back,
    /// Type the address.
    Hub,
    /// Type the code.
    Code,
    /// A letter, a digit or a mark.
    Key(char),
    /// Take one character away.
    Erase,
    /// Call the hub.
    Call,
    /// It is enrolled: to the first screen.
    Home,
}

impl Enrol {
    /// As it stands.
    pub fn new(stands: Enrolling) -> Self {
        Self { hub: String::new(), code: String::new(), is_code: false, stands }
    }

    /// The address that was typed.
    pub fn hub(&self) -> &str {
        &self.hub
    }

    /// The code that was typed.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// It stands elsewhere now.
    pub fn told(&mut self, stands: Enrolling) {
        self.stands = stands;
    }

    fn is_complete(&self) -> bool {
        self.hub.contains(':') && self.code.chars().count() == CODE_LEN
    }

    /// One thing to read, and perhaps one to do.
    fn plain(&self, around: &Around<'_>, text: Part<Touch>, done: Option<Part<Touch>>) -> Part<Touch> {
        let back = done.is_none().then_some(Touch::Back);
        let mut parts = vec![(Length::Share(1), sheet(Paper::Card, 20, text))];
        parts.extend(done.map(|done| (Length::Fingers(1, 110), done)));
        page(around, back, around.sentence("service-enrol"), column(16, parts))
    }

    fn typing(&self, around: &Around<'_>, failed: Option<&'static str>) -> Part<Touch> {
        let field = |touch, key: &str, text: &str, is_now: bool| {
            let look = if is_now { Look::Chosen(Ink::Blue) } else { Look::Choice(Ink::Black) };
            let typed = if text.is_empty() { around.sentence(key).alone() } else { Sentence::of(text, "") };
            button(touch, typed, None, look)
        };
        let code = grouped(&self.code.to_uppercase(), &[4]);
        let hub = field(Touch::Hub, "enrol-hub", &self.hub, !self.is_code);
        let code = field(Touch::Code, "enrol-code", &code, self.is_code);
        let fields = row(8, vec![(Length::Share(3), hub), (Length::Share(2), code)]);
        let mut parts = vec![(Length::Fingers(1, 64), fields), (Length::Share(1), space())];
        for keys in KEYS {
            let mut cells: Vec<_> = keys.chars().map(|face| (Length::Share(1), key(Touch::Key(face), face))).collect();
            if cells.len() < KEYS[0].len() {
                let erase = command_key(Touch::Erase, around.sentence("erase"), Some(Icon::Erase), Look::Other);
                cells.push((Length::Share(1), erase));
            }
            parts.push((Length::Fingers(1, 60), row(0, cells)));
        }
        let note = failed.unwrap_or("enrol-how");
        let paper = if failed.is_some() { Paper::Warm } else { Paper::Ground };
        let note = sheet(paper, 4, words(around.sentence(note).alone(), TextSize::Body, Ink::Black));
        let call = if self.is_complete() { Look::Next } else { Look::Waiting };
        let call = button(Touch::Call, around.sentence("enrol-call").alone(), Some(Icon::Tick), call);
        parts.push((Length::Share(1), space()));
        parts.push((Length::Fingers(1, 84), row(8, vec![(Length::Share(2), note), (Length::Share(1), call)])));
        edge_to_edge(around, Some(Touch::Back), around.sentence("service-enrol"), column(0, parts))
    }
}

impl Page for Enrol {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let say = |sentence| words(sentence, TextSize::Strong, Ink::Black);
        match &self.stands {
            Enrolling::Idle => self.typing(around, None),
            Enrolling::Failed(why) => self.typing(around, Some(why)),
            Enrolling::Calling => self.plain(around, say(around.sentence("enrol-calling")), None),
            Enrolling::Compare(digits) => {
                let text = column(
                    12,
                    vec![
                        (Length::Share(1), say(around.sentence("enrol-compare"))),
                        (
                            Length::Needed,
                            words(grouped(digits, &[3]), TextSize::Huge, Ink::Black).bold().centred().on_one_line(),
                        ),
                    ],
                );
                self.plain(around, text, None)
            }
            Enrolling::Already { name, hub } => {
                let values = [("name", name.clone()), ("hub", hub.clone())];
                self.plain(around, say(around.sentence_with("enrol-already", &values)), None)
            }
            Enrolling::Done(name) => {
                let done = button(Touch::Home, around.sentence("to-home"), Some(Icon::Home), Look::Next);
                let said = around.sentence_with("enrol-done", &[("name", name.clone())]);
                self.plain(around, say(said), Some(done))
            }
        }
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back => return Next::show(Menu),
            Touch::Home => return Next::Leave(Left::Waiting),
            Touch::Hub => self.is_code = false,
            Touch::Code => self.is_code = true,
            Touch::Key(face) if self.is_code && self.code.chars().count() < CODE_LEN => self.code.push(face),
            Touch::Key(face) if !self.is_code && self.hub.len() < HUB_LEN_MAX => self.hub.push(face),
            Touch::Key(_) => {}
            Touch::Erase => {
                let typed = if self.is_code { &mut self.code } else { &mut self.hub };
                typed.pop();
            }
            Touch::Call if self.is_complete() => return Next::Errand(Errand::Enrol(self)),
            Touch::Call => {}
        }
        Next::show(self)
    }

    /// An operator may take as long to approve as the hub waits.
    fn patience(&self) -> Option<Duration> {
        match self.stands {
            Enrolling::Calling | Enrolling::Compare(_) => Some(Duration::from_secs(660)),
            Enrolling::Idle | Enrolling::Already { .. } | Enrolling::Done(_) | Enrolling::Failed(_) => Some(PATIENCE),
        }
    }

    fn unattended(self) -> Next {
        abandoned()
    }
}
