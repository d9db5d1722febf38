//! A road that can be cut: a UDP relay between one device and the hub.
//!
//! The device enrols with the relay's address as its hub's, so what it sends goes this way for good. A cut road drops
//! every packet in both directions and says nothing, as a pulled cable does.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    net::UdpSocket,
    runtime::Handle,
    task::{AbortHandle, JoinHandle},
};

/// Larger than any datagram of IPv4.
const DATAGRAM_LEN_MAX: usize = 65_536;
/// A way back on which nothing came for so long is given up; a device draws a new port for every call.
const QUIET_MAX: Duration = Duration::from_secs(120);
/// Ways back at one time; beyond it the relay drops what comes from further ports.
const WAYS_MAX: usize = 256;

/// The relay of one device. It ends when dropped.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    hub: SocketAddr,
    is_cut: AtomicBool,
    // A std mutex: held to append, never over an await.
    heard: Mutex<Option<Vec<u8>>>,
}

impl Relay {
    /// Opens a relay on this machine's `port` (0 for any free one) to `hub`; its tasks run on `runtime`.
    pub fn open(runtime: &Handle, port: u16, hub: SocketAddr) -> anyhow::Result<Self> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let socket = runtime
            .block_on(UdpSocket::bind(wanted))
            .with_context(|| format!("UDP {wanted} is taken by another program, or cannot be used"))?;
        let address = socket.local_addr().context("Asking for the relay's address")?;
        let shared = Arc::new(Shared { hub, is_cut: AtomicBool::new(false), heard: Mutex::new(None) });
        let task = runtime.spawn(forward(Arc::new(socket), shared.clone()));
        Ok(Self { address, shared, task })
    }

    /// Where the device finds its hub.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts the road or mends it.
    pub fn cut(&self, is_cut: bool) {
        self.shared.is_cut.store(is_cut, Ordering::SeqCst);
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
}

struct Way {
    up: Arc<UdpSocket>,
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
            let back = tokio::spawn(back(up.clone(), down.clone(), device, shared.clone())).abort_handle();
            ways.insert(device, Way { up, back });
        }
        if let Some(way) = ways.get(&device) {
            let _ = way.up.send(&packet[..len]).await;
        }
    }
}

/// From the hub back to the device, until it has been quiet for long.
async fn back(up: Arc<UdpSocket>, down: Arc<UdpSocket>, device: SocketAddr, shared: Arc<Shared>) {
    let mut packet = vec![0; DATAGRAM_LEN_MAX];
    while let Ok(received) = tokio::time::timeout(QUIET_MAX, up.recv(&mut packet)).await {
        let Ok(len) = received else { continue };
        if shared.lets_pass(&packet[..len]) {
            let _ = down.send_to(&packet[..len], device).await;
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
}
