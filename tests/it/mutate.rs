//! Bent changes at the gate, two thousand of them; `cargo run --release -p tests --bin mutate` tries a million.

use std::process::Command;

/// So many as take some seconds without optimisation.
const INPUTS: &str = "2000";

#[test]
fn no_bent_change_gets_past_the_gate_that_would_do_harm() {
    let out = std::env::temp_dir().join(format!("huiyin-mutate-{}", std::process::id()));
    let run = Command::new(env!("CARGO_BIN_EXE_mutate"))
        .args(["--inputs", INPUTS, "--seed", "3", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    let count = |word: &str| -> u64 {
        let line = said.lines().find(|line| line.starts_with(word)).unwrap_or_else(|| panic!("{word}: {said}"));
        line.split_whitespace().last().unwrap().parse().unwrap()
    };
    for nothing in ["panics that escaped", "poisoned documents", "honest changes kept out", "hangs", "deaths"] {
        assert_eq!(count(nothing), 0, "{said}");
    }
    // They get far enough to mean something: some are let in, and some make Automerge panic on a clone.
    assert!(count("admitted") > 50 && count("panics caught") > 10, "{said}");
    assert!(!out.exists(), "nothing bad, nothing kept");
}
