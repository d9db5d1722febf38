//! A station 联络站 where people are heard, and its reception days 接待日.

use serde::{Deserialize, Serialize};

use crate::{
    area::Area,
    codebook::Codebook,
    document::Kind,
    published::{self, Published, TITLE_CHARS_MAX},
    time::Day,
};

/// How far ahead the next reception day is looked for: one that comes less than yearly is named by its day.
const AHEAD_DAYS: usize = 366;
/// Most single days of one reception.
pub const DAYS_MAX: usize = 60;

/// A station.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Station {
    /// The name by which publishing it again finds it again, and by which deputies' cards name it.
    pub key: String,
    /// What sort of site, by the codebook's word; may be empty.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where to find it.
    pub address: String,
    /// Its telephone, if it has one that is for everybody.
    pub phone: String,
    /// Whose it is.
    pub areas: Vec<Area>,
    /// When people are received there.
    #[serde(rename = "reception")]
    pub receptions: Vec<Reception>,
    /// Taken back.
    pub withdrawn: bool,
}

/// When people are received: the days of all three lists together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reception {
    /// Days of every month, 1 to 31; a month that has no such day passes it over.
    pub monthly: Vec<u8>,
    /// Days of every week, 1 for Monday to 7 for Sunday.
    pub weekly: Vec<u8>,
    /// Single days.
    pub days: Vec<Day>,
    /// At what time of the day, as it is said: "上午九点到十一点半".
    pub hours: String,
    /// What it is about, if it has a theme.
    pub theme: String,
    /// The key of the station, on a deputy's card.
    pub station: String,
}

impl Reception {
    /// The first of its days from `today` on; `None` if there is none within a year.
    pub fn next(&self, today: Day) -> Option<Day> {
        let mut ahead = std::iter::successors(Some(today), |day| Some(day.next())).take(AHEAD_DAYS);
        ahead.find(|day| {
            self.monthly.contains(&day.of_month()) || self.weekly.contains(&day.weekday()) || self.days.contains(day)
        })
    }

    /// Refuses what is no day, or no reception at all.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.monthly.iter().any(|day| !(1..=31).contains(day)) {
            return Err("reception.monthly: a day of the month is 1 to 31".into());
        }
        if self.weekly.iter().any(|day| !(1..=7).contains(day)) {
            return Err("reception.weekly: a day of the week is 1 for Monday to 7 for Sunday".into());
        }
        if self.days.len() > DAYS_MAX {
            return Err(format!("reception.days: {} days, and {DAYS_MAX} are the most", self.days.len()));
        }
        if self.monthly.is_empty() && self.weekly.is_empty() && self.days.is_empty() {
            return Err("reception: one has neither monthly, weekly nor days".into());
        }
        published::check_length("reception.hours", &self.hours, TITLE_CHARS_MAX)?;
        published::check_length("reception.theme", &self.theme, TITLE_CHARS_MAX)
    }
}

impl Published for Station {
    const KIND: Kind = Kind::Station;

    fn key(&self) -> &str {
        &self.key
    }

    fn areas(&self) -> &[Area] {
        &self.areas
    }

    fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }

    fn check(&self, codebook: &Codebook) -> Result<(), String> {
        published::check_key(&self.key)?;
        published::check_areas(&self.areas, codebook)?;
        published::check_text("name", &self.name, TITLE_CHARS_MAX)?;
        published::check_length("address", &self.address, TITLE_CHARS_MAX)?;
        published::check_length("phone", &self.phone, TITLE_CHARS_MAX)?;
        self.receptions.iter().try_for_each(Reception::check)?;
        if self.receptions.iter().any(|reception| !reception.station.is_empty()) {
            return Err("reception.station: a station receives at itself".into());
        }
        if self.kind.is_empty() {
            return Ok(());
        }
        published::check_word("kind", &self.kind, codebook.site_kinds.iter().map(|kind| &kind.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_reception_day_is_the_first_of_all_its_rules() {
        let day = |text: &str| Day::parse(text).unwrap();
        let reception = Reception { monthly: vec![15, 31], days: vec![day("2026-11-24")], ..Reception::default() };
        assert_eq!(reception.next(day("2026-11-22")), Some(day("2026-11-24")));
        assert_eq!(reception.next(day("2026-11-25")), Some(day("2026-12-15")));
        assert_eq!(reception.next(day("2027-02-16")), Some(day("2027-03-15")), "February has no 31st");
        assert_eq!(reception.next(day("2026-12-15")), Some(day("2026-12-15")), "today counts");
        let weekly = Reception { weekly: vec![3], ..Reception::default() };
        assert_eq!(weekly.next(day("2026-11-22")), Some(day("2026-11-25")));
        let past = Reception { days: vec![day("2020-01-01")], ..Reception::default() };
        assert_eq!(past.next(day("2026-11-22")), None);
    }

    #[test]
    fn a_reception_without_a_day_is_refused() {
        assert!(Reception::default().check().unwrap_err().contains("neither"));
        assert!(Reception { monthly: vec![0], ..Reception::default() }.check().unwrap_err().contains("monthly"));
        assert!(Reception { weekly: vec![8], ..Reception::default() }.check().unwrap_err().contains("weekly"));
    }
}
