//! `county`: a whole county on one desk; `county hub|kiosk|field ARGS…` is one of its programs by itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::program::as_a_part(tests::desk::main)
}
