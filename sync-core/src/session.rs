//! One meeting of a device with its hub, in turns.
//!
//! The device calls and speaks first: what it has heard of this hub before, at once the runs that no receipt covers, and a
//! fingerprint of all that both may hold. Then the hub speaks: receipts, what has arrived since and the device may read,
//! and its own fingerprint. If the two agree the meeting is over after one round trip, and nothing in it grew with the
//! number of documents, feeds or villages.
//!
//! ```text
//! device                                        hub
//! Hello, Announce, Runs…, Over  ───────────────►
//!        ◄───────────────  Receipts, Announce, Runs…, Mark, Over
//! ```
//!
//! If they do not agree (a hub restored from a backup, a widened scope, a damaged disk) the device says its fingerprint of
//! every space, the hub how far it holds the feeds of those that differ, and what either lacks is sent:
//!
//! ```text
//! Spaces, Over                  ───────────────►
//!        ◄───────────────  Vector…, Over
//! Want…, Announce, Runs…, Over  ───────────────►
//!        ◄───────────────  Receipts, Announce, Runs…, Over
//! ```
//!
//! Because only one side speaks at a time, neither can block the other; receipts and refusals alone may come at any time.
//! Work is idempotent: a meeting that breaks off costs time and never data. What was acknowledged is not sent again: a hub says at
//! once if it holds more than the device knows, and marks how far it has come with what it sends.
//!
//! The shell gives one [`Input`] at a time and carries out every [`Output`] before the next.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use civic_core::{
    access::{Action, Role, Scope},
    planted::{self, Bug},
    space::Space,
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;

use crate::{
    catalog::{Fingerprint, Held, Shared},
    feed::{Extent, Feed, FeedId},
    hub_time::HubTime,
    message::{Cursor, ITEMS_MAX, Message, NAMED_MAX, ShortExtent, VERSION, VERSION_OLDEST},
    receipt::{Level, Receipt},
    run::{RUN_BODY_LEN_MAX, Run},
    status::Status,
};

/// Runs are gathered into one message until it is about this long.
const BATCH_LEN: usize = 256 * 1024;
/// The first runs of a meeting are joined up to so long a body, and each later load up to twice the one before, at most
/// [`RUN_BODY_LEN_MAX`]: what a broken road throws away stays small on slow roads, and fast roads compress best.
const BODY_LEN_FIRST: usize = 128 * 1024;

/// Feeds and spaces that a hub takes down in one meeting because the caller names them: those that it announces, refuses, or
/// sends of without announcing them, and those whose fingerprints it says. Each start of a program begins new feeds, so a hub
/// beneath another one that brings back the years of a county has more. Beyond it the meeting ends; the runs that came before
/// are stored, and what they are of is named no more: the next meeting goes on from there.
const NAMES_MAX: usize = 4 * NAMED_MAX;

/// Why a run without its payloads is not taken.
pub const BARE: &str = "payloads are missing, and the county did not say that they were erased";

/// The device that calls, by whose rights the meeting is held. Both sides know it alike.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// What it may read and write.
    pub scope: Scope,
    /// The keys that it had before it was enrolled anew: what they wrote is its own.
    pub former: Vec<[u8; 32]>,
}

impl Member {
    /// A device that never had another key.
    pub fn new(public_key: [u8; 32], scope: Scope) -> Self {
        Self { public_key, scope, former: Vec::new() }
    }

    /// Every key that it has and had.
    pub fn keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        [&self.public_key].into_iter().chain(&self.former)
    }

    /// Whether a feed is its own.
    pub fn wrote(&self, feed: &Feed) -> bool {
        self.keys().any(|key| *key == feed.public_key)
    }

    /// Whether it brings a space in which it wrote: a hub beneath another one has spaces of its own outside of its prefix,
    /// which are nothing to the hub above; a device brings everything, also from where it works no longer.
    pub fn brings(&self, space: &Space) -> bool {
        self.scope.role != Role::Hub || self.scope.allows(Action::Write, space)
    }
}

/// How a key stands with the county.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It belongs to a device, with these rights.
    Member(Scope),
    /// Its device had these rights and was struck off then.
    StruckOff {
        /// The rights.
        scope: Scope,
        /// Since when, by the hub's clock.
        at: UnixSeconds,
    },
    /// Nobody here knows it, and this hub is beneath another one, which may: what it wrote comes from there.
    Elsewhere,
    /// Nobody here knows it.
    Stranger,
}

/// Whom a hub knows: whose entries it takes from somebody else's hands.
pub trait Authors: Send + Sync {
    /// How this key stands.
    fn standing(&self, public_key: &[u8; 32]) -> Standing;

