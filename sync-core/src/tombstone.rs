//! Tombstones: the county's word that what was recorded in a document is erased, and how much of it.
//!
//! A tombstone is an entry in the hub's own public feed of the document's area, and names that document. It travels by
//! every road on which slips travel, and every device comes to hold it. Whoever holds it replaces the payloads that it
//! covers by their hashes ([`crate::run::Run::without`]): the chain still verifies, vectors and fingerprints stay, and
//! whatever of the document comes later is acknowledged and kept as a hash alone.
//!
//! Nobody else erases. An entry that comes without its payload is taken by a hub only under a tombstone that it holds; a
//! device takes such an entry from its hub, whose word a tombstone is.

use std::collections::BTreeMap;

use civic_core::{
    area::Area,
    codec::{Malformed, Reader, put_bytes},
    id::DocId,
    seal::Content,
    ticket::Ticket,
};

use crate::entry::{Entry, EntryKind};

/// How much of a document is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Who spoke: name and telephone, the voice, what was written by hand, photos. The words stay.
    Details,
    /// Everything.
    Whole,
}

impl Depth {
    /// The number that stands for it in the entry and on disk.
    pub const fn number(self) -> u8 {
        match self {
            Depth::Details => 1,
            Depth::Whole => 2,
        }
    }

    /// Reads that number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Depth::Details),
            2 => Some(Depth::Whole),
            _ => None,
        }
    }

    /// Whether an entry of the document is erased. Of one that was erased already its envelope cannot be seen any more, so
    /// it counts as what it may have been.
    pub fn covers(self, entry: &Entry<'_>) -> bool {
        match (self, entry.kind) {
            (Depth::Details, EntryKind::Sealed) => {
                entry.is_erased || Content::of(entry.payload) == Some(Content::Contact)
            }
            (Depth::Details | Depth::Whole, EntryKind::Attachment)
            | (Depth::Whole, EntryKind::Change | EntryKind::Sealed | EntryKind::Unknown(_)) => true,
            (Depth::Details, EntryKind::Change | EntryKind::Unknown(_)) => false,
            // What the county and its devices say of a document is no part of it.
            (
                Depth::Details | Depth::Whole,
                EntryKind::Revoked | EntryKind::Tombstone | EntryKind::Heard | EntryKind::Epoch | EntryKind::Edition,
            ) => false,
        }
    }
}

/// Why something was erased: a word that may be read by everybody. What else there is to say stands in the hub's own books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The person whom it concerns asked for it.
    Asked,
    /// The time for which it may be kept is over.
    Expired,
    /// The law or a court demands it.
    Ordered,
    /// A newer program knows.
    Other(u8),
}

impl Ground {
    /// Every ground that this program knows.
    pub const ALL: [Ground; 3] = [Ground::Asked, Ground::Expired, Ground::Ordered];

    /// The number that stands for it in the entry.
    pub const fn number(self) -> u8 {
        match self {
            Ground::Asked => 1,
            Ground::Expired => 2,
            Ground::Ordered => 3,
            Ground::Other(number) => number,
        }
    }

    /// Reads that number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Ground::Asked,
            2 => Ground::Expired,
            3 => Ground::Ordered,
            other => Ground::Other(other),
        }
    }

    /// The word on the command line and in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Ground::Asked => "asked",
            Ground::Expired => "expired",
            Ground::Ordered => "ordered",
            Ground::Other(_) => "other",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.word() == word)
    }
}

/// What a tombstone says; its document and its time stand in the entry, and who signed it is whose feed that is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// How much is erased.
    pub depth: Depth,
    /// Why.
    pub ground: Ground,
    /// The number by which the person who spoke may ask for it: they are told that it was erased.
    pub ticket: Option<Ticket>,
}

impl Tombstone {
    /// Depth, ground, and the digits of the number after their length.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.depth.number(), self.ground.number()];
        put_bytes(&mut out, self.ticket.map(|ticket| ticket.digits()).unwrap_or_default().as_bytes());
        out
    }

    /// Reads what [`Tombstone::encode`] wrote. One of a depth that this program does not know is not obeyed.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let depth = Depth::from_number(reader.byte()?).ok_or(Malformed)?;
        let ground = Ground::from_number(reader.byte()?);
        let digits = reader.text(32)?;
        let ticket = match digits {
            "" => None,
            digits => Some(Ticket::parse(digits).map_err(|_| Malformed)?),
        };
        Ok(Self { depth, ground, ticket })
    }
}

