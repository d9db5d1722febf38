//! The log on disk: one writer thread, group commit, and nothing acknowledged before it is there.
//!
//! [`Log`] is a handle that any thread may hold. Writes queue for the one thread that owns the [`Store`]; whatever waits
//! is written in one transaction and answered after its commit. Reads use a connection of their own and see the last
//! commit. The queue holds [`QUEUE_MAX`] writes; beyond that a writer waits.

pub mod sqlite;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use civic_core::{
    id::{Actor, DeviceId, DocId},
    space::Space,
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use serde::Serialize;
use sync_core::{
    feed::{Feed, FeedId},
    receipt::Receipt,
    run::{EntryKind, Run},
    session::{Held, StoredAs},
};
use tokio::sync::{mpsc, oneshot, watch};

use sqlite::SqliteStore;

/// Writes that may wait for the disk.
const QUEUE_MAX: usize = 256;
/// Writes that are committed together at most.
const GROUP_MAX: usize = 64;
/// Things kept apart; beyond that they are refused without being kept, and their sender still holds them.
pub const QUARANTINE_MAX: usize = 4_096;

/// Why the store refused, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full: say so, keep what was typed, and try again when there is room.
    #[error("disk is full")]
    DiskFull,
    /// The database cannot be read: it must be rebuilt or the device enrolled anew.
    #[error("database is damaged")]
    Damaged(#[source] rusqlite::Error),
    /// Anything else: try again, then tell a person.
    #[error("database could not be read or written")]
    Failed(#[source] rusqlite::Error),
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
    /// 县里已收: every entry has the hub's receipt.
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
pub trait Store: Send + 'static {
    /// Begins a transaction that [`Store::commit`] ends.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// Makes everything since [`Store::begin`] durable.
    fn commit(&mut self) -> Result<(), StoreError>;
    /// Forgets everything since [`Store::begin`].
    fn rollback(&mut self);
    /// Writes entries of this installation, as one run for each space; returns the newest row.
    fn append(&mut self, author: &Author, entries: &[NewEntry], now: UnixSeconds) -> Result<i64, StoreError>;
    /// Takes runs of others, verifying each against the chain that is here.
    fn accept(&mut self, runs: &[(Feed, Run)], now: UnixSeconds) -> Result<Accepted, StoreError>;
    /// Keeps the hub's receipts.
    fn keep(&mut self, receipts: &[Receipt]) -> Result<(), StoreError>;
    /// Keeps something apart.
    fn set_apart(&mut self, apart: &SetApart, now: UnixSeconds) -> Result<(), StoreError>;
}

/// As whom this installation writes.
pub struct Author {
    /// Its key.
    pub key: SigningKey,
    /// Its present life.
    pub incarnation: civic_core::id::Incarnation,
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

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

enum Write {
    Append(Vec<NewEntry>, Reply<i64>),
    Accept(Vec<(Feed, Run)>, Reply<Accepted>),
    Keep(Vec<Receipt>, Reply<()>),
    SetApart(Box<SetApart>, Reply<()>),
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
    shared: Arc<Shared>,
}

struct Shared {
    writes: Option<mpsc::Sender<Write>>,
    // A std mutex: held for one query, never over an await.
    reader: Mutex<SqliteStore>,
    revision: watch::Receiver<u64>,
    actor: Actor,
    public_key: [u8; 32],
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Opens the log in `path` (made if missing) for `author`, telling the time by `clock`.
    pub fn open(path: &Path, author: Author, clock: fn() -> UnixSeconds) -> Result<Self, StoreError> {
        let writer = SqliteStore::open(path)?;
        let reader = SqliteStore::open(path)?;
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let (bump, revision) = watch::channel(0);
        let (actor, public_key) = (author.actor(), author.key.verifying_key().to_bytes());
        let thread = std::thread::spawn(move || write_loop(writer, &author, clock, receiver, &bump));
        let shared = Shared {
            writes: Some(sender),
            reader: Mutex::new(reader),
            revision,
            actor,
            public_key,
            thread: Some(thread),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// As whom this installation writes inside documents.
    pub fn actor(&self) -> Actor {
        self.shared.actor
    }

    /// The public key with which it signs.
    pub fn public_key(&self) -> [u8; 32] {
        self.shared.public_key
    }

    /// A number that grows with every commit that changed something.
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.shared.revision.clone()
    }

    /// Writes entries of this installation; on disk when it returns. For threads that may wait.
    pub fn append(&self, entries: Vec<NewEntry>) -> Result<i64, StoreError> {
        let (sender, receiver) = oneshot::channel();
        self.writes().blocking_send(Write::Append(entries, sender)).map_err(|_| StoreError::Stopped)?;
        receiver.blocking_recv().map_err(|_| StoreError::Stopped)?
    }

    /// Takes runs of others; on disk when it returns.
    pub async fn accept(&self, runs: Vec<(Feed, Run)>) -> Result<Accepted, StoreError> {
        self.ask(|reply| Write::Accept(runs, reply)).await
    }

    /// Keeps the hub's receipts.
    pub async fn keep(&self, receipts: Vec<Receipt>) -> Result<(), StoreError> {
        self.ask(|reply| Write::Keep(receipts, reply)).await
    }

    /// Keeps something apart with its reason.
    pub async fn set_apart(&self, apart: SetApart) -> Result<(), StoreError> {
        self.ask(|reply| Write::SetApart(Box::new(apart), reply)).await
    }

    /// Every feed that is here, and how far.
    pub fn held(&self) -> Result<Vec<Held>, StoreError> {
        self.reader().held()
    }

    /// Runs of `feed` behind its first `from` entries, in order, up to about half a megabyte and at least one.
    pub fn runs_after(&self, feed: FeedId, from: u64) -> Result<Vec<Run>, StoreError> {
        self.reader().runs_after(&feed, from)
    }

    /// Runs that arrived after row `row`, in the order of arrival, at most `limit`.
    pub fn arrived_after(&self, row: i64, limit: usize) -> Result<Vec<Arrived>, StoreError> {
        self.reader().arrived_after(row, limit)
    }

    /// The newest row; 0 while there is none.
    pub fn newest_row(&self) -> Result<i64, StoreError> {
        self.reader().newest_row()
    }

    /// Counts of this installation's own records, from receipts alone.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.reader().counts()
    }

    /// Whether every entry that this installation wrote about `doc` has the hub's receipt; `None` if it wrote none.
    pub fn is_received(&self, doc: &DocId) -> Result<Option<bool>, StoreError> {
        self.reader().is_received(doc)
    }

    /// What was kept apart, newest first, at most `limit`.
    pub fn apart(&self, limit: usize) -> Result<Vec<Apart>, StoreError> {
        self.reader().apart(limit)
    }

    /// Walks the whole log and verifies every chain and signature; returns how many entries are sound.
    pub fn verify(&self) -> Result<Result<u64, String>, StoreError> {
        self.reader().verify()
    }

    async fn ask<T>(&self, write: impl FnOnce(Reply<T>) -> Write) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        self.writes().send(write(sender)).await.map_err(|_| StoreError::Stopped)?;
        receiver.await.map_err(|_| StoreError::Stopped)?
    }

    fn writes(&self) -> &mpsc::Sender<Write> {
        self.shared.writes.as_ref().expect("the sender is there until the last handle is dropped")
    }

    fn reader(&self) -> MutexGuard<'_, SqliteStore> {
        // A reader that panicked left nothing half-written: it only reads.
        self.shared.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.writes = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes what waits in one transaction, commits, and only then answers.
fn write_loop(
    mut store: impl Store,
    author: &Author,
    clock: fn() -> UnixSeconds,
    mut writes: mpsc::Receiver<Write>,
    bump: &watch::Sender<u64>,
) {
    while let Some(first) = writes.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(next) = writes.try_recv()
        {
            group.push(next);
        }
        let now = clock();
        let mut answers: Vec<Answer> = Vec::new();
        let begun = store.begin();
        let mut done = begun.is_ok();
        for write in group {
            if !done {
                fail(write, begun.as_ref().err());
                continue;
            }
            match perform(&mut store, author, write, now) {
                Ok(answer) => answers.push(answer),
                Err(()) => done = false,
            }
        }
        if !done {
            // One write failed and was answered; the others of its group are tried again by their callers.
            store.rollback();
            answers.into_iter().for_each(|answer| answer(Err(StoreError::Stopped)));
            continue;
        }
        match store.commit() {
            Ok(()) => {
                answers.into_iter().for_each(|answer| answer(Ok(())));
                bump.send_modify(|revision| *revision += 1);
            }
            Err(error) => {
                store.rollback();
                answers.into_iter().for_each(|answer| answer(Err(again(&error))));
            }
        }
    }
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Carries out one write inside the open transaction. The answer waits for the commit; a failure is answered at once.
fn perform(store: &mut impl Store, author: &Author, write: Write, now: UnixSeconds) -> Result<Answer, ()> {
    fn hold<T: Send + 'static>(result: Result<T, StoreError>, reply: Reply<T>) -> Result<Answer, ()> {
        match result {
            Ok(value) => Ok(Box::new(move |committed| {
                let _ = reply.send(committed.map(|()| value));
            })),
            Err(error) => {
                let _ = reply.send(Err(error));
                Err(())
            }
        }
    }
    match write {
        Write::Append(entries, reply) => hold(store.append(author, &entries, now), reply),
        Write::Accept(runs, reply) => hold(store.accept(&runs, now), reply),
        Write::Keep(receipts, reply) => hold(store.keep(&receipts), reply),
        Write::SetApart(apart, reply) => hold(store.set_apart(&apart, now), reply),
    }
}

fn fail(write: Write, error: Option<&StoreError>) {
    let error = error.map_or(StoreError::Stopped, again);
    match write {
        Write::Append(_, reply) => drop(reply.send(Err(error))),
        Write::Accept(_, reply) => drop(reply.send(Err(error))),
        Write::Keep(_, reply) => drop(reply.send(Err(error))),
        Write::SetApart(_, reply) => drop(reply.send(Err(error))),
    }
}

/// The same refusal for another caller.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::DiskFull => StoreError::DiskFull,
        StoreError::Damaged(_) | StoreError::Failed(_) | StoreError::Stopped => StoreError::Stopped,
    }
}

