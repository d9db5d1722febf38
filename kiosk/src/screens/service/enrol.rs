//! Enrolling the machine: over the network, by stick or with a deputy's phone; a code of eight characters, typed or scanned,
//! and six digits to compare.

use std::time::Duration;

use replica::enrol::{CODE_LEN, Invitation};

use super::{Errand, PATIENCE, abandoned, menu::Menu};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    screens::{Around, Left, Next, Page, edge_to_edge, number_pad::grouped, page},
    service::{Asks, Enrolling, Letter},
    view::{Length, Part, Sentence, button, column, command_key, key, row, sheet, space, tile, turning, words},
};

/// The longest address: a name of the domain system and a port.
const ADDRESS_LEN_MAX: usize = 80;

/// Keys for addresses and codes, row by row.
const KEYS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl:", "zxcvbnm.-"];

/// A machine that is to be enrolled.
#[derive(Clone, Debug, PartialEq)]
pub struct Enrol {
    /// By which road, once somebody said.
    road: Option<Road>,
    /// The address of the hub, or of the phone.
    address: String,
    code: String,
    /// The mark of the county's authority, from a scan.
    pin: Option<String>,
    /// Whether keys go to the code.
    is_code: bool,
    stands: Enrolling,
}

/// By which road the county is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// The hub is called.
    Network,
    /// A letter goes on a stick.
    Stick,
    /// A letter goes with a deputy's phone.
    Phone,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the roads, or to what one can do.
    Back,
    /// By this road.
    By(Road),
    /// Type the address.
    Address,
    /// Type the code.
    Code,
    /// A letter, a digit or a mark.
    Key(char),
    /// Take one character away.
    Erase,
    /// Ask the county.
    Call,
    /// Look whether the answer is on the stick.
    Look,
    /// Ask anew, with another code.
    Anew,
    /// It is enrolled: to the first screen.
    Home,
}

impl Road {
    /// Keys of the sentences: what is to be done, and what the button says.
    fn says(self) -> [&'static str; 2] {
        match self {
            Road::Network => ["enrol-how", "enrol-call"],
            Road::Stick => ["letter-stick-how", "letter-stick-go"],
            Road::Phone => ["letter-phone-how", "letter-phone-go"],
        }
    }
}

impl Enrol {
    /// As it stands.
    pub fn new(stands: Enrolling) -> Self {
        Self { road: None, address: String::new(), code: String::new(), pin: None, is_code: false, stands }
    }

    /// What the county is to be asked, if everything for it was typed.
    pub fn asks(&self) -> Option<Asks> {
        let has_code = self.code.chars().count() == CODE_LEN;
        let (code, has_address) = (self.code.clone(), self.address.contains(':'));
        match self.road? {
            Road::Network if has_code && has_address => {
                Some(Asks::Hub(Invitation { pin: self.pin.clone(), ..Invitation::typed(&self.address, &code) }))
            }
            Road::Stick if has_code => Some(Asks::Stick(Some(code))),
            Road::Phone if has_code && has_address => Some(Asks::Phone { at: self.address.clone(), code }),
            Road::Network | Road::Stick | Road::Phone => None,
        }
    }

    /// It stands elsewhere now.
    pub fn told(&mut self, stands: Enrolling) {
        self.stands = stands;
    }

    /// A code was held under the scanner: the invitation of the hub says everything.
    pub fn scanned(&mut self, text: &str) {
        if !matches!(self.stands, Enrolling::Idle | Enrolling::Failed(_)) {
            return;
        }
        let Some(Invitation { hub, code, pin }) = Invitation::scanned(text) else {
            self.stands = Enrolling::Failed("enrol-no-invitation");
            return;
        };
        self.stands = Enrolling::Idle;
        match self.road {
            // Where there is no network the hub's address is of no use, and its code all the same.
            Some(Road::Stick | Road::Phone) => (self.code, self.is_code) = (code, true),
            Some(Road::Network) | None => {
                *self =
                    Self { road: Some(Road::Network), address: hub, code, pin, is_code: true, stands: Enrolling::Idle };
            }
        }
    }

    fn by(self, road: Road) -> Self {
        let address = if self.road == Some(road) { self.address } else { String::new() };
        Self { road: Some(road), address, pin: None, is_code: road == Road::Stick, stands: Enrolling::Idle, ..self }
    }

    /// Where keys go.
    fn typed(&mut self) -> &mut String {
        if self.is_code {
            // The mark belongs to the code that was scanned.
            self.pin = None;
            return &mut self.code;
        }
        &mut self.address
    }

