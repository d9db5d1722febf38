//! Attachments in the log: written in one transaction with the records that announce them, kept in pieces, and read only
//! as what their name says they are.
//!
//! What is kept for others has a limit ([`HUB_ROOM`], [`DEVICE_ROOM`]); so has what waits for the road
//! ([`WAITING_BYTES_MAX`]). Records are never refused for either.

use std::fmt;

use civic_core::{
    access::Action,
    area::Area,
    attachment::AttachmentKind,
    id::{AttachmentId, DocId},
    space::Audience,
    time::UnixSeconds,
};
use sync_core::{
    attachment::{
        announcement::Announcement,
        manifest::{BadManifest, Manifest, PIECE_LEN, piece_len},
        pieces::Pieces,
        receipt::AttachmentReceipt,
        transfer::{Admission, Wanted},
    },
    entry::EntryKind,
    feed::Feed,
    roads::Tariff,
    session::Member,
};

use super::{Log, NewEntry, StoreError};

/// Most bytes that may wait here for the road: a thousand of the longest voices. Beyond that a new attachment is refused
/// and the record can be filed without it.
pub const WAITING_BYTES_MAX: u64 = 512 << 20;
/// Most bytes that a hub keeps of its devices' attachments. Beyond that it refuses further ones, which stay on their
/// devices until there is room.
pub const HUB_ROOM: u64 = 64 << 30;
/// Most bytes that a device keeps of public attachments. Beyond that it takes no further ones.
pub const DEVICE_ROOM: u64 = 256 << 20;
const DAY_S: i64 = 86_400;

/// An attachment made here, sealed, to be written with the entry that announces it.
#[derive(Clone)]
pub struct NewAttachment {
    manifest: Manifest,
    bytes: Vec<u8>,
}

impl NewAttachment {
    /// The attachment of these sealed bytes, if its kind may be so long.
    pub fn new(kind: AttachmentKind, bytes: Vec<u8>) -> Result<Self, BadManifest> {
        Ok(Self { manifest: Manifest::of(kind, &bytes)?, bytes })
    }

    /// Its name.
    pub fn id(&self) -> AttachmentId {
        self.manifest.id()
    }

    /// The payload of the [`EntryKind::Attachment`] entry that announces it.
    pub fn announcement(&self) -> Vec<u8> {
        Announcement::of(&self.manifest).encode()
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = (u8, &[u8])> {
        (0..).zip(self.bytes.chunks(PIECE_LEN))
    }

    fn is_announced_by(&self, entry: &NewEntry) -> bool {
        entry.kind == EntryKind::Attachment && entry.payload == self.announcement()
    }
}

impl fmt::Debug for NewAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewAttachment({:?}, {} bytes)", self.manifest.kind(), self.bytes.len())
    }
}

/// Why an attachment was not written; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// [`WAITING_BYTES_MAX`] is reached: file without it, or wait for the road.
    #[error("too many attachments wait here for the road")]
    Full,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What this disk knows of one attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentLine {
    /// Its name.
    pub id: AttachmentId,
    /// What it is.
    pub kind: AttachmentKind,
    /// How many bytes, as sealed.
    pub length: u64,
    /// How many of them are here.
    pub held: u64,
    /// How many of them the hub said are on its disk, while it was being sent.
    pub confirmed: u64,
    /// Whether it was made here and belongs at the hub.
    pub is_own: bool,
    /// When the hub signed for it, by the hub's clock; `None` if it did not.
    pub receipted_at: Option<UnixSeconds>,
    /// Why the hub did not take it, in its words; empty if it did not say so.
    pub reason: String,
}

/// What an entry announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Its place in the order in which announcements came.
    pub row: i64,
    /// The attachment.
    pub id: AttachmentId,
    /// What it is.
    pub kind: AttachmentKind,
    /// The record that it stands beside.
    pub doc: DocId,
}

/// How much of what was made here has no receipt of the hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Attachments.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of these the bytes that are on the hub's disk already.
    pub confirmed: u64,
}

/// Who brings attachments.
#[derive(Clone, Debug)]
pub enum Giver {
    /// To the hub: this device, what it announced itself or what was announced where it may write.
    Device(Member),
    /// To a device: its hub.
    Hub,
    /// To a device: another one in the same room, which lends what the hub made public.
    Neighbour,
}

