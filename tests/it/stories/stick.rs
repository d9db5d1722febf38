//! A village that never has a road: what is said there travels on a stick, and the answer comes home on the next.

use std::{fs, path::Path};

use tests::world::{Part, World, wait_for};

use super::{
    SHIQIAO, Story,
    people::{Operator, Villager, record},
};

/// What the county publishes in the meantime.
const PUBLISHED: &str = include_str!("../../sample/publish/notices.toml");
const ROAD: (&str, &str) = ("道路交通", "我们村的路坏了，车不好走。");

/// A `bundle` command of the program `key`, whose directory is at rest.
fn bundle(world: &World, key: &str, args: &[&str]) -> (i32, String, String) {
    let done = world.tell(key, &[&["bundle"], args].concat()).unwrap();
    (done.code, done.out, done.err)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All bytes on a stick.
fn bytes(stick: &Path) -> Vec<u8> {
    fs::read_dir(stick).unwrap().flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn a_ticket_from_a_village_without_any_road_is_answered_by_stick() {
    let mut story = Story::begin("stick");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    world.cut("kiosk", true).unwrap();
    let [up, down] = ["up", "down"].map(|name| story.dir.join(name));
    [&up, &down].iter().for_each(|dir| fs::create_dir(dir).unwrap());

    world.start("kiosk").unwrap();
    let villager = Villager::at(world, "kiosk").unwrap();
    villager.compose(ROAD.0, ROAD.1).unwrap();
    let (ticket, number) = villager.file_and_note().unwrap();
    world.stop("kiosk").unwrap();
    let (code, out, err) = bundle(world, "kiosk", &["export", "--to", path(&up)]);
    assert_eq!((code, out.lines().last().unwrap()), (0, "1 parcels in 1 files"), "{err}");

    // Whoever finds the stick learns how much is on it, and nothing else.
    let on_stick = bytes(&up);
    for told in [ROAD.1, ROAD.0, SHIQIAO, "石桥村", &ticket.digits()] {
        assert!(!on_stick.windows(told.len()).any(|piece| piece == told.as_bytes()), "{told}");
    }
    let (code, out, _) = bundle(world, "kiosk", &["show", path(&up)]);
    assert!(code == 0 && out.contains("1 parcels, 0 of them for this installation"), "{out}");

    // On the way it got scratched, and somebody else's letters are on it, too.
    fs::write(up.join("0-letter.huiyin"), "致李主任：\r\n").unwrap();
    fs::write(up.join("1-cut.huiyin"), &on_stick[..on_stick.len() / 2]).unwrap();
    let mut bent = on_stick.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    fs::write(up.join("2-bent.huiyin"), bent).unwrap();

    // The hub goes on serving.
    let (code, out, err) = bundle(world, "hub", &["import", path(&up)]);
    assert_eq!((code, out.trim()), (1, "2 entries and 0 receipts came from 4 files"), "{err}");
    assert_eq!(err.matches("damaged, cut off or no bundle").count(), 2, "{err}");
    assert_eq!(err.matches("for another installation, or damaged").count(), 1, "{err}");
    let (_, out, _) = bundle(world, "hub", &["import", path(&up)]);
    assert_eq!(out.trim(), "0 entries and 0 receipts came from 4 files", "again is nothing new");

    let id = wait_for("the opinion in the county", || {
        let export = world.tell("hub", &["export"]).ok()?.out;
        record(&export, ticket).ok()?["id"].as_str().map(str::to_owned)
    })
    .unwrap();
    let id = id.as_str();
    let operator = Operator::at(world).unwrap();
    operator.act(id, "step", &[("act", "受理"), ("note", ""), ("topic", ROAD.0)]).unwrap();
    operator.act(id, "step", &[("act", "交办"), ("note", ""), ("office", "交通局")]).unwrap();
    let answer = "下月十日前修补完，请绕行几天。";
    operator.act(id, "step", &[("act", "答复"), ("note", answer)]).unwrap();
    wait_for("the answer in the county", || {
        let export = world.tell("hub", &["export"]).ok()?.out;
        (record(&export, ticket).ok()?["status"] == "已答复").then_some(())
    })
    .unwrap();
    let (code, out, err) = bundle(world, "hub", &["export", "--to", path(&down)]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(!bytes(&down).windows(answer.len()).any(|piece| piece == answer.as_bytes()));

    // Until the stick comes home the kiosk claims nothing.
    world.start("kiosk").unwrap();
    let status = wait_for("the kiosk's status", || world.status("kiosk")).unwrap();
    assert_eq!((&status["here"], &status["received"]), (&1.into(), &0.into()), "{status}");
    world.stop("kiosk").unwrap();
    let (code, out, err) = bundle(world, "kiosk", &["import", path(&down)]);
    assert_eq!(code, 0, "{out}{err}");
    world.start("kiosk").unwrap();
    let status = wait_for("the kiosk's status", || world.status("kiosk")).unwrap();
    assert_eq!((&status["here"], &status["received"]), (&0.into(), &1.into()), "{status}");
    let villager = Villager::at(world, "kiosk").unwrap();
    villager.ask(ticket).unwrap();
    let words = villager.unlock(number).unwrap();
    assert!(words.iter().any(|word| word.contains(answer)), "{words:?}");
    world.stop("kiosk").unwrap();
    for key in ["hub", "kiosk"] {
        assert!(world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"));
    }
}

#[test]
fn a_stick_carries_no_more_bytes_than_a_meeting_over_quic() {
    // A little and much, both ways: what is said, and what is new in the county.
    for count in [3, 300] {
        let mut story = Story::begin("stick-bytes");
        story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
        let world = &story.world;
        world.publish("notices.toml", PUBLISHED).unwrap().good().unwrap();
        let file = story.file(3, count);
        world.tell("kiosk", &["import", path(&file)]).unwrap().good().unwrap();
        let [up, down] = ["kiosk", "hub"].map(|key| {
            let stick = story.dir.join(format!("from-{key}"));
            fs::create_dir(&stick).unwrap();
            let (code, out, err) = bundle(world, key, &["export", "--to", path(&stick)]);
            assert_eq!(code, 0, "{out}{err}");
            bytes(&stick).len() as f64
        });
        let report = world.tell("kiosk", &["sync", "--once", "--json"]).unwrap().good().unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        for (on_stick, road) in [(up, "bytes_up"), (down, "bytes_down")] {
            let on_road = report[road].as_f64().unwrap();
            assert!(on_stick <= 1.05 * on_road, "{count}: {on_stick} bytes on the stick, {on_road} {road}");
        }
    }
}

#[test]
fn a_stick_with_little_room_takes_what_fits_and_says_that_something_is_left() {
    let mut story = Story::begin("little-stick");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let (world, little) = (&story.world, story.dir.join("little"));
    fs::create_dir(&little).unwrap();
    let file = story.file(4, 2_000);
    world.tell("kiosk", &["import", path(&file)]).unwrap().good().unwrap();
    let (code, out, err) = bundle(world, "kiosk", &["export", "--to", path(&little), "--budget", "300000"]);
    assert!(code == 0 && out.contains("the budget is spent"), "{out}{err}");
    assert!(bytes(&little).len() <= 300_000);
    let told = world.tell("kiosk", &["status"]).unwrap().good().unwrap();
    assert!(told.contains("stick carried 0 entries up"), "a stick that was full claims nothing: {told}");
}
