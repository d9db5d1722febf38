//! The doors of messages, runs, parcels, letters, files and lines: what is read of a road, a stick and a phone before any disk.

use std::{fmt::Debug, sync::Arc};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    attachment::AttachmentKind,
    bulk::Record,
    codec::Reader,
    id::{DocId, Incarnation},
    space::{Audience, Space},
    time::UnixSeconds,
};
use ed25519_dalek::{Signer as _, SigningKey};
use replica::bundle::frame::{self, Frame, Frames};
use sync_core::{
    attachment::{announcement::Announcement, manifest::Manifest, message as attachment},
    carry::{
        label::Label,
        message as carry,
        word::{Says, Word},
    },
    catalog::Catalog,
    entry::{Entry, EntryKind},
    epoch::Epoch,
    feed::{Extent, Feed},
    heard::Heard,
    hub_time::HubTime,
    letter::Letter,
    message::{Cursor, Message, ShortExtent},
    parcel::Parcel,
    receipt::{Level, Receipt},
    revocation::Revocation,
    run::Run,
    session::{Authors, Input, Member, Output, Session, Side, Standing, StoredAs},
    tombstone::Tombstone,
};

use super::door::Door;

pub(super) const VILLAGE: &str = "990127101201";
pub(super) const NOW: UnixSeconds = UnixSeconds(1_777_564_800);
/// A message of a meeting, a transfer or a handover: their numbers do not overlap.
const NUMBERS_MAX: u64 = 80;

pub(super) fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub(super) fn public(number: u8) -> [u8; 32] {
    key(number).verifying_key().to_bytes()
}

fn feed() -> Feed {
    let area = Area::parse(VILLAGE).expect("an area of the sample");
    Feed { public_key: public(1), incarnation: Incarnation::new([3; 16]), space: Space::new(area, Audience::Deputies) }
}

fn run() -> (Run, Extent) {
    let words: Vec<String> = (0..30).map(|number| format!("第 {number} 句话")).collect();
    let entries: Vec<Entry<'_>> = words.iter().map(|word| entry(word.as_bytes())).collect();
    Run::sign(&feed(), &feed().genesis(), &entries, &key(1))
}

fn entry(payload: &[u8]) -> Entry<'_> {
    Entry { doc: DocId::new([1; 16]), kind: EntryKind::Change, at: NOW, payload, is_erased: false }
}

/// Honest messages of a meeting.
fn messages() -> Vec<Message> {
    let (run, extent) = run();
    let (id, cursor) = (feed().id(), Cursor { epoch: [4; 8], row: 300, kept: 20 });
    let hello = Message::Hello {
        version: 1,
        oldest: 1,
        cursor: Some(cursor),
        behind: vec![(id, 0), (id, 7)],
        left_out: vec![id],
        room: 1 << 40,
    };
    vec![
        hello,
        Message::Announce(feed()),
        Message::Runs(vec![run]),
        Message::Receipts(vec![Receipt::sign(id, extent, Level::Received, NOW, &key(2))]),
        Message::Want { feed: id, length: 3 },
        Message::Refused { feed: id, first: 1, reason: "不行".to_owned() },
        Message::Over { fingerprint: [5; 16] },
        Message::Mark(cursor),
        Message::Spaces(vec![(feed().space, [6; 16])]),
        Message::Vector { space: feed().space, feeds: vec![(id, ShortExtent::new(30, &extent.head))] },
        Message::Time(HubTime::sign(NOW, &key(2))),
    ]
}

/// Somebody who knows one device.
pub(super) struct One;

impl Authors for One {
    fn standing(&self, public_key: &[u8; 32]) -> Standing {
        if *public_key == public(1) { Standing::Member(scope()) } else { Standing::Stranger }
    }
}

pub(super) fn scope() -> Scope {
    Scope { role: Role::Kiosk, areas: vec![Area::parse(VILLAGE).expect("an area of the sample")] }
}

/// What is read, written again and read once more is the same.
fn again<T: PartialEq + Debug>(
    read: impl Fn(&[u8]) -> Option<T>,
    write: impl Fn(&T) -> Vec<u8>,
    bytes: &[u8],
) -> Result<bool, String> {
    match read(bytes) {
        None => Ok(false),
        Some(first) if read(&write(&first)).as_ref() == Some(&first) => Ok(true),
        Some(first) => Err(format!("read, written and read again it is another: {first:?}")),
    }
}

