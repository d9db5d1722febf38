//! QUIC: small windows, few streams, no tickets, addresses validated before anything is remembered of them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig, IdleTimeout, RecvStream, SendStream,
    ServerConfig, TransportConfig, VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use sync_core::message::{MESSAGE_LEN_MAX, Message};

use super::tls::{HUB_NAME, TlsError};

/// What this road is called where people see it.
pub const NAME: &str = "quic";
/// Nothing heard for so long: the road is gone.
const IDLE: Duration = Duration::from_secs(20);
/// How often a device that stays in touch says so.
const KEEP_ALIVE: Duration = Duration::from_secs(7);
/// A call that is not answered for so long has failed.
const CALL: Duration = Duration::from_secs(8);
const STREAM_WINDOW: u32 = 1024 * 1024;
/// So much that was said may wait for the other side's word that it came.
const SEND_WINDOW: u64 = 2 * 1024 * 1024;
/// What the kernel holds for a socket that is not read at once, as far as it allows: less than a window, and a burst on a
/// fast road is partly thrown away and sent twice.
const SOCKET_BUFFER: usize = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
const STREAMS_MAX: u32 = 8;
/// Closed because all is said.
pub const CLOSE_DONE: VarInt = VarInt::from_u32(0);
/// Closed because the certificate opens nothing but its renewal.
pub const CLOSE_EXPIRED: VarInt = VarInt::from_u32(2);
/// Closed because this device may not be here.
pub const CLOSE_STRANGER: VarInt = VarInt::from_u32(1);

/// Why a road failed.
#[derive(Debug, thiserror::Error)]
pub enum RoadError {
    /// The address names nobody.
    #[error("{0} is not an address that can be found")]
    Address(String),
    /// This machine gives no socket there.
    #[error("{0} cannot be used on this machine")]
    Socket(SocketAddr, #[source] std::io::Error),
    /// Nobody answers.
    #[error("nobody answers at {0}")]
    NoAnswer(String),
    /// Somebody answers who is not the hub of this county, or who does not know this device.
    #[error("{0} refused this device, or is not its hub: {1}")]
    Refused(String, String),
    /// The road broke in the middle.
    #[error("the road broke: {0}")]
    Broken(String),
    /// The card was enrolled in another machine: nothing is said under its name.
    #[error("this card was enrolled in another machine; enrol it anew")]
    Elsewhere,
    /// The other side sent what no message is.
    #[error("the other side sent what no message is")]
    Malformed,
    /// Keys or certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
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

/// Opens a device's end, from which it calls.
pub fn caller(hub: SocketAddr) -> Result<Endpoint, RoadError> {
    let any = if hub.is_ipv4() { SocketAddr::from(([0, 0, 0, 0], 0)) } else { SocketAddr::from(([0u16; 8], 0)) };
    open(any, None)
}

fn open(address: SocketAddr, config: Option<ServerConfig>) -> Result<Endpoint, RoadError> {
    let opened = || {
        let socket = std::net::UdpSocket::bind(address)?;
        let buffers = socket2::SockRef::from(&socket);
        // A kernel that gives less is slower and nothing else.
        let _ = buffers.set_recv_buffer_size(SOCKET_BUFFER);
        let _ = buffers.set_send_buffer_size(SOCKET_BUFFER);
        Endpoint::new(EndpointConfig::default(), config, socket, Arc::new(quinn::TokioRuntime))
    };
    opened().map_err(|error| RoadError::Socket(address, error))
}

/// Calls `hub` (HOST:PORT).
pub async fn call(
    endpoint: &Endpoint,
    hub: &str,
    address: SocketAddr,
    config: rustls::ClientConfig,
) -> Result<Connection, RoadError> {
    let crypto = QuicClientConfig::try_from(config).map_err(|error| RoadError::Broken(error.to_string()))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport(true));
    let connecting =
        endpoint.connect_with(config, address, HUB_NAME).map_err(|error| RoadError::Broken(error.to_string()))?;
    match tokio::time::timeout(CALL, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(ConnectionError::TimedOut)) | Err(_) => Err(RoadError::NoAnswer(hub.to_owned())),
        Ok(Err(error)) => Err(RoadError::Refused(hub.to_owned(), error.to_string())),
    }
}

/// Finds the address of HOST:PORT.
pub async fn resolve(hub: &str) -> Result<SocketAddr, RoadError> {
    let mut found = tokio::net::lookup_host(hub).await.map_err(|_| RoadError::Address(hub.to_owned()))?;
    found.next().ok_or_else(|| RoadError::Address(hub.to_owned()))
}

