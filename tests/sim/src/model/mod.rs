//! Small models of what the parts promise, and random operations that let part and model say the same.
//!
//! Each module here has a model that a page holds, plain lists and sets, beside the code that ships: [`runs`] for feeds and
//! what is cut and joined of them, [`log`] for the store with its receipts and what waits, [`spaces`] for what two devices
//! have in common, [`fold`] for where an opinion stands. A sequence of operations is a seed and a length; one that fails is
//! shortened to the first operation after which the two differ, and told with the line that tries it again.

mod fold;
mod log;
mod runs;
mod spaces;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    process::ExitCode,
};

use clap::Parser;

use crate::{dice::Dice, run::alone};

/// Longest sequence.
const OPERATIONS_MAX: usize = 40;

/// Lets the parts and their models do the same, at random.
#[derive(Parser)]
#[command(name = "model")]
struct Arguments {
    /// Sequences for each part.
    #[arg(long, default_value_t = 1_000)]
    sequences: u64,
    /// The seed of the first.
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// Does so many operations that these dice choose, and compares after each.
type Sequence = fn(Dice, usize) -> Result<(), String>;

/// Every part that has a model.
const PARTS: [(&str, Sequence); 4] = [
    ("feeds", runs::sequence),
    ("store and outbox", log::sequence),
    ("spaces", spaces::sequence),
    ("fold", fold::sequence),
];

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Arguments { sequences, from } = Arguments::parse_from(args);
    let (operations, broken) = compare(from..from.saturating_add(sequences));
    for (part, operations) in operations {
        println!("{part:<18} {sequences:>9} sequences {operations:>10} operations");
    }
    broken.iter().take(20).for_each(|broken| println!("{broken}"));
    println!("{} broken", broken.len());
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Tries a sequence of each seed with each part: how many operations were done, and where part and model differ.
pub fn compare(seeds: std::ops::Range<u64>) -> (BTreeMap<&'static str, usize>, Vec<String>) {
    let _alone = alone();
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let (mut operations, mut broken) = (BTreeMap::<_, usize>::new(), Vec::new());
    for (part, sequence) in PARTS {
        for seed in seeds.clone() {
            let mut dice = Dice::new(seed);
            let len = 1 + dice.place(OPERATIONS_MAX);
            *operations.entry(part).or_default() += len;
            if tried(sequence, &dice, len).is_ok() {
                continue;
            }
            let shortest = (1..=len).find_map(|len| Some((len, tried(sequence, &dice, len).err()?)));
            let (len, why) = shortest.unwrap_or((len, "another time it was right".to_owned()));
            broken.push(format!("{part}: seed {seed}, after {len} operations: {why}\n{}", again(seed)));
        }
    }
    set_hook(hook);
    (operations, broken)
}

/// The line that tries the sequences of a seed again, with every part: each begins with cards, clock and dice of its own.
fn again(seed: u64) -> String {
    format!("again: cargo run --release -p sim --bin model -- --sequences 1 --from {seed}")
}

fn tried(sequence: Sequence, dice: &Dice, len: usize) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| sequence(dice.clone(), len))).unwrap_or_else(|_| Err("a panic".to_owned()))
}

/// The two are the same, or it is said what differs.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, part: &T, model: &T) -> Result<(), String> {
    if part == model { Ok(()) } else { Err(format!("{what}: {part:?}, and the model {model:?}")) }
}