    fn press(&mut self, face: char) {
        let max = if self.is_code { CODE_LEN } else { ADDRESS_LEN_MAX };
        let typed = self.typed();
        if typed.len() < max {
            typed.push(face);
        }
    }

    /// One thing to read, and what can be done.
    fn plain(
        &self,
        around: &Around<'_>,
        back: Option<Touch>,
        text: Part<Touch>,
        done: Option<Part<Touch>>,
    ) -> Part<Touch> {
        let mut parts = vec![(Length::Share(1), sheet(Paper::Card, 20, text))];
        parts.extend(done.map(|done| (Length::Fingers(1, 110), done)));
        page(around, back, around.sentence("service-enrol"), column(16, parts))
    }

    fn roads(&self, around: &Around<'_>, failed: Option<&'static str>) -> Part<Touch> {
        let (said, paper) = match failed {
            Some(why) => (around.sentence(why), Paper::Warm),
            None => (around.sentence("enrol-roads"), Paper::Ground),
        };
        let one = |road, key: &str, icon| {
            let look = Look::Choice(Ink::Blue);
            (Length::Share(1), tile(Touch::By(road), around.sentence(key), icon, look, TextSize::Strong))
        };
        let roads = vec![
            one(Road::Network, "enrol-network", Icon::Received),
            one(Road::Stick, "enrol-stick", Icon::Stick),
            one(Road::Phone, "enrol-phone", Icon::Person),
        ];
        let said = sheet(paper, 12, words(said, TextSize::Strong, Ink::Black));
        let body = column(16, vec![(Length::Needed, said), (Length::Share(1), turning(16, roads))]);
        page(around, Some(Touch::Back), around.sentence("service-enrol"), body)
    }

    fn typing(&self, around: &Around<'_>, road: Road, failed: Option<&'static str>) -> Part<Touch> {
        let field = |touch, key: &str, text: &str, is_now: bool| {
            let look = if is_now { Look::Chosen(Ink::Blue) } else { Look::Choice(Ink::Black) };
            let typed = if text.is_empty() { around.sentence(key).alone() } else { Sentence::of(text, "") };
            button(touch, typed, None, look)
        };
        let code = grouped(&self.code.to_uppercase(), &[4]);
        let address = match road {
            Road::Network => Some("enrol-hub"),
            Road::Phone => Some("letter-phone-address"),
            Road::Stick => None,
        };
        let address = address.map(|key| field(Touch::Address, key, &self.address, !self.is_code));
        let mut fields: Vec<_> = address.map(|address| (Length::Share(3), address)).into_iter().collect();
        fields.push((Length::Share(2), field(Touch::Code, "enrol-code", &code, self.is_code)));
        // The keys reach both edges; nothing else does.
        let inset = |parts: Vec<_>| sheet(Paper::Ground, 12, row(12, parts));
        let mut parts = vec![(Length::Fingers(1, 100), inset(fields)), (Length::Share(1), space())];
        for keys in KEYS {
            let mut cells: Vec<_> = keys.chars().map(|face| (Length::Share(1), key(Touch::Key(face), face))).collect();
            if cells.len() < KEYS[0].len() {
                let erase = command_key(Touch::Erase, around.sentence("erase"), Some(Icon::Erase), Look::Other);
                cells.push((Length::Share(1), erase));
            }
            parts.push((Length::Fingers(1, 60), row(0, cells)));
        }
        let [how, go] = road.says();
        let how = if self.pin.is_some() { "enrol-scanned" } else { how };
        let paper = if failed.is_some() { Paper::Warm } else { Paper::Ground };
        let note = around.sentence(failed.unwrap_or(how)).alone();
        let note = sheet(paper, 8, words(note, TextSize::Body, Ink::Black));
        let call = if self.asks().is_some() { Look::Next } else { Look::Waiting };
        let call = button(Touch::Call, around.sentence(go).alone(), Some(Icon::Tick), call);
        parts.push((Length::Share(1), space()));
        parts.push((Length::Fingers(1, 116), inset(vec![(Length::Share(2), note), (Length::Share(1), call)])));
        edge_to_edge(around, Some(Touch::Back), around.sentence("service-enrol"), column(0, parts))
    }

    /// Nothing was asked, or it failed: what is to be typed, or by which road.
    fn open(&self, around: &Around<'_>, failed: Option<&'static str>) -> Part<Touch> {
        self.road.map_or_else(|| self.roads(around, failed), |road| self.typing(around, road, failed))
    }

