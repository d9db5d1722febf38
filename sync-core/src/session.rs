//! One meeting of two devices, in turns.
//!
//! A device calls its hub and speaks first: how far it holds every feed that both may hold, and at once the runs that no
//! receipt covers. Then the hub speaks: receipts, what the device lacks, and what the hub finds that it lacks itself.
//! If the hub wants nothing the meeting is over after one round trip; otherwise the device takes another turn. Each
//! turn ends with a fingerprint of what its speaker holds, so both sides count.
//!
//! ```text
//! device                                        hub
//! Hello, Announce, Runs…, Over  ───────────────►
//!        ◄───────────────  Receipts, Announce, Runs…, Want…, Over
//! ```
//!
//! Because only one side speaks at a time, neither can block the other; receipts alone may come at any time. Work is
//! idempotent: a meeting that breaks off costs time and never data, and what was acknowledged is not sent again.
//!
//! The shell gives one [`Input`] at a time and carries out every [`Output`] before the next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use civic_core::{
    access::{Action, Scope},
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;

use crate::{
    feed::{Extent, Feed, FeedId, fingerprint},
    message::{ITEMS_MAX, Message, VERSION, VERSION_OLDEST},
    receipt::{Level, Receipt},
    run::Run,
};

/// Runs are gathered into one message until it is about this long.
const BATCH_LEN: usize = 512 * 1024;

/// The device that calls, by whose rights the meeting is held. Both sides know it alike.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// What it may read and write.
    pub scope: Scope,
}

/// Which side this is.
pub enum Side {
    /// The device that calls. It believes receipts of the hub with this public key.
    Caller {
        /// Ed25519 public key of the hub.
        hub: [u8; 32],
    },
    /// The hub. It signs receipts with this key.
    Hub {
        /// Ed25519 key.
        key: Box<SigningKey>,
    },
}

/// A feed as this side holds it.
#[derive(Clone, Debug)]
pub struct Held {
    /// The feed.
    pub feed: Feed,
    /// How far.
    pub extent: Extent,
    /// How far the hub's receipts reach.
    pub receipted: u64,
}

/// What became of one run on this side's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredAs {
    /// It is on the disk; the feed now reaches so far.
    Accepted(Extent),
    /// It was there already; the feed reaches so far.
    Known(Extent),
    /// Entries before it are missing; so many are here.
    Gap(u64),
    /// It was kept apart, with this reason.
    Refused(String),
}

/// Everything that can happen in a meeting.
#[derive(Debug)]
pub enum Input {
    /// The road is open.
    Opened,
    /// The other side said something.
    Received(Message),
    /// Answer to [`Output::Load`].
    Loaded(Vec<Run>),
    /// Answer to [`Output::Store`], a line for each run.
    Stored(Vec<(FeedId, u64, StoredAs)>),
}

/// Everything a meeting can ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Say this.
    Send(Message),
    /// Give the runs of a feed behind its first `from` entries, about [`BATCH_LEN`] of them, as [`Input::Loaded`].
    Load {
        /// The feed.
        feed: FeedId,
        /// How many entries the other side has.
        from: u64,
    },
    /// Put these runs on the disk and answer with [`Input::Stored`] when they are there.
    Store(Vec<(Feed, Run)>),
    /// Keep these receipts; they were checked.
    Keep(Vec<Receipt>),
    /// Keep this run apart with its reason.
    Quarantine {
        /// Its feed.
        feed: Feed,
        /// The run.
        run: Run,
        /// Why.
        reason: &'static str,
    },
    /// The other side kept something of ours apart.
    Told {
        /// The feed.
        feed: FeedId,
        /// The first entry concerned.
        first: u64,
        /// Why, in its words.
        reason: String,
    },
    /// The meeting is over.
    Finished(Outcome),
}

/// How a meeting ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether both sides hold the same.
    pub is_in_step: bool,
    /// Turns of the caller that were answered.
    pub round_trips: u32,
    /// Entries sent.
    pub entries_sent: u64,
    /// Entries that came.
    pub entries_received: u64,
}

/// Why a meeting cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// No version is understood by both.
    #[error("the other side speaks version {theirs} and needs at least {oldest}; this program speaks {VERSION}")]
    Version {
        /// What it speaks.
        theirs: u16,
        /// What it needs.
        oldest: u16,
    },
    /// A message that has no place here.
    #[error("the other side spoke out of turn: {0}")]
    OutOfTurn(&'static str),
}

