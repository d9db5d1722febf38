//! Editions of the county's codebook: the hub announces one, and every installation works by the newest that it can read.
//!
//! What the tables tell of documents follows from the codebook, too: where an opinion stands, whether its slip is settled.
//! When an edition is taken up they are read anew, a few documents at a time, behind whoever wants to write.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use civic_core::{
    codebook::{BadCodebook, Codebook},
    document::{Document, Kind, Stamp},
    id::DocId,
    space::Audience,
    time::UnixSeconds,
};
use replica::{clock, identity::Card};
use rusqlite::params;
pub use sync_core::edition::Edition;
use sync_core::entry::EntryKind;
use tracing::{info, warn};

use crate::{
    Ledger, LedgerError,
    merge::transaction,
    tables::{Tables, Told, space},
};

/// Documents that are read anew between two chances for others to write.
const GROUP: usize = 64;

/// Which edition is newer: by number, and by the hub's clock where a hub that was restored gave one number twice.
pub(crate) type Order = (u32, UnixSeconds);

/// The codebooks by which this program has worked, each behind the one before. Whoever reads in one goes on with it, so
/// none goes before the program ends; there are as many as the county made in that time.
pub(crate) struct Shelf {
    order: Order,
    text: String,
    codebook: Codebook,
    /// The newest that was looked at while this one is in force. What a newer program wrote is read in vain once, and not at
    /// every record that comes.
    seen: Mutex<Order>,
    next: OnceLock<Box<Shelf>>,
}

impl Shelf {
    /// With the codebook of the card, or the newest in `tables` that this program can read.
    pub(crate) fn open(card: &Card, tables: &Tables) -> Result<Self, LedgerError> {
        let on_card = (card.edition, UnixSeconds(0));
        for (order, text) in tables.editions(on_card)? {
            match Self::new(order, text) {
                Ok(shelf) => return Ok(shelf),
                Err(failure) => warn!(edition = order.0, error = %failure, "This program cannot read the codebook"),
            }
        }
        Ok(Self::new(on_card, card.codebook.clone())?)
    }

    fn new(order: Order, text: String) -> Result<Self, BadCodebook> {
        Ok(Self { order, codebook: Codebook::parse(&text)?, text, seen: Mutex::new(order), next: OnceLock::new() })
    }

    fn newest(&self) -> &Self {
        let mut shelf = self;
        while let Some(next) = shelf.next.get() {
            shelf = next;
        }
        shelf
    }

    fn seen(&self) -> MutexGuard<'_, Order> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn codebook(&self) -> &Codebook {
        &self.newest().codebook
    }
}

impl Ledger {
    /// The edition of the codebook by which this installation works.
    pub fn edition(&self) -> Edition {
        let Shelf { order, text, .. } = self.inner.codebooks.newest();
        Edition { number: order.0, text: text.clone() }
    }

    /// Announces a codebook to every device, as the edition after the newest that is known. `false` if it is longer than an
    /// entry may be; then nothing is said. Only the hub does this.
    pub fn announce_codebook(&self, text: &str) -> Result<bool, LedgerError> {
        let tables = self.writer_in_step()?;
        let known = tables.editions((0, UnixSeconds(0)))?.first().map_or(0, |((number, _), _)| *number);
        let number = known.max(self.edition().number) + 1;
        self.announce(tables, &Edition { number, text: text.to_owned() })
    }

    /// The same of a certain edition, by whoever holds the writer; it is in force here when this returns.
    pub(crate) fn announce(&self, tables: MutexGuard<'_, Tables>, edition: &Edition) -> Result<bool, LedgerError> {
        let county = self.codebook().county.clone();
        let Some(payload) = edition.encode() else { return Ok(false) };
        let (stamp, doc) = (Stamp::new(county.name, clock::now()), Edition::doc(edition.number));
        let entry = self.entry(&county.area, Audience::Public, doc, EntryKind::Edition, &stamp, payload)?;
        self.commit(&tables, vec![entry])?;
        drop(tables);
        self.catch_up()?;
        Ok(true)
    }

