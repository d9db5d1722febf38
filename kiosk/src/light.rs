//! How bright the screen is: as bright as can be while somebody is there, dimmed when nobody was for a while, and darker
//! at night. It never dims while somebody speaks or reads.

use std::time::Duration;

use civic_core::time::UnixSeconds;

/// As bright as it can be, in percent.
pub const FULL: u8 = 100;

/// Seen from the door, and gentle on the panel.
pub const DIM: u8 = 30;

/// Enough to find the screen in a dark room.
pub const NIGHT: u8 = 8;

/// The first screen dims when nobody touched it or came near for so long.
pub const DIMS_AFTER: Duration = Duration::from_secs(60);

/// At night villages sleep: from nine in the evening to six in the morning, in China's time.
fn is_night(now: UnixSeconds) -> bool {
    !(6..21).contains(&now.hour())
}

/// The light for a screen that nobody needs, for so long by now. A clock that cannot be believed (`None`) knows no
/// night.
pub fn of_idle(idle: Duration, now: Option<UnixSeconds>) -> u8 {
    match now {
        _ if idle < DIMS_AFTER => FULL,
        Some(now) if is_night(now) => NIGHT,
        Some(_) | None => DIM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_dims_after_a_minute_and_further_at_night_unless_nobody_knows_the_hour() {
        // 2026-11-20 10:00 and 23:00 in China.
        let (morning, night) = (UnixSeconds(1_795_140_000), UnixSeconds(1_795_140_000 + 13 * 3_600));
        let minute = DIMS_AFTER;
        let lights = [Some(morning), Some(night), None].map(|now| of_idle(minute, now));
        assert_eq!(lights, [DIM, NIGHT, DIM]);
        assert_eq!(of_idle(minute - Duration::from_millis(1), Some(night)), FULL);
    }
}
