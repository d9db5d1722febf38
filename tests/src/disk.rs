//! A disk of a few megabytes, a real file system that can be filled. Mounting one takes root.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

/// Room for a county's tables and some thousand opinions; a kiosk says that it is full when 16 MiB are left.
const MIB: u32 = 64;

/// A file system of its own for the directory of one installation; it goes when this is dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Moves what is in `dir` onto one; nobody may have anything open there. `None`, said in one line, where none can be
    /// mounted; `dir` is as it was then.
    pub fn beneath(dir: &Path) -> anyhow::Result<Option<Self>> {
        let before = dir.with_extension("before");
        fs::rename(dir, &before)?;
        fs::create_dir(dir)?;
        let size = format!("size={MIB}m,mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            println!("skipped: no file system can be mounted here");
            fs::remove_dir(dir)?;
            fs::rename(&before, dir)?;
            return Ok(None);
        }
        let disk = Self(dir.to_owned());
        let copied = Command::new("cp").arg("-a").args([&before.join("."), dir]).status()?;
        ensure!(copied.success(), "{} was not copied onto the small disk", before.display());
        Ok(Some(disk))
    }

    /// Takes all the room that is left.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut filler = File::create(self.filler()).context("Filling the disk")?;
        while filler.write_all(&[7; 4_096]).is_ok() {}
        Ok(())
    }

    /// Makes room again.
    pub fn make_room(&self) -> anyhow::Result<()> {
        fs::remove_file(self.filler()).context("Making room on the disk")
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
