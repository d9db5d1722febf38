//! The tables over the merged documents.

use std::{cell::Cell, collections::BTreeMap, fs, path::Path, time::Duration};

use civic_core::{
    area::Area,
    codebook::Codebook,
    consultation::Consultation,
    deputy::Deputy,
    document::{Document, Kind},
    id::{Actor, DeviceId, DocId},
    matter::Matter,
    notice::Notice,
    opinion::{Evaluation, Field, Opinion},
    published::{self, Published},
    review,
    seal::Content,
    slip::Slip,
    space::{Audience, Space},
    station::Station,
    ticket::Ticket,
    time::UnixSeconds,
    visit::Visit,
    vote::Vote,
    workflow,
};
use replica::store::sqlite::{
    WAL_LEN_KEPT,
    durable::{make_durable, rewrite_ahead},
    keep_plans,
};
use rusqlite::{Connection, OptionalExtension, Row, config::DbConfig, params, types::Type};

use crate::{
    merge::{Incoming, Origin, Progress},
    reason::Reason,
    sealed::What,
};

const MIGRATIONS: [&str; 12] = [
    include_str!("0001_init.sql"),
    include_str!("0002_published.sql"),
    include_str!("0003_waiting.sql"),
    include_str!("0004_erased.sql"),
    include_str!("0005_opening.sql"),
    include_str!("0006_edition.sql"),
    include_str!("0007_tally.sql"),
    include_str!("0008_part.sql"),
    include_str!("0009_ballots.sql"),
    include_str!("0010_number.sql"),
    include_str!("0011_moved.sql"),
    include_str!("0012_withdrawn.sql"),
];
const BUSY_MS: u32 = 10_000;
/// Pages that wait in the write-ahead log from which on they are copied: as many as SQLite itself would wait for.
const COPIED_FROM: i64 = 1_000;
/// Bytes of the write-ahead log above which whoever merges waits for those who read, so that it begins anew.
const WAL_LEN_MAX: u64 = 32 * 1024 * 1024;
/// For so long. SQLite may wait in vain while another always reads, so it is begun again after the next batch rather than waited for.
const WAL_WAIT: Duration = Duration::from_millis(250);

/// One connection.
pub(crate) struct Tables {
    pub(crate) db: Connection,
    /// Whether the last copying of the write-ahead log failed, or is under way.
    is_suspect: Cell<bool>,
}

/// A document as it is kept.
pub(crate) struct Kept {
    pub(crate) space: Space,
    pub(crate) document: Document,
}

/// A document that took something in.
pub(crate) struct Grown {
    pub(crate) space: Space,
    pub(crate) kind: Kind,
    pub(crate) snapshot: Vec<u8>,
    pub(crate) told: Told,
}

/// What the tables tell of a document.
pub(crate) enum Told {
    Opinion(Box<Standing>),
    Slip {
        slip: Slip,
        settled_at: Option<UnixSeconds>,
    },
    Visit(Visit),
    Published {
        key: String,
        content: String,
    },
    /// A newer program wrote it in another shape: better not shown than shown as it was.
    Unreadable,
    /// Kept and passed on; no table speaks of it.
    Nothing,
}

/// An opinion, and what follows from it by the county's rules.
pub(crate) struct Standing {
    opinion: Opinion,
    state: String,
    questions: usize,
}

