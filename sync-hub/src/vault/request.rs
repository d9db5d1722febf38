//! Asking to open details: who, for what, and where the county wants it, who else agreed.
//!
//! Whoever asks must give a reason. Without a second person the look is granted at once; with one it waits for another
//! operator, who agrees or declines, and after [`WAITS_S`] nobody can. What was agreed to is opened once.

use civic_core::{id::DocId, time::UnixSeconds};
use rusqlite::{OptionalExtension, Row, params};

use super::{Vault, VaultError, grant::Grant};

/// For how long a request waits for the second person, and what was agreed to for being opened.
pub const WAITS_S: i64 = 24 * 3_600;
/// Longest reason.
pub const REASON_CHARS_MAX: usize = 200;
/// Requests that wait at once. Beyond that a further one is refused until others were decided upon or are over.
pub const WAITING_MAX: u64 = 200;
/// Requests that are told of at once.
const SHOWN_MAX: usize = 200;
/// For how long it is kept who opened what; the audit log has its own time.
const KEPT_S: i64 = 200 * 24 * 3_600;

/// Which of the details are asked for: what is not needed stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// 联系方式: who spoke.
    Contact,
    /// 语音、手写、照片: what was said otherwise than in typed words.
    Said,
}

impl What {
    /// Both.
    pub const ALL: [What; 2] = [What::Contact, What::Said];

    /// The word in forms, tables and audit records.
    pub const fn word(self) -> &'static str {
        match self {
            What::Contact => "contact",
            What::Said => "said",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.word() == word)
    }
}

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Another operator must agree.
    Waits,
    /// One did; whoever asked may open it, once.
    Agreed,
    /// One did not.
    Declined,
    /// Nobody did in time, or it was not opened in time.
    Over,
    /// It was opened then.
    Opened(UnixSeconds),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number.
    pub id: i64,
    /// The opinion.
    pub record: DocId,
    /// What was asked for.
    pub what: What,
    /// Who asked.
    pub by: String,
    /// For what.
    pub reason: String,
    /// When.
    pub at: UnixSeconds,
    /// Who decided; empty if nobody had to, or has yet.
    pub decided_by: String,
    /// Where it stands.
    pub standing: Standing,
}

/// What came of asking.
#[derive(Debug)]
pub enum Asked {
    /// It may be looked at.
    Granted(Grant),
    /// It waits for a second person under this number.
    Waits(i64),
}

/// Why a request was not taken or not decided.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Say for what it is needed.
    #[error("details are opened for a reason only")]
    NoReason,
    /// Say it shorter.
    #[error("the reason is longer than {REASON_CHARS_MAX} characters")]
    TooLong,
    /// Decide upon what waits first, or end what runs.
    #[error("too many requests wait, or too many loans run, already")]
    Crowded,
    /// Ask another operator: nobody agrees to what they asked for themselves.
    #[error("whoever asks cannot be the second person")]
    SamePerson,
    /// Ask again: there is no such request any more that can be decided or opened.
    #[error("there is no such request, or its time is over")]
    Over,
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<rusqlite::Error> for Refusal {
    fn from(failure: rusqlite::Error) -> Self {
        Refusal::Vault(failure.into())
    }
}

/// How often somebody opened details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Who.
    pub by: String,
    /// Contacts.
    pub contacts: u64,
    /// Voices, handwriting, photos: openings, not things.
    pub said: u64,
    /// When last.
    pub last: UnixSeconds,
}

/// The opinion whose details are asked for, with the records that belong to it ([`ledger::Ledger::records_of`]).
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The opinion.
    pub record: DocId,
    /// It and what was said of it later.
    pub docs: &'a [DocId],
    /// What of it.
    pub what: What,
}

impl Vault {
    /// Asks to open details. That `by` has the right is for the caller to know; whether it `takes_two` the county's file says.
    pub fn ask(
        &self,
        wanted: Wanted<'_>,
        by: &str,
        reason: &str,
        takes_two: bool,
        now: UnixSeconds,
    ) -> Result<Asked, Refusal> {
        let reason = check_reason(reason)?;
        if takes_two && self.waiting(now)?.len() as u64 >= WAITING_MAX {
            return Err(Refusal::Crowded);
        }
        let opened_at = if takes_two { 0 } else { now.0 };
        let id = {
            let shelf = self.shelf();
            shelf.execute(
                "INSERT INTO request (record, what, by, reason, at, opened_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![wanted.record.as_bytes(), wanted.what.word(), by, reason, now.0, opened_at],
            )?;
            shelf.last_insert_rowid()
        };
        match takes_two {
            true => Ok(Asked::Waits(id)),
            false => Ok(Asked::Granted(self.grant(by, wanted.docs, wanted.what, now)?)),
        }
    }

    /// Agrees to a request or declines it, as another person than who asked.
    pub fn decide(&self, id: i64, by: &str, agrees: bool, now: UnixSeconds) -> Result<Request, Refusal> {
        let request = self.request(id, now)?.filter(|request| request.standing == Standing::Waits);
        let request = request.ok_or(Refusal::Over)?;
        if request.by == by {
            return Err(Refusal::SamePerson);
        }
        let changed = self.shelf().execute(
            "UPDATE request SET decided_by = ?2, decided_at = ?3, is_agreed = ?4 WHERE id = ?1 AND decided_by = ''",
            params![id, by, now.0, agrees],
        )?;
        if changed == 0 { Err(Refusal::Over) } else { Ok(self.request(id, now)?.ok_or(Refusal::Over)?) }
    }

