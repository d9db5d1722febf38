//! Memory cards in memory, for SQLite: each loses power, fills up or fails at the operation that somebody names.
//!
//! [`install`] makes them the disk of this whole process. A file is what programs see of it, and beside that what is
//! durable and what was written since the last sync. When the power is [`cut`], each of those writes is kept, dropped,
//! torn at 512 bytes or kept without the ones before it, as dice fall. Files appear and go at once and in order; a card
//! that lies about its syncs is asked for by name ([`Fault::SyncLies`]).
//!
//! A card is everything in one directory. All operations of a card are counted, so that one of them can be named.

mod vfs;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use replica::store::sqlite::durable::{self, OnDisk};
use rusqlite::Connection;

use crate::dice::Dice;

/// What a card writes at once or not at all.
const PIECE: usize = 512;
/// SQLite's locks over the memory that connections share.
const SHM_LOCKS: usize = 8;

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power is cut: nothing works any more until it is back.
    Power,
    /// This one operation fails.
    Io,
    /// From now on every write fails, as on a card that has made itself read-only.
    ReadOnly,
    /// From now on nothing that makes a file longer fits.
    Full,
    /// From now on a sync says that it is done and does nothing. No program can stand that: it shows that cuts are felt.
    SyncLies,
}

/// What is done to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Read,
    /// Writes; whether the file becomes longer.
    Write {
        is_longer: bool,
    },
    Sync,
}

/// Why an operation is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Io,
    Full,
}

#[derive(Default)]
struct Card {
    deeds: u64,
    planned: Option<(u64, Fault)>,
    is_dead: bool,
    is_read_only: bool,
    is_full: bool,
    does_lie: bool,
    struck: bool,
}

#[derive(Clone)]
enum Change {
    Bytes { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// A file.
#[derive(Default)]
struct File {
    content: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    locks: Locks,
    shm: Shm,
}

/// Who holds which of SQLite's locks on a file.
#[derive(Default)]
struct Locks {
    shared: BTreeSet<u64>,
    reserved: Option<u64>,
    pending: Option<u64>,
    exclusive: Option<u64>,
}

/// The memory that connections share beside a file, by address.
#[derive(Default)]
struct Shm {
    regions: Vec<(usize, usize)>,
    users: BTreeSet<u64>,
    shared: [BTreeSet<u64>; SHM_LOCKS],
    exclusive: [Option<u64>; SHM_LOCKS],
}

#[derive(Default)]
struct Disk {
    files: BTreeMap<String, File>,
    cards: BTreeMap<String, Card>,
    next: u64,
}

// A std mutex: held for one operation.
static DISK: Mutex<Disk> = Mutex::new(Disk { files: BTreeMap::new(), cards: BTreeMap::new(), next: 0 });

/// Makes these cards the disk of SQLite in this process, from now on.
///
/// # Panics
/// If SQLite refuses.
pub fn install() {
    vfs::install();
    durable::stand_in(|path| {
        let name = path.to_string_lossy().into_owned();
        let is_here = disk().files.contains_key(&name);
        if is_here { Ok(Box::new(Opened(name))) } else { Err(io::ErrorKind::NotFound.into()) }
    });
}

/// A file of a card, as the programs themselves open it.
struct Opened(String);

impl OnDisk for Opened {
    fn length(&self) -> io::Result<u64> {
        Ok(disk().len(&self.0) as u64)
    }

    fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let read = disk().read(&self.0, at as usize, bytes)?;
        if read == bytes.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        Ok(disk().write(&self.0, at as usize, bytes)?)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(disk().sync(&self.0)?)
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Io => io::Error::other("the card fails"),
            Refusal::Full => io::ErrorKind::StorageFull.into(),
        }
    }
}

fn disk() -> MutexGuard<'static, Disk> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(dir: &Path) -> String {
    format!("{}/", dir.display())
}

fn card_of(file: &str) -> &str {
    file.rfind('/').map_or("", |end| &file[..=end])
}

/// Forgets every card; nobody may have a file open. SQLite's own dice begin anew too.
pub fn forget_all() {
    *disk() = Disk::default();
    vfs::reset_dice();
}

/// Operations that were done to a card so far.
pub fn deeds(dir: &Path) -> u64 {
    disk().cards.get(&name(dir)).map_or(0, |card| card.deeds)
}

/// Lets a card fail at the operation that comes after so many more.
pub fn plan(dir: &Path, after: u64, fault: Fault) {
    let mut disk = disk();
    let card = disk.cards.entry(name(dir)).or_default();
    card.struck = false;
    card.planned = Some((card.deeds + after, fault));
}

