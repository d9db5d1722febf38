//! Bent bytes at every door but the gate, which has `mutate`: what is read of a road, a stick, a phone and a file.
//!
//! Every input is something honest, bent once or a few times: bits turned, bytes cut, doubled, moved or put in, numbers
//! made long. Then it is repaired as a liar who knows the form would: its length, and, with the key of a device that was
//! let in, its signature and seal. It may be refused, and must not do more: no panic, nothing that takes long, and what is
//! read and written again reads the same.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    process::ExitCode,
    time::{Duration, Instant},
};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    attachment::AttachmentKind,
    bulk::Record,
    codec::{Reader, put_varint},
    id::{DocId, Incarnation},
    space::{Audience, Space},
    time::UnixSeconds,
};
use clap::Parser;
use ed25519_dalek::SigningKey;
use replica::bundle::frame::{self, Frame, Frames};
use sync_core::{
    attachment::{announcement::Announcement, manifest::Manifest, message as attachment},
    carry::{label::Label, message as carry, word::Word},
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
    session::{Authors, Input, Member, Output, Session, Side, Standing},
    tombstone::Tombstone,
};

use crate::dice::Dice;

const VILLAGE: &str = "990127101201";
const NOW: UnixSeconds = UnixSeconds(1_777_564_800);
/// Nothing that is refused may take longer.
const LONG: Duration = Duration::from_secs(1);
/// A message of a meeting, a transfer or a handover: their numbers do not overlap.
const NUMBERS_MAX: u64 = 80;

/// Bends what is honest, and looks what becomes of it.
#[derive(Parser)]
#[command(name = "bend")]
struct Arguments {
    /// Inputs at each door.
    #[arg(long, default_value_t = 20_000)]
    inputs: u64,
    /// Seed and number name an input.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What became of the inputs at one door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Read, or let in.
    pub read: u64,
    /// Refused.
    pub refused: u64,
}

/// What a door does with bytes: whether it reads them, or what is wrong with it.
type Knock = Box<dyn Fn(&[u8]) -> Result<bool, String>>;

/// A door: its name, what honestly comes in there, and what it does.
struct Door {
    name: &'static str,
    honest: Vec<Vec<u8>>,
    knock: Knock,
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(args);
    let (tallies, broken) = bend(arguments.inputs, arguments.seed);
    for (door, Tally { read, refused }) in tallies {
        println!("{door:<24} {read:>10} read {refused:>10} refused");
    }
    broken.iter().take(20).for_each(|broken| println!("{broken}"));
    println!("{} broken", broken.len());
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Knocks so often at every door.
pub fn bend(inputs: u64, seed: u64) -> (BTreeMap<&'static str, Tally>, Vec<String>) {
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let (mut tallies, mut broken) = (BTreeMap::new(), Vec::new());
    for door in doors() {
        let tally: &mut Tally = tallies.entry(door.name).or_default();
        for input in 0..inputs {
            let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(input));
            let bytes = bent(&door.honest, &mut dice);
            let started = Instant::now();
            let done = catch_unwind(AssertUnwindSafe(|| (door.knock)(&bytes)));
            let what = match done {
                Ok(Ok(true)) => {
                    tally.read += 1;
                    None
                }
                Ok(Ok(false)) => {
                    tally.refused += 1;
                    None
                }
                Ok(Err(why)) => Some(why),
                Err(_) => Some("a panic".to_owned()),
            };
            let what = what.or_else(|| (started.elapsed() > LONG).then(|| "it takes long".to_owned()));
            broken.extend(what.map(|what| format!("{}: seed {seed}, input {input}: {what}", door.name)));
        }
    }
    set_hook(hook);
    (tallies, broken)
}

