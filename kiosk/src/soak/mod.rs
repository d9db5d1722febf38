//! Days of villagers in front of one kiosk, in minutes: random hands on the real screens over a real ledger on disk, with
//! time that only the soak moves. It looks for what shows after weeks: memory and files that are never given back, words
//! that were confirmed and are not there, a screen that nobody gets away from.
//!
//! The kiosk speaks and listens as well: the real voice plays every prompt and records what somebody murmurs, and the
//! slips are printed.
//!
//! [`soak`] is the loop; [`stand_in`] makes the directory it runs in, [`villager`] decides what a hand does, [`murmur`] what
//! the microphone hears, and [`gauge`] reads what the program holds.

pub mod gauge;
pub mod murmur;
pub mod stand_in;
pub mod villager;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use civic_core::{access::Role, confided, id::DocId, ticket::Ticket};
use embedded_graphics::prelude::Size;
use hardware::{
    printer::paper::DeskPrinter,
    screen::Canvas,
    sound::file::{Pace, WavLoudspeaker},
};
use ledger::{
    Ledger, command,
    query::{Filter, PAGE_ROWS_MAX},
};
use replica::device::Device;
use tokio::sync::mpsc::Receiver;

use crate::{
    app::{App, Effect, Event},
    draw::Painter,
    drawer::Drawer,
    printing::{self, Press},
    prompts::Prompts,
    records::{Records, UNFINISHED},
    screens::Screen,
    sound::Aloud,
    teller::Teller,
    trouble::Reports,
    voice::Voice as _,
};
use gauge::{Held, wal_bytes};
use murmur::Murmur;
use villager::{Move, Villager};

/// A busy market day.
const VISITS_MAX: u64 = 40;

/// Longer than every screen waits, with the question whether anybody is there and the person's settings behind it.
const EVERYBODY_GONE: Duration = Duration::from_secs(15 * 60);

/// Hands here are faster than any hand: the voice gets so long to take an order before the next.
const TO_LISTEN: Duration = Duration::from_millis(5);

/// Fonts, pictures and the database's pages fill up with use in the first days and then stay.
pub const WARM_DAYS: u32 = 5;

/// So much more memory than at the end of the first day may be in use in those days.
pub const WARM_KIB_MAX: u64 = 32 << 10;

/// So much more than at their end may be in use ever after, however many days follow: what is filed grows on the disk, and
/// memory that grows with it is a leak.
pub const STEADY_KIB_MAX: u64 = 64 << 10;

/// All write-ahead logs together are never longer: each is copied into its database from 4 MiB on, and begins anew then, for
/// nobody reads meanwhile; what one visit writes comes on top.
pub const WAL_BYTES_MAX: u64 = 16 << 20;

/// Files opened beyond those at the end of the first day.
pub const FILES_MORE_MAX: usize = 2;

/// On the usual touch the next picture may take so many times as long as on the first day...
const TIME_TIMES_MAX: u32 = 4;

/// ...and so much more: other programs want the processor, too.
const TIME_MORE_MAX: Duration = Duration::from_millis(20);

/// How a day ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The first is 1.
    pub day: u32,
    /// People who came.
    pub visits: u64,
    /// Opinions on disk, of all days.
    pub filed: u64,
    /// How many of them have a voice.
    pub spoken: u64,
    /// What the program holds.
    pub held: Held,
    /// How long people usually waited for the next picture.
    pub usual: Duration,
    /// The longest that anybody did.
    pub slowest: Duration,
}

