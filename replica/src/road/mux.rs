//! Streams over one byte stream: what QUIC does by itself, for TLS over TCP.
//!
//! ```text
//! frame    1 byte kind; 4 bytes stream, 4 bytes length, both little-endian; that many bytes
//! DATA 0   bytes of a stream, at most FRAME_LEN_MAX
//! FIN 1    the speaker says no more on this stream
//! STOP 2   the speaker hears no more on this stream
//! ROOM 3   4 bytes: so many more bytes of this stream may be sent
//! NUDGE 4  there is news
//! PING 5, PONG 6
//! CLOSE 7  4 bytes code, then the reason: the connection is over
//! OPEN 8   a stream begins
//! ```
//!
//! Only the caller opens streams, numbered from 1, and each number once. Of each stream [`WINDOW`] bytes may be on their way that the other side
//! has not taken from it, so that one that is not read holds no other up; whoever sends more, or opens more than
//! [`STREAMS_MAX`], ends the connection. A frame of an unknown kind is passed over.
//!
//! Memory is bounded by the windows of the streams, whatever frames the other side cuts its bytes into: what came is kept as bytes,
//! in a buffer that doubles as it grows. What the other side causes to be said is bounded too, however little of it it hears:
//! PONG and NUDGE wait once, and beyond [`SMALL_MAX`] other small frames, or where a stream cannot be ended, it ends.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, Read as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{Notify, Semaphore, mpsc, watch},
    task::AbortHandle,
    time::{Instant, timeout_at},
};

use super::{Closed, IDLE, KEEP_ALIVE, STREAMS_MAX};

/// Bytes of one stream that may be on their way.
const WINDOW: usize = 1024 * 1024;
/// The receiver says that there is room again when it has taken so much.
const ROOM_STEP: usize = WINDOW / 4;
/// Longest frame: so much of a stream of less weight may stand before a frame of more.
const FRAME_LEN_MAX: usize = 16 * 1024;
/// Frames that wait for the road, of each of the two weights; beyond that their streams wait.
const QUEUE_MAX: usize = 4;
/// OPEN, STOP and ROOM that wait for the road. A window is told in four frames, so whoever keeps to the windows causes about
/// forty at most; beyond this the other side does not hear, and the connection ends.
const SMALL_MAX: usize = 64;
const HEADER_LEN: usize = 9;
const REASON_LEN_MAX: usize = 256;

const DATA: u8 = 0;
const FIN: u8 = 1;
const STOP: u8 = 2;
const ROOM: u8 = 3;
const NUDGE: u8 = 4;
const PING: u8 = 5;
const PONG: u8 = 6;
const CLOSE: u8 = 7;
const OPEN: u8 = 8;

/// Which end of a connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The one that called: it opens streams and says that it is there.
    Caller,
    /// The one that was called.
    Answerer,
}

struct Frame {
    kind: u8,
    stream: u32,
    body: Vec<u8>,
}

/// A connection; it ends when the last handle is dropped.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    link: Arc<Link>,
    tasks: [AbortHandle; 2],
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.link.close(Closed::here(0, ""));
        // The writer ends by itself once it has said so.
        self.tasks[0].abort();
    }
}

/// What the handles, the reader and the writer share.
struct Link {
    // Std mutex: held to look up, add or remove, never over an await.
    streams: Mutex<BTreeMap<u32, Slot>>,
    next: AtomicU32,
    heavy: mpsc::Sender<Frame>,
    light: mpsc::Sender<Frame>,
    /// Frames that never wait.
    small: mpsc::Sender<Frame>,
    /// A PONG and a NUDGE, each with one place: one that waits already stands for all.
    pong: mpsc::Sender<Frame>,
    nudge: mpsc::Sender<Frame>,
    incoming: tokio::sync::Mutex<mpsc::UnboundedReceiver<(SendStream, RecvStream)>>,
    nudged: Notify,
    closed: watch::Sender<Option<Closed>>,
    heard: AtomicU64,
}

