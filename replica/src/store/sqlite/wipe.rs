//! Writing over what SQLite leaves of deleted rows.
//!
//! With `secure_delete` it overwrites a row where it is deleted, and not the copies that stayed behind in the unused middle
//! of a page when rows moved to another one before (`rebuildPage` in its source): in a small busy table that is one of a
//! hundred deleted rows. Here that middle is filled with zeros, page by page, through SQLite's own table of pages
//! (`sqlite_dbpage`, which `.cargo/config.toml` has it built with), so it is a transaction like any other.
//!
//! The form of a page is that of <https://www.sqlite.org/fileformat2.html>, section 1.6.

use std::ops::Range;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// Pages in one transaction: others wait so long. 4 MiB, a fifth of a second from a slow card.
const PAGES_AT_ONCE: u32 = 1_024;
/// Passes over a file that others write meanwhile. SQLite may move a page to a place that was passed already; the next pass
/// meets it, and so often in a row it does not slip through.
const PASSES_MAX: u32 = 4;
/// Of a file with so many pages, 128 GiB, a page that holds a piece of something long might be taken for one with rows: what
/// it begins with is the number of another page.
const PAGES_MAX: u32 = 0x0200_0000;

/// Length of the file's own header, which the first page begins with.
const FILE_HEADER_LEN: usize = 100;

/// What was done of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The page to go on with; `None` at the end.
    pub next: Option<u32>,
    /// Pages that were written.
    pub wiped: u32,
}

/// Wipes a whole file, in parts between which others write. SQLite's failures come back.
pub fn wipe(db: &Connection) -> rusqlite::Result<()> {
    wipe_whole(|from| {
        let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
        let part = wipe_part(&transaction, from)?;
        transaction.commit()?;
        Ok(part)
    })
}

/// Wipes a whole file by [`wipe_part`] from the given page on, which `wipe_some` calls in a transaction of its own.
pub fn wipe_whole<E>(mut wipe_some: impl FnMut(u32) -> Result<Part, E>) -> Result<(), E> {
    for _ in 0..PASSES_MAX {
        let (mut from, mut is_clean) = (1, true);
        loop {
            let part = wipe_some(from)?;
            is_clean &= part.wiped == 0;
            match part.next {
                // Nobody wrote meanwhile.
                None if from == 1 => return Ok(()),
                None => break,
                Some(next) => from = next,
            }
        }
        if is_clean {
            break;
        }
    }
    Ok(())
}

/// Wipes some pages, in the open transaction. Refused for files of 128 GiB and more, as too long.
pub fn wipe_part(db: &Connection, from: u32) -> rusqlite::Result<Part> {
    let pages: u32 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages >= PAGES_MAX {
        return Err(rusqlite::Error::IntegralValueOutOfRange(0, i64::from(pages)));
    }
    let end = pages.min(from.saturating_add(PAGES_AT_ONCE - 1));
    let mut read = db.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
    let mut write = db.prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1")?;
    let mut wiped = 0;
    for number in from..=end {
        let wiped_page = read.query_row(params![number], |row| {
            let page = row.get_ref(0)?.as_blob()?;
            let unused = unused(page, number == 1).filter(|unused| page[unused.clone()].iter().any(|byte| *byte != 0));
            Ok(unused.map(|unused| {
                let mut page = page.to_vec();
                page[unused].fill(0);
                page
            }))
        })?;
        if let Some(page) = wiped_page {
            write.execute(params![number, page])?;
            wiped += 1;
        }
    }
    Ok(Part { next: (end < pages).then_some(end + 1), wiped })
}