/// Runs so many days in `data`, which must not be there yet or be empty, on a screen of this size; tells of each day, and
/// says at the end how fast the disk filled. Fails where a promise is broken or what is held grows beyond the bounds above.
/// The same seed moves the same hands.
pub fn soak(data: &Path, days: u32, seed: u64, size: Size, mut tell: impl FnMut(&Day)) -> anyhow::Result<()> {
    stand_in::enrol(data)?;
    let (held, identity, ledger) = command::open(Role::Kiosk, data)?;
    let drawer = Drawer::open(Arc::new(held), &identity.key.to_bytes()).context("Opening the drafts")?;
    let device = Arc::new(Device::new(identity, ledger.log().clone()));
    let station = Records::new(ledger.clone(), device, drawer)?;
    let now = Instant::now();
    let (teller, told) = Teller::new(Reports::default(), Arc::default());
    let loudspeaker = WavLoudspeaker { path: data.join("loudspeaker.wav"), pace: Pace::AtOnce };
    let voices = Prompts::all(None);
    let aloud = Aloud::start(Box::new(Murmur::default()), Box::new(loudspeaker), voices, None, teller.clone());
    let aloud = aloud.context("Starting the sound")?;
    let printed = Arc::new(move |event| printing::pass_on(event, &teller));
    let press = Press::start(Box::new(DeskPrinter::default()), printed).context("Starting the printer")?;
    let mut village = Village {
        app: App::new(Box::new(station), size, now).with_packs(aloud.packs()).with_printer(),
        painter: Painter::default(),
        villager: Villager::new(seed),
        aloud,
        press,
        told,
        now,
        confirmed: BTreeSet::new(),
        waited: Vec::new(),
    };
    let mut first: Option<(Held, Duration)> = None;
    let (mut warm, mut last, mut wal_longest) = (None, None, 0_u64);
    let mut unfinished = BTreeSet::new();
    for day in 1..=days {
        let visits = 1 + village.villager.below(VISITS_MAX);
        village.waited.clear();
        for _ in 0..visits {
            village.visit().with_context(|| format!("On day {day} of the soak with the seed {seed}"))?;
            // A kiosk's program does so behind everything that is written ([`Ledger::follow`]).
            ledger
                .catch_up()
                .with_context(|| format!("Following the log on day {day} of the soak with the seed {seed}"))?;
            let wal = wal_bytes(data)?;
            ensure!(wal <= WAL_BYTES_MAX, "day {day}, seed {seed}: write-ahead logs of {wal} bytes");
            wal_longest = wal_longest.max(wal);
        }
        let filed = ledger.log().counts()?.here;
        for ticket in &village.confirmed {
            ensure!(
                ledger.by_ticket(ticket)?.is_some(),
                "day {day}, seed {seed}: {ticket} was shown and is not on disk"
            );
        }
        find_unfinished(&ledger, &village.confirmed, &mut unfinished)
            .with_context(|| format!("Counting at the end of day {day} of the soak with the seed {seed}"))?;
        let (shown, left) = (village.confirmed.len(), unfinished.len());
        ensure!(
            filed == (shown + left) as u64,
            "day {day}, seed {seed}: {filed} are on disk, {shown} numbers were shown, {left} were left unfinished"
        );
        let held = Held::now(data)?;
        let spoken = ledger.log().waiting()?.count;
        village.waited.sort_unstable();
        let usual = village.waited.get(village.waited.len() / 2).copied().unwrap_or_default();
        let slowest = village.waited.last().copied().unwrap_or_default();
        tell(&Day { day, visits, filed, spoken, held, usual, slowest });
        let (first_held, first_usual) = *first.get_or_insert((held, usual));
        within_bounds(day, first_held, warm, held)?;
        as_fast(day, first_usual, usual)?;
        if day == WARM_DAYS {
            warm = Some(held);
        }
        last = Some(held);
    }
    println!("the write-ahead logs had {} KiB at most", wal_longest >> 10);
    if let (Some((first, _)), Some(last), 2..) = (first, last, days) {
        let grown = last.disk_bytes.saturating_sub(first.disk_bytes);
        println!("the disk filled by {} KiB a day", (grown >> 10) / u64::from(days - 1));
    }
    Ok(())
}

/// Adds the opinions that nobody handed in. Fails when one is on disk whose number nobody saw and that is not marked so.
fn find_unfinished(
    ledger: &Ledger,
    confirmed: &BTreeSet<Ticket>,
    unfinished: &mut BTreeSet<DocId>,
) -> anyhow::Result<()> {
    let confirmed: BTreeSet<String> = confirmed.iter().map(Ticket::digits).collect();
    for page in 0.. {
        let filter = Filter { offset: page * PAGE_ROWS_MAX, limit: PAGE_ROWS_MAX, ..Filter::default() };
        let lines = ledger.list(&filter)?.lines;
        if lines.is_empty() {
            break;
        }
        for line in lines {
            if confirmed.contains(&line.ticket) || unfinished.contains(&line.id) {
                continue;
            }
            let opinion = ledger.opinion(&line.id)?.context("A listed opinion cannot be opened")?.opinion;
            // Of what is kept from the village that mark is sealed as well.
            let is_left = opinion.extra.contains_key(UNFINISHED) || confided::is_kept(&opinion);
            ensure!(is_left, "{} is on disk and nobody saw its number", line.ticket);
            unfinished.insert(line.id);
        }
    }
    Ok(())
}

/// `warm` is what was held at the end of the first days, once they are over.
fn within_bounds(day: u32, first: Held, warm: Option<Held>, held: Held) -> anyhow::Result<()> {
    let kib_max = match warm {
        Some(warm) => warm.memory_kib + STEADY_KIB_MAX,
        None => first.memory_kib + WARM_KIB_MAX,
    };
    if held.memory_kib > kib_max {
        bail!("day {day}: {} KiB of memory, and {kib_max} were expected at most", held.memory_kib);
    }
    if held.files > first.files + FILES_MORE_MAX {
        bail!("day {day}: {} open files, after {} on the first day", held.files, first.files);
    }
    Ok(())
}

