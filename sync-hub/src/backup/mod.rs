//! Backups of the county: made while the hub serves, sealed to people who keep the keys elsewhere, and believed only after
//! each was restored.
//!
//! **What it is.** A backup is two files in the age format, [`Half::County`] and [`Half::Keys`], that any copy of the
//! standard tools opens: `age -d -i KEY FILE | tar x`. [`parts`] says what is in them and why their order makes them
//! consistent; [`snapshot`] reads it, [`pack`] seals and opens it, [`check`] restores a copy and verifies it, [`record`]
//! remembers what was made, [`schedule`] makes them by themselves, [`restore`] begins a county's new life from one.
//!
//! **What "restored and verified" means.** The hub does not hold the private keys of those for whom it seals. So each file
//! is sealed to one recipient more, whose key is drawn for this one check, lies in memory alone and is forgotten after it.
//! With it the files are read back from where they were put, opened and restored, and then every database, chain,
//! signature and count is verified. That the people who can open them still have their keys no program can know: a
//! rehearsal shows it, `restore --check`.
//!
//! **What it never does.** It never says *kept* of anything that is not in such a copy, and it never leaves a file that
//! only looks like a backup: a file has its name once it is whole, and loses it if the check fails.
//!
//! **Where to start.** [`make()`].

pub mod check;
pub mod command;
pub mod pack;
pub mod parts;
pub mod record;
pub mod restore;
pub mod schedule;
pub mod snapshot;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Instant,
};

use age::x25519;
use civic_core::time::UnixSeconds;
use replica::{clock, dir::DataDir, identity::Identity};

use crate::audit::{Action, Audit, AuditError, By, Event};
use check::Findings;
use pack::{Manifest, Recipients};
use parts::Half;
use snapshot::Work;

/// Copies of keys are let go after so many days, and with them whatever was erased.
pub const KEYS_KEPT_DAYS_MAX: u16 = 35;
/// Where a backup works, in the hub's directory; it is emptied before and after.
const WORK: &str = "backup.work";
/// Held while a backup is made: one at a time.
const LOCK: &str = "backup.lock";

/// Why there is no backup, or none can be restored, by what somebody can do about it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Wait: one is being made.
    #[error("another backup of this county is being made")]
    Busy,
    /// Name who may open it.
    #[error("nobody is named who may open it; make a key with `age-keygen` and name its public half with --recipient")]
    NoRecipient,
    /// Look at the recipient again.
    #[error("{0} is no recipient; one begins with age1 and is the public half of a key that `age-keygen` makes")]
    BadRecipient(String),
    /// Correct the file of the schedule.
    #[error("{} cannot be understood: {}", .0.display(), .1)]
    BadSchedule(PathBuf, String),
    /// Put it somewhere else: a copy inside of what it copies is none.
    #[error("{} lies in the hub's own directory; name another disk", .0.display())]
    Inside(PathBuf),
    /// Plug it in, mount it, or name another.
    #[error("{} is not there", .0.display())]
    Gone(PathBuf),
    /// Make room there, or name another.
    #[error("there is no more room in {}", .0.display())]
    Full(PathBuf),
    /// The place takes no file of that length: format it otherwise, or name another.
    #[error("{} takes no file of this length", .0.display())]
    TooLong(PathBuf),
    /// Look at the disk or the rights there.
    #[error("{} cannot be read or written ({})", .0.display(), .1)]
    Place(PathBuf, io::Error),
    /// The hub's own data cannot be read: restore it from the last good backup.
    #[error("{0} of the hub cannot be read: {1}")]
    Hub(&'static str, String),
    /// Name an empty directory: a county is never laid over another.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A key that none of the file's recipients has.
    #[error("{} was not sealed for this key; it needs the key of one of its recipients", .0.display())]
    WrongKey(PathBuf),
    /// Use another copy: this one was cut off or changed.
    #[error("{} is damaged, cut off or changed, at or before byte {}", .0.display(), .1)]
    Damaged(PathBuf, u64),
    /// Not one of ours, or of a newer program.
    #[error("{} is no backup that this program understands: {}", .0.display(), .1)]
    Strange(PathBuf, String),
    /// Use another copy: this one opens, and what is in it does not hold together.
    #[error("what came out of it does not hold together: {0}")]
    Unsound(String),
}

impl BackupError {
    /// A failure of the disk at `place`, by what can be done about it.
    pub(crate) fn at(place: &Path, error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, NotADirectory, NotFound, QuotaExceeded, StorageFull};
        let is = |kinds: &[io::ErrorKind]| kinds.contains(&error.kind());
        if is(&[StorageFull, QuotaExceeded]) {
            Self::Full(place.to_owned())
        } else if is(&[FileTooLarge]) {
            Self::TooLong(place.to_owned())
        } else if is(&[NotFound, NotADirectory]) {
            Self::Gone(place.to_owned())
        } else {
            // Whatever else a disk says is for a person to read.
            Self::Place(place.to_owned(), error)
        }
    }

    /// The word by which a page finds its sentence.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoRecipient | Self::BadRecipient(_) => "recipient",
            Self::BadSchedule(..) => "schedule",
            Self::Inside(_) | Self::NotEmpty(_) => "inside",
            Self::Gone(_) => "gone",
            Self::Full(_) => "full",
            Self::TooLong(_) => "too-long",
            Self::Place(..) => "place",
            Self::Hub(..) => "hub",
            Self::WrongKey(_) | Self::Damaged(..) | Self::Strange(..) | Self::Unsound(_) => "unproven",
        }
    }
}

