//! W1: one device brings all its documents to an empty hub; and what becomes of them there.

use std::time::Instant;

use anyhow::ensure;
use tests::world::Part;

use crate::{
    Bench, FLOOR_DEVICE, KIOSK,
    pair::{Pair, Who},
    real,
    stage::{Device, HUB, Heard, Load, Records, log_len_on_disk},
    table::{Row, Sample, number},
    talk::Ask,
};

/// The kiosk that entered its records in bulk, the one that filed each alone, and the floor's device.
pub const BULK: &str = "kiosk";
const ALONE: &str = "kiosk-alone";
/// The kiosk that entered what is beyond [`OF_ONE_KIOSK`].
const OTHER: &str = "kiosk-other";
/// So many documents a kiosk enters at most: the numbers of its tickets are drawn by lot, of a hundred thousand.
const OF_ONE_KIOSK: usize = 60_000;
pub const FLOOR: &str = "floor-device";
/// A hub that holds everything and a deputy's device that has received it.
pub const DEPUTY: &str = "deputy";
pub const HUB_MERGED: &str = "hub-merged";
/// The floor's hub that holds everything.
pub const FLOOR_HUB_FULL: &str = "floor-hub-full";

/// How many documents, and what stands behind the names of the installations that hold them.
#[derive(Clone, Copy)]
pub struct Size {
    pub documents: usize,
    pub suffix: &'static str,
    /// The number of the file of records.
    pub number: usize,
}

impl Size {
    /// The name of this size's installation.
    pub fn key(&self, name: &str) -> String {
        format!("{name}{}", self.suffix)
    }

    /// How many a second kiosk enters.
    fn of_other(&self) -> usize {
        self.documents.saturating_sub(OF_ONE_KIOSK)
    }
}

/// The devices to be enrolled.
pub fn devices(size: Size) -> impl Iterator<Item = Device> {
    let device = move |key, part| Device::new(&size.key(key), part);
    let other = (size.of_other() > 0).then(|| device(OTHER, Part::Kiosk));
    [device(BULK, Part::Kiosk), device(ALONE, Part::Kiosk), device(DEPUTY, Part::Field)].into_iter().chain(other)
}

/// Enters the records in bulk; for W1 also each alone; and in the floor, if it is wanted. Returns also what the devices
/// that entered in bulk and alone did while they waited for a road, in seconds of processor time.
pub fn load(bench: &Bench, size: Size, with_alone: bool, with_floor: bool) -> anyhow::Result<(Records, [f64; 2])> {
    let hear = |number, count| bench.stage.hear(&Heard { number, count, is_new: false });
    let records = hear(size.number, size.documents - size.of_other())?;
    let (bulk, alone, floor) = (size.key(BULK), size.key(ALONE), size.key(FLOOR));
    if size.of_other() > 0 {
        let rest = hear(size.number + 16, size.of_other())?;
        bench.stage.load(&[Load { role: KIOSK, key: &size.key(OTHER), file: &rest.file, is_each_alone: false }])?;
    }
    let load = |role, key| Load { role, key, file: &records.file, is_each_alone: false };
    let mut loads = vec![load(KIOSK, bulk.as_str())];
    if with_floor {
        loads.push(load(FLOOR_DEVICE, &floor));
    }
    if with_alone {
        loads.push(Load { is_each_alone: true, ..load(KIOSK, &alone) });
    }
    let waiting = bench.stage.load(&loads)?;
    let alone = if with_alone { waiting.last() } else { None };
    Ok((records, [waiting[0], alone.copied().unwrap_or_default()]))
}

