//! Some devices at once at one hub; a thousand with a month of opinions each: `cargo run --release -p tests --bin rush`. The
//! program looks itself whether everybody was served and what pages and hub took, and fails where that is too much.

use std::process::Command;

#[test]
fn devices_that_come_back_at_once_are_all_served_and_the_pages_go_on() {
    let run = Command::new(env!("CARGO_BIN_EXE_rush")).args(["--devices", "4", "--opinions", "6"]).output().unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("4 devices with 6 opinions each: 24") && said.contains("\n0 pages were not given"), "{said}");
    assert!(said.contains("\nthe longest write-ahead log of the hub had "), "{said}");
}
