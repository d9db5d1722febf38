//! What is said in a transfer of attachments. As in a meeting, a message is its number, its length and its fields in order.
//!
//! The numbers go on where those of a meeting end, so that the first of them, [`OPENING`], tells a stream of attachments
//! from a meeting's. A reader passes over a message whose number it does not know, and over fields behind those it knows.
//! What it must not say is longer than [`MESSAGE_LEN_MAX`]; at that limit the transfer ends and goes on next time.

use civic_core::{
    attachment::AttachmentKind,
    codec::{Malformed, Reader, put_bytes, put_varint},
    id::AttachmentId,
};

use super::{
    manifest::{Manifest, PIECE_LEN},
    pieces::Pieces,
    receipt::AttachmentReceipt,
};

/// The number of the message that opens a stream of attachments.
pub const OPENING: u64 = 16;
/// Longest message body: a piece with its name.
pub const MESSAGE_LEN_MAX: usize = PIECE_LEN + 64;
/// Most hashes of one offer: of an attachment that is far too long, so that it can be refused with the reason.
pub const OFFERED_PIECES_MAX: usize = 1_024;
/// Most attachments that a hub says it lacks; the rest it says in the next transfer.
pub const LACKING_MAX: usize = 256;
/// Longest reason; a longer one is cut.
pub const REASON_LEN_MAX: usize = 512;
/// The version this program speaks.
pub const VERSION: u16 = 1;
/// The oldest version it still understands.
pub const VERSION_OLDEST: u16 = 1;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Opens the stream, and answers that.
    Hello {
        /// The version spoken.
        version: u16,
        /// The oldest one understood.
        oldest: u16,
        /// From the hub: what this device announced and the hub does not hold, oldest first, at most [`LACKING_MAX`].
        lacking: Vec<AttachmentId>,
    },
    /// "This I can give", with the parts of its manifest, unproven.
    Offer {
        /// The attachment.
        id: AttachmentId,
        /// What it is.
        kind: AttachmentKind,
        /// How many bytes.
        length: u64,
        /// The hash of each piece.
        hashes: Vec<[u8; 32]>,
    },
    /// "Of this I lack these pieces."
    Want {
        /// The attachment.
        id: AttachmentId,
        /// What the speaker lacks.
        missing: Pieces,
    },
    /// One piece.
    Piece {
        /// The attachment.
        id: AttachmentId,
        /// Which piece.
        number: u8,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// "This piece is on my disk."
    Stored {
        /// The attachment.
        id: AttachmentId,
        /// Which piece.
        number: u8,
    },
    /// The hub's receipt for a whole attachment.
    Receipt(AttachmentReceipt),
    /// An attachment, or one piece of it, is not taken or not given, and why. Everything else goes on.
    Refused {
        /// The attachment.
        id: AttachmentId,
        /// Which piece; `None` for the attachment.
        number: Option<u8>,
        /// The reason, in words.
        reason: String,
    },
    /// From a newer program.
    Unknown(u64),
}

impl Message {
    /// Offers what `manifest` describes.
    pub fn offer(manifest: &Manifest) -> Self {
        Message::Offer {
            id: manifest.id(),
            kind: manifest.kind(),
            length: manifest.length(),
            hashes: manifest.hashes().to_vec(),
        }
    }

    const fn number(&self) -> u64 {
        match self {
            Message::Hello { .. } => OPENING,
            Message::Offer { .. } => 17,
            Message::Want { .. } => 18,
            Message::Piece { .. } => 19,
            Message::Stored { .. } => 20,
            Message::Receipt(_) => 21,
            Message::Refused { .. } => 22,
            Message::Unknown(number) => *number,
        }
    }

