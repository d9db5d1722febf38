//! The box on a Raspberry Pi's pins, by `rppal`. Interrupts are not used: the button needs settling anyway, so its pin
//! is sampled, which also works where edges are not delivered.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use rppal::gpio::{Gpio, InputPin, Level, OutputPin};

use crate::{
    board::{Board, BoardError, BoardEvent, Wiring},
    button::Button,
    keypad::Keypad,
    lamp::Lamp,
    presence::Presence,
};

/// A press is seen after two samples, well before a finger leaves the button.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// The pins of one Pi.
#[derive(Debug)]
pub struct Pi {
    amber: OutputPin,
    green: OutputPin,
    contact: InputPin,
    button: Button,
    keys: Option<[InputPin; 5]>,
    keypad: Keypad,
    sensor: Option<InputPin>,
    presence: Presence,
    /// Seen and not told yet: all that one sample can show is seven.
    seen: VecDeque<BoardEvent>,
    lamp: Lamp,
    lamp_since: Instant,
}

impl Pi {
    /// Takes the pins. On a computer that is not a Pi this is [`BoardError::NotAPi`].
    pub fn open(wiring: Wiring, now: Instant) -> Result<Self, BoardError> {
        let gpio = Gpio::new().map_err(|fault| BoardError::NotAPi(fault.into()))?;
        let pin = |number| gpio.get(number).map_err(|fault| BoardError::Pin { pin: number, source: fault.into() });
        let contact = |number| Ok(pin(number)?.into_input_pullup());
        let keys = wiring.keypad.map(|pins| {
            let [previous, next, choose, back, hear] = pins.all().map(contact);
            Ok([previous?, next?, choose?, back?, hear?])
        });
        Ok(Self {
            amber: pin(wiring.amber)?.into_output_low(),
            green: pin(wiring.green)?.into_output_low(),
            contact: contact(wiring.button)?,
            button: Button::default(),
            keys: keys.transpose()?,
            keypad: Keypad::default(),
            sensor: wiring.presence.map(|number| Ok(pin(number)?.into_input_pulldown())).transpose()?,
            presence: Presence::default(),
            seen: VecDeque::new(),
            lamp: Lamp::Off,
            lamp_since: now,
        })
    }

    fn light(&mut self, now: Instant) {
        let lights = self.lamp.lights(self.lamp_since, now);
        self.amber.write(Level::from(lights.amber));
        self.green.write(Level::from(lights.green));
    }
}

impl Board for Pi {
    fn set_lamp(&mut self, lamp: Lamp, now: Instant) -> Result<(), BoardError> {
        if lamp != self.lamp {
            self.lamp = lamp;
            self.lamp_since = now;
        }
        self.light(now);
        Ok(())
    }

    fn poll(&mut self, now: Instant) -> Result<Option<BoardEvent>, BoardError> {
        self.light(now);
        if self.button.sample(self.contact.is_low(), now) {
            self.seen.push_back(BoardEvent::Pressed);
        }
        if let Some(keys) = &self.keys {
            let closed = keys.each_ref().map(InputPin::is_low);
            self.seen.extend(self.keypad.sample(closed, now).into_iter().map(BoardEvent::Key));
        }
        if let Some(sensor) = &self.sensor {
            self.seen.extend(self.presence.sample(sensor.is_high(), now).map(BoardEvent::Motion));
        }
        Ok(self.seen.pop_front())
    }

    fn poll_every(&self) -> Option<Duration> {
        Some(SAMPLE_EVERY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_without_pins_says_so_plainly() {
        match Pi::open(Wiring { amber: 17, green: 27, button: 22, keypad: None, presence: None }, Instant::now()) {
            // The suite may be run on a real Pi, where opening is right.
            Ok(_) => {}
            Err(error) => assert!(matches!(error, BoardError::NotAPi(_) | BoardError::Pin { .. }), "{error}"),
        }
    }
}
