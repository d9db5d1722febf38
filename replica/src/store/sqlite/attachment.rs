//! Attachments in SQLite.

use civic_core::{
    area::Area,
    attachment::AttachmentKind,
    id::{AttachmentId, DocId},
    planted::{self, Bug},
    space::Audience,
    time::UnixSeconds,
};
use rusqlite::{Connection, OptionalExtension, Row, ffi, params};
use sync_core::{
    attachment::{
        announcement::Announcement,
        manifest::Manifest,
        pieces::Pieces,
        receipt::AttachmentReceipt,
        transfer::{Admission, Wanted, rank},
    },
    entry::{Entry, EntryKind},
    feed::{Feed, FeedId},
};
use tracing::warn;

use super::{FEED_COLUMN_COUNT, FEED_COLUMNS, SqliteStore, feed_row, refusal, run_of};
use crate::store::{
    StoreError,
    attachment::{Announced, AttachmentLine, Giver, HUB_ROOM, NewAttachment, Shelf, day, len_of},
};

/// Days of traffic that are kept.
const TRAFFIC_DAYS: i64 = 31;

/// Notes what an entry of a feed announces. An announcement that cannot be read is no announcement.
pub(super) fn announce(db: &Connection, feed: i64, entry: &Entry<'_>) -> Result<(), StoreError> {
    let Ok(Announcement { id, kind, length }) = Announcement::decode(entry.payload) else { return Ok(()) };
    // A length that no number in the file can hold is refused later, as any that is too long.
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO announcement (name, feed, doc, kind, length, is_here) VALUES (?1, ?2, ?3, ?4, ?5,
         (SELECT count(*) FROM attachment WHERE name = ?1 AND is_whole = 1)) ON CONFLICT DO NOTHING",
    )
    .and_then(|mut insert| insert.execute(params![id.as_bytes(), feed, entry.doc.as_bytes(), kind.number(), length]))
    .map(drop)
    .map_err(refusal)
}

/// Notes what a log announces that an older program has written: to it these entries were of an unknown kind.
pub(super) fn announce_all(db: &Connection) -> Result<(), StoreError> {
    let mut query = db
        .prepare(
            "SELECT run.feed, feed.name, run.first, run.count, run.packing, run.body, run.signature
             FROM run JOIN feed ON feed.id = run.feed ORDER BY run.id",
        )
        .map_err(refusal)?;
    let mut rows = query.query([]).map_err(refusal)?;
    while let Some(row) = rows.next().map_err(refusal)? {
        let feed = row.get(0).map_err(refusal)?;
        let run = row.get(1).and_then(|name| run_of(FeedId(name), row, 2)).map_err(refusal)?;
        // A stored run that cannot be read is told by `verify`.
        let body = run.unpacked().unwrap_or_default();
        for entry in run.entries(&body).unwrap_or_default() {
            if entry.kind == EntryKind::Attachment && !entry.is_erased {
                announce(db, feed, &entry)?;
            }
        }
    }
    Ok(())
}

/// An attachment's row.
struct Shelved {
    row: i64,
    manifest: Manifest,
    held: Pieces,
    is_whole: bool,
}

