//! The loop of a kiosk: something happens, the app answers, what changed is shown. Between events it sleeps.

use std::{future::Future, pin::pin, sync::Arc, time::Instant};

use anyhow::Context;
use axum::{Router, serve::ListenerExt as _};
use embedded_graphics::{
    prelude::{OriginDimensions, Point, Size},
    primitives::Rectangle,
};
use hardware::{
    backlight::Backlight,
    board::{Board, BoardEvent},
    desk::Desk,
    keyboard::Keyboard,
    screen::Display,
    touch::Panel,
    watchdog::Watchdog,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::spawn_blocking,
    time::{Instant as TokioInstant, sleep_until},
};
use web::guard::protect;

use crate::{
    app::{App, Effect, Event},
    browser::{Input, Page, What, router},
    draw::Painter,
    follow,
    glass::Glass,
    handwriting::handwriting,
    pinyin::pinyin,
    printing::Press,
    station::Station,
    teller::Teller,
    voice::Voice,
};

/// More touches than a hand makes before the screen has answered; the page waits when there are more.
const INPUTS_WAITING: usize = 64;

/// Everything a running kiosk is made of.
pub struct Kiosk {
    /// What the screens may ask.
    pub station: Box<dyn Station>,
    /// Rung when the station has news: a receipt, an answer, another codebook.
    pub news: Arc<Notify>,
    /// The lamps and buttons: the Pi's pins, or the desk, or both.
    pub boards: Vec<Box<dyn Board>>,
    /// The stand-in whose lamp and button the browser page shows. Put a clone of it among the boards.
    pub desk: Desk,
    /// The screens on wires; the browser page is always there.
    pub displays: Vec<Box<dyn Display>>,
    /// The touch panel on a wire, if there is one.
    pub panel: Option<Panel>,
    /// Keypads, number pads and scanners on wires.
    pub keyboards: Vec<Keyboard>,
    /// What starts the kiosk anew when it hangs, if anything does.
    pub watchdog: Option<Box<dyn Watchdog>>,
    /// What lights the screens on wires, where it can be dimmed.
    pub backlight: Option<Box<dyn Backlight>>,
    /// What is heard, and who listens.
    pub voice: Box<dyn Voice>,
    /// What prints tickets, if anything does.
    pub press: Option<Press>,
    /// What `voice` and `press` tell.
    pub told: mpsc::Receiver<Event>,
    /// Who hears that the panel or a keyboard is away.
    pub teller: Teller,
    /// Size of the screen, in pixels.
    pub size: Size,
    /// Where the browser page is served. It must be bound to the loopback only.
    pub listener: TcpListener,
    /// Further routes, behind the same guard.
    pub routes: Router,
}

/// Runs a kiosk until `shutdown` is done; what that came to.
///
/// The app may wait for the disk, so it answers where waiting is allowed; the loop takes no other event meanwhile. A
/// screen that took the next touch before the last words are safe would be worse than one that stands still.
pub async fn run<T>(kiosk: Kiosk, shutdown: impl Future<Output = T>) -> anyhow::Result<T> {
    let Kiosk {
        station,
        news,
        mut boards,
        desk,
        displays,
        panel,
        keyboards,
        watchdog,
        backlight,
        mut voice,
        press,
        mut told,
        teller,
        size,
        listener,
        routes,
    } = kiosk;
    let glass = Glass::new(size);
    let mut app = App::new(station, size, Instant::now()).with_packs(voice.packs());
    if press.is_some() {
        app = app.with_printer();
    }
    let (inputs, mut waiting) = mpsc::channel::<Input>(INPUTS_WAITING);
    if let Some(panel) = panel {
        follow::panel(panel, size, inputs.clone(), teller.clone());
    }
    follow::keyboards(keyboards, &inputs, teller);
    let painter = Painter::default();
    let mut front = Front { glass: glass.clone(), painter, displays, backlight, light: None, watchdog };
    let page = Page { glass, desk, inputs };
    // An answer leaves at once: whoever touched waits for it.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "The page may be slow");
        }
    });
    let mut server = pin!(axum::serve(listener, protect(router(page).merge(routes))).into_future());
    let mut shutdown = pin!(shutdown);
    let happened = Arc::new(Notify::new());
    for board in &mut boards {
        let happened = happened.clone();
        board.tell(Arc::new(move || happened.notify_one()));
    }

    front.show(&app, &mut boards);
    let mut meal_at = front.feed();
    // After the first frame, and before anybody writes: whoever types first should not wait for either.
    spawn_blocking(|| (pinyin(), handwriting()));
    loop {
        let mut answered = None;
        let poll_at = boards.iter().filter_map(|board| board.poll_at()).min().map(TokioInstant::from_std);
        let events = tokio::select! {
            told = &mut shutdown => {
                front.stop_watching();
                return Ok(told);
            }
            served = &mut server => {
                served.context("Serving the screen's page")?;
                anyhow::bail!("the screen's page is served no longer");
            }
            Some(Input { what, done }) = waiting.recv() => {
                answered = done;
                match what {
                    What::Touch(touch) => vec![Event::Touch(touch)],
                    What::Key(key) => vec![Event::Key(key)],
                    What::Typed(typed) => vec![Event::Typed(typed)],
                    What::Board => polled(&mut boards),
                }
            }
            () = happened.notified() => polled(&mut boards),
            () = until(poll_at) => polled(&mut boards),
            () = until(meal_at) => {
                meal_at = front.feed();
                Vec::new()
            }
            () = until(app.wake_at().map(TokioInstant::from_std)) => vec![Event::Tick],
            () = news.notified() => vec![Event::News],
            Some(event) = told.recv() => vec![event],
        };
        if !events.is_empty() {
            let answering = spawn_blocking(move || {
                for event in events {
                    app.handle(event, Instant::now());
                }
                app
            });
            app = answering.await.context("The screens stopped")?;
            for effect in app.take_effects() {
                match (effect, &press) {
                    (Effect::Print(receipt), Some(press)) => {
                        let sheet = receipt.sheet.clone();
                        if !press.print(receipt) {
                            app.handle(Event::NotPrinted(sheet), Instant::now());
                        }
                    }
                    (effect, _) => voice.obey(effect),
                }
            }
            front.show(&app, &mut boards);
            app.shown(Instant::now());
        }
        if let Some(answered) = answered {
            // Whoever sent it may have gone meanwhile.
            let _ = answered.send(());
        }
    }
}