    /// Opens what a second person agreed to, for who asked, once.
    pub fn open_agreed(&self, id: i64, docs: &[DocId], by: &str, now: UnixSeconds) -> Result<Grant, Refusal> {
        let request = self.request(id, now)?.filter(|request| request.by == by && request.standing == Standing::Agreed);
        let request = request.ok_or(Refusal::Over)?;
        let changed = self
            .shelf()
            .execute("UPDATE request SET opened_at = ?2 WHERE id = ?1 AND opened_at = 0", params![id, now.0])?;
        if changed == 0 {
            return Err(Refusal::Over);
        }
        Ok(self.grant(by, docs, request.what, now)?)
    }

    /// A request by its number.
    pub fn request(&self, id: i64, now: UnixSeconds) -> Result<Option<Request>, VaultError> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(&format!("SELECT {COLUMNS} FROM request WHERE id = ?1"))?;
        Ok(query.query_row(params![id], |row| request(row, now)).optional()?.flatten())
    }

    /// Requests that wait for a second person, oldest first.
    pub fn waiting(&self, now: UnixSeconds) -> Result<Vec<Request>, VaultError> {
        let waiting =
            self.requests("decided_by = '' AND opened_at = 0 AND at > ?1 ORDER BY id", now.0 - WAITS_S, now)?;
        Ok(waiting.into_iter().filter(|request| request.standing == Standing::Waits).collect())
    }

    /// The newest requests and openings.
    pub fn latest_requests(&self, now: UnixSeconds) -> Result<Vec<Request>, VaultError> {
        self.requests("at > ?1 ORDER BY id DESC", i64::MIN, now)
    }

    /// What was asked of this opinion in the last day.
    pub fn requests_of(&self, record: &DocId, now: UnixSeconds) -> Result<Vec<Request>, VaultError> {
        let shelf = self.shelf();
        let sql =
            format!("SELECT {COLUMNS} FROM request WHERE record = ?1 AND at > ?2 ORDER BY id DESC LIMIT {SHOWN_MAX}");
        let mut query = shelf.prepare_cached(&sql)?;
        let rows = query.query_map(params![record.as_bytes(), now.0 - WAITS_S], |row| request(row, now))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// How often each operator opened details, most often first.
    pub fn counts(&self) -> Result<Vec<Count>, VaultError> {
        let shelf = self.shelf();
        let mut query = shelf.prepare_cached(
            "SELECT by, sum(what = 'contact'), sum(what = 'said'), max(opened_at) FROM request WHERE opened_at > 0
             GROUP BY by ORDER BY count(*) DESC, by",
        )?;
        let rows = query.query_map([], |row| {
            Ok(Count { by: row.get(0)?, contacts: row.get(1)?, said: row.get(2)?, last: UnixSeconds(row.get(3)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets requests whose time is long over.
    pub(super) fn forget_requests(&self, now: UnixSeconds) -> Result<(), VaultError> {
        self.shelf().execute("DELETE FROM request WHERE at < ?1", params![now.0 - KEPT_S])?;
        Ok(())
    }

    fn requests(&self, condition: &str, after: i64, now: UnixSeconds) -> Result<Vec<Request>, VaultError> {
        let shelf = self.shelf();
        let sql = format!("SELECT {COLUMNS} FROM request WHERE {condition} LIMIT {SHOWN_MAX}");
        let mut query = shelf.prepare_cached(&sql)?;
        let rows = query.query_map(params![after], |row| request(row, now))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

/// A reason as it is kept, if it is one.
pub(super) fn check_reason(reason: &str) -> Result<&str, Refusal> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().all(|character| character.is_control() || character.is_whitespace()) {
        return Err(Refusal::NoReason);
    }
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(Refusal::TooLong);
    }
    Ok(reason)
}

const COLUMNS: &str = "id, record, what, by, reason, at, decided_by, is_agreed, opened_at";

/// `None` for one that a newer program wrote.
fn request(row: &Row<'_>, now: UnixSeconds) -> rusqlite::Result<Option<Request>> {
    let (what, decided_by): (String, String) = (row.get(2)?, row.get(6)?);
    let (at, is_agreed, opened_at): (i64, bool, i64) = (row.get(5)?, row.get(7)?, row.get(8)?);
    let Some(what) = What::parse(&what) else { return Ok(None) };
    let standing = if opened_at > 0 {
        Standing::Opened(UnixSeconds(opened_at))
    } else if !decided_by.is_empty() && !is_agreed {
        Standing::Declined
    } else if now.0 - at >= WAITS_S {
        Standing::Over
    } else if is_agreed {
        Standing::Agreed
    } else {
        Standing::Waits
    };
    Ok(Some(Request {
        id: row.get(0)?,
        record: DocId::new(row.get(1)?),
        what,
        by: row.get(3)?,
        reason: row.get(4)?,
        at: UnixSeconds(at),
        decided_by,
        standing,
    }))
}
