//! Roads on which somebody answers: how bytes get from one device to another and back, at once.
//!
//! [`quic`] and [`tcp`] carry the same messages with the same checks of who is there ([`tls`]); [`race`] finds out which of
//! them works where this device is ([`network`]). A [`Connection`] is either of them, so that nothing else has to know.

use std::{fmt, io, net::SocketAddr, time::Duration};

use civic_core::codec::{put_bytes, put_varint};
use sync_core::message::{MESSAGE_LEN_MAX, Message};

use tls::TlsError;

pub mod mux;
pub mod network;
pub mod quic;
pub mod race;
pub mod tcp;
pub mod threshold;
pub mod tls;

/// Nothing heard for so long: the road is gone.
const IDLE: Duration = Duration::from_secs(20);
/// How often a device that stays in touch says so.
const KEEP_ALIVE: Duration = Duration::from_secs(7);
/// A call that is not answered for so long has failed.
const CALL: Duration = Duration::from_secs(8);
/// What the kernel holds for a socket that is not read at once, as far as it allows.
const SOCKET_BUFFER: usize = 2 * 1024 * 1024;
/// Streams of one connection at one time.
const STREAMS_MAX: u32 = 8;
/// How long a connection that is closed may take to say so.
const FAREWELL: Duration = Duration::from_secs(1);

/// Closed because all is said.
pub const CLOSE_DONE: u32 = 0;
/// Closed because this device may not be here.
pub const CLOSE_STRANGER: u32 = 1;
/// Closed because the certificate opens nothing but its renewal.
pub const CLOSE_EXPIRED: u32 = 2;

/// Why a road failed.
#[derive(Debug, thiserror::Error)]
pub enum RoadError {
    /// The address names nobody.
    #[error("{0} is not an address that can be found")]
    Address(String),
    /// This machine gives no socket there.
    #[error("{0} cannot be used on this machine")]
    Socket(SocketAddr, #[source] io::Error),
    /// Nobody answers.
    #[error("nobody answers at {0}")]
    NoAnswer(String),
    /// Somebody answers who is not the hub of this county, or who does not know this device.
    #[error("{0} refused this device, or is not its hub: {1}")]
    Refused(String, String),
    /// The road broke in the middle.
    #[error("the road broke: {0}")]
    Broken(String),
    /// The road is open, and nothing comes over it any more.
    #[error("nothing comes over the road any more")]
    Stalled,
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

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// [`CLOSE_DONE`], [`CLOSE_STRANGER`] or [`CLOSE_EXPIRED`], if either side said so.
    pub code: u32,
    /// In words.
    pub why: String,
    /// Whether this side ended it.
    pub is_ours: bool,
    /// Whether the other side does not let this one in.
    pub is_refusal: bool,
}

impl Closed {
    fn here(code: u32, why: &str) -> Self {
        Self { code, why: why.to_owned(), is_ours: true, is_refusal: false }
    }

    fn there(code: u32, why: &str) -> Self {
        Self { code, why: why.to_owned(), is_ours: false, is_refusal: code == CLOSE_STRANGER }
    }