/// One stream as the reader knows it.
struct Slot {
    inbox: Arc<Inbox>,
    /// Bytes that may still come before the receiver has said that there is room.
    room: Arc<AtomicU64>,
    /// Bytes that may still be sent.
    credit: Arc<Semaphore>,
    /// Ends of it that are still in use here, and one more while its FIN waits for a place in the queue.
    ends: u8,
}

/// What came on a stream and was not taken from it yet.
#[derive(Default)]
struct Inbox {
    // Std mutex: held to put in or to take out, never over an await.
    came: Mutex<Came>,
    more: Notify,
}

#[derive(Default)]
struct Came {
    bytes: VecDeque<u8>,
    /// Why no more comes.
    over: Option<Over>,
}

#[derive(Clone, Copy)]
enum Over {
    /// The other side has said all.
    Said,
    /// The connection is over.
    Broken,
    /// Nobody reads it any more.
    Unread,
}

/// The end of a stream that speaks.
pub struct SendStream {
    stream: u32,
    link: Arc<Link>,
    credit: Arc<Semaphore>,
    is_light: bool,
    is_finished: bool,
}

/// The end of a stream that hears.
pub struct RecvStream {
    stream: u32,
    link: Arc<Link>,
    inbox: Arc<Inbox>,
    room: Arc<AtomicU64>,
    taken: usize,
    is_over: bool,
}

impl Connection {
    /// Speaks over `io` until either side has had enough.
    pub fn over(io: impl AsyncRead + AsyncWrite + Send + 'static, end: End) -> Self {
        Self::with_streams(io, end, STREAMS_MAX as usize)
    }

    /// The same, and the other side has so many streams at one time.
    pub fn with_streams(io: impl AsyncRead + AsyncWrite + Send + 'static, end: End, streams_max: usize) -> Self {
        let (reader, writer) = tokio::io::split(io);
        let ((heavy, heavies), (light, lights)) = (mpsc::channel(QUEUE_MAX), mpsc::channel(QUEUE_MAX));
        let ((small, smalls), (pong, pongs), (nudge, nudges)) =
            (mpsc::channel(SMALL_MAX), mpsc::channel(1), mpsc::channel(1));
        let (accepted, incoming) = mpsc::unbounded_channel();
        let link = Arc::new(Link {
            streams: Mutex::default(),
            next: AtomicU32::new(1),
            heavy,
            light,
            small,
            pong,
            nudge,
            incoming: tokio::sync::Mutex::new(incoming),
            nudged: Notify::new(),
            closed: watch::channel(None).0,
            heard: AtomicU64::new(0),
        });
        let opened = Opened { most: if end == End::Answerer { streams_max } else { 0 }, accepted };
        let reading = tokio::spawn(read(reader, link.clone(), opened)).abort_handle();
        let queues = Queues { small: smalls, pong: pongs, nudge: nudges, heavy: heavies, light: lights };
        let writing = tokio::spawn(write(writer, link.clone(), end, queues)).abort_handle();
        Self(Arc::new(Inner { link, tasks: [reading, writing] }))
    }

    /// Opens a stream.
    pub fn open(&self) -> Result<(SendStream, RecvStream), Closed> {
        if let Some(why) = self.close_reason() {
            return Err(why);
        }
        let link = &self.0.link;
        let stream = link.next.fetch_add(1, Ordering::Relaxed);
        let ends = link.clone().stream(stream);
        link.send_small(OPEN, stream, Vec::new());
        Ok(ends)
    }

    /// The next stream that the other side opens.
    pub async fn accept(&self) -> Result<(SendStream, RecvStream), Closed> {
        let mut incoming = self.0.link.incoming.lock().await;
        tokio::select! {
            stream = incoming.recv() => match stream {
                Some(stream) => Ok(stream),
                None => Err(self.closed().await),
            },
            why = self.closed() => Err(why),
        }
    }

