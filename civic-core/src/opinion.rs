//! An opinion 意见: what a person said, and every step 步骤 that was taken with it since.
//!
//! Shape of the document:
//!
//! ```text
//! type     "opinion"
//! ticket   its number 受理号
//! body     text: what was said, and additions 补充 in their places
//! title topic village town station channel deputy urgency office kind   plain fields, see [`Field`]
//! contact  true if sealed personal details stand beside it (never in it)
//! attachments  a list: {id (32 bytes: the hash of its sealed bytes), kind (a number), seconds?}
//! satisfaction  1 to 5
//! steps    a list that only grows: {act, note?, state?, by?, at?, source?, satisfied?, solved?, recording?, seconds?, ink?};
//!          by and at only where they differ from the change's
//! extra    fields of other systems that have no home here, each value as JSON
//! ```

use std::collections::BTreeMap;

use automerge::{ActorId, AutomergeError, ObjId, ObjType, ROOT, ReadDoc, Value, transaction::Transactable};
use serde::{Deserialize, Serialize};

use crate::{
    attachment::{ATTACHMENTS_MAX, Attached, AttachmentKind, VOICE_SECONDS_MAX},
    document::{
        Causality, Document, DocumentError, Entries, Kind, Stamp, int_at, place_of_object, set_text, text_at, text_of,
    },
    id::{Actor, AttachmentId, DocId},
    planted::{self, Bug},
    response::{Drawing, Recording},
    ticket::Ticket,
    time::UnixSeconds,
};

/// Longest text of an opinion with all its additions, in characters.
pub const BODY_CHARS_MAX: usize = 2_000;
/// Longest note of a step, in characters.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// Longest plain field, in characters.
pub const FIELD_CHARS_MAX: usize = 200;

/// The plain fields of an opinion. Set at the same time in two places, each keeps both values until a person settles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// 标题
    Title,
    /// 类别
    Topic,
    /// 村
    Village,
    /// 乡镇
    Town,
    /// 联络站
    Station,
    /// 渠道
    Channel,
    /// 代表
    Deputy,
    /// 紧急程度
    Urgency,
    /// 承办单位
    Office,
    /// 意见、建议 or 诉求
    Sort,
}

impl Field {
    /// Every field, in the order in which they are shown.
    pub const ALL: [Field; 10] = [
        Field::Title,
        Field::Topic,
        Field::Urgency,
        Field::Office,
        Field::Village,
        Field::Town,
        Field::Station,
        Field::Channel,
        Field::Deputy,
        Field::Sort,
    ];

    /// Its key in the document, in imports and in exports.
    pub const fn key(self) -> &'static str {
        match self {
            Field::Title => "title",
            Field::Topic => "topic",
            Field::Village => "village",
            Field::Town => "town",
            Field::Station => "station",
            Field::Channel => "channel",
            Field::Deputy => "deputy",
            Field::Urgency => "urgency",
            Field::Office => "office",
            Field::Sort => "kind",
        }
    }

    /// The field of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.key() == key)
    }
}

/// An opinion as it is given.
#[derive(Clone, Default)]
pub struct NewOpinion {
    /// Its number, if the device gives numbers.
    pub ticket: Option<Ticket>,
    /// What was said.
    pub body: String,
    /// The plain fields.
    pub fields: BTreeMap<Field, String>,
    /// Where it stands already, if another system has begun to handle it.
    pub state: Option<String>,
    /// Satisfaction, 1 to 5, if another system has asked.
    pub satisfaction: Option<i64>,
    /// Whether sealed personal details stand beside it.
    pub has_contact: bool,
    /// What was said or shown beside the words, at most [`ATTACHMENTS_MAX`]; with a voice the words may be empty.
    pub attachments: Vec<Attached>,
    /// Fields without a home here, as JSON.
    pub extra: BTreeMap<String, String>,
}

/// A step as it is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewStep {
    /// What was done, by the codebook's word.
    pub act: String,
    /// What there is to say about it.
    pub note: String,
    /// The state it says it leads to, where that is not the one the codebook names.
    pub state: Option<String>,
    /// Who did it, where that is not who records it.
    pub by: Option<String>,
    /// When, where that is not when it is recorded.
    pub at: Option<UnixSeconds>,
    /// The record that it was made from, where it was made from one: the same record never makes a second step.
    pub source: Option<DocId>,
    /// What the person who spoke thinks of the answer.
    pub evaluation: Option<Evaluation>,
    /// What was said about it, spoken.
    pub recording: Option<Recording>,
    /// What was said about it, written with a finger.
    pub ink: Option<Drawing>,
}

/// What the person who spoke thinks of the answer: two questions, never averaged into one, and either may stay open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// 满意吗
    pub satisfied: Option<bool>,
    /// 解决了吗
    pub solved: Option<bool>,
}

