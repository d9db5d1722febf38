//! What the box around the screen can do: show a lamp, be pressed.

use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::lamp::Lamp;

/// The lamp and the button of one station.
pub trait Board: Send {
    /// Shows this on the status lamp until told otherwise.
    fn set_lamp(&mut self, lamp: Lamp, now: Instant) -> Result<(), BoardError>;

    /// Looks at the button, and keeps a blinking lamp blinking; `Some` once per press.
    fn poll(&mut self, now: Instant) -> Result<Option<BoardEvent>, BoardError>;

    /// How often [`poll`](Self::poll) must be called, or `None` for a board that says by itself when it changed.
    fn poll_every(&self) -> Option<Duration>;
}

/// What a person did to the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardEvent {
    /// The button was pressed.
    Pressed,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiring_is_data_and_a_misspelt_pin_is_refused() {
        let wiring: Wiring = toml::from_str("amber = 17\ngreen = 27\nbutton = 22\n").expect("three pins");
        assert_eq!(wiring, Wiring { amber: 17, green: 27, button: 22 });
        assert!(toml::from_str::<Wiring>("amber = 17\ngreen = 27\nbuton = 22\n").is_err());
    }
}
