//! The log on disk: one writer thread, group commit, and nothing acknowledged before it is there.
//!
//! [`Log`] is a handle that any thread may hold. Writes queue for the one thread that owns the [`Store`]; whatever waits
//! is written in one transaction and answered after its commit. Reads use a connection of their own and see the last
//! commit; how far each feed is held stands in a [`Catalog`] in memory, so that a meeting begins without a read. The queue
//! holds [`QUEUE_MAX`] writes; beyond that a writer waits.

pub mod attachment;
pub mod sqlite;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use civic_core::{
    id::{Actor, DeviceId, DocId, Incarnation},
    planted::{self, Bug},
    seal::SealKey,
    space::Space,
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use serde::Serialize;
use sync_core::{
    catalog::{Catalog, Held, Shared},
    entry::{Entry, EntryKind},
    feed::{Extent, Feed, FeedId},
    message::Cursor,
    receipt::Receipt,
    revocation::Revocation,
    run::Run,
    session::{Member, StoredAs},
    tombstone::{Depth, Tombstones},
};
use tokio::sync::{mpsc, oneshot, watch};

use attachment::{NewAttachment, Shelf};
use sqlite::{
    SqliteStore,
    wipe::{Part, wipe_whole},
};

use crate::{bundle::Caller, clock};

/// Writes that may wait for the disk.
const QUEUE_MAX: usize = 256;
/// Writes that are committed together at most.
const GROUP_MAX: usize = 64;
/// Things kept apart; beyond that they are refused without being kept, and their sender still holds them.
pub const QUARANTINE_MAX: usize = 4_096;

/// What a hub refused is not sent again for so long, in seconds; by then it may know who wrote it, or what was erased in it.
pub const REFUSED_S: i64 = 3_600;

/// Why a run is kept apart that says otherwise than what is here: a device was copied, or somebody writes with its key.
pub const FORKED: &str = "a different entry with this number is here already: two devices write one feed";

/// Why the store refused, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full: say so, keep what was typed, and try again when there is room.
    #[error("disk is full")]
    DiskFull,
    /// The database cannot be read: it must be rebuilt or the device enrolled anew.
    #[error("database is damaged")]
    Damaged(#[source] rusqlite::Error),
    /// The card in this machine was enrolled in another: nothing may be written under its name until it is enrolled anew.
    #[error("this card was enrolled in another machine; what is on it can be read, and enrolling anew takes it along")]
    Elsewhere,
    /// Anything else: try again, then tell a person.
    #[error("database could not be read or written")]
    Failed(#[source] rusqlite::Error),
    /// The log was written by a program of another version: an older one that is not understood any more, or a newer one.
    #[error("the log was written by another version of this program ({0})")]
    Version(usize),
    /// The write was not done, because another one that was to be committed with it failed, or the store has ended.
    #[error("nothing was written; try again")]
    Stopped,
}

/// One entry to be written by this installation.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Where.
    pub space: Space,
    /// The document.
    pub doc: DocId,
    /// What the payload is.
    pub kind: EntryKind,
    /// This device's clock.
    pub at: UnixSeconds,
    /// The payload, opaque here.
    pub payload: Vec<u8>,
}

/// A run as it arrived, for those who merge.
#[derive(Debug)]
pub struct Arrived {
    /// Its place in the order of arrival.
    pub row: i64,
    /// Whose it is and where.
    pub feed: Feed,
    /// The entries.
    pub run: Run,
    /// When it came to this disk.
    pub at: UnixSeconds,
}

/// How many records this installation wrote, by where receipts prove them to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// 在本机: without a receipt.
    pub here: u64,
    /// 在路上: of those, handed to a road that has not answered yet.
    pub on_road: u64,
    /// 县里已收: every entry and every attachment has the hub's receipt.
    pub received: u64,
    /// When the hub last signed a receipt, by its clock; `None` if never.
    pub last_receipt: Option<UnixSeconds>,
}

/// Something that was kept apart.
#[derive(Clone, Debug, Serialize)]
pub struct Apart {
    /// When.
    pub at: UnixSeconds,
    /// The author in hexadecimal, where known.
    pub device: String,
    /// The feed in hexadecimal.
    pub feed: String,
    /// The first entry concerned.
    pub first: u64,
    /// Why, in words.
    pub reason: String,
}