    /// Tells the other side that there is news.
    pub fn nudge(&self) {
        Link::send_once(&self.0.link.nudge, NUDGE);
    }

    /// Waits for the other side to say so.
    pub async fn nudged(&self) -> Result<(), Closed> {
        tokio::select! {
            () = self.0.link.nudged.notified() => Ok(()),
            why = self.closed() => Err(why),
        }
    }

    /// Ends it, and says why.
    pub fn close(&self, code: u32, why: &str) {
        self.0.link.close(Closed::here(code, why));
    }

    /// Waits for its end.
    pub async fn closed(&self) -> Closed {
        let mut closed = self.0.link.closed.subscribe();
        let found = closed.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        found.unwrap_or_else(|| Closed::here(0, ""))
    }

    /// Why it ended, if it did.
    pub fn close_reason(&self) -> Option<Closed> {
        self.0.link.closed.borrow().clone()
    }

    /// How many frames were heard: it grows while the road carries.
    pub fn heard(&self) -> u64 {
        self.0.link.heard.load(Ordering::Relaxed)
    }

    /// Tells connections apart while this process runs.
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Waits until the last word was handed to the road.
    pub async fn wait_flushed(&self) {
        self.0.link.heavy.closed().await;
    }
}

impl Link {
    fn streams(&self) -> MutexGuard<'_, BTreeMap<u32, Slot>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(self: Arc<Self>, stream: u32) -> (SendStream, RecvStream) {
        let (room, credit) = (Arc::new(AtomicU64::new(WINDOW as u64)), Arc::new(Semaphore::new(WINDOW)));
        let inbox = Arc::<Inbox>::default();
        let slot = Slot { inbox: inbox.clone(), room: room.clone(), credit: credit.clone(), ends: 2 };
        let mut streams = self.streams();
        // Whoever closes the connection does so before it looks for streams.
        if self.closed.borrow().is_some() {
            slot.break_off();
        }
        streams.insert(stream, slot);
        drop(streams);
        let send = SendStream { stream, link: self.clone(), credit, is_light: false, is_finished: false };
        (send, RecvStream { stream, link: self, inbox, room, taken: 0, is_over: false })
    }

    fn send_small(&self, kind: u8, stream: u32, body: Vec<u8>) {
        match self.small.try_send(Frame { kind, stream, body }) {
            // A writer that is gone has nobody to say it to.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.close(Closed::here(0, "too much waits to be heard")),
        }
    }

    /// Says what need not be said twice.
    fn send_once(place: &mpsc::Sender<Frame>, kind: u8) {
        let _ = place.try_send(Frame { kind, stream: 0, body: Vec::new() });
    }

    /// The first reason stands.
    fn close(&self, why: Closed) {
        let is_first = self.closed.send_if_modified(|closed| {
            let is_first = closed.is_none();
            closed.get_or_insert(why);
            is_first
        });
        if is_first {
            self.streams().values().for_each(Slot::break_off);
        }
    }

    /// One end more, until it is let go.
    fn hold(&self, stream: u32) {
        if let Some(slot) = self.streams().get_mut(&stream) {
            slot.ends += 1;
        }
    }

    fn let_go(&self, stream: u32) {
        let mut streams = self.streams();
        if let Some(slot) = streams.get_mut(&stream) {
            slot.ends -= 1;
            if slot.ends == 0 {
                streams.remove(&stream);
            }
        }
    }

    fn why(&self) -> io::Error {
        let why = self.closed.borrow().clone();
        io::Error::other(why.map_or_else(|| "the other side hears no more".to_owned(), |why| why.to_string()))
    }
}

