//! One transfer of attachments between a device and its hub, after their meeting and on a stream of its own.
//!
//! The device offers what it made and the hub lacks, voices before drawings before photos and the oldest first. The hub
//! says which pieces are missing, and the device sends them, a few ahead of what the hub has confirmed. When all of that is
//! settled the device asks for what was announced to it, and now the hub sends. So only one side sends pieces at a time,
//! and neither can block the other. In its hello the hub names what it lacks of what the device announced: a hub that was
//! restored from an old backup gets again what it had given receipts for.
//!
//! ```text
//! device                                     hub
//! Hello, Offer…        ────────────────────►
//!        ◄──────────────────── Hello, Want…, or Receipt, or Refused
//! Piece…               ────────────────────►
//!        ◄──────────────────── Stored… and, with the last one, Receipt
//! Want…                ────────────────────►
//!        ◄──────────────────── Offer, Piece…
//! Stored…              ────────────────────►
//! ```
//!
//! Two devices lend each other what the county made public, in a transfer for each direction: whoever asks is the device
//! in the picture above, and whoever is asked only shows, like a hub, and takes nothing.
//!
//! A transfer has a budget of bytes. At its end the device stops sending, hears what is still to be confirmed, and the
//! rest waits for the next transfer. A piece that is not the one its manifest names is refused and everything else goes on.
//! What was stored stays stored, so a transfer that breaks off, at any message, is continued by the next one.
//!
//! The shell gives one [`Input`] at a time and carries out every [`Output`] before the next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use civic_core::{attachment::AttachmentKind, id::AttachmentId, time::UnixSeconds};
use ed25519_dalek::SigningKey;

use super::{
    manifest::{Manifest, piece_count, piece_len},
    message::{LACKING_MAX, Message, VERSION, VERSION_OLDEST},
    pieces::Pieces,
    receipt::AttachmentReceipt,
};
use crate::receipt::Level;

/// Attachments that are offered or sent at one time; the next one is offered when one of them is settled.
const OFFERS_AHEAD: usize = 4;
/// Pieces on the road that the other side has not confirmed; then this side waits. That is also the most that a road
/// which breaks off can cost twice.
pub const IN_FLIGHT_MAX: usize = 4;
/// Most attachments that one transfer offers, and most that it asks for; the rest waits for the next one.
pub const OFFERS_MAX: usize = 256;
/// Most offers and wants that are heard in one transfer; beyond that it ends.
const HEARD_MAX: usize = 4 * OFFERS_MAX;
/// Most wrong pieces that are heard in one transfer; beyond that it ends.
const WRONG_MAX: usize = 64;

/// An announced attachment that a device wants to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The attachment.
    pub id: AttachmentId,
    /// What it is, as announced.
    pub kind: AttachmentKind,
    /// How many bytes, as announced.
    pub length: u64,
    /// The pieces that are here.
    pub held: Pieces,
}

/// What became of an offer on this side's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may come; its manifest is on the disk, and so are these pieces.
    Take(Pieces),
    /// It is here, whole.
    Whole,
    /// It is kept out, with this reason.
    Refused(String),
}

/// Everything that can happen in a transfer.
#[derive(Debug)]
pub enum Input {
    /// The road is open.
    Opened,
    /// The other side said something.
    Received(Message),
    /// Answer to [`Output::Admit`].
    Admitted {
        /// What became of it.
        admission: Admission,
        /// This side's clock: the time on a receipt.
        at: UnixSeconds,
    },
    /// Answer to [`Output::Reopen`]: the manifest, if the attachment is here.
    Reopened(Option<Manifest>),
    /// Answer to [`Output::Show`]: the manifest, or why the other side does not get it.
    Shown(Result<Manifest, String>),
    /// Answer to [`Output::Load`]; `None` if the disk does not give that piece any more.
    Loaded(Option<Vec<u8>>),
    /// Answer to [`Output::Store`].
    Stored {
        /// The attachment.
        id: AttachmentId,
        /// Which piece.
        number: u8,
        /// This side's clock: the time on a receipt.
        at: UnixSeconds,
    },
    /// Answer to [`Output::Store`] where the attachment was erased since it was admitted: nothing of it is kept.
    Gone(AttachmentId),
}

