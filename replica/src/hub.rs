//! The hub's end of every road: who is let in, one meeting after another, and a nudge when there is news.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use civic_core::{
    access::{Action, Role},
    area::Area,
    id::DeviceId,
    space::{Audience, Space},
};
use ed25519_dalek::SigningKey;
use quinn::{Endpoint, Incoming};
use sync_core::{
    attachment::message::OPENING,
    carry::message as carry,
    entry::EntryKind,
    session::{Member, Session, Side},
};
pub use sync_core::{
    revocation::Revocation,
    session::{Authors, Standing},
    status::Status,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tracing::{debug, info, warn};

use crate::{
    carry::{
        bag::Bag,
        ends::{OfHub, Ring},
        handover::{HandoverError, Hands},
    },
    enrol,
    pump::{self, MeetError},
    renewal,
    road::{
        CLOSE_DONE, CLOSE_EXPIRED, CLOSE_STRANGER, Connection, Number, RecvStream, RoadError, SendStream, quic, tcp,
        threshold::{Place, Threshold},
        tls::{self, Door, Passage},
    },
    store::{Log, NewEntry, StoreError},
    transfer::{self, TransferError},
    vouch,
};

/// Connections of one road at one time, whoever called; beyond that a caller is turned away and tries again later.
const CONNECTIONS_MAX: usize = 4_096;
/// Callers at one time who are no devices yet and want to be enrolled; beyond that one is sent away and calls again. So
/// strangers take few places that devices need.
const NEWCOMERS_MAX: usize = 256;
/// The same from one address.
const NEWCOMERS_OF_ONE_MAX: usize = 128;
/// So long they may take to ask: stretching a code takes a small machine some seconds, and a slow road a few more.
const ASKING: Duration = Duration::from_secs(30);
/// Meetings at one time; the others wait in the order in which they came, so that no device is starved and memory is bounded.
const MEETINGS_MAX: usize = 64;
/// Transfers of attachments at one time; the others wait, and their devices try again after a while.
const TRANSFERS_MAX: usize = 256;
/// Callers of one road whose handshake is under way; beyond that one is turned away and tries again later.
const HANDSHAKES_MAX: usize = 256;
/// The same from one address, behind which may be the telephones and stations of a whole town.
const HANDSHAKES_OF_ONE_MAX: usize = 128;
/// From so many handshakes on, a caller must first prove that it receives at the address it claims, which costs it a
/// round trip.
const HANDSHAKES_TRUSTED: usize = 32;

/// What being heard through a carrier is called where people see it.
const CARRIER: &str = "carrier";
/// Bytes of parcels that go home with a carrier at once.
const HUB_BYTES_MAX: u64 = 64 << 20;

/// How often the register is asked who was struck off: another program may have done it.
const REVOKE_EVERY: Duration = Duration::from_secs(1);
/// A hub that cannot let a caller over TCP in waits so long before it tries the next.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// So long news is gathered before connected devices are told.
const NUDGE_GATHER: Duration = Duration::from_millis(100);
/// A device that does not take a nudge so soon has one waiting already.
const NUDGE: Duration = Duration::from_millis(50);

/// Who is let in, decided anew for every connection and every meeting.
pub trait Register: Authors + 'static {
    /// Devices that were struck off.
    fn revoked(&self) -> Vec<Revocation>;
    /// The device was heard, by this road.
    fn heard(&self, public_key: &[u8; 32], road: &str);
    /// The device told how it is.
    fn told(&self, public_key: &[u8; 32], status: &Status);
    /// At the end of a meeting everything that the device wrote is here: what it told at the beginning to be waiting waits no
    /// more, beside its attachments and what was refused.
    fn in_step(&self, public_key: &[u8; 32]);
    /// A hub beneath stands for these devices; `false` if that could not be written down.
    fn vouch(&self, hub: &[u8; 32], keys: &[[u8; 32]]) -> bool;
    /// What people call the device; empty if it is not known.
    fn name(&self, public_key: &[u8; 32]) -> String;
    /// Enrolment at this hub.
    fn enrolment(&self) -> &dyn enrol::Desk;
}

