//! Erasing: the key first, then the row, and nothing of either is left in a file when it returns.
//!
//! That something is to be erased is written down before anything is destroyed, so that a power cut in the middle only means
//! that the next start finishes it. What was erased is remembered by name alone, and another copy of it, or anything else of
//! that kind of that record, is not taken again: the same envelope may still lie on a memory card somewhere.

use std::collections::BTreeSet;

use civic_core::{detail::Detail, id::DocId, time::UnixSeconds};
use ledger::LedgerError;
use rusqlite::{Connection, params};

use super::{
    Item, Name, Vault, VaultError,
    retention::{WALKED_MAX, told},
    scrub,
};

/// Why something was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// 撤回同意: the person takes back that the county may have it.
    Withdrawn,
    /// 本人要求删除: the person asks for it.
    Asked,
    /// 保存期满: the time for which the county keeps it is over.
    Expired,
    /// 依法删除: the law or a court demands it.
    Ordered,
}

impl Why {
    /// Every reason.
    pub const ALL: [Why; 4] = [Why::Withdrawn, Why::Asked, Why::Expired, Why::Ordered];

    /// The word in tables, forms and audit records.
    pub const fn word(self) -> &'static str {
        match self {
            Why::Withdrawn => "withdrawn",
            Why::Asked => "asked",
            Why::Expired => "expired",
            Why::Ordered => "ordered",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }
}

/// Something that was here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The record that it stood beside.
    pub doc: DocId,
    /// What it was.
    pub detail: Detail,
    /// When it went, by the hub's clock.
    pub at: UnixSeconds,
    /// The word of a [`Why`].
    pub why: String,
    /// Who erased it; empty if the hub did it by the county's rule.
    pub by: String,
}

/// Why nothing of a record is taken any more.
pub(super) struct Bar {
    pub(super) why: String,
    pub(super) by: String,
}

impl Vault {
    /// Erases all details of these records, which are one opinion and what was said of it later; whatever of them comes later
    /// is not taken. Returns how many things were erased.
    pub fn erase(&self, docs: &[DocId], why: Why, by: &str, now: UnixSeconds) -> Result<usize, VaultError> {
        let items = self.items(docs)?;
        self.mark_erased(&items, docs.iter().map(|doc| (*doc, None)), why, by, now)?;
        self.finish_erasing()?;
        Ok(items.len())
    }

    /// Erases things whose time is over ([`Vault::due`]).
    pub fn expire(&self, items: &[Item], now: UnixSeconds) -> Result<(), VaultError> {
        let bars = items.iter().map(|item| (item.doc, Some(item.detail)));
        self.mark_erased(items, bars, Why::Expired, "", now)?;
        self.finish_erasing()
    }

    /// What was erased of these records, in that order.
    pub fn erased(&self, docs: &[DocId]) -> Result<Vec<Erased>, VaultError> {
        let shelf = self.shelf();
        let mut query =
            shelf.prepare_cached("SELECT doc, detail, at, why, by FROM erased WHERE doc = ?1 ORDER BY id")?;
        let mut all = Vec::new();
        for doc in docs {
            let rows = query.query_map(params![doc.as_bytes()], erased)?;
            all.extend(rows.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(all)
    }

    /// The names of what was erased of this record: of an attachment, the name by which the record knows it.
    pub fn erased_names(&self, doc: &DocId) -> Result<BTreeSet<Name>, VaultError> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached("SELECT name FROM erased WHERE doc = ?1")?;
        let rows = query.query_map(params![doc.as_bytes()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was erased last, newest first; of these records alone.
    pub fn latest_erased(
        &self,
        is_told: impl Fn(&DocId) -> Result<bool, LedgerError>,
    ) -> Result<Vec<Erased>, VaultError> {
        let all = {
            let shelf = self.shelf();
            let sql = "SELECT doc, detail, at, why, by FROM erased ORDER BY id DESC LIMIT ?1";
            let mut query = shelf.prepare_cached(sql)?;
            let rows = query.query_map(params![WALKED_MAX], erased)?;
            rows.collect::<Result<_, _>>()?
        };
        Ok(told(all, |erased: &Erased| is_told(&erased.doc))?)
    }

    /// Whether the details of this record were erased by somebody, so that nothing of it is taken any more.
    pub fn is_barred(&self, doc: &DocId) -> Result<bool, VaultError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM barred WHERE doc = ?1 AND detail IS NULL)";
        Ok(self.shelf().query_row(sql, params![doc.as_bytes()], |row| row.get(0))?)
    }

    /// Writes down what is to be erased, and what is not to be taken any more.
    pub(super) fn mark_erased(
        &self,
        items: &[Item],
        bars: impl Iterator<Item = (DocId, Option<Detail>)>,
        why: Why,
        by: &str,
        now: UnixSeconds,
    ) -> Result<(), VaultError> {
        let mut shelf = self.shelf();
        let transaction = shelf.transaction()?;
        for (doc, detail) in bars {
            transaction
                .prepare_cached("INSERT INTO barred (doc, detail, why, by) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![doc.as_bytes(), detail.map(Detail::number), why.word(), by])?;
        }
        for Item { name, doc, detail, .. } in items {
            put_erased(&transaction, name, doc, *detail, &Bar { why: why.word().to_owned(), by: by.to_owned() }, now)?;
        }
        Ok(transaction.commit()?)
    }

    /// Notes something that came after the details of its record were erased: it was never here.
    pub(super) fn note_erased(
        &self,
        name: &Name,
        doc: &DocId,
        detail: Detail,
        bar: &Bar,
        now: UnixSeconds,
    ) -> Result<(), VaultError> {
        put_erased(&self.shelf(), name, doc, detail, bar, now)
    }

    /// Destroys keys and rows of everything that is marked as erased.
    pub(super) fn finish_erasing(&self) -> Result<(), VaultError> {
        let names: Vec<Name> = {
            let shelf = self.shelf();
            let mut query =
                shelf.prepare_cached("SELECT item.name FROM item JOIN erased ON erased.name = item.name")?;
            let rows = query.query_map([], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        if names.is_empty() {
            return Ok(());
        }
        self.keys().destroy(&names)?;
        let mut shelf = self.shelf();
        let transaction = shelf.transaction()?;
        for name in &names {
            transaction.prepare_cached("DELETE FROM item WHERE name = ?1")?.execute(params![name])?;
        }
        transaction.commit()?;
        scrub(&shelf)
    }
}

fn put_erased(
    shelf: &Connection,
    name: &Name,
    doc: &DocId,
    detail: Detail,
    bar: &Bar,
    now: UnixSeconds,
) -> Result<(), VaultError> {
    shelf
        .prepare_cached(
            "INSERT INTO erased (name, doc, detail, at, why, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![name, doc.as_bytes(), detail.number(), now.0, bar.why, bar.by])?;
    Ok(())
}

fn erased(row: &rusqlite::Row<'_>) -> rusqlite::Result<Erased> {
    Ok(Erased {
        doc: DocId::new(row.get(0)?),
        detail: Detail::from_number(row.get(1)?),
        at: UnixSeconds(row.get(2)?),
        why: row.get(3)?,
        by: row.get(4)?,
    })
}
