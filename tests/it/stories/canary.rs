//! Planted canaries: a name, a telephone number, an address, a voice, and what somebody wants kept from the village. They go
//! in at a kiosk and at a deputy's, and then every file, every log line, every packet and every stick is looked through
//! for them. Then the county erases one opinion and destroys the key to which all was sealed, and whoever copied
//! everything before holds noise.
//!
//! The words of an ordinary opinion are no canary: deputies read them, so they lie in the clear where deputies' devices are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use civic_core::{
    access::Role,
    area::Area,
    attachment::AttachmentKind,
    id::hex,
    keyring::Keyring,
    opening::{Deposit, Opening},
    opinion::{Field, NewOpinion},
    seal::{self, Contact},
    sealed::Record,
};
use ledger::enclosed::{Enclosed, Heard};
use replica::store::{Author, Log};
use serde_json::Value;
use sync_core::entry::EntryKind;
use tests::world::{Part, World, wait_for};

use super::{SHIQIAO, Story, attachments::ledger_of, people::Villager};

const NAME: &str = "诸葛青禾";
const PHONE: &str = "13904177263";
/// Said in an opinion that is kept from the village.
const ADDRESS: &str = "柏杨巷七号";
const SECRET: &str = "老槐树下埋着账本";
/// Stands in every recording, again and again.
const VOICE: &[u8] = b"a voice that nobody but the county hears";
/// Words of an ordinary opinion, which will be erased.
const WORDS: &str = "水塔边的井盖丢了，孩子差点掉下去。";
/// The canaries in GBK, which no table of ours knows.
const GBK: [(&str, &[u8]); 3] = [
    (NAME, b"\xd6\xee\xb8\xf0\xc7\xe0\xba\xcc"),
    (ADDRESS, b"\xb0\xd8\xd1\xee\xcf\xef\xc6\xdf\xba\xc5"),
    (SECRET, b"\xc0\xcf\xbb\xb1\xca\xf7\xcf\xc2\xc2\xf1\xd7\xc5\xd5\xcb\xb1\xbe"),
];

/// The forms in which bytes may lie somewhere.
fn forms(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![("plain", bytes.to_vec()), ("hexadecimal", hex(bytes).into_bytes())];
    all.push(("HEXADECIMAL", hex(bytes).to_uppercase().into_bytes()));
    // In base64 the letters depend on where it begins; those at its edges depend on what is beside it.
    for skipped in 0..3 {
        all.push(("base64", base64(&bytes[skipped.min(bytes.len())..])));
    }
    all.push(("backwards", bytes.iter().rev().copied().collect()));
    all
}

/// The letters of base64 that follow from whole triples alone.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (triples, _) = bytes.as_chunks::<3>();
    let quads = triples.iter().map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]));
    quads.flat_map(|triple| [18, 12, 6, 0].map(|shift| LETTERS[(triple >> shift & 63) as usize])).collect()
}

/// Every form of a text: UTF-8, UTF-16 in both orders, GBK, and all of these in all [`forms`].
fn forms_of(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let gbk = GBK.iter().find(|(known, _)| *known == text).map(|(_, bytes)| bytes.to_vec());
    let all = [Some(text.as_bytes().to_vec()), Some(little), Some(big), gbk];
    all.into_iter().flatten().flat_map(|bytes| forms(&bytes)).collect()
}

/// What is looked for, each in every form.
fn needles(texts: &[&str], voices: &[&[u8]]) -> Vec<(String, Vec<u8>)> {
    let texts = texts
        .iter()
        .flat_map(|text| forms_of(text).into_iter().map(move |(form, bytes)| (format!("{text} ({form})"), bytes)));
    let voices = voices
        .iter()
        .flat_map(|voice| forms(voice).into_iter().map(|(form, bytes)| (format!("the voice ({form})"), bytes)));
    texts.chain(voices).filter(|(_, bytes)| bytes.len() >= 6).collect()
}

