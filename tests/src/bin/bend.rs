//! `bend`: bent bytes at every door but the gate.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::bend::main(std::env::args_os())
}
