//! Erasing: the hub says what goes, and every installation lets go of it and says so.
//!
//! What is said is a tombstone ([`sync_core::tombstone`]) in the log; the log empties its runs ([`replica::store::Log::erase`]),
//! and here the tables let go of the document, remember that it was erased, and tell whoever asks by its number.

use std::collections::BTreeMap;

use civic_core::{
    area::Area,
    document::Stamp,
    id::{DeviceId, DocId},
    matter,
    opinion::Opinion,
    slip,
    space::{Audience, Space},
    ticket::Ticket,
    time::UnixSeconds,
};
use replica::{
    clock,
    store::{
        Log, NewEntry,
        sqlite::wipe::{wipe_part, wipe_whole},
    },
};
use rusqlite::{Row, params};
use serde::Serialize;
pub use sync_core::tombstone::{Depth, Ground};
use sync_core::{edition::Edition, entry::EntryKind, heard::Heard, tombstone::Tombstone};
use tracing::warn;

use crate::{
    Ledger, LedgerError,
    merge::{Incoming, transaction},
    reason::Reason,
    tables::Tables,
};

/// Something that was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The document.
    pub doc: DocId,
    /// Where it stood.
    pub area: Area,
    /// How much of it.
    pub depth: Depth,
    /// Why.
    pub ground: Ground,
    /// Its number, if it was an opinion.
    pub ticket: Option<Ticket>,
    /// When, by the hub's clock.
    pub at: UnixSeconds,
}

/// What an erasure did at the hub, for the person who ordered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// The document.
    pub doc: DocId,
    /// Its number, if it is an opinion.
    pub ticket: Option<Ticket>,
    /// Documents that went with it: its slip, its matter, what was said of it at kiosks.
    pub beside: u64,
    /// Whether the county had said so before: then nothing new was said.
    pub was_erased: bool,
}

impl Ledger {
    /// Says that a document is erased, so far, and lets go of it here. What was said of an opinion at kiosks goes as far as
    /// the opinion does; with a whole one go its slip and its matter on the notice board, too. Only the hub does this; done
    /// twice, it is done once.
    pub fn erase(&self, doc: &DocId, depth: Depth, ground: Ground) -> Result<Erasure, LedgerError> {
        let tables = self.writer_in_step()?;
        if let Some(known) = tables.erased(doc)?.into_iter().find(|known| known.depth >= depth) {
            drop(tables);
            self.catch_up()?;
            return Ok(Erasure { doc: *doc, ticket: known.ticket, beside: 0, was_erased: true });
        }
        let kept = tables.document(doc)?.ok_or(LedgerError::NotFound)?;
        let tickets: Vec<Ticket> = Opinion::read(&kept.document).iter().flat_map(Opinion::tickets).collect();
        let ticket = tickets.first().copied();
        let stamp = Stamp::new(self.codebook().county.name.clone(), clock::now());
        let stone = |doc: DocId, area: &Area, ticket: Option<Ticket>| {
            let payload = Tombstone { depth, ground, ticket }.encode();
            self.entry(area, Audience::Public, doc, EntryKind::Tombstone, &stamp, payload)
        };
        let mut entries = vec![stone(*doc, &kept.space.area, ticket)?];
        let mut is_to_come = 0;
        if depth == Depth::Whole {
            let beside = [slip::id_of(doc), matter::id_of(doc)].map(|name| (name, None));
            // Whoever holds the paper of a further number hears it by the slip of that.
            let further = tickets.iter().map(|ticket| (slip::id_of_further(doc, ticket), Some(*ticket)));
            for (name, ticket) in beside.into_iter().chain(further.filter(|_| tickets.len() > 1)) {
                // One that is not here may be on its way: a hub beneath this one writes the slips of its own numbers.
                let stored = tables.stored(&name)?;
                is_to_come += u64::from(stored.is_none());
                entries.push(stone(name, stored.as_ref().map_or(&kept.space.area, |(space, _)| &space.area), ticket)?);
            }
        }
        // Whoever spoke there has a voice, too.
        for ticket in &tickets {
            for (name, area) in tables.sealed_of(ticket)? {
                entries.push(stone(name, &area, None)?);
            }
        }
        let beside = entries.len() as u64 - 1 - is_to_come;
        self.commit(&tables, entries)?;
        drop(tables);
        self.catch_up()?;
        Ok(Erasure { doc: *doc, ticket, beside, was_erased: false })
    }