/// Whether `bytes` hold any of these; which, if so.
fn found<'a>(bytes: &[u8], needles: &'a [(String, Vec<u8>)]) -> Option<&'a str> {
    let mut by_start = std::collections::BTreeMap::<&[u8], Vec<&(String, Vec<u8>)>>::new();
    for needle in needles {
        by_start.entry(&needle.1[..6]).or_default().push(needle);
    }
    let mut places = bytes.windows(6).enumerate();
    places.find_map(|(at, start)| {
        let may = by_start.get(start)?.iter();
        may.copied().find(|(_, bytes_)| bytes[at..].starts_with(bytes_)).map(|(name, _)| name.as_str())
    })
}

/// Every file below `dir`, and every body that our own logs hold packed, with a name for each.
fn everything_below(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(everything_below(&path));
            continue;
        }
        if path.file_name().is_some_and(|name| name == "log.db") {
            for (number, (_, payload)) in payloads(&path).into_iter().enumerate() {
                all.push((format!("{} entry {number}", path.display()), payload));
            }
        }
        all.push((path.display().to_string(), fs::read(&path).unwrap_or_default()));
    }
    all
}

/// Every payload of a log, with its kind, that is not erased; read from a copy, so that nobody is disturbed.
fn payloads(log: &Path) -> Vec<((civic_core::id::DocId, EntryKind), Vec<u8>)> {
    let copy = std::env::temp_dir().join(format!(
        "huiyin-canary-{}-{}",
        std::process::id(),
        hex(&replica::clock::random::<4>())
    ));
    fs::create_dir_all(&copy).unwrap();
    for end in ["", "-wal"] {
        let from = PathBuf::from(format!("{}{end}", log.display()));
        if from.exists() {
            fs::copy(&from, copy.join(format!("log.db{end}"))).unwrap();
        }
    }
    let author = Author { key: (&[1; 32]).into(), incarnation: civic_core::id::Incarnation::new([1; 16]) };
    let opened = Log::open(&copy.join("log.db"), author, None, replica::clock::now).unwrap();
    let mut all = Vec::new();
    for arrived in opened.arrived_after(0, 100_000).unwrap() {
        let body = arrived.run.unpacked().unwrap();
        for entry in arrived.run.entries(&body).unwrap().iter().filter(|entry| !entry.is_erased) {
            all.push(((entry.doc, entry.kind), entry.payload.to_vec()));
        }
    }
    drop(opened);
    fs::remove_dir_all(copy).unwrap();
    all
}

fn assert_none(places: &[(String, Vec<u8>)], needles: &[(String, Vec<u8>)]) {
    for (place, bytes) in places {
        if let Some(needle) = found(bytes, needles) {
            panic!("{needle} can be read in {place}");
        }
    }
}

fn voice() -> Vec<u8> {
    VOICE.iter().copied().cycle().take(90_000).collect()
}

fn hub_json(world: &World, args: &[&str]) -> Value {
    let said = world.tell("hub", &[args, &["--json"]].concat()).unwrap().good().unwrap();
    serde_json::from_str(said.lines().next().unwrap_or_default()).unwrap()
}

fn copy_below(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_below(&path, &place);
        } else {
            fs::copy(&path, &place).unwrap();
        }
    }
}

