//! The arrows of the workspace, and who may name what.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

/// The workspace's own directory.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace").to_owned()
}

/// Every crate that `package` reaches when it is built, without its tests.
fn reached_by(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", package, "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("cargo tree prints UTF-8");
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn core_crates_reach_no_runtime_socket_disk_or_screen() {
    for core in ["civic-core", "sync-core"] {
        let reached = reached_by(core);
        for banned in ["tokio", "mio", "socket2", "quinn", "rusqlite", "axum", "rppal", "embedded-graphics-core"] {
            assert!(!reached.contains(banned), "{core} must stay pure, but it reaches {banned}");
        }
    }
}

#[test]
fn the_arrows_between_rooms_are_the_ones_of_the_code_map() {
    const ROOMS: [&str; 10] =
        ["civic-core", "sync-core", "replica", "ledger", "web", "hardware", "kiosk", "field-app", "sync-hub", "tests"];
    // Each room, and every room it may reach, however far.
    let allowed: [(&str, &[&str]); 9] = [
        ("civic-core", &[]),
        ("sync-core", &["civic-core"]),
        ("replica", &["civic-core", "sync-core"]),
        ("ledger", &["civic-core", "sync-core", "replica"]),
        ("web", &["civic-core"]),
        ("hardware", &[]),
        ("kiosk", &["civic-core", "sync-core", "replica", "ledger", "web", "hardware"]),
        ("field-app", &["civic-core", "sync-core", "replica", "ledger", "web"]),
        ("sync-hub", &["civic-core", "sync-core", "replica", "ledger", "web"]),
    ];
    for (room, may_reach) in allowed {
        let reached = reached_by(room);
        for other in ROOMS.into_iter().filter(|other| *other != room) {
            assert!(!reached.contains(other) || may_reach.contains(&other), "{room} must not reach {other}");
        }
    }
}

#[test]
fn apps_speak_to_the_replica_and_never_to_the_state_machine() {
    for app in ["kiosk", "field-app", "sync-hub"] {
        let manifest = std::fs::read_to_string(root().join(app).join("Cargo.toml")).expect("the manifest can be read");
        assert!(!manifest.contains("sync-core"), "{app} must not depend on sync-core");
    }
}

/// Every source file of the rooms, with its path from the root.
fn sources() -> Vec<(String, String)> {
    fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).expect("the sources can be listed") {
            let path = entry.expect("the sources can be listed").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    let rooms = std::fs::read_dir(&root).expect("the workspace can be listed");
    let rooms = rooms.map(|room| room.expect("the workspace can be listed").path());
    for room in rooms.chain([root.join("tests/sim")]) {
        if room.join("Cargo.toml").exists() {
            for part in ["src", "it", "build.rs"].map(|part| room.join(part)).iter().filter(|part| part.is_dir()) {
                collect(part, &mut found);
            }
        }
    }
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("the file lies in the workspace").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("the file can be read"))
        })
        .collect()
}

#[test]
fn each_library_is_named_only_where_it_belongs() {
    // This file names them all.
    let sources: Vec<_> = sources().into_iter().filter(|(name, _)| name != "tests/it/layers.rs").collect();
    assert!(sources.len() > 30, "the sources were found");
    let rules: [(&str, &[&str]); 9] = [
        ("automerge::", &["civic-core/src/"]),
        (
            "rusqlite::",
            &[
                "replica/src/store/",
                "ledger/src/",
                "sync-hub/src/",
                "tests/it/stories/backup.rs",
                "tests/it/attacks/",
                "tests/sim/src/disk/",
            ],
        ),
        ("quinn::", &["replica/src/"]),
        ("rppal::", &["hardware/src/pi.rs"]),
        (
            "embedded_graphics::",
            &["hardware/src/", "kiosk/src/", "tests/it/stories/cuts.rs", "tests/src/bend/pages.rs"],
        ),
        ("Instant::now", &["replica/src/", "hardware/src/", "kiosk/src/", "field-app/src/", "sync-hub/src/", "tests/"]),
        ("SystemTime::now", &["replica/src/clock.rs"]),
        // Nothing that ships takes its time, its dice or its disk from elsewhere.
        (
            "stand_in(",
            &[
                "replica/src/clock.rs",
                "replica/src/store/sqlite/durable.rs",
                "tests/sim/src/clock.rs",
                "tests/sim/src/disk/mod.rs",
            ],
        ),
        ("sync_core::", &["sync-core/", "replica/src/", "ledger/src/", "tests/"]),
    ];
    for (word, rooms) in rules {
        for (name, text) in &sources {
            let is_named = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(!is_named || rooms.iter().any(|room| name.starts_with(room)), "{name} must not name {word}");
        }
    }
}

#[test]
fn nothing_is_unsafe_and_nothing_is_left_for_later() {
    // SQLite's seam is C, and so are the compiler's counters; both are built for tests alone.
    let excused = ["tests/it/layers.rs", "tests/sim/src/disk/vfs.rs", "tests/src/bend/reach.rs"];
    for (name, text) in sources().into_iter().filter(|(name, _)| !excused.contains(&name.as_str())) {
        for word in ["unsafe {", "unsafe fn", "unsafe impl", "todo!(", "unimplemented!("] {
            assert!(!text.contains(word), "{name} must not contain {word}");
        }
    }
}

#[test]
fn bugs_on_purpose_are_in_nothing_that_ships() {
    let manifest = |room: &str| std::fs::read_to_string(root().join(room).join("Cargo.toml")).expect("it can be read");
    for room in ["", "sync-core", "replica", "ledger", "web", "hardware", "kiosk", "field-app", "sync-hub", "tests"] {
        assert!(!manifest(room).contains("planted"), "{room} must not ask for bugs");
    }
    for asks in ["civic-core", "tests/sim"] {
        assert!(!manifest(asks).contains("default ="), "{asks} must not plant bugs unless it is told to");
    }
}
