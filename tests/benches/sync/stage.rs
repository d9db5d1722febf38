//! The county of a bench: every installation enrolled once and loaded once, then copied for each run.

use std::{
    fs::{self, File},
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use civic_core::codebook::{Codebook, Place};
use serde_json::Value;
use tests::{
    records, sample,
    world::{Part, Ports, World},
};

use crate::{end::End, talk::Ask};

/// The county's hub, in the directories of a stage.
pub const HUB: &str = "hub";

/// Directories of installations, in a directory that goes with the bench.
pub struct Stage {
    dir: PathBuf,
    codebook: Codebook,
    seed: u64,
}

/// A device to be enrolled.
pub struct Device {
    /// Its directory's name.
    pub key: String,
    /// Kiosk or field app.
    pub part: Part,
    /// Its village, by its place among the county's villages.
    pub village: usize,
}

impl Device {
    /// A device in the county's first village.
    pub fn new(key: &str, part: Part) -> Self {
        Self { key: key.to_owned(), part, village: 0 }
    }
}

/// What was heard at one place.
pub struct Heard {
    /// The number of the file, by which also the village is chosen.
    pub number: usize,
    /// How many records.
    pub count: usize,
    /// Whether nothing has become of them yet: one change each.
    pub is_new: bool,
}

/// Who enters a file.
pub struct Load<'a> {
    /// As what the installation is started.
    pub role: &'a str,
    /// Its directory.
    pub key: &'a str,
    /// The file.
    pub file: &'a Path,
    /// Whether each record has a transaction of its own.
    pub is_each_alone: bool,
}

/// An import file.
pub struct Records {
    /// Where it is.
    pub file: PathBuf,
    /// The ids of its records.
    pub ids: Vec<String>,
}

/// A copy of a directory that goes with it.
pub struct Copy(PathBuf);

impl Copy {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Stage {
    /// An empty stage in `dir`, which must not be there yet.
    pub fn new(dir: PathBuf, seed: u64) -> anyhow::Result<Self> {
        fs::create_dir_all(&dir).with_context(|| format!("Making {}", dir.display()))?;
        Ok(Self { dir, codebook: Codebook::parse(sample::COUNTY)?, seed })
    }

    /// Makes the county's hub and enrols these devices at it, by the programs themselves.
    pub fn enrol(&self, devices: &[Device]) -> anyhow::Result<()> {
        let mut world = World::new(&std::env::current_exe()?, &self.dir, Ports::Any)?;
        world.make_county(sample::COUNTY)?;
        world.start(HUB)?;
        for Device { key, part, village } in devices {
            world.add(key, *part)?;
            world.enrol(key, key, &[self.village(*village).area.code()])?;
        }
        world.stop_all();
        Ok(())
    }

    fn village(&self, number: usize) -> &Place {
        let villages: Vec<_> = self.codebook.places.iter().filter(|place| place.area.code().len() == 12).collect();
        villages[number % villages.len()]
    }

    /// The directory of an installation.
    pub fn path(&self, key: &str) -> PathBuf {
        self.dir.join(key)
    }

    /// Writes an import file of what was heard.
    pub fn hear(&self, heard: &Heard) -> anyhow::Result<Records> {
        let file = self.dir.join(format!("records.{}.jsonl", heard.number));
        let mut out = std::io::BufWriter::new(File::create(&file)?);
        let mut ids = Vec::with_capacity(heard.count);
        // Another seed for each file: no two records of a county are the same.
        let seed = self.seed.wrapping_mul(1_000).wrapping_add(heard.number as u64);
        for line in records::Records::new(&self.codebook, &[self.village(heard.number)], seed).take(heard.count) {
            let mut record: Value = serde_json::from_str(&line)?;
            if heard.is_new {
                record["steps"] = Value::Array(Vec::new());
            }
            writeln!(out, "{record}")?;
            ids.push(record["id"].as_str().context("A record without an id")?.to_owned());
        }
        out.flush()?;
        Ok(Records { file, ids })
    }

    /// Enters files of records in installations, all at once, and lets them do what a device does while it waits for a
    /// road; returns how much processor time each took for that, seconds.
    pub fn load(&self, loads: &[Load<'_>]) -> anyhow::Result<Vec<f64>> {
        let mut ends = Vec::new();
        for Load { role, key, file, is_each_alone } in loads {
            let mut end = End::start(role, &self.path(key))?;
            end.tell(&Ask::Load { file: (*file).to_owned(), is_each_alone: *is_each_alone })?;
            ends.push(end);
        }
        let mut waiting_cpu_s = Vec::new();
        for mut end in ends {
            let _: u64 = end.hear()?;
            let before = end.cpu_s()?;
            let () = end.ask(&Ask::Wait)?;
            waiting_cpu_s.push(end.cpu_s()? - before);
            end.stop()?;
        }
        Ok(waiting_cpu_s)
    }

    /// A copy of an installation, all of it on disk before a clock starts.
    pub fn copy(&self, key: &str) -> anyhow::Result<Copy> {
        let to = (0..).map(|number| self.dir.join(format!("{key}.{number}"))).find(|path| !path.exists());
        let to = Copy(to.context("No name left for a copy")?);
        fs::create_dir_all(to.path())?;
        let from = self.path(key);
        // An installation of the floor begins without a directory.
        if from.exists() {
            copy_dir(&from, to.path())?;
        }
        Ok(to)
    }

    /// Keeps a copy as an installation of this name.
    pub fn keep(&self, copy: Copy, key: &str) -> anyhow::Result<()> {
        let place = self.path(key);
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        Ok(fs::rename(copy.path(), place)?)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Tells the device in this directory that its hub is at another address.
pub fn point(dir: &Path, hub: SocketAddr) -> anyhow::Result<()> {
    let place = dir.join("device.json");
    let mut card: Value = serde_json::from_slice(&fs::read(&place)?)?;
    card["hub"] = Value::String(hub.to_string());
    Ok(fs::write(place, serde_json::to_vec(&card)?)?)
}

fn copy_dir(from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in fs::read_dir(from)? {
        let file = file?;
        let (from, to) = (file.path(), to.join(file.file_name()));
        if from.is_dir() {
            fs::create_dir_all(&to)?;
            copy_dir(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| format!("Copying {}", from.display()))?;
            File::open(to)?.sync_all()?;
        }
    }
    Ok(())
}

/// What a log and its heads take on the disk in this directory of a hub, bytes: everything that cannot be made anew from
/// something else, without the keys and the register of devices.
pub fn log_len_on_disk(dir: &Path) -> anyhow::Result<u64> {
    let mut len = 0;
    for file in fs::read_dir(dir)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        let is_other = ["ledger.", "register.", "device.", "authority.", "seal.", "lock"]
            .iter()
            .any(|start| name.starts_with(start));
        if !is_other {
            len += file.metadata()?.blocks() * 512;
        }
    }
    Ok(len)
}
