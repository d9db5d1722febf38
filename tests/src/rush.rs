//! Everybody at once: devices that had no road for a month come back to one hub at the same moment.
//!
//! The hub is the program that ships, in a process of its own; the devices share another, each with its own key, card, log
//! and road, and stay in touch as `replica::device` does in every program. Meanwhile an operator reads pages. It is
//! measured how long each device waited until everything it brought had a receipt, until when the hub had all of it on its
//! pages, how long the pages took, and what the hub took of the machine. Whatever of that is out of bounds fails.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{JoinHandle, available_parallelism},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use civic_core::{
    access::Role,
    bulk::Record,
    codebook::{Codebook, Place},
};
use clap::Parser;
use ledger::Ledger;
use replica::{
    device::Device,
    dir::DataDir,
    enrol::{Invitation, enrol},
    identity::Identity,
};
use serde_json::Value;
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    people::Operator,
    process::{cpu_s, memory_mib},
    records::Records,
    sample,
    soak::longest_wal,
    world::{Part, Ports, World},
};

/// Records that are entered in one transaction, as `import` does.
const BATCH: usize = 100;
/// The longest wait of a device before it calls again, as the programs have it.
const REDIAL_MAX: Duration = Duration::from_secs(300);
/// How often the operator opens a page.
const READ_EVERY: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(200);
/// Nobody waits longer for a page before they press again; the slowest took 2.4 s with a thousand devices.
const PAGE_MAX: Duration = Duration::from_secs(10);
/// The memory of a hub that a county can afford; with a thousand devices it took 408 MiB.
const HUB_MIB_MAX: f64 = 1_024.0;
/// Pages that an operator opens in turn, and what each shows.
const PAGES: [(&str, &str); 5] = [
    ("everything", "/"),
    ("what is new (已登记)", "/?state=%E5%B7%B2%E7%99%BB%E8%AE%B0"),
    ("what waits for a person", "/?questions=1"),
    ("what was said of bridges (桥)", "/?q=%E6%A1%A5"),
    ("the devices", "/devices"),
];

/// Lets every device of a county come back to its hub at once.
#[derive(Clone, Debug, Parser)]
#[command(name = "rush")]
pub struct Options {
    /// How many devices.
    #[arg(long, default_value_t = 1_000)]
    devices: usize,
    /// What each brings: a month of twenty a day.
    #[arg(long, default_value_t = 600)]
    opinions: usize,
    /// It counts as failed after so many seconds.
    #[arg(long, default_value_t = 1_800)]
    within_s: u64,
    /// Draws what was said.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The county is made here, and removed when everybody was served.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// How it went for one device.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    /// How long it waited for the last receipt.
    pub waited: Duration,
    /// How many of its opinions have receipts for all that they consist of.
    pub received: u64,
}

/// How it went.
#[derive(Debug)]
pub struct Rushed {
    /// What all brought together.
    pub opinions: usize,
    /// How it went for each device, whoever waited least first.
    pub served: Vec<Served>,
    /// Until the hub had everything on its pages.
    pub merged: Duration,
    /// How long each page took meanwhile, shortest first.
    pub pages: BTreeMap<&'static str, Vec<Duration>>,
    /// Pages that were not given.
    pub failed_pages: usize,
    /// Processor time of the hub, seconds.
    pub hub_cpu_s: f64,
    /// The most memory of the hub, MiB.
    pub hub_mib: f64,
    /// The longest that one of the hub's write-ahead logs was, bytes.
    pub hub_wal_len: u64,
}

