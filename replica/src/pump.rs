//! The only loop in which the state machine meets the world.
//!
//! What comes is put on the disk while more of it is heard and verified; only runs overtake runs that are still on their way
//! to the disk, so that for the state machine nothing is out of order.

use std::collections::{BTreeMap, VecDeque};

use civic_core::id::DeviceId;
use sync_core::{
    feed::Feed,
    message::Message,
    run::Run,
    session::{Broken, Input, Outcome, Output, Session},
};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use crate::{
    road::{RecvStream, RoadError, SendStream},
    store::{Accepted, Accepting, Log, SetApart, StoreError},
};

/// Messages that may wait to be heard; beyond that the road itself holds them back.
const HEARD_MAX: usize = 4;
/// Messages of runs that may be on their way to the disk at once.
const STORING_MAX: usize = 4;

/// Why a meeting ended early. Whatever was stored stays stored.
#[derive(Debug, thiserror::Error)]
pub enum MeetError {
    /// The road failed: try again later.
    #[error(transparent)]
    Road(#[from] RoadError),
    /// This side's disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The other side does not keep to the protocol, or speaks another.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// What a meeting brought, and how much was said in it.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes of messages sent.
    pub sent: u64,
    /// Bytes of messages heard.
    pub heard: u64,
}

/// Lets `session` talk over a stream until it is over; `first` is what was heard on it already, with its length, and
/// `on_send` is told when runs leave. A side that only answers ends when the other closes its end.
pub async fn converse(
    session: &mut Session,
    log: &Log,
    mut send: SendStream,
    mut receive: RecvStream,
    first: Option<(Message, usize)>,
    on_send: impl Fn(),
) -> Result<Talk, MeetError> {
    let (sender, mut heard) = mpsc::channel(HEARD_MAX);
    let listener = tokio::spawn(async move {
        loop {
            let message = receive.receive().await;
            let is_last = !matches!(message, Ok(Some(_)));
            if sender.send(message).await.is_err() || is_last {
                return;
            }
        }
    });
    let ended = pump(session, log, &mut send, &mut heard, first, on_send).await;
    listener.abort();
    if ended.is_ok() {
        send.finish();
    }
    ended
}

async fn pump(
    session: &mut Session,
    log: &Log,
    send: &mut SendStream,
    heard: &mut mpsc::Receiver<Result<Option<(Message, usize)>, RoadError>>,
    first: Option<(Message, usize)>,
    on_send: impl Fn(),
) -> Result<Talk, MeetError> {
    let mut later: VecDeque<_> = first.map(|first| Ok(Some(first))).into_iter().collect();
    let mut talk = Talk::default();
    let mut storing: VecDeque<Accepting> = VecDeque::new();
    let mut ends = BTreeMap::new();
    session.handle_input(Input::Opened)?;
    loop {
        while let Some(output) = session.poll_output() {
            match carry_out(output, log).await? {
                Done::Say(message) => {
                    if matches!(message, Message::Runs(_)) {
                        on_send();
                    }
                    talk.sent += send.send(&message).await? as u64;
                    // Receipts come while this side still speaks; everything else waits for its turn.
                    while let Ok(message) = heard.try_recv() {
                        match message {
                            Ok(Some((receipts @ Message::Receipts(_), len))) => {
                                talk.heard += len as u64;
                                session.handle_input(Input::Received(receipts))?;
                            }
                            other => later.push_back(other),
                        }
                    }
                }
                Done::Store { runs, is_from_above } => {
                    storing.push_back(log.begin_accept(runs, is_from_above, &mut ends).await?);
                }
                Done::Found(input) => session.handle_input(input)?,
                Done::Nothing => {}
                Done::Over(outcome) => return Ok(Talk { outcome, ..talk }),
            }
        }
        if later.is_empty() && storing.len() < STORING_MAX {
            tokio::select! {
                message = heard.recv() => later.push_back(message.unwrap_or(Ok(None))),
                stored = oldest(&mut storing) => {
                    session.handle_input(Input::Stored(stored?))?;
                    continue;
                }
            }
        }
        let may_overtake = matches!(later.front(), Some(Ok(Some((Message::Runs(_) | Message::Announce(_), _)))));
        if !storing.is_empty() && (!may_overtake || storing.len() >= STORING_MAX) {
            session.handle_input(Input::Stored(oldest(&mut storing).await?))?;
            continue;
        }
        match later.pop_front().unwrap_or(Ok(None))? {
            Some((message, len)) => {
                talk.heard += len as u64;
                session.handle_input(Input::Received(message))?;
            }
            None => {
                debug!("The other side has nothing more to say");
                return Ok(talk);
            }
        }
    }
}

/// What became of an [`Output`].
pub(crate) enum Done {
    /// It is to be said to the other side.
    Say(Message),
    /// These runs are to be put on the disk; whether this side's hub brings them.
    Store { runs: Vec<(Feed, Run)>, is_from_above: bool },
    /// It is done, and this came of it.
    Found(Input),
    /// It is done.
    Nothing,
    /// The meeting is over.
    Over(Outcome),
}

/// Carries out what needs nothing but the disk.
pub(crate) async fn carry_out(output: Output, log: &Log) -> Result<Done, StoreError> {
    match output {
        Output::Send(message) => return Ok(Done::Say(message)),
        Output::Store { runs, is_from_above } => return Ok(Done::Store { runs, is_from_above }),
        Output::Finished(outcome) => return Ok(Done::Over(outcome)),
        Output::Load { feed, from, until, body_max } => {
            let log = log.clone();
            let runs = blocking(move || log.runs_after(feed, from, until, body_max)).await?;
            return Ok(Done::Found(Input::Loaded(runs)));
        }
        Output::LoadNews { feeds, after, until, body_max } => {
            let log = log.clone();
            let (after, until) = (row(after), row(until));
            let (runs, reached) = blocking(move || log.news_after(&feeds, after, until, body_max)).await?;
            let reached = u64::try_from(reached).unwrap_or(0);
            return Ok(Done::Found(Input::LoadedNews { runs, reached }));
        }
        Output::Keep(receipts) => return Ok(Done::Found(Input::Kept(log.keep(receipts).await?))),
        Output::Remember { hub, cursor } => log.remember(hub, cursor).await?,
        Output::Quarantine { feed, run, reason } => {
            warn!(device = %feed.device(), feed = %run.feed, reason, "Kept a run apart");
            let device = Some(DeviceId::of(&feed.public_key));
            let (feed, first, reason) = (run.feed, run.first, reason.to_owned());
            log.set_apart(SetApart { feed, device, first, reason, run: Some(run) }).await?;
        }
        Output::Told { feed, first, reason } => {
            warn!(%feed, first, reason, "The hub kept something of ours apart");
            log.leave_out(feed);
            let reason = format!("refused by the hub: {reason}");
            log.set_apart(SetApart { feed, device: None, first, reason, run: None }).await?;
        }
    }
    Ok(Done::Nothing)
}

/// Waits for what has been on its way to the disk for longest; for ever if nothing is.
async fn oldest(storing: &mut VecDeque<Accepting>) -> Result<Accepted, StoreError> {
    let Some(first) = storing.front_mut() else { return std::future::pending().await };
    let stored = first.wait().await;
    storing.pop_front();
    stored
}

/// A place in the order of arrival, as the disk numbers it.
fn row(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// Runs a read of the disk where waiting is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(read).await.map_err(|_| StoreError::Stopped)?
}