#[test]
fn what_is_sealed_is_read_nowhere_and_what_is_erased_comes_back_by_no_key_that_is_left() {
    let mut story = Story::begin("canary");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    story.enrolled("zhou", Part::Field, "周启明", &[SHIQIAO]);
    let world = &story.world;
    let village = Area::parse(SHIQIAO).unwrap();
    let contact = || Contact { name: NAME.into(), phone: PHONE.into() };
    let new = |body: &str| NewOpinion {
        body: body.into(),
        fields: [(Field::Topic, "道路交通".to_owned())].into(),
        ..NewOpinion::default()
    };
    let opening = Opening::of_form("canary", 0);
    let spoken = |body: &str, is_kept: bool| Heard {
        new: new(body),
        contact: contact(),
        enclosed: vec![Enclosed::voice(voice(), 9)],
        opening: Some(opening.deposit()),
        is_kept,
    };
    // They are said where the programs stand still, and carried by the programs themselves.
    let (said, kept) = {
        let kiosk = ledger_of(world, "kiosk", Role::Kiosk);
        let said = kiosk.take_down(&village, "石桥村", spoken(WORDS, false)).unwrap();
        let secret = format!("{ADDRESS}的人说，{SECRET}。");
        (said, kiosk.take_down(&village, "石桥村", spoken(&secret, true)).unwrap())
    };
    ledger_of(world, "zhou", Role::Deputy).take_down(&village, "周启明", spoken("桥栏杆松了。", false)).unwrap();
    ["kiosk", "zhou"].iter().for_each(|key| world.road(key).unwrap().listen_in());
    let stick = story.dir.join("stick");
    fs::create_dir(&stick).unwrap();
    world.tell("kiosk", &["bundle", "export", "--to", stick.to_str().unwrap()]).unwrap().good().unwrap();
    for key in ["kiosk", "zhou"] {
        world.start(key).unwrap();
        wait_for("receipts for everything", || {
            let status = world.status(key)?;
            (status["here"] == 0 && status["on_road"] == 0 && status["received"].as_u64()? > 0).then_some(())
        })
        .unwrap();
    }
    wait_for("all three opinions at the hub", || (world.status("hub")?["opinions"] == 3).then_some(())).unwrap();

    // Nothing of who spoke lies anywhere; of what is kept from the village nothing but at the county.
    let details = needles(&[NAME, PHONE], &[VOICE]);
    // Nor what opens the slips: its number is nowhere at all, its key at the county alone.
    let secrets = needles(&[ADDRESS, SECRET, &opening.number.digits()], &[&opening.deposit().bytes()[..16]]);
    let mut roads: Vec<(String, Vec<u8>)> =
        ["kiosk", "zhou"].iter().map(|key| (format!("the road of {key}"), world.road(key).unwrap().heard())).collect();
    assert!(roads.iter().all(|(_, heard)| heard.len() > 10_000), "something was carried");
    roads.extend(everything_below(&stick));
    roads.extend(everything_below(&story.dir.join("logs")));
    let devices: Vec<_> = ["kiosk", "zhou"].iter().flat_map(|key| everything_below(&world.data(key))).collect();
    for places in [&roads, &devices] {
        assert_none(places, &details);
        assert_none(places, &secrets);
    }
    assert_none(&everything_below(&world.data("hub")), &details);
    let words = needles(&[WORDS], &[]);
    assert!(devices.iter().any(|(_, bytes)| found(bytes, &words).is_some()), "the search finds what is there");

    // A thief copies all that the devices hold, while the county opens its own.
    let thief = story.dir.join("thief");
    ["kiosk", "zhou"].iter().for_each(|key| copy_below(&world.data(key), &thief.join(key)));
    let ring = |at: &Path| -> Keyring { serde_json::from_slice(&fs::read(at.join("seal.key")).unwrap()).unwrap() };
    let sealed: Vec<_> =
        payloads(&thief.join("kiosk/log.db")).into_iter().filter(|((_, kind), _)| *kind == EntryKind::Sealed).collect();
    let opens = |ring: &Keyring, ((doc, _), envelope): &((civic_core::id::DocId, EntryKind), Vec<u8>)| {
        let mut keys = ring.epochs().map(|(key, _)| key).chain(ring.own());
        keys.any(|key| {
            seal::open(key, doc, envelope).is_ok()
                || Record::open(key, doc, envelope).is_ok()
                || Deposit::open(key, doc, envelope).is_ok()
        })
    };
    // Whoever steals the disk with the county's copies reads nothing at all.
    story.copy();
    for needles in [&details, &secrets, &words] {
        assert_none(&everything_below(&story.dir.join("copies")), needles);
    }
    let before = ring(&world.data("hub"));
    assert!(sealed.len() >= 3 && sealed.iter().all(|envelope| opens(&before, envelope)));

    // The county erases the first opinion; both devices do so, too, and say it.
    let ticket = said.ticket.digits();
    let erase = ["erase", "--ticket", &ticket, "--reason", "本人要求"];
    assert_eq!(hub_json(world, &erase)["was_erased"], false);
    wait_for("both devices to say that it is erased", || {
        (hub_json(world, &erase)["waits_for"] == serde_json::json!([])).then_some(())
    })
    .unwrap();
    let villager = Villager::at(world, "kiosk").unwrap();
    let told = villager.ask(said.ticket).unwrap();
    assert!(told.iter().any(|words| words.contains("已经删除")), "{told:?}");

    // And destroys the key to which all of it was sealed, once everybody is past it.
    world.tell("hub", &["keys", "next", "--reason", "演练"]).unwrap().good().unwrap();
    wait_for("every device to be past the first epoch", || {
        let first = hub_json(world, &["keys", "list"]);
        (first["epoch"] == 1 && (first["waits_for"] == serde_json::json!([]) || !first["destroyed_at"].is_null()))
            .then_some(())
    })
    .unwrap();
    // The hub may have done it by itself meanwhile.
    let _ = world.tell("hub", &["keys", "destroy", "--epoch", "1", "--reason", "演练"]).unwrap();
    assert!(!hub_json(world, &["keys", "list"])["destroyed_at"].is_null());
    ["kiosk", "zhou", "hub"].iter().for_each(|key| world.stop(key).unwrap());

    // Of the erased opinion no word is left, in any file or body; whoever copied what was sealed holds noise.
    for key in ["kiosk", "zhou", "hub"] {
        assert_none(&everything_below(&world.data(key)), &words);
        assert!(world.tell(key, &["verify"]).unwrap().good().unwrap().contains("sound"), "{key}");
    }
    // Nor does a copy bring it back that was made since.
    let (copy, key, again) = (story.copy(), story.dir.join("key.txt"), story.dir.join("again"));
    fs::write(&key, super::backup::SECRET).unwrap();
    let [copy, key_file, home] = [&copy, &key, &again].map(|path| path.to_str().unwrap());
    let restore = ["restore", "--from", copy, "--identity", key_file, "--data", home];
    world.run(Part::Hub, &restore).unwrap().good().unwrap();
    assert_none(&everything_below(&again), &words);
    assert!(sealed.iter().all(|envelope| !opens(&ring(&again), envelope)));
    let after = ring(&world.data("hub"));
    assert!(after.get(1).is_none() && after.epochs().count() == 1);
    assert!(sealed.iter().all(|envelope| !opens(&after, envelope)));
    let thief_log = ledger_in(&thief.join("kiosk"));
    let stolen = thief_log.opinion(&said.id).unwrap().unwrap().opinion.attachments[0].id;
    let stolen = thief_log.sealed_attachment(&stolen).unwrap().unwrap();
    let is_open = |ring: &Keyring| {
        let mut keys = ring.epochs().map(|(key, _)| key).chain(ring.own());
        keys.any(|key| seal::open_attachment(key, &said.id, AttachmentKind::Voice, &stolen).is_ok())
    };
    assert!(is_open(&before) && !is_open(&after));

    // What stands is read and counted as before, made anew from the log or not.
    for _ in 0..2 {
        let hub = ledger_of(world, "hub", Role::Hub);
        let whole = hub.opinion(&kept.id).unwrap().unwrap();
        assert!(whole.opinion.body.contains(SECRET));
        assert!(hub.erased_ticket(&said.ticket).unwrap().is_some() && hub.opinion(&said.id).unwrap().is_none());
        drop(hub);
        world.tell("hub", &["rebuild"]).unwrap().good().unwrap();
    }
}

fn ledger_in(dir: &Path) -> ledger::Ledger {
    use replica::{dir::DataDir, identity::Identity};
    let dir = DataDir::look(dir);
    ledger::Ledger::open(&dir, &Identity::load(&dir, Role::Kiosk).unwrap()).unwrap()
}
