//! Whether somebody stands before the screen, by a motion sensor: a twitching contact made into coming and leaving.

use std::time::{Duration, Instant};

/// A sensor that warms up or sees a curtain gives short pulses; a person keeps it high for longer than this.
const SETTLE: Duration = Duration::from_millis(200);

/// Somebody who reads stands still, and the sensor sees only motion: nobody has left before it was quiet this long.
const QUIET: Duration = Duration::from_secs(30);

/// Somebody came or left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// Somebody stands there who did not before.
    Came,
    /// Nobody has moved for a while.
    Left,
}

/// Turns samples of a motion sensor into coming and leaving. It owns no pin: whoever samples passes the level in.
#[derive(Debug, Default)]
pub struct Presence {
    there: bool,
    high_since: Option<Instant>,
    last_high: Option<Instant>,
}

impl Presence {
    /// Takes one sample (`moving` while the sensor sees motion); tells of each coming and leaving once.
    pub fn sample(&mut self, moving: bool, now: Instant) -> Option<Motion> {
        if moving {
            self.last_high = Some(now);
            let since = *self.high_since.get_or_insert(now);
            if !self.there && now.saturating_duration_since(since) >= SETTLE {
                self.there = true;
                return Some(Motion::Came);
            }
        } else {
            self.high_since = None;
            let quiet = self.last_high.is_none_or(|last| now.saturating_duration_since(last) >= QUIET);
            if self.there && quiet {
                self.there = false;
                return Some(Motion::Left);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples ten times a second: `#` is motion.
    fn told(sensor: &str) -> Vec<(usize, Motion)> {
        let start = Instant::now();
        let mut presence = Presence::default();
        let at = |step: usize| start + Duration::from_millis(100) * u32::try_from(step).unwrap();
        let samples = sensor.chars().enumerate();
        samples.filter_map(|(step, level)| Some((step, presence.sample(level == '#', at(step))?))).collect()
    }

    #[test]
    fn a_twitch_is_nobody_and_a_person_comes_once() {
        assert_eq!(told("..#..#...####..###...##"), [(11, Motion::Came)]);
    }

    #[test]
    fn whoever_stands_still_has_not_left() {
        let reading = format!("###{}#{}", ".".repeat(290), ".".repeat(290));
        assert_eq!(told(&reading), [(2, Motion::Came)]);
        let gone = format!("###{}", ".".repeat(310));
        assert_eq!(told(&gone), [(2, Motion::Came), (302, Motion::Left)]);
    }
}