/// Everything a transfer can ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Say this.
    Send(Message),
    /// Whether this may come, as announced and within the room there is: put its manifest on the disk and answer.
    Admit(Manifest),
    /// The hub does not hold this attachment, whatever it said before: forget its receipt, and give the manifest.
    Reopen(AttachmentId),
    /// Whether the other side may have this attachment: give its manifest.
    Show(AttachmentId),
    /// Give this piece.
    Load {
        /// The attachment.
        id: AttachmentId,
        /// Which piece.
        number: u8,
    },
    /// Put this piece, which was verified, on the disk and answer when it is there.
    Store {
        /// The attachment.
        id: AttachmentId,
        /// Which piece.
        number: u8,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// The hub has this piece of ours on its disk.
    Confirmed {
        /// The attachment.
        id: AttachmentId,
        /// Which piece.
        number: u8,
        /// How many bytes.
        len: usize,
    },
    /// Keep this receipt; it was checked.
    Keep(AttachmentReceipt),
    /// The other side does not take or give an attachment, or a piece of it.
    Told {
        /// The attachment.
        id: AttachmentId,
        /// Why, in its words.
        reason: String,
    },
    /// The transfer is over.
    Finished(Outcome),
}

/// What a transfer moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Bytes of pieces sent.
    pub bytes_sent: u64,
    /// Bytes of pieces that came and were stored.
    pub bytes_received: u64,
    /// Whether the budget was too small for everything.
    pub is_spent: bool,
}

