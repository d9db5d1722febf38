//! The only way from a payload to a document.
//!
//! Automerge panics, aborts or eats memory on crafted input, and accepts some that poison a document, so nothing from
//! outside reaches it before it has been measured: limits first, then a scan of every column that counts its rows
//! without expanding them, then the change is read, compared with its canonical form, and applied to a throw-away
//! clone that must save and load again with equal heads. One bad payload never blocks the next.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Automerge, Change, ChangeHash};

use crate::{
    codec::{Malformed, Reader},
    document::{ACTORS_MAX, CHANGES_MAX, Document, SNAPSHOT_LEN_MAX},
    id::Actor,
    payload::{self, BadPayload, Parts},
};

/// Most rows of any column, which is most operations of one change: an opinion of 2,000 characters takes some 2,030.
pub const ROWS_MAX: u64 = 4_096;
/// Most columns of one change; Automerge's own have fewer.
pub const COLUMNS_MAX: u64 = 32;

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
    /// A column has more than [`ROWS_MAX`] rows, is compressed, or is malformed.
    #[error("operation columns are malformed or too long")]
    Columns,
    /// Automerge cannot read it, or would write it otherwise.
    #[error("change is not in its canonical form")]
    NotCanonical,
    /// Applying it failed, or the document would not load again.
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

/// Lets the payloads of one document in, in order, and says of each what became of it.
///
/// A batch that passes costs one save and load together. If it does not pass as one, each payload is tried alone.
pub fn admit(document: &mut Document, payloads: &[(Actor, &[u8])]) -> Vec<Verdict> {
    let mut trial = document.inner.clone();
    let mut verdicts: Vec<_> = payloads.iter().map(|(actor, payload)| enter(&mut trial, actor, payload)).collect();
    if !verdicts.contains(&Verdict::Admitted) {
        return verdicts;
    }
    // A panic on the way may have left the clone in any state, so then every payload is tried alone.
    let is_clean = !verdicts.contains(&Verdict::Refused(Refusal::Damaging));
    if let Some(sound) = is_clean.then(|| reload(&trial)).flatten() {
        document.inner = sound;
        return verdicts;
    }
    for (verdict, (actor, payload)) in verdicts.iter_mut().zip(payloads) {
        let mut alone = document.inner.clone();
        *verdict = match enter(&mut alone, actor, payload) {
            Verdict::Admitted => match reload(&alone) {
                Some(sound) => {
                    document.inner = sound;
                    Verdict::Admitted
                }
                None => Verdict::Refused(Refusal::Damaging),
            },
            other @ (Verdict::Known | Verdict::Pending | Verdict::Refused(_)) => other,
        };
    }
    verdicts
}

/// Tries one payload on a clone.
fn enter(trial: &mut Automerge, actor: &Actor, payload: &[u8]) -> Verdict {
    match read(trial, actor, payload) {
        Ok(Found::Change(change)) => match catch_unwind(AssertUnwindSafe(|| trial.apply_changes([*change]))) {
            Ok(Ok(())) => Verdict::Admitted,
            Ok(Err(_)) | Err(_) => Verdict::Refused(Refusal::Damaging),
        },
        Ok(Found::Known) => Verdict::Known,
        Ok(Found::Waits) => Verdict::Pending,
        Err(refusal) => Verdict::Refused(refusal),
    }
}

enum Found {
    Change(Box<Change>),
    Known,
    Waits,
}

fn read(doc: &Automerge, actor: &Actor, payload: &[u8]) -> Result<Found, Refusal> {
    let parts = payload::parse(payload)?;
    scan_columns(parts.columns)?;
    let history = doc.get_changes_meta(&[]);
    let own: Vec<_> = history.iter().filter(|meta| meta.actor.to_bytes() == actor.as_bytes()).collect();
    // A repeat would be rebuilt with the wrong number, so it is compared with the change that began where it begins.
    if let Some(place) = own.iter().position(|meta| meta.start_op == parts.start_op) {
        let before = place.checked_sub(1).map(|at| own[at].hash);
        if let Ok(chunk) = payload::unpack(&parts, actor, place as u64 + 1, before)
            && chunk_hash_is(&chunk, &own[place].hash)
        {
            return Ok(Found::Known);
        }
    }
    let actors: std::collections::BTreeSet<&[u8]> = history.iter().map(|meta| meta.actor.to_bytes()).collect();
    if history.len() >= CHANGES_MAX || (actors.len() >= ACTORS_MAX && own.is_empty()) {
        return Err(Refusal::DocumentFull);
    }
    if parts.continues_own && own.is_empty() || !parts.deps.iter().all(|dep| doc.get_change_meta_by_hash(dep).is_some())
    {
        return Ok(Found::Waits);
    }
    // Naming an actor that the document does not know makes Automerge panic.
    if !parts.others.iter().all(|other| actors.contains(other)) {
        return Err(Refusal::NotCanonical);
    }
    let seq = own.len() as u64 + 1;
    let chunk = payload::unpack(&parts, actor, seq, own.last().map(|meta| meta.hash))?;
    let change = catch_unwind(AssertUnwindSafe(|| canonical(chunk))).ok().flatten().ok_or(Refusal::NotCanonical)?;
    let is_as_said =
        change.actor_id().to_bytes() == actor.as_bytes() && change.seq() == seq && follows(&change, &parts);
    if is_as_said { Ok(Found::Change(Box::new(change))) } else { Err(Refusal::NotCanonical) }
}

