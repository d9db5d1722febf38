//! A device and its hub with disks in memory, over a road that can be cut after any message.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use civic_core::{attachment::AttachmentKind, codec::Reader, id::AttachmentId, time::UnixSeconds};
use ed25519_dalek::SigningKey;

use super::{
    manifest::{Manifest, PIECE_LEN, piece_len},
    message::{MESSAGE_LEN_MAX, Message},
    pieces::Pieces,
    receipt::AttachmentReceipt,
    transfer::{Admission, Broken, IN_FLIGHT_MAX, Input, Outcome, Output, Transfer, Wanted},
};

const PLENTY: u64 = 1 << 30;

/// An attachment on one side's disk.
struct Kept {
    manifest: Manifest,
    pieces: BTreeMap<u8, Vec<u8>>,
}

impl Kept {
    fn held(&self) -> Pieces {
        let mut held = Pieces::NONE;
        self.pieces.keys().for_each(|number| held.insert(*number));
        held
    }

    fn is_whole(&self) -> bool {
        self.held() == self.manifest.pieces()
    }

    fn bytes(&self) -> Vec<u8> {
        self.pieces.values().flatten().copied().collect()
    }
}

/// One side with its disk.
#[derive(Default)]
struct Peer {
    kept: BTreeMap<AttachmentId, Kept>,
    /// Made here, oldest first.
    own: Vec<AttachmentId>,
    /// Told of by an entry of the other side's feed.
    announced: BTreeMap<AttachmentId, (AttachmentKind, u64)>,
    receipts: Vec<AttachmentReceipt>,
    told: Vec<String>,
    /// Pieces whose bytes this disk gives wrong.
    bent: BTreeSet<u8>,
    /// Pieces that this disk does not give.
    lost: BTreeSet<u8>,
    /// Bytes of pieces of ours that the other side confirmed.
    confirmed: usize,
}

impl Peer {
    fn make(&mut self, kind: AttachmentKind, bytes: &[u8]) -> AttachmentId {
        let manifest = Manifest::of(kind, bytes).unwrap();
        let id = manifest.id();
        let pieces = (0..).zip(bytes.chunks(PIECE_LEN).map(<[u8]>::to_vec)).collect();
        self.kept.insert(id, Kept { manifest, pieces });
        self.own.push(id);
        id
    }

    /// The attachment's entry crosses with the records.
    fn hear_of(&mut self, other: &Peer, id: &AttachmentId) {
        let manifest = &other.kept[id].manifest;
        self.announced.insert(*id, (manifest.kind(), manifest.length()));
    }

    fn call(&self, budget: u64) -> Transfer {
        let is_open = |id: &&AttachmentId| self.receipts.iter().all(|receipt| receipt.id != **id);
        let offers = self.own.iter().filter(is_open).map(|id| self.kept[id].manifest.clone()).collect();
        let wants = self.announced.iter().map(|(id, (kind, length))| {
            let held = self.kept.get(id).map_or(Pieces::NONE, Kept::held);
            Wanted { id: *id, kind: *kind, length: *length, held }
        });
        Transfer::call(hub_key().verifying_key().to_bytes(), offers, wants.collect(), budget)
    }

    /// What a hub says it lacks.
    fn lacking(&self) -> Vec<AttachmentId> {
        let is_whole = |id: &AttachmentId| self.kept.get(id).is_some_and(Kept::is_whole);
        self.announced.keys().filter(|id| !is_whole(id)).copied().collect()
    }

    /// A hub's end of a transfer.
    fn answer(&self) -> Transfer {
        Transfer::answer(hub_key(), self.lacking(), PLENTY)
    }

    fn admit(&mut self, manifest: Manifest) -> Admission {
        let id = manifest.id();
        if self.announced.get(&id) != Some(&(manifest.kind(), manifest.length())) {
            return Admission::Refused("it was not announced".into());
        }
        let kept = self.kept.entry(id).or_insert_with(|| Kept { manifest, pieces: BTreeMap::new() });
        if kept.is_whole() { Admission::Whole } else { Admission::Take(kept.held()) }
    }

    fn load(&self, id: &AttachmentId, number: u8) -> Option<Vec<u8>> {
        if self.lost.contains(&number) {
            return None;
        }
        let mut bytes = self.kept[id].pieces[&number].clone();
        bytes[0] ^= u8::from(self.bent.contains(&number));
        Some(bytes)
    }

