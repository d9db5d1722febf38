//! The stand-in for a box on a desk: a lamp that is remembered, a button that a test or the browser page presses.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    board::{Board, BoardError, BoardEvent},
    lamp::Lamp,
};

/// A board without a box. Clones are the same board: give one to the kiosk and press the other.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    // A std mutex: the page presses from another thread, and nothing waits while it is held.
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    lamp: Lamp,
    pressed: bool,
}

impl Desk {
    /// Presses and releases the button. Presses that nobody has polled yet count as one, as on a real button.
    pub fn press(&self) {
        self.shared().pressed = true;
    }

    /// What the lamp shows.
    pub fn lamp(&self) -> Lamp {
        self.shared().lamp
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Two plain values are never half written, so a panic elsewhere does not spoil them.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board for Desk {
    fn set_lamp(&mut self, lamp: Lamp, _now: Instant) -> Result<(), BoardError> {
        self.shared().lamp = lamp;
        Ok(())
    }

    fn poll(&mut self, _now: Instant) -> Result<Option<BoardEvent>, BoardError> {
        Ok(std::mem::take(&mut self.shared().pressed).then_some(BoardEvent::Pressed))
    }

    fn poll_every(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_is_polled_once_and_the_lamp_is_seen_from_outside() {
        let desk = Desk::default();
        let mut board: Box<dyn Board> = Box::new(desk.clone());
        let now = Instant::now();
        desk.press();
        assert_eq!(board.poll(now).expect("a desk never fails"), Some(BoardEvent::Pressed));
        assert_eq!(board.poll(now).expect("a desk never fails"), None);
        board.set_lamp(Lamp::Green, now).expect("a desk never fails");
        assert_eq!(desk.lamp(), Lamp::Green);
    }
}
