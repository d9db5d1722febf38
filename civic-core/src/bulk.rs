//! Bulk entry and export: one JSON object a line.
//!
//! An import line is `{"id": HEX32, "init": {field: value}, "steps": [{"by": WHO, "t": UNIX_S, "set": {...},
//! "push": {...}, "ins": [position, text]}]}`: `init` is the first change and each step one more. `submitter` and
//! `phone` are personal details and are sealed on entry; `status` names the state a step leads to; fields without a home
//! here are kept under `extra`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    codebook::Codebook,
    confided,
    document::{Document, DocumentError, Stamp},
    id::{Actor, DocId},
    opinion::{self, Edit, Field, NewOpinion, NewStep, Opinion},
    seal::Contact,
    space::Space,
    ticket::Ticket,
    time::UnixSeconds,
    workflow,
};

/// Longest import line, in bytes.
pub const LINE_LEN_MAX: usize = 256 * 1024;
/// Most steps of one record.
pub const STEPS_MAX: usize = 1_000;

/// One record of an import file, read and checked.
pub struct Record {
    /// Its id.
    pub id: DocId,
    /// The first change.
    pub new: NewOpinion,
    /// Who made it, and when.
    pub stamp: Stamp,
    /// Personal details, to be sealed.
    pub contact: Contact,
    /// The later changes.
    pub edits: Vec<(Stamp, Edit)>,
}

/// A change of a record: who made it and when, and its payload.
pub type Stamped<'a> = (&'a Stamp, Vec<u8>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: DocId,
    init: Map<String, Value>,
    #[serde(default)]
    steps: Vec<LineStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineStep {
    by: String,
    t: i64,
    #[serde(default)]
    set: Map<String, Value>,
    #[serde(default)]
    push: Option<Push>,
    #[serde(default)]
    ins: Option<(usize, String)>,
}

#[derive(Deserialize)]
struct Push {
    #[serde(default)]
    at: Option<i64>,
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    act: String,
    #[serde(default)]
    note: String,
}

impl Record {
    /// Reads one line. The error is the reason, fit to be shown beside the line's number.
    pub fn parse(line: &str) -> Result<Self, String> {
        if line.len() > LINE_LEN_MAX {
            return Err(format!("the line is longer than {LINE_LEN_MAX} bytes"));
        }
        let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if line.steps.len() > STEPS_MAX {
            return Err(format!("more than {STEPS_MAX} steps"));
        }
        let mut new = NewOpinion::default();
        let mut contact = Contact::default();
        let mut at = None;
        let mut updated_at = None;
        let mut first = Edit::default();
        for (key, value) in line.init {
            match (key.as_str(), value) {
                ("body", value) => new.body = text("body", value)?,
                ("submitter", value) => contact.name = text("submitter", value)?,
                ("phone", value) => contact.phone = text("phone", value)?,
                ("created_at", value) => at = Some(int("created_at", &value)?),
                ("updated_at", value) => updated_at = Some(int("updated_at", &value)?),
                ("timeline", Value::Array(items)) if items.is_empty() => {}
                ("timeline", _) => return Err("init.timeline must be an empty list; put its items into steps".into()),
                (key, value) => place(&mut first, key, value)?,
            }
        }
        new.fields = first.fields;
        new.extra = first.extra;
        new.has_contact = !contact.is_empty();
        let created_at = at.or(updated_at).or(line.steps.first().map(|step| step.t)).unwrap_or_default();
        let by = [Field::Station, Field::Deputy].iter().find_map(|field| new.fields.get(field)).cloned();
        let stamp = Stamp::new(by.unwrap_or_default(), UnixSeconds(created_at));
        keep_if_other(&mut new.extra, "updated_at", updated_at, created_at);
        let mut edits = Vec::new();
        for (number, step) in line.steps.into_iter().enumerate() {
            edits.push(read_step(step).map_err(|reason| format!("steps[{number}]: {reason}"))?);
        }
        new.state = first.step.and_then(|step| step.state);
        new.satisfaction = first.satisfaction;
        Ok(Self { id: line.id, new, stamp, contact, edits })
    }