    /// A certificate that is not accepted ends a handshake that the other side may have thought finished.
    fn broken(error: &io::Error) -> Self {
        let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
        let is_refusal = matches!(tls, Some(rustls::Error::AlertReceived(_)));
        Self { code: CLOSE_DONE, why: error.to_string(), is_ours: false, is_refusal }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl From<Closed> for RoadError {
    fn from(why: Closed) -> Self {
        RoadError::Broken(why.to_string())
    }
}

/// What went over a connection so far, as the payload of its datagrams or of its TCP segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent.
    pub sent: u64,
    /// Bytes that came.
    pub received: u64,
    /// Packets sent, where the road counts them.
    pub packets: u64,
    /// Of these the ones that were lost.
    pub lost: u64,
    /// Grows whenever anything comes.
    pub heard: u64,
    /// How long an answer takes.
    pub rtt: Duration,
}

impl Traffic {
    /// What went over it since `before`.
    pub fn since(&self, before: &Traffic) -> Self {
        Self {
            sent: self.sent.saturating_sub(before.sent),
            received: self.received.saturating_sub(before.received),
            packets: self.packets.saturating_sub(before.packets),
            lost: self.lost.saturating_sub(before.lost),
            ..*self
        }
    }
}

/// An open road.
#[derive(Clone)]
pub enum Connection {
    /// Over QUIC.
    Quic(quic::Connection),
    /// Over TLS and TCP.
    Tcp(tcp::Connection),
}

/// The end of a stream that speaks. Dropped, it has said all.
pub enum SendStream {
    /// Over QUIC.
    Quic(quinn::SendStream),
    /// Over TLS and TCP.
    Tcp(mux::SendStream),
}

/// The end of a stream that hears.
pub enum RecvStream {
    /// Over QUIC.
    Quic(quinn::RecvStream),
    /// Over TLS and TCP.
    Tcp(mux::RecvStream),
}

impl Connection {
    /// What this road is called where people see it.
    pub const fn name(&self) -> &'static str {
        match self {
            Connection::Quic(_) => quic::NAME,
            Connection::Tcp(_) => tcp::NAME,
        }
    }

    /// Opens a stream.
    pub async fn open(&self) -> Result<(SendStream, RecvStream), Closed> {
        match self {
            Connection::Quic(quic) => {
                let (send, receive) = quic.open_bi().await.map_err(|why| quic::closed(&why))?;
                Ok((SendStream::Quic(send), RecvStream::Quic(receive)))
            }
            Connection::Tcp(tcp) => {
                let (send, receive) = tcp.open()?;
                Ok((SendStream::Tcp(send), RecvStream::Tcp(receive)))
            }
        }
    }

    /// The next stream that the other side opens.
    pub async fn accept(&self) -> Result<(SendStream, RecvStream), Closed> {
        match self {
            Connection::Quic(quic) => {
                let (send, receive) = quic.accept_bi().await.map_err(|why| quic::closed(&why))?;
                Ok((SendStream::Quic(send), RecvStream::Quic(receive)))
            }
            Connection::Tcp(tcp) => {
                let (send, receive) = tcp.accept().await?;
                Ok((SendStream::Tcp(send), RecvStream::Tcp(receive)))
            }
        }
    }

    /// Tells the other side that there is news; one that has not heard of the last yet waits.
    pub async fn nudge(&self) -> Result<(), Closed> {
        match self {
            Connection::Quic(quic) => {
                let mut stream = quic.open_uni().await.map_err(|why| quic::closed(&why))?;
                let _ = stream.write_all(b"!").await;
                let _ = stream.finish();
            }
            Connection::Tcp(tcp) => tcp.nudge(),
        }
        Ok(())
    }

    /// Waits for the other side to say so.
    pub async fn nudged(&self) -> Result<(), Closed> {
        match self {
            Connection::Quic(quic) => quic.accept_uni().await.map(drop).map_err(|why| quic::closed(&why)),
            Connection::Tcp(tcp) => tcp.nudged().await,
        }
    }

    /// Ends it, and says why.
    pub fn close(&self, code: u32, why: &str) {
        match self {
            Connection::Quic(quic) => quic.close(code.into(), why.as_bytes()),
            Connection::Tcp(tcp) => tcp.close(code, why),
        }
    }

    /// Ends it because all is said, and waits a moment for the other side to hear that.
    pub async fn finish(self) {
        self.close(CLOSE_DONE, "done");
        let heard = async {
            match &self {
                Connection::Quic(quic) => quic.wait_idle().await,
                Connection::Tcp(tcp) => tcp.wait_flushed().await,
            }
        };
        let _ = tokio::time::timeout(FAREWELL, heard).await;
    }

