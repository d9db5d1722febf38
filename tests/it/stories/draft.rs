//! The plug is pulled at every step of saying something: what stood on the screen is there afterwards, once.

use civic_core::ticket::Ticket;
use serde_json::Value;
use tests::world::Part;

use super::{SHIQIAO, Story, people::Villager};

/// What a villager does, one touch after the other. From the fourth on there are words to lose.
const STEPS: [&str; 9] =
    ["提意见", "饮水安全", "写下来", "家里停水了。", "写好了", "不说这个", "村口", "留个电话", "不留了"];
const WORDS_FROM: usize = 4;

#[test]
fn what_stood_on_the_screen_is_there_after_a_cut_at_every_step() {
    let mut story = Story::begin("draft");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let mut promised: Vec<Ticket> = Vec::new();
    for steps in 1..=STEPS.len() {
        world.start("kiosk").unwrap();
        let villager = Villager::at(world, "kiosk").unwrap();
        for target in &STEPS[..steps] {
            villager.touch(target).unwrap();
        }
        let shown = villager.words().unwrap().join("\n");
        world.kill("kiosk").unwrap();
        world.start("kiosk").unwrap();
        let villager = Villager::at(world, "kiosk").unwrap();
        assert!(!villager.words().unwrap().join("\n").contains("停水"), "nobody reads it who only walks by");
        villager.touch("提意见").unwrap();
        if steps < WORDS_FROM {
            assert!(villager.words().unwrap().join("\n").contains("哪方面"), "nothing was said yet: {shown}");
        } else {
            assert!(!villager.words().unwrap().join("\n").contains("停水"), "the words come after the answer");
            villager.touch("是我，接着说").unwrap();
            assert!(villager.words().unwrap().join("\n").contains("家里停水了。"), "{shown}");
            for target in ["写好了", "不说这个", "不说这个", "不用留"] {
                villager.touch(target).unwrap();
            }
            promised.push(villager.file().unwrap());
        }
        world.kill("kiosk").unwrap();
    }
    // And once more, for somebody who never comes back.
    world.start("kiosk").unwrap();
    let villager = Villager::at(world, "kiosk").unwrap();
    for target in &STEPS[..WORDS_FROM] {
        villager.touch(target).unwrap();
    }
    world.kill("kiosk").unwrap();
    world.start("kiosk").unwrap();
    let villager = Villager::at(world, "kiosk").unwrap();
    for target in ["提意见", "不是我，我说我的"] {
        villager.touch(target).unwrap();
    }
    world.kill("kiosk").unwrap();
    let exported = world.tell("kiosk", &["export"]).unwrap().good().unwrap();
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |ticket: &Ticket| {
        lines.iter().any(|line| Ticket::parse(line["ticket"].as_str().unwrap_or_default()) == Ok(*ticket))
    };
    assert!(promised.iter().all(has), "every number that was shown is there");
    assert_eq!(lines.len(), promised.len() + 1, "and nothing twice");
    assert_eq!(exported.matches("unfinished").count(), 1, "only what nobody came back to is marked: {exported}");
}
