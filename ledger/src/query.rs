//! What the ledger answers: lists, one opinion, a slip, tallies.

use std::collections::BTreeMap;

use civic_core::{
    area::Area,
    bulk,
    document::{Document, Kind},
    id::DocId,
    opinion::{self, Evaluation, Opinion, Passage},
    slip::{self, Slip},
    space::Space,
    ticket::Ticket,
    time::UnixSeconds,
    workflow::{self, Standing},
};
use rusqlite::{OptionalExtension, Row, ToSql, params};
use serde::Serialize;
use serde_json::Value;

use crate::{Ledger, LedgerError, enclosed::Enclosure, reason::Reason, tables::Tables};

/// Most rows of one page.
pub const PAGE_ROWS_MAX: usize = 200;

/// Which opinions a list shows; an empty filter shows all, newest news first.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this state.
    pub state: Option<String>,
    /// Only of this topic.
    pub topic: Option<String>,
    /// Only with this handling body.
    pub office: Option<String>,
    /// Only in this area.
    pub area: Option<Area>,
    /// Only in this area too: what whoever asks may see at all.
    pub within: Option<Area>,
    /// Only with this handling body too, for the same reason.
    pub handled_by: Option<String>,
    /// Only with conflicts or clashes.
    pub has_questions: bool,
    /// Only these.
    pub only: Option<Vec<DocId>>,
    /// Only with this in ticket, title, text or village.
    pub text: Option<String>,
    /// Rows to pass over.
    pub offset: usize,
    /// Rows to show; at most [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

/// One line of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The document.
    pub id: DocId,
    /// Its number as stored; empty if it has none.
    pub ticket: String,
    /// Where, as a code.
    pub area: String,
    /// 标题
    pub title: String,
    /// 类别
    pub topic: String,
    /// 紧急程度
    pub urgency: String,
    /// 承办单位
    pub office: String,
    /// 村
    pub village: String,
    /// 渠道
    pub channel: String,
    /// 状态
    pub state: String,
    /// The text with its additions.
    pub body: String,
    /// Who took it down.
    pub filed_by: String,
    /// When, by their clock.
    pub filed_at: UnixSeconds,
    /// The newest change, by its writer's clock.
    pub changed_at: UnixSeconds,
    /// When it came to this disk.
    pub arrived_at: UnixSeconds,
    /// Conflicts and clashes that wait for a person.
    pub questions: u64,
    /// Whether sealed personal details stand beside it.
    pub has_contact: bool,
    /// 1 to 5.
    pub satisfaction: Option<i64>,
    /// What the person who spoke last said of the answer.
    pub evaluation: Evaluation,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
    /// How many there are without limit and offset.
    pub total: u64,
}

/// One opinion with all there is to show of it.
pub struct Whole {
    /// The document.
    pub id: DocId,
    /// Where it lives.
    pub space: Space,
    /// What was said and done.
    pub opinion: Opinion,
    /// What was said, piece by piece.
    pub passages: Vec<Passage>,
    /// Where it stands.
    pub standing: Standing,
    /// What stands beside its words, and where each of these is.
    pub enclosures: Vec<Enclosure>,
    /// When it came to this disk.
    pub arrived_at: UnixSeconds,
}

/// A visit in a list.
#[derive(Clone, Debug)]
pub struct VisitLine {
    /// The document.
    pub id: DocId,
    /// Where, as a code.
    pub area: String,
    /// Who went.
    pub by: String,
    /// When, by their clock.
    pub at: UnixSeconds,
    /// The village group or hamlet.
    pub place: String,
    /// What else there is to say.
    pub note: String,
    /// Opinions heard.
    pub count: u64,
}

/// A change that stays out of its document.
#[derive(Clone, Debug, Serialize)]
pub struct RefusedLine {
    /// The document.
    pub doc: String,
    /// The author in hexadecimal.
    pub device: String,
    /// Why: the word of a [`Reason`].
    pub reason: String,
    /// When it came.
    pub at: UnixSeconds,
}

impl Filter {
    /// Whether it asks for nothing that a tally does not tell apart.
    fn is_tallied(&self) -> bool {
        self.only.is_none() && self.words().is_none()
    }

    fn words(&self) -> Option<&str> {
        self.text.as_deref().map(str::trim).filter(|words| !words.is_empty())
    }

