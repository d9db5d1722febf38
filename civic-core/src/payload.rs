//! The compact form in which one Automerge change travels and is kept: without what the receiver can derive.
//!
//! Left out of the change chunk are its header and checksum, the actor (the signer's, [`crate::id::Actor::of`]), the
//! sequence number (one more than that actor's last change in the document) and the dependency on that last change.
//! All of it is put back by [`unpack`], and the change's hash, on which later changes depend, proves that it is right.
//!
//! ```text
//! byte     form (1), plus 16 if the first dependency is the actor's own last change in this document
//! varint   number of other dependencies, then 32 bytes each
//! varint   first operation number
//! zigzag   time, seconds
//! varint   length of the message, then its bytes
//! varint   number of other actors, then 16 bytes each
//! rest     the operation columns, as Automerge lays them out
//! ```

use automerge::{Change, ChangeHash};
use sha2::{Digest, Sha256};

use crate::{
    codec::{Malformed, Reader, put_signed, put_signed_leb, put_varint},
    id::Actor,
};

/// The only form written today. A reader that meets another says so and keeps the bytes.
const FORM: u8 = 1;
const OWN_LAST: u8 = 16;
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
    /// It continues a change of its own author that is not here.
    #[error("payload continues a change that is not here")]
    NoOwnLast,
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
    pub(crate) continues_own: bool,
    pub(crate) deps: Vec<ChangeHash>,
    pub(crate) start_op: u64,
    pub(crate) time: i64,
    pub(crate) message: &'a [u8],
    pub(crate) others: Vec<&'a [u8]>,
    pub(crate) columns: &'a [u8],
}

/// Makes the payload of a change of our own. `own_last` is the hash of its author's change before it in the document.
pub(crate) fn pack(change: &Change, own_last: Option<ChangeHash>) -> Result<Vec<u8>, BadPayload> {
    let chunk = change.raw_bytes();
    let mut reader = Reader::new(chunk.get(9..).ok_or(BadPayload::Malformed)?);
    reader.varint()?; // length of what follows
    let dep_count = reader.varint()?;
    for _ in 0..dep_count {
        reader.take(32)?;
    }
    let actor_len = reader.varint()?;
    reader.take(usize::try_from(actor_len).map_err(|_| BadPayload::Malformed)?)?;
    reader.varint()?; // sequence number
    reader.varint()?; // first operation
    reader.signed_leb()?; // time
    let message_len = reader.varint()?;
    let message = reader.take(usize::try_from(message_len).map_err(|_| BadPayload::Malformed)?)?;
    let other_count = reader.varint()?;
    let mut others = Vec::new();
    for _ in 0..other_count {
        if reader.varint()? != ACTOR_LEN as u64 {
            return Err(BadPayload::Foreign);
        }
        others.push(reader.take(ACTOR_LEN)?);
    }
    let mut deps: Vec<ChangeHash> = change.deps().to_vec();
    let continues_own = own_last.is_some_and(|own| deps.contains(&own));
    deps.retain(|dep| !continues_own || Some(*dep) != own_last);

    let mut out = vec![FORM | if continues_own { OWN_LAST } else { 0 }];
    put_varint(&mut out, deps.len() as u64);
    for dep in &deps {
        out.extend_from_slice(&dep.0);
    }
    put_varint(&mut out, change.start_op().get());
    put_signed(&mut out, change.timestamp());
    put_varint(&mut out, message.len() as u64);
    out.extend_from_slice(message);
    put_varint(&mut out, others.len() as u64);
    others.iter().for_each(|other| out.extend_from_slice(other));
    out.extend_from_slice(reader.rest());
    if out.len() > PAYLOAD_LEN_MAX { Err(BadPayload::TooLong) } else { Ok(out) }
}

/// Takes a payload apart within the limits.
pub(crate) fn parse(payload: &[u8]) -> Result<Parts<'_>, BadPayload> {
    if payload.len() > PAYLOAD_LEN_MAX {
        return Err(BadPayload::TooLong);
    }
    let mut reader = Reader::new(payload);
    let first = reader.take(1)?[0];
    if first & !OWN_LAST != FORM {
        return Err(BadPayload::UnknownForm(first & 15));
    }
    let dep_count = count(&mut reader, DEPS_MAX, "dependencies")?;
    let mut deps = Vec::with_capacity(dep_count);
    for _ in 0..dep_count {
        deps.push(ChangeHash(reader.take(32)?.try_into().map_err(|_| BadPayload::Malformed)?));
    }
    let start_op = reader.varint()?;
    let time = reader.signed()?;
    let message_len = count(&mut reader, MESSAGE_LEN_MAX, "bytes of message")?;
    let message = reader.take(message_len)?;
    let other_count = count(&mut reader, OTHER_ACTORS_MAX, "other actors")?;
    let mut others = Vec::with_capacity(other_count);
    for _ in 0..other_count {
        others.push(reader.take(ACTOR_LEN)?);
    }
    Ok(Parts { continues_own: first & OWN_LAST != 0, deps, start_op, time, message, others, columns: reader.rest() })
}

/// Puts back what was left out: the bytes of the change chunk by `actor` with sequence number `seq`, whose author's
/// change before it in the document is `own_last`.
pub(crate) fn unpack(
    parts: &Parts<'_>,
    actor: &Actor,
    seq: u64,
    own_last: Option<ChangeHash>,
) -> Result<Vec<u8>, BadPayload> {
    let mut deps = parts.deps.clone();
    if parts.continues_own {
        deps.push(own_last.ok_or(BadPayload::NoOwnLast)?);
    }
    deps.sort_unstable();
    let mut body = Vec::with_capacity(parts.columns.len() + 128);
    put_varint(&mut body, deps.len() as u64);
    for dep in &deps {
        body.extend_from_slice(&dep.0);
    }
    put_varint(&mut body, ACTOR_LEN as u64);
    body.extend_from_slice(actor.as_bytes());
    put_varint(&mut body, seq);
    put_varint(&mut body, parts.start_op);
    put_signed_leb(&mut body, parts.time);
    put_varint(&mut body, parts.message.len() as u64);
    body.extend_from_slice(parts.message);
    put_varint(&mut body, parts.others.len() as u64);
    for other in &parts.others {
        put_varint(&mut body, ACTOR_LEN as u64);
        body.extend_from_slice(other);
    }
    body.extend_from_slice(parts.columns);

    let mut framed = vec![CHUNK_TYPE_CHANGE];
    put_varint(&mut framed, body.len() as u64);
    framed.extend_from_slice(&body);
    let hash = Sha256::digest(&framed);
    let mut chunk = Vec::with_capacity(framed.len() + 8);
    chunk.extend_from_slice(&CHUNK_MAGIC);
    chunk.extend_from_slice(&hash[..4]);
    chunk.extend_from_slice(&framed);
    Ok(chunk)
}

/// A count of at most `max`, or what there is too much of.
fn count(reader: &mut Reader<'_>, max: usize, what: &'static str) -> Result<usize, BadPayload> {
    match usize::try_from(reader.varint()?) {
        Ok(count) if count <= max => Ok(count),
        Ok(_) | Err(_) => Err(BadPayload::TooMany(what)),
    }
}
