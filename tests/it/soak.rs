//! A small county of real programs for less than a minute; an hour of it: `cargo run --release -p tests --bin soak`.

use std::path::Path;

use clap::Parser as _;
use tests::soak::{Options, soak, tell};

#[test]
fn programs_that_run_for_a_while_lose_nothing_and_keep_to_their_bounds() {
    let options = Options::parse_from(["soak", "--minutes", "0.7", "--before", "20", "--every-s", "5"]);
    let (said, seen) = soak(&options, Path::new(env!("CARGO_BIN_EXE_soak"))).unwrap();
    assert!(said > 0, "somebody spoke");
    assert_eq!(seen.len(), 3, "the hub and two kiosks: {seen:?}");
    tell(&seen).unwrap();
}
