//! A small county of real programs by the hour: people speak, an operator works, roads come and go, and nothing that a
//! program takes may grow without bound.
//!
//! Every program is a process of its own on a real disk. It is looked at each of them again and again: its own memory, the
//! files it has open, the write-ahead logs beside its databases. Much was said before it began, so that caches of databases
//! have no more to fill; others do while it warms up, in the first half. What it grew by the hour after that is told, and too
//! much of it fails.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use civic_core::codebook::Codebook;
use clap::Parser;

use crate::{
    people::{Operator, Villager},
    process::{cpu_s, descriptors, own_mib},
    sample::{self, Dice, Ear},
    world::{Part, Ports, World, wait_for},
};

/// Memory may grow by so much from the middle to the end, MiB: what is kept for pages that were read, and no more.
const GROWTH_MAX_MIB: f64 = 16.0;
/// And by so much an hour, MiB, if the second half is long enough to tell.
const GROWTH_MAX_MIB_H: f64 = 4.0;
/// So long it must be for that: within minutes a cache that fills is not told from a leak.
const LONG_ENOUGH_H: f64 = 0.4;
/// Files that a program may have open more than it had in the middle.
const DESCRIPTORS_MORE_MAX: usize = 16;
/// Longest write-ahead log, bytes.
const WAL_LEN_MAX: u64 = 64 << 20;
/// Where the kiosks stand.
const VILLAGE: &str = "990127101201";
/// How it comes to the county there.
const CHANNEL: &str = "自助终端";
/// What people say.
const SAID: (&str, &str) = ("道路交通", "我们村的路坏了，车不好走。");

/// Lets a small county run for long.
#[derive(Clone, Debug, Parser)]
#[command(name = "soak")]
pub struct Options {
    /// How long.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// How many kiosks.
    #[arg(long, default_value_t = 2)]
    kiosks: usize,
    /// What was said at each kiosk before. SQLite keeps up to 2 MiB for each of a program's dozen connections, and takes that as
    /// its files grow.
    #[arg(long, default_value_t = 3_000)]
    before: usize,
    /// It is looked at the programs every so many seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    every_s: u64,
    /// Decides when roads come and go.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What a program takes at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Takes {
    /// When, hours from the beginning on.
    pub at_h: f64,
    /// Memory of its own, MiB.
    pub memory_mib: f64,
    /// Processor time until then, seconds.
    pub cpu_s: f64,
    /// Open files.
    pub descriptors: usize,
    /// The longest write-ahead log beside its databases, bytes.
    pub wal_len: u64,
}

/// What was seen of every program, in time.
pub type Seen = BTreeMap<String, Vec<Takes>>;

