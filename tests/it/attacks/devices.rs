//! Somebody has a device of the county, with its key and its disk.

use civic_core::{
    area::Area,
    document::Stamp,
    id::Actor,
    opinion::{self, NewOpinion},
    space::{Audience, Space},
    time::UnixSeconds,
};
use replica::{clock, identity};
use sync_core::{entry::EntryKind, revocation::Revocation};
use sync_hub::audit::Action;
use tests::world::Part;

use super::{Ground, fresh_doc};
use crate::stories::SHIQIAO;

static GROUND: Ground = Ground::new();

const NOT_THERE: &str = "the device may not write in that space";

fn space(area: &str, audience: Audience) -> Space {
    Space::new(Area::parse(area).unwrap(), audience)
}

fn own() -> Space {
    space(SHIQIAO, Audience::Deputies)
}

fn words(text: &str) -> NewOpinion {
    NewOpinion { body: text.into(), ..NewOpinion::default() }
}

fn stamp() -> Stamp {
    Stamp::new("石桥村", clock::now())
}

/// 外村冒写 a kiosk writes opinions of another village
/// - refused: hub, `sync_core::session`: the register's scope, not the card's
/// - audit: refuse-device
#[test]
fn a_kiosk_does_not_speak_for_another_village() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k1", Part::Kiosk);
    let actor = kiosk.author().actor();
    let (_, payload) = opinion::file(actor, &stamp(), &words("别村的话")).unwrap();
    kiosk.write(space("990127101202", Audience::Deputies), EntryKind::Change, fresh_doc(), payload);
    kiosk.is_refused(NOT_THERE);
    assert!(!kiosk.at_hub().contains("别村的话"));
}

/// 伪造回执 a kiosk writes slips and answers into what everybody reads
/// - refused: hub, `sync_core::session`
/// - audit: refuse-device
#[test]
fn a_kiosk_does_not_answer_in_the_name_of_the_county() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k2", Part::Kiosk);
    kiosk.write(space(SHIQIAO, Audience::Public), EntryKind::Change, fresh_doc(), b"answer".to_vec());
    kiosk.is_refused(NOT_THERE);
}

/// 全县公告 a kiosk publishes for the whole county
/// - refused: hub, `sync_core::session`
/// - audit: refuse-device
#[test]
fn a_kiosk_does_not_publish_for_the_county() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k3", Part::Kiosk);
    kiosk.write(space("990127", Audience::Public), EntryKind::Change, fresh_doc(), b"notice".to_vec());
    kiosk.is_refused(NOT_THERE);
}

/// 越级写入 a kiosk writes among the deputies of the county
/// - refused: hub, `sync_core::session`
/// - audit: refuse-device
#[test]
fn a_kiosk_does_not_write_above_its_village() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k4", Part::Kiosk);
    kiosk.write(space("990127", Audience::Deputies), EntryKind::Change, fresh_doc(), b"above".to_vec());
    kiosk.is_refused(NOT_THERE);
}

/// 假冒注销 a kiosk declares another device struck off
/// - refused: hub, `sync_core::session`; nobody believes it but of the hub
/// - audit: refuse-device
#[test]
fn a_kiosk_strikes_nobody_off() {
    let mut field = GROUND.enter("devices");
    field.story().enrolled("victim", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let victim = field.story().world.data("victim");
    let victim = identity::Identity::load(&replica::dir::DataDir::look(&victim), civic_core::access::Role::Kiosk);
    let public_key = victim.unwrap().key.verifying_key().to_bytes();
    let kiosk = field.stolen("k5", Part::Kiosk);
    let revocation = Revocation { public_key, at: UnixSeconds(1) };
    kiosk.write(space(SHIQIAO, Audience::Public), EntryKind::Revoked, revocation.doc(), revocation.encode());
    kiosk.is_refused(NOT_THERE);
    let victim = replica::dir::DataDir::look(&kiosk.story.world.data("victim"));
    let victim = identity::Identity::load(&victim, civic_core::access::Role::Kiosk).unwrap().device().to_string();
    let devices = kiosk.story.world.tell("hub", &["device", "list", "--json"]).unwrap().good().unwrap();
    let line = devices.lines().find(|line| line.contains(&victim)).unwrap();
    assert!(line.contains("\"revoked\":false"), "{line}");
}

/// 自改权限 a kiosk widens its area on its own card
/// - refused: hub: scope stands in the register and nowhere else
/// - audit: refuse-device
#[test]
fn a_device_that_widens_its_own_card_has_won_nothing() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k6", Part::Kiosk);
    kiosk.forge_card(|card| card["scope"]["areas"] = serde_json::json!(["990127"]));
    let actor = kiosk.author().actor();
    let (_, payload) = opinion::file(actor, &stamp(), &words("全县的话")).unwrap();
    kiosk.write(space("990127102", Audience::Deputies), EntryKind::Change, fresh_doc(), payload);
    kiosk.is_refused(NOT_THERE);
    assert!(!kiosk.at_hub().contains("全县的话"));
}