impl Giver {
    /// Whether what this feed announces may come from there.
    pub(super) fn may_bring(&self, feed: &Feed) -> bool {
        match self {
            Giver::Device(member) => member.wrote(feed) || member.scope.allows(Action::Write, &feed.space),
            Giver::Hub => true,
            Giver::Neighbour => feed.space.audience == Audience::Public,
        }
    }

    /// How many bytes of others are kept for it.
    pub(super) const fn room(&self) -> u64 {
        match self {
            Giver::Device(_) => HUB_ROOM,
            Giver::Hub | Giver::Neighbour => DEVICE_ROOM,
        }
    }
}

/// What a disk must be able to do with attachments, inside the transaction of [`super::Store`].
pub trait Shelf {
    /// Writes attachments made here, whose announcements are written already.
    fn shelve(&mut self, attachments: &[NewAttachment]) -> Result<(), StoreError>;
    /// Makes room for an attachment that `giver` offers, if it was announced, or says why not.
    fn admit(&mut self, manifest: &Manifest, giver: &Giver) -> Result<Admission, StoreError>;
    /// Writes a verified piece of an attachment that was admitted; false if it was erased since, and nothing is kept.
    fn put_piece(&mut self, id: &AttachmentId, number: u8, bytes: &[u8]) -> Result<bool, StoreError>;
    /// Notes that the hub has a piece on its disk.
    fn confirm(&mut self, id: &AttachmentId, number: u8) -> Result<(), StoreError>;
    /// Counts bytes into those of the day.
    fn note_traffic(&mut self, bytes: u64, now: UnixSeconds) -> Result<(), StoreError>;
    /// Keeps the hub's receipt.
    fn keep_attachment(&mut self, receipt: &AttachmentReceipt) -> Result<(), StoreError>;
    /// Notes why the hub does not take an attachment.
    fn note_refusal(&mut self, id: &AttachmentId, reason: &str) -> Result<(), StoreError>;
    /// Forgets the receipt of an attachment that the hub does not hold; returns its manifest if it is here.
    fn reopen(&mut self, id: &AttachmentId) -> Result<Option<Manifest>, StoreError>;
}

impl Log {
    /// Writes entries of this installation, and the attachments that they announce, in one transaction; on disk when it
    /// returns. For threads that may wait.
    pub fn attach(&self, entries: Vec<NewEntry>, attachments: Vec<NewAttachment>) -> Result<i64, AttachError> {
        let is_announced = |new: &NewAttachment| entries.iter().any(|entry| new.is_announced_by(entry));
        debug_assert!(attachments.iter().all(is_announced), "every attachment is announced by an entry beside it");
        let added: u64 = attachments.iter().map(|new| new.manifest.length()).sum();
        if added > 0 && self.waiting()?.bytes + added > WAITING_BYTES_MAX {
            return Err(AttachError::Full);
        }
        Ok(self.write_entries(entries, attachments)?)
    }

