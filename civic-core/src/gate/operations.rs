//! Looks at what the operations of a change say.
//!
//! Automerge applies, saves and loads operations that none of its writers makes, an insertion under the key of a map for one,
//! and panics when somebody writes beside them later. It also lets everybody take away what others said: what a record is and
//! which number it has, and of an opinion its words and what was done with it, only grow, so whoever would change that is
//! refused. Each rule looks at the change alone, or at what its author must have known: on every device it says the same.

use std::collections::HashSet;

use automerge::{
    Automerge, Change, ObjId, ObjType, ReadDoc,
    legacy::{ElementId, Key, ObjectId, Op, OpId, OpType},
};

use super::Past;
use crate::{document::Document, opinion};

/// What is said of a record when it is begun, and never after.
const SAID_ONCE: [&str; 4] = ["type", "ticket", "body", "steps"];

/// What changes take objects for, and what they take away.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// Objects, and whether each is taken for one whose parts have places instead of keys. Of two who differ over one, at
    /// least one is wrong.
    taken_for: HashSet<(OpId, bool)>,
    /// Those that stood before and in which something is written otherwise than by insertion: what was read there may be
    /// another now.
    cut: HashSet<OpId>,
    /// Lists of steps that are deleted as a whole.
    steps_cut: HashSet<OpId>,
}

impl Objects {
    /// What the operations of this change take objects for; `None` if one of them is of a kind that nobody writes, or names
    /// what its author cannot know: that may be here already or not.
    pub(super) fn of(change: &Change, operations: &[Op], past: &Past) -> Option<Self> {
        let (mut objects, mut last) = (Self::default(), None);
        let begins = change.deps().is_empty();
        let is_made_here = |id: &OpId| id.actor() == change.actor_id() && id.counter() >= change.start_op().get();
        for (counter, operation) in (change.start_op().get()..).zip(operations) {
            let is_known = |id: &OpId| match id.actor() == change.actor_id() {
                true => id.counter() < counter,
                false => past.reaches(id),
            };
            if !names(operation).all(is_known) {
                return None;
            }
            let has_places = !operation.key.is_map_key();
            let is_at_root = operation.obj == ObjectId::Root;
            if !is_written_so(operation) || (is_at_root && (has_places || !may_stand_at_root(operation, begins))) {
                return None;
            }
            match &operation.obj {
                ObjectId::Root if is_said_once(operation) => objects.steps_cut.extend(operation.pred.iter().cloned()),
                ObjectId::Id(id) if !operation.insert && !is_made_here(id) => {
                    objects.cut.insert(id.clone());
                }
                ObjectId::Root | ObjectId::Id(_) => {}
            }
            // Text comes as one operation for each character.
            let now = Some((&operation.obj, has_places));
            if now == last {
                continue;
            }
            last = now;
            if let ObjectId::Id(id) = &operation.obj {
                objects.taken_for.insert((id.clone(), has_places));
            }
        }
        Some(objects)
    }

    /// Takes in what another change does.
    pub(super) fn join(&mut self, other: Self) {
        self.taken_for.extend(other.taken_for);
        self.cut.extend(other.cut);
        self.steps_cut.extend(other.steps_cut);
    }

    /// Whether what only grows is left whole in the document. Nobody can name a part of an opinion whose beginning is not here,
    /// so this does not hang on what came first.
    pub(super) fn leave_whole(&self, document: &Document) -> bool {
        if self.cut.is_empty() && self.steps_cut.is_empty() {
            return true;
        }
        let began = opinion::begun_by(document);
        let is_cut = |part: &ObjId| match part {
            ObjId::Id(counter, actor, _) => self.cut.contains(&OpId::new(*counter, actor)),
            ObjId::Root => false,
        };
        !self.steps_cut.iter().any(|list| began.contains(list.actor()))
            && !opinion::growing_parts(document).iter().any(is_cut)
    }