/// What one installation's disk must be able to do. SQLite everywhere; at a large hub something that several processes share.
pub trait Store: Shelf + Send + 'static {
    /// Begins a transaction that [`Store::commit`] ends.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// Makes everything since [`Store::begin`] durable; returns the feeds that it changed.
    fn commit(&mut self) -> Result<Vec<Held>, StoreError>;
    /// Forgets everything since [`Store::begin`].
    fn rollback(&mut self);
    /// Writes entries of this installation, as runs for each space; returns the newest row.
    fn append(&mut self, author: &Author, entries: &[NewEntry], now: UnixSeconds) -> Result<i64, StoreError>;
    /// Takes runs of others, verifying each against the chain that is here, unless that was done already.
    fn accept(&mut self, runs: &[Checked], now: UnixSeconds) -> Result<Accepted, StoreError>;
    /// Keeps the hub's receipts; returns how far each feed named is now proven to be received.
    fn keep(&mut self, receipts: &[Receipt]) -> Result<Vec<(FeedId, u64)>, StoreError>;
    /// Keeps something apart.
    fn set_apart(&mut self, apart: &SetApart, now: UnixSeconds) -> Result<(), StoreError>;
    /// Remembers what was heard of a hub.
    fn remember(&mut self, hub: &[u8; 32], cursor: &Cursor) -> Result<(), StoreError>;
    /// Notes what a device said of itself.
    fn note_caller(&mut self, device: &[u8; 32], caller: &Caller) -> Result<(), StoreError>;
    /// Notes that everything up to `row` is in a backup that was restored and verified.
    fn grant_kept(&mut self, row: i64) -> Result<(), StoreError>;
    /// Joins some own runs that have no receipt; returns how many, 0 if none can be joined.
    fn join_waiting(&mut self, author: &Author) -> Result<u64, StoreError>;
    /// Lets go of the bytes of own runs that are kept since `before`, by the hub's clock, and stand in rows up to `row`; returns
    /// how many entries.
    fn prune(&mut self, author: &Author, before: UnixSeconds, row: i64) -> Result<u64, StoreError>;
    /// Forgets what is missed and wholly let go, but for the feeds of lives that may still write.
    fn forget_missed(&mut self, living: &[Incarnation]) -> Result<(), StoreError>;
    /// Every tombstone of the county that is here.
    fn tombstones(&self) -> Arc<Tombstones>;
    /// The newest tombstone of the county that is here; 0 while there is none.
    fn newest_tombstone(&self) -> Result<i64, StoreError>;
    /// Erases some of what tombstones up to `upto` cover; `false` once there is nothing left of it in the tables.
    fn erase_some(&mut self, upto: i64) -> Result<bool, StoreError>;
    /// Writes over what is left of deleted rows, in pages from this one on.
    fn wipe_some(&mut self, from: u32) -> Result<Part, StoreError>;
    /// Notes that what tombstones up to `upto` erased is gone from the files, too.
    fn note_gone(&mut self, upto: i64) -> Result<(), StoreError>;
}

/// A run of somebody else on its way to the disk.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its feed.
    pub feed: Feed,
    /// The run.
    pub run: Run,
    /// `None` if it does not continue what was here, or wrongly.
    pub proven: Option<Proven>,
    /// Whether the hub brings it to which this installation is a device.
    pub is_from_above: bool,
}

/// What was found when a run was verified.
#[derive(Clone, Copy, Debug)]
pub struct Proven {
    /// Where the chain was that it continues.
    pub after: Extent,
    /// Where it ends.
    pub end: Extent,
    /// Whether it holds what the log itself must note.
    pub declares: bool,
    /// Whether it comes without some of its payloads, or with some that are erased.
    pub is_concerned: bool,
    /// How many tombstones were known when that was looked for.
    pub tombstones: usize,
}

/// Runs on their way to the disk.
pub struct Accepting(oneshot::Receiver<Result<Accepted, StoreError>>);

impl Accepting {
    /// What became of them, when they are there. May be waited for beside other things; it answers once.
    pub async fn wait(&mut self) -> Result<Accepted, StoreError> {
        (&mut self.0).await.map_err(|_| StoreError::Stopped)?
    }
}

