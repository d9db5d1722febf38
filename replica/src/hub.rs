//! The hub's end of every road: who is let in, one meeting after another, and a nudge when there is news.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use civic_core::access::Action;
use ed25519_dalek::SigningKey;
use quinn::{Connection, Endpoint, Incoming};
pub use sync_core::session::Authors;
use sync_core::session::{Member, Session, Side};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{debug, info, warn};

use crate::{
    clock, enrol,
    pump::{self, MeetError},
    road::{quic, tls},
    store::Log,
};

/// Connections at one time; beyond that a caller is turned away and tries again later.
const CONNECTIONS_MAX: usize = 4_096;
/// Meetings at one time; the others wait in the order in which they came, so that no device is starved and memory is bounded.
const MEETINGS_MAX: usize = 64;
/// Callers whose handshake is under way; beyond that one is turned away and tries again later.
const HANDSHAKES_MAX: usize = 256;
/// From so many handshakes on, a caller must first prove that it receives at the address it claims, which costs it a
/// round trip.
const HANDSHAKES_TRUSTED: usize = 32;

/// So long news is gathered before connected devices are told.
const NUDGE_GATHER: Duration = Duration::from_millis(100);
/// A device that does not take a nudge so soon has one waiting already.
const NUDGE: Duration = Duration::from_millis(50);

/// Who is let in, decided anew for every connection and every meeting.
pub trait Register: Authors + 'static {
    /// The device was heard.
    fn heard(&self, public_key: &[u8; 32]);
    /// Enrolment at this hub.
    fn enrolment(&self) -> &dyn enrol::Desk;
}

/// The hub's end.
pub struct Hub {
    log: Log,
    key: SigningKey,
    register: Arc<dyn Register>,
    // A std mutex: held to add, remove or list, never over an await.
    connected: Arc<Mutex<BTreeMap<usize, (Member, Connection)>>>,
    meetings: Semaphore,
    handshakes: Arc<Semaphore>,
}

impl Hub {
    /// The hub whose log is `log` and that signs receipts with `key`.
    pub fn new(log: Log, key: SigningKey, register: Arc<dyn Register>) -> Self {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        Self { log, key, register, connected: Arc::default(), meetings: Semaphore::new(MEETINGS_MAX), handshakes }
    }

    /// Keys of the devices whose road is open at this moment.
    pub fn connected(&self) -> Vec<[u8; 32]> {
        self.connections().values().map(|(member, _)| member.public_key).collect()
    }

    /// Answers until the endpoint is closed.
    pub async fn serve(self: &Arc<Self>, endpoint: &Endpoint) {
        let nudge = tokio::spawn(self.clone().nudge());
        while let Some(incoming) = endpoint.accept().await {
            let under_way = HANDSHAKES_MAX - self.handshakes.available_permits();
            let place = self.handshakes.clone().try_acquire_owned();
            let Some(place) = place.ok().filter(|_| endpoint.open_connections() <= CONNECTIONS_MAX) else {
                incoming.refuse();
                continue;
            };
            if under_way >= HANDSHAKES_TRUSTED && !incoming.remote_address_validated() {
                let _ = incoming.retry();
            } else {
                let hub = self.clone();
                tokio::spawn(async move { hub.answer(incoming, place).await });
            }
        }
        nudge.abort();
    }

    async fn answer(&self, incoming: Incoming, place: OwnedSemaphorePermit) {
        let from = incoming.remote_address();
        let connection = incoming.await;
        drop(place);
        let connection = match connection {
            Ok(connection) => connection,
            Err(error) => {
                info!(%from, %error, "Turned a caller away");
                return;
            }
        };
        match (quic::protocol(&connection).as_deref(), quic::peer_key(&connection)) {
            (Some(tls::ALPN_ENROL), _) => enrol::answer(self.register.enrolment(), &connection).await,
            (Some(tls::ALPN_MEET), Some(key)) => self.receive_device(&connection, &key).await,
            (Some(_) | None, _) => {
                info!(%from, "Turned a stranger away");
                connection.close(quic::CLOSE_STRANGER, b"this hub does not know you");
            }
        }
    }

    async fn receive_device(&self, connection: &Connection, key: &[u8; 32]) {
        let id = connection.stable_id();
        loop {
            let stream = connection.accept_bi().await;
            let Some(scope) = self.register.scope(key) else {
                connection.close(quic::CLOSE_STRANGER, b"this hub does not know you");
                break;
            };
            let Ok((send, receive)) = stream else { break };
            self.register.heard(key);
            let member = Member { public_key: *key, scope };
            self.connections().insert(id, (member.clone(), connection.clone()));
            match self.meet(member, send, receive).await {
                Ok(()) => {}
                Err(MeetError::Store(error)) => {
                    warn!(%error, "The hub's own disk failed in a meeting");
                    connection.close(quic::CLOSE_DONE, b"the hub cannot store");
                    break;
                }
                Err(error @ (MeetError::Road(_) | MeetError::Broken(_))) => debug!(%error, "A meeting broke off"),
            }
        }
        self.connections().remove(&id);
    }

    async fn meet(&self, member: Member, send: quinn::SendStream, receive: quinn::RecvStream) -> Result<(), MeetError> {
        let _place = self.meetings.acquire().await;
        let side = Side::Hub {
            key: Box::new(self.key.clone()),
            epoch: self.log.epoch(),
            kept: u64::try_from(self.log.kept_row()?).unwrap_or(0),
            authors: self.register.clone(),
        };
        let shared = self.log.shared(&member.public_key, &member.scope);
        let session = Session::new(side, member, shared, clock::now());
        pump::converse(session, &self.log, send, receive, || {}).await.map(drop)
    }

    /// Tells connected devices when something arrived that they may read and did not write.
    async fn nudge(self: Arc<Self>) {
        let mut revision = self.log.revision();
        let mut row = self.log.newest_row();
        while revision.changed().await.is_ok() {
            // Much that arrives together is told together.
            tokio::time::sleep(NUDGE_GATHER).await;
            revision.mark_unchanged();
            let (feeds, newest) = self.log.news(row);
            row = newest;
            let targets: Vec<Connection> = self
                .connections()
                .values()
                .filter(|(member, _)| {
                    feeds.iter().any(|feed| {
                        feed.public_key != member.public_key && member.scope.allows(Action::Read, &feed.space)
                    })
                })
                .map(|(_, connection)| connection.clone())
                .collect();
            for connection in targets {
                // A device that does not take the nudge has one waiting already.
                if let Ok(Ok(mut stream)) = tokio::time::timeout(NUDGE, connection.open_uni()).await {
                    let _ = stream.write_all(b"!").await;
                    let _ = stream.finish();
                }
            }
        }
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, (Member, Connection)>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
