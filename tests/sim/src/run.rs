//! Seeds, one after the other, and what came of them.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    io::{BufRead as _, BufReader},
    panic::{AssertUnwindSafe, catch_unwind},
    process::{Command, ExitCode, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{available_parallelism, scope},
    time::Instant,
};

use anyhow::Context as _;
use clap::Parser;

use crate::county::{Broken, County, Happened};

/// Before what happened, where it is told.
const HAPPENED: &str = "happened: ";

/// So many seeds a process is given at a time.
const SHARE: u64 = 100;

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
    /// Processes that share them: as many as there are processors, unless it says otherwise.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// What came of some seeds.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    seeds: u64,
    deeds: u64,
    broken: u64,
    /// Of processor time.
    seconds: f64,
    /// What happened, in words, and how often.
    happened: BTreeMap<String, u64>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, deeds, broken, seconds, happened } = self;
        let happened: Vec<String> = happened.iter().map(|(what, times)| format!("{times} {what}")).collect();
        writeln!(f, "{HAPPENED}{}", happened.join(", "))?;
        write!(f, "{seeds} seeds, {deeds} deeds, {broken} broken, {seconds:.1} s of processor time")
    }
}

impl Tally {
    /// Reads the lines that [`Display`](fmt::Display) wrote, each of which says something of its own.
    fn read(line: &str) -> Option<Self> {
        if let Some(happened) = line.strip_prefix(HAPPENED) {
            let parts = happened.split(", ").filter_map(|part| {
                let (times, what) = part.split_once(' ')?;
                Some((what.to_owned(), times.parse().ok()?))
            });
            return Some(Self { happened: parts.collect(), ..Self::default() });
        }
        let rest = line.strip_suffix(" s of processor time")?;
        let (seeds, rest) = rest.split_once(" seeds, ")?;
        let (deeds, rest) = rest.split_once(" deeds, ")?;
        let (broken, seconds) = rest.split_once(" broken, ")?;
        Some(Self {
            seeds: seeds.parse().ok()?,
            deeds: deeds.parse().ok()?,
            broken: broken.parse().ok()?,
            seconds: seconds.parse().ok()?,
            happened: BTreeMap::new(),
        })
    }

    fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.deeds += other.deeds;
        self.broken += other.broken;
        self.seconds += other.seconds;
        for (what, times) in other.happened {
            *self.happened.entry(what).or_default() += times;
        }
    }
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
    /// What happened, and how often.
    pub happened: Happened,
    /// What was broken, if anything was.
    pub broken: Option<Broken>,
}

/// Runs one seed. Clock, dice and cards are one for the whole process, so a second caller waits.
pub fn run_seed(seed: u64, is_told: bool) -> Ended {
    let _alone = alone();
    let mut county = match County::new(seed, is_told) {
        Ok(county) => county,
        Err(broken) => {
            return Ended { trace: String::new(), deeds: 0, happened: Happened::new(), broken: Some(broken) };
        }
    };
    let broken = catch_unwind(AssertUnwindSafe(|| county.live())).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        Err(format!("a panic: {}", said.unwrap_or_default()))
    });
    let (trace, happened) = (county.trace(), county.happened().clone());
    Ended { trace, deeds: county.deeds(), happened, broken: broken.err() }
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
    let started = Instant::now();
    let jobs = arguments.jobs.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
    let (from, to) = arguments.seeds;
    if jobs <= 1 || arguments.tell || to - from <= 1 {
        let tally = run_here(arguments)?;
        println!("{tally}");
        return Ok(tally.broken == 0);
    }
    let tally = run_shared(arguments, jobs)?;
    println!("{tally}");
    println!("{jobs} processes, {:.1} s", started.elapsed().as_secs_f64());
    Ok(tally.broken == 0)
}

