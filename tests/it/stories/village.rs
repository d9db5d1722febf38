//! A village without a road: everybody goes on working, and when the roads are mended nothing is missing and nobody was
//! overruled in silence.

use serde_json::json;
use tests::world::{Part, World, wait_for};

use super::{
    SHIQIAO, Story,
    people::{Deputy, Operator, Villager, record},
};

/// 石桥镇 and 柳河镇
const TOWNS: [&str; 2] = ["990127101", "990127102"];
const ROAD: (&str, &str) = ("道路交通", "我们村的路坏了，车不好走。");
const LIGHT: (&str, &str) = ("道路交通", "路灯不亮，晚上看不见。");

fn wait_for_status(world: &World, key: &str, what: &str, is_so: impl Fn(&serde_json::Value) -> bool) {
    let mut last = serde_json::Value::Null;
    let waited = wait_for(what, || {
        last = world.status(key)?;
        is_so(&last).then_some(())
    });
    assert!(waited.is_ok(), "{key}: waited in vain for {what}: {last}");
}

#[test]
fn a_village_without_a_road_is_heard_and_answered() {
    tell("village", |_| {});
}

#[test]
fn the_same_with_the_plug_pulled_after_every_sentence() {
    let mut turn = 0;
    tell("plugs", |world| {
        // Each in its turn is killed where it stands, and started again.
        for key in [["kiosk", "hub"], ["zhou", "lin"]][turn % 2] {
            world.kill(key).unwrap();
        }
        turn += 1;
        for key in ["hub", "kiosk", "zhou", "lin"] {
            world.start(key).unwrap();
        }
    });
}

