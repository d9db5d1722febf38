//! A village without any road but a phone that comes by: what is said there is sealed, carried, heard, answered, and the
//! answer comes home by the same phone. Nobody on the way can read or change it, and every screen says only what is proven.

use std::fs;

use civic_core::access::Role;
use serde_json::Value;
use tests::world::{Part, World, wait_for};

use super::{
    SHIQIAO, Story,
    attachments::ledger_of,
    people::{Operator, Villager, record},
};

const ROAD: (&str, &str) = ("道路交通", "我们村的路坏了，车不好走。");
/// Another village, whose deputy passes through.
const ELSEWHERE: &str = "990127101202";

fn status(world: &World, key: &str) -> Value {
    wait_for("its status", || world.status(key)).unwrap()
}

fn counts(status: &Value) -> [u64; 3] {
    ["here", "on_road", "received"].map(|place| status[place].as_u64().unwrap())
}

/// All bytes in the bag of a phone.
fn bag(world: &World, key: &str) -> Vec<u8> {
    let dir = world.data(key).join("bag");
    fs::read_dir(dir).unwrap().flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

/// The deputy with this phone stands before the kiosk at this address.
fn hand_over(world: &World, phone: &str, at: &str) -> String {
    let address = world.address(phone).unwrap();
    let answer = ureq::post(format!("{address}/carrying")).send_form([("address", at)]);
    answer.unwrap().body_mut().read_to_string().unwrap()
}

#[test]
fn a_ticket_from_a_village_that_only_a_phone_visits_is_answered_there_and_the_lamp_tells_the_truth() {
    let mut story = Story::begin("carrier");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("phone", Part::Field, "陈代表", &[ELSEWHERE]);
    let world = &story.world;
    world.cut("kiosk", true).unwrap();
    world.start_near("kiosk").unwrap();
    let villager = Villager::at(world, "kiosk").unwrap();
    villager.compose(ROAD.0, ROAD.1).unwrap();
    let (ticket, number) = villager.file_and_note().unwrap();
    assert_eq!(counts(&status(world, "kiosk")), [1, 0, 0]);
    assert_eq!(world.lamp("kiosk").as_deref(), Some("amber"));

    // The deputy comes by, without signal.
    world.cut("phone", true).unwrap();
    world.start("phone").unwrap();
    let page = hand_over(world, "phone", &world.near("kiosk").unwrap());
    assert!(page.contains("data-called=\"handed\"") && page.contains("石桥村"), "{page}");
    let told = status(world, "phone");
    let carries = &told["road"]["bag"]["carries"];
    assert_eq!((&carries[0]["who"], &carries[0]["is_home"]), (&"石桥村".into(), &false.into()), "{told}");
    assert!(carries[0]["bytes"].as_u64() > Some(0) && carries[0]["since"].as_i64() > Some(0), "{told}");
    wait_for("the kiosk to know that it is on the road", || {
        (counts(&world.status("kiosk")?) == [0, 1, 0] && world.lamp("kiosk")? == "amber-blinking").then_some(())
    })
    .unwrap();
    assert_eq!(status(world, "kiosk")["road"]["bag"]["to"][0]["who"], "陈代表");
    for read in [ROAD.1, ROAD.0, SHIQIAO, &ticket.digits()] {
        assert!(!bag(world, "phone").windows(read.len()).any(|piece| piece == read.as_bytes()), "{read}");
    }

    // Where there is signal, the county hears it, and the phone lets go of it.
    world.cut("phone", false).unwrap();
    let id = wait_for("the opinion in the county", || {
        let export = world.tell("hub", &["export"]).ok()?.out;
        record(&export, ticket).ok()?["id"].as_str().map(str::to_owned)
    })
    .unwrap();
    assert_eq!(counts(&status(world, "kiosk")), [0, 1, 0], "nobody has told the kiosk yet");
    let operator = Operator::at(world).unwrap();
    operator.act(&id, "step", &[("act", "受理"), ("note", ""), ("topic", ROAD.0)]).unwrap();
    operator.act(&id, "step", &[("act", "交办"), ("note", ""), ("office", "交通局")]).unwrap();
    let answer = "下月十日前修补完，请绕行几天。";
    operator.act(&id, "step", &[("act", "答复"), ("note", answer)]).unwrap();
    wait_for("the answer in the county", || {
        let export = world.tell("hub", &["export"]).ok()?.out;
        (record(&export, ticket).ok()?["status"] == "已答复").then_some(())
    })
    .unwrap();
    // The phone asks again what goes home when it calls again.
    world.stop("phone").unwrap();
    world.start("phone").unwrap();
    wait_for("the answer on the phone", || {
        let told = world.status("phone")?;
        let carries = told["road"]["bag"]["carries"].as_array()?.clone();
        let is_home =
            |line: &Value| line["is_home"] == true && line["who"] == "石桥村" && line["held"] == line["bytes"];
        carries.iter().any(is_home).then_some(())
    })
    .unwrap();
    assert!(!bag(world, "phone").windows(answer.len()).any(|piece| piece == answer.as_bytes()));

    // It comes by a second time, and again without signal.
    world.cut("phone", true).unwrap();
    let page = hand_over(world, "phone", &world.near("kiosk").unwrap());
    assert!(page.contains("data-called=\"handed\""), "{page}");
    wait_for("the receipt in the village", || {
        (counts(&world.status("kiosk")?) == [0, 0, 1] && world.lamp("kiosk")? == "green").then_some(())
    })
    .unwrap();
    wait_for("the answer in the village", || {
        world.press("kiosk").ok()?;
        villager.ask(ticket).ok()?;
        let words = villager.unlock(number).ok()?;
        words.iter().any(|word| word.contains(answer)).then_some(())
    })
    .unwrap();
    // The chain: handed over, and heard by the county, as the kiosk can show.
    let to = &status(world, "kiosk")["road"]["bag"]["to"][0];
    assert!(to["parcels"].as_u64() >= Some(1) && to["heard"].as_u64() >= Some(1), "{to}");

    // A deputy who was struck off is shown out; the kiosk came to know of it by a phone as well.
    for key in ["kiosk", "phone"] {
        world.stop(key).unwrap();
        assert!(world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"));
    }
}

#[test]
fn a_phone_that_was_struck_off_is_shown_out_by_a_kiosk_that_has_heard_of_it() {
    let mut story = Story::begin("struck-off-phone");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("phone", Part::Field, "陈代表", &[ELSEWHERE]);
    let world = &story.world;
    let list = world.tell("hub", &["device", "list", "--json"]).unwrap().good().unwrap();
    let phone = list.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let phone = phone.into_iter().find(|device| device["name"] == "陈代表").unwrap()["device"].clone();
    world.tell("hub", &["device", "revoke", phone.as_str().unwrap()]).unwrap().good().unwrap();
    // The kiosk hears of it on an open road; then there is none.
    wait_for("the kiosk to have heard", || {
        world.tell("kiosk", &["sync", "--once"]).ok()?.good().ok()?;
        let kiosk = ledger_of(world, "kiosk", Role::Kiosk);
        let known = kiosk.log().revoked(&kiosk.card().hub_key()?).ok()?.len();
        (known == 1).then_some(())
    })
    .unwrap();
    world.cut("kiosk", true).unwrap();
    world.cut("phone", true).unwrap();
    world.start_near("kiosk").unwrap();
    let told = world.tell("phone", &["carry", "--with", &world.near("kiosk").unwrap()]).unwrap();
    assert_eq!(told.code, 1, "{}", told.out);
    assert!(told.err.contains("struck off"), "{}", told.err);
    assert_eq!(status(world, "kiosk")["road"]["bag"]["to"], Value::Array(Vec::new()));
}
