//! A full disk, and one that breaks down, on a real file system of a few megabytes: what somebody was told is saved stays,
//! what is not saved is said not to be, and with room again, or the card put right, everything goes on. Mounting one takes
//! root; elsewhere these say that they were skipped.

use civic_core::ticket::Ticket;
use tests::{
    disk::{SmallDisk, skip},
    world::{Part, wait_for},
};

use super::{
    SHIQIAO, Story,
    people::{Villager, record},
};

const ROAD: (&str, &str) = ("道路交通", "我们村的路坏了，车不好走。");
/// People speak at most so often before there is no room.
const TRIES: usize = 40;

/// Says something until there is no room for it; the numbers that were given.
fn speak_until_full(villager: &Villager) -> Vec<Ticket> {
    let mut given = Vec::new();
    for _ in 0..TRIES {
        // The screen may say that there is no room before anything is said, or when it is handed in.
        match villager.compose(ROAD.0, ROAD.1).and_then(|()| villager.file()) {
            Ok(ticket) => given.push(ticket),
            Err(_) => return given,
        }
        villager.leave().unwrap();
    }
    panic!("there was room for all: {given:?}");
}

/// Starts the kiosk without a road; somebody there was given a number, and left.
fn one_has_spoken(story: &Story) -> (Villager, Vec<Ticket>) {
    story.world.cut("kiosk", true).unwrap();
    story.world.start("kiosk").unwrap();
    let villager = Villager::at(&story.world, "kiosk").unwrap();
    villager.compose(ROAD.0, ROAD.1).unwrap();
    let given = vec![villager.file().unwrap()];
    villager.leave().unwrap();
    (villager, given)
}

#[test]
fn a_kiosk_whose_disk_is_full_gives_no_number_and_loses_none_that_it_gave() {
    let mut story = Story::begin("full-kiosk");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let Some(disk) = SmallDisk::beneath(&story.world.data("kiosk")).unwrap() else { return };
    let (villager, mut given) = one_has_spoken(&story);
    // The last room goes while somebody speaks.
    villager.compose(ROAD.0, ROAD.1).unwrap();
    disk.fill().unwrap();
    if let Ok(ticket) = villager.file() {
        given.push(ticket);
        villager.leave().unwrap();
    }
    given.extend(speak_until_full(&villager));
    assert!(villager.words().is_ok(), "it stands, and says so");
    // The plug is pulled in the middle of it.
    story.world.kill("kiosk").unwrap();
    disk.make_room().unwrap();
    story.world.start("kiosk").unwrap();
    let villager = Villager::at(&story.world, "kiosk").unwrap();
    villager.compose(ROAD.0, ROAD.1).unwrap();
    given.push(villager.file().unwrap());
    story.world.cut("kiosk", false).unwrap();
    wait_for("every opinion at the hub", || {
        let export = story.world.tell("hub", &["export"]).ok()?.out;
        given.iter().all(|ticket| record(&export, *ticket).is_ok()).then_some(())
    })
    .unwrap();
    story.world.stop_all();
    assert!(story.world.tell("kiosk", &["verify"]).unwrap().good().unwrap().contains("sound"));
}

#[test]
fn a_hub_whose_disk_is_full_gives_no_receipt_and_takes_everything_once_there_is_room() {
    let mut story = Story::begin("full-hub");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.world.stop("hub").unwrap();
    let Some(disk) = SmallDisk::beneath(&story.world.data("hub")).unwrap() else { return };
    story.world.start("hub").unwrap();
    disk.fill().unwrap();
    // More than any room that a file has left inside.
    let file = story.file(9, 3_000);
    story.world.tell("kiosk", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    let met = story.world.tell("kiosk", &["sync", "--once"]).unwrap();
    assert!(met.code != 0 || met.out.contains("not in step"), "nothing was received: {}", met.out);
    assert!(story.world.mishap("hub").is_none(), "the hub stands");
    disk.make_room().unwrap();
    wait_for("a meeting that goes through", || story.world.tell("kiosk", &["sync", "--once"]).ok()?.good().ok())
        .unwrap();
    // They go through the gate one by one, which takes a while on a busy machine.
    for count in [1_000, 2_000, 3_000] {
        let is_there = || (story.world.status("hub")?["opinions"].as_u64()? >= count).then_some(());
        wait_for("everything at the hub", is_there).unwrap();
    }
    story.world.stop_all();
    assert!(story.world.tell("hub", &["verify"]).unwrap().good().unwrap().contains("sound"));
}

#[test]
fn a_kiosk_whose_card_breaks_down_calls_nothing_saved_and_goes_on_once_it_is_mended() {
    let mut story = Story::begin("broken-card");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let Some(disk) = SmallDisk::beneath(&story.world.data("kiosk")).unwrap() else { return };
    if !disk.is_card() {
        return skip("a disk in memory does not break down");
    }
    let (villager, mut given) = one_has_spoken(&story);
    // It turns read-only while somebody speaks.
    villager.compose(ROAD.0, ROAD.1).unwrap();
    if !disk.break_down().unwrap() {
        return skip("the kernel does not let a card break down");
    }
    assert!(villager.file().is_err(), "nobody is given a number");
    let words = villager.words().unwrap();
    assert!(words.iter().all(|word| Ticket::parse(word).is_err()), "{words:?}");
    assert_eq!(villager.view().unwrap()["screen"], "NotSaved", "it stands, and says so");
    story.world.kill("kiosk").unwrap();
    disk.mend().unwrap();
    story.world.start("kiosk").unwrap();
    let villager = Villager::at(&story.world, "kiosk").unwrap();
    // Whoever comes next says that what was begun here is somebody else's.
    villager.compose(ROAD.0, ROAD.1).unwrap();
    given.push(villager.file().unwrap());
    story.world.cut("kiosk", false).unwrap();
    let mut export = String::new();
    wait_for("every opinion at the hub", || {
        export = story.world.tell("hub", &["export"]).ok()?.out;
        (export.lines().count() > given.len()).then_some(())
    })
    .unwrap();
    // Two that have numbers, each once, and the words that could not be saved, as somebody left them.
    assert!(given.iter().all(|ticket| record(&export, *ticket).is_ok()), "{given:?}: {export}");
    assert_eq!(export.lines().count(), given.len() + 1, "{export}");
    assert_eq!(export.matches("\"unfinished\":true").count(), 1, "{export}");
    story.world.stop_all();
    assert!(story.world.tell("kiosk", &["verify"]).unwrap().good().unwrap().contains("sound"));
}
