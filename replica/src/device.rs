//! A device in touch with its hub: one meeting, or for as long as the program runs.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use civic_core::{
    access::{Role, Scope},
    id::{AttachmentId, from_hex},
    time::UnixSeconds,
};
use serde::Serialize;
pub use sync_core::roads::Road;
use sync_core::{
    attachment::transfer::Outcome as Moved,
    roads::{self, Plan},
    session::{Member, Session, Side},
    status::Status,
};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::{
    carry::{
        handover::Handed,
        near::{Near, NearError},
        state::{self, BagState},
    },
    clock::{self, ClockQuality},
    identity::{Card, Identity},
    memory::Memory,
    pump::{self, MeetError, Talk},
    renewal,
    road::{self, CLOSE_DONE, CLOSE_EXPIRED, CLOSE_STRANGER, Connection, RoadError, network, race, tls},
    roadbook::{Carried, Roadbook},
    store::{Counts, Log, StoreError},
    tariff::{self, Tariff},
    transfer::{self, Terms, TransferError},
    vitals, vouch,
};

/// The first wait before calling again; it doubles with each failure.
const REDIAL_MIN: Duration = Duration::from_millis(500);
/// The longest wait before calling again, unless the program was told another.
pub const REDIAL_MAX: Duration = Duration::from_secs(300);
/// A device that has heard nothing for so long asks.
const QUIET_MAX: Duration = Duration::from_secs(120);
/// Writes that come close together travel together.
const GATHER: Duration = Duration::from_millis(50);
/// How often it is listened whether an open road still carries.
const LISTEN_EVERY: Duration = Duration::from_millis(250);
/// An open road over TCP is left for a look at QUIC no sooner than this, seconds.
const PROBE_MIN_S: u64 = 10;
/// A carrier asks its hub so often whether something goes home.
const HANDOVER_EVERY: Duration = Duration::from_secs(60);
/// On a road that costs the wait doubles up to this each time that labels were told and nothing moved.
const HANDOVER_SELDOM: Duration = Duration::from_secs(3_600);
/// A device whose log is longer on its disk, 1 GiB, takes no more of what others wrote; what is written on it is always
/// taken, and goes out.
const HELD_LEN_MAX: u64 = 1 << 30;

/// What a meeting cost and brought: the figures of `sync --once --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The road that was taken.
    pub road: &'static str,
    /// From the first packet to the last word, milliseconds.
    pub wall_ms: u64,
    /// Payload of datagrams (over TCP: of segments) sent, bytes, handshake included.
    pub bytes_up: u64,
    /// The same received.
    pub bytes_down: u64,
    /// Messages sent, bytes: what is left of `bytes_up` without handshake, encryption and acknowledgements.
    pub payload_up: u64,
    /// Messages heard, bytes.
    pub payload_down: u64,
    /// Round trips after the handshake.
    pub round_trips: u32,
    /// Entries sent.
    pub entries_up: u64,
    /// Entries received.
    pub entries_down: u64,
    /// Whether both sides hold the same records.
    pub in_step: bool,
    /// Bytes of attachments sent.
    pub attachment_bytes_up: u64,
    /// Bytes of attachments received.
    pub attachment_bytes_down: u64,
    /// Attachments made here that have no receipt of the hub.
    pub attachments_waiting: u64,
    /// Why attachments stopped moving, in words; empty if they did not.
    pub attachment_trouble: String,
}

/// What is known of the road at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoadState {
    /// Whether the hub answers.
    pub is_open: bool,
    /// By which road it does; empty while none is open.
    pub name: &'static str,
    /// Whether runs are on the road, without a receipt yet.
    pub is_sending: bool,
    /// Whether this device has no room for everything that it may read.
    pub is_full: bool,
    /// Why the last call or meeting failed, in words; empty if it did not.
    pub trouble: String,
    /// What this device's own road costs.
    pub tariff: Tariff,
    /// What each road has carried so far.
    pub carried: BTreeMap<String, Carried>,
    /// What is with carriers, and what is carried for others.
    pub bag: BagState,
    /// How far this device's clock is to be believed.
    pub clock: ClockQuality,
}

/// A device and its hub.
pub struct Device {
    identity: Arc<Identity>,
    log: Log,
    road: watch::Sender<RoadState>,
    book: Roadbook,
    plan: Option<Plan>,
    near: Option<Near>,
    /// At a hub beneath another one: the keys of the devices for which it stands.
    stands_for: Vec<[u8; 32]>,
    // Std mutexes: held to copy or to replace, never over an await.
    /// The card as the hub last renewed it.
    card: Mutex<Card>,
    memory: Mutex<Memory>,
    /// Whether the hub turned the certificate away because it has expired.
    is_expired: AtomicBool,
    /// Bytes that moved in handovers and do not count into the day yet.
    handed: AtomicU64,
    clock: fn() -> UnixSeconds,
}