/// Tells the story; `pause` is called between its sentences.
fn tell(name: &str, mut pause: impl FnMut(&World)) {
    let mut story = Story::begin(name);
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("zhou", Part::Field, "周启明", &TOWNS[..1]);
    story.enrolled("lin", Part::Field, "林秀珍", &TOWNS);
    let world = &story.world;
    let all = ["kiosk", "zhou", "lin"];
    for key in all {
        world.start(key).unwrap();
        wait_for_status(world, key, "an open road", |status| status["road"]["is_open"] == true);
    }

    // While the road is open a villager tells of the road; both deputies read it.
    // Nobody keeps an address: after a pulled plug every screen is somewhere else.
    let villager = || Villager::at(world, "kiosk").unwrap();
    let (zhou, lin) = (|| Deputy::at(world, "zhou").unwrap(), || Deputy::at(world, "lin").unwrap());
    let operator = || Operator::at(world).unwrap();
    villager().compose(ROAD.0, ROAD.1).unwrap();
    let (first, number) = villager().file_and_note().unwrap();
    villager().leave().unwrap();
    pause(world);
    for key in ["zhou", "lin"] {
        wait_for_status(world, key, "the first opinion", |status| status["opinions"] == 1);
    }
    let opinion = record(&world.tell("hub", &["export"]).unwrap().good().unwrap(), first).unwrap();
    let id = opinion["id"].as_str().unwrap().to_owned();

    // The cable is out everywhere, and everybody goes on.
    for key in all {
        world.cut(key, true).unwrap();
    }
    pause(world);
    villager().compose(LIGHT.0, LIGHT.1).unwrap();
    let second = villager().file().unwrap();
    villager().leave().unwrap();
    pause(world);
    zhou().visit(SHIQIAO, "农田水利", "水渠堵了，田里进不了水，六户等着插秧。").unwrap();
    pause(world);
    zhou().send(&format!("/opinion/{id}/step"), &[("act", "走访"), ("note", "量过了，坏了八十米。")]).unwrap();
    pause(world);
    zhou().send(&format!("/opinion/{id}/add"), &[("text", "桥头那一段最坏。")]).unwrap();
    pause(world);
    zhou().send(&format!("/opinion/{id}/correct"), &[("topic", "治安"), ("topic-was", ROAD.0)]).unwrap();
    pause(world);
    lin().send(&format!("/opinion/{id}/step"), &[("act", "联系"), ("note", "已打电话告诉本人。")]).unwrap();
    pause(world);
    lin().send(&format!("/opinion/{id}/add"), &[("text", "校车也走这条路。")]).unwrap();
    pause(world);
    lin().send(&format!("/opinion/{id}/correct"), &[("topic", "教育"), ("topic-was", ROAD.0)]).unwrap();
    pause(world);
    for key in all {
        let status = world.status(key).unwrap();
        assert!(status["here"].as_u64().unwrap() + status["on_road"].as_u64().unwrap() > 0, "{key}: {status}");
    }
    assert_eq!(world.status("hub").unwrap()["opinions"], 1);

    // The roads are mended in another order.
    for key in ["lin", "kiosk", "zhou"] {
        world.cut(key, false).unwrap();
        pause(world);
        wait_for_status(world, key, "a receipt for everything", |status| status["here"] == 0 && status["on_road"] == 0);
    }
    wait_for_status(world, "hub", "all three opinions, the visit and the question", |status| {
        status["opinions"] == 3 && status["visits"] == 1 && status["questions"] == 1 && status["slips"] == 3
    });
    let export = world.tell("hub", &["export"]).unwrap().good().unwrap();
    let merged = record(&export, first).unwrap();
    let body = merged["body"].as_str().unwrap();
    for words in [ROAD.1, "桥头那一段最坏。", "校车也走这条路。"] {
        assert_eq!(body.matches(words).count(), 1, "{body}");
    }
    assert_eq!(merged["original"], ROAD.1);
    let mut acts: Vec<_> = merged["timeline"].as_array().unwrap().iter().map(|step| step["act"].clone()).collect();
    acts.sort_by_key(ToString::to_string);
    assert_eq!(acts, [json!("联系"), json!("走访")]);
    let mut topics: Vec<_> = merged["conflicts"]["topic"].as_array().unwrap().clone();
    topics.sort_by_key(ToString::to_string);
    assert_eq!(topics, [json!("教育"), json!("治安")]);
    assert_eq!(record(&export, second).unwrap()["body"], LIGHT.1);
    assert!(!export.contains("陈水生") && !export.contains("10001234567"));

    // The operator settles on what one of the deputies said, mends the topic on accepting it, and answers.
    assert!(operator().page("/").unwrap().contains(&id));
    operator().act(&id, "settle", &[("field", "topic"), ("value", "治安")]).unwrap();
    pause(world);
    operator().act(&id, "step", &[("act", "受理"), ("note", ""), ("topic", ROAD.0)]).unwrap();
    pause(world);
    operator().act(&id, "step", &[("act", "交办"), ("note", ""), ("office", "交通局")]).unwrap();
    pause(world);
    let answer = "下月十日前修补完，请绕行几天。";
    operator().act(&id, "step", &[("act", "答复"), ("note", answer)]).unwrap();
    pause(world);
    wait_for_status(world, "hub", "no open question", |status| status["questions"] == 0);

    // The answer reaches the village, and stays readable when the road is gone again.
    wait_for("the answer in the village", || {
        let slip = world.tell("hub", &["export"]).ok()?.out;
        (record(&slip, first).ok()?["status"] == "已答复").then_some(())
    })
    .unwrap();
    wait_for("the answer on the kiosk's screen", || {
        let villager = Villager::at(world, "kiosk").ok()?;
        villager.ask(first).ok()?;
        let words = villager.unlock(number).unwrap_or_default();
        let is_told = words.iter().any(|word| word.contains(answer));
        villager.touch("回首页").ok()?;
        is_told.then_some(())
    })
    .unwrap();
    world.cut("kiosk", true).unwrap();
    world.stop("kiosk").unwrap();
    world.start("kiosk").unwrap();
    let asking = Villager::at(world, "kiosk").unwrap();
    let words = asking.ask(first).unwrap();
    assert!(!words.iter().any(|word| word.contains(answer)), "{words:?}");
    let words = asking.unlock(number).unwrap();
    assert!(words.iter().any(|word| word.contains(answer)), "{words:?}");
    for key in ["hub", "kiosk", "zhou", "lin"] {
        let said = world.tell(key, &["verify"]).unwrap().good().unwrap();
        assert!(said.contains("sound"), "{key}: {said}");
    }
}
