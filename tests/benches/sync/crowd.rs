//! W4: fifty devices with two hundred documents each call at once.

use std::time::Instant;

use anyhow::ensure;
use tests::world::Part;

use crate::{
    Bench, FLOOR_DEVICE, FLOOR_HUB, FULL_HUB, KIOSK, LOG_HUB,
    end::End,
    stage::{Device, HUB, Heard, Load},
    table::{Row, Sample},
    talk::{Ask, Holding, Met},
};

/// Devices, and documents of each.
const DEVICES: usize = 50;
const DOCUMENTS: usize = 200;
/// Devices that are loaded at a time: the machine has few processors.
const LOADED_AT_ONCE: usize = 4;

fn key(number: usize) -> String {
    format!("crowd-{number:02}")
}

fn floor_key(number: usize) -> String {
    format!("floor-crowd-{number:02}")
}

/// The devices to be enrolled, over all villages of the county.
pub fn devices() -> impl Iterator<Item = Device> {
    (0..DEVICES).map(|number| Device { key: key(number), part: Part::Kiosk, village: number })
}

/// One run of all devices at once.
struct Run {
    sample: Sample,
    /// How long each device took, seconds, sorted.
    walls_s: Vec<f64>,
}

/// Measures and shows.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    load(bench)?;
    let (mut floor, mut ours, mut merged) =
        (Row::new("floor"), Row::new("ours, until durable"), Row::new("ours, until merged at the hub"));
    let (mut spreads, mut floor_spreads) = (Vec::new(), Vec::new());
    for run in 0..bench.options.runs {
        bench.tell(&format!("W4: run {} of {}", run + 1, bench.options.runs));
        let at_floor = at_once(bench, FLOOR_DEVICE, floor_key, FLOOR_HUB, "floor-hub", false)?;
        floor.push(at_floor.sample);
        floor_spreads.push(spread(&at_floor.walls_s));
        let at_ours = at_once(bench, KIOSK, key, LOG_HUB, HUB, false)?;
        ours.push(at_ours.sample);
        spreads.push(spread(&at_ours.walls_s));
    }
    merged.push(at_once(bench, KIOSK, key, FULL_HUB, HUB, true)?.sample);
    let table = &mut bench.table;
    table.begin(&format!(
        "W4  {DEVICES} devices with {DOCUMENTS} documents each, at once (memory: the largest device / hub)"
    ));
    [&floor, &ours, &merged].into_iter().for_each(|row| table.row(row));
    let (worst, floor_worst) = (most(&spreads), most(&floor_spreads));
    table.note(&format!(
        "{:.1} times as fast as the floor; the last device took {worst:.2} times the median device (floor: {floor_worst:.2})",
        floor.wall_s() / ours.wall_s()
    ));
    table.at_most("W4: CPU of the hub", "s", 1.0, Some(ours.median(|sample| sample.cpu_s[1])));
    table.at_most("W4: the last device against the median", "times", 2.0, Some(worst));
    table.at_most("W4: memory of the hub, merging", "MiB", 300.0, Some(merged.median(|sample| sample.memory_mib[1])));
    Ok(())
}

fn load(bench: &Bench) -> anyhow::Result<()> {
    bench.tell(&format!("W4: {DOCUMENTS} documents for each of {DEVICES} devices, and the same for the floor"));
    let numbers: Vec<usize> = (0..DEVICES).collect();
    for group in numbers.chunks(LOADED_AT_ONCE) {
        let mut files = Vec::new();
        for number in group {
            let heard = Heard { number: *number, count: DOCUMENTS, is_new: false };
            files.push((key(*number), floor_key(*number), bench.stage.hear(&heard)?.file));
        }
        let load = |role, key, file| Load { role, key, file, is_each_alone: false };
        let ours = files.iter().map(|(key, _, file)| load(KIOSK, key.as_str(), file.as_path()));
        let floor = files.iter().map(|(_, key, file)| load(FLOOR_DEVICE, key.as_str(), file.as_path()));
        bench.stage.load(&ours.chain(floor).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn at_once(
    bench: &Bench,
    role: &str,
    key: fn(usize) -> String,
    hub_role: &str,
    hub: &str,
    merges: bool,
) -> anyhow::Result<Run> {
    let hub_copy = bench.stage.copy(hub)?;
    let mut hub = End::start(hub_role, hub_copy.path())?;
    let (mut copies, mut devices) = (Vec::new(), Vec::new());
    for number in 0..DEVICES {
        copies.push(bench.stage.copy(&key(number))?);
    }
    for copy in &copies {
        devices.push(End::start(role, copy.path())?);
    }
    let cpu_s = |devices: &[End]| devices.iter().map(End::cpu_s).sum::<anyhow::Result<f64>>();
    let before = [cpu_s(&devices)?, hub.cpu_s()?];
    let started = Instant::now();
    for device in &mut devices {
        device.tell(&Ask::Meet(hub.address()?))?;
    }
    let mets = devices.iter_mut().map(End::hear::<Met>).collect::<anyhow::Result<Vec<_>>>()?;
    if merges {
        let () = hub.ask(&Ask::Merge)?;
    }
    let wall_s = started.elapsed().as_secs_f64();
    let after = [cpu_s(&devices)?, hub.cpu_s()?];
    if merges {
        let Holding { documents, .. } = hub.ask(&Ask::Hold { by: Vec::new() })?;
        ensure!(documents == (DEVICES * DOCUMENTS) as u64, "the hub holds {documents} documents");
    }
    let memory_mib = devices.iter().map(End::memory_mib).collect::<anyhow::Result<Vec<_>>>()?;
    let sum =
        |of: fn(&Met) -> [u64; 2]| mets.iter().map(of).fold([0, 0], |sum, met| [sum[0] + met[0], sum[1] + met[1]]);
    let is_counted = mets.iter().all(|met| met.payload.is_some());
    let sample = Sample {
        wall_s,
        cpu_s: [after[0] - before[0], after[1] - before[1]],
        memory_mib: [most(&memory_mib), hub.memory_mib()?],
        payload: is_counted.then(|| sum(|met| met.payload.unwrap_or_default())),
        road: sum(|met| met.road),
        round_trips: mets.iter().map(|met| met.round_trips).max().unwrap_or_default(),
    };
    let mut walls_s: Vec<f64> = mets.iter().map(|met| met.wall_s).collect();
    walls_s.sort_by(f64::total_cmp);
    Ok(Run { sample, walls_s })
}

/// The slowest against the one in the middle.
fn spread(walls_s: &[f64]) -> f64 {
    walls_s[walls_s.len() - 1] / walls_s[walls_s.len() / 2]
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
