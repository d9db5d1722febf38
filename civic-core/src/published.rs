//! What the county publishes, and how it is kept: each record one small document in the county's public space, written
//! by the hub alone and read by every device.
//!
//! A record is a plain struct; its document is the same tree of maps, lists and scalars, beside the `type`:
//!
//! ```text
//! type "notice" · key "water-2026-11" · title … · areas ["990127101"] · shown {from, until} · …
//! ```
//!
//! Written strictly: [`Published::check`] refuses what contradicts itself before it is written, and only what differs is
//! written. Read leniently: what is missing is empty, and what a newer program wrote and this one does not know is
//! neither shown nor touched.

use automerge::{
    Automerge, AutomergeError, ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue, transaction::Transactable,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    area::Area,
    codebook::Codebook,
    document::{Document, DocumentError, Kind, Stamp},
    id::{Actor, DocId},
    time::Period,
};

/// Longest key, in characters.
pub const KEY_CHARS_MAX: usize = 40;
/// Longest title, name or choice, in characters.
pub const TITLE_CHARS_MAX: usize = 80;
/// Longest text, in characters: what a person reads standing up, and hears read out in some eight minutes.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Maps and lists within each other; deeper ones are not read.
const DEPTH_MAX: usize = 6;

/// A record that the county publishes.
pub trait Published: Clone + Default + PartialEq + Serialize + DeserializeOwned {
    /// The kind of its document.
    const KIND: Kind;
    /// The name by which publishing it again finds it again.
    fn key(&self) -> &str;
    /// For whom it is: every place that one of these covers.
    fn areas(&self) -> &[Area];
    /// Whether the county took it back: it is shown nowhere.
    fn is_withdrawn(&self) -> bool;
    /// Whether it can be published; the reason names the field.
    fn check(&self, codebook: &Codebook) -> Result<(), String>;

    /// Whether it is for `place`, and was not taken back.
    fn is_for(&self, place: &Area) -> bool {
        !self.is_withdrawn() && self.areas().iter().any(|area| area.covers(place))
    }
}

/// The document of the record with this key.
pub fn id_of(kind: Kind, key: &str) -> DocId {
    let mut bytes = [0; 16];
    let mut hasher = blake3::Hasher::new_derive_key("huiyin published id v1");
    hasher.update(kind.word().as_bytes()).update(&[0]).update(key.as_bytes()).finalize_xof().fill(&mut bytes);
    DocId::new(bytes)
}

/// Reads a record; `None` if the document is of another kind, or is not of this shape.
pub fn read<T: Published>(document: &Document) -> Option<T> {
    if document.kind() != T::KIND {
        return None;
    }
    serde_json::from_value(Value::Object(map_at(&document.inner, &ROOT, 0))).ok()
}

/// Brings `document` to say what `record` says; `None` if it does already.
pub fn write<T: Published>(
    document: &mut Document,
    actor: Actor,
    stamp: &Stamp,
    record: &T,
) -> Result<Option<Vec<u8>>, DocumentError> {
    let Ok(Value::Object(tree)) = serde_json::to_value(record) else {
        return Err(DocumentError::Limit("the record cannot be written as a tree"));
    };
    let is_new = document.is_empty();
    document.change(actor, stamp, |tx| {
        if is_new {
            tx.put(ROOT, "type", T::KIND.word())?;
        }
        tree.iter().try_for_each(|(key, value)| put(tx, &ROOT, Prop::Map(key.clone()), value))
    })
}

/// The fields in which two records differ, by name.
pub fn differences<T: Published>(before: &T, after: &T) -> Vec<String> {
    let (Ok(Value::Object(before)), Ok(Value::Object(after))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Vec::new();
    };
    after.into_iter().filter(|(key, value)| before.get(key) != Some(value)).map(|(key, _)| key).collect()
}

