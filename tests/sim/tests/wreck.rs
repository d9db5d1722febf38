//! Some crash images and faults; all of them: `cargo run --release -p sim --bin wreck`.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use sim::wreck::wreck;

#[test]
fn what_was_saved_outlives_a_power_cut_and_a_fault_at_any_operation() {
    let tried = wreck(4, 61, 1, false).unwrap();
    assert!(tried.broken.is_empty(), "{:#?}", tried.broken);
    assert!(tried.images > 100 && tried.faults > 50, "{tried:?}");
}

#[test]
fn a_card_that_lies_about_its_syncs_is_found_out() {
    let tried = wreck(8, 701, 1, true).unwrap();
    assert!(!tried.broken.is_empty(), "cuts are felt: {tried:?}");
}
