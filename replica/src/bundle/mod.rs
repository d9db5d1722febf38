//! Bundles: what a phone or a stick carries where there is no road, in both directions.
//!
//! A bundle is a file of sealed [parcels](sync_core::parcel), one behind the other in a [frame] each. From a device
//! they are sealed to the county, from the hub each to one device, with nothing on the outside that says for whom. Parcels
//! may come in any order, again, or in another file; one that is damaged or for somebody else is passed over with its
//! reason. What was said in them is heard by the same state machine as on an open road, and stored by the same log.
//!
//! Attachments follow the records, voices first, each with its offer in front of its pieces so that a parcel can be heard
//! alone; what is whole at the hub comes home as a receipt.

pub mod frame;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use civic_core::{
    access::Scope,
    id::AttachmentId,
    keyring::Keyring,
    seal::{OpenKey, SealError, Seed, open_parcel, seal_parcel},
};
use ed25519_dalek::{SigningKey, VerifyingKey};
use sync_core::{
    attachment::{
        message as attachment,
        receipt::AttachmentReceipt,
        transfer::{self, OFFERS_MAX, Transfer},
    },
    feed::{Feed, FeedId},
    letter::Letter,
    message::{Cursor, Message, NAMED_MAX, VERSION, VERSION_OLDEST},
    parcel::{BadParcel, PARCEL_LEN, Parcel},
    receipt::Level,
    run::Run,
    session::{Authors, Broken, Input, Member, Outcome, Session, Side, Standing, StoredAs},
    status::Status,
};

use crate::{
    clock, device,
    enrol::{
        Desk, Refusal,
        by_letter::{self, Reply},
    },
    identity::{Card, Identity},
    pump::{Done, blocking, carry_out},
    store::{Log, StoreError, attachment::Giver},
    vitals,
};

/// Most receipts for attachments that go home at once, the newest: 400 kB.
const RECEIPTS_MAX: usize = 4_096;

/// Why a sealed parcel was not heard.
#[derive(Debug, thiserror::Error)]
pub enum ParcelError {
    /// It is for another installation, or damaged: from outside the two look alike.
    #[error("it is for another installation, or damaged")]
    Closed,
    /// What is in it is not to be listened to.
    #[error(transparent)]
    Bad(#[from] BadParcel),
    /// Its author is not a device of this county.
    #[error("its author is not known here")]
    Stranger,
    /// It asks to be enrolled, and is not heard.
    #[error("it asks to be enrolled: {}", .0.sentence())]
    NotEnrolled(Refusal),
    /// It does not keep to the protocol.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// This side's disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SealError> for ParcelError {
    fn from(_: SealError) -> Self {
        ParcelError::Closed
    }
}

/// What a parcel brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Entries that were new here.
    pub entries: u64,
    /// Receipts that were new here.
    pub receipts: u64,
    /// Pieces of attachments that were new here.
    pub pieces: u64,
    /// Runs whose beginning is still missing: to be heard again after the other parcels.
    pub gaps: u64,
    /// Machines that ask to be enrolled.
    pub asked: u64,
    /// What was kept apart, with the reason.
    pub refused: Vec<String>,
    /// What the device said of itself.
    pub status: Option<Status>,
}

/// The key with which the owner of `key` opens parcels.
pub fn opening_key(key: &SigningKey) -> OpenKey {
    OpenKey::of_device(key.to_scalar_bytes())
}

/// To which key parcels for the device with this Ed25519 public key are sealed; `None` if it is not a key.
pub fn sealing_key(public_key: &[u8; 32]) -> Option<[u8; 32]> {
    VerifyingKey::from_bytes(public_key).ok().map(|key| key.to_montgomery().to_bytes())
}

/// To which key the device of this card seals parcels: the newest that its hub announced.
pub fn county_key(card: &Card, log: &Log) -> Result<[u8; 32], StoreError> {
    let announced = log.seal_key()?.map(|(key, _)| key).filter(|key| key.epoch > card.seal_key.epoch);
    Ok(announced.unwrap_or(card.seal_key).public)
}

