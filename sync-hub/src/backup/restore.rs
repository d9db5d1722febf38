//! Begins a county's new life from a backup, in a directory of its own.
//!
//! What is restored is older than what the devices know. So the log gets a new epoch: at its next meeting each device sees
//! that it never met this one, compares, and sends what is missing, whoever wrote it. What the register forgot comes back
//! as far as the log knows it: who was struck off. Devices that were enrolled after the copy are strangers until they are
//! enrolled again, with the key and the records that they have; the numbers that they were given are not given to others.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use civic_core::{access::Role, id::hex, time::UnixSeconds};
use replica::{clock, dir::DataDir, identity::Identity, store::sqlite::SqliteStore};

use super::{
    BackupError,
    check::{self, Findings},
    keys_beside,
    pack::{self, Manifest},
    parts::{Half, LOG},
    snapshot::{Taken, Work},
};
use crate::{
    audit::{self, Action, Audit, By, Event},
    register::{self, Register},
};

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The county's name and code.
    pub name: String,
    /// The hub's public key in hexadecimal: the county's own, if it is the one on its devices' cards.
    pub hub: String,
    /// When the county half was read.
    pub at: UnixSeconds,
    /// When the keys were read.
    pub keys_at: UnixSeconds,
    /// What was found in it.
    pub found: Findings,
}

/// Restores the backup in `file`, with its keys in `keys` or beside it, by the private keys in `identity`, and verifies
/// it. Into `data` if that is given, an empty directory or none yet, and only once everything holds together; otherwise
/// nowhere, as a rehearsal.
pub fn restore(
    file: &Path,
    keys: Option<&Path>,
    identity: &Path,
    data: Option<&Path>,
) -> Result<Restored, BackupError> {
    let identities = pack::keys_in(identity)?;
    let identities: Vec<&dyn age::Identity> = identities.iter().map(|key| key as _).collect();
    let beside = keys.map_or_else(|| keys_beside(file), Path::to_owned);
    if let Some(data) = data {
        refuse_full(data)?;
    }
    // Beside where it goes, so that one step brings it there; under a name that nobody could have prepared.
    let name = format!("huiyin-restore-{}", hex(&clock::random::<8>()));
    let beside_data = data.and_then(Path::parent).filter(|parent| !parent.as_os_str().is_empty());
    let work = Work::at(match data {
        Some(_) => beside_data.unwrap_or(Path::new(".")).join(name),
        None => std::env::temp_dir().join(name),
    })?;
    let county = pack::open(file, Half::County, &identities, work.dir())?;
    let keys = pack::open(&beside, Half::Keys, &identities, work.dir())?;
    if county.hub != keys.hub {
        return Err(BackupError::Unsound("the keys are those of another county".to_owned()));
    }
    let found = check::check(work.dir(), &taken(&county, &keys))?;
    if let Some(data) = data {
        begin_anew(work.dir(), file, &county)?;
        settle(work, data)?;
    }
    Ok(Restored { name: county.name, hub: county.hub, at: county.at, keys_at: keys.at, found })
}

/// What both manifests say was read.
fn taken(county: &Manifest, keys: &Manifest) -> Taken {
    let rows = county.rows.iter().chain(&keys.rows).map(|(table, count)| (table.clone(), *count)).collect();
    Taken { row: county.row, rows, files: Vec::new() }
}

fn refuse_full(data: &Path) -> Result<(), BackupError> {
    match fs::read_dir(data).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(BackupError::NotEmpty(data.to_owned())),
        Ok(false) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::at(data, error)),
    }
}

/// A new epoch of the log, numbers that nobody has, and the first line of the new life in the audit log.
fn begin_anew(dir: &Path, file: &Path, county: &Manifest) -> Result<(), BackupError> {
    let unsound = |what: &str, error: &dyn std::fmt::Display| BackupError::Unsound(format!("{what}: {error}"));
    let identity = Identity::load(&DataDir::look(dir), Role::Hub).map_err(|error| unsound("device.key", &error))?;
    SqliteStore::open(&dir.join(LOG), identity.card.hub_key(), true)
        .and_then(|log| log.begin_epoch())
        .map_err(|error| unsound(LOG, &error))?;
    let register = Register::open(&dir.join(register::FILE));
    register.and_then(|register| register.skip_numbers()).map_err(|error| unsound(register::FILE, &error))?;
    let dir = DataDir::look(dir);
    let event = Event::new(By::command_line(), Action::Restore)
        .upon(file.display())
        .because(format!("as it was on {}", county.at.date_and_minute()));
    Audit::open(&dir, &identity.key).and_then(|audit| audit.note(&event)).map_err(|error| unsound(audit::FILE, &error))
}

/// The working directory becomes the county's, in one step.
fn settle(work: Work, data: &Path) -> Result<(), BackupError> {
    let at_place = |error| BackupError::at(data, error);
    if data.exists() {
        fs::remove_dir(data).map_err(at_place)?;
    }
    fs::rename(work.dir(), data).map_err(at_place)?;
    let parent: PathBuf = fs::canonicalize(data).map_err(at_place)?.parent().map(Path::to_owned).unwrap_or_default();
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(at_place)
}
