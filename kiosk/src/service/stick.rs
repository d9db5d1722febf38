//! Carried by hand, where there is no road: what was said goes onto a stick, sealed to the county, and what the county says
//! comes home on one. It takes as long as the stick takes, in a thread of its own; the screen is told.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ledger::{
    Ledger,
    bundle::{Files, TakenIn, take_in},
};
use replica::{bundle::DeviceEnd, identity::Identity};
use tokio::{runtime::Handle, sync::Notify};

use crate::disk::disk;

/// Where the kernel tells what is mounted.
const MOUNTS: &str = "/proc/self/mounts";

/// Below these directories sticks are mounted, by hand or by the system.
const PLACES: [&str; 3] = ["/media/", "/run/media/", "/mnt/"];

/// Sticks that are offered; nobody has put in more.
const STICKS_MAX: usize = 4;

/// The longest file that the file system of most sticks can hold.
const FILE_LEN_MAX: u64 = 4 * 1024 * 1024 * 1024 - 1;

/// A stick that somebody put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stick {
    /// Where it is mounted.
    pub directory: PathBuf,
    /// Room on it, in MiB, as far as it can be told.
    pub free_mib: Option<u64>,
}

/// Which way things are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What has no receipt, onto the stick.
    Out,
    /// What the county says, from the stick.
    Home,
}

/// Where carrying stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrying {
    /// Nobody has begun.
    #[default]
    Idle,
    /// The stick is being written or read: it must stay in.
    Working,
    /// It is written.
    Written {
        /// Bytes on it.
        bytes: u64,
    },
    /// It was read.
    Read {
        /// News that it brought.
        entries: u64,
        /// Receipts of the county.
        receipts: u64,
        /// Parts that were passed over: damaged, or for another machine.
        passed_over: usize,
    },
    /// It failed; the key of the sentence that says what to do.
    Failed(&'static str),
}

/// The sticks that are in now, those of this table of mounts.
pub fn sticks() -> Vec<Stick> {
    sticks_in(Path::new(MOUNTS), &PLACES)
}

fn sticks_in(mounts: &Path, places: &[&str]) -> Vec<Stick> {
    let table = fs::read_to_string(mounts).unwrap_or_default();
    let mut found: Vec<PathBuf> = Vec::new();
    for directory in table.lines().filter_map(|line| line.split(' ').nth(1)).map(unescaped) {
        // A place that is mounted when somebody looks says so only then; without a stick it cannot be read.
        let is_below = places.iter().any(|place| directory.starts_with(place));
        if is_below && !found.contains(&directory.clone().into()) && fs::read_dir(&directory).is_ok() {
            found.push(directory.into());
        }
    }
    let free_mib = |directory: &Path| disk(directory).ok().map(|disk| disk.free >> 20);
    let stick = |directory: PathBuf| Stick { free_mib: free_mib(&directory), directory };
    found.into_iter().take(STICKS_MAX).map(stick).collect()
}

/// The kernel writes spaces and the like as three octal digits behind a backslash.
fn unescaped(path: &str) -> String {
    let mut parts = path.split('\\');
    let mut whole: Vec<u8> = parts.next().unwrap_or_default().into();
    for part in parts {
        match part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                whole.push(byte);
                whole.extend(&part.as_bytes()[3..]);
            }
            None => whole.extend([b"\\", part.as_bytes()].concat()),
        }
    }
    String::from_utf8_lossy(&whole).into_owned()
}

/// A device that is carried from and to. Clones are the same one.
#[derive(Clone)]
pub struct Carrier {
    identity: Arc<Identity>,
    ledger: Ledger,
    runtime: Handle,
    /// Rung when it is done.
    news: Arc<Notify>,
    // A std mutex: held for one assignment.
    stands: Arc<Mutex<Carrying>>,
}

impl Carrier {
    /// The device with this identity and ledger; call it inside a runtime. `news` is rung when something was carried.
    pub fn new(identity: Arc<Identity>, ledger: Ledger, news: Arc<Notify>) -> Self {
        Self { identity, ledger, runtime: Handle::current(), news, stands: Arc::default() }
    }

