//! The command line: `kiosk run` in a village, `kiosk demo` for looking at the screens, and what all devices can do.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use civic_core::access::Role;
use clap::{Args, Parser, Subcommand, ValueEnum};
use embedded_graphics::prelude::Size;
use hardware::{
    backlight::{Backlight, KernelBacklight},
    board::Board,
    desk::Desk,
    pi::Pi,
    printer::device::DevicePrinter,
    screen::{Display, Drm, framebuffer::Framebuffer},
    watchdog::{KernelWatchdog, SystemdWatchdog, Watchdog},
};
use ledger::{
    Ledger,
    command::{self, DeviceCommand},
    status::Status,
};
use replica::{
    carry::near::{self, Near},
    clock,
    device::{Device, REDIAL_MAX},
    dir::DataDir,
    identity::{Identity, IdentityError},
    roadbook::Roadbook,
};
use tokio::{net::TcpListener, signal, sync::Notify, time::sleep};

use crate::{
    blank::Blank,
    drawer::Drawer,
    heard::Heard,
    printing::{self, Press},
    prompts::command::PromptsCommand,
    records::Records,
    run::{Kiosk, run},
    sample::Sample,
    service::{
        command::ServiceCommand,
        enrolment::Enrolment,
        power::{Computer, Desk as OnADesk, Power},
        stick::Carrier,
        upkeep::Upkeep,
    },
    soak::{Day, soak},
    sound::Aloud,
    station::Station,
    teller::Teller,
    trouble::{Reports, Trouble},
    wiring::{FileWiring, Wiring},
};

/// Disks fill up and months pass without any news: how often the station is looked at all the same.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// So long after the disk refused the hub is called again.
const STORE_RETRY: Duration = Duration::from_secs(30);

/// So long the screen says that the machine is enrolled, before it begins to serve.
const ENROLLED_SHOWN: Duration = Duration::from_secs(4);

/// A screen that is not there is looked for every two seconds for a minute: less than a service manager waits for a start.
const LOOK_FOR_SCREEN_EVERY: Duration = Duration::from_secs(2);
const LOOKS_FOR_SCREEN: u32 = 30;

/// The village terminal of Huiyin 回音.
#[derive(Parser)]
#[command(name = "kiosk", arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the village until told to stop, with or without a network
    Run {
        /// The data directory of an enrolled device; its `wiring.toml` says what the box is wired to
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Where the screen is.
        #[command(flatten)]
        screen: ScreenArgs,
        /// Longest wait before calling the hub again, in seconds
        #[arg(long, default_value_t = REDIAL_MAX.as_secs())]
        redial_max_s: u64,
        /// Where a deputy's phone in the same room finds this kiosk; it takes along what waits and brings what goes home
        #[arg(long, value_name = "ADDRESS")]
        near: Option<SocketAddr>,
    },
    /// Show the screens of a made-up station; nothing is kept
    Demo {
        /// Directory with a `wiring.toml`, if there are pins or a touch panel
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Where the screen is.
        #[command(flatten)]
        screen: ScreenArgs,
    },
    /// Let random villagers use a made-up station for so many days, and look for what grows
    Soak {
        /// How many days
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// The same seed moves the same hands
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where the station keeps its records: a directory that is not there yet
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Size of the screen
        #[arg(long, default_value = "1024x600", value_parser = parse_size)]
        size: Size,
    },
    /// What the kiosk says aloud: what is recorded, and recording it with a local voice
    #[command(subcommand)]
    Prompts(PromptsCommand),
    /// What an officer needs before the service pages of the screen open
    #[command(subcommand)]
    Service(ServiceCommand),
    /// What every device can do.
    #[command(flatten)]
    Device(DeviceCommand),
}

/// Where the screen is.
#[derive(Clone, Debug, Args)]
pub struct ScreenArgs {
    /// Which screen to draw on; the page in a browser is always there
    #[arg(long, value_enum, default_value_t = ScreenKind::Auto)]
    pub screen: ScreenKind,
    /// Where the page is served, on the loopback only
    #[arg(long, default_value = "127.0.0.1:8091")]
    pub http: SocketAddr,
    /// Size of the screen where none says its own
    #[arg(long, default_value = "1024x600", value_parser = parse_size)]
    pub size: Size,
}

