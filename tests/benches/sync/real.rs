//! New opinions over a very bad road, and what the programs of hub and kiosk themselves take.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tests::{
    process::{cpu_s, memory_mib},
    program::Program,
    relay::{Lane, Relay, Road},
    world::Part,
};

use crate::{
    Bench, KIOSK, LOG_HUB,
    end::End,
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
/// How long a program may take for all its documents.
const PATIENCE: Duration = Duration::from_secs(1_800);
const POLL: Duration = Duration::from_millis(100);

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
    let kiosk = Served::start(&["kiosk", "run", "--screen", "browser"], copy.path(), "kiosk:")?;
    let status = kiosk.wait_for(|status| status["here"] == 0 && status["on_road"] == 0)?;
    let peak = memory_mib(kiosk.program.id())?;
    let received = status["received"].as_f64().context("The kiosk counts nothing as received")?;
    let table = &mut bench.table;
    table.title(&format!("memory  the kiosk's program with {} documents", number(received)));
    table.note(&format!("{peak:.0} MiB at most, from its start until everything was received"));
    table.at_most("memory of a kiosk with these documents", "MiB", 64.0, Some(peak));
    Ok(())
}

/// W1 with the hub's own program, which also writes a slip for each opinion: until everything is merged, and until every
/// slip is written.
pub fn hub(bench: &Bench, size: Size) -> anyhow::Result<[Row; 2]> {
    let (hub_copy, copy) = (bench.stage.copy(HUB)?, bench.stage.copy(&size.key(BULK))?);
    let mut hub = Served::start(&["hub", "serve", "--listen", "127.0.0.1:0"], hub_copy.path(), "hub:")?;
    let address = hub.program.wait_for_line("listening on QUIC")?.parse().context("Reading the hub's address")?;
    let mut device = End::start(KIOSK, copy.path())?;
    let cpu_s = |device: &End| -> anyhow::Result<[f64; 2]> { Ok([device.cpu_s()?, cpu_s(hub.program.id())?]) };
    let (before, started) = (cpu_s(&device)?, Instant::now());
    let met: Met = device.ask(&Ask::Meet(address))?;
    let until = |key: &str, done: &str| -> anyhow::Result<Row> {
        hub.wait_for(|status| status[key] == size.documents)?;
        let (wall_s, after) = (started.elapsed().as_secs_f64(), cpu_s(&device)?);
        let cpu_s = [after[0] - before[0], after[1] - before[1]];
        let memory_mib = [device.memory_mib()?, memory_mib(hub.program.id())?];
        let mut row = Row::new(format!("ours, the hub's program, until {done}"));
        row.push(Sample { wall_s, cpu_s, memory_mib, ..Sample::of(&met) });
        Ok(row)
    };
    Ok([until("opinions", "merged")?, until("slips", "slips are out")?])
}

/// A program that shows how it is doing on a page.
struct Served {
    program: Program,
    address: String,
}

impl Served {
    /// Starts this program on the data in `dir`, with its page anywhere, and waits for the line that begins with `line`.
    fn start(args: &[&str], dir: &Path, line: &str) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(args).args(["--http", "127.0.0.1:0", "--data"]).arg(dir);
        let mut program = Program::start(command, &dir.join("bench.log"))?;
        let link = program.wait_for_line(line)?;
        Ok(Self { program, address: link.split('/').take(3).collect::<Vec<_>>().join("/") })
    }

    /// Waits until what it says of itself is as wanted.
    fn wait_for(&self, is_wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let started = Instant::now();
        loop {
            let status = ureq::get(format!("{}/status.json", self.address)).call()?.body_mut().read_json()?;
            if is_wanted(&status) {
                return Ok(status);
            }
            ensure!(started.elapsed() < PATIENCE, "waited in vain; it says {status}");
            std::thread::sleep(POLL);
        }
    }
}