/// A road that answered.
struct Called {
    connection: Connection,
    road: Road,
    network: String,
    at: Instant,
}

/// When a carrier hands over next, whichever road is open then.
struct Rounds {
    at: tokio::time::Instant,
    /// How long it waited for that.
    wait: Duration,
    /// What a village hands it goes up at once; `None` if it does not carry.
    bag: Option<watch::Receiver<u64>>,
}

impl Rounds {
    fn new(near: Option<&Near>) -> Self {
        let bag = near.filter(|near| near.bag().holder().carries).map(|near| near.bag().changed());
        Self { at: tokio::time::Instant::now(), wait: HANDOVER_EVERY, bag }
    }

    fn is_due(&self) -> bool {
        self.bag.is_some() && self.at <= tokio::time::Instant::now()
    }

    /// It handed over on a road that costs so.
    fn go_on(&mut self, tariff: Tariff, was_in_vain: bool) {
        self.wait = match tariff {
            Tariff::Metered if was_in_vain => self.wait.saturating_mul(2).min(HANDOVER_SELDOM),
            Tariff::Metered | Tariff::Free => HANDOVER_EVERY,
        };
        self.at = tokio::time::Instant::now() + self.wait;
        self.bag.iter_mut().for_each(|bag| bag.mark_unchanged());
    }
}

/// Why a device that was in touch is not any more.
enum Ended {
    /// It broke.
    Broken(MeetError),
    /// It is time to look whether QUIC works here again.
    Probe,
}

impl Device {
    /// The device of `identity`, whose log is `log`. It remembers nothing of roads from one run to the next.
    pub fn new(identity: Arc<Identity>, log: Log) -> Self {
        let (card, memory) = (identity.card.clone(), Memory::read(identity.home()));
        let memory = memory.unwrap_or_else(|error| {
            warn!(%error, "What the last meeting told cannot be read");
            Memory::default()
        });
        let tariff = tariff::read(identity.home());
        Self {
            identity,
            log,
            road: watch::channel(RoadState { tariff, ..RoadState::default() }).0,
            book: Roadbook::default(),
            plan: None,
            near: None,
            stands_for: Vec::new(),
            card: Mutex::new(card),
            memory: Mutex::new(memory),
            is_expired: AtomicBool::new(false),
            handed: AtomicU64::new(0),
            clock: clock::now,
        }
    }

    /// Tells the time by another clock.
    pub fn with_clock(self, clock: fn() -> UnixSeconds) -> Self {
        Self { clock, ..self }
    }

    /// Remembers in `book` what works where.
    pub fn with_roadbook(self, book: Roadbook) -> Self {
        Self { book, ..self }
    }

    /// Is a neighbour to others, too: what it carries for them is handed to the hub, and what goes home taken along.
    pub fn with_near(self, near: Near) -> Self {
        Self { near: Some(near), ..self }
    }

    /// Is a hub beneath another one, and stands for these devices: what they wrote is its own to bring.
    pub fn standing_for(self, keys: Vec<[u8; 32]>) -> Self {
        Self { stands_for: keys, ..self }
    }

    /// Whether it has anything to bring.
    pub fn is_behind(&self) -> bool {
        self.log.is_behind(&self.member())
    }

    /// Takes this road and no other, for measuring.
    pub fn only(self, road: Road) -> Self {
        Self { plan: Some(Plan::only(road)), ..self }
    }

    /// What is remembered of roads.
    pub fn roadbook(&self) -> &Roadbook {
        &self.book
    }

    /// The state of the road, as it changes.
    pub fn road(&self) -> watch::Receiver<RoadState> {
        self.road.subscribe()
    }