/// As whom this installation writes.
#[derive(Clone)]
pub struct Author {
    /// Its key.
    pub key: SigningKey,
    /// Its present life.
    pub incarnation: Incarnation,
}

impl Author {
    /// Its feed in `space`.
    pub fn feed(&self, space: &Space) -> Feed {
        Feed { public_key: self.key.verifying_key().to_bytes(), incarnation: self.incarnation, space: space.clone() }
    }

    /// As whom it writes inside documents.
    pub fn actor(&self) -> Actor {
        Actor::of(&self.key.verifying_key().to_bytes(), &self.incarnation)
    }
}

/// What became of each run: its feed, its first entry, and how it was stored.
pub type Accepted = Vec<(FeedId, u64, StoredAs)>;

/// A write on its way to the disk.
trait Job: Send {
    /// Carries it out inside the open transaction; a second time if that was rolled back.
    fn perform(&mut self, store: &mut dyn Store, author: &Author, now: UnixSeconds) -> Result<(), StoreError>;
    /// Whether those who wait for a new revision want to hear of it.
    fn is_news(&self) -> bool;
    /// Tells whoever waits.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, F> {
    work: F,
    is_news: bool,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnMut(&mut dyn Store, &Author, UnixSeconds) -> Result<T, StoreError> + Send,
{
    fn perform(&mut self, store: &mut dyn Store, author: &Author, now: UnixSeconds) -> Result<(), StoreError> {
        self.value = Some((self.work)(store, author, now)?);
        Ok(())
    }

    fn is_news(&self) -> bool {
        self.is_news
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Task { value, reply, .. } = *self;
        let _ = reply.send(committed.and_then(|()| value.ok_or(StoreError::Stopped)));
    }
}

/// Something to be kept apart.
pub struct SetApart {
    /// Its feed.
    pub feed: FeedId,
    /// The feed's author, where known.
    pub device: Option<DeviceId>,
    /// The first entry concerned.
    pub first: u64,
    /// Why, in words.
    pub reason: String,
    /// The run itself, where it is kept.
    pub run: Option<Run>,
}

/// A handle to the log.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Handle>,
}

