//! The kiosk's program; everything it does is in the library.

use std::process::ExitCode;

use clap::Parser;
use kiosk::cli::Cli;

fn main() -> ExitCode {
    ledger::command::start_logging();
    ledger::command::exit(Cli::parse().run())
}
