//! W2: a deputy's device and the hub hold the same documents, and twenty were changed on each side. W3: nothing was.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use tests::{
    process::ended_children_cpu_s,
    program::Done,
    relay::{Lane, Road},
};
use tokio::runtime::Handle;

use crate::{
    Bench, FULL_HUB,
    end::End,
    pair::{Pair, Who},
    stage::{Stage, point},
    table::{Row, Sample, Table, number},
    talk::{Ask, Met},
    upload::{DEPUTY, FLOOR, FLOOR_HUB_FULL, HUB_MERGED, Size},
};

/// Documents that are changed on each side.
const CHANGED: usize = 20;
/// Who changes them.
const AT_DEVICE: &str = "dep-901";
const AT_HUB: &str = "县人大联络科";
/// The documents that are changed lie so far from each other in the file of records: a prime, so that all have their turn.
const STRIDE: usize = 7_919;

const MS_150: Duration = Duration::from_millis(150);
const FAR: Lane =
    Lane { delay: MS_150, jitter: Duration::ZERO, lost_permille: 0, twice_permille: 0, bytes_per_s: None };
const NARROW: Lane = Lane { bytes_per_s: Some(8_000), ..FAR };
/// The roads: their round trip, and how wide they are each way.
const ROADS: [(&str, Option<Lane>); 3] =
    [("no delay", None), ("300 ms", Some(FAR)), ("300 ms, 64 kbit/s", Some(NARROW))];
/// The places of two of them.
const AT_FAR: usize = 1;
const AT_NARROW: usize = 2;

/// One pair of ends that holds the same, and what has been changed on it.
struct Visitor<'a> {
    pair: Pair,
    ids: &'a [String],
    turn: usize,
    changed: [BTreeSet<&'a str>; 2],
}

impl<'a> Visitor<'a> {
    /// Starts the ends, and lets them meet until nothing is open between them and the floor's hub has read its documents.
    fn start(stage: &Stage, who: Who, device: &str, hub: &str, ids: &'a [String]) -> anyhow::Result<Self> {
        let mut pair = Pair::start(stage, who, device, hub)?;
        pair.meet()?;
        pair.merge()?;
        Ok(Self { pair, ids, turn: 0, changed: Default::default() })
    }

    /// W2: changes documents on both sides, and meets.
    fn meet_changed(&mut self, runtime: &Handle, lane: Option<Lane>, seed: u64) -> anyhow::Result<Sample> {
        for side in 0..2 {
            let ids = (0..CHANGED).map(|_| {
                self.turn += 1;
                self.ids[self.turn * STRIDE % self.ids.len()].as_str()
            });
            let ids: Vec<&str> = ids.collect();
            self.changed[side].extend(&ids);
            let (end, by) = if side == 0 { (&mut self.pair.device, AT_DEVICE) } else { (&mut self.pair.hub, AT_HUB) };
            let ids = ids.into_iter().map(str::to_owned).collect();
            let () = end.ask(&Ask::Change { ids, by: by.to_owned() })?;
        }
        let sample = self.meet(runtime, lane, seed)?;
        self.pair.merge()?;
        Ok(sample)
    }

    /// W3, if nothing was changed since the last meeting.
    fn meet(&mut self, runtime: &Handle, lane: Option<Lane>, seed: u64) -> anyhow::Result<Sample> {
        match lane {
            None => self.pair.meet(),
            Some(lane) => self.pair.meet_over(runtime, Road::even(lane, seed)),
        }
    }

    /// Makes sure that nothing was lost, and stops.
    fn end(mut self) -> anyhow::Result<()> {
        self.pair.meet()?;
        self.pair.merge()?;
        let [device, hub] = &self.changed;
        self.pair.compare(&[(AT_DEVICE, device.len()), (AT_HUB, hub.len())])?;
        self.pair.stop()?;
        Ok(())
    }
}

/// The lines of one side, for each road.
struct Lines {
    changed: Vec<Row>,
    unchanged: Vec<Row>,
}

