//! A keyboard, read from the kernel's event file: five keys, a number pad or a scanner, or all of them in one device.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use serde::Deserialize;

use crate::{
    input::{EV_KEY, RawEvent, read_events},
    keypad::Key,
    scanner::Scanner,
};

/// Which event file: read from the station's wiring file. A station may have several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyboard {
    /// The event file, better one of `/dev/input/by-id` than one that is counted anew at each start.
    pub device: PathBuf,
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// One of the five keys: arrows, Enter, Escape, space.
    Key(Key),
    /// A digit of a number pad or of the row of digits, 0 to 9.
    Digit(u8),
    /// Take the last digit away.
    Erase,
    /// So many of the digits that were told last were the beginning of a scan, and nobody typed them: until the third sign
    /// a scan looks like a hand.
    Stray(usize),
    /// All that a scanner read. None of its other signs is told besides.
    Scanned(String),
}

/// Reads what is typed until `take` says that nobody wants it any more (`false`). It blocks: give it a thread.
pub fn read_keys(keyboard: &Keyboard, take: impl FnMut(Typed) -> bool) -> io::Result<()> {
    read_from(File::open(&keyboard.device)?, take)
}

fn read_from(events: impl Read, mut take: impl FnMut(Typed) -> bool) -> io::Result<()> {
    let mut hands = Hands::default();
    read_events(events, |event| hands.typed(event).is_none_or(&mut take))
}

/// A key that came down; holding it is not pressing it again.
const DOWN: i32 = 1;
/// A key that was let go.
const UP: i32 = 0;

/// Two keys in a moment may be a hand that rolled over them; more are a scanner.
const ROLLED_MAX: usize = 2;

/// Whatever types on one keyboard.
#[derive(Default)]
struct Hands {
    scanner: Scanner,
    is_shifted: bool,
    /// Signs that came in one moment.
    burst: usize,
    /// Digits among them that were told.
    told: usize,
}

impl Hands {
    fn typed(&mut self, event: RawEvent) -> Option<Typed> {
        if event.kind != EV_KEY {
            return None;
        }
        if matches!(event.code, KEY_LEFTSHIFT | KEY_RIGHTSHIFT) {
            self.is_shifted = event.value != UP;
            return None;
        }
        if event.value != DOWN {
            return None;
        }
        let sign = sign(event.code, self.is_shifted);
        let is_burst = sign.is_some_and(|sign| self.scanner.sign(sign, event.at));
        if !is_burst {
            (self.burst, self.told) = (0, 0);
        }
        self.burst += 1;
        if self.burst > ROLLED_MAX {
            let told = std::mem::take(&mut self.told);
            return (told > 0).then_some(Typed::Stray(told));
        }
        if let Some(digit) = digit(event.code).filter(|_| sign.is_none_or(|sign| sign.is_ascii_digit())) {
            self.told += 1;
            return Some(Typed::Digit(digit));
        }
        let key = key(event.code);
        if sign.is_some() {
            // A space between the signs of a scan is one of them, and no key.
            return key.filter(|_| !is_burst).map(Typed::Key);
        }
        if key == Some(Key::Choose)
            && let Some(scanned) = self.scanner.enter(event.at)
        {
            return Some(Typed::Scanned(scanned));
        }
        self.scanner.other();
        match event.code {
            KEY_BACKSPACE | KEY_DELETE => Some(Typed::Erase),
            _ => key.map(Typed::Key),
        }
    }
}

// The kernel's names (linux/input-event-codes.h).
const KEY_ESC: u16 = 1;
const KEY_BACKSPACE: u16 = 14;
const KEY_ENTER: u16 = 28;
const KEY_LEFTSHIFT: u16 = 42;
const KEY_RIGHTSHIFT: u16 = 54;
const KEY_SPACE: u16 = 57;
const KEY_F1: u16 = 59;
const KEY_KPENTER: u16 = 96;
const KEY_UP: u16 = 103;
const KEY_LEFT: u16 = 105;
const KEY_RIGHT: u16 = 106;
const KEY_DOWN: u16 = 108;
const KEY_DELETE: u16 = 111;
const KEY_HELP: u16 = 138;
const KEY_BACK: u16 = 158;
const KEY_OK: u16 = 352;

fn key(code: u16) -> Option<Key> {
    match code {
        KEY_UP | KEY_LEFT => Some(Key::Previous),
        KEY_DOWN | KEY_RIGHT => Some(Key::Next),
        KEY_ENTER | KEY_KPENTER | KEY_OK => Some(Key::Choose),
        KEY_ESC | KEY_BACK => Some(Key::Back),
        KEY_SPACE | KEY_F1 | KEY_HELP => Some(Key::Hear),
        _ => None,
    }
}

/// The row of digits is 2 to 11; on the number pad, 7 8 9 is 71 to 73, 4 5 6 is 75 to 77, 1 2 3 is 79 to 81, 0 is 82.
fn digit(code: u16) -> Option<u8> {
    let digit = match code {
        2..=10 => code - 1,
        11 | 82 => 0,
        71..=73 => code - 64,
        75..=77 => code - 71,
        79..=81 => code - 78,
        _ => return None,
    };
    Some(digit as u8)
}

/// The keys of letters and marks, row by row from the left: the code of the first, and what they type without and with
/// the shift key. Scanners type as an American keyboard unless they are told otherwise.
const ROWS: [(u16, &str, &str); 4] = [
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'", "ASDFGHJKL:\""),
    (44, "zxcvbnm,./", "ZXCVBNM<>?"),
];

