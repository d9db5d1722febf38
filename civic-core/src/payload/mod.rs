//! The compact form in which one Automerge change travels and is kept: without what the receiver can derive.
//!
//! Left out of the change chunk are its header and checksum, the actor (the signer's, [`crate::id::Actor::of`]), the time
//! (that of the log entry beside it), the dependency on the author's own change before it in the document, and the first
//! operation number (one more than the highest in what it depends on). All of it is put back by [`unpack`], and the
//! change's hash, on which later changes depend, proves that it is right.
//!
//! ```text
//! byte     form (1)
//! varint   sequence number: 1 for its author's first change of this document, 2 for the next
//! varint   number of other dependencies, then 32 bytes each
//! varint   length of the message, then its bytes
//! varint   number of other actors, then 16 bytes each
//! rest     the operation columns, as Automerge lays them out, with some numbers told otherwise: [`counters`]
//! ```
//!
//! The sequence number could be counted too, but it is what tells a repeat from a change whose forerunner is missing.

mod counters;

use automerge::{Change, ChangeHash};
use sha2::{Digest, Sha256};

use crate::{
    codec::{Malformed, Reader, put_bytes, put_signed_leb, put_varint},
    id::Actor,
    time::UnixSeconds,
};

/// The only form written today. A reader that meets another says so and keeps the bytes.
const FORM: u8 = 1;
const CHUNK_MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHUNK_TYPE_CHANGE: u8 = 1;
const ACTOR_LEN: usize = 16;

/// Longest payload that is read at all: an opinion of 2,000 characters takes under 10 kB.
pub const PAYLOAD_LEN_MAX: usize = 64 * 1024;
/// Most dependencies of one change: one for each branch that it joins.
pub const DEPS_MAX: usize = 64;
/// Most other writers that one change may name.
pub const OTHER_ACTORS_MAX: usize = 64;
/// Longest message, which holds who made the change.
pub const MESSAGE_LEN_MAX: usize = 512;

/// Why bytes are not a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPayload {
    /// Longer than [`PAYLOAD_LEN_MAX`].
    #[error("payload is longer than {PAYLOAD_LEN_MAX} bytes")]
    TooLong,
    /// Ends too early, or a number in it does not fit.
    #[error("payload is cut off or malformed")]
    Malformed,
    /// A form that this program does not know; a newer one may.
    #[error("payload has the unknown form {0}")]
    UnknownForm(u8),
    /// More dependencies, actors or message than allowed.
    #[error("payload has too many {0}")]
    TooMany(&'static str),
    /// A change that this form cannot carry, because it was not made by this program.
    #[error("change was not made by this program")]
    Foreign,
}

impl From<Malformed> for BadPayload {
    fn from(_: Malformed) -> Self {
        BadPayload::Malformed
    }
}

/// A payload, taken apart and measured, before Automerge sees any of it.
pub(crate) struct Parts<'a> {
    pub(crate) seq: u64,
    /// Without the author's own change before it.
    pub(crate) deps: Vec<ChangeHash>,
    pub(crate) message: &'a [u8],
    pub(crate) others: Vec<&'a [u8]>,
    pub(crate) columns: &'a [u8],
}

/// What the receiver knows of a change before it reads the payload.
pub(crate) struct Known {
    /// Who signed the entry.
    pub(crate) actor: Actor,
    /// The entry's time.
    pub(crate) at: UnixSeconds,
    /// The author's change before it in this document.
    pub(crate) own_last: Option<ChangeHash>,
    /// One more than the highest operation in what it depends on.
    pub(crate) first_op: u64,
}

/// A change as Automerge writes it, and its hash.
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: ChangeHash,
}