    /// The rights of the device with this key; `None` for a stranger or one that was struck off.
    fn scope(&self, public_key: &[u8; 32]) -> Option<Scope> {
        match self.standing(public_key) {
            Standing::Member(scope) => Some(scope),
            Standing::StruckOff { .. } | Standing::Elsewhere | Standing::Stranger => None,
        }
    }

    /// The keys that the device with this key had before it was enrolled anew.
    fn former(&self, _public_key: &[u8; 32]) -> Vec<[u8; 32]> {
        Vec::new()
    }

    /// The device with this key as it takes part in a meeting; `None` for a stranger or one that was struck off.
    fn member(&self, public_key: &[u8; 32]) -> Option<Member> {
        let scope = self.scope(public_key)?;
        Some(Member { public_key: *public_key, scope, former: self.former(public_key) })
    }
}

/// Which side this is.
pub enum Side {
    /// The device that calls.
    Caller {
        /// Ed25519 public key of the hub, the only one whose receipts are believed.
        hub: [u8; 32],
        /// What was heard of this hub before.
        cursor: Option<Cursor>,
        /// How many bytes of packed runs of others its disk has room for.
        room: u64,
        /// What it says of itself this time.
        status: Option<Status>,
    },
    /// The hub.
    Hub {
        /// Signs receipts.
        key: Box<SigningKey>,
        /// Drawn when its log began.
        epoch: [u8; 8],
        /// The place that its newest verified backup reaches; 0 while there is none.
        kept: u64,
        /// Whose entries it takes.
        authors: Arc<dyn Authors>,
    },
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
    /// Payloads of it are missing, and no tombstone of the county that is here says that they were erased; so many entries
    /// are here.
    Bare(u64),
    /// It was kept apart, with this reason.
    Refused(String),
}

/// Everything that can happen in a meeting.
#[derive(Debug)]
pub enum Input {
    /// The road is open.
    Opened,
    /// What the caller had to say was said before, in a [parcel](crate::parcel): it only listens.
    Spoken,
    /// The other side said something.
    Received(Message),
    /// Answer to [`Output::Load`].
    Loaded(Vec<Run>),
    /// Answer to [`Output::LoadNews`]: runs and the feeds of those that begin one, and the place that they reach.
    LoadedNews {
        /// The runs.
        runs: Vec<Run>,
        /// The place.
        reached: u64,
    },
    /// Answer to [`Output::Store`], a line for each run.
    Stored(Vec<(FeedId, u64, StoredAs)>),
    /// Answer to [`Output::Keep`]: feeds of this chain, and how far they are now proven to be received.
    Kept(Vec<(FeedId, u64)>),
}

/// Everything a meeting can ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Say this.
    Send(Message),
    /// Give the runs of a feed behind its first `from` entries and not beyond `until`, at least one if there is any, joined
    /// up to `body_max` bytes, as [`Input::Loaded`].
    Load {
        /// The feed.
        feed: FeedId,
        /// How many entries the other side has.
        from: u64,
        /// How many there were when the meeting began.
        until: u64,
        /// How long bodies may be joined, and about how much to give.
        body_max: usize,
    },
    /// Give the runs of these feeds that arrived after `after` and not beyond `until`, in that order, as
    /// [`Input::LoadedNews`].
    LoadNews {
        /// The feeds.
        feeds: Arc<BTreeSet<FeedId>>,
        /// The place that was reached.
        after: u64,
        /// The newest place when the meeting began.
        until: u64,
        /// How long bodies may be joined, and about how much to give.
        body_max: usize,
    },
    /// Put these runs on the disk and answer with [`Input::Stored`] when they are there.
    Store {
        /// The runs, each with its feed.
        runs: Vec<(Feed, Run)>,
        /// Whether this side's hub brings them, whose word it is what was erased.
        is_from_above: bool,
    },
    /// Keep these receipts; the hub signed them. Answer with [`Input::Kept`].
    Keep(Vec<Receipt>),
    /// What was heard of the hub so far is on this side's disk: remember it.
    Remember {
        /// Ed25519 public key of the hub.
        hub: [u8; 32],
        /// How far.
        cursor: Cursor,
    },
    /// Keep this run apart with its reason.
    Quarantine {
        /// Its feed.
        feed: Feed,
        /// The run.
        run: Run,
        /// Why.
        reason: &'static str,
    },
    /// At a device: the hub kept something of ours apart, or holds another feed of this name.
    Told {
        /// The feed.
        feed: FeedId,
        /// The first entry concerned.
        first: u64,
        /// Why, in words.
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
    /// Whether the device had no room for everything that it may read.
    pub is_full: bool,
    /// At the hub: what the device said of itself.
    pub status: Option<Status>,
    /// At the device: what time the hub says it is.
    pub hub_time: Option<UnixSeconds>,
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
    /// The caller named more feeds and spaces than a hub takes down.
    #[error("the other side named more than {NAMES_MAX} feeds and spaces in one meeting")]
    TooManyNames,
}