impl Lines {
    fn of(who: &str) -> Self {
        let rows = || ROADS.iter().map(|(road, _)| Row::new(format!("{who}, {road}"))).collect();
        Self { changed: rows(), unchanged: rows() }
    }
}

/// Both workloads beside the floor.
pub fn run(bench: &mut Bench, size: Size, ids: &[String]) -> anyhow::Result<()> {
    let runtime = bench.runtime.handle().clone();
    let (mut ours, mut floor) = (Lines::of("ours"), Lines::of("floor"));
    let mut our_visitor = start_ours(bench, size, ids)?;
    let mut floor_visitor = Visitor::start(&bench.stage, Who::Floor, FLOOR, FLOOR_HUB_FULL, ids)?;
    for (place, (name, lane)) in ROADS.into_iter().enumerate() {
        for run in 0..bench.options.runs {
            bench.tell(&format!("W2 and W3, {name}: run {} of {}", run + 1, bench.options.runs));
            let seed = bench.options.seed + run as u64;
            if place != AT_NARROW {
                floor.changed[place].push(floor_visitor.meet_changed(&runtime, lane, seed)?);
                floor.unchanged[place].push(floor_visitor.meet(&runtime, lane, seed)?);
            }
            ours.changed[place].push(our_visitor.meet_changed(&runtime, lane, seed)?);
            ours.unchanged[place].push(our_visitor.meet(&runtime, lane, seed)?);
        }
    }
    our_visitor.end()?;
    floor_visitor.end()?;
    let [changed, unchanged] = floor_on_a_narrow_road(bench, ids)?;
    floor.changed[AT_NARROW].push(changed);
    floor.unchanged[AT_NARROW].push(unchanged);
    let command = as_command(bench, size)?;
    show(bench, size, &floor, &ours, &command);
    Ok(())
}

/// The same among another number of documents, without the floor; compared with what was measured before.
pub fn run_at(bench: &mut Bench, size: Size, ids: &[String]) -> anyhow::Result<()> {
    let runtime = bench.runtime.handle().clone();
    let mut ours = Lines::of(&format!("ours among {}", number(size.documents as f64)));
    let mut visitor = start_ours(bench, size, ids)?;
    for (place, (_, lane)) in ROADS.into_iter().enumerate() {
        for run in 0..bench.options.runs {
            let seed = bench.options.seed + run as u64;
            ours.changed[place].push(visitor.meet_changed(&runtime, lane, seed)?);
            ours.unchanged[place].push(visitor.meet(&runtime, lane, seed)?);
        }
    }
    visitor.end()?;
    for (title, rows) in [("W2", &ours.changed), ("W3", &ours.unchanged)] {
        bench.table.begin(&format!("{title}  among {} documents", number(size.documents as f64)));
        rows.iter().for_each(|row| bench.table.row(row));
    }
    let scale = size.documents;
    for (title, rows, known) in [("W2", &ours.changed, bench.visits[0]), ("W3", &ours.unchanged, bench.visits[1])] {
        let Some((wall_s, road)) = known else { continue };
        let row = &rows[AT_NARROW];
        let what = format!("{title}: time among {} against the first", number(scale as f64));
        bench.table.at_most(&what, "times", 1.1, Some(row.wall_s() / wall_s));
        let what = format!("{title}: bytes among {} against the first", number(scale as f64));
        bench.table.at_most(&what, "times", 1.1, Some(row.road() / road));
    }
    Ok(())
}

fn start_ours<'a>(bench: &Bench, size: Size, ids: &'a [String]) -> anyhow::Result<Visitor<'a>> {
    Visitor::start(&bench.stage, Who::DeputyAndHub, &size.key(DEPUTY), &size.key(HUB_MERGED), ids)
}

