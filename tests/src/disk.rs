//! A disk of a few megabytes that fills up and breaks down: a file system of its own for the directory of one installation. It
//! is ext4 on a file, as on a card, and where there are no loop devices one in memory, which cannot break down. Mounting
//! either takes root and a kernel that lets it: elsewhere whoever asks for one hears that there is none.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};

/// Room for a county's tables and some thousand opinions; a kiosk says that it is full when 16 MiB are left.
const MIB: u64 = 80;

/// It goes when this is dropped.
pub struct SmallDisk {
    dir: PathBuf,
    /// The file on which there is an ext4; `None` in memory.
    card: Option<PathBuf>,
}

/// Says that a story is not told here.
pub fn skip(why: &str) {
    println!("skipped: {why}");
}

impl SmallDisk {
    /// Moves what is in `dir` onto one; nobody may have anything open there. `None` where none can be mounted; `dir` is as it
    /// was then.
    pub fn beneath(dir: &Path) -> anyhow::Result<Option<Self>> {
        let (before, card) = (dir.with_extension("before"), dir.with_extension("card"));
        fs::rename(dir, &before)?;
        fs::create_dir(dir)?;
        let card = match make_card(&card).and_then(|()| mount_card(&card, dir)) {
            Ok(()) => {
                fs::remove_dir(dir.join("lost+found"))?;
                Some(card)
            }
            Err(no_card) => {
                let size = format!("size={MIB}m,mode=700");
                if let Err(why) = run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir)) {
                    fs::remove_dir(dir)?;
                    fs::rename(&before, dir)?;
                    skip(&format!("no file system can be mounted here: {no_card:#}; {why:#}"));
                    return Ok(None);
                }
                println!("the disk of this story is in memory, for no ext4 can be mounted on a file here: {no_card:#}");
                None
            }
        };
        let disk = Self { dir: dir.to_owned(), card };
        run(Command::new("cp").arg("-a").arg(before.join(".")).arg(dir))?;
        // What is still on its way to the card would go when that breaks down.
        run(Command::new("sync").arg("-f").arg(dir))?;
        Ok(Some(disk))
    }

    /// Whether it is one that can break down.
    pub fn is_card(&self) -> bool {
        self.card.is_some()
    }

    /// Takes all the room that is left.
    pub fn fill(&self) -> anyhow::Result<()> {
        self.fill_but(0)
    }

    /// Takes all the room that is left but so many bytes.
    pub fn fill_but(&self, left: u64) -> anyhow::Result<()> {
        let mut filler = File::create(self.filler()).context("Filling the disk")?;
        // What is written has its place on the card only behind a sync, and there may be a little room again then.
        for _ in 0..2 {
            while filler.write_all(&[7; 4_096]).is_ok() {}
            filler.sync_all()?;
        }
        let taken = filler.metadata()?.len();
        Ok(filler.set_len(taken.saturating_sub(left))?)
    }

    /// Makes room again.
    pub fn make_room(&self) -> anyhow::Result<()> {
        fs::remove_file(self.filler()).context("Making room on the disk")
    }

    fn filler(&self) -> PathBuf {
        self.dir.join("filler")
    }

    /// The kernel finds the card worn out: from one moment to the next nothing can be written, whoever has what open.
    /// A file system that is in use cannot be made read-only in another way. `false` where the kernel cannot be told so.
    pub fn break_down(&self) -> anyhow::Result<bool> {
        let place = fs::canonicalize(&self.dir)?;
        let mounts = fs::read_to_string("/proc/mounts")?;
        let device = mounts.lines().find_map(|line| {
            let (device, rest) = line.split_once(' ')?;
            (Path::new(rest.split(' ').next()?) == place).then_some(device)
        });
        let device = device.and_then(|device| device.strip_prefix("/dev/")).context("the card is mounted nowhere")?;
        let is_told = fs::write(format!("/sys/fs/ext4/{device}/trigger_fs_error"), "this card is worn out").is_ok();
        ensure!(File::create(self.filler()).is_err() == is_told, "a card that broke down takes something");
        Ok(is_told)
    }

    /// Puts the card right, as somebody does who has it in another computer; nobody may have anything open there.
    pub fn mend(&self) -> anyhow::Result<()> {
        let card = self.card.as_ref().context("a disk in memory does not break down")?;
        run(Command::new("umount").arg(&self.dir))?;
        let mended = Command::new("fsck.ext4").arg("-p").arg(card).output()?;
        // 1 says that something was wrong and is right now.
        ensure!(matches!(mended.status.code(), Some(0 | 1)), "{mended:?}");
        mount_card(card, &self.dir)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.dir).status();
    }
}

fn make_card(card: &Path) -> anyhow::Result<()> {
    File::create(card)
        .and_then(|file| file.set_len(MIB << 20))
        .with_context(|| format!("Making {}", card.display()))?;
    run(Command::new("mkfs.ext4").args(["-q", "-F", "-b", "4096", "-m", "0"]).arg(card))
}

fn mount_card(card: &Path, dir: &Path) -> anyhow::Result<()> {
    run(Command::new("mount").args(["-t", "ext4", "-o", "loop,errors=remount-ro"]).arg(card).arg(dir))
}

/// Runs a program of the system; the error is what it said.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let done = command.output().with_context(|| command.get_program().display().to_string())?;
    if !done.status.success() {
        bail!("{}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}