/// The tombstones that one installation holds, for looking up what each entry meets.
#[derive(Clone, Debug, Default)]
pub struct Tombstones {
    by_doc: BTreeMap<DocId, Vec<(Area, Depth)>>,
    count: usize,
}

impl Tombstones {
    /// Notes one: it speaks of entries of that area alone.
    pub fn put(&mut self, doc: DocId, area: Area, depth: Depth) {
        let known = self.by_doc.entry(doc).or_default();
        if !known.contains(&(area.clone(), depth)) {
            known.push((area, depth));
            self.count += 1;
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there are; none is ever taken back.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether an entry that stands in a space of `area` is erased.
    pub fn covers(&self, area: &Area, entry: &Entry<'_>) -> bool {
        let known = self.by_doc.get(&entry.doc).into_iter().flatten();
        known.filter(|(place, _)| place == area).any(|(_, depth)| depth.covers(entry))
    }

    /// Whether an entry is erased in any area: for what is kept apart, wherever it says it stands.
    pub fn covers_anywhere(&self, entry: &Entry<'_>) -> bool {
        self.by_doc.get(&entry.doc).into_iter().flatten().any(|(_, depth)| depth.covers(entry))
    }
}

#[cfg(test)]
mod tests {
    use civic_core::{
        seal::{self, Contact, OpenKey, Seed},
        time::UnixSeconds,
    };

    use super::*;

    const DOC: DocId = DocId::new([7; 16]);

    fn entry(kind: EntryKind, payload: &[u8]) -> Entry<'_> {
        Entry { doc: DOC, kind, at: UnixSeconds(5), payload, is_erased: false }
    }

    #[test]
    fn a_tombstone_reads_back_and_one_of_an_unknown_depth_is_not_obeyed() {
        let ticket = Ticket::new(12, 345);
        for ground in [Ground::Asked, Ground::Expired, Ground::Ordered, Ground::Other(9)] {
            for (depth, ticket) in [(Depth::Details, None), (Depth::Whole, ticket)] {
                let stone = Tombstone { depth, ground, ticket };
                assert_eq!(Tombstone::decode(&stone.encode()), Ok(stone));
            }
        }
        assert!(ticket.is_some() && Tombstone::decode(&[3, 1, 0]).is_err() && Tombstone::decode(&[]).is_err());
    }

    #[test]
    fn details_are_who_spoke_and_never_the_words_and_the_county_s_own_word_stays() {
        let key = OpenKey::make(1, Seed([1; 32])).seal_key().unwrap();
        let contact = Contact { name: "王小明".into(), ..Contact::default() };
        let envelope = seal::seal(&key, &DOC, &contact, Seed([2; 32])).unwrap();
        let (details, record) = (entry(EntryKind::Sealed, &envelope), entry(EntryKind::Sealed, &[2, 0]));
        let (words, voice) = (entry(EntryKind::Change, b"words"), entry(EntryKind::Attachment, b"voice"));
        for (entry, is_detail) in [(details, true), (record, false), (words, false), (voice, true)] {
            assert_eq!((Depth::Details.covers(&entry), Depth::Whole.covers(&entry)), (is_detail, true), "{entry:?}");
        }
        use EntryKind::{Edition, Epoch, Heard, Revoked, Tombstone};
        for kind in [Revoked, Tombstone, Heard, Epoch, Edition] {
            assert!(!Depth::Whole.covers(&entry(kind, b"")));
        }
    }

    #[test]
    fn a_tombstone_speaks_of_its_own_document_and_area_alone() {
        let village = |code: &str| Area::parse(code).unwrap();
        let mut stones = Tombstones::default();
        stones.put(DOC, village("990127101201"), Depth::Whole);
        stones.put(DOC, village("990127101201"), Depth::Whole);
        assert_eq!(stones.count(), 1);
        let words = entry(EntryKind::Change, b"words");
        assert!(stones.covers(&village("990127101201"), &words));
        assert!(!stones.covers(&village("990127101202"), &words));
        assert!(!stones.covers(&village("990127101201"), &Entry { doc: DocId::new([8; 16]), ..words }));
    }
}
