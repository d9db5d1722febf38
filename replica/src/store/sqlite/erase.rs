//! What the county erased leaves this log: payloads become hashes, attachments go, and nothing of either stays in the files.

use std::{collections::BTreeMap, sync::Arc};

use civic_core::{
    area::Area,
    codec::Reader,
    id::DocId,
    planted::{self, Bug},
    seal::SealKey,
    space::{Audience, Space},
};
use rusqlite::{Connection, params};
use sync_core::{
    entry::{Entry, EntryKind},
    epoch::Epoch,
    feed::FeedId,
    heard::Heard,
    run::Run,
    tombstone::{Depth, Tombstone, Tombstones},
};

use super::{SqliteStore, refusal, run_of};
use crate::store::StoreError;

/// Runs that are looked through in one transaction: others wait so long.
const RUNS_AT_ONCE: usize = 512;
/// Bytes of bodies after which that transaction ends, too.
const LEN_AT_ONCE: usize = 8 * 1024 * 1024;

/// How far a tombstone was carried out.
mod step {
    pub const DUE: u8 = 0;
    pub const ERASED: u8 = 1;
    pub const GONE: u8 = 2;
    pub const ACKNOWLEDGED: u8 = 3;
}

/// What a run is here.
pub(super) enum Settled {
    /// To be stored so.
    As(Option<Run>),
    /// Payloads of it are missing that nobody had the right to erase.
    Bare,
}

impl SqliteStore {
    /// Reads every tombstone.
    pub(super) fn load_tombstones(db: &Connection) -> Result<Tombstones, StoreError> {
        let mut query = db.prepare("SELECT doc, area, depth FROM tombstone").map_err(refusal)?;
        let mut rows = query.query([]).map_err(refusal)?;
        let mut stones = Tombstones::default();
        while let Some(row) = rows.next().map_err(refusal)? {
            let (doc, area, depth): ([u8; 16], String, u8) =
                (row.get(0).map_err(refusal)?, row.get(1).map_err(refusal)?, row.get(2).map_err(refusal)?);
            if let (Some(area), Some(depth)) = (Area::parse(&area), Depth::from_number(depth)) {
                stones.put(DocId::new(doc), area, depth);
            }
        }
        Ok(stones)
    }

    /// Notes what the hub says in `space`: a tombstone, an epoch. What cannot be read, or stands where it should not, says
    /// nothing.
    pub(super) fn note_county(&mut self, space: &Space, entry: &Entry<'_>) -> Result<(), StoreError> {
        if space.audience != Audience::Public {
            return Ok(());
        }
        note(&self.db, &space.area, entry)?;
        if let (EntryKind::Tombstone, Ok(Tombstone { depth, .. })) = (entry.kind, Tombstone::decode(entry.payload)) {
            Arc::make_mut(&mut self.tombstones).put(entry.doc, space.area.clone(), depth);
        }
        Ok(())
    }

    /// What becomes of a run that comes new to this disk: what is erased already comes without its payloads, and a hub takes
    /// nothing that somebody else emptied, beside the hub above it.
    pub(super) fn settle(&self, area: &Area, run: &Run, is_from_above: bool) -> Settled {
        let is_covered = |entry: &Entry<'_>| self.tombstones.covers(area, entry);
        if self.is_hub && !is_from_above {
            let body = run.unpacked().unwrap_or_default();
            let mut entries = run.entries(&body).unwrap_or_default().into_iter();
            if entries.any(|entry| entry.is_erased && !is_covered(&entry)) {
                return Settled::Bare;
            }
        }
        Settled::As(run.without(is_covered).ok().flatten())
    }

