//! Runs: consecutive entries of one feed under one signature of the chain's head.
//!
//! A run's body is the same bytes on the road and on disk. An entry in it is
//!
//! ```text
//! 16 bytes  document
//! byte      kind: 1 change, 2 sealed; plus 128 if the payload was erased and only its hash is left
//! zigzag    the author's clock, seconds
//! bytes     payload after its length
//! ```
//!
//! and the chain goes on from the entry before it: hash = BLAKE3(previous hash, number, document, kind, clock, hash of
//! the payload). Neither numbers nor hashes are sent; the one signature proves them all.

use civic_core::{id::DocId, time::UnixSeconds};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::feed::{Extent, Feed, FeedId, Head};
use civic_core::codec::{Malformed, Reader, put_bytes, put_signed, put_varint};

/// Most entries of one run; a larger transaction is written as several runs.
pub const RUN_ENTRIES_MAX: usize = 4_096;
/// Longest body before compression; a larger transaction is written as several runs.
pub const RUN_BODY_LEN_MAX: usize = 1024 * 1024;
/// Longest payload of one entry.
pub const PAYLOAD_LEN_MAX: usize = 64 * 1024;
/// A shorter body is left as it is: small ones are compressed together on the road.
const COMPRESS_FROM: usize = 2 * 1024;
const ZSTD_LEVEL: i32 = 3;
const ERASED: u8 = 128;
const SIGNATURE_CONTEXT: &[u8] = b"huiyin run v1";

/// What an entry's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// One change of a document.
    Change,
    /// An envelope that only the county can open.
    Sealed,
    /// Written by a newer program: kept and passed on, not read.
    Unknown(u8),
}

impl EntryKind {
    const fn number(self) -> u8 {
        match self {
            EntryKind::Change => 1,
            EntryKind::Sealed => 2,
            EntryKind::Unknown(number) => number,
        }
    }

    const fn from_number(number: u8) -> Self {
        match number {
            1 => EntryKind::Change,
            2 => EntryKind::Sealed,
            other => EntryKind::Unknown(other),
        }
    }
}

/// One step of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The document.
    pub doc: DocId,
    /// What the payload is.
    pub kind: EntryKind,
    /// The author's clock, right or wrong; nothing is ordered by it.
    pub at: UnixSeconds,
    /// Opaque here. After erasure the 32 bytes of its hash.
    pub payload: Vec<u8>,
    /// Whether the payload was erased.
    pub is_erased: bool,
}

impl Entry {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.doc.as_bytes());
        out.push(self.kind.number() | if self.is_erased { ERASED } else { 0 });
        put_signed(out, self.at.0);
        put_bytes(out, &self.payload);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let doc = DocId::new(reader.array()?);
        let kind = reader.byte()?;
        let at = UnixSeconds(reader.signed()?);
        let payload = reader.bytes(PAYLOAD_LEN_MAX)?.to_vec();
        let is_erased = kind & ERASED != 0;
        if is_erased && payload.len() != 32 {
            return Err(Malformed);
        }
        Ok(Self { doc, kind: EntryKind::from_number(kind & !ERASED), at, payload, is_erased })
    }

    fn link(&self, after: &Extent) -> Extent {
        let payload_hash: [u8; 32] = match (self.is_erased, <[u8; 32]>::try_from(&self.payload[..])) {
            (true, Ok(hash)) => hash,
            (true, Err(_)) | (false, _) => *blake3::hash(&self.payload).as_bytes(),
        };
        let length = after.length + 1;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&after.head).update(&length.to_le_bytes()).update(self.doc.as_bytes());
        hasher.update(&[self.kind.number()]).update(&self.at.0.to_le_bytes()).update(&payload_hash);
        Extent { length, head: *hasher.finalize().as_bytes() }
    }
}

/// How a body is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// Zstandard.
    Zstd,
}

/// Consecutive entries of one feed under one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Whose.
    pub feed: FeedId,
    /// The number of its first entry; the first of a feed is 1.
    pub first: u64,
    /// How many entries.
    pub count: u64,
    /// How the body is kept.
    pub packing: Packing,
    /// The entries.
    pub body: Vec<u8>,
    /// Ed25519 over feed, length and head after this run.
    pub signature: [u8; 64],
}

