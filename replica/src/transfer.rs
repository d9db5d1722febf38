//! The only loop in which a transfer of attachments meets the world: on a stream of its own, behind the meetings.
//!
//! A device opens the stream after a meeting, if it has something to give or to ask for. Both ends send on it with less
//! priority than in meetings, and on a device it stands still while a meeting is held: records first. What one transfer
//! and one day may move on a device's road follows from what that road costs ([`Tariff`]).
//!
//! Two devices in one room ask each other for what the county made public, and lend it.

use std::{collections::BTreeSet, time::Duration};

use civic_core::{area::Area, id::AttachmentId};
use ed25519_dalek::SigningKey;
use sync_core::{
    attachment::{
        message::{LACKING_MAX, MESSAGE_LEN_MAX, Message},
        transfer::{Broken, Input, OFFERS_MAX, Outcome, Output, Transfer},
    },
    roads::Tariff,
    session::Member,
};
use tracing::{debug, warn};

use crate::{
    clock,
    pump::blocking,
    road::{Connection, Number, RecvStream, RoadError, SendStream},
    store::{Log, StoreError, attachment::Giver},
};

/// Bytes of attachments that a hub gives a device in one transfer, however much it asks for.
const HUB_BYTES_MAX: u64 = 64 << 20;
/// Bytes that a device gives a neighbour in one room at once, and takes from it; the rest comes the next time.
const NEAR_BYTES_MAX: u64 = 32 << 20;
/// A hub that says nothing for so long while a device waits for it has forgotten the transfer; it is given up until the
/// next meeting. Four pieces take half of it on a road of 64 kbit/s.
const SILENCE: Duration = Duration::from_secs(90);

/// Why a transfer ended early. Whatever was stored stays stored.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The road failed: it goes on after the next meeting.
    #[error(transparent)]
    Road(#[from] RoadError),
    /// This side's disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The other side does not keep to the protocol, or speaks another.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The device on the other end does not belong to the county any more.
    #[error("the device was struck off")]
    StruckOff,
}

/// Which end of the stream this is.
enum End<'a> {
    /// A device's.
    Device,
    /// The hub's; the device with the rights that it has at this moment, `None` once it is struck off.
    Hub(&'a (dyn Fn() -> Option<Member> + Send + Sync)),
    /// Either of two devices in one room.
    Neighbour,
}

/// On what terms a device's own road takes attachments.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What it costs.
    pub tariff: Tariff,
    /// What is left to carriers, who have it whole.
    pub left_to_carriers: BTreeSet<AttachmentId>,
    /// Of a hub beneath another one: for which areas it brings what its devices made.
    pub brings_for: Option<Vec<Area>>,
}

/// Gives and asks for attachments as a device whose hub has this key, and says what moved, also when it ended early.
/// Without anything to give or to ask for nothing is said, unless the hub is to be asked whether it lost something
/// (`is_first` of this connection).
pub(crate) async fn call(
    connection: &Connection,
    log: &Log,
    hub: [u8; 32],
    is_first: bool,
    terms: Terms,
) -> (Outcome, Result<(), TransferError>) {
    let mut transfer = match plan(log, hub, is_first, terms).await {
        Ok(Some(transfer)) => transfer,
        Ok(None) => return (Outcome::default(), Ok(())),
        Err(error) => return (Outcome::default(), Err(error.into())),
    };
    let ended = match connection.open().await {
        Ok(stream) => converse(Input::Opened, &mut transfer, log, &End::Device, stream).await,
        Err(error) => Err(RoadError::Broken(error.to_string()).into()),
    };
    (transfer.outcome().clone(), ended)
}

/// What a device gives and asks for next on these terms; `None` if there is nothing to say.
pub async fn plan(
    log: &Log,
    hub: [u8; 32],
    is_first: bool,
    Terms { tariff, left_to_carriers: left, brings_for }: Terms,
) -> Result<Option<Transfer>, StoreError> {
    let log = log.clone();
    blocking(move || {
        let mut offers = match brings_for {
            Some(areas) => log.to_bring(&areas, OFFERS_MAX)?,
            None => log.to_offer(OFFERS_MAX + left.len())?,
        };
        let wants = log.to_ask_for(OFFERS_MAX)?;
        offers.retain(|manifest| !left.contains(&manifest.id()));
        let is_idle = offers.is_empty() && wants.is_empty() && !(is_first && log.has_own_attachments()?);
        let budget = log.left_today(tariff, clock::now())?.unwrap_or(u64::MAX).min(tariff.transfer_max());
        Ok((!is_idle).then(|| Transfer::call(hub, offers, wants, budget).leaving(left)))
    })
    .await
}

/// Asks the neighbour at the other end of a stream for what the county made public and is not here; says how many bytes came.
/// What an attachment is its name proves, so nobody has to be believed.
pub(crate) async fn ask(log: &Log, hub: [u8; 32], stream: (SendStream, RecvStream)) -> Result<u64, TransferError> {
    let reader = log.clone();
    let wants = blocking(move || reader.to_ask_for(OFFERS_MAX)).await?;
    let mut transfer = Transfer::call(hub, Vec::new(), wants, NEAR_BYTES_MAX);
    converse(Input::Opened, &mut transfer, log, &End::Neighbour, stream).await?;
    Ok(transfer.outcome().bytes_received)
}

/// Lends the neighbour at the other end what the county made public and it asks for; says how many bytes went.
pub(crate) async fn lend(log: &Log, mut stream: (SendStream, RecvStream)) -> Result<u64, TransferError> {
    let Some(opening) = End::Neighbour.hear(&mut stream.1).await? else { return Ok(0) };
    let mut transfer = Transfer::lend(NEAR_BYTES_MAX);
    converse(Input::Received(opening), &mut transfer, log, &End::Neighbour, stream).await?;
    Ok(transfer.outcome().bytes_sent)
}

