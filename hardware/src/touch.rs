//! A touch panel, read from the kernel's event file (`/dev/input/event0`): no library, and any file can stand in for it.
//!
//! One finger is followed: the first, until all have lifted. Of a panel that tells several apart, each has a slot, and
//! what is said of another slot than the first finger's is passed over.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use embedded_graphics_core::prelude::{Point, Size};
use serde::Deserialize;

use crate::{
    fit::{Edges, Fit},
    input::{EV_ABS, EV_KEY, EV_SYN, RawEvent, read_events},
};

/// Which event file, and the values it reports at the edges of the screen: read from the station's wiring file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// The event file.
    pub device: PathBuf,
    /// What the panel reports at the left and at the right edge. Exchange the two for a panel that is mirrored.
    pub x: [i32; 2],
    /// What it reports at the upper and at the lower edge.
    pub y: [i32; 2],
    /// The panel is turned: what it reports as x runs down the screen.
    #[serde(default)]
    pub turned: bool,
    /// How it is fitted while somebody finds these values; see [`crate::fit`].
    #[serde(skip)]
    pub fit: Fit,
}

impl Panel {
    /// What the wiring says of its edges.
    pub fn edges(&self) -> Edges {
        Edges { x: self.x, y: self.y, is_turned: self.turned }
    }
}

/// A finger on the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finger {
    /// What it did.
    pub kind: FingerKind,
    /// Where, in pixels of the screen.
    pub at: Point,
}

/// What a finger did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FingerKind {
    /// It came down.
    Down,
    /// It moved without lifting.
    Move,
    /// It lifted.
    Up,
}

/// Reads fingers until `take` says that nobody wants them any more (`false`). It blocks: give it a thread.
pub fn read_fingers(panel: &Panel, screen: Size, take: impl FnMut(Finger) -> bool) -> io::Result<()> {
    read_from(File::open(&panel.device)?, panel, screen, take)
}

fn read_from(events: impl Read, panel: &Panel, screen: Size, mut take: impl FnMut(Finger) -> bool) -> io::Result<()> {
    let mut follower = Follower::new(panel.clone(), screen);
    read_events(events, |event| follower.follow(event).is_none_or(&mut take))
}

// The kernel's names for what we follow (linux/input-event-codes.h).
const ABS_X: u16 = 0x00;
const ABS_Y: u16 = 0x01;
const ABS_MT_SLOT: u16 = 0x2F;
const ABS_MT_POSITION_X: u16 = 0x35;
const ABS_MT_POSITION_Y: u16 = 0x36;
const ABS_MT_TRACKING_ID: u16 = 0x39;
const BTN_LEFT: u16 = 0x110;
const BTN_TOUCH: u16 = 0x14A;

/// Follows one finger through the kernel's events: what is new counts when a report ends.
struct Follower {
    panel: Panel,
    screen: Size,
    /// Where the finger is, in the panel's own units.
    reported: Point,
    /// Any finger is on the panel.
    down: bool,
    /// The slot that the kernel speaks of.
    slot: i32,
    /// The slot of the first finger, once the panel said that it has one.
    first: Option<i32>,
    /// The first finger has lifted, and another rests there still.
    first_lifted: bool,
    told: Option<Finger>,
}

impl Follower {
    fn new(panel: Panel, screen: Size) -> Self {
        let reported = Point::zero();
        Self { panel, screen, reported, down: false, slot: 0, first: None, first_lifted: false, told: None }
    }

    fn follow(&mut self, event: RawEvent) -> Option<Finger> {
        match (event.kind, event.code) {
            (EV_ABS, ABS_MT_SLOT) => self.slot = event.value,
            (EV_ABS, ABS_MT_TRACKING_ID) => self.told_apart(event.value),
            // Without a slot these are of the finger that has been there longest: another one, when the first is gone.
            (EV_ABS, ABS_X) if !self.first_lifted => self.reported.x = event.value,
            (EV_ABS, ABS_Y) if !self.first_lifted => self.reported.y = event.value,
            (EV_ABS, ABS_MT_POSITION_X) if self.is_of_first() => self.reported.x = event.value,
            (EV_ABS, ABS_MT_POSITION_Y) if self.is_of_first() => self.reported.y = event.value,
            (EV_KEY, BTN_TOUCH | BTN_LEFT) => self.touched(event.value != 0),
            (EV_SYN, 0) => return self.report(),
            // Pressure, tool widths, second fingers: not needed.
            _ => {}
        }
        None
    }