/// Everything one change may do to an opinion.
#[derive(Clone, Default)]
pub struct Edit {
    /// Plain fields to set.
    pub fields: BTreeMap<Field, String>,
    /// Text to insert into what was said, before this character.
    pub insert: Option<(usize, String)>,
    /// A step to take.
    pub step: Option<NewStep>,
    /// Satisfaction, 1 to 5.
    pub satisfaction: Option<i64>,
    /// Fields without a home here, as JSON.
    pub extra: BTreeMap<String, String>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub act: String,
    /// What was said about it.
    pub note: String,
    /// The state it says it leads to.
    pub state: Option<String>,
    /// Who, and when by their clock.
    pub stamp: Stamp,
    /// The writer, as the log proves it.
    pub actor: Actor,
    /// The record that it was made from.
    pub source: Option<DocId>,
    /// What the person who spoke thinks of the answer.
    pub evaluation: Option<Evaluation>,
    /// What was said about it, spoken.
    pub recording: Option<Recording>,
    /// What was said about it, written with a finger.
    pub ink: Option<Drawing>,
    /// The places in [`Opinion::steps`] of earlier steps that were *not* known when this one was taken.
    pub unaware_of: Vec<usize>,
}

/// A piece of the text by one author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The words.
    pub text: String,
    /// `None` for what was said at first; the author and time of an addition otherwise.
    pub added: Option<Stamp>,
}

/// Values that were set for one field at the same time, each by someone who did not know of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub field: Field,
    /// Every value with who set it and when; the first is the one shown meanwhile.
    pub values: Vec<(String, Stamp)>,
}

/// An opinion as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// Its number.
    pub ticket: Option<Ticket>,
    /// Numbers that it was given elsewhere, one by each who began it: somebody holds the paper of each.
    pub other_tickets: Vec<Ticket>,
    /// What was said, with additions.
    pub body: String,
    /// What was said at first.
    pub original: String,
    /// Texts that were begun for this same opinion elsewhere, as when one file is entered on two devices; never dropped.
    pub other_texts: Vec<String>,
    /// The plain fields.
    pub fields: BTreeMap<Field, String>,
    /// Fields with more than one value.
    pub conflicts: Vec<Conflict>,
    /// Where it stood when it was recorded, if another system had begun to handle it.
    pub state: Option<String>,
    /// Who took it down, and when.
    pub filed: Stamp,
    /// The newest change, by its own clock.
    pub changed: Stamp,
    /// Everything that was done with it, each after what it builds on.
    pub steps: Vec<Step>,
    /// Satisfaction, 1 to 5.
    pub satisfaction: Option<i64>,
    /// Whether sealed personal details stand beside it.
    pub has_contact: bool,
    /// What was said or shown beside the words.
    pub attachments: Vec<Attached>,
    /// Fields without a home here, as JSON.
    pub extra: BTreeMap<String, String>,
}

/// Records a new opinion; returns its document and the payload of its first change.
pub fn file(actor: Actor, stamp: &Stamp, new: &NewOpinion) -> Result<(Document, Vec<u8>), DocumentError> {
    check_chars(&new.body, BODY_CHARS_MAX, "the text is longer than 2,000 characters")?;
    check_fields(&new.fields)?;
    check_attachments(&new.attachments)?;
    let mut document = Document::empty();
    let payload = document.change(actor, stamp, |tx| {
        tx.put(ROOT, "type", Kind::Opinion.word())?;
        if let Some(ticket) = &new.ticket {
            tx.put(ROOT, "ticket", ticket.digits())?;
        }
        for (field, value) in &new.fields {
            tx.put(ROOT, field.key(), value.as_str())?;
        }
        if let Some(state) = &new.state {
            tx.put(ROOT, "state", state.as_str())?;
        }
        if let Some(satisfaction) = new.satisfaction {
            tx.put(ROOT, "satisfaction", satisfaction)?;
        }
        if new.has_contact {
            tx.put(ROOT, "contact", true)?;
        }
        if !new.attachments.is_empty() {
            let list = tx.put_object(ROOT, "attachments", ObjType::List)?;
            for (place, attached) in new.attachments.iter().enumerate() {
                put_attached(tx, &list, place, attached)?;
            }
        }
        let body = tx.put_object(ROOT, "body", ObjType::Text)?;
        tx.splice_text(&body, 0, 0, &new.body)?;
        tx.put_object(ROOT, "steps", ObjType::List)?;
        let extra = tx.put_object(ROOT, "extra", ObjType::Map)?;
        for (key, value) in &new.extra {
            tx.put(&extra, key.as_str(), value.as_str())?;
        }
        Ok(())
    })?;
    payload.map(|payload| (document, payload)).ok_or(DocumentError::Limit("the opinion is empty"))
}

