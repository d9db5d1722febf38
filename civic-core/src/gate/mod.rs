//! The only way from a payload to a document.
//!
//! Automerge panics, aborts or eats memory on crafted input, and accepts some that poison a document, so nothing from
//! outside reaches it before it has been measured: limits first, then a scan of every column that counts its rows
//! without expanding them, then the change is read, compared with its canonical form, and its operations with what a writer
//! of Automerge makes, and it is applied to a throw-away clone that must save, load again with equal heads, and be read. One
//! bad payload never blocks the next.

mod columns;
mod history;
mod operations;

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Automerge, Change};

use operations::Objects;

use crate::{
    codec::Malformed,
    document::{Document, SNAPSHOT_LEN_MAX},
    id::Actor,
    payload::{self, BadPayload, Known, Parts},
    time::UnixSeconds,
};

pub(crate) use history::{History, Past};

/// Most rows of any column, which is most operations of one change: an opinion of 2,000 characters takes some 2,030.
pub const ROWS_MAX: u64 = 4_096;
/// Most columns of one change; Automerge's own have fewer.
pub const COLUMNS_MAX: u64 = 32;

/// Latest time of a change, in seconds from 1970 either way, some 35,000 years: differences of times must not overflow.
pub const TIME_MAX: u64 = 1 << 40;

/// A payload, and what the log entry that brought it says of it.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Who signed the entry.
    pub actor: Actor,
    /// The entry's time, which is the change's.
    pub at: UnixSeconds,
    /// The payload.
    pub payload: &'a [u8],
}

/// What became of one payload at the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the document.
    Admitted,
    /// It was in the document already.
    Known,
    /// It depends on a change that has not arrived: try again when the document has grown.
    Pending,
    /// It is kept apart for ever, with this reason.
    Refused(Refusal),
}

/// Why a payload does not enter a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not a payload within the limits.
    #[error(transparent)]
    Payload(#[from] BadPayload),
    /// Its entry's time lies beyond [`TIME_MAX`].
    #[error("time lies beyond every calendar")]
    Time,
    /// A column has more than [`ROWS_MAX`] rows, is compressed, or is malformed.
    #[error("operation columns are malformed or too long")]
    Columns,
    /// Automerge cannot read it, or would write it otherwise.
    #[error("change is not in its canonical form")]
    NotCanonical,
    /// It says something that no writer says: what Automerge takes and then cannot write beside, or what takes away what others
    /// said.
    #[error("operations are of no kind that anybody writes")]
    Operations,
    /// Another change of its author stands in its place: two installations write as one.
    #[error("another change stands in its place")]
    Forked,
    /// Applying it failed, or the document would not load again or could not be read.
    #[error("change would damage the document")]
    Damaging,
    /// The document is at one of its limits.
    #[error("document is full")]
    DocumentFull,
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Refusal::Payload(malformed.into())
    }
}

/// What became of the payloads of one document.
pub struct Admission<T> {
    /// For each payload, in the order of the offers.
    pub verdicts: Vec<Verdict>,
    /// If the document grew: its new snapshot, and what was read from it.
    pub grown: Option<(Vec<u8>, T)>,
}