    /// As a condition over the table of opinions, and over that of tallies if it [is tallied](Self::is_tallied), under the name
    /// `opinion`; with its values.
    fn condition(&self) -> (String, Vec<Box<dyn ToSql>>) {
        let mut terms: Vec<&str> = Vec::new();
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        for (term, value) in [
            ("state = ?", &self.state),
            ("topic = ?", &self.topic),
            ("office = ?", &self.office),
            ("office = ?", &self.handled_by),
        ] {
            if let Some(value) = value {
                terms.push(term);
                values.push(Box::new(value.clone()));
            }
        }
        for area in self.area.iter().chain(&self.within) {
            terms.push("opinion.area LIKE ?");
            values.push(Box::new(format!("{}%", area.code())));
        }
        if self.has_questions {
            terms.push("questions > 0");
        }
        if let Some(only) = &self.only {
            terms.push("opinion.id IN (SELECT id FROM document WHERE name IN (SELECT unhex(value) FROM json_each(?)))");
            values.push(Box::new(serde_json::json!(only.iter().map(DocId::to_string).collect::<Vec<_>>()).to_string()));
        }
        if let Some(text) = self.words() {
            terms.push(
                "(instr(title, ?) > 0 OR instr(body, ?) > 0 OR instr(village, ?) > 0
                 OR opinion.id IN (SELECT id FROM number WHERE instr(ticket, ?) > 0))",
            );
            // A ticket is typed as it is printed, in groups; a number within words is not a ticket.
            let is_ticket = text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-'));
            let digits: String = text.chars().filter(|c| is_ticket && c.is_ascii_digit()).collect();
            for _ in 0..3 {
                values.push(Box::new(text.to_owned()));
            }
            values.push(Box::new(if digits.is_empty() { text.to_owned() } else { digits }));
        }
        (if terms.is_empty() { "1".to_owned() } else { terms.join(" AND ") }, values)
    }
}

impl Ledger {
    /// A page of opinions.
    pub fn list(&self, filter: &Filter) -> Result<Page, LedgerError> {
        let (condition, values) = filter.condition();
        let tables = self.reader();
        let given: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
        let total = tables.tallies(filter)?.into_iter().map(|(_, count)| count).sum();
        let mut query = tables.db.prepare(&format!(
            "SELECT {LINE_COLUMNS} FROM opinion JOIN document ON document.id = opinion.id WHERE {condition}
             ORDER BY opinion.row DESC, opinion.id DESC LIMIT {} OFFSET {}",
            filter.limit.clamp(1, PAGE_ROWS_MAX),
            filter.offset
        ))?;
        let lines = query.query_map(&given[..], line)?.collect::<Result<_, _>>()?;
        Ok(Page { lines, total })
    }

    /// How many opinions a filter lets through.
    pub fn total(&self, filter: &Filter) -> Result<u64, LedgerError> {
        Ok(self.reader().tallies(filter)?.into_iter().map(|(_, count)| count).sum())
    }

    /// How many of them stand in each state; states without one are left out.
    pub fn tallies(&self, filter: &Filter) -> Result<Vec<(String, u64)>, LedgerError> {
        Ok(self.reader().tallies(filter)?)
    }

    /// One opinion, whole.
    pub fn opinion(&self, id: &DocId) -> Result<Option<Whole>, LedgerError> {
        let tables = self.reader();
        let Some(kept) = tables.document(id)? else { return Ok(None) };
        let Some(opinion) = Opinion::read(&kept.document) else { return Ok(None) };
        let arrived_at: i64 = tables
            .db
            .query_row(
                "SELECT arrived_at FROM opinion JOIN document ON document.id = opinion.id WHERE name = ?1",
                params![id.as_bytes()],
                |row| row.get(0),
            )
            .optional()?
            .unwrap_or_default();
        Ok(Some(Whole {
            id: *id,
            space: kept.space,
            passages: opinion::passages(&kept.document),
            standing: workflow::fold(self.codebook(), &opinion),
            enclosures: self.enclosures(&opinion.attachments)?,
            opinion,
            arrived_at: UnixSeconds(arrived_at),
        }))
    }

    /// The opinion with this number, if it is here.
    pub fn by_ticket(&self, ticket: &Ticket) -> Result<Option<DocId>, LedgerError> {
        Ok(self.reader().by_ticket(ticket)?)
    }

    /// The slip with this number, if it has come.
    pub fn slip(&self, ticket: &Ticket) -> Result<Option<Slip>, LedgerError> {
        let tables = self.reader();
        let snapshot: Option<Vec<u8>> = tables
            .db
            .prepare_cached(
                "SELECT document.snapshot FROM slip JOIN document ON document.id = slip.id WHERE ticket = ?1",
            )?
            .query_row(params![ticket.digits()], |row| row.get(0))
            .optional()?;
        Ok(snapshot.and_then(|snapshot| Slip::read(&Document::load(&snapshot).ok()?)))
    }

    /// The slip that the hub wrote for this opinion, if it has come.
    pub fn slip_of(&self, opinion: &DocId) -> Result<Option<Slip>, LedgerError> {
        Ok(self.reader().document(&slip::id_of(opinion))?.and_then(|kept| Slip::read(&kept.document)))
    }

