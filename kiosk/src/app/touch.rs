//! A finger on the glass: what it presses, what it draws, and where it fits the panel.

use std::time::{Duration, Instant};

use civic_core::ink::SIDE;
use embedded_graphics::{prelude::Point, primitives::Rectangle};

use super::{App, Touch, TouchKind};
use crate::{
    draw::{
        ink::square,
        layout::{heard, hit},
    },
    screens::{Screen, service::calibrate},
    view::Face,
};

/// A second tap at the same place this soon after a new page was on the glass was meant for the page before.
const DOUBLE_TAP: Duration = Duration::from_millis(300);

/// What comes down this soon after a recording ended by itself, and its end was on the glass, was meant for the page of the
/// recording, wherever it is.
const ENDED: Duration = Duration::from_secs(1);

/// How near two taps are "the same place", in pixels.
const SAME_PLACE: i32 = 40;

/// A page that came up: what touches it at once was meant for the page before.
pub(super) struct Fresh {
    /// Where the finger was that brought it up; `None` where a recording ended by itself.
    place: Option<Point>,
    /// Since when it is up, or on the glass.
    since: Instant,
    /// Whether anybody can have seen it. Writing to a slow card keeps it away for a while, and touches wait behind that.
    is_on_glass: bool,
}

impl Fresh {
    /// It was brought up by a finger, here.
    pub(super) fn under_a_finger(place: Point, now: Instant) -> Self {
        Self { place: Some(place), since: now, is_on_glass: false }
    }

    /// It came up because a recording ended.
    pub(super) fn by_itself(now: Instant) -> Self {
        Self { place: None, since: now, is_on_glass: false }
    }

    /// It is on the glass.
    pub(super) fn shown(&mut self, now: Instant) {
        if !self.is_on_glass {
            (self.since, self.is_on_glass) = (now, true);
        }
    }

    /// Whether a finger that comes down here and now was meant for the page before.
    fn is_missed(&self, at: Point, now: Instant) -> bool {
        let (is_near, window) = match self.place {
            Some(place) => {
                let apart = at - place;
                (apart.x.abs() < SAME_PLACE && apart.y.abs() < SAME_PLACE, DOUBLE_TAP)
            }
            None => (true, ENDED),
        };
        is_near && now.saturating_duration_since(self.since) < window
    }
}

/// The target under a finger.
pub(super) struct Pressed {
    /// Its name: what lies there when the finger lifts may be another.
    pub(super) name: String,
    /// Whether the finger is still inside it.
    pub(super) inside: bool,
    /// Whether lifting the finger chooses it; while screens are read aloud, the first touch only reads.
    chooses: bool,
}

/// The square on which a finger draws.
#[derive(Clone, Copy)]
pub(super) struct Drawing {
    square: Rectangle,
    since: Instant,
}

impl Drawing {
    /// Where a finger is, in units of the square's own side, and when.
    fn dot(&self, at: Point, now: Instant) -> [u16; 3] {
        let unit = |from_edge: i32| {
            let units = i64::from(from_edge) * i64::from(SIDE) / i64::from(self.square.size.width.max(1));
            units.clamp(0, i64::from(SIDE)) as u16
        };
        let ms = now.saturating_duration_since(self.since).as_millis();
        let off = at - self.square.top_left;
        [unit(off.x), unit(off.y), u16::try_from(ms).unwrap_or(u16::MAX)]
    }
}

impl App {
    pub(super) fn touch(&mut self, touch: Touch, now: Instant) {
        if self.draw(touch, now) || self.fit(touch) {
            return;
        }
        match touch.kind {
            TouchKind::Down if self.fresh.as_ref().is_some_and(|fresh| fresh.is_missed(touch.at, now)) => {
                self.pressed = None;
            }
            TouchKind::Down => {
                self.fresh = None;
                self.finger_down(touch.at);
            }
            TouchKind::Move => {
                if let Some(mut pressed) = self.pressed.take() {
                    pressed.inside = self.target_at(touch.at).is_some_and(|(_, name)| name == pressed.name);
                    self.pressed = Some(pressed);
                }
            }
            TouchKind::Up => {
                self.lifted_at = Some(touch.at);
                if let Some(pressed) = self.pressed.take()
                    && pressed.chooses
                    && let Some((piece, name)) = self.target_at(touch.at)
                    && name == pressed.name
                {
                    self.focus = None;
                    if self.choose(piece) {
                        self.fresh = Some(Fresh::under_a_finger(touch.at, now));
                    }
                }
            }
            TouchKind::Cancel => self.pressed = None,
        }
    }

    /// Draws, where a finger came down on the square of [`Handwriting`](Screen::Handwriting); whether it did.
    pub(super) fn draw(&mut self, touch: Touch, now: Instant) -> bool {
        if !matches!(self.screen, Screen::Handwriting(_)) {
            self.drawing = None;
            return false;
        }
        if touch.kind == TouchKind::Down {
            let pads = self.pieces().into_iter().filter(|piece| matches!(piece.face, Face::Pad { .. }));
            let squares = pads.map(|piece| square(piece.area));
            let drawing = |square| Drawing { square, since: now };
            self.drawing = squares.filter(|square| square.contains(touch.at)).map(drawing).next();
        }
        let (Some(drawing), Screen::Handwriting(screen)) = (self.drawing, &mut self.screen) else { return false };
        self.fresh = None;
        let [x, y, ms] = drawing.dot(touch.at, now);
        match touch.kind {
            TouchKind::Down => screen.pen_down(x, y),
            TouchKind::Move => screen.pen_moved(x, y, ms),
            TouchKind::Up => screen.pen_up(),
            TouchKind::Cancel => screen.pen_lost(),
        }
        if matches!(touch.kind, TouchKind::Up | TouchKind::Cancel) {
            self.drawing = None;
        }
        self.pressed = None;
        self.focus = None;
        true
    }

    /// Takes a finger that comes down for a cross, where the panel is fitted; whether it did.
    pub(super) fn fit(&mut self, touch: Touch) -> bool {
        let Screen::Calibrate(screen) = &self.screen else { return false };
        if !calibrate::Calibrate::is_for_cross(touch.at, self.size) {
            return false;
        }
        if touch.kind == TouchKind::Down {
            let next = calibrate::cross_touched(screen.clone());
            self.screen = self.obey(next);
        }
        self.pressed = None;
        true
    }

    pub(super) fn finger_down(&mut self, at: Point) {
        let pieces = self.pieces();
        let target = hit(&pieces, at);
        let name = target.and_then(|piece| pieces[piece].touch.clone());
        // Keys are heard as they type; everything else is heard first and chosen by the second touch.
        let at_once = target.is_some_and(|piece| {
            !self.settings.read_aloud || self.focus == name || matches!(pieces[piece].face, Face::Key(_))
        });
        if self.settings.read_aloud {
            self.focus.clone_from(&name);
            if let Some(spoken) = heard(&pieces, at).and_then(|piece| pieces[piece].face.spoken()) {
                self.say(vec![spoken]);
            }
        } else {
            self.focus = None;
        }
        self.pressed = name.map(|name| Pressed { name, inside: true, chooses: at_once });
    }

    /// The target at this point, and its name.
    fn target_at(&self, at: Point) -> Option<(usize, String)> {
        let pieces = self.pieces();
        let piece = hit(&pieces, at)?;
        pieces[piece].touch.clone().map(|name| (piece, name))
    }
}
