//! When pins are looked at: after an edge, while a contact settles, and now and then.
//!
//! A pin that tells its edges need not be looked at, and a kiosk at which nobody stands sleeps. Not every computer
//! delivers edges, though, and a keypad that is heard by nobody is worse than a processor that wakes: where pins stand
//! otherwise than they did and no edge told of it, they are looked at as often as if they told none.

use std::time::{Duration, Instant};

/// A press is seen after two samples, well before a finger leaves the button.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// So long after an edge samples are taken: longer than the slowest part needs to settle.
const SETTLING: Duration = Duration::from_millis(400);

/// How often pins are looked at that tell nothing.
const NOW_AND_THEN: Duration = Duration::from_secs(1);

/// So many changes that no edge told of, one after the other, and edges are no longer waited for. A single one may have
/// been seen just before its edge was told.
const MISSED_MAX: u32 = 2;

/// What is known of the pins' edges. It owns no pin: whoever looks at them says what was seen.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    levels: u32,
    looked_at: Instant,
    samples_until: Instant,
    missed: u32,
}

impl Rounds {
    /// Begins now. Where `tells` is false the pins tell no edges.
    pub fn new(tells: bool, now: Instant) -> Self {
        let missed = if tells { 0 } else { MISSED_MAX };
        Self { levels: 0, looked_at: now, samples_until: now + SETTLING, missed }
    }

    /// The pins were looked at and stand like this, one bit each; `was_told` if an edge was told since the last time.
    pub fn looked(&mut self, levels: u32, was_told: bool, now: Instant) {
        let is_changed = levels != std::mem::replace(&mut self.levels, levels);
        if was_told {
            self.missed = 0;
        } else if is_changed && now >= self.samples_until {
            self.missed = (self.missed + 1).min(MISSED_MAX);
        }
        if was_told || is_changed {
            self.samples_until = now + SETTLING;
        }
        self.looked_at = now;
    }

    /// When they were looked at last.
    pub fn looked_at(&self) -> Instant {
        self.looked_at
    }

    /// When the pins must be looked at, if no edge tells of anything before.
    pub fn next(&self) -> Instant {
        let settles = self.looked_at < self.samples_until;
        self.looked_at + if settles || self.missed >= MISSED_MAX { SAMPLE_EVERY } else { NOW_AND_THEN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets time pass until `until`, the pins standing as `levels`; how often they were looked at.
    fn looks(rounds: &mut Rounds, levels: u32, until: Instant) -> u32 {
        let mut looks = 0;
        while rounds.next() <= until {
            let now = rounds.next();
            rounds.looked(levels, false, now);
            looks += 1;
        }
        looks
    }

    #[test]
    fn pins_at_which_nothing_happens_are_looked_at_once_a_second_and_after_an_edge_as_long_as_something_may_settle() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut rounds = Rounds::new(true, start);
        looks(&mut rounds, 0, at(1_000));
        assert_eq!(looks(&mut rounds, 0, at(61_000)), 60);
        rounds.looked(1, true, at(61_500));
        assert_eq!(rounds.next(), at(61_520));
        assert_eq!(looks(&mut rounds, 1, at(61_900)), 20);
        assert_eq!(looks(&mut rounds, 1, at(71_900)), 10);
    }

    #[test]
    fn pins_whose_edges_are_not_told_are_sampled_until_one_is() {
        let start = Instant::now();
        let mut rounds = Rounds::new(true, start);
        for (second, levels) in [(2, 0), (4, 1), (6, 0)] {
            looks(&mut rounds, levels, start + Duration::from_secs(second));
        }
        let later = start + Duration::from_secs(60);
        assert!(looks(&mut rounds, 0, later) > 2_000);
        rounds.looked(1, true, later);
        looks(&mut rounds, 1, later + SETTLING);
        assert_eq!(looks(&mut rounds, 1, later + SETTLING + Duration::from_secs(10)), 10);
        // Where they cannot be asked to tell, nobody waits for it.
        let mut deaf = Rounds::new(false, start);
        assert_eq!(looks(&mut deaf, 0, start + Duration::from_secs(10)), 500);
    }
}
