//! One small Automerge document and the one way in which this program changes it.
//!
//! Every change carries who made it (the message) and when their clock said so (the time). Reading a document never
//! fails half-way: what a newer program wrote and this one does not know is carried along untouched.

use std::collections::BTreeMap;

use automerge::{
    ActorId, Automerge, AutomergeError, ChangeHash, ObjId, ObjType, ReadDoc, ScalarValue, Value,
    transaction::{CommitOptions, Transactable, Transaction},
};
use serde::{Deserialize, Serialize};

use crate::{
    gate::{History, TIME_MAX},
    id::Actor,
    payload::{self, Known},
    time::UnixSeconds,
};

/// Longest snapshot; a document that would outgrow it takes no further change.
pub const SNAPSHOT_LEN_MAX: usize = 1024 * 1024;
/// Most changes of one document.
pub const CHANGES_MAX: usize = 2_000;
/// Most different writers of one document.
pub const ACTORS_MAX: usize = 64;
/// Operations after which a document takes no further change: reading them all takes some tens of milliseconds.
pub const OPERATIONS_MAX: u64 = 50_000;

/// The kinds of document. The word is stored in the document and in every table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 意见
    Opinion,
    /// 走访
    Visit,
    /// 回执
    Slip,
    /// 公示
    Notice,
    /// 联络站 and its 接待日
    Station,
    /// 代表
    Deputy,
    /// 征求民意
    Consultation,
    /// 票选
    Vote,
    /// 公开事项: an opinion on the notice board
    Matter,
    /// Written by a newer program: kept and passed on, not shown.
    Unknown,
}

impl Kind {
    /// Every kind that this program knows.
    pub const ALL: [Kind; 9] = [
        Kind::Opinion,
        Kind::Visit,
        Kind::Slip,
        Kind::Notice,
        Kind::Station,
        Kind::Deputy,
        Kind::Consultation,
        Kind::Vote,
        Kind::Matter,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Opinion => "opinion",
            Kind::Visit => "visit",
            Kind::Slip => "slip",
            Kind::Notice => "notice",
            Kind::Station => "station",
            Kind::Deputy => "deputy",
            Kind::Consultation => "consultation",
            Kind::Vote => "vote",
            Kind::Matter => "matter",
            Kind::Unknown => "unknown",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(Kind::Unknown)
    }
}

/// Who made a change, and when by their own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The author as the record names them: a station, a deputy, an operator.
    pub by: String,
    /// Their device's clock, right or wrong.
    pub at: UnixSeconds,
}

impl Stamp {
    /// A stamp of `by` at `at`.
    pub fn new(by: impl Into<String>, at: UnixSeconds) -> Self {
        Self { by: by.into(), at }
    }
}

