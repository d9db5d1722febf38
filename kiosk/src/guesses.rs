//! Guesses at opening numbers: counted on disk before they are answered, so that pulling the plug takes none back, and
//! slowed, for each ticket and for the whole kiosk. The count of wrong ones goes to the county; which number was typed is
//! kept nowhere. The square code is not slowed: nobody guesses 128 bits.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use civic_core::ticket::Ticket;
use replica::dir::DataDir;
use serde::{Deserialize, Serialize};

const FILE: &str = "opening-guesses";

/// So many wrong numbers in a row at one ticket are answered at once; after each further one that ticket waits.
pub const FREE_AT_A_TICKET: u32 = 3;
/// The same for everybody at this kiosk together.
pub const FREE_AT_THE_KIOSK: u32 = 10;
/// The first wait of a ticket; each next one is twice as long.
const WAIT: Duration = Duration::from_secs(30);
/// The longest wait of a ticket: with it, going through half of the numbers takes one kiosk fourteen hundred years.
const WAIT_MAX: Duration = Duration::from_secs(900);
/// The first wait of everybody, and the longest: honest people at the same kiosk must not wait for long.
const KIOSK_WAIT: Duration = Duration::from_secs(5);
const KIOSK_WAIT_MAX: Duration = Duration::from_secs(120);
/// Of what everybody waits for, one guess is forgotten in so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);
/// So many tickets are counted apart. At it the one that was guessed at least is forgotten; the kiosk's own count stays.
const TICKETS_MAX: usize = 200;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// Wrong guesses by ticket, since its last right one.
    tickets: BTreeMap<Ticket, u32>,
    /// Wrong guesses here that are not forgotten yet.
    kiosk: u32,
    /// Wrong guesses of which the county was not told.
    untold: u32,
}

/// What came of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// It is not the number.
    Wrong,
    /// Nobody may guess for so long.
    Wait(Duration),
    /// The disk does not take the count of guesses, so none is answered.
    CannotCount,
    /// Nothing is sealed here for this ticket.
    NothingSealed,
}

/// The guesses at one kiosk.
pub struct Guesses {
    directory: Arc<DataDir>,
    kept: Kept,
    /// Since when each ticket waits, and everybody: the last wrong guess, or the start of the program after some.
    tickets_wait_since: BTreeMap<Ticket, Instant>,
    started: Instant,
    kiosk_waits_since: Instant,
    forgotten_at: Instant,
}

impl Guesses {
    /// The guesses at the start of the program: waits that were cut short begin anew. A file that cannot be understood
    /// counts as none.
    pub fn open(directory: Arc<DataDir>, now: Instant) -> Self {
        let content = directory.read(FILE).unwrap_or_else(|error| {
            tracing::error!(%error, "The guesses at opening numbers cannot be read");
            None
        });
        let kept = content.and_then(|content| serde_json::from_slice(&content).ok()).unwrap_or_default();
        let tickets_wait_since = BTreeMap::new();
        Self { directory, kept, tickets_wait_since, started: now, kiosk_waits_since: now, forgotten_at: now }
    }

    /// Counts a guess at `ticket` and then lets it be tried, unless somebody has to wait.
    pub fn guess<T>(
        &mut self,
        ticket: Ticket,
        now: Instant,
        attempt: impl FnOnce() -> Option<T>,
    ) -> Result<T, NotOpened> {
        self.forget(now);
        if let Some(wait) = self.wait(&ticket, now) {
            return Err(NotOpened::Wait(wait));
        }
        let mut counted = self.kept.clone();
        *counted.tickets.entry(ticket).or_default() += 1;
        counted.kiosk = counted.kiosk.saturating_add(1);
        counted.untold = counted.untold.saturating_add(1);
        if counted.tickets.len() > TICKETS_MAX {
            let fewest = counted.tickets.iter().filter(|(one, _)| **one != ticket).min_by_key(|(_, wrong)| **wrong);
            let fewest = fewest.map(|(ticket, _)| *ticket);
            fewest.map(|ticket| counted.tickets.remove(&ticket));
        }
        let before = std::mem::replace(&mut self.kept, counted);
        if !self.keep() {
            self.kept = before;
            return Err(NotOpened::CannotCount);
        }
        if let Some(opened) = attempt() {
            // Whoever opens their own slip now and then has not bought guesses at others.
            self.kept = Kept { tickets: before.tickets, ..before };
            self.kept.tickets.remove(&ticket);
            self.tickets_wait_since.remove(&ticket);
            self.keep();
            return Ok(opened);
        }
        tracing::warn!("A wrong opening number was typed");
        self.tickets_wait_since.insert(ticket, now);
        self.tickets_wait_since.retain(|ticket, _| self.kept.tickets.contains_key(ticket));
        self.kiosk_waits_since = now;
        Err(self.wait(&ticket, now).map_or(NotOpened::Wrong, NotOpened::Wait))
    }