struct Handle {
    writes: Option<mpsc::Sender<Box<dyn Job>>>,
    // A std mutex: held for one query, never over an await.
    reader: Mutex<SqliteStore>,
    // A std mutex: held to look up or to note, never over an await or a read of the disk.
    catalog: Arc<Mutex<Catalog>>,
    // A std mutex: held to copy or replace a pointer.
    tombstones: Arc<Mutex<Arc<Tombstones>>>,
    // Feeds in which the hub refused something, and when: not sent again for a while.
    refused: Mutex<BTreeMap<FeedId, UnixSeconds>>,
    clock: fn() -> UnixSeconds,
    epoch: [u8; 8],
    revision: watch::Receiver<u64>,
    key: SigningKey,
    // A std mutex: held to copy sixteen bytes.
    incarnation: Mutex<Incarnation>,
    // Whether nothing may be written under this installation's name.
    is_elsewhere: AtomicBool,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Opens the log in `path` (made if missing) for `author`, telling the time by `clock`. `county` is the key of the hub,
    /// the only one whose tombstones are obeyed; with the author's own key it is the hub's log.
    pub fn open(
        path: &Path,
        author: Author,
        county: Option<[u8; 32]>,
        clock: fn() -> UnixSeconds,
    ) -> Result<Self, StoreError> {
        let is_hub = county == Some(author.key.verifying_key().to_bytes());
        let writer = SqliteStore::open(path, county, is_hub)?;
        writer.make_durable()?;
        let reader = SqliteStore::open(path, county, is_hub)?;
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let (bump, revision) = watch::channel(0);
        let Author { key, incarnation } = author.clone();
        let mut catalog = Catalog::default();
        reader.held()?.into_iter().for_each(|held| catalog.put(held));
        let catalog = Arc::new(Mutex::new(catalog));
        let epoch = reader.epoch()?;
        let tombstones = Arc::new(Mutex::new(writer.tombstones()));
        let noted = Noted { catalog: catalog.clone(), tombstones: tombstones.clone() };
        let thread = std::thread::spawn(move || write_loop(writer, &author, clock, receiver, &noted, &bump));
        let shared = Handle {
            writes: Some(sender),
            reader: Mutex::new(reader),
            catalog,
            tombstones,
            refused: Mutex::default(),
            clock,
            epoch,
            revision,
            key,
            incarnation: Mutex::new(incarnation),
            is_elsewhere: AtomicBool::new(false),
            thread: Some(thread),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Writes nothing more under this installation's name: its card is in another machine than the one it was enrolled in.
    pub fn close_to_writing(&self) {
        self.shared.is_elsewhere.store(true, Ordering::Relaxed);
    }

    /// Whether nothing may be written under this installation's name.
    pub fn is_elsewhere(&self) -> bool {
        self.shared.is_elsewhere.load(Ordering::Relaxed)
    }

    /// As whom this installation writes inside documents, until it [begins anew](Log::begin_anew_if_refused).
    pub fn actor(&self) -> Actor {
        let mut author = self.author();
        if planted::is(Bug::ActorReused) {
            author.incarnation = Incarnation::new([1; 16]);
        }
        author.actor()
    }

    fn author(&self) -> Author {
        let incarnation = *self.shared.incarnation.lock().unwrap_or_else(PoisonError::into_inner);
        Author { key: self.shared.key.clone(), incarnation }
    }

    /// Begins another life if the hub refused something of the present one: what is written from now on goes into feeds of
    /// its own, and is not held up. To be called only while nobody else writes, and nothing is half-written.
    pub fn begin_anew_if_refused(&self) {
        let author = self.author();
        let refused = self.refused();
        let is_refused =
            |held: &Held| held.feed.incarnation == author.incarnation && refused.contains_key(&held.feed.id());
        if !refused.is_empty() && self.catalog().feeds().any(is_refused) {
            *self.shared.incarnation.lock().unwrap_or_else(PoisonError::into_inner) = Incarnation::new(clock::random());
        }
    }

    /// The public key with which it signs.
    pub fn public_key(&self) -> [u8; 32] {
        self.shared.key.verifying_key().to_bytes()
    }

    /// A number that grows with every commit that changed something; pieces of attachments alone do not count.
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.shared.revision.clone()
    }

    /// Writes entries of this installation; on disk when it returns. For threads that may wait.
    pub fn append(&self, entries: Vec<NewEntry>) -> Result<i64, StoreError> {
        self.write_entries(entries, Vec::new())
    }

    fn write_entries(&self, entries: Vec<NewEntry>, attachments: Vec<NewAttachment>) -> Result<i64, StoreError> {
        if self.is_elsewhere() {
            return Err(StoreError::Elsewhere);
        }
        let author = self.author();
        self.write_blocking(true, move |store, _, now| {
            let row = store.append(&author, &entries, now)?;
            store.shelve(&attachments).map(|()| row)
        })
    }

    /// Takes runs of others, whoever brings them; on disk when it returns.
    pub async fn accept(&self, runs: Vec<(Feed, Run)>) -> Result<Accepted, StoreError> {
        self.begin_accept(runs, false, &mut BTreeMap::new()).await?.wait().await
    }

    /// Begins to take runs of others: they are verified, on a thread of their own so that the writer only writes, and wait
    /// for the disk. What comes without its payloads a hub takes from the one above it alone, or under a tombstone. `ends`
    /// is how far each feed will reach when what was begun before is on the disk.
    pub async fn begin_accept(
        &self,
        runs: Vec<(Feed, Run)>,
        is_from_above: bool,
        ends: &mut BTreeMap<FeedId, Extent>,
    ) -> Result<Accepting, StoreError> {
        let (log, mut known) = (self.clone(), std::mem::take(ends));
        let checked = tokio::task::spawn_blocking(move || {
            let check = |(feed, run)| log.check(feed, run, is_from_above, &mut known);
            let checked: Vec<_> = runs.into_iter().map(check).collect();
            (checked, known)
        });
        let (checked, known) = checked.await.map_err(|_| StoreError::Stopped)?;
        *ends = known;
        let (job, reply) = task(true, move |store, _, now| store.accept(&checked, now));
        self.writes().send(job).await.map_err(|_| StoreError::Stopped)?;
        Ok(Accepting(reply))
    }

    fn check(&self, feed: Feed, run: Run, is_from_above: bool, ends: &mut BTreeMap<FeedId, Extent>) -> Checked {
        let here = || self.catalog().held(&feed).map_or_else(|| feed.genesis(), |held| held.extent);
        let after = ends.get(&run.feed).copied().unwrap_or_else(here);
        let (mut declares, mut is_concerned) = (false, false);
        let stones = self.tombstones();
        let see = |entry: &Entry<'_>| {
            declares |= entry.is_declaration();
            is_concerned |= entry.is_erased || stones.covers(&feed.space.area, entry);
        };
        let is_next = Some(run.first) == after.length.checked_add(1);
        let end = is_next.then(|| run.verify_each(&feed, &after, see).ok()).flatten();
        if let Some(end) = end {
            ends.insert(run.feed, end);
        }
        let tombstones = stones.count();
        let proven = end.map(|end| Proven { after, end, declares, is_concerned, tombstones });
        Checked { feed, run, proven, is_from_above }
    }