    /// Carries out what the transfer asks; returns what it says and how it ended.
    fn drain(&mut self, transfer: &mut Transfer) -> (Vec<Message>, Option<Outcome>) {
        let (at, mut said) = (UnixSeconds(7), Vec::new());
        while let Some(output) = transfer.poll_output() {
            let answer = match output {
                Output::Send(message) => {
                    said.push(message);
                    continue;
                }
                Output::Admit(manifest) => Input::Admitted { admission: self.admit(manifest), at },
                Output::Reopen(id) => {
                    self.receipts.retain(|receipt| receipt.id != id);
                    Input::Reopened(self.kept.get(&id).map(|kept| kept.manifest.clone()))
                }
                Output::Show(id) => {
                    let shown = self.kept.get(&id).filter(|kept| kept.is_whole()).map(|kept| kept.manifest.clone());
                    Input::Shown(shown.ok_or_else(|| "it is not here".into()))
                }
                Output::Load { id, number } => Input::Loaded(self.load(&id, number)),
                Output::Store { id, number, bytes } => {
                    let before = self.kept.get_mut(&id).unwrap().pieces.insert(number, bytes);
                    assert!(before.is_none(), "a piece that is here is not stored again");
                    Input::Stored { id, number, at }
                }
                Output::Confirmed { len, .. } => {
                    self.confirmed += len;
                    continue;
                }
                Output::Keep(receipt) => {
                    self.receipts.push(receipt);
                    continue;
                }
                Output::Told { reason, .. } => {
                    self.told.push(reason);
                    continue;
                }
                Output::Finished(outcome) => return (said, Some(outcome)),
            };
            transfer.handle_input(answer).unwrap();
        }
        (said, None)
    }
}

fn hub_key() -> SigningKey {
    SigningKey::from_bytes(&[4; 32])
}

fn cross(message: &Message) -> Message {
    let bytes = message.encode();
    let mut reader = Reader::new(&bytes);
    let again = Message::decode(reader.varint().unwrap(), reader.bytes(MESSAGE_LEN_MAX).unwrap()).unwrap();
    assert_eq!(again, *message);
    again
}

/// A road that carries so many messages in all, in an order that `dice` chooses among those on their way.
struct Road {
    dice: u64,
    left: usize,
    pieces_up: usize,
}

impl Road {
    fn new(dice: u64, left: usize) -> Self {
        Self { dice, left, pieces_up: 0 }
    }

    fn flip(&mut self) -> bool {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.dice >> 63 == 1
    }

    /// One transfer; `None` if the road was cut in it.
    fn carry(&mut self, device: &mut Peer, hub: &mut Peer, budget: u64) -> Option<Outcome> {
        let (mut caller, mut answerer) = (device.call(budget), hub.answer());
        let held_before: BTreeMap<_, _> = hub.kept.iter().map(|(id, kept)| (*id, kept.held())).collect();
        caller.handle_input(Input::Opened).unwrap();
        answerer.handle_input(Input::Opened).unwrap();
        let (mut up, mut down): (VecDeque<Message>, VecDeque<Message>) = Default::default();
        loop {
            let (said, finished) = device.drain(&mut caller);
            up.extend(said);
            down.extend(hub.drain(&mut answerer).0);
            if finished.is_some() {
                // What was said last is on the road still.
                for message in up {
                    answerer.handle_input(Input::Received(cross(&message))).unwrap();
                }
                hub.drain(&mut answerer);
                return finished;
            }
            self.left = self.left.checked_sub(1)?;
            let goes_up = if down.is_empty() { true } else { !up.is_empty() && self.flip() };
            if goes_up {
                let message = up.pop_front().expect("the transfer stands still");
                if let Message::Piece { id, number, .. } = &message {
                    self.pieces_up += 1;
                    let before = held_before.get(id).copied().unwrap_or_default();
                    assert!(!before.contains(*number), "what the hub holds is not sent again");
                }
                answerer.handle_input(Input::Received(cross(&message))).unwrap();
            } else if let Some(message) = down.pop_front() {
                caller.handle_input(Input::Received(cross(&message))).unwrap();
            }
        }
    }
}

fn transfer(device: &mut Peer, hub: &mut Peer, budget: u64) -> Outcome {
    Road::new(1, usize::MAX).carry(device, hub, budget).unwrap()
}

/// Bytes that differ from piece to piece.
fn noise(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 251) as u8 ^ (at % 251) as u8 ^ seed).collect()
}

/// A device with one announced voice of `len` bytes, and its hub.
fn spoken(len: usize) -> (Peer, Peer, AttachmentId) {
    let (mut device, mut hub) = (Peer::default(), Peer::default());
    let id = device.make(AttachmentKind::Voice, &noise(1, len));
    hub.hear_of(&device, &id);
    (device, hub, id)
}