    /// Erases what somebody said of an opinion that is erased already.
    pub(crate) fn erase_late(&self, tables: &Tables, doc: DocId, area: &Area) -> Result<(), LedgerError> {
        let stamp = Stamp::new(self.codebook().county.name.clone(), clock::now());
        let payload = Tombstone { depth: Depth::Whole, ground: Ground::Asked, ticket: None }.encode();
        let entry = self.entry(area, Audience::Public, doc, EntryKind::Tombstone, &stamp, payload)?;
        self.commit(tables, vec![entry])
    }

    /// How much of a document was erased; nothing for one that stands.
    pub fn erased(&self, doc: &DocId) -> Result<Option<Erased>, LedgerError> {
        Ok(self.reader().erased(doc)?.into_iter().max_by_key(|erased| erased.depth))
    }

    /// The opinion of this number, if it was erased whole.
    pub fn erased_ticket(&self, ticket: &Ticket) -> Result<Option<Erased>, LedgerError> {
        Ok(self.reader().erased_ticket(ticket)?)
    }

    /// Every document that was erased whole.
    pub fn buried(&self) -> Result<Vec<DocId>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached("SELECT doc FROM erased WHERE depth = ?1")?;
        let rows = query.query_map(params![Depth::Whole.number()], |row| row.get(0).map(DocId::new))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was erased, newest first, at most `limit`; what went with an opinion is not told apart from it.
    pub fn erasures(&self, limit: usize) -> Result<Vec<Erased>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(&format!("{SELECT} ORDER BY id DESC LIMIT ?1"))?;
        let rows = query.query_map(params![limit], erased_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Which devices said that they erased a document as well, so far, and when that came here.
    pub fn erased_by(&self, doc: &DocId, depth: Depth) -> Result<BTreeMap<DeviceId, UnixSeconds>, LedgerError> {
        Ok(self.reader().heard(doc, &Heard::Erased(depth))?)
    }

    /// The newest tombstone that is here, if something is to be erased, or is not gone from the files yet.
    pub(crate) fn erasure_due(&self) -> Result<Option<i64>, LedgerError> {
        let is_due = !self.inner.is_looking && self.log().is_erasure_due()?;
        Ok(is_due.then(|| self.log().newest_tombstone()).transpose()?)
    }

    /// Lets go of what the county erased by tombstones up to `due`, all of which the tables have heard of, in the log and in the
    /// files of both, and says so to the county. Cheap if there is nothing to do. Whoever only looks leaves it to the program
    /// that holds the directory; a card that is in another machine says nothing.
    pub(crate) fn bury(&self, due: Option<i64>) -> Result<(), LedgerError> {
        let log = self.log();
        if let Some(upto) = due {
            // The tables first: once the log has noted that it is gone, nobody looks for it again.
            let is_gone = self.wipe()? && log.erase(upto)?;
            if !is_gone {
                warn!("Another program reads what is to be erased; it is gone from the files once that has ended");
            }
        }
        if self.is_hub() || self.inner.is_looking || log.is_elsewhere() {
            return Ok(());
        }
        self.acknowledge_epoch()?;
        let done = log.to_acknowledge()?;
        let said = done.into_iter().map(|(doc, depth)| self.heard(doc, Heard::Erased(depth)));
        let said: Vec<NewEntry> = said.flatten().collect();
        if !said.is_empty() {
            log.append(said)?;
        }
        Ok(())
    }

    /// Writes over what the tables still have of what was erased, in their file and in what is written ahead of it; `false` if
    /// somebody else reads just now.
    fn wipe(&self) -> Result<bool, LedgerError> {
        wipe_whole(|from| {
            let tables = self.writer();
            transaction(&tables, || Ok(wipe_part(&tables.db, from)?))
        })?;
        Ok(self.writer().truncate()?)
    }

    /// The entry by which this device tells the county what it did; `None` if it has no place of its own to say it.
    pub(crate) fn heard(&self, doc: DocId, heard: Heard) -> Option<NewEntry> {
        let area = self.card().scope.areas.first()?.clone();
        let space = Space::new(area, Audience::County);
        Some(NewEntry { space, doc, kind: EntryKind::Heard, at: clock::now(), payload: heard.encode() })
    }
}

/// What of a batch of the log is the word of the county or of a device, in the order of arrival.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) tombstones: Vec<(DocId, Incoming)>,
    pub(crate) heard: Vec<(DocId, Incoming)>,
    pub(crate) editions: Vec<Incoming>,
}