/// A kind of screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScreenKind {
    /// What is plugged in, else a framebuffer, and else the browser, unless a touch panel is wired: it has a screen behind it
    Auto,
    /// The screen that is plugged into `/dev/dri/card0` or the next card
    Drm,
    /// The framebuffer `/dev/fb0`, for small screens that the kernel does not drive otherwise
    Fb,
    /// Only the page in a browser
    Browser,
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    command::main(args, Cli::run)
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Run { data, screen, redial_max_s, near } => {
                let redial_max = Duration::from_secs(redial_max_s.max(1));
                block_on(serve_when_enrolled(&data, screen, redial_max, near))
            }
            Command::Demo { data, screen } => {
                let wiring = data.as_deref().map(Wiring::read).transpose()?.unwrap_or_default();
                let [news, off]: [Arc<Notify>; 2] = Default::default();
                let reports = Reports::default();
                let station = Box::new(Sample::shown(data, reports.clone(), news.clone()));
                block_on(async { stand(station, news, off, reports, wiring, screen, Router::new()).await.map(drop) })
            }
            Command::Soak { days, seed, data, size } => {
                println!(
                    "{:>4} {:>7} {:>7} {:>7} {:>11} {:>6} {:>11} {:>9} {:>11}",
                    "day", "visits", "filed", "spoken", "memory KiB", "files", "disk KiB", "usual ms", "slowest ms"
                );
                soak(&data, days, seed, size, |day| println!("{}", line(day)))?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Prompts(command) => command.run(),
            Command::Service(command) => command.run(),
            Command::Device(command) => command::run(Role::Kiosk, command),
        }
    }
}

/// A day of the soak, under the headings above.
fn line(day: &Day) -> String {
    let Day { day, visits, filed, spoken, held, usual, slowest } = day;
    let (memory, files, disk) = (held.memory_kib, held.files, held.disk_bytes / 1_024);
    let [usual, slowest] = [usual, slowest].map(|time| time.as_secs_f64() * 1_000.0);
    format!(
        "{day:>4} {visits:>7} {filed:>7} {spoken:>7} {memory:>11} {files:>6} {disk:>11} {usual:>9.1} {slowest:>11.1}"
    )
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("Starting the runtime")?.block_on(work)?;
    Ok(ExitCode::SUCCESS)
}

/// Serves the village. A machine that is no device of any county shows its service pages until it is one.
async fn serve_when_enrolled(
    data: &Path,
    screen: ScreenArgs,
    redial_max: Duration,
    near_at: Option<SocketAddr>,
) -> anyhow::Result<()> {
    let held = Arc::new(DataDir::hold(data)?);
    let why = match Identity::load(&held, Role::Kiosk) {
        Err(IdentityError::NotEnrolled(_)) => Trouble::NotEnrolled,
        Ok(identity) if identity.is_elsewhere => Trouble::Elsewhere,
        Err(error) => return Err(error.into()),
        Ok(_) => {
            drop(held);
            return serve(data, screen, redial_max, near_at).await;
        }
    };
    let wiring = Wiring::read(data)?;
    let mut power = power(&wiring);
    let [news, done, off] = [(); 3].map(|()| Arc::new(Notify::new()));
    let reports = Reports::default();
    let upkeep = Upkeep::new(held.clone(), wiring.touch.clone(), reports.clone(), off.clone())
        .to_enrol(Enrolment::new(held.clone(), news.clone(), done.clone()));
    let station = Box::new(Blank::new(why, Box::new(upkeep)));
    tokio::select! {
        ended = stand(station, news, off, reports, wiring, screen.clone(), Router::new()) => {
            return end(ended?, power.as_mut());
        }
        () = async { done.notified().await; sleep(ENROLLED_SHOWN).await } => {}
    }
    drop(held);
    serve(data, screen, redial_max, near_at).await
}

/// Switches off what the kiosk is wired into; without pins and panel it stands on a desk.
fn power(wiring: &Wiring) -> Box<dyn Power> {
    if wiring.pins.is_some() || wiring.touch.is_some() { Box::new(Computer) } else { Box::new(OnADesk) }
}

/// Ends the program, and the machine with it where that was asked.
fn end(ended: Ended, power: &mut dyn Power) -> anyhow::Result<()> {
    match ended {
        Ended::Told => Ok(()),
        Ended::Off => power.off().context("Switching off"),
    }
}

