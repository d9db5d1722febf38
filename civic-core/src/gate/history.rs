//! What a document holds, as far as the next change must fit it: read once, not for every payload.

use std::collections::{BTreeMap, HashMap};

use automerge::{Automerge, Change, ChangeHash, legacy::OpId};

use crate::{
    document::{ACTORS_MAX, CHANGES_MAX, OPERATIONS_MAX},
    id::Actor,
};

/// The changes of a document, without what they say.
#[derive(Default)]
pub(crate) struct History {
    /// Of every writer, in the order in which they were made.
    by_actor: BTreeMap<Actor, Vec<ChangeHash>>,
    /// What each change and all that it follows say.
    pasts: HashMap<ChangeHash, Past>,
    operations: u64,
}

/// What the author of a change knew: the highest operation number of every writer.
#[derive(Clone, Default)]
pub(crate) struct Past(BTreeMap<Actor, u64>);

impl Past {
    /// The number of the first operation of a change that knows this.
    pub(crate) fn first_op(&self) -> u64 {
        self.0.values().max().map_or(1, |last| last + 1)
    }

    /// Whether somebody of this name wrote in it.
    pub(crate) fn knows(&self, actor: &[u8]) -> bool {
        Actor::from_slice(actor).is_some_and(|actor| self.0.contains_key(&actor))
    }

    /// Whether this operation may be in it, as far as its number goes.
    pub(crate) fn reaches(&self, operation: &OpId) -> bool {
        let last = Actor::from_slice(operation.actor().to_bytes()).and_then(|actor| self.0.get(&actor));
        last.is_some_and(|last| operation.counter() <= *last)
    }

    fn take(&mut self, actor: Actor, last: u64) {
        let known = self.0.entry(actor).or_default();
        *known = last.max(*known);
    }
}

impl History {
    pub(crate) fn of(doc: &Automerge) -> Self {
        let mut history = Self::default();
        for meta in doc.get_changes_meta(&[]) {
            // No writer has a name of another length: the gate lets none in.
            if let Some(actor) = Actor::from_slice(meta.actor.to_bytes()) {
                history.put(actor, meta.hash, &meta.deps, meta.start_op, meta.max_op);
            }
        }
        history
    }

    /// Takes note of a change that follows.
    pub(crate) fn note(&mut self, actor: Actor, change: &Change) {
        self.put(actor, change.hash(), change.deps(), change.start_op().get(), change.max_op());
    }

    fn put(&mut self, actor: Actor, hash: ChangeHash, deps: &[ChangeHash], first_op: u64, last_op: u64) {
        // A change never stands before what it follows.
        let mut past = self.past(deps).unwrap_or_default();
        past.take(actor, last_op);
        self.by_actor.entry(actor).or_default().push(hash);
        self.pasts.insert(hash, past);
        self.operations += (last_op + 1).saturating_sub(first_op);
    }

    /// The changes of one writer.
    pub(crate) fn by(&self, actor: &Actor) -> &[ChangeHash] {
        self.by_actor.get(actor).map_or(&[], Vec::as_slice)
    }

    /// What a change knows that depends on `deps`; `None` while one of them is not here.
    pub(crate) fn past<'a>(&self, deps: impl IntoIterator<Item = &'a ChangeHash>) -> Option<Past> {
        let mut past = Past::default();
        for dep in deps {
            self.pasts.get(dep)?.0.iter().for_each(|(actor, last)| past.take(*actor, *last));
        }
        Some(past)
    }

    /// Whether `actor` may still write here.
    pub(crate) fn has_room(&self, actor: &Actor) -> bool {
        self.pasts.len() < CHANGES_MAX
            && self.operations < OPERATIONS_MAX
            && (self.by_actor.len() < ACTORS_MAX || self.by_actor.contains_key(actor))
    }
}
