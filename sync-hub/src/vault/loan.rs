//! A loan 转交: the contact of one opinion, lent to one operator who opens no contacts otherwise, for a reason and until a day.
//!
//! Whoever lends takes the place of the second person, so nobody lends to themselves. Each look at what was lent is a
//! [`grant`](super::grant) of minutes like every other, is counted as an opening and noted; the loan ends with its day, by word,
//! or when the details are erased.

use civic_core::{id::DocId, time::UnixSeconds};
use rusqlite::{OptionalExtension, Row, params};

use super::{
    Vault, VaultError,
    grant::Grant,
    request::{Asked, Refusal, Wanted, What, check_reason},
};

/// For how many days a contact is lent, as they are offered; the last is the longest.
pub const DAYS: [u16; 4] = [1, 3, 7, 30];
/// Loans of one opinion that run at once. Beyond that a further one is refused until one has ended.
pub const RUNNING_MAX: usize = 8;
const DAY_S: i64 = 24 * 3_600;
/// For how long it is kept what was lent to whom; the audit log has its own time.
const KEPT_S: i64 = 200 * DAY_S;

/// A loan that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    /// Its number.
    pub id: i64,
    /// The opinion.
    pub record: DocId,
    /// To whom.
    pub to: String,
    /// By whom.
    pub by: String,
    /// For what.
    pub reason: String,
    /// Until when.
    pub until: UnixSeconds,
}

impl Vault {
    /// Lends the contact of an opinion for so many days. That `by` has the right, and that `to` may be lent to, is for the
    /// caller to know.
    pub fn lend(
        &self,
        record: &DocId,
        to: &str,
        by: &str,
        reason: &str,
        days: u16,
        now: UnixSeconds,
    ) -> Result<Loan, Refusal> {
        let reason = check_reason(reason)?;
        if to == by {
            return Err(Refusal::SamePerson);
        }
        if !DAYS.contains(&days) {
            return Err(Refusal::Over);
        }
        if self.loans(record, now)?.len() >= RUNNING_MAX {
            return Err(Refusal::Crowded);
        }
        let until = UnixSeconds(now.0 + i64::from(days) * DAY_S);
        let shelf = self.shelf();
        shelf.execute(
            "INSERT INTO loan (record, \"to\", by, reason, at, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![record.as_bytes(), to, by, reason, now.0, until.0],
        )?;
        let id = shelf.last_insert_rowid();
        Ok(Loan { id, record: *record, to: to.into(), by: by.into(), reason: reason.into(), until })
    }

    /// The loans of an opinion that run, oldest first.
    pub fn loans(&self, record: &DocId, now: UnixSeconds) -> Result<Vec<Loan>, VaultError> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM loan WHERE record = ?1 AND {RUNS} ORDER BY id LIMIT 100"
        ))?;
        let rows = query.query_map(params![record.as_bytes(), now.0], loan)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The loan of an opinion to this operator that runs longest.
    pub fn lent_to(&self, record: &DocId, to: &str, now: UnixSeconds) -> Result<Option<Loan>, VaultError> {
        let loans = self.loans(record, now)?.into_iter().filter(|loan| loan.to == to);
        Ok(loans.max_by_key(|loan| loan.until))
    }

    /// Ends a loan before its day; [`Refusal::Over`] if none of this number runs.
    pub fn end_loan(&self, id: i64, by: &str, now: UnixSeconds) -> Result<Loan, Refusal> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(&format!("SELECT {COLUMNS} FROM loan WHERE id = ?1 AND {RUNS}"))?;
        let found = query.query_row(params![id, now.0], loan).optional()?.ok_or(Refusal::Over)?;
        shelf.execute("UPDATE loan SET ended_at = ?2, ended_by = ?3 WHERE id = ?1", params![id, now.0, by])?;
        Ok(found)
    }

    /// Opens what is lent to `by`, for the reason of the loan.
    pub fn open_lent(&self, loan: &Loan, docs: &[DocId], now: UnixSeconds) -> Result<Grant, Refusal> {
        let wanted = Wanted { record: loan.record, docs, what: What::Contact };
        match self.ask(wanted, &loan.to, &loan.reason, false, now)? {
            Asked::Granted(grant) => Ok(grant),
            Asked::Waits(_) => Err(Refusal::Over),
        }
    }

    /// Forgets loans that ended long ago.
    pub(super) fn forget_loans(&self, now: UnixSeconds) -> Result<(), VaultError> {
        self.shelf().execute("DELETE FROM loan WHERE until < ?1", params![now.0 - KEPT_S])?;
        Ok(())
    }
}

const COLUMNS: &str = "id, record, \"to\", by, reason, until";
/// Runs at `?2`.
const RUNS: &str = "ended_at = 0 AND until > ?2";

fn loan(row: &Row<'_>) -> rusqlite::Result<Loan> {
    Ok(Loan {
        id: row.get(0)?,
        record: DocId::new(row.get(1)?),
        to: row.get(2)?,
        by: row.get(3)?,
        reason: row.get(4)?,
        until: UnixSeconds(row.get(5)?),
    })
}
