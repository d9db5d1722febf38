//! `model`: lets the parts of the program and small models of them do the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    sim::model::main(std::env::args_os())
}