    /// Waits for its end.
    pub async fn closed(&self) -> Closed {
        match self {
            Connection::Quic(quic) => quic::closed(&quic.closed().await),
            Connection::Tcp(tcp) => tcp.closed().await,
        }
    }

    /// Why it ended, if it did.
    pub fn close_reason(&self) -> Option<Closed> {
        match self {
            Connection::Quic(quic) => quic.close_reason().map(|why| quic::closed(&why)),
            Connection::Tcp(tcp) => tcp.close_reason(),
        }
    }

    /// The certificate of whoever is on the other end, whose key TLS proved.
    pub fn peer_certificate(&self) -> Option<Vec<u8>> {
        match self {
            Connection::Quic(quic) => quic.peer_certificate(),
            Connection::Tcp(tcp) => tcp.peer_certificate(),
        }
    }

    /// The key in it.
    pub fn peer_key(&self) -> Option<[u8; 32]> {
        tls::key_in(&self.peer_certificate()?)
    }

    /// What was agreed to be spoken.
    pub fn protocol(&self) -> Option<Vec<u8>> {
        match self {
            Connection::Quic(quic) => quic.protocol(),
            Connection::Tcp(tcp) => tcp.protocol(),
        }
    }

    /// A secret that only the two ends have.
    pub fn secret(&self, label: &[u8]) -> Result<[u8; 32], RoadError> {
        match self {
            Connection::Quic(quic) => quic.secret(label),
            Connection::Tcp(tcp) => tcp.secret(label),
        }
    }

    /// Where the other end is at this moment.
    pub fn remote_address(&self) -> SocketAddr {
        match self {
            Connection::Quic(quic) => quic.remote_address(),
            Connection::Tcp(tcp) => tcp.remote_address(),
        }
    }

    /// Tells connections apart while this process runs.
    pub fn id(&self) -> (&'static str, usize) {
        match self {
            Connection::Quic(quic) => (quic::NAME, quic.stable_id()),
            Connection::Tcp(tcp) => (tcp::NAME, tcp.id()),
        }
    }

    /// What went over it so far.
    pub fn traffic(&self) -> Traffic {
        match self {
            Connection::Quic(quic) => quic.traffic(),
            Connection::Tcp(tcp) => tcp.traffic(),
        }
    }
}

impl SendStream {
    /// Says all of `bytes`.
    pub async fn write_all(&mut self, bytes: &[u8]) -> Result<(), RoadError> {
        match self {
            SendStream::Quic(stream) => stream.write_all(bytes).await.map_err(|error| broken(&error)),
            SendStream::Tcp(stream) => stream.write_all(bytes).await.map_err(|error| broken(&error)),
        }
    }

    /// Says what is encoded already; returns how many bytes it took.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) -> Result<usize, RoadError> {
        let len = bytes.len();
        match self {
            SendStream::Quic(stream) => stream.write_chunk(bytes.into()).await.map_err(|error| broken(&error))?,
            SendStream::Tcp(_) => self.write_all(&bytes).await?,
        }
        Ok(len)
    }

    /// Says one message; returns how many bytes it took.
    pub async fn send(&mut self, message: &Message) -> Result<usize, RoadError> {
        self.send_bytes(message.encode()).await
    }

    /// Has less weight than other streams from now on.
    pub fn set_light(&mut self) {
        match self {
            // A stream that is closed already says so when it is written to.
            SendStream::Quic(stream) => drop(stream.set_priority(-1)),
            SendStream::Tcp(stream) => stream.set_light(),
        }
    }

    /// Says that all is said.
    pub fn finish(&mut self) {
        match self {
            SendStream::Quic(stream) => drop(stream.finish()),
            SendStream::Tcp(stream) => stream.finish(),
        }
    }
}

/// The number of a message as it was heard.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The number.
    pub value: u64,
    /// How many bytes it took.
    len: usize,
}

