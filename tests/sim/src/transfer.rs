//! A transfer of attachments behind a meeting, message by message, on a road that breaks.
//!
//! Both ends are the state machine that ships; what it asks for is carried out as the shell that ships does, over the log
//! that ships.

use std::collections::VecDeque;

use civic_core::codec::{Malformed, Reader};
use replica::{
    store::{Log, attachment::Giver},
    transfer::{Done, Terms, TransferError, carry_out, plan, ready},
};
use sync_core::{
    attachment::{
        message::{MESSAGE_LEN_MAX, Message},
        transfer::{Input, Transfer as Machine},
    },
    session::{Authors, Member},
};
use tokio::runtime::Runtime;

use crate::{
    county::CANARY,
    disk,
    meeting::{MeetError, Step, Which},
    register::Register,
};

/// One end of a transfer.
struct End {
    machine: Machine,
    /// Heard and not taken in yet.
    heard: VecDeque<Vec<u8>>,
}

/// A transfer.
pub struct Transfer {
    /// The device, by its place in the county.
    pub device: usize,
    caller: End,
    hub: End,
    said: u64,
}

impl From<TransferError> for MeetError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Store(error) => MeetError::Store(error),
            // Between two honest programs that must not be.
            other @ (TransferError::Road(_) | TransferError::Broken(_) | TransferError::StruckOff) => {
                MeetError::Wrong(format!("protocol: attachments: {other}"))
            }
        }
    }
}

impl Transfer {
    /// A transfer that begins, if the device has anything to say; and at whom it failed if it does not.
    pub fn new(
        device: usize,
        (member, ours): (&Member, &Log),
        (key, theirs): (&ed25519_dalek::SigningKey, &Log),
        runtime: &Runtime,
    ) -> Result<Option<Self>, (Which, MeetError)> {
        let hub = key.verifying_key().to_bytes();
        let planned =
            runtime.block_on(plan(ours, hub, true, Terms::default())).map_err(|error| (Which::Caller, error.into()))?;
        let Some(mut caller) = planned else { return Ok(None) };
        let keys = member.keys().copied().collect();
        let answer = runtime.block_on(ready(theirs, key.clone(), keys)).map_err(|error| (Which::Hub, error.into()))?;
        let opened = caller.handle_input(Input::Opened).map_err(TransferError::from);
        opened.map_err(|error| (Which::Caller, error.into()))?;
        let end = |machine| End { machine, heard: VecDeque::new() };
        Ok(Some(Self { device, caller: end(caller), hub: end(answer), said: 0 }))
    }

    /// How many messages crossed.
    pub fn said(&self) -> u64 {
        self.said
    }

    /// One thing that one end does; `None` once all is said.
    pub fn step(
        &mut self,
        which: Which,
        log: &Log,
        (key, register): (&[u8; 32], &Register),
        runtime: &Runtime,
    ) -> Result<Option<Step>, MeetError> {
        let (end, other) = match which {
            Which::Caller => (&mut self.caller, &mut self.hub),
            Which::Hub => (&mut self.hub, &mut self.caller),
        };
        let giver = || match which {
            Which::Caller => Ok(Giver::Hub),
            Which::Hub => register.member(key).map(Giver::Device).ok_or(TransferError::StruckOff),
        };
        if let Some(output) = end.machine.poll_output() {
            match runtime.block_on(carry_out(output, log, giver))? {
                Done::Say(message) => {
                    let bytes = message.encode();
                    if disk::is_within(&bytes, CANARY) {
                        return Err(MeetError::Wrong("O5: personal details cross the road in the clear".to_owned()));
                    }
                    self.said += 1;
                    other.heard.push_back(bytes);
                }
                Done::Found(input) => end.machine.handle_input(input).map_err(TransferError::from)?,
                Done::Nothing => {}
                Done::Over => return Ok(None),
            }
            return Ok(Some(Step::On));
        }
        let Some(bytes) = end.heard.pop_front() else { return Ok(Some(Step::Idle)) };
        let message = read(&bytes).map_err(|_| MeetError::Wrong("a message of our own cannot be read".to_owned()))?;
        end.machine.handle_input(Input::Received(message)).map_err(TransferError::from)?;
        Ok(Some(Step::On))
    }
}

fn read(bytes: &[u8]) -> Result<Message, Malformed> {
    let mut reader = Reader::new(bytes);
    Message::decode(reader.varint()?, reader.bytes(MESSAGE_LEN_MAX)?)
}