/// The unused middle of a page with rows: between the list of where they lie and the first of them. `None` for every other
/// page, and for one that contradicts itself.
fn unused(page: &[u8], is_first: bool) -> Option<Range<usize>> {
    let header = if is_first { FILE_HEADER_LEN } else { 0 };
    let header_len = match page.get(header)? {
        2 | 5 => 12,
        10 | 13 => 8,
        _ => return None,
    };
    let number =
        |at: usize| Some(usize::from(u16::from_be_bytes([*page.get(header + at)?, *page.get(header + at + 1)?])));
    let (rows, rows_begin) = (number(3)?, number(5)?);
    let list_end = header + header_len + 2 * rows;
    // Of 64 KiB the number holds zero.
    let rows_begin = if rows_begin == 0 { 65_536 } else { rows_begin };
    (list_end <= rows_begin && rows_begin <= page.len()).then_some(list_end..rows_begin)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{super::super::tests::Scratch, *};

    fn below(state: &mut u64, bound: u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % bound
    }

    fn open(path: &Path) -> Connection {
        let db = Connection::open(path).unwrap();
        db.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA secure_delete=ON;
             CREATE TABLE said (id INTEGER PRIMARY KEY, words TEXT NOT NULL); CREATE INDEX said_words ON said (words);",
        )
        .unwrap();
        db
    }

    /// People speak and say more, and then one of them is erased: the mark of its words.
    fn erase_one(db: &Connection, seed: u64, deeds: u32) -> String {
        let (mut dice, mut grown) = (seed, Vec::new());
        let transaction = db.unchecked_transaction().unwrap();
        for _ in 0..deeds {
            let (id, times) = if grown.is_empty() || below(&mut dice, 2) == 0 {
                grown.push(0);
                (grown.len(), 0)
            } else {
                let id = 1 + below(&mut dice, grown.len() as u64) as usize;
                grown[id - 1] += 1;
                (id, grown[id - 1])
            };
            let words = format!("«{id}»{}", "x".repeat(200 + below(&mut dice, 300) as usize + 100 * times));
            transaction.execute("INSERT OR REPLACE INTO said (id, words) VALUES (?1, ?2)", params![id, words]).unwrap();
        }
        let gone = 1 + below(&mut dice, grown.len() as u64);
        transaction.execute("DELETE FROM said WHERE id = ?1", params![gone]).unwrap();
        transaction.commit().unwrap();
        format!("«{gone}»")
    }

    fn holds(db: &Connection, path: &Path, mark: &str) -> bool {
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::read(path).unwrap().windows(mark.len()).any(|bytes| bytes == mark.as_bytes())
    }

    fn words(db: &Connection) -> Vec<String> {
        let mut query = db.prepare("SELECT words FROM said ORDER BY id").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn what_sqlite_leaves_of_a_deleted_row_is_written_over_and_nothing_else_is() {
        let scratch = Scratch::new("wipe");
        let mut left = 0;
        for seed in 0..200 {
            let path = scratch.0.join(format!("{seed}.db"));
            let db = open(&path);
            let gone = erase_one(&db, seed, 120);
            left += u32::from(holds(&db, &path, &gone));
            let before = words(&db);
            wipe(&db).unwrap();
            assert!(!holds(&db, &path, &gone), "seed {seed}");
            assert_eq!(words(&db), before, "seed {seed}");
            let found: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(found, "ok", "seed {seed}");
            // Rows go on moving in pages that were written over.
            erase_one(&db, seed + 1_000, 120);
            let found: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(found, "ok", "seed {seed}");
        }
        assert!(left > 0, "SQLite overwrites all of it by itself now: nobody needs this any more");
    }

    #[test]
    fn a_long_file_is_wiped_in_parts_between_which_others_write() {
        let scratch = Scratch::new("wipe-long");
        let path = scratch.0.join("long.db");
        let db = open(&path);
        let gone = erase_one(&db, 3, 12_000);
        let (mut parts, mut wiped) = (0, 0);
        wipe_whole(|from| {
            let part = wipe_part(&db, from)?;
            parts += 1;
            wiped += part.wiped;
            Ok::<_, rusqlite::Error>(part)
        })
        .unwrap();
        let pages: u32 = db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        assert!(pages > PAGES_AT_ONCE, "{pages}");
        assert_eq!(parts, 2 * pages.div_ceil(PAGES_AT_ONCE), "one pass wipes, and one finds nothing more");
        assert!(wiped > 0 && !holds(&db, &path, &gone));
    }

    #[test]
    fn pages_without_rows_and_such_as_contradict_themselves_are_left_as_they_are() {
        let leaf = |rows: u16, rows_begin: u16| {
            let mut page = vec![0; 512];
            page[0] = 13;
            page[3..5].copy_from_slice(&rows.to_be_bytes());
            page[5..7].copy_from_slice(&rows_begin.to_be_bytes());
            page
        };
        assert_eq!(unused(&leaf(2, 500), false), Some(12..500));
        assert_eq!(unused(&leaf(2, 12), false), Some(12..12));
        for (rows, rows_begin) in [(3, 12), (2, 513), (2, 0), (u16::MAX, 500)] {
            assert_eq!(unused(&leaf(rows, rows_begin), false), None, "{rows} rows from {rows_begin} on");
        }
        // A piece of something long begins with the number of the next page, a list of free pages, too.
        assert_eq!(unused(&[0; 512], false), None);
        assert_eq!(unused(&[13, 0, 0], false), None);
        let mut first = vec![7; 512];
        first[100..112].copy_from_slice(&[5, 0, 0, 0, 1, 1, 0x90, 0, 0, 0, 0, 9]);
        assert_eq!(unused(&first, true), Some(114..400));
    }
}
