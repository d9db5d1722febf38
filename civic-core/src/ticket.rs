//! Ticket numbers: ten digits, made offline, unique in the county without asking anyone, typed on a number pad.
//!
//! Four digits are the device's number, given by the hub at enrolment; five are drawn by the device, never twice; the
//! last is a check digit by Damm's quasigroup (H. M. Damm, *Total anti-symmetrische Quasigruppen*, 2004), which finds
//! every single wrong digit and every swap of neighbours, the two slips people make on a number pad.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A ticket number with a right check digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ticket(u64);

/// How many digits a ticket has.
pub const TICKET_DIGITS: usize = 10;
/// The highest device number; at it the hub enrols no further device that gives tickets.
pub const DEVICE_NUMBER_MAX: u16 = 9_999;
/// How many tickets one device number holds; a device that has given them all must be enrolled anew.
pub const TICKETS_PER_DEVICE: u32 = 100_000;

/// Why what was typed is not a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTicket {
    /// Not ten digits.
    #[error("a ticket number has ten digits")]
    Length,
    /// The check digit does not fit: a digit is wrong, or two are swapped.
    #[error("the check digit does not fit, so a digit is wrong or two are swapped")]
    CheckDigit,
}

impl Ticket {
    /// The ticket of device number `device` (at most [`DEVICE_NUMBER_MAX`]) with serial `serial` (below
    /// [`TICKETS_PER_DEVICE`]); `None` beyond either.
    pub fn new(device: u16, serial: u32) -> Option<Self> {
        if device > DEVICE_NUMBER_MAX || serial >= TICKETS_PER_DEVICE {
            return None;
        }
        let body = u64::from(device) * u64::from(TICKETS_PER_DEVICE) + u64::from(serial);
        Some(Self(body * 10 + u64::from(damm(&format!("{body:09}")))))
    }

    /// Reads what a person typed; spaces and dashes between digits do not matter.
    pub fn parse(text: &str) -> Result<Self, BadTicket> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{3000}')).collect();
        if digits.len() != TICKET_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadTicket::Length);
        }
        if damm(&digits) != 0 {
            return Err(BadTicket::CheckDigit);
        }
        digits.parse().map(Self).map_err(|_| BadTicket::Length)
    }

    /// The ten digits without spaces, as stored.
    pub fn digits(&self) -> String {
        format!("{:010}", self.0)
    }

    /// The number of the device that gave it.
    pub fn device(&self) -> u16 {
        u16::try_from(self.0 / 10 / u64::from(TICKETS_PER_DEVICE)).unwrap_or(u16::MAX)
    }

    /// The serial inside its device's block.
    pub fn serial(&self) -> u32 {
        ((self.0 / 10) % u64::from(TICKETS_PER_DEVICE)) as u32
    }
}

/// Grouped for the eye: `0412 1837 64`.
impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        write!(f, "{} {} {}", &digits[..4], &digits[4..8], &digits[8..])
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({})", self.digits())
    }
}

impl From<Ticket> for String {
    fn from(ticket: Ticket) -> Self {
        ticket.digits()
    }
}

impl TryFrom<String> for Ticket {
    type Error = BadTicket;
    fn try_from(text: String) -> Result<Self, BadTicket> {
        Self::parse(&text)
    }
}

/// Damm's check over ASCII digits: the digit to append, or 0 for a number that already carries its own.
pub(crate) fn damm(digits: &str) -> u8 {
    const QUASIGROUP: [[u8; 10]; 10] = [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ];
    digits.bytes().fold(0, |interim, byte| QUASIGROUP[usize::from(interim)][usize::from(byte - b'0')])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_reads_back_as_typed_with_or_without_spaces() {
        let ticket = Ticket::new(412, 18_376).unwrap();
        assert_eq!(Ticket::parse(&ticket.to_string()), Ok(ticket));
        assert_eq!(Ticket::parse(&ticket.digits()), Ok(ticket));
        assert_eq!(ticket.serial(), 18_376);
        assert_eq!(Ticket::new(10_000, 0), None);
        assert_eq!(Ticket::new(1, 100_000), None);
    }

    #[test]
    fn every_wrong_digit_and_every_swap_of_neighbours_is_noticed() {
        let digits = Ticket::new(27, 90_155).unwrap().digits().into_bytes();
        for at in 0..digits.len() {
            for other in b'0'..=b'9' {
                let mut wrong = digits.clone();
                wrong[at] = other;
                let same = wrong == digits;
                assert_eq!(Ticket::parse(std::str::from_utf8(&wrong).unwrap()).is_ok(), same);
            }
            let mut swapped = digits.clone();
            swapped.swap(at, (at + 1).min(digits.len() - 1));
            if swapped != digits {
                assert_eq!(Ticket::parse(std::str::from_utf8(&swapped).unwrap()), Err(BadTicket::CheckDigit));
            }
        }
    }
}