/// What is still to be sent in a turn.
#[derive(Debug)]
enum Load {
    /// A feed of the caller's own, from there on or from where the hub turns out to hold it.
    Behind(FeedId, u64),
    /// A feed that the other side asked for, from there on.
    Feed(FeedId, u64),
    /// What arrived after a place, of these feeds.
    News(Arc<BTreeSet<FeedId>>, u64),
}

/// One meeting.
pub struct Session {
    side: Side,
    member: Member,
    now: UnixSeconds,
    shared: Shared,
    /// Feeds the other side has named in this meeting.
    announced: BTreeMap<FeedId, Feed>,
    /// At the hub: how many names it took down that the caller gave.
    names: usize,
    /// Feeds this side has named.
    named: BTreeSet<FeedId>,
    plan: VecDeque<Load>,
    body_max: usize,
    batch: Vec<Run>,
    batch_len: usize,
    /// Feeds that came with entries missing before them, and how much of them is here.
    lacking: BTreeMap<FeedId, u64>,
    /// Of these, those that came without payloads, and the first entry of the run.
    bare: BTreeMap<FeedId, u64>,
    /// Feeds that were asked for in this meeting, and how much had come by then: only if something came since is one asked
    /// for again, so that a meeting always ends.
    asked: BTreeMap<FeedId, u64>,
    /// What the other side asked for, for the next turn.
    wanted: BTreeMap<FeedId, u64>,
    /// At the caller: what the hub holds of the spaces that differ. At the hub: the fingerprints that the caller said.
    vectors: BTreeMap<Space, BTreeMap<FeedId, ShortExtent>>,
    spaces: Option<BTreeMap<Space, Fingerprint>>,
    /// At the caller: how far the hub has come. At the hub: what the caller had heard.
    mark: Option<Cursor>,
    /// Whether everything that came so far was stored.
    is_whole: bool,
    /// How many bytes of packed runs the caller still has room for.
    room: u64,
    /// At the hub: whether the caller was told everything that it may read, so that a mark is true.
    has_told_all: bool,
    has_compared: bool,
    is_speaking: bool,
    has_greeted: bool,
    has_answered: bool,
    outputs: VecDeque<Output>,
    outcome: Outcome,
}

impl Session {
    /// A meeting in which this side holds `shared` in common with the member.
    pub fn new(side: Side, member: Member, shared: Shared, now: UnixSeconds) -> Self {
        Self {
            side,
            member,
            now,
            shared,
            announced: BTreeMap::new(),
            names: 0,
            named: BTreeSet::new(),
            plan: VecDeque::new(),
            body_max: BODY_LEN_FIRST,
            batch: Vec::new(),
            batch_len: 0,
            lacking: BTreeMap::new(),
            bare: BTreeMap::new(),
            asked: BTreeMap::new(),
            wanted: BTreeMap::new(),
            vectors: BTreeMap::new(),
            spaces: None,
            mark: None,
            is_whole: true,
            room: u64::MAX,
            has_told_all: true,
            has_compared: false,
            is_speaking: false,
            has_greeted: false,
            has_answered: false,
            outputs: VecDeque::new(),
            outcome: Outcome::default(),
        }
    }

    /// The next thing to do, if there is one.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What came of it so far.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Takes in what happened.
    pub fn handle_input(&mut self, input: Input) -> Result<(), Broken> {
        match input {
            Input::Opened => self.open(),
            Input::Spoken => self.has_greeted = true,
            Input::Received(message) => self.receive(message)?,
            Input::Loaded(runs) => self.send_loaded(runs),
            Input::LoadedNews { runs, reached } => self.send_news(runs, reached),
            Input::Stored(results) => self.note_stored(results),
            Input::Kept(proven) => self.note_kept(proven),
        }
        Ok(())
    }

    fn say(&mut self, message: Message) {
        self.outputs.push_back(Output::Send(message));
    }

    fn open(&mut self) {
        let Side::Caller { cursor, room, status, .. } = &mut self.side else { return };
        let (cursor, status) = (*cursor, status.take());
        self.has_greeted = true;
        self.room = *room;
        let room = self.room;
        let behind: Vec<_> = self
            .shared
            .written_by(&self.member)
            .filter(|(id, held)| held.receipted < held.extent.length && !self.shared.is_left_out(id))
            .filter(|(_, held)| !planted::is(Bug::BeginningsForgotten) || held.receipted > 0)
            .filter(|(_, held)| self.member.brings(&held.feed.space))
            .map(|(id, held)| (id, held.receipted))
            .take(NAMED_MAX)
            .collect();
        let left_out = self.shared.left_out().take(NAMED_MAX).collect();
        let sent = behind.clone();
        self.say(Message::Hello { version: VERSION, oldest: VERSION_OLDEST, cursor, behind, left_out, room });
        status.into_iter().for_each(|status| self.say(Message::Status(status)));
        self.speak(sent.into_iter().map(|(id, from)| Load::Behind(id, from)).collect());
    }

