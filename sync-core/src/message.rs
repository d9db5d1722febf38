//! What is said in a meeting. A message is its number, its length and its fields in order.
//!
//! A reader passes over a message whose number it does not know, and over fields behind those it knows: a newer program
//! may say more. What it must not say is longer than [`MESSAGE_LEN_MAX`], or more things than the limit beside a list; at
//! either limit the meeting ends. `docs/protocol.md` tells the whole of it.

use civic_core::{
    area::Area,
    codec::{Malformed, Reader, put_bytes, put_varint},
    planted::{self, Bug},
    space::{Audience, Space},
};

use crate::{
    catalog::Fingerprint,
    feed::{FEED_LEN_MAX, Feed, FeedId, Head},
    hub_time::HubTime,
    receipt::Receipt,
    run::Run,
    status::Status,
};

/// Longest message body.
pub const MESSAGE_LEN_MAX: usize = 3 * 1024 * 1024;
/// Most feeds or spaces of one message; whoever has more to name says the message again.
pub const NAMED_MAX: usize = 16_384;
/// Most runs or receipts of one message.
pub const ITEMS_MAX: usize = 4_096;
/// Longest reason; a longer one is cut.
pub const REASON_LEN_MAX: usize = 512;
/// The version this program speaks.
pub const VERSION: u16 = 1;
/// The oldest version it still understands.
pub const VERSION_OLDEST: u16 = 1;

/// How much of what a device may read it has heard from a hub, in the hub's own order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Drawn by the hub whenever its log begins anew: a cursor of another epoch says nothing.
    pub epoch: [u8; 8],
    /// Everything up to this place was heard.
    pub row: u64,
    /// Every *kept* receipt up to this backup was heard; backups are numbered by the place they reach.
    pub kept: u64,
}

/// How far a feed is held, short: enough to tell two chains apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortExtent {
    /// How many entries.
    pub length: u64,
    /// The first half of the hash of the last of them.
    pub head: [u8; 16],
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Opens a meeting. Only the caller says it.
    Hello {
        /// The version spoken.
        version: u16,
        /// The oldest one understood.
        oldest: u16,
        /// What was heard of this hub; `None` at the first meeting.
        cursor: Option<Cursor>,
        /// The caller's own feeds that are longer than their receipts, with the receipted length: those it will send. A hub
        /// that holds more of one says so at once, and what it holds is not sent again.
        behind: Vec<(FeedId, u64)>,
        /// Feeds left out of the account, since one of the two refused something in them.
        left_out: Vec<FeedId>,
        /// How many bytes of packed runs the caller has room for; a hub sends about so much and no more.
        room: u64,
    },
    /// Names a feed in full before its first run.
    Announce(Feed),
    /// Runs, in the order of their feeds.
    Runs(Vec<Run>),
    /// Receipts of the hub. They may come at any time, also while the other side speaks.
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
    /// Ends the speaker's turn. Both sides count.
    Over {
        /// Over everything that both may hold, as far as the speaker holds it.
        fingerprint: Fingerprint,
    },
    /// The hub has said everything that the caller may read up to here.
    Mark(Cursor),
    /// The caller's fingerprint of every space, after the whole did not agree.
    Spaces(Vec<(Space, Fingerprint)>),
    /// How far the hub holds every feed of a space whose fingerprints differ.
    Vector {
        /// The space.
        space: Space,
        /// Its feeds.
        feeds: Vec<(FeedId, ShortExtent)>,
    },
    /// What the caller says of itself, now and then.
    Status(Status),
    /// The hub's answer to a status: what time it is there.
    Time(HubTime),
    /// From a newer program.
    Unknown(u64),
}