impl SqliteStore {
    /// See [`crate::store::Log::attachment`].
    pub fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(shelved) = self.shelved(id)?.filter(|shelved| shelved.is_whole) else { return Ok(None) };
        let mut bytes = Vec::with_capacity(shelved.manifest.length() as usize);
        for number in shelved.manifest.pieces().numbers() {
            let piece = self.piece_of(&shelved, number)?;
            bytes.extend(
                piece.ok_or_else(|| damaged(format!("piece {number} of attachment {id} is not what was stored")))?,
            );
        }
        Ok(Some(bytes))
    }

    /// See [`crate::store::Log::attachment_line`].
    pub fn attachment_line(&self, id: &AttachmentId) -> Result<Option<AttachmentLine>, StoreError> {
        self.db
            .prepare_cached(&format!("SELECT {LINE_COLUMNS} FROM attachment WHERE name = ?1"))
            .and_then(|mut query| query.query_row(params![id.as_bytes()], line).optional())
            .map_err(refusal)
    }

    /// See [`crate::store::Log::waiting_attachments`].
    pub fn waiting_attachments(&self, limit: usize) -> Result<Vec<AttachmentLine>, StoreError> {
        let sql = format!("SELECT {LINE_COLUMNS} FROM attachment {WAITING}");
        let mut query = self.db.prepare_cached(&sql).map_err(refusal)?;
        let rows = query.query_map(params![limit_of(limit)], line).map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`crate::store::Log::has_own_attachments`].
    pub fn has_own_attachments(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM attachment WHERE (is_own = 1 OR ?1) AND is_whole = 1)";
        self.db.query_row(sql, params![self.is_hub], |row| row.get(0)).map_err(refusal)
    }

    /// See [`crate::store::Log::announced_after`].
    pub fn announced_after(&self, row: i64, limit: usize) -> Result<Vec<Announced>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(
                "SELECT announcement.id, announcement.name, announcement.kind, announcement.doc
                 FROM announcement JOIN feed ON feed.id = announcement.feed
                 WHERE announcement.id > ?1 AND feed.audience = ?2 ORDER BY announcement.id LIMIT ?3",
            )
            .map_err(refusal)?;
        let rows = query
            .query_map(params![row, Audience::County.number(), limit_of(limit)], |row| {
                Ok(Announced {
                    row: row.get(0)?,
                    id: AttachmentId::new(row.get(1)?),
                    kind: AttachmentKind::from_number(row.get(2)?),
                    doc: DocId::new(row.get(3)?),
                })
            })
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`crate::store::Log::to_offer`].
    pub fn to_offer(&self, limit: usize) -> Result<Vec<Manifest>, StoreError> {
        let names: Vec<AttachmentId> = self.waiting_attachments(limit)?.into_iter().map(|line| line.id).collect();
        self.manifests(&names)
    }

    /// See [`crate::store::Log::to_bring`].
    pub fn to_bring(&self, areas: &[Area], limit: usize) -> Result<Vec<Manifest>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(
                "SELECT DISTINCT attachment.name, feed.area FROM attachment
                 JOIN announcement ON announcement.name = attachment.name JOIN feed ON feed.id = announcement.feed
                 WHERE attachment.is_whole = 1 AND attachment.is_own = 0 AND attachment.receipted_at = 0
                     AND feed.audience <> ?1
                 ORDER BY attachment.rank, attachment.id",
            )
            .map_err(refusal)?;
        let mut rows = query.query(params![Audience::Public.number()]).map_err(refusal)?;
        let mut names: Vec<AttachmentId> = Vec::new();
        while let Some(row) = rows.next().map_err(refusal)? {
            let (name, area) = (row.get(0).map_err(refusal)?, row.get::<_, String>(1).map_err(refusal)?);
            let (name, area) = (AttachmentId::new(name), Area::parse(&area));
            let is_here = area.is_some_and(|area| areas.iter().any(|of| of.covers(&area)));
            if is_here && !names.contains(&name) {
                names.push(name);
            }
            if names.len() == limit {
                break;
            }
        }
        self.manifests(&names)
    }

    /// The manifests of those of these attachments that are whole. One that cannot be read keeps no other from leaving.
    fn manifests(&self, names: &[AttachmentId]) -> Result<Vec<Manifest>, StoreError> {
        let mut whole = Vec::new();
        for id in names {
            whole.extend(self.whole(id)?);
        }
        Ok(whole)
    }

    /// The manifest of an attachment that is whole. One that cannot be read is as good as not here: nothing else waits for it.
    fn whole(&self, id: &AttachmentId) -> Result<Option<Manifest>, StoreError> {
        let shelved = self.readable(id)?.filter(|shelved| shelved.is_whole);
        Ok(shelved.map(|shelved| shelved.manifest))
    }

    /// See [`crate::store::Log::to_ask_for`].
    pub fn to_ask_for(&self, own: &[u8; 32], limit: usize) -> Result<Vec<Wanted>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(
                "SELECT announcement.name, announcement.kind, announcement.length, coalesce(attachment.held, 0)
                 FROM announcement JOIN feed ON feed.id = announcement.feed
                 LEFT JOIN attachment ON attachment.name = announcement.name
                 WHERE announcement.is_here = 0 AND feed.audience = ?1 AND feed.public_key <> ?2
                 GROUP BY announcement.name ORDER BY min(announcement.id) LIMIT ?3",
            )
            .map_err(refusal)?;
        let rows = query
            .query_map(params![Audience::Public.number(), own, limit_of(limit)], |row| {
                Ok(Wanted {
                    id: AttachmentId::new(row.get(0)?),
                    kind: AttachmentKind::from_number(row.get(1)?),
                    length: row.get(2)?,
                    held: pieces(row.get(3)?),
                })
            })
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`crate::store::Log::lacking`].
    pub fn lacking(&self, public_key: &[u8; 32], limit: usize) -> Result<Vec<AttachmentId>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(
                "SELECT announcement.name FROM announcement JOIN feed ON feed.id = announcement.feed
                 WHERE announcement.is_here = 0 AND feed.public_key = ?1
                 GROUP BY announcement.name ORDER BY min(announcement.id) LIMIT ?2",
            )
            .map_err(refusal)?;
        let rows = query
            .query_map(params![public_key, limit_of(limit)], |row| row.get(0).map(AttachmentId::new))
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`crate::store::Log::whole_of`].
    pub fn whole_of(&self, public_key: &[u8; 32], limit: usize) -> Result<Vec<AttachmentId>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(
                "SELECT announcement.name FROM announcement JOIN feed ON feed.id = announcement.feed
                 WHERE announcement.is_here = 1 AND feed.public_key = ?1
                 GROUP BY announcement.name ORDER BY max(announcement.id) DESC LIMIT ?2",
            )
            .map_err(refusal)?;
        let rows = query
            .query_map(params![public_key, limit_of(limit)], |row| row.get(0).map(AttachmentId::new))
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// See [`crate::store::Log::confirmed`].
    pub fn confirmed(&self, id: &AttachmentId) -> Result<Pieces, StoreError> {
        self.db
            .query_row("SELECT confirmed FROM attachment WHERE name = ?1", params![id.as_bytes()], |row| {
                row.get(0).map(pieces)
            })
            .optional()
            .map(|confirmed| confirmed.unwrap_or(Pieces::NONE))
            .map_err(refusal)
    }

    /// See [`crate::store::Log::show`].
    pub fn show(
        &self,
        id: &AttachmentId,
        may_read: impl Fn(&Feed) -> bool,
    ) -> Result<Result<Manifest, String>, StoreError> {
        if !self.announcements(id)?.iter().any(|(feed, _)| may_read(feed)) {
            return Ok(Err("there is no such attachment for this device".to_owned()));
        }
        Ok(self.whole(id)?.ok_or_else(|| "the attachment has not come here yet, or cannot be read".to_owned()))
    }

    /// See [`crate::store::Log::piece`].
    pub fn piece(&self, id: &AttachmentId, number: u8) -> Result<Option<Vec<u8>>, StoreError> {
        match self.readable(id)? {
            Some(shelved) => self.piece_of(&shelved, number),
            None => Ok(None),
        }
    }

    /// See [`crate::store::Log::traffic`].
    pub fn traffic(&self, day: i64) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(bytes), 0) FROM traffic WHERE day = ?1";
        self.db.query_row(sql, params![day], |row| row.get(0)).map_err(refusal)
    }

    /// Bytes of pieces on this disk.
    pub(super) fn attachment_bytes(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(length), 0) FROM attachment";
        self.db.query_row(sql, [], |row| row.get(0)).map_err(refusal)
    }

    /// The first attachment that should be whole and is not; `None` if all are sound.
    pub(super) fn unsound_attachment(&self) -> Result<Option<String>, StoreError> {
        let mut query = self.db.prepare("SELECT name FROM attachment WHERE is_whole = 1").map_err(refusal)?;
        let names = query.query_map([], |row| row.get(0).map(AttachmentId::new)).map_err(refusal)?;
        for name in names {
            match self.attachment(&name.map_err(refusal)?) {
                Ok(_) => {}
                Err(StoreError::Damaged(fault)) => return Ok(Some(fault.to_string())),
                Err(other) => return Err(other),
            }
        }
        Ok(None)
    }

    fn shelved(&self, id: &AttachmentId) -> Result<Option<Shelved>, StoreError> {
        let found: Option<(i64, u8, u64, Vec<u8>, i64, bool)> = self
            .db
            .prepare_cached("SELECT id, kind, length, hashes, held, is_whole FROM attachment WHERE name = ?1")
            .and_then(|mut query| {
                let columns =
                    |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?));
                query.query_row(params![id.as_bytes()], columns).optional()
            })
            .map_err(refusal)?;
        let Some((row, kind, length, hashes, held, is_whole)) = found else { return Ok(None) };
        let (hashes, _) = hashes.as_chunks::<32>();
        let manifest = Manifest::prove(id, AttachmentKind::from_number(kind), length, hashes.to_vec())
            .map_err(|bad| damaged(format!("attachment {id}: {bad}")))?;
        Ok(Some(Shelved { row, manifest, held: pieces(held), is_whole }))
    }

    /// The same for what is to move: one that cannot be read stays here, and keeps no other from moving.
    fn readable(&self, id: &AttachmentId) -> Result<Option<Shelved>, StoreError> {
        match self.shelved(id) {
            Err(StoreError::Damaged(fault)) => {
                warn!(%id, %fault, "An attachment stays here: it cannot be read");
                Ok(None)
            }
            other => other,
        }
    }

    fn piece_of(&self, shelved: &Shelved, number: u8) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes: Option<Vec<u8>> = self
            .db
            .prepare_cached("SELECT bytes FROM piece WHERE attachment = ?1 AND number = ?2")
            .and_then(|mut query| query.query_row(params![shelved.row, number], |row| row.get(0)).optional())
            .map_err(refusal)?;
        Ok(bytes.filter(|bytes| shelved.manifest.is_piece(number, bytes)))
    }

    /// Every announcement of this name, with the feed that makes it.
    fn announcements(&self, id: &AttachmentId) -> Result<Vec<(Feed, Announcement)>, StoreError> {
        let mut query = self
            .db
            .prepare_cached(&format!(
                "SELECT {FEED_COLUMNS}, announcement.kind, announcement.length
                 FROM announcement JOIN feed ON feed.id = announcement.feed WHERE announcement.name = ?1"
            ))
            .map_err(refusal)?;
        let rows = query
            .query_map(params![id.as_bytes()], |row| {
                let kind = AttachmentKind::from_number(row.get(FEED_COLUMN_COUNT)?);
                let length = row.get(FEED_COLUMN_COUNT + 1)?;
                Ok((feed_row(row)?.held.feed, Announcement { id: *id, kind, length }))
            })
            .map_err(refusal)?;
        rows.collect::<Result<_, _>>().map_err(refusal)
    }

    /// Why `giver` may not bring this; `None` if it may.
    fn why_not(&self, manifest: &Manifest, giver: &Giver) -> Result<Option<&'static str>, StoreError> {
        let offered = Announcement::of(manifest);
        let mut announced = self.announcements(&offered.id)?;
        announced.retain(|(feed, _)| giver.may_bring(feed));
        Ok(if announced.is_empty() {
            Some("no record of this device announces the attachment")
        } else if announced.iter().all(|(_, announced)| *announced != offered) {
            Some("the attachment was announced as something else")
        } else {
            None
        })
    }

    fn insert_attachment(&self, manifest: &Manifest, is_own: bool) -> Result<Option<i64>, StoreError> {
        self.db
            .prepare_cached(
                "INSERT INTO attachment (name, kind, rank, length, hashes, is_own) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO NOTHING RETURNING id",
            )
            .and_then(|mut insert| {
                let (id, kind, hashes) = (manifest.id(), manifest.kind(), manifest.hashes().as_flattened());
                let values = params![id.as_bytes(), kind.number(), rank(kind), manifest.length(), hashes, is_own];
                insert.query_row(values, |row| row.get(0)).optional()
            })
            .map_err(refusal)
    }

    fn insert_piece(&self, row: i64, number: u8, bytes: &[u8]) -> Result<(), StoreError> {
        self.db
            .prepare_cached("INSERT INTO piece (attachment, number, bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
            .and_then(|mut insert| insert.execute(params![row, number, bytes]))
            .map(drop)
            .map_err(refusal)
    }

    /// Notes which pieces are here.
    fn set_held(&self, row: i64, manifest: &Manifest, held: Pieces) -> Result<(), StoreError> {
        let is_whole = held == manifest.pieces() || planted::is(Bug::PieceAcknowledged);
        self.update(
            "UPDATE attachment SET held = ?2, is_whole = ?3 WHERE id = ?1",
            params![row, bits(held), is_whole],
        )?;
        if is_whole {
            self.update("UPDATE announcement SET is_here = 1 WHERE name = ?1", params![manifest.id().as_bytes()])?;
        }
        Ok(())
    }

    fn update(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        self.db.prepare_cached(sql).and_then(|mut update| update.execute(values)).map(drop).map_err(refusal)
    }
}

