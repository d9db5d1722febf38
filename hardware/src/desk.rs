//! The stand-in for a box on a desk: a lamp that is remembered, a button and keys that a test or the browser page
//! presses, a backlight and a watchdog that only keep count.

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    backlight::Backlight,
    board::{Board, BoardError, BoardEvent, Happened},
    keypad::Key,
    lamp::Lamp,
    presence::Motion,
    watchdog::Watchdog,
};

/// Keys pressed and motions seen that nobody has polled; beyond this the oldest are forgotten.
const EVENTS_WAITING: usize = 16;

/// How often the stand-in for a watchdog wants to be fed.
const FEED_EVERY: Duration = Duration::from_secs(5);

/// A board without a box. Clones are the same board: give one to the kiosk and press the other.
#[derive(Clone, Default)]
pub struct Desk {
    // A std mutex: the page presses from another thread, and nothing waits while it is held.
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    lamp: Lamp,
    pressed: bool,
    events: VecDeque<BoardEvent>,
    brightness: u8,
    meals: u64,
    happened: Option<Happened>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { lamp: Lamp::Off, pressed: false, events: VecDeque::new(), brightness: 100, meals: 0, happened: None }
    }
}

impl Desk {
    /// Presses and releases the button. Presses that nobody has polled yet count as one, as on a real button.
    pub fn press(&self) {
        self.shared().pressed = true;
        self.tell_of_it();
    }

    /// Presses one of the five keys.
    pub fn press_key(&self, key: Key) {
        self.happen(BoardEvent::Key(key));
    }

    /// Somebody comes, or leaves.
    pub fn pass(&self, motion: Motion) {
        self.happen(BoardEvent::Motion(motion));
    }

    /// What the lamp shows.
    pub fn lamp(&self) -> Lamp {
        self.shared().lamp
    }

    /// How bright the screen is, in percent.
    pub fn brightness(&self) -> u8 {
        self.shared().brightness
    }

    /// How often the watchdog was fed.
    pub fn meals(&self) -> u64 {
        self.shared().meals
    }

    fn happen(&self, event: BoardEvent) {
        {
            let events = &mut self.shared().events;
            if events.len() == EVENTS_WAITING {
                events.pop_front();
            }
            events.push_back(event);
        }
        self.tell_of_it();
    }

    /// Outside the lock: whoever is told may look at once.
    fn tell_of_it(&self) {
        let happened = self.shared().happened.clone();
        if let Some(happened) = happened {
            happened();
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Two plain values are never half written, so a panic elsewhere does not spoil them.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("lamp", &self.lamp()).finish_non_exhaustive()
    }
}

impl Board for Desk {
    fn set_lamp(&mut self, lamp: Lamp, _now: Instant) -> Result<(), BoardError> {
        self.shared().lamp = lamp;
        Ok(())
    }

    fn poll(&mut self, _now: Instant) -> Result<Option<BoardEvent>, BoardError> {
        let mut shared = self.shared();
        let pressed = std::mem::take(&mut shared.pressed).then_some(BoardEvent::Pressed);
        Ok(pressed.or_else(|| shared.events.pop_front()))
    }

    fn tell(&mut self, happened: Happened) {
        self.shared().happened = Some(happened);
    }

    fn poll_at(&self) -> Option<Instant> {
        None
    }
}

impl Backlight for Desk {
    fn set(&mut self, percent: u8) -> io::Result<()> {
        self.shared().brightness = percent.min(100);
        Ok(())
    }
}

impl Watchdog for Desk {
    fn feed(&mut self) -> io::Result<()> {
        self.shared().meals += 1;
        Ok(())
    }

    fn feed_every(&self) -> Duration {
        FEED_EVERY
    }

    fn stop(&mut self) -> io::Result<()> {
        Ok(())
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

    #[test]
    fn keys_and_motions_come_in_order_and_only_the_newest_are_kept() {
        let mut desk = Desk::default();
        desk.press_key(Key::Back);
        desk.pass(Motion::Came);
        let mut poll = || desk.poll(Instant::now()).expect("a desk never fails");
        assert_eq!(
            [poll(), poll(), poll()],
            [Some(BoardEvent::Key(Key::Back)), Some(BoardEvent::Motion(Motion::Came)), None]
        );
        (0..100).for_each(|_| desk.press_key(Key::Next));
        desk.press_key(Key::Hear);
        let told: Vec<_> = std::iter::from_fn(|| desk.poll(Instant::now()).expect("a desk never fails")).collect();
        assert_eq!((told.len(), told.last()), (EVENTS_WAITING, Some(&BoardEvent::Key(Key::Hear))));
    }

    #[test]
    fn light_and_meals_are_seen_from_outside() {
        let mut desk = Desk::default();
        desk.set(30).expect("a desk never fails");
        desk.feed().expect("a desk never fails");
        assert_eq!((desk.brightness(), desk.meals()), (30, 1));
    }
}
