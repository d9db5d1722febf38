//! Five keys beside the screen, for whoever cannot use the glass: with them everything can be reached and done.

use std::time::Instant;

use serde::Deserialize;

use crate::button::Button;

/// One of the five keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// To what stands before.
    Previous,
    /// To what stands behind.
    Next,
    /// Take it.
    Choose,
    /// Away from here.
    Back,
    /// Say it again.
    Hear,
}

impl Key {
    /// All five, from the left.
    pub const ALL: [Self; 5] = [Self::Previous, Self::Next, Self::Choose, Self::Back, Self::Hear];
}

/// Which pin reads which key, in the BCM numbering; each closes to ground. Read from the station's wiring file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeypadPins {
    /// [`Key::Previous`].
    pub previous: u8,
    /// [`Key::Next`].
    pub next: u8,
    /// [`Key::Choose`].
    pub choose: u8,
    /// [`Key::Back`].
    pub back: u8,
    /// [`Key::Hear`].
    pub hear: u8,
}

impl KeypadPins {
    /// The pins in the order of [`Key::ALL`].
    pub fn all(self) -> [u8; 5] {
        [self.previous, self.next, self.choose, self.back, self.hear]
    }
}

/// Turns samples of the five contacts into presses. Like [`Button`] it owns no pin.
#[derive(Debug, Default)]
pub struct Keypad {
    buttons: [Button; 5],
}

impl Keypad {
    /// Takes one sample of every contact, in the order of [`Key::ALL`]; gives each key once per press.
    pub fn sample(&mut self, closed: [bool; 5], now: Instant) -> Vec<Key> {
        let each = self.buttons.iter_mut().zip(closed).zip(Key::ALL);
        each.filter_map(|((button, closed), key)| button.sample(closed, now).then_some(key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn two_keys_pressed_together_are_both_told_once() {
        let start = Instant::now();
        let mut keypad = Keypad::default();
        let held = [false, true, false, false, true];
        let told: Vec<_> =
            (0..20).flat_map(|step| keypad.sample(held, start + Duration::from_millis(5) * step)).collect();
        assert_eq!(told, [Key::Next, Key::Hear]);
    }
}
