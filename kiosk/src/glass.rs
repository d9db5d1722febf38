//! What is on the glass now: the last frame and its words, shared between the loop that draws and whoever looks.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use embedded_graphics::{prelude::*, primitives::Rectangle};
use hardware::screen::{Canvas, bounding_box, changes};
use serde::Serialize;
use tokio::sync::watch;

use crate::{app::App, draw::Painter, spoken::Spoken, view::Face};

/// A looker that is this many frames behind gets the whole picture instead of the changes.
const CHANGES_KEPT: usize = 32;

/// The glass. Clones are the same glass.
#[derive(Clone)]
pub struct Glass {
    // A std mutex: a frame is put up or copied while it is held, and nothing waits.
    shown: Arc<Mutex<Shown>>,
    number: watch::Sender<u64>,
}

struct Shown {
    frame: Arc<Canvas>,
    /// What changed with each of the last frames, the newest last.
    changes: VecDeque<Rectangle>,
    words: InWords,
    /// The frame before, to draw the next one on: fresh memory costs more than drawing.
    spare: Option<Canvas>,
}

/// A part of a frame.
pub struct Part {
    /// Number of the frame.
    pub number: u64,
    /// Where the part lies in it.
    pub area: Rectangle,
    /// The part, as [`Canvas::capture_runs`] gives it.
    pub runs: Vec<u8>,
}

/// A frame in words: for tests, and for people who have a page read to them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InWords {
    /// Number of the frame.
    pub frame: u64,
    /// Name of the screen.
    pub screen: &'static str,
    /// Width of the frame, in pixels.
    pub width: u32,
    /// Height of the frame, in pixels.
    pub height: u32,
    /// Everything a person reads, in order.
    pub words: Vec<String>,
    /// Everything a person can touch.
    pub targets: Vec<Target>,
    /// Name of the target that the five keys stand on, if they are used.
    pub focus: Option<String>,
    /// What was said aloud last.
    pub said: Vec<Spoken>,
    /// How bright the screen is, in percent.
    pub light: u8,
}

/// Something a person can touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// What touching it means, as the code names it.
    pub name: String,
    /// What it says; its picture's name where it says nothing.
    pub text: String,
    /// Left edge, in pixels.
    pub x: i32,
    /// Upper edge, in pixels.
    pub y: i32,
    /// Width, in pixels.
    pub width: u32,
    /// Height, in pixels.
    pub height: u32,
}

impl Glass {
    /// A black glass of this size.
    pub fn new(size: Size) -> Self {
        let shown = Shown {
            frame: Arc::new(Canvas::new(size)),
            changes: VecDeque::new(),
            words: InWords::default(),
            spare: None,
        };
        Self { shown: Arc::new(Mutex::new(shown)), number: watch::Sender::new(0) }
    }

    /// Draws the app as it is now, on a screen that is so bright in percent. Returns the frame and what changed in it, or `None` if nothing did.
    pub fn show(&self, app: &App, light: u8, painter: &mut Painter) -> Option<(Arc<Canvas>, Vec<Rectangle>)> {
        let pieces = app.pieces();
        let spare = self.shown().spare.take().filter(|spare| spare.size() == app.size());
        let mut frame = spare.unwrap_or_else(|| Canvas::new(app.size()));
        let marks = app.marks(&pieces);
        painter.paint(&mut frame, &pieces, marks, app.theme());
        let mut shown = self.shown();
        let changed = changes(&shown.frame, &frame);
        let focus = marks.focus.and_then(|focus| pieces.get(focus)?.touch.clone());
        let said = app.said().to_vec();
        let mut words = InWords { screen: app.screen().name(), focus, said, light, ..InWords::default() };
        Size { width: words.width, height: words.height } = app.size();
        for piece in pieces {
            let text = piece.face.text().to_owned();
            if let Some(name) = piece.touch {
                let (Point { x, y }, Size { width, height }) = (piece.area.top_left, piece.area.size);
                words.targets.push(Target { name, text: text.clone(), x, y, width, height });
            }
            if !text.is_empty() && !matches!(piece.face, Face::Key(_)) {
                words.words.push(text);
            }
        }
        words.frame = shown.words.frame;
        if changed.is_empty() && words == shown.words {
            shown.spare = Some(frame);
            return None;
        }
        words.frame += 1;
        shown.changes.push_back(bounding_box(&changed));
        if shown.changes.len() > CHANGES_KEPT {
            shown.changes.pop_front();
        }
        let frame = Arc::new(frame);
        let before = std::mem::replace(&mut shown.frame, Arc::clone(&frame));
        shown.spare = Arc::into_inner(before);
        let number = words.frame;
        shown.words = words;
        drop(shown);
        self.number.send_replace(number);
        Some((frame, changed))
    }

    /// The last frame.
    pub fn frame(&self) -> Arc<Canvas> {
        Arc::clone(&self.shown().frame)
    }

    /// The frame in words.
    pub fn in_words(&self) -> InWords {
        self.shown().words.clone()
    }

    /// Waits until there is a frame after this one.
    pub async fn after(&self, number: u64) {
        // The sender lives as long as this glass, so waiting does not fail.
        let _ = self.number.subscribe().wait_for(|newest| *newest > number).await;
    }

    /// What changed since this frame; the whole picture for someone who is far behind, or ahead of a restart.
    pub fn since(&self, number: u64) -> Part {
        let shown = self.shown();
        let newest = shown.words.frame;
        let behind = newest.checked_sub(number).and_then(|behind| usize::try_from(behind).ok());
        let area = match behind {
            Some(behind) if number > 0 && behind <= shown.changes.len() => {
                let missed: Vec<Rectangle> = shown.changes.iter().rev().take(behind).copied().collect();
                bounding_box(&missed)
            }
            Some(_) | None => shown.frame.bounding_box(),
        };
        let frame = Arc::clone(&shown.frame);
        drop(shown);
        let (area, runs) = frame.capture_runs(area);
        Part { number: newest, area, runs }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        // A frame is put up in whole assignments, so a panic elsewhere leaves none half shown.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        app::{Event, Touch, TouchKind},
        light::FULL,
        sample::Sample,
    };

    #[test]
    fn only_what_changed_is_sent_and_everything_to_a_newcomer() {
        let (size, now) = (Size::new(800, 480), Instant::now());
        let mut app = App::new(Box::new(Sample::default()), size, now);
        let (glass, mut painter) = (Glass::new(size), Painter::default());
        assert!(glass.show(&app, FULL, &mut painter).is_some());
        assert!(glass.show(&app, FULL, &mut painter).is_none(), "an unchanged screen is not sent again");
        let tile = app.pieces().into_iter().find(|piece| piece.touch.is_some()).unwrap().area;
        app.handle(Event::Touch(Touch { kind: TouchKind::Down, at: tile.center() }), now);
        glass.show(&app, FULL, &mut painter);
        let (changed, whole) = (glass.since(1), glass.since(0));
        assert_eq!((changed.number, whole.number), (2, 2));
        assert!(changed.area.size.width < size.width / 2 && changed.area.contains(tile.center()));
        assert_eq!(whole.area.size, size);
    }
}
