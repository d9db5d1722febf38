//! A visit 走访: a deputy at a door, and the opinions heard there.
//!
//! ```text
//! type "visit" · place (village group or hamlet, never a house) · note · opinions  a list of document ids
//! ```

use automerge::{ObjType, ROOT, ReadDoc, Value, transaction::Transactable};

use crate::{
    document::{Document, DocumentError, Kind, Stamp, text_at},
    id::{Actor, DocId},
};

/// Most opinions of one visit; a form with more is refused with this number.
pub const OPINIONS_MAX: usize = 20;

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Who went, and when.
    pub stamp: Stamp,
    /// The village group or hamlet, never a house.
    pub place: String,
    /// What else there is to say.
    pub note: String,
    /// The opinions heard.
    pub opinions: Vec<DocId>,
}

/// Records a visit; returns its document and the payload of its first change.
pub fn record(actor: Actor, visit: &Visit) -> Result<(Document, Vec<u8>), DocumentError> {
    if visit.opinions.len() > OPINIONS_MAX {
        return Err(DocumentError::Limit("a visit holds at most 20 opinions"));
    }
    let mut document = Document::empty();
    let payload = document.change(actor, &visit.stamp, |tx| {
        tx.put(ROOT, "type", Kind::Visit.word())?;
        tx.put(ROOT, "place", visit.place.as_str())?;
        tx.put(ROOT, "note", visit.note.as_str())?;
        let list = tx.put_object(ROOT, "opinions", ObjType::List)?;
        for (place, opinion) in visit.opinions.iter().enumerate() {
            tx.insert(&list, place, opinion.to_string())?;
        }
        Ok(())
    })?;
    payload.map(|payload| (document, payload)).ok_or(DocumentError::Limit("the visit is empty"))
}

impl Visit {
    /// Reads a visit; `None` if the document is none.
    pub fn read(document: &Document) -> Option<Self> {
        if document.kind() != Kind::Visit {
            return None;
        }
        let doc = &document.inner;
        let opinions = match doc.get(ROOT, "opinions") {
            Ok(Some((Value::Object(ObjType::List), list))) => (0..doc.length(&list))
                .filter_map(|index| doc.get(&list, index).ok().flatten())
                .filter_map(|(value, _)| DocId::parse(value.as_str()?))
                .collect(),
            Ok(_) | Err(_) => Vec::new(),
        };
        Some(Self {
            stamp: document.history().first()?.stamp.clone(),
            place: text_at(doc, &ROOT, "place").unwrap_or_default(),
            note: text_at(doc, &ROOT, "note").unwrap_or_default(),
            opinions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixSeconds;

    #[test]
    fn a_visit_reads_back_with_its_opinions() {
        let visit = Visit {
            stamp: Stamp::new("代表 7", UnixSeconds(5)),
            place: "三组".into(),
            note: "老人多".into(),
            opinions: vec![DocId::new([1; 16]), DocId::new([2; 16])],
        };
        let (document, _) = record(Actor::new([1; 16]), &visit).unwrap();
        assert_eq!(Visit::read(&document), Some(visit));
    }
}
