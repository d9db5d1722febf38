//! Wall-clock time as it is shown and stored; nothing is ordered by it and no deadline hangs on it.

use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01 00:00 UTC, as some device's clock said, right or wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixSeconds(pub i64);

/// China keeps one time everywhere: UTC+8, without daylight saving.
const CHINA_HOURS: i8 = 8;

impl UnixSeconds {
    /// `2026-11-22`, in China's time; `?` for a time no calendar holds.
    pub fn date(self) -> String {
        self.format("%Y-%m-%d")
    }

    /// `2026-11-22 09:30`, in China's time.
    pub fn date_and_minute(self) -> String {
        self.format("%Y-%m-%d %H:%M")
    }

    /// `09:30`, in China's time, for screens.
    pub fn minute(self) -> String {
        self.format("%H:%M")
    }

    /// `11月22日`, for screens.
    pub fn day_zh(self) -> String {
        self.format("%-m月%-d日")
    }

    fn format(self, pattern: &str) -> String {
        match Timestamp::from_second(self.0) {
            Ok(at) => Offset::constant(CHINA_HOURS).to_datetime(at).strftime(pattern).to_string(),
            Err(_) => "?".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_in_chinas_time() {
        assert_eq!(UnixSeconds(1_795_306_500).date_and_minute(), "2026-11-22 08:15");
        assert_eq!(UnixSeconds(1_795_306_500).day_zh(), "11月22日");
        assert_eq!(UnixSeconds(1_795_306_500).minute(), "08:15");
        assert_eq!(UnixSeconds(i64::MAX).date(), "?");
    }
}
