//! What can be asked of the log. See the methods of the same names of [`super::super::Log`].

use std::collections::{BTreeMap, BTreeSet};

use civic_core::{
    id::{DocId, hex},
    planted::{self, Bug},
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use rusqlite::{OptionalExtension, params};
use sync_core::{
    catalog::Held,
    feed::FeedId,
    message::Cursor,
    revocation::Revocation,
    run::{Joiner, Run},
};

use super::{FEED_COLUMN_COUNT, FEED_COLUMNS, SqliteStore, feed_row, refusal, run_of};
use crate::{
    bundle::Caller,
    store::{Apart, Arrived, Counts, FORKED, StoreError},
};

impl SqliteStore {
    /// Every feed.
    pub fn held(&self) -> Result<Vec<Held>, StoreError> {
        let mut query = self.db.prepare_cached(&format!("SELECT {FEED_COLUMNS} FROM feed")).map_err(refusal)?;
        let rows = query.query_map([], |row| Ok(feed_row(row)?.held)).map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`super::super::Log::epoch`].
    pub fn epoch(&self) -> Result<[u8; 8], StoreError> {
        self.db.query_row("SELECT epoch FROM log", [], |row| row.get(0)).map_err(refusal)
    }

    /// See [`super::super::Log::bytes_on_disk`].
    pub fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        let ask = |pragma: &str| self.db.query_row(pragma, [], |row| row.get::<_, u64>(0)).map_err(refusal);
        // Pages that were let go will be filled before the file grows.
        let pages = ask("PRAGMA page_count")?.saturating_sub(ask("PRAGMA freelist_count")?);
        let bytes = pages.saturating_mul(ask("PRAGMA page_size")?);
        Ok(bytes.saturating_sub(self.attachment_bytes()?))
    }

    /// See [`super::super::Log::kept_row`].
    pub fn kept_row(&self) -> Result<i64, StoreError> {
        self.db.query_row("SELECT kept_row FROM log", [], |row| row.get(0)).map_err(refusal)
    }

    /// See [`super::super::Log::cursor`].
    pub fn cursor(&self, hub: &[u8; 32]) -> Result<Option<Cursor>, StoreError> {
        self.db
            .query_row("SELECT epoch, row, kept FROM peer WHERE public_key = ?1", params![hub], |row| {
                Ok(Cursor { epoch: row.get(0)?, row: row.get(1)?, kept: row.get(2)? })
            })
            .optional()
            .map_err(refusal)
    }

    /// See [`super::super::Log::caller`].
    pub fn caller(&self, device: &[u8; 32]) -> Result<Option<Caller>, StoreError> {
        self.db
            .query_row("SELECT epoch, row, kept, room FROM caller WHERE public_key = ?1", params![device], |row| {
                let epoch: Option<[u8; 8]> = row.get(0)?;
                let (place, kept) = (row.get(1)?, row.get(2)?);
                let cursor = epoch.map(|epoch| Cursor { epoch, row: place, kept });
                Ok(Caller { cursor, room: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0) })
            })
            .optional()
            .map_err(refusal)
    }

    /// See [`super::super::Log::callers`].
    pub fn callers(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut query = self.db.prepare_cached("SELECT public_key FROM caller ORDER BY public_key").map_err(refusal)?;
        let rows = query.query_map([], |row| row.get(0)).map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`super::super::Log::covered`].
    pub fn covered(
        &self,
        reached: &BTreeMap<FeedId, u64>,
        attachments: &BTreeSet<[u8; 32]>,
    ) -> Result<u64, StoreError> {
        let (mut here, mut beyond) = (BTreeSet::new(), BTreeSet::new());
        let mut note = |doc: [u8; 16], is_covered: bool| {
            here.insert(doc);
            if !is_covered {
                beyond.insert(doc);
            }
        };
        let mut entries = self
            .db
            .prepare_cached(
                "SELECT own.doc, feed.name, own.last FROM feed JOIN own ON own.feed = feed.id AND own.last > feed.receipted
                 WHERE feed.length > feed.receipted",
            )
            .map_err(refusal)?;
        let mut rows = entries.query([]).map_err(refusal)?;
        while let Some(row) = rows.next().map_err(refusal)? {
            let (doc, feed, last) = (row.get(0), row.get(1), row.get::<_, u64>(2).map_err(refusal)?);
            let is_covered = reached.get(&FeedId(feed.map_err(refusal)?)).is_some_and(|reached| last <= *reached);
            note(doc.map_err(refusal)?, is_covered);
        }
        let mut waiting = self
            .db
            .prepare_cached(
                "SELECT announcement.doc, attachment.name FROM attachment
                 JOIN announcement ON announcement.name = attachment.name
                 WHERE attachment.is_own = 1 AND attachment.receipted_at = 0",
            )
            .map_err(refusal)?;
        let mut rows = waiting.query([]).map_err(refusal)?;
        while let Some(row) = rows.next().map_err(refusal)? {
            let name: [u8; 32] = row.get(1).map_err(refusal)?;
            note(row.get(0).map_err(refusal)?, attachments.contains(&name));
        }
        Ok((here.len() - beyond.len()) as u64)
    }

    /// See [`super::super::Log::runs_after`].
    pub fn runs_after(
        &self,
        key: &SigningKey,
        feed: &FeedId,
        from: u64,
        until: u64,
        body_max: usize,
    ) -> Result<Vec<Run>, StoreError> {
        let Some(feed_row) = self.feed(feed)? else { return Ok(Vec::new()) };
        let is_own = feed_row.held.feed.public_key == key.verifying_key().to_bytes();
        let mut query = self
            .db
            .prepare_cached(
                "SELECT first, count, packing, body, signature FROM run WHERE feed = ?1
                 AND first >= (SELECT max(first) FROM run WHERE feed = ?1 AND first <= ?2 + 1)
                 AND first + count - 1 > ?2 AND first + count - 1 <= ?3 ORDER BY first",
            )
            .map_err(refusal)?;
        let mut rows = query.query(params![feed_row.id, from, until]).map_err(refusal)?;
        let mut joiner = Joiner::new(body_max);
        while let Some(row) = rows.next().map_err(refusal)? {
            let run = run_of(*feed, row, 0).map_err(refusal)?;
            let start = run.first.saturating_sub(1);
            if is_own && (start < from || run.unpacked_len().is_ok_and(|len| len / 2 > body_max)) {
                // What was joined while it waited leaves in pieces again until the road has shown what it carries.
                if joiner.len_of_all() == 0
                    && let Some(start) = self.extent_at(&feed_row, start)?
                    && let Ok(part) = run.part(&feed_row.held.feed, &start, from, body_max, key)
                {
                    return Ok(vec![part]);
                }
                break;
            }
            // The other side has the beginning of a run that it got in smaller pieces.
            let after = from + u64::from(planted::is(Bug::CutTooFar));
            let run = if start < from { run.cut(after).unwrap_or(run) } else { run };
            joiner.add(run);
            if joiner.len_of_all() >= body_max {
                break;
            }
        }
        Ok(joiner.finish())
    }

    /// See [`super::super::Log::news_after`].
    pub fn news_after(
        &self,
        feeds: &BTreeSet<FeedId>,
        after: i64,
        until: i64,
        body_max: usize,
    ) -> Result<(Vec<Run>, i64), StoreError> {
        let mut names = BTreeMap::new();
        for feed in feeds {
            if let Some(row) = self.feed(feed)? {
                names.insert(row.id, *feed);
            }
        }
        let mut places = self
            .db
            .prepare_cached("SELECT id, feed FROM run WHERE id > ?1 AND id <= ?2 ORDER BY id")
            .map_err(refusal)?;
        let mut one = self
            .db
            .prepare_cached("SELECT first, count, packing, body, signature FROM run WHERE id = ?1")
            .map_err(refusal)?;
        let mut places = places.query(params![after, until]).map_err(refusal)?;
        let mut by_feed: BTreeMap<FeedId, Joiner> = BTreeMap::new();
        let (mut len, mut reached) = (0, until);
        while let Some(place) = places.next().map_err(refusal)? {
            let (row, feed): (i64, i64) = (place.get(0).map_err(refusal)?, place.get(1).map_err(refusal)?);
            let Some(name) = names.get(&feed) else { continue };
            let run = one.query_row(params![row], |row| run_of(*name, row, 0)).map_err(refusal)?;
            let joiner = by_feed.entry(*name).or_insert_with(|| Joiner::new(body_max));
            len -= joiner.len_of_all();
            joiner.add(run);
            len += joiner.len_of_all();
            if len >= body_max {
                reached = row;
                break;
            }
        }
        Ok((by_feed.into_values().flat_map(Joiner::finish).collect(), reached))
    }

    /// See [`super::super::Log::arrived_after`].
    pub fn arrived_after(&self, row: i64, limit: usize) -> Result<Vec<Arrived>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(&format!(
                "SELECT {FEED_COLUMNS}, run.id, run.at, run.first, run.count, run.packing, run.body, run.signature
                 FROM run JOIN feed ON feed.id = run.feed WHERE run.id > ?1 ORDER BY run.id LIMIT ?2"
            ))
            .map_err(refusal)?;
        let rows = query
            .query_map(params![row, limit], |row| {
                let feed = feed_row(row)?.held.feed;
                let run = run_of(feed.id(), row, FEED_COLUMN_COUNT + 2)?;
                Ok(Arrived {
                    row: row.get(FEED_COLUMN_COUNT)?,
                    at: UnixSeconds(row.get(FEED_COLUMN_COUNT + 1)?),
                    run,
                    feed,
                })
            })
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`super::super::Log::came_since`].
    pub fn came_since(
        &self,
        author: &[u8; 32],
        since: UnixSeconds,
        runs_max: usize,
    ) -> Result<Vec<(DocId, UnixSeconds)>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(&format!(
                "SELECT {FEED_COLUMNS}, run.at, run.first, run.count, run.packing, run.body, run.signature
                 FROM feed JOIN run AS newest ON newest.id = feed.row JOIN run ON run.feed = feed.id
                 WHERE feed.public_key = ?1 AND newest.at >= ?2 AND run.at >= ?2
                 ORDER BY run.id DESC LIMIT ?3"
            ))
            .map_err(refusal)?;
        let runs = query
            .query_map(params![author, since.0, runs_max], |row| {
                let feed = feed_row(row)?.held.feed;
                Ok((UnixSeconds(row.get(FEED_COLUMN_COUNT)?), run_of(feed.id(), row, FEED_COLUMN_COUNT + 1)?))
            })
            .map_err(refusal)?;
        let mut came = Vec::new();
        for run in runs {
            let (at, run) = run.map_err(refusal)?;
            // What is held was verified; a run that cannot be read is none that was.
            let Ok(body) = run.unpacked() else { continue };
            came.extend(run.entries(&body).unwrap_or_default().iter().map(|entry| (entry.doc, at)));
        }
        Ok(came)
    }

    /// See [`super::super::Log::counts`].
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let all: u64 = self.db.query_row("SELECT documents FROM log", [], |row| row.get(0)).map_err(refusal)?;
        let here: u64 = self
            .db
            .query_row(
                "SELECT count(*) FROM
                 (SELECT own.doc FROM feed JOIN own ON own.feed = feed.id AND own.last > feed.receipted
                  WHERE feed.length > feed.receipted
                  UNION SELECT announcement.doc FROM attachment JOIN announcement ON announcement.name = attachment.name
                  WHERE attachment.is_own = 1 AND attachment.receipted_at = 0)",
                [],
                |row| row.get(0),
            )
            .map_err(refusal)?;
        let last: i64 = self
            .db
            .query_row("SELECT coalesce(max(receipted_at), 0) FROM feed", [], |row| row.get(0))
            .map_err(refusal)?;
        let last_receipt = (last > 0).then_some(UnixSeconds(last));
        Ok(Counts { here, on_road: 0, received: all.saturating_sub(here), last_receipt })
    }

    /// How many documents have own entries without a receipt in these feeds.
    pub fn unreceipted_in(&self, feeds: &[FeedId]) -> Result<u64, StoreError> {
        let mut docs = BTreeSet::new();
        let mut query = self
            .db
            .prepare_cached(
                "SELECT own.doc FROM feed JOIN own ON own.feed = feed.id AND own.last > feed.receipted WHERE feed.name = ?1",
            )
            .map_err(refusal)?;
        for feed in feeds {
            let rows = query.query_map(params![feed.0], |row| row.get::<_, [u8; 16]>(0)).map_err(refusal)?;
            for doc in rows {
                docs.insert(doc.map_err(refusal)?);
            }
        }
        Ok(docs.len() as u64)
    }

    /// See [`super::super::Log::is_received`].
    pub fn is_received(&self, doc: &DocId) -> Result<Option<bool>, StoreError> {
        self.db
            .query_row(
                "SELECT min(own.last <= feed.receipted) AND NOT EXISTS
                 (SELECT 1 FROM attachment JOIN announcement ON announcement.name = attachment.name
                  WHERE attachment.is_own = 1 AND attachment.receipted_at = 0 AND announcement.doc = ?1)
                 FROM own JOIN feed ON feed.id = own.feed WHERE own.doc = ?1",
                params![doc.as_bytes()],
                |row| row.get(0),
            )
            .map_err(refusal)
    }

    /// See [`super::super::Log::revoked`].
    pub fn revoked(&self, author: &[u8; 32]) -> Result<Vec<Revocation>, StoreError> {
        let mut query =
            self.db.prepare_cached("SELECT public_key, at FROM revoked WHERE author = ?1").map_err(refusal)?;
        let rows = query
            .query_map(params![author], |row| Ok(Revocation { public_key: row.get(0)?, at: UnixSeconds(row.get(1)?) }));
        rows.map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`super::super::Log::is_revoked`].
    pub fn is_revoked(&self, author: &[u8; 32], key: &[u8; 32]) -> Result<bool, StoreError> {
        self.db
            .prepare_cached("SELECT 1 FROM revoked WHERE author = ?1 AND public_key = ?2")
            .and_then(|mut query| query.exists(params![author, key]))
            .map_err(refusal)
    }

    /// See [`super::super::Log::apart_count`].
    pub fn apart_count(&self) -> Result<u64, StoreError> {
        self.db.query_row("SELECT count(*) FROM quarantine", [], |row| row.get(0)).map_err(refusal)
    }

    /// See [`super::super::Log::forks`].
    pub fn forks(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(
                "SELECT device, count(*) FROM quarantine WHERE reason = ?1 AND device <> '' GROUP BY device",
            )
            .map_err(refusal)?;
        let rows = query.query_map(params![FORKED], |row| Ok((row.get(0)?, row.get(1)?))).map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`super::super::Log::apart`].
    pub fn apart(&self, limit: usize) -> Result<Vec<Apart>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT at, device, feed, first, reason FROM quarantine ORDER BY id DESC LIMIT ?1")
            .map_err(refusal)?;
        let rows = query
            .query_map(params![limit], |row| {
                let feed: Vec<u8> = row.get(2)?;
                Ok(Apart {
                    at: UnixSeconds(row.get(0)?),
                    device: row.get(1)?,
                    feed: hex(&feed),
                    first: row.get(3)?,
                    reason: row.get(4)?,
                })
            })
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`super::super::Log::verify`].
    pub fn verify(&self) -> Result<Result<u64, String>, StoreError> {
        let sound: String = self.db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(refusal)?;
        if sound != "ok" {
            return Ok(Err(format!("the database file is damaged: {sound}")));
        }
        // The log as it is at this moment: another process may be writing it.
        let _snapshot = self.db.unchecked_transaction().map_err(refusal)?;
        let mut entries = 0;
        let mut feeds = self.db.prepare(&format!("SELECT {FEED_COLUMNS} FROM feed")).map_err(refusal)?;
        let feeds: Vec<_> =
            feeds.query_map([], feed_row).map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?;
        let mut query = self
            .db
            .prepare("SELECT first, count, packing, body, signature FROM run WHERE feed = ?1 ORDER BY first")
            .map_err(refusal)?;
        for row in feeds {
            let (held, mut extent) = (row.held, row.pruned);
            let id = held.feed.id();
            let mut runs = query.query(params![row.id]).map_err(refusal)?;
            while let Some(row) = runs.next().map_err(refusal)? {
                let run = run_of(id, row, 0).map_err(refusal)?;
                match run.verify(&held.feed, &extent) {
                    Ok(end) => extent = end,
                    Err(bad) => return Ok(Err(format!("feed {id} from entry {}: {bad}", run.first))),
                }
            }
            if extent != held.extent {
                return Ok(Err(format!(
                    "feed {id} should have {} entries and has {}",
                    held.extent.length, extent.length
                )));
            }
            entries += extent.length - row.pruned.length;
        }
        Ok(self.unsound_attachment()?.map_or(Ok(entries), Err))
    }
}