#[test]
fn a_voice_reaches_the_hub_in_pieces_and_its_receipt_comes_back() {
    let (mut device, mut hub, id) = spoken(300_000);
    let outcome = transfer(&mut device, &mut hub, PLENTY);
    assert_eq!(outcome, Outcome { bytes_sent: 300_000, ..Outcome::default() });
    assert_eq!(hub.kept[&id].bytes(), noise(1, 300_000));
    assert_eq!((device.confirmed, device.receipts.len()), (300_000, 1));
    assert!(device.receipts[0].is_by(&hub_key().verifying_key().to_bytes()));
    assert_eq!(transfer(&mut device, &mut hub, PLENTY), Outcome::default());
}

#[test]
fn a_lost_receipt_is_given_again_without_the_pieces() {
    let (mut device, mut hub, _) = spoken(300_000);
    transfer(&mut device, &mut hub, PLENTY);
    device.receipts.clear();
    assert_eq!(transfer(&mut device, &mut hub, PLENTY).bytes_sent, 0);
    assert_eq!(device.receipts.len(), 1);
}

#[test]
fn a_hub_that_lost_everything_gets_it_again() {
    let (mut device, mut hub, id) = spoken(300_000);
    transfer(&mut device, &mut hub, PLENTY);
    hub.kept.clear();
    // What the device does not have any more it cannot give.
    hub.announced.insert(AttachmentId::new([9; 32]), (AttachmentKind::Voice, 10));
    transfer(&mut device, &mut hub, PLENTY);
    assert_eq!(hub.kept[&id].bytes(), noise(1, 300_000));
    assert_eq!(device.receipts.len(), 1);
}

#[test]
fn a_road_that_is_cut_at_any_message_costs_only_what_was_on_it() {
    const LEN: usize = 7 * PIECE_LEN + 5;
    for cut in 1.. {
        let (mut device, mut hub, up) = spoken(LEN);
        let down = hub.make(AttachmentKind::Photo, &noise(9, LEN));
        device.hear_of(&hub, &down);
        let mut road = Road::new(cut as u64, cut);
        let is_whole = road.carry(&mut device, &mut hub, PLENTY).is_some();
        if !is_whole {
            road.left = usize::MAX;
            road.carry(&mut device, &mut hub, PLENTY).unwrap();
        }
        assert_eq!(hub.kept[&up].bytes(), noise(1, LEN), "cut after {cut} messages");
        assert_eq!(device.kept[&down].bytes(), noise(9, LEN), "cut after {cut} messages");
        assert_eq!(device.receipts.len(), 1);
        assert!(road.pieces_up <= 8 + IN_FLIGHT_MAX, "cut after {cut} messages: {} pieces", road.pieces_up);
        if is_whole {
            assert!(cut > 35, "there were that many places to cut");
            return;
        }
    }
}

#[test]
fn a_road_that_is_cut_again_and_again_brings_everything_in_the_end() {
    for seed in 1..=60u64 {
        let (mut device, mut hub) = (Peer::default(), Peer::default());
        let mut road = Road::new(seed, 0);
        let mut made = Vec::new();
        for n in 0..6u8 {
            let kind = [AttachmentKind::Voice, AttachmentKind::Photo, AttachmentKind::Ink][usize::from(n % 3)];
            let len = 1 + usize::from(n) * 50_000 + (road.dice >> 48) as usize;
            let (from, to) = if n % 2 == 0 { (&mut device, &mut hub) } else { (&mut hub, &mut device) };
            let bytes = noise(n, len + usize::from(road.flip()));
            let id = from.make(kind, &bytes);
            to.hear_of(from, &id);
            made.push((n % 2 == 0, id, bytes));
        }
        let mut cuts = 0;
        loop {
            road.left = 12 + (road.dice >> 59) as usize;
            let budget = if road.flip() { PLENTY } else { 3 * PIECE_LEN as u64 };
            match road.carry(&mut device, &mut hub, budget) {
                Some(outcome) if !outcome.is_spent => break,
                Some(_) | None => cuts += 1,
            }
            assert!(cuts < 200, "seed {seed} does not come to an end");
        }
        for (goes_up, id, bytes) in made {
            let there = if goes_up { &hub } else { &device };
            assert_eq!(there.kept[&id].bytes(), bytes, "seed {seed}");
        }
        assert_eq!(device.receipts.len(), 3, "seed {seed}");
    }
}