/// Lets the payloads of one document in and says of each what became of it. One that depends on a later one of the same
/// offers waits for it here; one that depends on what is not among them is pending.
///
/// Offers that pass cost one save and load together. If they do not pass as one, each half is tried without the other,
/// and so on down to those that do the damage.
pub fn admit(document: &mut Document, offers: &[Offer<'_>]) -> Vec<Verdict> {
    admit_and_read(document, offers, |_| ()).verdicts
}

/// As [`admit`]; a document that `read` cannot read without a panic is damaged, so what made it so is not let in.
pub fn admit_and_read<T>(document: &mut Document, offers: &[Offer<'_>], read: impl Fn(&Document) -> T) -> Admission<T> {
    let mut entrance = Entrance { document, read, measured: Vec::new(), verdicts: Vec::new(), grown: None };
    for offer in offers {
        let (parts, verdict) = match measure(offer) {
            Ok(parts) => (Some(parts), Verdict::Pending),
            Err(refusal) => (None, Verdict::Refused(refusal)),
        };
        entrance.measured.push((offer, parts));
        entrance.verdicts.push(verdict);
    }
    let mut waiting = entrance.pending();
    while !waiting.is_empty() && entrance.pass(&waiting) {
        waiting = entrance.pending();
    }
    Admission { verdicts: entrance.verdicts, grown: entrance.grown }
}

/// Payloads on their way into one document.
struct Entrance<'a, T, R: Fn(&Document) -> T> {
    document: &'a mut Document,
    read: R,
    measured: Vec<(&'a Offer<'a>, Option<Parts<'a>>)>,
    verdicts: Vec<Verdict>,
    grown: Option<(Vec<u8>, T)>,
}

/// What came of trying several payloads together.
struct Trial<T> {
    verdicts: Vec<(usize, Verdict)>,
    grown: Option<(Document, Vec<u8>, T)>,
}

impl<T, R: Fn(&Document) -> T> Entrance<'_, T, R> {
    /// The places of those that wait.
    fn pending(&self) -> Vec<usize> {
        (0..self.verdicts.len()).filter(|place| self.verdicts[*place] == Verdict::Pending).collect()
    }

    /// Lets in what can enter of the payloads at these places; whether the document grew.
    fn pass(&mut self, places: &[usize]) -> bool {
        match (self.try_together(places), places) {
            (Ok(trial), _) => {
                for (place, verdict) in trial.verdicts {
                    self.verdicts[place] = verdict;
                }
                let has_grown = trial.grown.is_some();
                if let Some((document, snapshot, read)) = trial.grown {
                    *self.document = document;
                    self.grown = Some((snapshot, read));
                }
                has_grown
            }
            (Err(refusal), [alone]) => {
                self.verdicts[*alone] = Verdict::Refused(refusal);
                false
            }
            (Err(_), _) => {
                let (first, second) = places.split_at(places.len() / 2);
                let has_grown = self.pass(first);
                self.pass(second) || has_grown
            }
        }
    }

    /// Tries payloads on a clone of the document; fails if it comes to harm.
    fn try_together(&self, places: &[usize]) -> Result<Trial<T>, Refusal> {
        let mut history = History::of(&self.document.inner);
        let (mut verdicts, mut changes, mut waiting) = (Vec::new(), Vec::new(), places.to_vec());
        let mut objects = Objects::default();
        loop {
            let before = waiting.len();
            waiting.retain(|place| {
                let (offer, Some(parts)) = &self.measured[*place] else { return false };
                let verdict = match fit(&history, offer, parts) {
                    Ok(Fit::Waits) => return true,
                    Ok(Fit::Known) => Verdict::Known,
                    Ok(Fit::Change(change, used)) => {
                        history.note(offer.actor, &change);
                        changes.push(*change);
                        objects.join(used);
                        Verdict::Admitted
                    }
                    Err(refusal) => Verdict::Refused(refusal),
                };
                verdicts.push((*place, verdict));
                false
            });
            if waiting.len() == before || waiting.is_empty() {
                break;
            }
        }
        let grown = if changes.is_empty() { None } else { Some(self.grow(changes, &objects)?) };
        Ok(Trial { verdicts, grown })
    }

    /// Applies changes to a clone, which must save, load with the same heads, have every object as it is `used`, have lost
    /// nothing that only grows, and be read.
    ///
    /// The heads are hashes over all that was said, and loading makes every change anew from the document's own columns:
    /// with the same heads, all of them are byte for byte what came.
    fn grow(&self, changes: Vec<Change>, used: &Objects) -> Result<(Document, Vec<u8>, T), Refusal> {
        let grown = catch_unwind(AssertUnwindSafe(|| {
            let mut trial = self.document.inner.clone();
            trial.apply_changes(changes).map_err(|_| Refusal::Damaging)?;
            let snapshot = trial.save();
            if snapshot.len() > SNAPSHOT_LEN_MAX {
                return Err(Refusal::DocumentFull);
            }
            let inner = Automerge::load(&snapshot).map_err(|_| Refusal::Damaging)?;
            if inner.get_heads() != trial.get_heads() {
                return Err(Refusal::Damaging);
            }
            if !used.are_in(&inner) {
                return Err(Refusal::Operations);
            }
            let document = Document { inner };
            if !used.leave_whole(&document) {
                return Err(Refusal::Operations);
            }
            let read = (self.read)(&document);
            Ok((document, snapshot, read))
        }));
        grown.unwrap_or(Err(Refusal::Damaging))
    }
}

/// Takes a payload apart and measures every part of it.
fn measure<'a>(offer: &Offer<'a>) -> Result<Parts<'a>, Refusal> {
    if offer.at.0.unsigned_abs() > TIME_MAX {
        return Err(Refusal::Time);
    }
    let parts = payload::parse(offer.payload)?;
    columns::scan(parts.columns)?;
    Ok(parts)
}