    /// Makes the document and its changes: who made each and when, and its payload. An edit that says what is there already
    /// makes none.
    pub fn build(&self, actor: Actor, ticket: Option<Ticket>) -> Result<(Document, Vec<Stamped<'_>>), DocumentError> {
        let new = NewOpinion { ticket, ..self.new.clone() };
        let (mut document, first) = opinion::file(actor, &self.stamp, &new)?;
        let mut changes = vec![(&self.stamp, first)];
        for (stamp, edit) in &self.edits {
            changes.extend(opinion::edit(&mut document, actor, stamp, edit)?.map(|payload| (stamp, payload)));
        }
        Ok((document, changes))
    }
}

fn read_step(step: LineStep) -> Result<(Stamp, Edit), String> {
    let mut edit = Edit { insert: step.ins, ..Edit::default() };
    let mut updated_at = None;
    for (key, value) in step.set {
        match key.as_str() {
            "updated_at" => updated_at = Some(int("updated_at", &value)?),
            "body" | "submitter" | "phone" | "created_at" | "timeline" => {
                return Err(format!("set.{key} may not be set"));
            }
            key => place(&mut edit, key, value)?,
        }
    }
    if let Some(push) = step.push {
        let state = edit.step.take().and_then(|step| step.state);
        let at = push.at.map(UnixSeconds);
        edit.step = Some(NewStep { act: push.act, note: push.note, state, by: push.by, at, ..NewStep::default() });
    }
    keep_if_other(&mut edit.extra, "updated_at", updated_at, step.t);
    Ok((Stamp::new(step.by, UnixSeconds(step.t)), edit))
}

/// Finds a field its home in an edit.
fn place(edit: &mut Edit, key: &str, value: Value) -> Result<(), String> {
    if let Some(field) = Field::from_key(key) {
        edit.fields.insert(field, text(key, value)?);
        return Ok(());
    }
    match key {
        "status" => edit.step = Some(NewStep { state: Some(text(key, value)?), ..NewStep::default() }),
        "satisfaction" => edit.satisfaction = Some(int(key, &value)?),
        _ => {
            edit.extra.insert(key.to_owned(), value.to_string());
        }
    }
    Ok(())
}

fn keep_if_other(extra: &mut BTreeMap<String, String>, key: &str, value: Option<i64>, known: i64) {
    if let Some(value) = value.filter(|value| *value != known) {
        extra.insert(key.to_owned(), value.to_string());
    }
}

fn text(key: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("{key} must be a string"))
        }
    }
}

fn int(key: &str, value: &Value) -> Result<i64, String> {
    value.as_i64().ok_or_else(|| format!("{key} must be a whole number"))
}

/// One opinion as one line of an export. Equal on every device that holds the same changes and the same codebook.
pub fn export(codebook: &Codebook, id: &DocId, space: &Space, opinion: &Opinion) -> Value {
    let mut line = Map::new();
    line.insert("id".into(), json!(id));
    line.insert("space".into(), json!(space.to_string()));
    if let Some(ticket) = opinion.ticket {
        line.insert("ticket".into(), json!(ticket.digits()));
    }
    for (field, value) in &opinion.fields {
        line.insert(field.key().into(), json!(value));
    }
    line.insert("body".into(), json!(opinion.body));
    // The first words of what was kept from a village were sealed beside it.
    if opinion.original != opinion.body && !confided::is_kept(opinion) {
        line.insert("original".into(), json!(opinion.original));
    }
    if !opinion.other_texts.is_empty() {
        line.insert("other_texts".into(), json!(opinion.other_texts));
    }
    let standing = workflow::fold(codebook, opinion);
    line.insert("status".into(), json!(standing.state));
    line.insert("created_at".into(), json!(opinion.filed.at));
    line.insert("updated_at".into(), json!(opinion.changed.at));
    if let Some(satisfaction) = opinion.satisfaction {
        line.insert("satisfaction".into(), json!(satisfaction));
    }
    line.insert("has_contact".into(), json!(opinion.has_contact));
    let attachments: Vec<Value> = opinion
        .attachments
        .iter()
        .map(|attached| json!({"id": attached.id, "kind": attached.kind.word(), "seconds": attached.seconds}))
        .collect();
    if !attachments.is_empty() {
        line.insert("attachments".into(), json!(attachments));
    }
    let timeline: Vec<Value> = opinion.steps.iter().filter(|step| !step.act.is_empty()).map(timeline_item).collect();
    line.insert("timeline".into(), json!(timeline));
    let conflicts: Map<String, Value> = opinion
        .conflicts
        .iter()
        .map(|conflict| {
            let values: Vec<_> = conflict.values.iter().map(|(value, _)| value).collect();
            (conflict.field.key().to_owned(), json!(values))
        })
        .collect();
    if !conflicts.is_empty() {
        line.insert("conflicts".into(), Value::Object(conflicts));
    }
    if !opinion.extra.is_empty() {
        let extra: Map<String, Value> = opinion
            .extra
            .iter()
            .map(|(key, value)| (key.clone(), serde_json::from_str(value).unwrap_or_else(|_| json!(value))))
            .collect();
        line.insert("extra".into(), Value::Object(extra));
    }
    Value::Object(line)
}

