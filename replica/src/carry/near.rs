//! The road between two devices in one room, without a hub: TLS over TCP, each proving itself by its county's certificate.
//!
//! The hub's register is not there to be asked. What stands for it is what the hub last said of who was struck off, which
//! every device of the county comes to hold: such a one is refused, and how old that knowledge is, each tells the other.
//!
//! A neighbour is called at an address that somebody typed, or where it was [found](super::found). A carrier calls whom it
//! finds by itself.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex as StdMutex, PoisonError, atomic::AtomicU64},
    time::{Duration, Instant},
};

use civic_core::{access::Role, id::from_hex, time::UnixSeconds};
use sync_core::carry::{
    bag::Holder,
    message::{OFFERS_MAX, OPENING},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore},
};
use tracing::{debug, info, warn};

use super::{
    bag::{Bag, BagError},
    ends::{FillError, OfDevice},
    found::{FindError, Finder},
    handover::{Handed, HandoverError, Hands},
    newcomer,
    state::{self, BagState},
};
use crate::{
    clock,
    dir::DataDir,
    enrol::EnrolError,
    identity::Identity,
    road::{
        self, CLOSE_DONE, CLOSE_STRANGER, Connection, RoadError, tcp,
        tls::{self, TlsError},
    },
    store::{Log, StoreError},
    transfer::{self, TransferError},
};

/// How long a door that cannot let anybody in waits before it tries again.
const AGAIN: Duration = Duration::from_secs(1);
/// A carrier hands over again with a neighbour that stays so long in its room.
const VISIT_AGAIN: Duration = Duration::from_secs(600);
/// Neighbours that are in one network are found within such a time of each other.
const SETTLED: Duration = Duration::from_secs(2);
/// With one with which it did not go well it tries again after so long.
const RETRY: Duration = Duration::from_secs(30);
/// Two carriers that find each other do not call in the same moment: each waits up to so long, by lot.
const JITTER_MS: u16 = 1_000;
/// A neighbour that hands over with somebody else lets a caller wait so long; then that one comes again later.
const BUSY: Duration = Duration::from_secs(10);
/// What a neighbour knows of who was struck off is called old after so long, 30 days.
const STALE_S: i64 = 30 * 86_400;
/// Callers at one door at one time, strangers among them; beyond that one is sent away and calls again.
const CALLERS_MAX: usize = 32;
/// A machine that asks to be enrolled has said all that it has to say within this.
const NEWCOMER: Duration = Duration::from_secs(30);
/// A neighbour hands over no more at once than a bag holds of one author.
const BUDGET: u64 = sync_core::carry::bag::BYTES_MAX;

