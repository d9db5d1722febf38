//! Which screen is up: an event goes in, the next screen comes out.
//!
//! The app reads no clock and draws nothing. Its one effect is to ask the [`Station`]: a ticket is on the screen only
//! after the station said that the words are on disk.

use std::time::{Duration, Instant};

use civic_core::{codebook::Topic, wording::Wording};
use embedded_graphics::prelude::{Point, Size};
use hardware::lamp::Lamp;

use crate::{
    draw::layout::{Placed, hit},
    lamp::lamp,
    screens::{Around, Next, Screen, filed::Filed, home::Home, leave::Leave, not_saved::NotSaved, progress::Progress},
    station::{Counts, Place, Station},
    wording::wording,
};

/// A second tap at the same place this soon after a new screen came up was meant for the screen before.
const DOUBLE_TAP: Duration = Duration::from_millis(300);

/// How near two taps are "the same place", in pixels.
const SAME_PLACE: i32 = 40;

/// Something that happened to the kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A finger on the glass.
    Touch(Touch),
    /// The button on the case.
    Button,
    /// Time has passed; see [`App::wake_at`].
    Tick,
    /// The station has news: counts or answers may have changed.
    News,
}

/// A finger on the glass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// What the finger did.
    pub kind: TouchKind,
    /// Where, in pixels.
    pub at: Point,
}

/// What a finger did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TouchKind {
    /// It came down.
    Down,
    /// It moved without lifting.
    Move,
    /// It lifted; a target is chosen when it lifts inside the target on which it came down.
    Up,
    /// It was lost.
    Cancel,
}

/// The kiosk without its screen, clock and box.
pub struct App {
    station: Box<dyn Station>,
    wording: Wording,
    place: Place,
    topics: Vec<Topic>,
    /// As of the last news: a touch must not wait for the disk to count.
    counts: Counts,
    size: Size,
    screen: Screen,
    pressed: Option<Pressed>,
    touched_at: Instant,
    last_change: Option<(Instant, Point)>,
}

/// The target under a finger.
#[derive(Clone, Copy)]
struct Pressed {
    piece: usize,
    /// Whether the finger is still inside it.
    inside: bool,
}

impl App {
    /// A kiosk at its first screen.
    pub fn new(station: Box<dyn Station>, size: Size, now: Instant) -> Self {
        Self {
            wording: wording(),
            place: station.place(),
            topics: station.topics(),
            counts: station.counts(),
            station,
            size,
            screen: Screen::Home(Home),
            pressed: None,
            touched_at: now,
            last_change: None,
        }
    }

    /// Takes one event. Whatever is on the screen afterwards is in [`pieces`](Self::pieces).
    pub fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::Touch(touch) => {
                self.touched_at = now;
                self.touch(touch, now);
            }
            Event::Button => {
                self.touched_at = now;
                self.pressed = None;
                self.go_home();
            }
            Event::Tick => {
                if self.wake_at().is_some_and(|at| at <= now) {
                    self.pressed = None;
                    self.touched_at = now;
                    self.screen = self.take_screen().unattended();
                }
            }
            // A county may have renamed its topics or enrolled us elsewhere. The screen is drawn anew anyway.
            Event::News => {
                self.place = self.station.place();
                self.topics = self.station.topics();
                self.counts = self.station.counts();
            }
        }
    }

    /// When the screen runs out of patience, if nobody touches it until then.
    pub fn wake_at(&self) -> Option<Instant> {
        Some(self.touched_at + self.screen.patience()?)
    }

    /// Everything on the screen with its place, from back to front.
    pub fn pieces(&self) -> Vec<Placed<String>> {
        self.screen.pieces(&self.around(), self.size)
    }

    /// Which piece is under a finger and looks pressed.
    pub fn pressed(&self) -> Option<usize> {
        self.pressed.filter(|pressed| pressed.inside).map(|pressed| pressed.piece)
    }

    /// The screen that is up.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// What the lamp on the case shows.
    pub fn lamp(&self) -> Lamp {
        lamp(self.counts)
    }

    /// Size of the screen, in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    fn touch(&mut self, touch: Touch, now: Instant) {
        match touch.kind {
            TouchKind::Down => {
                self.pressed = (!self.is_double_tap(touch.at, now))
                    .then(|| hit(&self.pieces(), touch.at))
                    .flatten()
                    .map(|piece| Pressed { piece, inside: true });
            }
            TouchKind::Move => {
                if let Some(pressed) = self.pressed {
                    let inside = hit(&self.pieces(), touch.at) == Some(pressed.piece);
                    self.pressed = Some(Pressed { inside, ..pressed });
                }
            }
            TouchKind::Up => {
                if let Some(pressed) = self.pressed.take()
                    && hit(&self.pieces(), touch.at) == Some(pressed.piece)
                {
                    self.choose(pressed.piece, touch.at, now);
                }
            }
            TouchKind::Cancel => self.pressed = None,
        }
    }

    fn choose(&mut self, piece: usize, at: Point, now: Instant) {
        let before = std::mem::discriminant(&self.screen);
        let screen = self.take_screen();
        let next = screen.touched(piece, &self.around(), self.size);
        self.screen = self.obey(next);
        if std::mem::discriminant(&self.screen) != before {
            self.last_change = Some((now, at));
        }
    }

    fn obey(&mut self, next: Next) -> Screen {
        match next {
            Next::Show(screen) => screen,
            Next::File { draft, failures } => match self.station.file(&draft) {
                Ok(ticket) => {
                    self.counts = self.station.counts();
                    Filed { ticket }.into()
                }
                Err(why) => {
                    tracing::error!(error = %why, "An opinion could not be saved");
                    NotSaved { draft, why, failures: failures + 1 }.into()
                }
            },
            Next::Find(ticket) => Progress::new(ticket, self.station.find(&ticket)).into(),
        }
    }

    fn go_home(&mut self) {
        let screen = self.take_screen();
        // Whoever presses again at the question means it.
        let asked_already = matches!(screen, Screen::Leave(_));
        if screen.holds_words() && !asked_already {
            self.screen = Leave::asked(screen).into();
        }
    }

    fn is_double_tap(&self, at: Point, now: Instant) -> bool {
        self.last_change.is_some_and(|(changed, place)| {
            let apart = at - place;
            now.saturating_duration_since(changed) < DOUBLE_TAP
                && apart.x.abs() < SAME_PLACE
                && apart.y.abs() < SAME_PLACE
        })
    }

    fn take_screen(&mut self) -> Screen {
        std::mem::replace(&mut self.screen, Screen::Home(Home))
    }

    fn around(&self) -> Around<'_> {
        Around { wording: &self.wording, place: &self.place, topics: &self.topics, counts: self.counts }
    }
}