    /// One meeting with the hub.
    pub async fn meet_once(&self) -> Result<Report, MeetError> {
        let started = Instant::now();
        let mut called = self.call().await?;
        self.vouch(&called).await?;
        let mut talk = self.meet(&called).await;
        let is_stalled = matches!(talk, Err(MeetError::Road(RoadError::Stalled)));
        if is_stalled || (talk.is_err() && self.is_expired.load(Ordering::Relaxed)) {
            // Now it is known, and the next call takes another road, or renews first.
            called.connection.close(CLOSE_DONE, "");
            called = self.call().await?;
            self.vouch(&called).await?;
            talk = self.meet(&called).await;
        }
        let wall_ms = started.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        let (moved, moved_how) = match &talk {
            Ok(_) => self.transfer(&called, true).await,
            Err(_) => (Moved::default(), Ok(())),
        };
        let carries = self.near.as_ref().is_some_and(|near| near.bag().holder().carries);
        if carries
            && talk.is_ok()
            && let Err(error) = self.hand_over(&called).await
        {
            warn!(%error, "What is carried waits for the next time");
        }
        let (road, stats) = (called.connection.name(), called.connection.traffic());
        called.connection.finish().await;
        self.book.save();
        let Talk { outcome, sent, heard } = talk?;
        // The records are where they belong, whatever became of the attachments.
        let attachment_trouble = match moved_how {
            Ok(()) if moved.is_spent => "they have moved enough for one meeting, or for today".to_owned(),
            Ok(()) => String::new(),
            Err(TransferError::Store(error)) => return Err(error.into()),
            Err(error @ (TransferError::Road(_) | TransferError::Broken(_) | TransferError::StruckOff)) => {
                error.to_string()
            }
        };
        Ok(Report {
            wall_ms,
            road,
            bytes_up: stats.sent,
            bytes_down: stats.received,
            payload_up: sent,
            payload_down: heard,
            round_trips: outcome.round_trips,
            entries_up: outcome.entries_sent,
            entries_down: outcome.entries_received,
            in_step: outcome.is_in_step,
            attachment_bytes_up: moved.bytes_sent,
            attachment_bytes_down: moved.bytes_received,
            attachments_waiting: self.log.waiting()?.count,
            attachment_trouble,
        })
    }

    /// Stays in touch until this device's own disk refuses: meets when something was written here, when the hub has something,
    /// and now and then. Then the road is told to be closed and why, and whoever wants to go on calls this again. With a card
    /// that was enrolled in another machine it says nothing at all.
    pub async fn stay(&self, redial_max: Duration) -> StoreError {
        if self.identity.is_elsewhere {
            self.note_trouble(&RoadError::Elsewhere);
            return StoreError::Elsewhere;
        }
        let failure = tokio::select! {
            failure = self.keep_in_touch(redial_max) => failure,
            failure = self.watch_bag() => failure,
        };
        // Nobody calls any more: a screen must not go on saying that the road is open.
        self.note_trouble(&failure);
        failure
    }

    /// Tells what is with carriers, whenever that changes.
    async fn watch_bag(&self) -> StoreError {
        let Some(near) = &self.near else { return std::future::pending().await };
        let (mut bag, mut log) = (near.bag().changed(), self.log.revision());
        loop {
            let (of, beside) = (near.bag().clone(), self.log.clone());
            match pump::blocking(move || state::state(&of, &beside)).await {
                Ok(told) => {
                    self.road.send_if_modified(|road| {
                        let is_new = road.bag != told;
                        road.bag = told;
                        is_new
                    });
                }
                Err(error) => return error,
            }
            let changed = tokio::select! {
                changed = bag.changed() => changed,
                changed = log.changed() => changed,
            };
            if changed.is_err() {
                return StoreError::Stopped;
            }
        }
    }

    async fn keep_in_touch(&self, redial_max: Duration) -> StoreError {
        let mut failures = 0u32;
        let mut rounds = Rounds::new(self.near.as_ref());
        loop {
            self.join_waiting().await;
            match self.call().await {
                Ok(called) => {
                    let name = called.connection.name();
                    info!(hub = self.identity.card.hub, road = name, "The road is open");
                    self.road.send_replace(RoadState { is_open: true, name, ..self.closed() });
                    let ended = self.stay_connected(&called, &mut failures, &mut rounds).await;
                    called.connection.close(CLOSE_DONE, "");
                    self.book.save();
                    match ended {
                        Ended::Broken(MeetError::Store(error)) => return error,
                        Ended::Broken(error) => {
                            self.note_trouble(&error);
                            // The other road may be open, and what is said need not wait.
                            if failures == 0 && matches!(error, MeetError::Road(RoadError::Stalled)) {
                                failures = 1;
                                continue;
                            }
                        }
                        Ended::Probe => continue,
                    }
                }
                Err(error) => self.note_trouble(&error),
            }
            failures = failures.saturating_add(1);
            let draw = f64::from(u32::from_le_bytes(clock::random())) / f64::from(u32::MAX);
            tokio::time::sleep(redial_delay(failures, redial_max, draw)).await;
        }
    }

    /// Makes what waits shorter while there is no road for it; where the disk has no room for that it stays as it is.
    async fn join_waiting(&self) {
        loop {
            match self.log.join_waiting().await {
                Ok(0) => return,
                Ok(runs) => debug!(runs, "Joined what waits"),
                Err(error) => {
                    warn!(%error, "What waits is not joined");
                    return;
                }
            }
        }
    }

