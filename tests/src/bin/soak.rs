//! `soak`: a small county of real programs by the hour; `soak hub|kiosk|field ARGS…` is one of them by itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::program::as_a_part(tests::soak::main)
}
