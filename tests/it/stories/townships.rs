//! Two levels: a township's hub beneath its county's. What is said at the township's kiosks is handled by either, and what
//! the county does with it comes down again; each opens what is sealed to it, and nothing else.

use civic_core::access::Role;
use serde_json::Value;
use tests::{
    sample,
    world::{Part, Ports, World, wait_for},
};

use super::{
    SHIQIAO, Story,
    attachments::ledger_of,
    people::{Operator, Villager, record},
};

const ROAD: (&str, &str) = ("道路交通", "我们村的路坏了，车不好走。");
/// 柳河村 lies in another township, whose kiosks call the county itself.
const LIUHE: &str = "990127102201";

/// A township's county in a directory beside, with a hub of its own.
struct Township {
    world: World,
}

impl Township {
    fn beside(story: &Story) -> Self {
        let dir = story.dir.join("township");
        let world = World::new(story.program(), &dir, Ports::Any).unwrap();
        world.make_county(sample::COUNTY).unwrap();
        Self { world }
    }
}

impl Drop for Township {
    fn drop(&mut self) {
        self.world.stop_all();
    }
}

fn counts(world: &World, key: &str) -> Option<[u64; 3]> {
    let status = world.status(key)?;
    Some(["here", "on_road", "received"].map(|place| status[place].as_u64().unwrap_or_default()))
}

#[test]
fn what_is_said_in_a_township_is_answered_by_the_county_above_it() {
    let mut story = Story::begin("townships");
    // A kiosk of the county's own, so that there are numbers on both sides.
    story.enrolled("direct", Part::Kiosk, "柳河村", &[LIUHE]);
    let mut town = Township::beside(&story);
    let above = story.world.hub_address();
    let add = ["device", "add", "--role", "hub", "--area", "990127101", "--name", "石桥镇", "--approve", "--json"];
    let told = story.world.tell("hub", &add).unwrap().good().unwrap();
    let code = serde_json::from_str::<Value>(&told).unwrap()["code"].as_str().unwrap().to_owned();
    let joined = town.world.tell("hub", &["join", "--hub", &above, "--code", &code]).unwrap().good().unwrap();
    assert!(joined.contains("for 990127101, numbers from 0003"), "{joined}");
    let again = town.world.tell("hub", &["join", "--hub", &above, "--code", &code]).unwrap();
    assert!(again.code == 1 && again.err.contains("beneath another one already"), "{}", again.err);

    // The village knows the township's hub, and nothing of the county's. Some of what it says bears names and telephones.
    town.world.start("hub").unwrap();
    town.world.add("kiosk", Part::Kiosk).unwrap();
    assert!(town.world.enrol("kiosk", "石桥村", &[SHIQIAO]).unwrap());
    let file = story.file(6, 20);
    town.world.tell("kiosk", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    town.world.start("kiosk").unwrap();
    let villager = Villager::at(&town.world, "kiosk").unwrap();
    villager.compose(ROAD.0, ROAD.1).unwrap();
    let (ticket, number) = villager.file_and_note().unwrap();
    villager.leave().unwrap();
    assert!(ticket.digits().starts_with("0003"), "the township gives numbers of its own: {ticket}");
    wait_for("the township's receipt", || {
        let [here, on_road, received] = counts(&town.world, "kiosk")?;
        (here + on_road == 0 && received > 20).then_some(())
    })
    .unwrap();

    // It comes to the county, where an operator answers.
    let id = wait_for("the opinion in the county", || {
        let export = story.world.tell("hub", &["export"]).ok()?.out;
        record(&export, ticket).ok()?["id"].as_str().map(str::to_owned)
    })
    .unwrap();
    let operator = Operator::at(&story.world).unwrap();
    operator.act(&id, "step", &[("act", "受理"), ("note", ""), ("topic", ROAD.0)]).unwrap();
    operator.act(&id, "step", &[("act", "交办"), ("note", ""), ("office", "交通局")]).unwrap();
    let answer = "下月十日前修补完，请绕行几天。";
    operator.act(&id, "step", &[("act", "答复"), ("note", answer)]).unwrap();

    // The township asks now and then; when it starts it asks at once.
    wait_for("the answer in the county", || {
        let export = story.world.tell("hub", &["export"]).ok()?.out;
        (record(&export, ticket).ok()?["status"] == "已答复").then_some(())
    })
    .unwrap();
    town.world.stop("hub").unwrap();
    town.world.start("hub").unwrap();
    wait_for("the answer in the township", || {
        let export = town.world.tell("hub", &["export"]).ok()?.out;
        (record(&export, ticket).ok()?["status"] == "已答复").then_some(())
    })
    .unwrap();
    wait_for("the answer in the village", || {
        town.world.press("kiosk").ok()?;
        villager.ask(ticket).ok()?;
        let words = villager.unlock(number).ok()?;
        words.iter().any(|word| word.contains(answer)).then_some(())
    })
    .unwrap();

    // What another township says stays away from this one, and nothing is damaged, doubled or kept apart anywhere.
    let file = story.file(5, 4);
    story.world.tell("direct", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    story.world.tell("direct", &["sync", "--once"]).unwrap().good().unwrap();
    wait_for("both in the county", || {
        (story.world.tell("hub", &["export"]).ok()?.out.lines().count() == 25).then_some(())
    })
    .unwrap();
    assert_eq!(town.world.tell("hub", &["export"]).unwrap().good().unwrap().lines().count(), 21);
    town.world.stop_all();
    for world in [&story.world, &town.world] {
        assert!(world.tell("hub", &["verify"]).unwrap().good().unwrap().contains("sound"));
    }
    let hubs = [ledger_of(&story.world, "hub", Role::Hub), ledger_of(&town.world, "hub", Role::Hub)];
    for hub in &hubs {
        assert!(hub.refused(10).unwrap().is_empty(), "what another hub opens is left to it: {:?}", hub.refused(10));
        assert!(hub.log().apart(10).unwrap().is_empty(), "{:?}", hub.log().apart(10));
    }
}
