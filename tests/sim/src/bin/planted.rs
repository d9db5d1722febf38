//! `planted`: breaks the code that ships in every way of [`civic_core::planted`], one at a time, and says after how many
//! seeds the simulated county notices, and by which oracle.

use std::{panic, process::ExitCode, time::Instant};

use civic_core::planted::{self, Bug};
use clap::Parser;

/// Looks whether every bug on purpose is noticed.
#[derive(Parser)]
#[command(name = "planted")]
struct Arguments {
    /// Seeds that are tried for each.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The seed to begin with.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only bugs whose name holds this.
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    panic::set_hook(Box::new(|_| {}));
    let mut unnoticed = 0;
    for bug in Bug::ALL.iter().filter(|bug| format!("{bug:?}").contains(&arguments.only)) {
        planted::choose(Some(*bug));
        let started = Instant::now();
        let tried = (0..arguments.seeds).find_map(|tried| {
            let ended = sim::run::run_seed(arguments.from + tried, false);
            ended.broken.map(|broken| (tried + 1, broken))
        });
        let name = format!("{bug:?}");
        let seconds = started.elapsed().as_secs_f64();
        match tried {
            Some((seeds, broken)) => {
                let broken: String = broken.chars().take(110).collect();
                println!("{name:<20} {seeds:>6} {seconds:>6.0} s  {broken}");
            }
            None => {
                unnoticed += 1;
                println!("{name:<20}   none {seconds:>6.0} s  {}", bug.word());
            }
        }
    }
    println!("{} bugs, {unnoticed} unnoticed", Bug::ALL.len());
    if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
