//! Runs: consecutive entries of one feed under one signature of the chain's head.
//!
//! What is written in one transaction is a run, or several. Because a signature covers the whole chain up to its head, runs
//! that follow each other can be [joined](join) into one under the last signature, so that they are compressed together
//! and verified at once, and a run can be [cut](Run::cut) at its front. Neither needs the author's key; only to send the
//! beginning of a run without its end is [signed](Run::part) once more.

use civic_core::{
    codec::{Malformed, Reader, put_bytes, put_varint},
    time::UnixSeconds,
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::{
    entry::{BodyReader, BodyWriter, Entry, OVERHEAD_LEN_MAX},
    feed::{Extent, Feed, FeedId, Head},
    pack::{Packing, pack, pack_thoroughly, unpack, unpacked_len},
};

/// Most entries of one run.
pub const RUN_ENTRIES_MAX: usize = 16_384;
/// Longest body before packing.
pub const RUN_BODY_LEN_MAX: usize = 2 * 1024 * 1024;
/// Longest body in which payloads were erased: a hash may be longer than what stood in its place, and a run that came whole
/// stays readable whatever of it is erased.
pub const RUN_BODY_LEN_ERASED_MAX: usize = RUN_BODY_LEN_MAX + 32 * RUN_ENTRIES_MAX;
/// A transaction is written as runs of about this body length: so much is lost, at most, when a slow road breaks.
pub const RUN_BODY_LEN_WRITTEN: usize = 64 * 1024;
const SIGNATURE_CONTEXT: &[u8] = b"huiyin run v1";

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
    /// The chain it continues is not the one that is here, or somebody else signed it.
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
    pub fn sign(feed: &Feed, after: &Extent, entries: &[Entry<'_>], key: &SigningKey) -> (Self, Extent) {
        let mut body = BodyWriter::default();
        let mut extent = *after;
        for entry in entries {
            body.push(entry);
            extent = entry.link(&extent);
        }
        let (packing, body) = pack(body.finish());
        let feed = feed.id();
        let signature = key.sign(&signed_bytes(&feed, &extent)).to_bytes();
        (Self { feed, first: after.length + 1, count: entries.len() as u64, packing, body, signature }, extent)
    }

    /// The number of its last entry.
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.count).saturating_sub(1)
    }

    /// Its body as it was before packing.
    pub fn unpacked(&self) -> Result<Vec<u8>, BadRun> {
        Ok(unpack(self.packing, &self.body, RUN_BODY_LEN_ERASED_MAX)?)
    }

    /// How long its body says that it was before packing.
    pub fn unpacked_len(&self) -> Result<usize, BadRun> {
        Ok(unpacked_len(self.packing, &self.body)?)
    }

    /// Its entries, unverified: for runs that were verified when they were stored. `body` is [`Run::unpacked`].
    pub fn entries<'a>(&self, body: &'a [u8]) -> Result<Vec<Entry<'a>>, BadRun> {
        if self.count == 0 || self.count > RUN_ENTRIES_MAX as u64 || self.first == 0 {
            return Err(BadRun::Malformed);
        }
        let mut entries = Vec::with_capacity(usize::try_from(self.count).unwrap_or(0));
        for entry in BodyReader::new(body) {
            entries.push(entry?);
        }
        if entries.len() as u64 == self.count { Ok(entries) } else { Err(BadRun::Malformed) }
    }

    /// Whether its author dates every entry of it until `at`; what cannot be read is not dated.
    pub fn is_dated_until(&self, at: UnixSeconds) -> bool {
        let body = self.unpacked();
        let dated = body.and_then(|body| Ok(self.entries(&body)?.iter().all(|entry| entry.at <= at)));
        dated.unwrap_or(false)
    }

    /// Where the chain stands after this run if it continues after `after`, whoever signed it.
    pub fn end(&self, after: &Extent) -> Result<Extent, BadRun> {
        let body = self.unpacked()?;
        Ok(self.entries(&body)?.iter().fold(*after, |extent, entry| entry.link(&extent)))
    }

    /// Verifies that this run continues `feed` after `after`; returns where it ends.
    pub fn verify(&self, feed: &Feed, after: &Extent) -> Result<Extent, BadRun> {
        self.verify_each(feed, after, |_| ())
    }

    /// [`Run::verify`], and shows every entry on the way: nothing is proven of them before it returns.
    pub fn verify_each(&self, feed: &Feed, after: &Extent, mut see: impl FnMut(&Entry<'_>)) -> Result<Extent, BadRun> {
        if self.feed != feed.id() || Some(self.first) != after.length.checked_add(1) {
            return Err(BadRun::WrongChain);
        }
        let body = self.unpacked()?;
        let extent = self.entries(&body)?.iter().fold(*after, |extent, entry| {
            see(entry);
            entry.link(&extent)
        });
        let key = VerifyingKey::from_bytes(&feed.public_key).map_err(|_| BadRun::WrongChain)?;
        key.verify_strict(&signed_bytes(&self.feed, &extent), &Signature::from_bytes(&self.signature))
            .map_err(|_| BadRun::WrongChain)?;
        Ok(extent)
    }

    /// The part of it behind entry `length`, which must lie inside it; the signature stays good.
    pub fn cut(&self, length: u64) -> Result<Self, BadRun> {
        let body = self.unpacked()?;
        let entries = self.entries(&body)?;
        let dropped = length.checked_add(1).and_then(|first| first.checked_sub(self.first)).ok_or(BadRun::Malformed)?;
        let kept = usize::try_from(dropped).ok().and_then(|dropped| entries.get(dropped..));
        let kept = kept.filter(|kept| !kept.is_empty()).ok_or(BadRun::Malformed)?;
        let mut writer = BodyWriter::default();
        kept.iter().for_each(|entry| writer.push(entry));
        let (packing, body) = pack(writer.finish());
        Ok(Self { first: self.first + dropped, count: kept.len() as u64, packing, body, ..self.clone() })
    }

    /// The run with the payloads of these entries erased, each replaced by its hash; `None` if there is nothing to erase.
    /// The chain and the signature stay good.
    pub fn without(&self, is_to_go: impl Fn(&Entry<'_>) -> bool) -> Result<Option<Self>, BadRun> {
        let body = self.unpacked()?;
        let (mut writer, mut erased) = (BodyWriter::default(), 0);
        for entry in self.entries(&body)? {
            if entry.is_erased || !is_to_go(&entry) {
                writer.push(&entry);
            } else {
                writer.push(&Entry { payload: &entry.payload_hash(), is_erased: true, ..entry });
                erased += 1;
            }
        }
        let (packing, body) = pack(writer.finish());
        Ok((erased > 0).then_some(Self { packing, body, ..self.clone() }))
    }

    /// The entries of it behind entry `from`, about `body_max` bytes of them and at least one, signed once more by their
    /// author: what stands there was signed when it was the newest. `start` is where the chain stood before this run.
    pub fn part(
        &self,
        feed: &Feed,
        start: &Extent,
        from: u64,
        body_max: usize,
        key: &SigningKey,
    ) -> Result<Self, BadRun> {
        let body = self.unpacked()?;
        let entries = self.entries(&body)?;
        let mut after = *start;
        let mut rest = entries.as_slice();
        while let ([entry, behind @ ..], true) = (rest, after.length < from) {
            (after, rest) = (entry.link(&after), behind);
        }
        let piece = pieces(rest, body_max).first().copied().ok_or(BadRun::Malformed)?;
        Ok(Self::sign(feed, &after, piece, key).0)
    }

    /// Appends the run as it travels: feed, first, count, packing, body after its length, signature.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.feed.0);
        put_varint(out, self.first);
        put_varint(out, self.count);
        out.push(self.packing.number());
        put_bytes(out, &self.body);
        out.extend_from_slice(&self.signature);
    }

    /// Reads what [`Run::put`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            feed: FeedId(reader.array()?),
            first: reader.varint()?,
            count: reader.varint()?,
            packing: Packing::from_number(reader.byte()?).ok_or(Malformed)?,
            body: reader.bytes(RUN_BODY_LEN_ERASED_MAX)?.to_vec(),
            signature: reader.array()?,
        })
    }
}

