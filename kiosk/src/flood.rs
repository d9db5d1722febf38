//! How much one station files in a time. What is filed faster than people speak is kept like everything else, and
//! marked, so that whoever reads can look at it together. Nothing is refused and nothing dropped.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// One person needs longer than this from one opinion to the next.
const APART: Duration = Duration::from_secs(60);

/// So many in [`WINDOW`] are usual, also on a market day.
const IN_WINDOW_MAX: usize = 10;

/// The time that is looked back on.
const WINDOW: Duration = Duration::from_secs(600);

/// After more than that, everything is marked until it was quiet for so long.
const COOL_DOWN: Duration = Duration::from_secs(600);

/// What was filed lately. It goes by the time that passes and never by the clock.
#[derive(Debug, Default)]
pub struct Flood {
    /// When, the newest last; at most [`IN_WINDOW_MAX`].
    filed: VecDeque<Instant>,
    /// Whether there were too many, and it was not quiet since.
    hot: bool,
}

impl Flood {
    /// Whether one that is filed now comes faster than people speak.
    pub fn is_burst(&self, now: Instant) -> bool {
        let quiet = self.filed.back().map(|last| now.saturating_duration_since(*last));
        match quiet {
            None => false,
            Some(quiet) => quiet < APART || self.lately(now) >= IN_WINDOW_MAX || (self.hot && quiet < COOL_DOWN),
        }
    }

    /// Takes note of one that was filed.
    pub fn filed(&mut self, now: Instant) {
        let quiet = self.filed.back().map(|last| now.saturating_duration_since(*last));
        self.hot = self.lately(now) >= IN_WINDOW_MAX || (self.hot && quiet.is_some_and(|quiet| quiet < COOL_DOWN));
        self.filed.push_back(now);
        if self.filed.len() > IN_WINDOW_MAX {
            self.filed.pop_front();
        }
    }

    fn lately(&self, now: Instant) -> usize {
        self.filed.iter().filter(|at| now.saturating_duration_since(**at) < WINDOW).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of those filed at these seconds are marked.
    fn marked(at: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let (start, mut flood) = (Instant::now(), Flood::default());
        let mut is_marked = |seconds: &u64| {
            let now = start + Duration::from_secs(*seconds);
            let is_burst = flood.is_burst(now);
            flood.filed(now);
            is_burst
        };
        at.into_iter().filter(|seconds| is_marked(seconds)).collect()
    }

    #[test]
    fn one_a_minute_is_usual_and_a_faster_one_is_marked() {
        assert_eq!(marked([0, 60, 119, 179]), [119]);
    }

    #[test]
    fn a_whole_village_at_once_is_marked_from_the_second_on() {
        assert_eq!(marked([0, 1, 2, 3]), [1, 2, 3]);
    }

    #[test]
    fn more_than_ten_in_ten_minutes_are_marked_until_it_was_quiet() {
        // One a minute is never eleven within ten minutes.
        assert_eq!(marked((0..40).map(|minute| minute * 60)), Vec::<u64>::new());
        let fast: Vec<u64> = (0..11).map(|number| number * 30).collect();
        // The eleventh is one too many; whatever comes before it was quiet is marked, however far apart.
        let slow_after = [400, 500, 600, 1_199];
        let told = marked(fast.into_iter().chain(slow_after).chain([1_799]));
        assert!(slow_after.iter().all(|at| told.contains(at)));
        assert!(!told.contains(&1_799));
    }
}