impl Told {
    /// Reads it; needs no database.
    pub(crate) fn of(codebook: &Codebook, audience: Audience, document: &Document) -> Self {
        let told = match (document.kind(), audience) {
            (Kind::Opinion, Audience::Deputies | Audience::County) => Opinion::read(document).map(|opinion| {
                let state = workflow::fold(codebook, &opinion).state;
                let questions = review::open_questions(codebook, &opinion);
                Told::Opinion(Box::new(Standing { opinion, state, questions }))
            }),
            // Only the hub may write in public spaces, so what is found there is its word.
            (Kind::Slip, Audience::Public) => {
                Slip::read(document).map(|slip| Told::Slip { settled_at: slip.settled(codebook), slip })
            }
            (Kind::Notice, Audience::Public) => Some(Self::published::<Notice>(document)),
            (Kind::Station, Audience::Public) => Some(Self::published::<Station>(document)),
            (Kind::Deputy, Audience::Public) => Some(Self::published::<Deputy>(document)),
            (Kind::Consultation, Audience::Public) => Some(Self::published::<Consultation>(document)),
            (Kind::Vote, Audience::Public) => Some(Self::published::<Vote>(document)),
            (Kind::Matter, Audience::Public) => Some(Self::published::<Matter>(document)),
            (Kind::Visit, Audience::Deputies) => Visit::read(document).map(Told::Visit),
            (Kind::Opinion, Audience::Public)
            | (
                Kind::Slip
                | Kind::Notice
                | Kind::Station
                | Kind::Deputy
                | Kind::Consultation
                | Kind::Vote
                | Kind::Matter,
                Audience::Deputies | Audience::County,
            )
            | (Kind::Visit, Audience::Public | Audience::County)
            | (Kind::Unknown, Audience::Public | Audience::Deputies | Audience::County) => None,
        };
        told.unwrap_or(Told::Nothing)
    }

    fn published<T: Published>(document: &Document) -> Self {
        let read = published::read::<T>(document);
        match read.and_then(|record| Some((record.key().to_owned(), serde_json::to_string(&record).ok()?))) {
            Some((key, content)) => Told::Published { key, content },
            None => Told::Unreadable,
        }
    }
}

