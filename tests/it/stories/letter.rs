//! A machine that has never been online becomes a device of the county by letter: on a stick, and by a deputy's phone.

use std::{fs, path::Path, sync::Arc};

use kiosk::service::{Enrolling, Letter, Stick, enrolment::Enrolment};
use replica::dir::DataDir;
use serde_json::Value;
use tests::world::{Part, World, wait_for};

use super::{SHIQIAO, Story, people::Operator};

/// Another village, whose deputy passes through.
const ELSEWHERE: &str = "990127101202";

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A code for the kiosk of 石桥村, which an operator must compare.
fn code(world: &World, more: &[&str]) -> String {
    let add = ["device", "add", "--role", "kiosk", "--name", "石桥村", "--area", SHIQIAO, "--json"];
    let told = world.tell("hub", &[&add, more].concat()).unwrap().good().unwrap();
    serde_json::from_str::<Value>(&told).unwrap()["code"].as_str().unwrap().to_owned()
}

/// The six digits that a machine was shown when it asked.
fn digits(told: &str) -> String {
    told.trim().rsplit(": ").next().unwrap().to_owned()
}

/// The operator compares: lets in whoever shows these digits on the page of devices, and nobody else.
fn compare(world: &World, digits: &str) {
    let operator = Operator::at(world).unwrap();
    let card = wait_for("somebody to compare", || {
        let page = operator.page("/devices").ok()?;
        let mut cards = page.split("data-slot=\"").skip(1);
        cards.find(|card| card.contains(&format!("data-comparison=\"{digits}\""))).map(str::to_owned)
    })
    .unwrap();
    let slot = card.split('"').next().unwrap();
    assert_eq!(operator.submit("/devices/approve", &[("slot", slot)]).unwrap().0, 303);
}