#[cfg(test)]
mod tests {
    use civic_core::{area::Area, id::Incarnation, space::Audience};
    use sync_core::{feed::Extent, receipt::Level, run::Entry};

    use super::*;

    /// A directory that goes with the test.
    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("huiyin-store-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn log(&self, seed: u8, incarnation: u8) -> Log {
            Log::open(&self.0.join("log.db"), author(seed, incarnation), || UnixSeconds(50)).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn author(seed: u8, incarnation: u8) -> Author {
        Author { key: SigningKey::from_bytes(&[seed; 32]), incarnation: Incarnation::new([incarnation; 16]) }
    }

    fn space(audience: Audience) -> Space {
        Space::new(Area::parse("990127101201").unwrap(), audience)
    }

    fn entry(doc: u8, audience: Audience, word: &str) -> NewEntry {
        NewEntry {
            space: space(audience),
            doc: DocId::new([doc; 16]),
            kind: EntryKind::Change,
            at: UnixSeconds(40),
            payload: word.into(),
        }
    }

    /// A run by somebody else.
    fn foreign(seed: u8, words: &[&str], after: Option<&Run>) -> (Feed, Run) {
        let author = author(seed, 1);
        let feed = author.feed(&space(Audience::Deputies));
        let after = match after {
            Some(run) => run.verify(&feed, &feed.genesis()).unwrap().1,
            None => feed.genesis(),
        };
        let entries: Vec<_> = words
            .iter()
            .map(|word| Entry {
                doc: DocId::new([9; 16]),
                kind: EntryKind::Change,
                at: UnixSeconds(1),
                payload: (*word).into(),
                is_erased: false,
            })
            .collect();
        let (run, _) = Run::sign(&feed, &after, &entries, &author.key);
        (feed, run)
    }

    #[test]
    fn what_was_written_is_there_after_the_log_is_opened_again() {
        let scratch = Scratch::new("again");
        let log = scratch.log(1, 1);
        let row = log.append(vec![entry(1, Audience::Deputies, "一"), entry(1, Audience::County, "封")]).unwrap();
        drop(log);
        let log = scratch.log(1, 2);
        assert_eq!(log.newest_row().unwrap(), row);
        log.append(vec![entry(2, Audience::Deputies, "二")]).unwrap();
        assert_eq!(log.verify().unwrap(), Ok(3));
        // Another life writes another feed.
        assert_eq!(log.held().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_record_counts_as_received_only_when_every_entry_has_a_receipt() {
        let scratch = Scratch::new("counts");
        let log = scratch.log(1, 1);
        let writer = log.clone();
        tokio::task::spawn_blocking(move || {
            writer.append(vec![entry(1, Audience::Deputies, "一"), entry(1, Audience::County, "封")]).unwrap();
            writer.append(vec![entry(2, Audience::Deputies, "二")]).unwrap();
        })
        .await
        .unwrap();
        let hub = SigningKey::from_bytes(&[9; 32]);
        let receipt = |held: &Held| Receipt::sign(held.feed.id(), held.extent, Level::Received, UnixSeconds(77), &hub);
        let held = log.held().unwrap();
        let deputies = held.iter().find(|held| held.feed.space.audience == Audience::Deputies).unwrap();
        let county = held.iter().find(|held| held.feed.space.audience == Audience::County).unwrap();
        log.keep(vec![receipt(deputies)]).await.unwrap();
        let counts = log.counts().unwrap();
        assert_eq!((counts.here, counts.received, counts.last_receipt), (1, 1, Some(UnixSeconds(77))));
        log.keep(vec![receipt(county)]).await.unwrap();
        assert_eq!(log.counts().unwrap().received, 2);
        assert_eq!(log.is_received(&DocId::new([1; 16])).unwrap(), Some(true));
        assert_eq!(log.is_received(&DocId::new([7; 16])).unwrap(), None);
    }

    #[tokio::test]
    async fn a_receipt_for_another_chain_proves_nothing_of_this_one() {
        let scratch = Scratch::new("chain");
        let log = scratch.log(1, 1);
        let writer = log.clone();
        let row = tokio::task::spawn_blocking(move || writer.append(vec![entry(1, Audience::Deputies, "一")]));
        row.await.unwrap().unwrap();
        let held = log.held().unwrap().remove(0);
        let other = Extent { head: [7; 32], ..held.extent };
        let hub = SigningKey::from_bytes(&[9; 32]);
        let receipt = Receipt::sign(held.feed.id(), other, Level::Received, UnixSeconds(77), &hub);
        log.keep(vec![receipt]).await.unwrap();
        assert_eq!(log.counts().unwrap().received, 0);
    }

    #[tokio::test]
    async fn a_fork_is_kept_apart_and_everything_innocent_goes_on() {
        let scratch = Scratch::new("fork");
        let log = scratch.log(1, 1);
        let first = foreign(5, &["一"], None);
        let forked = foreign(5, &["另一个一"], None);
        let next = foreign(5, &["二"], Some(&first.1));
        let other = foreign(6, &["别人"], None);
        let runs = vec![first.clone(), forked, next, other, first.clone()];
        let stored: Vec<_> = log.accept(runs).await.unwrap().into_iter().map(|(_, _, stored)| stored).collect();
        assert!(matches!(&stored[0], StoredAs::Accepted(extent) if extent.length == 1));
        assert!(matches!(&stored[1], StoredAs::Refused(reason) if reason.contains("two devices write one feed")));
        assert!(matches!(&stored[2], StoredAs::Accepted(extent) if extent.length == 2));
        assert!(matches!(&stored[3], StoredAs::Accepted(_)));
        assert!(matches!(&stored[4], StoredAs::Known(_)));
        let apart = log.apart(10).unwrap();
        assert_eq!((apart.len(), apart[0].first), (1, 1));
        assert_eq!(apart[0].device, first.0.device().to_string());
    }

    #[tokio::test]
    async fn a_gap_is_said_and_a_bent_run_is_kept_apart() {
        let scratch = Scratch::new("gap");
        let log = scratch.log(1, 1);
        let first = foreign(5, &["一"], None);
        let second = foreign(5, &["二"], Some(&first.1));
        let mut bent = first.clone();
        bent.1.signature[0] ^= 1;
        let stored: Vec<_> =
            log.accept(vec![second, bent, first]).await.unwrap().into_iter().map(|(_, _, stored)| stored).collect();
        assert_eq!(stored[0], StoredAs::Gap(0));
        assert!(matches!(&stored[1], StoredAs::Refused(_)));
        assert!(matches!(&stored[2], StoredAs::Accepted(_)));
        assert_eq!(log.apart(10).unwrap().len(), 1);
    }

    #[test]
    fn a_full_disk_is_said_and_what_was_saved_stays() {
        let scratch = Scratch::new("full");
        let mut store = SqliteStore::open(&scratch.0.join("log.db")).unwrap();
        let author = author(1, 1);
        let write = |store: &mut SqliteStore, word: &str| {
            store.begin()?;
            store.append(&author, &[entry(1, Audience::Deputies, word)], UnixSeconds(1))?;
            store.commit()
        };
        write(&mut store, "一").unwrap();
        store.limit_pages();
        // Words that do not compress, or a run of them would hardly need a page.
        let words: String =
            (0..20_000u32).filter_map(|n| char::from_u32(0x4e00 + n.wrapping_mul(2_654_435_761) % 20_000)).collect();
        let refused = (0..100).find_map(|_| write(&mut store, &words).err());
        assert!(matches!(refused, Some(StoreError::DiskFull)));
        store.rollback();
        assert!(store.verify().unwrap().is_ok());
        assert!(store.counts().unwrap().here >= 1);
    }
}
