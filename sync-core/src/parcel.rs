//! Parcels: one turn of a meeting, signed by who says it and meant for one receiver, for roads on which nobody answers.
//!
//! A parcel holds the very [messages](crate::message) that would have been said on an open road, so whoever opens it lets
//! the same [session](crate::session) hear them. Each can be heard alone, again, or after a later one: what it lacks before
//! it is told as a gap, and what is known is known. Sealed to its receiver it is what a phone or a stick carries.
//!
//! ```text
//! version as a number          this program writes 1
//! 32 bytes                     Ed25519 public key of the author
//! time, signed number          the author's clock, seconds
//! 0, or 1 and a cursor         what the receiver must have heard of the author before its mark is true
//! messages                     as on an open road, one after the other, to the end: of a meeting, then of attachments
//! 64 bytes                     signature of "huiyin parcel v1", the receiver's X25519 key, and everything before
//! ```

use civic_core::{
    codec::{Malformed, Reader, put_signed, put_varint},
    time::UnixSeconds,
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::{
    attachment::message::{self as attachment, OPENING},
    message::{Cursor, MESSAGE_LEN_MAX, Message, put_cursor, read_cursor},
};

const VERSION: u64 = 1;
const SIGNATURE_CONTEXT: &[u8] = b"huiyin parcel v1";
const SIGNATURE_LEN: usize = 64;
/// Messages are gathered into one parcel until they are about this long.
pub const PARCEL_LEN: usize = 256 * 1024;

/// One turn of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Ed25519 public key of who says it.
    pub author: [u8; 32],
    /// When, by that clock.
    pub at: UnixSeconds,
    /// What the receiver must have heard of the author before the mark in it is true; `None` for nothing.
    pub after: Option<Cursor>,
    /// What is said.
    pub messages: Vec<Message>,
    /// What is said of attachments, behind that.
    pub attachments: Vec<attachment::Message>,
}

/// Why what was opened is not a parcel to listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadParcel {
    /// Not a parcel within the limits.
    #[error("parcel is malformed")]
    Malformed,
    /// A newer program wrote it, in a way that this one does not understand.
    #[error("parcel is of version {0}; this program understands {VERSION}")]
    Version(u64),
    /// Somebody else signed it, or for somebody else.
    #[error("parcel is not signed by its author for this receiver")]
    Signature,
}

impl From<Malformed> for BadParcel {
    fn from(_: Malformed) -> Self {
        BadParcel::Malformed
    }
}

impl Parcel {
    /// Its bytes, signed for the receiver with this X25519 public key.
    pub fn sign(&self, receiver: &[u8; 32], key: &SigningKey) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, VERSION);
        out.extend_from_slice(&self.author);
        put_signed(&mut out, self.at.0);
        out.push(u8::from(self.after.is_some()));
        self.after.iter().for_each(|cursor| put_cursor(&mut out, cursor));
        self.messages.iter().for_each(|message| out.extend(message.encode()));
        self.attachments.iter().for_each(|message| out.extend(message.encode()));
        let signature = key.sign(&signed_bytes(receiver, &out)).to_bytes();
        out.extend_from_slice(&signature);
        out
    }

    /// Reads and verifies what [`Parcel::sign`] wrote for this receiver.
    pub fn read(bytes: &[u8], receiver: &[u8; 32]) -> Result<Self, BadParcel> {
        let (said, signature) = bytes.split_last_chunk::<SIGNATURE_LEN>().ok_or(BadParcel::Malformed)?;
        let mut reader = Reader::new(said);
        match reader.varint()? {
            VERSION => {}
            newer => return Err(BadParcel::Version(newer)),
        }
        let author: [u8; 32] = reader.array()?;
        VerifyingKey::from_bytes(&author)
            .and_then(|key| key.verify_strict(&signed_bytes(receiver, said), &Signature::from_bytes(signature)))
            .map_err(|_| BadParcel::Signature)?;
        let at = UnixSeconds(reader.signed()?);
        let after = match reader.byte()? {
            0 => None,
            1 => Some(read_cursor(&mut reader)?),
            _ => return Err(BadParcel::Malformed),
        };
        let (mut messages, mut attachments) = (Vec::new(), Vec::new());
        while !reader.rest().is_empty() {
            let number = reader.varint()?;
            if number < OPENING {
                messages.push(Message::decode(number, reader.bytes(MESSAGE_LEN_MAX)?)?);
            } else {
                attachments.push(attachment::Message::decode(number, reader.bytes(attachment::MESSAGE_LEN_MAX)?)?);
            }
        }
        Ok(Self { author, at, after, messages, attachments })
    }
}

fn signed_bytes(receiver: &[u8; 32], said: &[u8]) -> Vec<u8> {
    [SIGNATURE_CONTEXT, receiver, said].concat()
}

#[cfg(test)]
mod tests {
    use civic_core::id::AttachmentId;

    use super::*;

    fn parcel(key: &SigningKey) -> Parcel {
        Parcel {
            author: key.verifying_key().to_bytes(),
            at: UnixSeconds(1_700_000_000),
            after: Some(Cursor { epoch: [6; 8], row: 300, kept: 7 }),
            messages: vec![
                Message::Over { fingerprint: [8; 16] },
                Message::Mark(Cursor { epoch: [6; 8], row: 9, kept: 0 }),
            ],
            attachments: vec![attachment::Message::Stored { id: AttachmentId::new([5; 32]), number: 3 }],
        }
    }

    #[test]
    fn a_parcel_reads_back_for_its_receiver_and_for_nobody_else() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let bytes = parcel(&key).sign(&[1; 32], &key);
        assert_eq!(Parcel::read(&bytes, &[1; 32]), Ok(parcel(&key)));
        assert_eq!(Parcel::read(&bytes, &[2; 32]), Err(BadParcel::Signature));
        let other = SigningKey::from_bytes(&[4; 32]);
        assert_eq!(Parcel::read(&parcel(&key).sign(&[1; 32], &other), &[1; 32]), Err(BadParcel::Signature));
    }

    #[test]
    fn a_parcel_that_was_bent_anywhere_is_refused() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let bytes = parcel(&key).sign(&[1; 32], &key);
        for place in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[place] ^= 0x10;
            assert!(Parcel::read(&bent, &[1; 32]).is_err(), "byte {place}");
            assert!(Parcel::read(&bytes[..place], &[1; 32]).is_err(), "cut at {place}");
        }
        let mut newer = bytes;
        newer[0] = 2;
        assert_eq!(Parcel::read(&newer, &[1; 32]), Err(BadParcel::Version(2)));
    }
}