/// Everything that shows the app.
struct Front {
    glass: Glass,
    painter: Painter,
    displays: Vec<Box<dyn Display>>,
    backlight: Option<Box<dyn Backlight>>,
    /// How bright it is, once somebody has set it.
    light: Option<u8>,
    watchdog: Option<Box<dyn Watchdog>>,
}

impl Front {
    /// Puts the app on the glass, on every display and on every lamp. A broken lamp or display is logged and passed
    /// over: the others still serve.
    fn show(&mut self, app: &App, boards: &mut [Box<dyn Board>]) {
        let now = Instant::now();
        for board in boards {
            if let Err(error) = board.set_lamp(app.lamp(), now) {
                tracing::error!(%error, "The lamp could not be set");
            }
        }
        let light = app.light(now);
        if self.light.replace(light) != Some(light)
            && let Some(Err(error)) = self.backlight.as_mut().map(|backlight| backlight.set(light))
        {
            tracing::error!(%error, "The screen could not be dimmed or lit");
        }
        if let Some((frame, changed)) = self.glass.show(app, light, &mut self.painter) {
            for display in &mut self.displays {
                if let Err(error) = display.show(&frame, &changed) {
                    tracing::error!(%error, "A frame could not be shown");
                }
            }
        }
    }
}

impl Front {
    /// Feeds the watchdog, if a frame can be pushed to every display: a screen that stands still is of no use to anybody.
    /// When the next meal is due.
    fn feed(&mut self) -> Option<TokioInstant> {
        let watchdog = self.watchdog.as_mut()?;
        let frame = self.glass.frame();
        let row = Rectangle::new(Point::zero(), Size::new(frame.size().width, 1));
        let pushed = self.displays.iter_mut().try_for_each(|display| display.show(&frame, &[row]));
        if let Err(error) = pushed.and_then(|()| watchdog.feed()) {
            tracing::error!(%error, "The watchdog is not fed");
        }
        Some(TokioInstant::now() + watchdog.feed_every())
    }

    /// The program ends in order: nobody has to start it anew.
    fn stop_watching(&mut self) {
        if let Some(Err(error)) = self.watchdog.as_mut().map(|watchdog| watchdog.stop()) {
            tracing::error!(%error, "The watchdog cannot be stopped and starts the kiosk anew");
        }
    }
}

fn polled(boards: &mut [Box<dyn Board>]) -> Vec<Event> {
    let mut events = Vec::new();
    for board in boards {
        loop {
            match board.poll(Instant::now()) {
                Ok(Some(BoardEvent::Pressed)) => events.push(Event::Button),
                Ok(Some(BoardEvent::Key(key))) => events.push(Event::Key(key.into())),
                Ok(Some(BoardEvent::Motion(motion))) => events.push(Event::Motion(motion)),
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "A board could not be polled");
                    break;
                }
            }
        }
    }
    events
}

async fn until(time: Option<TokioInstant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
