//! The county's keys on the hub's disk: the ring in `seal.key`, and how one of them is destroyed there.

use std::{
    fs::OpenOptions,
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use civic_core::{
    keyring::{Keyring, OWN_EPOCH},
    seal::{OpenKey, Seed},
    time::UnixSeconds,
};
use replica::{clock, dir::DataDir};

/// The ring's file in the hub's directory.
pub const FILE: &str = "seal.key";

/// The keys, as everything that opens sees them.
pub struct Keys {
    dir: DataDir,
    // A std mutex: held to copy a pointer, or while the ring is replaced on disk.
    ring: Mutex<Arc<Keyring>>,
}

impl Keys {
    /// Makes the first keys of a county in `dir`: its own, and that of the first epoch.
    pub fn make(dir: &DataDir, now: UnixSeconds) -> anyhow::Result<Keyring> {
        let mut ring = Keyring::default();
        for epoch in [OWN_EPOCH, OWN_EPOCH + 1] {
            ring.add(OpenKey::make(epoch, Seed(clock::random())), now);
        }
        dir.replace(FILE, &serde_json::to_vec(&ring)?)?;
        Ok(ring)
    }

    /// Takes up the keys in `dir`; a hub that had none of its own yet gets one.
    pub fn open(dir: &DataDir) -> anyhow::Result<Self> {
        let ring = read(dir)?;
        let keys = Self { dir: DataDir::look(dir.path()), ring: Mutex::new(Arc::new(ring.clone())) };
        if ring.own().is_none() {
            keys.change(|ring| ring.add(OpenKey::make(OWN_EPOCH, Seed(clock::random())), clock::now()))?;
        }
        Ok(keys)
    }

    /// The keys as they are now.
    pub fn ring(&self) -> Arc<Keyring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the ring; on disk when it returns. The bytes of the file before are overwritten where they lay, so that a key
    /// that is not in the new one is nowhere: as far as the disk overwrites in place, which a memory card does not.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Keyring) -> T) -> anyhow::Result<T> {
        let mut held = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ring = read(&self.dir)?;
        let changed = change(&mut ring);
        // Opened before it is replaced: afterwards no name leads to it.
        let mut before = OpenOptions::new().write(true).open(self.dir.file(FILE)).context("Opening the keys")?;
        let len = usize::try_from(before.metadata()?.len())?;
        self.dir.replace(FILE, &serde_json::to_vec(&ring)?)?;
        before
            .write_all(&vec![0; len])
            .and_then(|()| before.sync_all())
            .context("Overwriting the keys as they were")?;
        *held = Arc::new(ring);
        Ok(changed)
    }
}

/// Reads the ring in `dir`.
pub fn read(dir: &DataDir) -> anyhow::Result<Keyring> {
    let text = dir.read(FILE)?.context("the keys that open envelopes are missing")?;
    serde_json::from_slice(&text).with_context(|| format!("{} cannot be understood", dir.file(FILE).display()))
}

#[cfg(test)]
mod tests {
    use civic_core::id::hex;

    use super::*;

    #[test]
    fn a_destroyed_key_is_in_no_byte_of_the_directory_and_the_others_open_as_before() {
        let path = std::env::temp_dir().join(format!("huiyin-keys-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        Keys::make(&dir, UnixSeconds(1)).unwrap();
        // Another name for the same bytes shows what becomes of them.
        std::fs::hard_link(dir.file(FILE), dir.file("witness")).unwrap();
        let old = serde_json::to_string(&Keys::open(&dir).unwrap().ring().newest().unwrap().0).unwrap();
        let keys = Keys::open(&dir).unwrap();
        keys.change(|ring| ring.add(OpenKey::make(2, Seed([2; 32])), UnixSeconds(2))).unwrap();
        assert!(keys.change(|ring| ring.destroy(1, UnixSeconds(3))).unwrap());
        let secret = old.split("\"secret\":").nth(1).unwrap().split(']').next().unwrap().to_owned();
        for file in std::fs::read_dir(&path).unwrap() {
            let text = String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()).into_owned();
            assert!(!text.contains(&secret));
        }
        let again = Keys::open(&dir).unwrap().ring();
        assert_eq!((again.epochs().count(), again.destroyed().len(), again.own().is_some()), (1, 1, true));
        std::fs::remove_dir_all(path).unwrap();
    }
}
