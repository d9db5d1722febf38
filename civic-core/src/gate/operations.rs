//! Looks at what the operations of a change say.
//!
//! Automerge applies, saves and loads operations that none of its writers makes, an insertion under the key of a map for one,
//! and panics when somebody writes beside them later.

use std::collections::HashSet;

use automerge::{
    Automerge, ObjId, ObjType, ReadDoc,
    legacy::{ElementId, Key, ObjectId, Op, OpId, OpType},
};

/// Objects, and whether each is taken for one whose parts have places instead of keys. Of two who differ over one, at least one
/// is wrong.
#[derive(Debug, Default)]
pub(super) struct Objects(HashSet<(OpId, bool)>);

impl Objects {
    /// What these operations take objects for; `None` if one of them is of a kind that nobody writes.
    pub(super) fn of(operations: &[Op]) -> Option<Self> {
        let (mut objects, mut last) = (Self::default(), None);
        for operation in operations {
            let has_places = !operation.key.is_map_key();
            if !is_written_so(operation) || (has_places && operation.obj == ObjectId::Root) {
                return None;
            }
            // Text comes as one operation for each character.
            let now = Some((&operation.obj, has_places));
            if now == last {
                continue;
            }
            last = now;
            if let ObjectId::Id(id) = &operation.obj {
                objects.0.insert((id.clone(), has_places));
            }
        }
        Some(objects)
    }

    /// Takes in what another change takes objects for.
    pub(super) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether the document has each of them, and as what it is taken for.
    pub(super) fn are_in(&self, document: &Automerge) -> bool {
        self.0.iter().all(|(id, has_places)| {
            match document.object_type(ObjId::Id(id.counter(), id.actor().clone(), 0)) {
                Ok(ObjType::List | ObjType::Text) => *has_places,
                Ok(ObjType::Map | ObjType::Table) => !has_places,
                Err(_) => false,
            }
        })
    }
}

/// Whether a writer of Automerge makes such an operation: under a key nothing is inserted, an insertion replaces nothing, and
/// before the first place there is nothing to replace.
fn is_written_so(operation: &Op) -> bool {
    match (&operation.key, operation.insert) {
        (Key::Map(_), is_insertion) => !is_insertion,
        (Key::Seq(_), true) => {
            operation.pred.is_empty() && !matches!(operation.action, OpType::Delete | OpType::Increment(_))
        }
        (Key::Seq(place), false) => *place != ElementId::Head,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use automerge::{ActorId, Change, ExpandedChange, ROOT};

    use super::{
        super::{Offer, Refusal, Verdict, admit},
        *,
    };
    use crate::{
        document::{Document, Stamp},
        id::Actor,
        opinion::{self, Edit, Field, NewOpinion},
        payload::{self, Known},
        time::UnixSeconds,
    };

    const ALICE: Actor = Actor::new([1; 16]);
    const BOB: Actor = Actor::new([2; 16]);
    const AT: UnixSeconds = UnixSeconds(100);

    fn filed() -> Document {
        let new = NewOpinion {
            body: "桥坏了".into(),
            fields: [(Field::Topic, "道路交通".to_owned())].into(),
            ..NewOpinion::default()
        };
        opinion::file(ALICE, &Stamp::new("站", AT), &new).unwrap().0
    }

    /// What the gate says of one operation that Bob writes beside Alice's opinion.
    fn verdict(document: &mut Document, operation: Op) -> Verdict {
        let last = document.inner.get_changes(&[]).pop().unwrap();
        let first_op = last.max_op() + 1;
        let change = Change::from(ExpandedChange {
            operations: vec![operation],
            actor_id: ActorId::from(BOB.as_bytes()),
            hash: None,
            seq: 1,
            start_op: NonZeroU64::new(first_op).unwrap(),
            time: AT.0,
            message: Some("某".into()),
            deps: vec![last.hash()],
            extra_bytes: Vec::new(),
            author: None,
        });
        let payload = payload::pack(&change, &Known { actor: BOB, at: AT, own_last: None, first_op }).unwrap();
        admit(document, &[Offer { actor: BOB, at: AT, payload: &payload }]).remove(0)
    }

    fn id_of(document: &Document, key: &str) -> OpId {
        let Ok(Some((_, ObjId::Id(counter, actor, _)))) = document.inner.get(ROOT, key) else { panic!("no {key}") };
        OpId::new(counter, &actor)
    }

    #[test]
    fn what_nobody_writes_is_refused() {
        let document = filed();
        let (body, extra) = (ObjectId::Id(id_of(&document, "body")), ObjectId::Id(id_of(&document, "extra")));
        let nowhere = ObjectId::Id(OpId::new(1, &ActorId::from(ALICE.as_bytes())));
        let (key, head) = (|| Key::Map("topic".into()), || Key::Seq(ElementId::Head));
        let put = |obj: &ObjectId, key: Key, insert: bool| Op {
            action: OpType::Put("路".into()),
            obj: obj.clone(),
            key,
            pred: Vec::new().into(),
            insert,
        };
        for honest in [put(&ObjectId::Root, key(), false), put(&extra, key(), false), put(&body, head(), true)] {
            assert_eq!(verdict(&mut document.clone(), honest.clone()), Verdict::Admitted, "{honest:?}");
        }
        let replacing = Op { pred: vec![id_of(&document, "body")].into(), ..put(&body, head(), true) };
        let none = Op { action: OpType::Delete, ..put(&body, head(), true) };
        for bent in [
            put(&ObjectId::Root, key(), true),
            put(&ObjectId::Root, head(), true),
            put(&extra, head(), true),
            put(&body, key(), false),
            put(&body, head(), false),
            put(&nowhere, key(), false),
            replacing,
            none,
        ] {
            let verdict = verdict(&mut document.clone(), bent.clone());
            assert!(matches!(verdict, Verdict::Refused(_)), "{bent:?}: {verdict:?}");
        }
    }

    /// It was let in, and whoever wrote the topic next fell: found by a million bent changes, seed 11.
    #[test]
    fn an_insertion_under_a_key_is_refused_and_the_topic_can_be_written() {
        let mut document = filed();
        let bent = Op {
            action: OpType::Put("住房".into()),
            obj: ObjectId::Root,
            key: Key::Map("topic".into()),
            pred: Vec::new().into(),
            insert: true,
        };
        assert_eq!(verdict(&mut document, bent), Verdict::Refused(Refusal::Operations));
        let edit = Edit { fields: [(Field::Topic, "饮水安全".to_owned())].into(), ..Edit::default() };
        assert!(opinion::edit(&mut document, ALICE, &Stamp::new("县", AT), &edit).unwrap().is_some());
    }
}