/// Why a document could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The snapshot on this disk is damaged: rebuild it from the log.
    #[error("snapshot of the document is damaged")]
    Damaged(#[source] Box<AutomergeError>),
    /// The change would break a limit of the record.
    #[error("{0}")]
    Limit(&'static str),
    /// Automerge refused a change of our own: a fault of this program.
    #[error("document could not be changed")]
    Failed(#[source] Box<AutomergeError>),
}

/// A document in memory.
#[derive(Clone)]
pub struct Document {
    pub(crate) inner: Automerge,
}

/// One change of the history, by its author.
pub(crate) struct ChangeMeta {
    pub(crate) actor: Actor,
    pub(crate) seq: u64,
    pub(crate) ops: std::ops::RangeInclusive<u64>,
    pub(crate) hash: ChangeHash,
    pub(crate) deps: Vec<ChangeHash>,
    pub(crate) stamp: Stamp,
}

impl Document {
    /// A document that nobody has written yet.
    #[expect(clippy::disallowed_methods, reason = "the random actor is replaced before anything is written")]
    pub fn empty() -> Self {
        Self { inner: Automerge::new().with_actor(ActorId::from([0u8; 16])) }
    }

    /// Reads a snapshot that this installation itself made. Bytes from outside go through [`crate::gate`].
    pub fn load(snapshot: &[u8]) -> Result<Self, DocumentError> {
        Automerge::load(snapshot).map(|inner| Self { inner }).map_err(|error| DocumentError::Damaged(Box::new(error)))
    }

    /// The document as bytes for this installation's own cache. Not canonical: compare heads and values, never these.
    pub fn snapshot(&self) -> Vec<u8> {
        self.inner.save()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.inner.get_heads().is_empty()
    }

    /// What kind of document this is. Where several began it, the first of [`Kind::ALL`] that one of them says: nobody makes
    /// an opinion vanish by saying another word beside it.
    pub fn kind(&self) -> Kind {
        let words = self.inner.get_all(automerge::ROOT, "type").unwrap_or_default();
        let kinds = words.iter().filter_map(|(value, id)| Some(Kind::parse(&text_of(&self.inner, value, id)?)));
        kinds.min().unwrap_or(Kind::Unknown)
    }

    /// The newest changes, none of which another one follows, as 32-byte hashes in order: equal heads, equal document.
    pub fn heads(&self) -> Vec<[u8; 32]> {
        let mut heads: Vec<_> = self.inner.get_heads().iter().map(|hash| hash.0).collect();
        heads.sort_unstable();
        heads
    }

    /// As whom it was begun; by more than one where they did not know of each other.
    pub fn begun_by(&self) -> Vec<Actor> {
        self.history().into_iter().filter(|change| change.deps.is_empty()).map(|change| change.actor).collect()
    }

    /// Makes one change as `actor` and returns its payload, for an entry of the stamp's time; `None` if nothing differs.
    pub(crate) fn change(
        &mut self,
        actor: Actor,
        stamp: &Stamp,
        edit: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
    ) -> Result<Option<Vec<u8>>, DocumentError> {
        if stamp.by.len() > payload::MESSAGE_LEN_MAX {
            return Err(DocumentError::Limit("the author's name is too long"));
        }
        if stamp.at.0.unsigned_abs() > TIME_MAX {
            return Err(DocumentError::Limit("the time lies beyond every calendar"));
        }
        let history = History::of(&self.inner);
        if !history.has_room(&actor) {
            return Err(DocumentError::Limit("the record has been changed too often"));
        }
        self.inner.set_actor(ActorId::from(actor.as_bytes()));
        let options = CommitOptions::default().with_message(stamp.by.clone()).with_time(stamp.at.0);
        let done = self
            .inner
            .transact_with(|_: &()| options, edit)
            .map_err(|failure| DocumentError::Failed(Box::new(failure.error)))?;
        if done.hash.is_none() {
            return Ok(None);
        }
        let change = self.inner.get_last_local_change().ok_or(DocumentError::Limit("the change is not to be found"))?;
        let own_last = history.by(&actor).last().copied();
        let first_op = history.past(change.deps()).map(|past| past.first_op()).unwrap_or_default();
        payload::pack(&change, &Known { actor, at: stamp.at, own_last, first_op })
            .map(Some)
            .map_err(|_| DocumentError::Limit("the record is too long"))
    }

    /// All changes, each after those it depends on.
    pub(crate) fn history(&self) -> Vec<ChangeMeta> {
        self.inner
            .get_changes_meta(&[])
            .into_iter()
            .map(|meta| ChangeMeta {
                actor: Actor::from_slice(meta.actor.to_bytes()).unwrap_or(Actor::new([0; 16])),
                seq: meta.seq,
                ops: meta.start_op..=meta.max_op,
                hash: meta.hash,
                stamp: Stamp::new(meta.message.as_deref().unwrap_or_default(), UnixSeconds(meta.timestamp)),
                deps: meta.deps,
            })
            .collect()
    }
}

/// What each change had seen, by which one can ask whether one step was taken in ignorance of another.
pub(crate) struct Causality {
    changes: Vec<ChangeMeta>,
    /// For each change the highest sequence number of every actor that it follows or is; empty while history is a line.
    clocks: Vec<BTreeMap<Actor, u64>>,
}

impl Causality {
    pub(crate) fn of(document: &Document) -> Self {
        let changes = document.history();
        let is_line = changes.windows(2).all(|pair| pair[1].deps == [pair[0].hash]);
        let mut clocks: Vec<BTreeMap<Actor, u64>> = Vec::new();
        if !is_line {
            let mut place = BTreeMap::new();
            for (index, change) in changes.iter().enumerate() {
                let mut clock = BTreeMap::new();
                for seen in change.deps.iter().filter_map(|dep| place.get(dep)).map(|at: &usize| &clocks[*at]) {
                    for (actor, seq) in seen {
                        let known = clock.entry(*actor).or_insert(0);
                        *known = (*known).max(*seq);
                    }
                }
                clock.insert(change.actor, change.seq);
                clocks.push(clock);
                place.insert(change.hash, index);
            }
        }
        Self { changes, clocks }
    }

    pub(crate) fn changes(&self) -> &[ChangeMeta] {
        &self.changes
    }

    /// The change that made the operation `counter` of `actor`, by its place in the history.
    pub(crate) fn place_of(&self, actor: &Actor, counter: u64) -> Option<usize> {
        self.changes.iter().position(|change| change.actor == *actor && change.ops.contains(&counter))
    }

    /// How many changes the one at this place knows, with itself: more than each of those does, and as many on every device.
    pub(crate) fn known_by(&self, place: usize) -> u64 {
        self.clocks.get(place).map_or(place as u64 + 1, |clock| clock.values().sum())
    }

    /// Whether the change at place `later` was made knowing the one at place `earlier`.
    pub(crate) fn knows(&self, later: usize, earlier: usize) -> bool {
        match (self.clocks.get(later), self.changes.get(earlier)) {
            (Some(clock), Some(change)) => clock.get(&change.actor).is_some_and(|seq| *seq >= change.seq),
            (None, _) | (_, None) => earlier <= later,
        }
    }
}

/// The place of an object's creation in the history.
pub(crate) fn place_of_object(causality: &Causality, object: &ObjId) -> Option<usize> {
    match object {
        ObjId::Root => None,
        ObjId::Id(counter, actor, _) => causality.place_of(&Actor::from_slice(actor.to_bytes())?, *counter),
    }
}

/// The string (or text) under `key`, if there is one.
pub(crate) fn text_at(doc: &Automerge, object: &ObjId, key: &str) -> Option<String> {
    match doc.get(object, key) {
        Ok(Some((value, id))) => text_of(doc, &value, &id),
        Ok(None) | Err(_) => None,
    }
}

/// A value as a string, if it is a string or a text.
pub(crate) fn text_of(doc: &Automerge, value: &Value<'_>, id: &ObjId) -> Option<String> {
    match value {
        Value::Object(ObjType::Text) => doc.text(id).ok(),
        Value::Scalar(scalar) => scalar.as_str().map(str::to_owned),
        Value::Object(ObjType::Map | ObjType::List | ObjType::Table) => None,
    }
}

/// Everything in one map of a document, found in one pass: to ask for key after key searches for each of them.
pub(crate) struct Entries<'a> {
    doc: &'a Automerge,
    by_key: BTreeMap<String, Entry>,
}

struct Entry {
    value: Value<'static>,
    id: ObjId,
    is_contested: bool,
}

impl<'a> Entries<'a> {
    pub(crate) fn of(doc: &'a Automerge, map: &ObjId) -> Self {
        let entries = doc.map_range(map, ..).map(|item| {
            let (key, id, is_contested) = (item.key.to_string(), item.id(), item.conflict);
            (key, Entry { value: item.value.into_value(), id, is_contested })
        });
        Self { doc, by_key: entries.collect() }
    }

    /// The string (or text) under `key`, if there is one.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.by_key.get(key).and_then(|entry| text_of(self.doc, &entry.value, &entry.id))
    }

    /// The integer under `key`, if there is one.
    pub(crate) fn int(&self, key: &str) -> Option<i64> {
        self.by_key.get(key).and_then(|entry| entry.value.as_i64())
    }

    /// The truth value under `key`, if there is one.
    pub(crate) fn bool(&self, key: &str) -> Option<bool> {
        self.by_key.get(key).and_then(|entry| entry.value.as_bool())
    }

    /// Whether `key` has more than one value.
    pub(crate) fn is_contested(&self, key: &str) -> bool {
        self.by_key.get(key).is_some_and(|entry| entry.is_contested)
    }
}

/// The integer under `key`, if there is one.
pub(crate) fn int_at(doc: &Automerge, object: &ObjId, key: &str) -> Option<i64> {
    match doc.get(object, key) {
        Ok(Some((value, _))) => value.as_i64(),
        Ok(None) | Err(_) => None,
    }
}

/// The bytes under `key`, if there are some.
pub(crate) fn bytes_at(doc: &Automerge, object: &ObjId, key: &str) -> Option<Vec<u8>> {
    doc.get(object, key).ok().flatten().and_then(|(value, _)| value.into_bytes().ok())
}

/// Sets a string under `key`, unless it is there already: an edit that changes nothing makes no conflict.
pub(crate) fn set_text(tx: &mut Transaction<'_>, object: &ObjId, key: &str, value: &str) -> Result<(), AutomergeError> {
    let all = tx.get_all(object, key)?;
    let is_same = matches!(&all[..], [(Value::Scalar(scalar), _)] if scalar.as_str() == Some(value));
    if is_same { Ok(()) } else { tx.put(object, key, ScalarValue::Str(value.into())) }
}