/// Two minutes each, so it is done once, and both at a time: two pairs that hardly use the processor.
fn floor_on_a_narrow_road(bench: &Bench, ids: &[String]) -> anyhow::Result<[Sample; 2]> {
    bench.tell("W2 and W3, the floor on 64 kbit/s: once, minutes");
    let (runtime, stage, seed) = (bench.runtime.handle(), &bench.stage, bench.options.seed);
    let start = || Visitor::start(stage, Who::Floor, FLOOR, FLOOR_HUB_FULL, ids);
    let (mut changed, mut unchanged) = (start()?, start()?);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| unchanged.meet(runtime, Some(NARROW), seed));
        let sample = changed.meet_changed(runtime, Some(NARROW), seed)?;
        let other = other.join().map_err(|_| anyhow!("the floor's W3 stopped"))??;
        Ok([sample, other])
    })
}

/// W3 as the command of the field app does it: the program started, the ledger opened, one meeting, the program's end.
fn as_command(bench: &Bench, size: Size) -> anyhow::Result<Row> {
    let mut row = Row::new("ours, whole `field-app sync --once`");
    let (device, hub) = (bench.stage.copy(&size.key(DEPUTY))?, bench.stage.copy(&size.key(HUB_MERGED))?);
    let running = End::start(FULL_HUB, hub.path())?;
    point(device.path(), running.address()?)?;
    for _ in 0..bench.options.runs {
        let (started, device_before, hub_before) = (Instant::now(), ended_children_cpu_s()?, running.cpu_s()?);
        let args = ["field", "sync", "--once", "--json", "--data"].map(Into::into);
        let done =
            Done::run(&std::env::current_exe()?, args.into_iter().chain([device.path().as_os_str().to_owned()]))?;
        let wall_s = started.elapsed().as_secs_f64();
        let cpu_s = [ended_children_cpu_s()? - device_before, running.cpu_s()? - hub_before];
        let met = Met::of_report(&serde_json::from_str(&done.good()?)?);
        row.push(Sample { wall_s, cpu_s, ..Sample::of(&met) });
    }
    running.stop()?;
    Ok(row)
}

fn show(bench: &mut Bench, size: Size, floor: &Lines, ours: &Lines, command: &Row) {
    let documents = number(size.documents as f64);
    let beside = |table: &Table, floor: &[Row], ours: &[Row]| {
        for (floor, ours) in floor.iter().zip(ours) {
            table.row(floor);
            table.row(ours);
            table.note(&format!(
                "{:.1} times as fast as the floor; the floor sends {:.0} times the bytes",
                floor.wall_s() / ours.wall_s(),
                floor.road() / ours.road()
            ));
        }
    };
    let table = &mut bench.table;
    let changed = &ours.changed;
    table.begin(&format!("W2  {CHANGED} and {CHANGED} changed among {documents}"));
    beside(table, &floor.changed, changed);
    table.at_most("W2: round trips after the handshake", "", 1.0, Some(changed[AT_FAR].round_trips()));
    table.at_most("W2: payload both ways", "B", 9_000.0, changed[AT_NARROW].payload());
    table.at_most("W2: datagrams both ways", "B", 16_000.0, Some(changed[AT_NARROW].road()));
    table.at_most("W2: time at 300 ms and 64 kbit/s", "s", 3.0, Some(changed[AT_NARROW].wall_s()));
    let unchanged = &ours.unchanged;
    table.begin(&format!("W3  nothing changed among {documents}"));
    beside(table, &floor.unchanged, unchanged);
    table.row(command);
    table.at_most("W3: round trips after the handshake", "", 1.0, Some(unchanged[AT_FAR].round_trips()));
    table.at_most("W3: payload both ways", "B", 600.0, unchanged[AT_FAR].payload());
    table.at_most("W3: datagrams both ways", "B", 7_000.0, Some(unchanged[AT_FAR].road()));
    table.at_most("W3: time at 300 ms", "s", 0.66, Some(unchanged[AT_FAR].wall_s()));
    bench.visits = [&changed[AT_NARROW], &unchanged[AT_NARROW]].map(|row| Some((row.wall_s(), row.road())));
}