impl SendStream {
    /// Says all of `bytes`; waits while the other side has no room.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        for chunk in bytes.chunks(FRAME_LEN_MAX) {
            let credit = self.credit.acquire_many(chunk.len() as u32).await.map_err(|_| self.link.why())?;
            credit.forget();
            let queue = if self.is_light { &self.link.light } else { &self.link.heavy };
            let frame = Frame { kind: DATA, stream: self.stream, body: chunk.to_vec() };
            queue.send(frame).await.map_err(|_| self.link.why())?;
        }
        Ok(())
    }

    /// Has less weight than other streams from now on.
    pub fn set_light(&mut self) {
        self.is_light = true;
    }

    /// Says that all is said; what was said before is on its way.
    pub fn finish(&mut self) {
        if !std::mem::replace(&mut self.is_finished, true) {
            // Behind the last byte, so by the same queue; the task waits for a place in it.
            let (link, stream, is_light) = (self.link.clone(), self.stream, self.is_light);
            let queue = if is_light { link.light.clone() } else { link.heavy.clone() };
            let frame = Frame { kind: FIN, stream, body: Vec::new() };
            if let Err(mpsc::error::TrySendError::Full(frame)) = queue.try_send(frame)
                && let Ok(runtime) = tokio::runtime::Handle::try_current()
            {
                // Until then the stream is not over, so that only so many of them wait.
                link.hold(stream);
                runtime.spawn(async move {
                    let _ = queue.send(frame).await;
                    link.let_go(stream);
                });
            }
        }
    }
}

impl Drop for SendStream {
    fn drop(&mut self) {
        if self.link.closed.borrow().is_none() {
            self.finish();
        }
        self.link.let_go(self.stream);
    }
}

impl RecvStream {
    /// Fills `bytes`; tells how many were there if the other side said no more before it was full.
    pub async fn read_exact(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < bytes.len() {
            let len = match self.inbox.take(&mut bytes[filled..]) {
                (0, None) => {
                    self.inbox.more.notified().await;
                    continue;
                }
                // This is the end that the other side set; without it the road broke.
                (0, Some(Over::Said)) => {
                    self.is_over = true;
                    return Ok(filled);
                }
                (0, Some(Over::Broken | Over::Unread)) => return Err(self.link.why()),
                (len, _) => len,
            };
            filled += len;
            self.taken += len;
            if self.taken >= ROOM_STEP {
                let taken = std::mem::take(&mut self.taken) as u32;
                self.room.fetch_add(u64::from(taken), Ordering::Relaxed);
                self.link.send_small(ROOM, self.stream, taken.to_le_bytes().to_vec());
            }
        }
        Ok(filled)
    }
}

impl Drop for RecvStream {
    fn drop(&mut self) {
        self.inbox.forget();
        if !self.is_over {
            self.link.send_small(STOP, self.stream, Vec::new());
        }
        self.link.let_go(self.stream);
    }
}

impl Inbox {
    fn came(&self) -> MutexGuard<'_, Came> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What nobody reads any more is thrown away, and so is what comes behind the end.
    fn put(&self, bytes: &[u8]) {
        let mut came = self.came();
        if came.over.is_none() {
            came.bytes.extend(bytes);
            self.more.notify_one();
        }
    }

    /// No more comes; the first reason stands.
    fn end(&self, over: Over) {
        self.came().over.get_or_insert(over);
        self.more.notify_one();
    }

    /// Nobody reads it any more.
    fn forget(&self) {
        *self.came() = Came { bytes: VecDeque::new(), over: Some(Over::Unread) };
    }

    /// Takes what is there, and tells whether more may come.
    fn take(&self, into: &mut [u8]) -> (usize, Option<Over>) {
        let mut came = self.came();
        // Reading from memory does not fail.
        let len = came.bytes.read(into).unwrap_or(0);
        if came.bytes.is_empty() {
            came.bytes.shrink_to(FRAME_LEN_MAX);
        }
        (len, came.over)
    }
}

/// Streams that the other side opens.
struct Opened {
    /// At one time.
    most: usize,
    accepted: mpsc::UnboundedSender<(SendStream, RecvStream)>,
}