#[test]
fn voices_go_before_drawings_before_photos_and_the_oldest_first() {
    use AttachmentKind::{Ink, Photo, Voice};
    let (mut device, mut hub) = (Peer::default(), Peer::default());
    let made: Vec<_> = [Photo, Voice, Ink, Voice]
        .into_iter()
        .zip(0..)
        .map(|(kind, seed)| device.make(kind, &noise(seed, 100)))
        .collect();
    made.iter().for_each(|id| hub.hear_of(&device, id));
    transfer(&mut device, &mut hub, PLENTY);
    let order: Vec<_> = device.receipts.iter().map(|receipt| receipt.id).collect();
    assert_eq!(order, [made[1], made[3], made[2], made[0]]);
}

#[test]
fn a_transfer_ends_with_its_budget_and_the_next_one_goes_on() {
    let (mut device, mut hub, id) = spoken(5 * PIECE_LEN);
    let outcome = transfer(&mut device, &mut hub, 2 * PIECE_LEN as u64 + 9);
    assert_eq!((outcome.bytes_sent, outcome.is_spent), (2 * PIECE_LEN as u64, true));
    assert_eq!((device.confirmed, device.receipts.len()), (2 * PIECE_LEN, 0));
    let outcome = transfer(&mut device, &mut hub, 3 * PIECE_LEN as u64);
    assert_eq!((outcome.bytes_sent, outcome.is_spent), (3 * PIECE_LEN as u64, false));
    assert!(hub.kept[&id].is_whole());
    let nothing = transfer(&mut device, &mut hub, 0);
    assert_eq!(nothing, Outcome::default());
}

#[test]
fn a_device_asks_for_no_more_than_its_budget_allows() {
    let (mut device, mut hub) = (Peer::default(), Peer::default());
    let id = hub.make(AttachmentKind::Photo, &noise(3, 5 * PIECE_LEN));
    device.hear_of(&hub, &id);
    let outcome = transfer(&mut device, &mut hub, 2 * PIECE_LEN as u64);
    assert_eq!((outcome.bytes_received, outcome.is_spent), (2 * PIECE_LEN as u64, true));
    let outcome = transfer(&mut device, &mut hub, 3 * PIECE_LEN as u64);
    assert_eq!((outcome.bytes_received, outcome.is_spent), (3 * PIECE_LEN as u64, false));
    assert_eq!(device.kept[&id].bytes(), noise(3, 5 * PIECE_LEN));
    device.hear_of(&hub, &id);
    hub.kept.clear();
    device.kept.clear();
    transfer(&mut device, &mut hub, PLENTY);
    assert_eq!(device.told, ["it is not here"]);
}

#[test]
fn a_wrong_piece_is_refused_and_the_rest_goes_on() {
    let (mut device, mut hub, id) = spoken(6 * PIECE_LEN);
    let other = device.make(AttachmentKind::Voice, &noise(2, 100));
    hub.hear_of(&device, &other);
    device.bent.insert(3);
    transfer(&mut device, &mut hub, PLENTY);
    assert_eq!(hub.kept[&id].held(), Pieces::first(6).without(Pieces::from_bits(8)));
    assert!(hub.kept[&other].is_whole());
    assert_eq!(device.told, ["the piece is not the one that the manifest names"]);
    device.bent.clear();
    device.lost.insert(3);
    transfer(&mut device, &mut hub, PLENTY);
    assert_eq!(hub.told, ["the piece cannot be read here any more"]);
    device.lost.clear();
    assert_eq!(transfer(&mut device, &mut hub, PLENTY).bytes_sent, PIECE_LEN as u64);
    assert_eq!(hub.kept[&id].bytes(), noise(1, 6 * PIECE_LEN));
}

#[test]
fn what_was_not_announced_is_kept_out_with_a_reason_and_the_rest_goes_on() {
    let (mut device, mut hub, id) = spoken(100);
    let stowaway = device.make(AttachmentKind::Voice, &noise(5, 100));
    transfer(&mut device, &mut hub, PLENTY);
    assert!(hub.kept[&id].is_whole() && !hub.kept.contains_key(&stowaway));
    assert_eq!(device.told, ["it was not announced"]);
}

fn hello(version: u16, oldest: u16) -> Message {
    Message::Hello { version, oldest, lacking: Vec::new() }
}

/// What a hub says to these messages after hello.
fn tell(hub: &mut Peer, messages: &[Message]) -> Result<Vec<Message>, Broken> {
    let mut answerer = hub.answer();
    let mut said = Vec::new();
    for message in [hello(1, 1)].iter().chain(messages) {
        answerer.handle_input(Input::Received(message.clone()))?;
        said.extend(hub.drain(&mut answerer).0);
    }
    said.remove(0);
    Ok(said)
}