/// Why a run is not accepted. Each is kept apart with its reason and told to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRun {
    /// Not a run within the limits.
    #[error("run is malformed or too large")]
    Malformed,
    /// The chain it continues is not the one that is here: two devices write one feed.
    #[error("run does not continue the chain that is here, or its signature is wrong")]
    WrongChain,
}

impl From<Malformed> for BadRun {
    fn from(_: Malformed) -> Self {
        BadRun::Malformed
    }
}

impl Run {
    /// Signs `entries` (1 to [`RUN_ENTRIES_MAX`]) as the continuation of `feed` after `after`; returns where it ends too.
    pub fn sign(feed: &Feed, after: &Extent, entries: &[Entry], key: &SigningKey) -> (Self, Extent) {
        let mut body = Vec::new();
        let mut extent = *after;
        for entry in entries {
            entry.put(&mut body);
            extent = entry.link(&extent);
        }
        let (packing, body) = pack(body);
        let id = feed.id();
        let run = Self {
            feed: id,
            first: after.length + 1,
            count: entries.len() as u64,
            packing,
            body,
            signature: key.sign(&signed_bytes(&id, &extent)).to_bytes(),
        };
        (run, extent)
    }

    /// The number of its last entry.
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.count).saturating_sub(1)
    }

    /// Its entries, unverified: for runs that were verified when they were stored.
    pub fn entries(&self) -> Result<Vec<Entry>, BadRun> {
        if self.count == 0 || self.count > RUN_ENTRIES_MAX as u64 || self.first == 0 {
            return Err(BadRun::Malformed);
        }
        let unpacked;
        let body = match self.packing {
            Packing::Plain => &self.body,
            Packing::Zstd => {
                unpacked = zstd::bulk::decompress(&self.body, RUN_BODY_LEN_MAX).map_err(|_| BadRun::Malformed)?;
                &unpacked
            }
        };
        let mut reader = Reader::new(body);
        let entries = (0..self.count).map(|_| Entry::read(&mut reader)).collect::<Result<Vec<_>, _>>()?;
        if reader.rest().is_empty() { Ok(entries) } else { Err(BadRun::Malformed) }
    }

    /// Verifies that this run continues `feed` after `after`; returns its entries and where it ends.
    pub fn verify(&self, feed: &Feed, after: &Extent) -> Result<(Vec<Entry>, Extent), BadRun> {
        if self.feed != feed.id() || Some(self.first) != after.length.checked_add(1) {
            return Err(BadRun::WrongChain);
        }
        let entries = self.entries()?;
        let extent = entries.iter().fold(*after, |extent, entry| entry.link(&extent));
        let key = VerifyingKey::from_bytes(&feed.public_key).map_err(|_| BadRun::WrongChain)?;
        key.verify_strict(&signed_bytes(&self.feed, &extent), &Signature::from_bytes(&self.signature))
            .map_err(|_| BadRun::WrongChain)?;
        Ok((entries, extent))
    }

    /// Appends the run as it travels: first, count, packing, body after its length, signature. The feed goes before it.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.first);
        put_varint(out, self.count);
        out.push(match self.packing {
            Packing::Plain => 0,
            Packing::Zstd => 1,
        });
        put_bytes(out, &self.body);
        out.extend_from_slice(&self.signature);
    }

    /// Reads what [`Run::put`] wrote, for `feed`.
    pub fn read(feed: FeedId, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let first = reader.varint()?;
        let count = reader.varint()?;
        let packing = match reader.byte()? {
            0 => Packing::Plain,
            1 => Packing::Zstd,
            _ => return Err(Malformed),
        };
        let body = reader.bytes(RUN_BODY_LEN_MAX)?.to_vec();
        Ok(Self { feed, first, count, packing, body, signature: reader.array()? })
    }
}