/// Runs seed after seed in this process.
fn run_here(arguments: &Arguments) -> anyhow::Result<Tally> {
    let (from, to) = arguments.seeds;
    let mut tally = Tally { seeds: to - from, ..Tally::default() };
    for seed in from..to {
        let ended = run_seed(seed, arguments.tell);
        tally.deeds += ended.deeds;
        for (what, times) in &ended.happened {
            *tally.happened.entry((*what).to_owned()).or_default() += times;
        }
        if let Some(why) = &ended.broken {
            tally.broken += 1;
            println!("seed {seed}: {why}");
            println!("{}", again(seed, seed + 1));
        }
        if arguments.twice {
            let again = run_seed(seed, false);
            if again != ended {
                tally.broken += 1;
                println!("seed {seed}: two runs differ, {} and {}", ended.trace, again.trace);
            }
        }
        if arguments.tell {
            println!("trace {}", ended.trace);
        }
    }
    let ticks = ticks(&std::fs::read_to_string("/proc/self/stat").context("Reading how much time it took")?);
    tally.seconds = ticks as f64 / 100.0;
    Ok(tally)
}

/// Lets several processes take one share after the other: clock, dice and cards are one for a process.
fn run_shared(arguments: &Arguments, jobs: usize) -> anyhow::Result<Tally> {
    let (from, to) = arguments.seeds;
    let next = AtomicU64::new(from);
    let help = || {
        let mut tally = Tally::default();
        loop {
            let first = next.fetch_add(SHARE, Ordering::Relaxed);
            if first >= to {
                return anyhow::Ok(tally);
            }
            tally.add(run_share(first, to.min(first + SHARE), arguments.twice)?);
        }
    };
    scope(|scope| {
        let helpers: Vec<_> = (0..jobs).map(|_| scope.spawn(help)).collect();
        let mut all = Tally::default();
        for helper in helpers {
            all.add(helper.join().map_err(|_| anyhow::anyhow!("whoever waits for a share fell"))??);
        }
        Ok(all)
    })
}

/// Runs a share in a process of its own, and says what it says as it says it.
fn run_share(from: u64, to: u64, is_twice: bool) -> anyhow::Result<Tally> {
    let mut command = Command::new(std::env::current_exe().context("Looking for this program")?);
    command.args(["--jobs", "1", "--seeds", &format!("{from}..{to}")]).args(is_twice.then_some("--twice"));
    let mut child = command.stdout(Stdio::piped()).spawn().context("Starting a share")?;
    let (mut tally, mut is_told) = (Tally::default(), false);
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.context("Hearing of a share")?;
        match Tally::read(&line) {
            Some(read) => {
                is_told |= read.seeds > 0;
                tally.add(read);
            }
            None => println!("{line}"),
        }
    }
    let status = child.wait().context("Waiting for a share")?;
    // One that says that all is well ends well.
    if is_told && (status.success() || tally.broken > 0) {
        return Ok(tally);
    }
    println!("seeds {from}..{to}: the program fell: {status}");
    println!("{}", again(from, to));
    Ok(Tally { seeds: to - from, broken: 1, ..Tally::default() })
}

/// The line that repeats some seeds.
fn again(from: u64, to: u64) -> String {
    format!("again: cargo run --release -p sim --bin simulate -- --jobs 1 --tell --seeds {from}..{to}")
}

/// User and system time of this process, in hundredths of a second.
fn ticks(stat: &str) -> u64 {
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    behind.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_share_says_of_itself_is_understood() {
        let happened = BTreeMap::from([("cards put back".to_owned(), 3), ("power cuts".to_owned(), 250)]);
        let tally = Tally { seeds: 100, deeds: 4_015, broken: 2, seconds: 20.5, happened };
        let mut read = Tally::default();
        tally.to_string().lines().for_each(|line| read.add(Tally::read(line).unwrap()));
        assert_eq!(read, tally);
        assert_eq!(Tally::read("seed 7: O1: «3» was called saved and is not at the hub"), None);
    }
}
