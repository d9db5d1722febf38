//! Older days of the log, as files beside it: `audit-archive/FIRST-LAST.jsonl`, an event a line, and the signed head that
//! closes them as the last. What stays in the log begins behind that head.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, BufWriter},
    path::Path,
};

use civic_core::id::{from_hex, hex};
use ed25519_dalek::{SigningKey, VerifyingKey};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::chain::{Bound, Broken, COLUMNS, HEAD_COLUMNS, Hash, Head, Noted, Which, noted};

/// Why older days could not be archived; the log is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The log could not be read or written.
    #[error("the audit log could not be read or written")]
    Db(#[from] rusqlite::Error),
    /// The file could not be written.
    #[error("the archive of the audit log could not be written")]
    File(#[from] io::Error),
}

/// A line of an archive.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Event {
        #[serde(flatten)]
        event: Noted,
        hash: String,
    },
    Head {
        place: i64,
        number: i64,
        at: i64,
        head: String,
        signature: String,
    },
}

/// A head later than now by more than this, in seconds, was signed by a clock that ran ahead.
const AHEAD_S: i64 = 24 * 3_600;

/// Archives what is covered by the last head from before `before`; returns how many events went. Times are by the hub's
/// clock, in seconds since 1970.
pub(super) fn archive(
    db: &mut Connection,
    key: &SigningKey,
    dir: &Path,
    before: i64,
    now: i64,
) -> Result<usize, ArchiveError> {
    let anchor = Bound::read(db, Which::Anchor)?;
    for name in all_names(dir) {
        if is_uncut(db, dir, &name, &anchor)? {
            fs::remove_file(dir.join(name))?;
        }
    }
    // A head whose clock had gone back to 1970 takes nothing along that is younger, and one of a day to come, signed while
    // the clock ran ahead, keeps nothing back until that day.
    let sql = format!(
        "SELECT {HEAD_COLUMNS} FROM head
         WHERE at < ?1 AND place < coalesce((SELECT min(place) FROM head WHERE at BETWEEN ?1 AND ?2), 9223372036854775807)
         ORDER BY place DESC LIMIT 1"
    );
    let Some(head) = db.query_row(&sql, [before, now + AHEAD_S], Head::of).optional()? else { return Ok(0) };
    if head.number > anchor.number {
        write_file(db, dir, &anchor, &head)?;
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    Bound { which: Which::Anchor, number: head.number, place: head.place, hash: head.hash }.write(&tx, key)?;
    let gone = tx.execute("DELETE FROM event WHERE number <= ?1", params![head.number])?;
    tx.execute("DELETE FROM head WHERE place <= ?1", params![head.place])?;
    tx.commit()?;
    Ok(gone)
}

/// Written whole before anything is taken from the log: a power cut leaves what is archived in both, and the next turn takes
/// that file away and writes one anew, up to a later head perhaps.
fn write_file(db: &Connection, dir: &Path, anchor: &Bound, head: &Head) -> Result<(), ArchiveError> {
    fs::create_dir_all(dir)?;
    let place = dir.join(format!("{:012}-{:012}.jsonl", anchor.number + 1, head.number));
    let beside = place.with_extension("new");
    let mut out = BufWriter::new(File::create(&beside)?);
    let mut query = db.prepare(&format!("SELECT {COLUMNS} FROM event WHERE number <= ?1 ORDER BY number"))?;
    for row in query.query_map([head.number], noted)? {
        let (event, hash) = row?;
        put(&mut out, &Line::Event { event, hash: hex(&hash) })?;
    }
    put(
        &mut out,
        &Line::Head {
            place: head.place,
            number: head.number,
            at: head.at,
            head: hex(&head.hash),
            signature: hex(&head.signature),
        },
    )?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&beside, &place)?;
    File::open(dir)?.sync_all()?;
    Ok(())
}

fn put(out: &mut impl io::Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Names of the archived files in `dir` that end before the log at hand begins. A later one was made since this copy of the
/// log was read, which still holds its events.
pub fn names(db: &Connection, dir: &Path) -> rusqlite::Result<Vec<String>> {
    let anchor = Bound::read(db, Which::Anchor)?;
    let mut names = all_names(dir);
    names.retain(|name| is_behind(name, &anchor));
    Ok(names)
}

/// Names of the files in `dir`, in their order.
fn all_names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_name(name)).collect();
    names.sort();
    names
}