/// A device and its county, as far as parcels need it.
pub struct DeviceEnd<'a> {
    /// Its log.
    pub log: &'a Log,
    /// Its key.
    pub key: &'a SigningKey,
    /// What it may read and write.
    pub scope: &'a Scope,
    /// The hub's Ed25519 public key.
    pub hub: [u8; 32],
    /// The county's X25519 public key.
    pub county: [u8; 32],
    /// The keys that it had before it was enrolled anew.
    pub former: Vec<[u8; 32]>,
    /// How many bytes of packed runs of others it has room for.
    pub room: u64,
    /// What it says of itself.
    pub status: Option<Status>,
}

impl<'a> DeviceEnd<'a> {
    /// The end of the device of `identity`, whose log is `log`; `None` if its card cannot be read, or is in another machine
    /// than the one it was enrolled in.
    pub fn new(identity: &'a Identity, log: &'a Log) -> Result<Option<Self>, StoreError> {
        let card = &identity.card;
        let Some(hub) = card.hub_key().filter(|_| !identity.is_elsewhere) else { return Ok(None) };
        let (key, county, former) = (&identity.key, county_key(card, log)?, card.former_keys());
        let (room, status) = (device::room(log)?, Some(vitals::status(identity.home(), log)?));
        Ok(Some(Self { log, key, scope: &card.scope, hub, county, former, room, status }))
    }

    fn session(&self, cursor: Option<Cursor>) -> Result<Session, StoreError> {
        let (public_key, former) = (self.log.public_key(), self.former.clone());
        let member = Member { public_key, scope: self.scope.clone(), former };
        let status = self.status.clone();
        let side = Side::Caller { hub: self.hub, cursor, room: self.room, status };
        let shared = self.log.shared(&member);
        Ok(Session::new(side, member, shared, clock::now()))
    }

    /// Seals everything that has no receipt, parcel by parcel; at least one, from which the hub learns what this device has
    /// heard. Then attachments of at most so many bytes; returns those of which everything that the hub lacks went along.
    /// `take` may refuse a parcel, and then nothing more is made.
    pub async fn pack(
        &self,
        attachments_max: u64,
        mut take: impl FnMut(Vec<u8>) -> std::io::Result<()>,
    ) -> Result<BTreeSet<AttachmentId>, PackError> {
        let mut session = self.session(self.log.cursor(&self.hub)?)?;
        session.handle_input(Input::Opened)?;
        let mut writer = Writer::new(self.log, self.key, self.county, None);
        drive(&mut session, self.log, &mut Brought::default(), |message| writer.say(message, &mut take)).await?;
        writer.close(&mut take)?;
        let log = self.log.clone();
        let offers = blocking(move || log.to_offer(OFFERS_MAX)).await?;
        let (mut whole, mut left) = (BTreeSet::new(), attachments_max);
        for manifest in offers {
            let id = manifest.id();
            let confirmed = self.log.confirmed(&id)?;
            let lacking = manifest.pieces().without(confirmed);
            let mut is_whole = true;
            for (nth, number) in lacking.numbers().enumerate() {
                let log = self.log.clone();
                let piece = blocking(move || log.piece(&id, number)).await?;
                let Some(bytes) = piece.filter(|bytes| bytes.len() as u64 <= left) else {
                    is_whole = false;
                    continue;
                };
                left -= bytes.len() as u64;
                if nth == 0 || writer.attachments.is_empty() {
                    writer.tell(attachment::Message::offer(&manifest));
                }
                writer.tell(attachment::Message::Piece { id, number, bytes });
                writer.close_if_long(&mut take)?;
            }
            if is_whole {
                whole.insert(id);
            }
        }
        writer.close(&mut take)?;
        Ok(whole)
    }