    /// How many wrong guesses the county is to be told of, once there is something to wait for; and they are told.
    pub fn take_untold(&mut self) -> Option<u32> {
        let is_slowed = |(wrong, free): (u32, u32)| wrong >= free;
        let worst = self.kept.tickets.values().max().copied().unwrap_or_default();
        let is_worth_it = is_slowed((worst, FREE_AT_A_TICKET)) || is_slowed((self.kept.kiosk, FREE_AT_THE_KIOSK));
        if self.kept.untold == 0 || !is_worth_it {
            return None;
        }
        let untold = std::mem::take(&mut self.kept.untold);
        self.keep();
        Some(untold)
    }

    /// For how long nobody may guess at this ticket.
    fn wait(&self, ticket: &Ticket, now: Instant) -> Option<Duration> {
        let wrong = self.kept.tickets.get(ticket).copied().unwrap_or_default();
        let since = self.tickets_wait_since.get(ticket).copied().unwrap_or(self.started);
        let of_ticket = since + wait_after(wrong, FREE_AT_A_TICKET, WAIT, WAIT_MAX);
        let of_kiosk =
            self.kiosk_waits_since + wait_after(self.kept.kiosk, FREE_AT_THE_KIOSK, KIOSK_WAIT, KIOSK_WAIT_MAX);
        let wait = of_ticket.max(of_kiosk).saturating_duration_since(now);
        (wait > Duration::ZERO).then_some(wait)
    }

    /// Forgets guesses of everybody that are long past. Those at a ticket stay until it is opened.
    fn forget(&mut self, now: Instant) {
        let hours = now.saturating_duration_since(self.forgotten_at).as_secs() / FORGOTTEN_AFTER.as_secs();
        let hours = u32::try_from(hours).unwrap_or(u32::MAX);
        self.kept.kiosk = self.kept.kiosk.saturating_sub(hours);
        self.forgotten_at += FORGOTTEN_AFTER.saturating_mul(hours);
    }

    fn keep(&self) -> bool {
        // Numbers and counts always make JSON.
        let content = serde_json::to_vec(&self.kept).unwrap_or_default();
        let kept = self.directory.replace(FILE, &content);
        if let Err(error) = &kept {
            tracing::error!(%error, "The guesses at opening numbers cannot be counted");
        }
        kept.is_ok()
    }
}