/// One of the honest ones, bent.
fn bent(honest: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = dice.one_of(honest).clone();
    for _ in 0..=dice.below(3) {
        let at = dice.place(bytes.len().max(1)).min(bytes.len());
        let len = 1 + dice.place(12);
        let end = (at + len).min(bytes.len());
        match dice.below(8) {
            0 if !bytes.is_empty() => bytes[at.min(end.saturating_sub(1))] ^= 1 << dice.below(8),
            1 => bytes.truncate(at),
            2 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => drop(bytes.drain(at..end)),
            4 => {
                let mut number = Vec::new();
                let exponent = dice.below(64);
                put_varint(&mut number, dice.number() >> exponent);
                bytes.splice(at..(at + 1).min(bytes.len()), number);
            }
            5 => bytes[at..end].fill(if dice.percent(50) { 0xff } else { 0 }),
            6 => {
                let other = dice.one_of(honest);
                let from = dice.place(other.len().max(1)).min(other.len());
                let piece = &other[from..(from + len * 4).min(other.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            _ => bytes.reverse(),
        }
    }
    bytes
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(number: u8) -> [u8; 32] {
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
struct One;

impl Authors for One {
    fn standing(&self, public_key: &[u8; 32]) -> Standing {
        if *public_key == public(1) { Standing::Member(scope()) } else { Standing::Stranger }
    }
}

fn scope() -> Scope {
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
fn framed(bytes: &[u8]) -> (u64, Vec<u8>) {
    let number = bytes.first().map_or(0, |byte| u64::from(*byte) % NUMBERS_MAX);
    (number, bytes.get(1..).unwrap_or_default().to_vec())
}

fn unframed(message: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(message);
    let number = reader.varint().unwrap_or(0);
    let body = reader.bytes(message.len()).unwrap_or_default();
    [&[u8::try_from(number).unwrap_or(0)], body].concat()
}

fn doors() -> Vec<Door> {
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
    let word = Word::sign([4; 32], sync_core::carry::word::Says::Taken, NOW, &key(1));
    let mut worded = Vec::new();
    word.put(&mut worded);
    let line = r#"{"id":"00112233445566778899aabbccddeeff","init":{"body":"路坏了","topic":"道路交通","village":"石桥村","phone":"139","timeline":[]},"steps":[{"by":"甲","t":1777564800,"set":{"office":"交通运输局"},"push":{"timeline":{"act":"受理"}},"ins":[0,"还有"]}]}"#;
    vec![
        Door {
            name: "message",
            honest: said.clone(),
            knock: Box::new(|bytes| {
                let (number, body) = framed(bytes);
                let write = |message: &Message| unframed(&message.encode())[1..].to_vec();
                again(|body| whole(Message::decode(number, body)), write, &body)
            }),
        },
        Door { name: "meeting", honest: said, knock: Box::new(|bytes| Ok(hears(bytes))) },
        Door {
            name: "run",
            honest: vec![packed],
            knock: Box::new(|bytes| {
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
        },
        Door {
            name: "run, signed anew",
            honest: vec![run.body.clone(), run.unpacked().unwrap_or_default()],
            knock: Box::new(move |bytes| {
                let bent = Run { body: bytes.to_vec(), ..run.clone() };
                let Ok(extent) = bent.end(&feed().genesis()) else { return Ok(false) };
                let signed = [b"huiyin run v1".as_slice(), &bent.feed.0, &extent.length.to_le_bytes(), &extent.head];
                let signature = ed25519_dalek::Signer::sign(&key(1), &signed.concat()).to_bytes();
                let is_sound = Run { signature, ..bent }.verify(&feed(), &feed().genesis()).is_ok();
                Ok(is_sound)
            }),
        },
        Door {
            name: "parcel",
            honest: vec![signed_parcel.clone(), letter.clone()],
            knock: Box::new(move |bytes| Ok(Parcel::read(bytes, &receiver).is_ok())),
        },
        Door {
            name: "parcel, signed anew",
            honest: vec![signed_parcel[..signed_parcel.len() - 64].to_vec(), letter[..letter.len() - 64].to_vec()],
            knock: Box::new(move |bytes| {
                let signed = [b"huiyin parcel v1".as_slice(), &receiver, bytes].concat();
                let signature = ed25519_dalek::Signer::sign(&key(1), &signed).to_bytes();
                let whole = [bytes, &signature].concat();
                let _ = (Letter::is_one(&whole), Letter::read(&whole, &receiver).is_ok());
                Ok(Parcel::read(&whole, &receiver).is_ok())
            }),
        },
        Door {
            name: "bundle file",
            honest: vec![frames],
            knock: Box::new(|bytes| {
                let is_whole = |frame: &std::io::Result<Frame>| matches!(frame, Ok(Frame::Parcel(_)));
                let read: Vec<_> = Frames::new(bytes).take(1_000).collect();
                if read.len() == 1_000 { Err("it never ends".to_owned()) } else { Ok(read.iter().all(is_whole)) }
            }),
        },
        Door {
            name: "attachment message",
            honest: vec![
                unframed(&attachment::Message::offer(&manifest).encode()),
                unframed(&attachment::Message::Stored { id: manifest.id(), number: 3 }.encode()),
            ],
            knock: Box::new(|bytes| {
                let (number, body) = framed(bytes);
                let write = |message: &attachment::Message| unframed(&message.encode())[1..].to_vec();
                again(|body| whole(attachment::Message::decode(number, body)), write, &body)
            }),
        },
        Door {
            name: "carrier's message",
            honest: vec![unframed(&carry::Message::Word(word).encode())],
            knock: Box::new(|bytes| {
                let (number, body) = framed(bytes);
                Ok(carry::Message::decode(number, &body).is_ok())
            }),
        },
        Door {
            name: "carrier's word",
            honest: vec![worded],
            knock: Box::new(|bytes| {
                let _ = Label::read(&mut Reader::new(bytes)).is_ok();
                Ok(Word::read(&mut Reader::new(bytes)).is_ok())
            }),
        },
        Door {
            name: "what the log notes",
            honest: vec![
                Announcement::of(&manifest).encode(),
                Revocation { public_key: public(1), at: NOW }.encode(),
                Heard::Epoch(3).encode(),
            ],
            knock: Box::new(|bytes| {
                let read = [
                    Announcement::decode(bytes).is_ok(),
                    Revocation::decode(bytes).is_ok(),
                    Tombstone::decode(bytes).is_ok(),
                    Heard::decode(bytes).is_ok(),
                    Epoch::decode(bytes).is_ok(),
                ];
                Ok(read.contains(&true))
            }),
        },
        Door {
            name: "line of an import",
            honest: vec![line.as_bytes().to_vec()],
            knock: Box::new(|bytes| Ok(Record::parse(&String::from_utf8_lossy(bytes)).is_ok())),
        },
    ]
}

/// A hub hears a bent message between honest ones; `true` if the meeting goes on.
fn hears(bytes: &[u8]) -> bool {
    let member = Member::new(public(1), scope());
    let side = Side::Hub { key: Box::new(key(2)), epoch: [4; 8], kept: 20, authors: std::sync::Arc::new(One) };
    let mut session = Session::new(side, member.clone(), Catalog::default().shared(&member), NOW);
    let (number, body) = framed(bytes);
    let mut heard: Vec<Message> = messages().into_iter().take(2).collect();
    heard.extend(Message::decode(number, &body));
    heard.push(Message::Over { fingerprint: [0; 16] });
    for message in heard {
        if session.handle_input(Input::Received(message)).is_err() {
            return false;
        }
        while let Some(output) = session.poll_output() {
            let answer = match output {
                Output::Load { .. } => Input::Loaded(Vec::new()),
                Output::LoadNews { until, .. } => Input::LoadedNews { runs: Vec::new(), reached: until },
                Output::Store { runs, .. } => {
                    let gap = |(_, run): &(Feed, Run)| (run.feed, run.first, sync_core::session::StoredAs::Gap(0));
                    Input::Stored(runs.iter().map(gap).collect())
                }
                Output::Keep(_)
                | Output::Send(_)
                | Output::Remember { .. }
                | Output::Quarantine { .. }
                | Output::Told { .. }
                | Output::Finished(_) => continue,
            };
            if session.handle_input(answer).is_err() {
                return false;
            }
        }
    }
    true
}