/// The program; argument 0 is its name, and everything else that this process may be is looked after before.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = Options::parse_from(args);
    let done = rush(&options, &std::env::current_exe().unwrap_or_default()).and_then(|rushed| {
        tell(&options, &rushed);
        within_bounds(&options, &rushed)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn tell(options: &Options, rushed: &Rushed) {
    let Rushed { opinions, served, merged, pages, failed_pages, hub_cpu_s, hub_mib, hub_wal_len } = rushed;
    let waits: Vec<_> = served.iter().map(|one| one.waited).collect();
    let s = |waited: &Duration| format!("{:.1} s", waited.as_secs_f64());
    let ms = |took: Duration| format!("{:.0} ms", took.as_secs_f64() * 1_000.0);
    println!("{} devices with {} opinions each: {opinions}", options.devices, options.opinions);
    println!("every device had its receipts after {}, the median after {}", s(&at(&waits, 100)), s(&at(&waits, 50)));
    println!("the hub had everything on its pages after {}", s(merged));
    for (page, took) in pages {
        println!(
            "the page of {page} was opened {} times meanwhile: median {}, p95 {}, longest {}",
            took.len(),
            ms(at(took, 50)),
            ms(at(took, 95)),
            ms(at(took, 100))
        );
    }
    println!("{failed_pages} pages were not given");
    println!("the hub took {hub_cpu_s:.1} s of processor time and {hub_mib:.0} MiB at most");
    println!("the longest write-ahead log of the hub had {:.1} MiB", *hub_wal_len as f64 / f64::from(1 << 20));
}

/// Fails with a sentence for the first thing that went beyond its bounds: somebody who was not served, a page that was not
/// given or came late, too much memory.
pub fn within_bounds(options: &Options, rushed: &Rushed) -> anyhow::Result<()> {
    let Rushed { served, pages, failed_pages, hub_mib, .. } = rushed;
    ensure!(served.len() == options.devices, "{} of {} devices were served", served.len(), options.devices);
    for Served { received, .. } in served {
        ensure!(
            *received == options.opinions as u64,
            "a device has receipts for {received} of its {} opinions",
            options.opinions
        );
    }
    ensure!(*failed_pages == 0, "{failed_pages} pages were not given");
    ensure!(!pages.is_empty(), "no page was opened meanwhile");
    for (page, took) in pages {
        let longest = at(took, 100);
        ensure!(longest <= PAGE_MAX, "the page of {page} took {longest:.1?}, and {PAGE_MAX:?} are allowed");
    }
    ensure!(*hub_mib <= HUB_MIB_MAX, "the hub took {hub_mib:.0} MiB of memory, and {HUB_MIB_MAX:.0} are allowed");
    Ok(())
}

/// So many in a hundred are not longer; zero if there are none.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

/// Makes the county with `program` as each of its programs, and lets everybody come.
pub fn rush(options: &Options, program: &Path) -> anyhow::Result<Rushed> {
    let dir = options
        .data
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("huiyin-rush-{}", std::process::id())));
    ensure!(!dir.exists(), "{} is there already", dir.display());
    let world = World::new(program, &dir, Ports::Any)?;
    world.make_county(sample::COUNTY)?;
    world.start("hub")?;
    let runtime = Runtime::new().context("Starting the runtime")?;
    let codebook = Codebook::parse(sample::COUNTY)?;
    let devices = everybody(&world, &runtime, &codebook, options)?;
    let rushed = together(&world, &runtime, devices, options);
    world.stop_all();
    let rushed = rushed?;
    fs::remove_dir_all(&dir).with_context(|| format!("Removing {}", dir.display()))?;
    Ok(rushed)
}

fn villages(codebook: &Codebook) -> Vec<&Place> {
    codebook.places.iter().filter(|place| place.area.code().len() == 12).collect()
}

/// What was said and nobody has dealt with yet.
fn new_record(line: &str) -> anyhow::Result<Record> {
    let mut record: Value = serde_json::from_str(line)?;
    record["steps"] = Value::Array(Vec::new());
    Record::parse(&record.to_string()).map_err(|bad| anyhow::anyhow!("a record of our own cannot be read: {bad}"))
}

