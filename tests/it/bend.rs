//! Some bent bytes at every door, and everything that was kept; any number: `cargo run --release -p tests --bin bend`.

use std::process::Command;

/// What the program says, which must be that nothing broke.
fn bend(args: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_bend")).args(args).output().unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    said
}

#[test]
fn nothing_bent_does_more_than_be_refused() {
    let said = bend(&["--inputs", "1000"]);
    // They get far enough to mean something.
    for door in said.lines().filter(|line| line.contains(" refused")) {
        let count = |word: &str| {
            let words: Vec<_> = door.split_whitespace().collect();
            let at = words.iter().rposition(|found| *found == word).unwrap();
            words[at - 1].parse::<u64>().unwrap()
        };
        assert!(count("read") > 0 && count("refused") > 0, "{said}");
    }
}

#[test]
fn nothing_that_was_kept_does_more_than_be_refused() {
    let said = bend(&["--replay"]);
    assert!(!said.contains("\n0 were kept"), "{said}");
}