/// Hears frames until the road or the other side ends.
async fn read(mut io: impl AsyncRead + Unpin, link: Arc<Link>, opened: Opened) {
    loop {
        let deadline = Instant::now() + IDLE;
        let frame = match timeout_at(deadline, read_frame(&mut io)).await {
            Ok(Ok(frame)) => frame,
            Ok(Err(error)) => return link.close(Closed::broken(&error)),
            Err(_) => return link.close(Closed::broken(&io::ErrorKind::TimedOut.into())),
        };
        link.heard.fetch_add(1, Ordering::Relaxed);
        if frame.kind == CLOSE {
            let (code, why) = frame.body.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
            return link.close(Closed::there(u32::from_le_bytes(*code), &String::from_utf8_lossy(why)));
        }
        match frame.kind {
            OPEN if opened.most > 0 => {
                let is_new = !link.streams().contains_key(&frame.stream);
                if !is_new || link.streams().len() >= opened.most {
                    return link.close(Closed::here(0, "too many streams"));
                }
                // Nobody accepts any more: the connection is ending.
                let _ = opened.accepted.send(link.clone().stream(frame.stream));
            }
            NUDGE => link.nudged.notify_one(),
            PING => Link::send_once(&link.pong, PONG),
            DATA | FIN | STOP | ROOM => {
                let streams = link.streams();
                if let Some(slot) = streams.get(&frame.stream)
                    && let Err(why) = slot.hear(&frame)
                {
                    drop(streams);
                    return link.close(Closed::here(0, why));
                }
            }
            _ => {}
        }
    }
}

impl Slot {
    /// The connection is over.
    fn break_off(&self) {
        self.inbox.end(Over::Broken);
        self.credit.close();
    }

    fn hear(&self, frame: &Frame) -> Result<(), &'static str> {
        match frame.kind {
            DATA if frame.body.is_empty() => return Err("an empty frame"),
            DATA => {
                let len = frame.body.len() as u64;
                let took = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(len));
                took.map_err(|_| "more than there is room for")?;
                self.inbox.put(&frame.body);
            }
            FIN => self.inbox.end(Over::Said),
            STOP => self.credit.close(),
            ROOM => {
                let more = frame.body.as_slice().try_into().map(u32::from_le_bytes).unwrap_or(0) as usize;
                if more > WINDOW || self.credit.available_permits() + more > WINDOW {
                    return Err("more room than a window");
                }
                self.credit.add_permits(more);
            }
            _ => {}
        }
        Ok(())
    }
}

async fn read_frame(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let mut header = [0; HEADER_LEN];
    io.read_exact(&mut header).await?;
    let [kind, a, b, c, d, e, f, g, h] = header;
    let (stream, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]) as usize);
    if len > FRAME_LEN_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let mut body = vec![0; len];
    io.read_exact(&mut body).await?;
    Ok(Frame { kind, stream, body })
}

struct Queues {
    small: mpsc::Receiver<Frame>,
    pong: mpsc::Receiver<Frame>,
    nudge: mpsc::Receiver<Frame>,
    heavy: mpsc::Receiver<Frame>,
    light: mpsc::Receiver<Frame>,
}

impl Queues {
    /// The next frame: what is small first, then what has weight.
    async fn next(&mut self) -> Option<Frame> {
        tokio::select! {
            biased;
            frame = self.small.recv() => frame,
            frame = self.pong.recv() => frame,
            frame = self.nudge.recv() => frame,
            frame = self.heavy.recv() => frame,
            frame = self.light.recv() => frame,
        }
    }
}