enum Fit {
    /// The change, and what it takes each object for.
    Change(Box<Change>, Objects),
    Known,
    Waits,
}

/// Puts a payload's change together where it belongs in the history.
fn fit(history: &History, offer: &Offer<'_>, parts: &Parts<'_>) -> Result<Fit, Refusal> {
    let own = history.by(&offer.actor);
    // A change whose forerunner is missing must not take its place.
    let Some(place) = usize::try_from(parts.seq - 1).ok().filter(|place| *place <= own.len()) else {
        return Ok(Fit::Waits);
    };
    let own_last = place.checked_sub(1).map(|before| own[before]);
    let Some(past) = history.past(parts.deps.iter().chain(&own_last)) else { return Ok(Fit::Waits) };
    let first_op = past.first_op();
    let known = Known { actor: offer.actor, at: offer.at, own_last, first_op };
    let chunk = payload::unpack(parts, &known)?;
    if let Some(there) = own.get(place) {
        return if *there == chunk.hash { Ok(Fit::Known) } else { Err(Refusal::Forked) };
    }
    if !history.has_room(&offer.actor) {
        return Err(Refusal::DocumentFull);
    }
    // Naming an actor that the document does not know makes Automerge panic. Whom the author did not know may be here already
    // or not, and the verdict is to be the same.
    let are_known = parts.others.iter().all(|other| past.knows(other));
    let is_told_twice = parts.deps.iter().any(|dep| Some(*dep) == own_last);
    if !are_known || is_told_twice {
        return Err(Refusal::NotCanonical);
    }
    let read = catch_unwind(|| canonical(&chunk.bytes, &past)).ok().flatten();
    let (change, objects) = read.ok_or(Refusal::NotCanonical)?;
    // It reads as it was put together: nothing in the columns can pass for another author, place or dependency.
    let deps = parts.deps.len() + usize::from(own_last.is_some());
    let is_as_said = change.hash() == chunk.hash
        && change.actor_id().to_bytes() == offer.actor.as_bytes()
        && change.seq() == parts.seq
        && change.start_op().get() == first_op
        && change.deps().len() == deps;
    if !is_as_said {
        return Err(Refusal::NotCanonical);
    }
    Ok(Fit::Change(Box::new(change), objects.ok_or(Refusal::Operations)?))
}