/// The first upload, until everything is durable at the hub. If it is not wanted, the floor's alone is done, once, for
/// later workloads.
/// `waiting_cpu_s` is what [`load`] returned.
pub fn run(bench: &mut Bench, size: Size, waiting_cpu_s: [f64; 2], is_wanted: bool) -> anyhow::Result<()> {
    if !is_wanted {
        let mut pair = Pair::start(&bench.stage, Who::Floor, FLOOR, "floor-hub")?;
        pair.meet()?;
        let [_, hub] = pair.stop()?;
        return bench.stage.keep(hub, FLOOR_HUB_FULL);
    }
    let (mut floor, mut bulk, mut alone) =
        (Row::new("floor"), Row::new("ours, entered in bulk"), Row::new("ours, filed one by one"));
    let mut tcp = Row::new("ours, entered in bulk, over TCP");
    let mut disk = Vec::new();
    for run in 0..bench.options.runs {
        bench.tell(&format!("W1: run {} of {}", run + 1, bench.options.runs));
        let mut pair = Pair::start(&bench.stage, Who::Floor, FLOOR, "floor-hub")?;
        floor.push(pair.meet()?);
        if run == 0 {
            pair.compare(&[])?;
        }
        let [_, hub] = pair.stop()?;
        bench.stage.keep(hub, FLOOR_HUB_FULL)?;
        let mut lens = Vec::new();
        for (key, row) in [(BULK, &mut bulk), (ALONE, &mut alone)] {
            let mut pair = Pair::start(&bench.stage, Who::KioskAndLog, key, HUB)?;
            row.push(pair.meet()?);
            let [_, hub] = pair.stop()?;
            lens.push(log_len_on_disk(hub.path())? as f64);
        }
        disk = lens;
        let mut pair = Pair::start(&bench.stage, Who::KioskAndLog, BULK, HUB)?;
        tcp.push(pair.meet_over_tcp()?);
        pair.stop()?;
    }
    let table = &mut bench.table;
    table.begin(&format!("W1  first upload of {} documents, until durable at the hub", number(size.documents as f64)));
    [&floor, &bulk, &tcp, &alone].into_iter().for_each(|row| table.row(row));
    let (faster, alone_faster) = (floor.wall_s() / bulk.wall_s(), floor.wall_s() / alone.wall_s());
    table.note(&format!("{faster:.1} times as fast as the floor; filed one by one {alone_faster:.1} times"));
    let [joining, joining_alone] = waiting_cpu_s;
    table.note(&format!(
        "what waits was joined before the meeting, in {joining:.2} s of processor time; filed one by one {joining_alone:.2} s"
    ));
    table.note(&format!(
        "log and heads on the hub's disk: {} B; filed one by one {} B",
        number(disk[0]),
        number(disk[1])
    ));
    table.at_least("W1: speed against the floor", "times", 20.0, Some(faster));
    table.at_most("W1: CPU of both ends, joining included", "s", 1.0, Some(bulk.cpu_s() + joining));
    table.at_most("W1: bytes of datagrams", "B", 7_500_000.0, Some(bulk.road()));
    table.at_most("W1: time over TCP against QUIC", "times", 1.1, Some(tcp.wall_s() / bulk.wall_s()));
    table.at_most("W1: log and heads on the hub's disk", "B", 12_000_000.0, disk.first().copied());
    Ok(())
}

/// Lets the hub merge everything and a deputy's device receive it, and keeps both for later workloads.
pub fn merge(bench: &mut Bench, size: Size, is_shown: bool) -> anyhow::Result<()> {
    bench.tell(&format!("merging {} documents at the hub, and at a deputy's device", size.documents));
    let (mut merged, mut fetched) =
        (Row::new("ours, until merged at the hub"), Row::new("ours, a deputy fetches them, until merged"));
    let started = Instant::now();
    let merged_hub = size.key(HUB_MERGED);
    let mut pair = Pair::start(&bench.stage, Who::KioskAndHub, &size.key(BULK), HUB)?;
    merged.push(until_merged(&mut pair, true)?);
    pair.compare(&[])?;
    let [_, hub] = pair.stop()?;
    bench.stage.keep(hub, &merged_hub)?;
    if size.of_other() > 0 {
        let mut pair = Pair::start(&bench.stage, Who::KioskAndHub, &size.key(OTHER), &merged_hub)?;
        until_merged(&mut pair, true)?;
        let [_, hub] = pair.stop()?;
        bench.stage.keep(hub, &merged_hub)?;
    }

    let mut pair = Pair::start(&bench.stage, Who::DeputyAndHub, &size.key(DEPUTY), &merged_hub)?;
    fetched.push(until_merged(&mut pair, false)?);
    let documents = pair.compare(&[])?;
    ensure!(documents == size.documents as u64, "{documents} of {} documents arrived", size.documents);
    let [deputy, hub] = pair.stop()?;
    bench.stage.keep(deputy, &size.key(DEPUTY))?;
    bench.stage.keep(hub, &merged_hub)?;
    bench.tell(&format!("merged and compared in {:.0} s", started.elapsed().as_secs_f64()));
    if is_shown {
        let whole = real::hub(bench, size)?;
        let table = &mut bench.table;
        table.begin("W1  until every document is merged and in the ledger's tables");
        table.row(&merged);
        table.row(&fetched);
        whole.iter().for_each(|row| table.row(row));
        let per_s = size.documents as f64 / merged.wall_s();
        table.note(&format!("{per_s:.0} documents a second through the gate at the hub"));
        table.at_least("W1: merged at the hub, upload included", "documents/s", 1_000.0, Some(per_s));
    }
    Ok(())
}

/// A meeting, and then the time until the ledger of the hub (or else of the device) holds everything.
fn until_merged(pair: &mut Pair, at_hub: bool) -> anyhow::Result<Sample> {
    let before = pair.cpu_s()?;
    let started = Instant::now();
    let sample = pair.meet()?;
    let end = if at_hub { &mut pair.hub } else { &mut pair.device };
    let () = end.ask(&Ask::Merge)?;
    pair.used_since(before, Sample { wall_s: started.elapsed().as_secs_f64(), ..sample })
}
