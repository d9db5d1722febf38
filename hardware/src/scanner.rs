//! A scanner for the code on a ticket. It is a keyboard to the computer: digits and Enter, faster than any hand.

use std::time::Duration;

/// Scanners type a digit every few milliseconds, people not faster than one in a twelfth of a second.
const BETWEEN: Duration = Duration::from_millis(40);

/// Fewer digits than this are a hand that rolled over the keys.
const DIGITS_MIN: usize = 6;

/// More than this is no number that anybody prints; the burst is dropped.
const DIGITS_MAX: usize = 64;

/// Tells a scan from typing by its speed. It owns no device: whoever reads keys passes them in with the kernel's time.
#[derive(Debug, Default)]
pub struct Scanner {
    digits: String,
    last: Duration,
}

impl Scanner {
    /// Takes a digit, 0 to 9.
    pub fn digit(&mut self, digit: u8, at: Duration) {
        if !self.is_burst(at) {
            self.digits.clear();
        }
        // One more than allowed is enough to know that it was too long.
        if self.digits.len() <= DIGITS_MAX {
            self.digits.push(char::from(b'0' + digit.min(9)));
        }
        self.last = at;
    }

    /// Takes Enter; the number if it ends a scan.
    pub fn enter(&mut self, at: Duration) -> Option<String> {
        let is_scan = self.is_burst(at) && (DIGITS_MIN..=DIGITS_MAX).contains(&self.digits.len());
        let digits = std::mem::take(&mut self.digits);
        is_scan.then_some(digits)
    }

    /// Takes any other key: no scanner sends one between digits.
    pub fn other(&mut self) {
        self.digits.clear();
    }

    fn is_burst(&self, at: Duration) -> bool {
        // A clock that was set back between two keys makes them no burst.
        at.checked_sub(self.last).is_some_and(|between| between <= BETWEEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(digits: &str, every_ms: u64) -> Option<String> {
        let mut scanner = Scanner::default();
        let mut at = Duration::from_secs(100);
        for digit in digits.bytes() {
            scanner.digit(digit - b'0', at);
            at += Duration::from_millis(every_ms);
        }
        scanner.enter(at)
    }

    #[test]
    fn a_scan_is_a_number_and_a_hand_is_not() {
        assert_eq!(typed("0412018376", 5).as_deref(), Some("0412018376"));
        assert_eq!(typed("0412018376", 90), None);
        assert_eq!(typed("123", 5), None);
    }

    #[test]
    fn what_a_hand_typed_before_is_not_part_of_the_scan() {
        let mut scanner = Scanner::default();
        scanner.digit(9, Duration::from_secs(1));
        for step in 0..10 {
            scanner.digit(7, Duration::from_secs(3) + Duration::from_millis(4 * step));
        }
        assert_eq!(scanner.enter(Duration::from_millis(3_040)).as_deref(), Some("7777777777"));
    }

    #[test]
    fn noise_without_end_is_dropped() {
        assert_eq!(typed(&"8".repeat(DIGITS_MAX), 1).map(|number| number.len()), Some(DIGITS_MAX));
        assert_eq!(typed(&"8".repeat(1_000), 1), None);
    }
}