/// Answers as the hub, which signs receipts with `key`, a device that opened a stream with a message of number `first`.
pub(crate) async fn answer(
    first: Number,
    log: &Log,
    key: SigningKey,
    keys: Vec<[u8; 32]>,
    member: impl Fn() -> Option<Member> + Send + Sync,
    mut stream: (SendStream, RecvStream),
) -> Result<(), TransferError> {
    let opening = hear_rest(&mut stream.1, first).await?;
    let mut transfer = ready(log, key, keys).await?;
    converse(Input::Received(opening), &mut transfer, log, &End::Hub(&member), stream).await
}

/// The hub's end of a transfer with a device that has these keys.
pub async fn ready(log: &Log, key: SigningKey, keys: Vec<[u8; 32]>) -> Result<Transfer, StoreError> {
    let log = log.clone();
    let lacking = blocking(move || {
        let mut lacking = Vec::new();
        for key in keys {
            lacking.extend(log.lacking(&key, LACKING_MAX - lacking.len())?);
        }
        Ok(lacking)
    });
    Ok(Transfer::answer(key, lacking.await?, HUB_BYTES_MAX))
}

/// Lets `transfer` talk over a stream, from its first input on, until it is over.
async fn converse(
    first: Input,
    transfer: &mut Transfer,
    log: &Log,
    end: &End<'_>,
    (mut send, mut receive): (SendStream, RecvStream),
) -> Result<(), TransferError> {
    send.set_light();
    transfer.handle_input(first)?;
    loop {
        while let Some(output) = transfer.poll_output() {
            match carry_out(output, log, || end.giver()).await? {
                Done::Say(message) => drop(send.send_bytes(message.encode()).await?),
                Done::Found(input) => transfer.handle_input(input)?,
                Done::Nothing => {}
                Done::Over => {
                    send.finish();
                    return Ok(());
                }
            }
        }
        match end.hear(&mut receive).await? {
            Some(message) => transfer.handle_input(Input::Received(message))?,
            None => {
                debug!("The other side has no more attachments");
                return Ok(());
            }
        }
    }
}

/// What became of something that a transfer asked for.
pub enum Done {
    /// This is to be said.
    Say(Message),
    /// This is the answer.
    Found(Input),
    /// It is done.
    Nothing,
    /// The transfer is over.
    Over,
}

/// Carries out what needs nothing but the disk, for whoever brings what comes here.
pub async fn carry_out(
    output: Output,
    log: &Log,
    giver: impl FnOnce() -> Result<Giver, TransferError>,
) -> Result<Done, TransferError> {
    let answer = match output {
        Output::Send(message) => {
            if let Message::Refused { id, reason, .. } = &message {
                warn!(attachment = %id, reason, "Kept an attachment out");
            }
            return Ok(Done::Say(message));
        }
        Output::Admit(manifest) => {
            let admission = log.admit(manifest, giver()?).await?;
            Input::Admitted { admission, at: clock::now() }
        }
        Output::Reopen(id) => Input::Reopened(log.reopen(id).await?),
        Output::Show(id) => Input::Shown(match giver()? {
            Giver::Device(member) => {
                let log = log.clone();
                blocking(move || log.show(&id, &member)).await?
            }
            Giver::Neighbour => {
                let log = log.clone();
                blocking(move || log.show_public(&id)).await?
            }
            Giver::Hub => Err("a device gives only what it offers".to_owned()),
        }),
        Output::Load { id, number } => {
            let log = log.clone();
            Input::Loaded(blocking(move || log.piece(&id, number)).await?)
        }
        Output::Store { id, number, bytes } => {
            match log.put_piece(id, number, bytes, matches!(giver()?, Giver::Hub)).await? {
                true => Input::Stored { id, number, at: clock::now() },
                false => Input::Gone(id),
            }
        }
        Output::Confirmed { id, number, len } => {
            log.confirm(id, number, len).await?;
            return Ok(Done::Nothing);
        }
        Output::Keep(receipt) => {
            log.keep_attachment(receipt).await?;
            return Ok(Done::Nothing);
        }
        Output::Told { id, reason } => {
            warn!(attachment = %id, reason, "The other side did not take an attachment, or did not give it");
            log.note_refusal(id, reason).await?;
            return Ok(Done::Nothing);
        }
        Output::Finished(_) => return Ok(Done::Over),
    };
    Ok(Done::Found(answer))
}

impl End<'_> {
    /// Who brings what comes here.
    fn giver(&self) -> Result<Giver, TransferError> {
        match self {
            End::Device => Ok(Giver::Hub),
            End::Neighbour => Ok(Giver::Neighbour),
            End::Hub(member) => member().map(Giver::Device).ok_or(TransferError::StruckOff),
        }
    }

    /// Hears one message; `None` when the other side has nothing more to say.
    async fn hear(&self, receive: &mut RecvStream) -> Result<Option<Message>, RoadError> {
        let heard = receive.number();
        let first = match self {
            End::Device | End::Neighbour => tokio::time::timeout(SILENCE, heard)
                .await
                .map_err(|_| RoadError::Broken("the other side said nothing of attachments".into()))??,
            // A device holds its transfer still while it meets; a road that is gone ends it.
            End::Hub(_) => heard.await?,
        };
        match first {
            Some(first) => hear_rest(receive, first).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Hears the rest of a message whose number was heard.
async fn hear_rest(receive: &mut RecvStream, first: Number) -> Result<Message, RoadError> {
    let (body, _) = receive.fields(first, MESSAGE_LEN_MAX).await?;
    Message::decode(first.value, &body).map_err(|_| RoadError::Malformed)
}