    async fn stay_connected(&self, called: &Called, failures: &mut u32, rounds: &mut Rounds) -> Ended {
        let ended = self.talk_on(called, failures, rounds).await;
        // A road that broke may have taken a handover along.
        if let Err(error) = self.note_handed().await {
            warn!(%error, "What was handed over is counted the next time");
        }
        ended
    }

    async fn talk_on(&self, called: &Called, failures: &mut u32, rounds: &mut Rounds) -> Ended {
        let connection = &called.connection;
        let probe = self.probe_at(called);
        let mut revision = self.log.revision();
        // Attachments follow every meeting, and stand still while there is one: this is asked to go on only between them.
        let mut transfer = None;
        let mut is_first = true;
        let mut handover = None;
        loop {
            revision.mark_unchanged();
            if let Err(error) = self.meet(called).await {
                return Ended::Broken(error);
            }
            *failures = 0;
            let quiet_at = tokio::time::Instant::now() + QUIET_MAX;
            let mut is_due = true;
            // Storing what came has moved the revision too; only what has no receipt calls for another meeting.
            loop {
                if is_due && transfer.is_none() && handover.is_none() {
                    transfer = Some(Box::pin(self.transfer(called, is_first)));
                    (is_due, is_first) = (false, false);
                }
                if transfer.is_none() && handover.is_none() && rounds.is_due() {
                    handover = Some(Box::pin(self.hand_over(called)));
                }
                tokio::select! {
                    ended = going_on(&mut handover) => {
                        handover = None;
                        rounds.go_on(self.tariff(), matches!(ended, Ok(true)));
                        match ended {
                            Ok(_) => {}
                            // Another road may be open, and what is carried need not wait.
                            Err(NearError::Road(RoadError::Stalled)) => {
                                return Ended::Broken(RoadError::Stalled.into());
                            }
                            Err(error) => debug!(%error, "What is carried waits for the next time"),
                        }
                    }
                    Ok(()) = changed(&mut rounds.bag), if handover.is_none() => rounds.at = tokio::time::Instant::now(),
                    () = tokio::time::sleep_until(rounds.at), if rounds.bag.is_some() && handover.is_none() && transfer.is_none() => {}
                    (_, ended) = going_on(&mut transfer) => {
                        transfer = None;
                        match ended {
                            Ok(()) => {}
                            Err(TransferError::Store(error)) => return Ended::Broken(error.into()),
                            Err(TransferError::Road(RoadError::Stalled)) => {
                                return Ended::Broken(RoadError::Stalled.into());
                            }
                            Err(error @ (TransferError::Road(_) | TransferError::Broken(_) | TransferError::StruckOff)) => {
                                debug!(%error, "Attachments wait for the next meeting");
                            }
                        }
                    }
                    why = connection.closed() => return Ended::Broken(RoadError::from(why).into()),
                    poke = connection.nudged() => match poke {
                        Ok(()) => { debug!("The hub has something"); break }
                        Err(why) => return Ended::Broken(RoadError::from(why).into()),
                    },
                    () = tokio::time::sleep_until(probe.unwrap_or_else(tokio::time::Instant::now)),
                        if probe.is_some() && transfer.is_none() =>
                    {
                        debug!("Looking whether QUIC works here again");
                        return Ended::Probe;
                    }
                    changed = revision.changed() => {
                        if changed.is_err() {
                            return Ended::Broken(StoreError::Stopped.into());
                        }
                        tokio::time::sleep(GATHER).await;
                        revision.mark_unchanged();
                        if self.log.is_behind(&self.member()) {
                            break;
                        }
                    }
                    () = tokio::time::sleep_until(quiet_at) => { debug!("Quiet for long"); break }
                }
            }
        }
    }

    /// When it is time to leave TCP for a look whether QUIC works again; `None` where QUIC does not fail.
    fn probe_at(&self, called: &Called) -> Option<tokio::time::Instant> {
        let at = match called.road {
            Road::Tcp => self.book.probe_at(&called.network)?,
            Road::Quic => return None,
        };
        let wait = u64::try_from(at.0.saturating_sub(clock::now().0)).unwrap_or(0);
        Some(tokio::time::Instant::now() + Duration::from_secs(wait.max(PROBE_MIN_S)))
    }

    /// Says for whom it stands, if it is a hub.
    async fn vouch(&self, called: &Called) -> Result<(), RoadError> {
        if self.stands_for.is_empty() { Ok(()) } else { vouch::call(&called.connection, &self.stands_for).await }
    }

