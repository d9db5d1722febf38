//! A road that can be cut, and that can be as bad as a county's: a UDP relay between one device and the hub.
//!
//! The device enrols with the relay's address as its hub's, so what it sends goes this way for good. A cut road drops
//! every packet in both directions and says nothing, as a pulled cable does. How bad the road is otherwise says a
//! [`Road`]; [`tcp`] is the same for TCP.

mod lane;
pub mod tcp;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    net::UdpSocket,
    runtime::Handle,
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
    time::Instant,
};

use lane::Porter;
pub use lane::{Lane, Load, Road};

/// Larger than any datagram of IPv4.
const DATAGRAM_LEN_MAX: usize = 65_536;
/// A way back on which nothing came for so long is given up; a device draws a new port for every call.
const QUIET_MAX: Duration = Duration::from_secs(120);
/// Ways back at one time; beyond it the relay drops what comes from further ports.
const WAYS_MAX: usize = 256;
/// Packets that are on their way at one time; beyond it they are lost.
const ON_WAY_MAX: usize = 16 * 1024;

/// The places of the two lanes.
const UP: usize = 0;
const DOWN: usize = 1;

/// The relay of one device. It ends when dropped.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    hub: SocketAddr,
    is_cut: AtomicBool,
    /// The road is cut when so many bytes have been given to it.
    cut_at: AtomicU64,
    // A std mutex: held to append, never over an await.
    heard: Mutex<Option<Vec<u8>>>,
    started: Instant,
    // Std mutexes: held to ask for one packet. To the hub, to the device.
    lanes: [Mutex<Porter>; 2],
    on_way: mpsc::Sender<Parcel>,
}

/// A packet that arrives later.
struct Parcel {
    arrival: Instant,
    packet: Vec<u8>,
    to: To,
}

/// Where a packet goes.
#[derive(Clone)]
enum To {
    /// To the hub, by the socket that stands for one port of the device.
    Hub(Arc<UdpSocket>),
    /// To this port of the device, by the relay's own socket.
    Device(Arc<UdpSocket>, SocketAddr),
}

impl To {
    /// Gives the packet away; nobody being there is no error of the road.
    async fn send(&self, packet: &[u8]) {
        let _ = match self {
            To::Hub(socket) => socket.send(packet).await,
            To::Device(socket, device) => socket.send_to(packet, device).await,
        };
    }
}

impl Relay {
    /// Opens a perfect road on this machine's `port` (0 for any free one) to `hub`; its tasks run on `runtime`.
    pub fn open(runtime: &Handle, port: u16, hub: SocketAddr) -> anyhow::Result<Self> {
        Self::open_bad(runtime, port, hub, Road::default())
    }

    /// Opens a road as bad as `road` says.
    pub fn open_bad(runtime: &Handle, port: u16, hub: SocketAddr, road: Road) -> anyhow::Result<Self> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let socket = runtime
            .block_on(UdpSocket::bind(wanted))
            .with_context(|| format!("UDP {wanted} is taken by another program, or cannot be used"))?;
        let address = socket.local_addr().context("Asking for the relay's address")?;
        let (on_way, parcels) = mpsc::channel(ON_WAY_MAX);
        let shared = Arc::new(Shared {
            hub,
            is_cut: AtomicBool::new(false),
            cut_at: AtomicU64::new(u64::MAX),
            heard: Mutex::new(None),
            started: Instant::now(),
            lanes: road.porters().map(Mutex::new),
            on_way,
        });
        runtime.spawn(deliver(parcels));
        let task = runtime.spawn(forward(Arc::new(socket), shared.clone()));
        Ok(Self { address, shared, task })
    }

    /// Where the device finds its hub.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts the road or mends it.
    pub fn cut(&self, is_cut: bool) {
        self.shared.cut_at.store(u64::MAX, Ordering::SeqCst);
        self.shared.is_cut.store(is_cut, Ordering::SeqCst);
    }

    /// Cuts the road once so many more bytes were given to it, up and down.
    pub fn cut_after(&self, bytes: u64) {
        self.shared.cut_at.store(self.carried() + bytes, Ordering::SeqCst);
    }

    /// How many bytes were given to the road, up and down.
    pub fn carried(&self) -> u64 {
        self.shared.carried()
    }

    /// Whether the road is cut.
    pub fn is_cut(&self) -> bool {
        self.shared.is_cut.load(Ordering::SeqCst)
    }

    /// Writes down every byte that passes from now on.
    pub fn listen_in(&self) {
        *self.shared.heard() = Some(Vec::new());
    }

    /// What passed since [`Self::listen_in`].
    pub fn heard(&self) -> Vec<u8> {
        self.shared.heard().clone().unwrap_or_default()
    }

    /// What was given to the road, up and down. What came while it was cut does not count.
    pub fn loads(&self) -> [Load; 2] {
        [UP, DOWN].map(|lane| self.shared.lane(lane).load())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn heard(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self, lane: usize) -> MutexGuard<'_, Porter> {
        self.lanes[lane].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a packet may pass; notes it if somebody listens in.
    fn lets_pass(&self, packet: &[u8]) -> bool {
        if self.is_cut.load(Ordering::SeqCst) {
            return false;
        }
        if let Some(heard) = self.heard().as_mut() {
            heard.extend_from_slice(packet);
        }
        true
    }

    fn carried(&self) -> u64 {
        [UP, DOWN].map(|lane| self.lane(lane).load().bytes).iter().sum()
    }

    /// Sends a packet on its way, at once where the road has no delay.
    async fn carry(&self, lane: usize, packet: &[u8], to: &To) {
        let now = self.started.elapsed();
        let arrivals = self.lane(lane).carry(packet.len(), now);
        if self.carried() >= self.cut_at.load(Ordering::SeqCst) {
            self.is_cut.store(true, Ordering::SeqCst);
        }
        for arrival in arrivals {
            if arrival <= now {
                to.send(packet).await;
            } else {
                let parcel = Parcel { arrival: self.started + arrival, packet: packet.to_vec(), to: to.clone() };
                // A road with so much on it loses the rest.
                let _ = self.on_way.try_send(parcel);
            }
        }
    }
}