/// Says frames until the connection is over, and then why.
async fn write(mut io: impl AsyncWrite + Unpin, link: Arc<Link>, end: End, mut queues: Queues) {
    let mut closed = link.closed.subscribe();
    let mut ping = tokio::time::interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    let why = loop {
        let frame = tokio::select! {
            biased;
            why = closed.wait_for(Option::is_some) => break why.ok().and_then(|why| why.clone()),
            frame = queues.next() => match frame {
                Some(frame) => frame,
                None => break None,
            },
            _ = ping.tick(), if end == End::Caller => Frame { kind: PING, stream: 0, body: Vec::new() },
        };
        let said = async {
            write_frame(&mut io, &frame).await?;
            io.flush().await
        };
        match tokio::time::timeout(IDLE, said).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => link.close(Closed::broken(&error)),
            Err(_) => link.close(Closed::broken(&io::ErrorKind::TimedOut.into())),
        }
    };
    let farewell = async {
        if let Some(why) = why.filter(|why| why.is_ours) {
            // What was said before it goes out first.
            while let Ok(frame) = queues.heavy.try_recv() {
                write_frame(&mut io, &frame).await?;
            }
            let words = &why.why.as_bytes()[..why.why.floor_char_boundary(REASON_LEN_MAX)];
            let body = [&why.code.to_le_bytes(), words].concat();
            write_frame(&mut io, &Frame { kind: CLOSE, stream: 0, body }).await?;
        }
        io.flush().await?;
        io.shutdown().await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), farewell).await;
}

