//! What the box around the screen can do: show a lamp, be pressed, see somebody come.

use std::{sync::Arc, time::Instant};

use serde::Deserialize;

use crate::{
    keypad::{Key, KeypadPins},
    lamp::Lamp,
    presence::Motion,
};

/// The lamp of one station, its button, and the keypad and motion sensor where there are any.
pub trait Board: Send {
    /// Shows this on the status lamp until told otherwise.
    fn set_lamp(&mut self, lamp: Lamp, now: Instant) -> Result<(), BoardError>;

    /// Looks at everything, and keeps a blinking lamp blinking. Each press, coming and leaving is told once; what
    /// happened at the same moment is told by the next calls.
    fn poll(&mut self, now: Instant) -> Result<Option<BoardEvent>, BoardError>;

    /// Has this called, from whatever thread, whenever something happened that [`poll`](Self::poll) may tell of.
    fn tell(&mut self, happened: Happened);

    /// When [`poll`](Self::poll) must be called at the latest, also if nothing happened; `None` for a board at which
    /// everything that happens is told.
    fn poll_at(&self) -> Option<Instant>;
}

/// What a board calls when something happened.
pub type Happened = Arc<dyn Fn() + Send + Sync>;

/// What a person did to the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardEvent {
    /// The button was pressed.
    Pressed,
    /// One of the five keys was pressed.
    Key(Key),
    /// Somebody came, or nobody is there any more.
    Motion(Motion),
}

/// What the driver beneath a board said.
pub type PinFault = Box<dyn std::error::Error + Send + Sync>;

/// Why a board cannot be used, by what its owner can do.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// This computer has no pins; run with the stand-in instead.
    #[error("this computer is not a Raspberry Pi whose pins are known: use the desk stand-in")]
    NotAPi(#[source] PinFault),
    /// The pins are there and refused; check the wiring file and the permissions.
    #[error("pin {pin} could not be used")]
    Pin {
        /// Number of the pin, in the BCM numbering.
        pin: u8,
        /// What the driver said.
        #[source]
        source: PinFault,
    },
}

/// Which pin is which, in the BCM numbering: read from the station's wiring file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wiring {
    /// Drives the amber light, high is lit.
    pub amber: u8,
    /// Drives the green light, high is lit.
    pub green: u8,
    /// Reads the button, which closes to ground.
    pub button: u8,
    /// Read the five keys, where there is a keypad.
    pub keypad: Option<KeypadPins>,
    /// Reads the motion sensor, which is high while it sees motion, where there is one.
    pub presence: Option<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiring_is_data_and_a_misspelt_pin_is_refused() {
        let wiring: Wiring = toml::from_str("amber = 17\ngreen = 27\nbutton = 22\n").expect("three pins");
        assert_eq!(wiring, Wiring { amber: 17, green: 27, button: 22, keypad: None, presence: None });
        assert!(toml::from_str::<Wiring>("amber = 17\ngreen = 27\nbuton = 22\n").is_err());
        let keypad = "keypad = { previous = 5, next = 6, choose = 13, back = 19, hear = 26 }";
        let wiring: Wiring = toml::from_str(&format!("amber = 17\ngreen = 27\nbutton = 22\npresence = 4\n{keypad}\n"))
            .expect("nine pins");
        assert_eq!(wiring.keypad.map(KeypadPins::all), Some([5, 6, 13, 19, 26]));
        assert!(toml::from_str::<KeypadPins>("previous = 5").is_err(), "four keys are no keypad");
    }
}
