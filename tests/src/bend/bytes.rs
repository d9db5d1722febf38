//! Bytes, bent without knowing what they mean.

use civic_core::codec::put_varint;

use crate::sample::Dice;

/// No text is longer, 1 MiB: what grew by words said again is kept, and would grow again.
const TEXT_LEN_MAX: usize = 1 << 20;

/// One of the honest ones, bent.
pub(super) fn bent(honest: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = dice.pick(honest).clone();
    for _ in 0..=dice.below(3) {
        let at = place(dice, bytes.len().max(1)).min(bytes.len());
        let len = 1 + place(dice, 12);
        let end = (at + len).min(bytes.len());
        match dice.below(8) {
            0 if !bytes.is_empty() => bytes[at.min(end.saturating_sub(1))] ^= 1 << dice.below(8),
            1 => bytes.truncate(at),
            2 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => drop(bytes.drain(at..end)),
            4 => {
                let mut number = Vec::new();
                let exponent = dice.below(64);
                put_varint(&mut number, dice.next() >> exponent);
                bytes.splice(at..(at + 1).min(bytes.len()), number);
            }
            5 => bytes[at..end].fill(if dice.below(2) == 0 { 0xff } else { 0 }),
            6 => {
                let other = dice.pick(honest);
                let from = place(dice, other.len().max(1)).min(other.len());
                let piece = &other[from..(from + len * 4).min(other.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            _ => bytes.reverse(),
        }
    }
    bytes
}

/// What people type and programs write, bent as a text: a word of it becomes another that is too long, too large, empty,
/// of another kind, or not meant for people.
pub(super) fn reworded(honest: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    const WORDS: [&str; 24] = [
        "",
        "0",
        "-1",
        "1",
        "2147483648",
        "-9223372036854775808",
        "18446744073709551616",
        "1e309",
        "null",
        "true",
        "[]",
        "{}",
        "\"",
        "\\u0000",
        "%00",
        "%ff%fe",
        "..%2f..%2f",
        "<i>bent</i>",
        "é\u{301}\u{202e}",
        "路",
        "\u{0}",
        "&",
        "=",
        ",",
    ];
    let mut bytes = dice.pick(honest).clone();
    for _ in 0..=dice.below(2) {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || matches!(byte, b'%' | b'-' | b'_');
        let begins: Vec<usize> =
            (0..bytes.len()).filter(|at| is_word(&bytes[*at]) && (*at == 0 || !is_word(&bytes[*at - 1]))).collect();
        let Some(at) = begins.get(place(dice, begins.len().max(1))).copied() else { break };
        let end = at + bytes[at..].iter().take_while(|byte| is_word(byte)).count();
        let word = match dice.below(4) {
            0 => bytes[at..end].repeat(1 + place(dice, 40)),
            1 => {
                let other = dice.pick(honest);
                let from = place(dice, other.len().max(1)).min(other.len());
                other[from..].iter().copied().take_while(is_word).collect()
            }
            _ => dice.pick(&WORDS).as_bytes().to_vec(),
        };
        bytes.splice(at..end, word);
        bytes.truncate(TEXT_LEN_MAX);
    }
    bytes
}

fn place(dice: &mut Dice, len: usize) -> usize {
    usize::try_from(dice.below(len as u64)).unwrap_or(0)
}
