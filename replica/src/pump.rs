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
                    // Receipts and refusals come while this side still speaks, however many; everything else waits for
                    // its turn, and but for a little on the road.
                    while later.len() < HEARD_MAX
                        && let Ok(message) = heard.try_recv()
                    {
                        match message {
                            Ok(Some((message @ (Message::Receipts(_) | Message::Refused { .. }), len))) => {
                                talk.heard += len as u64;
                                session.handle_input(Input::Received(message))?;
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

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use civic_core::{
        access::{Role, Scope},
        area::Area,
        id::{DocId, Incarnation},
        space::{Audience, Space},
        time::UnixSeconds,
    };
    use ed25519_dalek::SigningKey;
    use sync_core::{
        entry::EntryKind,
        feed::FeedId,
        session::{Member, Side},
    };

    use super::*;
    use crate::{
        road::mux::{self, End},
        store::{Author, NewEntry},
    };

    /// Messages that the other side said already.
    const SAID: usize = 100;

    /// A device that has so much to say that the road does not take all of it, and how much of what it hears it has taken from
    /// the road when it can say no more.
    async fn taken_while_it_speaks(name: &str, message: impl Fn() -> Message) -> usize {
        let path: PathBuf = std::env::temp_dir().join(format!("huiyin-pump-{name}-{}.db", std::process::id()));
        let key = SigningKey::from_bytes(&[3; 32]);
        let author = Author { key: key.clone(), incarnation: Incarnation::new([1; 16]) };
        let log = Log::open(&path, author, None, || UnixSeconds(50)).unwrap();
        let entries = (0..20).map(|village| NewEntry {
            space: Space::new(Area::parse(&format!("990127101{village:03}")).unwrap(), Audience::Public),
            doc: DocId::new([village; 16]),
            kind: EntryKind::Change,
            at: UnixSeconds(40),
            payload: vec![village; 64],
        });
        let (writing, entries) = (log.clone(), entries.collect());
        tokio::task::spawn_blocking(move || writing.append(entries)).await.unwrap().unwrap();
        let scope = Scope { role: Role::Kiosk, areas: vec![Area::parse("990127").unwrap()] };
        let member = Member::new(key.verifying_key().to_bytes(), scope);
        let side = Side::Caller { hub: [9; 32], cursor: None, room: u64::MAX, status: None };
        let mut session = Session::new(side, member.clone(), log.shared(&member), UnixSeconds(50));

        let (sender, mut heard) = mpsc::channel(SAID);
        (0..SAID).for_each(|_| sender.try_send(Ok(Some((message(), 9)))).unwrap());
        let (here, _unread) = tokio::io::duplex(64);
        let road = mux::Connection::over(here, End::Caller);
        let (send, _receive) = road.open().unwrap();
        let mut send = SendStream::Tcp(send);
        let speaking = pump(&mut session, &log, &mut send, &mut heard, None, || {});
        let spoken = tokio::time::timeout(Duration::from_millis(500), speaking).await;
        assert!(spoken.is_err(), "it can say no more");
        drop(log);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
        sender.capacity()
    }

    #[tokio::test]
    async fn what_comes_out_of_turn_stays_on_the_road_but_for_a_little() {
        let taken = taken_while_it_speaks("turn", || Message::Want { feed: FeedId([1; 16]), length: 0 }).await;
        assert_eq!(taken, HEARD_MAX);
    }

    /// Or two who both speak, the one its runs, the other what it thinks of them, would wait for each other.
    #[tokio::test]
    async fn receipts_and_refusals_are_heard_while_a_side_speaks_however_many_they_are() {
        let refused = || Message::Refused { feed: FeedId([1; 16]), first: 1, reason: "no".to_owned() };
        assert_eq!(taken_while_it_speaks("refused", refused).await, SAID);
        assert_eq!(taken_while_it_speaks("receipts", || Message::Receipts(Vec::new())).await, SAID);
    }
}
