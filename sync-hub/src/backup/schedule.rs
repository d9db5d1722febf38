//! Backups that the serving hub makes by itself: for whom, where, how often, and how long copies stay.
//!
//! The file stands in the hub's directory and is read anew each time, so that a change needs no restart; a commented one is
//! tests/sample/backup.toml.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use civic_core::time::UnixSeconds;
use replica::clock;
use serde::{Deserialize, Serialize};
use tracing::{error, info};

use crate::audit::{Audit, By};

use super::{
    BackupError, Copy, KEYS_KEPT_DAYS_MAX,
    pack::Recipients,
    parts::Half,
    record::{Line, Record},
};

/// The file in the hub's directory.
pub const FILE: &str = "backup.toml";
const FILE_LEN_MAX: u64 = 64 * 1024;
/// Most places.
const PLACES_MAX: usize = 8;
/// Longest time between two copies: a week.
const EVERY_MINUTES_MAX: u32 = 7 * 24 * 60;
/// Longest time that copies of the county half stay: ten years.
const KEPT_DAYS_MAX: u16 = 3_650;
/// A try that failed is repeated after so long, or sooner where copies are made more often.
const AGAIN_S: i64 = 15 * 60;
/// Copying takes at most one part in so many of the machine's time: a long copy is followed by a long rest.
const REST: i64 = 10;
const DAY_S: u64 = 86_400;
/// Old copies that are taken away at once, at least: each new one is two files.
const AT_ONCE: usize = 4;
/// And more where there are many, as after a long pause: this part of all.
const AT_ONCE_SHARE: usize = 8;

/// The schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Who may open the copies: public keys as `age-keygen` prints them.
    pub recipients: Vec<String>,
    /// Where copies go.
    #[serde(default)]
    pub place: Vec<Place>,
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its name among people.
    pub name: String,
    /// Its directory, which must be there: a disk that is not plugged in has none.
    pub dir: PathBuf,
    /// How often, minutes.
    pub every_minutes: u32,
    /// How long a copy stays, days; its keys at most [`KEYS_KEPT_DAYS_MAX`].
    pub keep_days: u16,
    /// Whether it goes down with the hub, a directory of the same machine: then no device lets go of anything for it.
    #[serde(default)]
    pub on_this_machine: bool,
}

/// How things stand at one place.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// The place.
    pub place: Place,
    /// The last try.
    pub last: Option<Line>,
    /// The last that was restored and verified.
    pub good: Option<Line>,
    /// When the next is due.
    pub due: UnixSeconds,
    /// Whether the last good one is older than twice the time between two.
    pub is_late: bool,
}

/// What the lamp on every page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lamp {
    /// Every place has its copy.
    Good,
    /// Some place has none, or an old one.
    Late,
    /// Nobody said where copies go.
    Unset,
}

impl Schedule {
    /// The schedule in the hub's directory; `None` if there is none.
    pub fn read(dir: &Path) -> Result<Option<Self>, BackupError> {
        let path = dir.join(FILE);
        let wrong = |why: &str| BackupError::BadSchedule(path.clone(), why.to_owned());
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BackupError::at(&path, error)),
            Ok(file) if file.len() > FILE_LEN_MAX => return Err(wrong("it is too long")),
            Ok(_) => {}
        }
        let text = fs::read_to_string(&path).map_err(|error| wrong(&error.to_string()))?;
        let schedule: Self = toml::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
        Recipients::parse(&schedule.recipients)?;
        let names: BTreeSet<_> = schedule.place.iter().map(|place| &place.name).collect();
        if names.len() < schedule.place.len() || schedule.place.len() > PLACES_MAX || names.is_empty() {
            return Err(wrong(&format!("it needs one to {PLACES_MAX} places, each with a name of its own")));
        }
        for Place { name, every_minutes, keep_days, .. } in &schedule.place {
            if !(1..=EVERY_MINUTES_MAX).contains(every_minutes) || !(1..=KEPT_DAYS_MAX).contains(keep_days) {
                let limits = format!("every 1 to {EVERY_MINUTES_MAX} minutes, kept 1 to {KEPT_DAYS_MAX} days");
                return Err(wrong(&format!("the place {name:?} needs: {limits}")));
            }
        }
        Ok(Some(schedule))
    }

    /// How things stand at every place.
    pub fn standings(&self, record: &Record, now: UnixSeconds) -> Result<Vec<Standing>, rusqlite::Error> {
        self.place.iter().map(|place| place.standing(record, now)).collect()
    }
}

impl Place {
    /// How things stand here.
    pub fn standing(&self, record: &Record, now: UnixSeconds) -> Result<Standing, rusqlite::Error> {
        let (last, good) = (record.last_at(&self.name, false)?, record.last_at(&self.name, true)?);
        let every = i64::from(self.every_minutes) * 60;
        // A copy of a day to come was made while this clock was wrong: it says nothing of when the next is due.
        let is_to_come = |line: &Line| line.at.0 > now.0 + every;
        let due = match last.as_ref().filter(|line| !is_to_come(line)) {
            None => now.0,
            Some(line) if line.is_good() => line.at.0 + every.max(seconds(line.millis) * REST),
            Some(line) => line.at.0 + every.min(AGAIN_S),
        };
        let is_late = good.as_ref().is_none_or(|line| is_to_come(line) || now.0 - line.at.0 > 2 * every);
        Ok(Standing { place: self.clone(), last, good, due: UnixSeconds(due), is_late })
    }

