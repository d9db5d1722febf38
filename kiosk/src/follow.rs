//! What comes from the touch panel and the keyboards on wires. Each is read in a thread of its own for as long as the kiosk
//! runs; one that is not there yet, or drops off its cable, is looked for until it is, and the screens say so meanwhile.

use std::{
    cell::Cell,
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use embedded_graphics::prelude::{Point, Size};
use hardware::{
    keyboard::{Keyboard, read_keys},
    touch::{FingerKind, Panel, read_fingers},
};
use tokio::sync::mpsc;

use crate::{
    app::{Touch, TouchKind},
    browser::{Input, What},
    teller::Teller,
    trouble::Trouble,
};

/// How often a device that is away is looked for. After a moment without power it is back within seconds, and to look
/// costs nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Passes the panel's touches on. The thread waits in a read, and ends with the program or when the kiosk has stopped.
pub fn panel(panel: Panel, size: Size, inputs: mpsc::Sender<Input>, teller: Teller) {
    thread::spawn(move || {
        let pass = |kind, at| {
            let what = What::Touch(Touch { kind, at });
            inputs.blocking_send(Input { what, done: None }).is_ok()
        };
        let away = Away::new(Trouble::NoTouch, teller);
        keep_reading(&panel.device, &away, &inputs, |says| {
            let mut resting: Option<Point> = None;
            let ended = read_fingers(&panel, size, |finger| {
                says();
                let (kind, is_down) = match finger.kind {
                    FingerKind::Down => (TouchKind::Down, true),
                    FingerKind::Move => (TouchKind::Move, true),
                    FingerKind::Up => (TouchKind::Up, false),
                };
                resting = is_down.then_some(finger.at);
                pass(kind, finger.at)
            });
            // Of a panel that went away no finger lifts any more.
            if let Some(at) = resting {
                pass(TouchKind::Cancel, at);
            }
            ended
        });
    });
}

/// Passes on what is typed on keyboards, in the way of [`panel`].
pub fn keyboards(keyboards: Vec<Keyboard>, inputs: &mpsc::Sender<Input>, teller: Teller) {
    let away = Away::new(Trouble::NoKeys, teller);
    for keyboard in keyboards {
        let (inputs, away) = (inputs.clone(), away.clone());
        thread::spawn(move || {
            keep_reading(&keyboard.device, &away, &inputs, |says| {
                read_keys(&keyboard, |typed| {
                    says();
                    inputs.blocking_send(Input { what: What::Typed(typed), done: None }).is_ok()
                })
            });
        });
    }
}

/// Reads a device whenever it is there, until nobody wants to know what it says. `read` tells whenever it says something.
fn keep_reading(
    device: &Path,
    away: &Away,
    inputs: &mpsc::Sender<Input>,
    mut read: impl FnMut(&dyn Fn()) -> io::Result<()>,
) {
    // A device that goes away fails. What comes to its end without a word is a file in its place, and counts for a device
    // once it says something: it would come and go with every look.
    let mut is_doubted = false;
    while !inputs.is_closed() {
        let has_spoken = Cell::new(false);
        // Reading waits for the first touch or key; that the device is there must be known before.
        let ended = File::open(device).and_then(|_held| {
            if !is_doubted {
                away.report(device, false);
            }
            read(&|| {
                if !has_spoken.replace(true) {
                    away.report(device, false);
                }
            })
        });
        is_doubted = ended.is_ok() && !has_spoken.get();
        if inputs.is_closed() {
            return;
        }
        if away.report(device, true) {
            let why = ended.err().map_or_else(|| "it went away".to_owned(), |error| error.to_string());
            tracing::error!(why, device = %device.display(), "A panel or keyboard is looked for until it is there");
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Which devices of one kind are away; the trouble is there while any of them is. Clones are the same list.
#[derive(Clone)]
struct Away {
    trouble: Trouble,
    teller: Teller,
    // A std mutex: held while the trouble is reported, so that the last word of two threads is the true one.
    devices: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Away {
    fn new(trouble: Trouble, teller: Teller) -> Self {
        Self { trouble, teller, devices: Arc::default() }
    }

    /// Says that a device is away, or is there; whether that is news.
    fn report(&self, device: &Path, is_away: bool) -> bool {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = if is_away { devices.insert(device.to_owned()) } else { devices.remove(device) };
        self.teller.report(self.trouble, !devices.is_empty());
        is_news
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write as _, process::Command, time::Instant};

    use super::*;
    use crate::{prompts::tests::Scratch, trouble::Reports};

    const PATIENCE: Duration = Duration::from_secs(30);

    /// What the kernel writes of a finger in the middle of the panel that comes down, and of one that lifts.
    fn finger(is_down: bool) -> Vec<u8> {
        let event = |kind: u16, code: u16, value: i32| {
            [&[0; 16][..], &kind.to_ne_bytes(), &code.to_ne_bytes(), &value.to_ne_bytes()].concat()
        };
        [event(3, 0, 512), event(3, 1, 512), event(1, 0x14A, i32::from(is_down)), event(0, 0, 0)].concat()
    }

    fn wait_for<T>(mut what: impl FnMut() -> Option<T>) -> T {
        let since = Instant::now();
        loop {
            if let Some(it) = what() {
                return it;
            }
            assert!(since.elapsed() < PATIENCE, "it never came to be");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_panel_that_comes_late_and_drops_off_for_a_moment_is_followed_again() {
        let scratch = Scratch::new("follow");
        let device = scratch.path().join("event0");
        let wired = format!("device = {device:?}\nx = [0, 1024]\ny = [0, 1024]\n");
        let (inputs, mut touches) = mpsc::channel(8);
        let reports = Reports::default();
        let (teller, _told) = Teller::new(reports.clone(), Arc::default());
        panel(toml::from_str(&wired).unwrap(), Size::new(1024, 600), inputs, teller);
        let mut next = || {
            let input = wait_for(|| touches.try_recv().ok());
            let What::Touch(Touch { kind, at }) = input.what else { panic!("no touch") };
            (kind, at)
        };
        wait_for(|| (reports.all() == [Trouble::NoTouch]).then_some(()));

        // A pipe with a name is what a device is: it is there, and says something now and then.
        assert!(Command::new("mkfifo").arg(&device).status().unwrap().success());
        let middle = Point::new(512, 300);
        let mut kernel = OpenOptions::new().write(true).open(&device).unwrap();
        kernel.write_all(&finger(true)).unwrap();
        assert_eq!(next(), (TouchKind::Down, middle));
        assert_eq!(reports.all(), []);
        drop(kernel);
        assert_eq!(next(), (TouchKind::Cancel, middle), "nobody is left pressing");
        wait_for(|| (reports.all() == [Trouble::NoTouch]).then_some(()));

        let mut kernel = OpenOptions::new().write(true).open(&device).unwrap();
        kernel.write_all(&[finger(true), finger(false)].concat()).unwrap();
        assert_eq!([next(), next()], [(TouchKind::Down, middle), (TouchKind::Up, middle)]);
        assert_eq!(reports.all(), []);
    }

    #[test]
    fn a_file_in_the_place_of_a_device_does_not_come_and_go_and_is_one_once_it_says_something() {
        let (inputs, touches) = mpsc::channel(8);
        let reports = Reports::default();
        let (teller, _told) = Teller::new(reports.clone(), Arc::default());
        let away = Away::new(Trouble::NoTouch, teller);
        let mut touches = Some(touches);
        let mut seen = Vec::new();
        keep_reading(Path::new("/dev/null"), &away, &inputs, |says| {
            seen.push(reports.all());
            if seen.len() == 3 {
                says();
                seen.push(reports.all());
                touches = None;
            }
            Ok(())
        });
        assert_eq!(seen, [vec![], vec![Trouble::NoTouch], vec![Trouble::NoTouch], vec![]]);
    }

    #[test]
    fn of_two_keyboards_both_must_be_there() {
        let reports = Reports::default();
        let (teller, _told) = Teller::new(reports.clone(), Arc::default());
        let away = Away::new(Trouble::NoKeys, teller);
        let [scanner, keypad] = ["scanner", "keypad"].map(Path::new);
        assert!(away.report(scanner, true) && away.report(keypad, true) && !away.report(keypad, true));
        away.report(scanner, false);
        assert_eq!(reports.all(), [Trouble::NoKeys]);
        away.report(keypad, false);
        assert_eq!(reports.all(), []);
    }
}