    /// Begins a turn that sends these.
    fn speak(&mut self, plan: VecDeque<Load>) {
        self.is_speaking = true;
        self.plan = plan;
        self.go_on();
    }

    /// Asks for the next piece, or ends the turn.
    fn go_on(&mut self) {
        while let Some(load) = self.plan.front() {
            let body_max = self.body_max;
            let asked = match load {
                Load::Behind(feed, from) | Load::Feed(feed, from) => {
                    let held = self.shared.get(feed);
                    let until = held.map_or(0, |held| held.extent.length);
                    let from = match load {
                        Load::Behind(..) => (*from).max(held.map_or(0, |held| held.receipted)),
                        Load::Feed(..) | Load::News(..) => *from,
                    };
                    (from < until).then_some(Output::Load { feed: *feed, from, until, body_max })
                }
                Load::News(feeds, after) => {
                    let (until, after) = (place(self.shared.row()), *after);
                    (after < until).then(|| Output::LoadNews { feeds: feeds.clone(), after, until, body_max })
                }
            };
            if let Some(asked) = asked {
                self.body_max = (self.body_max * 2).min(RUN_BODY_LEN_MAX);
                self.outputs.push_back(asked);
                return;
            }
            self.plan.pop_front();
        }
        self.flush();
        self.is_speaking = false;
        if let (Side::Hub { epoch, kept, .. }, false) = (&self.side, self.has_answered) {
            self.has_answered = true;
            let mark = Cursor { epoch: *epoch, row: place(self.shared.row()), kept: *kept };
            if self.has_told_all && self.mark != Some(mark) {
                self.say(Message::Mark(mark));
            }
        }
        let fingerprint = self.shared.fingerprint();
        self.say(Message::Over { fingerprint });
    }

    fn send_loaded(&mut self, runs: Vec<Run>) {
        // Nothing may be there: it was pruned, and whoever wants it has it in a backup.
        if let (Some(load), Some(reached)) = (self.plan.pop_front(), runs.last().map(Run::last)) {
            self.plan.push_front(match load {
                Load::Behind(feed, _) => Load::Behind(feed, reached),
                Load::Feed(feed, _) => Load::Feed(feed, reached),
                Load::News(..) => load,
            });
        }
        runs.into_iter().for_each(|run| self.send_run(run));
        self.go_on();
    }

    fn send_news(&mut self, runs: Vec<Run>, reached: u64) {
        let Some(Load::News(feeds, _)) = self.plan.pop_front() else { return };
        let len = runs.iter().map(|run| run.body.len() as u64).sum();
        runs.into_iter().for_each(|run| self.send_run(run));
        self.flush();
        self.room = self.room.saturating_sub(len);
        if let Side::Hub { epoch, .. } = &self.side
            && reached < place(self.shared.row())
        {
            let kept = self.mark.map_or(0, |mark| mark.kept);
            let mark = Cursor { epoch: *epoch, row: reached, kept };
            self.say(Message::Mark(mark));
            // What there is no room for waits here until there is.
            self.has_told_all = self.room > 0;
            if self.has_told_all {
                self.plan.push_front(Load::News(feeds, reached));
            }
        }
        self.go_on();
    }

    fn send_run(&mut self, run: Run) {
        self.outcome.entries_sent += run.count;
        self.batch_len += run.body.len() + 96;
        self.batch.push(run);
        if self.batch_len >= BATCH_LEN || self.batch.len() == ITEMS_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.batch_len = 0;
        if batch.is_empty() {
            return;
        }
        for run in batch.iter().filter(|run| run.first == 1) {
            if let Some(held) = self.shared.get(&run.feed).filter(|_| self.named.insert(run.feed)) {
                self.outputs.push_back(Output::Send(Message::Announce(held.feed.clone())));
            }
        }
        self.say(Message::Runs(batch));
    }