/// Whether what was planned has happened.
pub fn has_struck(dir: &Path) -> bool {
    disk().cards.get(&name(dir)).is_some_and(|card| card.struck)
}

/// Whether a card is without power.
pub fn is_dead(dir: &Path) -> bool {
    disk().cards.get(&name(dir)).is_some_and(|card| card.is_dead)
}

/// Takes the power away now.
pub fn kill(dir: &Path) {
    disk().cards.entry(name(dir)).or_default().is_dead = true;
}

/// A card works again: nothing is planned, and nothing fails.
pub fn mend(dir: &Path) {
    let mut disk = disk();
    let card = disk.cards.entry(name(dir)).or_default();
    *card = Card { deeds: card.deeds, ..Card::default() };
}

/// What a power cut leaves of a card whose program has ended; then the power is back.
pub fn cut(dir: &Path, dice: &mut Dice) {
    let name = name(dir);
    for (_, file) in disk().files.iter_mut().filter(|(path, _)| card_of(path) == name) {
        let content = wreck(&file.durable, &file.unsynced, dice);
        file.durable.clone_from(&content);
        file.content = content;
        file.unsynced.clear();
        file.locks = Locks::default();
    }
    mend(dir);
}

/// What the end of a program leaves of a card: everything that it wrote, durable or not. The power never failed.
pub fn end(dir: &Path) {
    mend(dir);
}

/// Everything that was written reaches the card, as it does within a minute where nobody asks for it.
pub fn settle(dir: &Path) {
    let name = name(dir);
    for (_, file) in disk().files.iter_mut().filter(|(path, _)| card_of(path) == name) {
        let File { durable, unsynced, .. } = file;
        unsynced.drain(..).for_each(|change| apply(durable, &change));
    }
}

/// The files of a card as programs see them, to be [`put`] on another one.
pub fn image(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = name(dir);
    let disk = disk();
    let files = disk.files.iter().filter(|(path, _)| card_of(path) == name);
    files.map(|(path, file)| (path[name.len()..].to_owned(), file.content.clone())).collect()
}

/// A card with nothing but a copy of one database, as a backup reads it beside the program that writes there: in one piece, and
/// without what a commit that failed has left ahead of it. SQLite's failures come back.
pub fn copy_of(dir: &Path, database: &str) -> rusqlite::Result<BTreeMap<String, Vec<u8>>> {
    let place = Path::new("/cards/backup");
    put(place, &BTreeMap::new());
    let to = place.join(database);
    Connection::open(dir.join(database))?.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    Ok(image(place))
}

/// Replaces everything on a card, durably; nobody may have a file of it open.
pub fn put(dir: &Path, image: &BTreeMap<String, Vec<u8>>) {
    let name = name(dir);
    let mut disk = disk();
    disk.files.retain(|path, _| card_of(path) != name);
    for (file, content) in image {
        let file_name = format!("{name}{file}");
        disk.files.insert(file_name, File { content: content.clone(), durable: content.clone(), ..File::default() });
    }
}

/// Takes a database off a card, with what stands beside it.
pub fn remove(dir: &Path, database: &str) {
    let prefix = format!("{}{database}", name(dir));
    disk().files.retain(|path, _| !path.starts_with(&prefix));
}

/// A card as it stands in the middle of its work: from it any number of power cuts can be made.
pub struct Torn {
    files: BTreeMap<String, (Vec<u8>, Vec<Change>)>,
}

/// A card in the middle of its work.
pub fn torn(dir: &Path) -> Torn {
    let name = name(dir);
    let disk = disk();
    let files = disk.files.iter().filter(|(path, _)| card_of(path) == name);
    let files =
        files.map(|(path, file)| (path[name.len()..].to_owned(), (file.durable.clone(), file.unsynced.clone())));
    Torn { files: files.collect() }
}

impl Torn {
    /// One way in which the power cut may leave it.
    pub fn image(&self, dice: &mut Dice) -> BTreeMap<String, Vec<u8>> {
        let wrecked = self.files.iter().map(|(name, (durable, changes))| (name.clone(), wreck(durable, changes, dice)));
        wrecked.collect()
    }
}

/// Whether these bytes stand anywhere in a file of any card, in the clear.
pub fn holds(needle: &[u8]) -> Option<String> {
    let disk = disk();
    let found = disk.files.iter().find(|(_, file)| is_within(&file.content, needle));
    found.map(|(name, _)| name.clone())
}

