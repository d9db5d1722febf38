//! What is said when a parcel changes hands. As in a meeting, a message is its number, its length and its fields in order;
//! the numbers go on where those of attachments end, so that [`OPENING`] tells such a stream from the others.
//!
//! Sides speak in turns, and a turn ends with Over. A reader passes over a message whose number it does not know, and over
//! fields behind those it knows.
//!
//! ```text
//! whoever calls                                  whoever is called
//! Hello, Word…, Offer…, Holds, Over ───────────►
//!        ◄───────────────  Hello, Word…, Offer…, Want or Refused…, Holds, Public…, Over
//! Want or Refused…, Piece…, Public…, Over ─────►
//!        ◄───────────────  Word or Refused…, Piece…, Over
//! Word or Refused…, Over        ───────────────►
//! ```
//!
//! Holds and Public pass between two devices alone: what the hub made public, under its own signature, comes to whoever
//! holds less of it.

use civic_core::{
    codec::{Malformed, Reader, put_bytes, put_signed, put_varint},
    time::UnixSeconds,
};

use super::{
    label::{Label, ParcelId},
    word::Word,
};
use crate::{
    feed::{Feed, FeedId},
    message::MESSAGE_LEN_MAX as RUN_LEN_MAX,
    run::Run,
};

/// The number of the message that opens such a stream.
pub const OPENING: u64 = 32;
/// Longest piece of a parcel.
pub const PIECE_LEN: usize = 64 * 1024;
/// Longest message body: a piece with its name and place.
pub const MESSAGE_LEN_MAX: usize = PIECE_LEN + 64;
/// Feeds that are named in one message; what is beyond is not asked for this time.
pub const HELD_MAX: usize = 2_048;
/// Most labels of one turn; further ones wait for the next time.
pub const OFFERS_MAX: usize = 1_024;
/// Most words of one turn; further ones wait for the next time.
pub const WORDS_MAX: usize = 4_096;
/// Most messages of one turn beside pieces; whoever says more is not listened to any longer.
pub const TURN_MAX: usize = OFFERS_MAX + WORDS_MAX + 64;
/// Longest reason; a longer one is cut.
pub const REASON_LEN_MAX: usize = 512;
const FEED_LEN_MAX: usize = 128;
/// The version this program speaks.
pub const VERSION: u16 = 1;
/// The oldest version it still understands.
pub const VERSION_OLDEST: u16 = 1;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Opens a side's first turn.
    Hello {
        /// The version spoken.
        version: u16,
        /// The oldest one understood.
        oldest: u16,
        /// The speaker's name among people.
        name: String,
        /// When the speaker last heard of the hub, by the hub's clock, and with that of who was struck off; 0 for never.
        heard: UnixSeconds,
        /// Whether the speaker takes parcels for others.
        carries: bool,
        /// Whether the speaker, a device, lends and asks for attachments that the county made public, on two streams behind
        /// this one: on the first the caller asks, on the second it is asked.
        lends: bool,
    },
    /// "This I can give."
    Offer(Label),
    /// "Of this parcel I lack what comes after so many bytes."
    Want {
        /// The parcel.
        id: ParcelId,
        /// How much is here.
        from: u64,
    },
    /// Bytes of a parcel, in order.
    Piece {
        /// The parcel.
        id: ParcelId,
        /// Where they begin.
        from: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A receipt.
    Word(Word),
    /// A parcel is not taken, and why.
    Refused {
        /// The parcel.
        id: ParcelId,
        /// The reason, in words.
        reason: String,
    },
    /// Ends the turn.
    Over,
    /// "Of what the hub made public I hold these feeds so far."
    Holds(Vec<(FeedId, u64)>),
    /// What the hub made public and you lack; only said to whoever said what it holds.
    Public {
        /// The feed, in full.
        feed: Feed,
        /// A run of it.
        run: Run,
    },
    /// From a newer program.
    Unknown(u64),
}

impl Message {
    const fn number(&self) -> u64 {
        match self {
            Message::Hello { .. } => OPENING,
            Message::Offer(_) => 33,
            Message::Want { .. } => 34,
            Message::Piece { .. } => 35,
            Message::Word(_) => 36,
            Message::Refused { .. } => 37,
            Message::Over => 38,
            Message::Holds(_) => 39,
            Message::Public { .. } => 40,
            Message::Unknown(number) => *number,
        }
    }

    /// How long the body of a message of this number may be.
    pub const fn len_max(number: u64) -> usize {
        if number == 40 { RUN_LEN_MAX } else { MESSAGE_LEN_MAX }
    }