async fn write_frame(io: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    let len = u32::try_from(frame.body.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut bytes = Vec::with_capacity(HEADER_LEN + frame.body.len());
    bytes.push(frame.kind);
    bytes.extend_from_slice(&frame.stream.to_le_bytes());
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(&frame.body);
    io.write_all(&bytes).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Connection, Connection) {
        let (here, there) = tokio::io::duplex(8 * 1024);
        (Connection::over(here, End::Caller), Connection::over(there, End::Answerer))
    }

    #[tokio::test]
    async fn what_is_said_on_a_stream_comes_whole_and_ends_where_it_was_ended() {
        let (device, hub) = pair();
        let (mut send, mut receive) = device.open().unwrap();
        let said: Vec<u8> = (0..3 * WINDOW).map(|n| (n % 251) as u8).collect();
        let expected = said.clone();
        let saying = tokio::spawn(async move {
            send.write_all(&said).await.unwrap();
            send.finish();
            let mut answer = [0; 6];
            assert_eq!(receive.read_exact(&mut answer).await.unwrap(), 5);
            answer
        });
        let (mut answer, mut hear) = hub.accept().await.unwrap();
        let mut heard = vec![0; expected.len()];
        assert_eq!(hear.read_exact(&mut heard).await.unwrap(), expected.len());
        assert!(heard == expected);
        assert_eq!(hear.read_exact(&mut [0]).await.unwrap(), 0, "nothing stands behind the end");
        answer.write_all(b"heard").await.unwrap();
        drop(answer);
        assert_eq!(&saying.await.unwrap()[..5], b"heard");
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_holds_no_other_up() {
        let (device, hub) = pair();
        let (mut stuck, _keep) = device.open().unwrap();
        stuck.write_all(&vec![1; WINDOW]).await.unwrap();
        let full = tokio::time::timeout(Duration::from_millis(50), stuck.write_all(&[1])).await;
        assert!(full.is_err(), "a window is all that is sent ahead");
        let _unread = hub.accept().await.unwrap();
        let (mut send, _receive) = device.open().unwrap();
        send.write_all(b"by").await.unwrap();
        let (_, mut hear) = hub.accept().await.unwrap();
        let mut heard = [0; 2];
        hear.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"by");
    }

    #[tokio::test]
    async fn whoever_stops_hearing_frees_whoever_speaks() {
        let (device, hub) = pair();
        let (mut send, _receive) = device.open().unwrap();
        send.write_all(&[1]).await.unwrap();
        drop(hub.accept().await.unwrap());
        let said = tokio::time::timeout(Duration::from_secs(5), send.write_all(&vec![0; 2 * WINDOW])).await;
        assert!(said.unwrap().is_err());
    }

    #[tokio::test]
    async fn the_other_side_hears_why_a_connection_was_closed_and_open_streams_break() {
        let (device, hub) = pair();
        let (mut send, mut receive) = device.open().unwrap();
        send.write_all(&[1]).await.unwrap();
        hub.close(1, "this hub does not know you");
        let why = device.closed().await;
        assert_eq!((why.code, why.is_ours, why.why.as_str()), (1, false, "this hub does not know you"));
        assert!(receive.read_exact(&mut [0]).await.is_err());
        assert!(device.open().is_err());
    }

    #[tokio::test]
    async fn news_is_told_and_waits_for_whoever_listens_later() {
        let (device, hub) = pair();
        hub.nudge();
        tokio::time::timeout(Duration::from_secs(5), device.nudged()).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn more_than_there_is_room_for_ends_the_connection() {
        let (mut here, there) = tokio::io::duplex(64 * 1024);
        let hub = Connection::over(there, End::Answerer);
        let flood = tokio::spawn(async move {
            write_frame(&mut here, &Frame { kind: OPEN, stream: 1, body: Vec::new() }).await.unwrap();
            let frame = Frame { kind: DATA, stream: 1, body: vec![7; FRAME_LEN_MAX] };
            while write_frame(&mut here, &frame).await.is_ok() {}
        });
        let why = tokio::time::timeout(Duration::from_secs(5), hub.closed()).await.unwrap();
        assert_eq!(why.why, "more than there is room for");
        drop(hub);
        flood.await.unwrap();
    }

    /// Says frames to a connection that answers, without hearing anything; then hears what waits.
    async fn say_and_only_then_hear(said: &[Frame]) -> (Connection, Vec<u8>) {
        let (mut here, there) = tokio::io::duplex(64);
        let hub = Connection::over(there, End::Answerer);
        let accepting = hub.clone();
        let shown_out = tokio::spawn(async move { while accepting.accept().await.is_ok() {} });
        for frame in said {
            tokio::select! {
                written = write_frame(&mut here, frame) => written.unwrap(),
                _ = hub.closed() => break,
            }
        }
        let mut heard = Vec::new();
        while let Ok(Ok(frame)) = tokio::time::timeout(Duration::from_millis(100), read_frame(&mut here)).await {
            heard.push(frame.kind);
        }
        shown_out.abort();
        (hub, heard)
    }

    #[tokio::test]
    async fn whoever_asks_without_end_whether_one_is_there_and_hears_nothing_is_owed_one_answer() {
        let pings: Vec<_> = (0..10_000).map(|_| Frame { kind: PING, stream: 0, body: Vec::new() }).collect();
        let (_hub, heard) = say_and_only_then_hear(&pings).await;
        // What went out before the road was full, the one on its way, and one that waited.
        assert!(heard.iter().all(|kind| *kind == PONG) && (1..=10).contains(&heard.len()), "{}", heard.len());
    }

    #[tokio::test]
    async fn whoever_opens_streams_and_hears_nothing_of_their_end_is_sent_away_before_much_waits() {
        let opened: Vec<_> = (1..10_000).map(|stream| Frame { kind: OPEN, stream, body: Vec::new() }).collect();
        let (hub, heard) = say_and_only_then_hear(&opened).await;
        assert_eq!(hub.close_reason().unwrap().why, "too many streams");
        assert!(heard.len() <= SMALL_MAX, "{}", heard.len());
    }

    #[tokio::test]
    async fn whoever_does_not_hear_that_there_is_room_is_sent_away_before_much_waits() {
        let (mut here, there) = tokio::io::duplex(64);
        let hub = Connection::over(there, End::Answerer);
        write_frame(&mut here, &Frame { kind: OPEN, stream: 1, body: Vec::new() }).await.unwrap();
        let (_send, mut receive) = hub.accept().await.unwrap();
        let reading = tokio::spawn(async move { while receive.read_exact(&mut [0; FRAME_LEN_MAX]).await.is_ok() {} });
        let frame = Frame { kind: DATA, stream: 1, body: vec![7; FRAME_LEN_MAX] };
        // It takes the whole of it, and its words that it did go nowhere.
        let frames = 2 * SMALL_MAX * ROOM_STEP / FRAME_LEN_MAX;
        for _ in 0..frames {
            tokio::select! {
                written = write_frame(&mut here, &frame) => written.unwrap(),
                _ = hub.closed() => break,
            }
        }
        assert_eq!(hub.close_reason().unwrap().why, "too much waits to be heard");
        reading.await.unwrap();
    }

    #[tokio::test]
    async fn what_comes_in_single_bytes_takes_no_more_memory_than_what_comes_in_long_frames() {
        const SAID: usize = WINDOW / 16;
        let (mut here, there) = tokio::io::duplex(64 * 1024);
        let hub = Connection::over(there, End::Answerer);
        write_frame(&mut here, &Frame { kind: OPEN, stream: 1, body: Vec::new() }).await.unwrap();
        let (_send, mut receive) = hub.accept().await.unwrap();
        for _ in 0..SAID {
            write_frame(&mut here, &Frame { kind: DATA, stream: 1, body: vec![7] }).await.unwrap();
        }
        write_frame(&mut here, &Frame { kind: FIN, stream: 1, body: Vec::new() }).await.unwrap();
        write_frame(&mut here, &Frame { kind: PING, stream: 0, body: Vec::new() }).await.unwrap();
        assert_eq!(read_frame(&mut here).await.unwrap().kind, PONG, "all of it was heard");
        assert!(receive.inbox.came().bytes.capacity() <= 2 * SAID);
        let mut heard = vec![0; SAID + 1];
        assert_eq!(receive.read_exact(&mut heard).await.unwrap(), SAID);
        assert!(heard[..SAID].iter().all(|byte| *byte == 7));
        assert!(receive.inbox.came().bytes.capacity() <= FRAME_LEN_MAX, "what was taken is let go");
    }

    #[tokio::test]
    async fn what_came_before_the_road_broke_is_heard_and_then_that_it_broke() {
        let (device, hub) = pair();
        let (mut send, _receive) = device.open().unwrap();
        send.write_all(b"half").await.unwrap();
        let (_answer, mut hear) = hub.accept().await.unwrap();
        let mut heard = [0; 4];
        hear.read_exact(&mut heard[..1]).await.unwrap();
        hub.close(0, "");
        assert_eq!(hear.read_exact(&mut heard[1..]).await.unwrap(), 3);
        assert_eq!(&heard, b"half");
        assert!(hear.read_exact(&mut [0]).await.is_err());
    }

    #[tokio::test]
    async fn a_stranger_has_one_stream() {
        let (here, there) = tokio::io::duplex(64 * 1024);
        let (newcomer, hub) = (Connection::over(here, End::Caller), Connection::with_streams(there, End::Answerer, 1));
        let _asking = newcomer.open().unwrap();
        let _asked = hub.accept().await.unwrap();
        let _more = newcomer.open().unwrap();
        assert_eq!(newcomer.closed().await.why, "too many streams");
    }

    #[tokio::test]
    async fn a_frame_that_lies_or_a_kind_from_a_newer_program_is_met_with_reason() {
        let (mut here, there) = tokio::io::duplex(64 * 1024);
        let hub = Connection::over(there, End::Answerer);
        write_frame(&mut here, &Frame { kind: 77, stream: 9, body: vec![1, 2] }).await.unwrap();
        write_frame(&mut here, &Frame { kind: PING, stream: 0, body: Vec::new() }).await.unwrap();
        assert_eq!(read_frame(&mut here).await.unwrap().kind, PONG, "the newer kind was passed over");
        here.write_all(&[DATA, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]).await.unwrap();
        assert!(hub.closed().await.why.contains("too long"));
    }
}
