//! The ledger 台账 of one installation: what its log says, merged.
//!
//! **What it is.** [`Ledger`] writes new entries to the log and merges what arrives, in order and behind the sync path,
//! through [`civic_core::gate`] into documents, and keeps tables over them for lists and lookups. Kiosk, field app and
//! hub use the same one; what each holds is what its log holds. [`command`] is the command line that all devices share.
//!
//! It stands beside `replica` because `replica` must never see an opinion, and beside the apps because three programs
//! that merged each for itself would sooner or later merge differently.
//!
//! **What it never does.** It is never the truth: every table can be dropped and is rebuilt from the log, and from what the
//! hub gives back of what the log let go. It never reports an opinion as saved before its entries are on disk.
//!
//! **Where to start.** [`Ledger::take_down`] and [`Ledger::catch_up`]; [`board`] for what a kiosk shows,
//! [`Ledger::respond`] for what is answered there, [`publish`] and [`sealed`] for the hub's side of both, [`opening`] for who
//! may hear what a slip tells.
#![forbid(unsafe_code)]

mod answer;
pub mod board;
pub mod bundle;
pub mod by_letter;
pub mod command;
pub mod details;
pub mod edition;
pub mod enclosed;
pub mod epoch;
pub mod erase;
pub mod log_tail;
mod merge;
pub mod opening;
mod prune;
pub mod publish;
pub mod query;
pub mod reason;
pub mod repeat;
pub mod sealed;
pub mod status;
mod tables;
#[cfg(test)]
mod tests;
mod workers;
mod write;

