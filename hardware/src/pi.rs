//! The box on a Raspberry Pi's pins, by `rppal`. Edges of its inputs wake it, and then the pins are sampled until they
//! have settled; [`Rounds`] says when, also where edges are not delivered.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use rppal::gpio::{Gpio, InputPin, Level, OutputPin, Trigger};

use crate::{
    board::{Board, BoardError, BoardEvent, Happened, Wiring},
    button::Button,
    keypad::Keypad,
    lamp::Lamp,
    presence::Presence,
    rounds::Rounds,
};

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
    /// Whether an edge was told since the pins were looked at.
    is_told: Arc<AtomicBool>,
    rounds: Rounds,
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
            is_told: Arc::default(),
            // Until somebody asks to be told.
            rounds: Rounds::new(false, now),
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
        // Before the pins: an edge that comes while they are looked at counts for the next time.
        let was_told = self.is_told.swap(false, Ordering::AcqRel);
        let contact = self.contact.is_low();
        let mut levels = vec![contact];
        if self.button.sample(contact, now) {
            self.seen.push_back(BoardEvent::Pressed);
        }
        if let Some(keys) = &self.keys {
            let closed = keys.each_ref().map(InputPin::is_low);
            levels.extend(closed);
            self.seen.extend(self.keypad.sample(closed, now).into_iter().map(BoardEvent::Key));
        }
        if let Some(sensor) = &self.sensor {
            let is_moving = sensor.is_high();
            levels.push(is_moving);
            self.seen.extend(self.presence.sample(is_moving, now).map(BoardEvent::Motion));
        }
        let levels = levels.into_iter().fold(0, |levels, level| levels << 1 | u32::from(level));
        self.rounds.looked(levels, was_told, now);
        Ok(self.seen.pop_front())
    }

    fn tell(&mut self, happened: Happened) {
        let inputs = std::iter::once(&mut self.contact).chain(self.keys.iter_mut().flatten()).chain(&mut self.sensor);
        let asked = inputs.map(|pin| {
            let (is_told, happened) = (self.is_told.clone(), happened.clone());
            pin.set_async_interrupt(Trigger::Both, None, move |_| {
                is_told.store(true, Ordering::Release);
                happened();
            })
        });
        // Every pin is asked; where one of them tells nothing all are sampled.
        let asked: Vec<_> = asked.collect();
        let tells = asked.iter().all(Result::is_ok);
        self.rounds = Rounds::new(tells, Instant::now());
    }

    fn poll_at(&self) -> Option<Instant> {
        let blinks_at = self.lamp.changes_at(self.lamp_since, self.rounds.looked_at());
        Some(blinks_at.map_or(self.rounds.next(), |blinks_at| blinks_at.min(self.rounds.next())))
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