    fn receive(&mut self, message: Message) -> Result<(), Broken> {
        if !self.has_greeted && !matches!(message, Message::Hello { .. } | Message::Unknown(_)) {
            return Err(Broken::OutOfTurn("nothing may be said before hello"));
        }
        match message {
            Message::Hello { version, oldest, cursor, behind, left_out, room } => {
                if version < VERSION_OLDEST || oldest > VERSION {
                    return Err(Broken::Version { theirs: version, oldest });
                }
                self.room = room;
                self.greet(cursor, &behind, left_out)?;
            }
            Message::Announce(feed) => {
                if self.announced.insert(feed.id(), feed).is_none() {
                    self.count_names(1)?;
                }
            }
            Message::Runs(runs) => self.take_runs(runs)?,
            Message::Receipts(receipts) => self.take_receipts(receipts),
            Message::Want { feed, length } => {
                if self.shared.get(&feed).is_some_and(|held| held.extent.length > length) {
                    self.wanted.insert(feed, length);
                }
            }
            Message::Refused { feed, first, reason } => {
                if !self.shared.is_left_out(&feed) {
                    self.count_names(1)?;
                }
                self.shared.leave_out(feed);
                // What one caller does not take others go on to bring: a hub leaves it out of this meeting alone.
                if let Side::Caller { .. } = self.side {
                    self.outputs.push_back(Output::Told { feed, first, reason });
                }
            }
            Message::Over { fingerprint } => {
                if self.is_speaking {
                    return Err(Broken::OutOfTurn("over"));
                }
                match self.side {
                    Side::Caller { .. } => self.hear_hub(fingerprint),
                    Side::Hub { .. } => self.answer(fingerprint),
                }
            }
            Message::Mark(cursor) => self.take_mark(cursor),
            Message::Spaces(spaces) => self.take_spaces(spaces)?,
            Message::Vector { space, feeds } => self.take_vector(space, feeds),
            Message::Status(status) => self.outcome.status = Some(status),
            Message::Time(time) => self.take_time(&time),
            Message::Unknown(_) if planted::is(Bug::NewerBreaks) => return Err(Broken::OutOfTurn("unknown")),
            Message::Unknown(_) => {}
        }
        Ok(())
    }

    /// The hub hears who calls, and says at once what it holds beyond the caller's receipts.
    fn greet(&mut self, cursor: Option<Cursor>, behind: &[(FeedId, u64)], left_out: Vec<FeedId>) -> Result<(), Broken> {
        if self.has_greeted {
            return Err(Broken::OutOfTurn("hello twice"));
        }
        self.has_greeted = true;
        self.mark = cursor;
        left_out.into_iter().for_each(|id| self.shared.leave_out(id));
        let known = behind.iter().filter_map(|(id, receipted)| {
            let held = self.own(id).filter(|held| held.extent.length > *receipted)?;
            Some((*id, held.extent))
        });
        let known: BTreeMap<_, _> = known.collect();
        self.send_receipts(&known, Level::Received);
        Ok(())
    }

    fn own(&self, id: &FeedId) -> Option<&Held> {
        self.shared.get(id).filter(|held| self.member.wrote(&held.feed))
    }

    /// The hub sets memory aside for what a caller names, whether there is anything of that name or not.
    fn count_names(&mut self, names: usize) -> Result<(), Broken> {
        let Side::Hub { .. } = self.side else { return Ok(()) };
        self.names += names;
        if self.names > NAMES_MAX { Err(Broken::TooManyNames) } else { Ok(()) }
    }

    fn take_spaces(&mut self, spaces: Vec<(Space, Fingerprint)>) -> Result<(), Broken> {
        let Side::Hub { .. } = self.side else { return Ok(()) };
        self.count_names(spaces.len())?;
        self.spaces.get_or_insert_default().extend(spaces);
        Ok(())
    }

    fn take_vector(&mut self, space: Space, feeds: Vec<(FeedId, ShortExtent)>) {
        let Side::Caller { .. } = self.side else { return };
        self.vectors.entry(space).or_default().extend(feeds);
    }

    fn take_runs(&mut self, runs: Vec<Run>) -> Result<(), Broken> {
        let mut good = Vec::new();
        for run in runs {
            let feed = self.announced.get(&run.feed).or_else(|| self.shared.get(&run.feed).map(|held| &held.feed));
            let Some(feed) = feed.cloned() else {
                // It was announced in a meeting that is forgotten here: from its beginning it will be announced again.
                if self.lacking.insert(run.feed, 0).is_none() {
                    self.count_names(1)?;
                }
                self.is_whole = false;
                continue;
            };
            if self.is_for_above(&feed) {
                self.is_whole = false;
                continue;
            }
            match self.may_take(&feed, &run) {
                Ok(()) => {
                    if !self.member.wrote(&feed) {
                        self.room = self.room.saturating_sub(run.body.len() as u64);
                    }
                    good.push((feed, run));
                }
                Err(reason) => {
                    self.refuse(run.feed, run.first, reason.to_owned());
                    self.outputs.push_back(Output::Quarantine { feed, run, reason });
                }
            }
        }
        if !good.is_empty() {
            let is_from_above = matches!(self.side, Side::Caller { .. });
            self.outputs.push_back(Output::Store { runs: good, is_from_above });
        }
        Ok(())
    }