/// A kiosk that answers more slowly each day goes through something that grows.
fn as_fast(day: u32, first: Duration, usual: Duration) -> anyhow::Result<()> {
    let most = first * TIME_TIMES_MAX + TIME_MORE_MAX;
    ensure!(usual <= most, "day {day}: a touch usually takes {usual:?}, and {first:?} on the first day");
    Ok(())
}

/// A kiosk and whoever stands before it.
struct Village {
    app: App,
    painter: Painter,
    villager: Villager,
    aloud: Aloud,
    press: Press,
    /// What the two tell.
    told: Receiver<Event>,
    now: Instant,
    /// Numbers that were shown.
    confirmed: BTreeSet<Ticket>,
    /// How long each picture of this day was waited for.
    waited: Vec<Duration>,
}

impl Village {
    /// Somebody comes, does this and that, and leaves without a word.
    fn visit(&mut self) -> anyhow::Result<()> {
        for _ in 0..self.villager.moves() {
            match self.villager.next(&self.app.pieces(), self.app.size()) {
                Move::Act(events) => {
                    for event in events {
                        self.happen(event);
                    }
                }
                Move::Wait(time) => self.wait(time),
            }
        }
        self.wait(EVERYBODY_GONE);
        let up = self.app.screen().name();
        ensure!(matches!(self.app.screen(), Screen::Home(_)), "{up} is still up though everybody has gone");
        Ok(())
    }

    fn happen(&mut self, event: Event) {
        let begun = Instant::now();
        self.app.handle(event, self.now);
        let mut frame = Canvas::new(self.app.size());
        let pieces = self.app.pieces();
        self.painter.paint(&mut frame, &pieces, self.app.marks(&pieces), self.app.theme());
        self.waited.push(begun.elapsed());
        self.app.shown(self.now);
        if let Screen::Filed(filed) = self.app.screen() {
            self.confirmed.insert(filed.stub.ticket);
        }
        for effect in self.app.take_effects() {
            self.obey(effect);
        }
    }

    /// Has it said, recorded or printed. Whatever takes time has ended when this returns, so that the same seed always
    /// meets the same kiosk; what is said ends in time that nobody waits for.
    fn obey(&mut self, effect: Effect) {
        type IsEnd = fn(&Event) -> bool;
        let is_end: IsEnd = match &effect {
            Effect::Record => |event| matches!(event, Event::Recorded { .. } | Event::NoMicrophone),
            Effect::Print(_) => |event| matches!(event, Event::Printed(_) | Event::NotPrinted(_)),
            Effect::Say(_) | Effect::Play(_) | Effect::GoOn => {
                self.aloud.obey(effect);
                std::thread::sleep(TO_LISTEN);
                // Of what was said before.
                while self.told.try_recv().is_ok() {}
                return self.happen(Event::SpeechEnded);
            }
            Effect::Hush
            | Effect::Pause
            | Effect::RecordLonger
            | Effect::StopRecording
            | Effect::ThrowAwayRecording
            | Effect::Voice { .. } => return self.aloud.obey(effect),
        };
        if let Effect::Print(receipt) = effect {
            let sheet = receipt.sheet.clone();
            if !self.press.print(receipt) {
                return self.happen(Event::NotPrinted(sheet));
            }
        } else {
            self.aloud.obey(effect);
        }
        while let Some(event) = self.told.blocking_recv() {
            let is_last = is_end(&event);
            // What was said before has ended already, as far as the screens know.
            if event != Event::SpeechEnded {
                self.happen(event);
            }
            if is_last {
                return;
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.app.wake_at().filter(|at| *at <= end) {
            self.now = at;
            self.happen(Event::Tick);
        }
        self.now = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_may_take_a_little_longer_and_not_ever_longer() {
        let ms = Duration::from_millis;
        assert!(as_fast(30, ms(10), ms(60)).is_ok() && as_fast(30, ms(10), ms(61)).is_err());
    }

    #[test]
    fn memory_and_files_may_warm_up_and_not_grow() {
        let held = |memory_kib, files| Held { memory_kib, files, disk_bytes: 0 };
        let (first, warm) = (held(20_000, 12), Some(held(30_000, 12)));
        assert!(within_bounds(3, first, None, held(20_000 + WARM_KIB_MAX, 14)).is_ok());
        assert!(within_bounds(3, first, None, held(20_001 + WARM_KIB_MAX, 12)).is_err());
        for day in [9, 365] {
            assert!(within_bounds(day, first, warm, held(30_000 + STEADY_KIB_MAX, 14)).is_ok());
            assert!(within_bounds(day, first, warm, held(30_001 + STEADY_KIB_MAX, 12)).is_err());
        }
        assert!(within_bounds(9, first, warm, held(20_000, 15)).is_err());
    }
}