    /// The newest visits.
    pub fn visits(&self, limit: usize) -> Result<Vec<VisitLine>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(
            "SELECT document.name, visit.area, visit.by, visit.at, visit.place, visit.note, visit.count
             FROM visit JOIN document ON document.id = visit.id ORDER BY visit.id DESC LIMIT ?1",
        )?;
        let rows = query.query_map(params![limit.min(PAGE_ROWS_MAX)], |row| {
            Ok(VisitLine {
                id: DocId::new(row.get(0)?),
                area: row.get(1)?,
                by: row.get(2)?,
                at: UnixSeconds(row.get(3)?),
                place: row.get(4)?,
                note: row.get(5)?,
                count: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Changes that stay out of their documents, newest first.
    pub fn refused(&self, limit: usize) -> Result<Vec<RefusedLine>, LedgerError> {
        let tables = self.reader();
        let mut query =
            tables.db.prepare_cached("SELECT doc, device, reason, at FROM refused ORDER BY id DESC LIMIT ?1")?;
        let rows = query.query_map(params![limit.min(PAGE_ROWS_MAX)], |row| {
            let doc: [u8; 16] = row.get(0)?;
            Ok(RefusedLine {
                doc: DocId::new(doc).to_string(),
                device: row.get(1)?,
                reason: row.get(2)?,
                at: UnixSeconds(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How often each device, by its name in hexadecimal, wrote two different things in one place: runs of its feeds that the
    /// log keeps apart, and changes that stay out of their documents.
    pub fn forks(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        let mut forks = self.log().forks()?;
        let tables = self.reader();
        let mut query = tables.db.prepare_cached(
            "SELECT device, count(*) FROM refused WHERE reason = ?1 AND device <> '' GROUP BY device",
        )?;
        let rows = query.query_map(params![Reason::Forked.word()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for row in rows {
            let (device, count): (String, u64) = row?;
            *forks.entry(device).or_default() += count;
        }
        Ok(forks)
    }

    /// How many documents of a kind are here.
    pub fn count(&self, kind: Kind) -> Result<u64, LedgerError> {
        let tables = self.reader();
        Ok(tables
            .db
            .prepare_cached("SELECT count FROM held WHERE kind = ?1")?
            .query_row(params![kind.word()], |row| row.get(0))
            .optional()?
            .unwrap_or_default())
    }

    /// Every opinion here as one JSON object, sorted by id, given to `line` one by one.
    pub fn export(&self, line: impl FnMut(Value) -> std::io::Result<()>) -> Result<std::io::Result<()>, LedgerError> {
        self.export_of(&Filter::default(), line)
    }

    /// The same of what a filter shows; its offset and limit do not count.
    pub fn export_of(
        &self,
        filter: &Filter,
        mut line: impl FnMut(Value) -> std::io::Result<()>,
    ) -> Result<std::io::Result<()>, LedgerError> {
        let names: Vec<[u8; 16]> = {
            let (condition, values) = filter.condition();
            let given: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
            let tables = self.reader();
            let mut query = tables.db.prepare(&format!(
                "SELECT document.name FROM opinion JOIN document ON document.id = opinion.id WHERE {condition}
                 ORDER BY document.name"
            ))?;
            let rows = query.query_map(&given[..], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        for name in names.into_iter().map(DocId::new) {
            let Some(kept) = self.reader().document(&name)? else { continue };
            let Some(opinion) = Opinion::read(&kept.document) else { continue };
            if let Err(error) = line(bulk::export(self.codebook(), &name, &kept.space, &opinion)) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}

impl Tables {
    /// How many opinions a filter lets through, by state. Only words, and being one of some, are asked of the opinions themselves.
    fn tallies(&self, filter: &Filter) -> Result<Vec<(String, u64)>, rusqlite::Error> {
        let (condition, values) = filter.condition();
        let given: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
        let (count, table) =
            if filter.is_tallied() { ("sum(count)", "tally AS opinion") } else { ("count(*)", "opinion") };
        // In the order of the index by state, which the plus forbids, what is looked for in all opinions would be read here and there.
        let mut query =
            self.db.prepare(&format!("SELECT state, {count} FROM {table} WHERE {condition} GROUP BY +state"))?;
        let rows = query.query_map(&given[..], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }
}

const LINE_COLUMNS: &str = "document.name, ticket, opinion.area, title, topic, urgency, office, village, channel, state, body, \
     filed_by, filed_at, changed_at, arrived_at, questions, has_contact, satisfaction, satisfied, solved";

fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        id: DocId::new(row.get(0)?),
        ticket: row.get(1)?,
        area: row.get(2)?,
        title: row.get(3)?,
        topic: row.get(4)?,
        urgency: row.get(5)?,
        office: row.get(6)?,
        village: row.get(7)?,
        channel: row.get(8)?,
        state: row.get(9)?,
        body: row.get(10)?,
        filed_by: row.get(11)?,
        filed_at: UnixSeconds(row.get(12)?),
        changed_at: UnixSeconds(row.get(13)?),
        arrived_at: UnixSeconds(row.get(14)?),
        questions: row.get(15)?,
        has_contact: row.get(16)?,
        satisfaction: row.get(17)?,
        evaluation: Evaluation { satisfied: row.get(18)?, solved: row.get(19)? },
    })
}