    /// Keeps the hub's receipts; returns how far each feed named is now proven to be received.
    pub async fn keep(&self, receipts: Vec<Receipt>) -> Result<Vec<(FeedId, u64)>, StoreError> {
        self.write(move |store, _, _| store.keep(&receipts)).await
    }

    /// What was heard of the hub with this key; `None` before the first meeting.
    pub fn cursor(&self, hub: &[u8; 32]) -> Result<Option<Cursor>, StoreError> {
        self.reader().cursor(hub)
    }

    /// Remembers what was heard of a hub.
    pub async fn remember(&self, hub: [u8; 32], cursor: Cursor) -> Result<(), StoreError> {
        self.write(move |store, _, _| store.remember(&hub, &cursor)).await
    }

    /// What a device said of itself in its last parcel; `None` if it sent none.
    pub fn caller(&self, device: &[u8; 32]) -> Result<Option<Caller>, StoreError> {
        self.reader().caller(device)
    }

    /// Devices that sent parcels, and what each said of itself in its last.
    pub fn callers(&self) -> Result<Vec<([u8; 32], Caller)>, StoreError> {
        let reader = self.reader();
        let devices = reader.callers()?;
        devices.into_iter().map(|device| Ok((device, reader.caller(&device)?.unwrap_or_default()))).collect()
    }

    /// How many records of this installation lack a receipt, and of these everything that does is in what somebody carries:
    /// entries of own feeds so far, and these attachments.
    pub fn covered(
        &self,
        reached: &BTreeMap<FeedId, u64>,
        attachments: &BTreeSet<[u8; 32]>,
    ) -> Result<u64, StoreError> {
        self.reader().covered(reached, attachments)
    }

    /// Notes what a device said of itself in the parcel that was heard last. An old one that turns up again costs that
    /// something is sent twice.
    pub async fn note_caller(&self, device: [u8; 32], caller: Caller) -> Result<(), StoreError> {
        self.write_quietly(move |store, _, _| store.note_caller(&device, &caller)).await
    }

    /// Drawn when this log began: whoever remembers another epoch remembers another log.
    pub fn epoch(&self) -> [u8; 8] {
        self.shared.epoch
    }

    /// The newest run that is in a verified backup; 0 while there is none.
    pub fn kept_row(&self) -> Result<i64, StoreError> {
        self.reader().kept_row()
    }

    /// Notes that everything up to `row` is in a backup that was restored and verified: devices hear it as *kept*.
    pub async fn grant_kept(&self, row: i64) -> Result<(), StoreError> {
        self.write(move |store, _, _| store.grant_kept(row)).await
    }

    /// How far time is counted by the hub's receipts, each of which counts on by a week at most; `None` before the first.
    pub fn heard_at(&self) -> Result<Option<UnixSeconds>, StoreError> {
        self.reader().heard_at()
    }

