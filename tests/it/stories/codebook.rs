//! The county takes up a new word while its devices are out: it comes to each by whatever road there is, and from then on
//! stands on its screen.

use std::fs;

use civic_core::access::Role;
use serde_json::Value;
use tests::{
    sample,
    world::{Part, World, wait_for},
};

use super::{
    SHIQIAO, Story,
    attachments::ledger_of,
    people::{Villager, record},
};

const TOPIC: &str = "防汛避险";
const PHRASE: &str = "河堤有裂缝，下大雨害怕。";
/// Another village, whose deputy passes through.
const ELSEWHERE: &str = "990127101202";

/// The county's file with one topic more, before all others.
fn widened() -> String {
    let topic =
        format!("[[topic]]\nname = \"{TOPIC}\"\nen = \"Floods\"\npicture = \"water\"\nphrases = [\"{PHRASE}\"]\n\n");
    sample::COUNTY.replacen("[[topic]]", &(topic + "[[topic]]"), 1)
}

/// Changes the county's words at the hub, which goes on serving.
fn change(story: &Story) -> Value {
    let file = story.dir.join("next.toml");
    fs::write(&file, widened()).unwrap();
    let told = story.world.tell("hub", &["codebook", "set", file.to_str().unwrap(), "--json"]).unwrap().good().unwrap();
    serde_json::from_str(&told).unwrap()
}

/// Whether the screen of topics offers it; whoever looks begins at the first screen.
fn offers(world: &World, key: &str) -> anyhow::Result<bool> {
    world.press(key)?;
    let villager = Villager::at(world, key)?;
    villager.touch("提意见")?;
    let offers = villager.words()?.iter().any(|word| word == TOPIC);
    world.press(key)?;
    Ok(offers)
}

#[test]
fn a_topic_that_the_county_adds_stands_on_the_screen_of_a_kiosk_that_is_running() {
    let mut story = Story::begin("codebook");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    world.start("kiosk").unwrap();
    assert!(!offers(world, "kiosk").unwrap());

    // What records may name cannot go, and a try changes nothing.
    let (file, less) =
        (story.dir.join("less.toml"), sample::COUNTY.replacen("name = \"道路交通\"", "name = \"道路\"", 1));
    fs::write(&file, less).unwrap();
    let refused = world.tell("hub", &["codebook", "set", file.to_str().unwrap()]).unwrap();
    assert!(refused.code == 1 && refused.err.contains("topic 道路交通 is missing"), "{}", refused.err);
    let told = change(&story);
    assert_eq!(
        (&told["edition"], &told["added"][0], &told["is_new"]),
        (&1.into(), &format!("topic {TOPIC}").into(), &true.into())
    );
    assert_eq!(change(&story)["is_new"], false, "the same again is nothing new");
    assert!(world.tell("hub", &["codebook", "show"]).unwrap().good().unwrap().contains(TOPIC));

    wait_for("the topic on the screen", || offers(world, "kiosk").ok()?.then_some(())).unwrap();
    let villager = Villager::at(world, "kiosk").unwrap();
    villager.compose(TOPIC, PHRASE).unwrap();
    let ticket = villager.file().unwrap();
    let filed = wait_for("the opinion in the county", || {
        let export = world.tell("hub", &["export"]).ok()?.out;
        record(&export, ticket).ok()
    })
    .unwrap();
    assert_eq!(filed["topic"], TOPIC);

    // A hub that starts again works by it, and so does a device that is let in from now on.
    world.stop("hub").unwrap();
    world.start("hub").unwrap();
    story.enrolled("late", Part::Kiosk, "杨柳湾村", &[ELSEWHERE]);
    let late = ledger_of(&story.world, "late", Role::Kiosk);
    assert_eq!((late.card().edition, late.edition().number), (1, 1));
    assert!(late.codebook().topics.iter().any(|topic| topic.name == TOPIC));
}

#[test]
fn a_topic_that_the_county_adds_comes_by_phone_and_by_stick_where_there_is_no_road() {
    let mut story = Story::begin("codebook-carried");
    story.enrolled("visited", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("island", Part::Kiosk, "杨柳湾村", &[ELSEWHERE]);
    story.enrolled("phone", Part::Field, "陈代表", &[ELSEWHERE]);
    let world = &story.world;
    ["visited", "island"].iter().for_each(|key| world.cut(key, true).unwrap());
    change(&story);

    // The phone hears of it in town, offers it to the deputy, and brings it to the village.
    world.tell("phone", &["sync", "--once"]).unwrap().good().unwrap();
    world.cut("phone", true).unwrap();
    world.start_near("visited").unwrap();
    assert!(!offers(world, "visited").unwrap());
    let told = world.tell("phone", &["carry", "--with", &world.near("visited").unwrap()]).unwrap().good().unwrap();
    assert!(told.contains("entries that the county made public came along") || told.contains("parcels"), "{told}");
    wait_for("the topic in the village", || offers(world, "visited").ok()?.then_some(())).unwrap();
    world.start("phone").unwrap();
    let form = ureq::get(format!("{}/visit/new", world.address("phone").unwrap())).call().unwrap();
    assert!(form.into_body().read_to_string().unwrap().contains(TOPIC), "the deputy can choose it");

    // The stick bears it sealed, with whatever else goes home.
    let stick = story.dir.join("stick");
    fs::create_dir(&stick).unwrap();
    let stick = stick.to_str().unwrap();
    world.tell("hub", &["bundle", "export", "--to", stick]).unwrap().good().unwrap();
    for file in fs::read_dir(stick).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(TOPIC.len()).any(|piece| piece == TOPIC.as_bytes()));
    }
    // What is for the others it cannot open, and what it has heard it hears again without harm.
    for brought in ["1 entries", "0 entries"] {
        let imported = world.tell("island", &["bundle", "import", stick]).unwrap();
        assert!(imported.out.starts_with(brought), "{}{}", imported.out, imported.err);
    }
    world.start("island").unwrap();
    assert!(offers(world, "island").unwrap());
    for key in ["visited", "island", "phone"] {
        world.stop(key).unwrap();
        assert!(world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"));
        assert!(world.tell(key, &["rebuild"]).unwrap().good().is_ok());
    }
}
