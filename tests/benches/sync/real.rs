//! New opinions over a very bad road, and what the kiosk's own program takes.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tests::{
    program::Program,
    relay::{Lane, Relay, Road},
    world::Part,
};

use crate::{
    Bench, KIOSK, LOG_HUB,
    end::{End, memory_mib},
    stage::{Device, HUB, Heard, Load, point},
    table::{Row, Sample, number},
    talk::{Ask, Met},
    upload::{BULK, Size},
};

/// Opinions that are brought over the bad road, one change each.
const NEW: usize = 100;
const NUMBER: usize = 176;
const DEVICE: &str = "road-kiosk";
/// 50 kbit/s each way, a round trip of 800 ms, and every fifth datagram lost each way.
const BAD: Lane = Lane {
    delay: Duration::from_millis(400),
    jitter: Duration::from_millis(40),
    lost_permille: 200,
    twice_permille: 10,
    bytes_per_s: Some(6_250),
};
/// How long a kiosk waits here before it calls again; its own program waits by lot.
const AGAIN: Duration = Duration::from_secs(1);
/// The target, and how long is waited at most.
const ROAD_S: f64 = 600.0;
/// How long the kiosk's program may take to bring what it holds.
const BROUGHT: Duration = Duration::from_secs(300);

/// The device to be enrolled.
pub fn device() -> Device {
    Device::new(DEVICE, Part::Kiosk)
}

/// The bad road.
pub fn road(bench: &mut Bench) -> anyhow::Result<()> {
    let records = bench.stage.hear(&Heard { number: NUMBER, count: NEW, is_new: true })?;
    bench.stage.load(&[Load { role: KIOSK, key: DEVICE, file: &records.file, is_each_alone: true }])?;
    let mut row = Row::new("ours");
    let mut calls = Vec::new();
    for run in 0..bench.options.runs {
        bench.tell(&format!("road: run {} of {}", run + 1, bench.options.runs));
        let (hub_copy, copy) = (bench.stage.copy(HUB)?, bench.stage.copy(DEVICE)?);
        let (hub, mut device) = (End::start(LOG_HUB, hub_copy.path())?, End::start(KIOSK, copy.path())?);
        let road = Road::even(BAD, bench.options.seed + run as u64);
        let relay = Relay::open_bad(bench.runtime.handle(), 0, hub.address()?, road)?;
        let before = [device.cpu_s()?, hub.cpu_s()?];
        let started = Instant::now();
        let mut called = 1;
        let met = loop {
            match device.ask::<Met>(&Ask::Meet(relay.address())) {
                Ok(met) if met.is_in_step => break met,
                Ok(_) | Err(_) if started.elapsed().as_secs_f64() < ROAD_S => std::thread::sleep(AGAIN),
                Ok(_) => bail!("the bad road was too bad: ten minutes were not enough"),
                Err(error) => return Err(error.context("The bad road was too bad for ten minutes")),
            }
            called += 1;
        };
        let cpu_s = [device.cpu_s()? - before[0], hub.cpu_s()? - before[1]];
        let memory_mib = [device.memory_mib()?, hub.memory_mib()?];
        let wall_s = started.elapsed().as_secs_f64();
        let road = relay.loads().map(|load| load.bytes);
        row.push(Sample { wall_s, cpu_s, memory_mib, road, ..Sample::of(&met) });
        calls.push(called.to_string());
    }
    let table = &mut bench.table;
    table.begin(&format!(
        "road  {NEW} new opinions at 50 kbit/s, 800 ms round trip, 20 % loss each way, until received"
    ));
    table.row(&row);
    table.note(&format!("calls until everything was received: {}; another seed in each run", calls.join(", ")));
    table.at_most("road: the slowest of all runs", "s", ROAD_S, Some(row.most_wall_s()));
    Ok(())
}

/// The memory of the kiosk's program while it opens, brings and keeps its documents.
pub fn memory(bench: &mut Bench, size: Size) -> anyhow::Result<()> {
    bench.tell("memory: the kiosk's own program");
    let (hub_copy, copy) = (bench.stage.copy(HUB)?, bench.stage.copy(&size.key(BULK))?);
    let hub = End::start(LOG_HUB, hub_copy.path())?;
    point(copy.path(), hub.address()?)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["kiosk", "run", "--screen", "browser", "--http", "127.0.0.1:0", "--data"]).arg(copy.path());
    let mut kiosk = Program::start(command, &copy.path().join("bench.log"))?;
    let link = kiosk.wait_for_line("kiosk:")?;
    let address = link.split('/').take(3).collect::<Vec<_>>().join("/");
    let started = Instant::now();
    let status = loop {
        let status: Value = ureq::get(format!("{address}/status.json")).call()?.body_mut().read_json()?;
        if status["here"] == 0 && status["on_road"] == 0 {
            break status;
        }
        if started.elapsed() > BROUGHT {
            bail!("the kiosk has not brought everything: {status}");
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let peak = memory_mib(kiosk.id())?;
    let received = status["received"].as_f64().context("The kiosk counts nothing as received")?;
    kiosk.stop();
    let table = &mut bench.table;
    table.title(&format!("memory  the kiosk's program with {} documents", number(received)));
    table.note(&format!("{peak:.0} MiB at most, from its start until everything was received"));
    table.at_most("memory of a kiosk with these documents", "MiB", 64.0, Some(peak));
    Ok(())
}
