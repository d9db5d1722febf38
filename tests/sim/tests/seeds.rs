//! Some seeds of the simulated county. Any number: `cargo run --release -p sim --bin simulate -- --seeds 0..2000`.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use sim::run::run_seed;

/// So many as take a minute or two of a processor without optimisation.
const SEEDS: u64 = 120;

#[test]
fn no_fault_loses_or_repeats_an_opinion() {
    let broken: Vec<String> =
        (0..SEEDS).filter_map(|seed| Some(format!("seed {seed}: {}", run_seed(seed, false).broken?))).collect();
    assert!(
        broken.is_empty(),
        "{broken:#?}\nagain: cargo run --release -p sim --bin simulate -- --tell --seeds N..N+1"
    );
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in [7, 150, 219] {
        let ended = run_seed(seed, false);
        assert!(ended.deeds > 0);
        assert_eq!(ended, run_seed(seed, false), "seed {seed}");
    }
}
