//! Before whom nobody stands: nothing is drawn, and nothing wakes but what has a time.

use std::time::Duration;

use kiosk::{app::Event, draw::Painter, glass::Glass, light::FULL};

use crate::{
    looks::{LARGE, SMALL},
    support::{Desk, every_screen},
};

/// How often the screens wake by themselves within this time.
fn wakes(desk: &mut Desk, within: Duration) -> usize {
    let end = desk.now + within;
    let mut wakes = 0;
    while let Some(at) = desk.app.wake_at().filter(|at| *at <= end) {
        assert!(at > desk.now || wakes == 0, "it wakes twice at one time");
        desk.now = at;
        desk.event(Event::Tick);
        wakes += 1;
    }
    desk.now = end;
    wakes
}

#[test]
fn a_day_without_anybody_wakes_the_screen_once_to_dim_it_and_news_of_nothing_draw_nothing() {
    let mut desk = Desk::new(SMALL);
    let (glass, mut painter) = (Glass::new(SMALL), Painter::default());
    assert!(glass.show(&desk.app, FULL, &mut painter).is_some());
    assert_eq!(wakes(&mut desk, Duration::from_secs(86_400)), 1, "it dims");
    assert_eq!(desk.app.wake_at(), None);
    let light = desk.app.light(desk.now);
    glass.show(&desk.app, light, &mut painter);
    for _ in 0..5 {
        desk.wait(Duration::from_secs(60));
        desk.event(Event::News);
        assert!(glass.show(&desk.app, light, &mut painter).is_none(), "the station had nothing new");
        assert_eq!(desk.app.wake_at(), None);
    }
}

#[test]
fn whatever_somebody_leaves_on_the_screen_comes_to_rest_after_a_few_wakes() {
    for (name, mut desk) in every_screen(LARGE) {
        // What cannot be saved is tried again every half hour for as long as it takes.
        desk.station.0.lock().unwrap().refuses = None;
        let woken = wakes(&mut desk, Duration::from_secs(3 * 3_600));
        assert!(woken <= 6, "{name} wakes {woken} times");
        assert_eq!(desk.app.wake_at(), None, "{name} never rests");
        assert!(desk.app.light(desk.now) < FULL, "{name} stays bright");
    }
}