    /// Opens a parcel of the hub and stores what it brings.
    pub async fn unpack(&self, sealed: &[u8]) -> Result<Brought, ParcelError> {
        let key = opening_key(self.key);
        let parcel = Parcel::read(&open_parcel(&key, sealed)?, &key.seal_key()?.public)?;
        if parcel.author != self.hub {
            return Err(ParcelError::Stranger);
        }
        let here = self.log.cursor(&self.hub)?;
        // Where the hub told all from its beginning, what was heard of its life before a restore is no part of it.
        let mut session = self.session(here.filter(|_| parcel.after.is_some()))?;
        session.handle_input(Input::Spoken)?;
        let is_reached = |after: Cursor| here.is_some_and(|here| here.epoch == after.epoch && here.row >= after.row);
        let follows = parcel.after.is_none_or(is_reached);
        let is_new = |mark: &Cursor| here.is_none_or(|here| here.epoch != mark.epoch || here.row <= mark.row);
        let said_of_attachments = parcel.attachments;
        // What came between is not here: the mark would pass over it.
        let messages = parcel.messages.into_iter().filter(|message| match message {
            Message::Mark(mark) => follows && is_new(mark),
            Message::Hello { .. }
            | Message::Announce(_)
            | Message::Runs(_)
            | Message::Receipts(_)
            | Message::Want { .. }
            | Message::Refused { .. }
            | Message::Over { .. }
            | Message::Spaces(_)
            | Message::Vector { .. }
            | Message::Status(_)
            | Message::Time(_)
            | Message::Unknown(_) => true,
        });
        let mut brought = listen(session, self.log, messages).await?;
        for message in said_of_attachments {
            // A device takes nothing else of attachments from a parcel yet.
            if let attachment::Message::Receipt(receipt) = message
                && receipt.is_by(&self.hub)
            {
                self.log.keep_attachment(receipt).await?;
                brought.receipts += 1;
            }
        }
        Ok(brought)
    }
}

/// The hub, as far as parcels need it.
pub struct HubEnd<'a> {
    /// Its log.
    pub log: &'a Log,
    /// Its key.
    pub key: &'a SigningKey,
    /// Opens what is sealed to the county, whatever the epoch.
    pub county: &'a Keyring,
    /// Whose entries it takes.
    pub authors: Arc<dyn Authors>,
    /// Hears those who ask to be enrolled, if it does.
    pub desk: Option<&'a dyn Desk>,
}