impl RecvStream {
    /// Fills `bytes`; `false` if the other side has nothing more to say.
    async fn fill(&mut self, bytes: &mut [u8]) -> Result<bool, RoadError> {
        let filled = match self {
            RecvStream::Quic(stream) => match stream.read_exact(bytes).await {
                Ok(()) => bytes.len(),
                Err(quinn::ReadExactError::FinishedEarly(filled)) => filled,
                Err(error @ quinn::ReadExactError::ReadError(_)) => return Err(broken(&error)),
            },
            RecvStream::Tcp(stream) => stream.read_exact(bytes).await.map_err(|error| broken(&error))?,
        };
        match filled {
            0 if !bytes.is_empty() => Ok(false),
            filled if filled < bytes.len() => Err(RoadError::Broken("it ended in the middle of a message".into())),
            _ => Ok(true),
        }
    }

    /// Fills `bytes`, which must come.
    pub async fn read_exact(&mut self, bytes: &mut [u8]) -> Result<(), RoadError> {
        if self.fill(bytes).await? { Ok(()) } else { Err(RoadError::Broken("the other side said no more".into())) }
    }

    /// Hears one message and how many bytes it took; `None` when the other side has nothing more to say.
    pub async fn receive(&mut self) -> Result<Option<(Message, usize)>, RoadError> {
        match self.number().await? {
            Some(number) => self.receive_rest(number).await.map(Some),
            None => Ok(None),
        }
    }

    /// Hears the rest of a message whose number was heard, and how many bytes it took in all.
    pub async fn receive_rest(&mut self, number: Number) -> Result<(Message, usize), RoadError> {
        let (body, len) = self.fields(number, MESSAGE_LEN_MAX).await?;
        Ok((Message::decode(number.value, &body).map_err(|_| RoadError::Malformed)?, len))
    }

    /// Hears the fields, of at most `len_max` bytes, of a message whose number was heard, and how many bytes it took in all.
    pub async fn fields(&mut self, number: Number, len_max: usize) -> Result<(Vec<u8>, usize), RoadError> {
        let (len, len_len) = self.varint().await?.ok_or(RoadError::Malformed)?;
        let len = usize::try_from(len).ok().filter(|len| *len <= len_max).ok_or(RoadError::Malformed)?;
        let mut body = vec![0; len];
        self.read_exact(&mut body).await?;
        Ok((body, number.len + len_len + len))
    }

    /// Hears the number of a message, of whatever kind; `None` when the other side has nothing more to say.
    pub async fn number(&mut self) -> Result<Option<Number>, RoadError> {
        Ok(self.varint().await?.map(|(value, len)| Number { value, len }))
    }

    /// A number and how many bytes it took.
    async fn varint(&mut self) -> Result<Option<(u64, usize)>, RoadError> {
        let mut value = 0u64;
        for (shift, len) in (0..63).step_by(7).zip(1..) {
            let mut byte = [0];
            if shift == 0 {
                if !self.fill(&mut byte).await? {
                    return Ok(None);
                }
            } else {
                self.read_exact(&mut byte).await?;
            }
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                return Ok(Some((value, len)));
            }
        }
        Err(RoadError::Malformed)
    }
}

/// A message of this number with these fields, as [`RecvStream::number`] and [`RecvStream::fields`] hear it.
pub(crate) fn framed(number: u64, fields: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.len() + 8);
    put_varint(&mut out, number);
    put_bytes(&mut out, fields);
    out
}

fn broken(error: &dyn std::error::Error) -> RoadError {
    RoadError::Broken(error.to_string())
}

/// Finds the addresses of HOST:PORT, at least one.
pub async fn resolve(hub: &str) -> Result<Vec<SocketAddr>, RoadError> {
    let found = tokio::net::lookup_host(hub).await.map_err(|_| RoadError::Address(hub.to_owned()))?;
    let found: Vec<_> = found.collect();
    if found.is_empty() { Err(RoadError::Address(hub.to_owned())) } else { Ok(found) }
}