    /// Whether the document has each of them, and as what it is taken for.
    pub(super) fn are_in(&self, document: &Automerge) -> bool {
        self.taken_for.iter().all(|(id, has_places)| {
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

/// The operations of which this one speaks: the one that made its object, the one behind which it stands, and those that it
/// replaces.
fn names(operation: &Op) -> impl Iterator<Item = &OpId> {
    let object = match &operation.obj {
        ObjectId::Id(id) => Some(id),
        ObjectId::Root => None,
    };
    let place = match &operation.key {
        Key::Seq(ElementId::Id(id)) => Some(id),
        Key::Seq(ElementId::Head) | Key::Map(_) => None,
    };
    object.into_iter().chain(place).chain(operation.pred.iter())
}

fn is_said_once(operation: &Op) -> bool {
    matches!(&operation.key, Key::Map(key) if SAID_ONCE.contains(&key.as_str()))
}

/// Whether somebody writes so beside the type of a record: what is said once is said by a change that begins it. What stands
/// beside the words is never replaced either; the steps of a slip may go, for an older program told them openly.
fn may_stand_at_root(operation: &Op, begins: bool) -> bool {
    let is = |word: &str| matches!(&operation.key, Key::Map(key) if key == word);
    if !is_said_once(operation) {
        return !is("attachments") || operation.pred.is_empty();
    }
    match &operation.action {
        OpType::Delete => is("steps"),
        // A text could be edited later, and say another word.
        OpType::Make(_) if is("type") || is("ticket") => false,
        OpType::Make(_) | OpType::Put(_) => begins && operation.pred.is_empty(),
        OpType::Increment(_) | OpType::MarkBegin(_) | OpType::MarkEnd(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use automerge::{
        ActorId, ExpandedChange, ROOT,
        transaction::{Transactable, Transaction},
    };

    use super::{
        super::{Offer, Refusal, Verdict, admit},
        *,
    };
    use crate::{
        attachment::{Attached, AttachmentKind},
        document::{Document, Kind, Stamp},
        id::{Actor, AttachmentId},
        opinion::{self, Edit, Field, NewOpinion, NewStep, Opinion},
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
        verdict_knowing(document, &last, operation)
    }

    /// The same where Bob knows this change, and what it follows, alone.
    fn verdict_knowing(document: &mut Document, last: &Change, operation: Op) -> Verdict {
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

    /// What the gate says of a change that its author made elsewhere.
    fn verdict_of(document: &mut Document, actor: Actor, payload: &[u8]) -> Verdict {
        admit(document, &[Offer { actor, at: AT, payload }]).remove(0)
    }

    fn id_of(document: &Document, key: &str) -> OpId {
        let Ok(Some((_, ObjId::Id(counter, actor, _)))) = document.inner.get(ROOT, key) else { panic!("no {key}") };
        OpId::new(counter, &actor)
    }

    fn item_of(document: &Document, key: &str) -> ObjId {
        let Ok(Some((_, list))) = document.inner.get(ROOT, key) else { panic!("no {key}") };
        document.inner.get(&list, 0).unwrap().unwrap().1
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

    /// What a stolen device wrote of an opinion of its area made it vanish: the list still named it, and it could not be opened;
    /// made anew, the list did not name it either.
    #[test]
    fn nobody_takes_away_what_an_opinion_is_and_what_was_said_and_done() {
        let mut document = filed();
        let step = Edit { step: Some(NewStep { act: "受理".into(), ..NewStep::default() }), ..Edit::default() };
        opinion::edit(&mut document, ALICE, &Stamp::new("县", AT), &step).unwrap().unwrap();
        let before = Opinion::read(&document).unwrap();
        let ObjId::Id(counter, actor, _) = item_of(&document, "steps") else { panic!("a step is an object") };
        let first_step = OpId::new(counter, &actor);
        let object = |key: &str| ObjectId::Id(id_of(&document, key));
        let letter = OpId::new(id_of(&document, "body").counter() + 1, &actor);
        let put = |obj: ObjectId, key: Key, pred: Vec<OpId>| Op {
            action: OpType::Put("x".into()),
            obj,
            key,
            pred: pred.into(),
            insert: false,
        };
        let root = |key: &str, pred: Vec<OpId>| put(ObjectId::Root, Key::Map(key.into()), pred);
        let delete = |operation: Op| Op { action: OpType::Delete, ..operation };
        let mut evil = Vec::new();
        for key in SAID_ONCE {
            evil.push(root(key, Vec::new()));
            if key != "ticket" {
                evil.push(root(key, vec![id_of(&document, key)]));
                evil.push(delete(root(key, vec![id_of(&document, key)])));
            }
        }
        let at = |id: &OpId| Key::Seq(ElementId::Id(id.clone()));
        evil.push(delete(put(object("steps"), at(&first_step), vec![first_step.clone()])));
        evil.push(put(object("steps"), at(&first_step), vec![first_step.clone()]));
        evil.push(delete(put(object("body"), at(&letter), vec![letter.clone()])));
        let act = OpId::new(counter + 1, &actor);
        evil.push(put(ObjectId::Id(first_step), Key::Map("act".into()), vec![act]));
        for operation in evil {
            let mut there = document.clone();
            assert_eq!(verdict(&mut there, operation.clone()), Verdict::Refused(Refusal::Operations), "{operation:?}");
            assert_eq!(Opinion::read(&there), Some(before.clone()));
        }
        let topic = OpId::new(id_of(&document, "topic").counter(), &actor);
        assert_eq!(verdict(&mut document, root("topic", vec![topic])), Verdict::Admitted);
    }

    #[test]
    fn whoever_begins_a_record_anew_under_another_word_makes_no_opinion_vanish() {
        let (mut here, evil) = (filed(), Document::empty());
        let mut there = evil.clone();
        let put = |tx: &mut Transaction<'_>| {
            (0..20).try_for_each(|number| tx.put(ROOT, format!("{number}"), number))?;
            tx.put(ROOT, "type", "x")
        };
        let payload = there.change(BOB, &Stamp::new("某", AT), put).unwrap().unwrap();
        assert_eq!(there.kind(), Kind::Unknown);
        assert_eq!(admit(&mut here, &[Offer { actor: BOB, at: AT, payload: &payload }]), [Verdict::Admitted]);
        assert_eq!(Opinion::read(&here).unwrap(), Opinion::read(&filed()).unwrap());
    }

    /// Under a key that no step has, nothing has to be replaced; under one that it has, the later of two is read.
    #[test]
    fn nobody_writes_into_a_step_or_beside_what_was_shown() {
        let voice = Attached { id: AttachmentId::new([5; 32]), kind: AttachmentKind::Voice, seconds: Some(23) };
        let new = NewOpinion { attachments: vec![voice], ..NewOpinion::default() };
        let (mut document, _) = opinion::file(ALICE, &Stamp::new("站", AT), &new).unwrap();
        let step = Edit { step: Some(NewStep { act: "受理".into(), ..NewStep::default() }), ..Edit::default() };
        opinion::edit(&mut document, ALICE, &Stamp::new("县", AT), &step).unwrap().unwrap();
        let before = Opinion::read(&document).unwrap();
        let write = |list: &str, key: &str| {
            let ObjId::Id(counter, actor, _) = item_of(&document, list) else { panic!("an item is an object") };
            Op {
                action: OpType::Put("x".into()),
                obj: ObjectId::Id(OpId::new(counter, &actor)),
                key: Key::Map(key.into()),
                pred: Vec::new().into(),
                insert: false,
            }
        };
        let of_steps = ["act", "note", "state", "by", "at", "source", "solved", "recording"].map(|key| ("steps", key));
        for (list, key) in of_steps.into_iter().chain(["id", "kind"].map(|key| ("attachments", key))) {
            let mut there = document.clone();
            assert_eq!(verdict(&mut there, write(list, key)), Verdict::Refused(Refusal::Operations), "{key}");
            assert_eq!(Opinion::read(&there), Some(before.clone()));
        }
    }

    /// Its text was shown, and steps went into its list, which its author could delete.
    #[test]
    fn what_was_begun_beside_an_opinion_under_another_word_is_none_of_its_parts() {
        for word in [Some("x"), None] {
            let (mut here, mut there) = (filed(), Document::empty());
            let begin = |tx: &mut Transaction<'_>| {
                (0..20).try_for_each(|number| tx.put(ROOT, format!("{number}"), number))?;
                word.map_or(Ok(()), |word| tx.put(ROOT, "type", word))?;
                let body = tx.put_object(ROOT, "body", ObjType::Text)?;
                tx.splice_text(&body, 0, 0, "恶")?;
                tx.put_object(ROOT, "steps", ObjType::List).map(drop)
            };
            let stamp = Stamp::new("某", AT);
            let begun = there.change(BOB, &stamp, begin).unwrap().unwrap();
            assert_eq!(verdict_of(&mut here, BOB, &begun), Verdict::Admitted);
            let step = Edit { step: Some(NewStep { act: "受理".into(), ..NewStep::default() }), ..Edit::default() };
            opinion::edit(&mut here, ALICE, &Stamp::new("县", AT), &step).unwrap().unwrap();
            opinion::add(&mut here, ALICE, &Stamp::new("县", AT), "，在村东").unwrap().unwrap();
            let before = Opinion::read(&here).unwrap();
            assert_eq!((before.body.as_str(), before.steps.len()), ("桥坏了，在村东", 1));
            assert!(before.other_texts.is_empty());
            let deleted = there.change(BOB, &stamp, |tx| tx.delete(ROOT, "steps")).unwrap().unwrap();
            assert_eq!(verdict_of(&mut here, BOB, &deleted), Verdict::Admitted);
            assert_eq!(Opinion::read(&here).unwrap().steps, before.steps);
        }
    }

    #[test]
    fn what_a_record_is_and_its_number_are_never_texts_that_somebody_can_edit() {
        for key in ["type", "ticket"] {
            let begin = |tx: &mut Transaction<'_>| {
                let text = tx.put_object(ROOT, key, ObjType::Text)?;
                tx.splice_text(&text, 0, 0, "opinion")
            };
            let begun = Document::empty().change(BOB, &Stamp::new("某", AT), begin).unwrap().unwrap();
            let verdict = verdict_of(&mut Document::empty(), BOB, &begun);
            assert_eq!(verdict, Verdict::Refused(Refusal::Operations), "{key}");
        }
    }

    /// Where the other had come it was let in, and where not it was refused for ever.
    #[test]
    fn a_change_that_names_what_its_author_cannot_know_is_refused_whatever_came_before() {
        let (here, carol) = (filed(), Actor::new([3; 16]));
        let stamp = Stamp::new("某", AT);
        let first = here.inner.get_changes(&[]).pop().unwrap();
        let map = |tx: &mut Transaction<'_>| tx.put_object(ROOT, "map", ObjType::Map).map(drop);
        let later = |document: &mut Document, actor| document.change(actor, &stamp, map).unwrap().unwrap();
        // One who writes at the same time, and the author of what Bob knows, later.
        for (actor, mut there) in [(carol, Document::empty()), (ALICE, here.clone())] {
            let payload = later(&mut there, actor);
            let map = id_of(&there, "map");
            let (mut knows, mut ignorant) = (here.clone(), here.clone());
            assert_eq!(verdict_of(&mut knows, actor, &payload), Verdict::Admitted);
            let into_map = Op {
                action: OpType::Put("x".into()),
                obj: ObjectId::Id(map.clone()),
                key: Key::Map("key".into()),
                pred: Vec::new().into(),
                insert: false,
            };
            let instead_of_map =
                Op { obj: ObjectId::Root, key: Key::Map("map".into()), pred: vec![map].into(), ..into_map.clone() };
            for operation in [into_map, instead_of_map] {
                let [knows, ignorant] = [&mut knows, &mut ignorant]
                    .map(|document| verdict_knowing(&mut document.clone(), &first, operation.clone()));
                assert!(matches!(knows, Verdict::Refused(_)), "{operation:?}: {knows:?}");
                assert_eq!(knows, ignorant, "{operation:?}");
            }
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
