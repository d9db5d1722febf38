//! `simulate`: the county simulated, seed after seed.

use std::process::ExitCode;

fn main() -> ExitCode {
    sim::run::main(std::env::args_os())
}