/// Reads the chunk and writes it again: only what comes out byte for byte the same goes on, with what it takes objects for if
/// that is what a writer may write who knows this.
fn canonical(chunk: &[u8], past: &Past) -> Option<(Change, Option<Objects>)> {
    let change = Change::try_from(chunk).ok()?;
    let read = change.decode();
    let objects = Objects::of(&change, &read.operations, past);
    let again = Change::from(read);
    (again.raw_bytes() == chunk && change.raw_bytes() == chunk).then_some((change, objects))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        document::Stamp,
        opinion::{self, NewOpinion},
        time::UnixSeconds,
    };

    const ALICE: Actor = Actor::new([1; 16]);
    const BOB: Actor = Actor::new([2; 16]);

    fn stamp(by: &str, at: i64) -> Stamp {
        Stamp::new(by, UnixSeconds(at))
    }

    fn offer(actor: Actor, at: i64, payload: &[u8]) -> Offer<'_> {
        Offer { actor, at: UnixSeconds(at), payload }
    }

    fn filed() -> (Document, Vec<u8>) {
        let new = NewOpinion { body: "村口的路坏了，雨天走不了。".into(), ..NewOpinion::default() };
        opinion::file(ALICE, &stamp("st-01", 100), &new).unwrap()
    }

    #[test]
    fn what_was_written_elsewhere_comes_out_the_same_here() {
        let (mut there, first) = filed();
        let second = opinion::add(&mut there, ALICE, &stamp("st-01", 200), "还有一座桥。").unwrap().unwrap();
        let mut here = Document::empty();
        let verdicts = admit(&mut here, &[offer(ALICE, 100, &first), offer(ALICE, 200, &second)]);
        assert_eq!(verdicts, [Verdict::Admitted, Verdict::Admitted]);
        assert_eq!(here.heads(), there.heads());
    }

    #[test]
    fn a_repeat_is_known_and_an_early_one_waits() {
        let (mut there, first) = filed();
        let second = opinion::add(&mut there, ALICE, &stamp("st-01", 200), "还有一座桥。").unwrap().unwrap();
        let mut here = Document::empty();
        assert_eq!(admit(&mut here, &[offer(ALICE, 200, &second)]), [Verdict::Pending]);
        assert_eq!(admit(&mut here, &[offer(ALICE, 100, &first)]), [Verdict::Admitted]);
        assert_eq!(
            admit(&mut here, &[offer(ALICE, 100, &first), offer(ALICE, 200, &second)]),
            [Verdict::Known, Verdict::Admitted]
        );
        assert_eq!(admit(&mut here, &[offer(ALICE, 200, &second)]), [Verdict::Known]);
    }

    #[test]
    fn two_who_edit_at_once_both_keep_their_words() {
        let (mut alice, first) = filed();
        let mut bob = Document::empty();
        admit(&mut bob, &[offer(ALICE, 100, &first)]);
        let by_alice = opinion::add(&mut alice, ALICE, &stamp("st-01", 200), "还有一座桥。").unwrap().unwrap();
        let by_bob = opinion::add(&mut bob, BOB, &stamp("dep-7", 150), "老人过不去。").unwrap().unwrap();
        assert_eq!(admit(&mut alice, &[offer(BOB, 150, &by_bob)]), [Verdict::Admitted]);
        assert_eq!(admit(&mut bob, &[offer(ALICE, 200, &by_alice)]), [Verdict::Admitted]);
        assert_eq!(alice.heads(), bob.heads());
    }

    #[test]
    fn a_bad_payload_is_refused_and_the_next_one_enters() {
        let (_, first) = filed();
        let mut here = Document::empty();
        let verdicts = admit(&mut here, &[offer(BOB, 1, &[1, 0, 1]), offer(BOB, 1, &[9]), offer(ALICE, 100, &first)]);
        assert_eq!(verdicts[0], Verdict::Refused(Refusal::Payload(BadPayload::Malformed)));
        assert_eq!(verdicts[1], Verdict::Refused(Refusal::Payload(BadPayload::UnknownForm(9))));
        assert_eq!(verdicts[2], Verdict::Admitted);
    }

    #[test]
    fn a_bomb_of_a_million_equal_rows_is_refused_unopened() {
        // One column of type 2 (integers) whose single run says "1,000,000 times 7".
        let mut payload = vec![1, 1, 0, 0, 0, 1, 0x42, 4];
        payload.extend_from_slice(&[0xc0, 0x84, 0x3d, 7]);
        let mut here = Document::empty();
        assert_eq!(admit(&mut here, &[offer(BOB, 1, &payload)]), [Verdict::Refused(Refusal::Columns)]);
    }

    #[test]
    fn what_comes_in_the_wrong_order_enters_together() {
        let (mut there, first) = filed();
        let mut payloads = vec![(100, first)];
        for at in 200..220 {
            payloads.push((at, opinion::add(&mut there, ALICE, &stamp("st-01", at), "再说一句。").unwrap().unwrap()));
        }
        let offers: Vec<_> = payloads.iter().rev().map(|(at, payload)| offer(ALICE, *at, payload)).collect();
        let mut here = Document::empty();
        assert!(admit(&mut here, &offers).iter().all(|verdict| *verdict == Verdict::Admitted));
        assert_eq!(here.heads(), there.heads());
    }

    #[test]
    fn a_change_never_takes_the_place_of_a_forerunner_that_is_missing() {
        let (mut alice, first) = filed();
        let mut bob = Document::empty();
        admit(&mut bob, &[offer(ALICE, 100, &first)]);
        let by_bob = opinion::add(&mut bob, BOB, &stamp("dep-7", 150), "老人过不去。").unwrap().unwrap();
        admit(&mut alice, &[offer(BOB, 150, &by_bob)]);
        let second = opinion::add(&mut alice, ALICE, &stamp("st-01", 200), "还有一座桥。").unwrap().unwrap();
        let third = opinion::add(&mut alice, ALICE, &stamp("st-01", 300), "也坏了。").unwrap().unwrap();
        // Bob's has not come, so the second cannot enter, and the third must not be taken for the second.
        let alices = [offer(ALICE, 100, &first), offer(ALICE, 200, &second), offer(ALICE, 300, &third)];
        let mut here = Document::empty();
        assert_eq!(admit(&mut here, &alices), [Verdict::Admitted, Verdict::Pending, Verdict::Pending]);
        let rest = [alices[2], offer(BOB, 150, &by_bob), alices[1]];
        assert!(admit(&mut here, &rest).iter().all(|verdict| *verdict == Verdict::Admitted));
        assert_eq!(here.heads(), alice.heads());
    }

    #[test]
    fn two_installations_that_write_as_one_are_noticed() {
        let (_, first) = filed();
        let (_, other) = opinion::file(ALICE, &stamp("st-01", 100), &NewOpinion::default()).unwrap();
        let offers = [offer(ALICE, 100, &first), offer(ALICE, 100, &other), offer(ALICE, 101, &first)];
        let forked = Verdict::Refused(Refusal::Forked);
        assert_eq!(admit(&mut Document::empty(), &offers), [Verdict::Admitted, forked.clone(), forked]);
    }

    #[test]
    fn what_does_damage_is_found_among_many_and_only_what_builds_on_it_stays_out() {
        let (mut alice, first) = filed();
        let (mut offers, mut bad, mut bob) = (vec![(ALICE, 100, first.clone())], alice.clone(), alice.clone());
        for at in 200..209 {
            let added = opinion::add(&mut alice, ALICE, &stamp("st-01", at), "再说一句。").unwrap().unwrap();
            offers.push((ALICE, at, added));
        }
        let evil = opinion::add(&mut bad, BOB, &stamp("dep-7", 205), "恶").unwrap().unwrap();
        let after = opinion::add(&mut bad, BOB, &stamp("dep-7", 206), "更多").unwrap().unwrap();
        offers.insert(4, (BOB, 205, evil));
        offers.insert(6, (BOB, 206, after));
        let carol = Actor::new([3; 16]);
        offers.push((carol, 300, opinion::add(&mut bob, carol, &stamp("dep-8", 300), "好。").unwrap().unwrap()));
        let offers: Vec<_> = offers.iter().map(|(actor, at, payload)| offer(*actor, *at, payload)).collect();
        let mut here = Document::empty();
        let read = |document: &Document| {
            let body = opinion::Opinion::read(document).map_or(String::new(), |opinion| opinion.body);
            assert!(!body.contains('恶'));
            body
        };
        let Admission { verdicts, grown } = admit_and_read(&mut here, &offers, read);
        for (place, verdict) in verdicts.iter().enumerate() {
            match place {
                4 => assert_eq!(*verdict, Verdict::Refused(Refusal::Damaging)),
                6 => assert_eq!(*verdict, Verdict::Pending),
                _ => assert_eq!(*verdict, Verdict::Admitted, "{place}"),
            }
        }
        let (snapshot, body) = grown.unwrap();
        assert_eq!(Document::load(&snapshot).unwrap().heads(), here.heads());
        assert!(body.contains("好。") && body.matches("再说一句。").count() == 9);
    }

    #[test]
    fn a_full_document_takes_no_further_change_from_here_or_elsewhere() {
        let (mut full, _) = filed();
        let mut spare = full.clone();
        let words = "路".repeat(1_900);
        let mut number = 1;
        let refusal = loop {
            number += 1;
            let actor = Actor::new([number; 16]);
            let new = NewOpinion { body: words.clone(), ..NewOpinion::default() };
            let (_, payload) = opinion::file(actor, &stamp("st-02", 1), &new).unwrap();
            match admit(&mut full, &[offer(actor, 1, &payload)]).remove(0) {
                Verdict::Admitted => spare = full.clone(),
                Verdict::Refused(refusal) => break refusal,
                other @ (Verdict::Known | Verdict::Pending) => panic!("{other:?}"),
            }
        };
        assert_eq!((refusal, full.heads()), (Refusal::DocumentFull, spare.heads()));
        assert!(opinion::edit(&mut full, ALICE, &stamp("st-01", 2), &opinion::Edit::default()).is_err());
    }

    #[test]
    fn a_time_that_no_later_one_could_be_told_from_is_refused_here_and_elsewhere() {
        let (mut document, first) = filed();
        let mut here = Document::empty();
        for at in [i64::MIN, i64::MAX] {
            assert_eq!(admit(&mut here, &[offer(ALICE, at, &first)]), [Verdict::Refused(Refusal::Time)]);
            assert!(opinion::add(&mut document, ALICE, &stamp("st-01", at), "还有一座桥。").is_err());
        }
    }

    #[test]
    fn every_single_flipped_byte_is_refused_or_gives_a_sound_document() {
        let (_, first) = filed();
        for at in 0..first.len() {
            let mut bent = first.clone();
            bent[at] ^= 1 << (at % 8);
            let mut here = Document::empty();
            if admit(&mut here, &[offer(ALICE, 100, &bent)]) == [Verdict::Admitted] {
                assert!(Document::load(&here.snapshot()).is_ok(), "byte {at}");
            }
        }
    }
}