/// One meeting.
pub struct Session {
    side: Side,
    member: Member,
    now: UnixSeconds,
    held: BTreeMap<FeedId, Held>,
    /// Feeds the other side has named in this meeting.
    announced: BTreeMap<FeedId, Feed>,
    /// Feeds this side has named.
    named: BTreeSet<FeedId>,
    theirs: BTreeMap<FeedId, Extent>,
    /// What is still to be sent in this turn: a feed, and from where.
    plan: VecDeque<(FeedId, u64)>,
    batch: Vec<Run>,
    batch_len: usize,
    /// Feeds that were asked for or refused in this meeting: none is asked for again, so that a meeting always ends.
    settled: BTreeSet<FeedId>,
    /// What the other side asked for, for the next turn.
    wanted: BTreeMap<FeedId, u64>,
    is_speaking: bool,
    has_greeted: bool,
    outputs: VecDeque<Output>,
    outcome: Outcome,
}

impl Session {
    /// A meeting in which this side holds `held` (only feeds that `member` shares are spoken of).
    pub fn new(side: Side, member: Member, held: Vec<Held>, now: UnixSeconds) -> Self {
        let held =
            held.into_iter().filter(|held| is_shared(&member, &held.feed)).map(|held| (held.feed.id(), held)).collect();
        Self {
            side,
            member,
            now,
            held,
            announced: BTreeMap::new(),
            named: BTreeSet::new(),
            theirs: BTreeMap::new(),
            plan: VecDeque::new(),
            batch: Vec::new(),
            batch_len: 0,
            settled: BTreeSet::new(),
            wanted: BTreeMap::new(),
            is_speaking: false,
            has_greeted: false,
            outputs: VecDeque::new(),
            outcome: Outcome::default(),
        }
    }

    /// The next thing to do, if there is one.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes in what happened.
    pub fn handle_input(&mut self, input: Input) -> Result<(), Broken> {
        match input {
            Input::Opened => self.open(),
            Input::Received(message) => self.receive(message)?,
            Input::Loaded(runs) => self.send_loaded(runs),
            Input::Stored(results) => self.note_stored(results),
        }
        Ok(())
    }

    fn open(&mut self) {
        if let Side::Caller { .. } = self.side {
            self.say_hello();
            let behind: Vec<_> = self
                .held
                .iter()
                .filter(|(_, held)| {
                    held.feed.public_key == self.member.public_key && held.receipted < held.extent.length
                })
                .map(|(id, held)| (*id, held.receipted))
                .collect();
            self.speak(behind);
        }
    }

    fn say_hello(&mut self) {
        self.has_greeted = true;
        let vector = self.held.iter().map(|(id, held)| (*id, held.extent)).collect();
        self.outputs.push_back(Output::Send(Message::Hello { version: VERSION, oldest: VERSION_OLDEST, vector }));
    }

    /// Begins a turn that sends these feeds from there on.
    fn speak(&mut self, plan: Vec<(FeedId, u64)>) {
        self.is_speaking = true;
        self.plan = plan.into();
        self.go_on();
    }

    /// Asks for the next piece, or ends the turn.
    fn go_on(&mut self) {
        if let Some((feed, from)) = self.plan.front() {
            self.outputs.push_back(Output::Load { feed: *feed, from: *from });
            return;
        }
        self.flush();
        self.is_speaking = false;
        let fingerprint = self.fingerprint();
        self.outputs.push_back(Output::Send(Message::Over { fingerprint }));
    }

    fn send_loaded(&mut self, runs: Vec<Run>) {
        let Some((feed, from)) = self.plan.pop_front() else { return };
        let target = self.held.get(&feed).map_or(0, |held| held.extent.length);
        let reached = runs.last().map_or(target, Run::last);
        for run in runs.into_iter().filter(|run| run.last() > from) {
            self.outcome.entries_sent += run.count;
            self.batch_len += run.body.len() + 96;
            self.batch.push(run);
            if self.batch_len >= BATCH_LEN || self.batch.len() == ITEMS_MAX {
                self.flush();
            }
        }
        if reached < target {
            self.plan.push_front((feed, reached));
        }
        self.go_on();
    }

    fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        for run in &self.batch {
            if let Some(held) = self.held.get(&run.feed).filter(|_| self.named.insert(run.feed)) {
                self.outputs.push_back(Output::Send(Message::Announce(held.feed.clone())));
            }
        }
        self.batch_len = 0;
        self.outputs.push_back(Output::Send(Message::Runs(std::mem::take(&mut self.batch))));
    }

    fn receive(&mut self, message: Message) -> Result<(), Broken> {
        if !self.has_greeted && !matches!(message, Message::Hello { .. } | Message::Unknown(_)) {
            return Err(Broken::OutOfTurn("nothing may be said before hello"));
        }
        match message {
            Message::Hello { version, oldest, vector } => {
                if version < VERSION_OLDEST || oldest > VERSION {
                    return Err(Broken::Version { theirs: version, oldest });
                }
                self.has_greeted = true;
                self.theirs = vector.into_iter().collect();
            }
            Message::Announce(feed) => {
                self.announced.insert(feed.id(), feed);
            }
            Message::Runs(runs) => self.take_runs(runs),
            Message::Receipts(receipts) => self.take_receipts(receipts),
            Message::Want { feed, length } => {
                if self.held.get(&feed).is_some_and(|held| held.extent.length > length) {
                    self.wanted.insert(feed, length);
                }
            }
            Message::Refused { feed, first, reason } => {
                self.outputs.push_back(Output::Told { feed, first, reason });
            }
            Message::Over { fingerprint } => {
                if self.is_speaking {
                    return Err(Broken::OutOfTurn("over"));
                }
                self.take_turn(fingerprint);
            }
            Message::Unknown(_) => {}
        }
        Ok(())
    }

    fn take_runs(&mut self, runs: Vec<Run>) {
        let mut good = Vec::new();
        for run in runs {
            let feed =
                self.announced.get(&run.feed).or_else(|| self.held.get(&run.feed).map(|held| &held.feed)).cloned();
            let Some(feed) = feed else {
                self.refuse(&run, "the feed was not announced");
                continue;
            };
            match self.may_take(&feed) {
                Ok(()) => good.push((feed, run)),
                Err(reason) => {
                    self.refuse(&run, reason);
                    self.outputs.push_back(Output::Quarantine { feed, run, reason });
                }
            }
        }
        if !good.is_empty() {
            self.outputs.push_back(Output::Store(good));
        }
    }

    /// Whether the other side may bring entries of this feed.
    fn may_take(&self, feed: &Feed) -> Result<(), &'static str> {
        let scope = &self.member.scope;
        match self.side {
            Side::Caller { .. } if is_shared(&self.member, feed) => Ok(()),
            Side::Caller { .. } => Err("this device may not hold that space"),
            Side::Hub { .. } if feed.public_key != self.member.public_key => {
                // What we once held and asked back for is welcome whoever wrote it.
                if is_shared(&self.member, feed) && self.held.contains_key(&feed.id()) {
                    Ok(())
                } else {
                    Err("the feed is not the device's own")
                }
            }
            Side::Hub { .. } if scope.allows(Action::Write, &feed.space) => Ok(()),
            Side::Hub { .. } => Err("the device may not write in that space"),
        }
    }

    fn refuse(&mut self, run: &Run, reason: &str) {
        self.settled.insert(run.feed);
        let refused = Message::Refused { feed: run.feed, first: run.first, reason: reason.to_owned() };
        self.outputs.push_back(Output::Send(refused));
    }

    fn note_stored(&mut self, results: Vec<(FeedId, u64, StoredAs)>) {
        let mut to_receipt = BTreeMap::new();
        for (id, first, stored) in results {
            match stored {
                StoredAs::Accepted(extent) | StoredAs::Known(extent) => {
                    let before = self.held.get(&id).map_or(0, |held| held.extent.length);
                    self.outcome.entries_received += extent.length.saturating_sub(before);
                    if let Some(held) = self.held.get_mut(&id) {
                        held.extent = extent;
                    } else if let Some(feed) = self.announced.get(&id).cloned() {
                        self.held.insert(id, Held { feed, extent, receipted: 0 });
                    }
                    to_receipt.insert(id, extent);
                }
                // The hub asks for what is missing when it speaks; a device hears it again at the next meeting.
                StoredAs::Gap(_) => {}
                StoredAs::Refused(reason) => {
                    self.settled.insert(id);
                    self.outputs.push_back(Output::Send(Message::Refused { feed: id, first, reason }));
                }
            }
        }
        self.send_receipts(to_receipt);
    }

    fn send_receipts(&mut self, extents: BTreeMap<FeedId, Extent>) {
        let Side::Hub { key } = &self.side else { return };
        let receipts: Vec<_> = extents
            .into_iter()
            .filter(|(_, extent)| extent.length > 0)
            .map(|(feed, extent)| Receipt::sign(feed, extent, Level::Received, self.now, key))
            .collect();
        for piece in receipts.chunks(ITEMS_MAX) {
            self.outputs.push_back(Output::Send(Message::Receipts(piece.to_vec())));
        }
    }

    fn take_receipts(&mut self, receipts: Vec<Receipt>) {
        let Side::Caller { hub } = &self.side else { return };
        // What the hub did not sign proves nothing; that it speaks of this very chain is checked where the chain is.
        let proven: Vec<_> = receipts.into_iter().filter(|receipt| receipt.is_by(hub)).collect();
        if !proven.is_empty() {
            self.outputs.push_back(Output::Keep(proven));
        }
    }

    /// The other side's turn is over.
    fn take_turn(&mut self, theirs: [u8; 32]) {
        match self.side {
            Side::Caller { .. } => {
                self.outcome.round_trips += 1;
                let wanted: Vec<_> = std::mem::take(&mut self.wanted).into_iter().collect();
                if wanted.is_empty() {
                    self.outcome.is_in_step = self.fingerprint() == theirs;
                    self.outputs.push_back(Output::Finished(self.outcome.clone()));
                } else {
                    self.speak(wanted);
                }
            }
            Side::Hub { .. } => {
                self.outcome.is_in_step = self.fingerprint() == theirs;
                self.outcome.round_trips += 1;
                let lacking: Vec<_> = self
                    .theirs
                    .iter()
                    .filter_map(|(id, extent)| {
                        let here = self.held.get(id).map_or(0, |held| held.extent.length);
                        (extent.length > here).then_some((*id, here))
                    })
                    .collect();
                for (feed, length) in lacking.into_iter().filter(|(feed, _)| self.settled.insert(*feed)) {
                    self.outputs.push_back(Output::Send(Message::Want { feed, length }));
                }
                // A device that lost a receipt gets it again.
                let known: BTreeMap<_, _> = self
                    .held
                    .iter()
                    .filter(|(id, held)| {
                        held.feed.public_key == self.member.public_key
                            && self.theirs.get(id).is_some_and(|extent| *extent == held.extent)
                    })
                    .map(|(id, held)| (*id, held.extent))
                    .collect();
                self.send_receipts(known);
                let missing: Vec<_> = self
                    .held
                    .iter()
                    .filter_map(|(id, held)| {
                        let there = self.theirs.get(id).map_or(0, |extent| extent.length);
                        (held.extent.length > there).then_some((*id, there))
                    })
                    .collect();
                for (id, _) in &missing {
                    // Told once; in a later turn the device counts from here.
                    let extent = self.held[id].extent;
                    self.theirs.insert(*id, extent);
                }
                self.speak(missing);
                self.outcome.is_in_step = false;
            }
        }
    }

    fn fingerprint(&self) -> [u8; 32] {
        fingerprint(self.held.iter().map(|(id, held)| (id, &held.extent)))
    }
}