    /// A finger comes into a slot under a number of its own, or leaves it.
    fn told_apart(&mut self, number: i32) {
        if number >= 0 {
            self.first.get_or_insert(self.slot);
        } else if self.first == Some(self.slot) {
            self.first_lifted = true;
        }
    }

    fn touched(&mut self, is_touched: bool) {
        self.down = is_touched;
        if !is_touched {
            (self.first, self.first_lifted) = (None, false);
        }
    }

    /// Whether the kernel speaks of the slot that is followed: of the lowest, where no finger has been told apart.
    fn is_of_first(&self) -> bool {
        !self.first_lifted && self.slot == self.first.unwrap_or(0)
    }

    fn report(&mut self) -> Option<Finger> {
        let was_down = self.told.is_some_and(|finger| finger.kind != FingerKind::Up);
        let kind = match (was_down, self.down && !self.first_lifted) {
            (false, true) => FingerKind::Down,
            (true, true) => FingerKind::Move,
            (true, false) => FingerKind::Up,
            (false, false) => return None,
        };
        if kind == FingerKind::Down {
            self.panel.fit.comes_down(self.reported);
        }
        let edges = self.panel.fit.edges().unwrap_or(self.panel.edges());
        let finger = Finger { kind, at: edges.place(self.reported, self.screen) };
        if self.told == Some(finger) {
            return None;
        }
        self.told = Some(finger);
        Some(finger)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn fingers(events: &[(u16, u16, i32)]) -> Vec<(FingerKind, i32, i32)> {
        let panel: Panel = toml::from_str("device = \"/dev/input/event0\"\nx = [0, 4096]\ny = [4096, 0]\n").unwrap();
        let bytes: Vec<u8> = events
            .iter()
            .flat_map(|(kind, code, value)| {
                RawEvent { at: Duration::ZERO, kind: *kind, code: *code, value: *value }.bytes()
            })
            .collect();
        let mut fingers = Vec::new();
        let take = |finger: Finger| {
            fingers.push((finger.kind, finger.at.x, finger.at.y));
            true
        };
        read_from(bytes.as_slice(), &panel, Size::new(1024, 600), take).unwrap();
        fingers
    }

    #[test]
    fn a_finger_comes_down_moves_and_lifts() {
        let events = [
            (EV_ABS, ABS_X, 2048),
            (EV_ABS, ABS_Y, 4096),
            (EV_KEY, BTN_TOUCH, 1),
            (EV_SYN, 0, 0),
            (EV_ABS, ABS_MT_POSITION_X, 4096),
            (EV_SYN, 0, 0),
            (EV_SYN, 0, 0),
            (EV_KEY, BTN_TOUCH, 0),
            (EV_SYN, 0, 0),
        ];
        let (down, moved, up) = (FingerKind::Down, FingerKind::Move, FingerKind::Up);
        assert_eq!(fingers(&events), [(down, 512, 0), (moved, 1023, 0), (up, 1023, 0)]);
    }

    #[test]
    fn edges_that_are_tried_out_count_from_the_next_touch_on() {
        let text = "device = \"/dev/input/event0\"\nx = [0, 4096]\ny = [0, 4096]\n";
        let panel: Panel = toml::from_str(text).unwrap();
        let mut follower = Follower::new(panel.clone(), Size::new(1024, 600));
        let mut touch = || {
            let events = [(EV_ABS, ABS_X, 1024), (EV_ABS, ABS_Y, 0), (EV_KEY, BTN_TOUCH, 1), (EV_SYN, 0, 0)];
            let event = |(kind, code, value)| RawEvent { at: Duration::ZERO, kind, code, value };
            let down = events.map(event).into_iter().find_map(|event| follower.follow(event)).unwrap();
            follower.follow(event((EV_KEY, BTN_TOUCH, 0)));
            follower.follow(event((EV_SYN, 0, 0)));
            down.at
        };
        assert_eq!((touch(), panel.fit.came_down()), (Point::new(256, 0), Some(Point::new(1024, 0))));
        panel.fit.try_out(Some(Edges { is_turned: true, ..panel.edges() }));
        assert_eq!(touch(), Point::new(0, 150));
        panel.fit.try_out(None);
        assert_eq!(touch(), Point::new(256, 0));
    }

    /// What a panel sends that tells fingers apart, when one comes into a slot; the kernel adds where the oldest is.
    fn comes(slot: i32, x: i32, y: i32) -> [(u16, u16, i32); 4] {
        [
            (EV_ABS, ABS_MT_SLOT, slot),
            (EV_ABS, ABS_MT_TRACKING_ID, 40 + slot),
            (EV_ABS, ABS_MT_POSITION_X, x),
            (EV_ABS, ABS_MT_POSITION_Y, y),
        ]
    }

    #[test]
    fn a_second_finger_does_not_drag_the_first_one_along() {
        let (touch, report) = ((EV_KEY, BTN_TOUCH, 1), (EV_SYN, 0, 0));
        let first = [touch, (EV_ABS, ABS_X, 1024), (EV_ABS, ABS_Y, 2048), report];
        // The first one rests, so nothing is said of it while the second comes and moves.
        let moves = [report, (EV_ABS, ABS_MT_POSITION_X, 3072), report];
        let first_moves = [(EV_ABS, ABS_MT_SLOT, 0), (EV_ABS, ABS_MT_POSITION_X, 2048), (EV_ABS, ABS_X, 2048), report];
        let lifts = [(EV_ABS, ABS_MT_TRACKING_ID, -1), (EV_KEY, BTN_TOUCH, 0), report];
        let parts = [&comes(0, 1024, 2048)[..], &first, &comes(1, 4000, 100), &moves, &first_moves, &lifts].concat();
        let (down, moved, up) = (FingerKind::Down, FingerKind::Move, FingerKind::Up);
        assert_eq!(fingers(&parts), [(down, 256, 300), (moved, 256, 300), (moved, 512, 300), (up, 512, 300)]);
    }

    #[test]
    fn a_first_finger_lifts_where_it_was_while_a_second_one_stays() {
        let (touch, report) = ((EV_KEY, BTN_TOUCH, 1), (EV_SYN, 0, 0));
        let first = [touch, (EV_ABS, ABS_X, 1024), (EV_ABS, ABS_Y, 2048), report];
        // What has no slot is of the second one from now on.
        let lifts = [
            (EV_ABS, ABS_MT_SLOT, 0),
            (EV_ABS, ABS_MT_TRACKING_ID, -1),
            (EV_ABS, ABS_X, 4000),
            (EV_ABS, ABS_Y, 100),
            report,
        ];
        let stays = [(EV_ABS, ABS_MT_SLOT, 1), (EV_ABS, ABS_MT_POSITION_X, 3072), (EV_ABS, ABS_X, 3072), report];
        let all_lift = [(EV_ABS, ABS_MT_TRACKING_ID, -1), (EV_KEY, BTN_TOUCH, 0), report];
        let again = [touch, (EV_ABS, ABS_X, 2048), (EV_ABS, ABS_Y, 0), report];
        let parts = [&comes(0, 1024, 2048)[..], &first, &comes(1, 4000, 100), &[report], &lifts, &stays, &all_lift];
        let parts = [&parts.concat()[..], &comes(1, 2048, 0), &again].concat();
        let (down, moved, up) = (FingerKind::Down, FingerKind::Move, FingerKind::Up);
        assert_eq!(fingers(&parts), [(down, 256, 300), (moved, 256, 300), (up, 256, 300), (down, 512, 599)]);
    }

    #[test]
    fn a_panel_that_only_breathes_reports_nothing() {
        assert_eq!(fingers(&[(EV_ABS, ABS_X, 5), (EV_SYN, 0, 0), (EV_ABS, 0x18, 9), (EV_SYN, 0, 0)]), []);
    }
}