struct Way {
    up: To,
    back: AbortHandle,
}

impl Drop for Way {
    fn drop(&mut self) {
        self.back.abort();
    }
}

/// From the device to the hub. The hub not being there is no error of the road.
async fn forward(down: Arc<UdpSocket>, shared: Arc<Shared>) {
    let mut ways: BTreeMap<SocketAddr, Way> = BTreeMap::new();
    let mut packet = vec![0; DATAGRAM_LEN_MAX];
    loop {
        let Ok((len, device)) = down.recv_from(&mut packet).await else { continue };
        if !shared.lets_pass(&packet[..len]) {
            continue;
        }
        ways.retain(|_, way| !way.back.is_finished());
        if !ways.contains_key(&device) {
            if ways.len() >= WAYS_MAX {
                continue;
            }
            let Ok(up) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await else { continue };
            if up.connect(shared.hub).await.is_err() {
                continue;
            }
            let up = Arc::new(up);
            let to_device = To::Device(down.clone(), device);
            let back = tokio::spawn(back(up.clone(), to_device, shared.clone())).abort_handle();
            ways.insert(device, Way { up: To::Hub(up), back });
        }
        if let Some(way) = ways.get(&device) {
            shared.carry(UP, &packet[..len], &way.up).await;
        }
    }
}

/// From the hub back to the device, until it has been quiet for long.
async fn back(up: Arc<UdpSocket>, device: To, shared: Arc<Shared>) {
    let mut packet = vec![0; DATAGRAM_LEN_MAX];
    while let Ok(received) = tokio::time::timeout(QUIET_MAX, up.recv(&mut packet)).await {
        let Ok(len) = received else { continue };
        if shared.lets_pass(&packet[..len]) {
            shared.carry(DOWN, &packet[..len], &device).await;
        }
    }
}

/// Gives each parcel away when it arrives, in the order of arrival, until the relay is gone and nothing is on its way.
async fn deliver(mut parcels: mpsc::Receiver<Parcel>) {
    let mut on_way: BTreeMap<(Instant, u64), Parcel> = BTreeMap::new();
    let mut number = 0;
    let mut is_open = true;
    while is_open || !on_way.is_empty() {
        let next = on_way.first_key_value().map(|((arrival, _), _)| *arrival);
        tokio::select! {
            parcel = parcels.recv(), if is_open => match parcel {
                Some(parcel) => {
                    number += 1;
                    on_way.insert((parcel.arrival, number), parcel);
                }
                None => is_open = false,
            },
            () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                if let Some((_, parcel)) = on_way.pop_first() {
                    parcel.to.send(&parcel.packet).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_road_drops_everything_and_a_mended_one_carries_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let hub = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let device = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let relay = Relay::open(runtime.handle(), 0, hub.local_addr().unwrap()).unwrap();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        hub.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        device.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        relay.listen_in();

        relay.cut(true);
        device.send_to(b"lost", relay.address()).unwrap();
        // The relay takes packets in order, so once the second is through the first has been dropped; but it must have
        // been taken while the road was cut.
        std::thread::sleep(Duration::from_millis(100));
        relay.cut(false);
        device.send_to(b"carried", relay.address()).unwrap();
        let mut packet = [0; 64];
        let (len, from) = hub.recv_from(&mut packet).unwrap();
        assert_eq!(&packet[..len], b"carried");
        hub.send_to(b"answered", from).unwrap();
        let (len, _) = device.recv_from(&mut packet).unwrap();
        assert_eq!(&packet[..len], b"answered");
        assert_eq!(relay.heard(), b"carriedanswered");
    }

    #[test]
    fn a_bad_road_delays_loses_and_doubles_as_its_seed_says() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let hub = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let device = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        hub.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let delay = Duration::from_millis(30);
        let lane = Lane { delay, lost_permille: 200, twice_permille: 100, ..Lane::default() };
        let mut journeys = Vec::new();
        for seed in [6, 6, 7] {
            let road = Road::even(lane, seed);
            let relay = Relay::open_bad(runtime.handle(), 0, hub.local_addr().unwrap(), road).unwrap();
            let started = Instant::now();
            for number in 0..100u8 {
                device.send_to(&[number], relay.address()).unwrap();
            }
            let (mut arrived, mut packet) = (Vec::new(), [0; 8]);
            while hub.recv_from(&mut packet).is_ok() {
                assert!(started.elapsed() >= delay, "nothing comes before its time");
                arrived.push(packet[0]);
            }
            let [up, down] = relay.loads();
            assert_eq!((up.packets, up.bytes, down), (100, 100, Load::default()));
            // One that is doubled may lose one of the two.
            assert_eq!(arrived.len() as u64, 100 + up.twice - up.lost);
            assert!(arrived.is_sorted(), "without jitter nothing overtakes");
            journeys.push(arrived);
        }
        assert_eq!(journeys[0], journeys[1]);
        assert_ne!(journeys[0], journeys[2]);
    }
}