impl HubEnd<'_> {
    /// Answers to what was asked by letter: for whom, what in short, and what seals it. Whoever has sent a parcel since has
    /// heard it.
    pub(crate) fn replies(&self) -> Result<Vec<Reply>, StoreError> {
        let Some(desk) = self.desk else { return Ok(Vec::new()) };
        let callers = self.log.callers()?;
        let is_waiting = |reply: &Reply| callers.iter().all(|(device, _)| *device != reply.to.public_key);
        Ok(Reply::all(desk).into_iter().filter(is_waiting).collect())
    }

    /// Seals every answer to what was asked by letter.
    pub fn answer_letters(&self, mut take: impl FnMut(Vec<u8>) -> std::io::Result<()>) -> Result<(), PackError> {
        for reply in self.replies()? {
            self.desk.and_then(|desk| reply.seal(desk, self.key)).map_or(Ok(()), &mut take)?;
        }
        Ok(())
    }

    fn session(&self, member: Member) -> Result<Session, StoreError> {
        let side = Side::Hub {
            key: Box::new(self.key.clone()),
            epoch: self.log.epoch(),
            kept: u64::try_from(self.log.kept_row()?).unwrap_or(0),
            authors: self.authors.clone(),
        };
        let shared = self.log.shared(&member);
        Ok(Session::new(side, member, shared, clock::now()))
    }

    /// Opens a parcel of a device and stores what it brings; tells whose it was. One that was struck off is heard too: what
    /// it dates before that counts.
    pub async fn unpack(&self, sealed: &[u8]) -> Result<([u8; 32], Brought), ParcelError> {
        let (plain, key) = self.county.open_parcel(sealed)?;
        if let Some(desk) = self.desk.filter(|_| Letter::is_one(&plain)) {
            let (letter, own) = (Letter::read(&plain, &key.public)?, self.key.verifying_key().to_bytes());
            by_letter::take(desk, &own, &letter).map_err(ParcelError::NotEnrolled)?;
            return Ok((letter.author, Brought { asked: 1, ..Brought::default() }));
        }
        let parcel = Parcel::read(&plain, &key.public)?;
        let (public_key, former) = (parcel.author, self.authors.former(&parcel.author));
        let member = match self.authors.standing(&public_key) {
            Standing::Member(scope) | Standing::StruckOff { scope, .. } => Member { public_key, scope, former },
            Standing::Elsewhere | Standing::Stranger => return Err(ParcelError::Stranger),
        };
        if let Some(Message::Hello { cursor, room, .. }) = parcel.messages.first() {
            self.log.note_caller(parcel.author, Caller { cursor: *cursor, room: *room }).await?;
        }
        let is_member = self.authors.scope(&public_key).is_some();
        let session = self.session(member.clone())?;
        let mut brought = listen(session, self.log, parcel.messages).await?;
        if is_member && !parcel.attachments.is_empty() {
            self.take_attachments(member, parcel.attachments, &mut brought).await?;
        }
        Ok((parcel.author, brought))
    }

    /// Lets the state machine of an open road hear what a parcel says of attachments; what it answers nobody is there to hear.
    async fn take_attachments(
        &self,
        member: Member,
        messages: Vec<attachment::Message>,
        brought: &mut Brought,
    ) -> Result<(), ParcelError> {
        let mut transfer = Transfer::answer(self.key.clone(), Vec::new(), 0);
        let hello = attachment::Message::Hello {
            version: attachment::VERSION,
            oldest: attachment::VERSION_OLDEST,
            lacking: Vec::new(),
        };
        for message in std::iter::once(hello).chain(messages) {
            if transfer.handle_input(transfer::Input::Received(message)).is_err() {
                brought.refused.push("it says of attachments what has no place there".to_owned());
                return Ok(());
            }
            while let Some(output) = transfer.poll_output() {
                let answer = match output {
                    transfer::Output::Admit(manifest) => {
                        let admission = self.log.admit(manifest, Giver::Device(member.clone())).await?;
                        transfer::Input::Admitted { admission, at: clock::now() }
                    }
                    transfer::Output::Store { id, number, bytes } => {
                        if self.log.put_piece(id, number, bytes, false).await? {
                            brought.pieces += 1;
                            transfer::Input::Stored { id, number, at: clock::now() }
                        } else {
                            transfer::Input::Gone(id)
                        }
                    }
                    transfer::Output::Send(attachment::Message::Refused { reason, .. }) => {
                        brought.refused.push(reason);
                        continue;
                    }
                    transfer::Output::Show(_) => transfer::Input::Shown(Err(String::new())),
                    transfer::Output::Load { .. } => transfer::Input::Loaded(None),
                    transfer::Output::Reopen(_) => transfer::Input::Reopened(None),
                    transfer::Output::Send(_)
                    | transfer::Output::Confirmed { .. }
                    | transfer::Output::Keep(_)
                    | transfer::Output::Told { .. }
                    | transfer::Output::Finished(_) => continue,
                };
                if transfer.handle_input(answer).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Seals for the device with this key what it is known to lack: receipts for all that it wrote, what has arrived since
    /// its last parcel and it may read. Of a hub that was restored since, that is everything that it may read: nobody is there
    /// to compare with. Nothing for a device that was struck off.
    pub async fn pack(
        &self,
        device: [u8; 32],
        mut take: impl FnMut(Vec<u8>) -> std::io::Result<()>,
    ) -> Result<(), PackError> {
        let (Some(member), Some(receiver)) = (self.authors.member(&device), sealing_key(&device)) else {
            return Ok(());
        };
        let caller = self.log.caller(&device)?.unwrap_or_default();
        let cursor = caller.cursor.filter(|cursor| cursor.epoch == self.log.epoch());
        let behind = self.log.held().into_iter().filter(|held| member.wrote(&held.feed));
        let behind: Vec<_> = behind.map(|held| (held.feed.id(), 0)).take(NAMED_MAX).collect();
        let hello = Message::Hello {
            version: VERSION,
            oldest: VERSION_OLDEST,
            cursor,
            behind,
            left_out: Vec::new(),
            room: caller.room,
        };
        let mut session = self.session(member)?;
        let mut writer = Writer::new(self.log, self.key, receiver, cursor);
        // No device has this fingerprint, and none is asked: what it lacks is told by its cursor alone.
        for message in [hello, Message::Over { fingerprint: [0; 16] }] {
            session.handle_input(Input::Received(message))?;
            drive(&mut session, self.log, &mut Brought::default(), |message| writer.say(message, &mut take)).await?;
        }
        let log = self.log.clone();
        for id in blocking(move || log.whole_of(&device, RECEIPTS_MAX)).await? {
            let receipt = AttachmentReceipt::sign(id, Level::Received, clock::now(), self.key);
            writer.tell(attachment::Message::Receipt(receipt));
        }
        writer.close(&mut take)
    }
}

/// Why no parcel could be made.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Reading what is here failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state machine would not speak.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// It could not be written where it was to go.
    #[error("the bundle cannot be written")]
    Write(#[from] std::io::Error),
}

/// What a device said of itself in its last parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// What it had heard of this hub.
    pub cursor: Option<Cursor>,
    /// How many bytes of packed runs it had room for.
    pub room: u64,
}

impl Default for Caller {
    /// One that never sent a parcel: it is told everything, as far as a stick has room.
    fn default() -> Self {
        Self { cursor: None, room: u64::MAX }
    }
}

/// Gathers what is said into parcels, each of which can be heard alone.
struct Writer<'a> {
    log: &'a Log,
    key: &'a SigningKey,
    receiver: [u8; 32],
    /// What the receiver has heard when it has heard the parcels before.
    after: Option<Cursor>,
    /// How far it will have heard with this one.
    reached: Option<Cursor>,
    /// Said at the beginning of every parcel.
    hello: Option<Message>,
    feeds: BTreeMap<FeedId, Feed>,
    messages: Vec<Message>,
    attachments: Vec<attachment::Message>,
    len: usize,
    is_empty: bool,
}