/// The program; argument 0 is its name, and everything else that this process may be is looked after before.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = Options::parse_from(args);
    let done = std::env::current_exe().context("Looking for this program").and_then(|program| soak(&options, &program));
    match done.and_then(|(said, seen)| tell(&seen).map(|()| said)) {
        Ok(said) => {
            println!("{said} opinions, each once at the hub; nothing grew without bound");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// Lets the county run, with `program` as each of its programs; how much was said and is at the hub, and what was seen.
pub fn soak(options: &Options, program: &Path) -> anyhow::Result<(u64, Seen)> {
    let dir = std::env::temp_dir().join(format!("huiyin-soak-{}", std::process::id()));
    let mut world = World::new(program, &dir, Ports::Any)?;
    world.make_county(sample::COUNTY)?;
    world.start("hub")?;
    let mut keys = vec!["hub".to_owned()];
    for number in 1..=options.kiosks {
        let key = format!("kiosk-{number}");
        world.add(&key, Part::Kiosk)?;
        world.enrol(&key, &key, &[VILLAGE])?;
        let file = dir.join(format!("{key}.jsonl"));
        fs::write(&file, said_before(options, number)?).with_context(|| format!("Writing {}", file.display()))?;
        world.tell(&key, &["import", &file.to_string_lossy()])?.good()?;
        world.start(&key)?;
        keys.push(key);
    }
    let said = live(options, &world, &keys);
    world.stop_all();
    let said = said?;
    fs::remove_dir_all(&dir).with_context(|| format!("Removing {}", dir.display()))?;
    Ok(said)
}

/// Lines of what was said at a kiosk before.
fn said_before(options: &Options, number: usize) -> anyhow::Result<String> {
    let codebook = Codebook::parse(sample::COUNTY)?;
    let village: Vec<_> = codebook.places.iter().filter(|place| place.area.code() == VILLAGE).collect();
    let ear = Ear { villages: village, channels: &[CHANNEL], deputy: None };
    let seed = options.seed.wrapping_mul(1_009).wrapping_add(number as u64);
    Ok(sample::lines(&codebook, &ear, seed, options.before).iter().map(|line| format!("{line}\n")).collect())
}

fn are_at_hub(world: &World, opinions: u64) -> anyhow::Result<()> {
    wait_for("everything at the hub", || (world.status("hub")?["opinions"] == opinions).then_some(()))
}

fn live(options: &Options, world: &World, keys: &[String]) -> anyhow::Result<(u64, Seen)> {
    let (operator, mut dice) = (Operator::at(world)?, Dice(options.seed));
    let before = (options.before * options.kiosks) as u64;
    are_at_hub(world, before)?;
    let long = Duration::try_from_secs_f64(options.minutes * 60.0).context("Reading how many minutes it lasts")?;
    let (begun, every) = (Instant::now(), Duration::from_secs(options.every_s));
    let (mut said, mut seen, mut next) = (0_u64, Seen::new(), every);
    println!("{:<10} {:>6} {:>9} {:>8} {:>6} {:>10}", "", "minute", "MiB", "CPU s", "files", "WAL bytes");
    while begun.elapsed() < long {
        for key in &keys[1..] {
            world.cut(key, dice.below(4) == 0)?;
            let villager = Villager::at(world, key)?;
            villager.compose(SAID.0, SAID.1)?;
            villager.file()?;
            villager.leave()?;
            said += 1;
        }
        for page in ["/", "/devices"] {
            operator.page(page)?;
        }
        if begun.elapsed() >= next {
            next += every;
            look(world, keys, begun, &mut seen)?;
        }
    }
    keys[1..].iter().try_for_each(|key| world.cut(key, false))?;
    are_at_hub(world, before + said)?;
    look(world, keys, begun, &mut seen)?;
    Ok((said, seen))
}

/// Looks at every program, and says what it takes.
fn look(world: &World, keys: &[String], begun: Instant, seen: &mut Seen) -> anyhow::Result<()> {
    for key in keys {
        let takes = Takes { at_h: begun.elapsed().as_secs_f64() / 3_600.0, ..takes(world, key)? };
        let Takes { memory_mib, cpu_s, descriptors, wal_len, .. } = takes;
        let minute = begun.elapsed().as_secs() / 60;
        println!("{key:<10} {minute:>6} {memory_mib:>9.1} {cpu_s:>8.1} {descriptors:>6} {wal_len:>10}");
        seen.entry(key.clone()).or_default().push(takes);
    }
    Ok(())
}

fn takes(world: &World, key: &str) -> anyhow::Result<Takes> {
    if let Some(mishap) = world.mishap(key) {
        bail!("{key} ended by itself: {mishap}");
    }
    let id = world.process(key).with_context(|| format!("{key} does not run"))?;
    Ok(Takes {
        at_h: 0.0,
        memory_mib: own_mib(id)?,
        cpu_s: cpu_s(id)?,
        descriptors: descriptors(id)?,
        wal_len: longest_wal(&world.data(key))?,
    })
}

/// How long the longest write-ahead log of a program's databases is, by its data directory; bytes.
pub(crate) fn longest_wal(dir: &Path) -> anyhow::Result<u64> {
    let mut longest = 0;
    for file in fs::read_dir(dir).with_context(|| format!("Looking into {}", dir.display()))? {
        let file = file?;
        if file.file_name().to_string_lossy().ends_with("-wal") {
            longest = longest.max(file.metadata()?.len());
        }
    }
    Ok(longest)
}

/// Says what every program grew by in the second half; fails if that, or anything else, is without bound.
pub fn tell(seen: &Seen) -> anyhow::Result<()> {
    ensure!(!seen.is_empty(), "it was looked at no program");
    for (key, all) in seen {
        let warm = &all[all.len() / 2..];
        let [middle, .., end] = warm else { bail!("it was looked at {key} too seldom to tell") };
        let (hours, by_the_hour) = (end.at_h - middle.at_h, growth_mib_h(warm));
        println!("{key:<10} grew by {by_the_hour:.2} MiB an hour in the second half, {hours:.2} hours");
        let grown = end.memory_mib - middle.memory_mib;
        ensure!(grown <= GROWTH_MAX_MIB, "{key} grew by {grown:.1} MiB in the second half");
        let is_told = hours >= LONG_ENOUGH_H;
        ensure!(!is_told || by_the_hour <= GROWTH_MAX_MIB_H, "{key} grows by {by_the_hour:.1} MiB an hour");
        let more = end.descriptors.saturating_sub(middle.descriptors);
        ensure!(more <= DESCRIPTORS_MORE_MAX, "{key} has {more} files open more than in the middle");
        let longest = all.iter().map(|takes| takes.wal_len).max().unwrap_or(0);
        ensure!(longest <= WAL_LEN_MAX, "a write-ahead log of {key} grew to {longest} bytes");
    }
    Ok(())
}

/// How much more memory an hour is, by the straight line that lies nearest to what was seen, MiB.
fn growth_mib_h(seen: &[Takes]) -> f64 {
    let mean = |of: fn(&Takes) -> f64| seen.iter().map(of).sum::<f64>() / seen.len() as f64;
    let (at, memory) = (mean(|takes| takes.at_h), mean(|takes| takes.memory_mib));
    let along: f64 = seen.iter().map(|takes| (takes.at_h - at) * (takes.memory_mib - memory)).sum();
    let across: f64 = seen.iter().map(|takes| (takes.at_h - at).powi(2)).sum();
    if across > 0.0 { along / across } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour and a half, looked at every minute; `memory` says how much there is after so many minutes.
    fn seen(memory: impl Fn(f64) -> f64) -> Seen {
        let takes = |minute: u32| {
            let minute = f64::from(minute);
            Takes { at_h: minute / 60.0, memory_mib: memory(minute), ..Takes::default() }
        };
        [("kiosk".to_owned(), (0..90).map(takes).collect())].into()
    }

    #[test]
    fn who_was_not_looked_at_twice_behind_the_middle_is_not_called_sound() {
        assert!(tell(&Seen::new()).is_err());
        let mut twice = seen(|_| 50.0);
        twice.values_mut().for_each(|all| all.truncate(2));
        assert!(tell(&twice).is_err());
    }

    #[test]
    fn a_cache_that_fills_is_not_taken_for_a_leak_nor_a_leak_for_a_cache() {
        // It is full after half an hour, and what is seen goes up and down by a MiB.
        assert!(tell(&seen(|minute| 50.0 + minute.min(30.0) + minute % 2.0)).is_ok());
        // A MiB every ten minutes, of which nothing would be seen in three.
        assert!(tell(&seen(|minute| 50.0 + minute / 10.0)).is_err());
        assert!((growth_mib_h(&seen(|minute| 50.0 + minute / 10.0)["kiosk"]) - 6.0).abs() < 0.01);
    }
}
