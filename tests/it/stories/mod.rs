//! Stories: real processes, real roads, a county in a temporary directory.

mod attachments;
pub(crate) mod backup;
mod box_parts;
mod bulk;
mod canary;
mod carrier;
mod codebook;
mod cuts;
mod details;
mod draft;
mod full;
mod letter;
mod machine;
mod neighbours;
mod power;
mod publish;
mod refusals;
mod roads;
mod slips;
mod stick;
mod townships;
mod village;
mod voice;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use civic_core::codebook::Codebook;
pub(crate) use tests::people;
use tests::{
    sample::{self, Ear},
    world::{Part, Ports, World},
};

/// 石桥村, where most stories happen.
pub(crate) const SHIQIAO: &str = "990127101201";

/// A county of its own for one story; its directory goes when the story ends well.
pub(crate) struct Story {
    pub(crate) world: World,
    pub(crate) dir: PathBuf,
}

impl Story {
    /// A county whose hub is running.
    pub(crate) fn begin(name: &str) -> Self {
        let story = Self::at_rest(name);
        story.world.start("hub").unwrap();
        story
    }

    /// The program that is each of the county's.
    fn program(&self) -> &Path {
        Path::new(env!("CARGO_BIN_EXE_county"))
    }

    /// A county in which nothing runs yet.
    fn at_rest(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("huiyin-{name}-{}-{number}", std::process::id()));
        let world = World::new(Path::new(env!("CARGO_BIN_EXE_county")), &dir, Ports::Any).unwrap();
        world.make_county(sample::COUNTY).unwrap();
        Self { world, dir }
    }

    /// Adds an enrolled device that does not run yet.
    pub(crate) fn enrolled(&mut self, key: &str, part: Part, name: &str, areas: &[&str]) {
        self.world.add(key, part).unwrap();
        assert!(self.world.enrol(key, name, areas).unwrap());
    }

    /// Writes `count` lines of what was said in 石桥村.
    pub(crate) fn file(&self, seed: u64, count: usize) -> PathBuf {
        let codebook = Codebook::parse(sample::COUNTY).unwrap();
        let villages = codebook.places.iter().filter(|place| place.area.code() == SHIQIAO).collect();
        let ear = Ear { villages, channels: &["自助终端"], deputy: None };
        let path = self.dir.join(format!("{seed}.jsonl"));
        fs::write(&path, sample::lines(&codebook, &ear, seed, count).join("\n") + "\n").unwrap();
        path
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        self.world.stop_all();
        if std::thread::panicking() {
            eprintln!("the county of this story is kept in {}", self.dir.display());
        } else {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}