/// Whether a connection ended because the other side does not let this one in.
pub fn is_refusal(why: &ConnectionError) -> bool {
    match why {
        ConnectionError::ApplicationClosed(close) => close.error_code == CLOSE_STRANGER,
        // A certificate that is not accepted ends the handshake, which this side may have thought finished.
        ConnectionError::ConnectionClosed(_) => true,
        ConnectionError::VersionMismatch
        | ConnectionError::TransportError(_)
        | ConnectionError::Reset
        | ConnectionError::TimedOut
        | ConnectionError::LocallyClosed
        | ConnectionError::CidsExhausted => false,
    }
}

/// The certificate of whoever is on the other end, whose key TLS proved.
pub fn peer_certificate(connection: &Connection) -> Option<Vec<u8>> {
    let chain = connection.peer_identity()?.downcast::<Vec<rustls::pki_types::CertificateDer<'static>>>().ok()?;
    Some(chain.first()?.to_vec())
}

/// Whether a connection ended because the certificate opens nothing but its renewal.
pub fn is_expired(why: &ConnectionError) -> bool {
    matches!(why, ConnectionError::ApplicationClosed(close) if close.error_code == CLOSE_EXPIRED)
}

/// What was agreed to be spoken.
pub fn protocol(connection: &Connection) -> Option<Vec<u8>> {
    connection.handshake_data()?.downcast::<quinn::crypto::rustls::HandshakeData>().ok()?.protocol
}

/// The number of a message as it was heard.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The number.
    pub value: u64,
    /// How many bytes it took.
    len: usize,
}

/// Says one message; returns how many bytes it took.
pub async fn send(stream: &mut SendStream, message: &Message) -> Result<usize, RoadError> {
    send_bytes(stream, message.encode()).await
}

/// Says what is encoded already; returns how many bytes it took.
pub async fn send_bytes(stream: &mut SendStream, bytes: Vec<u8>) -> Result<usize, RoadError> {
    let len = bytes.len();
    stream.write_chunk(bytes.into()).await.map_err(|error| RoadError::Broken(error.to_string()))?;
    Ok(len)
}

/// Hears one message and how many bytes it took; `None` when the other side has nothing more to say.
pub async fn receive(stream: &mut RecvStream) -> Result<Option<(Message, usize)>, RoadError> {
    match number(stream).await? {
        Some(number) => receive_rest(stream, number).await.map(Some),
        None => Ok(None),
    }
}

/// Hears the rest of a message whose number was heard, and how many bytes it took in all.
pub async fn receive_rest(stream: &mut RecvStream, number: Number) -> Result<(Message, usize), RoadError> {
    let (body, len) = fields(stream, number, MESSAGE_LEN_MAX).await?;
    Ok((Message::decode(number.value, &body).map_err(|_| RoadError::Malformed)?, len))
}

/// Hears the fields, of at most `len_max` bytes, of a message whose number was heard, and how many bytes it took in all.
pub async fn fields(stream: &mut RecvStream, number: Number, len_max: usize) -> Result<(Vec<u8>, usize), RoadError> {
    let (len, len_len) = varint(stream).await?.ok_or(RoadError::Malformed)?;
    let len = usize::try_from(len).ok().filter(|len| *len <= len_max).ok_or(RoadError::Malformed)?;
    let mut body = vec![0; len];
    stream.read_exact(&mut body).await.map_err(|error| RoadError::Broken(error.to_string()))?;
    Ok((body, number.len + len_len + len))
}

/// Hears the number of a message, of whatever kind; `None` when the other side has nothing more to say.
pub async fn number(stream: &mut RecvStream) -> Result<Option<Number>, RoadError> {
    Ok(varint(stream).await?.map(|(value, len)| Number { value, len }))
}

/// A number and how many bytes it took.
async fn varint(stream: &mut RecvStream) -> Result<Option<(u64, usize)>, RoadError> {
    let mut value = 0u64;
    for (shift, len) in (0..63).step_by(7).zip(1..) {
        let mut byte = [0];
        match stream.read_exact(&mut byte).await {
            Ok(()) => {}
            Err(quinn::ReadExactError::FinishedEarly(0)) if shift == 0 => return Ok(None),
            Err(error) => return Err(RoadError::Broken(error.to_string())),
        }
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(Some((value, len)));
        }
    }
    Err(RoadError::Malformed)
}
