//! A directory for one test, gone when the test is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// An empty directory that is removed with this value.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// One of this name; tests of other names do not meet it.
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("huiyin-{name}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Writes a file below it, with the directories that it needs.
    pub(crate) fn write(&self, name: &str, content: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, content)?;
        Ok(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind lies in the system's own place for leftovers.
        let _ = fs::remove_dir_all(&self.0);
    }
}