/// The file of this card in which these bytes stand in the clear.
pub fn found_on(dir: &Path, needle: &[u8]) -> Option<String> {
    let name = name(dir);
    let disk = disk();
    let mut files = disk.files.iter().filter(|(path, _)| card_of(path) == name);
    files.find(|(_, file)| is_within(&file.content, needle)).map(|(path, _)| path.clone())
}

/// Whether `needle` stands in `bytes`.
pub fn is_within(bytes: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(bytes, needle).is_some()
}

/// What is left of a file: what was durable, and of what was not, what dice keep.
fn wreck(durable: &[u8], unsynced: &[Change], dice: &mut Dice) -> Vec<u8> {
    let mut content = durable.to_vec();
    match dice.below(4) {
        // Nothing reached the card.
        0 => {}
        // Everything did, though nobody was told.
        1 => unsynced.iter().for_each(|change| apply(&mut content, change)),
        // It came in order, and the last was torn.
        2 => {
            let whole = dice.place(unsynced.len() + 1);
            unsynced[..whole].iter().for_each(|change| apply(&mut content, change));
            if let Some(Change::Bytes { at, bytes }) = unsynced.get(whole) {
                let pieces = dice.place(bytes.len() / PIECE + 1);
                let bytes = bytes[..bytes.len().min(pieces * PIECE)].to_vec();
                apply(&mut content, &Change::Bytes { at: *at, bytes });
            }
        }
        // Some pieces came and others did not.
        _ => {
            let keep = 10 + dice.below(80);
            for change in unsynced {
                match change {
                    Change::Length(_) if dice.percent(keep) => apply(&mut content, change),
                    Change::Length(_) => {}
                    Change::Bytes { at, bytes } => {
                        for (place, piece) in bytes.chunks(PIECE).enumerate() {
                            if dice.percent(keep) {
                                let at = at + place * PIECE;
                                apply(&mut content, &Change::Bytes { at, bytes: piece.to_vec() });
                            }
                        }
                    }
                }
            }
        }
    }
    content
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => content.resize(*length, 0),
        Change::Bytes { at, bytes } if !bytes.is_empty() => {
            let end = at + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*at..end].copy_from_slice(bytes);
        }
        Change::Bytes { .. } => {}
    }
}

impl Disk {
    /// Counts a deed, and tells whether it is done.
    fn dare(&mut self, file: &str, deed: Deed) -> Result<(), Refusal> {
        let card = self.cards.entry(card_of(file).to_owned()).or_default();
        if card.is_dead {
            return Err(Refusal::Io);
        }
        card.deeds += 1;
        let is_write = matches!(deed, Deed::Write { .. } | Deed::Sync);
        if let Some((_, fault)) = card.planned.filter(|(at, _)| card.deeds > *at) {
            card.planned = None;
            card.struck = true;
            match fault {
                Fault::Power => card.is_dead = true,
                Fault::Io => return Err(Refusal::Io),
                Fault::ReadOnly => card.is_read_only = true,
                Fault::Full => card.is_full = true,
                Fault::SyncLies => card.does_lie = true,
            }
        }
        if card.is_dead || (card.is_read_only && is_write) {
            return Err(Refusal::Io);
        }
        match deed {
            Deed::Write { is_longer: true } if card.is_full => Err(Refusal::Full),
            Deed::Read | Deed::Write { .. } | Deed::Sync => Ok(()),
        }
    }

    fn open(&mut self, name: Option<&str>, may_make: bool) -> Result<String, Refusal> {
        self.next += 1;
        let name = name.map_or_else(|| format!("/nameless/{}", self.next), str::to_owned);
        let is_here = self.files.contains_key(&name);
        if !is_here && !may_make {
            return Err(Refusal::Io);
        }
        self.dare(&name, if is_here { Deed::Read } else { Deed::Write { is_longer: true } })?;
        self.files.entry(name.clone()).or_default();
        Ok(name)
    }

    fn remove(&mut self, name: &str) -> Result<bool, Refusal> {
        if !self.files.contains_key(name) {
            return Ok(false);
        }
        self.dare(name, Deed::Write { is_longer: false })?;
        Ok(self.files.remove(name).is_some())
    }

    /// How many bytes of it there are; the rest of `out` is left alone.
    fn read(&mut self, name: &str, at: usize, out: &mut [u8]) -> Result<usize, Refusal> {
        self.dare(name, Deed::Read)?;
        let content = self.files.get(name).map(|file| file.content.as_slice()).unwrap_or_default();
        let from = content.get(at..).unwrap_or_default();
        let len = from.len().min(out.len());
        out[..len].copy_from_slice(&from[..len]);
        Ok(len)
    }