fn wait_after(wrong: u32, free: u32, first: Duration, longest: Duration) -> Duration {
    match wrong.checked_sub(free) {
        None => Duration::ZERO,
        Some(beyond) => first.saturating_mul(1 << beyond.min(10)).min(longest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str) -> (Self, Arc<DataDir>) {
            let path = std::env::temp_dir().join(format!("huiyin-guesses-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            let directory = Arc::new(DataDir::hold(&path).unwrap());
            (Self(path), directory)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn ticket(serial: u32) -> Ticket {
        Ticket::new(412, serial).unwrap()
    }

    fn wrong(guesses: &mut Guesses, serial: u32, now: Instant) -> NotOpened {
        guesses.guess(ticket(serial), now, || None::<()>).unwrap_err()
    }

    #[test]
    fn each_wrong_number_beyond_the_third_makes_that_ticket_wait_twice_as_long() {
        let (_scratch, directory) = Scratch::new("ticket");
        let mut now = Instant::now();
        let mut guesses = Guesses::open(directory, now);
        assert_eq!([1, 1].map(|serial| wrong(&mut guesses, serial, now)), [NotOpened::Wrong, NotOpened::Wrong]);
        for seconds in [30, 60, 120, 240, 480, 900, 900] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(wrong(&mut guesses, 1, now), NotOpened::Wait(wait));
            let mut is_tried = false;
            let early = guesses.guess(ticket(1), now + wait / 2, || {
                is_tried = true;
                Some(())
            });
            assert_eq!((early, is_tried), (Err(NotOpened::Wait(wait / 2)), false), "not even the right one is tried");
            now += wait;
        }
        assert_eq!(guesses.guess(ticket(1), now, || Some(1)), Ok(1));
        // What the kiosk counts of everybody would slow the next one, so soon.
        assert_eq!(wrong(&mut guesses, 1, now + FORGOTTEN_AFTER), NotOpened::Wrong, "counted from the start");
    }

    #[test]
    fn pulling_the_plug_takes_no_guess_back_and_begins_the_wait_anew() {
        let (_scratch, directory) = Scratch::new("plug");
        let now = Instant::now();
        let mut guesses = Guesses::open(directory.clone(), now);
        let all = [1; 3].map(|serial| wrong(&mut guesses, serial, now));
        assert_eq!(all[2], NotOpened::Wait(WAIT));
        let later = now + Duration::from_secs(20);
        let mut guesses = Guesses::open(directory, later);
        assert_eq!(wrong(&mut guesses, 1, later), NotOpened::Wait(Duration::from_secs(30)));
        assert_eq!(wrong(&mut guesses, 2, later), NotOpened::Wrong, "other tickets do not wait for it");
    }

    #[test]
    fn whoever_goes_from_ticket_to_ticket_is_slowed_too_until_hours_have_passed() {
        let (_scratch, directory) = Scratch::new("kiosk");
        let now = Instant::now();
        let mut guesses = Guesses::open(directory, now);
        for serial in 1..FREE_AT_THE_KIOSK {
            assert_eq!(wrong(&mut guesses, serial, now), NotOpened::Wrong);
        }
        assert_eq!(wrong(&mut guesses, 99, now), NotOpened::Wait(Duration::from_secs(5)));
        assert_eq!(guesses.guess(ticket(500), now, || Some(())), Err(NotOpened::Wait(Duration::from_secs(5))));
        assert_eq!(wrong(&mut guesses, 98, now + FORGOTTEN_AFTER * 2), NotOpened::Wrong);
    }

    #[test]
    fn the_county_is_told_how_many_once_somebody_has_to_wait_and_each_of_them_once() {
        let (_scratch, directory) = Scratch::new("told");
        let mut now = Instant::now();
        let mut guesses = Guesses::open(directory.clone(), now);
        assert_eq!([1; 2].map(|serial| wrong(&mut guesses, serial, now)), [NotOpened::Wrong; 2]);
        assert_eq!(guesses.take_untold(), None, "a slip of the finger or two is nobody's concern");
        wrong(&mut guesses, 1, now);
        assert_eq!((guesses.take_untold(), guesses.take_untold()), (Some(3), None));
        now += WAIT;
        wrong(&mut guesses, 1, now);
        assert_eq!(Guesses::open(directory, now).take_untold(), Some(1));
    }

    #[test]
    fn so_many_tickets_are_counted_and_no_more() {
        let (_scratch, directory) = Scratch::new("many");
        let mut now = Instant::now();
        let mut guesses = Guesses::open(directory, now);
        wrong(&mut guesses, 0, now);
        wrong(&mut guesses, 0, now);
        for serial in 1..=TICKETS_MAX as u32 {
            now += FORGOTTEN_AFTER;
            wrong(&mut guesses, serial, now);
        }
        assert_eq!(guesses.kept.tickets.len(), TICKETS_MAX);
        assert_eq!(guesses.kept.tickets[&ticket(0)], 2, "who was guessed at most is remembered");
    }
}
