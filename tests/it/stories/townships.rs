//! Two levels: a township's hub beneath its county's. What is said at the township's kiosks is handled by either, and what
//! the county does with it comes down again; each opens what is sealed to it, and nothing else.

use std::fs;

use civic_core::{access::Role, notice::Notice};
use ledger::erase::Depth;
use serde_json::Value;
use tests::{
    sample,
    world::{Part, Ports, World, wait_for},
};

use super::{
    SHIQIAO, Story,
    attachments::{ledger_of, opus, show_everybody, speak, voice_of},
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

    /// Puts it beneath the county's hub; what that says.
    fn join(&self, story: &Story) -> String {
        let add = ["device", "add", "--role", "hub", "--area", "990127101", "--name", "石桥镇", "--approve", "--json"];
        let told = story.world.tell("hub", &add).unwrap().good().unwrap();
        let code = serde_json::from_str::<Value>(&told).unwrap()["code"].as_str().unwrap().to_owned();
        let join = ["join", "--hub", &story.world.hub_address(), "--code", &code];
        let joined = self.world.tell("hub", &join).unwrap().good().unwrap();
        let again = self.world.tell("hub", &join).unwrap();
        assert!(again.code == 1 && again.err.contains("beneath another one already"), "{}", again.err);
        joined
    }

    /// It asks the county now and then; when it starts it asks at once.
    fn ask_above(&self) {
        self.world.stop("hub").unwrap();
        self.world.start("hub").unwrap();
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
    let joined = town.join(&story);
    assert!(joined.contains("for 990127101, numbers from 0003"), "{joined}");

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

    wait_for("the answer in the county", || {
        let export = story.world.tell("hub", &["export"]).ok()?.out;
        (record(&export, ticket).ok()?["status"] == "已答复").then_some(())
    })
    .unwrap();
    town.ask_above();
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

/// The name by its key of the device that people call so.
fn device(world: &World, name: &str) -> String {
    let list = world.tell("hub", &["device", "list", "--json"]).unwrap().good().unwrap();
    let mut lines = list.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["name"] == name).unwrap()["device"].as_str().unwrap().to_owned()
}

#[test]
fn voices_rise_to_the_county_and_what_it_publishes_erases_and_strikes_off_holds_in_the_township() {
    let mut story = Story::begin("township-words");
    story.enrolled("direct", Part::Kiosk, "柳河村", &[LIUHE]);
    let mut town = Township::beside(&story);
    town.join(&story);
    town.world.start("hub").unwrap();
    town.world.add("kiosk", Part::Kiosk).unwrap();
    assert!(town.world.enrol("kiosk", "石桥村", &[SHIQIAO]).unwrap());
    town.world.add("lost", Part::Field).unwrap();
    assert!(town.world.enrol("lost", "周代表", &[SHIQIAO]).unwrap());
    let sync = |key: &str| town.world.tell(key, &["sync", "--once"]).unwrap().good().unwrap();

    // Two people speak; what they say rises, and their voices after it, sealed to the township as they were.
    let filed = speak(&town.world, &[opus(1, 150_000), opus(2, 9_000)]);
    let stick = story.dir.join("late");
    fs::create_dir(&stick).unwrap();
    let stick = stick.to_str().unwrap();
    town.world.tell("kiosk", &["bundle", "export", "--to", stick]).unwrap().good().unwrap();
    sync("kiosk");
    let voices: Vec<_> = {
        let kiosk = ledger_of(&town.world, "kiosk", Role::Kiosk);
        filed.iter().map(|filed| voice_of(&kiosk, &filed.id)).collect()
    };
    wait_for("the voices in the county", || {
        let county = ledger_of(&story.world, "hub", Role::Hub);
        let is_here = |id| county.sealed_attachment(id).ok().flatten().is_some();
        voices.iter().all(is_here).then_some(())
    })
    .unwrap();

    // The county publishes, shows a picture, takes up a word, erases the first and strikes a device off; the township another.
    story.world.publish("notices.toml", include_str!("../../sample/publish/notices.toml")).unwrap().good().unwrap();
    let picture = show_everybody(&story.world);
    let file = story.dir.join("next.toml");
    fs::write(
        &file,
        sample::COUNTY.replacen(
            "[[topic]]",
            "[[topic]]\nname = \"防汛避险\"\nen = \"Floods\"\npicture = \"water\"\n\n[[topic]]",
            1,
        ),
    )
    .unwrap();
    let set = ["codebook", "set", file.to_str().unwrap()];
    let told = town.world.tell("hub", &set).unwrap();
    assert!(told.code == 1 && told.err.contains("beneath another one"), "{}", told.err);
    story.world.tell("hub", &set).unwrap().good().unwrap();
    let digits = filed[0].ticket.digits();
    let erase = ["erase", "--ticket", &digits, "--reason", "本人要求"];
    let told = town.world.tell("hub", &erase).unwrap();
    assert!(told.code == 1 && told.err.contains("beneath another one"), "{}", told.err);
    story.world.tell("hub", &erase).unwrap().good().unwrap();
    story.world.tell("hub", &["device", "revoke", &device(&story.world, "柳河村")]).unwrap().good().unwrap();
    town.world.tell("hub", &["device", "revoke", &device(&town.world, "周代表")]).unwrap().good().unwrap();

    town.ask_above();
    let own = |world: &World, key: &str, role| ledger_of(world, key, role).log().public_key();
    let [above, beneath] = [&story.world, &town.world].map(|world| own(world, "hub", Role::Hub));
    let [direct, lost] = [own(&story.world, "direct", Role::Kiosk), own(&town.world, "lost", Role::Deputy)];
    wait_for("what the county said in the township", || {
        let hub = ledger_of(&town.world, "hub", Role::Hub);
        let log = hub.log();
        let is_erased = hub.erased(&filed[0].id).ok()?.is_some_and(|erased| erased.depth == Depth::Whole);
        let is_off = log.is_revoked(&beneath, &direct).ok()? && log.is_revoked(&beneath, &lost).ok()?;
        (is_erased && is_off && hub.edition().number == 1).then_some(())
    })
    .unwrap();
    wait_for("what the township said in the county", || {
        ledger_of(&story.world, "hub", Role::Hub).log().is_revoked(&beneath, &lost).ok()?.then_some(())
    })
    .unwrap();

    // The village hears all of it from its own hub, which is the only one that it believes.
    wait_for("the county's words in the village", || {
        sync("kiosk");
        let kiosk = ledger_of(&town.world, "kiosk", Role::Kiosk);
        let is_erased = kiosk.erased(&filed[0].id).ok()?.is_some() && kiosk.opinion(&filed[0].id).ok()?.is_none();
        let is_told = !kiosk.published::<Notice>().ok()?.is_empty() && kiosk.edition().number == 1;
        let is_shown = kiosk.sealed_attachment(&picture).ok()?.is_some();
        let is_off = kiosk.log().is_revoked(&beneath, &direct).ok()? && !kiosk.log().is_revoked(&above, &lost).ok()?;
        (is_erased && is_told && is_shown && is_off).then_some(())
    })
    .unwrap();
    assert!(town.world.tell("lost", &["sync", "--once"]).unwrap().code == 1, "who was struck off is let in no more");

    // A late copy of what was erased is known and not kept; the other voice stays with both.
    town.world.tell("hub", &["bundle", "import", stick]).unwrap();
    for world in [&town.world, &story.world] {
        let hub = ledger_of(world, "hub", Role::Hub);
        assert!(hub.opinion(&filed[0].id).unwrap().is_none() && hub.opinion(&filed[1].id).unwrap().is_some());
        let held = voices.iter().map(|id| hub.sealed_attachment(id).unwrap().is_some()).collect::<Vec<_>>();
        assert_eq!(held, [false, true]);
        assert!(hub.log().apart(10).unwrap().is_empty(), "{:?}", hub.log().apart(10));
        assert!(hub.refused(10).unwrap().is_empty(), "{:?}", hub.refused(10));
    }
    town.world.stop_all();
    for world in [&story.world, &town.world] {
        assert!(world.tell("hub", &["verify"]).unwrap().good().unwrap().contains("sound"));
    }
}
