//! Reading the log: by time, who, what, upon what; the newest first.

use rusqlite::{ToSql, params_from_iter};

use super::{
    Action, Audit, AuditError, Noted,
    chain::{COLUMNS, noted},
};

/// What is looked for; an empty search finds everything.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// From this second on.
    pub from: Option<i64>,
    /// Before this second.
    pub until: Option<i64>,
    /// By whom, the whole name.
    pub who: Option<String>,
    /// What.
    pub action: Option<Action>,
    /// Upon what, any part of it; also any part of the reason or the address.
    pub text: Option<String>,
    /// Only what was refused.
    pub is_refused: bool,
}

impl Search {
    fn terms(&self) -> (String, Vec<Box<dyn ToSql>>) {
        let mut terms = vec!["1"];
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        if let Some(from) = self.from {
            terms.push("at >= ?");
            values.push(Box::new(from));
        }
        if let Some(until) = self.until {
            terms.push("at < ?");
            values.push(Box::new(until));
        }
        if let Some(who) = &self.who {
            terms.push("who = ?");
            values.push(Box::new(who.clone()));
        }
        if let Some(action) = self.action {
            terms.push("action = ?");
            values.push(Box::new(action.word()));
        }
        if let Some(text) = &self.text {
            terms.push("(instr(object, ?) > 0 OR instr(reason, ?) > 0 OR instr(address, ?) > 0)");
            values.extend((0..3).map(|_| Box::new(text.clone()) as Box<dyn ToSql>));
        }
        if self.is_refused {
            terms.push("outcome = 'refused'");
        }
        (terms.join(" AND "), values)
    }
}

impl Audit {
    /// How many events a search finds.
    pub fn count(&self, search: &Search) -> Result<u64, AuditError> {
        let (terms, values) = search.terms();
        let sql = format!("SELECT count(*) FROM event WHERE {terms}");
        Ok(self.db().query_row(&sql, params_from_iter(values), |row| row.get(0))?)
    }

    /// At most `limit` events of a search before the event `before`, the newest first.
    pub fn find(&self, search: &Search, before: i64, limit: usize) -> Result<Vec<Noted>, AuditError> {
        let (terms, mut values) = search.terms();
        values.push(Box::new(before));
        let sql =
            format!("SELECT {COLUMNS} FROM event WHERE {terms} AND number < ? ORDER BY number DESC LIMIT {limit}");
        let db = self.db();
        let mut query = db.prepare(&sql)?;
        let found = query.query_map(params_from_iter(values), |row| noted(row).map(|(noted, _)| noted))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