    /// Lets go of the bytes of own runs that are kept since `before`, as the hub's receipts count ([`Log::heard_at`]), and stand in
    /// rows up to `row`, which the tables above have on the disk; returns how many entries. What is [missed](Log::miss) and
    /// let go to its end is forgotten, so that the next meeting brings it.
    ///
    /// To be called by the one program that stays, for whatever lives beside it writes to its own feeds and ends soon.
    pub async fn prune(&self, before: UnixSeconds, row: i64) -> Result<u64, StoreError> {
        let present = self.author().incarnation;
        self.write(move |store, author, _| {
            let pruned = store.prune(author, before, row)?;
            store.forget_missed(&[author.incarnation, present]).map(|()| pruned)
        })
        .await
    }

    /// Notes that the tables above begin with nothing, and lack what was let go: the hub is asked for it once nothing else of
    /// its feed is here.
    pub fn miss(&self) -> Result<(), StoreError> {
        // Not by the writer: a ledger may be opened where nobody may wait for another thread.
        self.reader().miss()
    }

    /// What this log has in common with a device.
    pub fn shared(&self, member: &Member) -> Shared {
        let mut shared = self.catalog().shared(member);
        self.left_out().into_iter().for_each(|id| shared.leave_out(id));
        shared
    }

    /// Notes that the hub refused something in a feed: this process does not send it again for [`REFUSED_S`].
    pub fn leave_out(&self, feed: FeedId) {
        self.refused().insert(feed, (self.shared.clock)());
    }

    /// Feeds that are not to be sent now. A clock that was set back keeps nothing longer from being sent.
    fn left_out(&self) -> BTreeSet<FeedId> {
        let now = (self.shared.clock)();
        let refused = self.refused();
        let fresh = refused.iter().filter(|(_, at)| (0..REFUSED_S).contains(&now.0.saturating_sub(at.0)));
        fresh.map(|(id, _)| *id).collect()
    }

    /// How many documents have entries of this installation that the hub refused, as far as this process was told.
    pub fn refused_documents(&self) -> Result<u64, StoreError> {
        let feeds: Vec<FeedId> = self.refused().keys().copied().collect();
        self.reader().unreceipted_in(&feeds)
    }

    /// Keeps something apart with its reason.
    pub async fn set_apart(&self, apart: SetApart) -> Result<(), StoreError> {
        self.write(move |store, _, now| store.set_apart(&apart, now)).await
    }

    /// Every feed that is here, and how far.
    pub fn held(&self) -> Vec<Held> {
        self.catalog().feeds().cloned().collect()
    }

    /// Feeds with entries that arrived after `row`, and the newest row.
    pub fn news(&self, row: i64) -> (Vec<Feed>, i64) {
        let catalog = self.catalog();
        (catalog.news(row).map(|held| held.feed.clone()).collect(), catalog.row())
    }

    /// Runs of `feed` behind its first `from` entries and not beyond `until`, in order, joined up to `body_max` bytes before
    /// packing; at least one if there is any, and in all about so much.
    pub fn runs_after(&self, feed: FeedId, from: u64, until: u64, body_max: usize) -> Result<Vec<Run>, StoreError> {
        self.reader().runs_after(&self.shared.key, &feed, from, until, body_max)
    }

    /// Joins own runs that wait for a receipt into one that is packed shorter; returns how many were joined, 0 when there is
    /// nothing left to join. For a device that waits for a road.
    pub async fn join_waiting(&self) -> Result<u64, StoreError> {
        self.write_quietly(|store, author, _| store.join_waiting(author)).await
    }

    /// Runs of these feeds that arrived after `after` and not beyond `until`, joined within each feed, and the row that they
    /// reach.
    pub fn news_after(
        &self,
        feeds: &BTreeSet<FeedId>,
        after: i64,
        until: i64,
        body_max: usize,
    ) -> Result<(Vec<Run>, i64), StoreError> {
        self.reader().news_after(feeds, after, until, body_max)
    }

    /// The records in which the device with this key wrote something that came to this disk at `since` or later, once for each
    /// entry, with when it came; of at most `runs_max` runs, the newest first.
    pub fn came_since(
        &self,
        author: &[u8; 32],
        since: UnixSeconds,
        runs_max: usize,
    ) -> Result<Vec<(DocId, UnixSeconds)>, StoreError> {
        self.reader().came_since(author, since, runs_max)
    }

    /// Runs that arrived after row `row`, in the order of arrival, at most `limit`.
    pub fn arrived_after(&self, row: i64, limit: usize) -> Result<Vec<Arrived>, StoreError> {
        self.reader().arrived_after(row, limit)
    }

