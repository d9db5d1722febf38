//! Entries: one step of one document each, chained by hash and laid out close together.
//!
//! A body is entries one behind the other, each told by its difference from the one before it (for the first: no document
//! and second 0):
//!
//! ```text
//! byte      kind; plus 128 if the payload was erased and only its hash is left, plus 64 if the document is the one before
//! 16 bytes  document, unless it is the one before
//! zigzag    the author's clock, seconds since the entry before
//! bytes     payload after its length
//! ```
//!
//! The chain goes on from the entry before: hash = BLAKE3(previous hash, number, document, kind, clock, hash of the
//! payload). Neither numbers nor hashes are sent.

use civic_core::{
    codec::{Malformed, Reader, put_bytes, put_signed},
    id::DocId,
    time::UnixSeconds,
};

use crate::feed::Extent;

/// Longest payload of one entry.
pub const PAYLOAD_LEN_MAX: usize = 64 * 1024;
/// An entry takes at most so much beside its payload.
pub const OVERHEAD_LEN_MAX: usize = 1 + 16 + 10 + 3;
const ERASED: u8 = 128;
const SAME_DOC: u8 = 64;
const NUMBER_MAX: u8 = 63;

/// What an entry's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// One change of a document.
    Change,
    /// An envelope that only the county can open.
    Sealed,
    /// The announcement of an attachment: [`crate::attachment::announcement`].
    Attachment,
    /// A [`crate::revocation::Revocation`]; believed only of the hub.
    Revoked,
    /// A [`crate::tombstone::Tombstone`] of the entry's document; believed only of the hub.
    Tombstone,
    /// What a device [heard](crate::heard::Heard) and did.
    Heard,
    /// A [`crate::epoch::Epoch`]; believed only of the hub.
    Epoch,
    /// An [`crate::edition::Edition`] of the county's codebook; believed only of the hub.
    Edition,
    /// Written by a newer program: kept and passed on, not read.
    Unknown(u8),
}

impl EntryKind {
    const fn number(self) -> u8 {
        match self {
            EntryKind::Change => 1,
            EntryKind::Sealed => 2,
            EntryKind::Attachment => 3,
            EntryKind::Revoked => 4,
            EntryKind::Tombstone => 5,
            EntryKind::Heard => 6,
            EntryKind::Epoch => 7,
            EntryKind::Edition => 8,
            EntryKind::Unknown(number) => number & NUMBER_MAX,
        }
    }

    const fn from_number(number: u8) -> Self {
        match number {
            1 => EntryKind::Change,
            2 => EntryKind::Sealed,
            3 => EntryKind::Attachment,
            4 => EntryKind::Revoked,
            5 => EntryKind::Tombstone,
            6 => EntryKind::Heard,
            7 => EntryKind::Epoch,
            8 => EntryKind::Edition,
            other => EntryKind::Unknown(other),
        }
    }
}

/// One step of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The document.
    pub doc: DocId,
    /// What the payload is.
    pub kind: EntryKind,
    /// The author's clock, right or wrong; nothing is ordered by it.
    pub at: UnixSeconds,
    /// Opaque here. After erasure the 32 bytes of its hash.
    pub payload: &'a [u8],
    /// Whether the payload was erased.
    pub is_erased: bool,
}

impl Entry<'_> {
    /// Whether the log itself must note it: who was struck off, which attachments there are, what is erased, to which key
    /// to seal.
    pub const fn is_declaration(&self) -> bool {
        match self.kind {
            EntryKind::Revoked | EntryKind::Attachment | EntryKind::Tombstone | EntryKind::Epoch => true,
            EntryKind::Change | EntryKind::Sealed | EntryKind::Heard | EntryKind::Edition | EntryKind::Unknown(_) => {
                false
            }
        }
    }

    /// The hash that stands for the payload in the chain, and in its place once it was erased.
    pub fn payload_hash(&self) -> [u8; 32] {
        match (self.is_erased, <[u8; 32]>::try_from(self.payload)) {
            (true, Ok(hash)) => hash,
            (true, Err(_)) | (false, _) => *blake3::hash(self.payload).as_bytes(),
        }
    }

    /// Where the chain stands after this entry.
    pub fn link(&self, after: &Extent) -> Extent {
        let payload_hash = self.payload_hash();
        let length = after.length + 1;
        let mut linked = [0; 32 + 8 + 16 + 1 + 8 + 32];
        linked[..32].copy_from_slice(&after.head);
        linked[32..40].copy_from_slice(&length.to_le_bytes());
        linked[40..56].copy_from_slice(self.doc.as_bytes());
        linked[56] = self.kind.number();
        linked[57..65].copy_from_slice(&self.at.0.to_le_bytes());
        linked[65..].copy_from_slice(&payload_hash);
        Extent { length, head: *blake3::hash(&linked).as_bytes() }
    }
}