    /// The bytes on the road: number, length, fields.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Message::Hello { version, oldest, name, heard, carries, lends } => {
                put_varint(&mut body, u64::from(*version));
                put_varint(&mut body, u64::from(*oldest));
                put_bytes(&mut body, &name.as_bytes()[..name.floor_char_boundary(super::label::WHO_LEN_MAX)]);
                put_signed(&mut body, heard.0);
                body.push(u8::from(*carries));
                body.push(u8::from(*lends));
            }
            Message::Offer(label) => label.put(&mut body),
            Message::Want { id, from } => {
                body.extend_from_slice(id);
                put_varint(&mut body, *from);
            }
            Message::Piece { id, from, bytes } => {
                body.extend_from_slice(id);
                put_varint(&mut body, *from);
                put_bytes(&mut body, bytes);
            }
            Message::Word(word) => word.put(&mut body),
            Message::Refused { id, reason } => {
                body.extend_from_slice(id);
                put_bytes(&mut body, &reason.as_bytes()[..reason.floor_char_boundary(REASON_LEN_MAX)]);
            }
            Message::Holds(held) => {
                for (feed, length) in held.iter().take(HELD_MAX) {
                    body.extend_from_slice(&feed.0);
                    put_varint(&mut body, *length);
                }
            }
            Message::Public { feed, run } => {
                put_bytes(&mut body, &feed.encode());
                run.put(&mut body);
            }
            Message::Over | Message::Unknown(_) => {}
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
            OPENING => Message::Hello {
                version: reader.varint()?.try_into().map_err(|_| Malformed)?,
                oldest: reader.varint()?.try_into().map_err(|_| Malformed)?,
                name: reader.text(super::label::WHO_LEN_MAX)?.to_owned(),
                heard: UnixSeconds(reader.signed()?),
                carries: reader.byte()? == 1,
                // An older program does not say it.
                lends: reader.byte() == Ok(1),
            },
            33 => Message::Offer(Label::read(&mut reader)?),
            34 => Message::Want { id: reader.array()?, from: reader.varint()? },
            35 => {
                Message::Piece { id: reader.array()?, from: reader.varint()?, bytes: reader.bytes(PIECE_LEN)?.to_vec() }
            }
            36 => Message::Word(Word::read(&mut reader)?),
            37 => Message::Refused { id: reader.array()?, reason: reader.text(REASON_LEN_MAX)?.to_owned() },
            38 => Message::Over,
            39 => {
                let mut held = Vec::new();
                while !reader.rest().is_empty() && held.len() < HELD_MAX {
                    held.push((FeedId(reader.array()?), reader.varint()?));
                }
                Message::Holds(held)
            }
            40 => {
                let feed = Feed::decode(&mut Reader::new(reader.bytes(FEED_LEN_MAX)?))?;
                Message::Public { feed, run: Run::read(&mut reader)? }
            }
            other => Message::Unknown(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use civic_core::id::hex;
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::carry::{label, word::Says};

    fn decode(bytes: &[u8]) -> Result<Message, Malformed> {
        let mut reader = Reader::new(bytes);
        Message::decode(reader.varint()?, reader.bytes(MESSAGE_LEN_MAX)?)
    }

    #[test]
    fn every_message_keeps_its_bytes_for_ever_and_reads_back() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let (id, name) = ([0xaa; 32], "aa".repeat(32));
        let label = label::tests::label(&key, 9, 4, 1, 2);
        let word = Word::sign(id, Says::Taken, UnixSeconds(99), &key);
        let (by, from) = (hex(&word.by), hex(&label.from));
        let (signed, labelled) = (hex(&word.signature), hex(&label.signature));
        let (to, parcel) = ("09".repeat(32), hex(&label.id));
        let (name_of_kiosk, heard) = ("石桥村".into(), UnixSeconds(50));
        let hello = Message::Hello { version: 1, oldest: 1, name: name_of_kiosk, heard, carries: true, lends: true };
        for (message, bytes) in [
            (hello, "200f010109e79fb3e6a1a5e69d91640101".to_owned()),
            (Message::Offer(label), format!("21af01{from}{to}09e79fb3e6a1a5e69d916404010264{parcel}{labelled}")),
            (Message::Want { id, from: 300 }, format!("2222{name}ac02")),
            (Message::Piece { id, from: 5, bytes: vec![1, 2, 3] }, format!("2325{name}0503010203")),
            (Message::Word(word), format!("248301{name}01{by}c601{signed}")),
            (Message::Refused { id, reason: "why".into() }, format!("2524{name}03776879")),
            (Message::Over, "2600".to_owned()),
            (Message::Holds(vec![(FeedId([0xbb; 16]), 300)]), format!("2712{}ac02", "bb".repeat(16))),
        ] {
            assert_eq!(hex(&message.encode()), bytes, "{message:?}");
            assert_eq!(decode(&message.encode()), Ok(message));
        }
    }

    #[test]
    fn a_hello_of_a_program_that_lends_nothing_yet_is_understood() {
        let body = [1, 1, 1, b'a', 100, 1];
        let hello = Message::decode(OPENING, &body).unwrap();
        assert!(matches!(hello, Message::Hello { carries: true, lends: false, .. }), "{hello:?}");
    }

    #[test]
    fn a_newer_message_is_passed_over_and_a_count_that_lies_is_malformed() {
        assert_eq!(Message::decode(77, b"whatever"), Ok(Message::Unknown(77)));
        assert_eq!(Message::decode(38, &[9, 9]), Ok(Message::Over));
        let mut piece = vec![0; 33];
        piece.extend_from_slice(&[0x81, 0x80, 0x04]);
        assert_eq!(Message::decode(35, &piece), Err(Malformed));
        assert!(
            Message::Piece { id: [0; 32], from: 1 << 22, bytes: vec![0; PIECE_LEN] }.encode().len() < MESSAGE_LEN_MAX
        );
    }
}