/// Makes one change to an opinion; `None` if nothing differs.
pub fn edit(
    document: &mut Document,
    actor: Actor,
    stamp: &Stamp,
    edit: &Edit,
) -> Result<Option<Vec<u8>>, DocumentError> {
    check_fields(&edit.fields)?;
    if let Some(step) = &edit.step {
        check_chars(&step.note, NOTE_CHARS_MAX, "the note is longer than 2,000 characters")?;
        check_chars(&step.act, FIELD_CHARS_MAX, "the act is longer than 200 characters")?;
    }
    let body = object_at(document, "body");
    if let Some((place, text)) = &edit.insert {
        let Some(body) = &body else { return Err(DocumentError::Limit("the opinion has no text to add to")) };
        let length = document.inner.length(body);
        if *place > length {
            return Err(DocumentError::Limit("the place to insert at lies beyond the end of the text"));
        }
        if length + text.chars().count() > BODY_CHARS_MAX {
            return Err(DocumentError::Limit("the text would be longer than 2,000 characters"));
        }
    }
    let steps = object_at(document, "steps");
    let extra = object_at(document, "extra");
    document.change(actor, stamp, |tx| {
        for (field, value) in &edit.fields {
            set_text(tx, &ROOT, field.key(), value)?;
        }
        if let Some(satisfaction) = edit.satisfaction {
            tx.put(ROOT, "satisfaction", satisfaction)?;
        }
        if let (Some(body), Some((place, text))) = (&body, &edit.insert) {
            if planted::is(Bug::AdditionReplaces) {
                let length = isize::try_from(tx.length(body)).unwrap_or(0);
                tx.splice_text(body, 0, length, text)?;
            } else {
                tx.splice_text(body, *place, 0, text)?;
            }
        }
        if let (Some(steps), Some(step)) = (&steps, &edit.step) {
            put_step(tx, steps, stamp, step)?;
        }
        if let Some(extra) = &extra {
            for (key, value) in &edit.extra {
                set_text(tx, extra, key, value)?;
            }
        }
        Ok(())
    })
}

/// Adds to what was said 补充, at the end; the first words stay as they are.
pub fn add(document: &mut Document, actor: Actor, stamp: &Stamp, text: &str) -> Result<Option<Vec<u8>>, DocumentError> {
    let end = object_at(document, "body").map_or(0, |body| document.inner.length(&body));
    edit(document, actor, stamp, &Edit { insert: Some((end, text.to_owned())), ..Edit::default() })
}

fn put_attached(
    tx: &mut automerge::transaction::Transaction<'_>,
    list: &ObjId,
    place: usize,
    attached: &Attached,
) -> Result<(), AutomergeError> {
    let item = tx.insert_object(list, place, ObjType::Map)?;
    tx.put(&item, "id", attached.id.as_bytes().to_vec())?;
    tx.put(&item, "kind", i64::from(attached.kind.number()))?;
    match attached.seconds {
        Some(seconds) => tx.put(&item, "seconds", i64::from(seconds)),
        None => Ok(()),
    }
}

fn put_step(
    tx: &mut automerge::transaction::Transaction<'_>,
    steps: &ObjId,
    stamp: &Stamp,
    step: &NewStep,
) -> Result<(), AutomergeError> {
    let mut end = tx.length(steps);
    if planted::is(Bug::StepReplaces) && end > 0 {
        end -= 1;
        tx.delete(steps, end)?;
    }
    let item = tx.insert_object(steps, end, ObjType::Map)?;
    tx.put(&item, "act", step.act.as_str())?;
    if !step.note.is_empty() {
        tx.put(&item, "note", step.note.as_str())?;
    }
    if let Some(state) = step.state.as_deref().filter(|state| *state != step.act) {
        tx.put(&item, "state", state)?;
    }
    if let Some(by) = step.by.as_deref().filter(|by| *by != stamp.by) {
        tx.put(&item, "by", by)?;
    }
    if let Some(at) = step.at.filter(|at| *at != stamp.at) {
        tx.put(&item, "at", at.0)?;
    }
    if let Some(source) = &step.source {
        tx.put(&item, "source", source.to_string())?;
    }
    let Evaluation { satisfied, solved } = step.evaluation.unwrap_or_default();
    for (key, answer) in [("satisfied", satisfied), ("solved", solved)] {
        if let Some(answer) = answer {
            tx.put(&item, key, answer)?;
        }
    }
    if let Some(Recording { hash, seconds }) = &step.recording {
        tx.put(&item, "recording", hash.as_str())?;
        tx.put(&item, "seconds", i64::from(*seconds))?;
    }
    if let Some(Drawing { hash }) = &step.ink {
        tx.put(&item, "ink", hash.as_str())?;
    }
    Ok(())
}

