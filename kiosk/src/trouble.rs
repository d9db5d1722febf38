//! What does not work at a station at the moment. Everything else goes on, and the screens say which is which.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use civic_core::time::UnixSeconds;

use crate::disk::{Disk, FREE_MIN};

/// The county is away when it was not heard for so long, in seconds: a month of thirty days. Villages are without a
/// network for weeks, and nobody should worry before that.
const SILENT_S: i64 = 30 * 86_400;

/// One thing that does not work; the gravest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The machine is no device of any county: it takes nothing, and an officer must enrol it.
    NotEnrolled,
    /// The card was enrolled in another machine: what is on it stays and is not written on, until an officer enrols it anew.
    Elsewhere,
    /// The disk takes nothing more: nothing new is filed, and what is saved stays.
    DiskFull,
    /// The disk can only be read, with the same end.
    ReadOnly,
    /// The touch panel is not there: people use the keys, where there are some.
    NoTouch,
    /// A keypad, a number pad or a scanner is not there: people touch the screen.
    NoKeys,
    /// No microphone works: people write instead.
    NoMicrophone,
    /// The printer has no paper: people note their number down.
    NoPaper,
    /// The printer is not there, switched off or stuck; the same end.
    NoPrinter,
    /// An answer was left that does not fit what the county asks by now: it is kept, and the county must ask as before.
    Unfit,
    /// The clock says what cannot be: days on records are wrong until it is set, and nothing is refused for it.
    NoDate,
    /// The county has not been heard since then. What is said is kept, and goes when there is a road.
    NotHeardSince(UnixSeconds),
}

impl Trouble {
    /// Whether something new can be filed all the same.
    pub fn keeps_words(self) -> bool {
        match self {
            Trouble::NotEnrolled | Trouble::Elsewhere | Trouble::DiskFull | Trouble::ReadOnly => false,
            Trouble::NoTouch
            | Trouble::NoKeys
            | Trouble::NoMicrophone
            | Trouble::NoPaper
            | Trouble::NoPrinter
            | Trouble::Unfit
            | Trouble::NoDate
            | Trouble::NotHeardSince(_) => true,
        }
    }

    /// Whether what was said before can be looked up all the same, and what the village is told.
    pub fn looks_up(self) -> bool {
        match self {
            Trouble::NotEnrolled | Trouble::Elsewhere => false,
            Trouble::DiskFull
            | Trouble::ReadOnly
            | Trouble::NoTouch
            | Trouble::NoKeys
            | Trouble::NoMicrophone
            | Trouble::NoPaper
            | Trouble::NoPrinter
            | Trouble::Unfit
            | Trouble::NoDate
            | Trouble::NotHeardSince(_) => true,
        }
    }

    /// Key of its sentence; a day in it is `day`.
    pub fn sentence(self) -> &'static str {
        match self {
            Trouble::NotEnrolled => "trouble-not-enrolled",
            Trouble::Elsewhere => "trouble-elsewhere",
            Trouble::DiskFull => "trouble-disk-full",
            Trouble::ReadOnly => "trouble-read-only",
            Trouble::NoTouch => "trouble-no-touch",
            Trouble::NoKeys => "trouble-no-keys",
            Trouble::NoMicrophone => "trouble-no-microphone",
            Trouble::NoPaper => "trouble-no-paper",
            Trouble::NoPrinter => "trouble-no-printer",
            Trouble::Unfit => "trouble-unfit",
            Trouble::NoDate => "trouble-no-date",
            Trouble::NotHeardSince(_) => "trouble-not-heard",
        }
    }
}

/// The trouble with a disk, if there is any.
pub fn of_disk(disk: Disk) -> Option<Trouble> {
    if disk.is_read_only { Some(Trouble::ReadOnly) } else { (disk.free < FREE_MIN).then_some(Trouble::DiskFull) }
}

