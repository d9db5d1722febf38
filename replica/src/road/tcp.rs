//! TLS over TCP, where UDP is blocked or half-blocked: the same certificates, the same register, the same limits.
//!
//! The streams of a connection are [`mux`]'s. One that changes its address is broken, and its meeting goes on in the next.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::{
    CALL, IDLE, KEEP_ALIVE, RoadError, STREAMS_MAX, Traffic,
    mux::{self, End},
    tls::HUB_NAME,
};

/// What this road is called where people see it.
pub const NAME: &str = "tcp";
/// So much that is not on the road yet waits in the kernel; the rest waits where what has more weight can pass it.
const UNSENT_MAX: u32 = 32 * 1024;
const BACKLOG: u32 = 256;
/// Streams of a caller without a certificate: it asks to be enrolled, and that is said on one.
const STREAMS_OF_STRANGER_MAX: usize = 1;

/// A connection over TLS and TCP.
#[derive(Clone)]
pub struct Connection {
    streams: mux::Connection,
    peer: Arc<Peer>,
}

/// What is known of the other end and of the road to it.
struct Peer {
    address: SocketAddr,
    certificate: Option<Vec<u8>>,
    protocol: Option<Vec<u8>>,
    secrets: Vec<(&'static [u8], [u8; 32])>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
}

/// Secrets that both ends may want, taken before the bytes of the connection are given away.
const LABELS: [&[u8]; 1] = [crate::enrol::SECRET_LABEL];

impl std::ops::Deref for Connection {
    type Target = mux::Connection;

    fn deref(&self) -> &mux::Connection {
        &self.streams
    }
}

/// Opens the end that is called.
pub fn listen(address: SocketAddr) -> Result<TcpListener, RoadError> {
    let opened = || {
        let socket = if address.is_ipv4() { tokio::net::TcpSocket::new_v4() } else { tokio::net::TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    opened().map_err(|error| RoadError::Socket(address, error))
}

/// Calls `hub` (HOST:PORT), which is at `address`.
pub async fn call(hub: &str, address: SocketAddr, config: Arc<rustls::ClientConfig>) -> Result<Connection, RoadError> {
    let called = async {
        let socket = TcpStream::connect(address).await.map_err(|_| RoadError::NoAnswer(hub.to_owned()))?;
        let name = ServerName::try_from(HUB_NAME).map_err(|error| RoadError::Broken(error.to_string()))?;
        let (counted, counts) = Counted::over(socket);
        let stream = TlsConnector::from(config).connect(name, counted).await.map_err(|error| {
            // Rustls says so of a certificate that it does not accept, and of a hub that sends this device away.
            if error.kind() == io::ErrorKind::InvalidData {
                RoadError::Refused(hub.to_owned(), error.to_string())
            } else {
                RoadError::NoAnswer(hub.to_owned())
            }
        })?;
        Connection::over(stream.into(), address, counts, End::Caller)
    };
    tokio::time::timeout(CALL, called).await.unwrap_or_else(|_| Err(RoadError::NoAnswer(hub.to_owned())))
}

/// Answers a caller.
pub async fn answer(socket: TcpStream, config: Arc<rustls::ServerConfig>) -> Result<Connection, RoadError> {
    let answered = async {
        let address = socket.peer_addr().map_err(|error| RoadError::Broken(error.to_string()))?;
        let (counted, counts) = Counted::over(socket);
        let stream = TlsAcceptor::from(config).accept(counted).await;
        let stream = stream.map_err(|error| RoadError::Broken(error.to_string()))?;
        Connection::over(stream.into(), address, counts, End::Answerer)
    };
    let slow = || RoadError::Broken("the handshake took too long".into());
    tokio::time::timeout(CALL, answered).await.unwrap_or_else(|_| Err(slow()))
}

impl Connection {
    fn over(stream: TlsStream<Counted>, address: SocketAddr, counts: Arc<Counts>, end: End) -> Result<Self, RoadError> {
        let (_, tls) = stream.get_ref();
        let certificate = tls.peer_certificates().and_then(|chain| Some(chain.first()?.to_vec()));
        let protocol = tls.alpn_protocol().map(<[u8]>::to_vec);
        let secrets = LABELS.into_iter().map(|label| {
            let exported = match &stream {
                TlsStream::Client(stream) => stream.get_ref().1.export_keying_material([0; 32], label, Some(b"")),
                TlsStream::Server(stream) => stream.get_ref().1.export_keying_material([0; 32], label, Some(b"")),
            };
            exported.map(|secret| (label, secret)).map_err(|error| RoadError::Broken(error.to_string()))
        });
        let secrets = secrets.collect::<Result<_, _>>()?;
        let streams_max = if certificate.is_some() { STREAMS_MAX as usize } else { STREAMS_OF_STRANGER_MAX };
        let peer = Arc::new(Peer { address, certificate, protocol, secrets, counts });
        Ok(Self { streams: mux::Connection::with_streams(stream, end, streams_max), peer })
    }

    /// The certificate of whoever is on the other end, whose key TLS proved.
    pub fn peer_certificate(&self) -> Option<Vec<u8>> {
        self.peer.certificate.clone()
    }

    /// What was agreed to be spoken.
    pub fn protocol(&self) -> Option<Vec<u8>> {
        self.peer.protocol.clone()
    }

    /// A secret that only the two ends have; of the labels that are known when it is opened.
    pub fn secret(&self, label: &[u8]) -> Result<[u8; 32], RoadError> {
        let found = self.peer.secrets.iter().find(|(known, _)| *known == label);
        found.map(|(_, secret)| *secret).ok_or_else(|| RoadError::Broken("no secret could be exported".into()))
    }

    /// Where the other end is.
    pub fn remote_address(&self) -> SocketAddr {
        self.peer.address
    }

    /// What went over it so far.
    pub fn traffic(&self) -> Traffic {
        let [sent, received] = [&self.peer.counts.sent, &self.peer.counts.received].map(|n| n.load(Ordering::Relaxed));
        Traffic { sent, received, heard: self.streams.heard(), ..Traffic::default() }
    }
}

/// A socket that counts what goes over it.
struct Counted {
    socket: TcpStream,
    counts: Arc<Counts>,
}

impl Counted {
    fn over(socket: TcpStream) -> (Self, Arc<Counts>) {
        // A kernel that does not know these is a little slower to notice, and nothing else.
        let _ = socket.set_nodelay(true);
        let options = socket2::SockRef::from(&socket);
        let _ = options.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(KEEP_ALIVE));
        let _ = options.set_tcp_user_timeout(Some(IDLE));
        let _ = options.set_tcp_notsent_lowat(UNSENT_MAX);
        let counts = Arc::<Counts>::default();
        (Self { socket, counts: counts.clone() }, counts)
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, into);
        self.counts.received.fetch_add((into.filled().len() - before) as u64, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        if let Poll::Ready(Ok(len)) = written {
            self.counts.sent.fetch_add(len as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
