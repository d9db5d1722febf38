//! What is written to the log, inside the transaction that the writer's thread opened.

use std::{collections::BTreeSet, sync::Arc};

use civic_core::{
    id::Incarnation,
    planted::{self, Bug},
    space::{Audience, Space},
    time::UnixSeconds,
};
use rusqlite::{OptionalExtension, params};
use sync_core::{
    catalog::Held,
    entry::{Entry, EntryKind},
    feed::{Extent, Feed, FeedId},
    message::Cursor,
    receipt::{Level, Receipt},
    revocation::Revocation,
    run::{RUN_BODY_LEN_MAX, RUN_BODY_LEN_WRITTEN, RUN_ENTRIES_MAX, Run, join_thoroughly, pieces},
    session::StoredAs,
    tombstone::Tombstones,
};

use super::{
    FEED_COLUMNS, FeedRow, SqliteStore,
    attachment::announce,
    erase::Settled,
    feed_row, refusal, run_of,
    wipe::{Part, wipe_part},
};
use crate::{
    bundle::Caller,
    store::{Accepted, Author, Checked, FORKED, NewEntry, QUARANTINE_MAX, SetApart, Store, StoreError},
};

/// So many runs that wait, at least, are joined: each byte is then written again seldom.
const JOINED_FROM: usize = 16;
/// A run whose packed body is longer is long enough.
const JOINED_LEN_MAX: usize = 128 * 1024;

/// What is known of a run before it is stored.
#[derive(Clone, Copy)]
struct Seen {
    /// It may hold what the log itself must note.
    declares: bool,
    /// Something of it may be erased.
    is_concerned: bool,
    /// The hub brings it to which this installation is a device.
    is_from_above: bool,
}