impl Said {
    /// Writes it down: what `county` erased goes, and its codebooks are kept; at the hub is remembered what devices did, and
    /// at a device what of its own came too late to be opened.
    pub(crate) fn keep(
        self,
        tables: &Tables,
        log: &Log,
        county: Option<DeviceId>,
        now: UnixSeconds,
    ) -> Result<(), LedgerError> {
        let own = DeviceId::of(&log.public_key());
        let is_hub = county == Some(own);
        for (doc, Incoming { origin, at, payload }) in self.tombstones {
            // What cannot be read is of a newer program; nobody but the hub is believed.
            if let (true, Ok(stone)) = (Some(origin.device) == county, Tombstone::decode(&payload)) {
                tables.bury(&doc, &origin.space.area, &stone, at)?;
            }
        }
        for Incoming { origin, at, payload } in self.editions {
            if let (true, Ok(edition)) = (Some(origin.device) == county, Edition::decode(&payload)) {
                tables.put_edition(&edition, at)?;
            }
        }
        for (doc, Incoming { origin, at, payload }) in self.heard {
            match Heard::decode(&payload) {
                Ok(Heard::Lost(_)) if Some(origin.device) == county && !is_hub => {
                    if log.is_received(&doc)?.is_some() {
                        tables.put_refused(&doc, &own.to_string(), Reason::KeyDestroyed, &[], at)?;
                    }
                }
                Ok(Heard::Erased(_) | Heard::Epoch(_)) if is_hub => {
                    tables.put_heard(&doc, &payload, &origin.device.to_string(), now)?;
                }
                Ok(Heard::Lost(_) | Heard::Erased(_) | Heard::Epoch(_)) | Err(_) => {}
            }
        }
        Ok(())
    }
}

const SELECT: &str = "SELECT doc, area, depth, ground, ticket, at FROM erased";

fn erased_row(row: &Row<'_>) -> rusqlite::Result<Erased> {
    let unreadable = |column| rusqlite::Error::InvalidColumnType(column, "erased".into(), rusqlite::types::Type::Text);
    let (area, ticket): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(Erased {
        doc: DocId::new(row.get(0)?),
        area: Area::parse(&area).ok_or_else(|| unreadable(1))?,
        depth: Depth::from_number(row.get(2)?).ok_or_else(|| unreadable(2))?,
        ground: Ground::from_number(row.get(3)?),
        ticket: Ticket::parse(&ticket).ok(),
        at: UnixSeconds(row.get(5)?),
    })
}

impl Tables {
    pub(crate) fn erased(&self, doc: &DocId) -> Result<Vec<Erased>, rusqlite::Error> {
        let mut query = self.db.prepare_cached(&format!("{SELECT} WHERE doc = ?1"))?;
        query.query_map(params![doc.as_bytes()], erased_row)?.collect()
    }

    pub(crate) fn erased_ticket(&self, ticket: &Ticket) -> Result<Option<Erased>, rusqlite::Error> {
        let sql = format!("{SELECT} WHERE ticket = ?1 AND ticket <> '' AND depth = ?2");
        let mut query = self.db.prepare_cached(&sql)?;
        query.query_map(params![ticket.digits(), Depth::Whole.number()], erased_row)?.next().transpose()
    }

    /// Whether a document stands under this name, or stood there until it was erased whole.
    pub(crate) fn is_taken(&self, doc: &DocId) -> Result<bool, rusqlite::Error> {
        Ok(self.document(doc)?.is_some() || self.buried(doc)?.is_some())
    }

