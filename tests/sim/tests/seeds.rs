//! Some seeds of the simulated county. Any number: `cargo run --release -p sim --bin simulate -- --seeds 2000..4000`.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::process::Command;

use sim::run::run_seed;

/// Those that every change must pass; those that found a fault, of which `docs/reliability.md` tells, are among them.
const SEEDS: &str = "0..2000";

#[test]
fn no_fault_loses_or_repeats_an_opinion() {
    let ended = Command::new(env!("CARGO_BIN_EXE_simulate")).args(["--seeds", SEEDS]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{}\n{said}{}", ended.status, String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("2000 seeds, ") && said.contains(" 0 broken"), "{said}");
    let told = said.lines().find_map(|line| line.strip_prefix("happened: ")).unwrap();
    for what in HAPPENED {
        let times = told.split(", ").find_map(|part| part.strip_suffix(what)?.trim().parse::<u64>().ok());
        assert!(times.is_some_and(|times| times >= 20), "{what}: {told}");
    }
}

/// What must have befallen some of these counties: a promise that was never put to the test is none.
const HAPPENED: [&str; 23] = [
    "additions and steps",
    "backups verified",
    "cards in two machines",
    "cards put back",
    "carriers turned away",
    "clocks years away",
    "clocks set back by a day",
    "counties with a township's hub",
    "counties without roads",
    "devices struck off",
    "devices that let go",
    "disks full",
    "disks read-only",
    "disks that refuse once",
    "handovers in which parcels changed hands",
    "handovers that broke off",
    "hubs restored",
    "keys destroyed",
    "opinions erased",
    "parcels damaged",
    "power cuts planned in the middle of work",
    "quiets by carriers alone",
    "roads broken beneath a voice",
];

/// Seeds beyond those. 5711: a township's hub burnt down and its county kept what it had told of. 7399: erased words stood
/// between two rows of a file. 9968: everybody was struck off, and the hub still takes in what came before. 14816: somebody
/// struck off has yet to merge what the log alone could keep. 27919: tables were of two ages behind a sync that failed.
/// 29671: one that was struck off went on writing by a clock that stood before that, to a key that was destroyed meanwhile.
/// 64918: a backup was a copy of files. 65565: a device let go of what had come back to it and was not merged yet. 93287: a form
/// whose first try failed, and had saved it, was handed in again after its device was struck off. 3463, 102357: the county
/// was to erase something and could not even look whether it is there.
#[test]
fn what_was_found_once_stays_mended() {
    for seed in [3463, 5711, 7399, 9968, 14816, 27919, 29671, 64918, 65565, 93287, 102357] {
        let ended = run_seed(seed, false);
        assert!(ended.broken.is_none(), "seed {seed}: {:?}", ended.broken);
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in [7, 150, 219] {
        let ended = run_seed(seed, false);
        assert!(ended.deeds > 0);
        assert_eq!(ended, run_seed(seed, false), "seed {seed}");
    }
}
