//! What goes wrong is said in one clear sentence, with an exit status, and harms nothing beside it.

use std::fs;

use tests::{
    disk::SmallDisk,
    world::{Part, wait_for},
};

use super::{SHIQIAO, Story};

/// Runs a command that must fail, and returns what it said.
fn refused(story: &Story, part: Part, args: &[&str]) -> String {
    let done = story.world.run(part, args).unwrap();
    assert_eq!(done.code, 1, "{args:?} said {:?} {:?}", done.out, done.err);
    done.err
}

#[test]
fn a_wrong_line_is_told_with_its_number_and_the_others_go_in() {
    let mut story = Story::begin("lines");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let good = fs::read_to_string(story.file(3, 4)).unwrap();
    let good: Vec<&str> = good.lines().collect();
    let file = story.dir.join("mixed.jsonl");
    let long = "x".repeat(300 * 1024);
    let lines = [good[0], "{\"id\":", good[1], r#"{"id":"12","init":{}}"#, &long, good[2], good[3]];
    fs::write(&file, lines.join("\n")).unwrap();

    let done = story.world.tell("kiosk", &["import", file.to_str().unwrap()]).unwrap();
    assert_eq!(done.code, 1);
    assert_eq!(done.out.trim(), "4 records entered, 0 were here already, 3 refused");
    assert!(done.err.contains("line 2: EOF"), "{}", done.err);
    assert!(done.err.contains("line 4: ") && done.err.contains("32 hexadecimal digits"), "{}", done.err);
    assert!(done.err.contains("line 5: the line is longer than"), "{}", done.err);
}

#[test]
fn a_code_opens_one_door_once() {
    let mut story = Story::begin("codes");
    story.world.add("kiosk", Part::Kiosk).unwrap();
    let hub = story.world.road("kiosk").unwrap().address().to_string();
    let code = story.world.code(Part::Kiosk, "石桥村", &[SHIQIAO]).unwrap();
    let dir = |name: &str| story.dir.join(name).to_str().unwrap().to_owned();
    let enrol = |part: Part, name: &str, code: &str| {
        story.world.run(part, &["enrol", "--data", &dir(name), "--hub", &hub, "--code", code]).unwrap()
    };

    let done = enrol(Part::Kiosk, "one", "12");
    assert_eq!((done.code, done.err.contains("a code has eight letters and digits")), (1, true), "{}", done.err);
    let done = enrol(Part::Kiosk, "one", "00000000");
    assert_eq!((done.code, done.err.contains("the hub knows no such code")), (1, true), "{}", done.err);
    let done = enrol(Part::Field, "two", &code);
    assert_eq!((done.code, done.err.contains("made for another kind of device")), (1, true), "{}", done.err);
    let done = enrol(Part::Kiosk, "one", &code);
    assert_eq!(done.code, 0, "{}", done.err);
    let done = enrol(Part::Kiosk, "three", &code);
    assert_eq!((done.code, done.err.contains("this code was used already")), (1, true), "{}", done.err);
    let done = enrol(Part::Kiosk, "one", &code);
    assert_eq!((done.code, done.err.contains("is enrolled already")), (1, true), "{}", done.err);
}

#[test]
fn a_device_of_another_county_is_refused_before_any_data() {
    let mut one = Story::begin("stranger");
    one.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let file = one.file(5, 20);
    one.world.tell("kiosk", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    let mut other = Story::begin("home");
    other.world.add("kiosk", Part::Kiosk).unwrap();
    // The device of one county is sent to the hub of another, as a mixed-up address would.
    let card = one.world.data("kiosk").join("device.json");
    let text = fs::read_to_string(&card).unwrap();
    let there = other.world.road("kiosk").unwrap().address().to_string();
    let here = one.world.road("kiosk").unwrap().address().to_string();
    fs::write(&card, text.replace(&here, &there)).unwrap();

    let done = one.world.tell("kiosk", &["sync", "--once"]).unwrap();
    assert_eq!(done.code, 1);
    assert!(done.err.contains("refused this device, or is not its hub"), "{}", done.err);
    assert_eq!(other.world.status("hub").unwrap()["opinions"], 0);
    assert_eq!(one.world.status("hub").unwrap()["opinions"], 0);
}

#[test]
fn a_device_that_was_struck_off_is_refused() {
    let mut story = Story::begin("struck");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.world.tell("kiosk", &["sync", "--once"]).unwrap().good().unwrap();
    let list = story.world.tell("hub", &["device", "list", "--json"]).unwrap().good().unwrap();
    let line: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    story.world.tell("hub", &["device", "revoke", line["device"].as_str().unwrap()]).unwrap().good().unwrap();
    let done = story.world.tell("kiosk", &["sync", "--once"]).unwrap();
    assert_eq!(done.code, 1);
    assert!(done.err.contains("refused this device"), "{}", done.err);
}

#[test]
fn a_device_that_is_struck_off_while_it_is_connected_is_sent_away_at_once() {
    let mut story = Story::begin("sent-away");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    world.start("kiosk").unwrap();
    let connected = || world.status("hub")?["connected"].as_u64();
    wait_for("the kiosk at the hub", || (connected()? == 1).then_some(())).unwrap();
    let list = world.tell("hub", &["device", "list", "--json"]).unwrap().good().unwrap();
    let line: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    world.tell("hub", &["device", "revoke", line["device"].as_str().unwrap()]).unwrap().good().unwrap();
    wait_for("its road to be closed", || (connected()? == 0).then_some(())).unwrap();
}

#[test]
fn a_hub_that_is_not_there_and_a_road_that_is_cut_are_told() {
    let mut story = Story::begin("nobody");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.world.cut("kiosk", true).unwrap();
    let done = story.world.tell("kiosk", &["sync", "--once"]).unwrap();
    assert_eq!(done.code, 1);
    assert!(done.err.contains("nobody answers at 127.0.0.1:"), "{}", done.err);
    let dir = story.dir.join("fresh");
    let args = ["enrol", "--data", dir.to_str().unwrap(), "--hub", "nowhere.invalid:4433", "--code", "ABCDEFGH"];
    assert!(refused(&story, Part::Kiosk, &args).contains("is not an address that can be found"));
}

#[test]
fn a_directory_belongs_to_one_device_of_one_kind() {
    let mut story = Story::begin("dirs");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let of_kiosk = story.world.data("kiosk").to_str().unwrap().to_owned();
    let of_hub = story.world.data("hub").to_str().unwrap().to_owned();
    let empty = story.dir.join("empty").to_str().unwrap().to_owned();

    let said = refused(&story, Part::Field, &["status", "--data", &of_kiosk]);
    assert!(said.contains("kiosk"), "{said}");
    let said = refused(&story, Part::Kiosk, &["status", "--data", &of_hub]);
    assert!(said.contains("hub"), "{said}");
    let said = refused(&story, Part::Kiosk, &["status", "--data", &empty]);
    assert!(said.contains("holds no enrolled device"), "{said}");
    let county = story.dir.join("county.toml").to_str().unwrap().to_owned();
    let said = refused(&story, Part::Hub, &["init", "--data", &of_hub, "--county", &county]);
    assert!(said.contains("in use") || said.contains("holds a county already"), "{said}");

    story.enrolled("other", Part::Kiosk, "杨柳湾村", &["990127101202"]);
    let card = fs::read(story.world.data("other").join("device.json")).unwrap();
    fs::write(story.world.data("kiosk").join("device.json"), card).unwrap();
    let said = refused(&story, Part::Kiosk, &["status", "--data", &of_kiosk]);
    assert!(said.contains("mixes files of different devices"), "{said}");
}

#[test]
fn wrong_usage_is_status_two() {
    let story = Story::begin("usage");
    for (part, args) in [
        (Part::Kiosk, &["fly"][..]),
        (Part::Kiosk, &["sync", "--data", "x"][..]),
        (Part::Hub, &["device", "add", "--data", "x", "--role", "king", "--area", "99", "--name", "x"][..]),
        (Part::Field, &[][..]),
    ] {
        let done = story.world.run(part, args).unwrap();
        assert_eq!(done.code, 2, "{args:?}: {}", done.err);
    }
}

#[test]
fn a_full_disk_is_told_and_what_was_saved_before_stays() {
    let mut story = Story::begin("full");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let Some(disk) = SmallDisk::beneath(&story.world.data("kiosk")).unwrap() else { return };
    let few = story.file(8, 20);
    story.world.tell("kiosk", &["import", few.to_str().unwrap()]).unwrap().good().unwrap();
    // Room for some of what comes now.
    disk.fill_but(1 << 20).unwrap();
    let many = story.file(9, 2_000);
    let done = story.world.tell("kiosk", &["import", many.to_str().unwrap()]).unwrap();
    assert_eq!(done.code, 1);
    assert!(done.err.contains("disk is full"), "{}", done.err);
    // Somebody makes room; everything that was acknowledged is there, and the rest goes in.
    disk.make_room().unwrap();
    let kept = story.world.tell("kiosk", &["export"]).unwrap();
    assert!(kept.out.lines().count() >= 20, "{} {}", kept.out.len(), kept.err);
    let again = story.world.tell("kiosk", &["import", many.to_str().unwrap()]).unwrap();
    assert!(again.out.ends_with(" were here already, 0 refused\n"), "{} {}", again.out, again.err);
    let verified = story.world.tell("kiosk", &["verify"]).unwrap();
    assert_eq!(verified.code, 0, "{}", verified.err);
}