    /// The bytes on the road: number, length, fields.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Message::Hello { version, oldest, lacking } => {
                put_varint(&mut body, u64::from(*version));
                put_varint(&mut body, u64::from(*oldest));
                put_varint(&mut body, lacking.len() as u64);
                lacking.iter().for_each(|id| body.extend_from_slice(id.as_bytes()));
            }
            Message::Offer { id, kind, length, hashes } => {
                body.extend_from_slice(id.as_bytes());
                body.push(kind.number());
                put_varint(&mut body, *length);
                put_varint(&mut body, hashes.len() as u64);
                hashes.iter().for_each(|hash| body.extend_from_slice(hash));
            }
            Message::Want { id, missing } => {
                body.extend_from_slice(id.as_bytes());
                put_varint(&mut body, missing.bits());
            }
            Message::Piece { id, number, bytes } => {
                body.extend_from_slice(id.as_bytes());
                body.push(*number);
                put_bytes(&mut body, bytes);
            }
            Message::Stored { id, number } => {
                body.extend_from_slice(id.as_bytes());
                body.push(*number);
            }
            Message::Receipt(receipt) => receipt.put(&mut body),
            Message::Refused { id, number, reason } => {
                body.extend_from_slice(id.as_bytes());
                // 0 for the attachment, else one more than the piece's number.
                put_varint(&mut body, number.map_or(0, |number| u64::from(number) + 1));
                put_bytes(&mut body, &reason.as_bytes()[..reason.floor_char_boundary(REASON_LEN_MAX)]);
            }
            Message::Unknown(_) => {}
        }
        let mut out = Vec::with_capacity(body.len() + 8);
        put_varint(&mut out, self.number());
        put_bytes(&mut out, &body);
        out
    }

    /// Reads the fields of message `number`.
    pub fn decode(number: u64, body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        Ok(match number {
            OPENING => {
                let version = reader.varint()?.try_into().map_err(|_| Malformed)?;
                let oldest = reader.varint()?.try_into().map_err(|_| Malformed)?;
                let count = reader.count(LACKING_MAX)?;
                let lacking = (0..count).map(|_| reader.array().map(AttachmentId::new)).collect::<Result<_, _>>()?;
                Message::Hello { version, oldest, lacking }
            }
            17 => {
                let (id, kind) = (AttachmentId::new(reader.array()?), AttachmentKind::from_number(reader.byte()?));
                let length = reader.varint()?;
                let count = reader.count(OFFERED_PIECES_MAX)?;
                let hashes = (0..count).map(|_| reader.array()).collect::<Result<_, _>>()?;
                Message::Offer { id, kind, length, hashes }
            }
            18 => {
                Message::Want { id: AttachmentId::new(reader.array()?), missing: Pieces::from_bits(reader.varint()?) }
            }
            19 => Message::Piece {
                id: AttachmentId::new(reader.array()?),
                number: reader.byte()?,
                bytes: reader.bytes(PIECE_LEN)?.to_vec(),
            },
            20 => Message::Stored { id: AttachmentId::new(reader.array()?), number: reader.byte()? },
            21 => Message::Receipt(AttachmentReceipt::read(&mut reader)?),
            22 => {
                let id = AttachmentId::new(reader.array()?);
                let number = reader.varint()?.checked_sub(1).map(u8::try_from).transpose().map_err(|_| Malformed)?;
                Message::Refused { id, number, reason: reader.text(REASON_LEN_MAX)?.to_owned() }
            }
            other => Message::Unknown(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use civic_core::{id::hex, time::UnixSeconds};
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::receipt::Level;

    fn decode(bytes: &[u8]) -> Result<Message, Malformed> {
        let mut reader = Reader::new(bytes);
        Message::decode(reader.varint()?, reader.bytes(MESSAGE_LEN_MAX)?)
    }

    #[test]
    fn every_message_keeps_its_bytes_for_ever_and_reads_back() {
        let id = AttachmentId::new([0xaa; 32]);
        let name = "aa".repeat(32);
        let hub = SigningKey::from_bytes(&[4; 32]);
        let receipt = AttachmentReceipt::sign(id, Level::Received, UnixSeconds(99), &hub);
        let signature = hex(&receipt.signature);
        let refused = |number| Message::Refused { id, number, reason: "why".into() };
        for (message, bytes) in [
            (Message::Hello { version: 1, oldest: 1, lacking: vec![id] }, format!("1023010101{name}")),
            (
                Message::Offer { id, kind: AttachmentKind::Voice, length: 300, hashes: vec![[0xbb; 32]] },
                format!("1144{name}01ac0201{}", "bb".repeat(32)),
            ),
            (Message::Want { id, missing: Pieces::from_bits(5) }, format!("1221{name}05")),
            (Message::Piece { id, number: 2, bytes: vec![1, 2, 3] }, format!("1325{name}0203010203")),
            (Message::Stored { id, number: 2 }, format!("1421{name}02")),
            (Message::Receipt(receipt), format!("1563{name}01c601{signature}")),
            (refused(None), format!("1625{name}0003776879")),
            (refused(Some(4)), format!("1625{name}0503776879")),
        ] {
            assert_eq!(hex(&message.encode()), bytes, "{message:?}");
            assert_eq!(decode(&message.encode()), Ok(message));
        }
    }

    #[test]
    fn a_newer_message_is_passed_over_and_newer_fields_too() {
        assert_eq!(Message::decode(77, b"whatever"), Ok(Message::Unknown(77)));
        let hello = Message::Hello { version: 2, oldest: 1, lacking: Vec::new() };
        assert_eq!(Message::decode(OPENING, &[2, 1, 0, 9, 9]), Ok(hello));
    }

    #[test]
    fn a_count_that_lies_is_malformed_before_anything_is_allocated() {
        let mut offer = vec![0; 33];
        offer.extend_from_slice(&[1, 0xff, 0xff, 0x03]);
        assert_eq!(Message::decode(17, &offer), Err(Malformed));
        let mut piece = vec![0; 33];
        piece.extend_from_slice(&[0x81, 0x80, 0x04]);
        assert_eq!(Message::decode(19, &piece), Err(Malformed));
        assert!(
            Message::Piece { id: AttachmentId::new([0; 32]), number: 63, bytes: vec![0; PIECE_LEN] }.encode().len()
                < MESSAGE_LEN_MAX
        );
    }
}
