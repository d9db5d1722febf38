//! QUIC: small windows, few streams, no tickets, addresses validated before anything is remembered of them.
//!
//! A connection whose device changes its address, from Wi-Fi to mobile or behind a gateway that forgot, goes on.

use std::{net::SocketAddr, ops::Deref, sync::Arc};

use quinn::{
    ClientConfig, ConnectionError, Endpoint, EndpointConfig, IdleTimeout, ServerConfig, TransportConfig,
    TransportErrorCode,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};

use super::{CALL, Closed, IDLE, KEEP_ALIVE, RoadError, SOCKET_BUFFER, STREAMS_MAX, Traffic, tls::HUB_NAME};

/// What this road is called where people see it.
pub const NAME: &str = "quic";
const STREAM_WINDOW: u32 = 1024 * 1024;
/// So much that was said may wait for the other side's word that it came.
const SEND_WINDOW: u64 = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// A connection over QUIC, with the socket it was called from.
#[derive(Clone)]
pub struct Connection {
    connection: quinn::Connection,
    endpoint: Option<Endpoint>,
}

impl Deref for Connection {
    type Target = quinn::Connection;

    fn deref(&self) -> &quinn::Connection {
        &self.connection
    }
}

fn transport(keep_alive: bool) -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport
        .max_idle_timeout(IdleTimeout::try_from(IDLE).ok())
        .keep_alive_interval(keep_alive.then_some(KEEP_ALIVE))
        .max_concurrent_bidi_streams(STREAMS_MAX.into())
        .max_concurrent_uni_streams(STREAMS_MAX.into())
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(None)
        // Probing for larger packets costs up to 4 kB a session, much on a road of 64 kbit/s.
        .mtu_discovery_config(None);
    Arc::new(transport)
}

/// Opens the hub's end.
pub fn listen(address: SocketAddr, config: rustls::ServerConfig) -> Result<Endpoint, RoadError> {
    let crypto = QuicServerConfig::try_from(config).map_err(|error| RoadError::Broken(error.to_string()))?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(transport(false));
    open(address, Some(config))
}

fn open(address: SocketAddr, config: Option<ServerConfig>) -> Result<Endpoint, RoadError> {
    let opened = || {
        let socket = std::net::UdpSocket::bind(address)?;
        let buffers = socket2::SockRef::from(&socket);
        // A kernel that gives less is slower and nothing else: a burst on a fast road is partly thrown away and sent twice.
        let _ = buffers.set_recv_buffer_size(SOCKET_BUFFER);
        let _ = buffers.set_send_buffer_size(SOCKET_BUFFER);
        Endpoint::new(EndpointConfig::default(), config, socket, Arc::new(quinn::TokioRuntime))
    };
    opened().map_err(|error| RoadError::Socket(address, error))
}

/// Calls `hub` (HOST:PORT), which is at `address`.
pub async fn call(hub: &str, address: SocketAddr, config: rustls::ClientConfig) -> Result<Connection, RoadError> {
    let any = if address.is_ipv4() { SocketAddr::from(([0, 0, 0, 0], 0)) } else { SocketAddr::from(([0u16; 8], 0)) };
    let endpoint = open(any, None)?;
    let crypto = QuicClientConfig::try_from(config).map_err(|error| RoadError::Broken(error.to_string()))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport(true));
    let connecting =
        endpoint.connect_with(config, address, HUB_NAME).map_err(|error| RoadError::Broken(error.to_string()))?;
    match tokio::time::timeout(CALL, connecting).await {
        Ok(Ok(connection)) => Ok(Connection { connection, endpoint: Some(endpoint) }),
        Ok(Err(ConnectionError::TimedOut)) | Err(_) => Err(RoadError::NoAnswer(hub.to_owned())),
        // There is no place for one more caller, whoever it is; TCP has places of its own.
        Ok(Err(ConnectionError::ConnectionClosed(why))) if why.error_code == TransportErrorCode::CONNECTION_REFUSED => {
            Err(RoadError::NoAnswer(hub.to_owned()))
        }
        Ok(Err(error)) => Err(RoadError::Refused(hub.to_owned(), error.to_string())),
    }
}

/// Why a connection ended.
pub(super) fn closed(why: &ConnectionError) -> Closed {
    let (code, is_refusal) = match why {
        ConnectionError::ApplicationClosed(close) => {
            let code = u32::try_from(close.error_code.into_inner()).unwrap_or(super::CLOSE_DONE);
            (code, code == super::CLOSE_STRANGER)
        }
        // A certificate that is not accepted ends the handshake, which this side may have thought finished.
        ConnectionError::ConnectionClosed(_) => (super::CLOSE_DONE, true),
        ConnectionError::VersionMismatch
        | ConnectionError::TransportError(_)
        | ConnectionError::Reset
        | ConnectionError::TimedOut
        | ConnectionError::LocallyClosed
        | ConnectionError::CidsExhausted => (super::CLOSE_DONE, false),
    };
    let is_ours = *why == ConnectionError::LocallyClosed;
    Closed { code, why: why.to_string(), is_ours, is_refusal }
}

impl From<quinn::Connection> for Connection {
    fn from(connection: quinn::Connection) -> Self {
        Self { connection, endpoint: None }
    }
}

impl Connection {
    /// The certificate of whoever is on the other end, whose key TLS proved.
    pub fn peer_certificate(&self) -> Option<Vec<u8>> {
        let chain = self.peer_identity()?.downcast::<Vec<rustls::pki_types::CertificateDer<'static>>>().ok()?;
        Some(chain.first()?.to_vec())
    }

    /// What was agreed to be spoken.
    pub fn protocol(&self) -> Option<Vec<u8>> {
        self.handshake_data()?.downcast::<quinn::crypto::rustls::HandshakeData>().ok()?.protocol
    }

    /// A secret that only the two ends have.
    pub fn secret(&self, label: &[u8]) -> Result<[u8; 32], RoadError> {
        let mut secret = [0; 32];
        let exported = self.export_keying_material(&mut secret, label, b"");
        exported.map(|()| secret).map_err(|_| RoadError::Broken("no secret could be exported".into()))
    }

    /// What went over it so far.
    pub fn traffic(&self) -> Traffic {
        let stats = self.stats();
        Traffic {
            sent: stats.udp_tx.bytes,
            received: stats.udp_rx.bytes,
            packets: stats.path.sent_packets,
            lost: stats.path.lost_packets,
            heard: stats.udp_rx.datagrams,
            rtt: self.rtt(),
        }
    }

    /// Waits until the other side heard that it was closed.
    pub async fn wait_idle(&self) {
        if let Some(endpoint) = &self.endpoint {
            endpoint.wait_idle().await;
        }
    }
}
