//! Somebody finds the stick on the road, or brings one of their own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use civic_core::{
    area::Area,
    document::Stamp,
    opinion::{self, NewOpinion},
    space::{Audience, Space},
};
use replica::{
    clock,
    store::{Log, NewEntry},
};
use sync_core::entry::EntryKind;
use sync_hub::audit::{Action, search::Search};
use tests::world::{Part, wait_for};

use super::{Field, Ground, found, fresh_doc};
use crate::stories::SHIQIAO;

static GROUND: Ground = Ground::new();

const SAID: &str = "棒上的话";

/// A stick with what a kiosk said, on its way to the county; the kiosk's key is `name`.
fn stick(field: &mut Field<'_>, name: &str) -> PathBuf {
    let story = field.story();
    story.enrolled(name, Part::Kiosk, "石桥村", &[SHIQIAO]);
    let id = format!("{:032x}", name.bytes().fold(1u64, |sum, byte| sum * 31 + u64::from(byte)));
    let line = format!("{{\"id\":\"{id}\",\"init\":{{\"body\":\"{SAID}{name}\",\"timeline\":[]}},\"steps\":[]}}\n");
    let file = story.dir.join(format!("{name}.jsonl"));
    fs::write(&file, line).unwrap();
    story.world.tell(name, &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    let stick = story.dir.join(format!("stick-{name}"));
    fs::create_dir(&stick).unwrap();
    story.world.tell(name, &["bundle", "export", "--to", stick.to_str().unwrap()]).unwrap().good().unwrap();
    stick
}

fn only_file(stick: &Path) -> PathBuf {
    fs::read_dir(stick).unwrap().next().unwrap().unwrap().path()
}

/// Gives the stick to the hub, whose audit log says so; exit status and everything said.
fn take_in(field: &mut Field<'_>, stick: &Path) -> (i32, String) {
    let story = field.story();
    let carried = Search { action: Some(Action::CarryBundles), ..Search::default() };
    let before = found(story, &carried);
    let done = story.world.tell("hub", &["bundle", "import", stick.to_str().unwrap()]).unwrap();
    assert!(found(story, &carried) > before, "{}{}", done.out, done.err);
    (done.code, format!("{}{}", done.out, done.err))
}

fn at_hub(field: &mut Field<'_>) -> String {
    field.story().world.tell("hub", &["export"]).unwrap().good().unwrap()
}

/// 偷看 whoever finds the stick reads it
/// - refused: sealed to the county: sizes can be seen, nothing else
/// - audit: nothing reaches the hub
#[test]
fn whoever_finds_a_stick_reads_nothing_on_it() {
    let mut field = GROUND.enter("bundles");
    let stick = stick(&mut field, "read");
    let bytes = fs::read(only_file(&stick)).unwrap();
    for told in [SAID, SHIQIAO, "石桥村"] {
        assert!(!bytes.windows(told.len()).any(|piece| piece == told.as_bytes()), "{told}");
    }
}

/// 改棒 a byte on the stick is changed, anywhere
/// - refused: hub: the parcel does not open
/// - audit: carry-bundles says how many files were refused
#[test]
fn a_stick_that_was_changed_anywhere_brings_nothing() {
    let mut field = GROUND.enter("bundles");
    let stick = stick(&mut field, "bent");
    let (file, whole) = (only_file(&stick), fs::read(only_file(&stick)).unwrap());
    for place in (0..6).map(|part| part * (whole.len() - 1) / 5) {
        let mut bent = whole.clone();
        bent[place] ^= 0x10;
        fs::write(&file, bent).unwrap();
        let (_, said) = take_in(&mut field, &stick);
        assert!(!at_hub(&mut field).contains("棒上的话bent"), "{place}: {said}");
    }
}

/// 截断 the stick was pulled out too early
/// - refused: hub: nothing of a parcel that is not whole
/// - audit: carry-bundles
#[test]
fn a_stick_that_was_cut_off_brings_nothing() {
    let mut field = GROUND.enter("bundles");
    let stick = stick(&mut field, "cut");
    let (file, whole) = (only_file(&stick), fs::read(only_file(&stick)).unwrap());
    fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    let (code, said) = take_in(&mut field, &stick);
    assert!(code == 1 && !at_hub(&mut field).contains("棒上的话cut"), "{said}");
}

/// 重放 an old stick is brought again
/// - refused: hub: nothing in it is new
/// - audit: carry-bundles
#[test]
fn a_stick_that_is_brought_twice_is_heard_once() {
    let mut field = GROUND.enter("bundles");
    let stick = stick(&mut field, "twice");
    let (code, said) = take_in(&mut field, &stick);
    assert_eq!(code, 0, "{said}");
    let once = at_hub(&mut field);
    let (_, said) = take_in(&mut field, &stick);
    assert!(said.contains("0 entries"), "{said}");
    assert_eq!(at_hub(&mut field), once);
    assert_eq!(once.matches("棒上的话twice").count(), 1);
}

/// 已注销设备的棒 a stick of a device that was struck off
/// - refused: hub: what it signed after it was struck off is kept apart
/// - audit: carry-bundles
#[test]
fn a_stick_of_a_device_that_was_struck_off_is_not_believed() {
    let mut field = GROUND.enter("bundles");
    let stick = stick(&mut field, "gone");
    let world = &field.story().world;
    let devices = world.tell("hub", &["device", "list", "--json"]).unwrap().good().unwrap();
    let newest = devices.lines().last().unwrap();
    let device: serde_json::Value = serde_json::from_str(newest).unwrap();
    world.tell("hub", &["device", "revoke", device["device"].as_str().unwrap()]).unwrap().good().unwrap();
    // Nobody told it; what it said before still counts, and what it says from the next second on does not.
    let at = clock::now();
    wait_for("the next second", || (clock::now() > at).then_some(())).unwrap();
    let file = field.story().dir.join("gone-late.jsonl");
    let at = clock::now().0;
    let late = format!(
        "{{\"id\":\"0000000000000000000000000000dead\",\"init\":{{\"body\":\"棒上的话late\",\"created_at\":{at},\"timeline\":[]}},\"steps\":[]}}\n"
    );
    fs::write(&file, late).unwrap();
    let world = &field.story().world;
    world.tell("gone", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    world.tell("gone", &["bundle", "export", "--to", stick.to_str().unwrap()]).unwrap().good().unwrap();
    let (_, said) = take_in(&mut field, &stick);
    let held = at_hub(&mut field);
    assert!(held.contains("棒上的话gone") && !held.contains("棒上的话late"), "{said} {held}");
}

/// 复制的卡 two machines write with one copied card, and each brings a stick
/// - refused: hub, the log: of two things in one place the second is kept apart, and the list of devices says "forked"
/// - audit: carry-bundles
#[test]
fn what_two_machines_wrote_with_one_card_is_not_mixed_and_is_told_of_their_device() {
    let mut field = GROUND.enter("bundles");
    let own = || Space::new(Area::parse(SHIQIAO).unwrap(), Audience::Deputies);
    let card = field.stolen("copied", Part::Kiosk);
    let (author, id) = (card.author(), card.id().to_string());
    let (place, sticks) =
        (card.story.world.data("copied"), [card.story.dir.join("stick-one"), card.story.dir.join("stick-two")]);
    for (stick, text) in sticks.iter().zip(["卡上的话one", "卡上的话two"]) {
        // Each machine has the card as it was, and does not know of the other.
        for name in ["log.db", "log.db-wal", "log.db-shm"] {
            let _ = fs::remove_file(place.join(name));
        }
        let stamp = Stamp::new("石桥村", clock::now());
        let new = NewOpinion { body: text.into(), ..NewOpinion::default() };
        let (_, payload) = opinion::file(author.actor(), &stamp, &new).unwrap();
        let log = Log::open(&place.join("log.db"), author.clone(), None, clock::now).unwrap();
        let entry = NewEntry { space: own(), doc: fresh_doc(), kind: EntryKind::Change, at: stamp.at, payload };
        log.append(vec![entry]).unwrap();
        drop(log);
        fs::create_dir(stick).unwrap();
        card.story
            .world
            .tell("copied", &["bundle", "export", "--to", stick.to_str().unwrap()])
            .unwrap()
            .good()
            .unwrap();
    }
    take_in(&mut field, &sticks[0]);
    let (_, said) = take_in(&mut field, &sticks[1]);
    assert!(said.contains("two devices write one feed"), "{said}");
    let held = at_hub(&mut field);
    assert!(held.contains("卡上的话one") && !held.contains("卡上的话two"), "{held}");
    let devices =
        field.story().world.tell("hub", &["device", "list", "--json", "--needs-look"]).unwrap().good().unwrap();
    let line = devices.lines().find(|line| line.contains(&id)).unwrap();
    assert!(line.contains("\"forks\":1") && line.contains("\"forked\""), "{line}");
}

/// 别处的棒 a stick for another reader is given to a kiosk
/// - refused: device: it is for another installation
/// - audit: nothing reaches the hub
#[test]
fn a_stick_for_the_county_says_nothing_to_another_kiosk() {
    let mut field = GROUND.enter("bundles");
    let stick = stick(&mut field, "sender");
    field.story().enrolled("reader", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &field.story().world;
    let done = world.tell("reader", &["bundle", "import", stick.to_str().unwrap()]).unwrap();
    assert!(done.out.contains("0 entries"), "{}{}", done.out, done.err);
    let held = world.tell("reader", &["export"]).unwrap().good().unwrap();
    assert!(!held.contains(SAID), "{held}");
}

/// 夹带 letters, folders, links and names that lead elsewhere lie on the stick
/// - refused: hub: it reads files that begin as bundles, and writes none of them
/// - audit: carry-bundles
#[test]
fn what_else_lies_on_a_stick_is_neither_run_nor_followed() {
    let mut field = GROUND.enter("bundles");
    let stick = stick(&mut field, "mixed");
    fs::write(stick.join("0-autorun.huiyin"), "#!/bin/sh\ntouch /tmp/owned\n").unwrap();
    fs::create_dir(stick.join("1-folder.huiyin")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", stick.join("2-endless.huiyin")).unwrap();
    let secret = field.story().world.data("hub").join("device.key");
    std::os::unix::fs::symlink(secret, stick.join("3-key.huiyin")).unwrap();
    let (_, said) = take_in(&mut field, &stick);
    assert!(said.contains("entries"), "{said}");
    assert!(at_hub(&mut field).contains("棒上的话mixed"), "what is good on it is heard");
}

/// 巨大文件 a file of a gigabyte of nothing
/// - refused: hub: a parcel has a length that is read first, and a limit
/// - audit: carry-bundles
#[test]
fn a_file_that_claims_to_be_endless_costs_nothing() {
    let mut field = GROUND.enter("bundles");
    let stick = field.story().dir.join("stick-large");
    fs::create_dir(&stick).unwrap();
    let huge = fs::File::create(stick.join("huge.huiyin")).unwrap();
    huge.set_len(1 << 30).unwrap();
    let started = std::time::Instant::now();
    let (code, said) = take_in(&mut field, &stick);
    assert_eq!(code, 1, "{said}");
    // Read as a parcel it would never end; a machine with much else to do may take its time over a gigabyte.
    assert!(started.elapsed() < std::time::Duration::from_secs(300), "{:?}", started.elapsed());
}
