//! `mutate`: bends honest changes and counts what the gate makes of them.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::mutate::main(std::env::args_os())
}
