//! The service screens: what they ask of [`Service`], and what comes up then.

pub mod calibrate;
pub mod carry;
pub mod enrol;
pub mod facts;
pub mod fitted;
pub mod menu;
pub mod pin;
pub mod recorder;
pub mod switch_off;

use std::time::{Duration, Instant};

use super::{Left, Next, Screen};
use crate::service::{Answer, Asks, Fitting, Service, Subject, Way};

use self::{
    calibrate::Calibrate, carry::Carry, enrol::Enrol, facts::Facts, fitted::Fitted, menu::Menu, pin::Pin,
    recorder::Recorder, switch_off::SwitchOff,
};

/// How long a service screen waits before it closes: whoever went away must not leave it open to the next.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Something that a service screen wants done before the next comes up.
#[derive(Clone, Debug, PartialEq)]
pub enum Errand {
    /// Open the service pages with what was typed on this screen.
    Open(Pin),
    /// Look at this.
    Show(Subject),
    /// Begin to fit the touch panel.
    Calibrate,
    /// A cross of this screen was touched.
    CrossTouched(Calibrate),
    /// The fit that is tried out is good, or not.
    EndFitting(bool),
    /// Begin to record sentences.
    Record,
    /// Keep what was recorded on this screen.
    KeepVoice(Recorder),
    /// Look at what this machine is in the county.
    Enrolment,
    /// Ask the county this, from this screen.
    Enrol(Enrol, Asks),
    /// Look for sticks.
    Sticks,
    /// Carry by the stick of this screen.
    Carry(Carry, Way),
    /// Switch the machine off.
    SwitchOff,
}

impl Errand {
    /// Does it; the screen that comes up then.
    pub fn run(self, service: &mut dyn Service, now: Instant) -> Screen {
        match self {
            Errand::Open(pin) => match service.open(pin.typed(), now) {
                Answer::Right => Menu.into(),
                answer @ (Answer::Wrong | Answer::Wait(_) | Answer::NotSet | Answer::CannotCount) => {
                    pin.answered(answer).into()
                }
            },
            Errand::Show(subject) => Facts::new(subject, service.facts(subject)).into(),
            Errand::Calibrate if service.has_panel() => Calibrate::default().into(),
            Errand::Calibrate => Facts::without_panel().into(),
            Errand::CrossTouched(screen) => match service.cross_touched(screen.cross()) {
                Fitting::Next => screen.next().into(),
                Fitting::Tried => Fitted.into(),
                Fitting::Off => Calibrate::again().into(),
            },
            Errand::EndFitting(keep) => match service.end_fitting(keep) {
                Ok(()) => Menu.into(),
                Err(_) => Facts::not_kept().into(),
            },
            Errand::Record => Recorder::new(service.unspoken()).into(),
            Errand::KeepVoice(mut screen) => {
                let is_kept = screen
                    .recorded_voice()
                    .is_some_and(|(sentence, voice)| service.keep_voice(sentence, &voice.opus).is_ok());
                screen.kept(is_kept);
                screen.into()
            }
            Errand::Enrolment => Enrol::new(service.enrolling()).into(),
            Errand::Enrol(mut screen, asks) => {
                service.enrol(asks);
                screen.told(service.enrolling());
                screen.into()
            }
            Errand::Sticks => Carry::new(service.sticks()).into(),
            Errand::Carry(mut screen, way) => {
                if let Some(stick) = screen.stick() {
                    service.carry(way, stick);
                    screen.told(service.carrying());
                }
                screen.into()
            }
            Errand::SwitchOff => {
                service.switch_off();
                SwitchOff::going().into()
            }
        }
    }
}

/// Nobody is at a service screen any more.
fn abandoned() -> Next {
    Next::Leave(Left::Waiting)
}