/// Whether both the hub and `member` may hold `feed`: the member wrote it, or may read where it is written.
fn is_shared(member: &Member, feed: &Feed) -> bool {
    feed.public_key == member.public_key || member.scope.allows(Action::Read, &feed.space)
}

#[cfg(test)]
mod tests {
    use civic_core::{
        access::Role,
        area::Area,
        id::{DocId, Incarnation},
        space::{Audience, Space},
    };

    use super::*;
    use crate::run::{Entry, EntryKind};

    /// One side with its disk: a map of feeds to runs.
    struct Peer {
        key: SigningKey,
        held: BTreeMap<FeedId, (Held, Vec<Run>)>,
        told: Vec<String>,
    }

    impl Peer {
        fn new(seed: u8) -> Self {
            Self { key: SigningKey::from_bytes(&[seed; 32]), held: BTreeMap::new(), told: Vec::new() }
        }

        fn write(&mut self, area: &str, audience: Audience, words: &[&str]) {
            let feed = Feed {
                public_key: self.key.verifying_key().to_bytes(),
                incarnation: Incarnation::new([1; 16]),
                space: Space::new(Area::parse(area).unwrap(), audience),
            };
            let (held, runs) = self
                .held
                .entry(feed.id())
                .or_insert_with(|| (Held { extent: feed.genesis(), feed: feed.clone(), receipted: 0 }, Vec::new()));
            let entries: Vec<_> = words.iter().map(|word| entry(word)).collect();
            let (run, extent) = Run::sign(&feed, &held.extent, &entries, &self.key);
            held.extent = extent;
            runs.push(run);
        }