impl<'a> Writer<'a> {
    fn new(log: &'a Log, key: &'a SigningKey, receiver: [u8; 32], after: Option<Cursor>) -> Self {
        let feeds = log.held().into_iter().map(|held| (held.feed.id(), held.feed)).collect();
        Self {
            log,
            key,
            receiver,
            after,
            reached: None,
            hello: None,
            feeds,
            messages: Vec::new(),
            attachments: Vec::new(),
            len: 0,
            is_empty: true,
        }
    }

    fn say(
        &mut self,
        message: Message,
        take: &mut impl FnMut(Vec<u8>) -> std::io::Result<()>,
    ) -> Result<(), PackError> {
        match message {
            Message::Hello { .. } => {
                self.hello = Some(message);
                return Ok(());
            }
            // Nobody is there to take a turn, and feeds are named in each parcel anew.
            Message::Over { .. } | Message::Announce(_) => return Ok(()),
            Message::Mark(mark) => self.reached = Some(mark),
            Message::Runs(_)
            | Message::Receipts(_)
            | Message::Want { .. }
            | Message::Refused { .. }
            | Message::Spaces(_)
            | Message::Vector { .. }
            | Message::Status(_)
            | Message::Time(_)
            | Message::Unknown(_) => {}
        }
        self.len += message.encode().len();
        self.messages.push(message);
        // A device says no mark; at the hub a parcel ends with one, so that it is never believed before what it covers.
        if self.len >= PARCEL_LEN && (self.reached.is_some() || self.hello.is_some()) {
            self.close(take)?;
        }
        Ok(())
    }

