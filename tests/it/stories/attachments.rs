//! Voices on the road: after the records, in pieces, sealed; cut off in the middle, and going on from there.

use std::{fs, path::Path, time::Duration};

use civic_core::{
    access::Role,
    area::Area,
    attachment::AttachmentKind,
    id::{AttachmentId, DocId, from_hex},
    keyring::Keyring,
    seal,
    space::{Audience, Space},
    time::UnixSeconds,
};
use ledger::{
    Filed, Ledger,
    enclosed::{Enclosed, Heard},
};
use replica::{
    dir::DataDir,
    identity::Identity,
    road::{self, Connection, quic, tls},
    store::{NewEntry, attachment::NewAttachment},
};
use serde_json::Value;
use sync_core::{
    attachment::{
        manifest::{Manifest, PIECE_LEN},
        message::{MESSAGE_LEN_MAX, Message},
    },
    entry::EntryKind,
};
use tests::world::{Part, World, wait_for};

use super::{SHIQIAO, Story, people::Operator};

/// Stands in every recording of these stories, again and again.
const CANARY: &[u8] = b"nobody but the county hears this";
/// What a meeting, a handshake and the frames around the pieces may cost.
const AROUND: u64 = 60_000;

/// A recording of `len` bytes.
pub fn opus(seed: u8, len: usize) -> Vec<u8> {
    let noise = (0..len).map(|at| (at / 251) as u8 ^ (at % 251) as u8 ^ seed);
    noise
        .collect::<Vec<_>>()
        .chunks(900)
        .flat_map(|chunk| [CANARY, &chunk[CANARY.len().min(chunk.len())..]].concat())
        .take(len)
        .collect()
}

/// What lies in the directory of `key`, whose program may run or not.
pub fn ledger_of(world: &World, key: &str, role: Role) -> Ledger {
    let dir = DataDir::look(&world.data(key));
    Ledger::open(&dir, &Identity::load(&dir, role).unwrap()).unwrap()
}

/// Somebody speaks at the kiosk, which then goes dark.
pub(super) fn speak(world: &World, voices: &[Vec<u8>]) -> Vec<Filed> {
    let kiosk = ledger_of(world, "kiosk", Role::Kiosk);
    let village = Area::parse(SHIQIAO).unwrap();
    let file = |opus: &Vec<u8>| {
        let heard = Heard { enclosed: vec![Enclosed::voice(opus.clone(), 23)], ..Heard::default() };
        kiosk.take_down(&village, "石桥村", heard).unwrap()
    };
    voices.iter().map(file).collect()
}

pub(super) fn voice_of(ledger: &Ledger, doc: &DocId) -> AttachmentId {
    ledger.opinion(doc).unwrap().unwrap().opinion.attachments[0].id
}

/// The kiosk calls its hub; the road is cut after so many bytes, and then the plug is pulled.
fn break_off(world: &World, bytes: u64) {
    let road = world.road("kiosk").unwrap();
    road.cut(false);
    road.cut_after(bytes);
    world.start("kiosk").unwrap();
    wait_for("the road to be cut among the pieces", || road.is_cut().then_some(())).unwrap();
    world.kill("kiosk").unwrap();
    wait_for("the record at the hub", || (world.status("hub")?["opinions"] == 1).then_some(())).unwrap();
}

/// How much of a voice the hub holds, and how long it is; `None` if it has no piece of it within two seconds.
fn part_at_hub(world: &World, filed: &Filed) -> Option<(u64, u64)> {
    let hub = ledger_of(world, "hub", Role::Hub);
    let id = voice_of(&hub, &filed.id);
    (0..40).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let line = hub.log().attachment_line(&id).unwrap()?;
        (line.held > 0).then_some((line.held, line.length))
    })
}

/// One meeting of the kiosk with its hub, and its figures.
pub fn sync(world: &World) -> Value {
    serde_json::from_str(&world.tell("kiosk", &["sync", "--once", "--json"]).unwrap().good().unwrap()).unwrap()
}

fn opened_at_hub(world: &World, filed: &Filed) -> Vec<u8> {
    voice_at_hub(world, &ledger_of(world, "hub", Role::Hub), &filed.id).unwrap()
}