/// The trouble with the clock and with the county. `now` is what this clock says; `proven` is a time of the county's own
/// clock, on its newest receipt or on the card; `heard` is when this clock last saw the road open.
pub fn of_time(
    now: UnixSeconds,
    proven: UnixSeconds,
    heard: Option<UnixSeconds>,
    road_is_open: bool,
) -> Option<Trouble> {
    if now < proven {
        return Some(Trouble::NoDate);
    }
    // A clock that was ahead once must not make the county heard in the future.
    let since = heard.filter(|heard| *heard <= now).map_or(proven, |heard| heard.max(proven));
    (!road_is_open && now.0 - since.0 > SILENT_S).then_some(Trouble::NotHeardSince(since))
}

/// Troubles that their finders report: whoever prints, listens, or reads the panel. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    // A std mutex: held for one insertion.
    found: Arc<Mutex<BTreeSet<Trouble>>>,
}

impl Reports {
    /// Says that this trouble is there, or is not any more; whether that is news.
    pub fn report(&self, trouble: Trouble, is_there: bool) -> bool {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if is_there { found.insert(trouble) } else { found.remove(&trouble) }
    }

    /// All that were found, the gravest first.
    pub fn all(&self) -> Vec<Trouble> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn a_disk_is_full_before_its_last_byte_and_a_failed_card_says_read_only() {
        let disk = |free, is_read_only| of_disk(Disk { size: 1 << 30, free, is_read_only });
        assert_eq!(disk(FREE_MIN, false), None);
        assert_eq!(disk(FREE_MIN - 1, false), Some(Trouble::DiskFull));
        assert_eq!(disk(0, true), Some(Trouble::ReadOnly));
    }

    #[test]
    fn the_county_is_away_after_a_month_unless_it_answers_now() {
        let proven = UnixSeconds(1_000 * DAY);
        let day = |days| UnixSeconds(proven.0 + days * DAY);
        assert_eq!(of_time(day(30), proven, None, false), None);
        assert_eq!(of_time(day(31), proven, None, false), Some(Trouble::NotHeardSince(proven)));
        assert_eq!(of_time(day(31), proven, None, true), None);
        assert_eq!(of_time(day(31), proven, Some(day(20)), false), None, "it was heard, though it had nothing to sign");
        assert_eq!(of_time(day(60), proven, Some(day(20)), false), Some(Trouble::NotHeardSince(day(20))));
    }

    #[test]
    fn a_clock_before_what_the_county_said_last_is_wrong_and_one_that_was_ahead_is_forgotten() {
        let proven = UnixSeconds(1_000 * DAY);
        assert_eq!(of_time(UnixSeconds(0), proven, None, false), Some(Trouble::NoDate));
        let ahead = Some(UnixSeconds(9_000 * DAY));
        let now = UnixSeconds(1_040 * DAY);
        assert_eq!(of_time(now, proven, ahead, false), Some(Trouble::NotHeardSince(proven)));
    }

    #[test]
    fn only_a_disk_that_takes_nothing_stops_anything_from_being_filed() {
        let stops = [
            Trouble::NotEnrolled,
            Trouble::Elsewhere,
            Trouble::DiskFull,
            Trouble::ReadOnly,
            Trouble::NoTouch,
            Trouble::NoKeys,
            Trouble::NoMicrophone,
            Trouble::NoPaper,
            Trouble::NoPrinter,
            Trouble::Unfit,
            Trouble::NoDate,
            Trouble::NotHeardSince(UnixSeconds(0)),
        ]
        .map(|trouble| !trouble.keeps_words());
        assert_eq!(stops, [true, true, true, true, false, false, false, false, false, false, false, false]);
    }

    #[test]
    fn a_trouble_is_news_once_and_the_gravest_comes_first() {
        let reports = Reports::default();
        assert!(reports.report(Trouble::NoPaper, true) && !reports.report(Trouble::NoPaper, true));
        reports.report(Trouble::NoMicrophone, true);
        assert_eq!(reports.all(), [Trouble::NoMicrophone, Trouble::NoPaper]);
        assert!(reports.report(Trouble::NoPaper, false));
        assert_eq!(reports.all(), [Trouble::NoMicrophone]);
    }
}