use std::{
    ops::RangeInclusive,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use civic_core::{
    access::Role,
    codebook::{BadCodebook, Codebook},
    document::DocumentError,
    planted::{self, Bug},
    seal::SealKey,
    workflow::NotAllowed,
};
use replica::{
    clock,
    dir::DataDir,
    identity::{Card, Identity},
    store::{Author, Log, StoreError},
};
use tokio::{sync::watch, time::timeout};
use tracing::error;

pub use answer::NotTaken;
pub use merge::Merged;
pub use write::Filed;

use edition::Shelf;
use tables::Tables;

const LOG_FILE: &str = "log.db";
const LEDGER_FILE: &str = "ledger.db";
/// So long after a failure merging is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// Why the ledger refused, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The log could not be written or read; nothing was saved.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tables could not be read: rebuild them.
    #[error("the ledger's tables could not be read or written; `rebuild` makes them anew from the log")]
    Tables(#[from] rusqlite::Error),
    /// The record cannot hold that; the reason is for the person who wrote it.
    #[error(transparent)]
    Record(#[from] DocumentError),
    /// The county's rules do not allow that step now.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// It is no longer as it was seen by whoever decided upon it.
    #[error("the record has changed since it was looked at")]
    Changed,
    /// There is no such document here.
    #[error("there is no such record here")]
    NotFound,
    /// This device may not write there.
    #[error("this device may not write in {0}")]
    OutOfScope(String),
    /// Another hub gave the number of this opinion and writes its slip.
    #[error("another hub gave this number and writes its slip; this is done there")]
    SlipElsewhere,
    /// Every number of this device is given away: enrol it anew.
    #[error("this device has no ticket numbers left; enrol it anew")]
    NoTickets,
    /// The codebook on the card is not one.
    #[error(transparent)]
    Codebook(#[from] BadCodebook),
    /// Personal details could not be sealed.
    #[error(transparent)]
    Seal(#[from] civic_core::seal::SealError),
}

/// A handle to the ledger of this installation.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    log: Log,
    card: Card,
    /// Known to this device alone: what makes the sealing of one attachment for one record repeatable, and by nobody else.
    secret: [u8; 32],
    codebooks: Shelf,
    // Std mutexes: held for one piece of work, never over an await. The writer's guards against two changes with one number.
    writer: Mutex<Tables>,
    // Whose turn it is to wait for the writer: nobody who lets it go and wants it again comes before who waits.
    turn: Mutex<()>,
    // Whether something of our own is in the log and could not be merged.
    is_behind: AtomicBool,
    // Whether another program may hold the directory, and carries out what the county erased.
    is_looking: bool,
    reader: Mutex<Tables>,
    /// Numbers of devices whose slips another hub writes.
    elsewhere: Mutex<Vec<RangeInclusive<u16>>>,
    changed: watch::Sender<u64>,
}

impl Ledger {
    /// Opens the ledger in `dir`, which this program holds, for `identity` and merges what the log holds beyond it. Tables that
    /// a failing disk has damaged are made anew: there is nobody in a village who could ask for it.
    pub fn open(dir: &DataDir, identity: &Identity) -> Result<Self, LedgerError> {
        match Self::open_as_it_is(dir, identity, false) {
            Err(LedgerError::Tables(damage)) if is_damage(&damage) => {
                error!(error = %damage, "The ledger's tables are damaged; they are made anew from the log");
                Self::rebuild(dir, identity)
            }
            other => other,
        }
    }

    /// Looks into the ledger in `dir`, which another program may hold, and merges what the log holds beyond it. What the county
    /// erased is not carried out by this one, and not acknowledged: two who did that at once could each take what the other
    /// had begun for done.
    pub fn look(dir: &DataDir, identity: &Identity) -> Result<Self, LedgerError> {
        Self::open_as_it_is(dir, identity, true)
    }

    fn open_as_it_is(dir: &DataDir, identity: &Identity, is_looking: bool) -> Result<Self, LedgerError> {
        let author = Author { key: identity.key.clone(), incarnation: fresh_incarnation() };
        let log = Log::open(&dir.file(LOG_FILE), author, identity.card.hub_key(), clock::now)?;
        if identity.is_elsewhere {
            log.close_to_writing();
        }
        let path = dir.file(LEDGER_FILE);
        let writer = Tables::open(&path)?;
        writer.make_durable()?;
        let inner = Inner {
            codebooks: Shelf::open(&identity.card, &writer)?,
            card: identity.card.clone(),
            secret: identity.key.to_bytes(),
            writer: Mutex::new(writer),
            turn: Mutex::new(()),
            is_behind: AtomicBool::new(false),
            is_looking,
            reader: Mutex::new(Tables::open(&path)?),
            elsewhere: Mutex::default(),
            changed: watch::channel(0).0,
            log,
        };
        let ledger = Self { inner: Arc::new(inner) };
        ledger.catch_up()?;
        Ok(ledger)
    }

    /// Deletes the tables in `dir` and makes them anew from the log.
    pub fn rebuild(dir: &DataDir, identity: &Identity) -> Result<Self, LedgerError> {
        for name in [LEDGER_FILE, "ledger.db-wal", "ledger.db-shm"] {
            let place: PathBuf = dir.file(name);
            if place.exists() {
                std::fs::remove_file(&place)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            }
        }
        Self::open_as_it_is(dir, identity, false)
    }

    /// The log beneath.
    pub fn log(&self) -> &Log {
        &self.inner.log
    }

    /// The county's words and rules, of the newest edition that came.
    pub fn codebook(&self) -> &Codebook {
        self.inner.codebooks.codebook()
    }

    /// The card of this installation.
    pub fn card(&self) -> &Card {
        &self.inner.card
    }

    /// A number that grows whenever a document changed.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Merges whatever arrives and, at a device, lets go of what the hub keeps, for as long as the program runs.
    pub async fn follow(self) {
        tokio::select! {
            () = self.clone().follow_and_retry(RETRY) => {}
            () = self.keep_pruning() => {}
        }
    }

    /// Where merging failed it is tried again after `pause`, though nothing new comes: somebody may have made room.
    async fn follow_and_retry(self, pause: Duration) {
        let mut revision = self.inner.log.revision();
        let mut is_behind = false;
        loop {
            let news = revision.changed();
            let is_open = if is_behind { timeout(pause, news).await.unwrap_or(Ok(())) } else { news.await };
            if is_open.is_err() {
                break;
            }
            let ledger = self.clone();
            let done = tokio::task::spawn_blocking(move || ledger.catch_up()).await;
            is_behind = !matches!(done, Ok(Ok(_)));
            match done {
                Ok(Ok(_)) => {}
                Ok(Err(failure)) => error!(error = %failure, "The ledger could not follow the log"),
                Err(failure) => error!(error = %failure, "Merging stopped in the middle"),
            }
        }
    }

    /// To which key this installation seals what only the county may open: the newest that it heard of.
    pub fn seal_key(&self) -> Result<SealKey, LedgerError> {
        let card = self.inner.card.seal_key;
        let announced = self.inner.log.seal_key()?.map(|(key, _)| key);
        Ok(announced.filter(|key| key.epoch > card.epoch).unwrap_or(card))
    }

    fn is_hub(&self) -> bool {
        self.inner.card.scope.role == Role::Hub
    }

    fn writer(&self) -> MutexGuard<'_, Tables> {
        let _turn = self.inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // Work that panicked left its transaction rolled back.
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.log.begin_anew_if_refused();
        writer
    }

    fn reader(&self) -> MutexGuard<'_, Tables> {
        self.inner.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the file itself is not what it was.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase))
}

/// A new life at every start: the one thing that two copies of a memory card cannot share.
fn fresh_incarnation() -> civic_core::id::Incarnation {
    let drawn = clock::random();
    civic_core::id::Incarnation::new(if planted::is(Bug::IncarnationReused) { [1; 16] } else { drawn })
}
