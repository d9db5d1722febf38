//! Some bent bytes at every door, and everything that was kept; any number: `cargo run --release -p tests --bin bend`.

use std::{path::Path, process::Command};

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

#[test]
fn one_input_is_tried_again_by_itself_at_its_door() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/import-a-line");
    let file = kept.read_dir().unwrap().next().unwrap().unwrap().path();
    let said = bend(&["--door", "import: a line", "--input", file.to_str().unwrap()]);
    assert!(said.starts_with("import: a line: ") && said.ends_with("\n0 broken\n"), "{said}");
    // The first letters of a name are not enough.
    let run =
        Command::new(env!("CARGO_BIN_EXE_bend")).args(["--door", "import", "--input"]).arg(&file).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stderr).contains("no door has the name \"import\""));
}