    /// Whether something is to be erased, or is not gone from the files yet.
    pub fn is_erasure_due(&self) -> Result<bool, StoreError> {
        self.db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM tombstone WHERE step < 3 AND step < ?1)")
            .and_then(|mut query| query.query_row(params![step::GONE], |row| row.get(0)))
            .map_err(refusal)
    }

    /// See [`crate::store::Store::newest_tombstone`].
    pub(super) fn last_tombstone(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(id), 0) FROM tombstone";
        self.db.query_row(sql, [], |row| row.get(0)).map_err(refusal)
    }

    /// See [`crate::store::Store::erase_some`].
    pub(super) fn erase_covered(&mut self, upto: i64) -> Result<bool, StoreError> {
        let due: Vec<(DocId, String, Depth, i64)> = {
            let sql = "SELECT doc, area, depth, reached FROM tombstone WHERE step < 3 AND step = ?1 AND id <= ?2";
            let mut query = self.db.prepare_cached(sql).map_err(refusal)?;
            let rows = query.query_map(params![step::DUE, upto], |row| {
                let depth = Depth::from_number(row.get(2)?).unwrap_or(Depth::Whole);
                Ok((DocId::new(row.get(0)?), row.get(1)?, depth, row.get(3)?))
            });
            rows.map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?
        };
        let Some(from) = due.iter().map(|(.., reached)| *reached).min() else { return Ok(false) };
        // Another program may have written some of them, and what they cover is asked of these in memory.
        self.tombstones = Arc::new(Self::load_tombstones(&self.db)?);
        if from == 0 {
            for (doc, area, ..) in &due {
                self.drop_attachments(doc, area)?;
            }
            self.empty_quarantine(&due)?;
        }
        let places: Vec<(i64, FeedId, String)> = {
            let sql = "SELECT run.id, feed.name, feed.area FROM run JOIN feed ON feed.id = run.feed
                       WHERE run.id > ?1 ORDER BY run.id LIMIT ?2";
            let mut query = self.db.prepare_cached(sql).map_err(refusal)?;
            let rows =
                query.query_map(params![from, RUNS_AT_ONCE], |row| Ok((row.get(0)?, FeedId(row.get(1)?), row.get(2)?)));
            rows.map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?
        };
        let (mut reached, mut len, mut is_end) = (from, 0, places.len() < RUNS_AT_ONCE);
        for (row, feed, area) in &places {
            if len > LEN_AT_ONCE {
                is_end = false;
                break;
            }
            reached = *row;
            if due.iter().any(|(_, place, ..)| place == area) {
                len += self.erase_in(*row, *feed, area)?;
            }
        }
        self.db
            .prepare_cached("UPDATE tombstone SET reached = max(reached, ?3) WHERE step = ?1 AND id <= ?2")
            .and_then(|mut update| update.execute(params![step::DUE, upto, reached]))
            .map_err(refusal)?;
        if is_end {
            self.set_step(upto, step::DUE, step::ERASED)?;
        }
        Ok(!is_end)
    }

    /// Erases what tombstones cover in one stored run; returns how long its body is.
    fn erase_in(&self, row: i64, feed: FeedId, area: &str) -> Result<usize, StoreError> {
        let run = self
            .db
            .prepare_cached("SELECT first, count, packing, body, signature FROM run WHERE id = ?1")
            .and_then(|mut query| query.query_row(params![row], |row| run_of(feed, row, 0)))
            .map_err(refusal)?;
        let (Some(area), len) = (Area::parse(area), run.unpacked_len().unwrap_or(0)) else { return Ok(0) };
        // A stored run that cannot be read is told by `verify`.
        if let Ok(Some(erased)) = run.without(|entry| self.tombstones.covers(&area, entry))
            && !planted::is(Bug::ErasedByName)
        {
            self.db
                .prepare_cached("UPDATE run SET packing = ?2, body = ?3 WHERE id = ?1")
                .and_then(|mut update| update.execute(params![row, erased.packing.number(), erased.body]))
                .map_err(refusal)?;
        }
        Ok(len)
    }

    /// Lets go of the attachments of a document that stand beside no other.
    fn drop_attachments(&self, doc: &DocId, area: &str) -> Result<(), StoreError> {
        let mine = "(SELECT announcement.name FROM announcement JOIN feed ON feed.id = announcement.feed
                     WHERE announcement.doc = ?1 AND feed.area = ?2)";
        let others = "(SELECT announcement.name FROM announcement JOIN feed ON feed.id = announcement.feed
                       WHERE NOT (announcement.doc = ?1 AND feed.area = ?2))";
        let alone = format!("name IN {mine} AND name NOT IN {others}");
        for sql in [
            format!("DELETE FROM piece WHERE attachment IN (SELECT id FROM attachment WHERE {alone})"),
            format!("DELETE FROM attachment WHERE {alone}"),
            "DELETE FROM announcement WHERE doc = ?1 AND feed IN (SELECT id FROM feed WHERE area = ?2)".to_owned(),
        ] {
            self.db.execute(&sql, params![doc.as_bytes(), area]).map_err(refusal)?;
        }
        Ok(())
    }

    /// Erases these documents in what was kept apart, wherever it was written. What cannot be read there cannot be told
    /// from another document, and stays.
    fn empty_quarantine(&self, due: &[(DocId, String, Depth, i64)]) -> Result<(), StoreError> {
        let depths: BTreeMap<DocId, Depth> = due.iter().map(|(doc, _, depth, _)| (*doc, *depth)).collect();
        let kept: Vec<(i64, Vec<u8>)> = {
            let mut query = self.db.prepare("SELECT id, run FROM quarantine WHERE run IS NOT NULL").map_err(refusal)?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            rows.map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?
        };
        for (row, bytes) in kept {
            let Ok(run) = Run::read(&mut Reader::new(&bytes)) else { continue };
            let is_to_go = |entry: &Entry<'_>| depths.get(&entry.doc).is_some_and(|depth| depth.covers(entry));
            if let Ok(Some(erased)) = run.without(is_to_go) {
                let mut bytes = Vec::new();
                erased.put(&mut bytes);
                self.db
                    .execute("UPDATE quarantine SET run = ?2 WHERE id = ?1", params![row, bytes])
                    .map_err(refusal)?;
            }
        }
        Ok(())
    }

    /// Writes the write-ahead log back and cuts it off, so that nothing that was erased lies in it; `false` if somebody else
    /// reads this file just now.
    pub fn truncate(&self) -> Result<bool, StoreError> {
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0)).map_err(refusal)
    }

    /// See [`crate::store::Store::note_gone`].
    pub(super) fn set_gone(&mut self, upto: i64) -> Result<(), StoreError> {
        self.set_step(upto, step::ERASED, step::GONE)
    }

    /// Notes that tombstones up to `upto` went one step further.
    fn set_step(&self, upto: i64, from: u8, to: u8) -> Result<(), StoreError> {
        self.db
            .prepare_cached("UPDATE tombstone SET step = ?3 WHERE step = ?2 AND id <= ?1")
            .and_then(|mut update| update.execute(params![upto, from, to]))
            .map(drop)
            .map_err(refusal)
    }

    /// See [`crate::store::Log::to_acknowledge`].
    pub fn to_acknowledge(&self) -> Result<Vec<(DocId, Depth)>, StoreError> {
        let mut query =
            self.db.prepare_cached("SELECT doc, depth FROM tombstone WHERE step < 3 AND step = ?1").map_err(refusal)?;
        let rows = query
            .query_map(params![step::GONE], |row| {
                Ok((DocId::new(row.get(0)?), Depth::from_number(row.get(1)?).unwrap_or(Depth::Whole)))
            })
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`crate::store::Log::seal_key`].
    pub fn newest_epoch(&self) -> Result<Option<(SealKey, bool)>, StoreError> {
        use rusqlite::OptionalExtension as _;
        self.db
            .prepare_cached("SELECT number, public, is_heard FROM epoch ORDER BY number DESC, id DESC LIMIT 1")
            .and_then(|mut query| {
                let read =
                    |row: &rusqlite::Row<'_>| Ok((SealKey { epoch: row.get(0)?, public: row.get(1)? }, row.get(2)?));
                query.query_row([], read).optional()
            })
            .map_err(refusal)
    }

    /// See [`crate::store::Log::seal_keys`].
    pub fn epochs(&self) -> Result<Vec<SealKey>, StoreError> {
        self.db
            .prepare_cached("SELECT DISTINCT number, public FROM epoch ORDER BY number DESC")
            .and_then(|mut query| {
                let rows = query.query_map([], |row| Ok(SealKey { epoch: row.get(0)?, public: row.get(1)? }))?;
                rows.collect()
            })
            .map_err(refusal)
    }

    /// Notes that this installation said what it heard.
    pub(super) fn note_heard(&self, entry: &Entry<'_>) -> Result<(), StoreError> {
        match Heard::decode(entry.payload) {
            Ok(Heard::Erased(depth)) => self
                .db
                .prepare_cached("UPDATE tombstone SET step = ?3 WHERE doc = ?1 AND depth = ?2 AND step = ?4")
                .and_then(|mut update| {
                    update.execute(params![entry.doc.as_bytes(), depth.number(), step::ACKNOWLEDGED, step::GONE])
                }),
            Ok(Heard::Epoch(number)) => self
                .db
                .prepare_cached("UPDATE epoch SET is_heard = 1 WHERE number <= ?1")
                .and_then(|mut update| update.execute(params![number])),
            Ok(Heard::Lost(_)) | Err(_) => return Ok(()),
        }
        .map(drop)
        .map_err(refusal)
    }
}