/// Runs the kiosk of an enrolled device: its screen, its ledger, and its road to the hub.
async fn serve(
    data: &Path,
    screen: ScreenArgs,
    redial_max: Duration,
    near_at: Option<SocketAddr>,
) -> anyhow::Result<()> {
    let wiring = Wiring::read(data)?;
    let (held, identity, ledger) = command::open(Role::Kiosk, data)?;
    let held = Arc::new(held);
    let drawer = Drawer::open(held.clone(), &identity.key.to_bytes()).context("Opening the drafts")?;
    let mut near = Near::open(&held, identity.clone(), ledger.log().clone(), false)?;
    if near_at.is_some() {
        near = near.clone().found().unwrap_or_else(|error| {
            tracing::error!(%error, "Neighbours must type the address of this kiosk");
            near
        });
    }
    let device = Device::new(identity.clone(), ledger.log().clone()).with_roadbook(Roadbook::open(&held));
    let device = Arc::new(device.with_near(near.clone()));
    let (reports, mut power) = (Reports::default(), power(&wiring));
    let [news, off] = [(); 2].map(|()| Arc::new(Notify::new()));
    let carrier = Carrier::new(identity, ledger.clone(), news.clone());
    let upkeep = Upkeep::new(held, wiring.touch.clone(), reports.clone(), off.clone()).enrolled(
        ledger.clone(),
        device.clone(),
        carrier,
    );
    let station = Records::new(ledger.clone(), device.clone(), drawer)?
        .watching(data, reports.clone())
        .with_service(Box::new(upkeep));
    let heard = Heard::new(data);
    let road = stay(&device, redial_max, STORE_RETRY);
    let routes = Router::new().route("/status.json", get(status)).with_state((ledger.clone(), device.clone()));
    let neighbours = async {
        if let Some(at) = near_at {
            match near::listen(at) {
                Ok(door) => {
                    println!("near: {}", door.local_addr().unwrap_or(at));
                    near.serve(door).await;
                }
                // The kiosk serves its village all the same.
                Err(error) => tracing::error!(%error, "No neighbour can be let in"),
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = stand(Box::new(station), news.clone(), off, reports, wiring, screen, routes) => end(ended?, power.as_mut()),
        () = road => Ok(()),
        () = neighbours => Ok(()),
        () = ring(&ledger, &device, &news, &heard) => bail!("the ledger stopped telling what changed"),
        () = ledger.clone().follow() => bail!("the ledger stopped following its log"),
    }
}

/// Stays in touch with the hub for ever. When the disk refuses, it is tried again after `pause`: the screens go on all the
/// while, for what is said is still kept, and what kept the disk from writing once may be over.
async fn stay(device: &Device, redial_max: Duration, pause: Duration) {
    loop {
        let failure = device.stay(redial_max).await;
        let error = format!("{:#}", anyhow::Error::new(failure));
        tracing::error!(error, "The log failed; the hub is called again later");
        sleep(pause).await;
    }
}

/// What this device says of itself: counts from receipts, and the road at this moment.
async fn status(State((ledger, device)): State<(Ledger, Arc<Device>)>) -> Result<Json<Status>, StatusCode> {
    let road = device.road().borrow().clone();
    let told = tokio::task::spawn_blocking(move || ledger.status(&road)).await;
    match told {
        Ok(Ok(status)) => Ok(Json(status)),
        Ok(Err(_)) | Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Rings whenever a count, a slip or the state of the road may have changed, and now and then.
async fn ring(ledger: &Ledger, device: &Device, news: &Notify, heard: &Heard) {
    let (mut merged, mut logged, mut road) = (ledger.changed(), ledger.log().revision(), device.road());
    loop {
        if road.borrow_and_update().is_open
            && let Err(error) = heard.note(clock::now())
        {
            tracing::warn!(%error, "That the county was heard cannot be noted");
        }
        let told = tokio::select! {
            told = merged.changed() => told,
            told = logged.changed() => told,
            told = road.changed() => told,
            () = sleep(LOOK_EVERY) => Ok(()),
        };
        if told.is_err() {
            return;
        }
        news.notify_one();
    }
}

/// Why a kiosk stands no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The program was told to stop.
    Told,
    /// An officer switches the machine off.
    Off,
}

/// Runs a kiosk over this station until the program is told to stop, or `off` is rung. Ring `news` when the station has
/// news; what the box finds that does not work is added to `reports`.
pub async fn stand(
    station: Box<dyn Station>,
    news: Arc<Notify>,
    off: Arc<Notify>,
    reports: Reports,
    wiring: Wiring,
    screen: ScreenArgs,
    routes: Router,
) -> anyhow::Result<Ended> {
    if !screen.http.ip().is_loopback() {
        bail!("whoever reaches the page can touch the screen, so --http must be a loopback address: {}", screen.http);
    }
    let listener = match TcpListener::bind(screen.http).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("{} is taken by another program; choose another with --http", screen.http)
        }
        Err(error) => return Err(error).with_context(|| format!("Listening on {}", screen.http)),
    };
    let desk = Desk::default();
    let mut boards: Vec<Box<dyn Board>> = vec![Box::new(desk.clone())];
    if let Some(pins) = wiring.pins {
        boards.push(Box::new(Pi::open(pins, Instant::now()).context("Opening the pins of wiring.toml")?));
    }
    let shutdown = async {
        tokio::select! {
            () = told_to_stop() => Ended::Told,
            () = off.notified() => Ended::Off,
        }
    };
    let mut shutdown = pin!(shutdown);
    let found = tokio::select! {
        ended = &mut shutdown => return Ok(ended),
        found = find_screen(screen.screen, wiring.touch.is_some(), LOOK_FOR_SCREEN_EVERY, open_screen) => found?,
    };
    let (display, size) = found.map_or((None, screen.size), |(display, size)| (Some(display), size));
    // A page in a browser is on somebody's own computer, whose light is their own.
    let backlight = match &display {
        Some(_) => KernelBacklight::open().context("Opening the backlight")?,
        None => None,
    };
    let backlight = backlight.map(|backlight| Box::new(backlight) as Box<dyn Backlight>);
    let displays = display.into_iter().collect();
    println!("kiosk: http://{}/", listener.local_addr()?);
    let (teller, told) = Teller::new(reports, news.clone());
    let voice = Box::new(Aloud::of(&wiring, teller.clone()).context("Starting the sound")?);
    let press = wiring.printer.map(|printer| {
        let teller = teller.clone();
        let tell = Arc::new(move |event| printing::pass_on(event, &teller));
        Press::start(Box::new(DevicePrinter::new(printer.device)), tell).context("Starting the printer")
    });
    let watchdog = watchdog(wiring.watchdog).context("Starting the watchdog")?;
    let (press, panel, keyboards) = (press.transpose()?, wiring.touch, wiring.keyboard);
    let kiosk = Kiosk {
        station,
        news,
        boards,
        desk,
        displays,
        panel,
        keyboards,
        watchdog,
        backlight,
        voice,
        press,
        told,
        teller,
        size,
        listener,
        routes,
    };
    run(kiosk, shutdown).await
}

/// What watches this program: the service manager where it started it to, else the computer's own by the wiring.
fn watchdog(wired: Option<FileWiring>) -> std::io::Result<Option<Box<dyn Watchdog>>> {
    if let Some(watchdog) = SystemdWatchdog::of_this_program()? {
        return Ok(Some(Box::new(watchdog)));
    }
    let kernel = wired.map(|wired| KernelWatchdog::start(&wired.device)).transpose()?;
    Ok(kernel.map(|watchdog| Box::new(watchdog) as Box<dyn Watchdog>))
}

/// A screen of this computer and its size.
type Screen = (Box<dyn Display>, Size);

/// The screen of this computer, by this way of opening one; `None` where the page in a browser is the screen. One that is not
/// there yet, a monitor that wakes after the computer, is looked for; without it there is nothing to serve people with, so the
/// program ends, and what started it starts it anew. Meanwhile the road stays open.
async fn find_screen(
    kind: ScreenKind,
    has_panel: bool,
    every: Duration,
    mut open: impl FnMut(ScreenKind) -> anyhow::Result<Option<Screen>>,
) -> anyhow::Result<Option<Screen>> {
    let mut looks = 0;
    loop {
        let why = match open(kind) {
            Ok(found) => return Ok(found),
            Err(why) => format!("{why:#}"),
        };
        looks += 1;
        if kind == ScreenKind::Auto && !has_panel {
            tracing::warn!(why, "Only the page in a browser is shown");
            return Ok(None);
        }
        if looks == LOOKS_FOR_SCREEN {
            bail!("no screen was found, and --screen browser was not asked for: {why}");
        }
        if looks == 1 {
            tracing::warn!(why, "A screen is looked for");
        }
        sleep(every).await;
    }
}

/// Opens the screen of this kind; `None` where it is the page in a browser.
fn open_screen(kind: ScreenKind) -> anyhow::Result<Option<Screen>> {
    let drm = |drm: Drm| -> Screen {
        let size = drm.size();
        (Box::new(drm), size)
    };
    match kind {
        ScreenKind::Browser => Ok(None),
        ScreenKind::Drm => Ok(Some(drm(Drm::open()?.context("No screen is plugged in")?))),
        ScreenKind::Fb => {
            let framebuffer = Framebuffer::open("fb0").context("Opening /dev/fb0")?;
            let size = framebuffer.size();
            Ok(Some((Box::new(framebuffer), size)))
        }
        ScreenKind::Auto => match Drm::open()? {
            None if Path::new("/dev/fb0").exists() => open_screen(ScreenKind::Fb),
            None => bail!("No screen is plugged in"),
            Some(plugged) => Ok(Some(drm(plugged))),
        },
    }
}

/// Ends at Ctrl-C, and when the system stops the service.
async fn told_to_stop() {
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM is not heard");
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        _ = signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn parse_size(text: &str) -> Result<Size, String> {
    let size = text
        .split_once('x')
        .and_then(|(width, height)| Some(Size::new(width.parse().ok()?, height.parse().ok()?)))
        .ok_or("write it as WIDTHxHEIGHT, such as 1024x600")?;
    // Every screen is checked at 800x480 and at 600x1024 upright; beyond the upper limit no kiosk screen is.
    let smallest = if size.height > size.width { Size::new(600, 1024) } else { Size::new(800, 480) };
    let fits = (smallest.width..=4096).contains(&size.width) && (smallest.height..=4096).contains(&size.height);
    if fits { Ok(size) } else { Err("between 800x480, or 600x1024 upright, and 4096x4096".to_owned()) }
}

#[cfg(test)]
mod tests {
    use civic_core::id::hex;
    use clap::CommandFactory;
    use embedded_graphics::primitives::Rectangle;
    use hardware::screen::Canvas;

    use super::*;
    use crate::soak::stand_in;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// One write that failed ended a kiosk's contact with the county until somebody switched it off and on.
    #[tokio::test]
    async fn a_kiosk_whose_disk_refused_calls_its_hub_again() {
        let path = std::env::temp_dir().join(format!("huiyin-kiosk-stay-{}", hex(&clock::random::<8>())));
        stand_in::enrol(&path).unwrap();
        let place = path.clone();
        let opened = tokio::task::spawn_blocking(move || command::open(Role::Kiosk, &place).unwrap());
        let (held, identity, ledger) = opened.await.unwrap();
        let mut identity = Arc::into_inner(identity).unwrap();
        // With this card every call ends at once, as with a log that cannot be written.
        identity.is_elsewhere = true;
        let device = Device::new(Arc::new(identity), ledger.log().clone());
        let mut seen = device.road();
        let calls = async {
            for _ in 0..3 {
                seen.changed().await.unwrap();
            }
        };
        tokio::select! {
            () = calls => {}
            () = stay(&device, REDIAL_MAX, Duration::from_millis(1)) => unreachable!("it stays for ever"),
            () = sleep(Duration::from_secs(10)) => panic!("the hub was called once"),
        }
        assert!(!device.road().borrow().is_open && !device.road().borrow().trouble.is_empty());
        drop((device, ledger, held));
        std::fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_size_is_two_numbers_that_make_a_screen() {
        assert_eq!(parse_size("800x480"), Ok(Size::new(800, 480)));
        assert_eq!(parse_size("600x1024"), Ok(Size::new(600, 1024)));
        assert!(parse_size("480x800").is_err());
        assert!(parse_size("800").is_err() && parse_size("1x1").is_err() && parse_size("9x").is_err());
    }

    /// A screen that shows nothing.
    struct Dark;

    impl Display for Dark {
        fn show(&mut self, _frame: &Canvas, _changed: &[Rectangle]) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is found where a screen comes up with the look of this number, and how often was looked.
    fn found(kind: ScreenKind, has_panel: bool, comes_at: u32) -> (anyhow::Result<Option<Size>>, u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (mut looks, size) = (0, Size::new(1024, 600));
        let open = |_kind| {
            looks += 1;
            let screen: Screen = (Box::new(Dark), size);
            if looks < comes_at { Err(anyhow::anyhow!("The monitor sleeps")) } else { Ok(Some(screen)) }
        };
        let found = runtime.block_on(find_screen(kind, has_panel, Duration::ZERO, open));
        (found.map(|found| found.map(|(_, size)| size)), looks)
    }

    #[test]
    fn a_screen_behind_a_panel_that_wakes_late_is_found_and_without_one_the_program_ends() {
        for (kind, has_panel) in [(ScreenKind::Auto, true), (ScreenKind::Drm, false), (ScreenKind::Fb, false)] {
            let (late, looks) = found(kind, has_panel, 7);
            assert_eq!((late.unwrap(), looks), (Some(Size::new(1024, 600)), 7));
            let (never, looks) = found(kind, has_panel, u32::MAX);
            assert!(never.unwrap_err().to_string().contains("The monitor sleeps"));
            assert_eq!(looks, LOOKS_FOR_SCREEN);
        }
    }

    #[test]
    fn without_a_panel_the_page_in_a_browser_is_screen_enough() {
        let (page, looks) = found(ScreenKind::Auto, false, u32::MAX);
        assert_eq!((page.unwrap(), looks), (None, 1));
    }
}
