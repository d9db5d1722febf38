//! Bags of those who carry and of those who hand over, and what a power cut leaves of them.
//!
//! They are the only files of this county on a disk of this machine: in memory, where it has such a place.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use civic_core::id::hex;
use replica::carry::bag::Bag;

use crate::{
    county::{Broken, CANARY},
    dice::Dice,
    disk,
};

/// The bags of a county.
pub(crate) struct Bags {
    place: PathBuf,
    /// By place of whoever holds it, while its program runs.
    pub(crate) open: BTreeMap<usize, Bag>,
}

impl Bags {
    /// Nobody has one yet. One county at a time lives in a process.
    pub(crate) fn new() -> Result<Self, Broken> {
        let memory = Path::new("/dev/shm");
        let beneath = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let place = beneath.join(format!("huiyin-bags-{}", std::process::id()));
        let made = remove(&place).and_then(|()| fs::create_dir_all(&place));
        made.map_err(|error| format!("the bags of this county: {error}"))?;
        Ok(Self { place, open: BTreeMap::new() })
    }

    /// Where the bag of whoever has this card lies.
    pub(crate) fn dir(&self, card: &Path) -> PathBuf {
        self.place.join(card.file_name().unwrap_or_default())
    }

    /// Its program has ended. After a power cut parcels that had not come whole are torn, and any may be gone, for nobody
    /// waits until the directory says that they are there; the list is whole, since it is replaced.
    pub(crate) fn close(&mut self, who: usize, card: &Path, cut: Option<&mut Dice>) -> Result<(), Broken> {
        let Some((bag, dice)) = self.open.remove(&who).zip(cut) else { return Ok(()) };
        let mut items = bag.items();
        items.sort_by_key(|item| item.label.id);
        for item in items {
            let path = self.dir(card).join("bag").join(hex(&item.label.id));
            let done = match dice.below(6) {
                0 => remove(&path),
                1 if !item.is_whole() => tear(&path, dice.below(item.held), 0),
                2 if !item.is_whole() => tear(&path, dice.below(item.held), item.held),
                _ => Ok(()),
            };
            done.map_err(of(card))?;
        }
        Ok(())
    }

    /// The files of a bag, to be [`put`](Self::put) there again.
    pub(crate) fn image(&self, card: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Broken> {
        let dir = self.dir(card);
        let read = || -> io::Result<_> {
            let mut files = BTreeMap::new();
            for place in [dir.clone(), dir.join("bag")].iter().filter(|place| place.is_dir()) {
                for file in fs::read_dir(place)? {
                    let path = file?.path();
                    if path.is_file() {
                        files.insert(path.strip_prefix(&dir).unwrap_or(&path).to_owned(), fs::read(&path)?);
                    }
                }
            }
            Ok(files)
        };
        read().map_err(of(card))
    }

    /// Puts a bag in place of the one that is there; its program does not run.
    pub(crate) fn put(&mut self, card: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<(), Broken> {
        let dir = self.dir(card);
        let write = || -> io::Result<()> {
            remove(&dir)?;
            fs::create_dir_all(dir.join("bag"))?;
            files.iter().try_for_each(|(name, content)| fs::write(dir.join(name), content))
        };
        write().map_err(of(card))
    }

    /// O5: whatever lies in bags is sealed.
    pub(crate) fn tell_nothing(&self, cards: impl Iterator<Item = PathBuf>) -> Result<(), Broken> {
        for card in cards {
            let files = self.image(&card)?;
            if let Some((name, _)) = files.iter().find(|(_, content)| disk::is_within(content, CANARY)) {
                return Err(format!("O5: personal details lie in {} of {}", name.display(), card.display()));
            }
        }
        Ok(())
    }
}

impl Drop for Bags {
    fn drop(&mut self) {
        let _ = remove(&self.place);
    }
}

/// Says whose bag it was that this machine's disk failed.
fn of(card: &Path) -> impl Fn(io::Error) -> Broken + '_ {
    move |error| format!("the bag of {}: {error}", card.display())
}

/// Takes a file or a directory away; one that is not there is gone already.
fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Cuts a file behind `whole` bytes; what there is behind them up to `len` was never written.
fn tear(path: &Path, whole: u64, len: u64) -> io::Result<()> {
    let file = fs::OpenOptions::new().write(true).open(path)?;
    file.set_len(whole)?;
    file.set_len(len.max(whole))
}
