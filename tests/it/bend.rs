//! Some bent bytes at every door, and everything that was kept; any number: `cargo run --release -p tests --bin bend`.

use std::process::Command;

/// What the program says, which must be that nothing broke. It looks itself whether what is honest is let in everywhere.
fn bend(args: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_bend")).args(args).output().unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    said
}

#[test]
fn nothing_bent_does_more_than_be_refused() {
    let said = bend(&["--inputs", "5000"]);
    let doors: Vec<_> = said.lines().filter(|line| line.contains(" refused ")).collect();
    assert_eq!(doors.len(), 27, "{said}");
    assert!(doors.iter().all(|door| !door.contains(" 0 refused ")), "{said}");
}

#[test]
fn nothing_that_was_kept_does_more_than_be_refused() {
    let said = bend(&["--replay"]);
    assert!(!said.contains("\n0 were kept"), "{said}");
}