impl Shelf for SqliteStore {
    fn shelve(&mut self, attachments: &[NewAttachment]) -> Result<(), StoreError> {
        for new in attachments {
            let manifest = new.manifest();
            // What erased entries alone announce is erased with them.
            if self.announcements(&manifest.id())?.is_empty() {
                continue;
            }
            // The same form sent again brings the same attachment again.
            let Some(row) = self.insert_attachment(manifest, true)? else { continue };
            for (number, bytes) in new.pieces() {
                self.insert_piece(row, number, bytes)?;
            }
            self.set_held(row, manifest, manifest.pieces())?;
        }
        Ok(())
    }

    fn admit(&mut self, manifest: &Manifest, giver: &Giver) -> Result<Admission, StoreError> {
        if let Some(reason) = self.why_not(manifest, giver)? {
            return Ok(Admission::Refused(reason.to_owned()));
        }
        let known = match self.shelved(&manifest.id()) {
            Err(StoreError::Damaged(_)) => {
                return Ok(Admission::Refused("what is here of the attachment cannot be read".to_owned()));
            }
            other => other?,
        };
        if let Some(known) = known {
            return Ok(if known.is_whole { Admission::Whole } else { Admission::Take(known.held) });
        }
        let sql = "SELECT coalesce(sum(length), 0) FROM attachment WHERE is_own = 0";
        let kept: u64 = self.db.query_row(sql, [], |row| row.get(0)).map_err(refusal)?;
        // A hub beneath another one keeps what its devices made beside what comes from above.
        let room = if self.is_hub { HUB_ROOM } else { giver.room() };
        if kept + manifest.length() > room {
            return Ok(Admission::Refused("there is no room for more attachments".to_owned()));
        }
        self.insert_attachment(manifest, false)?;
        Ok(Admission::Take(Pieces::NONE))
    }

