//! `wreck`: crash images, and faults at every operation.

use std::process::ExitCode;

fn main() -> ExitCode {
    sim::wreck::main(std::env::args_os())
}