/// What is said at the kiosk from now on has its receipt, once it was carried by `carry`.
fn lives_on(story: &Story, carry: impl Fn(&World)) {
    let (world, file) = (&story.world, story.file(7, 3));
    world.tell("kiosk", &["import", path(&file)]).unwrap().good().unwrap();
    carry(world);
    let status = world.tell("kiosk", &["status", "--json"]).unwrap().good().unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((&status["here"], &status["received"]), (&0.into(), &3.into()), "{status}");
    assert_eq!(world.tell("hub", &["export"]).unwrap().good().unwrap().lines().count(), 3);
    for key in ["hub", "kiosk"] {
        assert!(world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"));
    }
}

#[test]
fn a_kiosk_that_was_never_online_is_enrolled_by_stick_and_lives_on_sticks_alone() {
    let mut story = Story::begin("letter-stick");
    for key in ["kiosk", "copy"] {
        story.world.add(key, Part::Kiosk).unwrap();
        story.world.cut(key, true).unwrap();
    }
    let [out, home] = ["out", "home"].map(|name| story.dir.join(name));
    [&out, &home].iter().for_each(|dir| fs::create_dir(dir).unwrap());
    let world = &story.world;
    let code = code(world, &["--stick", path(&out)]);
    let on_stick = |stick: &Path| -> Vec<u8> {
        fs::read_dir(stick).unwrap().flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    };
    let tells_nothing = |stick: &Path| {
        for word in ["石桥村", SHIQIAO, code.as_str(), "hub_key", "salt", "proof"] {
            assert!(!on_stick(stick).windows(word.len()).any(|piece| piece == word.as_bytes()), "{word}");
        }
    };
    tells_nothing(&out);

    // In the village: a wrong code opens nothing, the right one asks, and asks the same when asked again.
    let enrol = |key: &str, stick: &Path, code: &str| {
        world.tell(key, &["enrol", "--stick", path(stick), "--code", code]).unwrap()
    };
    let wrong = enrol("kiosk", &out, "AAAA0000");
    assert!(wrong.code == 1 && wrong.err.contains("opens nothing on the stick"), "{}", wrong.err);
    let asked = digits(&enrol("kiosk", &out, &code).good().unwrap());
    assert_eq!(digits(&enrol("kiosk", &out, &code).good().unwrap()), asked);
    let copied = digits(&enrol("copy", &out, &code).good().unwrap());
    assert!(copied != asked && asked.len() == 6, "{copied} {asked}");
    tells_nothing(&out);

    // At the county: the digits of the kiosk are compared; the machine that came second with its code is told so.
    let told = world.tell("hub", &["bundle", "import", path(&out)]).unwrap();
    assert!(told.out.contains("machines ask to be enrolled"), "{}{}", told.out, told.err);
    let (let_in, other) = {
        let page = Operator::at(world).unwrap().page("/devices").unwrap();
        if page.contains(&format!("data-comparison=\"{asked}\"")) { ("kiosk", "copy") } else { ("copy", "kiosk") }
    };
    // Nothing was decided yet, and so nothing goes home to the one who waits.
    world.tell("hub", &["bundle", "export", "--to", path(&home)]).unwrap().good().unwrap();
    let early = enrol(let_in, &home, &code);
    assert!(early.code == 1 && early.out.contains("no answer is on this stick yet"), "{}{}", early.out, early.err);
    let refused = enrol(other, &home, &code);
    assert!(refused.code == 1 && refused.err.contains("this code was used already"), "{}{}", refused.out, refused.err);
    compare(world, if let_in == "kiosk" { &asked } else { &copied });
    world.tell("hub", &["bundle", "export", "--to", path(&home)]).unwrap().good().unwrap();
    tells_nothing(&home);

    // Home again: it is a device of the county, and the rest of what is on the stick is its own.
    let enrolled = enrol(let_in, &home, &code).good().unwrap();
    assert!(enrolled.contains("enrolled as \"石桥村\" (kiosk)"), "{enrolled}");
    assert!(!world.is_made(other));
    if let_in == "copy" {
        fs::remove_dir_all(world.data("kiosk")).unwrap();
        fs::rename(world.data("copy"), world.data("kiosk")).unwrap();
    }
    lives_on(&story, |world| {
        let [up, down] = ["up", "down"].map(|name| story.dir.join(name));
        [&up, &down].iter().for_each(|dir| fs::create_dir(dir).unwrap());
        world.tell("kiosk", &["bundle", "export", "--to", path(&up)]).unwrap().good().unwrap();
        world.tell("hub", &["bundle", "import", path(&up)]).unwrap().good().unwrap();
        wait_for("what was said in the county", || {
            (world.tell("hub", &["export"]).ok()?.out.lines().count() == 3).then_some(())
        })
        .unwrap();
        world.tell("hub", &["bundle", "export", "--to", path(&down)]).unwrap().good().unwrap();
        // The refusal of the other machine is on the stick, too, and is told of as somebody else's.
        let told = world.tell("kiosk", &["bundle", "import", path(&down)]).unwrap();
        assert_eq!(told.err.lines().count(), 1, "{}{}", told.out, told.err);
    });
}

#[test]
fn a_kiosk_s_own_screen_asks_by_stick_and_takes_up_the_answer_without_the_code() {
    let mut story = Story::begin("letter-screen");
    story.world.add("kiosk", Part::Kiosk).unwrap();
    story.world.cut("kiosk", true).unwrap();
    let [other, out, home] = ["other", "out", "home"].map(|name| story.dir.join(name));
    [&other, &out, &home].iter().for_each(|dir| fs::create_dir(dir).unwrap());
    let world = &story.world;
    let code = code(world, &["--stick", path(&out)]);
    let sticks = |dirs: &[&Path]| dirs.iter().map(|dir| Stick { directory: (*dir).into(), free_mib: None }).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asked = {
        let _inside = runtime.enter();
        let held = Arc::new(DataDir::hold(&world.data("kiosk")).unwrap());
        let enrolment = || Enrolment::new(held.clone(), Arc::default(), Arc::default());
        assert_eq!(enrolment().stands_at(), Enrolling::Idle);
        let ask = |code, dirs: &[&Path]| enrolment().by_sticks(code, sticks(dirs));
        assert_eq!(ask(Some(&code), &[]), Enrolling::Failed("carry-none"));
        assert_eq!(ask(Some("AAAA0000"), &[&out]), Enrolling::Failed("letter-not-invited"));
        assert_eq!(ask(Some("AAAA"), &[&out]), Enrolling::Failed("letter-not-invited"));
        assert_eq!(ask(None, &[&out]), Enrolling::Failed("letter-not-invited"));
        // Of two sticks the one that the county wrote is found.
        let Enrolling::Asked(asked, Letter::Written) = ask(Some(&code), &[&other, &out]) else { panic!("not asked") };
        // The machine was switched off meanwhile, and still knows what it asked.
        assert_eq!(enrolment().stands_at(), Enrolling::Asked(asked.clone(), Letter::Given));
        assert_eq!(ask(None, &[&home]), Enrolling::Asked(asked.clone(), Letter::Unanswered));
        assert_eq!(ask(None, &[]), Enrolling::Asked(asked.clone(), Letter::Missed("carry-none")));
        asked
    };
    // The invitation on the stick is for the machine, and the hub says so.
    let told = world.tell("hub", &["bundle", "import", path(&out)]).unwrap();
    assert!(told.out.contains("machines ask to be enrolled"), "{}{}", told.out, told.err);
    compare(world, &asked);
    world.tell("hub", &["bundle", "export", "--to", path(&home)]).unwrap().good().unwrap();
    let _inside = runtime.enter();
    let held = Arc::new(DataDir::hold(&world.data("kiosk")).unwrap());
    let enrolment = Enrolment::new(held, Arc::default(), Arc::default());
    assert_eq!(enrolment.by_sticks(None, sticks(&[&other, &home])), Enrolling::Done("石桥村".to_owned()));
}

#[test]
fn a_kiosk_that_was_never_online_is_enrolled_through_a_phone_and_lives_on_its_visits() {
    let mut story = Story::begin("letter-carrier");
    story.world.add("kiosk", Part::Kiosk).unwrap();
    story.world.cut("kiosk", true).unwrap();
    story.enrolled("phone", Part::Field, "陈代表", &[ELSEWHERE]);
    let world = &story.world;
    let code = code(world, &["--days", "60"]);

    // First visit, without signal: the letter is with the deputy, who reads the digits and nothing else.
    world.cut("phone", true).unwrap();
    world.start_near("phone").unwrap();
    let near = world.near("phone").unwrap();
    let enrol = || world.tell("kiosk", &["enrol", "--carrier", &near, "--code", &code]).unwrap();
    let told = enrol().good().unwrap();
    assert!(told.contains("陈代表"), "{told}");
    let asked = digits(&told);
    assert_eq!(digits(&enrol().good().unwrap()), asked, "asking twice is asking once");
    let carries = |who: &str, is_home: bool| {
        let lines = world.status("phone")?["road"]["bag"]["carries"].as_array()?.clone();
        lines.into_iter().find(|line| line["who"] == who && line["is_home"] == is_home)
    };
    assert_eq!(carries(&asked, false).unwrap()["parcels"], 1);

    // In town: the operator compares what the deputy reads out, and the answer goes home.
    world.cut("phone", false).unwrap();
    compare(world, &asked);
    // The phone asks again what goes home when it calls again.
    world.stop("phone").unwrap();
    world.start_near("phone").unwrap();
    wait_for("the answer on the phone", || carries("石桥村", true)).unwrap();

    // Second visit: it is a device, and hands over as any other.
    world.cut("phone", true).unwrap();
    let near = world.near("phone").unwrap();
    let told = world.tell("kiosk", &["enrol", "--carrier", &near, "--code", &code]).unwrap().good().unwrap();
    assert!(told.contains("enrolled as \"石桥村\" (kiosk)"), "{told}");
    // The kiosk has its answer before the phone has written down that it was heard.
    wait_for("what was heard to be carried no further", || {
        world.status("phone")?;
        carries("石桥村", true).is_none().then_some(())
    })
    .unwrap();
    lives_on(&story, |world| {
        let hand_over =
            || world.tell("kiosk", &["carry", "--with", &world.near("phone").unwrap()]).unwrap().good().unwrap();
        hand_over();
        world.cut("phone", false).unwrap();
        wait_for("what was said in the county", || {
            (world.tell("hub", &["export"]).ok()?.out.lines().count() == 3).then_some(())
        })
        .unwrap();
        world.stop("phone").unwrap();
        world.start_near("phone").unwrap();
        wait_for("the receipt on the phone", || carries("石桥村", true)).unwrap();
        world.cut("phone", true).unwrap();
        hand_over();
    });
}