    /// Says something of attachments, behind the records of this parcel.
    fn tell(&mut self, message: attachment::Message) {
        self.len += message.encode().len();
        self.attachments.push(message);
    }

    fn close_if_long(&mut self, take: &mut impl FnMut(Vec<u8>) -> std::io::Result<()>) -> Result<(), PackError> {
        if self.len >= PARCEL_LEN { self.close(take) } else { Ok(()) }
    }

    /// Seals what was gathered; at a device something is always said, at least hello.
    fn close(&mut self, take: &mut impl FnMut(Vec<u8>) -> std::io::Result<()>) -> Result<(), PackError> {
        let said = std::mem::take(&mut self.messages);
        let attachments = std::mem::take(&mut self.attachments);
        self.len = 0;
        if said.is_empty() && attachments.is_empty() && (self.hello.is_none() || !self.is_empty) {
            return Ok(());
        }
        self.is_empty = false;
        let runs = |message: &Message| if let Message::Runs(runs) = message { feeds_of(runs) } else { Vec::new() };
        let named: BTreeSet<FeedId> = said.iter().flat_map(runs).collect();
        let announced = named.iter().filter_map(|id| self.feeds.get(id).cloned()).map(Message::Announce);
        let messages = self.hello.iter().cloned().chain(announced).chain(said.iter().cloned()).collect();
        let (author, at, after) = (self.log.public_key(), clock::now(), self.after);
        let parcel = Parcel { author, at, after, messages, attachments };
        let sealed = seal_parcel(&self.receiver, &parcel.sign(&self.receiver, self.key), Seed(clock::random()))?;
        self.after = self.reached.take().or(self.after);
        Ok(take(sealed)?)
    }
}

fn feeds_of(runs: &[Run]) -> Vec<FeedId> {
    runs.iter().map(|run| run.feed).collect()
}

/// Lets a session that has spoken, or never will, hear what a parcel says.
async fn listen(
    mut session: Session,
    log: &Log,
    messages: impl IntoIterator<Item = Message>,
) -> Result<Brought, ParcelError> {
    let mut brought = Brought::default();
    let mut refused = Vec::new();
    for message in messages {
        session.handle_input(Input::Received(message))?;
        let answer = |message| {
            if let Message::Refused { reason, .. } = message {
                refused.push(reason);
            }
            Ok::<(), ParcelError>(())
        };
        drive(&mut session, log, &mut brought, answer).await?;
    }
    let Outcome { entries_received: entries, status, .. } = session.outcome().clone();
    Ok(Brought { entries, refused, status, ..brought })
}

/// Carries out all that a session asks for, until it waits for the other side.
async fn drive<E: From<StoreError> + From<Broken>>(
    session: &mut Session,
    log: &Log,
    brought: &mut Brought,
    mut say: impl FnMut(Message) -> Result<(), E>,
) -> Result<(), E> {
    while let Some(output) = session.poll_output() {
        let input = match carry_out(output, log).await? {
            Done::Say(message) => {
                say(message)?;
                continue;
            }
            Done::Store { runs, .. } => {
                let stored = log.accept(runs).await?;
                brought.gaps += stored
                    .iter()
                    .filter(|(_, _, stored)| matches!(stored, StoredAs::Gap(_) | StoredAs::Bare(_)))
                    .count() as u64;
                Input::Stored(stored)
            }
            Done::Found(input) => {
                if let Input::Kept(proven) = &input {
                    brought.receipts += proven.len() as u64;
                }
                input
            }
            Done::Nothing | Done::Over(_) => continue,
        };
        session.handle_input(input)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
