//! The run: children that try inputs, a parent that counts, and the table.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    io::{BufRead as _, BufReader, Write as _},
    ops::Range,
    panic,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use civic_core::{
    gate::{Refusal, Verdict},
    payload::BadPayload,
};
use clap::Parser;

use super::trial::{Failure, Outcome, Workshop};

/// How long one input may take.
const HANG: Duration = Duration::from_secs(20);
/// Address space of a child: what wants more is a bomb.
const MEMORY_KIB: u64 = 1024 * 1024;
/// Inputs that one child tries.
const BLOCK: u64 = 10_000;

/// Bends honest changes and counts what the gate makes of them.
#[derive(Clone, Parser)]
#[command(name = "mutate")]
struct Arguments {
    /// How many inputs.
    #[arg(long, default_value_t = 20_000)]
    inputs: u64,
    /// Seed and index name an input.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Processes at a time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
    /// One input alone, in this process, with what it panics at.
    #[arg(long, value_name = "INDEX")]
    only: Option<u64>,
    /// Where inputs that must not be are written.
    #[arg(long, value_name = "DIR", default_value = "target/mutate")]
    out: PathBuf,
    /// Tries the inputs from this index on as somebody's child.
    #[arg(long, hide = true)]
    from: Option<u64>,
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(usage) => {
            // Nobody is left to tell if the words cannot be printed.
            let _ = usage.print();
            return ExitCode::from(2);
        }
    };
    let done = match (arguments.only, arguments.from) {
        (Some(index), _) => Ok(try_one(arguments.seed, index)),
        (None, Some(from)) => try_block(arguments.seed, from..arguments.inputs),
        (None, None) => run(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn try_one(seed: u64, index: u64) -> bool {
    let workshop = Workshop::open();
    let input = workshop.input(seed, index);
    println!("{}", input.tell());
    match workshop.try_input(&input) {
        Outcome::Verdict(verdict) => {
            println!("{verdict:?}");
            true
        }
        Outcome::Failure(failure) => {
            println!("{}", failure.word());
            false
        }
    }
}

/// Tries inputs one after the other and says a line of each: how often a panic was caught on the way, then what became
/// of it. The last line tells how much memory it took at most.
fn try_block(seed: u64, block: Range<u64>) -> anyhow::Result<bool> {
    static CAUGHT: AtomicU64 = AtomicU64::new(0);
    panic::set_hook(Box::new(|_| {
        CAUGHT.fetch_add(1, Ordering::Relaxed);
    }));
    let workshop = Workshop::open();
    let mut out = std::io::stdout().lock();
    for index in block {
        let outcome = workshop.try_input(&workshop.input(seed, index));
        let word = match outcome {
            Outcome::Verdict(Verdict::Admitted) => "admitted".to_owned(),
            Outcome::Verdict(Verdict::Known) => "known".to_owned(),
            Outcome::Verdict(Verdict::Pending) => "pending".to_owned(),
            Outcome::Verdict(Verdict::Refused(Refusal::Payload(BadPayload::UnknownForm(_)))) => {
                "refused: payload has an unknown form".to_owned()
            }
            Outcome::Verdict(Verdict::Refused(refusal)) => format!("refused: {refusal}"),
            Outcome::Failure(failure) => failure.word().to_owned(),
        };
        writeln!(out, "{} {word}", CAUGHT.swap(0, Ordering::Relaxed))?;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    writeln!(out, "peak {}", peak.trim().trim_end_matches(" kB"))?;
    Ok(true)
}

/// What was counted.
#[derive(Default)]
struct Tally {
    by_word: BTreeMap<String, u64>,
    caught: u64,
    hangs: u64,
    deaths: u64,
    peak_kb: u64,
    /// Index, and what happened.
    bad: Vec<(u64, String)>,
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let started = Instant::now();
    let own_path = std::env::current_exe().context("Finding this program")?;
    let (next, tally) = (AtomicU64::new(0), Mutex::new(Tally::default()));
    let help = || -> anyhow::Result<()> {
        loop {
            let from = next.fetch_add(BLOCK, Ordering::Relaxed);
            if from >= arguments.inputs {
                return Ok(());
            }
            count_block(&own_path, arguments.seed, from..arguments.inputs.min(from + BLOCK), &tally)?;
        }
    };
    thread::scope(|scope| {
        let helpers: Vec<_> = (0..arguments.jobs).map(|_| scope.spawn(help)).collect();
        helpers.into_iter().try_for_each(|helper| helper.join().expect("a helper does not panic"))
    })?;
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{} inputs, seed {}, {:.0} s", arguments.inputs, arguments.seed, started.elapsed().as_secs_f64());
    println!("{tally}");
    keep_bad(arguments, &tally.bad)?;
    Ok(tally.bad.is_empty())
}

/// Lets children try a block, a new one after each that died or hung.
fn count_block(own_path: &Path, seed: u64, block: Range<u64>, tally: &Mutex<Tally>) -> anyhow::Result<()> {
    let mut from = block.start;
    while from < block.end {
        let mut child = start(own_path, seed, from..block.end)?;
        let (sender, lines) = mpsc::channel();
        let stdout = child.stdout.take().context("The child has no voice")?;
        let listener = thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let end = loop {
            let line = lines.recv_timeout(HANG);
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            match line {
                Ok(line) if from < block.end => {
                    tally.count(from, &line)?;
                    from += 1;
                }
                Ok(line) => tally.peak_kb = tally.peak_kb.max(line.trim_start_matches("peak ").parse()?),
                Err(why) => break why,
            }
        };
        // It has ended or must end; what is left of it is its exit status, which says nothing more.
        let _ = child.kill();
        let _ = child.wait();
        let _ = listener.join();
        if from < block.end {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            match end {
                RecvTimeoutError::Timeout => {
                    tally.hangs += 1;
                    tally.bad.push((from, format!("hang over {} s", HANG.as_secs())));
                }
                RecvTimeoutError::Disconnected => {
                    tally.deaths += 1;
                    tally.bad.push((from, "death of the process".to_owned()));
                }
            }
            from += 1;
        }
    }
    Ok(())
}

/// A child under a limit of memory, which a shell sets before it becomes the child.
fn start(own_path: &Path, seed: u64, block: Range<u64>) -> anyhow::Result<Child> {
    Command::new("sh")
        .args(["-c", "ulimit -v \"$0\" && exec \"$@\"", &MEMORY_KIB.to_string()])
        .arg(own_path)
        .args(["--seed", &seed.to_string(), "--from", &block.start.to_string(), "--inputs", &block.end.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("Starting a child")
}

/// Writes every input that must not be to a file, and says how to try it again.
fn keep_bad(arguments: &Arguments, bad: &[(u64, String)]) -> anyhow::Result<()> {
    if bad.is_empty() {
        return Ok(());
    }
    let Arguments { seed, out, .. } = arguments;
    std::fs::create_dir_all(out).with_context(|| format!("Making {}", out.display()))?;
    let workshop = Workshop::open();
    for (index, what) in bad {
        let path = out.join(format!("{seed}-{index}.txt"));
        std::fs::write(&path, format!("{what}\n{}", workshop.input(*seed, *index).tell()))
            .with_context(|| format!("Writing {}", path.display()))?;
        println!("{what}: cargo run --release -p tests --bin mutate -- --seed {seed} --only {index}");
    }
    Ok(())
}

impl Tally {
    fn count(&mut self, index: u64, line: &str) -> anyhow::Result<()> {
        let (caught, word) = line.split_once(' ').with_context(|| format!("The child said {line:?}"))?;
        self.caught += caught.parse::<u64>().with_context(|| format!("The child said {line:?}"))?;
        *self.by_word.entry(word.to_owned()).or_default() += 1;
        if Failure::ALL.iter().any(|failure| failure.word() == word) {
            self.bad.push((index, word.to_owned()));
        }
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |word: &str, number: u64| writeln!(f, "{word:<58} {number:>10}");
        let is_failure = |word: &str| Failure::ALL.iter().any(|failure| failure.word() == word);
        for (word, number) in self.by_word.iter().filter(|(word, _)| !is_failure(word)) {
            line(word, *number)?;
        }
        line("panics caught inside the gate", self.caught)?;
        for failure in Failure::ALL {
            line(failure.word(), self.by_word.get(failure.word()).copied().unwrap_or_default())?;
        }
        line(&format!("hangs over {} s", HANG.as_secs()), self.hangs)?;
        line(&format!("deaths under {} MiB of address space", MEMORY_KIB / 1024), self.deaths)?;
        line("most memory of a child, kB", self.peak_kb)
    }
}