/// 冒充代表 a kiosk calls itself a deputy to read what people said
/// - refused: hub: it is told only what the register lets it read
/// - audit: nothing, for nothing was asked that is not given: it is not told
#[test]
fn a_kiosk_that_calls_itself_a_deputy_reads_nobodys_words() {
    let mut field = GROUND.enter("devices");
    field.story().enrolled("speaker", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let file = field.story().file(11, 3);
    let world = &field.story().world;
    world.tell("speaker", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    world.tell("speaker", &["sync", "--once", "--json"]).unwrap().good().unwrap();
    let kiosk = field.stolen("k7", Part::Kiosk);
    kiosk.forge_card(|card| card["scope"]["role"] = "deputy".into());
    let dir = kiosk.story.world.data("k7");
    let dir = dir.to_str().unwrap();
    let done = kiosk.story.world.run(Part::Field, &["sync", "--once", "--json", "--data", dir]).unwrap();
    assert_eq!(done.code, 0, "it is told what a kiosk is told: {} {}", done.out, done.err);
    let read = kiosk.story.world.run(Part::Field, &["export", "--data", dir]).unwrap();
    assert_eq!(read.out, "", "it holds nobody's words");
}

/// 越区读取 a deputy widens their area to read other villages
/// - refused: hub: it is told only what the register lets it read
/// - audit: nothing, likewise
#[test]
fn a_deputy_does_not_read_beyond_their_villages() {
    let mut field = GROUND.enter("devices");
    field.story().enrolled("neighbour", Part::Kiosk, "青山村", &["990127101202"]);
    let line =
        "{\"id\":\"11111111111111111111111111111111\",\"init\":{\"body\":\"邻村的话\",\"timeline\":[]},\"steps\":[]}\n";
    let file = field.story().dir.join("neighbour.jsonl");
    std::fs::write(&file, line).unwrap();
    let world = &field.story().world;
    let said = world.tell("neighbour", &["import", file.to_str().unwrap()]).unwrap();
    assert_eq!(said.code, 0, "{} {}", said.out, said.err);
    world.tell("neighbour", &["sync", "--once", "--json"]).unwrap().good().unwrap();
    let deputy = field.stolen("d1", Part::Field);
    deputy.forge_card(|card| card["scope"]["areas"] = serde_json::json!(["990127"]));
    deputy.meet();
    let read = deputy.story.world.tell("d1", &["export"]).unwrap().out;
    assert!(!read.contains("邻村的话"), "{read}");
    assert!(deputy.at_hub().contains("邻村的话"));
}

/// 乱码 a device sends what is no record
/// - refused: hub, `civic_core::gate`; it blocks nothing behind it
/// - audit: refuse-device
#[test]
fn what_is_no_record_is_kept_out_and_holds_up_nobody() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k8", Part::Kiosk);
    let doc = fresh_doc();
    kiosk.write(own(), EntryKind::Change, doc, vec![0xff; 4_000]);
    let before = super::noted(kiosk.story, Action::RefuseDevice, &doc.to_string());
    kiosk.meet();
    kiosk.is_noted(&doc.to_string(), before);
    let file = kiosk.story.file(12, 1);
    kiosk.story.world.tell("k8", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    let (_, report, error) = kiosk.meet();
    assert_eq!(report["in_step"], true, "{report} {error}");
}

/// 冒名写入 a device writes inside a record under another's name (actor squatting)
/// - refused: hub, `civic_core::payload`: a payload says no author, the signature of the entry does; the victim goes on
/// - audit: nothing: it stands under the name of whoever signed it
#[test]
fn nobody_blocks_another_device_by_writing_under_its_name() {
    let mut field = GROUND.enter("devices");
    field.story().enrolled("squatted", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let kiosk = field.stolen("k9", Part::Kiosk);
    let victim = identity::Identity::load(
        &replica::dir::DataDir::look(&kiosk.story.world.data("squatted")),
        civic_core::access::Role::Kiosk,
    );
    let public_key = victim.unwrap().key.verifying_key().to_bytes();
    let actor = Actor::of(&public_key, &kiosk.author().incarnation);
    let (_, payload) = opinion::file(actor, &stamp(), &words("冒名的话")).unwrap();
    kiosk.write(own(), EntryKind::Change, fresh_doc(), payload);
    kiosk.meet();
    let world = &kiosk.story.world;
    let file = kiosk.story.file(15, 2);
    world.tell("squatted", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    let said = world.tell("squatted", &["sync", "--once", "--json"]).unwrap().good().unwrap();
    assert!(said.contains("\"in_step\":true"), "{said}");
    assert_eq!(world.tell("hub", &["verify"]).unwrap().code, 0);
}

/// 伪造签名 a run whose signature is not its author's
/// - refused: hub, `sync_core::run`, Ed25519 strict
/// - audit: refuse-device
#[test]
fn what_its_author_did_not_sign_is_kept_apart() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k10", Part::Kiosk);
    kiosk.write(own(), EntryKind::Change, fresh_doc(), b"signed".to_vec());
    kiosk.disk("UPDATE run SET signature = zeroblob(64)");
    kiosk.is_refused("signature");
}

/// 篡改内容 a run whose content was changed after it was signed
/// - refused: hub, `sync_core::run`
/// - audit: refuse-device
#[test]
fn what_was_changed_after_it_was_signed_is_kept_apart() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k11", Part::Kiosk);
    kiosk.write(own(), EntryKind::Change, fresh_doc(), b"as it was said, word for word".to_vec());
    kiosk.disk("UPDATE run SET body = CAST(replace(CAST(body AS TEXT), 'word', 'lies') AS BLOB), packing = packing");
    let before = super::noted(kiosk.story, Action::RefuseDevice, "");
    let (_, report, error) = kiosk.meet();
    assert_ne!(report["in_step"], true, "{report} {error}");
    kiosk.is_noted("", before);
}

/// 重放 the same records are sent again and again
/// - refused: hub: known by their place in the chain; nothing is doubled
/// - audit: nothing: it is no offence to repeat oneself
#[test]
fn what_is_sent_twice_stands_once() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k12", Part::Kiosk);
    let file = kiosk.story.file(13, 4);
    let world = &kiosk.story.world;
    world.tell("k12", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    let (dir, copy) = (world.data("k12"), kiosk.story.dir.join("k12.copy"));
    let done = std::process::Command::new("cp").args(["-r"]).args([&dir, &copy]).status().unwrap();
    assert!(done.success());
    kiosk.meet();
    let once = kiosk.at_hub();
    std::fs::remove_dir_all(&dir).unwrap();
    std::fs::rename(copy, dir).unwrap();
    let (_, report, error) = kiosk.meet();
    assert_eq!(report["in_step"], true, "{report} {error}");
    assert_eq!(kiosk.at_hub().lines().count(), once.lines().count());
}

/// 已注销的设备 a device that was struck off calls again
/// - refused: hub, at the handshake
/// - audit: refuse-device
#[test]
fn a_device_that_was_struck_off_is_not_let_in_again() {
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k13", Part::Kiosk);
    let id = kiosk.id().to_string();
    assert_eq!(kiosk.meet().0, 0);
    kiosk.story.world.tell("hub", &["device", "revoke", &id]).unwrap().good().unwrap();
    let before = super::noted(kiosk.story, Action::RefuseDevice, "struck off");
    let (code, _, error) = kiosk.meet();
    assert_eq!(code, 1, "{error}");
    kiosk.is_noted("struck off", before);
}

/// 换钥匙 a card of one device with the key of another
/// - refused: device: it does not start; hub: the certificate is not for that key
/// - audit: nothing reaches the hub
#[test]
fn a_card_works_only_with_the_key_it_was_made_for() {
    let mut field = GROUND.enter("devices");
    field.story().enrolled("donor", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let donor = field.story().world.data("donor").join("device.json");
    let kiosk = field.stolen("k14", Part::Kiosk);
    std::fs::copy(donor, kiosk.story.world.data("k14").join("device.json")).unwrap();
    let (code, _, error) = kiosk.meet();
    assert_eq!(code, 1);
    assert!(error.contains("mixes files of different devices"), "{error}");
}

/// 假平台 a device is led to another hub
/// - refused: device: it believes its own county's authority alone, and says nothing before that
/// - audit: nothing reaches the county's hub
#[test]
fn a_device_says_nothing_to_a_hub_of_another_county() {
    static ELSEWHERE: Ground = Ground::new();
    let mut other = ELSEWHERE.enter("elsewhere");
    other.story().world.add("probe", Part::Kiosk).unwrap();
    let road = other.story().world.road("probe").unwrap();
    road.listen_in();
    let address = road.address().to_string();
    let mut field = GROUND.enter("devices");
    let kiosk = field.stolen("k15", Part::Kiosk);
    let file = kiosk.story.file(14, 2);
    kiosk.story.world.tell("k15", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    kiosk.forge_card(|card| card["hub"] = address.into());
    let (code, _, error) = kiosk.meet();
    assert_eq!(code, 1, "{error}");
    let status = kiosk.status();
    assert_eq!((&status["here"], &status["received"]), (&2.into(), &0.into()), "{status}");
    assert_eq!(other.story().world.status("hub").unwrap()["opinions"], 0);
}
