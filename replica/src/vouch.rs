//! A hub under another one says for which devices it stands, before it meets it: what they wrote is its own to bring, within
//! its prefix, and counts there as if it had written it.
//!
//! The hub above knows none of them and need not: the hub beneath let them in, and answers for them.

use crate::road::{Connection, Number, RecvStream, RoadError, SendStream, framed};

/// The number of the message that says so.
pub(crate) const OPENING: u64 = 26;
/// The number of the answer: it is written down.
const NOTED: u64 = 27;
const KEY_LEN: usize = 32;
/// Devices of one hub, as many as there are numbers for in a county; a longer list ends the connection.
const KEYS_MAX: usize = 10_000;

/// Says for whom this hub stands; returns once that is written down.
pub(crate) async fn call(connection: &Connection, keys: &[[u8; 32]]) -> Result<(), RoadError> {
    let (mut send, mut receive) = connection.open().await?;
    send.send_bytes(framed(OPENING, &keys.concat())).await?;
    send.finish();
    let number = receive.number().await?.filter(|number| number.value == NOTED).ok_or(RoadError::Malformed)?;
    receive.fields(number, 0).await.map(drop)
}

/// Hears for whom the hub beneath stands, which began with a message of number `first`.
pub(crate) async fn hear(first: Number, receive: &mut RecvStream) -> Result<Vec<[u8; 32]>, RoadError> {
    let (body, _) = receive.fields(first, KEYS_MAX * KEY_LEN).await?;
    let (keys, rest) = body.as_chunks::<KEY_LEN>();
    if rest.is_empty() { Ok(keys.to_vec()) } else { Err(RoadError::Malformed) }
}

/// Says that it is written down.
pub(crate) async fn answer(mut send: SendStream) -> Result<(), RoadError> {
    send.send_bytes(framed(NOTED, &[])).await?;
    send.finish();
    Ok(())
}