    /// Calls the hub; a certificate that is due is renewed before anything else is said.
    async fn call(&self) -> Result<Called, RoadError> {
        let called = self.call_as_is().await?;
        let card = self.card();
        let shown = called.connection.peer_certificate();
        let own = from_hex(&card.certificate).unwrap_or_default();
        let is_due = renewal::is_due(&card, &own, shown.as_deref(), self.believed().0);
        if !is_due && !self.is_expired.load(Ordering::Relaxed) {
            return Ok(called);
        }
        let renewed = renewal::call(&called.connection, &card, &self.log.public_key()).await?;
        match Identity::save_card(self.identity.home(), &renewed) {
            Ok(()) => info!("The certificate is renewed"),
            Err(error) => warn!(%error, "A renewed certificate cannot be kept, and will be renewed again"),
        }
        *self.card.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
        self.is_expired.store(false, Ordering::Relaxed);
        called.connection.close(CLOSE_DONE, "renewed");
        self.call_as_is().await
    }

    /// Calls the hub by whichever road answers, the likelier one first.
    async fn call_as_is(&self) -> Result<Called, RoadError> {
        if self.identity.is_elsewhere {
            return Err(RoadError::Elsewhere);
        }
        let card = self.card();
        let addresses = road::resolve(&card.hub).await?;
        let unreadable = || RoadError::Refused(card.hub.clone(), "the card of this device cannot be read".into());
        let (believed, quality) = self.believed();
        self.road.send_if_modified(|road| std::mem::replace(&mut road.clock, quality) != quality);
        let config = tls::device_config(
            &self.identity.key,
            from_hex(&card.certificate).ok_or_else(unreadable)?,
            &card.authorities().ok_or_else(unreadable)?,
            believed,
        )?;
        let network = network::here(addresses[0]).await;
        let plan = self.plan.unwrap_or_else(|| self.book.plan(&network));
        let answered = race::call(&card.hub, &addresses, config, plan).await?;
        // Whoever got hold of an authority's key could sign for another hub, but has not this hub's own.
        if answered.connection.peer_key() != card.hub_key() {
            answered.connection.close(CLOSE_STRANGER, "");
            return Err(RoadError::Refused(card.hub, "it has not the hub's key".into()));
        }
        answered.slower.iter().for_each(|road| self.book.note_failed(&network, *road));
        Ok(Called { connection: answered.connection, road: answered.road, network, at: Instant::now() })
    }

    fn card(&self) -> Card {
        self.card.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What time it is to be believed here, and how good this device's clock is.
    fn believed(&self) -> (UnixSeconds, ClockQuality) {
        let receipt = self.log.counts().ok().and_then(|counts| counts.last_receipt);
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        clock::believed((self.clock)(), memory.proven(&self.card(), receipt))
    }

    /// This device as it takes part in meetings.
    fn member(&self) -> Member {
        let mut member = self.identity.card.member(self.log.public_key());
        member.former.extend(&self.stands_for);
        member
    }

    /// What is to be said of this device in the next meeting, if anything.
    fn status_to_tell(&self) -> Result<Option<Status>, StoreError> {
        let status = Status { clock: (self.clock)(), ..vitals::status(self.identity.home(), &self.log)? };
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(memory.is_due(&status).then_some(status))
    }

    /// Notes that the hub heard a status, and what time it said it is.
    fn note_told(&self, status: &Status, hub_time: UnixSeconds) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.note(status, hub_time);
        if let Err(error) = memory.write(self.identity.home()) {
            warn!(%error, "What the hub told cannot be kept");
        }
    }

    /// One meeting, and what it tells of the road.
    async fn meet(&self, called: &Called) -> Result<Talk, MeetError> {
        let (started, before) = (Instant::now(), called.connection.traffic());
        let ended = tokio::select! {
            ended = self.talk(&called.connection) => ended,
            () = silent(&called.connection) => Err(RoadError::Stalled.into()),
        };
        let after = called.connection.traffic();
        let moved = after.since(&before);
        match &ended {
            Ok(talk) => {
                self.book.note_worked(&called.network, called.road, moved, started.elapsed());
                let carried = Carried {
                    entries_up: talk.outcome.entries_sent,
                    entries_down: talk.outcome.entries_received,
                    bytes_up: moved.sent,
                    bytes_down: moved.received,
                    ..Carried::default()
                };
                self.book.note_carried(called.connection.name(), &carried);
                self.road.send_modify(|road| road.carried = self.book.carried());
            }
            Err(MeetError::Road(RoadError::Stalled)) => {
                info!(road = called.connection.name(), after = ?called.at.elapsed(), "The road fell silent");
                self.book.note_failed(&called.network, called.road);
            }
            Err(MeetError::Road(_) | MeetError::Store(_) | MeetError::Broken(_)) => {}
        }
        ended
    }