/// Everybody, with what they bring; made by as many threads as there are processors.
fn everybody(
    world: &World,
    runtime: &Runtime,
    codebook: &Codebook,
    options: &Options,
) -> anyhow::Result<Vec<(Arc<Identity>, Ledger)>> {
    let next = AtomicUsize::new(0);
    let make = || {
        let mut made = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= options.devices {
                return anyhow::Ok(made);
            }
            let device = enrolled(world, runtime, codebook, number)?;
            speak(&device, codebook, number, options)?;
            made.push(device);
        }
    };
    let threads = available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let makers: Vec<_> = (0..threads).map(|_| scope.spawn(make)).collect();
        let mut all = Vec::new();
        for maker in makers {
            all.extend(maker.join().map_err(|_| anyhow::anyhow!("whoever makes devices fell"))??);
        }
        Ok(all)
    })
}

/// What was said at one kiosk while it had no road.
fn speak(
    (identity, ledger): &(Arc<Identity>, Ledger),
    codebook: &Codebook,
    number: usize,
    options: &Options,
) -> anyhow::Result<()> {
    let villages = villages(codebook);
    let seed = options.seed.wrapping_mul(100_003).wrapping_add(number as u64);
    let lines = Records::new(codebook, &[villages[number % villages.len()]], seed).take(options.opinions);
    let records = lines.map(|line| new_record(&line)).collect::<anyhow::Result<Vec<_>>>()?;
    for batch in records.chunks(BATCH) {
        for entered in ledger.import(&identity.card.scope.areas[0], batch)? {
            ensure!(entered?, "a record was there already");
        }
    }
    Ok(())
}

/// One kiosk, enrolled at the running hub.
fn enrolled(
    world: &World,
    runtime: &Runtime,
    codebook: &Codebook,
    number: usize,
) -> anyhow::Result<(Arc<Identity>, Ledger)> {
    let villages = villages(codebook);
    let (name, village) = (format!("kiosk-{number:04}"), villages[number % villages.len()]);
    let code = world.code(Part::Kiosk, &name, &[village.area.code()])?;
    let home = DataDir::hold(&world.data(&name))?;
    let invitation = Invitation::typed(&world.hub_address(), &code);
    runtime.block_on(enrol(&home, &invitation, Role::Kiosk, false, |_| {}))?;
    let identity = Identity::load(&home, Role::Kiosk)?;
    let ledger = Ledger::open(&home, &identity)?;
    Ok((Arc::new(identity), ledger))
}

fn together(
    world: &World,
    runtime: &Runtime,
    devices: Vec<(Arc<Identity>, Ledger)>,
    options: &Options,
) -> anyhow::Result<Rushed> {
    let (hub, within) = (world.process("hub").context("the hub does not run")?, Duration::from_secs(options.within_s));
    let (operator, opinions) = (Operator::at(world)?, options.devices * options.opinions);
    let (is_over, before) = (Arc::new(AtomicBool::new(false)), cpu_s(hub)?);
    let reader = read(operator, is_over.clone());
    let watcher = watch_wal(world.data("hub"), is_over.clone());
    let begun = Instant::now();
    let mut served = Vec::new();
    let all_served = runtime.block_on(async {
        let mut all = JoinSet::new();
        for (identity, ledger) in devices {
            all.spawn(async move {
                let log = ledger.log().clone();
                let (device, member) =
                    (Device::new(identity.clone(), log.clone()), identity.card.member(log.public_key()));
                let mut revision = log.revision();
                let drained = async {
                    while log.is_behind(&member) {
                        if revision.changed().await.is_err() {
                            return None;
                        }
                    }
                    Some(begun.elapsed())
                };
                let waited = tokio::select! {
                    waited = drained => waited,
                    _ = device.stay(REDIAL_MAX) => None,
                };
                let waited = waited.context("a device's disk failed")?;
                // What the hub refused is not waited for, and has no receipt.
                anyhow::Ok(Served { waited, received: log.counts()?.received })
            });
        }
        let everybody = async {
            while let Some(one) = all.join_next().await {
                served.push(one??);
            }
            anyhow::Ok(())
        };
        let in_time = tokio::time::timeout(within, everybody).await;
        in_time.with_context(|| {
            format!("only {} of {} devices have their receipts in time", served.len(), options.devices)
        })?
    });
    let merged = all_served.and_then(|()| {
        let is_there = || world.status("hub").is_some_and(|status| status["opinions"] == opinions);
        while !is_there() {
            ensure!(begun.elapsed() < within, "not everything is on the hub's pages in time");
            std::thread::sleep(POLL);
        }
        Ok(begun.elapsed())
    });
    is_over.store(true, Ordering::Relaxed);
    let (mut pages, failed_pages) = reader.join().map_err(|_| anyhow::anyhow!("whoever reads pages fell"))?;
    let hub_wal_len = watcher.join().map_err(|_| anyhow::anyhow!("whoever watches the disk fell"))?;
    let (merged, hub_wal_len) = (merged?, hub_wal_len?);
    served.sort_by_key(|one| one.waited);
    pages.values_mut().for_each(|took| took.sort());
    let (hub_cpu_s, hub_mib) = (cpu_s(hub)? - before, memory_mib(hub)?);
    Ok(Rushed { opinions, served, merged, pages, failed_pages, hub_cpu_s, hub_mib, hub_wal_len })
}

