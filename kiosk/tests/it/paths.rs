//! Every path through the kiosk, walked twice at the same time: by a finger and by the five keys. After each step both see
//! the same, and at the end the same is on record. Together the paths come past every screen there is.

use std::collections::BTreeSet;

use civic_core::{
    attachment::{Attached, AttachmentKind},
    id::AttachmentId,
};
use embedded_graphics::primitives::Rectangle;
use kiosk::{
    app::Key,
    form::Beside,
    screens::Screen,
    station::{About, Draft},
};

use crate::{
    looks::LARGE,
    support::{Desk, every_screen},
    ways::{PATHS, Step, desk},
};

/// Who walks: the same steps by two hands.
trait Hand {
    /// Chooses what says this, or bears it as its name.
    fn choose(&self, desk: &mut Desk, target: &str);
    /// Writes 十 into the square.
    fn write_ten(&self, desk: &mut Desk);
}

/// A finger on the glass. While screens are read aloud its first touch reads, and the second chooses.
struct Finger;

impl Hand for Finger {
    #[track_caller]
    fn choose(&self, desk: &mut Desk, target: &str) {
        desk.touch(target);
        if desk.has_only_read() {
            desk.touch(target);
        }
    }

    fn write_ten(&self, desk: &mut Desk) {
        desk.write_ten();
    }
}

/// The five keys.
struct Keys;

impl Hand for Keys {
    #[track_caller]
    fn choose(&self, desk: &mut Desk, target: &str) {
        desk.key_to(target);
    }

    fn write_ten(&self, desk: &mut Desk) {
        desk.key_to("Pen");
        let across = [(Key::Up, 8), (Key::Select, 1), (Key::Down, 16), (Key::Select, 1)];
        let to_the_top = [(Key::Up, 8), (Key::Read, 2), (Key::Up, 8)];
        let down = [(Key::Select, 1), (Key::Down, 16), (Key::Select, 1), (Key::Back, 1)];
        for (key, times) in [&across[..], &to_the_top, &down].concat() {
            for _ in 0..times {
                desk.key(key);
            }
        }
    }
}

/// Goes one step.
fn go(desk: &mut Desk, hand: &dyn Hand, step: &Step<'_>) {
    match step {
        Step::Choose(target) => hand.choose(desk, target),
        Step::Digits(digits) => digits.chars().for_each(|digit| hand.choose(desk, &digit.to_string())),
        Step::Ten => hand.write_ten(desk),
        Step::Crosses => desk.touch_crosses(),
        Step::Happens(what) => what.happens(desk),
    }
}

/// What lies where on the screen, what it says, and what touching it means; without the guesses at what was drawn, for no
/// two hands draw alike.
fn seen(desk: &Desk) -> Vec<(Rectangle, String, Option<String>)> {
    let is_guess = |touch: &Option<String>| touch.as_ref().is_some_and(|touch| touch.starts_with("Meant("));
    let pieces = desk.pieces().into_iter().filter(|piece| !is_guess(&piece.touch));
    pieces.map(|piece| (piece.area, piece.face.text().to_owned(), piece.touch)).collect()
}

/// A draft as far as two hands must agree upon it: of ink, how many strokes each square has and what it means.
fn told(draft: &Draft) -> String {
    let squares = |ink: &civic_core::ink::Ink| -> Vec<_> {
        ink.boxes.iter().map(|one| (one.strokes.len(), one.meant)).filter(|(strokes, _)| *strokes > 0).collect()
    };
    if let About::Form(form) = &draft.about {
        let beside = |(beside, byte): (Beside<'_>, u8)| {
            let (kind, what) = match beside {
                Beside::Voice(voice) => (AttachmentKind::Voice, format!("{voice:?}")),
                Beside::Ink(ink) => (AttachmentKind::Ink, format!("{:?}", squares(ink))),
            };
            (Attached { id: AttachmentId::new([byte; 32]), kind, seconds: None }, what)
        };
        let (names, beside): (Vec<_>, Vec<_>) = form.enclosed().zip(1..).map(beside).unzip();
        return format!("{:?} {beside:?}", form.response(names));
    }
    let Draft { voice, ink, .. } = draft;
    format!("{} {voice:?} {:?}", serde_json::to_string(draft).unwrap(), squares(ink))
}

/// Everything that is on record.
fn record(desk: &Desk) -> Vec<String> {
    let station = desk.station.0.lock().unwrap();
    let filed = station.filed.iter().map(|(ticket, draft)| format!("filed {ticket} {}", told(draft)));
    let answered = station.answered.iter().map(|draft| format!("answered {}", told(draft)));
    let taken = station.taken.iter().map(|(_, reply)| format!("taken {reply:?}"));
    let unfinished = station.unfinished.iter().map(|draft| format!("unfinished {}", told(draft)));
    filed.chain(answered).chain(taken).chain(unfinished).collect()
}

#[test]
fn every_path_is_walked_by_a_finger_and_by_five_keys_to_the_same_end() {
    let mut met = BTreeSet::new();
    for (name, path) in PATHS {
        let (mut touched, mut keyed) = (desk(), desk());
        for (number, (said, step)) in Step::all(path).enumerate() {
            let at = format!("{name}, step {}: {said}", number + 1);
            go(&mut touched, &Finger, &step);
            go(&mut keyed, &Keys, &step);
            assert_eq!(touched.app.screen().name(), keyed.app.screen().name(), "{at}");
            assert_eq!(seen(&touched), seen(&keyed), "{at}");
            met.insert(touched.app.screen().name());
        }
        assert_eq!(record(&touched), record(&keyed), "{name}");
    }
    let all: BTreeSet<&str> = Screen::NAMES.iter().copied().collect();
    assert_eq!(met, all, "every screen lies on a path");
}

#[test]
fn the_keys_come_past_every_target_of_every_screen_once_and_around() {
    // Whoever holds the pen moves it until it is put away.
    for (name, mut desk) in every_screen(LARGE).into_iter().filter(|(name, _)| *name != "handwriting-by-keys") {
        desk.key(Key::Down);
        let targets: BTreeSet<String> = desk.pieces().into_iter().filter_map(|piece| piece.touch).collect();
        let count = desk.pieces().iter().filter(|piece| piece.touch.is_some()).count();
        let first = desk.focus();
        let mut passed = BTreeSet::new();
        for _ in 0..count {
            passed.extend(desk.focus());
            desk.key(Key::Down);
        }
        assert_eq!((passed, desk.focus()), (targets, first), "{name}");
    }
}