/// Writes down what the hub says.
fn note(db: &Connection, area: &Area, entry: &Entry<'_>) -> Result<(), StoreError> {
    match entry.kind {
        EntryKind::Tombstone => {
            let Ok(Tombstone { depth, .. }) = Tombstone::decode(entry.payload) else { return Ok(()) };
            db.prepare_cached("INSERT INTO tombstone (doc, area, depth) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
                .and_then(|mut insert| insert.execute(params![entry.doc.as_bytes(), area.code(), depth.number()]))
        }
        EntryKind::Epoch => {
            let Ok(Epoch { key }) = Epoch::decode(entry.payload) else { return Ok(()) };
            db.prepare_cached("INSERT INTO epoch (number, public) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
                .and_then(|mut insert| insert.execute(params![key.epoch, key.public]))
        }
        EntryKind::Change
        | EntryKind::Sealed
        | EntryKind::Attachment
        | EntryKind::Revoked
        | EntryKind::Heard
        | EntryKind::Edition
        | EntryKind::Unknown(_) => return Ok(()),
    }
    .map(drop)
    .map_err(refusal)
}

/// Notes what the hub with this key said in a log that an older program has written: to it these entries were of an unknown
/// kind.
pub(super) fn note_all(db: &Connection, county: &[u8; 32]) -> Result<(), StoreError> {
    let mut query = db
        .prepare(
            "SELECT feed.name, run.first, run.count, run.packing, run.body, run.signature, feed.area
             FROM run JOIN feed ON feed.id = run.feed WHERE feed.public_key = ?1 AND feed.audience = ?2 ORDER BY run.id",
        )
        .map_err(refusal)?;
    let mut rows = query.query(params![county, Audience::Public.number()]).map_err(refusal)?;
    while let Some(row) = rows.next().map_err(refusal)? {
        let run = row.get(0).and_then(|name| run_of(FeedId(name), row, 1)).map_err(refusal)?;
        let area: String = row.get(6).map_err(refusal)?;
        let (Some(area), Ok(body)) = (Area::parse(&area), run.unpacked()) else { continue };
        for entry in run.entries(&body).unwrap_or_default().iter().filter(|entry| !entry.is_erased) {
            note(db, &area, entry)?;
        }
    }
    Ok(())
}
