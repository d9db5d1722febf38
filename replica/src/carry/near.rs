//! The road between two devices in one room, without a hub: TLS over TCP, each proving itself by its county's certificate.
//!
//! The hub's register is not there to be asked. What stands for it is what the hub last said of who was struck off, which
//! every device of the county comes to hold: such a one is refused, and how old that knowledge is, each tells the other.

use std::{net::SocketAddr, sync::Arc};

use civic_core::{access::Role, id::from_hex, time::UnixSeconds};
use sync_core::carry::{bag::Holder, message::OPENING};
use tokio::{net::TcpListener, sync::Mutex};
use tracing::{debug, info, warn};

use super::{
    bag::{Bag, BagError},
    ends::{FillError, OfDevice},
    handover::{Handed, HandoverError, Hands},
    state::{self, BagState},
};
use crate::{
    clock,
    dir::DataDir,
    identity::Identity,
    road::{
        self, CLOSE_DONE, CLOSE_STRANGER, Connection, RoadError, tcp,
        tls::{self, TlsError},
    },
    store::{Log, StoreError},
};

/// How long a door that cannot let anybody in waits before it tries again.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);
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
}

impl Near {
    /// The neighbour that the device of `identity` is, with its bag in `dir`; it takes parcels for others if it `carries`.
    pub fn open(dir: &DataDir, identity: Arc<Identity>, log: Log, carries: bool) -> Result<Self, NearError> {
        let hub = identity.card.hub_key().ok_or(NearError::Card)?;
        let bag = Bag::open(dir, Holder { own: log.public_key(), hub, carries })?;
        Ok(Self { identity, log, bag, busy: Arc::default() })
    }

    /// What it keeps for others and knows of its own.
    pub fn bag(&self) -> &Bag {
        &self.bag
    }

    /// What people are told of its bag.
    pub fn state(&self, log: &Log) -> Result<BagState, StoreError> {
        state::state(&self.bag, log)
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
        loop {
            let Ok((socket, from)) = door.accept().await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            let (near, config) = (self.clone(), config.clone());
            tokio::spawn(async move {
                match near.answer(socket, config).await {
                    Ok(handed) => info!(%from, with = handed.peer.name, given = handed.given, "A neighbour was here"),
                    Err(error) => info!(%from, %error, "A neighbour was here in vain"),
                }
            });
        }
    }

    async fn answer(
        &self,
        socket: tokio::net::TcpStream,
        config: Arc<rustls::ServerConfig>,
    ) -> Result<Handed, NearError> {
        let connection = Connection::Tcp(tcp::answer(socket, config).await?);
        let peer = self.welcome(&connection)?;
        let (send, mut receive) = connection.accept().await.map_err(RoadError::from)?;
        let first = receive.number().await?.filter(|first| first.value == OPENING).ok_or(RoadError::Malformed)?;
        let _busy = self.busy.lock().await;
        let end = self.end();
        end.fill(&self.bag).await?;
        let handed = self.hands(peer, &end)?.answer(first, (send, receive)).await?;
        connection.closed().await;
        Ok(handed)
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
        let handed = match connection.open().await {
            Ok(stream) => self.hands(peer, &end)?.call(stream).await,
            Err(why) => Err(RoadError::from(why).into()),
        };
        // In TLS 1.3 whoever is not let in learns it only now.
        let why = connection.close_reason().filter(|why| why.is_refusal);
        connection.finish().await;
        match (handed, why) {
            (Err(_), Some(why)) => Err(RoadError::Refused(at.to_owned(), why.to_string()).into()),
            (handed, _) => Ok(handed?),
        }
    }

    /// Hands over to the hub and takes home what is there, over a road that is open to it.
    pub async fn meet_hub(&self, connection: &Connection, budget: u64) -> Result<Handed, NearError> {
        let _busy = self.busy.lock().await;
        let end = self.end();
        let stream = connection.open().await.map_err(RoadError::from)?;
        Ok(Hands { budget, ..self.hands(self.bag.holder().hub, &end)? }.call(stream).await?)
    }

    /// Whether there is anything that the hub wants, or is to be asked for.
    pub fn has_for_hub(&self) -> bool {
        let holder = self.bag.holder();
        let waits = !self.bag.offers(&holder.hub, false, usize::MAX).iter().all(|label| label.from == holder.own);
        holder.carries || waits
    }

    fn end(&self) -> OfDevice {
        OfDevice { identity: self.identity.clone(), log: self.log.clone() }
    }

    fn hands<'a>(&'a self, peer: [u8; 32], opener: &'a OfDevice) -> Result<Hands<'a, OfDevice>, StoreError> {
        let (name, heard) = (&self.identity.card.name, self.heard()?);
        Ok(Hands { bag: &self.bag, key: &self.identity.key, peer, name, heard, budget: BUDGET, opener })
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