/// Looks until it is over how long the write-ahead logs in a directory are; the longest of all, bytes.
fn watch_wal(dir: PathBuf, is_over: Arc<AtomicBool>) -> JoinHandle<anyhow::Result<u64>> {
    std::thread::spawn(move || {
        let mut longest = 0;
        loop {
            longest = longest.max(longest_wal(&dir)?);
            if is_over.load(Ordering::Relaxed) {
                return Ok(longest);
            }
            std::thread::sleep(POLL);
        }
    })
}

/// Opens pages until it is over; how long each took, and how many were not given.
fn read(operator: Operator, is_over: Arc<AtomicBool>) -> JoinHandle<(BTreeMap<&'static str, Vec<Duration>>, usize)> {
    std::thread::spawn(move || {
        let (mut took, mut failed) = (BTreeMap::<_, Vec<_>>::new(), 0);
        for (page, address) in PAGES.into_iter().cycle() {
            if is_over.load(Ordering::Relaxed) {
                break;
            }
            let asked = Instant::now();
            match operator.page(address) {
                Ok(_) => took.entry(page).or_default().push(asked.elapsed()),
                Err(_) => failed += 1,
            }
            std::thread::sleep(READ_EVERY.saturating_sub(asked.elapsed()));
        }
        (took, failed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_not_served_and_whatever_takes_too_much_is_told() {
        let options = Options::parse_from(["rush", "--devices", "2", "--opinions", "3"]);
        let served = Served { waited: Duration::from_secs(1), received: 3 };
        let good = || Rushed {
            opinions: 6,
            served: vec![served; 2],
            merged: Duration::from_secs(2),
            pages: [("everything", vec![PAGE_MAX])].into(),
            failed_pages: 0,
            hub_cpu_s: 1.0,
            hub_mib: HUB_MIB_MAX,
            hub_wal_len: 0,
        };
        assert!(within_bounds(&options, &good()).is_ok());
        let late = [("everything", vec![PAGE_MAX + Duration::from_millis(1)])];
        for (bad, word) in [
            (Rushed { served: vec![served], ..good() }, "1 of 2 devices"),
            (Rushed { served: vec![served, Served { received: 2, ..served }], ..good() }, "2 of its 3 opinions"),
            (Rushed { failed_pages: 1, ..good() }, "1 pages were not given"),
            (Rushed { pages: BTreeMap::new(), ..good() }, "no page was opened"),
            (Rushed { pages: late.into(), ..good() }, "the page of everything took"),
            (Rushed { hub_mib: HUB_MIB_MAX + 1.0, ..good() }, "1025 MiB of memory"),
        ] {
            let said = within_bounds(&options, &bad).unwrap_err().to_string();
            assert!(said.contains(word), "{said}");
        }
    }
}
