//! Ten digits and a key to take one back, wherever a number is typed.

use super::Around;
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    view::{Length, Part, Sentence, column, command_key, grid, key, sheet, space, turning, words},
};

/// A number that is being typed: what there is of it in groups, or the sentence of `empty`; a note on its paper; what to do
/// with it once it is complete; and the pad.
pub fn number_form<T>(
    around: &Around<'_>,
    digits: &str,
    empty: &str,
    (note, paper): (Sentence, Paper),
    go: Part<T>,
    pad: Part<T>,
) -> Part<T> {
    let (typed, ink) = match digits {
        "" => (around.sentence(empty), Ink::Grey),
        digits => (grouped(digits, &[4, 4, 4]).into(), Ink::Black),
    };
    let number = words(typed, TextSize::Huge, ink).bold().centred().on_one_line();
    let left = column(
        14,
        vec![
            (Length::Share(2), sheet(Paper::Card, 12, number)),
            (Length::Needed, sheet(paper, 12, words(note, TextSize::Body, Ink::Black))),
            (Length::Fingers(1, 110), go),
        ],
    );
    turning(20, vec![(Length::Share(6), left), (Length::Share(5), pad)])
}

/// The pad, on whatever place it is given.
pub fn number_pad<T>(around: &Around<'_>, digit: impl Fn(char) -> T, erase: T) -> Part<T> {
    let mut keys: Vec<Part<T>> = ('1'..='9').map(|face| key(digit(face), face)).collect();
    keys.extend([
        space(),
        key(digit('0'), '0'),
        command_key(erase, around.sentence("erase"), Some(Icon::Erase), Look::Other),
    ]);
    grid(0, [3, 3], 12, keys)
}

/// Digits in groups for the eye: `138 0013 8000` is `grouped(…, &[3, 4, 4])`.
pub fn grouped(digits: &str, groups: &[usize]) -> String {
    let mut left = digits;
    let mut parts = Vec::new();
    for group in groups {
        let (part, rest) = left.split_at(left.len().min(*group));
        parts.push(part);
        left = rest;
    }
    parts.push(left);
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_while_they_are_typed() {
        assert_eq!(grouped("", &[4, 4, 2]), "");
        assert_eq!(grouped("04121", &[4, 4, 2]), "0412 1");
        assert_eq!(grouped("0412183764", &[4, 4, 2]), "0412 1837 64");
        assert_eq!(grouped("138001380001", &[3, 4, 4]), "138 0013 8000 1");
    }
}
