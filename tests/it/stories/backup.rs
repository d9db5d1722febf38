//! The hub is copied while it serves, its disk dies, and it comes back from a copy that is older than what the villages know.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;
use serde_json::Value;
use tests::world::{Part, wait_for};

use super::{SHIQIAO, Story};

/// A key as `age-keygen` makes it, and its public half; made for these stories and for nothing else.
pub(crate) const SECRET: &str = "AGE-SECRET-KEY-1M7QPKWZY5SASJG75MZXEVNQN37GT0ALQQVREECEU2KEYEMRL8F2S9TZJ7U";
pub(crate) const PUBLIC: &str = "age15ue5fkq8vp6r3ms5sw7g84tvk48uquw0atrxuldyn8c33ll2cdks8tkun0";
/// Devices let go of what is kept and older than this; a little more, in seconds.
const LONG_AGO_S: i64 = 36 * 86_400;

impl Story {
    /// Makes a copy in `copies`; returns its county half.
    pub(crate) fn copy(&self) -> PathBuf {
        let to = self.dir.join("copies");
        fs::create_dir_all(&to).unwrap();
        let made = self.hub(&["backup", "--to", to.to_str().unwrap(), "--recipient", PUBLIC, "--json"]);
        let made: Value = serde_json::from_str(&made).unwrap();
        assert_eq!(made["left_out"], serde_json::json!([]), "nothing of the hub is forgotten");
        made["file"].as_str().unwrap().into()
    }

    /// The hub's disk dies; a new one takes the copy in.
    fn restore(&self, copy: &Path) -> String {
        self.world.kill("hub").unwrap();
        fs::rename(self.world.data("hub"), self.dir.join("hub.dead")).unwrap();
        let key = self.dir.join("key.txt");
        fs::write(&key, SECRET).unwrap();
        let (copy, key) = (copy.to_str().unwrap(), key.to_str().unwrap());
        let args = ["restore", "--from", copy, "--identity", key];
        self.world.run(Part::Hub, &[&args[..], &["--check"]].concat()).unwrap().good().unwrap();
        assert!(!self.world.is_made("hub"), "a rehearsal restores nothing");
        let said = self.hub(&args);
        self.world.start("hub").unwrap();
        said
    }

    /// One meeting of a device.
    fn meet_as(&self, key: &str) -> Value {
        let said = self.world.tell(key, &["sync", "--once", "--json"]).unwrap().good().unwrap();
        serde_json::from_str(&said).unwrap()
    }

    /// Ids of the opinions that `key` holds, each once.
    fn opinions(&self, key: &str) -> BTreeSet<String> {
        let export = self.world.tell(key, &["export"]).unwrap().good().unwrap();
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        let all: Vec<String> = export.lines().map(id).collect();
        let each: BTreeSet<String> = all.iter().cloned().collect();
        assert_eq!(all.len(), each.len(), "none is there twice");
        each
    }

    fn enter(&self, key: &str, seed: u64, count: usize) {
        self.world.tell(key, &["import", self.file(seed, count).to_str().unwrap()]).unwrap().good().unwrap();
    }

    fn wait_for_opinions(&self, count: usize) {
        wait_for("all opinions at the hub", || (self.world.status("hub")?["opinions"] == count).then_some(())).unwrap();
    }
}