impl ShortExtent {
    /// Shortens a head.
    pub fn new(length: u64, head: &Head) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&head[..16]);
        Self { length, head: short }
    }
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
            Message::Mark(_) => 8,
            Message::Spaces(_) => 9,
            Message::Vector { .. } => 10,
            Message::Status(_) => 11,
            Message::Time(_) => 12,
            Message::Unknown(number) => *number,
        }
    }

    /// The bytes on the road: number, length, fields.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Message::Hello { version, oldest, cursor, behind, left_out, room } => {
                put_varint(&mut body, u64::from(*version));
                put_varint(&mut body, u64::from(*oldest));
                body.push(u8::from(cursor.is_some()));
                cursor.iter().for_each(|cursor| put_cursor(&mut body, cursor));
                put_varint(&mut body, behind.len() as u64);
                for (feed, length) in behind {
                    body.extend_from_slice(&feed.0);
                    put_varint(&mut body, *length);
                }
                put_varint(&mut body, left_out.len() as u64);
                left_out.iter().for_each(|feed| body.extend_from_slice(&feed.0));
                put_varint(&mut body, *room);
            }
            Message::Announce(feed) => body = feed.encode(),
            Message::Runs(runs) => {
                put_varint(&mut body, runs.len() as u64);
                runs.iter().for_each(|run| run.put(&mut body));
            }
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
            Message::Mark(cursor) => put_cursor(&mut body, cursor),
            Message::Spaces(spaces) => {
                put_varint(&mut body, spaces.len() as u64);
                for (space, fingerprint) in spaces {
                    put_space(&mut body, space);
                    body.extend_from_slice(fingerprint);
                }
            }
            Message::Vector { space, feeds } => {
                put_space(&mut body, space);
                put_varint(&mut body, feeds.len() as u64);
                for (feed, extent) in feeds {
                    body.extend_from_slice(&feed.0);
                    put_varint(&mut body, extent.length);
                    body.extend_from_slice(&extent.head);
                }
            }
            Message::Status(status) => status.put(&mut body),
            Message::Time(time) => time.put(&mut body),
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
            1 => Message::Hello {
                version: reader.varint()?.try_into().map_err(|_| Malformed)?,
                oldest: reader.varint()?.try_into().map_err(|_| Malformed)?,
                cursor: match reader.byte()? {
                    0 => None,
                    1 => Some(read_cursor(reader)?),
                    _ => return Err(Malformed),
                },
                behind: list(reader, NAMED_MAX, |reader| Ok((FeedId(reader.array()?), reader.varint()?)))?,
                left_out: list(reader, NAMED_MAX, |reader| Ok(FeedId(reader.array()?)))?,
                room: reader.varint()?,
            },
            2 if body.len() <= FEED_LEN_MAX => Message::Announce(Feed::decode(reader)?),
            2 => return Err(Malformed),
            3 => Message::Runs(list(reader, ITEMS_MAX, Run::read)?),
            4 => Message::Receipts(list(reader, ITEMS_MAX, Receipt::read)?),
            5 => Message::Want { feed: FeedId(reader.array()?), length: reader.varint()? },
            6 => Message::Refused {
                feed: FeedId(reader.array()?),
                first: reader.varint()?,
                reason: reader.text(REASON_LEN_MAX)?.to_owned(),
            },
            7 if planted::is(Bug::NewerFields) && body.len() != 16 => return Err(Malformed),
            7 => Message::Over { fingerprint: reader.array()? },
            8 => Message::Mark(read_cursor(reader)?),
            9 => Message::Spaces(list(reader, NAMED_MAX, |reader| Ok((read_space(reader)?, reader.array()?)))?),
            10 => Message::Vector {
                space: read_space(reader)?,
                feeds: list(reader, NAMED_MAX, |reader| {
                    let feed = FeedId(reader.array()?);
                    Ok((feed, ShortExtent { length: reader.varint()?, head: reader.array()? }))
                })?,
            },
            11 => Message::Status(Status::read(reader)?),
            12 => Message::Time(HubTime::read(reader)?),
            other => Message::Unknown(other),
        })
    }
}

fn list<T>(
    reader: &mut Reader<'_>,
    max: usize,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = reader.count(max)?;
    (0..count).map(|_| item(reader)).collect()
}

pub(crate) fn put_cursor(out: &mut Vec<u8>, cursor: &Cursor) {
    out.extend_from_slice(&cursor.epoch);
    put_varint(out, cursor.row);
    put_varint(out, cursor.kept);
}

pub(crate) fn read_cursor(reader: &mut Reader<'_>) -> Result<Cursor, Malformed> {
    Ok(Cursor { epoch: reader.array()?, row: reader.varint()?, kept: reader.varint()? })
}

fn put_space(out: &mut Vec<u8>, space: &Space) {
    out.push(space.audience.number());
    put_bytes(out, space.area.code().as_bytes());
}

fn read_space(reader: &mut Reader<'_>) -> Result<Space, Malformed> {
    let audience = Audience::from_number(reader.byte()?).ok_or(Malformed)?;
    Ok(Space { audience, area: Area::parse(reader.text(12)?).ok_or(Malformed)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_message_is_passed_over_and_newer_fields_too() {
        assert_eq!(Message::decode(77, b"whatever"), Ok(Message::Unknown(77)));
        let mut body = vec![3; 16];
        body.extend_from_slice(b"more");
        assert_eq!(Message::decode(7, &body), Ok(Message::Over { fingerprint: [3; 16] }));
    }

    #[test]
    fn a_count_that_lies_is_malformed_before_anything_is_allocated() {
        assert_eq!(Message::decode(1, &[1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]), Err(Malformed));
        assert_eq!(Message::decode(4, &[0xff, 0xff, 0xff, 0x0f]), Err(Malformed));
        assert_eq!(Message::decode(9, &[0xff, 0xff, 0x03]), Err(Malformed));
    }
}
