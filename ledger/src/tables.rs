//! The tables over the merged documents.

use std::path::Path;

use civic_core::{
    area::Area,
    codebook::Codebook,
    document::{Document, Kind},
    id::{Actor, DocId},
    opinion::{Field, Opinion},
    review,
    slip::Slip,
    space::{Audience, Space},
    time::UnixSeconds,
    visit::Visit,
    workflow,
};
use rusqlite::{Connection, OptionalExtension, params};

const MIGRATIONS: [&str; 1] = [include_str!("0001_init.sql")];
const BUSY_MS: u32 = 10_000;

/// One connection.
pub(crate) struct Tables {
    pub(crate) db: Connection,
}

/// A document as it is kept.
pub(crate) struct Kept {
    pub(crate) space: Space,
    pub(crate) document: Document,
}

impl Tables {
    pub(crate) fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        let mut db = Connection::open(path)?;
        // Derived data: a power cut may take the last commits, and the log gives them again.
        db.execute_batch(&format!(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout={BUSY_MS}; PRAGMA secure_delete=ON;"
        ))?;
        let applied: usize = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for (number, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
            let tx = db.transaction()?;
            tx.execute_batch(migration)?;
            tx.pragma_update(None, "user_version", number + 1)?;
            tx.commit()?;
        }
        Ok(Self { db })
    }

    pub(crate) fn progress(&self) -> Result<i64, rusqlite::Error> {
        self.db.query_row("SELECT row FROM progress WHERE id = 1", [], |row| row.get(0))
    }

    pub(crate) fn set_progress(&self, row: i64) -> Result<(), rusqlite::Error> {
        self.db.prepare_cached("UPDATE progress SET row = ?1 WHERE id = 1")?.execute(params![row]).map(drop)
    }

    /// A document and where it lives. A damaged snapshot counts as missing: the log still has everything.
    pub(crate) fn document(&self, name: &DocId) -> Result<Option<Kept>, rusqlite::Error> {
        let found: Option<(String, u8, Vec<u8>)> = self
            .db
            .prepare_cached("SELECT area, audience, snapshot FROM document WHERE name = ?1")?
            .query_row(params![name.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        Ok(found.and_then(|(area, audience, snapshot)| {
            let space = Space { area: Area::parse(&area)?, audience: Audience::from_number(audience)? };
            Some(Kept { space, document: Document::load(&snapshot).ok()? })
        }))
    }

    /// Keeps a document and what the tables say of it.
    pub(crate) fn keep(
        &self,
        codebook: &Codebook,
        name: &DocId,
        kept: &Kept,
        row: i64,
        arrived_at: UnixSeconds,
    ) -> Result<(), rusqlite::Error> {
        let kind = kept.document.kind();
        let Space { area, audience } = &kept.space;
        let id: i64 = self
            .db
            .prepare_cached(
                "INSERT INTO document (name, kind, area, audience, snapshot) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, snapshot = excluded.snapshot RETURNING id",
            )?
            .query_row(
                params![name.as_bytes(), kind.word(), area.code(), audience.number(), kept.document.snapshot()],
                |row| row.get(0),
            )?;
        match (kind, audience) {
            (Kind::Opinion, Audience::Deputies | Audience::County) => {
                if let Some(opinion) = Opinion::read(&kept.document) {
                    self.keep_opinion(codebook, id, area, &opinion, row, arrived_at)?;
                }
            }
            // Only the hub may write in public spaces, so what is found there is its word.
            (Kind::Slip, Audience::Public) => {
                if let Some(slip) = Slip::read(&kept.document) {
                    self.db
                        .prepare_cached("INSERT OR REPLACE INTO slip (id, ticket) VALUES (?1, ?2)")?
                        .execute(params![id, slip.ticket.digits()])?;
                }
            }
            (Kind::Visit, Audience::Deputies) => {
                if let Some(visit) = Visit::read(&kept.document) {
                    self.db
                        .prepare_cached(
                            "INSERT OR REPLACE INTO visit (id, area, by, at, place, note, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        )?
                        .execute(params![
                            id,
                            area.code(),
                            visit.stamp.by,
                            visit.stamp.at.0,
                            visit.place,
                            visit.note,
                            visit.opinions.len()
                        ])?;
                }
            }
            // Kept and passed on; no table speaks of it.
            (Kind::Opinion, Audience::Public)
            | (Kind::Slip, Audience::Deputies | Audience::County)
            | (Kind::Visit, Audience::Public | Audience::County)
            | (Kind::Unknown, Audience::Public | Audience::Deputies | Audience::County) => {}
        }
        Ok(())
    }

    fn keep_opinion(
        &self,
        codebook: &Codebook,
        id: i64,
        area: &Area,
        opinion: &Opinion,
        row: i64,
        arrived_at: UnixSeconds,
    ) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached(
                "INSERT INTO opinion (id, ticket, area, title, topic, urgency, office, village, channel, state, body,
                     filed_by, filed_at, changed_at, arrived_at, row, satisfaction, questions, has_contact, slip_is_due)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 1)
                 ON CONFLICT (id) DO UPDATE SET ticket = excluded.ticket, title = excluded.title, topic = excluded.topic,
                     urgency = excluded.urgency, office = excluded.office, village = excluded.village,
                     channel = excluded.channel, state = excluded.state, body = excluded.body,
                     filed_by = excluded.filed_by, filed_at = excluded.filed_at, changed_at = excluded.changed_at,
                     row = excluded.row, satisfaction = excluded.satisfaction, questions = excluded.questions,
                     has_contact = excluded.has_contact, slip_is_due = 1",
            )?
            .execute(params![
                id,
                opinion.ticket.map(|ticket| ticket.digits()).unwrap_or_default(),
                area.code(),
                opinion.field(Field::Title),
                opinion.field(Field::Topic),
                opinion.field(Field::Urgency),
                opinion.field(Field::Office),
                opinion.field(Field::Village),
                opinion.field(Field::Channel),
                workflow::fold(codebook, opinion).state,
                opinion.body,
                opinion.filed.by,
                opinion.filed.at.0,
                opinion.changed.at.0,
                arrived_at.0,
                row,
                opinion.satisfaction,
                review::open_questions(codebook, opinion),
                opinion.has_contact,
            ])
            .map(drop)
    }

    /// Takes the changes that wait for this document off the shelf.
    pub(crate) fn take_pending(&self, name: &DocId) -> Result<Vec<(Actor, Vec<u8>)>, rusqlite::Error> {
        let mut query = self.db.prepare_cached("DELETE FROM pending WHERE doc = ?1 RETURNING actor, payload")?;
        let rows = query.query_map(params![name.as_bytes()], |row| {
            let actor: [u8; 16] = row.get(0)?;
            Ok((Actor::new(actor), row.get(1)?))
        })?;
        rows.collect()
    }

    pub(crate) fn put_pending(&self, name: &DocId, actor: &Actor, payload: &[u8]) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached("INSERT INTO pending (doc, actor, payload) VALUES (?1, ?2, ?3)")?
            .execute(params![name.as_bytes(), actor.as_bytes(), payload])
            .map(drop)
    }

    pub(crate) fn put_refused(
        &self,
        name: &DocId,
        device: &str,
        reason: &str,
        payload: &[u8],
        at: UnixSeconds,
    ) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached("INSERT INTO refused (doc, device, reason, payload, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![name.as_bytes(), device, reason, payload, at.0])
            .map(drop)
    }

    pub(crate) fn put_envelope(&self, name: &DocId, payload: &[u8]) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached("INSERT INTO envelope (doc, payload) VALUES (?1, ?2)")?
            .execute(params![name.as_bytes(), payload])
            .map(drop)
    }
}