    fn put_piece(&mut self, id: &AttachmentId, number: u8, bytes: &[u8]) -> Result<bool, StoreError> {
        let Some(Shelved { row, manifest, mut held, .. }) = self.shelved(id)? else { return Ok(false) };
        self.insert_piece(row, number, bytes)?;
        held.insert(number);
        self.set_held(row, &manifest, held)?;
        Ok(true)
    }

    fn confirm(&mut self, id: &AttachmentId, number: u8) -> Result<(), StoreError> {
        let mut confirmed = Pieces::NONE;
        confirmed.insert(number);
        self.update(
            "UPDATE attachment SET confirmed = confirmed | ?2, reason = '' WHERE name = ?1",
            params![id.as_bytes(), bits(confirmed)],
        )
    }

    fn note_traffic(&mut self, bytes: u64, now: UnixSeconds) -> Result<(), StoreError> {
        let today = day(now);
        self.update("DELETE FROM traffic WHERE day < ?1", params![today.saturating_sub(TRAFFIC_DAYS)])?;
        self.update(
            "INSERT INTO traffic (day, bytes) VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET bytes = bytes + excluded.bytes",
            params![today, bytes],
        )
    }

    fn keep_attachment(&mut self, receipt: &AttachmentReceipt) -> Result<(), StoreError> {
        let mut signed = Vec::new();
        receipt.put(&mut signed);
        self.update(
            "UPDATE attachment SET receipted_at = max(receipted_at, ?2), receipt = ?3, reason = ''
             WHERE name = ?1",
            params![receipt.id.as_bytes(), receipt.at.0, signed],
        )
    }

