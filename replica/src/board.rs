//! The board that an installation stands on, so that a memory card notices when it was copied or carried to another.

use std::{fs, path::Path};

use civic_core::id::hex;

/// Tells boards apart.
pub trait Board {
    /// What is this board's alone, whatever card is in it; `None` if it tells nothing.
    fn serial(&self) -> Option<String>;

    /// The mark of this board that a card may keep: it tells boards apart and nothing else. Empty if the board tells
    /// nothing, and then nothing is noticed.
    fn mark(&self) -> String {
        let mark = |serial: String| hex(&blake3::derive_key("huiyin board v1", serial.as_bytes())[..16]);
        self.serial().map(mark).unwrap_or_default()
    }
}

/// The board that this program runs on. A Pi tells its serial number, a PC that of its main board; elsewhere the system's
/// own name must do, which a copied card takes along.
pub struct ThisBoard;

/// Where a board may tell its serial number, the surest first.
const PLACES: [&str; 5] = [
    "/proc/device-tree/serial-number",
    "/sys/firmware/devicetree/base/serial-number",
    "/sys/class/dmi/id/product_uuid",
    "/sys/class/dmi/id/board_serial",
    "/etc/machine-id",
];

impl Board for ThisBoard {
    fn serial(&self) -> Option<String> {
        PLACES.iter().find_map(|place| read(Path::new(place)))
    }
}

/// What such a file says, which a device tree ends with a zero byte; `None` for one that is not there or says nothing.
fn read(place: &Path) -> Option<String> {
    let text = fs::read(place).ok()?;
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_matches(|character: char| character == '\0' || character.is_whitespace());
    // Boards whose maker wrote nothing say so in noughts.
    let says_something = text.chars().any(|character| character.is_alphanumeric() && character != '0');
    says_something.then(|| text.to_owned())
}

/// A board with this serial number, for tests; one that tells nothing for `None`.
pub struct Named<'a>(pub Option<&'a str>);

impl Board for Named<'_> {
    fn serial(&self) -> Option<String> {
        self.0.map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_are_told_apart_by_a_mark_that_does_not_tell_their_number() {
        let (one, other) = (Named(Some("10000000a1b2c3d4")).mark(), Named(Some("10000000a1b2c3d5")).mark());
        assert_ne!(one, other);
        assert_eq!(one, Named(Some("10000000a1b2c3d4")).mark());
        assert!(one.len() == 32 && !one.contains("a1b2c3d4"));
        assert_eq!(Named(None).mark(), "");
    }

    #[test]
    fn a_serial_number_is_read_without_the_zero_behind_it_and_noughts_are_none() {
        let place = std::env::temp_dir().join(format!("huiyin-board-{}", std::process::id()));
        for (text, read_as) in [("10000000a1b2c3d4\0", Some("10000000a1b2c3d4")), ("00000000\n", None), ("\0", None)] {
            fs::write(&place, text).unwrap();
            assert_eq!(read(&place).as_deref(), read_as);
        }
        fs::remove_file(&place).unwrap();
        assert_eq!(read(&place), None);
    }
}
