//! A scanner for the code on a slip of paper. It is a keyboard to the computer: signs and Enter, faster than any hand.

use std::time::Duration;

/// Scanners type a sign every few milliseconds, people not faster than one in a twelfth of a second.
const BETWEEN: Duration = Duration::from_millis(40);

/// Fewer signs than this are a hand that rolled over the keys.
const SIGNS_MIN: usize = 6;

/// More than this is nothing that anybody prints for a kiosk: an address, a code and a pin have less. The burst is dropped.
const SIGNS_MAX: usize = 192;

/// Tells a scan from typing by its speed. It owns no device: whoever reads keys passes them in with the kernel's time.
#[derive(Debug, Default)]
pub struct Scanner {
    signs: String,
    last: Duration,
}

impl Scanner {
    /// Takes a sign; whether it came so soon after another that no hand typed it.
    pub fn sign(&mut self, sign: char, at: Duration) -> bool {
        let is_burst = !self.signs.is_empty() && self.is_burst(at);
        if !is_burst {
            self.signs.clear();
        }
        // One more than allowed is enough to know that it was too long.
        if self.signs.len() <= SIGNS_MAX {
            self.signs.push(sign);
        }
        self.last = at;
        is_burst
    }

    /// Takes Enter; what was scanned, if it ends a scan.
    pub fn enter(&mut self, at: Duration) -> Option<String> {
        let is_scan = self.is_burst(at) && (SIGNS_MIN..=SIGNS_MAX).contains(&self.signs.len());
        let signs = std::mem::take(&mut self.signs);
        is_scan.then_some(signs)
    }

    /// Takes any other key: no scanner sends one between signs.
    pub fn other(&mut self) {
        self.signs.clear();
    }

    fn is_burst(&self, at: Duration) -> bool {
        // A clock that was set back between two keys makes them no burst.
        at.checked_sub(self.last).is_some_and(|between| between <= BETWEEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(signs: &str, every_ms: u64) -> Option<String> {
        let mut scanner = Scanner::default();
        let mut at = Duration::from_secs(100);
        for (place, sign) in signs.chars().enumerate() {
            assert_eq!(scanner.sign(sign, at), place > 0 && every_ms < 40);
            at += Duration::from_millis(every_ms);
        }
        scanner.enter(at)
    }

    #[test]
    fn a_scan_is_a_number_and_a_hand_is_not() {
        assert_eq!(typed("0412018376", 5).as_deref(), Some("0412018376"));
        assert_eq!(typed("HUIYIN-ENROL 10.0.0.5:4433", 5).as_deref(), Some("HUIYIN-ENROL 10.0.0.5:4433"));
        assert_eq!(typed("0412018376", 90), None);
        assert_eq!(typed("123", 5), None);
    }

    #[test]
    fn what_a_hand_typed_before_is_not_part_of_the_scan() {
        let mut scanner = Scanner::default();
        scanner.sign('9', Duration::from_secs(1));
        for step in 0..10 {
            scanner.sign('7', Duration::from_secs(3) + Duration::from_millis(4 * step));
        }
        assert_eq!(scanner.enter(Duration::from_millis(3_040)).as_deref(), Some("7777777777"));
    }

    #[test]
    fn noise_without_end_is_dropped() {
        assert_eq!(typed(&"8".repeat(SIGNS_MAX), 1).map(|number| number.len()), Some(SIGNS_MAX));
        assert_eq!(typed(&"8".repeat(1_000), 1), None);
    }
}
