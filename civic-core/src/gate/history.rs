//! What a document holds, as far as the next change must fit it: read once, not for every payload.

use std::collections::{BTreeMap, HashMap};

use automerge::{Automerge, Change, ChangeHash};

use crate::{
    document::{ACTORS_MAX, CHANGES_MAX, OPERATIONS_MAX},
    id::Actor,
};

/// The changes of a document, without what they say.
#[derive(Default)]
pub(crate) struct History {
    /// Of every writer, in the order in which they were made.
    by_actor: BTreeMap<Actor, Vec<ChangeHash>>,
    /// The highest operation number in each change and all that it follows.
    last_ops: HashMap<ChangeHash, u64>,
    operations: u64,
}

impl History {
    pub(crate) fn of(doc: &Automerge) -> Self {
        let mut history = Self::default();
        for meta in doc.get_changes_meta(&[]) {
            // No writer has a name of another length: the gate lets none in.
            if let Some(actor) = Actor::from_slice(meta.actor.to_bytes()) {
                history.put(actor, meta.hash, meta.start_op, meta.max_op);
            }
        }
        history
    }

    /// Takes note of a change that follows.
    pub(crate) fn note(&mut self, actor: Actor, change: &Change) {
        self.put(actor, change.hash(), change.start_op().get(), change.max_op());
    }

    fn put(&mut self, actor: Actor, hash: ChangeHash, first_op: u64, last_op: u64) {
        self.by_actor.entry(actor).or_default().push(hash);
        self.last_ops.insert(hash, last_op);
        self.operations += (last_op + 1).saturating_sub(first_op);
    }

    /// The changes of one writer.
    pub(crate) fn by(&self, actor: &Actor) -> &[ChangeHash] {
        self.by_actor.get(actor).map_or(&[], Vec::as_slice)
    }

    /// Whether anybody of this name wrote here.
    pub(crate) fn knows(&self, actor: &[u8]) -> bool {
        Actor::from_slice(actor).is_some_and(|actor| self.by_actor.contains_key(&actor))
    }

    /// The number of the first operation of a change that depends on `deps`; `None` while one of them is not here.
    pub(crate) fn first_op<'a>(&self, deps: impl IntoIterator<Item = &'a ChangeHash>) -> Option<u64> {
        deps.into_iter().try_fold(1, |first, dep| Some(first.max(self.last_ops.get(dep)? + 1)))
    }

    /// Whether `actor` may still write here.
    pub(crate) fn has_room(&self, actor: &Actor) -> bool {
        self.last_ops.len() < CHANGES_MAX
            && self.operations < OPERATIONS_MAX
            && (self.by_actor.len() < ACTORS_MAX || self.by_actor.contains_key(actor))
    }
}