    /// How long the log is on its disk without attachments, which have limits of their own; bytes.
    pub fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        self.reader().bytes_on_disk()
    }

    /// The newest row; 0 while there is none.
    pub fn newest_row(&self) -> i64 {
        self.catalog().row()
    }

    /// Counts of this installation's own records, from receipts alone.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.reader().counts()
    }

    /// Whether entries of the device, which is this installation's, have no receipt, beside those that the hub refused a
    /// while ago.
    pub fn is_behind(&self, member: &Member) -> bool {
        let left_out = self.left_out();
        self.catalog().feeds().any(|held| {
            let is_its_own = member.wrote(&held.feed) && member.brings(&held.feed.space);
            is_its_own && held.receipted < held.extent.length && !left_out.contains(&held.feed.id())
        })
    }

    /// Whether every entry that this installation wrote about `doc`, and every attachment that it made for it, has the
    /// hub's receipt; `None` if it wrote none.
    pub fn is_received(&self, doc: &DocId) -> Result<Option<bool>, StoreError> {
        self.reader().is_received(doc)
    }

    /// Devices that the one with this key, who should be the hub, declared to be struck off.
    pub fn revoked(&self, author: &[u8; 32]) -> Result<Vec<Revocation>, StoreError> {
        self.reader().revoked(author)
    }

    /// Every tombstone of the county that is here.
    pub fn tombstones(&self) -> Arc<Tombstones> {
        self.shared.tombstones.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether something is to be erased here, or is not gone from the files yet.
    pub fn is_erasure_due(&self) -> Result<bool, StoreError> {
        self.reader().is_erasure_due()
    }

    /// The newest tombstone that is here, 0 while there is none: whoever reads on to [`Log::newest_row`] from here has read
    /// every tombstone up to it. For threads that may wait.
    pub fn newest_tombstone(&self) -> Result<i64, StoreError> {
        // By the writer, who tells of the rows that he committed before he answers.
        self.write_blocking(false, |store, _, _| store.newest_tombstone())
    }

    /// Erases what the county's tombstones up to `upto` cover: payloads become hashes, attachments go, and the files hold
    /// nothing of them any more when it returns `true`. It reads the whole file, in parts between which others write. `false`
    /// means that another program reads the log just now; call again. A power cut at any point only means that it is done
    /// again. For threads that may wait.
    pub fn erase(&self, upto: i64) -> Result<bool, StoreError> {
        while self.write_blocking(false, move |store, _, _| store.erase_some(upto))? {}
        wipe_whole(|from| self.write_blocking(false, move |store, _, _| store.wipe_some(from)))?;
        let is_gone = self.reader().truncate()?;
        if is_gone {
            self.write_blocking(false, move |store, _, _| store.note_gone(upto))?;
        }
        Ok(is_gone)
    }

    /// Documents that are erased here and of which nobody was told so.
    pub fn to_acknowledge(&self) -> Result<Vec<(DocId, Depth)>, StoreError> {
        self.reader().to_acknowledge()
    }

    /// The newest key that the county announced, and whether this device said that it seals to it; `None` before the first.
    pub fn seal_key(&self) -> Result<Option<(SealKey, bool)>, StoreError> {
        self.reader().newest_epoch()
    }

    /// Every key that the county announced, the newest first.
    pub fn seal_keys(&self) -> Result<Vec<SealKey>, StoreError> {
        self.reader().epochs()
    }

    /// Whether the hub with the key `hub` declared the device with this key to be struck off, as far as it is known here.
    pub fn is_revoked(&self, hub: &[u8; 32], key: &[u8; 32]) -> Result<bool, StoreError> {
        self.reader().is_revoked(hub, key)
    }

    /// How many things are kept apart.
    pub fn apart_count(&self) -> Result<u64, StoreError> {
        self.reader().apart_count()
    }

    /// How often each device, by its name in hexadecimal, wrote two different things in one place ([`FORKED`]).
    pub fn forks(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.reader().forks()
    }

    /// What was kept apart, newest first, at most `limit`.
    pub fn apart(&self, limit: usize) -> Result<Vec<Apart>, StoreError> {
        self.reader().apart(limit)
    }

    /// Walks the whole log and verifies every chain, signature and whole attachment; returns how many entries are sound.
    pub fn verify(&self) -> Result<Result<u64, String>, StoreError> {
        self.reader().verify()
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn Store, &Author, UnixSeconds) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_task(true, work).await
    }

    /// Writes what nobody waits to hear of: pieces come and go by the thousand.
    async fn write_quietly<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn Store, &Author, UnixSeconds) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_task(false, work).await
    }

    /// Writes and waits. For threads that may wait.
    fn write_blocking<T: Send + 'static>(
        &self,
        is_news: bool,
        work: impl FnMut(&mut dyn Store, &Author, UnixSeconds) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, reply) = task(is_news, work);
        self.writes().blocking_send(job).map_err(|_| StoreError::Stopped)?;
        reply.blocking_recv().map_err(|_| StoreError::Stopped)?
    }

    async fn write_task<T: Send + 'static>(
        &self,
        is_news: bool,
        work: impl FnMut(&mut dyn Store, &Author, UnixSeconds) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, reply) = task(is_news, work);
        self.writes().send(job).await.map_err(|_| StoreError::Stopped)?;
        reply.await.map_err(|_| StoreError::Stopped)?
    }

    fn writes(&self) -> &mpsc::Sender<Box<dyn Job>> {
        self.shared.writes.as_ref().expect("the sender is there until the last handle is dropped")
    }

    fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.shared.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, BTreeMap<FeedId, UnixSeconds>> {
        self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, SqliteStore> {
        // A reader that panicked left nothing half-written: it only reads.
        self.shared.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.writes = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn task<T: Send + 'static>(
    is_news: bool,
    work: impl FnMut(&mut dyn Store, &Author, UnixSeconds) -> Result<T, StoreError> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>) {
    let (reply, receiver) = oneshot::channel();
    (Box::new(Task { work, is_news, value: None, reply }), receiver)
}

/// What of the log is kept in memory, too.
struct Noted {
    catalog: Arc<Mutex<Catalog>>,
    tombstones: Arc<Mutex<Arc<Tombstones>>>,
}

/// Writes what waits in one transaction, commits, and only then answers. If that fails, each write is tried alone, so that
/// one that cannot be done keeps no other from the disk.
fn write_loop(
    mut store: impl Store,
    author: &Author,
    clock: fn() -> UnixSeconds,
    mut writes: mpsc::Receiver<Box<dyn Job>>,
    noted: &Noted,
    bump: &watch::Sender<u64>,
) {
    let mut commit = |group: &mut [Box<dyn Job>]| {
        let changed = attempt(&mut store, author, group, clock())?;
        let mut catalog = noted.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        changed.into_iter().filter(|_| !planted::is(Bug::CatalogStale)).for_each(|held| catalog.put(held));
        drop(catalog);
        *noted.tombstones.lock().unwrap_or_else(PoisonError::into_inner) = store.tombstones();
        if group.iter().any(|job| job.is_news()) {
            bump.send_modify(|revision| *revision += 1);
        }
        Ok(())
    };
    while let Some(first) = writes.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(next) = writes.try_recv()
        {
            group.push(next);
        }
        match commit(&mut group) {
            Ok(()) => group.into_iter().for_each(|job| job.answer(Ok(()))),
            Err(error) if group.len() == 1 => {
                let mut failed = Some(error);
                group.into_iter().for_each(|job| job.answer(Err(failed.take().unwrap_or(StoreError::Stopped))));
            }
            Err(_) => {
                for mut job in group {
                    let committed = commit(std::slice::from_mut(&mut job));
                    job.answer(committed);
                }
            }
        }
    }
}

fn attempt(
    store: &mut impl Store,
    author: &Author,
    group: &mut [Box<dyn Job>],
    now: UnixSeconds,
) -> Result<Vec<Held>, StoreError> {
    store.begin()?;
    let mut done = group.iter_mut().try_for_each(|job| job.perform(store, author, now)).and_then(|()| store.commit());
    if done.is_err() {
        store.rollback();
    }
    if planted::is(Bug::CommitUnchecked) {
        done = done.or(Ok(Vec::new()));
    }
    done
}

#[cfg(test)]
mod tests;
