//! A disk of a few megabytes that fills up and breaks down: a file system of its own for the directory of one installation. It
//! is ext4 on a file, as on a card, and where there are no loop devices one in memory, which cannot break down. Mounting
//! either takes root and a kernel that lets it: elsewhere a story says that it was skipped.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Room for a county's tables and some thousand opinions; a kiosk says that it is full when 16 MiB are left.
const MIB: u64 = 80;

/// It goes when this is dropped.
pub(super) struct SmallDisk {
    dir: PathBuf,
    /// The file on which there is an ext4; `None` in memory.
    card: Option<PathBuf>,
}

/// Says that a story is not told here.
pub(super) fn skip(why: &str) {
    println!("skipped: {why}");
}

impl SmallDisk {
    /// Moves what is in `dir` onto one; nobody may have anything open there. `None` where none can be mounted; `dir` is as it
    /// was then.
    pub(super) fn beneath(dir: &Path) -> Option<Self> {
        let (before, card) = (dir.with_extension("before"), dir.with_extension("card"));
        fs::rename(dir, &before).unwrap();
        fs::create_dir(dir).unwrap();
        let card = match make_card(&card).and_then(|()| mount_card(&card, dir)) {
            Ok(()) => {
                fs::remove_dir(dir.join("lost+found")).unwrap();
                Some(card)
            }
            Err(no_card) => {
                let size = format!("size={MIB}m,mode=700");
                if let Err(why) = run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir)) {
                    fs::remove_dir(dir).unwrap();
                    fs::rename(&before, dir).unwrap();
                    skip(&format!("no file system can be mounted here: {no_card}; {why}"));
                    return None;
                }
                println!("the disk of this story is in memory, for no ext4 can be mounted on a file here: {no_card}");
                None
            }
        };
        let disk = Self { dir: dir.to_owned(), card };
        run(Command::new("cp").arg("-a").arg(before.join(".")).arg(dir)).unwrap();
        // What is still on its way to the card would go when that breaks down.
        run(Command::new("sync").arg("-f").arg(dir)).unwrap();
        Some(disk)
    }

    /// Whether it is one that can break down.
    pub(super) fn is_card(&self) -> bool {
        self.card.is_some()
    }

    /// Takes all the room that is left.
    pub(super) fn fill(&self) {
        self.fill_but(0);
    }

    /// Takes all the room that is left but so many bytes.
    pub(super) fn fill_but(&self, left: u64) {
        let mut filler = File::create(self.filler()).unwrap();
        // What is written has its place on the card only behind a sync, and there may be a little room again then.
        for _ in 0..2 {
            while filler.write_all(&[7; 4_096]).is_ok() {}
            filler.sync_all().unwrap();
        }
        let taken = filler.metadata().unwrap().len();
        filler.set_len(taken.saturating_sub(left)).unwrap();
    }

    /// Makes room again.
    pub(super) fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.dir.join("filler")
    }

    /// The kernel finds the card worn out: from one moment to the next nothing can be written, whoever has what open.
    /// A file system that is in use cannot be made read-only in another way. `false` where the kernel cannot be told so.
    pub(super) fn break_down(&self) -> bool {
        let place = fs::canonicalize(&self.dir).unwrap();
        let mounts = fs::read_to_string("/proc/mounts").unwrap();
        let device = mounts.lines().find_map(|line| {
            let (device, rest) = line.split_once(' ')?;
            (Path::new(rest.split(' ').next()?) == place).then_some(device)
        });
        let device = device.and_then(|device| device.strip_prefix("/dev/")).unwrap();
        let is_told = fs::write(format!("/sys/fs/ext4/{device}/trigger_fs_error"), "this card is worn out").is_ok();
        assert_eq!(File::create(self.filler()).is_err(), is_told, "nothing can be written any more");
        is_told
    }

    /// Puts the card right, as somebody does who has it in another computer; nobody may have anything open there.
    pub(super) fn mend(&self) {
        let card = self.card.as_ref().unwrap();
        run(Command::new("umount").arg(&self.dir)).unwrap();
        let mended = Command::new("fsck.ext4").arg("-p").arg(card).output().unwrap();
        // 1 says that something was wrong and is right now.
        assert!(matches!(mended.status.code(), Some(0 | 1)), "{mended:?}");
        mount_card(card, &self.dir).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.dir).status();
    }
}

fn make_card(card: &Path) -> Result<(), String> {
    let making = |error| format!("making {}: {error}", card.display());
    File::create(card).and_then(|file| file.set_len(MIB << 20)).map_err(making)?;
    run(Command::new("mkfs.ext4").args(["-q", "-F", "-b", "4096", "-m", "0"]).arg(card))
}

fn mount_card(card: &Path, dir: &Path) -> Result<(), String> {
    run(Command::new("mount").args(["-t", "ext4", "-o", "loop,errors=remount-ro"]).arg(card).arg(dir))
}

/// Runs a program of the system; the error is what it said.
fn run(command: &mut Command) -> Result<(), String> {
    let done = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()) }
}