/// Reads the chunk and writes it again: only what comes out byte for byte the same goes on.
fn canonical(chunk: Vec<u8>) -> Option<Change> {
    let change = Change::from_bytes(chunk.clone()).ok()?;
    let again = Change::from(change.decode());
    (again.raw_bytes() == chunk && change.raw_bytes() == chunk).then_some(change)
}

fn follows(change: &Change, parts: &Parts<'_>) -> bool {
    change.deps().len() == parts.deps.len() + usize::from(parts.continues_own)
}

/// The hash of a change is SHA-256 over the chunk from its type byte on.
fn chunk_hash_is(chunk: &[u8], hash: &ChangeHash) -> bool {
    use sha2::{Digest, Sha256};
    Sha256::digest(&chunk[8..])[..] == hash.0
}

/// Saves and loads; `None` if that fails or comes out different or too large.
fn reload(trial: &Automerge) -> Option<Automerge> {
    catch_unwind(AssertUnwindSafe(|| {
        let saved = trial.save();
        let again = Automerge::load(&saved).ok()?;
        (saved.len() <= SNAPSHOT_LEN_MAX && again.get_heads() == trial.get_heads()).then_some(again)
    }))
    .ok()
    .flatten()
}

/// Counts the rows of every column without expanding one.
///
/// Column specifications are those of the Automerge storage format: the low three bits are the type, the next one says
/// that the column is compressed.
fn scan_columns(columns: &[u8]) -> Result<(), Refusal> {
    let mut reader = Reader::new(columns);
    let count = reader.varint()?;
    if count > COLUMNS_MAX {
        return Err(Refusal::Columns);
    }
    let mut layout = Vec::new();
    for _ in 0..count {
        let specification = reader.varint()?;
        let len = usize::try_from(reader.varint()?).map_err(|_| Refusal::Columns)?;
        layout.push((specification, len));
    }
    for (specification, len) in layout {
        let column = reader.take(len)?;
        if specification & 8 != 0 {
            return Err(Refusal::Columns);
        }
        let rows = match specification & 7 {
            0..=2 | 6 => runs(column, |reader| reader.varint().map(drop))?,
            3 => runs(column, |reader| reader.signed_leb().map(drop))?,
            4 => switches(column)?,
            5 => runs(column, |reader| {
                let len = usize::try_from(reader.varint()?).map_err(|_| Malformed)?;
                reader.take(len).map(drop)
            })?,
            _ => 0, // raw values, measured by the lengths beside them
        };
        if rows > ROWS_MAX {
            return Err(Refusal::Columns);
        }
    }
    // Nothing may follow the columns: we write no extra bytes.
    if reader.rest().is_empty() { Ok(()) } else { Err(Refusal::Columns) }
}