/// Why a transfer cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// No version is understood by both.
    #[error(
        "the other side speaks version {theirs} of attachments and needs at least {oldest}; this program speaks {VERSION}"
    )]
    Version {
        /// What it speaks.
        theirs: u16,
        /// What it needs.
        oldest: u16,
    },
    /// A message that has no place here.
    #[error("the other side spoke of attachments out of turn: {0}")]
    OutOfTurn(&'static str),
    /// More than anybody has reason to send.
    #[error("the other side sent too many {0}")]
    TooMany(&'static str),
}

/// Which side this is.
enum Side {
    /// The device that calls.
    Caller {
        /// Ed25519 public key of the hub, whose receipts are believed.
        hub: [u8; 32],
        /// Still to be offered, in order.
        offers: VecDeque<Manifest>,
        /// Still to be asked for, in order.
        wants: VecDeque<Wanted>,
        /// What goes by another road, whatever the hub says that it lacks.
        left: BTreeSet<AttachmentId>,
    },
    /// The hub, which signs receipts with this key.
    Hub {
        /// Ed25519 key.
        key: Box<SigningKey>,
        /// What the device announced and is not here.
        lacking: Vec<AttachmentId>,
    },
    /// A device that is asked by another one. It takes nothing, and its word is no receipt.
    Lender,
}

/// An attachment that this side gives.
struct Outgoing {
    manifest: Manifest,
    /// Pieces that the other side wants and has not confirmed; `None` until it has answered the offer.
    left: Option<Pieces>,
    /// Whether some piece will not come, so that there will be no receipt.
    is_broken: bool,
}

/// An attachment that this side takes.
struct Incoming {
    /// `None` until it was offered and admitted.
    manifest: Option<Manifest>,
    held: Pieces,
    /// Pieces that this side asked for and that may still come.
    awaited: Pieces,
}

/// One transfer.
pub struct Transfer {
    side: Side,
    /// Bytes of pieces that may still move.
    budget: u64,
    outgoing: BTreeMap<AttachmentId, Outgoing>,
    incoming: BTreeMap<AttachmentId, Incoming>,
    /// Pieces that the other side asked for, in order.
    queue: VecDeque<(AttachmentId, u8)>,
    /// The piece that [`Output::Load`] asked for.
    loading: Option<(AttachmentId, u8)>,
    /// Pieces sent and not confirmed.
    in_flight: BTreeSet<(AttachmentId, u8)>,
    /// The manifest that [`Output::Admit`] asked about.
    admitting: Option<Manifest>,
    /// How many times [`Output::Reopen`] was not answered yet.
    reopening: usize,
    /// What [`Output::Show`] asked about, and the pieces that are wanted of it.
    showing: Option<(AttachmentId, Pieces)>,
    has_greeted: bool,
    has_finished: bool,
    heard: usize,
    wrong: usize,
    outputs: VecDeque<Output>,
    outcome: Outcome,
}

impl Transfer {
    /// A device's end. It believes receipts of the hub with this key, offers `offers` and asks for `wants` (each list
    /// oldest first, of each the first [`OFFERS_MAX`]), and moves no more than `budget` bytes of pieces in both directions.
    pub fn call(hub: [u8; 32], offers: Vec<Manifest>, wants: Vec<Wanted>, budget: u64) -> Self {
        let offers = in_order(offers, Manifest::kind);
        let wants = in_order(wants, |wanted| wanted.kind);
        Self::new(Side::Caller { hub, offers, wants, left: BTreeSet::new() }, budget)
    }

    /// A device's end that does not give these, though the hub lacks them: they go by another road.
    pub fn leaving(mut self, ids: BTreeSet<AttachmentId>) -> Self {
        if let Side::Caller { left, .. } = &mut self.side {
            *left = ids;
        }
        self
    }

    /// The hub's end. It signs receipts with `key`, asks for what it lacks of what the device announced (`lacking`, oldest
    /// first, of it the first [`LACKING_MAX`]), and sends no more than `budget` bytes of pieces.
    pub fn answer(key: SigningKey, mut lacking: Vec<AttachmentId>, budget: u64) -> Self {
        lacking.truncate(LACKING_MAX);
        Self::new(Side::Hub { key: Box::new(key), lacking }, budget)
    }

    /// The end of a device that another one asks: it sends no more than `budget` bytes of pieces.
    pub fn lend(budget: u64) -> Self {
        Self::new(Side::Lender, budget)
    }

    fn new(side: Side, budget: u64) -> Self {
        Self {
            side,
            budget,
            outgoing: BTreeMap::new(),
            incoming: BTreeMap::new(),
            queue: VecDeque::new(),
            loading: None,
            in_flight: BTreeSet::new(),
            admitting: None,
            reopening: 0,
            showing: None,
            has_greeted: false,
            has_finished: false,
            heard: 0,
            wrong: 0,
            outputs: VecDeque::new(),
            outcome: Outcome::default(),
        }
    }

    /// The next thing to do, if there is one.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What was moved so far.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Takes in what happened.
    pub fn handle_input(&mut self, input: Input) -> Result<(), Broken> {
        match input {
            Input::Opened => {
                if let Side::Caller { .. } = self.side {
                    self.say_hello(Vec::new());
                    self.go_on();
                }
            }
            Input::Received(message) => self.receive(message)?,
            Input::Admitted { admission, at } => self.take_admission(admission, at),
            Input::Reopened(manifest) => self.offer_again(manifest),
            Input::Shown(shown) => self.give(shown),
            Input::Loaded(bytes) => self.send_loaded(bytes),
            Input::Stored { id, number, at } => self.note_stored(id, number, at),
            Input::Gone(id) => {
                self.refuse(id, None, "the attachment was erased meanwhile");
                self.give_up(&id);
            }
        }
        Ok(())
    }

    fn say(&mut self, message: Message) {
        self.outputs.push_back(Output::Send(message));
    }

    fn say_hello(&mut self, lacking: Vec<AttachmentId>) {
        self.say(Message::Hello { version: VERSION, oldest: VERSION_OLDEST, lacking });
    }

    fn refuse(&mut self, id: AttachmentId, number: Option<u8>, reason: impl Into<String>) {
        self.say(Message::Refused { id, number, reason: reason.into() });
    }

    fn receive(&mut self, message: Message) -> Result<(), Broken> {
        if !self.has_greeted && !matches!(message, Message::Hello { .. } | Message::Unknown(_)) {
            return Err(Broken::OutOfTurn("nothing may be said before hello"));
        }
        match message {
            Message::Hello { version, oldest, lacking } => self.take_hello(version, oldest, lacking)?,
            Message::Offer { id, kind, length, hashes } => {
                self.count_heard()?;
                match Manifest::prove(&id, kind, length, hashes) {
                    Ok(manifest) if self.expects(&id) => {
                        self.admitting = Some(manifest.clone());
                        self.outputs.push_back(Output::Admit(manifest));
                    }
                    Ok(_) => self.refuse(id, None, "nobody asked for the attachment"),
                    Err(bad) => {
                        self.refuse(id, None, bad.to_string());
                        self.give_up(&id);
                    }
                }
            }
            Message::Want { id, missing } => {
                self.count_heard()?;
                self.take_want(id, missing);
            }
            Message::Piece { id, number, bytes } => self.take_piece(id, number, bytes)?,
            Message::Stored { id, number } => self.note_confirmed(id, number),
            Message::Receipt(receipt) => self.take_receipt(receipt),
            Message::Refused { id, number, reason } => self.take_refusal(id, number, reason),
            Message::Unknown(_) => {}
        }
        Ok(())
    }

    fn take_hello(&mut self, version: u16, oldest: u16, theirs: Vec<AttachmentId>) -> Result<(), Broken> {
        if version < VERSION_OLDEST || oldest > VERSION {
            return Err(Broken::Version { theirs: version, oldest });
        }
        self.has_greeted = true;
        match &mut self.side {
            Side::Hub { lacking, .. } => {
                let lacking = std::mem::take(lacking);
                self.say_hello(lacking);
            }
            Side::Lender => self.say_hello(Vec::new()),
            Side::Caller { offers, left, .. } => {
                let is_told = |id: &AttachmentId| {
                    let is_offered = offers.iter().any(|manifest| manifest.id() == *id);
                    is_offered || self.outgoing.contains_key(id) || left.contains(id)
                };
                for id in theirs.into_iter().filter(|id| !is_told(id)) {
                    self.reopening += 1;
                    self.outputs.push_back(Output::Reopen(id));
                }
                self.go_on();
            }
        }
        Ok(())
    }

    fn offer_again(&mut self, manifest: Option<Manifest>) {
        self.reopening = self.reopening.saturating_sub(1);
        if let Side::Caller { offers, .. } = &mut self.side {
            offers.extend(manifest);
        }
        self.go_on();
    }

    fn count_heard(&mut self) -> Result<(), Broken> {
        self.heard += 1;
        if self.heard > HEARD_MAX { Err(Broken::TooMany("offers and wants")) } else { Ok(()) }
    }

    /// Whether an offer of this attachment has a place: the hub hears any, a device only what it asked for.
    fn expects(&self, id: &AttachmentId) -> bool {
        match self.side {
            Side::Hub { .. } => true,
            Side::Lender => false,
            Side::Caller { .. } => self.incoming.get(id).is_some_and(|incoming| incoming.manifest.is_none()),
        }
    }

    // ---- Taking: an offer, its pieces, and the hub's word for the whole.

    fn take_admission(&mut self, admission: Admission, at: UnixSeconds) {
        let Some(manifest) = self.admitting.take() else { return };
        let id = manifest.id();
        match admission {
            Admission::Take(held) if !manifest.pieces().without(held).is_empty() => {
                let missing = manifest.pieces().without(held);
                // A device has said already which pieces it lacks.
                let awaited = self.incoming.get(&id).map_or(missing, |asked| asked.awaited.within(missing));
                self.incoming.insert(id, Incoming { manifest: Some(manifest), held, awaited });
                if let Side::Hub { .. } = self.side {
                    self.say(Message::Want { id, missing });
                }
            }
            Admission::Take(_) | Admission::Whole => self.complete(id, at),
            Admission::Refused(reason) => {
                self.refuse(id, None, reason);
                self.give_up(&id);
            }
        }
    }

    fn take_piece(&mut self, id: AttachmentId, number: u8, bytes: Vec<u8>) -> Result<(), Broken> {
        let known = self.incoming.get_mut(&id).and_then(|incoming| {
            let is_piece = incoming.manifest.as_ref()?.is_piece(number, &bytes);
            Some((is_piece, incoming))
        });
        match known {
            Some((true, incoming)) if incoming.held.contains(number) => self.say(Message::Stored { id, number }),
            Some((true, _)) => self.outputs.push_back(Output::Store { id, number, bytes }),
            Some((false, incoming)) => {
                incoming.awaited.remove(number);
                self.refuse(id, Some(number), "the piece is not the one that the manifest names");
                self.count_wrong()?;
            }
            None => {
                self.refuse(id, Some(number), "the attachment of this piece was not offered, or was refused");
                self.count_wrong()?;
            }
        }
        self.go_on();
        Ok(())
    }

    fn count_wrong(&mut self) -> Result<(), Broken> {
        // A device that has no room hears pieces that were on the road before its hub heard so.
        self.wrong += usize::from(!matches!(self.side, Side::Caller { .. }));
        if self.wrong > WRONG_MAX { Err(Broken::TooMany("wrong pieces")) } else { Ok(()) }
    }

    fn note_stored(&mut self, id: AttachmentId, number: u8, at: UnixSeconds) {
        let Some(incoming) = self.incoming.get_mut(&id) else { return };
        let Some(manifest) = &incoming.manifest else { return };
        incoming.held.insert(number);
        incoming.awaited.remove(number);
        self.outcome.bytes_received += piece_len(manifest.length(), number) as u64;
        let is_whole = manifest.pieces().without(incoming.held).is_empty();
        self.say(Message::Stored { id, number });
        if is_whole {
            self.complete(id, at);
        } else {
            self.go_on();
        }
    }

    /// Every piece is on this disk.
    fn complete(&mut self, id: AttachmentId, at: UnixSeconds) {
        self.incoming.remove(&id);
        if let Side::Hub { key, .. } = &self.side {
            let receipt = AttachmentReceipt::sign(id, Level::Received, at, key);
            self.say(Message::Receipt(receipt));
        }
        self.go_on();
    }

    // ---- Giving: what is wanted, piece by piece, within the budget.

    fn take_want(&mut self, id: AttachmentId, missing: Pieces) {
        match self.side {
            Side::Hub { .. } | Side::Lender => {
                self.showing = Some((id, missing));
                self.outputs.push_back(Output::Show(id));
            }
            Side::Caller { .. } => {
                if self.outgoing.contains_key(&id) {
                    self.enqueue(id, missing);
                } else {
                    self.refuse(id, None, "the attachment was not offered");
                }
            }
        }
    }

    /// The hub's disk has said whether the other side may have it.
    fn give(&mut self, shown: Result<Manifest, String>) {
        let Some((id, missing)) = self.showing.take() else { return };
        match shown {
            Ok(manifest) => {
                self.say(Message::offer(&manifest));
                self.outgoing.insert(id, Outgoing { manifest, left: None, is_broken: false });
                self.enqueue(id, missing);
            }
            Err(reason) => self.refuse(id, None, reason),
        }
    }

    fn enqueue(&mut self, id: AttachmentId, missing: Pieces) {
        let Some(outgoing) = self.outgoing.get_mut(&id) else { return };
        let left = missing.within(outgoing.manifest.pieces());
        outgoing.left = Some(left);
        self.queue.retain(|(queued, _)| *queued != id);
        self.queue.extend(
            left.numbers().filter(|number| !self.in_flight.contains(&(id, *number))).map(|number| (id, number)),
        );
        self.go_on();
    }

    fn send_loaded(&mut self, bytes: Option<Vec<u8>>) {
        let Some((id, number)) = self.loading.take() else { return };
        match bytes {
            Some(bytes) => {
                self.budget = self.budget.saturating_sub(bytes.len() as u64);
                self.outcome.bytes_sent += bytes.len() as u64;
                self.in_flight.insert((id, number));
                self.say(Message::Piece { id, number, bytes });
            }
            None => {
                self.refuse(id, Some(number), "the piece cannot be read here any more");
                self.drop_piece(&id, number);
            }
        }
        self.go_on();
    }

    fn note_confirmed(&mut self, id: AttachmentId, number: u8) {
        if !self.in_flight.remove(&(id, number)) {
            return;
        }
        let is_ours = matches!(self.side, Side::Caller { .. });
        if let Some(outgoing) = self.outgoing.get_mut(&id) {
            if is_ours {
                let len = piece_len(outgoing.manifest.length(), number);
                self.outputs.push_back(Output::Confirmed { id, number, len });
            }
            if let Some(left) = outgoing.left.as_mut() {
                left.remove(number);
            }
            self.forget_if_settled(&id);
        }
        self.go_on();
    }

    /// A piece that will not reach the other side in this transfer.
    fn drop_piece(&mut self, id: &AttachmentId, number: u8) {
        if let Some(outgoing) = self.outgoing.get_mut(id) {
            outgoing.is_broken = true;
            if let Some(left) = outgoing.left.as_mut() {
                left.remove(number);
            }
            self.forget_if_settled(id);
        }
    }

    /// Without a receipt to wait for, an attachment is settled when nothing of it is left to send.
    fn forget_if_settled(&mut self, id: &AttachmentId) {
        let gets_receipt = matches!(self.side, Side::Caller { .. });
        let is_settled = self.outgoing.get(id).is_some_and(|outgoing| {
            outgoing.left.is_some_and(Pieces::is_empty) && (outgoing.is_broken || !gets_receipt)
        });
        if is_settled {
            self.outgoing.remove(id);
        }
    }

    fn take_receipt(&mut self, receipt: AttachmentReceipt) {
        let Side::Caller { hub, .. } = &self.side else { return };
        // What the hub did not sign proves nothing.
        if receipt.is_by(hub) && self.outgoing.contains_key(&receipt.id) {
            self.outputs.push_back(Output::Keep(receipt));
            self.give_up(&receipt.id);
        }
    }

    fn take_refusal(&mut self, id: AttachmentId, number: Option<u8>, reason: String) {
        self.outputs.push_back(Output::Told { id, reason });
        let Some(number) = number else { return self.give_up(&id) };
        self.in_flight.remove(&(id, number));
        self.drop_piece(&id, number);
        if let Some(incoming) = self.incoming.get_mut(&id) {
            incoming.awaited.remove(number);
        }
        self.go_on();
    }

    /// Nothing more is said of this attachment.
    fn give_up(&mut self, id: &AttachmentId) {
        self.outgoing.remove(id);
        self.incoming.remove(id);
        self.queue.retain(|(queued, _)| queued != id);
        self.in_flight.retain(|(flying, _)| flying != id);
        self.go_on();
    }

    // ---- What comes next.

    fn go_on(&mut self) {
        self.load_next();
        self.offer_next();
        self.ask();
        self.finish();
    }

    fn load_next(&mut self) {
        if self.loading.is_some() || self.in_flight.len() >= IN_FLIGHT_MAX {
            return;
        }
        let Some((id, number, len)) = self.next_piece() else { return };
        if len as u64 <= self.budget {
            self.loading = Some((id, number));
            self.outputs.push_back(Output::Load { id, number });
            return;
        }
        self.outcome.is_spent = true;
        self.queue.push_front((id, number));
        for (id, number) in std::mem::take(&mut self.queue) {
            if let Side::Hub { .. } | Side::Lender = self.side {
                self.refuse(id, Some(number), "enough for one transfer");
            }
            self.drop_piece(&id, number);
        }
    }

    /// The next piece to send, with its length. What was confirmed or given up meanwhile is passed over.
    fn next_piece(&mut self) -> Option<(AttachmentId, u8, usize)> {
        loop {
            let (id, number) = self.queue.pop_front()?;
            let outgoing = self.outgoing.get(&id);
            let wanted = outgoing.filter(|outgoing| outgoing.left.is_some_and(|left| left.contains(number)));
            if let Some(outgoing) = wanted {
                return Some((id, number, piece_len(outgoing.manifest.length(), number)));
            }
        }
    }

    fn offer_next(&mut self) {
        let Side::Caller { offers, .. } = &mut self.side else { return };
        if self.budget == 0 && !offers.is_empty() {
            self.outcome.is_spent = true;
        }
        if self.outcome.is_spent {
            offers.clear();
        }
        while self.outgoing.len() < OFFERS_AHEAD
            && let Some(manifest) = offers.pop_front()
        {
            self.outputs.push_back(Output::Send(Message::offer(&manifest)));
            self.outgoing.insert(manifest.id(), Outgoing { manifest, left: None, is_broken: false });
        }
    }

    /// Once nothing of this device's own is left to settle: asks for everything that the budget still allows.
    fn ask(&mut self) {
        let Side::Caller { wants, .. } = &mut self.side else { return };
        if !self.outgoing.is_empty() || self.loading.is_some() || self.reopening > 0 || !self.has_greeted {
            return;
        }
        for Wanted { id, length, held, .. } in std::mem::take(wants) {
            let mut awaited = Pieces::NONE;
            for number in Pieces::first(piece_count(length)).without(held).numbers() {
                let len = piece_len(length, number) as u64;
                if len <= self.budget {
                    self.budget -= len;
                    awaited.insert(number);
                } else {
                    self.outcome.is_spent = true;
                }
            }
            if !awaited.is_empty() {
                self.incoming.insert(id, Incoming { manifest: None, held, awaited });
                self.outputs.push_back(Output::Send(Message::Want { id, missing: awaited }));
            }
        }
    }

    fn finish(&mut self) {
        let Side::Caller { offers, wants, .. } = &self.side else { return };
        // A piece that was given to the disk is awaited until the disk has answered.
        self.incoming.retain(|_, incoming| !incoming.awaited.is_empty());
        let is_over = offers.is_empty() && wants.is_empty() && self.outgoing.is_empty() && self.incoming.is_empty();
        let is_waiting = self.loading.is_some() || self.reopening > 0 || !self.has_greeted;
        if is_over && !is_waiting && !self.has_finished {
            self.has_finished = true;
            self.outputs.push_back(Output::Finished(self.outcome.clone()));
        }
    }
}

/// The order in which kinds travel: voices before drawings before photos.
pub const fn rank(kind: AttachmentKind) -> u8 {
    match kind {
        AttachmentKind::Voice => 0,
        AttachmentKind::Ink => 1,
        AttachmentKind::Photo => 2,
        AttachmentKind::Unknown(_) => 3,
    }
}

/// In the order of their kinds; of each kind the first stays first.
fn in_order<T>(mut all: Vec<T>, kind: impl Fn(&T) -> AttachmentKind) -> VecDeque<T> {
    all.sort_by_key(|one| rank(kind(one)));
    all.truncate(OFFERS_MAX);
    all.into()
}
