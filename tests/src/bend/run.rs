//! The command: inputs at each door, what became of them, and what is kept.

use std::{
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use clap::Parser;

use super::{
    bytes, corpus,
    door::Door,
    enrolment, logs, pages,
    reach::{IS_COVERED, Panics, Reach},
    records,
};
use crate::{process::cpu_s, sample::Dice};

/// After so many inputs it is looked how much time is left.
const LOOKS_EVERY: u64 = 16;

/// Bends what is honest, and looks what becomes of it.
#[derive(Clone, Parser)]
#[command(name = "bend")]
struct Options {
    /// Inputs at each door, and fewer where each takes long.
    #[arg(long, default_value_t = 20_000)]
    inputs: u64,
    /// So many minutes of processor time at each door instead.
    #[arg(long)]
    minutes: Option<f64>,
    /// Seed and number name an input.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// At the doors alone whose name begins with this: `frame`, `run`, `bundle`, `receipt`, `certificate`, `enrolment`,
    /// `import` and `page` are the kinds of them.
    #[arg(long, default_value = "")]
    door: String,
    /// Keeps what is new and what breaks something. New is what reaches code that nothing reached, so this program must
    /// count where it goes: RUSTC_WORKSPACE_WRAPPER=tests/covered LLVM_PROFILE_FILE=/dev/null cargo run ...
    #[arg(long)]
    keep: bool,
    /// Tries what was kept, as it is, and nothing else.
    #[arg(long)]
    replay: bool,
    /// Tries what this file holds, as it is, at the door whose whole name `--door` gives, and nothing else.
    #[arg(long, value_name = "FILE", requires = "door", conflicts_with_all = ["replay", "keep"])]
    input: Option<PathBuf>,
    /// Writes every input that breaks something to a file here. Without it they are in the system's temporary directory.
    #[arg(long, value_name = "DIR")]
    broken: Option<PathBuf>,
}

impl Options {
    /// Writes down what broke a door: why, in one sentence, and the line that tries it again.
    fn note_broken(&self, door: &str, bytes: &[u8], why: &str) -> anyhow::Result<String> {
        let dir = self.broken.clone().unwrap_or_else(|| std::env::temp_dir().join("huiyin-bend-broken"));
        let file = corpus::write_broken(&dir, door, bytes)?;
        let again = "again: cargo run --release -p tests --bin bend --";
        Ok(format!("{door}: {why}\n{again} --door {door:?} --input {file:?}"))
    }
}

/// What became of the inputs at one door.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Read, or let in.
    read: u64,
    /// Refused.
    refused: u64,
    /// New, and kept.
    kept: u64,
    /// Of processor time.
    seconds: f64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, refused, kept, seconds } = self;
        write!(f, "{read:>10} read {refused:>10} refused {kept:>6} kept {seconds:>8.1} s of processor time")
    }
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = Options::parse_from(args);
    let done = match &options.input {
        Some(file) => try_file(&options, file),
        None if options.replay => replay(&options),
        None => bend(&options),
    };
    match done {
        Ok(broken) => {
            broken.iter().take(20).for_each(|broken| println!("{broken}"));
            println!("{} broken", broken.len());
            if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn doors(options: &Options) -> impl Iterator<Item = Door> {
    let all = [records::doors(), logs::doors(), enrolment::doors(), pages::doors()].into_iter().flatten();
    all.filter(|door| door.name.starts_with(&options.door))
}

/// Knocks so often at every door, and says of each when it is done; what broke.
fn bend(options: &Options) -> anyhow::Result<Vec<String>> {
    ensure!(
        IS_COVERED || !options.keep,
        "this program does not count where it goes; --help says how to build one that does"
    );
    ensure!(doors(options).next().is_some(), "no door has a name that begins with {}", options.door);
    let (panics, mut broken) = (Panics::watch(), Vec::new());
    for door in doors(options) {
        let name = door.name;
        let tally = bend_at(door, options, &panics, &mut broken)?;
        println!("{name:<36} {tally}");
    }
    Ok(broken)
}

/// Tries everything that was kept, and says how much that was; what it broke.
fn replay(options: &Options) -> anyhow::Result<Vec<String>> {
    let (panics, mut count, mut broken) = (Panics::watch(), 0, Vec::new());
    for door in doors(options) {
        for (number, bytes) in corpus::kept(door.name)?.iter().enumerate() {
            let became = door.try_bytes(&panics, bytes);
            count += 1;
            if let Err(why) = became {
                let why = format!("number {number} of what was kept: {why}");
                broken.push(options.note_broken(door.name, bytes, &why)?);
            }
        }
    }
    println!("{count} were kept");
    Ok(broken)
}

/// Tries what a file holds at one door, and says what became of it; what it broke. A panic says where it was.
fn try_file(options: &Options, file: &Path) -> anyhow::Result<Vec<String>> {
    let bytes = fs::read(file).with_context(|| format!("Reading {}", file.display()))?;
    let door = doors(options).find(|door| door.name == options.door);
    let door = door.with_context(|| format!("no door has the name {:?}", options.door))?;
    match door.try_bytes(&Panics::watch_aloud(), &bytes) {
        Ok(is_read) => {
            println!("{}: {}", door.name, if is_read { "read" } else { "refused" });
            Ok(Vec::new())
        }
        Err(why) => Ok(vec![format!("{}: {why}", door.name)]),
    }
}

fn bend_at(mut door: Door, options: &Options, panics: &Panics, broken: &mut Vec<String>) -> anyhow::Result<Tally> {
    let (name, mut tally, mut reach) = (door.name, Tally::default(), Reach::default());
    let own = std::process::id();
    let begun = cpu_s(own)?;
    door.honest.extend(corpus::kept(name)?);
    let mut is_open = false;
    for honest in &door.honest {
        let (became, places) = reach.of(|| door.try_bytes(panics, honest));
        is_open |= became == Ok(true);
        reach.note(&places);
    }
    ensure!(is_open, "{name}: nothing that honestly comes is let in");
    let inputs = options.inputs.div_ceil(door.cost);
    let mut input = 0;
    loop {
        let is_over = match options.minutes {
            Some(minutes) if input % LOOKS_EVERY == 0 => cpu_s(own)? - begun >= minutes * 60.0,
            Some(_) => false,
            None => input >= inputs,
        };
        if is_over {
            break;
        }
        let mut dice = Dice(options.seed.wrapping_mul(1_000_003).wrapping_add(input));
        let bytes = if dice.below(3) == 0 {
            bytes::reworded(&door.honest, &mut dice)
        } else {
            bytes::bent(&door.honest, &mut dice)
        };
        let (became, places) = reach.of(|| door.try_bytes(panics, &bytes));
        match &became {
            Ok(true) => tally.read += 1,
            Ok(false) => tally.refused += 1,
            Err(why) => {
                let why = format!("seed {}, input {input}: {why}", options.seed);
                broken.push(options.note_broken(name, &bytes, &why)?);
            }
        }
        let is_new = !places.is_empty();
        reach.note(&places);
        if options.keep && (is_new || became.is_err()) {
            let does_the_same = |shorter: &[u8]| {
                let (became_of_it, reached) = Reach::default().of(|| door.try_bytes(panics, shorter));
                became_of_it == became && (became.is_err() || places.iter().all(|place| reached.contains(place)))
            };
            let short = corpus::shortened(&bytes, does_the_same);
            if corpus::keep(name, &short)? {
                tally.kept += 1;
                door.honest.push(short);
            }
        }
        input += 1;
    }
    tally.seconds = cpu_s(own)? - begun;
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_door_is_written_down_and_breaks_it_again() {
        let dir = std::env::temp_dir().join(format!("huiyin-bend-broken-{}", std::process::id()));
        let told = dir.to_string_lossy().into_owned();
        let options = Options::parse_from(["bend", "--inputs", "20", "--broken", &told]);
        let knock = |bytes: &[u8]| if bytes == b"honest words" { Ok(true) } else { Err("it breaks".to_owned()) };
        let door = || Door::new("frame: that breaks", vec![b"honest words".to_vec()], knock);
        let (panics, mut broken) = (Panics::watch_aloud(), Vec::new());
        bend_at(door(), &options, &panics, &mut broken).unwrap();
        assert!(!broken.is_empty());
        for said in broken {
            let (why, again) = said.split_once('\n').unwrap();
            assert!(why.starts_with("frame: that breaks: seed 1, input ") && why.ends_with("it breaks"), "{why}");
            let (command, file) = again.split_once(" --input ").unwrap();
            assert!(command.ends_with("--bin bend -- --door \"frame: that breaks\""), "{command}");
            let bytes = fs::read(file.trim_matches('"')).unwrap();
            assert_eq!(door().try_bytes(&panics, &bytes), Err("it breaks".to_owned()));
        }
        fs::remove_dir_all(&dir).unwrap();
    }
}