    async fn talk(&self, connection: &Connection) -> Result<Talk, MeetError> {
        let (card, hub, member) = (&self.identity.card, self.hub_key()?, self.member());
        let shared = self.log.shared(&member);
        let (room, status) = (room(&self.log)?, self.status_to_tell()?);
        let side = Side::Caller { hub, cursor: self.log.cursor(&hub)?, room, status: status.clone() };
        let mut session = Session::new(side, member, shared, clock::now());
        let (send, receive) = connection.open().await.map_err(|error| {
            // In TLS 1.3 a device that the hub does not let in learns it only now.
            RoadError::Refused(card.hub.clone(), error.to_string())
        })?;
        let ended = pump::converse(&mut session, &self.log, send, receive, None, || {
            self.road.send_modify(|road| road.is_sending = true);
        })
        .await;
        self.road.send_modify(|road| {
            road.is_sending = false;
            road.is_full = ended.as_ref().is_ok_and(|talk| talk.outcome.is_full);
        });
        let is_turned_away = match &ended {
            Ok(talk) => talk.outcome.round_trips == 0,
            // The stream breaks a moment before the reason for it is heard.
            Err(MeetError::Road(_)) => connection.close_reason().is_some_and(|why| why.is_refusal),
            Err(MeetError::Store(_) | MeetError::Broken(_)) => false,
        };
        if let (Ok(talk), Some(status)) = (&ended, status)
            && let Some(at) = talk.outcome.hub_time
        {
            self.note_told(&status, at);
        }
        if connection.close_reason().is_some_and(|why| why.code == CLOSE_EXPIRED) {
            self.is_expired.store(true, Ordering::Relaxed);
        }
        if is_turned_away {
            let why = connection.close_reason();
            let why = why.map_or_else(|| "the meeting was cut short".into(), |why| why.to_string());
            return Err(RoadError::Refused(card.hub.clone(), why).into());
        }
        ended
    }

    async fn transfer(&self, called: &Called, is_first: bool) -> (Moved, Result<(), TransferError>) {
        let hub = match self.hub_key() {
            Ok(hub) => hub,
            Err(error) => return (Moved::default(), Err(error.into())),
        };
        let terms = self.terms();
        let (moved, ended) = tokio::select! {
            ended = transfer::call(&called.connection, &self.log, hub, is_first, terms) => ended,
            () = silent(&called.connection) => {
                self.book.note_failed(&called.network, called.road);
                (Moved::default(), Err(RoadError::Stalled.into()))
            }
        };
        let (bytes_up, bytes_down) = (moved.bytes_sent, moved.bytes_received);
        if bytes_up + bytes_down > 0 {
            self.book.note_carried(called.connection.name(), &Carried { bytes_up, bytes_down, ..Carried::default() });
        }
        (moved, ended)
    }

    /// What this device's own road costs now: that may have been said while the program runs.
    fn tariff(&self) -> Tariff {
        let tariff = match self.identity.card.scope.role {
            Role::Hub => Tariff::Free,
            Role::Kiosk | Role::Deputy => tariff::read(self.identity.home()),
        };
        self.road.send_if_modified(|road| std::mem::replace(&mut road.tariff, tariff) != tariff);
        tariff
    }

    /// On what terms it takes attachments: the cheapest road that works, and so one that costs leaves to a carrier what that
    /// one has taken along, for a while.
    fn terms(&self) -> Terms {
        let tariff = self.tariff();
        let carried =
            self.near.as_ref().map(|near| near.bag().taken_along(clock::now(), tariff.leaves_to_carriers_s()));
        let left =
            carried.filter(|_| tariff == Tariff::Metered).map(|(_, attachments)| attachments).unwrap_or_default();
        let Scope { role, areas } = &self.identity.card.scope;
        let brings_for = (*role == Role::Hub).then(|| areas.clone());
        Terms { tariff, left_to_carriers: left.into_iter().map(AttachmentId::new).collect(), brings_for }
    }

    /// Hands the hub what is carried for others, within what is left of the day's budget, and takes along what goes home. Says
    /// whether that was in vain.
    async fn hand_over(&self, called: &Called) -> Result<bool, NearError> {
        let Some(near) = &self.near else { return Ok(false) };
        let (tariff, mut handed) = (self.tariff(), Handed::default());
        let budget = self.log.left_today(tariff, clock::now())?.unwrap_or(u64::MAX);
        let home = budget.saturating_sub(tariff.kept_for_villages());
        let ended = tokio::select! {
            ended = near.meet_hub(&called.connection, budget, home, &self.handed, &mut handed) => ended,
            () = silent(&called.connection) => Err(RoadError::Stalled.into()),
        };
        self.note_handed().await?;
        // Also what moved before the road broke.
        let (bytes_up, bytes_down) = (handed.bytes_up, handed.bytes_down);
        if bytes_up + bytes_down > 0 {
            self.book.note_carried("carrier", &Carried { bytes_up, bytes_down, ..Carried::default() });
        }
        ended.map(|()| handed.is_in_vain())
    }

