//! A device in touch with its hub: one meeting, or for as long as the program runs.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use civic_core::{id::from_hex, time::UnixSeconds};
use quinn::{Connection, Endpoint};
use serde::Serialize;
use sync_core::{
    attachment::transfer::Outcome as Moved,
    session::{Member, Session, Side},
    status::Status,
};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::{
    clock::{self, ClockQuality},
    identity::{Card, Identity},
    memory::Memory,
    pump::{self, MeetError, Talk},
    renewal,
    road::{
        quic::{self, RoadError},
        tls,
    },
    store::{Counts, Log, StoreError},
    transfer::{self, TransferError},
    vitals,
};

/// The first wait before calling again; it doubles with each failure.
const REDIAL_MIN: Duration = Duration::from_millis(500);
/// The longest wait before calling again, unless the program was told another.
pub const REDIAL_MAX: Duration = Duration::from_secs(300);
/// A device that has heard nothing for so long asks.
const QUIET_MAX: Duration = Duration::from_secs(120);
/// Writes that come close together travel together.
const GATHER: Duration = Duration::from_millis(50);
/// A device whose log is longer on its disk, 1 GiB, takes no more of what others wrote; what is written on it is always
/// taken, and goes out.
const HELD_LEN_MAX: u64 = 1 << 30;
/// Own runs that are in a verified backup of the hub stay here for so long, 35 days.
const PRUNE_AFTER_S: i64 = 35 * 86_400;
/// How often they are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(86_400);

/// What a meeting cost and brought: the figures of `sync --once --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// From the first packet to the last word, milliseconds.
    pub wall_ms: u64,
    /// Datagram payload sent, bytes, handshake included.
    pub bytes_up: u64,
    /// Datagram payload received, bytes, handshake included.
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
    /// How far this device's clock is to be believed.
    pub clock: ClockQuality,
}

/// A device and its hub.
pub struct Device {
    identity: Arc<Identity>,
    log: Log,
    road: watch::Sender<RoadState>,
    // Std mutexes: held to copy or to replace, never over an await.
    /// The card as the hub last renewed it.
    card: Mutex<Card>,
    memory: Mutex<Memory>,
    /// Whether the hub turned the certificate away because it has expired.
    is_expired: AtomicBool,
    clock: fn() -> UnixSeconds,
}

impl Device {
    /// The device of `identity`, whose log is `log`.
    pub fn new(identity: Arc<Identity>, log: Log) -> Self {
        let (card, memory) = (identity.card.clone(), Memory::read(identity.home()));
        let memory = memory.unwrap_or_else(|error| {
            warn!(%error, "What the last meeting told cannot be read");
            Memory::default()
        });
        Self {
            identity,
            log,
            road: watch::channel(RoadState::default()).0,
            card: Mutex::new(card),
            memory: Mutex::new(memory),
            is_expired: AtomicBool::new(false),
            clock: clock::now,
        }
    }

    /// Tells the time by another clock.
    pub fn with_clock(self, clock: fn() -> UnixSeconds) -> Self {
        Self { clock, ..self }
    }

    /// The state of the road, as it changes.
    pub fn road(&self) -> watch::Receiver<RoadState> {
        self.road.subscribe()
    }