    /// The bytes of an attachment, verified; `None` if it is not here, or not whole.
    pub fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader().attachment(id)
    }

    /// What is known of an attachment; `None` if nothing of it is here.
    pub fn attachment_line(&self, id: &AttachmentId) -> Result<Option<AttachmentLine>, StoreError> {
        self.reader().attachment_line(id)
    }

    /// What was made here and has no receipt of the hub, in the order in which it travels, at most `limit`.
    pub fn waiting_attachments(&self, limit: usize) -> Result<Vec<AttachmentLine>, StoreError> {
        self.reader().waiting_attachments(limit)
    }

    /// How much of that there is.
    pub fn waiting(&self) -> Result<Waiting, StoreError> {
        let mut waiting = Waiting::default();
        for line in self.waiting_attachments(usize::MAX)? {
            waiting.count += 1;
            waiting.bytes += line.length;
            waiting.confirmed += line.confirmed;
        }
        Ok(waiting)
    }

    /// What was announced after `row` where only the county reads, in the order in which it came, at most `limit`.
    pub fn announced_after(&self, row: i64, limit: usize) -> Result<Vec<Announced>, StoreError> {
        self.reader().announced_after(row, limit)
    }

    /// Whether anything that was made here lies here still: the hub may ask for it again.
    pub(crate) fn has_own_attachments(&self) -> Result<bool, StoreError> {
        self.reader().has_own_attachments()
    }

    /// Manifests of what waits, in the order in which it travels, at most `limit`.
    pub(crate) fn to_offer(&self, limit: usize) -> Result<Vec<Manifest>, StoreError> {
        self.reader().to_offer(limit)
    }

    /// At a hub beneath another one: manifests of what its devices made in these areas and the hub above has not signed for, in
    /// the order in which it travels, at most `limit`.
    pub(crate) fn to_bring(&self, areas: &[Area], limit: usize) -> Result<Vec<Manifest>, StoreError> {
        self.reader().to_bring(areas, limit)
    }

    /// Public attachments of others that were announced and are not here, oldest first, at most `limit`.
    pub(crate) fn to_ask_for(&self, limit: usize) -> Result<Vec<Wanted>, StoreError> {
        self.reader().to_ask_for(&self.public_key(), limit)
    }

    /// What the device with this key announced and is not here, oldest first, at most `limit`.
    pub(crate) fn lacking(&self, public_key: &[u8; 32], limit: usize) -> Result<Vec<AttachmentId>, StoreError> {
        self.reader().lacking(public_key, limit)
    }

    /// What the device with this key announced and is here, whole; newest first, at most `limit`.
    pub(crate) fn whole_of(&self, public_key: &[u8; 32], limit: usize) -> Result<Vec<AttachmentId>, StoreError> {
        self.reader().whole_of(public_key, limit)
    }

    /// The manifest of an attachment for somebody who may read where it is announced, or why they do not get it.
    pub(crate) fn show(&self, id: &AttachmentId, member: &Member) -> Result<Result<Manifest, String>, StoreError> {
        self.reader().show(id, |feed| member.scope.allows(Action::Read, &feed.space))
    }

    /// Which pieces of an attachment the hub has said are on its disk.
    pub(crate) fn confirmed(&self, id: &AttachmentId) -> Result<Pieces, StoreError> {
        self.reader().confirmed(id)
    }

    /// The same for whoever may read what the county made public, and nothing else.
    pub(crate) fn show_public(&self, id: &AttachmentId) -> Result<Result<Manifest, String>, StoreError> {
        self.reader().show(id, |feed| feed.space.audience == Audience::Public)
    }

    /// One piece, verified; `None` if it is not here, or not what its manifest says.
    pub(crate) fn piece(&self, id: &AttachmentId, number: u8) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader().piece(id, number)
    }

    /// Bytes of pieces that moved on the day (UTC) of `now`.
    pub(crate) fn traffic(&self, now: UnixSeconds) -> Result<u64, StoreError> {
        self.reader().traffic(day(now))
    }

    /// Bytes of attachments and of what is carried that may still move on the day of `now` on this device's own road, which
    /// costs so; `None` if that has no end.
    pub fn left_today(&self, tariff: Tariff, now: UnixSeconds) -> Result<Option<u64>, StoreError> {
        Ok(match tariff.day_max() {
            Some(most) => Some(most.saturating_sub(self.traffic(now)?)),
            None => None,
        })
    }

    /// Counts bytes that moved on this device's own road into the day's.
    pub(crate) async fn note_traffic(&self, bytes: u64) -> Result<(), StoreError> {
        self.write_quietly(move |store, _, now| store.note_traffic(bytes, now)).await
    }

    /// See [`Shelf::admit`]; on disk when it returns.
    pub(crate) async fn admit(&self, manifest: Manifest, giver: Giver) -> Result<Admission, StoreError> {
        self.write_quietly(move |store, _, _| store.admit(&manifest, &giver)).await
    }

    /// See [`Shelf::put_piece`]; on disk when it returns. What came over this device's own road counts into the day's.
    pub(crate) async fn put_piece(
        &self,
        id: AttachmentId,
        number: u8,
        bytes: Vec<u8>,
        is_own_road: bool,
    ) -> Result<bool, StoreError> {
        self.write_quietly(move |store, _, now| {
            let is_kept = store.put_piece(&id, number, &bytes)?;
            if is_own_road {
                store.note_traffic(bytes.len() as u64, now)?;
            }
            Ok(is_kept)
        })
        .await
    }

    /// See [`Shelf::confirm`]; the piece counts into the day's.
    pub(crate) async fn confirm(&self, id: AttachmentId, number: u8, len: usize) -> Result<(), StoreError> {
        self.write_quietly(move |store, _, now| {
            store.confirm(&id, number)?;
            store.note_traffic(len as u64, now)
        })
        .await
    }

    /// See [`Shelf::keep_attachment`].
    pub(crate) async fn keep_attachment(&self, receipt: AttachmentReceipt) -> Result<(), StoreError> {
        self.write(move |store, _, _| store.keep_attachment(&receipt)).await
    }

    /// See [`Shelf::note_refusal`].
    pub(crate) async fn note_refusal(&self, id: AttachmentId, reason: String) -> Result<(), StoreError> {
        self.write_quietly(move |store, _, _| store.note_refusal(&id, &reason)).await
    }

    /// See [`Shelf::reopen`].
    pub(crate) async fn reopen(&self, id: AttachmentId) -> Result<Option<Manifest>, StoreError> {
        self.write(move |store, _, _| store.reopen(&id)).await
    }
}

