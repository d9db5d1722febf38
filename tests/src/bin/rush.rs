//! `rush`: every device of a county comes back to its hub at once; `rush hub ARGS…` is that hub.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::program::as_a_part(tests::rush::main)
}
