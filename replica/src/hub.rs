//! The hub's end of every road: who is let in, one meeting after another, and a nudge when there is news.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use civic_core::access::{Action, Scope};
use ed25519_dalek::SigningKey;
use quinn::{Connection, Endpoint, Incoming};
use sync_core::session::{Member, Session, Side};
use tracing::{debug, info, warn};

use crate::{
    clock, enrol,
    pump::{self, MeetError},
    road::{quic, tls},
    store::Log,
};

/// Connections at one time; beyond that a caller is turned away and tries again later.
const CONNECTIONS_MAX: usize = 4_096;

/// Who is let in, decided anew for every connection and every meeting.
pub trait Register: Send + Sync + 'static {
    /// The rights of the device with this key; `None` for a stranger or one that was struck off.
    fn scope(&self, public_key: &[u8; 32]) -> Option<Scope>;
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
}

impl Hub {
    /// The hub whose log is `log` and that signs receipts with `key`.
    pub fn new(log: Log, key: SigningKey, register: Arc<dyn Register>) -> Self {
        Self { log, key, register, connected: Arc::default() }
    }

    /// Keys of the devices whose road is open at this moment.
    pub fn connected(&self) -> Vec<[u8; 32]> {
        self.connections().values().map(|(member, _)| member.public_key).collect()
    }

    /// Answers until the endpoint is closed.
    pub async fn serve(self: &Arc<Self>, endpoint: &Endpoint) {
        let nudge = tokio::spawn(self.clone().nudge());
        while let Some(incoming) = endpoint.accept().await {
            if endpoint.open_connections() > CONNECTIONS_MAX {
                incoming.refuse();
            } else if !incoming.remote_address_validated() {
                // Whoever cannot receive at the address it claims gets nothing remembered here.
                let _ = incoming.retry();
            } else {
                let hub = self.clone();
                tokio::spawn(async move { hub.answer(incoming).await });
            }
        }
        nudge.abort();
    }

    async fn answer(&self, incoming: Incoming) {
        let from = incoming.remote_address();
        let connection = match incoming.await {
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
        let side = Side::Hub { key: Box::new(self.key.clone()) };
        let session = Session::new(side, member, self.log.held()?, clock::now());
        pump::converse(session, &self.log, send, receive, || {}).await.map(drop)
    }

    /// Tells connected devices when something arrived that they may read and did not write.
    async fn nudge(self: Arc<Self>) {
        let mut revision = self.log.revision();
        let mut row = self.log.newest_row().unwrap_or(0);
        while revision.changed().await.is_ok() {
            let Ok(arrived) = self.log.arrived_after(row, 1_000) else { continue };
            row = arrived.last().map_or(row, |last| last.row);
            let targets: Vec<Connection> = self
                .connections()
                .values()
                .filter(|(member, _)| {
                    arrived.iter().any(|arrived| {
                        arrived.feed.public_key != member.public_key
                            && member.scope.allows(Action::Read, &arrived.feed.space)
                    })
                })
                .map(|(_, connection)| connection.clone())
                .collect();
            for connection in targets {
                // A device that does not take the nudge has one waiting already.
                if let Ok(Ok(mut stream)) =
                    tokio::time::timeout(std::time::Duration::from_millis(50), connection.open_uni()).await
                {
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