/// Makes the payload of a change of our own. What could not be put back byte for byte is refused.
pub(crate) fn pack(change: &Change, known: &Known) -> Result<Vec<u8>, BadPayload> {
    let mut reader = Reader::new(change.raw_bytes());
    reader.take(CHUNK_MAGIC.len() + 4 + 1)?;
    reader.varint()?; // length of what follows
    for _ in 0..reader.varint()? {
        reader.take(32)?;
    }
    reader.bytes(ACTOR_LEN)?;
    reader.varint()?; // sequence number
    reader.varint()?; // first operation
    reader.signed_leb()?; // time
    let message = reader.bytes(MESSAGE_LEN_MAX)?;
    let mut others = Vec::new();
    for _ in 0..reader.varint()? {
        others.push(reader.bytes(ACTOR_LEN)?);
    }
    let deps: Vec<&ChangeHash> = change.deps().iter().filter(|dep| Some(**dep) != known.own_last).collect();

    let mut out = vec![FORM];
    put_varint(&mut out, change.seq());
    put_varint(&mut out, deps.len() as u64);
    deps.iter().for_each(|dep| out.extend_from_slice(&dep.0));
    put_bytes(&mut out, message);
    put_varint(&mut out, others.len() as u64);
    others.iter().for_each(|other| out.extend_from_slice(other));
    out.extend(counters::to_relative(reader.rest(), known.first_op)?);
    let is_put_back = unpack(&parse(&out)?, known)?.bytes == change.raw_bytes();
    if is_put_back { Ok(out) } else { Err(BadPayload::Foreign) }
}

/// Takes a payload apart within the limits.
pub(crate) fn parse(payload: &[u8]) -> Result<Parts<'_>, BadPayload> {
    if payload.len() > PAYLOAD_LEN_MAX {
        return Err(BadPayload::TooLong);
    }
    let mut reader = Reader::new(payload);
    let form = reader.byte()?;
    if form != FORM {
        return Err(BadPayload::UnknownForm(form));
    }
    let seq = reader.varint()?;
    let dep_count = count(&mut reader, DEPS_MAX, "dependencies")?;
    let mut deps = Vec::with_capacity(dep_count + 1);
    for _ in 0..dep_count {
        deps.push(ChangeHash(reader.array()?));
    }
    let message_len = count(&mut reader, MESSAGE_LEN_MAX, "bytes of message")?;
    let message = reader.take(message_len)?;
    let other_count = count(&mut reader, OTHER_ACTORS_MAX, "other actors")?;
    let mut others = Vec::with_capacity(other_count);
    for _ in 0..other_count {
        others.push(reader.take(ACTOR_LEN)?);
    }
    // Numbers begin with 1, and Automerge names every dependency once and in order.
    if seq == 0 || !deps.is_sorted_by(|one, next| one < next) {
        return Err(BadPayload::Malformed);
    }
    Ok(Parts { seq, deps, message, others, columns: reader.rest() })
}

/// Puts back what was left out.
pub(crate) fn unpack(parts: &Parts<'_>, known: &Known) -> Result<Chunk, Malformed> {
    let columns = counters::to_absolute(parts.columns, known.first_op)?;
    let mut deps = parts.deps.clone();
    deps.extend(known.own_last);
    deps.sort_unstable();
    let mut body = Vec::with_capacity(columns.len() + parts.message.len() + 32 * deps.len() + 64);
    put_varint(&mut body, deps.len() as u64);
    deps.iter().for_each(|dep| body.extend_from_slice(&dep.0));
    put_bytes(&mut body, known.actor.as_bytes());
    put_varint(&mut body, parts.seq);
    put_varint(&mut body, known.first_op);
    put_signed_leb(&mut body, known.at.0);
    put_bytes(&mut body, parts.message);
    put_varint(&mut body, parts.others.len() as u64);
    parts.others.iter().for_each(|other| put_bytes(&mut body, other));
    body.extend_from_slice(&columns);

    // The hash covers everything from the type byte on; its first bytes are the checksum.
    let mut framed = vec![CHUNK_TYPE_CHANGE];
    put_varint(&mut framed, body.len() as u64);
    let hash: [u8; 32] = Sha256::new().chain_update(&framed).chain_update(&body).finalize().into();
    let bytes = [&CHUNK_MAGIC, &hash[..4], &framed, &body].concat();
    Ok(Chunk { bytes, hash: ChangeHash(hash) })
}

/// A count of at most `max`, or what there is too much of.
fn count(reader: &mut Reader<'_>, max: usize, what: &'static str) -> Result<usize, BadPayload> {
    match usize::try_from(reader.varint()?) {
        Ok(count) if count <= max => Ok(count),
        Ok(_) | Err(_) => Err(BadPayload::TooMany(what)),
    }
}