/// Why two neighbours could not hand anything over.
#[derive(Debug, thiserror::Error)]
pub enum NearError {
    /// The road, or who is on it.
    #[error(transparent)]
    Road(#[from] RoadError),
    /// In the middle.
    #[error(transparent)]
    Handover(#[from] HandoverError),
    /// Sealing what is here.
    #[error(transparent)]
    Fill(#[from] FillError),
    /// The bag.
    #[error(transparent)]
    Bag(#[from] BagError),
    /// The log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The other side was struck off, as far as this device has heard.
    #[error("the device at {0} was struck off from the county's register; nothing is handed over")]
    StruckOff(String),
    /// Finding.
    #[error(transparent)]
    Find(#[from] FindError),
    /// It hands over with somebody else.
    #[error("the neighbour hands over with somebody else; try again in a minute")]
    Busy,
    /// Enrolling.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// A machine asked to be enrolled, and this device does not carry, or cannot say how.
    #[error("a machine asked to be enrolled, and this device does not carry letters")]
    NoCarrier,
    /// This device's own card cannot be read.
    #[error("the card of this device cannot be read; enrol it again")]
    Card,
}

/// A device as a neighbour. Cheap to clone.
#[derive(Clone)]
pub struct Near {
    identity: Arc<Identity>,
    log: Log,
    bag: Bag,
    // One handover at a time: two at once would offer the same, and seal twice.
    busy: Arc<Mutex<()>>,
    finder: Option<Finder>,
    // A std mutex: held to look up and write down, never over an await.
    visits: Arc<StdMutex<BTreeMap<SocketAddr, Visit>>>,
}

/// How it went with a neighbour that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Visit {
    at: Instant,
    /// Its name, if it went well.
    name: Option<String>,
}

/// A neighbour that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Where it is to be called.
    pub at: SocketAddr,
    /// Its name, once it proved itself.
    pub name: Option<String>,
}

/// Whether what a neighbour knows of who was struck off, as of `heard`, is old at `now`.
pub fn is_stale(heard: UnixSeconds, now: UnixSeconds) -> bool {
    now.0.saturating_sub(heard.0) > STALE_S
}

impl Near {
    /// The neighbour that the device of `identity` is, with its bag in `dir`; it takes parcels for others if it `carries`.
    pub fn open(dir: &DataDir, identity: Arc<Identity>, log: Log, carries: bool) -> Result<Self, NearError> {
        let hub = identity.card.hub_key().ok_or(NearError::Card)?;
        let bag = Bag::open(dir, Holder { own: log.public_key(), hub, carries })?;
        Ok(Self { identity, log, bag, busy: Arc::default(), finder: None, visits: Arc::default() })
    }

    /// Is found by others in the local network, and finds them.
    pub fn found(self) -> Result<Self, NearError> {
        let finder = Finder::new(&self.bag.holder().hub)?;
        Ok(Self { finder: Some(finder), ..self })
    }

    /// Who was found, as far as [`Near::visit`] looks.
    pub fn neighbours(&self) -> Vec<Neighbour> {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.finder.iter().flat_map(Finder::found);
        found.map(|at| Neighbour { at, name: visits.get(&at).and_then(|visit| visit.name.clone()) }).collect()
    }

    /// Looks for neighbours for ever. A carrier hands over with each by itself; then `on_visit` is told how it went.
    pub async fn visit(&self, mut on_visit: impl FnMut(SocketAddr, &Result<Handed, NearError>)) -> NearError {
        let Some(finder) = &self.finder else { return std::future::pending().await };
        let mut changed = finder.changed();
        let visits = async {
            loop {
                let due = finder.found().into_iter().find(|at| self.is_due(at));
                if let Some(at) = due.filter(|_| self.bag.holder().carries) {
                    let jitter = u16::from_le_bytes(clock::random()) % JITTER_MS;
                    tokio::time::sleep(Duration::from_millis(jitter.into())).await;
                    let handed = self.call(&at.to_string()).await;
                    let name = handed.as_ref().ok().map(|handed| handed.peer.name.clone());
                    let visit = Visit { at: Instant::now(), name };
                    let here = finder.found();
                    let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
                    visits.retain(|at, _| here.contains(at));
                    visits.insert(at, visit);
                    drop(visits);
                    on_visit(at, &handed);
                    continue;
                }
                let _ = tokio::time::timeout(RETRY, changed.changed()).await;
            }
        };
        tokio::select! {
            ended = finder.look() => match ended {
                Ok(()) => NearError::Find(FindError::gone()),
                Err(error) => error.into(),
            },
            () = visits => std::future::pending().await,
        }
    }

    /// Hands over with whoever is found within this time, and once somebody was, until nobody else is for [`SETTLED`].
    pub async fn call_found(&self, within: Duration) -> Result<Vec<(String, Result<Handed, NearError>)>, NearError> {
        let finder = Finder::new(&self.bag.holder().hub)?;
        let (mut changed, mut left) = (finder.changed(), within);
        let mut visits = BTreeMap::new();
        let visiting = async {
            loop {
                let new = finder.found().into_iter().find(|at| !visits.contains_key(at));
                if let Some(at) = new {
                    visits.insert(at, self.call(&at.to_string()).await);
                    left = left.min(SETTLED);
                } else if !matches!(tokio::time::timeout(left, changed.changed()).await, Ok(Ok(()))) {
                    return;
                }
            }
        };
        tokio::select! {
            ended = finder.look() => ended?,
            () = visiting => {}
        }
        Ok(visits.into_iter().map(|(at, visited)| (at.to_string(), visited)).collect())
    }

    fn is_due(&self, at: &SocketAddr) -> bool {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.get(at).is_none_or(|visit| visit.at.elapsed() >= if visit.name.is_some() { VISIT_AGAIN } else { RETRY })
    }

    /// What it keeps for others and knows of its own.
    pub fn bag(&self) -> &Bag {
        &self.bag
    }

    /// What people are told of its bag.
    pub fn state(&self, log: &Log) -> Result<BagState, StoreError> {
        state::state(&self.bag, log)
    }

    /// As whom it speaks.
    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The key with which it signs.
    pub(super) fn key(&self) -> &ed25519_dalek::SigningKey {
        &self.identity.key
    }

    /// Its log.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    fn tls(&self) -> Result<tls::Near, NearError> {
        let card = &self.identity.card;
        if self.identity.is_elsewhere {
            return Err(RoadError::Elsewhere.into());
        }
        let (certificate, authorities) = from_hex(&card.certificate).zip(card.authorities()).ok_or(NearError::Card)?;
        let made = tls::near_configs(&self.identity.key, certificate, &authorities, self.believed()?);
        Ok(made.map_err(RoadError::from)?)
    }

    /// What time it is to be believed here: not before what the hub proved last.
    fn believed(&self) -> Result<UnixSeconds, StoreError> {
        Ok(clock::now().max(self.heard()?))
    }

    /// When this device last heard of the hub, by the hub's clock.
    fn heard(&self) -> Result<UnixSeconds, StoreError> {
        let last = self.log.counts()?.last_receipt.unwrap_or_default();
        Ok(last.max(self.identity.card.enrolled_at))
    }

    fn is_struck_off(&self, key: &[u8; 32]) -> Result<bool, StoreError> {
        self.log.is_revoked(&self.bag.holder().hub, key)
    }

    /// Lets neighbours in, for ever.
    pub async fn serve(&self, door: TcpListener) {
        let config = match self.tls() {
            Ok(tls) => Arc::new(tls.answers),
            Err(error) => {
                warn!(%error, "No neighbour can be let in");
                return;
            }
        };
        if let Some((finder, at)) = self.finder.as_ref().zip(door.local_addr().ok())
            && let Err(error) = finder.announce(at)
        {
            warn!(%error, "Neighbours must type the address of this device");
        }
        let places = Arc::new(Semaphore::new(CALLERS_MAX));
        loop {
            let Ok((socket, from)) = door.accept().await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            let Ok(place) = places.clone().try_acquire_owned() else { continue };
            let (near, config) = (self.clone(), config.clone());
            tokio::spawn(async move {
                let _place = place;
                match near.answer(socket, config).await {
                    Ok(Some(handed)) => {
                        info!(%from, with = handed.peer.name, given = handed.given, "A neighbour was here");
                    }
                    Ok(None) => info!(%from, "A machine asked to be enrolled"),
                    Err(error) => info!(%from, %error, "A neighbour was here in vain"),
                }
            });
        }
    }

    async fn answer(
        &self,
        socket: tokio::net::TcpStream,
        config: Arc<rustls::ServerConfig>,
    ) -> Result<Option<Handed>, NearError> {
        let connection = Connection::Tcp(tcp::answer(socket, config).await?);
        if connection.protocol().as_deref() == Some(tls::ALPN_NEWCOMER) {
            let asked = tokio::time::timeout(NEWCOMER, newcomer::answer(self, &connection)).await;
            return asked.unwrap_or_else(|_| Err(RoadError::Stalled.into())).map(|()| None);
        }
        let peer = self.welcome(&connection)?;
        let (send, mut receive) = connection.accept().await.map_err(RoadError::from)?;
        let first = receive.number().await?.filter(|first| first.value == OPENING).ok_or(RoadError::Malformed)?;
        let Ok(_busy) = tokio::time::timeout(BUSY, self.busy.lock()).await else {
            connection.close(CLOSE_DONE, "it hands over with somebody else");
            return Err(NearError::Busy);
        };
        let end = self.end();
        end.fill(&self.bag).await?;
        let mut handed = self.hands(peer, &end)?.answer(first, (send, receive)).await?;
        if handed.lends {
            self.lend_and_borrow(&connection, &mut handed).await;
        }
        connection.closed().await;
        Ok(Some(handed))
    }

    /// Calls a neighbour at HOST:PORT, and hands over what there is both ways.
    pub async fn call(&self, at: &str) -> Result<Handed, NearError> {
        let addresses = road::resolve(at).await?;
        let config = Arc::new(self.tls()?.calls);
        let connection = Connection::Tcp(tcp::call(at, addresses[0], config).await?);
        let peer = self.welcome(&connection)?;
        let _busy = self.busy.lock().await;
        let end = self.end();
        end.fill(&self.bag).await?;
        let mut handed = match connection.open().await {
            Ok(stream) => self.hands(peer, &end)?.call(stream).await,
            Err(why) => Err(RoadError::from(why).into()),
        };
        if let Ok(handed) = &mut handed
            && handed.lends
        {
            self.borrow_and_lend(&connection, handed).await;
        }
        // In TLS 1.3 whoever is not let in learns it only now.
        let why = connection.close_reason().filter(|why| why.is_refusal);
        connection.finish().await;
        match (handed, why) {
            (Err(_), Some(why)) => Err(RoadError::Refused(at.to_owned(), why.to_string()).into()),
            (handed, _) => Ok(handed?),
        }
    }

    /// Hands over to the hub and takes home what is there, over a road that is open to it: both together at most `budget`
    /// bytes, what goes up first, and what goes home at most `home`. What moved is noted in `handed` also where it breaks off, and every byte
    /// is counted in `counter` as it moves.
    pub async fn meet_hub(
        &self,
        connection: &Connection,
        budget: u64,
        home: u64,
        counter: &AtomicU64,
        handed: &mut Handed,
    ) -> Result<(), NearError> {
        let _busy = self.busy.lock().await;
        let (end, hub) = (self.end(), self.bag.holder().hub);
        let stream = connection.open().await.map_err(RoadError::from)?;
        let takes = self.left_for_home(budget, home);
        let hands = Hands { budget, takes, counter: Some(counter), public: None, ..self.hands(hub, &end)? };
        Ok(hands.call_for(stream, handed).await?)
    }

    /// What is left of `budget` for what goes home when all that goes up is given, and at most `home`.
    pub(super) fn left_for_home(&self, budget: u64, home: u64) -> u64 {
        let up: u64 = self.bag.offers(&self.bag.holder().hub, true, OFFERS_MAX).iter().map(|label| label.len).sum();
        home.min(budget.saturating_sub(up))
    }

    /// Whether there is anything that the hub wants, or is to be asked for.
    pub fn has_for_hub(&self) -> bool {
        let holder = self.bag.holder();
        let waits = !self.bag.offers(&holder.hub, false, usize::MAX).iter().all(|label| label.from == holder.own);
        holder.carries || waits
    }

    /// Whoever called: asks for what stands beside what the county made public, and then is asked. Where one of the two breaks
    /// off, the other side waits for the second all the same, and what came by the first has come.
    async fn borrow_and_lend(&self, connection: &Connection, handed: &mut Handed) {
        let asked = async {
            let stream = connection.open().await.map_err(RoadError::from)?;
            transfer::ask(&self.log, self.bag.holder().hub, stream).await
        };
        note_borrowed(handed, asked.await);
        let lent = async {
            let stream = connection.open().await.map_err(RoadError::from)?;
            transfer::lend(&self.log, stream).await
        };
        note_lent(handed, lent.await);
    }

    /// Whoever was called: the same from the other end.
    async fn lend_and_borrow(&self, connection: &Connection, handed: &mut Handed) {
        let lent = async {
            let stream = connection.accept().await.map_err(RoadError::from)?;
            transfer::lend(&self.log, stream).await
        };
        note_lent(handed, lent.await);
        let asked = async {
            let stream = connection.accept().await.map_err(RoadError::from)?;
            transfer::ask(&self.log, self.bag.holder().hub, stream).await
        };
        note_borrowed(handed, asked.await);
    }

    fn end(&self) -> OfDevice {
        OfDevice { identity: self.identity.clone(), log: self.log.clone() }
    }

    fn hands<'a>(&'a self, peer: [u8; 32], opener: &'a OfDevice) -> Result<Hands<'a, OfDevice>, StoreError> {
        let (name, heard) = (&self.identity.card.name, self.heard()?);
        let (bag, key, public) = (&self.bag, &self.identity.key, Some(&self.log));
        Ok(Hands { bag, key, peer, name, heard, budget: BUDGET, takes: BUDGET, counter: None, opener, public })
    }

    /// Who is on the other end, unless it was struck off.
    fn welcome(&self, connection: &Connection) -> Result<[u8; 32], NearError> {
        let at = connection.remote_address().to_string();
        let Some(peer) = connection.peer_key().filter(|_| connection.protocol().as_deref() == Some(tls::ALPN_NEAR))
        else {
            connection.close(CLOSE_DONE, "no neighbour");
            return Err(RoadError::Refused(at, "it is no neighbour of this county".into()).into());
        };
        if self.is_struck_off(&peer)? {
            debug!(at, "A neighbour was struck off");
            connection.close(CLOSE_STRANGER, "this device was struck off from the county's register");
            return Err(NearError::StruckOff(at));
        }
        Ok(peer)
    }
}

/// Notes what came of borrowing; what broke off goes on the next time, and what was handed over before stays handed over.
fn note_borrowed(handed: &mut Handed, asked: Result<u64, TransferError>) {
    match asked {
        Ok(borrowed) => handed.borrowed = borrowed,
        Err(error) => debug!(with = handed.peer.name, %error, "Borrowing broke off"),
    }
}

/// The same of lending, of which nobody here has anything.
fn note_lent(handed: &Handed, lent: Result<u64, TransferError>) {
    if let Err(error) = lent {
        debug!(with = handed.peer.name, %error, "Lending broke off");
    }
}

/// What is in the bag in `dir`, which another process may hold.
pub fn look(dir: &DataDir, identity: &Identity, log: &Log) -> Result<BagState, NearError> {
    let hub = identity.card.hub_key().ok_or(NearError::Card)?;
    let holder = Holder { own: log.public_key(), hub, carries: identity.card.scope.role == Role::Deputy };
    Ok(state::state(&Bag::look(dir, holder)?, log)?)
}

/// Opens a door for neighbours; port 0 is any that is free.
pub fn listen(address: SocketAddr) -> Result<TcpListener, RoadError> {
    tcp::listen(address)
}

impl From<TlsError> for NearError {
    fn from(error: TlsError) -> Self {
        RoadError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_neighbour_knows_is_old_after_thirty_days_and_never_because_a_clock_is_behind() {
        let now = UnixSeconds(1_800_000_000);
        assert!(!is_stale(UnixSeconds(now.0 - STALE_S), now));
        assert!(is_stale(UnixSeconds(now.0 - STALE_S - 1), now) && is_stale(UnixSeconds(0), now));
        assert!(!is_stale(now, UnixSeconds(0)));
    }
}