/// A backup that was restored and verified.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The county's code.
    pub county: String,
    /// Its county half; the keys lie beside it, see [`names`].
    pub file: PathBuf,
    /// How long both halves are together.
    pub bytes: u64,
    /// What was found in it.
    pub found: Findings,
    /// When it was begun.
    pub at: UnixSeconds,
    /// How long it took, with its check.
    pub millis: u64,
    /// Files of the hub's directory that nobody told the backup about; they are not in it.
    pub unknown: Vec<String>,
}

/// Notes in the audit log what became of a backup at `place`.
pub fn note(audit: &Audit, by: By, place: &str, made: &Result<Copy, BackupError>) -> Result<(), AuditError> {
    let event = Event::new(by, Action::Backup);
    audit.note(&match made {
        Ok(copy) => {
            let found = format!("restored and verified: {} entries, {} events", copy.found.entries, copy.found.events);
            event.upon(copy.file.display()).because(found)
        }
        Err(error) => event.upon(place).because(error).refused(),
    })
}

/// The names of the two halves of a backup at `to`: a directory, in which they are named by county and time (China's), or
/// a file, beside which the keys lie.
pub fn names(to: &Path, county: &str, at: UnixSeconds) -> [PathBuf; 2] {
    if !to.is_dir() {
        return [to.to_owned(), keys_beside(to)];
    }
    let time = format!("{}{:02}", at.date_and_minute(), at.0.rem_euclid(60)).replace(['-', ':'], "").replace(' ', "T");
    Half::ALL.map(|half| to.join(format!("{}{time}-{}.age", stem(county), half.word())))
}

/// How names of a county's backups begin.
fn stem(county: &str) -> String {
    format!("huiyin-{county}-")
}

/// Where the keys lie that belong to the county half in `file`.
pub fn keys_beside(file: &Path) -> PathBuf {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = match name.strip_suffix("-county.age") {
        Some(stem) => format!("{stem}-keys.age"),
        None => format!("{}-keys.age", name.strip_suffix(".age").unwrap_or(&name)),
    };
    file.with_file_name(beside)
}

/// Makes a backup of the county in `dir`, which may be serving, at `to`, for `recipients`; restores it and verifies it.
/// Whatever goes wrong, nothing is left at `to` that looks like a backup.
pub fn make(dir: &Path, to: &Path, recipients: &Recipients) -> Result<Copy, BackupError> {
    let (started, at) = (Instant::now(), clock::now());
    let home = DataDir::look(dir);
    let identity = Identity::load(&home, civic_core::access::Role::Hub);
    let card = identity.map_err(|error| BackupError::Hub("the card", error.to_string()))?.card;
    let county = card.scope.areas.first().map_or("", |area| area.code());
    refuse_inside(dir, to)?;
    let _turn = turn(&home)?;
    let files = names(to, county, at);

    let mut work = Work::begin(home.file(WORK))?;
    let taken = snapshot::take(&home, &work)?;
    let check_key = x25519::Identity::generate();
    let mut bytes = 0;
    let pair = clock::random::<16>();
    let mut written = || -> Result<Findings, BackupError> {
        for (half, file) in Half::ALL.into_iter().zip(&files) {
            let manifest = Manifest::new(half, &card, at, pair, &taken);
            let recipients = recipients.and(&check_key.to_public());
            bytes += pack::seal(work.dir(), &manifest, &recipients, &part_of(file))?;
        }
        // The snapshot goes before the check begins, so that the hub's disk holds one copy at a time.
        work.clear()?;
        for (half, file) in Half::ALL.into_iter().zip(&files) {
            let manifest = pack::open(&part_of(file), half, &[&check_key], work.dir())?;
            if manifest.pair() != Some(pair) {
                return Err(BackupError::Unsound(format!("{} is not the file that was written", file.display())));
            }
        }
        let found = check::check(work.dir(), &taken)?;
        // The keys first: without the county beside them they are no backup, and nobody takes them for one.
        for file in files.iter().rev() {
            fs::rename(part_of(file), file).map_err(|error| BackupError::at(file, error))?;
        }
        let parent = files[0].parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(|error| BackupError::at(parent, error))?;
        Ok(found)
    };
    let found = written().inspect_err(|_| {
        for file in &files {
            let _ = fs::remove_file(part_of(file));
        }
    })?;
    let unknown = parts::unknown(dir).unwrap_or_default();
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Copy { county: county.to_owned(), file: files[0].clone(), bytes, found, at, millis, unknown })
}

/// Takes away what a backup that was cut off left in the hub's directory `dir`, unless one is being made.
pub fn tidy(dir: &Path) -> Result<(), BackupError> {
    let home = DataDir::look(dir);
    match turn(&home) {
        Ok(_turn) => snapshot::wipe(&home.file(WORK)).map_err(|error| BackupError::at(dir, error)),
        Err(BackupError::Busy) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The name of a file that is not whole yet.
fn part_of(file: &Path) -> PathBuf {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    file.with_file_name(format!("{name}.part"))
}

/// One backup at a time: what holds the file holds the turn.
fn turn(dir: &DataDir) -> Result<File, BackupError> {
    let place = dir.file(LOCK);
    let file = File::create(&place).map_err(|error| BackupError::at(&place, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(BackupError::Busy),
        Err(fs::TryLockError::Error(error)) => Err(BackupError::at(&place, error)),
    }
}

fn refuse_inside(dir: &Path, to: &Path) -> Result<(), BackupError> {
    let place = if to.is_dir() { to } else { to.parent().unwrap_or(to) };
    let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
    let real = |path: &Path| fs::canonicalize(path).map_err(|error| BackupError::at(path, error));
    if real(place)?.starts_with(real(dir)?) { Err(BackupError::Inside(to.to_owned())) } else { Ok(()) }
}
