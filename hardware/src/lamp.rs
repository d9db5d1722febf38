//! The status lamp: one amber and one green light, and what they can show.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Half of one blink. Slow enough to be calm, quick enough that a glance of two seconds sees it change.
pub const HALF_BLINK: Duration = Duration::from_millis(500);

/// What the lamp shows. Patterns differ as well as colours, for people who see both colours alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lamp {
    /// Dark.
    #[default]
    Off,
    /// Amber, steady.
    Amber,
    /// Amber, blinking.
    AmberBlinking,
    /// Green, steady.
    Green,
}

/// Which of the two lights burn at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lights {
    /// The amber light.
    pub amber: bool,
    /// The green light.
    pub green: bool,
}

impl Lamp {
    /// The lights at `now`, for a pattern that was switched on at `since`.
    pub fn lights(self, since: Instant, now: Instant) -> Lights {
        let half_blinks = now.saturating_duration_since(since).as_millis() / HALF_BLINK.as_millis();
        match self {
            Lamp::Off => Lights { amber: false, green: false },
            Lamp::Amber => Lights { amber: true, green: false },
            Lamp::AmberBlinking => Lights { amber: half_blinks.is_multiple_of(2), green: false },
            Lamp::Green => Lights { amber: false, green: true },
        }
    }

    /// When the lights change next after `now`, for a pattern that was switched on at `since`; `None` for a steady one.
    pub fn changes_at(self, since: Instant, now: Instant) -> Option<Instant> {
        let half_blinks = now.saturating_duration_since(since).as_millis() / HALF_BLINK.as_millis();
        let next = u32::try_from(half_blinks + 1).unwrap_or(u32::MAX);
        match self {
            Lamp::Off | Lamp::Amber | Lamp::Green => None,
            Lamp::AmberBlinking => Some(since + HALF_BLINK * next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blinking_lamp_begins_lit_and_changes_every_half_second() {
        let start = Instant::now();
        let lit = |ms| Lamp::AmberBlinking.lights(start, start + Duration::from_millis(ms)).amber;
        assert_eq!([0, 499, 500, 999, 1000].map(lit), [true, true, false, false, true]);
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(Lamp::AmberBlinking.changes_at(start, at(700)), Some(at(1_000)));
        assert_eq!(Lamp::Amber.changes_at(start, at(700)), None);
    }
}