        fn session(&self, side: Side, member: &Member) -> Session {
            let held = self.held.values().map(|(held, _)| held.clone()).collect();
            Session::new(side, member.clone(), held, UnixSeconds(7))
        }

        fn entries(&self) -> u64 {
            self.held.values().map(|(held, _)| held.extent.length).sum()
        }

        fn store(&mut self, feed: Feed, run: Run) -> (FeedId, u64, StoredAs) {
            let id = feed.id();
            let (held, runs) = self
                .held
                .entry(id)
                .or_insert_with(|| (Held { extent: feed.genesis(), feed, receipted: 0 }, Vec::new()));
            let stored = if run.last() <= held.extent.length {
                StoredAs::Known(held.extent)
            } else if run.first > held.extent.length + 1 {
                StoredAs::Gap(held.extent.length)
            } else {
                match run.verify(&held.feed, &held.extent) {
                    Ok((_, extent)) => {
                        held.extent = extent;
                        runs.push(run.clone());
                        StoredAs::Accepted(extent)
                    }
                    Err(bad) => StoredAs::Refused(bad.to_string()),
                }
            };
            (id, run.first, stored)
        }

        /// Carries out what the session asks; returns what it says and how it ended.
        fn drain(&mut self, session: &mut Session) -> (Vec<Message>, Option<Outcome>) {
            let (mut said, mut finished) = (Vec::new(), None);
            while let Some(output) = session.poll_output() {
                match output {
                    Output::Send(message) => said.push(message),
                    Output::Load { feed, from } => {
                        let runs = self.held[&feed].1.iter().filter(|run| run.last() > from).cloned().collect();
                        session.handle_input(Input::Loaded(runs)).unwrap();
                    }
                    Output::Store(runs) => {
                        let results = runs.into_iter().map(|(feed, run)| self.store(feed, run)).collect();
                        session.handle_input(Input::Stored(results)).unwrap();
                    }
                    Output::Keep(receipts) => {
                        for receipt in receipts {
                            self.held.get_mut(&receipt.feed).unwrap().0.receipted = receipt.extent.length;
                        }
                    }
                    Output::Quarantine { reason, .. } => self.told.push(format!("kept apart: {reason}")),
                    Output::Told { reason, .. } => self.told.push(reason),
                    Output::Finished(outcome) => finished = Some(outcome),
                }
            }
            (said, finished)
        }
    }

    fn entry(word: &str) -> Entry {
        Entry {
            doc: DocId::new([1; 16]),
            kind: EntryKind::Change,
            at: UnixSeconds(5),
            payload: word.into(),
            is_erased: false,
        }
    }

    fn member(peer: &Peer, role: Role, area: &str) -> Member {
        let scope = Scope { role, areas: vec![Area::parse(area).unwrap()] };
        Member { public_key: peer.key.verifying_key().to_bytes(), scope }
    }

    /// Lets the two meet; every message crosses as bytes.
    fn meet(device: &mut Peer, hub: &mut Peer, member: &Member) -> Outcome {
        let mut caller = device.session(Side::Caller { hub: hub.key.verifying_key().to_bytes() }, member);
        let mut answerer = hub.session(Side::Hub { key: Box::new(hub.key.clone()) }, member);
        caller.handle_input(Input::Opened).unwrap();
        answerer.handle_input(Input::Opened).unwrap();
        let (mut said, mut finished) = device.drain(&mut caller);
        while finished.is_none() {
            assert!(!said.is_empty(), "the meeting stands still");
            let (answers, _) = hear(hub, &mut answerer, said);
            (said, finished) = hear(device, &mut caller, answers);
        }
        finished.unwrap()
    }

    /// Gives the messages one by one and carries out what each asks for before the next.
    fn hear(peer: &mut Peer, session: &mut Session, messages: Vec<Message>) -> (Vec<Message>, Option<Outcome>) {
        let (mut said, mut finished) = (Vec::new(), None);
        for message in messages {
            session.handle_input(Input::Received(cross(message))).unwrap();
            let (more, end) = peer.drain(session);
            said.extend(more);
            finished = finished.or(end);
        }
        (said, finished)
    }