fn map_at(doc: &Automerge, object: &ObjId, depth: usize) -> Map<String, Value> {
    let fields = doc.keys(object).map(|key| (key.clone(), value_at(doc, object, Prop::Map(key), depth)));
    fields.filter(|(_, value)| !value.is_null()).collect()
}

fn value_at(doc: &Automerge, object: &ObjId, prop: Prop, depth: usize) -> Value {
    match doc.get(object, prop) {
        Ok(Some((automerge::Value::Object(_), _))) if depth >= DEPTH_MAX => Value::Null,
        Ok(Some((automerge::Value::Object(ObjType::Map), id))) => Value::Object(map_at(doc, &id, depth + 1)),
        Ok(Some((automerge::Value::Object(ObjType::List), id))) => {
            let items = (0..doc.length(&id)).map(|place| value_at(doc, &id, Prop::Seq(place), depth + 1));
            Value::Array(items.filter(|value| !value.is_null()).collect())
        }
        Ok(Some((automerge::Value::Scalar(scalar), _))) => match scalar.as_ref() {
            ScalarValue::Str(text) => Value::String(text.to_string()),
            ScalarValue::Int(number) => Value::from(*number),
            ScalarValue::Boolean(flag) => Value::Bool(*flag),
            ScalarValue::Bytes(_)
            | ScalarValue::Uint(_)
            | ScalarValue::F64(_)
            | ScalarValue::Counter(_)
            | ScalarValue::Timestamp(_)
            | ScalarValue::Unknown { .. }
            | ScalarValue::Null => Value::Null,
        },
        Ok(Some((automerge::Value::Object(ObjType::Text | ObjType::Table), _)) | None) | Err(_) => Value::Null,
    }
}

/// Whether a value says nothing: it takes no room in a document, and reads as what is missing.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_nothing),
    }
}

/// Sets what differs.
fn put(
    tx: &mut automerge::transaction::Transaction<'_>,
    object: &ObjId,
    prop: Prop,
    value: &Value,
) -> Result<(), AutomergeError> {
    let there = tx.get(object, prop.clone())?;
    let in_map = matches!(prop, Prop::Map(_));
    match value {
        value if in_map && is_nothing(value) => {
            if there.is_some() {
                tx.delete(object, prop)?;
            }
        }
        Value::Object(map) => {
            let id = match there {
                Some((automerge::Value::Object(ObjType::Map), id)) => id,
                Some(_) | None => tx.put_object(object, prop, ObjType::Map)?,
            };
            map.iter().try_for_each(|(key, value)| put(tx, &id, Prop::Map(key.clone()), value))?;
        }
        Value::Array(items) => {
            let id = match there {
                Some((automerge::Value::Object(ObjType::List), id)) => id,
                Some(_) | None => tx.put_object(object, prop, ObjType::List)?,
            };
            for place in (items.len()..tx.length(&id)).rev() {
                tx.delete(&id, place)?;
            }
            for (place, item) in items.iter().enumerate() {
                if place == tx.length(&id) {
                    match item {
                        Value::Object(_) => drop(tx.insert_object(&id, place, ObjType::Map)?),
                        Value::Array(_) => drop(tx.insert_object(&id, place, ObjType::List)?),
                        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                            tx.insert(&id, place, scalar(item))?;
                        }
                    }
                }
                put(tx, &id, Prop::Seq(place), item)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let scalar = scalar(value);
            let is_same = matches!(&there, Some((automerge::Value::Scalar(known), _)) if known.as_ref() == &scalar);
            if !is_same || tx.get_all(object, prop.clone())?.len() > 1 {
                tx.put(object, prop, scalar)?;
            }
        }
    }
    Ok(())
}

fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::String(text) => ScalarValue::Str(text.as_str().into()),
        Value::Number(number) => number.as_i64().map_or(ScalarValue::Null, ScalarValue::Int),
        Value::Bool(flag) => ScalarValue::Boolean(*flag),
        Value::Null | Value::Array(_) | Value::Object(_) => ScalarValue::Null,
    }
}

