//! A meeting of a device with the hub, message by message, as the pump would hold it on a road that breaks.
//!
//! Both ends are the state machine that ships, over the log that ships. Every message crosses as bytes, sometimes with a
//! field or a message behind it that a newer program might say. What is on its way to the disk is answered for later, as
//! the pump does: only runs overtake it.

use std::collections::{BTreeMap, VecDeque};

use civic_core::{codec::Reader, id::DeviceId, time::UnixSeconds};
use replica::store::{Log, SetApart, StoreError};
use sync_core::{
    feed::{Extent, FeedId},
    message::{MESSAGE_LEN_MAX, Message},
    session::{Broken, Input, Member, Outcome, Output, Session, Side, StoredAs},
};
use tokio::runtime::Runtime;

use crate::{county::CANARY, dice::Dice, disk};

/// A number that no program gives a message yet.
const NEWER: u64 = 47;

/// Why a meeting ended early.
#[derive(Debug)]
pub enum MeetError {
    /// A disk failed.
    Store(StoreError),
    /// One of the two spoke out of turn: between two honest programs that must not be.
    Broken(Broken),
    /// Something crossed the road that must not, or could not be read there.
    Wrong(String),
}

impl From<StoreError> for MeetError {
    fn from(error: StoreError) -> Self {
        MeetError::Store(error)
    }
}

impl From<Broken> for MeetError {
    fn from(error: Broken) -> Self {
        MeetError::Broken(error)
    }
}

/// Runs that were put on the disk, and what became of each.
type Stored = Vec<(FeedId, u64, StoredAs)>;

/// One end of a meeting.
struct End {
    session: Session,
    /// Heard and not taken in yet.
    heard: VecDeque<Vec<u8>>,
    /// On the disk, and the state machine does not know yet.
    stored: VecDeque<Stored>,
    ends: BTreeMap<FeedId, Extent>,
    outcome: Option<Outcome>,
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The device.
    Caller,
    /// The hub.
    Hub,
}

/// A meeting.
pub struct Meeting {
    /// The device, by its place in the county.
    pub device: usize,
    caller: End,
    hub: End,
    said: u64,
}

/// What one step of a meeting brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on.
    On,
    /// Nothing is left to do for this end now.
    Idle,
    /// It is over.
    Over(Outcome),
}

/// The two sides of a meeting about to begin.
pub struct Sides {
    /// The device's.
    pub caller: Side,
    /// The hub's.
    pub hub: Side,
}

impl Meeting {
    /// A meeting that begins.
    pub fn new(
        device: usize,
        member: &Member,
        sides: Sides,
        logs: (&Log, &Log),
        now: (UnixSeconds, UnixSeconds),
    ) -> Result<Self, MeetError> {
        let end = |side, log: &Log, now| -> Result<End, MeetError> {
            let mut session = Session::new(side, member.clone(), log.shared(member), now);
            session.handle_input(Input::Opened)?;
            let (heard, stored) = (VecDeque::new(), VecDeque::new());
            Ok(End { session, heard, stored, ends: BTreeMap::new(), outcome: None })
        };
        let (caller, hub) = (end(sides.caller, logs.0, now.0)?, end(sides.hub, logs.1, now.1)?);
        Ok(Self { device, caller, hub, said: 0 })
    }

    /// How many messages crossed.
    pub fn said(&self) -> u64 {
        self.said
    }

    /// One thing that one end does.
    pub fn step(&mut self, which: Which, log: &Log, runtime: &Runtime, dice: &mut Dice) -> Result<Step, MeetError> {
        let (end, other) = match which {
            Which::Caller => (&mut self.caller, &mut self.hub),
            Which::Hub => (&mut self.hub, &mut self.caller),
        };
        if end.outcome.is_some() {
            return Ok(Step::Idle);
        }
        // Receipts are heard at any time; everything else when this end has said what it had to say.
        if dice.percent(30) && end.heard.front().is_some_and(|bytes| bytes.first() == Some(&4)) {
            let receipts = end.heard.pop_front().unwrap_or_default();
            end.session.handle_input(Input::Received(read(&receipts)?))?;
            return Ok(Step::On);
        }
        if let Some(output) = end.session.poll_output() {
            end.carry_out(output, log, runtime, |message| {
                self.said += 1;
                other.heard.push_back(cross(&message, dice)?);
                // What a newer program says beside it is passed over.
                if dice.percent(2) && matches!(message, Message::Runs(_) | Message::Mark(_) | Message::Receipts(_)) {
                    other.heard.push_back(Message::Unknown(NEWER).encode());
                }
                Ok(())
            })?;
            return Ok(match &end.outcome {
                Some(outcome) => Step::Over(outcome.clone()),
                None => Step::On,
            });
        }
        let may_overtake = end.heard.front().is_some_and(|bytes| matches!(bytes.first(), Some(2 | 3)));
        if !end.stored.is_empty() && (!may_overtake || end.stored.len() >= 4 || dice.percent(30)) {
            let stored = end.stored.pop_front().unwrap_or_default();
            end.session.handle_input(Input::Stored(stored))?;
            return Ok(Step::On);
        }
        match end.heard.pop_front() {
            Some(bytes) => {
                end.session.handle_input(Input::Received(read(&bytes)?))?;
                Ok(Step::On)
            }
            None => Ok(Step::Idle),
        }
    }
}