    /// Makes a copy here and lets go of old ones.
    pub fn copy(&self, dir: &Path, recipients: &Recipients) -> Result<Copy, BackupError> {
        if !self.dir.is_dir() {
            return Err(BackupError::Gone(self.dir.clone()));
        }
        let copy = super::make(dir, &self.dir, recipients)?;
        self.let_go(&copy)?;
        Ok(copy)
    }

    /// Takes away what stayed long enough, and what a cut left half-written. The newest always stays: a hub that makes no
    /// copies any more must not lose its last. And no more than a few go at once, the oldest first: a clock that stands a
    /// year ahead for an hour finds them all old.
    fn let_go(&self, copy: &Copy) -> Result<(), BackupError> {
        let at_place = |error| BackupError::at(&self.dir, error);
        let (mut kept, mut old) = (0, Vec::new());
        let newest = [copy.file.clone(), super::keys_beside(&copy.file)];
        for entry in fs::read_dir(&self.dir).map_err(at_place)? {
            let path = entry.map_err(at_place)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let ours = name.strip_prefix(&super::stem(&copy.county)).filter(|_| !newest.contains(&path));
            let Some(days) = ours.and_then(|end| self.kept_days(end)) else { continue };
            let written = fs::metadata(&path).and_then(|file| file.modified()).map_err(at_place)?;
            let written = written.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let now = u64::try_from(copy.at.0).unwrap_or(0);
            match written + u64::from(days) * DAY_S < now {
                true => old.push((written, path)),
                false => kept += 1,
            }
        }
        old.sort();
        let most = AT_ONCE + (old.len() + kept) / AT_ONCE_SHARE;
        for (_, path) in old.into_iter().take(most) {
            fs::remove_file(&path).map_err(at_place)?;
        }
        Ok(())
    }

    /// How long a file of ours stays, by the end of its name; `None` if it is none.
    fn kept_days(&self, end: &str) -> Option<u16> {
        match Half::ALL.into_iter().find(|half| end.ends_with(&format!("-{}.age", half.word()))) {
            Some(Half::County) => Some(self.keep_days),
            Some(Half::Keys) => Some(self.keep_days.min(KEYS_KEPT_DAYS_MAX)),
            None => end.ends_with(".age.part").then_some(1),
        }
    }
}

/// Makes whatever is due in `dir`, and notes what became of it; returns what devices may let go of now, if that grew.
pub fn make_due(dir: &Path, audit: &Audit, now: UnixSeconds) -> Result<Option<i64>, anyhow::Error> {
    let record = Record::open(dir)?;
    let schedule = match Schedule::read(dir) {
        Ok(Some(schedule)) => schedule,
        Ok(None) => return Ok(None),
        Err(error) => {
            // Noted once, and not every half minute.
            if record.last_at(FILE, false)?.is_none_or(|line| line.detail != error.to_string() || line.is_good()) {
                record.note(FILE, now, false, &Err(error))?;
            }
            return Ok(None);
        }
    };
    let recipients = Recipients::parse(&schedule.recipients)?;
    let mut kept = None;
    for Standing { place, .. } in schedule.standings(&record, now)?.into_iter().filter(|standing| standing.due <= now) {
        kept = kept.max(place.make(dir, &record, (audit, By::hub()), &recipients)?.1);
    }
    Ok(kept)
}

impl Place {
    /// Makes a copy here and notes what became of it; with it comes what devices may let go of now.
    pub fn make(
        &self,
        dir: &Path,
        record: &Record,
        (audit, by): (&Audit, By),
        recipients: &Recipients,
    ) -> anyhow::Result<(Result<Copy, BackupError>, Option<i64>)> {
        let at = clock::now();
        let made = self.copy(dir, recipients);
        let is_kept = made.is_ok() && !self.on_this_machine;
        record.note(&self.name, at, is_kept, &made)?;
        super::note(audit, by, &self.name, &made)?;
        match &made {
            Ok(copy) => {
                info!(place = self.name, file = %copy.file.display(), entries = copy.found.entries, "Made a backup, restored and verified it")
            }
            Err(error) => error!(place = self.name, %error, "There is no backup"),
        }
        let row = made.as_ref().ok().filter(|_| is_kept).map(|copy| copy.found.row);
        Ok((made, row))
    }
}

/// What the lamp says now.
pub fn lamp(dir: &Path, now: UnixSeconds) -> Lamp {
    let standings = || -> anyhow::Result<Option<Vec<Standing>>> {
        let Some(schedule) = Schedule::read(dir)? else { return Ok(None) };
        Ok(Some(schedule.standings(&Record::open(dir)?, now)?))
    };
    match standings() {
        Ok(Some(standings)) if standings.iter().any(|standing| standing.is_late) => Lamp::Late,
        Ok(Some(_)) => Lamp::Good,
        Ok(None) => Lamp::Unset,
        Err(_) => Lamp::Late,
    }
}

fn seconds(millis: u64) -> i64 {
    i64::try_from(millis / 1_000).unwrap_or(i64::MAX / 1_000)
}