impl Opinion {
    /// Reads an opinion; `None` if the document is none.
    pub fn read(document: &Document) -> Option<Self> {
        if document.kind() != Kind::Opinion {
            return None;
        }
        let doc = &document.inner;
        let causality = Causality::of(document);
        let root = Entries::of(doc, &ROOT);
        let mut tickets = tickets(document).into_iter();
        let texts = objects_at(document, "body");
        let first = causality.changes().get(beginning(&causality, texts.first()))?;
        let body = texts.first().and_then(|body| doc.text(body).ok()).unwrap_or_default();
        let others = texts.iter().skip(1).filter_map(|other| doc.text(other).ok()).filter(|other| *other != body);
        let contested = Field::ALL.into_iter().filter(|field| root.is_contested(field.key()));
        Some(Self {
            ticket: tickets.next(),
            other_tickets: tickets.collect(),
            original: texts.first().and_then(|body| doc.text_at(body, &[first.hash]).ok()).unwrap_or_default(),
            other_texts: others.collect(),
            body,
            fields: Field::ALL.into_iter().filter_map(|field| Some((field, root.text(field.key())?))).collect(),
            conflicts: contested.filter_map(|field| conflict(document, &causality, field)).collect(),
            state: root.text("state"),
            filed: first.stamp.clone(),
            changed: causality.changes().iter().map(|change| &change.stamp).fold(&first.stamp, newer).clone(),
            steps: steps(document, &causality),
            satisfaction: root.int("satisfaction"),
            has_contact: root.bool("contact") == Some(true),
            attachments: attachments(document),
            extra: extra(document),
        })
    }

    /// Every number by which it is found, the one that is shown first.
    pub fn tickets(&self) -> impl Iterator<Item = Ticket> {
        self.ticket.into_iter().chain(self.other_tickets.iter().copied())
    }

    /// What the person who spoke last thought of the answer.
    pub fn evaluation(&self) -> Option<Evaluation> {
        self.steps.iter().rev().find_map(|step| step.evaluation)
    }

    /// A field, or nothing.
    pub fn field(&self, field: Field) -> &str {
        self.fields.get(&field).map_or("", String::as_str)
    }
}

/// What was said, piece by piece, each addition with its author.
pub fn passages(document: &Document) -> Vec<Passage> {
    let Some(body) = object_at(document, "body") else { return Vec::new() };
    let doc = &document.inner;
    let causality = Causality::of(document);
    let first = beginning(&causality, Some(&body));
    let mut passages: Vec<(usize, Passage)> = Vec::new();
    for (index, character) in doc.text(&body).unwrap_or_default().chars().enumerate() {
        let place = doc.get_cursor(&body, index, None).ok().and_then(|cursor| {
            let name = cursor.to_string();
            let (counter, actor) = name.trim_start_matches('-').split_once('@')?;
            causality.place_of(&Actor::parse(actor)?, counter.parse().ok()?)
        });
        let place = place.unwrap_or(first);
        match passages.last_mut() {
            Some((last, passage)) if *last == place => passage.text.push(character),
            Some(_) | None => {
                let added = (place != first).then(|| causality.changes()[place].stamp.clone());
                passages.push((place, Passage { text: character.to_string(), added }));
            }
        }
    }
    passages.into_iter().map(|(_, passage)| passage).collect()
}

/// The numbers of an opinion, the one that is shown first: of each who began it the last they said.
fn tickets(document: &Document) -> Vec<Ticket> {
    let (mut tickets, mut givers) = (Vec::new(), Vec::new());
    for (value, id) in said_by_beginners(document, "ticket") {
        let ticket = text_of(&document.inner, &value, &id).and_then(|digits| Ticket::parse(&digits).ok());
        let giver = maker(&id).cloned();
        if let Some(ticket) = ticket.filter(|ticket| !tickets.contains(ticket) && !givers.contains(&giver)) {
            tickets.push(ticket);
            givers.push(giver);
        }
    }
    tickets
}

/// The place in the history of the change that began this text. Where two began one opinion, the one that came first is
/// another on every device.
fn beginning(causality: &Causality, body: Option<&ObjId>) -> usize {
    body.and_then(|body| place_of_object(causality, body)).unwrap_or(0)
}