/// The voice of an opinion as the county hears it; `None` while it has not all arrived.
pub fn voice_at_hub(world: &World, hub: &Ledger, doc: &DocId) -> Option<Vec<u8>> {
    let sealed = hub.sealed_attachment(&voice_of(hub, doc)).unwrap()?;
    let ring: Keyring = serde_json::from_slice(&fs::read(world.data("hub").join("seal.key")).unwrap()).unwrap();
    let key = ring.newest().unwrap().0.clone();
    Some(seal::open_attachment(&key, doc, AttachmentKind::Voice, &sealed).unwrap())
}

/// Whether any file beneath `dir` holds `bytes`.
pub fn holds(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return holds(&path, bytes);
        }
        match fs::read(&path) {
            Ok(held) => held.windows(bytes.len()).any(|window| window == bytes),
            // A running program puts a file in the place of another, or a log is done with.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => panic!("{}: {error}", path.display()),
        }
    })
}

#[test]
fn a_voice_goes_on_where_the_road_was_cut_and_the_plug_was_pulled() {
    let mut story = Story::begin("voice");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let plain = opus(1, 300_000);
    let filed = speak(world, std::slice::from_ref(&plain)).remove(0);
    // The record is there first, and a part of its voice. On a busy machine packets are lost beside those of the cut road.
    let (held, length) = (0..5)
        .find_map(|_| {
            break_off(world, 190_000);
            part_at_hub(world, &filed)
        })
        .unwrap();
    assert!(held < length, "{held} of {length} bytes came before the cut");
    let status: Value =
        serde_json::from_str(&world.tell("kiosk", &["status", "--json"]).unwrap().good().unwrap()).unwrap();
    assert_eq!((&status["received"], &status["attachments"]["waiting"]), (&0.into(), &1.into()), "{status}");
    let page = Operator::at(world).unwrap().page(&format!("/opinion/{}", filed.id)).unwrap();
    assert!(page.contains("语音 23 秒") && page.contains("在路上"), "{page}");

    let road = world.road("kiosk").unwrap();
    road.cut(false);
    let before = road.carried();
    let report = sync(world);
    let cost = road.carried() - before;
    assert_eq!((&report["attachments_waiting"], &report["attachment_trouble"]), (&0.into(), &"".into()), "{report}");
    assert!(report["attachment_bytes_up"].as_u64().unwrap() <= length - held, "{report}, {held} were there");
    assert!(cost < length - held + AROUND, "{cost} bytes for the missing {}", length - held);
    assert_eq!(opened_at_hub(world, &filed), plain);
    let status: Value =
        serde_json::from_str(&world.tell("kiosk", &["status", "--json"]).unwrap().good().unwrap()).unwrap();
    assert_eq!((&status["here"], &status["received"]), (&0.into(), &1.into()), "{status}");
    let page = Operator::at(world).unwrap().page(&format!("/opinion/{}", filed.id)).unwrap();
    assert!(page.contains("已封存，县里已收") && !page.contains("在路上"), "{page}");
    for key in ["kiosk", "hub"] {
        assert!(!holds(&world.data(key), CANARY), "{key} holds the voice in the clear");
        assert!(world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"));
    }
}

#[test]
fn records_go_first_and_what_is_beyond_the_budget_goes_next_time() {
    let mut story = Story::begin("budget");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let voices: Vec<_> = (0..5).map(|seed| opus(seed, 500_000)).collect();
    let filed = speak(world, &voices);
    let first = sync(world);
    assert_eq!((&first["in_step"], &first["entries_up"]), (&true.into(), &10.into()), "{first}");
    assert!(first["attachment_bytes_up"].as_u64().unwrap() <= sync_core::roads::TRANSFER_BYTES_MAX, "{first}");
    assert_eq!(first["attachments_waiting"], 1, "{first}");
    assert!(first["attachment_trouble"].as_str().unwrap().contains("enough"), "{first}");
    wait_for("every record", || (world.status("hub")?["opinions"] == 5).then_some(())).unwrap();
    let second = sync(world);
    assert_eq!((&second["attachments_waiting"], &second["attachment_trouble"]), (&0.into(), &"".into()), "{second}");
    let sent = |report: &Value| report["attachment_bytes_up"].as_u64().unwrap();
    assert_eq!(sent(&first) + sent(&second), 5 * 500_053, "nothing was sent twice");
    for (filed, plain) in filed.iter().zip(&voices) {
        assert!(opened_at_hub(world, filed) == *plain);
    }
    assert_eq!(sent(&sync(world)), 0);
}

#[test]
fn a_hub_that_lost_a_voice_asks_for_it_again() {
    let mut story = Story::begin("lost");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let plain = opus(1, 100_000);
    // As from a backup that was made between the record and its voice.
    let kept = story.dir.join("backup.db");
    let filed = speak(world, std::slice::from_ref(&plain)).remove(0);
    break_off(world, 40_000);
    world.stop("hub").unwrap();
    let log = world.data("hub").join("log.db");
    fs::copy(&log, &kept).unwrap();
    world.cut("kiosk", false).unwrap();
    world.start("hub").unwrap();
    assert_eq!(sync(world)["attachments_waiting"], 0);
    world.stop("hub").unwrap();
    fs::copy(&kept, &log).unwrap();
    world.start("hub").unwrap();
    let report = sync(world);
    assert_eq!((&report["attachments_waiting"], &report["attachment_trouble"]), (&0.into(), &"".into()), "{report}");
    assert_eq!(opened_at_hub(world, &filed), plain);
}

/// The county shows everybody a picture of 200,000 bytes; its name.
pub(super) fn show_everybody(world: &World) -> AttachmentId {
    let photo = NewAttachment::new(AttachmentKind::Photo, opus(3, 200_000)).unwrap();
    let entry = NewEntry {
        space: Space::new(Area::parse("990127").unwrap(), Audience::Public),
        doc: DocId::new([3; 16]),
        kind: EntryKind::Attachment,
        at: UnixSeconds(1),
        payload: photo.announcement(),
    };
    let id = photo.id();
    world.stop("hub").unwrap();
    ledger_of(world, "hub", Role::Hub).log().attach(vec![entry], vec![photo]).unwrap();
    world.start("hub").unwrap();
    id
}

#[test]
fn what_the_county_shows_everybody_comes_down_to_the_kiosk() {
    let mut story = Story::begin("public");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let photo = show_everybody(world);
    let report = sync(world);
    assert_eq!(report["attachment_bytes_down"], 200_000, "{report}");
    let kiosk = ledger_of(world, "kiosk", Role::Kiosk);
    assert_eq!(kiosk.sealed_attachment(&photo).unwrap(), Some(opus(3, 200_000)));
    assert_eq!(sync(world)["attachment_bytes_down"], 0);
}

#[test]
fn pieces_that_no_record_announces_are_refused_with_a_reason() {
    let mut story = Story::begin("stowaway");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let manifest = Manifest::of(AttachmentKind::Voice, &opus(1, 2 * PIECE_LEN)).unwrap();
    let id = manifest.id();
    let piece = Message::Piece { id, number: 0, bytes: opus(1, 2 * PIECE_LEN)[..PIECE_LEN].to_vec() };
    let hello = Message::Hello { version: 1, oldest: 1, lacking: Vec::new() };
    let heard = world.runtime().block_on(say(world, &[hello, Message::offer(&manifest), piece], 3));
    let reasons: Vec<_> = heard
        .into_iter()
        .filter_map(|message| if let Message::Refused { reason, .. } = message { Some(reason) } else { None })
        .collect();
    assert_eq!(
        reasons,
        [
            "no record of this device announces the attachment",
            "the attachment of this piece was not offered, or was refused"
        ]
    );
    let hub = ledger_of(world, "hub", Role::Hub);
    assert_eq!(hub.log().attachment_line(&id).unwrap(), None);
    // The device is heard as before.
    assert_eq!(sync(world)["in_step"], true);
}

/// Says this to the hub with the kiosk's key, and hears `count` messages.
async fn say(world: &World, messages: &[Message], count: usize) -> Vec<Message> {
    let identity = Identity::load(&DataDir::look(&world.data("kiosk")), Role::Kiosk).unwrap();
    let card = &identity.card;
    let address = road::resolve(&card.hub).await.unwrap()[0];
    let (certificate, authorities) = (from_hex(&card.certificate).unwrap(), card.authorities().unwrap());
    let config = tls::device_config(&identity.key, certificate, &authorities, card.enrolled_at).unwrap();
    let connection = Connection::Quic(quic::call(&card.hub, address, config).await.unwrap());
    let (mut send, mut receive) = connection.open().await.unwrap();
    for message in messages {
        send.send_bytes(message.encode()).await.unwrap();
    }
    let mut heard = Vec::new();
    while heard.len() < count {
        let number = receive.number().await.unwrap().unwrap();
        let (body, _) = receive.fields(number, MESSAGE_LEN_MAX).await.unwrap();
        heard.push(Message::decode(number.value, &body).unwrap());
    }
    heard
}