    /// Counts what moved in handovers into the day's bytes: labels and words, too, for they are paid for.
    async fn note_handed(&self) -> Result<(), StoreError> {
        let bytes = self.handed.load(Ordering::Relaxed);
        if bytes > 0 {
            self.log.note_traffic(bytes).await?;
            self.handed.fetch_sub(bytes, Ordering::Relaxed);
        }
        Ok(())
    }

    fn hub_key(&self) -> Result<[u8; 32], RoadError> {
        let card = &self.identity.card;
        let unreadable = || RoadError::Refused(card.hub.clone(), "the card of this device cannot be read".into());
        card.hub_key().ok_or_else(unreadable)
    }

    fn note_trouble(&self, error: &dyn Display) {
        let trouble = error.to_string();
        debug!(trouble, "The road is closed");
        self.road.send_replace(RoadState { trouble, ..self.closed() });
    }

    /// The state while no road is open.
    fn closed(&self) -> RoadState {
        let before = self.road.borrow();
        let (bag, clock, tariff) = (before.bag.clone(), before.clock, before.tariff);
        RoadState { carried: self.book.carried(), bag, clock, tariff, ..RoadState::default() }
    }

    /// What is here, on the road and received.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        Ok(with_road(self.log.counts()?, &self.road.borrow()))
    }
}

/// How many bytes of packed runs of others a device's disk has room for.
pub(crate) fn room(log: &Log) -> Result<u64, StoreError> {
    Ok(HELD_LEN_MAX.saturating_sub(log.bytes_on_disk()?))
}

/// Waits until a road is silent: packets go out, and nothing comes.
async fn silent(connection: &Connection) {
    let (mut heard_at, mut last) = (Instant::now(), connection.traffic());
    loop {
        tokio::time::sleep(LISTEN_EVERY).await;
        let now = connection.traffic();
        if now.heard != last.heard {
            (heard_at, last) = (Instant::now(), now);
        }
        if roads::is_stalled(now.packets.saturating_sub(last.packets), heard_at.elapsed(), now.rtt) {
            return;
        }
    }
}

/// Waits until a bag changes; for ever if there is none.
async fn changed(bag: &mut Option<watch::Receiver<u64>>) -> Result<(), watch::error::RecvError> {
    match bag {
        Some(bag) => bag.changed().await,
        None => std::future::pending().await,
    }
}

/// Waits for what is going on; for ever if nothing is.
async fn going_on<T, F: Future<Output = T> + Unpin>(what: &mut Option<F>) -> T {
    match what {
        Some(what) => what.await,
        None => std::future::pending().await,
    }
}

/// Counts with what is on the road at this moment told apart.
pub fn with_road(counts: Counts, road: &RoadState) -> Counts {
    let on_road = if road.is_sending { counts.here } else { road.bag.handed.min(counts.here) };
    Counts { here: counts.here - on_road, on_road, ..counts }
}

/// Full jitter: anywhere between nothing and the doubled wait (`draw` is 0 to 1), so that a thousand devices do not come
/// back as one.
fn redial_delay(failures: u32, max: Duration, draw: f64) -> Duration {
    let ceiling = REDIAL_MIN.saturating_mul(1 << failures.min(16)).min(max);
    ceiling.mul_f64(draw)
}

#[cfg(test)]
mod tests {
    use civic_core::space::Audience;
    use sync_core::{
        carry::message::{Message, PIECE_LEN, VERSION},
        session::Authors,
    };
    use tokio::net::TcpListener;

    use super::*;
    use crate::{
        carry::tests::{HUB, Known, PHONE, Place, hear, key, public},
        dir::DataDir,
        road::tcp,
    };

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    /// Meets whoever calls, asks for everything that it carries, and is gone after so many pieces.
    async fn break_off(door: &TcpListener, config: Arc<rustls::ServerConfig>, hub: &Place, pieces: usize) {
        let (socket, _) = door.accept().await.unwrap();
        let connection = Connection::Tcp(tcp::answer(socket, config).await.unwrap());
        let (send, mut receive) = connection.accept().await.unwrap();
        let first = receive.number().await.unwrap().unwrap();
        let first = receive.receive_rest(first).await.unwrap();
        let member = Known.member(&public(PHONE)).unwrap();
        let (epoch, authors) = (hub.log.epoch(), Arc::new(Known));
        let side = Side::Hub { key: Box::new(key(HUB)), epoch, kept: 0, authors };
        let mut session = Session::new(side, member.clone(), hub.log.shared(&member), NOW);
        pump::converse(&mut session, &hub.log, send, receive, Some(first), || {}).await.unwrap();

        let (mut send, mut receive) = connection.accept().await.unwrap();
        let (name, heard) = ("县里".to_owned(), UnixSeconds(0));
        let hello = Message::Hello { version: VERSION, oldest: 1, name, heard, carries: false, lends: false };
        let mut says = vec![hello];
        for message in hear(&mut receive).await {
            if let Message::Offer(label) = message {
                says.push(Message::Want { id: label.id, from: 0 });
            }
        }
        says.push(Message::Over);
        for message in says {
            send.send_bytes(message.encode()).await.unwrap();
        }
        for _ in 0..pieces {
            let number = receive.number().await.unwrap().unwrap();
            receive.fields(number, Message::len_max(number.value)).await.unwrap();
        }
        connection.close(CLOSE_DONE, "gone");
    }

