//! A data directory: everything of one installation, for one process at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// A directory that this process holds.
pub struct DataDir {
    path: PathBuf,
    _lock: Option<File>,
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// Another process holds it.
    #[error("{} is in use by another running program", .0.display())]
    InUse(PathBuf),
    /// It cannot be made or written.
    #[error("{} cannot be used", .0.display())]
    Unusable(PathBuf, #[source] io::Error),
}

impl DataDir {
    /// Makes the directory if it is missing, and holds it until dropped.
    pub fn hold(path: &Path) -> Result<Self, DirError> {
        let unusable = |error| DirError::Unusable(path.to_owned(), error);
        fs::create_dir_all(path).map_err(unusable)?;
        let lock = File::create(path.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(DirError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Looks into a directory that another process may hold; nothing may be written.
    pub fn look(path: &Path) -> Self {
        Self { path: path.to_owned(), _lock: None }
    }

    /// The place of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces a file as a whole: a power cut leaves the old one or the new one. Readable by its owner alone.
    pub fn replace(&self, name: &str, content: &[u8]) -> Result<(), DirError> {
        let place = self.file(name);
        let write = || -> io::Result<()> {
            let beside = self.file(&format!("{name}.new"));
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&beside, &place)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|error| DirError::Unusable(place.clone(), error))
    }

    /// Takes a file away; one that is not there is gone already. A power cut leaves all of it or nothing.
    pub fn remove(&self, name: &str) -> Result<(), DirError> {
        let place = self.file(name);
        match fs::remove_file(&place).and_then(|()| File::open(&self.path)?.sync_all()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(DirError::Unusable(place, error)),
        }
    }

    /// A file's content; `None` if there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, DirError> {
        let place = self.file(name);
        match fs::read(&place) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DirError::Unusable(place, error)),
        }
    }
}