/// Whether the file of this name ends where the log at hand begins, or before.
fn is_behind(name: &str, anchor: &Bound) -> bool {
    name[13..25].parse().is_ok_and(|last: i64| last <= anchor.number)
}

/// Whether it was written and the log never cut behind it: the log at hand has all of its events, since its last one is
/// chained to the others. A file that ends in another event is no such file; somebody put back an older log.
fn is_uncut(db: &Connection, dir: &Path, name: &str, anchor: &Bound) -> rusqlite::Result<bool> {
    if is_behind(name, anchor) {
        return Ok(false);
    }
    let Some((number, hash)) = end_of(&dir.join(name)) else { return Ok(false) };
    let mut query = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM event WHERE number = ?1 AND hash = ?2)")?;
    query.query_row(params![number, hash], |row| row.get(0))
}

/// Number and hash of the last event that a file has, by the head that closes it; `None` if it cannot be read.
fn end_of(file: &Path) -> Option<(i64, Hash)> {
    let last = BufReader::new(File::open(file).ok()?).lines().map_while(Result::ok).last()?;
    let Line::Head { number, head, .. } = serde_json::from_str(&last).ok()? else { return None };
    Some((number, from_hex(&head)?.try_into().ok()?))
}

/// Whether a file of this name is one: `FIRST-LAST.jsonl`, each of twelve digits.
pub fn is_name(name: &str) -> bool {
    let digits = |range| name.get(range).is_some_and(|digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()));
    name.len() == 31 && digits(0..12) && digits(13..25) && name.get(12..13) == Some("-") && name.ends_with(".jsonl")
}

/// Walks the archived files that are still here, in their order: each goes on where the one before ended, and the last
/// ends where the log at hand begins. Files that were carried elsewhere are not missed from the front, and one behind which
/// the log was never cut does not count: the log holds its events.
pub(super) fn verify(db: &Connection, key: &VerifyingKey, dir: &Path) -> Result<usize, Broken> {
    let anchor = Bound::read(db, Which::Anchor)?;
    let mut files = Vec::new();
    for name in all_names(dir) {
        if !is_uncut(db, dir, &name, &anchor)? {
            files.push(dir.join(name));
        }
    }
    let mut before: Option<(i64, Hash)> = None;
    for file in &files {
        let broken = || Broken::Archive(file.display().to_string());
        before = Some(walk(file, key, before).ok_or_else(broken)?);
    }
    match before {
        Some(end) if end != (anchor.number, anchor.hash) => Err(Broken::Place(anchor.number + 1)),
        Some(_) | None => Ok(files.len()),
    }
}

/// Walks one file from where the one before ended; `None` if it does not hold.
fn walk(file: &Path, key: &VerifyingKey, before: Option<(i64, Hash)>) -> Option<(i64, Hash)> {
    let mut end = before;
    let mut is_closed = false;
    for line in BufReader::new(File::open(file).ok()?).lines() {
        if is_closed {
            return None;
        }
        match serde_json::from_str(&line.ok()?).ok()? {
            Line::Event { event, hash } => {
                let hash: Hash = from_hex(&hash)?.try_into().ok()?;
                let holds = match end {
                    Some((number, before)) => event.number == number + 1 && event.link(&before) == hash,
                    // The first file at hand: only its own first event can be believed to follow nothing.
                    None => event.number != 1 || event.link(&[0; 32]) == hash,
                };
                if !holds {
                    return None;
                }
                end = Some((event.number, hash));
            }
            Line::Head { place, number, at, head, signature } => {
                let (hash, signature) = (from_hex(&head)?.try_into().ok()?, from_hex(&signature)?.try_into().ok()?);
                let head = Head { place, number, at, hash, signature };
                if end != Some((head.number, head.hash)) || !head.is_signed_by(key) {
                    return None;
                }
                is_closed = true;
            }
        }
    }
    end.filter(|_| is_closed)
}