    /// The end of a road that broke was often seen before the handover on it, and what that had moved was never counted.
    #[tokio::test]
    async fn what_a_handover_moved_before_the_road_broke_counts_into_the_day() {
        let [phone, hub] = [PHONE, HUB].map(|seed| Place::new("broken", seed));
        for doc in 0..20 {
            phone.write(doc, Audience::Deputies, 40_000).await;
        }
        let dir = DataDir::look(&phone.path);
        let near = Near::open(&dir, phone.identity.clone(), phone.log.clone(), true).unwrap();
        phone.device().fill(near.bag()).await.unwrap();
        let device = Device::new(phone.identity.clone(), phone.log.clone()).with_near(near);

        let authority = tls::Authority::make(key(9), "990127", NOW).unwrap();
        let certificate = authority.certify_hub(&public(HUB)).unwrap();
        let door = tls::Door::new(certificate, authority.certificate.clone(), None, Arc::new(|_| true), || NOW);
        let answers = Arc::new(tls::hub_config(&key(HUB), Arc::new(door.unwrap())).unwrap());
        let certificate = authority.certify(&public(PHONE), NOW).unwrap();
        let calls =
            tls::device_config(&key(PHONE), certificate, std::slice::from_ref(&authority.certificate), NOW).unwrap();
        let (calls, door) = (Arc::new(calls), tcp::listen(([127, 0, 0, 1], 0).into()).unwrap());
        let at = door.local_addr().unwrap();
        // Which of the two is seen first is by lot.
        for round in 1..=8 {
            let stay = async {
                let connection = Connection::Tcp(tcp::call("the hub", at, calls.clone()).await.unwrap());
                let called = Called { connection, road: Road::Tcp, network: String::new(), at: Instant::now() };
                device.stay_connected(&called, &mut 0, &mut Rounds::new(device.near.as_ref())).await
            };
            let (ended, ()) = tokio::join!(stay, break_off(&door, answers.clone(), &hub, 3));
            assert!(matches!(ended, Ended::Broken(MeetError::Road(_))));
            let counted = phone.log.traffic(UnixSeconds(50)).unwrap();
            assert!(counted >= round * 3 * PIECE_LEN as u64, "{counted} after {round}");
        }
    }

    #[test]
    fn a_carrier_whose_labels_move_nothing_asks_ever_less_often_on_a_road_that_costs() {
        let mut rounds = Rounds::new(None);
        let mut waits = |tariff, was_in_vain, times| -> Vec<u64> {
            let wait = |_| {
                rounds.go_on(tariff, was_in_vain);
                rounds.wait.as_secs()
            };
            (0..times).map(wait).collect()
        };
        assert_eq!(waits(Tariff::Metered, true, 8), [120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
        assert_eq!(waits(Tariff::Metered, false, 2), [60, 60], "something moved");
        assert_eq!(waits(Tariff::Free, true, 2), [60, 60]);
    }

    #[test]
    fn a_thousand_devices_that_waited_out_an_outage_come_back_spread_over_minutes() {
        let mut dice = blake3::Hasher::new().update(b"a thousand devices").finalize_xof();
        let mut draw = || {
            let mut bytes = [0; 4];
            dice.fill(&mut bytes);
            f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
        };
        let mut calls = vec![0; 301];
        for _ in 0..1_000 {
            let seconds = redial_delay(12, REDIAL_MAX, draw()).as_secs();
            calls[usize::try_from(seconds).unwrap()] += 1;
        }
        assert!(calls.iter().max() <= Some(&15), "{calls:?}");
        assert!(calls.iter().filter(|calls| **calls > 0).count() > 250);
        assert!(redial_delay(1, REDIAL_MAX, 1.0) <= Duration::from_secs(1));
    }
}
