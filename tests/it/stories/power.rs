//! Power that fails at every moment: the kiosk and the hub are killed again and again while people file opinions. More of it,
//! at other moments: `COUNTY_ROUNDS=500 COUNTY_SEED=7 cargo test -p tests --test it power_cuts -- --nocapture`.

use std::{collections::BTreeSet, time::Duration};

use civic_core::ticket::Ticket;
use serde_json::Value;
use tests::{
    sample::Dice,
    world::{Part, wait_for},
};

use super::{SHIQIAO, Story, people::Villager};

const ROUNDS: u64 = 12;
/// The finger comes down this long after somebody means it to.
const FINGER_MS: u64 = 310;
/// Half of the moments fall while the opinion is being written, half while it is sent and merged.
const WRITING_MS: u64 = 40;
const SENDING_MS: u64 = 400;

#[test]
fn power_cuts_lose_nothing_and_double_nothing() {
    let mut story = Story::begin("power");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let told = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let (seed, rounds) = (told("COUNTY_SEED").unwrap_or(20), told("COUNTY_ROUNDS").unwrap_or(ROUNDS));
    eprintln!("COUNTY_SEED={seed} COUNTY_ROUNDS={rounds}");
    let mut dice = Dice(seed);
    let mut promised: BTreeSet<Ticket> = BTreeSet::new();
    for round in 0..rounds {
        world.start("hub").unwrap();
        world.start("kiosk").unwrap();
        let villager = Villager::at(world, "kiosk").unwrap();
        villager.compose("饮水安全", "家里停水了。").unwrap();
        let victim = if round % 3 == 2 { "hub" } else { "kiosk" };
        let span = if round % 2 == 0 { WRITING_MS } else { SENDING_MS };
        let moment = Duration::from_millis(FINGER_MS + dice.below(span));
        let filed = std::thread::scope(|scope| {
            let filing = scope.spawn(|| villager.file());
            std::thread::sleep(moment);
            world.kill(victim).unwrap();
            filing.join().unwrap()
        });
        // A number that was shown is a promise; without one the villager knows to say it again.
        match filed {
            Ok(ticket) => assert!(promised.insert(ticket), "{ticket} was given twice"),
            Err(error) => assert_eq!(victim, "kiosk", "{error:#}"),
        }
        if victim == "hub" {
            world.kill("kiosk").unwrap();
        }
    }
    world.start("hub").unwrap();
    world.start("kiosk").unwrap();
    wait_for("a receipt for everything", || {
        let status = world.status("kiosk")?;
        (status["here"] == 0 && status["on_road"] == 0 && status["road"]["is_open"] == true).then_some(())
    })
    .unwrap();
    let at_kiosk = world.tell("kiosk", &["export"]).unwrap().good().unwrap();
    wait_for("everything merged at the hub", || {
        let status = world.status("hub")?;
        (status["opinions"] == at_kiosk.lines().count()).then_some(())
    })
    .unwrap();
    let at_hub = world.tell("hub", &["export"]).unwrap().good().unwrap();
    assert_eq!(at_hub, at_kiosk);
    let tickets: Vec<Ticket> = at_hub
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| Ticket::parse(line["ticket"].as_str().unwrap()).unwrap())
        .collect();
    let distinct: BTreeSet<Ticket> = tickets.iter().copied().collect();
    assert_eq!(distinct.len(), tickets.len(), "no opinion stands twice");
    assert!(promised.is_subset(&distinct), "every number that was shown is at the hub");
    assert!(tickets.len() as u64 <= rounds, "nothing was filed that nobody said");
    eprintln!("{} numbers were shown, {} opinions are at the hub, of {rounds} begun", promised.len(), tickets.len());
    for key in ["hub", "kiosk"] {
        assert!(world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"));
    }
}