#[test]
fn a_hub_that_comes_back_from_an_old_copy_is_told_what_it_lost_in_one_meeting_with_each_device() {
    let mut story = Story::begin("backup");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("deputy", Part::Field, "陈代表", &[SHIQIAO]);
    story.enter("kiosk", 1, 12);
    story.meet_as("kiosk");
    story.wait_for_opinions(12);
    let copy = story.copy();

    // Everything after the copy is on the hub that dies, and on the devices.
    story.enter("kiosk", 2, 9);
    story.enter("deputy", 3, 7);
    for key in ["kiosk", "deputy"] {
        assert_eq!(story.meet_as(key)["in_step"], true);
    }
    story.wait_for_opinions(28);
    story.meet_as("kiosk");
    story.meet_as("deputy");
    let before = story.opinions("hub");
    let said = story.restore(&copy);
    assert!(said.contains("as it was on") && said.contains("new epoch"), "{said}");
    assert_eq!(story.opinions("hub").len(), 12);

    for key in ["kiosk", "deputy"] {
        let report = story.meet_as(key);
        assert_eq!(report["in_step"], true, "one meeting is enough: {report}");
        assert!(report["entries_up"].as_u64().unwrap() > 0, "{report}");
    }
    story.wait_for_opinions(28);
    assert_eq!(story.opinions("hub"), before);
    for key in ["kiosk", "deputy"] {
        let again = story.meet_as(key);
        assert_eq!((&again["in_step"], &again["entries_up"]), (&true.into(), &0.into()), "{again}");
    }
    for key in ["hub", "kiosk", "deputy"] {
        assert!(story.world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"), "{key}");
    }
    // Numbers given between the copy and the end of the disk are given to nobody else.
    story.enrolled("later", Part::Kiosk, "石桥村二号", &[SHIQIAO]);
    let devices = story.hub(&["device", "list", "--json"]);
    let number = |line: &str| serde_json::from_str::<Value>(line).unwrap()["number"].as_u64().unwrap();
    assert!(devices.lines().map(number).max().unwrap() > 100, "{devices}");
}

#[test]
fn what_was_struck_off_or_erased_after_the_copy_is_so_again_once_a_device_brings_word_of_it() {
    let mut story = Story::begin("again");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("thief", Part::Kiosk, "被盗的", &[SHIQIAO]);
    story.enter("kiosk", 1, 3);
    story.meet_as("kiosk");
    story.wait_for_opinions(3);
    let (copy, old) = (story.copy(), story.opinions("hub"));
    story.enter("kiosk", 2, 4);
    story.meet_as("kiosk");
    story.wait_for_opinions(7);

    let devices = story.hub(&["device", "list", "--json"]);
    let thief = devices.lines().find(|line| line.contains("被盗的")).unwrap();
    let thief: Value = serde_json::from_str(thief).unwrap();
    let thief = thief["device"].as_str().unwrap();
    story.hub(&["device", "revoke", thief]);
    let gone = old.iter().next().unwrap().clone();
    let late = story.opinions("hub").difference(&old).next().unwrap().clone();
    for document in [&gone, &late] {
        story.hub(&["erase", "--document", document, "--reason", "本人要求"]);
    }
    let left = story.opinions("hub");
    assert_eq!(left.len(), 5);
    // Struck off within a second, and then the kiosk hears of both.
    wait_for("word of both at the kiosk", || {
        story.meet_as("kiosk");
        let disk = Connection::open(story.world.data("kiosk").join("log.db")).unwrap();
        let known: u64 = disk.query_row("SELECT count(*) FROM revoked", [], |row| row.get(0)).unwrap();
        (known > 0 && story.opinions("kiosk") == left).then_some(())
    })
    .unwrap();

    story.restore(&copy);
    assert!(story.opinions("hub").contains(&gone), "the copy is older than the erasure");
    // What was said between the two comes back as well, beside that of which the payload is gone everywhere.
    let report = story.meet_as("kiosk");
    assert_eq!(report["in_step"], true, "one meeting is enough: {report}");
    wait_for("both again", || {
        let is_struck = |line: &str| line.contains(thief) && line.contains("\"revoked\":true");
        let is_erased = story.opinions("hub") == left;
        (is_erased && story.hub(&["device", "list", "--json"]).lines().any(is_struck)).then_some(())
    })
    .unwrap();
    assert_eq!(story.world.tell("thief", &["sync", "--once", "--json"]).unwrap().code, 1);
}

#[test]
fn a_device_lets_go_only_of_what_is_in_a_copy_that_was_verified() {
    let mut story = Story::begin("kept");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enter("kiosk", 1, 5);
    story.meet_as("kiosk");
    story.wait_for_opinions(5);
    // Five weeks later, by the device's own clock, which lets nothing go.
    let disk = || Connection::open(story.world.data("kiosk").join("log.db")).unwrap();
    disk().execute("UPDATE run SET at = at - ?1", [LONG_AGO_S]).unwrap();
    let own = || -> (u64, u64) {
        let db = disk();
        let held = "SELECT coalesce(sum(kept), 0), coalesce(sum(pruned), 0) FROM feed";
        db.query_row(held, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    // A kiosk looks for what it may let go of when it starts; a meeting comes after that.
    let start_and_stop = || {
        story.world.start("kiosk").unwrap();
        let is_open = |status: &Value| status["road"]["is_open"] == true;
        wait_for("the road", || story.world.status("kiosk").filter(is_open)).unwrap();
        story.world.stop("kiosk").unwrap();
    };
    start_and_stop();
    story.meet_as("kiosk");
    start_and_stop();
    assert_eq!(own(), (0, 0), "received is not kept");

    // Neither a copy on the hub's own machine nor one that failed is a reason to let go.
    let copies = story.dir.join("copies");
    fs::create_dir_all(&copies).unwrap();
    let to = copies.to_str().unwrap();
    story.hub(&["backup", "--to", to, "--recipient", PUBLIC, "--on-this-machine"]);
    let lost = story.dir.join("unplugged").join("copy.age");
    let failed = story.world.tell("hub", &["backup", "--to", lost.to_str().unwrap(), "--recipient", PUBLIC]).unwrap();
    assert_eq!((failed.code, failed.err.contains("unplugged") && failed.err.contains("is not there")), (1, true));
    story.meet_as("kiosk");
    start_and_stop();
    assert_eq!(own(), (0, 0), "and neither is a copy that burns with the hub");

    story.hub(&["backup", "--to", copies.join("weekly.age").to_str().unwrap(), "--recipient", PUBLIC]);
    assert_eq!(own(), (0, 0), "the device has not heard of it");
    story.meet_as("kiosk");
    let (kept, pruned) = own();
    assert!(kept >= 5 && pruned == 0, "{kept} {pruned}");
    start_and_stop();
    assert_eq!(own(), (kept, 0), "it is not kept for long, by the hub's clock");
    disk().execute("UPDATE kept_since SET at = at - ?1", [LONG_AGO_S]).unwrap();
    start_and_stop();
    assert_eq!(own(), (kept, kept), "now everything is let go of");
    let status: Value =
        serde_json::from_str(&story.world.tell("kiosk", &["status", "--json"]).unwrap().good().unwrap()).unwrap();
    assert_eq!((&status["here"], &status["received"]), (&0.into(), &5.into()), "{status}");
    assert!(story.world.tell("kiosk", &["verify"]).unwrap().good().unwrap().contains("sound"));
    assert_eq!(story.meet_as("kiosk")["in_step"], true);
}

#[test]
fn the_county_is_copied_while_its_devices_write_and_every_copy_holds_together() {
    let mut story = Story::begin("busy");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let file = story.file(1, 400);
    let key = story.dir.join("key.txt");
    fs::write(&key, SECRET).unwrap();
    let mut entries = Vec::new();
    std::thread::scope(|scope| {
        let world = &story.world;
        let writing = scope.spawn(move || {
            world.tell("kiosk", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
            world.tell("kiosk", &["sync", "--once", "--json"]).unwrap().good().unwrap();
        });
        while entries.len() < 2 || !writing.is_finished() {
            let copy = story.copy();
            let args = ["restore", "--check", "--from", copy.to_str().unwrap(), "--identity", key.to_str().unwrap()];
            let said = world.run(Part::Hub, &args).unwrap().good().unwrap();
            entries.push(said.split(" entries").next().unwrap().rsplit(' ').next().unwrap().parse::<u64>().unwrap());
            fs::remove_dir_all(story.dir.join("copies")).unwrap();
        }
    });
    assert!(entries.is_sorted(), "{entries:?}");
    story.wait_for_opinions(400);
}

#[test]
fn a_disk_that_takes_no_more_is_named_and_nothing_on_it_looks_like_a_copy() {
    let mut story = Story::begin("full");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enter("kiosk", 1, 60);
    story.meet_as("kiosk");
    story.wait_for_opinions(60);
    let copies = story.dir.join("copies");
    fs::create_dir_all(&copies).unwrap();
    let whole = story.dir.join("whole");
    story.hub(&["backup", "--to", whole.to_str().unwrap(), "--recipient", PUBLIC]);
    let longest = fs::metadata(&whole).unwrap().len();
    let good = |story: &Story| -> Value {
        let status: Value = serde_json::from_str(&story.hub(&["status", "--json"])).unwrap();
        status["last_good"].clone()
    };
    let before = good(&story);
    // The shell lets no file become as long as the copy was, as an old file system on a stick does: what it is made of
    // has room, and all of it together in one file has not. The head of a file of age has filling of a length that is
    // drawn, so the next copy may be shorter by some hundred bytes.
    let most = longest - 8 * 1024;
    let program = env!("CARGO_BIN_EXE_county");
    let command = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" hub backup --data \"$1\" --to \"$2\" --recipient {PUBLIC}",
        most / 512
    );
    let (hub, to) = (story.world.data("hub"), copies.clone());
    let done = Command::new("sh").args(["-c", &command, program]).args([&hub, &to]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains(to.to_str().unwrap()) && said.contains("takes no file of this length"), "{said}");
    assert_eq!(fs::read_dir(&copies).unwrap().count(), 0);
    assert!(!hub.join("backup.work").exists());
    assert_eq!(good(&story), before, "the one before is still the last good one");
}