fn whole<T>(read: Result<T, civic_core::codec::Malformed>) -> Option<T> {
    read.ok()
}

/// The bytes of a message after number and length, which are put right.
pub(super) fn framed(bytes: &[u8]) -> (u64, Vec<u8>) {
    let number = bytes.first().map_or(0, |byte| u64::from(*byte) % NUMBERS_MAX);
    (number, bytes.get(1..).unwrap_or_default().to_vec())
}

pub(super) fn unframed(message: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(message);
    let number = reader.varint().unwrap_or(0);
    let body = reader.bytes(message.len()).unwrap_or_default();
    [&[u8::try_from(number).unwrap_or(0)], body].concat()
}

pub(super) fn doors() -> Vec<Door> {
    let said: Vec<Vec<u8>> = messages().iter().map(|message| unframed(&message.encode())).collect();
    let manifest = Manifest::of(AttachmentKind::Voice, &[7; 200_000]).expect("a voice of that length");
    let mut frames = Vec::new();
    for parcel in [&b"a parcel"[..], &[9; 3_000]] {
        frame::write(&mut frames, parcel).expect("memory takes it");
    }
    let parcel = Parcel { author: public(1), at: NOW, after: None, messages: messages(), attachments: Vec::new() };
    let receiver = [8; 32];
    let signed_parcel = parcel.sign(&receiver, &key(1));
    let letter = Letter::sign(b"let me in", &receiver, &key(1));
    let (run, _) = run();
    let mut packed = Vec::new();
    run.put(&mut packed);
    let word = Word::sign([4; 32], Says::Taken, NOW, &key(1));
    let mut worded = Vec::new();
    word.put(&mut worded);
    let line = r#"{"id":"00112233445566778899aabbccddeeff","init":{"body":"路坏了","topic":"道路交通","village":"石桥村","phone":"139","timeline":[]},"steps":[{"by":"甲","t":1777564800,"set":{"office":"交通运输局"},"push":{"timeline":{"act":"受理"}},"ins":[0,"还有"]}]}"#;
    vec![
        Door::new("frame: a message", said.clone(), |bytes| {
            let (number, body) = framed(bytes);
            let write = |message: &Message| unframed(&message.encode())[1..].to_vec();
            again(|body| whole(Message::decode(number, body)), write, &body)
        }),
        Door::new("frame: in a meeting, at a hub", said.clone(), |bytes| Ok(hears(hub(), bytes))),
        Door::new("frame: in a meeting, at a device", said, |bytes| Ok(hears(device(), bytes))),
        Door::new("run: as it is", vec![packed], |bytes| {
            let read = |bytes: &[u8]| whole(Run::read(&mut Reader::new(bytes)));
            let write = |run: &Run| {
                let mut out = Vec::new();
                run.put(&mut out);
                out
            };
            if let Some(run) = read(bytes) {
                let _ = (run.verify(&feed(), &feed().genesis()), run.cut(3), run.is_dated_until(NOW));
            }
            again(read, write, bytes)
        }),
        Door::new("run: signed anew", vec![run.body.clone(), run.unpacked().unwrap_or_default()], move |bytes| {
            let bent = Run { body: bytes.to_vec(), ..run.clone() };
            let Ok(extent) = bent.end(&feed().genesis()) else { return Ok(false) };
            let signed = [b"huiyin run v1".as_slice(), &bent.feed.0, &extent.length.to_le_bytes(), &extent.head];
            let signature = key(1).sign(&signed.concat()).to_bytes();
            let is_sound = Run { signature, ..bent }.verify(&feed(), &feed().genesis()).is_ok();
            Ok(is_sound)
        }),
        Door::new("bundle: a parcel", vec![signed_parcel.clone(), letter.clone()], move |bytes| {
            Ok(Parcel::read(bytes, &receiver).is_ok())
        }),
        Door::new(
            "bundle: a parcel, signed anew",
            vec![signed_parcel[..signed_parcel.len() - 64].to_vec(), letter[..letter.len() - 64].to_vec()],
            move |bytes| {
                let signed = [b"huiyin parcel v1".as_slice(), &receiver, bytes].concat();
                let signature = key(1).sign(&signed).to_bytes();
                let whole = [bytes, &signature].concat();
                let _ = (Letter::is_one(&whole), Letter::read(&whole, &receiver).is_ok());
                Ok(Parcel::read(&whole, &receiver).is_ok())
            },
        ),
        Door::new("bundle: a file", vec![frames], |bytes| {
            let is_whole = |frame: &std::io::Result<Frame>| matches!(frame, Ok(Frame::Parcel(_)));
            let read: Vec<_> = Frames::new(bytes).take(1_000).collect();
            if read.len() == 1_000 { Err("it never ends".to_owned()) } else { Ok(read.iter().all(is_whole)) }
        }),
        Door::new(
            "frame: of attachments",
            vec![
                unframed(&attachment::Message::offer(&manifest).encode()),
                unframed(&attachment::Message::Stored { id: manifest.id(), number: 3 }.encode()),
            ],
            |bytes| {
                let (number, body) = framed(bytes);
                let write = |message: &attachment::Message| unframed(&message.encode())[1..].to_vec();
                again(|body| whole(attachment::Message::decode(number, body)), write, &body)
            },
        ),
        Door::new("frame: of a carrier", vec![unframed(&carry::Message::Word(word).encode())], |bytes| {
            let (number, body) = framed(bytes);
            Ok(carry::Message::decode(number, &body).is_ok())
        }),
        Door::new("frame: a carrier's word", vec![worded], |bytes| {
            let _ = Label::read(&mut Reader::new(bytes)).is_ok();
            Ok(Word::read(&mut Reader::new(bytes)).is_ok())
        }),
        Door::new(
            "run: what a log notes",
            vec![
                Announcement::of(&manifest).encode(),
                Revocation { public_key: public(1), at: NOW }.encode(),
                Heard::Epoch(3).encode(),
            ],
            |bytes| {
                let read = [
                    Announcement::decode(bytes).is_ok(),
                    Revocation::decode(bytes).is_ok(),
                    Tombstone::decode(bytes).is_ok(),
                    Heard::decode(bytes).is_ok(),
                    Epoch::decode(bytes).is_ok(),
                ];
                Ok(read.contains(&true))
            },
        ),
        Door::new("import: a line", vec![line.as_bytes().to_vec()], |bytes| {
            Ok(Record::parse(&String::from_utf8_lossy(bytes)).is_ok())
        }),
    ]
}

