//! The kiosks that the paths through one are walked on, each a process of its own.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

use hardware::sound::{SAMPLE_RATE, wav};
use tests::{disk::SmallDisk, program::Program};

use crate::ways::{PATHS, Step, What};

/// Which kiosk a path needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A made-up station.
    Station,
    /// One that is left alone for two minutes on the way.
    Patience,
    /// One whose printer was pulled out.
    Printer,
    /// One on a disk that can be filled.
    Disk,
}

impl Needs {
    /// The kiosk of this path.
    pub fn of(path: &str) -> Self {
        let has = |what| Step::all(path).any(|(_, step)| matches!(&step, Step::Happens(met) if *met == what));
        if has(What::Gone) {
            Needs::Patience
        } else if has(What::Trouble) {
            Needs::Printer
        } else if has(What::Full) {
            Needs::Disk
        } else {
            Needs::Station
        }
    }

    /// The name of its directory.
    fn word(self) -> &'static str {
        match self {
            Needs::Station | Needs::Patience => "station",
            Needs::Printer => "printer",
            Needs::Disk => "disk",
        }
    }

    /// The paths that need it.
    pub fn paths(self) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        PATHS.iter().filter(move |(_, path)| Needs::of(path) == self)
    }
}

/// What made-up stations are wired to: files in a directory.
pub struct Wires {
    dir: PathBuf,
    small: Option<SmallDisk>,
}

impl Wires {
    /// A microphone into which somebody speaks without end, a reader who reads for long, and a dialect of the village.
    pub fn make() -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("huiyin-paths-{}", std::process::id()));
        for needs in [Needs::Station, Needs::Printer, Needs::Disk] {
            let dir = dir.join(needs.word());
            fs::create_dir_all(dir.join("prompts/shiqiao"))?;
            let pack = "language = \"zh-CN\"\nzh = \"石桥话\"\nen = \"Shiqiao dialect\"\n";
            fs::write(dir.join("prompts/shiqiao/pack.toml"), pack)?;
            let [microphone, loudspeaker, words, reader, printer] =
                ["microphone.wav", "loudspeaker.wav", "words.wav", "reader", "lp0"].map(|file| dir.join(file));
            // Loud and less loud by turns, so that the level moves.
            let tone = |at: usize| ((at % 80) as i16 - 40) * (200 + 50 * (at / 1_600 % 8) as i16);
            for file in [&microphone, &words] {
                let mut writer = wav::Writer::create(file)?;
                writer.add(&(0..60 * SAMPLE_RATE as usize).map(tone).collect::<Vec<_>>())?;
                writer.finish()?;
            }
            fs::write(&reader, format!("#!/bin/sh\ncat {}\n", words.display()))?;
            fs::set_permissions(&reader, fs::Permissions::from_mode(0o755))?;
            let mut wiring = format!(
                "[sound]\nmicrophone = {{ wav = {microphone:?} }}\nloudspeaker = {{ wav = {loudspeaker:?} }}\nreader = {reader:?}\n"
            );
            if needs == Needs::Printer {
                wiring.push_str(&format!("\n[printer]\ndevice = {printer:?}\n"));
            }
            fs::write(dir.join("wiring.toml"), wiring)?;
        }
        let small = SmallDisk::beneath(&dir.join(Needs::Disk.word()))?;
        Ok(Self { dir, small })
    }

    /// The disk that can be filled; `None` where none can be mounted.
    pub fn small_disk(&self) -> Option<&SmallDisk> {
        self.small.as_ref()
    }

    /// Starts a station with nobody before it.
    pub fn station(&self, needs: Needs) -> anyhow::Result<Station> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_county"));
        command.args(["kiosk", "demo", "--screen", "browser", "--http", &format!("127.0.0.1:{port}"), "--data"]);
        command.arg(self.dir.join(needs.word()));
        let mut program = Program::start(command, &self.dir.join("kiosk.log"))?;
        let page = program.wait_for_line("kiosk:")?;
        Ok(Station { page, _program: program })
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        // A directory goes when nothing is mounted in it.
        self.small = None;
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// A made-up station as a process.
pub struct Station {
    /// Where its page is.
    pub page: String,
    _program: Program,
}