impl End {
    fn carry_out(
        &mut self,
        output: Output,
        log: &Log,
        runtime: &Runtime,
        say: impl FnOnce(Message) -> Result<(), MeetError>,
    ) -> Result<(), MeetError> {
        let place = |place: u64| i64::try_from(place).unwrap_or(i64::MAX);
        match output {
            Output::Send(message) => say(message)?,
            Output::Store { runs, is_from_above } => {
                let ends = &mut self.ends;
                let stored =
                    runtime.block_on(async { log.begin_accept(runs, is_from_above, ends).await?.wait().await })?;
                self.stored.push_back(stored);
            }
            Output::Load { feed, from, until, body_max } => {
                let runs = log.runs_after(feed, from, until, body_max)?;
                self.session.handle_input(Input::Loaded(runs))?;
            }
            Output::LoadNews { feeds, after, until, body_max } => {
                let (runs, reached) = log.news_after(&feeds, place(after), place(until), body_max)?;
                let reached = u64::try_from(reached).unwrap_or(0);
                self.session.handle_input(Input::LoadedNews { runs, reached })?;
            }
            Output::Keep(receipts) => {
                let kept = runtime.block_on(log.keep(receipts))?;
                self.session.handle_input(Input::Kept(kept))?;
            }
            Output::Remember { hub, cursor } => runtime.block_on(log.remember(hub, cursor))?,
            Output::Quarantine { feed, run, reason } => {
                let device = Some(DeviceId::of(&feed.public_key));
                let (feed, first, reason) = (run.feed, run.first, reason.to_owned());
                runtime.block_on(log.set_apart(SetApart { feed, device, first, reason, run: Some(run) }))?;
            }
            Output::Told { feed, first, reason } => {
                log.leave_out(feed);
                let reason = format!("refused by the hub: {reason}");
                runtime.block_on(log.set_apart(SetApart { feed, device: None, first, reason, run: None }))?;
            }
            Output::Finished(outcome) => self.outcome = Some(outcome),
        }
        Ok(())
    }
}

/// A message as bytes on the road; some with a field behind those that this program knows.
fn cross(message: &Message, dice: &mut Dice) -> Result<Vec<u8>, MeetError> {
    let bytes = message.encode();
    if disk::is_within(&bytes, CANARY) {
        return Err(MeetError::Wrong("O5: personal details cross the road in the clear".to_owned()));
    }
    let has_room = matches!(message, Message::Over { .. } | Message::Mark(_) | Message::Want { .. } | Message::Time(_));
    if !has_room || !dice.percent(10) {
        return Ok(bytes);
    }
    let mut reader = Reader::new(&bytes);
    let unreadable = |_| MeetError::Wrong("a message of our own cannot be read".to_owned());
    let number = reader.varint().map_err(unreadable)?;
    let mut body = reader.bytes(MESSAGE_LEN_MAX).map_err(unreadable)?.to_vec();
    body.extend_from_slice(b"newer");
    let mut longer = Vec::new();
    civic_core::codec::put_varint(&mut longer, number);
    civic_core::codec::put_bytes(&mut longer, &body);
    Ok(longer)
}

fn read(bytes: &[u8]) -> Result<Message, MeetError> {
    let mut reader = Reader::new(bytes);
    let unreadable = |_| MeetError::Wrong("a message of our own cannot be read".to_owned());
    let number = reader.varint().map_err(unreadable)?;
    Message::decode(number, reader.bytes(MESSAGE_LEN_MAX).map_err(unreadable)?).map_err(unreadable)
}