/// Splits entries into pieces, of about `body_max` bytes each, that each become a run.
pub fn pieces<'a, 'b>(entries: &'b [Entry<'a>], body_max: usize) -> Vec<&'b [Entry<'a>]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut len = 0;
    for (place, entry) in entries.iter().enumerate() {
        let entry_len = entry.payload.len() + OVERHEAD_LEN_MAX;
        if place > from && (len + entry_len > body_max || place - from == RUN_ENTRIES_MAX) {
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

/// Joins runs that follow each other in one feed, each result with a body of at most `body_max` bytes before packing (a
/// run that is longer already stays as it is). A run that cannot be read is passed on alone.
pub fn join(runs: impl IntoIterator<Item = Run>, body_max: usize) -> Vec<Run> {
    let mut joiner = Joiner::new(body_max);
    runs.into_iter().for_each(|run| joiner.add(run));
    joiner.finish()
}

/// Runs on their way into one: [`join`] for whoever does not know yet how many there will be.
pub struct Joiner {
    body_max: usize,
    done: Vec<Run>,
    open: Vec<Run>,
    len: usize,
    count: u64,
    len_of_all: usize,
}

impl Joiner {
    /// Nothing yet, to be joined up to `body_max` bytes.
    pub fn new(body_max: usize) -> Self {
        let body_max = body_max.min(RUN_BODY_LEN_MAX);
        Self { body_max, done: Vec::new(), open: Vec::new(), len: 0, count: 0, len_of_all: 0 }
    }

    /// Takes the next run.
    pub fn add(&mut self, run: Run) {
        let len = run.unpacked_len().unwrap_or(usize::MAX);
        let follows = self.open.last().is_some_and(|last| {
            last.feed == run.feed
                && last.last().checked_add(1) == Some(run.first)
                && self.len.saturating_add(len) <= self.body_max
                && self.count.saturating_add(run.count) <= RUN_ENTRIES_MAX as u64
        });
        if !follows {
            self.close();
        }
        self.len = self.len.saturating_add(len);
        self.len_of_all = self.len_of_all.saturating_add(len);
        self.count = self.count.saturating_add(run.count);
        self.open.push(run);
    }

    /// How many bytes it took in all, before packing.
    pub fn len_of_all(&self) -> usize {
        self.len_of_all
    }

    /// The joined runs.
    pub fn finish(mut self) -> Vec<Run> {
        self.close();
        self.done
    }

    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        (self.len, self.count) = (0, 0);
        match whole(&open, pack) {
            Some(run) => self.done.push(run),
            None => self.done.extend(open),
        }
    }
}

/// One run of several that follow each other, packed as short as it can be: for what waits anyway. `None` if there is
/// nothing to join, or one of them cannot be read.
pub fn join_thoroughly(parts: &[Run]) -> Option<Run> {
    whole(parts, pack_thoroughly)
}

fn whole(parts: &[Run], pack: impl Fn(Vec<u8>) -> (Packing, Vec<u8>)) -> Option<Run> {
    let ([first, .., last], mut writer) = (parts, BodyWriter::default()) else { return None };
    for run in parts {
        run.entries(&run.unpacked().ok()?).ok()?.iter().for_each(|entry| writer.push(entry));
    }
    let (packing, body) = pack(writer.finish());
    let count = parts.iter().map(|run| run.count).sum();
    Some(Run { feed: first.feed, first: first.first, count, packing, body, signature: last.signature })
}

fn signed_bytes(feed: &FeedId, extent: &Extent) -> Vec<u8> {
    let head: &Head = &extent.head;
    [SIGNATURE_CONTEXT, &feed.0, &extent.length.to_le_bytes(), head].concat()
}

#[cfg(test)]
mod tests {
    use civic_core::{
        area::Area,
        id::{DocId, Incarnation},
        space::{Audience, Space},
        time::UnixSeconds,
    };

    use super::*;
    use crate::entry::EntryKind;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[9; 32])
    }

    fn feed() -> Feed {
        Feed {
            public_key: key().verifying_key().to_bytes(),
            incarnation: Incarnation::new([3; 16]),
            space: Space::new(Area::parse("990101101201").unwrap(), Audience::Deputies),
        }
    }

    fn entry(payload: &[u8]) -> Entry<'_> {
        let (doc, at) = (DocId::new([1; 16]), UnixSeconds(5));
        Entry { doc, kind: EntryKind::Change, at, payload, is_erased: false }
    }

    /// A feed of `count` runs of two entries each, and its extent after each.
    fn written(count: usize) -> (Vec<Run>, Vec<Extent>) {
        let (feed, mut extents) = (feed(), vec![feed().genesis()]);
        let runs = (0..count)
            .map(|number| {
                let words = [format!("第 {number} 句话"), format!("第 {number} 句的后半句")];
                let entries: Vec<_> = words.iter().map(|word| entry(word.as_bytes())).collect();
                let (run, end) = Run::sign(&feed, extents.last().unwrap(), &entries, &key());
                extents.push(end);
                run
            })
            .collect();
        (runs, extents)
    }

    #[test]
    fn a_run_verifies_only_where_it_belongs_and_as_it_was_signed() {
        let (runs, extents) = written(2);
        assert_eq!(runs[0].verify(&feed(), &extents[0]), Ok(extents[1]));
        assert_eq!(runs[1].verify(&feed(), &extents[1]), Ok(extents[2]));
        assert_eq!(runs[1].verify(&feed(), &extents[0]), Err(BadRun::WrongChain));
        let mut bent = runs[0].clone();
        bent.signature[3] ^= 1;
        assert_eq!(bent.verify(&feed(), &extents[0]), Err(BadRun::WrongChain));
        bent.count = 1;
        assert_eq!(bent.verify(&feed(), &extents[0]), Err(BadRun::Malformed));
    }

    #[test]
    fn a_run_reads_back_from_the_road() {
        for count in [1, 400] {
            let (runs, _) = written(count);
            for run in join(runs, RUN_BODY_LEN_MAX) {
                let mut out = Vec::new();
                run.put(&mut out);
                assert_eq!(Run::read(&mut Reader::new(&out)), Ok(run));
            }
        }
    }

    #[test]
    fn runs_joined_and_cut_anywhere_still_carry_the_authors_signature() {
        let (runs, extents) = written(40);
        let joined = join(runs.clone(), RUN_BODY_LEN_MAX);
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].verify(&feed(), &extents[0]), Ok(extents[40]));
        let alone: usize = runs.iter().map(|run| run.body.len()).sum();
        assert!(joined[0].body.len() < alone);
        for length in 1..80 {
            let after = runs.iter().zip(&extents).find(|(run, _)| run.last() > length).map(|(run, extent)| {
                let body = run.unpacked().unwrap();
                run.entries(&body).unwrap()[..usize::from(run.first <= length)]
                    .iter()
                    .fold(*extent, |extent, entry| entry.link(&extent))
            });
            assert_eq!(joined[0].cut(length).unwrap().verify(&feed(), &after.unwrap()), Ok(extents[40]), "at {length}");
        }
        assert_eq!(joined[0].cut(80), Err(BadRun::Malformed));
    }

    #[test]
    fn a_joined_run_is_parted_again_by_its_author_as_it_was() {
        let (runs, extents) = written(40);
        let joined = join_thoroughly(&runs).unwrap();
        assert_eq!(joined.verify(&feed(), &extents[0]), Ok(extents[40]));
        let mut reached = extents[0];
        let mut parts = 0;
        while reached.length < joined.last() {
            let part = joined.part(&feed(), &extents[0], reached.length, 300, &key()).unwrap();
            reached = part.verify(&feed(), &reached).unwrap();
            if let Some(place) = extents.iter().position(|extent| *extent == reached) {
                assert_eq!(part.signature, runs[place - 1].signature, "what was signed once is signed alike");
            }
            parts += 1;
        }
        assert_eq!(reached, extents[40]);
        assert!(parts > 4);
        assert_eq!(joined.part(&feed(), &extents[0], 80, 300, &key()), Err(BadRun::Malformed));
    }

    #[test]
    fn runs_that_do_not_follow_each_other_are_left_alone() {
        let (mut runs, _) = written(4);
        runs.remove(1);
        assert_eq!(join(runs.clone(), 1), runs);
        let joined = join(runs, RUN_BODY_LEN_MAX);
        assert_eq!(joined.iter().map(|run| (run.first, run.count)).collect::<Vec<_>>(), [(1, 2), (5, 4)]);
    }

    #[test]
    fn the_chain_still_verifies_when_payloads_were_erased_and_the_words_are_gone() {
        let (runs, extents) = written(40);
        let whole = join(runs, RUN_BODY_LEN_MAX).remove(0);
        let first = "第 3 句话".as_bytes();
        let erased = whole.without(|entry| entry.payload == first).unwrap().unwrap();
        assert_eq!(erased.verify(&feed(), &extents[0]), Ok(extents[40]));
        let body = erased.unpacked().unwrap();
        assert!(!body.windows(first.len() + 1).any(|piece| piece[1..] == *first && piece[0] == first.len() as u8));
        assert_eq!(erased.entries(&body).unwrap().iter().filter(|entry| entry.is_erased).count(), 1);
        // Erased is erased: nothing more is to go, and cut or parted it is still the same feed.
        assert_eq!(erased.without(|entry| entry.payload == first), Ok(None));
        let part = erased.part(&feed(), &extents[0], 4, 300, &key()).unwrap();
        assert_eq!(part.verify(&feed(), &whole_to(&whole, 4)), Ok(whole_to(&whole, part.last())));
        assert_eq!(erased.cut(7).unwrap().verify(&feed(), &whole_to(&whole, 7)), Ok(extents[40]));
    }

    /// Where the chain stands after so many entries of a run that begins its feed.
    fn whole_to(run: &Run, length: u64) -> Extent {
        let body = run.unpacked().unwrap();
        let entries = run.entries(&body).unwrap();
        entries.iter().take(length as usize).fold(feed().genesis(), |extent, entry| entry.link(&extent))
    }

    #[test]
    fn a_run_of_the_longest_kind_stays_readable_when_every_payload_in_it_is_erased() {
        let words = [7; 110];
        let entries = vec![entry(&words); RUN_ENTRIES_MAX];
        let (run, end) = Run::sign(&feed(), &feed().genesis(), &entries, &key());
        let short = vec![entry(b""); RUN_ENTRIES_MAX];
        let (tiny, tiny_end) = Run::sign(&feed(), &feed().genesis(), &short, &key());
        for (run, end) in [(run, end), (tiny, tiny_end)] {
            let erased = run.without(|_| true).unwrap().unwrap();
            assert_eq!(erased.verify(&feed(), &feed().genesis()), Ok(end));
            let mut out = Vec::new();
            erased.put(&mut out);
            assert_eq!(Run::read(&mut Reader::new(&out)), Ok(erased));
        }
    }

    #[test]
    fn a_large_transaction_becomes_several_runs() {
        let entries = vec![entry(&[0; 30_000]); 40];
        let pieces = pieces(&entries, RUN_BODY_LEN_WRITTEN);
        assert_eq!(pieces.iter().map(|piece| piece.len()).sum::<usize>(), 40);
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() * 30_030 <= RUN_BODY_LEN_WRITTEN));
    }
}