fn steps(document: &Document, causality: &Causality) -> Vec<Step> {
    let doc = &document.inner;
    let mut items = Vec::new();
    let lists = objects_at(document, "steps");
    for item in lists.iter().flat_map(|list| doc.list_range(list, ..)) {
        let (item, Value::Object(ObjType::Map)) = (item.id(), item.value.into_value()) else { continue };
        items.extend(place_of_object(causality, &item).map(|place| (place, item)));
    }
    // Begun in two places it has two lists, and who knows both writes into the first: each step stands behind all that it
    // knows, by list and place where that says nothing.
    if lists.len() > 1 {
        items.sort_by_key(|(place, _)| causality.known_by(*place));
    }
    let mut places: Vec<usize> = Vec::new();
    let mut steps = Vec::new();
    for (place, item) in items {
        let change = &causality.changes()[place];
        let unaware_of = places
            .iter()
            .enumerate()
            .filter(|(_, earlier)| !causality.knows(place, **earlier))
            .map(|(index, _)| index)
            .collect();
        places.push(place);
        let item = Entries::of(doc, &item);
        steps.push(Step {
            act: item.text("act").unwrap_or_default(),
            note: item.text("note").unwrap_or_default(),
            state: item.text("state"),
            stamp: Stamp {
                by: item.text("by").unwrap_or_else(|| change.stamp.by.clone()),
                at: item.int("at").map_or(change.stamp.at, UnixSeconds),
            },
            actor: change.actor,
            source: item.text("source").and_then(|source| DocId::parse(&source)),
            evaluation: evaluation_of(&item),
            recording: recording_of(&item),
            ink: item.text("ink").map(|hash| Drawing { hash }),
            unaware_of,
        });
    }
    steps
}

fn evaluation_of(step: &Entries<'_>) -> Option<Evaluation> {
    let evaluation = Evaluation { satisfied: step.bool("satisfied"), solved: step.bool("solved") };
    (evaluation != Evaluation::default()).then_some(evaluation)
}

fn recording_of(step: &Entries<'_>) -> Option<Recording> {
    let seconds = step.int("seconds").and_then(|seconds| seconds.try_into().ok()).unwrap_or_default();
    step.text("recording").map(|hash| Recording { hash, seconds })
}

fn conflict(document: &Document, causality: &Causality, field: Field) -> Option<Conflict> {
    let doc = &document.inner;
    let all = doc.get_all(ROOT, field.key()).ok()?;
    if all.len() < 2 {
        return None;
    }
    // Automerge shows the last of `get_all` meanwhile.
    let mut values: Vec<(String, Stamp)> = all
        .into_iter()
        .rev()
        .filter_map(|(value, id)| {
            let stamp = place_of_object(causality, &id).map(|place| causality.changes()[place].stamp.clone())?;
            Some((text_of(doc, &value, &id)?, stamp))
        })
        .collect();
    let first = values.first()?.0.clone();
    let differ = values.iter().any(|(value, _)| *value != first);
    values.dedup();
    differ.then_some(Conflict { field, values })
}

/// What stands beside the words. A line that this program cannot read is passed over.
fn attachments(document: &Document) -> Vec<Attached> {
    let doc = &document.inner;
    let mut found: Vec<Attached> = Vec::new();
    for list in objects_at(document, "attachments") {
        for index in 0..doc.length(&list) {
            let Ok(Some((Value::Object(ObjType::Map), item))) = doc.get(&list, index) else { continue };
            let Ok(Some((id, _))) = doc.get(&item, "id") else { continue };
            let Some(id) = id.as_bytes().and_then(AttachmentId::from_slice) else { continue };
            let Some(kind) = int_at(doc, &item, "kind").and_then(|kind| u8::try_from(kind).ok()) else { continue };
            let seconds = int_at(doc, &item, "seconds").and_then(|seconds| u32::try_from(seconds).ok());
            if found.iter().all(|known| known.id != id) {
                found.push(Attached { id, kind: AttachmentKind::from_number(kind), seconds });
            }
        }
    }
    found
}

/// As whom an opinion was begun; nobody, if it is none.
pub(crate) fn begun_by(document: &Document) -> Vec<ActorId> {
    let doc = &document.inner;
    let words = doc.get_all(ROOT, "type").unwrap_or_default().into_iter();
    let of_opinions = words.filter(|(value, id)| text_of(doc, value, id).as_deref() == Some(Kind::Opinion.word()));
    of_opinions.filter_map(|(_, id)| maker(&id).cloned()).collect()
}

/// Everything in it that is only added to: its text, its steps, and what stands beside the words.
pub(crate) fn growing_parts(document: &Document) -> Vec<ObjId> {
    let doc = &document.inner;
    let mut parts = objects_at(document, "body");
    for list in ["steps", "attachments"].into_iter().flat_map(|key| objects_at(document, key)) {
        parts.extend(doc.list_range(&list, ..).map(|item| item.id()));
        parts.push(list);
    }
    parts
}

fn maker(object: &ObjId) -> Option<&ActorId> {
    match object {
        ObjId::Root => None,
        ObjId::Id(_, actor, _) => Some(actor),
    }
}

fn extra(document: &Document) -> BTreeMap<String, String> {
    let doc = &document.inner;
    let Some(extra) = object_at(document, "extra") else { return BTreeMap::new() };
    doc.keys(&extra).filter_map(|key| Some((key.clone(), text_at(doc, &extra, &key)?))).collect()
}