    fn cross(message: Message) -> Message {
        let bytes = message.encode();
        let mut reader = civic_core::codec::Reader::new(&bytes);
        let number = reader.varint().unwrap();
        let again = Message::decode(number, reader.bytes(bytes.len()).unwrap()).unwrap();
        assert_eq!(again, message);
        again
    }

    const VILLAGE: &str = "990101101201";

    #[test]
    fn one_round_trip_brings_both_sides_into_step() {
        let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
        kiosk.write(VILLAGE, Audience::Deputies, &["路坏了", "桥也坏了"]);
        hub.write(VILLAGE, Audience::Public, &["已受理"]);
        let member = member(&kiosk, Role::Kiosk, VILLAGE);
        let outcome = meet(&mut kiosk, &mut hub, &member);
        let expected = Outcome { is_in_step: true, round_trips: 1, entries_sent: 2, entries_received: 1 };
        assert_eq!(outcome, expected);
        assert!(
            kiosk.held.values().all(|(held, _)| held.feed.space.audience == Audience::Public || held.receipted == 2)
        );
        let again = meet(&mut kiosk, &mut hub, &member);
        assert_eq!(again, Outcome { is_in_step: true, round_trips: 1, ..Outcome::default() });
    }

    #[test]
    fn a_hub_restored_from_an_old_backup_asks_for_what_it_lost() {
        let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
        kiosk.write(VILLAGE, Audience::Deputies, &["一"]);
        let member = member(&kiosk, Role::Kiosk, VILLAGE);
        meet(&mut kiosk, &mut hub, &member);
        hub.held.clear();
        let outcome = meet(&mut kiosk, &mut hub, &member);
        assert_eq!((outcome.is_in_step, outcome.round_trips, hub.entries()), (true, 2, 1));
    }

    #[test]
    fn a_kiosk_receives_nothing_that_others_said_and_a_deputy_does() {
        let (mut one, mut hub) = (Peer::new(1), Peer::new(2));
        one.write(VILLAGE, Audience::Deputies, &["一"]);
        one.write(VILLAGE, Audience::County, &["封"]);
        let first = member(&one, Role::Kiosk, VILLAGE);
        meet(&mut one, &mut hub, &first);
        let (mut kiosk, mut deputy) = (Peer::new(3), Peer::new(4));
        let second = member(&kiosk, Role::Kiosk, VILLAGE);
        assert!(meet(&mut kiosk, &mut hub, &second).is_in_step);
        assert_eq!(kiosk.entries(), 0);
        let third = member(&deputy, Role::Deputy, &VILLAGE[..9]);
        assert!(meet(&mut deputy, &mut hub, &third).is_in_step);
        assert_eq!(deputy.entries(), 1);
    }

    #[test]
    fn what_may_not_be_written_is_kept_apart_and_told_and_the_rest_goes_on() {
        let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
        kiosk.write("990101101299", Audience::Deputies, &["别村"]);
        kiosk.write(VILLAGE, Audience::Deputies, &["本村"]);
        let member = member(&kiosk, Role::Kiosk, VILLAGE);
        let outcome = meet(&mut kiosk, &mut hub, &member);
        assert!(!outcome.is_in_step);
        assert_eq!(hub.entries(), 1);
        assert_eq!(hub.told, ["kept apart: the device may not write in that space"]);
        assert!(kiosk.told.iter().any(|reason| reason.contains("may not write")));
    }

    #[test]
    fn a_version_that_nobody_shares_is_said_plainly() {
        let (kiosk, hub) = (Peer::new(1), Peer::new(2));
        let member = member(&kiosk, Role::Kiosk, VILLAGE);
        let mut session = hub.session(Side::Hub { key: Box::new(hub.key.clone()) }, &member);
        let hello = Message::Hello { version: 9, oldest: 8, vector: Vec::new() };
        let broken = session.handle_input(Input::Received(hello)).unwrap_err();
        assert_eq!(broken, Broken::Version { theirs: 9, oldest: 8 });
    }

    #[test]
    fn nothing_is_taken_from_someone_who_did_not_greet() {
        let (kiosk, hub) = (Peer::new(1), Peer::new(2));
        let member = member(&kiosk, Role::Kiosk, VILLAGE);
        let mut session = hub.session(Side::Hub { key: Box::new(hub.key.clone()) }, &member);
        assert!(session.handle_input(Input::Received(Message::Runs(Vec::new()))).is_err());
    }
}
