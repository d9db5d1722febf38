//! Whether what came out of a backup is a whole county.

use std::{collections::BTreeMap, path::Path};

use civic_core::access::Role;
use replica::{dir::DataDir, identity::Identity, store::sqlite::SqliteStore};
use rusqlite::{Connection, OpenFlags};

use super::{
    BackupError,
    parts::{LOG, PARTS, Sort},
    snapshot::{Taken, count_rows},
};
use crate::{audit::Audit, county, keys::Keys};

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Entries of the log, each on its chain and signed.
    pub entries: u64,
    /// The newest run of the log.
    pub row: i64,
    /// Rows in all databases.
    pub rows: u64,
    /// Events of the audit log, each on its chain.
    pub events: i64,
}

/// Verifies the county that was restored into `dir` against what was counted when it was read: every database whole, every
/// chain and signature of the log, keys that fit together, not a row more or less.
pub fn check(dir: &Path, taken: &Taken) -> Result<Findings, BackupError> {
    let mut rows = BTreeMap::new();
    for part in PARTS.iter().filter(|part| part.sort == Sort::Database) {
        let path = dir.join(part.name);
        if path.exists() {
            let unreadable = |error: rusqlite::Error| BackupError::Unsound(format!("{}: {error}", part.name));
            let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(unreadable)?;
            let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(unreadable)?;
            if sound != "ok" {
                return Err(BackupError::Unsound(format!("{}: {sound}", part.name)));
            }
            count_rows(&db, part.name, &mut rows).map_err(unreadable)?;
        }
    }
    if let Some((table, count)) = taken.rows.iter().find(|(table, count)| rows.get(*table) != Some(*count)) {
        let here = rows.get(table).copied().unwrap_or_default();
        return Err(BackupError::Unsound(format!("{table} should have {count} rows and has {here}")));
    }
    let identity =
        Identity::load(&DataDir::look(dir), Role::Hub).map_err(|error| BackupError::Unsound(error.to_string()))?;
    let entries = verify_log(dir, &identity)?;
    let events = verify_keys_and_audit(dir, &identity)?;
    Ok(Findings { entries, row: taken.row, rows: rows.values().sum(), events })
}

fn verify_log(dir: &Path, identity: &Identity) -> Result<u64, BackupError> {
    let path = dir.join(LOG);
    let verified = SqliteStore::open(&path, identity.card.hub_key(), true).and_then(|log| log.verify());
    match verified {
        Ok(Ok(entries)) => Ok(entries),
        Ok(Err(why)) => Err(BackupError::Unsound(why)),
        Err(error) => Err(BackupError::Unsound(format!("{LOG}: {error}"))),
    }
}

/// The hub's key is the one on its card, the authority's the one that its devices believe, the key that opens is there, and
/// the log of who did what holds from its beginning to its end.
fn verify_keys_and_audit(dir: &Path, identity: &Identity) -> Result<i64, BackupError> {
    let dir = DataDir::look(dir);
    let unsound = |error: &dyn std::fmt::Display| BackupError::Unsound(error.to_string());
    let authority = county::authority(&dir, &identity.card).map_err(|error| unsound(&error))?;
    if !authority.is_whole() {
        return Err(BackupError::Unsound("authority.key is not the key of the county's authority".to_owned()));
    }
    Keys::open(&dir).map_err(|error| unsound(&error))?;
    let audit = Audit::open(&dir, &identity.key).map_err(|error| unsound(&error))?;
    audit.verify().map(|sound| sound.events).map_err(|error| unsound(&error))
}
