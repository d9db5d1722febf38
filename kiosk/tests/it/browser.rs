//! The running kiosk, through its page: as a browser meets it, and as a test of the whole county can drive it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use civic_core::ticket::Ticket;
use embedded_graphics::primitives::Rectangle;
use hardware::{
    board::Board,
    desk::Desk,
    keypad::Key,
    screen::{Canvas, Display},
    watchdog::Watchdog,
};
use kiosk::{
    picture::pixels,
    run::{Kiosk, run},
    sample::sample_ticket,
    station::Station,
    teller::Teller,
    trouble::Reports,
    voice::Silent,
};
use ledger::query::Filter;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

use crate::{directory::Directory, looks::LARGE, support::Shared};

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<u64> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A client of eight lines, so that nothing is hidden.
async fn ask(address: SocketAddr, request: &str, body: &str) -> Answer {
    ask_as("localhost", address, request, body).await
}

/// The same, calling the kiosk by this name.
async fn ask_as(host: &str, address: SocketAddr, request: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let kind = "content-type: application/json";
    let length = body.len();
    let text = format!("{request} HTTP/1.0\r\nhost: {host}\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: bytes[end + 4..].to_vec() }
}

/// Finds a target by what it says, or by its name, and touches it.
async fn touch(address: SocketAddr, target: &str) {
    // The kiosk ignores a second tap at the same place for a moment, as it must with trembling hands.
    tokio::time::sleep(Duration::from_millis(310)).await;
    let view = ask(address, "GET /view", "").await.json();
    let targets = view["targets"].as_array().unwrap();
    let found = targets.iter().find(|found| found["text"] == target || found["name"] == target);
    let found = found.unwrap_or_else(|| panic!("no {target:?} in {view}"));
    let middle = |edge: &str, length: &str| found[edge].as_i64().unwrap() + found[length].as_i64().unwrap() / 2;
    let (x, y) = (middle("x", "width"), middle("y", "height"));
    for kind in ["down", "up"] {
        let answer = ask(address, "POST /touch", &format!(r#"{{"x":{x},"y":{y},"kind":"{kind}"}}"#)).await;
        assert_eq!(answer.status, 204);
    }
}

async fn words(address: SocketAddr) -> String {
    ask(address, "GET /view", "").await.json()["words"].to_string()
}

/// A kiosk that runs until it is told to stop.
struct Running {
    address: SocketAddr,
    desk: Desk,
    stop: Arc<Notify>,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    async fn start(station: Box<dyn Station>) -> Self {
        Self::start_with(station, Vec::new(), None).await
    }

    async fn start_with(
        station: Box<dyn Station>,
        displays: Vec<Box<dyn Display>>,
        watchdog: Option<Box<dyn Watchdog>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (desk, stop) = (Desk::default(), Arc::new(Notify::new()));
        let (silent, told) = Silent::new();
        let kiosk = Kiosk {
            station,
            news: Arc::default(),
            boards: vec![Box::new(desk.clone())],
            desk: desk.clone(),
            displays,
            panel: None,
            keyboards: Vec::new(),
            watchdog,
            backlight: None,
            voice: Box::new(silent),
            press: None,
            told,
            teller: Teller::new(Reports::default(), Arc::default()).0,
            size: LARGE,
            listener,
            routes: axum::Router::new(),
        };
        let stopped = stop.clone();
        let ended = tokio::spawn(run(kiosk, async move { stopped.notified().await }));
        Self { address, desk, stop, ended }
    }

    async fn stop(self) {
        self.stop.notify_one();
        self.ended.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn words_reach_the_real_ledger_through_the_page() {
    let directory = Directory::new("page");
    let (_held, ledger, records) = directory.open();
    let running = Running::start(Box::new(records)).await;
    for target in ["提意见", "道路交通", "写下来", "路灯坏了", "写好了", "不说这个", "不用留", "对，交上去"]
    {
        touch(running.address, target).await;
    }
    let line = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.remove(0);
    assert!(words(running.address).await.contains(&Ticket::parse(&line.ticket).unwrap().to_string()));
    running.stop().await;
}

#[tokio::test]
async fn a_villager_is_served_through_the_page() {
    let station = Shared::default();
    let running = Running::start(Box::new(station.clone())).await;
    let address = running.address;

    let page = ask(address, "GET /", "").await;
    assert!(page.status == 200 && String::from_utf8(page.body).unwrap().contains("/page.js"));
    let whole = ask(address, "GET /changes?since=0", "").await;
    assert!(whole.body.len() < 1024 * 1024, "{} bytes", whole.body.len());
    let (size, kept) = pixels(&ask(address, "GET /frame", "").await.body).unwrap();
    let repeated = |run: &[u8]| vec![[run[0], run[1], run[2]]; usize::from(run[3]) + 1];
    let unpacked: Vec<u8> = whole.body.chunks(4).flat_map(repeated).flatten().collect();
    assert!(size == LARGE && unpacked == kept, "the runs are the frame");
    let first = whole.header("x-frame").unwrap();
    assert_eq!(ask(address, "GET /lamp", "").await.json()["lamp"], "amber-blinking");

    // A waiting browser gets the next frame when there is one.
    let waiting = tokio::spawn(async move { ask(address, &format!("GET /changes?since={first}"), "").await });
    for target in ["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "写好了", "不说这个", "不用留", "对，交上去"]
    {
        touch(address, target).await;
    }
    assert!(waiting.await.unwrap().header("x-frame").unwrap() > first);
    assert!(words(address).await.contains(&sample_ticket(18_376).to_string()));
    assert_eq!(station.0.lock().unwrap().filed.len(), 1);
    assert_eq!(ask(address, "GET /lamp", "").await.json()["lamp"], "amber");

    assert_eq!(ask(address, "POST /button", "").await.status, 204);
    assert_eq!(ask(address, "GET /view", "").await.json()["screen"], "Home");
    let bad = ask(address, "POST /touch", r#"{"x":"left"}"#).await;
    assert!((400..500).contains(&bad.status), "{}", bad.status);

    // A page elsewhere that gave its own name this address reaches nothing.
    assert_eq!(ask_as("evil.example", address, "GET /view", "").await.status, 403);

    running.stop().await;
}

#[tokio::test]
async fn the_page_stands_in_for_the_scanner_and_the_sensor() {
    let running = Running::start(Box::new(Shared::default())).await;
    let number = sample_ticket(90_155).digits();
    let answer = ask(running.address, "POST /scan", &format!(r#"{{"number":"{number}"}}"#)).await;
    assert_eq!(answer.status, 204);
    let view = ask(running.address, "GET /view", "").await.json();
    assert_eq!((&view["screen"], &view["light"]), (&"Progress".into(), &100.into()));
    for motion in [r#"{"is_there":true}"#, r#"{"is_there":false}"#] {
        assert_eq!(ask(running.address, "POST /motion", motion).await.status, 204);
    }
    assert_eq!(ask(running.address, "POST /motion", "{}").await.status, 422);
    running.stop().await;
}

#[tokio::test]
async fn the_box_tells_of_a_key_and_is_never_asked() {
    let running = Running::start(Box::new(Shared::default())).await;
    let address = running.address;
    assert_eq!(Board::poll_at(&running.desk), None);
    let first = ask(address, "GET /changes?since=0", "").await.header("x-frame").unwrap();
    let waiting = tokio::spawn(async move { ask(address, &format!("GET /changes?since={first}"), "").await });
    running.desk.press_key(Key::Next);
    assert!(waiting.await.unwrap().header("x-frame").unwrap() > first);
    assert_eq!(ask(address, "GET /view", "").await.json()["focus"], "Say");
    running.stop().await;
}

/// A screen on a wire that can be pulled, and a watchdog that counts its meals.
#[derive(Clone, Default)]
struct Wired {
    is_pulled: Arc<AtomicBool>,
    meals: Arc<AtomicUsize>,
    is_stopped: Arc<AtomicBool>,
}

impl Display for Wired {
    fn show(&mut self, _frame: &Canvas, _changed: &[Rectangle]) -> io::Result<()> {
        if self.is_pulled.load(Ordering::SeqCst) { Err(io::Error::other("the wire was pulled")) } else { Ok(()) }
    }
}

impl Watchdog for Wired {
    fn feed(&mut self) -> io::Result<()> {
        self.meals.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn feed_every(&self) -> Duration {
        Duration::from_millis(5)
    }

    fn stop(&mut self) -> io::Result<()> {
        self.is_stopped.store(true, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn the_watchdog_is_fed_while_frames_can_be_pushed_and_stopped_only_by_an_orderly_end() {
    let wired = Wired::default();
    let meals = || wired.meals.load(Ordering::SeqCst);
    let (display, watchdog) = (Box::new(wired.clone()), Box::new(wired.clone()));
    let running = Running::start_with(Box::new(Shared::default()), vec![display], Some(watchdog)).await;
    while meals() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    wired.is_pulled.store(true, Ordering::SeqCst);
    // One meal may be on its way; then none comes any more, though the loop goes on and answers.
    touch(running.address, "查进度").await;
    let before = meals();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!((meals(), wired.is_stopped.load(Ordering::SeqCst)), (before, false));
    running.stop().await;
    assert!(wired.is_stopped.load(Ordering::SeqCst));
}