/// Rows of a run-length column: a positive count repeats one value, a negative one precedes that many, 0 precedes a
/// number of nulls.
fn runs(column: &[u8], value: impl Fn(&mut Reader<'_>) -> Result<(), Malformed>) -> Result<u64, Refusal> {
    let mut reader = Reader::new(column);
    let mut rows = 0u64;
    while !reader.rest().is_empty() {
        let count = reader.signed_leb()?;
        let added = match count {
            0 => reader.varint()?,
            1.. => {
                value(&mut reader)?;
                count.unsigned_abs()
            }
            _ => {
                if count.unsigned_abs() > ROWS_MAX {
                    return Err(Refusal::Columns);
                }
                for _ in 0..count.unsigned_abs() {
                    value(&mut reader)?;
                }
                count.unsigned_abs()
            }
        };
        rows = rows.saturating_add(added);
        if rows > ROWS_MAX {
            return Err(Refusal::Columns);
        }
    }
    Ok(rows)
}

/// Rows of a boolean column: counts that alternate between false and true.
fn switches(column: &[u8]) -> Result<u64, Refusal> {
    let mut reader = Reader::new(column);
    let mut rows = 0u64;
    while !reader.rest().is_empty() {
        rows = rows.saturating_add(reader.varint()?);
    }
    Ok(rows)
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

    fn filed() -> (Document, Vec<u8>) {
        let new = NewOpinion { body: "村口的路坏了，雨天走不了。".into(), ..NewOpinion::default() };
        opinion::file(ALICE, &stamp("st-01", 100), &new).unwrap()
    }

    #[test]
    fn what_was_written_elsewhere_comes_out_the_same_here() {
        let (mut there, first) = filed();
        let second = opinion::add(&mut there, ALICE, &stamp("st-01", 200), "还有一座桥。").unwrap().unwrap();
        let mut here = Document::empty();
        let verdicts = admit(&mut here, &[(ALICE, &first), (ALICE, &second)]);
        assert_eq!(verdicts, [Verdict::Admitted, Verdict::Admitted]);
        assert_eq!(here.heads(), there.heads());
    }

    #[test]
    fn a_repeat_is_known_and_an_early_one_waits() {
        let (mut there, first) = filed();
        let second = opinion::add(&mut there, ALICE, &stamp("st-01", 200), "还有一座桥。").unwrap().unwrap();
        let mut here = Document::empty();
        assert_eq!(admit(&mut here, &[(ALICE, &second)]), [Verdict::Pending]);
        assert_eq!(admit(&mut here, &[(ALICE, &first)]), [Verdict::Admitted]);
        assert_eq!(admit(&mut here, &[(ALICE, &first), (ALICE, &second)]), [Verdict::Known, Verdict::Admitted]);
        assert_eq!(admit(&mut here, &[(ALICE, &second)]), [Verdict::Known]);
    }

    #[test]
    fn two_who_edit_at_once_both_keep_their_words() {
        let (mut alice, first) = filed();
        let mut bob = Document::empty();
        admit(&mut bob, &[(ALICE, &first)]);
        let by_alice = opinion::add(&mut alice, ALICE, &stamp("st-01", 200), "还有一座桥。").unwrap().unwrap();
        let by_bob = opinion::add(&mut bob, BOB, &stamp("dep-7", 150), "老人过不去。").unwrap().unwrap();
        assert_eq!(admit(&mut alice, &[(BOB, &by_bob)]), [Verdict::Admitted]);
        assert_eq!(admit(&mut bob, &[(ALICE, &by_alice)]), [Verdict::Admitted]);
        assert_eq!(alice.heads(), bob.heads());
    }

    #[test]
    fn a_bad_payload_is_refused_and_the_next_one_enters() {
        let (_, first) = filed();
        let mut here = Document::empty();
        let verdicts = admit(&mut here, &[(BOB, &[1, 0, 1]), (BOB, &[9]), (ALICE, &first)]);
        assert_eq!(verdicts[0], Verdict::Refused(Refusal::Payload(BadPayload::Malformed)));
        assert_eq!(verdicts[1], Verdict::Refused(Refusal::Payload(BadPayload::UnknownForm(9))));
        assert_eq!(verdicts[2], Verdict::Admitted);
    }

    #[test]
    fn a_bomb_of_a_million_equal_rows_is_refused_unopened() {
        // One column of type 2 (integers) whose single run says "1,000,000 times 7".
        let mut payload = vec![1, 0, 1, 0, 0, 0, 1, 0x42, 4];
        payload.extend_from_slice(&[0xc0, 0x84, 0x3d, 7]);
        let mut here = Document::empty();
        assert_eq!(admit(&mut here, &[(BOB, &payload)]), [Verdict::Refused(Refusal::Columns)]);
    }

    #[test]
    fn every_single_flipped_byte_is_refused_or_gives_a_sound_document() {
        let (_, first) = filed();
        for at in 0..first.len() {
            let mut bent = first.clone();
            bent[at] ^= 1 << (at % 8);
            let mut here = Document::empty();
            if admit(&mut here, &[(ALICE, &bent)]) == [Verdict::Admitted] {
                assert!(Document::load(&here.snapshot()).is_ok(), "byte {at}");
            }
        }
    }
}