    /// Whether only the hub above this one can tell who wrote that: what was lost here comes back from there.
    fn is_for_above(&self, feed: &Feed) -> bool {
        let Side::Hub { key, authors, .. } = &self.side else { return false };
        let is_mine = feed.public_key == key.verifying_key().to_bytes();
        !is_mine
            && !self.member.wrote(feed)
            && self.member.scope.allows(Action::Read, &feed.space)
            && authors.standing(&feed.public_key) == Standing::Elsewhere
    }

    /// Whether the other side may bring this run of this feed.
    fn may_take(&self, feed: &Feed, run: &Run) -> Result<(), &'static str> {
        if planted::is(Bug::FutureRefused) && !run.is_dated_until(UnixSeconds(self.now.0 + 86_400)) {
            return Err("it is dated in the future");
        }
        let may_read = self.member.scope.allows(Action::Read, &feed.space) || planted::is(Bug::ForeignTaken);
        let is_own = self.member.wrote(feed);
        match &self.side {
            Side::Caller { .. } if may_read || is_own => Ok(()),
            Side::Caller { .. } => Err("this device may not hold that space"),
            // One that was struck off has no road; its parcels are still heard.
            Side::Hub { authors, .. } if feed.public_key == self.member.public_key => {
                match authors.standing(&feed.public_key) {
                    off @ Standing::StruckOff { .. } => may_have_written(off, feed, Some(run)),
                    Standing::Member(_) | Standing::Elsewhere | Standing::Stranger
                        if self.member.scope.allows(Action::Write, &feed.space) =>
                    {
                        Ok(())
                    }
                    Standing::Member(_) | Standing::Elsewhere | Standing::Stranger => {
                        Err("the device may not write in that space")
                    }
                }
            }
            // What it wrote under a key before it brings itself, also from where it works no longer; for whom a hub beneath
            // struck off it brings what they date before.
            Side::Hub { authors, .. } if is_own => {
                let brought = (self.member.scope.role == Role::Hub).then_some(run);
                may_have_written(authors.standing(&feed.public_key), feed, brought)
            }
            Side::Hub { .. } if !may_read => Err("the feed is not the device's own"),
            // What this hub lost and the device still holds is welcome, whoever wrote it with the right to.
            Side::Hub { key, .. } if feed.public_key == key.verifying_key().to_bytes() => Ok(()),
            Side::Hub { authors, .. } => may_have_written(authors.standing(&feed.public_key), feed, Some(run)),
        }
    }

    fn refuse(&mut self, feed: FeedId, first: u64, reason: String) {
        self.is_whole = false;
        self.shared.leave_out(feed);
        self.say(Message::Refused { feed, first, reason });
    }

    fn note_stored(&mut self, results: Vec<(FeedId, u64, StoredAs)>) {
        let mut to_receipt = BTreeMap::new();
        for (id, first, stored) in results {
            match stored {
                StoredAs::Accepted(extent) | StoredAs::Known(extent) => {
                    let before = self.shared.get(&id).cloned().or_else(|| {
                        let feed = self.announced.get(&id)?.clone();
                        Some(Held::new(feed))
                    });
                    let Some(mut held) = before else { continue };
                    self.outcome.entries_received += extent.length.saturating_sub(held.extent.length);
                    if extent.length >= held.extent.length {
                        held.extent = extent;
                    }
                    to_receipt.insert(id, held.extent);
                    self.shared.put(held);
                }
                StoredAs::Gap(length) => {
                    self.lacking.insert(id, length);
                    self.is_whole = false;
                }
                StoredAs::Bare(length) => {
                    self.lacking.insert(id, length);
                    self.bare.entry(id).or_insert(first);
                    self.is_whole = false;
                }
                StoredAs::Refused(reason) => self.refuse(id, first, reason),
            }
        }
        self.send_receipts(&to_receipt, Level::Received);
    }

    /// Of what came without its payloads, refuses what stays unexplained: the caller has sent everything that this hub
    /// lacks, and nothing came since the feed was asked for.
    fn refuse_bare(&mut self) {
        let received = self.outcome.entries_received;
        for (id, first) in std::mem::take(&mut self.bare) {
            if self.has_compared && self.asked.get(&id) == Some(&received) {
                self.lacking.remove(&id);
                self.refuse(id, first, BARE.to_owned());
            }
        }
    }

    /// Of these feeds, those to be asked for now.
    fn ask(&mut self, lacking: BTreeMap<FeedId, u64>) -> Vec<(FeedId, u64)> {
        let received = self.outcome.entries_received;
        lacking.into_iter().filter(|(id, _)| self.asked.insert(*id, received) != Some(received)).collect()
    }

    fn send_receipts(&mut self, extents: &BTreeMap<FeedId, Extent>, level: Level) {
        let Side::Hub { key, .. } = &self.side else { return };
        let receipts: Vec<_> = extents
            .iter()
            .filter(|(_, extent)| extent.length > 0)
            .map(|(feed, extent)| Receipt::sign(*feed, *extent, level, self.now, key))
            .collect();
        let given = if planted::is(Bug::ReceiptOfOneFeed) { receipts.len().min(1) } else { receipts.len() };
        for piece in receipts[..given].chunks(ITEMS_MAX) {
            self.outputs.push_back(Output::Send(Message::Receipts(piece.to_vec())));
        }
    }

    fn take_receipts(&mut self, receipts: Vec<Receipt>) {
        let Side::Caller { hub, .. } = &self.side else { return };
        // What the hub did not sign proves nothing; that it speaks of this very chain is checked where the chain is.
        let proven: Vec<_> = receipts.into_iter().filter(|receipt| receipt.is_by(hub)).collect();
        if !proven.is_empty() {
            self.outputs.push_back(Output::Keep(proven));
        }
    }

    fn note_kept(&mut self, proven: Vec<(FeedId, u64)>) {
        for (id, length) in proven {
            if let Some(mut held) = self.shared.get(&id).cloned() {
                held.receipted = held.receipted.max(length);
                self.shared.put(held);
            }
        }
    }

    fn take_mark(&mut self, mark: Cursor) {
        let Side::Caller { cursor, .. } = &self.side else { return };
        // A hub of another epoch may lack what its mark passes over: that is remembered only once both agree.
        self.is_whole &= cursor.is_none_or(|cursor| cursor.epoch == mark.epoch);
        self.mark = Some(mark);
        if self.is_whole {
            self.remember(mark);
        }
    }

    /// What the hub did not sign is not its time.
    fn take_time(&mut self, time: &HubTime) {
        if let Side::Caller { hub, .. } = &self.side
            && time.is_by(hub)
        {
            self.outcome.hub_time = Some(time.at);
        }
    }

    fn remember(&mut self, cursor: Cursor) {
        if let Side::Caller { hub, .. } = self.side {
            self.outputs.push_back(Output::Remember { hub, cursor });
        }
    }

    /// At the caller: the hub's turn is over.
    fn hear_hub(&mut self, theirs: Fingerprint) {
        self.outcome.round_trips += 1;
        self.outcome.is_in_step = self.shared.fingerprint() == theirs;
        let mut plan: BTreeMap<FeedId, u64> = std::mem::take(&mut self.wanted);
        let lacking = std::mem::take(&mut self.lacking);
        let wants = self.compare(&mut plan, lacking);
        if !plan.is_empty() || !wants.is_empty() {
            wants.into_iter().for_each(|(feed, length)| self.say(Message::Want { feed, length }));
            self.speak(plan.into_iter().map(|(feed, from)| Load::Feed(feed, from)).collect());
        } else if self.outcome.is_in_step || self.has_compared || self.room == 0 {
            self.outcome.is_full = self.room == 0 && !self.outcome.is_in_step;
            if let Some(mark) = self.mark.filter(|_| self.outcome.is_in_step && !self.is_whole) {
                self.remember(mark);
            }
            self.outcome.is_in_step &= self.shared.left_out().next().is_none();
            self.outputs.push_back(Output::Finished(self.outcome.clone()));
        } else {
            self.has_compared = true;
            let spaces: Vec<_> = self.shared.by_space().into_iter().collect();
            if spaces.is_empty() {
                self.say(Message::Spaces(Vec::new()));
            }
            spaces.chunks(NAMED_MAX).for_each(|piece| self.say(Message::Spaces(piece.to_vec())));
            self.speak(VecDeque::new());
        }
    }

    /// What the caller will ask for; into `plan` goes what the hub lacks.
    fn compare(&mut self, plan: &mut BTreeMap<FeedId, u64>, lacking: BTreeMap<FeedId, u64>) -> Vec<(FeedId, u64)> {
        let mut wants = lacking;
        for (space, theirs) in std::mem::take(&mut self.vectors) {
            let ours = self.shared.vector(&space);
            for (id, there) in &theirs {
                let here = ours.get(id);
                let length = here.map_or(0, |extent| extent.length);
                if there.length > length {
                    wants.insert(*id, length);
                } else if let Some(extent) = here
                    && ShortExtent::new(extent.length, &extent.head) != *there
                {
                    if there.length < length {
                        plan.insert(*id, there.length);
                    } else {
                        self.shared.leave_out(*id);
                        let reason = "the hub holds other entries under these numbers: two devices write one feed";
                        self.outputs.push_back(Output::Told { feed: *id, first: length, reason: reason.to_owned() });
                    }
                }
            }
            plan.extend(ours.keys().filter(|id| !theirs.contains_key(id)).map(|id| (*id, 0)));
        }
        self.ask(wants)
    }

    /// At the hub: the caller's turn is over.
    fn answer(&mut self, theirs: Fingerprint) {
        self.refuse_bare();
        self.outcome.is_in_step = self.shared.fingerprint() == theirs;
        self.outcome.round_trips += 1;
        let lacking = std::mem::take(&mut self.lacking);
        self.ask(lacking).into_iter().for_each(|(feed, length)| self.say(Message::Want { feed, length }));
        if let Some(spaces) = self.spaces.take() {
            self.has_compared = true;
            self.say_vectors(&spaces);
        }
        let wanted = std::mem::take(&mut self.wanted).into_iter();
        let mut plan: VecDeque<_> = wanted.map(|(feed, from)| Load::Feed(feed, from)).collect();
        if !self.has_answered {
            self.say_time();
            self.say_kept();
            let news = self.news();
            self.has_told_all = news.is_none() || self.room > 0;
            plan.extend(news.filter(|_| self.has_told_all));
        }
        self.speak(plan);
    }

    fn say_vectors(&mut self, theirs: &BTreeMap<Space, Fingerprint>) {
        let ours = self.shared.by_space();
        let spaces: BTreeSet<_> = ours.keys().chain(theirs.keys()).cloned().collect();
        for space in spaces.into_iter().filter(|space| ours.get(space) != theirs.get(space)) {
            let feeds: Vec<_> = self
                .shared
                .vector(&space)
                .into_iter()
                .map(|(id, extent)| (id, ShortExtent::new(extent.length, &extent.head)))
                .collect();
            if feeds.is_empty() {
                self.say(Message::Vector { space: space.clone(), feeds: Vec::new() });
            }
            for piece in feeds.chunks(NAMED_MAX) {
                self.say(Message::Vector { space: space.clone(), feeds: piece.to_vec() });
            }
        }
    }

    /// What time it is here, to a device that has said how it is.
    fn say_time(&mut self) {
        if let (Side::Hub { key, .. }, true) = (&self.side, self.outcome.status.is_some()) {
            self.outputs.push_back(Output::Send(Message::Time(HubTime::sign(self.now, key))));
        }
    }

    /// Receipts that say what is in a backup, if there was one since the caller last heard.
    fn say_kept(&mut self) {
        let Side::Hub { epoch, kept, .. } = &self.side else { return };
        if self.mark.is_some_and(|mark| mark.epoch == *epoch && mark.kept == *kept) {
            return;
        }
        let own = self.shared.written_by(&self.member);
        let far = |held: &Held| if planted::is(Bug::KeptTooFar) { held.extent } else { held.kept };
        let kept: BTreeMap<_, _> = own.map(|(id, held)| (id, far(held))).collect();
        self.send_receipts(&kept, Level::Kept);
    }

    /// What arrived since the caller last heard. A cursor of another epoch says nothing, so then the fingerprints decide.
    fn news(&self) -> Option<Load> {
        let Side::Hub { epoch, .. } = &self.side else { return None };
        let after = match self.mark {
            None => 0,
            Some(mark) if mark.epoch == *epoch && mark.row <= place(self.shared.row()) => mark.row,
            Some(_) => return None,
        };
        let feeds = self.shared.news(i64::try_from(after).unwrap_or(i64::MAX), &self.member);
        (!feeds.is_empty()).then(|| Load::News(Arc::new(feeds), after))
    }
}

/// Whether an author of this standing may have written in a feed's space; one that was struck off, also when: of its runs
/// that somebody else brings, those count that it dates before.
fn may_have_written(standing: Standing, feed: &Feed, brought: Option<&Run>) -> Result<(), &'static str> {
    let (scope, struck_off) = match standing {
        Standing::Member(scope) => (scope, None),
        Standing::StruckOff { scope, at } => (scope, Some(at)),
        Standing::Elsewhere | Standing::Stranger => return Err("its author is not known here"),
    };
    if !scope.allows(Action::Write, &feed.space) {
        return Err("its author may not write in that space");
    }
    match struck_off.zip(brought) {
        Some((at, run)) if !run.is_dated_until(at) && !planted::is(Bug::StruckOffHeard) => {
            Err("its author was struck off before this was written")
        }
        Some(_) | None => Ok(()),
    }
}

/// A place in the order of arrival as it travels: never negative.
fn place(row: i64) -> u64 {
    u64::try_from(row).unwrap_or(0)
}

#[cfg(test)]
mod tests;