fn object_at(document: &Document, key: &str) -> Option<ObjId> {
    objects_at(document, key).into_iter().next()
}

/// The object under `key`, and behind it those that were made for it at the same time elsewhere. What somebody made who did
/// not begin the opinion is no part of it: the gate does not keep it whole.
fn objects_at(document: &Document, key: &str) -> Vec<ObjId> {
    said_by_beginners(document, key).into_iter().filter(|(value, _)| value.is_object()).map(|(_, id)| id).collect()
}

/// What those said under `key` as whom the opinion was begun, the one that is shown first.
fn said_by_beginners<'a>(document: &'a Document, key: &str) -> Vec<(Value<'a>, ObjId)> {
    let began = begun_by(document);
    // Automerge shows the last of `get_all`.
    let all = document.inner.get_all(ROOT, key).unwrap_or_default().into_iter().rev();
    all.filter(|(_, id)| maker(id).is_some_and(|maker| began.contains(maker))).collect()
}

fn check_fields(fields: &BTreeMap<Field, String>) -> Result<(), DocumentError> {
    fields.values().try_for_each(|value| check_chars(value, FIELD_CHARS_MAX, "a field is longer than 200 characters"))
}

fn check_attachments(attachments: &[Attached]) -> Result<(), DocumentError> {
    if attachments.len() > ATTACHMENTS_MAX {
        return Err(DocumentError::Limit("a record has at most 4 attachments"));
    }
    if attachments.iter().any(|attached| attached.seconds.is_some_and(|seconds| seconds > VOICE_SECONDS_MAX)) {
        return Err(DocumentError::Limit("the recording is longer than 60 seconds"));
    }
    Ok(())
}

fn check_chars(text: &str, max: usize, refusal: &'static str) -> Result<(), DocumentError> {
    if text.chars().count() > max { Err(DocumentError::Limit(refusal)) } else { Ok(()) }
}

