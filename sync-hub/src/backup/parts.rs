//! What of the hub's directory goes into a backup, in which of its two files, and in which order it is read.
//!
//! The order makes the copy consistent although the hub goes on serving: each part is one snapshot of one database, and a
//! part that is named by another is read after it. The log comes first, because it names devices, details and people; then
//! the register, so that whoever wrote in the log is in it; then the rest. A later part may know more than an earlier one
//! and never less, and what it knows more of comes back when devices send again what the log lacks. What is derived from
//! the log is left out and rebuilt.

use std::{io, path::Path};

use crate::audit;

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The log, the register and whatever else the county is.
    County,
    /// The keys that open what people sealed: apart, because copies of it are let go after
    /// [`super::KEYS_KEPT_DAYS_MAX`] days, so that what was erased is erased in the copies too.
    Keys,
}

impl Half {
    /// Both.
    pub const ALL: [Half; 2] = [Half::County, Half::Keys];

    /// Its word in names of files.
    pub const fn word(self) -> &'static str {
        match self {
            Half::County => "county",
            Half::Keys => "keys",
        }
    }
}

/// How a part is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A SQLite database, read in one snapshot.
    Database,
    /// A small file that is always replaced as a whole.
    File,
    /// The directory of files into which older days of the audit log went; they are never changed.
    Archive,
}

/// One file of the hub's directory.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its name in the directory.
    pub name: &'static str,
    /// How it is read.
    pub sort: Sort,
    /// In which file it goes.
    pub half: Half,
    /// Whether there is no county without it.
    pub is_needed: bool,
}

/// The log's file.
pub const LOG: &str = "log.db";

/// Every part, in the order in which it is read.
pub const PARTS: &[Part] = &[
    part(LOG, Sort::Database, Half::County, true),
    part(crate::register::FILE, Sort::Database, Half::County, true),
    part("users.db", Sort::Database, Half::County, false),
    part("taken.db", Sort::Database, Half::County, false),
    // The ciphertexts before their keys: whatever is in the one can be opened by the other, unless it was erased between.
    part("vault.db", Sort::Database, Half::County, false),
    part("vault-keys.db", Sort::Database, Half::Keys, false),
    part("device.key", Sort::File, Half::County, true),
    part("authority.key", Sort::File, Half::County, true),
    part("console-authority.json", Sort::File, Half::County, false),
    part("console-authority.pem", Sort::File, Half::County, false),
    part(crate::upstream::FILE, Sort::File, Half::County, false),
    part("memory.json", Sort::File, Half::County, false),
    part(super::schedule::FILE, Sort::File, Half::County, false),
    part("seal.key", Sort::File, Half::Keys, true),
    // Late, so that whatever the parts before show is noted in it.
    part(audit::FILE, Sort::Database, Half::County, true),
    part(audit::ARCHIVE, Sort::Archive, Half::County, false),
    // Last, because a directory with a card is a county.
    part("device.json", Sort::File, Half::County, true),
];

/// What is left out, and stays behind without harm.
const LEFT_OUT: &[&str] = &[
    "ledger.db", // derived from the log
    "bag",       // what carriers take home; made anew from the log
    "bag.json",
    crate::upstream::PLACE, // made anew from the card and the key
    "errands.db",           // what commands ask of the hub that is serving now
    super::record::FILE,    // which copies were made of this very directory
    super::WORK,
    super::LOCK,
    "authority-spare.key", // belongs into a safe, and into no copy: it is for the day on which the copies are stolen, too
    "lock",
];

const fn part(name: &'static str, sort: Sort, half: Half, is_needed: bool) -> Part {
    Part { name, sort, half, is_needed }
}

/// The part to which a file of this name in this half belongs; `None` for anything else.
pub fn of(name: &str, half: Half) -> Option<&'static Part> {
    PARTS.iter().filter(|part| part.half == half).find(|part| match part.sort {
        Sort::Database | Sort::File => part.name == name,
        Sort::Archive => {
            let file = name.strip_prefix(part.name).and_then(|rest| rest.strip_prefix('/'));
            file.is_some_and(audit::archive::is_name)
        }
    })
}

/// Files in `dir` of which nobody said whether they belong into a backup.
pub fn unknown(dir: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let base = ["-wal", "-shm", ".new", ".next"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        if !LEFT_OUT.contains(&base) && !PARTS.iter().any(|part| part.name == base) {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}