/// Refuses a key that nobody could type or find again.
pub(crate) fn check_key(key: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    match key.chars().count() {
        1..=KEY_CHARS_MAX if key.chars().all(is_plain) => Ok(()),
        _ => Err(format!("key: it needs 1 to {KEY_CHARS_MAX} letters, digits, - _ or . and has {key:?}")),
    }
}

/// Refuses a text that is missing or too long.
pub(crate) fn check_text(field: &str, text: &str, most: usize) -> Result<(), String> {
    match text.chars().count() {
        0 => Err(format!("{field}: it is missing")),
        count if count > most => Err(format!("{field}: it has {count} characters, and {most} are the most")),
        _ => Ok(()),
    }
}

/// Refuses a text that is too long; it may be missing.
pub(crate) fn check_length(field: &str, text: &str, most: usize) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { check_text(field, text, most) }
}

/// Refuses a record for no place, or for one that has nothing to do with the county.
pub(crate) fn check_areas(areas: &[Area], codebook: &Codebook) -> Result<(), String> {
    let county = &codebook.county.area;
    match areas.iter().find(|area| !county.covers(area) && !area.covers(county)) {
        Some(area) => Err(format!("areas: {area} neither lies in {county} nor holds it")),
        None if areas.is_empty() => Err("areas: it is missing; for everybody, give the county's own code".into()),
        None => Ok(()),
    }
}

/// Refuses a word that is not one of the county's.
pub(crate) fn check_word<'a>(
    field: &str,
    word: &str,
    known: impl Iterator<Item = &'a String> + Clone,
) -> Result<(), String> {
    if known.clone().any(|known| known == word) {
        return Ok(());
    }
    let known: Vec<&str> = known.map(String::as_str).collect();
    Err(format!("{field}: {word:?} is not one of the county's words: {}", known.join(", ")))
}

/// Refuses a period that ends before it begins.
pub(crate) fn check_period(field: &str, period: &Period) -> Result<(), String> {
    if period.is_backwards() { Err(format!("{field}: it ends before it begins")) } else { Ok(()) }
}

/// Refuses too many.
pub(crate) fn check_count(field: &str, count: usize, most: usize) -> Result<(), String> {
    if count > most { Err(format!("{field}: {count}, and {most} are the most")) } else { Ok(()) }
}

