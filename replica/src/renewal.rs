//! How a device stays one of the county: it renews its certificate over a connection that is open anyway.
//!
//! It asks when three quarters of the certificate's time have passed by a clock that is believed, when the hub turns it
//! away because the certificate has expired, and when the hub shows a certificate of another authority than its own: then
//! the county has gone over to its spare. The answer is a whole new card, so that the device learns the authorities, the
//! areas and the county's words of today with it.

use civic_core::time::UnixSeconds;

use crate::{
    identity::Card,
    road::{
        Connection, Number, RecvStream, RoadError, SendStream, framed,
        tls::{self, CERTIFICATE_DAYS},
    },
};

/// The number of the message that asks.
pub(crate) const OPENING: u64 = 24;
/// The number of the answer.
const RENEWED: u64 = 25;
/// Longest answer; the codebook is in it.
const CARD_LEN_MAX: usize = 1024 * 1024;
/// Three quarters of a certificate's time.
const AGE_MAX_S: i64 = CERTIFICATE_DAYS * 86_400 * 3 / 4;

/// Whether a device with this card asks a hub that showed this certificate, at a time that is believed.
pub(crate) fn is_due(card: &Card, certificate: &[u8], hub: Option<&[u8]>, believed: UnixSeconds) -> bool {
    let is_old = believed.0.saturating_sub(card.certified_at().0) > AGE_MAX_S;
    is_old || hub.is_some_and(|hub| !tls::is_same_authority(certificate, hub))
}

/// Asks the hub for a new card for this key; returns the one to be kept.
pub(crate) async fn call(connection: &Connection, card: &Card, public_key: &[u8; 32]) -> Result<Card, RoadError> {
    let (mut send, mut receive) = connection.open().await?;
    send.send_bytes(framed(OPENING, &[])).await?;
    send.finish();
    let number = receive.number().await?.filter(|number| number.value == RENEWED);
    let (json, _) = receive.fields(number.ok_or(RoadError::Malformed)?, CARD_LEN_MAX).await?;
    let renewed: Card = serde_json::from_slice(&json).map_err(|_| RoadError::Malformed)?;
    let Card { hub, enrolled_at, former, board, codebook, edition, .. } = card.clone();
    // Words that this program is too old to read it does without: it goes on with those that it has.
    let renewed = if renewed.speaks() { renewed } else { Card { codebook, edition, ..renewed } };
    // What the device knows of itself stays.
    let renewed = Card { hub, enrolled_at, former, board, ..renewed };
    if renewed.is_for(public_key, card.scope.role) { Ok(renewed) } else { Err(RoadError::Malformed) }
}

/// Answers as the hub a device that asked with a message of number `first`; nothing if there is no card for it.
pub(crate) async fn answer(
    card: Option<Card>,
    first: Number,
    (mut send, mut receive): (SendStream, RecvStream),
) -> Result<(), RoadError> {
    receive.fields(first, 0).await?;
    let Some(card) = card else { return Ok(()) };
    let json = serde_json::to_vec(&card).map_err(|_| RoadError::Malformed)?;
    send.send_bytes(framed(RENEWED, &json)).await?;
    send.finish();
    Ok(())
}
