//! Carrying by stick: which one is in, what is written onto it or read from it, and when it may be pulled out.

use std::time::Duration;

use super::{Errand, PATIENCE, abandoned, menu::Menu};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    screens::{Around, Next, Page, page},
    service::{Carrying, Stick, Way},
    view::{Length, Part, Sentence, button, column, row, sheet, tile, words},
};

/// The sticks that are in, and where carrying stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Carry {
    sticks: Vec<Stick>,
    /// Which of them is meant.
    at: usize,
    stands: Carrying,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to what one can do.
    Back,
    /// Look for sticks again.
    Look,
    /// The next stick is meant.
    Other,
    /// Carry it this way.
    Carry(Way),
}

impl Carry {
    /// These sticks are in.
    pub fn new(sticks: Vec<Stick>) -> Self {
        Self { sticks, at: 0, stands: Carrying::Idle }
    }

    /// The stick that is meant.
    pub fn stick(&self) -> Option<&Stick> {
        self.sticks.get(self.at)
    }

    /// It stands elsewhere now.
    pub fn told(&mut self, stands: Carrying) {
        self.stands = stands;
    }

    /// What is said above the stick, and whether it needs care.
    fn said(&self, around: &Around<'_>) -> (Sentence, Paper) {
        match self.stands {
            Carrying::Idle if self.sticks.is_empty() => (around.sentence("carry-none"), Paper::Warm),
            Carrying::Idle => (around.sentence("carry-how"), Paper::Card),
            Carrying::Working => (around.sentence("carry-working"), Paper::Warm),
            Carrying::Written { bytes } => {
                let kib = bytes.div_ceil(1_024).to_string();
                (around.sentence_with("carry-written", &[("kib", kib)]), Paper::Card)
            }
            Carrying::Read { entries, receipts, passed_over: 0 } => {
                let values = [("entries", entries.to_string()), ("receipts", receipts.to_string())];
                (around.sentence_with("carry-read", &values), Paper::Card)
            }
            Carrying::Read { entries, receipts: _, passed_over } => {
                let values = [("entries", entries.to_string()), ("parts", passed_over.to_string())];
                (around.sentence_with("carry-read-some", &values), Paper::Warm)
            }
            Carrying::Failed(why) => (around.sentence(why), Paper::Warm),
        }
    }

    /// The stick by the name of its place, with the room on it.
    fn named(&self, around: &Around<'_>, stick: &Stick) -> Sentence {
        let name = stick.directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let free = stick.free_mib.map_or("?".to_owned(), |free| free.to_string());
        around.sentence_with("carry-stick", &[("name", name), ("free", free)])
    }
}

impl Page for Carry {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let (said, paper) = self.said(around);
        let mut parts = vec![(Length::Share(1), sheet(paper, 16, words(said, TextSize::Strong, Ink::Black)))];
        let look = button(Touch::Look, around.sentence("carry-look").alone(), Some(Icon::Again), Look::Other);
        match self.stick() {
            // While it is written nothing is offered that could be taken for a sign to pull it out.
            Some(_) if self.stands == Carrying::Working => {}
            Some(stick) => {
                let name = words(self.named(around, stick).alone(), TextSize::Strong, Ink::Black).bold();
                let mut line = vec![(Length::Share(1), name), (Length::Share(1), look)];
                if self.sticks.len() > 1 {
                    let other = around.sentence("carry-other").alone();
                    line.push((Length::Share(1), button(Touch::Other, other, Some(Icon::Forward), Look::Other)));
                }
                parts.push((Length::Fingers(1, 72), row(12, line)));
                let way = |way, key: &str, icon| {
                    let words = around.sentence(key);
                    let look = Look::Choice(Ink::Blue);
                    (Length::Share(1), tile(Touch::Carry(way), words, icon, look, TextSize::Strong))
                };
                let ways = vec![way(Way::Out, "carry-out", Icon::Up), way(Way::Home, "carry-home", Icon::Down)];
                parts.push((Length::Share(1), row(20, ways)));
            }
            None => parts.push((Length::Fingers(1, 110), look)),
        }
        let back = (self.stands != Carrying::Working).then_some(Touch::Back);
        page(around, back, around.sentence("service-stick"), column(12, parts))
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Menu),
            Touch::Look => Next::Errand(Errand::Sticks),
            Touch::Other => {
                let at = (self.at + 1) % self.sticks.len().max(1);
                Next::show(Self { at, stands: Carrying::Idle, ..self })
            }
            Touch::Carry(way) => Next::Errand(Errand::Carry(self, way)),
        }
    }

    /// A slow stick takes its time, and must stay in as long.
    fn patience(&self) -> Option<Duration> {
        match self.stands {
            Carrying::Working => Some(Duration::from_secs(1_800)),
            Carrying::Idle | Carrying::Written { .. } | Carrying::Read { .. } | Carrying::Failed(_) => Some(PATIENCE),
        }
    }

    fn unattended(self) -> Next {
        abandoned()
    }

    fn shows(&self) -> usize {
        match self.stands {
            Carrying::Idle => 0,
            Carrying::Working => 1,
            Carrying::Written { .. } => 2,
            Carrying::Read { .. } => 3,
            Carrying::Failed(_) => 4,
        }
    }
}