    /// The county was asked by letter.
    fn asked(&self, around: &Around<'_>, digits: &str, letter: &Letter) -> Part<Touch> {
        let said = match letter {
            Letter::Given => around.sentence("letter-given"),
            Letter::Written => around.sentence("letter-written"),
            Letter::WithPhone(carrier) => around.sentence_with("letter-with-phone", &[("name", carrier.clone())]),
            Letter::Unanswered => around.sentence("letter-unanswered"),
            Letter::Missed(why) => around.sentence(why),
        };
        let one = |touch, key: &str, icon, look| {
            (Length::Share(1), button(touch, around.sentence(key).alone(), Some(icon), look))
        };
        let ways = vec![
            one(Touch::Look, "letter-look", Icon::Stick, Look::Next),
            one(Touch::By(Road::Phone), "letter-phone-came", Icon::Person, Look::Other),
            one(Touch::Anew, "letter-anew", Icon::Again, Look::Other),
        ];
        self.plain(around, Some(Touch::Back), compared(said, digits), Some(row(12, ways)))
    }
}

/// Something to read, and the six digits that both sides compare.
fn compared(said: Sentence, digits: &str) -> Part<Touch> {
    let digits = words(grouped(digits, &[3]), TextSize::Huge, Ink::Black).bold().centred().on_one_line();
    column(12, vec![(Length::Share(1), words(said, TextSize::Strong, Ink::Black)), (Length::Needed, digits)])
}

impl Page for Enrol {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let back = Some(Touch::Back);
        let say = |sentence| words(sentence, TextSize::Strong, Ink::Black);
        match &self.stands {
            Enrolling::Idle => self.open(around, None),
            Enrolling::Failed(why) => self.open(around, Some(why)),
            Enrolling::Calling => self.plain(around, back, say(around.sentence("enrol-calling")), None),
            // While it is written nothing is offered that could be taken for a sign to pull it out.
            Enrolling::OnStick => self.plain(around, None, say(around.sentence("carry-working")), None),
            Enrolling::Compare(digits) => {
                self.plain(around, back, compared(around.sentence("enrol-compare"), digits), None)
            }
            Enrolling::Asked(digits, letter) => self.asked(around, digits, letter),
            Enrolling::Already { name, hub } => {
                let values = [("name", name.clone()), ("hub", hub.clone())];
                self.plain(around, back, say(around.sentence_with("enrol-already", &values)), None)
            }
            Enrolling::Done(name) => {
                let done = button(Touch::Home, around.sentence("to-home"), Some(Icon::Home), Look::Next);
                let said = around.sentence_with("enrol-done", &[("name", name.clone())]);
                self.plain(around, None, say(said), Some(done))
            }
        }
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back => match self.stands {
                Enrolling::Idle | Enrolling::Failed(_) if self.road.is_some() => {
                    (self.road, self.stands) = (None, Enrolling::Idle);
                }
                Enrolling::Idle
                | Enrolling::Failed(_)
                | Enrolling::Already { .. }
                | Enrolling::Calling
                | Enrolling::OnStick
                | Enrolling::Compare(_)
                | Enrolling::Asked(..)
                | Enrolling::Done(_) => return Next::show(Menu),
            },
            Touch::Home => return Next::Leave(Left::Waiting),
            Touch::By(road) => self = self.by(road),
            Touch::Address => self.is_code = false,
            Touch::Code => self.is_code = true,
            Touch::Key(face) => self.press(face),
            Touch::Erase => {
                self.typed().pop();
            }
            Touch::Call => {
                if let Some(asks) = self.asks() {
                    return Next::Errand(Errand::Enrol(self, asks));
                }
            }
            Touch::Look => return Next::Errand(Errand::Enrol(self, Asks::Stick(None))),
            Touch::Anew => self = Self::new(Enrolling::Idle),
        }
        Next::show(self)
    }

    /// An operator may take as long to approve as the hub waits, and a slow stick must stay in.
    fn patience(&self) -> Option<Duration> {
        match self.stands {
            Enrolling::Calling | Enrolling::OnStick | Enrolling::Compare(_) => Some(Duration::from_secs(660)),
            Enrolling::Idle
            | Enrolling::Already { .. }
            | Enrolling::Asked(..)
            | Enrolling::Done(_)
            | Enrolling::Failed(_) => Some(PATIENCE),
        }
    }

    fn unattended(self) -> Next {
        abandoned()
    }

    fn shows(&self) -> usize {
        match self.stands {
            Enrolling::Idle | Enrolling::Failed(_) => usize::from(self.road.is_some()),
            Enrolling::Calling => 2,
            Enrolling::OnStick => 3,
            Enrolling::Compare(_) => 4,
            Enrolling::Asked(..) => 5,
            Enrolling::Already { .. } => 6,
            Enrolling::Done(_) => 7,
        }
    }
}
