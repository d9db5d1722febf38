//! What is said in a meeting. A message is its number, its length and its fields in order.
//!
//! A reader passes over a message whose number it does not know, and over fields behind those it knows: a newer program
//! may say more. What it must not say is longer than [`MESSAGE_LEN_MAX`]; at that limit the meeting ends.

use crate::{
    feed::{Extent, FEED_LEN_MAX, Feed, FeedId},
    receipt::Receipt,
    run::Run,
};
use civic_core::codec::{Malformed, Reader, put_bytes, put_varint};

/// Longest message body.
pub const MESSAGE_LEN_MAX: usize = 2 * 1024 * 1024;
/// Most feeds of one vector.
pub const VECTOR_FEEDS_MAX: usize = 20_000;
/// Most runs or receipts of one message.
pub const ITEMS_MAX: usize = 4_096;
/// Longest reason.
pub const REASON_LEN_MAX: usize = 512;
/// The version this program speaks.
pub const VERSION: u16 = 1;
/// The oldest version it still understands.
pub const VERSION_OLDEST: u16 = 1;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Opens a meeting: versions, and how far the speaker holds every feed that both may hold.
    Hello {
        /// The version spoken.
        version: u16,
        /// The oldest one understood.
        oldest: u16,
        /// Feed → extent.
        vector: Vec<(FeedId, Extent)>,
    },
    /// Names a feed in full before its first run in this meeting.
    Announce(Feed),
    /// Runs, in the order of their feeds.
    Runs(Vec<Run>),
    /// Receipts of the hub.
    Receipts(Vec<Receipt>),
    /// "Of this feed I have only so much": the other side's next turn begins there.
    Want {
        /// The feed.
        feed: FeedId,
        /// How many entries the speaker holds.
        length: u64,
    },
    /// Something was kept apart, and why.
    Refused {
        /// The feed.
        feed: FeedId,
        /// The first entry concerned.
        first: u64,
        /// The reason, in words.
        reason: String,
    },
    /// Ends the speaker's turn. Both sides count: the fingerprint is over all feeds that both may hold.
    Over {
        /// What the speaker holds.
        fingerprint: [u8; 32],
    },
    /// From a newer program.
    Unknown(u64),
}

impl Message {
    const fn number(&self) -> u64 {
        match self {
            Message::Hello { .. } => 1,
            Message::Announce(_) => 2,
            Message::Runs(_) => 3,
            Message::Receipts(_) => 4,
            Message::Want { .. } => 5,
            Message::Refused { .. } => 6,
            Message::Over { .. } => 7,
            Message::Unknown(number) => *number,
        }
    }

    /// The bytes on the road: number, length, fields.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Message::Hello { version, oldest, vector } => {
                put_varint(&mut body, u64::from(*version));
                put_varint(&mut body, u64::from(*oldest));
                put_varint(&mut body, vector.len() as u64);
                for (feed, extent) in vector {
                    body.extend_from_slice(&feed.0);
                    put_varint(&mut body, extent.length);
                    body.extend_from_slice(&extent.head);
                }
            }
            Message::Announce(feed) => body = feed.encode(),
            Message::Runs(runs) => put_runs(&mut body, runs),
            Message::Receipts(receipts) => {
                put_varint(&mut body, receipts.len() as u64);
                receipts.iter().for_each(|receipt| receipt.put(&mut body));
            }
            Message::Want { feed, length } => {
                body.extend_from_slice(&feed.0);
                put_varint(&mut body, *length);
            }
            Message::Refused { feed, first, reason } => {
                body.extend_from_slice(&feed.0);
                put_varint(&mut body, *first);
                put_bytes(&mut body, &reason.as_bytes()[..reason.floor_char_boundary(REASON_LEN_MAX)]);
            }
            Message::Over { fingerprint } => body.extend_from_slice(fingerprint),
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
        let reader = &mut reader;
        Ok(match number {
            1 => {
                let version = reader.varint()?.try_into().map_err(|_| Malformed)?;
                let oldest = reader.varint()?.try_into().map_err(|_| Malformed)?;
                let count = reader.count(VECTOR_FEEDS_MAX)?;
                let mut vector = Vec::with_capacity(count);
                for _ in 0..count {
                    let feed = FeedId(reader.array()?);
                    vector.push((feed, Extent { length: reader.varint()?, head: reader.array()? }));
                }
                Message::Hello { version, oldest, vector }
            }
            2 if body.len() <= FEED_LEN_MAX => Message::Announce(Feed::decode(reader)?),
            2 => return Err(Malformed),
            3 => Message::Runs(read_runs(reader)?),
            4 => {
                let count = reader.count(ITEMS_MAX)?;
                Message::Receipts((0..count).map(|_| Receipt::read(reader)).collect::<Result<_, _>>()?)
            }
            5 => Message::Want { feed: FeedId(reader.array()?), length: reader.varint()? },
            6 => Message::Refused {
                feed: FeedId(reader.array()?),
                first: reader.varint()?,
                reason: reader.text(REASON_LEN_MAX)?.to_owned(),
            },
            7 => Message::Over { fingerprint: reader.array()? },
            other => Message::Unknown(other),
        })
    }
}

/// Small runs compress far better together, so the whole list is packed when that makes it shorter.
fn put_runs(body: &mut Vec<u8>, runs: &[Run]) {
    let mut list = Vec::new();
    put_varint(&mut list, runs.len() as u64);
    for run in runs {
        list.extend_from_slice(&run.feed.0);
        run.put(&mut list);
    }
    match zstd::bulk::compress(&list, 3) {
        Ok(packed) if packed.len() < list.len() => {
            body.push(1);
            body.extend_from_slice(&packed);
        }
        Ok(_) | Err(_) => {
            body.push(0);
            body.extend_from_slice(&list);
        }
    }
}

fn read_runs(reader: &mut Reader<'_>) -> Result<Vec<Run>, Malformed> {
    let unpacked;
    let list = match reader.byte()? {
        0 => reader.rest(),
        1 => {
            unpacked = zstd::bulk::decompress(reader.rest(), MESSAGE_LEN_MAX).map_err(|_| Malformed)?;
            &unpacked
        }
        _ => return Err(Malformed),
    };
    let mut reader = Reader::new(list);
    let count = reader.count(ITEMS_MAX)?;
    (0..count)
        .map(|_| {
            let feed = FeedId(reader.array()?);
            Run::read(feed, &mut reader)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_message_is_passed_over_and_newer_fields_too() {
        assert_eq!(Message::decode(77, b"whatever"), Ok(Message::Unknown(77)));
        let mut body = vec![3; 32];
        body.extend_from_slice(b"more");
        assert_eq!(Message::decode(7, &body), Ok(Message::Over { fingerprint: [3; 32] }));
    }

    #[test]
    fn a_count_that_lies_is_malformed_before_anything_is_allocated() {
        assert_eq!(Message::decode(1, &[1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f]), Err(Malformed));
        assert_eq!(Message::decode(4, &[0xff, 0xff, 0xff, 0x0f]), Err(Malformed));
        assert_eq!(Message::decode(3, &[1, 0, 0]), Err(Malformed));
    }
}