fn hub() -> Side {
    Side::Hub { key: Box::new(key(2)), epoch: [4; 8], kept: 20, authors: Arc::new(One) }
}

fn device() -> Side {
    Side::Caller { hub: public(2), cursor: None, room: 1 << 30, status: None }
}

/// One side of a meeting hears a bent message between honest ones; `true` if it is one and the meeting goes on.
fn hears(side: Side, bytes: &[u8]) -> bool {
    let member = Member::new(public(1), scope());
    let first = if let Side::Hub { .. } = side { Input::Spoken } else { Input::Opened };
    let mut session = Session::new(side, member.clone(), Catalog::default().shared(&member), NOW);
    let (number, body) = framed(bytes);
    let Ok(bent) = Message::decode(number, &body) else { return false };
    let mut inputs: Vec<_> = messages().into_iter().skip(1).take(1).map(Input::Received).collect();
    inputs.insert(0, first);
    inputs.push(Input::Received(bent));
    inputs.push(Input::Received(Message::Over { fingerprint: [0; 16] }));
    inputs.into_iter().all(|input| takes(&mut session, input))
}

/// One side takes this in, and what its own disk answers; `true` if the meeting goes on.
fn takes(session: &mut Session, input: Input) -> bool {
    if session.handle_input(input).is_err() {
        return false;
    }
    while let Some(output) = session.poll_output() {
        let answer = match output {
            Output::Load { .. } => Input::Loaded(Vec::new()),
            Output::LoadNews { until, .. } => Input::LoadedNews { runs: Vec::new(), reached: until },
            Output::Store { runs, .. } => {
                let gap = |(_, run): &(Feed, Run)| (run.feed, run.first, StoredAs::Gap(0));
                Input::Stored(runs.iter().map(gap).collect())
            }
            Output::Keep(receipts) => {
                Input::Kept(receipts.iter().map(|receipt| (receipt.feed, receipt.extent.length)).collect())
            }
            Output::Send(_)
            | Output::Remember { .. }
            | Output::Quarantine { .. }
            | Output::Told { .. }
            | Output::Finished(_) => continue,
        };
        if session.handle_input(answer).is_err() {
            return false;
        }
    }
    true
}