/// The day of a time, UTC.
pub(super) fn day(at: UnixSeconds) -> i64 {
    at.0.div_euclid(DAY_S)
}

/// How many bytes these pieces of an attachment of this length have.
pub(super) fn len_of(length: u64, pieces: Pieces) -> u64 {
    pieces.numbers().map(|number| piece_len(length, number) as u64).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use civic_core::access::{Role, Scope};
    use ed25519_dalek::SigningKey;
    use sync_core::{
        attachment::{
            message::Message,
            transfer::{Input, Transfer},
        },
        receipt::Level,
        run::RUN_BODY_LEN_MAX,
    };

    use super::*;
    use crate::{
        store::tests::{Scratch, author, county, entry, space},
        transfer::{Done, Terms, carry_out, plan, ready},
    };

    const NOW: UnixSeconds = UnixSeconds(50);

    /// Runs of pieces that differ.
    fn noise(seed: u8, len: usize) -> Vec<u8> {
        (0..len).map(|at| (at / 251) as u8 ^ (at % 251) as u8 ^ seed).collect()
    }

    fn voice(seed: u8, len: usize) -> NewAttachment {
        NewAttachment::new(AttachmentKind::Voice, noise(seed, len)).unwrap()
    }

    fn announcing(doc: u8, audience: Audience, new: &NewAttachment) -> NewEntry {
        NewEntry { kind: EntryKind::Attachment, payload: new.announcement(), ..entry(doc, audience, "") }
    }

    fn attach(log: &Log, doc: u8, audience: Audience, new: &NewAttachment) -> Result<i64, AttachError> {
        let entries = vec![entry(doc, Audience::Deputies, "一"), announcing(doc, audience, new)];
        log.attach(entries, vec![new.clone()])
    }

    fn member(log: &Log, role: Role, area: &str) -> Member {
        Member::new(log.public_key(), Scope { role, areas: vec![Area::parse(area).unwrap()] })
    }

    fn block<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    /// Carries the records of one log to another, as a meeting does.
    fn meet(from: &Log, to: &Log) {
        for held in from.held() {
            let runs = from.runs_after(held.feed.id(), 0, held.extent.length, RUN_BODY_LEN_MAX).unwrap();
            block(to.accept(runs.into_iter().map(|run| (held.feed.clone(), run)).collect())).unwrap();
        }
    }

    fn receipt(id: AttachmentId) -> AttachmentReceipt {
        AttachmentReceipt::sign(id, Level::Received, UnixSeconds(77), &SigningKey::from_bytes(&[9; 32]))
    }

    /// Carries out what one side of a transfer wants; what it says then, and whether it is over.
    async fn go_on(side: &mut Transfer, log: &Log, giver: &Giver) -> (Vec<Message>, bool) {
        let mut said = Vec::new();
        while let Some(output) = side.poll_output() {
            match carry_out(output, log, || Ok(giver.clone())).await.unwrap() {
                Done::Say(message) => said.push(message),
                Done::Found(input) => side.handle_input(input).unwrap(),
                Done::Nothing => {}
                Done::Over => return (said, true),
            }
        }
        (said, false)
    }

    /// A whole transfer between a kiosk and its hub.
    fn transfer(kiosk: &Log, hub: &Log, terms: Terms) {
        let giver = Giver::Device(member(kiosk, Role::Kiosk, "990127101201"));
        block(async {
            let mut calls = plan(kiosk, county(), true, terms).await.unwrap().unwrap();
            let mut answers = ready(hub, author(9, 1).key, vec![kiosk.public_key()]).await.unwrap();
            let (mut up, mut down) = (VecDeque::new(), VecDeque::new());
            calls.handle_input(Input::Opened).unwrap();
            loop {
                let (said, is_over) = go_on(&mut calls, kiosk, &Giver::Hub).await;
                if is_over {
                    return;
                }
                up.extend(said);
                if let Some(message) = up.pop_front() {
                    answers.handle_input(Input::Received(message)).unwrap();
                    down.extend(go_on(&mut answers, hub, &giver).await.0);
                } else {
                    let message = down.pop_front().expect("one of the two has something to say");
                    calls.handle_input(Input::Received(message)).unwrap();
                }
            }
        });
    }

    /// Changes the file behind the log's back.
    fn meddle(scratch: &Scratch, sql: &str) {
        rusqlite::Connection::open(scratch.0.join("log.db")).unwrap().execute_batch(sql).unwrap();
    }

    #[test]
    fn an_attachment_is_there_with_its_record_after_the_log_is_opened_again() {
        let scratch = Scratch::new("attach");
        let new = voice(1, 300_000);
        let log = scratch.log(1, 1);
        attach(&log, 1, Audience::County, &new).unwrap();
        drop(log);
        let log = scratch.log(1, 2);
        assert_eq!(log.attachment(&new.id()).unwrap(), Some(noise(1, 300_000)));
        assert_eq!(log.attachment(&AttachmentId::new([7; 32])).unwrap(), None);
        assert_eq!(log.to_offer(9).unwrap(), vec![new.manifest.clone()]);
        assert_eq!(log.waiting().unwrap(), Waiting { count: 1, bytes: 300_000, confirmed: 0 });
        assert_eq!(log.verify().unwrap(), Ok(2));
        // The same form sent again.
        attach(&log, 1, Audience::County, &new).unwrap();
        assert_eq!(log.waiting().unwrap().count, 1);
    }

    #[test]
    fn a_record_counts_as_received_only_with_what_stands_beside_it() {
        let scratch = Scratch::new("beside");
        let log = scratch.log(1, 1);
        let new = voice(1, 100_000);
        attach(&log, 1, Audience::County, &new).unwrap();
        let hub = SigningKey::from_bytes(&[9; 32]);
        let receipts = log.held().into_iter().map(|held| {
            sync_core::receipt::Receipt::sign(held.feed.id(), held.extent, Level::Received, UnixSeconds(77), &hub)
        });
        block(log.keep(receipts.collect())).unwrap();
        let doc = DocId::new([1; 16]);
        let own = member(&log, Role::Kiosk, "990127101201");
        assert_eq!((log.is_behind(&own), log.is_received(&doc).unwrap()), (false, Some(false)));
        assert_eq!(log.counts().unwrap().here, 1);
        block(log.confirm(new.id(), 0, PIECE_LEN)).unwrap();
        let confirmed = log.attachment_line(&new.id()).unwrap().unwrap().confirmed;
        assert_eq!((confirmed, log.traffic(NOW).unwrap()), (PIECE_LEN as u64, PIECE_LEN as u64));
        assert_eq!(log.traffic(UnixSeconds(NOW.0 + DAY_S)).unwrap(), 0);
        block(log.keep_attachment(receipt(new.id()))).unwrap();
        assert_eq!((log.counts().unwrap().received, log.is_received(&doc).unwrap()), (1, Some(true)));
        assert_eq!(log.waiting().unwrap(), Waiting::default());
        assert!(log.has_own_attachments().unwrap(), "the hub may ask for it again");
    }

    #[test]
    fn a_receipt_is_taken_back_when_the_hub_lost_what_it_signed_for() {
        let scratch = Scratch::new("reopen");
        let log = scratch.log(1, 1);
        let new = voice(1, 100_000);
        attach(&log, 1, Audience::County, &new).unwrap();
        block(log.keep_attachment(receipt(new.id()))).unwrap();
        assert_eq!(block(log.reopen(new.id())).unwrap(), Some(new.manifest.clone()));
        assert_eq!(log.waiting().unwrap().count, 1);
        assert_eq!(block(log.reopen(AttachmentId::new([7; 32]))).unwrap(), None);
    }

    #[test]
    fn a_hub_takes_what_a_record_of_the_device_announces_and_nothing_else() {
        let (here, there) = (Scratch::new("admit-hub"), Scratch::new("admit-kiosk"));
        let (hub, kiosk) = (here.log(1, 1), there.log(2, 1));
        let new = voice(1, 3 * PIECE_LEN);
        attach(&kiosk, 1, Audience::County, &new).unwrap();
        let village = space(Audience::County).area.code().to_owned();
        let from = |log: &Log, area: &str| Giver::Device(member(log, Role::Kiosk, area));
        let admit = |manifest: &Manifest, giver| block(hub.admit(manifest.clone(), giver)).unwrap();
        let refused = |reason: &str| Admission::Refused(reason.to_owned());
        let unannounced = refused("no record of this device announces the attachment");
        assert_eq!(admit(&new.manifest, from(&kiosk, &village)), unannounced);
        meet(&kiosk, &hub);
        assert_eq!(hub.lacking(&kiosk.public_key(), 9).unwrap(), [new.id()]);
        // Somebody else, in another village, has no business with it; nobody brings it as something else.
        assert_eq!(admit(&new.manifest, from(&hub, "990127101299")), unannounced);
        let photo = Manifest::of(AttachmentKind::Photo, &noise(1, 3 * PIECE_LEN)).unwrap();
        let otherwise = refused("the attachment was announced as something else");
        assert_eq!(admit(&photo, from(&kiosk, &village)), otherwise);
        assert_eq!(admit(&new.manifest, from(&kiosk, &village)), Admission::Take(Pieces::NONE));
        for (number, bytes) in new.pieces().skip(1) {
            block(hub.put_piece(new.id(), number, bytes.to_vec(), false)).unwrap();
        }
        assert_eq!(hub.attachment(&new.id()).unwrap(), None);
        drop(hub);
        let hub = here.log(1, 2);
        let admission = block(hub.admit(new.manifest.clone(), from(&kiosk, &village))).unwrap();
        assert_eq!(admission, Admission::Take(Pieces::from_bits(6)));
        block(hub.put_piece(new.id(), 0, noise(1, PIECE_LEN), false)).unwrap();
        assert_eq!(hub.attachment(&new.id()).unwrap(), Some(noise(1, 3 * PIECE_LEN)));
        let admission = block(hub.admit(new.manifest.clone(), from(&kiosk, &village))).unwrap();
        assert_eq!((admission, hub.lacking(&kiosk.public_key(), 9).unwrap()), (Admission::Whole, Vec::new()));
    }

    #[test]
    fn a_public_attachment_is_shown_to_whoever_may_read_it_and_a_sealed_one_to_no_device() {
        let (here, there) = (Scratch::new("show-hub"), Scratch::new("show-kiosk"));
        let (hub, kiosk) = (here.log(1, 1), there.log(2, 1));
        let (open, sealed) = (voice(1, 100), voice(2, 100));
        attach(&hub, 1, Audience::Public, &open).unwrap();
        attach(&hub, 2, Audience::County, &sealed).unwrap();
        let anywhere = member(&kiosk, Role::Kiosk, "990127101299");
        assert_eq!(hub.show(&open.id(), &anywhere).unwrap(), Ok(open.manifest.clone()));
        assert!(hub.show(&sealed.id(), &anywhere).unwrap().is_err());
        meet(&hub, &kiosk);
        let wanted = Wanted { id: open.id(), kind: AttachmentKind::Voice, length: 100, held: Pieces::NONE };
        assert_eq!(kiosk.to_ask_for(9).unwrap(), [wanted]);
        assert!(matches!(block(kiosk.admit(open.manifest.clone(), Giver::Hub)), Ok(Admission::Take(_))));
        block(kiosk.put_piece(open.id(), 0, noise(1, 100), true)).unwrap();
        assert_eq!(kiosk.to_ask_for(9).unwrap(), []);
        assert_eq!(kiosk.waiting().unwrap(), Waiting::default());
    }

    #[test]
    fn a_damaged_piece_is_found_and_not_given() {
        let scratch = Scratch::new("damaged");
        let log = scratch.log(1, 1);
        let new = voice(1, 2 * PIECE_LEN);
        attach(&log, 1, Audience::County, &new).unwrap();
        meddle(&scratch, "UPDATE piece SET bytes = zeroblob(65536) WHERE number = 1");
        assert!(matches!(log.attachment(&new.id()), Err(StoreError::Damaged(_))));
        assert_eq!(
            (log.piece(&new.id(), 0).unwrap(), log.piece(&new.id(), 1).unwrap()),
            (Some(noise(1, PIECE_LEN)), None)
        );
        assert!(log.verify().unwrap().unwrap_err().contains("piece 1 of attachment"));
    }

    /// One rotten row ended every meeting of a kiosk behind its first, and no voice left the village any more.
    #[test]
    fn an_attachment_that_cannot_be_read_keeps_no_other_from_moving() {
        let (here, there) = (Scratch::new("rotten-hub"), Scratch::new("rotten-kiosk"));
        let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
        let (first, second) = (voice(1, 100), voice(2, 100));
        for (doc, new) in [(1, &first), (2, &second)] {
            attach(&kiosk, doc, Audience::County, new).unwrap();
        }
        meet(&kiosk, &hub);
        let admit = |new: &NewAttachment| {
            let giver = Giver::Device(member(&kiosk, Role::Kiosk, "990127101201"));
            block(hub.admit(new.manifest.clone(), giver))
        };
        assert!(matches!(admit(&first), Ok(Admission::Take(_))));
        let (given, taken) = (first.manifest.clone(), second.manifest.clone());
        assert_eq!(kiosk.to_offer(9).unwrap(), [given, taken.clone()]);
        for scratch in [&here, &there] {
            meddle(scratch, "UPDATE attachment SET hashes = zeroblob(32) WHERE id = 1");
        }
        assert_eq!(kiosk.to_offer(9).unwrap(), [taken]);
        assert!(matches!(admit(&first), Ok(Admission::Refused(_))));
        assert!(matches!(admit(&second), Ok(Admission::Take(_))));
    }

    /// What a kiosk could not read it did not offer, but the hub asked for it all the same, and that ended every transfer.
    #[test]
    fn one_attachment_that_cannot_be_read_on_either_side_leaves_a_whole_transfer_all_others() {
        let (here, there) = (Scratch::new("rotten-above"), Scratch::new("rotten-below"));
        let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
        let [rotten, sound, rotten_picture, picture] = [1, 2, 3, 4].map(|seed| voice(seed, 100));
        for (doc, new) in [(1, &rotten), (2, &sound)] {
            attach(&kiosk, doc, Audience::County, new).unwrap();
        }
        for (doc, new) in [(3, &rotten_picture), (4, &picture)] {
            attach(&hub, doc, Audience::Public, new).unwrap();
        }
        meet(&kiosk, &hub);
        meet(&hub, &kiosk);
        for scratch in [&here, &there] {
            meddle(scratch, "UPDATE attachment SET hashes = zeroblob(32) WHERE id = 1");
        }
        transfer(&kiosk, &hub, Terms::default());
        assert_eq!(hub.attachment(&sound.id()).unwrap(), Some(noise(2, 100)));
        assert_eq!(kiosk.attachment(&picture.id()).unwrap(), Some(noise(4, 100)));
        assert_eq!(hub.lacking(&kiosk.public_key(), 9).unwrap(), [rotten.id()]);
        assert!(kiosk.show_public(&rotten_picture.id()).unwrap().is_err());
        // And a second one, which has nothing to give, ends as well.
        transfer(&kiosk, &hub, Terms::default());
    }

    /// The hub asked for what the kiosk had left to a carrier, and so it went over the road that costs.
    #[test]
    fn what_is_left_to_a_carrier_stays_off_a_road_that_costs_though_the_hub_lacks_it() {
        let (here, there) = (Scratch::new("left-hub"), Scratch::new("left-kiosk"));
        let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
        let (left, given) = (voice(1, 100), voice(2, 100));
        for (doc, new) in [(1, &left), (2, &given)] {
            attach(&kiosk, doc, Audience::County, new).unwrap();
        }
        meet(&kiosk, &hub);
        transfer(&kiosk, &hub, Terms { left_to_carriers: [left.id()].into(), ..Terms::default() });
        assert_eq!(hub.lacking(&kiosk.public_key(), 9).unwrap(), [left.id()]);
        transfer(&kiosk, &hub, Terms::default());
        assert!(hub.lacking(&kiosk.public_key(), 9).unwrap().is_empty());
    }

    /// Seed 854 of the simulated county: somebody speaks at length, and it is erased while the road brings it piece by piece.
    #[test]
    fn a_piece_of_what_was_erased_since_it_was_admitted_is_not_kept_and_no_disk_is_called_damaged() {
        let (here, there) = (Scratch::new("erased-hub"), Scratch::new("erased-kiosk"));
        let (hub, kiosk) = (here.log(1, 1), there.log(2, 1));
        let new = voice(1, 100);
        attach(&kiosk, 1, Audience::County, &new).unwrap();
        meet(&kiosk, &hub);
        let giver = Giver::Device(member(&kiosk, Role::Kiosk, "990127101201"));
        assert!(matches!(block(hub.admit(new.manifest.clone(), giver)), Ok(Admission::Take(_))));
        meddle(&here, "DELETE FROM attachment");
        assert!(!block(hub.put_piece(new.id(), 0, noise(1, 100), false)).unwrap());
    }

    #[test]
    fn at_its_limit_a_disk_takes_no_more_attachments_and_records_go_on() {
        let (here, there) = (Scratch::new("room-hub"), Scratch::new("room-kiosk"));
        let (hub, kiosk) = (here.log(1, 1), there.log(2, 1));
        let (first, second) = (voice(1, 100), voice(2, 100));
        attach(&kiosk, 1, Audience::County, &first).unwrap();
        attach(&kiosk, 2, Audience::County, &second).unwrap();
        meet(&kiosk, &hub);
        let giver = Giver::Device(member(&kiosk, Role::Kiosk, "990127101201"));
        block(hub.admit(first.manifest.clone(), giver.clone())).unwrap();
        meddle(&here, &format!("UPDATE attachment SET length = {}", HUB_ROOM - 99));
        let admission = block(hub.admit(second.manifest.clone(), giver)).unwrap();
        assert_eq!(admission, Admission::Refused("there is no room for more attachments".to_owned()));
        meddle(&there, &format!("UPDATE attachment SET length = {} WHERE id = 1", WAITING_BYTES_MAX - 199));
        let third = voice(3, 100);
        assert!(matches!(attach(&kiosk, 3, Audience::County, &third), Err(AttachError::Full)));
        assert_eq!(kiosk.attachment_line(&third.id()).unwrap(), None);
        kiosk.append(vec![entry(3, Audience::Deputies, "只有话")]).unwrap();
        block(kiosk.note_refusal(second.id(), "there is no room for more attachments".into())).unwrap();
        assert_eq!(kiosk.waiting_attachments(9).unwrap()[1].reason, "there is no room for more attachments");
    }

    #[test]
    fn what_was_announced_to_an_older_program_is_known_to_a_newer_one() {
        let scratch = Scratch::new("older");
        let log = scratch.log(1, 1);
        let new = voice(1, 100);
        attach(&log, 1, Audience::County, &new).unwrap();
        drop(log);
        // The file as the program before this one left it.
        meddle(
            &scratch,
            "DROP TABLE announcement; DROP TABLE piece; DROP TABLE attachment; DROP TABLE traffic; DROP TABLE caller;
             DROP TABLE tombstone; DROP TABLE epoch; ALTER TABLE feed DROP COLUMN is_missed;
             DROP TABLE kept_since; ALTER TABLE log DROP COLUMN heard_at; ALTER TABLE log DROP COLUMN told_at;
             PRAGMA user_version = 2",
        );
        let log = scratch.log(2, 1);
        assert_eq!(log.lacking(&author(1, 1).key.verifying_key().to_bytes(), 9).unwrap(), [new.id()]);
    }
}