/// The later of two stamps by their own clocks; whose name is greater if they are equal, so that the order in which changes
/// arrived says nothing.
fn newer<'a>(one: &'a Stamp, other: &'a Stamp) -> &'a Stamp {
    if (other.at, &other.by) > (one.at, &one.by) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Offer, Verdict, admit};

    const STATION: Actor = Actor::new([1; 16]);
    const DEPUTY: Actor = Actor::new([2; 16]);

    fn at(by: &str, seconds: i64) -> Stamp {
        Stamp::new(by, UnixSeconds(seconds))
    }

    fn offer(actor: Actor, seconds: i64, payload: &[u8]) -> Offer<'_> {
        Offer { actor, at: UnixSeconds(seconds), payload }
    }

    fn step(act: &str) -> Edit {
        Edit { step: Some(NewStep { act: act.into(), ..NewStep::default() }), ..Edit::default() }
    }

    #[test]
    fn an_addition_is_known_by_its_author_and_the_first_words_stay() {
        let new = NewOpinion { body: "桥坏了".into(), ..NewOpinion::default() };
        let (mut document, _) = file(STATION, &at("st-01", 10), &new).unwrap();
        add(&mut document, DEPUTY, &at("dep-7", 20), "，老人过不去").unwrap().unwrap();
        let opinion = Opinion::read(&document).unwrap();
        assert_eq!((opinion.original.as_str(), opinion.body.as_str()), ("桥坏了", "桥坏了，老人过不去"));
        let passages = passages(&document);
        assert_eq!(passages[0], Passage { text: "桥坏了".into(), added: None });
        assert_eq!(passages[1], Passage { text: "，老人过不去".into(), added: Some(at("dep-7", 20)) });
    }

    #[test]
    fn steps_taken_in_ignorance_of_each_other_say_so() {
        let (mut here, first) = file(STATION, &at("st-01", 10), &NewOpinion::default()).unwrap();
        let mut there = Document::empty();
        admit(&mut there, &[offer(STATION, 10, &first)]);
        edit(&mut here, STATION, &at("st-01", 20), &step("受理")).unwrap().unwrap();
        let other = edit(&mut there, DEPUTY, &at("dep-7", 5), &step("退回")).unwrap().unwrap();
        assert_eq!(admit(&mut here, &[offer(DEPUTY, 5, &other)]), [Verdict::Admitted]);
        edit(&mut here, STATION, &at("st-01", 30), &step("裁定")).unwrap().unwrap();
        let steps = Opinion::read(&here).unwrap().steps;
        assert_eq!(steps.len(), 3);
        assert_eq!(steps[1].unaware_of, [0]);
        assert!(steps[2].unaware_of.is_empty());
        assert_eq!(steps.iter().find(|step| step.act == "退回").unwrap().stamp, at("dep-7", 5));
    }

    #[test]
    fn the_newest_change_is_the_same_in_whatever_order_changes_arrived() {
        let (mut here, first) = file(STATION, &at("st-01", 10), &NewOpinion::default()).unwrap();
        let mut there = Document::empty();
        admit(&mut there, &[offer(STATION, 10, &first)]);
        let later = edit(&mut here, STATION, &at("st-01", 30), &step("受理")).unwrap().unwrap();
        let sooner = edit(&mut there, DEPUTY, &at("dep-7", 20), &step("走访")).unwrap().unwrap();
        admit(&mut here, &[offer(DEPUTY, 20, &sooner)]);
        admit(&mut there, &[offer(STATION, 30, &later)]);
        let [here, there] = [&here, &there].map(|document| Opinion::read(document).unwrap());
        assert_eq!(here.changed, at("st-01", 30));
        assert_eq!(here, there);
    }

    #[test]
    fn fields_set_at_the_same_time_keep_both_values() {
        let (mut here, first) = file(STATION, &at("st-01", 10), &NewOpinion::default()).unwrap();
        let mut there = Document::empty();
        admit(&mut there, &[offer(STATION, 10, &first)]);
        let topic = |value: &str| Edit { fields: [(Field::Topic, value.to_owned())].into(), ..Edit::default() };
        edit(&mut here, STATION, &at("st-01", 20), &topic("教育")).unwrap().unwrap();
        let other = edit(&mut there, DEPUTY, &at("dep-7", 20), &topic("治安")).unwrap().unwrap();
        admit(&mut here, &[offer(DEPUTY, 20, &other)]);
        let conflict = Opinion::read(&here).unwrap().conflicts.remove(0);
        let values: std::collections::BTreeSet<_> = conflict.values.iter().map(|(value, _)| value.as_str()).collect();
        assert_eq!(values, ["教育", "治安"].into());
        edit(&mut here, STATION, &at("st-01", 30), &topic("教育")).unwrap().unwrap();
        assert!(Opinion::read(&here).unwrap().conflicts.is_empty());
    }

    #[test]
    fn one_opinion_begun_in_two_places_keeps_both_texts_and_all_steps() {
        let new = |body: &str| NewOpinion { body: body.into(), ..NewOpinion::default() };
        let (mut here, _) = file(STATION, &at("st-01", 10), &new("桥坏了")).unwrap();
        edit(&mut here, STATION, &at("st-01", 20), &step("受理")).unwrap().unwrap();
        let (mut there, first) = file(DEPUTY, &at("dep-7", 10), &new("桥断了")).unwrap();
        let second = edit(&mut there, DEPUTY, &at("dep-7", 20), &step("走访")).unwrap().unwrap();
        admit(&mut here, &[offer(DEPUTY, 10, &first), offer(DEPUTY, 20, &second)]);
        let opinion = Opinion::read(&here).unwrap();
        let mut texts = vec![opinion.body.as_str(), opinion.other_texts[0].as_str()];
        texts.sort_unstable();
        assert_eq!(texts, ["桥坏了", "桥断了"]);
        assert_eq!(opinion.steps.len(), 2);
    }

    /// Who wrote it, when, and what.
    type Payload = (Actor, i64, Vec<u8>);

    /// One file, entered on two devices of a village, and what each wrote of it. Either of the lists is the one shown first.
    fn begun_twice(here_first: &[&str], there_first: &[&str]) -> Vec<[Vec<Payload>; 2]> {
        let begun = |actor: Actor, acts: &[&str]| {
            let new = NewOpinion { body: "桥坏了".into(), ..NewOpinion::default() };
            let (mut document, first) = file(actor, &at("village", 10), &new).unwrap();
            let mut payloads = vec![(actor, 10, first)];
            for (seconds, act) in (11..).zip(acts) {
                let payload = edit(&mut document, actor, &at("village", seconds), &step(act)).unwrap().unwrap();
                payloads.push((actor, seconds, payload));
            }
            payloads
        };
        let pair = |one, other| [begun(one, here_first), begun(other, there_first)];
        vec![pair(STATION, DEPUTY), pair(DEPUTY, STATION)]
    }

    fn merged<'a>(parts: impl IntoIterator<Item = &'a Vec<Payload>>) -> Document {
        let mut document = Document::empty();
        for (actor, seconds, payload) in parts.into_iter().flatten() {
            assert_eq!(admit(&mut document, &[offer(*actor, *seconds, payload)]), [Verdict::Admitted]);
        }
        document
    }

    const COUNTY: Actor = Actor::new([3; 16]);

    /// Every later step stood before what the other device had begun with, and the state never moved again.
    #[test]
    fn an_opinion_begun_in_two_places_moves_on_and_is_closed_like_any_other() {
        let codebook = crate::codebook::Codebook::parse(crate::codebook::tests::SMALL).unwrap();
        for [here, there] in begun_twice(&["受理"], &["受理", "走访"]) {
            let mut document = merged([&here, &there]);
            assert_eq!(crate::workflow::fold(&codebook, &Opinion::read(&document).unwrap()).clashes.len(), 1);
            let mut later = Vec::new();
            for (seconds, act) in [(30, "裁定"), (31, "答复"), (32, "销号")] {
                let note = NewStep { act: act.into(), note: "修好了".into(), ..NewStep::default() };
                let change = Edit { step: Some(note), ..Edit::default() };
                let payload = edit(&mut document, COUNTY, &at("县", seconds), &change).unwrap().unwrap();
                later.push((COUNTY, seconds, payload));
            }
            let opinion = Opinion::read(&document).unwrap();
            assert_eq!(
                opinion.steps.iter().map(|step| step.act.as_str()).collect::<Vec<_>>()[3..],
                ["裁定", "答复", "销号"]
            );
            let standing = crate::workflow::fold(&codebook, &opinion);
            assert_eq!((standing.state.as_str(), standing.answer.unwrap().text.as_str()), ("已销号", "修好了"));
            assert!(standing.clashes.is_empty() && opinion.steps[3..].iter().all(|step| step.unaware_of.is_empty()));
            for order in [[&here, &there, &later], [&there, &here, &later]] {
                let elsewhere = merged(order);
                assert_eq!(Opinion::read(&elsewhere).unwrap(), opinion, "whichever came first");
                assert_eq!(passages(&elsewhere), [Passage { text: "桥坏了".into(), added: None }]);
            }
        }
    }

    #[test]
    fn steps_of_one_list_stay_where_they_stand_whatever_each_knew() {
        let (mut here, first) = file(STATION, &at("st-01", 10), &NewOpinion::default()).unwrap();
        let mut there = Document::empty();
        admit(&mut there, &[offer(STATION, 10, &first)]);
        // The greater author stands first, though it knows more.
        for (seconds, act) in [(5, "走访"), (6, "退回")] {
            let payload = edit(&mut there, DEPUTY, &at("dep-7", seconds), &step(act)).unwrap().unwrap();
            admit(&mut here, &[offer(DEPUTY, seconds, &payload)]);
        }
        let mut apart = Document::empty();
        admit(&mut apart, &[offer(STATION, 10, &first)]);
        let payload = edit(&mut apart, COUNTY, &at("县", 20), &step("受理")).unwrap().unwrap();
        assert_eq!(admit(&mut here, &[offer(COUNTY, 20, &payload)]), [Verdict::Admitted]);
        let list = object_at(&here, "steps").unwrap();
        let as_they_stand: Vec<String> = (0..here.inner.length(&list))
            .map(|place| {
                let (_, item) = here.inner.get(&list, place).unwrap().unwrap();
                text_at(&here.inner, &item, "act").unwrap()
            })
            .collect();
        let steps = Opinion::read(&here).unwrap().steps;
        assert_eq!(steps.iter().map(|step| step.act.clone()).collect::<Vec<_>>(), as_they_stand);
        assert_eq!(as_they_stand.len(), 3);
    }

    #[test]
    fn an_opinion_that_was_only_spoken_names_its_voice_by_its_hash() {
        let voice = Attached { id: AttachmentId::new([5; 32]), kind: AttachmentKind::Voice, seconds: Some(23) };
        let other = Attached { id: AttachmentId::new([6; 32]), kind: AttachmentKind::Unknown(9), seconds: None };
        let spoken = |attachments: Vec<Attached>| {
            file(STATION, &at("st-01", 1), &NewOpinion { attachments, ..NewOpinion::default() })
        };
        let (_, payload) = spoken(vec![voice, other]).unwrap();
        let mut there = Document::empty();
        assert_eq!(admit(&mut there, &[offer(STATION, 1, &payload)]), [Verdict::Admitted]);
        let opinion = Opinion::read(&there).unwrap();
        assert_eq!((opinion.body.as_str(), opinion.attachments), ("", vec![voice, other]));
        assert!(matches!(spoken(vec![voice; ATTACHMENTS_MAX + 1]), Err(DocumentError::Limit(_))));
        let long = Attached { seconds: Some(VOICE_SECONDS_MAX + 1), ..voice };
        assert!(matches!(spoken(vec![long]), Err(DocumentError::Limit(_))));
    }

    #[test]
    fn too_long_a_text_is_refused_with_the_limit() {
        let new = NewOpinion { body: "路".repeat(BODY_CHARS_MAX + 1), ..NewOpinion::default() };
        assert!(matches!(file(STATION, &at("st-01", 1), &new), Err(DocumentError::Limit(_))));
    }
}
