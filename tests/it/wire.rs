//! The bytes on the road: any change of them shows as a change of `golden/wire.txt`, and means a new version of the protocol.

use civic_core::{
    area::Area,
    codec::Reader,
    id::{DocId, Incarnation, hex},
    seal::SealKey,
    space::{Audience, Space},
    ticket::Ticket,
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use sync_core::{
    edition::Edition,
    entry::{Entry, EntryKind},
    epoch::Epoch,
    feed::Feed,
    heard::Heard,
    hub_time::HubTime,
    message::{Cursor, Message, ShortExtent, VERSION, VERSION_OLDEST},
    receipt::{Level, Receipt},
    run::Run,
    status::Status,
    tombstone::{Depth, Ground, Tombstone},
};

/// One message of each kind, all from fixed keys.
fn messages() -> Vec<(&'static str, Message)> {
    let (author, hub) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let space = Space::new(Area::parse("990127101201").unwrap(), Audience::Deputies);
    let public_key = author.verifying_key().to_bytes();
    let feed = Feed { public_key, incarnation: Incarnation::new([3; 16]), space: space.clone() };
    let id = feed.id();
    fn entry(doc: u8, kind: EntryKind, at: i64, payload: &[u8]) -> Entry<'_> {
        Entry { doc: DocId::new([doc; 16]), kind, at: UnixSeconds(at), payload, is_erased: false }
    }
    let entries = [
        entry(4, EntryKind::Change, 1_775_000_000, b"first"),
        entry(4, EntryKind::Change, 1_775_000_060, b"second"),
        entry(5, EntryKind::Sealed, 1_775_000_060, b"sealed"),
    ];
    let (run, end) = Run::sign(&feed, &feed.genesis(), &entries, &author);
    let erased = run.without(|entry| entry.payload == b"first").unwrap().unwrap();
    let space_of_all = Space::new(Area::parse("990127101201").unwrap(), Audience::Public);
    let said_in = Feed { public_key: hub.verifying_key().to_bytes(), space: space_of_all, ..feed.clone() };
    let stone = Tombstone { depth: Depth::Whole, ground: Ground::Asked, ticket: Ticket::new(12, 345) }.encode();
    let epoch = Epoch { key: SealKey { epoch: 2, public: [7; 32] } }.encode();
    let edition = Edition { number: 3, text: "[county]".into() }.encode().unwrap();
    let (heard, heard_epoch) = (Heard::Erased(Depth::Whole).encode(), Heard::Epoch(2).encode());
    let said = [
        entry(4, EntryKind::Tombstone, 1_775_000_300, &stone),
        entry(6, EntryKind::Epoch, 1_775_000_300, &epoch),
        entry(4, EntryKind::Heard, 1_775_000_300, &heard),
        entry(6, EntryKind::Heard, 1_775_000_300, &heard_epoch),
        entry(7, EntryKind::Edition, 1_775_000_300, &edition),
    ];
    let (said, _) = Run::sign(&said_in, &said_in.genesis(), &said, &hub);
    let cursor = Cursor { epoch: [6; 8], row: 300, kept: 7 };
    let receipt = Receipt::sign(id, end, Level::Received, UnixSeconds(1_775_000_100), &hub);
    let kept = Receipt::sign(id, end, Level::Kept, UnixSeconds(1_775_000_200), &hub);
    let hello = |cursor, behind, left_out| Message::Hello {
        version: VERSION,
        oldest: VERSION_OLDEST,
        cursor,
        behind,
        left_out,
        room: 1 << 30,
    };
    let status = Status {
        version: "0.1.0".into(),
        clock: UnixSeconds(1_775_000_000),
        waiting: 300,
        attachments: 2,
        free: 20 << 30,
        battery: Some(80),
        apart: 1,
        refused: 0,
    };
    vec![
        ("hello, first meeting", hello(None, Vec::new(), Vec::new())),
        ("hello", hello(Some(cursor), vec![(id, 200)], vec![id])),
        ("announce", Message::Announce(feed)),
        ("runs", Message::Runs(vec![run])),
        ("receipts", Message::Receipts(vec![receipt, kept])),
        ("want", Message::Want { feed: id, length: 200 }),
        ("refused", Message::Refused { feed: id, first: 1, reason: "why".into() }),
        ("over", Message::Over { fingerprint: [8; 16] }),
        ("mark", Message::Mark(cursor)),
        ("spaces", Message::Spaces(vec![(space.clone(), [9; 16])])),
        ("vector", Message::Vector { space, feeds: vec![(id, ShortExtent::new(end.length, &end.head))] }),
        ("runs, a payload erased", Message::Runs(vec![erased])),
        ("runs, of the county's word and what was heard of it", Message::Runs(vec![said])),
        ("status", Message::Status(status)),
        ("time", Message::Time(HubTime::sign(UnixSeconds(1_775_000_300), &hub))),
    ]
}

#[test]
fn the_bytes_on_the_road_are_those_that_were_agreed() {
    let lines = messages().into_iter().map(|(name, message)| format!("{name}: {}\n", hex(&message.encode())));
    let wire: String = lines.collect();
    let agreed = include_str!("../golden/wire.txt");
    assert_eq!(wire, agreed, "if the change is meant, write this to tests/golden/wire.txt:\n{wire}");
}

#[test]
fn every_message_reads_back_and_cut_off_anywhere_it_is_malformed_or_shorter() {
    for (name, message) in messages() {
        let bytes = message.encode();
        let mut reader = Reader::new(&bytes);
        let number = reader.varint().unwrap();
        let body = reader.bytes(bytes.len()).unwrap();
        assert_eq!(Message::decode(number, body).unwrap(), message, "{name}");
        for len in 0..body.len() {
            assert_ne!(Message::decode(number, &body[..len]), Ok(message.clone()), "{name} cut at {len}");
        }
    }
}
