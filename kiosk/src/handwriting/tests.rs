//! How often the right character is told, for strokes that were shaken, joined and taken in another order. The strokes come
//! from the same data as the characters that are known, so people's hands will do worse: the numbers guard against a worse
//! program, and promise nothing.

use std::{collections::HashSet, time::Instant};

use civic_core::ink::{Dot, SIDE};

use super::*;

/// SplitMix64.
struct Hand(u64);

/// How somebody writes.
#[derive(Clone, Copy, Debug)]
struct Habits {
    /// How much the hand shakes; 1 is an unsteady one.
    shaking: f32,
    /// Strokes that are joined with the next, of a hundred.
    joined: u64,
    /// Characters in which two strokes are exchanged, of a hundred.
    exchanged: u64,
}

impl Hand {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From -1 to 1.
    fn shake(&mut self) -> f32 {
        (self.next() % 20_001) as f32 / 10_000.0 - 1.0
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// Writes a character as an unsteady hand does: slanted, too wide or too narrow, every stroke a little off its place and
    /// bent; so many strokes of a hundred joined with the next, and sometimes two in the wrong order.
    fn write(&mut self, strokes: &[Vec<[f32; 2]>], Habits { shaking, joined, exchanged }: Habits) -> Vec<Stroke> {
        let (slant, tilt) = (0.12 * shaking * self.shake(), 0.08 * shaking * self.shake());
        let (wide, high) = (0.75 + 0.13 * shaking * self.shake(), 0.75 + 0.13 * shaking * self.shake());
        let mut written: Vec<Vec<[f32; 2]>> = Vec::new();
        for stroke in strokes {
            let (off_x, off_y) = (2.2 * shaking * self.shake(), 2.2 * shaking * self.shake());
            let place = |hand: &mut Self, point: &[f32; 2]| {
                let mut off = |value: f32, off: f32| value - 32.0 + off + 1.5 * shaking * hand.shake();
                let [x, y] = [off(point[0], off_x), off(point[1], off_y)];
                [wide * (x + slant * y) + 32.0, high * (y + tilt * x) + 32.0]
            };
            let points: Vec<[f32; 2]> = stroke.iter().map(|point| place(self, point)).collect();
            match written.last_mut() {
                Some(last) if self.happens(joined) => last.extend(points),
                Some(_) | None => written.push(points),
            }
        }
        if written.len() > 1 && self.happens(exchanged) {
            let first = self.next() as usize % (written.len() - 1);
            written.swap(first, first + 1);
        }
        written.iter().map(|stroke| ink(stroke)).collect()
    }
}

fn ink(points: &[[f32; 2]]) -> Stroke {
    let unit = |value: f32| (value / 63.0 * f32::from(SIDE)).clamp(0.0, f32::from(SIDE)) as u16;
    Stroke { dots: points.iter().map(|[x, y]| Dot { x: unit(*x), y: unit(*y), ms: 0 }).collect() }
}

/// Of a hundred, how many were told first, and among the first ten.
fn hits(habits: Habits, every: usize) -> [usize; 2] {
    let known = handwriting();
    let mut hand = Hand(7);
    let (mut all, mut first, mut ten) = (0, 0, 0);
    for character in known.characters.all().take(COMMON).step_by(every) {
        let found = known.candidates(&hand.write(&character.strokes, habits));
        let place = found.iter().position(|found| *found == character.character);
        all += 1;
        first += usize::from(place == Some(0));
        ten += usize::from(place.is_some_and(|place| place < 10));
    }
    [first, ten].map(|hits| hits * 100 / all)
}

/// The common characters of the national table.
const COMMON: usize = 3_500;

const UNSTEADY: Habits = Habits { shaking: 1.0, joined: 0, exchanged: 0 };
const HASTY: Habits = Habits { joined: 25, exchanged: 25, ..UNSTEADY };
const TREMBLING: Habits = Habits { shaking: 2.0, ..HASTY };

#[test]
fn an_unsteady_a_hasty_and_a_trembling_hand_are_read() {
    for (habits, meant) in [(UNSTEADY, [95, 99]), (HASTY, [93, 97]), (TREMBLING, [90, 95])] {
        let found = hits(habits, 29);
        assert!(found[0] >= meant[0] && found[1] >= meant[1], "{habits:?}: {found:?}, meant {meant:?}");
    }
}

#[test]
fn nothing_is_nothing_and_one_dot_is_something() {
    assert!(handwriting().candidates(&[]).is_empty());
    assert!(handwriting().candidates(&[Stroke::default()]).is_empty());
    assert_eq!(handwriting().candidates(&[ink(&[[30.0, 30.0]])]).len(), CANDIDATES_MAX);
}

#[test]
fn every_common_character_is_known_and_most_of_those_in_names() {
    let table = include_str!("../../../web/fonts/characters.txt").lines().next().unwrap_or_default();
    let known: HashSet<char> = handwriting().characters().collect();
    let missing = |of: usize| table.chars().take(of).filter(|character| !known.contains(character)).count();
    assert_eq!((missing(COMMON), missing(6_500), missing(8_105)), (0, 129, 1_239));
}

#[test]
#[ignore = "prints a table; times mean something only when this package is optimised"]
fn how_often_and_how_fast() {
    let begun = Instant::now();
    handwriting();
    println!("unpacking: {:?}", begun.elapsed());
    for habits in [UNSTEADY, Habits { joined: 25, ..UNSTEADY }, Habits { exchanged: 50, ..UNSTEADY }, HASTY, TREMBLING]
    {
        let begun = Instant::now();
        let [first, ten] = hits(habits, 7);
        let each = begun.elapsed() / 500;
        println!("{habits:?}: first {first} %, among ten {ten} %, {each:?} each");
    }
}