fn reasons(said: Vec<Message>) -> Vec<String> {
    let reason = |message| if let Message::Refused { reason, .. } = message { reason } else { format!("{message:?}") };
    said.into_iter().map(reason).collect()
}

#[test]
fn a_lying_manifest_and_one_over_the_limit_are_refused_with_the_reason() {
    let (device, mut hub, id) = spoken(100);
    let hashes = device.kept[&id].manifest.hashes().to_vec();
    let offer = |kind, length, hashes: &[[u8; 32]]| Message::Offer { id, kind, length, hashes: hashes.to_vec() };
    let said = tell(
        &mut hub,
        &[
            offer(AttachmentKind::Voice, 100, &[[0; 32]]),
            offer(AttachmentKind::Voice, 101, &hashes),
            offer(AttachmentKind::Voice, 600 << 10, &[[0; 32]; 10]),
            offer(AttachmentKind::Unknown(9), 5 << 20, &[[0; 32]; 80]),
            offer(AttachmentKind::Photo, 100, &hashes),
            Message::Unknown(99),
        ],
    );
    assert_eq!(
        reasons(said.unwrap()),
        [
            "the manifest is not the one of that name",
            "the manifest is not the one of that name",
            "the attachment has 614400 bytes; of its kind 524288 are the most",
            "the attachment has 5242880 bytes; of its kind 4194304 are the most",
            "it was not announced",
        ]
    );
    assert!(hub.kept.is_empty());
}

#[test]
fn pieces_that_nobody_offered_are_refused_and_too_many_end_the_transfer() {
    let (device, mut hub, id) = spoken(100);
    let piece = Message::Piece { id, number: 0, bytes: device.kept[&id].bytes() };
    let said = tell(&mut hub, std::slice::from_ref(&piece)).unwrap();
    assert_eq!(reasons(said), ["the attachment of this piece was not offered, or was refused"]);
    assert_eq!(tell(&mut hub, &vec![piece; 65]), Err(Broken::TooMany("wrong pieces")));
    let want = Message::Want { id, missing: Pieces::first(1) };
    assert_eq!(tell(&mut hub, &vec![want; 1_025]), Err(Broken::TooMany("offers and wants")));
    assert!(hub.kept.is_empty());
}

#[test]
fn a_hub_gives_no_more_than_its_budget_however_often_it_is_asked() {
    let mut hub = Peer::default();
    let id = hub.make(AttachmentKind::Photo, &noise(1, 2 * PIECE_LEN));
    let mut answerer = Transfer::answer(hub_key(), Vec::new(), 3 * PIECE_LEN as u64);
    let mut said = Vec::new();
    let want = Message::Want { id, missing: Pieces::first(2) };
    let stored = |number| Message::Stored { id, number };
    for message in [hello(1, 1), want.clone(), stored(0), stored(1), want] {
        answerer.handle_input(Input::Received(message)).unwrap();
        said.extend(hub.drain(&mut answerer).0);
    }
    let pieces = said.iter().filter(|message| matches!(message, Message::Piece { .. })).count();
    assert_eq!(pieces, 3);
    assert!(matches!(said.last(), Some(Message::Refused { number: Some(1), .. })));
}

#[test]
fn a_receipt_that_the_hub_did_not_sign_proves_nothing() {
    let (device, _, id) = spoken(100);
    let mut caller = device.call(PLENTY);
    caller.handle_input(Input::Opened).unwrap();
    caller.handle_input(Input::Received(hello(1, 1))).unwrap();
    while caller.poll_output().is_some() {}
    let other = SigningKey::from_bytes(&[9; 32]);
    let forged = AttachmentReceipt::sign(id, crate::receipt::Level::Received, UnixSeconds(1), &other);
    caller.handle_input(Input::Received(Message::Receipt(forged))).unwrap();
    assert_eq!(caller.poll_output(), None);
}

#[test]
fn nothing_is_said_before_hello_and_a_version_that_nobody_shares_is_said_plainly() {
    let mut answerer = Peer::default().answer();
    let want = Message::Want { id: AttachmentId::new([1; 32]), missing: Pieces::NONE };
    assert!(matches!(answerer.handle_input(Input::Received(want)), Err(Broken::OutOfTurn(_))));
    let hello = hello(9, 8);
    let broken = answerer.handle_input(Input::Received(hello)).unwrap_err();
    assert_eq!(broken, Broken::Version { theirs: 9, oldest: 8 });
}

#[test]
fn the_last_piece_is_as_long_as_what_is_left() {
    assert_eq!([0, 1, 2].map(|number| piece_len(PIECE_LEN as u64 + 1, number)), [PIECE_LEN, 1, 0]);
}