/// Splits the entries of one transaction into pieces that fit a run.
pub fn pieces(entries: &[Entry]) -> Vec<&[Entry]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut len = 0;
    for (place, entry) in entries.iter().enumerate() {
        let entry_len = entry.payload.len() + 40;
        if place > from && (len + entry_len > RUN_BODY_LEN_MAX || place - from == RUN_ENTRIES_MAX) {
            pieces.push(&entries[from..place]);
            from = place;
            len = 0;
        }
        len += entry_len;
    }
    if from < entries.len() {
        pieces.push(&entries[from..]);
    }
    pieces
}

fn pack(body: Vec<u8>) -> (Packing, Vec<u8>) {
    if body.len() < COMPRESS_FROM {
        return (Packing::Plain, body);
    }
    match zstd::bulk::compress(&body, ZSTD_LEVEL) {
        Ok(packed) if packed.len() < body.len() => (Packing::Zstd, packed),
        Ok(_) | Err(_) => (Packing::Plain, body),
    }
}

fn signed_bytes(feed: &FeedId, extent: &Extent) -> Vec<u8> {
    let head: &Head = &extent.head;
    [SIGNATURE_CONTEXT, &feed.0, &extent.length.to_le_bytes(), head].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic_core::{
        area::Area,
        id::Incarnation,
        space::{Audience, Space},
    };

    fn feed(key: &SigningKey) -> Feed {
        Feed {
            public_key: key.verifying_key().to_bytes(),
            incarnation: Incarnation::new([3; 16]),
            space: Space::new(Area::parse("990101101201").unwrap(), Audience::Deputies),
        }
    }

    fn entry(word: &str) -> Entry {
        Entry {
            doc: DocId::new([1; 16]),
            kind: EntryKind::Change,
            at: UnixSeconds(5),
            payload: word.into(),
            is_erased: false,
        }
    }

    #[test]
    fn a_run_verifies_only_where_it_belongs_and_as_it_was_signed() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let feed = feed(&key);
        let (first, middle) = Run::sign(&feed, &feed.genesis(), &[entry("一"), entry("二")], &key);
        let (second, end) = Run::sign(&feed, &middle, &[entry("三")], &key);
        assert_eq!(first.verify(&feed, &feed.genesis()).unwrap().1, middle);
        assert_eq!(second.verify(&feed, &middle).unwrap().1, end);
        assert_eq!(second.verify(&feed, &feed.genesis()), Err(BadRun::WrongChain));
        let mut bent = first.clone();
        *bent.body.last_mut().unwrap() ^= 1;
        assert_eq!(bent.verify(&feed, &feed.genesis()), Err(BadRun::WrongChain));
        bent.count = 1;
        assert_eq!(bent.verify(&feed, &feed.genesis()), Err(BadRun::Malformed));
    }

    #[test]
    fn a_run_reads_back_from_the_road_compressed_or_not() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let feed = feed(&key);
        for words in [1, 400] {
            let entries: Vec<_> = (0..words).map(|n| entry(&format!("第 {n} 句话"))).collect();
            let (run, _) = Run::sign(&feed, &feed.genesis(), &entries, &key);
            let mut out = Vec::new();
            run.put(&mut out);
            let again = Run::read(run.feed, &mut Reader::new(&out)).unwrap();
            assert_eq!(again, run);
            assert_eq!(again.entries().unwrap(), entries);
        }
    }

    #[test]
    fn the_chain_still_verifies_when_a_payload_was_erased() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let feed = feed(&key);
        let (mut run, end) = Run::sign(&feed, &feed.genesis(), &[entry("秘密"), entry("二")], &key);
        let mut entries = run.entries().unwrap();
        entries[0].payload = blake3::hash(&entries[0].payload).as_bytes().to_vec();
        entries[0].is_erased = true;
        run.body.clear();
        entries.iter().for_each(|entry| entry.put(&mut run.body));
        assert_eq!(run.verify(&feed, &feed.genesis()).unwrap().1, end);
    }

    #[test]
    fn a_large_transaction_becomes_several_runs() {
        let entries = vec![Entry { payload: vec![0; 60_000], ..entry("") }; 40];
        let pieces = pieces(&entries);
        assert_eq!(pieces.iter().map(|piece| piece.len()).sum::<usize>(), 40);
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() * 60_040 <= RUN_BODY_LEN_MAX));
    }
}
