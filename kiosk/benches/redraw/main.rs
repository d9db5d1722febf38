//! How fast the kiosk draws and starts, and what it takes while nobody is there: `cargo bench -p kiosk`.
//!
//! Nothing is asserted of times: the tables say what was reached, beside what was meant. [`screens`] draws every screen
//! at every size; [`program`] starts the real program over records on disk.

#![allow(clippy::unwrap_used)]

mod program;
mod screens;

#[path = "../../tests/it/directory.rs"]
mod directory;
#[path = "../../tests/it/looks.rs"]
#[allow(dead_code)]
mod looks;
#[path = "../../tests/it/support.rs"]
#[allow(dead_code)]
mod support;

use clap::Parser;

/// Measures how fast the kiosk draws and starts.
#[derive(Parser)]
#[command(name = "cargo bench -p kiosk --")]
struct Options {
    /// Opinions on disk when the program starts.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    documents: usize,
    /// Drawings of each screen; the median is told.
    #[arg(long, value_name = "N", default_value_t = 101)]
    runs: usize,
    /// Starts of the program; the median is told.
    #[arg(long, value_name = "N", default_value_t = 5)]
    starts: usize,
}

fn main() -> anyhow::Result<()> {
    // Cargo says what it runs; there is nothing else here.
    let options = Options::parse_from(std::env::args().filter(|argument| argument != "--bench"));
    screens::measure(options.runs.max(1));
    program::measure(options.documents, options.starts.max(1))
}

/// The middle one.
fn median<T: Ord + Copy>(mut all: Vec<T>) -> T {
    all.sort_unstable();
    all[all.len() / 2]
}