/// A body as it is written, entry by entry.
#[derive(Default)]
pub struct BodyWriter {
    bytes: Vec<u8>,
    last: Option<(DocId, UnixSeconds)>,
}

impl BodyWriter {
    /// Appends an entry.
    pub fn push(&mut self, entry: &Entry<'_>) {
        let (doc, at) = self.last.unzip();
        let is_same = doc == Some(entry.doc);
        let flags = if entry.is_erased { ERASED } else { 0 } | if is_same { SAME_DOC } else { 0 };
        self.bytes.push(entry.kind.number() | flags);
        if !is_same {
            self.bytes.extend_from_slice(entry.doc.as_bytes());
        }
        put_signed(&mut self.bytes, entry.at.0.wrapping_sub(at.map_or(0, |at| at.0)));
        put_bytes(&mut self.bytes, entry.payload);
        self.last = Some((entry.doc, entry.at));
    }

    /// How long it is so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The body.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads a body, entry by entry, without copying a payload.
pub struct BodyReader<'a> {
    reader: Reader<'a>,
    last: Option<(DocId, UnixSeconds)>,
}

impl<'a> BodyReader<'a> {
    /// Reads `body` from its beginning.
    pub fn new(body: &'a [u8]) -> Self {
        Self { reader: Reader::new(body), last: None }
    }

    fn read(&mut self) -> Result<Entry<'a>, Malformed> {
        let byte = self.reader.byte()?;
        let (doc, at) = self.last.unzip();
        let doc = if byte & SAME_DOC != 0 { doc.ok_or(Malformed)? } else { DocId::new(self.reader.array()?) };
        let at = UnixSeconds(self.reader.signed()?.wrapping_add(at.map_or(0, |at| at.0)));
        let payload = self.reader.bytes(PAYLOAD_LEN_MAX)?;
        let is_erased = byte & ERASED != 0;
        if is_erased && payload.len() != 32 {
            return Err(Malformed);
        }
        self.last = Some((doc, at));
        Ok(Entry { doc, kind: EntryKind::from_number(byte & NUMBER_MAX), at, payload, is_erased })
    }
}

impl<'a> Iterator for BodyReader<'a> {
    type Item = Result<Entry<'a>, Malformed>;

    /// The next entry; after one that is malformed there is none.
    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.rest().is_empty() {
            return None;
        }
        let entry = self.read();
        if entry.is_err() {
            self.reader = Reader::new(&[]);
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(doc: u8, at: i64, payload: &[u8]) -> Entry<'_> {
        Entry { doc: DocId::new([doc; 16]), kind: EntryKind::Change, at: UnixSeconds(at), payload, is_erased: false }
    }

    #[test]
    fn what_is_written_is_read_and_one_document_is_named_once() {
        let entries = [
            entry(9, 1_700_000_000, b"one"),
            entry(9, 1_700_000_060, b"two"),
            entry(2, i64::MIN, b""),
            entry(2, i64::MAX, b"far"),
            Entry { is_erased: true, ..entry(9, 5, &[7; 32]) },
            Entry { kind: EntryKind::Unknown(40), ..entry(9, 5, b"new") },
        ];
        let mut writer = BodyWriter::default();
        entries.iter().for_each(|entry| writer.push(entry));
        let body = writer.finish();
        assert_eq!(BodyReader::new(&body).collect::<Result<Vec<_>, _>>().unwrap(), entries);
        assert_eq!(body.windows(16).filter(|piece| *piece == [9; 16]).count(), 2);
    }

    #[test]
    fn a_body_that_is_cut_off_ends_in_an_error_and_not_in_silence() {
        let mut writer = BodyWriter::default();
        writer.push(&entry(1, 5, b"words"));
        writer.push(&entry(1, 6, b"more words"));
        let body = writer.finish();
        for len in 1..body.len() {
            let read: Vec<_> = BodyReader::new(&body[..len]).collect();
            assert!(read.last().unwrap().is_err() || read.len() == 1, "cut at {len}");
        }
        assert!(BodyReader::new(&[SAME_DOC | 1, 0, 0]).next().unwrap().is_err());
    }
}