impl SqliteStore {
    fn feed_or_new(&self, feed: &Feed) -> Result<FeedRow, StoreError> {
        let name = feed.id();
        if let Some(row) = self.feed(&name)? {
            return Ok(row);
        }
        self.db
            .prepare_cached(
                "INSERT INTO feed (name, public_key, incarnation, area, audience, head, kept_head, pruned_head)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    name.0,
                    feed.public_key,
                    feed.incarnation.as_bytes(),
                    feed.space.area.code(),
                    feed.space.audience.number(),
                    feed.genesis().head,
                ])
            })
            .map_err(refusal)?;
        let held = Held::new(feed.clone());
        Ok(FeedRow { id: self.db.last_insert_rowid(), pruned: held.extent, held })
    }

    fn insert_run(
        &mut self,
        FeedRow { id: feed, .. }: &FeedRow,
        run: &Run,
        end: &Extent,
        now: UnixSeconds,
    ) -> Result<i64, StoreError> {
        self.db
            .prepare_cached(
                "INSERT INTO run (feed, first, count, packing, body, signature, head, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    feed,
                    run.first,
                    run.count,
                    run.packing.number(),
                    run.body,
                    run.signature,
                    end.head,
                    now.0
                ])
            })
            .map_err(refusal)?;
        let row = self.db.last_insert_rowid();
        self.db
            .prepare_cached("UPDATE feed SET length = ?2, head = ?3, row = ?4 WHERE id = ?1")
            .and_then(|mut update| update.execute(params![feed, end.length, end.head, row]))
            .map_err(refusal)?;
        self.changed.insert(*feed);
        Ok(row)
    }

    /// Notes what the log itself must know of a run: who was struck off, which attachments belong to it, what the county
    /// erased, and to which key it wants things sealed.
    fn note_declared(&mut self, FeedRow { id, held, .. }: &FeedRow, run: &Run) -> Result<(), StoreError> {
        let body = run.unpacked().unwrap_or_default();
        let is_public = held.feed.space.audience == Audience::Public;
        let is_county = self.county == Some(held.feed.public_key);
        for entry in run.entries(&body).unwrap_or_default().iter().filter(|entry| !entry.is_erased) {
            match entry.kind {
                EntryKind::Revoked if is_public => self.note_revocation(&held.feed.public_key, entry)?,
                EntryKind::Attachment => announce(&self.db, *id, entry)?,
                EntryKind::Tombstone | EntryKind::Epoch if is_county => self.note_county(&held.feed.space, entry)?,
                EntryKind::Change
                | EntryKind::Sealed
                | EntryKind::Revoked
                | EntryKind::Tombstone
                | EntryKind::Heard
                | EntryKind::Epoch
                | EntryKind::Edition
                | EntryKind::Unknown(_) => {}
            }
        }
        Ok(())
    }

    /// Obeys what the county erased in a run that it signed, before the run itself can be taken: what it wrote earlier in
    /// the same feed may be erased by it.
    fn note_stones(&mut self, FeedRow { held, .. }: &FeedRow, run: &Run) -> Result<(), StoreError> {
        if self.county != Some(held.feed.public_key) {
            return Ok(());
        }
        let body = run.unpacked().unwrap_or_default();
        let entries = run.entries(&body).unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Tombstone && !entry.is_erased)
            .try_for_each(|entry| self.note_county(&held.feed.space, entry))
    }

    fn note_revocation(&self, author: &[u8; 32], entry: &Entry<'_>) -> Result<(), StoreError> {
        let Ok(revocation) = Revocation::decode(entry.payload) else { return Ok(()) };
        self.db
            .prepare_cached("INSERT INTO revoked (author, public_key, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
            .and_then(|mut insert| insert.execute(params![author, revocation.public_key, revocation.at.0]))
            .map(drop)
            .map_err(refusal)
    }

    fn accept_one(&mut self, checked: &Checked, now: UnixSeconds) -> Result<StoredAs, StoreError> {
        let Checked { feed, run, proven, is_from_above } = checked;
        let row = self.feed_or_new(feed)?;
        if let Some(proven) = proven.filter(|proven| proven.after == row.held.extent) {
            // What was erased meanwhile was not looked for when it was verified.
            let is_concerned = proven.is_concerned || proven.tombstones != self.tombstones.count();
            let seen = Seen { declares: proven.declares, is_concerned, is_from_above: *is_from_above };
            return self.take_new(&row, run, &proven.end, seen, now);
        }
        let here = row.held.extent;
        if run.first > here.length.saturating_add(1) {
            if proven.is_some_and(|proven| proven.declares) {
                self.note_stones(&row, run)?;
            }
            if planted::is(Bug::GapIgnored) {
                return Ok(StoredAs::Known(Extent { length: run.last(), ..here }));
            }
            return Ok(StoredAs::Gap(here.length));
        }
        let Some(start) = self.extent_at(&row, run.first.saturating_sub(1))? else {
            // Before what was let go here: nothing can be compared any more, and nothing is lacking.
            return Ok(StoredAs::Known(here));
        };
        let end = match run.verify(feed, &start) {
            Ok(end) => end,
            Err(bad) => return self.refuse(feed, run, &bad.to_string(), now),
        };
        if end.length <= here.length {
            return match self.extent_at(&row, end.length)? {
                Some(known) if known == end => Ok(StoredAs::Known(here)),
                Some(_) | None => self.refuse(feed, run, FORKED, now),
            };
        }
        // It begins before the end of what is here: its beginning must be the same, and its rest is new.
        match run.cut(here.length) {
            Ok(rest) if rest.end(&here) == Ok(end) => {
                let seen = Seen { declares: true, is_concerned: true, is_from_above: *is_from_above };
                self.take_new(&row, &rest, &end, seen, now)
            }
            Ok(_) | Err(_) => self.refuse(feed, run, FORKED, now),
        }
    }

    /// Stores a run that continues what is here and ends at `end`.
    fn take_new(
        &mut self,
        row: &FeedRow,
        run: &Run,
        end: &Extent,
        Seen { declares, is_concerned, is_from_above }: Seen,
        now: UnixSeconds,
    ) -> Result<StoredAs, StoreError> {
        if declares && is_concerned {
            self.note_stones(row, run)?;
        }
        let settled = match is_concerned {
            true => self.settle(&row.held.feed.space.area, run, is_from_above),
            false => Settled::As(None),
        };
        let erased = match settled {
            Settled::As(erased) => erased,
            Settled::Bare => return Ok(StoredAs::Bare(row.held.extent.length)),
        };
        let run = erased.as_ref().unwrap_or(run);
        if declares {
            self.note_declared(row, run)?;
        }
        self.insert_run(row, run, end, now)?;
        Ok(StoredAs::Accepted(*end))
    }

    fn refuse(&mut self, feed: &Feed, run: &Run, reason: &str, now: UnixSeconds) -> Result<StoredAs, StoreError> {
        let apart = SetApart {
            feed: feed.id(),
            device: Some(feed.device()),
            first: run.first,
            reason: reason.to_owned(),
            run: Some(run.clone()),
        };
        self.set_apart(&apart, now)?;
        Ok(StoredAs::Refused(apart.reason))
    }

    /// The first own runs of a feed that wait and are worth joining, with their rows.
    fn joinable(&self, feed: &FeedRow) -> Result<Vec<(i64, Run)>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(
                "SELECT first, count, packing, body, signature, id FROM run
                 WHERE feed = ?1 AND first > ?2 AND length(body) <= ?3 ORDER BY first",
            )
            .map_err(refusal)?;
        let mut rows = query.query(params![feed.id, feed.held.receipted, JOINED_LEN_MAX]).map_err(refusal)?;
        let name = feed.held.feed.id();
        let mut found: Vec<(i64, Run)> = Vec::new();
        let (mut len, mut count) = (0, 0);
        while let Some(row) = rows.next().map_err(refusal)? {
            let run = run_of(name, row, 0).map_err(refusal)?;
            let run_len = run.unpacked_len().unwrap_or(RUN_BODY_LEN_MAX);
            let follows = found.last().is_none_or(|(_, last)| last.last().checked_add(1) == Some(run.first));
            if !follows || len + run_len > RUN_BODY_LEN_MAX || count + run.count > RUN_ENTRIES_MAX as u64 {
                if found.len() >= JOINED_FROM {
                    break;
                }
                found.clear();
                (len, count) = (0, 0);
            }
            (len, count) = (len + run_len, count + run.count);
            found.push((row.get(5).map_err(refusal)?, run));
        }
        Ok(if found.len() >= JOINED_FROM { found } else { Vec::new() })
    }

    /// Notes that this installation wrote about a document.
    fn note_own(&self, entry: &Entry<'_>, feed: i64, number: u64) -> Result<(), StoreError> {
        if planted::is(Bug::OwnForgotten) {
            return Ok(());
        }
        let is_known = self
            .db
            .prepare_cached("SELECT 1 FROM own WHERE doc = ?1 LIMIT 1")
            .and_then(|mut query| query.query_row(params![entry.doc.as_bytes()], |_| Ok(())).optional())
            .map_err(refusal)?;
        self.db
            .prepare_cached(
                "INSERT INTO own (doc, feed, last) VALUES (?1, ?2, ?3)
                 ON CONFLICT (doc, feed) DO UPDATE SET last = excluded.last",
            )
            .and_then(|mut insert| insert.execute(params![entry.doc.as_bytes(), feed, number]))
            .map_err(refusal)?;
        if is_known.is_none() {
            self.db
                .prepare_cached("UPDATE log SET documents = documents + 1")
                .and_then(|mut update| update.execute([]))
                .map_err(refusal)?;
        }
        Ok(())
    }
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.changed.clear();
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(refusal)
    }

    fn commit(&mut self) -> Result<Vec<Held>, StoreError> {
        let mut query =
            self.db.prepare_cached(&format!("SELECT {FEED_COLUMNS} FROM feed WHERE id = ?1")).map_err(refusal)?;
        let changed = self.changed.iter().map(|id| Ok(query.query_row(params![id], feed_row)?.held));
        let changed = changed.collect::<Result<_, _>>().map_err(refusal)?;
        self.db.execute_batch("COMMIT").map_err(refusal)?;
        Ok(changed)
    }

    fn rollback(&mut self) {
        // SQLite may have rolled back by itself, as it does when the disk is full.
        if !self.db.is_autocommit() {
            let _ = self.db.execute_batch("ROLLBACK");
        }
        // A tombstone that was rolled back covers nothing.
        if let Ok(stones) = Self::load_tombstones(&self.db) {
            self.tombstones = Arc::new(stones);
        }
    }

    fn tombstones(&self) -> Arc<Tombstones> {
        self.tombstones.clone()
    }

    fn newest_tombstone(&self) -> Result<i64, StoreError> {
        self.last_tombstone()
    }

    fn erase_some(&mut self, upto: i64) -> Result<bool, StoreError> {
        self.erase_covered(upto)
    }

    fn wipe_some(&mut self, from: u32) -> Result<Part, StoreError> {
        wipe_part(&self.db, from).map_err(refusal)
    }

    fn note_gone(&mut self, upto: i64) -> Result<(), StoreError> {
        self.set_gone(upto)
    }

    fn append(&mut self, author: &Author, entries: &[NewEntry], now: UnixSeconds) -> Result<i64, StoreError> {
        let mut newest = 0;
        let spaces: BTreeSet<&Space> = entries.iter().map(|entry| &entry.space).collect();
        for (place, space) in spaces.into_iter().enumerate() {
            if planted::is(Bug::SpacesApart) && place > 0 {
                self.db.execute_batch("COMMIT; BEGIN IMMEDIATE").map_err(refusal)?;
            }
            let feed = author.feed(space);
            let row = self.feed_or_new(&feed)?;
            let mine: Vec<Entry<'_>> = entries
                .iter()
                .filter(|entry| entry.space == *space)
                .map(|entry| Entry {
                    doc: entry.doc,
                    kind: entry.kind,
                    at: entry.at,
                    payload: &entry.payload,
                    is_erased: false,
                })
                .collect();
            let mut extent = row.held.extent;
            for piece in pieces(&mine, RUN_BODY_LEN_WRITTEN) {
                let (run, end) = Run::sign(&feed, &extent, piece, &author.key);
                // What is erased already is not written in again, by nobody, and announces nothing.
                let is_covered = |entry: &Entry<'_>| self.tombstones.covers(&space.area, entry);
                let erased = piece.iter().any(is_covered).then(|| run.without(is_covered).ok().flatten()).flatten();
                let written = erased.as_ref().unwrap_or(&run);
                if piece.iter().any(Entry::is_declaration) {
                    self.note_declared(&row, written)?;
                }
                newest = self.insert_run(&row, written, &end, now)?;
                for (entry, number) in piece.iter().zip(run.first..) {
                    self.note_own(entry, row.id, number)?;
                    if entry.kind == EntryKind::Heard {
                        self.note_heard(entry)?;
                    }
                }
                extent = end;
            }
        }
        Ok(newest)
    }

    fn accept(&mut self, runs: &[Checked], now: UnixSeconds) -> Result<Accepted, StoreError> {
        runs.iter().map(|checked| Ok((checked.run.feed, checked.run.first, self.accept_one(checked, now)?))).collect()
    }

    fn keep(&mut self, receipts: &[Receipt]) -> Result<Vec<(FeedId, u64)>, StoreError> {
        let mut proven = Vec::new();
        for receipt in receipts {
            let Some(row) = self.feed(&receipt.feed)?.filter(|_| !planted::is(Bug::ReceiptUnheard)) else { continue };
            // A receipt that names another hash speaks of another chain, and proves nothing of this one.
            if self.extent_at(&row, receipt.extent.length)? != Some(receipt.extent) {
                continue;
            }
            let heard_at = self.count_on(receipt.at)?;
            let mut signed = Vec::new();
            receipt.put(&mut signed);
            self.db
                .prepare_cached(
                    "INSERT INTO receipt (feed, level, signed) VALUES (?1, ?2, ?3)
                     ON CONFLICT (feed, level) DO UPDATE SET signed = excluded.signed",
                )
                .and_then(|mut insert| insert.execute(params![row.id, receipt.level.number(), signed]))
                .map_err(refusal)?;
            let Extent { length, head } = receipt.extent;
            match receipt.level {
                Level::Received => {
                    proven.push((receipt.feed, length.max(row.held.receipted)));
                    self.db
                        .prepare_cached(
                            "UPDATE feed SET receipted = max(receipted, ?2), receipted_at = max(receipted_at, ?3)
                             WHERE id = ?1",
                        )
                        .and_then(|mut update| update.execute(params![row.id, length, receipt.at.0]))
                }
                Level::Kept => {
                    self.note_kept(row.id, length, heard_at)?;
                    self.db
                        .prepare_cached("UPDATE feed SET kept = ?2, kept_head = ?3 WHERE id = ?1 AND kept < ?2")
                        .and_then(|mut update| update.execute(params![row.id, length, head]))
                }
            }
            .map_err(refusal)?;
            self.changed.insert(row.id);
        }
        Ok(proven)
    }

    fn set_apart(&mut self, apart: &SetApart, now: UnixSeconds) -> Result<(), StoreError> {
        let SetApart { feed, device, first, reason, run } = apart;
        let bytes = run.as_ref().map(|run| {
            // What is erased already is kept nowhere, and not in what is refused either.
            let erased = run.without(|entry| self.tombstones.covers_anywhere(entry)).ok().flatten();
            let mut bytes = Vec::new();
            erased.as_ref().unwrap_or(run).put(&mut bytes);
            bytes
        });
        self.db
            .prepare_cached(
                "INSERT INTO quarantine (at, feed, device, first, reason, run)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM quarantine) < ?7
                 ON CONFLICT DO NOTHING",
            )
            .and_then(|mut insert| {
                let device = device.map(|device| device.to_string()).unwrap_or_default();
                insert.execute(params![now.0, feed.0, device, first, reason, bytes, QUARANTINE_MAX])
            })
            .map_err(refusal)?;
        Ok(())
    }

    fn remember(&mut self, hub: &[u8; 32], cursor: &Cursor) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "INSERT INTO peer (public_key, epoch, row, kept) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (public_key)
                 DO UPDATE SET epoch = excluded.epoch, row = excluded.row, kept = excluded.kept",
            )
            .and_then(|mut insert| insert.execute(params![hub, cursor.epoch, cursor.row, cursor.kept]))
            .map_err(refusal)?;
        Ok(())
    }

    fn note_caller(&mut self, device: &[u8; 32], caller: &Caller) -> Result<(), StoreError> {
        let Caller { cursor, room } = caller;
        let (row, kept) = cursor.map_or((0, 0), |cursor| (cursor.row, cursor.kept));
        self.db
            .prepare_cached(
                "INSERT INTO caller (public_key, epoch, row, kept, room) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (public_key) DO UPDATE SET epoch = excluded.epoch, row = excluded.row,
                 kept = excluded.kept, room = excluded.room",
            )
            .and_then(|mut insert| {
                let room = i64::try_from(*room).unwrap_or(i64::MAX);
                insert.execute(params![device, cursor.map(|cursor| cursor.epoch), row, kept, room])
            })
            .map_err(refusal)?;
        Ok(())
    }

    fn grant_kept(&mut self, row: i64) -> Result<(), StoreError> {
        let reached: Vec<(i64, u64, [u8; 32])> = {
            let mut query = self
                .db
                .prepare(
                    "SELECT run.feed, run.first + run.count - 1, run.head FROM run
                     JOIN (SELECT max(id) AS id FROM run WHERE id <= ?1 GROUP BY feed) AS last ON last.id = run.id",
                )
                .map_err(refusal)?;
            let rows = query.query_map(params![row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?
        };
        let mut update = self
            .db
            .prepare("UPDATE feed SET kept = ?2, kept_head = ?3 WHERE id = ?1 AND kept < ?2")
            .map_err(refusal)?;
        for (feed, length, head) in reached {
            if update.execute(params![feed, length, head]).map_err(refusal)? > 0 {
                self.changed.insert(feed);
            }
        }
        self.db.execute("UPDATE log SET kept_row = max(kept_row, ?1)", params![row]).map_err(refusal)?;
        Ok(())
    }

    fn join_waiting(&mut self, author: &Author) -> Result<u64, StoreError> {
        let waiting: Vec<FeedRow> = {
            let mut query = self
                .db
                .prepare(&format!("SELECT {FEED_COLUMNS} FROM feed WHERE public_key = ?1 AND length > receipted"))
                .map_err(refusal)?;
            let own = author.key.verifying_key().to_bytes();
            query.query_map(params![own], feed_row).map_err(refusal)?.collect::<Result<_, _>>().map_err(refusal)?
        };
        for feed in waiting {
            let (rows, mut parts): (Vec<i64>, Vec<Run>) = self.joinable(&feed)?.into_iter().unzip();
            if planted::is(Bug::JoinLosesOne) {
                parts.pop();
            }
            let (Some(joined), [gone @ .., last]) = (join_thoroughly(&parts), rows.as_slice()) else { continue };
            for row in gone {
                self.db
                    .prepare_cached("DELETE FROM run WHERE id = ?1")
                    .and_then(|mut delete| delete.execute(params![row]))
                    .map_err(refusal)?;
            }
            // The last row stays, and with it the order of arrival and the head.
            self.db
                .prepare_cached("UPDATE run SET first = ?2, count = ?3, packing = ?4, body = ?5 WHERE id = ?1")
                .and_then(|mut update| {
                    update.execute(params![last, joined.first, joined.count, joined.packing.number(), joined.body])
                })
                .map_err(refusal)?;
            return Ok(parts.len() as u64);
        }
        Ok(0)
    }

    fn prune(&mut self, author: &Author, before: UnixSeconds, row: i64) -> Result<u64, StoreError> {
        self.let_go(author, before, row)
    }

    fn forget_missed(&mut self, living: &[Incarnation]) -> Result<(), StoreError> {
        self.forget(living)
    }
}