    fn write(&mut self, name: &str, at: usize, bytes: &[u8]) -> Result<(), Refusal> {
        let is_longer = self.len(name) < at + bytes.len();
        let had_power = !self.is_dead(name);
        let dared = self.dare(name, Deed::Write { is_longer });
        // What the power interrupts may have begun; what comes behind it has not.
        let is_begun = dared.is_ok() || (had_power && self.is_dead(name));
        if is_begun {
            self.change(name, Change::Bytes { at, bytes: bytes.to_vec() });
        }
        dared
    }

    fn truncate(&mut self, name: &str, length: usize) -> Result<(), Refusal> {
        self.dare(name, Deed::Write { is_longer: false })?;
        self.change(name, Change::Length(length));
        Ok(())
    }

    fn change(&mut self, name: &str, change: Change) {
        if let Some(file) = self.files.get_mut(name) {
            apply(&mut file.content, &change);
            file.unsynced.push(change);
        }
    }

    fn sync(&mut self, name: &str) -> Result<(), Refusal> {
        let dared = self.dare(name, Deed::Sync);
        // What a failed sync did not write is written by no later one, though everybody reads it. Without power nothing was
        // tried: some of it may have come to the card all the same.
        if dared.is_err()
            && !self.is_dead(name)
            && let Some(file) = self.files.get_mut(name)
        {
            file.unsynced.clear();
        }
        dared?;
        let does_lie = self.cards.get(card_of(name)).is_some_and(|card| card.does_lie);
        if let Some(file) = self.files.get_mut(name).filter(|_| !does_lie) {
            let File { durable, unsynced, .. } = file;
            unsynced.drain(..).for_each(|change| apply(durable, &change));
        }
        Ok(())
    }

    /// Whether the card of a file is without power.
    fn is_dead(&self, file: &str) -> bool {
        self.cards.get(card_of(file)).is_some_and(|card| card.is_dead)
    }

    fn len(&self, name: &str) -> usize {
        self.files.get(name).map_or(0, |file| file.content.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(unsynced: &[&[u8]]) -> (Vec<u8>, Vec<Change>) {
        let mut at = 4;
        let changes = unsynced.iter().map(|bytes| {
            let change = Change::Bytes { at, bytes: bytes.to_vec() };
            at += bytes.len();
            change
        });
        (b"kept".to_vec(), changes.collect())
    }

    #[test]
    fn a_sync_that_fails_for_want_of_power_leaves_the_cut_something_to_tear() {
        let mut disk = Disk::default();
        let file = disk.open(Some("/cards/one/file"), true).unwrap();
        let unsynced = |disk: &Disk| disk.files[&file].unsynced.len();
        let fails_next = |disk: &mut Disk, fault| {
            let card = disk.cards.get_mut("/cards/one/").unwrap();
            (card.planned, card.is_dead) = (Some((card.deeds, fault)), false);
        };
        disk.write(&file, 0, b"one").unwrap();
        fails_next(&mut disk, Fault::Io);
        assert!(disk.sync(&file).is_err());
        assert_eq!(unsynced(&disk), 0, "no later sync writes it");
        disk.write(&file, 0, b"two").unwrap();
        fails_next(&mut disk, Fault::Power);
        assert!(disk.sync(&file).is_err() && disk.sync(&file).is_err());
        assert_eq!(unsynced(&disk), 1);
        fails_next(&mut disk, Fault::Power);
        assert!(disk.write(&file, 0, b"three").is_err());
        assert_eq!(unsynced(&disk), 2, "what was interrupted may have begun");
        assert!(disk.write(&file, 0, b"four").is_err());
        assert_eq!(unsynced(&disk), 2, "and nothing begins behind it");
    }

    #[test]
    fn a_cut_leaves_what_was_durable_and_of_the_rest_anything() {
        let long = vec![7; 3 * PIECE];
        let (durable, changes) = written(&[&long, b"second"]);
        let mut dice = Dice::new(1);
        let images: BTreeSet<Vec<u8>> = (0..200).map(|_| wreck(&durable, &changes, &mut dice)).collect();
        assert!(images.iter().all(|image| image.starts_with(b"kept")));
        assert!(images.contains(b"kept".as_slice()), "nothing of it");
        assert!(
            images.iter().any(|image| image.len() == 4 + long.len() + 6 && image.ends_with(b"second")),
            "all of it"
        );
        assert!(
            images.iter().any(|image| image.ends_with(b"second") && image[4..4 + PIECE] == [0; PIECE]),
            "reordered"
        );
        assert!(images.iter().any(|image| image.len() == 4 + PIECE), "torn");
    }
}
