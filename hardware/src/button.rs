//! The button on the case: a bouncing contact made into single presses.

use std::time::{Duration, Instant};

/// Contacts bounce for a few milliseconds; a level counts only once it has held this long.
const SETTLE: Duration = Duration::from_millis(20);

/// Turns samples of a contact into presses. It owns no pin: whoever samples passes the level in.
#[derive(Debug, Default)]
pub struct Button {
    held: bool,
    changing_since: Option<Instant>,
}

impl Button {
    /// Takes one sample of the contact (`closed` while a finger is on it); `true` once per press.
    pub fn sample(&mut self, closed: bool, now: Instant) -> bool {
        if closed == self.held {
            self.changing_since = None;
            return false;
        }
        let since = *self.changing_since.get_or_insert(now);
        if now.saturating_duration_since(since) < SETTLE {
            return false;
        }
        self.held = closed;
        self.changing_since = None;
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples every 5 ms: `#` is a closed contact, `.` an open one.
    fn presses(contact: &str) -> usize {
        let start = Instant::now();
        let mut button = Button::default();
        let at = |step: usize| start + Duration::from_millis(5) * u32::try_from(step).expect("a short test");
        contact.chars().enumerate().filter(|(step, level)| button.sample(*level == '#', at(*step))).count()
    }

    #[test]
    fn one_long_press_counts_once() {
        assert_eq!(presses("....##############################......"), 1);
    }

    #[test]
    fn bouncing_is_not_pressing() {
        assert_eq!(presses("..#.##.#..###.#..##....."), 0);
        assert_eq!(presses("..#.#.############.#.#........"), 1);
    }

    #[test]
    fn two_presses_count_twice() {
        assert_eq!(presses("..########........########........"), 2);
    }
}