/// What a key types, as a scanner means it.
fn sign(code: u16, is_shifted: bool) -> Option<char> {
    if code == KEY_SPACE {
        return Some(' ');
    }
    let of_row = ROWS.iter().find_map(|(first, plain, shifted)| {
        let place = usize::from(code.checked_sub(*first)?);
        (if is_shifted { shifted } else { plain }).chars().nth(place)
    });
    of_row.or_else(|| digit(code).map(|digit| char::from(b'0' + digit)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn typed_by(keys: &[(u16, u64)]) -> Vec<Typed> {
        let mut bytes = Vec::new();
        for (code, ms) in keys {
            let at = Duration::from_millis(*ms);
            for value in [DOWN, 2, 0] {
                bytes.extend(RawEvent { at, kind: EV_KEY, code: *code, value }.bytes());
            }
        }
        let mut all = Vec::new();
        read_from(bytes.as_slice(), |typed| {
            all.push(typed);
            true
        })
        .unwrap();
        all
    }

    #[test]
    fn five_keys_are_told_once_each_however_long_they_are_held() {
        let keys = [(KEY_UP, 0), (KEY_RIGHT, 500), (KEY_ENTER, 900), (KEY_BACK, 1_300), (KEY_SPACE, 1_700)];
        assert_eq!(typed_by(&keys), Key::ALL.map(Typed::Key));
    }

    #[test]
    fn both_kinds_of_digits_are_digits() {
        let row = typed_by(&(2..=11).map(|code| (code, u64::from(code) * 200)).collect::<Vec<_>>());
        assert_eq!(row, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0].map(Typed::Digit));
        let pad = [79, 80, 81, 75, 76, 77, 71, 72, 73, 82];
        let pad = typed_by(&pad.map(|code| (code, u64::from(code) * 200)));
        assert_eq!(pad, row);
    }

    #[test]
    fn a_scanner_gives_a_number_and_a_hand_gives_digits_and_enter() {
        let digits = [11, 5, 2, 3, 11, 2, 9, 4, 8, 7];
        let keys = |every: u64| -> Vec<(u16, u64)> {
            digits.into_iter().chain([KEY_ENTER]).zip(0..).map(|(code, place)| (code, place * every)).collect()
        };
        assert_eq!(typed_by(&keys(4)).last(), Some(&Typed::Scanned("0412018376".to_owned())));
        assert_eq!(typed_by(&keys(4)).len(), 4, "two digits, that they are stray, and the scan");
        let by_hand = typed_by(&keys(150));
        assert_eq!((by_hand.len(), by_hand.last()), (11, Some(&Typed::Key(Key::Choose))));
    }

    #[test]
    fn a_scanner_gives_letters_marks_and_spaces_and_a_hand_that_reads_gives_the_key() {
        let words = "HUIYIN-ENROL 10.0.0.5:4433 ABCD1234";
        let mut keys = Vec::new();
        for sign in words.chars() {
            let at = |row: &str| row.chars().position(|of| of == sign).map(|place| place as u16);
            let plain = ROWS.iter().find_map(|(first, plain, _)| at(plain).map(|place| (first + place, false)));
            let shifted = ROWS.iter().find_map(|(first, _, shifted)| at(shifted).map(|place| (first + place, true)));
            keys.push(plain.or(shifted).unwrap_or((KEY_SPACE, false)));
        }
        keys.push((KEY_ENTER, false));
        let mut bytes = Vec::new();
        for ((code, is_shifted), place) in keys.into_iter().zip(0..) {
            let at = Duration::from_millis(place * 4);
            let mut event = |code, value| bytes.extend(RawEvent { at, kind: EV_KEY, code, value }.bytes());
            if is_shifted {
                event(KEY_LEFTSHIFT, DOWN);
            }
            [DOWN, UP].into_iter().for_each(|value| event(code, value));
            if is_shifted {
                event(KEY_LEFTSHIFT, UP);
            }
        }
        let mut told = Vec::new();
        read_from(bytes.as_slice(), |typed| {
            told.push(typed);
            true
        })
        .unwrap();
        assert_eq!(told.pop(), Some(Typed::Scanned(words.to_owned())));
        assert_eq!(told, [], "a letter begins it, so nothing is told before");
        assert_eq!(typed_by(&[(KEY_SPACE, 0), (KEY_SPACE, 400)]), [Typed::Key(Key::Hear), Typed::Key(Key::Hear)]);
    }

    #[test]
    fn the_digits_of_a_scan_are_taken_back_and_those_of_a_hand_that_rolls_over_two_keys_are_not() {
        let scan = [(5, 0), (2, 4), (3, 8), (4, 12), (6, 16), (7, 20), (KEY_ENTER, 24)];
        let (first, second) = (Typed::Digit(4), Typed::Digit(1));
        let scanned = Typed::Scanned("412356".to_owned());
        assert_eq!(typed_by(&scan), [first.clone(), second.clone(), Typed::Stray(2), scanned]);
        assert_eq!(typed_by(&[(5, 0), (2, 20), (3, 200)]), [first, second, Typed::Digit(2)]);
        // A letter among the first signs was never told.
        assert_eq!(typed_by(&[(30, 0), (2, 4), (3, 8)]), [Typed::Digit(1), Typed::Stray(1)]);
    }

    #[test]
    fn erasing_ends_a_burst() {
        assert_eq!(typed_by(&[(2, 0), (KEY_BACKSPACE, 5)]), [Typed::Digit(1), Typed::Erase]);
    }
}
