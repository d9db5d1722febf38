//! The same bad road for TCP. What would be lost is late instead, for that is what an application sees of it; nothing is
//! doubled, and whoever sends faster than the road is wide is held back.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Handle,
    sync::mpsc,
    task::JoinHandle,
    time::Instant,
};

use super::lane::{Lane, Load, Porter, Road};

/// What a segment holds on a road of 1,500 bytes.
const SEGMENT_LEN: usize = 1_448;
/// What is taken at once from a perfect road, where segments do not matter.
const PIECE_LEN: usize = 64 * 1024;
/// Segments on their way at one time; a road that holds more holds the sender back.
const ON_WAY_MAX: usize = 16 * 1024;

/// The relay of a TCP service. Dropped, it takes no more calls; those that are open go on to their end.
pub struct TcpRelay {
    address: SocketAddr,
    lanes: [Arc<Mutex<Porter>>; 2],
    task: JoinHandle<()>,
}

impl TcpRelay {
    /// Opens a relay on any free port of this machine to `hub`; its tasks run on `runtime`.
    pub fn open(runtime: &Handle, hub: SocketAddr, road: Road) -> anyhow::Result<Self> {
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).context("Binding the relay")?;
        let address = listener.local_addr().context("Asking for the relay's address")?;
        let lanes = road.porters().map(|porter| Arc::new(Mutex::new(porter)));
        let task = runtime.spawn(accept(listener, hub, road, lanes.clone()));
        Ok(Self { address, lanes, task })
    }

    /// Where the service seems to be.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was given to the road, up and down.
    pub fn loads(&self) -> [Load; 2] {
        [&self.lanes[0], &self.lanes[1]].map(|lane| lane.lock().unwrap_or_else(PoisonError::into_inner).load())
    }
}

impl Drop for TcpRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, hub: SocketAddr, road: Road, [up, down]: [Arc<Mutex<Porter>>; 2]) {
    let started = Instant::now();
    loop {
        let Ok((device, _)) = listener.accept().await else { continue };
        // A hub that is not there: the device sees its connection end.
        let Ok(hub) = TcpStream::connect(hub).await else { continue };
        let _ = (device.set_nodelay(true), hub.set_nodelay(true));
        let (from_device, to_device) = device.into_split();
        let (from_hub, to_hub) = hub.into_split();
        tokio::spawn(carry(from_device, to_hub, road.up, up.clone(), started));
        tokio::spawn(carry(from_hub, to_device, road.down, down.clone(), started));
    }
}

/// One direction of one connection, until either end has had enough.
async fn carry(
    mut from: OwnedReadHalf,
    to: OwnedWriteHalf,
    lane: Lane,
    porter: Arc<Mutex<Porter>>,
    started: Instant,
) -> io::Result<()> {
    let (sender, receiver) = mpsc::channel(ON_WAY_MAX);
    let writer = tokio::spawn(deliver(to, receiver));
    let mut segment = vec![0; if lane == Lane::default() { PIECE_LEN } else { SEGMENT_LEN }];
    loop {
        let len = from.read(&mut segment).await?;
        if len == 0 {
            break;
        }
        let (arrival, held_back) = {
            let mut porter = porter.lock().unwrap_or_else(PoisonError::into_inner);
            let now = started.elapsed();
            (porter.carry_in_order(len, now), porter.held_back(now))
        };
        if sender.send((started + arrival, segment[..len].to_vec())).await.is_err() {
            break;
        }
        if held_back > Duration::ZERO {
            tokio::time::sleep(held_back).await;
        }
    }
    drop(sender);
    writer.await?
}

async fn deliver(mut to: OwnedWriteHalf, mut segments: mpsc::Receiver<(Instant, Vec<u8>)>) -> io::Result<()> {
    while let Some((arrival, segment)) = segments.recv().await {
        tokio::time::sleep_until(arrival).await;
        to.write_all(&segment).await?;
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn a_stream_comes_whole_in_order_and_no_faster_than_the_road() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let hub = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let delay = Duration::from_millis(20);
        let lane = Lane { delay, lost_permille: 20, bytes_per_s: Some(1_000_000), ..Lane::default() };
        let relay = TcpRelay::open(runtime.handle(), hub.local_addr().unwrap(), Road::even(lane, 4)).unwrap();
        let sent: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        let expected = sent.clone();
        let started = Instant::now();
        let device = std::thread::spawn({
            let address = relay.address();
            move || {
                let mut device = std::net::TcpStream::connect(address).unwrap();
                device.write_all(&sent).unwrap();
                device.shutdown(std::net::Shutdown::Write).unwrap();
                let mut answer = String::new();
                device.read_to_string(&mut answer).unwrap();
                answer
            }
        });
        let (mut hub, _) = hub.accept().unwrap();
        let mut heard = Vec::new();
        hub.read_to_end(&mut heard).unwrap();
        assert!(heard == expected, "every byte came in its place");
        hub.write_all(b"heard").unwrap();
        drop(hub);
        assert_eq!(device.join().unwrap(), "heard");
        assert!(started.elapsed() >= Duration::from_millis(200) + delay * 2, "{:?}", started.elapsed());
        let [up, down] = relay.loads();
        assert_eq!((up.bytes, down.bytes), (200_000, 5));
        assert!(up.lost > 0);
    }
}
