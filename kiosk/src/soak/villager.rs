//! What a hand in front of the screen does next. It sees what a person sees: targets, and which of them leads on.

use std::time::Duration;

use embedded_graphics::prelude::{Point, Size};

use crate::{
    app::{Event, Key, Touch, TouchKind},
    draw::{layout::Placed, theme::Look},
    view::{Button, Face, Turn},
};

/// The longest that somebody stays, in moves.
const MOVES_MAX: u64 = 80;

/// All villagers, one after the other; the same seed gives the same ones.
#[derive(Debug)]
pub struct Villager {
    state: u64,
}

/// One move.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// These happen at once.
    Act(Vec<Event>),
    /// So much time passes.
    Wait(Duration),
}

impl Villager {
    /// The villagers of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A number below this one: SplitMix64, which is enough to move hands.
    pub fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    /// How many moves somebody makes before leaving.
    pub fn moves(&mut self) -> u64 {
        1 + self.below(MOVES_MAX)
    }

    /// What comes next before these pieces, on a screen of this size.
    pub fn next(&mut self, pieces: &[Placed<String>], size: Size) -> Move {
        match self.below(20) {
            // Between touches people think, and now and then for longer than the screen waits.
            0..8 => Move::Wait(Duration::from_millis(400 + self.below(8_000))),
            8 => Move::Wait(Duration::from_secs(self.below(100))),
            9 => {
                let keys = [Key::Up, Key::Down, Key::Select, Key::Back, Key::Read];
                Move::Act(vec![Event::Key(keys[self.below(keys.len() as u64) as usize])])
            }
            10 => {
                let at = Point::new(self.below(size.width.into()) as i32, self.below(size.height.into()) as i32);
                let kinds = [TouchKind::Down, TouchKind::Move, TouchKind::Up, TouchKind::Cancel];
                Move::Act(vec![touch(kinds[self.below(4) as usize], at)])
            }
            11 => {
                let mut events = vec![Event::Button, Event::News, Event::SpeechEnded];
                Move::Act(vec![events.swap_remove(self.below(3) as usize)])
            }
            // Otherwise a target: mostly one that the screen is about, and of those the one that leads on.
            choice => {
                let targets: Vec<_> = pieces.iter().filter(|piece| piece.touch.is_some()).collect();
                let chosen = |wanted: fn(&Placed<String>) -> bool| -> Vec<_> {
                    targets.iter().filter(|piece| wanted(piece)).copied().collect()
                };
                let (onward, own) = (chosen(|piece| leads_on(&piece.face)), chosen(|piece| piece.turn < Turn::Frame));
                let among = match choice {
                    ..15 if !onward.is_empty() => onward,
                    ..19 if !own.is_empty() => own,
                    _ => targets,
                };
                match among.get(self.below(among.len() as u64) as usize) {
                    Some(target) => {
                        let at = target.area.center();
                        Move::Act(vec![touch(TouchKind::Down, at), touch(TouchKind::Up, at)])
                    }
                    None => Move::Wait(Duration::from_secs(1)),
                }
            }
        }
    }
}

fn touch(kind: TouchKind, at: Point) -> Event {
    Event::Touch(Touch { kind, at })
}

fn leads_on(face: &Face) -> bool {
    matches!(face, Face::Button(Button { look: Look::Next, .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_moves_the_same_hands() {
        let moves = |seed| {
            let mut villager = Villager::new(seed);
            (0..50).map(|_| villager.next(&[], Size::new(1024, 600))).collect::<Vec<_>>()
        };
        assert_eq!(moves(7), moves(7));
        assert_ne!(moves(7), moves(8));
    }
}