    /// What was said of a document that was erased whole; `None` if it was not.
    pub(crate) fn buried(&self, doc: &DocId) -> Result<Option<Erased>, rusqlite::Error> {
        Ok(self.erased(doc)?.into_iter().find(|erased| erased.depth == Depth::Whole))
    }

    /// Where a document stood that was erased whole; `None` if it was not.
    pub(crate) fn buried_in(&self, doc: &DocId) -> Result<Option<Area>, rusqlite::Error> {
        Ok(self.buried(doc)?.map(|erased| erased.area))
    }

    /// Lets go of a document of this area, so far, and remembers that it was erased.
    fn bury(&self, doc: &DocId, area: &Area, stone: &Tombstone, at: UnixSeconds) -> Result<(), rusqlite::Error> {
        let Tombstone { depth, ground, ticket } = stone;
        let digits = ticket.map(|ticket| ticket.digits()).unwrap_or_default();
        self.db
            .prepare_cached(
                "INSERT INTO erased (doc, area, depth, ground, ticket, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![doc.as_bytes(), area.code(), depth.number(), ground.number(), digits, at.0])?;
        self.db.execute("DELETE FROM envelope WHERE doc = ?1", params![doc.as_bytes()])?;
        match depth {
            Depth::Details => return Ok(()),
            Depth::Whole => {}
        }
        for table in ["pending", "refused", "sealed", "opening"] {
            self.db.execute(&format!("DELETE FROM {table} WHERE doc = ?1"), params![doc.as_bytes()])?;
        }
        let mine = "(SELECT id FROM document WHERE name = ?1 AND area = ?2)";
        for table in ["opinion", "slip", "visit", "published", "document"] {
            let sql = format!("DELETE FROM {table} WHERE id IN {mine}");
            self.db.execute(&sql, params![doc.as_bytes(), area.code()])?;
        }
        Ok(())
    }

    /// What was sealed about the opinion of this number.
    fn sealed_of(&self, ticket: &Ticket) -> Result<Vec<(DocId, Area)>, rusqlite::Error> {
        let mut query = self.db.prepare_cached("SELECT doc, area FROM sealed WHERE subject = ?1 ORDER BY id")?;
        let rows = query.query_map(params![ticket.digits()], |row| {
            let (doc, area): (_, String) = (DocId::new(row.get(0)?), row.get(1)?);
            Ok(Area::parse(&area).map(|area| (doc, area)))
        })?;
        rows.filter_map(Result::transpose).collect()
    }

    fn put_heard(&self, doc: &DocId, what: &[u8], device: &str, at: UnixSeconds) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached("INSERT INTO heard (doc, what, device, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
            .execute(params![doc.as_bytes(), what, device, at.0])
            .map(drop)
    }

    pub(crate) fn heard(&self, doc: &DocId, what: &Heard) -> Result<BTreeMap<DeviceId, UnixSeconds>, rusqlite::Error> {
        let mut query = self.db.prepare_cached("SELECT device, at FROM heard WHERE doc = ?1 AND what = ?2")?;
        let rows = query.query_map(params![doc.as_bytes(), what.encode()], |row| {
            Ok((DeviceId::parse(&row.get::<_, String>(0)?), UnixSeconds(row.get(1)?)))
        })?;
        rows.filter_map(|row| row.map(|(device, at)| Some((device?, at))).transpose()).collect()
    }

    /// Cuts off the write-ahead log, so that nothing that was erased lies in it, also after a power cut; `false` if somebody
    /// else reads just now.
    fn truncate(&self) -> Result<bool, rusqlite::Error> {
        let is_cut = self.copy("TRUNCATE")?;
        if is_cut {
            // Nobody syncs a file that was cut off, and a power cut may give back its end. The commit of the version as it was
            // syncs it; of a row that does not change SQLite would write nothing.
            let version: usize = self.db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            self.db.pragma_update(None, "synchronous", "FULL")?;
            let noted = self.db.pragma_update(None, "user_version", version);
            self.db.pragma_update(None, "synchronous", "NORMAL")?;
            noted?;
        }
        Ok(is_cut)
    }
}