/// Where devices knock: the same port of UDP and TCP.
pub struct Entrance {
    quic: Endpoint,
    tcp: TcpListener,
    config: Arc<rustls::ServerConfig>,
}

/// A free port of UDP may be taken of TCP; then another one is tried, so many times.
const PORTS_TRIED: usize = 16;

impl Entrance {
    /// Opens it at `address`; port 0 is any that is free.
    pub fn open(address: SocketAddr, config: rustls::ServerConfig) -> Result<Self, RoadError> {
        let mut tried = 0;
        loop {
            let quic = quic::listen(address, config.clone())?;
            let at = quic.local_addr().map_err(|error| RoadError::Socket(address, error))?;
            tried += 1;
            match tcp::listen(at) {
                Ok(tcp) => return Ok(Self { quic, tcp, config: Arc::new(config) }),
                Err(_) if address.port() == 0 && tried < PORTS_TRIED => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where it is.
    pub fn address(&self) -> Result<SocketAddr, RoadError> {
        self.quic.local_addr().map_err(|error| RoadError::Broken(error.to_string()))
    }

    /// Sends everybody away, and waits a moment for them to hear it.
    pub async fn close(&self, patience: Duration) {
        self.quic.close(CLOSE_DONE.into(), b"the hub stops");
        let _ = tokio::time::timeout(patience, self.quic.wait_idle()).await;
    }
}

/// Who is connected, by road and number of the connection.
type Connected = BTreeMap<(&'static str, usize), (Member, Connection)>;

/// The hub's end.
pub struct Hub {
    log: Log,
    county: Area,
    key: SigningKey,
    register: Arc<dyn Register>,
    door: Arc<Door>,
    // A std mutex: held to add, remove or list, never over an await.
    connected: Arc<Mutex<Connected>>,
    meetings: Semaphore,
    transfers: Semaphore,
    quic_handshakes: Arc<Threshold>,
    tcp_handshakes: Arc<Threshold>,
    tcp_connections: Arc<Semaphore>,
    newcomers: Arc<Threshold>,
    carrying: Option<Carrying>,
}

/// What a hub needs to meet carriers.
struct Carrying {
    name: String,
    bag: Bag,
    end: OfHub,
    // One at a time: what goes home is sealed once for all that come.
    busy: tokio::sync::Mutex<()>,
}

impl Hub {
    /// Meets carriers, too: this hub is called `name`, what goes home with them waits in `bag`, the county's `ring` opens
    /// what they bring, and `desk` hears who asks to be enrolled.
    pub fn carrying(self, name: &str, bag: Bag, ring: Ring, desk: Arc<dyn enrol::Desk>) -> Self {
        let (log, key, authors) = (self.log.clone(), self.key.clone(), self.register.clone());
        let end = OfHub { log, key, ring, authors, desk: Some(desk) };
        Self { carrying: Some(Carrying { name: name.to_owned(), bag, end, busy: Default::default() }), ..self }
    }

    /// The hub of `county`, whose log is `log` and that signs receipts with `key`; devices come in by `door`.
    pub fn new(log: Log, county: Area, key: SigningKey, register: Arc<dyn Register>, door: Arc<Door>) -> Self {
        Self {
            log,
            county,
            key,
            register,
            door,
            connected: Arc::default(),
            meetings: Semaphore::new(MEETINGS_MAX),
            transfers: Semaphore::new(TRANSFERS_MAX),
            quic_handshakes: Threshold::new(HANDSHAKES_MAX, HANDSHAKES_OF_ONE_MAX),
            tcp_handshakes: Threshold::new(HANDSHAKES_MAX, HANDSHAKES_OF_ONE_MAX),
            tcp_connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            newcomers: Threshold::new(NEWCOMERS_MAX, NEWCOMERS_OF_ONE_MAX),
            carrying: None,
        }
    }

    /// Keys of the devices whose road is open at this moment.
    pub fn connected(&self) -> Vec<[u8; 32]> {
        self.connections().values().map(|(member, _)| member.public_key).collect()
    }

    /// Sends every device away: this hub stops.
    pub fn dismiss(&self) {
        self.connections().values().for_each(|(_, connection)| connection.close(CLOSE_DONE, "the hub stops"));
    }

    /// Answers until the entrance is closed.
    pub async fn serve(self: &Arc<Self>, entrance: &Entrance) {
        let nudge = tokio::spawn(self.clone().nudge());
        let revoke = tokio::spawn(self.clone().revoke());
        tokio::select! {
            () = self.serve_quic(&entrance.quic) => {}
            () = self.serve_tcp(entrance) => {}
        }
        nudge.abort();
        revoke.abort();
    }

    async fn serve_quic(self: &Arc<Self>, endpoint: &Endpoint) {
        while let Some(incoming) = endpoint.accept().await {
            let under_way = self.quic_handshakes.count();
            let place = self.quic_handshakes.step_on(incoming.remote_address().ip());
            let Some(place) = place.filter(|_| endpoint.open_connections() <= CONNECTIONS_MAX) else {
                incoming.refuse();
                continue;
            };
            if under_way >= HANDSHAKES_TRUSTED && !incoming.remote_address_validated() {
                let _ = incoming.retry();
            } else {
                let hub = self.clone();
                tokio::spawn(async move { hub.answer_quic(incoming, place).await });
            }
        }
    }

    async fn serve_tcp(self: &Arc<Self>, entrance: &Entrance) {
        loop {
            let (socket, from) = match entrance.tcp.accept().await {
                Ok(called) => called,
                Err(error) => {
                    // Too many open files, or a caller that is gone already.
                    warn!(%error, "A caller over TCP could not be let in");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            };
            let place = self.tcp_handshakes.step_on(from.ip());
            let Some(places) = place.zip(self.tcp_connections.clone().try_acquire_owned().ok()) else { continue };
            let (hub, config) = (self.clone(), entrance.config.clone());
            tokio::spawn(async move { hub.answer_tcp(socket, config, places).await });
        }
    }

    async fn answer_quic(self: &Arc<Self>, incoming: Incoming, place: Place) {
        let from = incoming.remote_address();
        let connection = incoming.await;
        drop(place);
        match connection {
            Ok(connection) => self.answer(&Connection::Quic(connection.into())).await,
            Err(error) => info!(%from, %error, "Turned a caller away"),
        }
    }

    async fn answer_tcp(
        self: &Arc<Self>,
        socket: TcpStream,
        config: Arc<rustls::ServerConfig>,
        (place, _connected): (Place, OwnedSemaphorePermit),
    ) {
        let connection = tcp::answer(socket, config).await;
        drop(place);
        match connection {
            Ok(connection) => {
                self.answer(&Connection::Tcp(connection.clone())).await;
                // Its socket is in use until the last word is said.
                connection.close(CLOSE_DONE, "");
                connection.wait_flushed().await;
            }
            Err(error) => info!(%error, "Turned a caller over TCP away"),
        }
    }

    async fn answer(self: &Arc<Self>, connection: &Connection) {
        let from = connection.remote_address();
        match (connection.protocol().as_deref(), connection.peer_certificate()) {
            (Some(tls::ALPN_ENROL), _) => match self.newcomers.step_on(from.ip()) {
                Some(_place) => enrol::answer(self.register.enrolment(), connection, ASKING).await,
                None => connection.close(CLOSE_DONE, "too many want to be enrolled at once; call again in a minute"),
            },
            (Some(tls::ALPN_MEET), Some(certificate)) => self.receive_device(connection, &certificate).await,
            (Some(_) | None, _) => {
                info!(%from, "Turned a stranger away");
                connection.close(CLOSE_STRANGER, "this hub does not know you");
            }
        }
    }

    async fn receive_device(self: &Arc<Self>, connection: &Connection, certificate: &[u8]) {
        let Some(key) = &tls::key_in(certificate) else { return };
        let id = connection.id();
        // A transfer goes on beside the meetings, one at a time, and ends with the connection.
        let mut transfers = JoinSet::new();
        loop {
            let stream = connection.accept().await;
            let (Some(member), Ok(passage)) = (self.register.member(key), self.door.passage(certificate)) else {
                connection.close(CLOSE_STRANGER, "this hub does not know you");
                break;
            };
            let Ok((send, mut receive)) = stream else { break };
            self.register.heard(key, connection.name());
            if passage == Passage::Renewal {
                self.renew_first(connection, key, (send, receive)).await;
                continue;
            }
            self.connections().insert(id, (member.clone(), connection.clone()));
            let Ok(Some(first)) = receive.number().await else { continue };
            if first.value == renewal::OPENING {
                if let Err(error) = renewal::answer(self.register.enrolment().renew(key), first, (send, receive)).await
                {
                    debug!(%error, "A renewal broke off");
                }
                continue;
            }
            if first.value == vouch::OPENING {
                let vouched = self.vouched(&member, first, (send, receive)).await;
                if let Err(error) = vouched {
                    debug!(%error, "A hub could not say for whom it stands");
                }
                continue;
            }
            if first.value == OPENING || first.value == carry::OPENING {
                while transfers.try_join_next().is_some() {}
                if transfers.is_empty() && first.value == OPENING {
                    transfers.spawn(self.clone().transfer(member, first, (send, receive)));
                } else if transfers.is_empty() {
                    transfers.spawn(self.clone().hand_over(*key, first, (send, receive)));
                }
                continue;
            }
            match self.meet(member, first, send, receive).await {
                Ok(()) => {}
                Err(MeetError::Store(error)) => {
                    warn!(%error, "The hub's own disk failed in a meeting");
                    connection.close(CLOSE_DONE, "the hub cannot store");
                    break;
                }
                Err(error @ (MeetError::Road(_) | MeetError::Broken(_))) => debug!(%error, "A meeting broke off"),
            }
        }
        self.connections().remove(&id);
    }

    /// A hub beneath says for whom it stands; nobody else may.
    async fn vouched(
        &self,
        member: &Member,
        first: Number,
        (send, mut receive): (SendStream, RecvStream),
    ) -> Result<(), RoadError> {
        let keys = vouch::hear(first, &mut receive).await?;
        if member.scope.role != Role::Hub || !self.register.vouch(&member.public_key, &keys) {
            return Err(RoadError::Malformed);
        }
        vouch::answer(send).await
    }

    /// A device whose certificate opens renewal alone: whatever else it asks for, it is told to renew.
    async fn renew_first(
        &self,
        connection: &Connection,
        key: &[u8; 32],
        (send, mut receive): (SendStream, RecvStream),
    ) {
        match receive.number().await {
            Ok(Some(first)) if first.value == renewal::OPENING => {
                let renewed = self.register.enrolment().renew(key);
                match renewal::answer(renewed, first, (send, receive)).await {
                    Ok(()) => info!(device = %DeviceId::of(key), "Renewed a certificate that opens nothing else"),
                    Err(error) => debug!(%error, "A renewal broke off"),
                }
            }
            Ok(Some(_) | None) | Err(_) => {
                connection.close(CLOSE_EXPIRED, "the certificate must be renewed first");
            }
        }
    }

    /// One meeting on a stream of which the number of the first message was heard.
    async fn meet(
        &self,
        member: Member,
        first: Number,
        send: SendStream,
        mut receive: RecvStream,
    ) -> Result<(), MeetError> {
        let _place = self.meetings.acquire().await;
        let first = receive.receive_rest(first).await?;
        let side = Side::Hub {
            key: Box::new(self.key.clone()),
            epoch: self.log.epoch(),
            kept: u64::try_from(self.log.kept_row()?).unwrap_or(0),
            authors: self.register.clone(),
        };
        let (shared, public_key) = (self.log.shared(&member), member.public_key);
        let mut session = Session::new(side, member, shared, self.door.now());
        let ended = pump::converse(&mut session, &self.log, send, receive, Some(first), || {}).await;
        // However it ended: a device that has heard enough goes.
        session.outcome().status.iter().for_each(|status| self.register.told(&public_key, status));
        if session.outcome().is_in_step {
            self.register.in_step(&public_key);
        }
        ended.map(drop)
    }

    /// One transfer of attachments, likewise.
    async fn transfer(self: Arc<Self>, member: Member, first: Number, stream: (SendStream, RecvStream)) {
        let _place = self.transfers.acquire().await;
        let keys = member.keys().copied().collect();
        let member = || self.register.member(&member.public_key);
        match transfer::answer(first, &self.log, self.key.clone(), keys, member, stream).await {
            Ok(()) => {}
            Err(TransferError::Store(error)) => warn!(%error, "The hub's own disk failed in a transfer"),
            Err(error @ (TransferError::Road(_) | TransferError::Broken(_) | TransferError::StruckOff)) => {
                debug!(%error, "A transfer broke off");
            }
        }
    }

    /// Parcels change hands with a carrier, likewise.
    async fn hand_over(self: Arc<Self>, peer: [u8; 32], first: Number, stream: (SendStream, RecvStream)) {
        let Some(Carrying { name, bag, end, busy }) = &self.carrying else { return };
        let _place = self.transfers.acquire().await;
        let _busy = busy.lock().await;
        if let Err(error) = end.fill(bag, |device| self.register.name(device)).await {
            warn!(%error, "What goes home with carriers could not be sealed");
        }
        let hands = Hands {
            bag,
            key: &self.key,
            peer,
            name,
            heard: self.door.now(),
            budget: HUB_BYTES_MAX,
            takes: u64::MAX,
            counter: None,
            opener: end,
            public: None,
        };
        match hands.answer(first, stream).await {
            Ok(handed) => {
                info!(carrier = handed.peer.name, taken = handed.taken.len(), "A carrier was here");
                handed.taken.iter().for_each(|label| self.register.heard(&label.from, CARRIER));
            }
            Err(HandoverError::Store(error)) => warn!(%error, "The hub's own disk failed with a carrier"),
            Err(error) => debug!(%error, "A carrier broke off"),
        }
    }

    /// Sends struck-off devices away, and writes down for every device of the county that they are.
    async fn revoke(self: Arc<Self>) {
        loop {
            let revoked = self.register.revoked();
            for (member, connection) in self.connections().values() {
                if revoked.iter().any(|revocation| revocation.public_key == member.public_key) {
                    connection.close(CLOSE_STRANGER, "this hub does not know you");
                }
            }
            let log = self.log.clone();
            let space = Space::new(self.county.clone(), Audience::Public);
            let written = tokio::task::spawn_blocking(move || spread(&log, &space, revoked)).await;
            if !matches!(written, Ok(Ok(()))) {
                warn!("A revocation could not be written; it will be tried again");
            }
            tokio::time::sleep(REVOKE_EVERY).await;
        }
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
                    feeds.iter().any(|feed| !member.wrote(feed) && member.scope.allows(Action::Read, &feed.space))
                })
                .map(|(_, connection)| connection.clone())
                .collect();
            for connection in targets {
                // A device that does not take the nudge has one waiting already.
                let _ = tokio::time::timeout(NUDGE, connection.nudge()).await;
            }
        }
    }

    fn connections(&self) -> MutexGuard<'_, Connected> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down revocations that are not in the log yet: from then on they travel wherever slips travel.
pub fn spread(log: &Log, space: &Space, revoked: Vec<Revocation>) -> Result<(), StoreError> {
    let known = log.revoked(&log.public_key())?;
    let is_new = |revocation: &Revocation| known.iter().all(|known| known.public_key != revocation.public_key);
    let entry = |revocation: Revocation| NewEntry {
        space: space.clone(),
        doc: revocation.doc(),
        kind: EntryKind::Revoked,
        at: revocation.at,
        payload: revocation.encode(),
    };
    let entries: Vec<_> = revoked.into_iter().filter(is_new).map(entry).collect();
    if entries.is_empty() { Ok(()) } else { log.append(entries).map(drop) }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::net::IpAddr;

    use civic_core::{id::Incarnation, time::UnixSeconds};
    use sync_core::roads::{Plan, Road};

    use super::*;
    use crate::{
        enrol::{Claim, Claimant, Desk, Refusal, Slot, by_letter::Posted},
        identity::Card,
        road::race,
        store::Author,
    };

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    /// The door of a hub with this key.
    pub(crate) fn door(key: &SigningKey) -> Arc<Door> {
        let authority = tls::Authority::make(SigningKey::from_bytes(&[9; 32]), "990127", NOW).unwrap();
        let certificate = authority.certify_hub(&key.verifying_key().to_bytes()).unwrap();
        let door = Door::new(certificate, authority.certificate.clone(), None, Arc::new(|_| false), || NOW);
        Arc::new(door.unwrap())
    }

    /// A register in which nobody stands, and whose desk lets nobody in.
    struct Nobody;

    impl Authors for Nobody {
        fn standing(&self, _: &[u8; 32]) -> Standing {
            Standing::Stranger
        }
    }

    impl Register for Nobody {
        fn revoked(&self) -> Vec<Revocation> {
            Vec::new()
        }
        fn heard(&self, _: &[u8; 32], _: &str) {}
        fn told(&self, _: &[u8; 32], _: &Status) {}
        fn in_step(&self, _: &[u8; 32]) {}
        fn vouch(&self, _: &[u8; 32], _: &[[u8; 32]]) -> bool {
            false
        }
        fn name(&self, _: &[u8; 32]) -> String {
            String::new()
        }
        fn enrolment(&self) -> &dyn Desk {
            self
        }
    }

    impl Desk for Nobody {
        fn salt(&self) -> [u8; 16] {
            [1; 16]
        }
        fn is_flooding(&self, _: IpAddr, _: bool) -> bool {
            false
        }
        fn slots(&self) -> Vec<Slot> {
            Vec::new()
        }
        fn claim(&self, _: i64, _: &Claimant) -> Result<Claim, Refusal> {
            Err(Refusal::WrongCode)
        }
        fn card(&self, _: &[u8; 32]) -> Result<Card, Refusal> {
            Err(Refusal::HubFailed)
        }
        fn note_letter(&self, _: &Posted) -> Result<(), Refusal> {
            Err(Refusal::HubFailed)
        }
        fn letters(&self) -> Vec<Posted> {
            Vec::new()
        }
    }

    /// A hub that answers, with its limits bent, until the test ends.
    struct Answering {
        at: SocketAddr,
        path: std::path::PathBuf,
        serving: tokio::task::JoinHandle<()>,
    }

    impl Answering {
        fn new(name: &str, bend: impl FnOnce(Hub) -> Hub) -> Self {
            let path = std::env::temp_dir().join(format!("huiyin-hub-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            let key = SigningKey::from_bytes(&[3; 32]);
            let author = Author { key: key.clone(), incarnation: Incarnation::new([1; 16]) };
            let log = Log::open(&path.join("log.db"), author, None, || NOW).unwrap();
            let door = door(&key);
            let entrance = Entrance::open(([127, 0, 0, 1], 0).into(), tls::hub_config(&key, door.clone()).unwrap());
            let entrance = entrance.unwrap();
            let at = entrance.address().unwrap();
            let hub = Arc::new(bend(Hub::new(log, Area::parse("990127").unwrap(), key, Arc::new(Nobody), door)));
            Self { at, path, serving: tokio::spawn(async move { hub.serve(&entrance).await }) }
        }

        /// Somebody calls over TCP who wants to be enrolled.
        async fn called(&self) -> Result<tcp::Connection, RoadError> {
            tcp::call("the hub", self.at, Arc::new(tls::newcomer_config(tls::ALPN_ENROL).unwrap())).await
        }
    }

    impl Drop for Answering {
        fn drop(&mut self) {
            self.serving.abort();
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }

    #[tokio::test]
    async fn whoever_finds_no_place_over_quic_is_let_in_over_tcp() {
        let hub = Answering::new("full", |hub| Hub { quic_handshakes: Threshold::new(0, 0), ..hub });
        let plan = Plan { first: Road::Quic, second: Some(Road::Tcp), patience: Duration::from_secs(60) };
        let config = tls::newcomer_config(tls::ALPN_ENROL).unwrap();
        let answered = race::call("the hub", &[hub.at], config, plan).await.unwrap();
        assert_eq!(
            (answered.road, answered.slower),
            (Road::Tcp, vec![Road::Quic]),
            "and QUIC is not tried first again"
        );
    }

    #[tokio::test]
    async fn whoever_is_refused_over_quic_for_what_it_is_has_its_answer() {
        let hub = Answering::new("refusing", |hub| hub);
        let plan = Plan { first: Road::Quic, second: Some(Road::Tcp), patience: Duration::from_secs(60) };
        // A hub is no neighbour.
        let config = tls::newcomer_config(tls::ALPN_NEAR).unwrap();
        let answered = race::call("the hub", &[hub.at], config, plan).await;
        assert!(matches!(answered, Err(RoadError::Refused(..))));
    }

    #[tokio::test]
    async fn every_connection_over_tcp_takes_a_place_also_of_whoever_says_nothing() {
        let hub = Answering::new("counting", |hub| Hub { tcp_connections: Arc::new(Semaphore::new(1)), ..hub });
        let silent = hub.called().await.unwrap();
        assert!(matches!(hub.called().await, Err(RoadError::NoAnswer(_))));
        silent.close(CLOSE_DONE, "");
        let let_in = async { while hub.called().await.is_err() {} };
        tokio::time::timeout(Duration::from_secs(5), let_in).await.expect("the place is free again");
    }

    #[tokio::test]
    async fn whoever_wants_to_be_enrolled_takes_none_of_the_places_that_devices_need() {
        let hub = Answering::new("newcomers", |hub| Hub { newcomers: Threshold::new(2, 1), ..hub });
        let waiting = hub.called().await.unwrap();
        let next = hub.called().await.unwrap();
        assert!(next.closed().await.why.contains("too many want to be enrolled at once"));
        assert_eq!(waiting.close_reason(), None);
    }

    #[test]
    fn whom_the_hub_struck_off_every_device_comes_to_know_and_is_told_once() {
        let path = std::env::temp_dir().join(format!("huiyin-revoked-{}.db", std::process::id()));
        let key = SigningKey::from_bytes(&[3; 32]);
        let author = Author { key: key.clone(), incarnation: Incarnation::new([1; 16]) };
        let log = Log::open(&path, author, None, || UnixSeconds(50)).unwrap();
        let space = Space::new(Area::parse("990127").unwrap(), Audience::Public);
        let one = Revocation { public_key: [7; 32], at: UnixSeconds(40) };
        for _ in 0..2 {
            spread(&log, &space, vec![one]).unwrap();
        }
        let (public, nobody) = (key.verifying_key().to_bytes(), [9; 32]);
        assert_eq!((log.revoked(&public).unwrap(), log.revoked(&nobody).unwrap()), (vec![one], vec![]));
        // Only the hub is believed.
        let is_revoked = |author, key| log.is_revoked(author, key).unwrap();
        assert!(is_revoked(&public, &[7; 32]) && !is_revoked(&nobody, &[7; 32]) && !is_revoked(&public, &[8; 32]));
        assert_eq!(log.held().iter().map(|held| held.extent.length).sum::<u64>(), 1);
        drop(log);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }
}
