//! Saying it aloud: a file stands in for the microphone, everything else is as in a village.

use std::time::Duration;

use civic_core::{access::Role, ticket::Ticket};
use hardware::sound::{SAMPLE_RATE, wav};
use kiosk::sound::opus;
use tests::world::{Part, World, wait_for};

use super::{
    SHIQIAO, Story,
    attachments::{ledger_of, voice_at_hub},
    people::Villager,
};

/// How long somebody looks at a page that came up by itself; the kiosk takes sooner touches for meant for the page before.
const A_LOOK: Duration = Duration::from_millis(1_100);

/// Puts something to hear before the kiosk's microphone: a tone that rises, which nothing else sounds like.
fn speak_up(world: &World, seconds: u32) -> Vec<i16> {
    let sample = |at: u32| {
        let time = f64::from(at) / f64::from(SAMPLE_RATE);
        ((time * (900.0 + 150.0 * time)).sin() * 9_000.0) as i16
    };
    let said: Vec<i16> = (0..seconds * SAMPLE_RATE).map(sample).collect();
    let mut writer = wav::Writer::create(&world.data("kiosk").join("microphone.wav")).unwrap();
    writer.add(&said).unwrap();
    writer.finish().unwrap();
    said
}

/// Waits until the screen says this.
fn reads(villager: &Villager, words: &str) {
    let is_there = || villager.words().ok()?.join("\n").contains(words).then_some(());
    wait_for(words, is_there).unwrap_or_else(|error| panic!("{error:#}: {:?}", villager.words()));
}

/// The voice of this number at the county, once all of it has arrived, as samples.
fn heard_at_hub(world: &World, ticket: Ticket) -> Vec<i16> {
    let hub = ledger_of(world, "hub", Role::Hub);
    let arrived = || {
        let id = hub.by_ticket(&ticket).ok()??;
        voice_at_hub(world, &hub, &id)
    };
    opus::read(&wait_for("the voice at the county", arrived).unwrap()).unwrap()
}

/// How much stronger what was said is than its difference from what is heard, in decibels.
fn likeness(said: &[i16], heard: &[i16]) -> f64 {
    let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|sample| sample * sample).sum::<f64>();
    let noise = power(&mut said.iter().zip(heard).map(|(said, heard)| f64::from(*said) - f64::from(*heard)));
    10.0 * (power(&mut said[..heard.len()].iter().map(|said| f64::from(*said))) / noise.max(1.0)).log10()
}

#[test]
fn what_is_spoken_at_a_kiosk_is_heard_whole_at_the_county() {
    let mut story = Story::begin("spoken");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let said = speak_up(world, 3);
    world.start("kiosk").unwrap();
    let villager = Villager::at(world, "kiosk").unwrap();
    for target in ["提意见", "饮水安全", "说给它听"] {
        villager.touch(target).unwrap();
    }
    reads(&villager, "请说，正在听");
    reads(&villager, "录了 3 秒");
    // Nobody asked for this page: what is touched before it was looked at does not count.
    std::thread::sleep(A_LOOK);
    for target in ["就这样", "不说这个", "不说这个", "不用留"] {
        villager.touch(target).unwrap();
    }
    let ticket = villager.file().unwrap();
    let heard = heard_at_hub(world, ticket);
    assert_eq!(heard.len(), said.len());
    assert!(likeness(&said, &heard) > 4.0, "{}", likeness(&said, &heard));
}

/// What a villager does; at 说 they speak for a while. Before that there is nothing to lose.
const STEPS: [&str; 9] = ["提意见", "饮水安全", "说给它听", "说", "说完了", "就这样", "不说这个", "村口", "不用留"];
const VOICE_FROM: usize = 4;

#[test]
fn the_plug_is_pulled_at_every_step_of_speaking_and_nobody_says_it_twice() {
    let mut story = Story::begin("speaking");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let said = speak_up(world, 50);
    let mut promised = Vec::new();
    for steps in 1..=STEPS.len() {
        world.start("kiosk").unwrap();
        let villager = Villager::at(world, "kiosk").unwrap();
        for target in &STEPS[..steps] {
            match *target {
                "说" => reads(&villager, "还能说 58 秒"),
                "说完了" => {
                    villager.touch(target).unwrap();
                    reads(&villager, "可以先听一遍");
                }
                target => villager.touch(target).unwrap(),
            }
        }
        world.kill("kiosk").unwrap();
        world.start("kiosk").unwrap();
        let villager = Villager::at(world, "kiosk").unwrap();
        villager.touch("提意见").unwrap();
        if steps < VOICE_FROM {
            reads(&villager, "哪方面");
        } else {
            villager.touch("是我，接着说").unwrap();
            reads(&villager, "可以先听一遍");
            for target in ["就这样", "不说这个", "不说这个", "不用留"] {
                villager.touch(target).unwrap();
            }
            promised.push(villager.file().unwrap());
        }
        world.kill("kiosk").unwrap();
    }
    world.start("kiosk").unwrap();
    for ticket in promised {
        let heard = heard_at_hub(world, ticket);
        // "58 seconds left" is two seconds spoken, and at most half a second of them was not on disk.
        assert!(Duration::from_secs_f64(heard.len() as f64 / f64::from(SAMPLE_RATE)) > Duration::from_millis(1_200));
        assert!(likeness(&said, &heard) > 4.0, "{ticket}: {}", likeness(&said, &heard));
    }
    world.stop("kiosk").unwrap();
    let exported = world.tell("kiosk", &["export"]).unwrap().good().unwrap();
    assert_eq!(exported.lines().count(), STEPS.len() - VOICE_FROM + 1, "and nothing twice");
}