impl Tables {
    pub(crate) fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        let db = Connection::open(path)?;
        keep_plans(&db)?;
        // Derived data: a power cut may take the last commits, and the log gives them again. What is written ahead is copied
        // by us alone ([`Self::copy`]): SQLite tells nobody that it could not.
        db.execute_batch(&format!(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout={BUSY_MS}; PRAGMA secure_delete=ON;
             PRAGMA journal_size_limit={WAL_LEN_KEPT}; PRAGMA wal_autocheckpoint=0;"
        ))?;
        let tables = Self { db, is_suspect: Cell::new(false) };
        tables.migrate()?;
        Ok(tables)
    }

    fn migrate(&self) -> Result<(), rusqlite::Error> {
        let applied: usize = self.db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for (number, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
            let tx = self.db.unchecked_transaction()?;
            tx.execute_batch(migration)?;
            tx.pragma_update(None, "user_version", number + 1)?;
            tx.commit()?;
        }
        Ok(())
    }

    /// Empties the file, whatever is in it, for everybody who has it open: nothing is merged yet.
    pub(crate) fn begin_anew(&self) -> Result<(), rusqlite::Error> {
        self.db.flush_prepared_statement_cache();
        self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true)?;
        let emptied = self.db.execute_batch("VACUUM");
        self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false)?;
        emptied?;
        self.migrate()
    }

    /// See [`make_durable`].
    pub(crate) fn make_durable(&self) -> Result<(), rusqlite::Error> {
        make_durable(&self.db)
    }

    /// Waits until everything that was committed is on the disk, whatever failed before.
    pub(crate) fn sync(&self) -> Result<(), rusqlite::Error> {
        rewrite_ahead(&self.db)
    }

    /// Copies the write-ahead log into the file, in one of SQLite's ways; `false` if somebody else has either just now.
    ///
    /// A commit here does not wait for the disk, copying does. Where that failed, no later sync makes good for it, so the
    /// write-ahead log is written over itself before the next copy ([`rewrite_ahead`]).
    pub(crate) fn copy(&self, how: &str) -> Result<bool, rusqlite::Error> {
        if self.is_suspect.replace(true) {
            rewrite_ahead(&self.db)?;
        }
        let sql = format!("PRAGMA wal_checkpoint({how})");
        let is_done = self.db.query_row(&sql, [], |row| Ok(row.get::<_, i64>(0)? == 0))?;
        self.is_suspect.set(false);
        Ok(is_done)
    }

    /// Copies the write-ahead log if much waits in it, and has it begin anew if it has grown long. By itself SQLite does so only
    /// if, when somebody begins to write, all of it is copied and nobody reads of it; where pages are read all the time and
    /// much is merged, that may never be.
    pub(crate) fn keep_short(&self) -> Result<(), rusqlite::Error> {
        let waiting: i64 = self
            .db
            .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
            .query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))?;
        if waiting >= COPIED_FROM || self.is_suspect.get() {
            self.copy("PASSIVE")?;
        }
        let length =
            self.db.path().and_then(|path| fs::metadata(format!("{path}-wal")).ok()).map_or(0, |file| file.len());
        if length > WAL_LEN_MAX {
            self.db.busy_timeout(WAL_WAIT)?;
            let restarted = self.copy("RESTART");
            self.db.busy_timeout(Duration::from_millis(BUSY_MS.into()))?;
            restarted?;
        }
        Ok(())
    }

    pub(crate) fn progress(&self) -> Result<Progress, rusqlite::Error> {
        self.db
            .prepare_cached("SELECT row, entries, part FROM progress WHERE id = 1")?
            .query_row([], |row| Ok(Progress { row: row.get(0)?, entries: row.get(1)?, part: row.get(2)? }))
    }

    pub(crate) fn set_progress(&self, Progress { row, entries, part }: Progress) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached("UPDATE progress SET row = ?1, entries = ?2, part = ?3 WHERE id = 1")?
            .execute(params![row, entries, part])
            .map(drop)
    }

    /// Whether a number was given. Where the tables were made anew the opinion may still be at the hub alone: then its slip
    /// tells of it. Of one that was erased the tombstone does: somebody may still hold its paper.
    pub(crate) fn is_given(&self, ticket: &Ticket) -> Result<bool, rusqlite::Error> {
        self.db
            .prepare_cached(
                "SELECT 1 FROM number WHERE ticket = ?1 UNION ALL SELECT 1 FROM slip WHERE ticket = ?1
                 UNION ALL SELECT 1 FROM erased WHERE ticket = ?1 AND ticket <> ''",
            )?
            .exists(params![ticket.digits()])
    }

    /// Where a document lives, and its snapshot.
    pub(crate) fn stored(&self, name: &DocId) -> Result<Option<(Space, Vec<u8>)>, rusqlite::Error> {
        self.db
            .prepare_cached("SELECT area, audience, snapshot FROM document WHERE name = ?1")?
            .query_row(params![name.as_bytes()], |row| Ok((space(row, 0)?, row.get(2)?)))
            .optional()
    }

    /// A document and where it lives. A damaged snapshot counts as missing: the log still has everything.
    pub(crate) fn document(&self, name: &DocId) -> Result<Option<Kept>, rusqlite::Error> {
        let stored = self.stored(name)?;
        Ok(stored.and_then(|(space, snapshot)| Some(Kept { space, document: Document::load(&snapshot).ok()? })))
    }

    /// Lets go of a document that had no right to its name, and of what the tables tell of it.
    pub(crate) fn give_way(&self, name: &DocId) -> Result<(), rusqlite::Error> {
        for table in ["opinion", "slip", "visit", "published", "document"] {
            let sql = format!("DELETE FROM {table} WHERE id IN (SELECT id FROM document WHERE name = ?1)");
            self.db.prepare_cached(&sql)?.execute(params![name.as_bytes()])?;
        }
        Ok(())
    }

    /// Keeps a document and what the tables tell of it.
    pub(crate) fn keep(
        &self,
        name: &DocId,
        grown: &Grown,
        row: i64,
        arrived_at: UnixSeconds,
    ) -> Result<(), rusqlite::Error> {
        let Grown { space: Space { area, audience }, kind, snapshot, told } = grown;
        let id: i64 = self
            .db
            .prepare_cached(
                "INSERT INTO document (name, kind, area, audience, snapshot) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, snapshot = excluded.snapshot RETURNING id",
            )?
            .query_row(params![name.as_bytes(), kind.word(), area.code(), audience.number(), snapshot], |row| {
                row.get(0)
            })?;
        match told {
            Told::Opinion(standing) => return self.keep_opinion(id, area, standing, row, arrived_at),
            Told::Slip { slip, settled_at } => self
                .db
                .prepare_cached(
                    "INSERT OR REPLACE INTO slip (id, ticket, area, filed_at, settled_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![id, slip.ticket.digits(), area.code(), slip.filed.0, settled_at.map(|at| at.0)]),
            Told::Visit(visit) => self
                .db
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
                ]),
            Told::Published { key, content } => {
                if *kind == Kind::Vote {
                    self.look_again_at_ballots(name, content)?;
                }
                self.db
                    .prepare_cached(
                        "INSERT OR REPLACE INTO published (id, kind, key, content) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![id, kind.word(), key, content])
            }
            Told::Unreadable => {
                self.db.prepare_cached("DELETE FROM published WHERE id = ?1")?.execute(params![id])
            }
            Told::Nothing => return Ok(()),
        }
        .map(drop)
    }

    /// Has the ballots of this vote opened once more that were none of it as it was: the tokens may have come after them. Not
    /// where other words or a result are all that `content` changes: looking at a ballot is slow.
    fn look_again_at_ballots(&self, vote: &DocId, content: &str) -> Result<(), rusqlite::Error> {
        let (before, now) = (self.published::<Vote>(vote)?, serde_json::from_str::<Vote>(content).ok());
        if before.zip(now).is_some_and(|(before, now)| before.takes_the_same(&now)) {
            return Ok(());
        }
        self.db
            .prepare_cached("UPDATE sealed SET what = '' WHERE what = ?1 AND subject = ?2")?
            .execute(params![What::BadBallot.word(), vote.to_string()])
            .map(drop)
    }

    /// Tells of a document that is here what follows for it from another codebook.
    pub(crate) fn retell(&self, id: i64, told: &Told) -> Result<(), rusqlite::Error> {
        match told {
            Told::Opinion(standing) => self
                .db
                .prepare_cached("UPDATE opinion SET state = ?2, questions = ?3, slip_is_due = 1 WHERE id = ?1")?
                .execute(params![id, standing.state, standing.questions]),
            Told::Slip { settled_at, .. } => self
                .db
                .prepare_cached("UPDATE slip SET settled_at = ?2 WHERE id = ?1")?
                .execute(params![id, settled_at.map(|at| at.0)]),
            Told::Visit(_) | Told::Published { .. } | Told::Unreadable | Told::Nothing => return Ok(()),
        }
        .map(drop)
    }

    fn keep_opinion(
        &self,
        id: i64,
        area: &Area,
        standing: &Standing,
        row: i64,
        arrived_at: UnixSeconds,
    ) -> Result<(), rusqlite::Error> {
        let Standing { opinion, state, questions } = standing;
        let Evaluation { satisfied, solved } = opinion.evaluation().unwrap_or_default();
        self.db
            .prepare_cached(
                "INSERT INTO opinion (id, ticket, area, title, topic, urgency, office, village, channel, state, body,
                     filed_by, filed_at, changed_at, arrived_at, row, satisfaction, questions, has_contact, satisfied,
                     solved, slip_is_due)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, 1)
                 ON CONFLICT (id) DO UPDATE SET ticket = excluded.ticket, title = excluded.title, topic = excluded.topic,
                     urgency = excluded.urgency, office = excluded.office, village = excluded.village,
                     channel = excluded.channel, state = excluded.state, body = excluded.body,
                     filed_by = excluded.filed_by, filed_at = excluded.filed_at, changed_at = excluded.changed_at,
                     row = excluded.row, satisfaction = excluded.satisfaction, questions = excluded.questions,
                     has_contact = excluded.has_contact, satisfied = excluded.satisfied, solved = excluded.solved,
                     slip_is_due = 1",
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
                state,
                opinion.body,
                opinion.filed.by,
                opinion.filed.at.0,
                opinion.changed.at.0,
                arrived_at.0,
                row,
                opinion.satisfaction,
                questions,
                opinion.has_contact,
                satisfied,
                solved,
            ])?;
        for ticket in opinion.tickets() {
            self.db
                .prepare_cached("INSERT INTO number (ticket, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute(params![ticket.digits(), id])?;
        }
        Ok(())
    }

    /// A record that was published under this name.
    pub(crate) fn published<T: Published>(&self, name: &DocId) -> Result<Option<T>, rusqlite::Error> {
        let content: Option<String> = self
            .db
            .prepare_cached(
                "SELECT content FROM published JOIN document ON document.id = published.id
                 WHERE document.name = ?1 AND published.kind = ?2",
            )?
            .query_row(params![name.as_bytes(), T::KIND.word()], |row| row.get(0))
            .optional()?;
        Ok(content.and_then(|content| serde_json::from_str(&content).ok()))
    }

    /// The record that was published with this key.
    pub(crate) fn published_by_key<T: Published>(&self, key: &str) -> Result<Option<T>, rusqlite::Error> {
        self.published(&published::id_of(T::KIND, key))
    }

    /// Every record of a kind that was published, by key.
    pub(crate) fn all_published<T: Published>(&self) -> Result<Vec<(DocId, T)>, rusqlite::Error> {
        let mut query = self.db.prepare_cached(
            "SELECT document.name, content FROM published JOIN document ON document.id = published.id
             WHERE published.kind = ?1 ORDER BY published.key, published.id",
        )?;
        let rows =
            query.query_map(params![T::KIND.word()], |row| Ok((DocId::new(row.get(0)?), row.get::<_, String>(1)?)))?;
        let read = |(name, content): (DocId, String)| Some((name, serde_json::from_str(&content).ok()?));
        rows.filter_map(|row| row.map(read).transpose()).collect()
    }

    /// The opinion with this number, if it is here; of several that say so the one that came first.
    pub(crate) fn by_ticket(&self, ticket: &Ticket) -> Result<Option<DocId>, rusqlite::Error> {
        let name: Option<[u8; 16]> = self
            .db
            .prepare_cached(
                "SELECT document.name FROM number JOIN document ON document.id = number.id WHERE number.ticket = ?1
                 ORDER BY number.id",
            )?
            .query_row(params![ticket.digits()], |row| row.get(0))
            .optional()?;
        Ok(name.map(DocId::new))
    }

    /// How many sealed records of this sort speak of this document.
    pub(crate) fn sealed_count(&self, what: What, subject: &DocId) -> Result<u64, rusqlite::Error> {
        self.db
            .prepare_cached("SELECT count(*) FROM sealed WHERE what = ?1 AND subject = ?2")?
            .query_row(params![what.word(), subject.to_string()], |row| row.get(0))
    }

    /// Notes what a sealed record is and what it is about.
    pub(crate) fn mark_sealed(&self, name: &DocId, what: What, subject: &str) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached("UPDATE sealed SET what = ?2, subject = ?3 WHERE doc = ?1")?
            .execute(params![name.as_bytes(), what.word(), subject])
            .map(drop)
    }

    /// Takes the changes that wait for this document off the shelf, in the order in which they came.
    pub(crate) fn take_pending(&self, name: &DocId) -> Result<Vec<Incoming>, rusqlite::Error> {
        let mut query = self.db.prepare_cached(
            "DELETE FROM pending WHERE doc = ?1 RETURNING id, area, audience, actor, device, at, payload",
        )?;
        let rows = query.query_map(params![name.as_bytes()], |row| {
            let origin =
                Origin { space: space(row, 1)?, actor: Actor::new(row.get(3)?), device: DeviceId::new(row.get(4)?) };
            let change = Incoming { origin, at: UnixSeconds(row.get(5)?), payload: row.get(6)? };
            Ok((row.get(0)?, change))
        })?;
        // What a deletion returns comes in no particular order.
        let waiting: BTreeMap<i64, Incoming> = rows.collect::<Result<_, _>>()?;
        Ok(waiting.into_values().collect())
    }

    pub(crate) fn put_pending(&self, name: &DocId, change: &Incoming) -> Result<(), rusqlite::Error> {
        let Incoming { origin: Origin { actor, device, space }, at, payload } = change;
        self.db
            .prepare_cached(
                "INSERT INTO pending (doc, area, audience, actor, device, at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                name.as_bytes(),
                space.area.code(),
                space.audience.number(),
                actor.as_bytes(),
                device.as_bytes(),
                at.0,
                payload
            ])
            .map(drop)
    }

    pub(crate) fn put_refused(
        &self,
        name: &DocId,
        device: &str,
        reason: Reason,
        payload: &[u8],
        at: UnixSeconds,
    ) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached("INSERT INTO refused (doc, device, reason, payload, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![name.as_bytes(), device, reason.word(), payload, at.0])
            .map(drop)
    }

    /// Keeps what was sealed to the county: personal details and what opens a slip by the record they stand beside,
    /// anything else by its own name, under which only the first counts.
    pub(crate) fn put_sealed(
        &self,
        name: &DocId,
        area: &Area,
        device: &str,
        at: UnixSeconds,
        payload: &[u8],
    ) -> Result<(), rusqlite::Error> {
        match Content::of(payload) {
            Some(Content::Record) => self
                .db
                .prepare_cached(
                    "INSERT INTO sealed (doc, area, device, at, payload) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (doc) DO UPDATE SET repeats = repeats + 1",
                )?
                .execute(params![name.as_bytes(), area.code(), device, at.0, payload]),
            Some(Content::Opening) => self
                .db
                .prepare_cached("INSERT INTO opening (doc, device, payload) VALUES (?1, ?2, ?3)")?
                .execute(params![name.as_bytes(), device, payload]),
            Some(Content::Contact | Content::Attachment(_)) | None => self
                .db
                .prepare_cached("INSERT INTO envelope (doc, payload) VALUES (?1, ?2)")?
                .execute(params![name.as_bytes(), payload]),
        }
        .map(drop)
    }
}

