//! What an officer can do here.

use std::time::Duration;

use super::{Errand, PATIENCE, abandoned, switch_off::SwitchOff};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, TextSize},
    },
    screens::{Around, Left, Next, Page, page},
    service::Subject,
    view::{Part, grid, tile},
};

/// It holds nothing: whoever reaches it has shown the PIN.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu;

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Close the service pages.
    Back,
    /// Look at this.
    Show(Subject),
    /// Fit the touch panel.
    Calibrate,
    /// Record sentences.
    Record,
    /// Enrol the machine.
    Enrol,
    /// Carry by stick.
    Carry,
    /// Switch it off.
    SwitchOff,
}

impl Page for Menu {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let one =
            |touch, key: &str, icon| tile(touch, around.sentence(key), icon, Look::Choice(Ink::Blue), TextSize::Strong);
        let tiles = vec![
            one(Touch::Show(Subject::Network), "service-network", Icon::OnRoad),
            one(Touch::Show(Subject::Storage), "service-storage", Icon::Here),
            one(Touch::Show(Subject::Printer), "service-printer", Icon::Paper),
            one(Touch::Show(Subject::LastSync), "service-last-sync", Icon::Received),
            one(Touch::Carry, "service-stick", Icon::Stick),
            one(Touch::Calibrate, "service-touch", Icon::Hand),
            one(Touch::Record, "service-prompts", Icon::Microphone),
            one(Touch::Enrol, "service-enrol", Icon::Governance),
            one(Touch::Show(Subject::Log), "service-log", Icon::Search),
            one(Touch::SwitchOff, "service-off", Icon::Power),
        ];
        page(around, Some(Touch::Back), around.sentence("service-title"), grid(12, [4, 3], 12, tiles))
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::Leave(Left::Waiting),
            Touch::Show(subject) => Next::Errand(Errand::Show(subject)),
            Touch::Calibrate => Next::Errand(Errand::Calibrate),
            Touch::Record => Next::Errand(Errand::Record),
            Touch::Enrol => Next::Errand(Errand::Enrolment),
            Touch::Carry => Next::Errand(Errand::Sticks),
            Touch::SwitchOff => Next::show(SwitchOff::asked()),
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn unattended(self) -> Next {
        abandoned()
    }
}