    /// Where it stands.
    pub fn stands_at(&self) -> Carrying {
        *self.stands()
    }

    /// Begins, unless it is at it already.
    pub fn begin(&self, way: Way, stick: PathBuf) {
        {
            let mut stands = self.stands();
            if *stands == Carrying::Working {
                return;
            }
            *stands = Carrying::Working;
        }
        let this = self.clone();
        self.runtime.spawn_blocking(move || {
            let came = this.carry(way, &stick).unwrap_or_else(|error| {
                tracing::error!(error = format!("{error:#}"), "Nothing could be carried by stick");
                Carrying::Failed(sentence(way, &error))
            });
            *this.stands() = came;
            this.news.notify_one();
        });
    }

    fn carry(&self, way: Way, stick: &Path) -> anyhow::Result<Carrying> {
        let end = DeviceEnd::new(&self.identity, self.ledger.log())?;
        let end = end.ok_or_else(|| anyhow::anyhow!("the card of this device cannot be read"))?;
        match way {
            Way::Out => {
                let mut files = Files::new(stick, FILE_LEN_MAX, u64::MAX)?;
                self.runtime.block_on(end.pack(u64::MAX, |parcel| files.put(&parcel)))?;
                let written = files.done()?;
                Ok(Carrying::Written { bytes: written.iter().map(|(_, bytes)| bytes).sum() })
            }
            Way::Home => {
                let from = [stick.to_owned()];
                let TakenIn { files, brought, faults } =
                    take_in(&from, |sealed| self.runtime.block_on(end.unpack(sealed)))?;
                if files == 0 {
                    return Ok(Carrying::Failed("carry-no-bundle"));
                }
                let passed_over = faults.len() + brought.refused.len();
                Ok(Carrying::Read { entries: brought.entries, receipts: brought.receipts, passed_over })
            }
        }
    }

    fn stands(&self) -> MutexGuard<'_, Carrying> {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Key of the sentence that says what to do.
pub(super) fn sentence(way: Way, error: &anyhow::Error) -> &'static str {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    match (way, kind) {
        (Way::Out, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)) => "carry-full",
        (Way::Out, Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied)) => "carry-read-only",
        (Way::Out | Way::Home, _) => "carry-failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompts::tests::Scratch;

    #[test]
    fn sticks_are_found_among_what_is_mounted_by_their_place_and_their_odd_names() {
        let scratch = Scratch::new("mounts");
        let place = format!("{}/media/", scratch.path().display());
        let stick = format!("{place}officer/NEW STICK");
        fs::create_dir_all(&stick).unwrap();
        let table = scratch.path().join("mounts");
        let line = |directory: &str| format!("/dev/sda1 {} vfat rw 0 0\n", directory.replace(' ', "\\040"));
        // One is listed twice, one was pulled out, and the root is no stick.
        let lines = [line("/"), line(&stick), line(&stick), line(&format!("{place}gone"))];
        fs::write(&table, lines.concat()).unwrap();
        let found = sticks_in(&table, &[&place]);
        assert_eq!(found.iter().map(|stick| stick.directory.clone()).collect::<Vec<_>>(), [PathBuf::from(&stick)]);
        assert!(found[0].free_mib.is_some());
        assert_eq!(sticks_in(Path::new("/nonexistent"), &[&place]), []);
        assert_eq!(unescaped("/media/a\\040b\\134c\\9"), "/media/a b\\c\\9");
    }

    #[test]
    fn what_to_do_is_said_of_a_full_stick_and_one_that_cannot_be_written() {
        let full = anyhow::Error::new(std::io::Error::from(ErrorKind::StorageFull)).context("Writing");
        assert_eq!((sentence(Way::Out, &full), sentence(Way::Home, &full)), ("carry-full", "carry-failed"));
        let locked = anyhow::Error::new(std::io::Error::from(ErrorKind::ReadOnlyFilesystem));
        assert_eq!(sentence(Way::Out, &locked), "carry-read-only");
    }
}