fn timeline_item(step: &opinion::Step) -> Value {
    let mut item = json!({"at": step.stamp.at, "by": step.stamp.by, "act": step.act, "note": step.note});
    if let Some(opinion::Evaluation { satisfied, solved }) = step.evaluation {
        item["satisfied"] = json!(satisfied);
        item["solved"] = json!(solved);
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{area::Area, codebook::tests::SMALL, space::Audience};

    const LINE: &str = r#"{"id":"7a0e25d247540bd4e2a6136937111772","init":{"kind":"意见","topic":"道路交通","title":"路",
        "body":"路坏了","village":"石桥村","submitter":"刘某","phone":"10007589669","status":"已登记","created_at":100,
        "updated_at":100,"timeline":[],"weather":{"rain":true}},"steps":[
        {"by":"st-22","t":200,"set":{"updated_at":200,"status":"已受理"},"push":{"at":200,"by":"st-22","act":"已受理","note":"看过"}},
        {"by":"dep-1","t":300,"set":{"updated_at":300,"office":"住建局"},"ins":[1,"面"]}]}"#;

    #[test]
    fn a_record_comes_out_as_it_went_in_without_the_personal_details() {
        let record = Record::parse(&LINE.replace('\n', " ")).unwrap();
        assert_eq!(record.contact.phone, "10007589669");
        let (document, changes) = record.build(Actor::new([1; 16]), None).unwrap();
        assert_eq!(changes.len(), 3);
        let opinion = Opinion::read(&document).unwrap();
        let space = Space::new(Area::parse("990101101201").unwrap(), Audience::Deputies);
        let line = export(&Codebook::parse(SMALL).unwrap(), &record.id, &space, &opinion);
        assert_eq!(line["body"], "路面坏了");
        assert_eq!(line["status"], "已受理");
        assert_eq!(line["office"], "住建局");
        assert_eq!((&line["created_at"], &line["updated_at"]), (&json!(100), &json!(300)));
        assert_eq!(line["timeline"], json!([{"at":200,"by":"st-22","act":"已受理","note":"看过"}]));
        assert_eq!(line["extra"]["weather"]["rain"], true);
        assert!(!line.to_string().contains("刘某") && !line.to_string().contains("10007589669"));
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong() {
        let reason = |line: &str| Record::parse(line).err().unwrap();
        assert!(reason("{").contains("EOF"));
        assert!(reason(r#"{"id":"12","init":{}}"#).contains("32 hexadecimal digits"));
        assert!(reason(&LINE.replace('\n', " ").replace("\"路坏了\"", "7")).contains("body must be a string"));
        assert!(reason(&LINE.replace('\n', " ").replace("\"t\":300", "\"t\":\"x\"")).contains("i64"));
    }
}
