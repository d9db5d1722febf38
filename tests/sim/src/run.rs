//! Seeds, one after the other, and what came of them.

use std::{
    ffi::OsString,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use anyhow::Context as _;
use clap::Parser;

use crate::county::{Broken, County};

/// Runs the simulated county: one seed, one run.
#[derive(Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// Which seeds: FROM..TO, without the last.
    #[arg(long, value_name = "FROM..TO", default_value = "0..1000", value_parser = parse_range)]
    seeds: (u64, u64),
    /// Tells everything that happens, for one seed to be looked at.
    #[arg(long)]
    tell: bool,
    /// Runs every seed twice and compares the two.
    #[arg(long)]
    twice: bool,
}

fn parse_range(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    parts.filter(|(from, to)| from < to).ok_or_else(|| "it is not FROM..TO".to_owned())
}

/// How one seed went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Everything that happened, as one number.
    pub trace: String,
    /// How much happened.
    pub deeds: u64,
    /// What was broken, if anything was.
    pub broken: Option<Broken>,
}

/// Runs one seed. Clock, dice and cards are one for the whole process, so a second caller waits.
pub fn run_seed(seed: u64, is_told: bool) -> Ended {
    let _alone = alone();
    let mut county = match County::new(seed, is_told) {
        Ok(county) => county,
        Err(broken) => return Ended { trace: String::new(), deeds: 0, broken: Some(broken) },
    };
    let broken = catch_unwind(AssertUnwindSafe(|| county.live())).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        Err(format!("a panic: {}", said.unwrap_or_default()))
    });
    Ended { trace: county.trace(), deeds: county.deeds(), broken: broken.err() }
}

/// Held by whoever uses the one clock and the one set of cards of this process.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(args);
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let (from, to) = arguments.seeds;
    let started = Instant::now();
    let (mut deeds, mut broken) = (0, 0);
    for seed in from..to {
        let ended = run_seed(seed, arguments.tell);
        deeds += ended.deeds;
        if let Some(why) = &ended.broken {
            broken += 1;
            println!("seed {seed}: {why}");
            println!("again: cargo run --release -p sim --bin simulate -- --seeds {seed}..{} --tell", seed + 1);
        }
        if arguments.twice {
            let again = run_seed(seed, false);
            if again != ended {
                broken += 1;
                println!("seed {seed}: two runs differ, {} and {}", ended.trace, again.trace);
            }
        }
        if arguments.tell {
            println!("trace {}", ended.trace);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let ticks = ticks(&std::fs::read_to_string("/proc/self/stat").context("Reading how much time it took")?);
    println!(
        "{} seeds, {deeds} deeds, {broken} broken, {seconds:.1} s, {:.1} s of processor time",
        to - from,
        ticks as f64 / 100.0
    );
    Ok(broken == 0)
}

/// User and system time of this process, in hundredths of a second.
fn ticks(stat: &str) -> u64 {
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    behind.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}
