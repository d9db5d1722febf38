//! Wall-clock time as it is shown and stored; nothing is ordered by it and no deadline hangs on it.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::Offset};
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

    /// The hour in China, 0 to 23; 0 for a time no calendar holds.
    pub fn hour(self) -> u8 {
        let at = Timestamp::from_second(self.0).map(|at| Offset::constant(CHINA_HOURS).to_datetime(at).hour());
        at.unwrap_or_default().unsigned_abs()
    }

    /// `11月22日`, for screens.
    pub fn day_zh(self) -> String {
        self.format("%-m月%-d日")
    }

    /// The day in China; the first day of the calendar for a time that no calendar holds.
    pub fn day(self) -> Day {
        let at = Timestamp::from_second(self.0).map(|at| Offset::constant(CHINA_HOURS).to_datetime(at).date());
        Day(at.unwrap_or(Date::ZERO))
    }

    fn format(self, pattern: &str) -> String {
        match Timestamp::from_second(self.0) {
            Ok(at) => Offset::constant(CHINA_HOURS).to_datetime(at).strftime(pattern).to_string(),
            Err(_) => "?".to_owned(),
        }
    }
}

/// A day of the calendar, as notices and reception days name it: `2026-11-22`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

impl Day {
    /// Reads `2026-11-22`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        is_shaped.then(|| text.parse().ok().map(Self)).flatten()
    }

    /// `11月22日`, for screens.
    pub fn zh(self) -> String {
        self.0.strftime("%-m月%-d日").to_string()
    }

    /// The day after; the last day of the calendar has none after it and stays.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1.day()))
    }

    /// 1 for Monday 星期一 to 7 for Sunday 星期日.
    pub fn weekday(self) -> u8 {
        self.0.weekday().to_monday_one_offset().unsigned_abs()
    }

    /// 1 to 31.
    pub fn of_month(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// Midnight in China, at which this day and its month begin.
    pub fn starts(self) -> UnixSeconds {
        let midnight = Offset::constant(CHINA_HOURS).to_timestamp(self.0.at(0, 0, 0, 0));
        UnixSeconds(midnight.map_or(i64::MIN, Timestamp::as_second))
    }

    /// The first day of its month.
    pub fn first_of_month(self) -> Self {
        Self(self.0.first_of_month())
    }
}

/// As it is written.
impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::fmt::Debug for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Day({})", self.0)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not a day such as \"2026-11-22\""))
    }
}

/// From when to when something is shown or open; each end is part of it, and an end that is not named is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Period {
    /// The first day.
    pub from: Option<Day>,
    /// The last day.
    pub until: Option<Day>,
}

impl Period {
    /// Whether `day` is one of its days. What hangs on it is what a screen shows: a device's clock decides nothing else.
    pub fn holds(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Whether it ends before it begins.
    pub fn is_backwards(&self) -> bool {
        matches!((self.from, self.until), (Some(from), Some(until)) if until < from)
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

    #[test]
    fn a_day_begins_at_midnight_in_china_and_reads_back_as_written() {
        let day = UnixSeconds(1_795_306_500).day();
        assert_eq!((day.to_string().as_str(), day.zh().as_str()), ("2026-11-22", "11月22日"));
        assert_eq!((day.weekday(), day.of_month(), day.next().to_string().as_str()), (7, 22, "2026-11-23"));
        assert_eq!(day.starts().date_and_minute(), "2026-11-22 00:00");
        assert_eq!(day.starts().day(), day);
        assert_eq!(day.first_of_month().to_string(), "2026-11-01");
        assert_eq!(Day::parse("2026-11-22"), Some(day));
        for wrong in ["2026-11-31", "2026-1-1", "2026-11-22T00:00:00", "明天", ""] {
            assert_eq!(Day::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_period_holds_both_its_ends() {
        let day = |text| Day::parse(text);
        let period = Period { from: day("2026-11-01"), until: day("2026-11-30") };
        let holds = |text| period.holds(Day::parse(text).unwrap());
        assert!(holds("2026-11-01") && holds("2026-11-30") && !holds("2026-12-01") && !holds("2026-10-31"));
        assert!(Period::default().holds(Day::parse("2026-11-22").unwrap()));
        assert!(Period { from: period.until, until: period.from }.is_backwards() && !period.is_backwards());
    }
}