    /// One meeting with the hub.
    pub async fn meet_once(&self) -> Result<Report, MeetError> {
        let started = Instant::now();
        let (mut endpoint, mut connection) = self.call().await?;
        let mut talk = self.meet(&connection).await;
        if talk.is_err() && self.is_expired.load(Ordering::Relaxed) {
            // Now it is known, and the next call renews first.
            (endpoint, connection) = self.call().await?;
            talk = self.meet(&connection).await;
        }
        let wall_ms = started.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        let (moved, moved_how) = match &talk {
            Ok(_) => self.transfer(&connection, true).await,
            Err(_) => (Moved::default(), Ok(())),
        };
        let stats = connection.stats();
        connection.close(quic::CLOSE_DONE, b"done");
        // A second at most for the other side to hear that all is said.
        let _ = tokio::time::timeout(Duration::from_secs(1), endpoint.wait_idle()).await;
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
            bytes_up: stats.udp_tx.bytes,
            bytes_down: stats.udp_rx.bytes,
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

    /// Stays in touch for ever: meets when something was written here, when the hub has something, and now and then. With a
    /// card that was enrolled in another machine it says nothing at all.
    pub async fn stay(&self, redial_max: Duration) -> StoreError {
        if self.identity.is_elsewhere {
            self.note_trouble(&RoadError::Elsewhere.into());
            return StoreError::Elsewhere;
        }
        let mut failures = 0u32;
        let mut pruned: Option<Instant> = None;
        loop {
            // A card that takes nothing any more must not keep what is on it from leaving.
            if pruned.is_none_or(|at| at.elapsed() >= PRUNE_EVERY) {
                pruned = Some(Instant::now());
                match self.log.prune(UnixSeconds(clock::now().0 - PRUNE_AFTER_S)).await {
                    Ok(entries) => debug!(entries, "Let go of what is in the hub's backups"),
                    Err(error) => warn!(%error, "What is in the hub's backups stays here"),
                }
            }
            self.join_waiting().await;
            match self.call().await {
                Ok((_endpoint, connection)) => {
                    failures = 0;
                    info!(hub = self.identity.card.hub, "The road is open");
                    self.road.send_modify(|road| {
                        *road = RoadState { is_open: true, name: quic::NAME, clock: road.clock, ..RoadState::default() }
                    });
                    let ended = self.stay_connected(&connection).await;
                    connection.close(quic::CLOSE_DONE, b"");
                    if let MeetError::Store(error) = ended {
                        return error;
                    }
                    self.note_trouble(&ended);
                }
                Err(error) => self.note_trouble(&MeetError::Road(error)),
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

    async fn stay_connected(&self, connection: &Connection) -> MeetError {
        let mut revision = self.log.revision();
        // Attachments follow every meeting, and stand still while there is one: this is asked to go on only between them.
        let mut transfer = None;
        let mut is_first = true;
        loop {
            revision.mark_unchanged();
            if let Err(error) = self.meet(connection).await {
                return error;
            }
            let mut is_due = true;
            // Storing what came has moved the revision too; only what has no receipt calls for another meeting.
            loop {
                if is_due && transfer.is_none() {
                    transfer = Some(Box::pin(self.transfer(connection, is_first)));
                    (is_due, is_first) = (false, false);
                }
                tokio::select! {
                    (_, ended) = going_on(&mut transfer) => {
                        transfer = None;
                        match ended {
                            Ok(()) => {}
                            Err(TransferError::Store(error)) => return error.into(),
                            Err(error @ (TransferError::Road(_) | TransferError::Broken(_) | TransferError::StruckOff)) => {
                                debug!(%error, "Attachments wait for the next meeting");
                            }
                        }
                    }
                    why = connection.closed() => return RoadError::Broken(why.to_string()).into(),
                    poke = connection.accept_uni() => match poke {
                        Ok(_) => { debug!("The hub has something"); break }
                        Err(why) => return RoadError::Broken(why.to_string()).into(),
                    },
                    changed = revision.changed() => {
                        if changed.is_err() {
                            return StoreError::Stopped.into();
                        }
                        tokio::time::sleep(GATHER).await;
                        revision.mark_unchanged();
                        if self.log.is_behind(&self.member()) {
                            break;
                        }
                    }
                    () = tokio::time::sleep(QUIET_MAX) => { debug!("Quiet for long"); break }
                }
            }
        }
    }

    /// Calls the hub; a certificate that is due is renewed before anything else is said.
    async fn call(&self) -> Result<(Endpoint, Connection), RoadError> {
        let (endpoint, connection) = self.call_as_is().await?;
        let card = self.card();
        let shown = quic::peer_certificate(&connection);
        let own = from_hex(&card.certificate).unwrap_or_default();
        let is_due = renewal::is_due(&card, &own, shown.as_deref(), self.believed().0);
        if !is_due && !self.is_expired.load(Ordering::Relaxed) {
            return Ok((endpoint, connection));
        }
        let renewed = renewal::call(&connection, &card).await?;
        match Identity::save_card(self.identity.home(), &renewed) {
            Ok(()) => info!("The certificate is renewed"),
            Err(error) => warn!(%error, "A renewed certificate cannot be kept, and will be renewed again"),
        }
        *self.card.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
        self.is_expired.store(false, Ordering::Relaxed);
        connection.close(quic::CLOSE_DONE, b"renewed");
        self.call_as_is().await
    }

    async fn call_as_is(&self) -> Result<(Endpoint, Connection), RoadError> {
        if self.identity.is_elsewhere {
            return Err(RoadError::Elsewhere);
        }
        let card = self.card();
        let address: SocketAddr = quic::resolve(&card.hub).await?;
        let unreadable = || RoadError::Refused(card.hub.clone(), "the card of this device cannot be read".into());
        let (believed, quality) = self.believed();
        self.road.send_if_modified(|road| std::mem::replace(&mut road.clock, quality) != quality);
        let config = tls::device_config(
            &self.identity.key,
            from_hex(&card.certificate).ok_or_else(unreadable)?,
            &card.authorities().ok_or_else(unreadable)?,
            believed,
        )?;
        let endpoint = quic::caller(address)?;
        let connection = quic::call(&endpoint, &card.hub, address, config).await?;
        // Whoever got hold of an authority's key could sign for another hub, but has not this hub's own.
        if quic::peer_certificate(&connection).and_then(|shown| tls::key_in(&shown)) != card.hub_key() {
            connection.close(quic::CLOSE_STRANGER, b"");
            return Err(RoadError::Refused(card.hub, "it has not the hub's key".into()));
        }
        Ok((endpoint, connection))
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
        self.identity.card.member(self.log.public_key())
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

    async fn meet(&self, connection: &Connection) -> Result<Talk, MeetError> {
        let (card, hub, member) = (&self.identity.card, self.hub_key()?, self.member());
        let shared = self.log.shared(&member);
        let (room, status) = (room(&self.log)?, self.status_to_tell()?);
        let side = Side::Caller { hub, cursor: self.log.cursor(&hub)?, room, status: status.clone() };
        let mut session = Session::new(side, member, shared, clock::now());
        let (send, receive) = connection.open_bi().await.map_err(|error| {
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
            Err(MeetError::Road(_)) => connection.close_reason().is_some_and(|why| quic::is_refusal(&why)),
            Err(MeetError::Store(_) | MeetError::Broken(_)) => false,
        };
        if let (Ok(talk), Some(status)) = (&ended, status)
            && let Some(at) = talk.outcome.hub_time
        {
            self.note_told(&status, at);
        }
        if connection.close_reason().is_some_and(|why| quic::is_expired(&why)) {
            self.is_expired.store(true, Ordering::Relaxed);
        }
        if is_turned_away {
            let why = connection.close_reason();
            let why = why.map_or_else(|| "the meeting was cut short".into(), |why| why.to_string());
            return Err(RoadError::Refused(card.hub.clone(), why).into());
        }
        ended
    }

    async fn transfer(&self, connection: &Connection, is_first: bool) -> (Moved, Result<(), TransferError>) {
        match self.hub_key() {
            Ok(hub) => transfer::call(connection, &self.log, hub, is_first).await,
            Err(error) => (Moved::default(), Err(error.into())),
        }
    }

    fn hub_key(&self) -> Result<[u8; 32], RoadError> {
        let card = &self.identity.card;
        let unreadable = || RoadError::Refused(card.hub.clone(), "the card of this device cannot be read".into());
        card.hub_key().ok_or_else(unreadable)
    }

    fn note_trouble(&self, error: &MeetError) {
        let trouble = error.to_string();
        debug!(trouble, "The road is closed");
        self.road.send_modify(|road| *road = RoadState { trouble, clock: road.clock, ..RoadState::default() });
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

/// Waits for what is going on; for ever if nothing is.
async fn going_on<T, F: Future<Output = T> + Unpin>(what: &mut Option<F>) -> T {
    match what {
        Some(what) => what.await,
        None => std::future::pending().await,
    }
}

/// Counts with what is on the road at this moment told apart.
pub fn with_road(counts: Counts, road: &RoadState) -> Counts {
    if road.is_sending { Counts { here: 0, on_road: counts.here, ..counts } } else { counts }
}

/// Full jitter: anywhere between nothing and the doubled wait (`draw` is 0 to 1), so that a thousand devices do not come
/// back as one.
fn redial_delay(failures: u32, max: Duration, draw: f64) -> Duration {
    let ceiling = REDIAL_MIN.saturating_mul(1 << failures.min(16)).min(max);
    ceiling.mul_f64(draw)
}

#[cfg(test)]
mod tests {
    use super::*;

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