/// Refuses a key that stands twice in one record.
pub(crate) fn check_unique<'a>(field: &str, keys: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut keys = keys;
    match keys.find(|key| !seen.insert(*key)) {
        Some(twice) => Err(format!("{field}: {twice:?} stands twice")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codebook::tests::SMALL,
        consultation::{Article, Asks, Consultation, Question},
        gate::{Offer, Verdict, admit},
        notice::Notice,
        time::{Day, UnixSeconds},
    };

    const HUB: Actor = Actor::new([1; 16]);

    fn stamp(at: i64) -> Stamp {
        Stamp::new("县", UnixSeconds(at))
    }

    fn consultation() -> Consultation {
        let article = |key: &str, text: &str| Article { key: key.into(), title: "条".into(), text: text.into() };
        Consultation {
            key: "rules".into(),
            title: "饮用水源保护办法".into(),
            areas: vec![Area::parse("990101").unwrap()],
            open: Period { from: Day::parse("2026-11-01"), until: None },
            articles: vec![article("1", "保护水源。"), article("2", "不倒垃圾。")],
            questions: vec![Question {
                key: "q".into(),
                asks: Asks::Single,
                text: "同意吗".into(),
                choices: vec!["同意".into(), "不同意".into()],
                ..Question::default()
            }],
            ..Consultation::default()
        }
    }

    #[test]
    fn a_record_comes_out_of_its_document_as_it_went_in_and_again_through_the_gate() {
        let consultation = consultation();
        assert_eq!(consultation.check(&Codebook::parse(SMALL).unwrap()), Ok(()));
        let mut document = Document::empty();
        let payload = write(&mut document, HUB, &stamp(1), &consultation).unwrap().unwrap();
        let mut there = Document::empty();
        assert_eq!(
            admit(&mut there, &[Offer { actor: HUB, at: UnixSeconds(1), payload: &payload }]),
            [Verdict::Admitted]
        );
        assert_eq!(read(&there), Some(consultation.clone()));
        assert_eq!(read::<Notice>(&there), None);
        assert_eq!(write(&mut there, HUB, &stamp(2), &consultation).unwrap(), None);
    }

    #[test]
    fn only_what_differs_is_written() {
        let first = consultation();
        let mut document = Document::empty();
        let whole = write(&mut document, HUB, &stamp(1), &first).unwrap().unwrap();
        let mut second = first.clone();
        second.articles[1].text = "不往水里倒垃圾。".into();
        let article = Article { key: "3".into(), title: "条".into(), text: "有人看管。".into() };
        second.articles.push(article);
        second.questions.clear();
        second.open.from = None;
        assert_eq!(differences(&first, &second), ["article", "open", "question"]);
        let change = write(&mut document, HUB, &stamp(2), &second).unwrap().unwrap();
        assert_eq!(read(&document), Some(second));
        assert!(change.len() < whole.len(), "{} {}", change.len(), whole.len());
    }

    #[test]
    fn what_a_newer_program_wrote_is_read_over_and_stays() {
        let mut document = Document::empty();
        let notice = Notice { key: "water".into(), title: "停水".into(), ..Notice::default() };
        write(&mut document, HUB, &stamp(1), &notice).unwrap().unwrap();
        document
            .change(HUB, &stamp(2), |tx| {
                tx.put(ROOT, "colour", "red")?;
                tx.put(ROOT, "by", ScalarValue::Null)?;
                tx.put(ROOT, "text", 7)
            })
            .unwrap();
        assert_eq!(read::<Notice>(&document), None, "a field of another type makes it another record");
        document.change(HUB, &stamp(3), |tx| tx.delete(ROOT, "text")).unwrap();
        assert_eq!(read(&document), Some(notice.clone()));
        let changed = Notice { title: "明天停水".into(), ..notice };
        write(&mut document, HUB, &stamp(4), &changed).unwrap().unwrap();
        assert_eq!(text_of(&document, "colour"), "red");
    }

    fn text_of(document: &Document, key: &str) -> String {
        crate::document::text_at(&document.inner, &ROOT, key).unwrap_or_default()
    }

    #[test]
    fn a_record_that_contradicts_itself_is_refused_with_its_field() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let refused = |change: &dyn Fn(&mut Consultation)| {
            let mut consultation = consultation();
            change(&mut consultation);
            consultation.check(&codebook).unwrap_err()
        };
        assert!(refused(&|it| it.key = "a b".into()).starts_with("key"));
        assert!(refused(&|it| it.title.clear()).starts_with("title"));
        assert!(refused(&|it| it.areas.clear()).starts_with("areas"));
        assert!(refused(&|it| it.articles[1].key = "1".into()).contains("article.key"));
        assert!(refused(&|it| it.kind = "民生实事".into()).starts_with("kind"));
        assert!(refused(&|it| it.questions[0].choices.truncate(1)).starts_with("question \"q\": choices"));
        assert!(refused(&|it| it.articles.resize(ARTICLES, it.articles[0].clone())).starts_with("article"));
    }

    const ARTICLES: usize = crate::consultation::ARTICLES_MAX + 1;

    #[test]
    fn the_longest_draft_fits_into_one_change() {
        let mut longest = consultation();
        let text = "水".repeat(crate::consultation::WHOLE_CHARS_MAX / 10 - 30);
        longest.articles =
            (0..10).map(|n| Article { key: n.to_string(), title: "条".into(), text: text.clone() }).collect();
        assert_eq!(longest.check(&Codebook::parse(SMALL).unwrap()), Ok(()));
        assert!(write(&mut Document::empty(), HUB, &stamp(1), &longest).unwrap().is_some());
    }
}