/// The space in two columns from `column` on.
pub(crate) fn space(row: &Row<'_>, column: usize) -> rusqlite::Result<Space> {
    let area: String = row.get(column)?;
    let unreadable = |column| rusqlite::Error::InvalidColumnType(column, "space".into(), Type::Text);
    Ok(Space {
        area: Area::parse(&area).ok_or_else(|| unreadable(column))?,
        audience: Audience::from_number(row.get(column + 1)?).ok_or_else(|| unreadable(column + 1))?,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use super::*;

    #[test]
    fn the_write_ahead_log_stays_short_although_somebody_always_reads() {
        const READERS: usize = 3;
        const PIECE: usize = 1024 * 1024;
        let dir = std::env::temp_dir().join(format!("huiyin-tables-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("ledger.db");
        let (writer, is_over) = (Tables::open(&path).unwrap(), AtomicBool::new(false));
        let mut longest = 0;
        thread::scope(|scope| {
            for _ in 0..READERS {
                scope.spawn(|| {
                    let tables = Tables::open(&path).unwrap();
                    while !is_over.load(Ordering::Relaxed) {
                        let reading = tables.db.unchecked_transaction().unwrap();
                        let _: u64 = reading.query_row("SELECT count(*) FROM refused", [], |row| row.get(0)).unwrap();
                        thread::sleep(Duration::from_millis(20));
                    }
                });
            }
            for _ in 0..4 * WAL_LEN_MAX / PIECE as u64 {
                let name = DocId::new([1; 16]);
                writer.put_refused(&name, "", Reason::Sealed, &[7; PIECE], UnixSeconds(1)).unwrap();
                writer.keep_short().unwrap();
                longest = longest.max(fs::metadata(dir.join("ledger.db-wal")).unwrap().len());
            }
            is_over.store(true, Ordering::Relaxed);
        });
        fs::remove_dir_all(&dir).unwrap();
        assert!(longest < 2 * WAL_LEN_MAX, "{longest}");
    }
}