    /// Takes up the newest edition that has come and can be read, and reads the documents anew by it. Cheap if there is
    /// none.
    pub(crate) fn take_up_edition(&self) -> Result<(), LedgerError> {
        let newest = self.inner.codebooks.newest();
        // Held until the next one is in force: whoever comes second must not go on with this one.
        let mut seen = newest.seen();
        let came = self.writer().editions(*seen)?;
        if let Some((order, _)) = came.first() {
            *seen = *order;
        }
        for (order, text) in came {
            match Shelf::new(order, text) {
                Ok(shelf) => {
                    info!(edition = order.0, "The county has a newer codebook");
                    let _ = newest.next.set(Box::new(shelf));
                    break;
                }
                Err(failure) => warn!(edition = order.0, error = %failure, "This program cannot read the codebook"),
            }
        }
        drop(seen);
        self.tell_anew()
    }

    /// Reads documents anew until the tables tell of all by the present edition.
    fn tell_anew(&self) -> Result<(), LedgerError> {
        let Shelf { order, codebook, .. } = self.inner.codebooks.newest();
        let mut is_told = false;
        loop {
            let tables = self.writer();
            let upto = match tables.told_by()? {
                (told, None) if told == *order => break,
                (told, Some(upto)) if told == *order => upto,
                (_, Some(_) | None) => 0,
            };
            transaction(&tables, || Ok(tables.tell_anew(codebook, order, upto)?))?;
            is_told = true;
        }
        if is_told {
            self.inner.changed.send_modify(|changed| *changed += 1);
        }
        Ok(())
    }
}

impl Tables {
    /// Keeps an edition that came.
    pub(crate) fn put_edition(&self, edition: &Edition, at: UnixSeconds) -> Result<(), rusqlite::Error> {
        self.db
            .prepare_cached("INSERT INTO edition (number, at, text) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute(params![edition.number, at.0, edition.text])
            .map(drop)
    }

    /// Editions behind `order`, the newest first.
    fn editions(&self, order: Order) -> Result<Vec<(Order, String)>, rusqlite::Error> {
        let mut query = self.db.prepare_cached(
            "SELECT number, at, text FROM edition WHERE (number, at) > (?1, ?2) ORDER BY number DESC, at DESC",
        )?;
        let rows = query
            .query_map(params![order.0, order.1.0], |row| Ok(((row.get(0)?, UnixSeconds(row.get(1)?)), row.get(2)?)))?;
        rows.collect()
    }

    fn told_by(&self) -> Result<(Order, Option<i64>), rusqlite::Error> {
        self.db
            .prepare_cached("SELECT number, at, upto FROM told_by WHERE id = 1")?
            .query_row([], |row| Ok(((row.get(0)?, UnixSeconds(row.get(1)?)), row.get(2)?)))
    }

    /// Reads the next documents behind `upto` anew, and notes how far that went.
    fn tell_anew(&self, codebook: &Codebook, order: &Order, upto: i64) -> Result<(), rusqlite::Error> {
        let mut query = self.db.prepare_cached(
            "SELECT id, name, area, audience, snapshot FROM document WHERE id > ?1 AND kind IN (?2, ?3)
             ORDER BY id LIMIT ?4",
        )?;
        let (opinion, slip) = (Kind::Opinion.word(), Kind::Slip.word());
        let rows = query.query_map(params![upto, opinion, slip, GROUP], |row| {
            Ok((row.get::<_, i64>(0)?, DocId::new(row.get(1)?), space(row, 2)?, row.get::<_, Vec<u8>>(4)?))
        })?;
        let (mut read, mut last) = (0, upto);
        for row in rows {
            let (id, name, space, snapshot) = row?;
            (read, last) = (read + 1, id);
            let Ok(document) = Document::load(&snapshot) else {
                warn!(document = %name, "A snapshot cannot be read; `rebuild` makes the tables anew");
                continue;
            };
            self.retell(id, &Told::of(codebook, space.audience, &document))?;
        }
        let upto = (read == GROUP).then_some(last);
        self.db
            .prepare_cached("UPDATE told_by SET number = ?1, at = ?2, upto = ?3 WHERE id = 1")?
            .execute(params![order.0, order.1.0, upto])
            .map(drop)
    }
}
