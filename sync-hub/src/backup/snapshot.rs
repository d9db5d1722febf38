//! Reads the hub's parts while it serves, each in one snapshot, into a working directory that leaves nothing behind.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use replica::dir::DataDir;
use rusqlite::{Connection, OpenFlags, params};

use super::{
    BackupError,
    parts::{LOG, PARTS, Part, Sort},
};
use crate::audit;

/// How long a snapshot waits for a writer.
const BUSY: Duration = Duration::from_secs(30);

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The newest run of the log in it.
    pub row: i64,
    /// How many rows each table of each database has, by `database/table`.
    pub rows: BTreeMap<String, u64>,
    /// How long each file is, by its name, in the order in which they were read.
    pub files: Vec<(String, u64)>,
}

/// A directory that only its owner reads, overwritten and taken away when it is done with.
pub struct Work(PathBuf);

impl Work {
    /// Begins anew at `place`, which is nobody else's; what a backup that was cut off left there goes first.
    pub fn begin(place: PathBuf) -> Result<Self, BackupError> {
        let mut work = Self(place);
        work.clear()?;
        Ok(work)
    }

    /// Begins at `place`, where nothing must be: whatever is there already is somebody else's.
    pub fn at(place: PathBuf) -> Result<Self, BackupError> {
        DirBuilder::new().mode(0o700).create(&place).map_err(|error| BackupError::at(&place, error))?;
        Ok(Self(place))
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// Empties it.
    pub fn clear(&mut self) -> Result<(), BackupError> {
        let fresh = |place: &Path| {
            wipe(place)?;
            DirBuilder::new().mode(0o700).create(place)
        };
        fresh(&self.0).map_err(|error| BackupError::at(&self.0, error))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = wipe(&self.0);
    }
}

/// Takes a directory away, its files overwritten first, as SQLite does with what it deletes: keys that are erased from the
/// hub's own databases must not stay on its disk in a copy of them.
pub fn wipe(place: &Path) -> io::Result<()> {
    if !place.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(place)? {
        let (path, sort) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        // A link is taken away with the directory; what it leads to is not touched.
        if sort.is_dir() {
            wipe(&path)?;
        } else if sort.is_file() {
            let mut file = OpenOptions::new().write(true).open(&path)?;
            let mut left = file.metadata()?.len();
            let zeros = vec![0; 1 << 16];
            while left > 0 {
                let len = left.min(zeros.len() as u64);
                file.write_all(&zeros[..usize::try_from(len).unwrap_or(zeros.len())])?;
                left -= len;
            }
            file.sync_data()?;
        }
    }
    fs::remove_dir_all(place)
}

/// Reads every part of `home` into `work`, in their order.
pub fn take(home: &DataDir, work: &Work) -> Result<Taken, BackupError> {
    let mut taken = Taken::default();
    for part in PARTS {
        let (from, to) = (home.file(part.name), work.dir().join(part.name));
        if !from.exists() {
            if part.is_needed {
                return Err(BackupError::Hub(part.name, "it is missing".to_owned()));
            }
            continue;
        }
        match part.sort {
            Sort::Database => {
                let len = copy_database(part, &from, &to, &mut taken)?;
                taken.files.push((part.name.to_owned(), len));
            }
            Sort::File => taken.files.push((part.name.to_owned(), copy_file(part, &from, &to)?)),
            Sort::Archive => copy_archive(part, &from, work.dir(), &mut taken)?,
        }
    }
    Ok(taken)
}

/// The archive after the log from which it comes, so that together they hold every event once.
fn copy_archive(part: &Part, from: &Path, work: &Path, taken: &mut Taken) -> Result<(), BackupError> {
    let unreadable = |error: rusqlite::Error| BackupError::Hub(part.name, error.to_string());
    let log = Connection::open_with_flags(work.join(audit::FILE), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let names = log.and_then(|log| audit::archive::names(&log, from)).map_err(unreadable)?;
    let to = work.join(part.name);
    fs::create_dir_all(&to).map_err(|error| BackupError::at(&to, error))?;
    for name in names {
        let len = copy_file(part, &from.join(&name), &to.join(&name))?;
        taken.files.push((format!("{}/{name}", part.name), len));
    }
    Ok(())
}

fn copy_database(part: &Part, from: &Path, to: &Path, taken: &mut Taken) -> Result<u64, BackupError> {
    let unreadable = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => BackupError::Full(to.to_owned()),
        Some(_) | None => BackupError::Hub(part.name, error.to_string()),
    };
    let db = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(unreadable)?;
    db.busy_timeout(BUSY).map_err(unreadable)?;
    // Private before anything is in it.
    private(to).map_err(|error| BackupError::at(to, error))?;
    db.execute("VACUUM INTO ?1", params![to.to_string_lossy()]).map_err(unreadable)?;
    let copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(unreadable)?;
    count_rows(&copy, part.name, &mut taken.rows).map_err(unreadable)?;
    if part.name == LOG {
        taken.row = copy.query_row("SELECT coalesce(max(id), 0) FROM run", [], |row| row.get(0)).map_err(unreadable)?;
    }
    fs::metadata(to).map(|file| file.len()).map_err(|error| BackupError::at(to, error))
}

fn copy_file(part: &Part, from: &Path, to: &Path) -> Result<u64, BackupError> {
    let content = fs::read(from).map_err(|error| BackupError::Hub(part.name, error.to_string()))?;
    private(to).and_then(|mut file| file.write_all(&content)).map_err(|error| BackupError::at(to, error))?;
    Ok(content.len() as u64)
}

/// A new file that only its owner reads.
pub fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Counts every table of a database.
pub fn count_rows(db: &Connection, name: &str, rows: &mut BTreeMap<String, u64>) -> Result<(), rusqlite::Error> {
    let mut query = db.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let tables: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let sql = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
        rows.insert(format!("{name}/{table}"), db.query_row(&sql, [], |row| row.get(0))?);
    }
    Ok(())
}
