//! What the lamp on the case means.

use hardware::lamp::Lamp;

use crate::station::Counts;

/// The lamp for these counts. It never shows more than a receipt proves: green only when the county has signed for
/// everything that was said here, and dark when nothing was.
pub fn lamp(counts: Counts) -> Lamp {
    if counts.here > 0 {
        Lamp::Amber
    } else if counts.on_road > 0 {
        Lamp::AmberBlinking
    } else if counts.received > 0 {
        Lamp::Green
    } else {
        Lamp::Off
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(here: u64, on_road: u64, received: u64, expected: Lamp) {
        assert_eq!(lamp(Counts { here, on_road, received, last_receipt: None }), expected);
    }

    #[test]
    fn one_opinion_that_never_left_keeps_the_lamp_amber() {
        check(1, 0, 0, Lamp::Amber);
        check(1, 5, 90, Lamp::Amber);
    }

    #[test]
    fn the_lamp_blinks_while_the_last_ones_are_on_the_road() {
        check(0, 1, 90, Lamp::AmberBlinking);
    }

    #[test]
    fn the_lamp_is_green_only_when_all_is_received_and_dark_when_nothing_was_said() {
        check(0, 0, 3, Lamp::Green);
        check(0, 0, 0, Lamp::Off);
    }
}