    fn note_refusal(&mut self, id: &AttachmentId, reason: &str) -> Result<(), StoreError> {
        self.update("UPDATE attachment SET reason = ?2 WHERE name = ?1", params![id.as_bytes(), reason])
    }

    fn reopen(&mut self, id: &AttachmentId) -> Result<Option<Manifest>, StoreError> {
        self.update(
            "UPDATE attachment SET receipted_at = 0, receipt = NULL, confirmed = 0
             WHERE name = ?1 AND is_whole = 1",
            params![id.as_bytes()],
        )?;
        self.whole(id)
    }
}

const LINE_COLUMNS: &str = "name, kind, length, held, confirmed, is_own, receipted_at, reason";
const WAITING: &str = "WHERE is_own = 1 AND receipted_at = 0 ORDER BY rank, id LIMIT ?1";

fn line(row: &Row<'_>) -> rusqlite::Result<AttachmentLine> {
    let (length, receipted_at): (u64, i64) = (row.get(2)?, row.get(6)?);
    Ok(AttachmentLine {
        id: AttachmentId::new(row.get(0)?),
        kind: AttachmentKind::from_number(row.get(1)?),
        length,
        held: len_of(length, pieces(row.get(3)?)),
        confirmed: len_of(length, pieces(row.get(4)?)),
        is_own: row.get(5)?,
        receipted_at: (receipted_at > 0).then_some(UnixSeconds(receipted_at)),
        reason: row.get(7)?,
    })
}

fn bits(pieces: Pieces) -> i64 {
    pieces.bits().cast_signed()
}

fn pieces(bits: i64) -> Pieces {
    Pieces::from_bits(bits.cast_unsigned())
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// What is on the disk is not what was written.
fn damaged(what: String) -> StoreError {
    StoreError::Damaged(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what)))
}
