//! The ways in which a payload is bent.

use super::draft::{Draft, Row, Value};
use crate::sample::Dice;

/// Numbers at which programs stumble.
const NUMBERS: [u64; 16] = [
    0,
    1,
    2,
    7,
    63,
    64,
    127,
    128,
    4_096,
    4_097,
    16_384,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];
/// A number in more bytes than it needs, and one that never ends.
const LONG_NUMBERS: [&[u8]; 3] = [&[0x81, 0x80, 0x00], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], &[0xff; 11]];

/// Bends `payload` once or a few times. `donor` is another honest payload, and `names` are hashes and actors that occur.
pub(super) fn bend(dice: &mut Dice, payload: &[u8], donor: &[u8], names: &Names) -> Vec<u8> {
    let mut bent = payload.to_vec();
    // Most inputs are bent in one place: what is bent in many is refused at the first.
    let times = 1 + [0, 0, 0, 0, 1, 1, 2, 4][dice.below(8) as usize];
    for _ in 0..times {
        let parts = if dice.below(4) == 0 { None } else { Draft::read(&bent).ok() };
        bent = match (parts, Draft::read(donor)) {
            (Some(mut draft), Ok(donor)) => {
                match dice.below(8) {
                    0 => bend_head(dice, &mut draft, &donor, names),
                    1 => bend_layout(dice, &mut draft, &donor),
                    2 => bend_column(dice, &mut draft),
                    _ => bend_rows(dice, &mut draft),
                }
                draft.write()
            }
            (Some(_), Err(_)) | (None, _) => bend_bytes(dice, bent, donor),
        };
    }
    bent
}

/// What documents name: hashes of changes and actors that are there, of 32 and 16 bytes.
pub(super) struct Names {
    pub(super) hashes: Vec<Vec<u8>>,
    pub(super) actors: Vec<Vec<u8>>,
}

/// Bends bytes without knowing what they are.
fn bend_bytes(dice: &mut Dice, mut bytes: Vec<u8>, donor: &[u8]) -> Vec<u8> {
    let place = dice.below(bytes.len() as u64 + 1) as usize;
    match dice.below(8) {
        0..=2 => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << dice.below(8);
            }
        }
        3 => bytes.truncate(place),
        4 => {
            let from = dice.below(donor.len() as u64 + 1) as usize;
            bytes.truncate(place);
            bytes.extend_from_slice(&donor[from..]);
        }
        5 => {
            let end = (place + dice.below(20) as usize).min(bytes.len());
            let piece = bytes[place..end].to_vec();
            bytes.splice(place..place, piece);
        }
        6 => {
            let end = (place + dice.below(4) as usize).min(bytes.len());
            bytes.splice(place..end, number(dice));
        }
        _ => {
            let end = (place + 1 + dice.below(8) as usize).min(bytes.len());
            let random: Vec<u8> = (place..end).map(|_| dice.below(256) as u8).collect();
            bytes.splice(place..end, random);
        }
    }
    bytes
}

/// Bends what stands before the columns.
fn bend_head(dice: &mut Dice, draft: &mut Draft, donor: &Draft, names: &Names) {
    match dice.below(9) {
        0 => draft.seq = if dice.below(2) == 0 { *dice.pick(&NUMBERS) } else { draft.seq.wrapping_add(1) },
        1 => draft.seq = draft.seq.wrapping_sub(1),
        2 => bend_list(dice, &mut draft.deps, &names.hashes, 32),
        3 => bend_list(dice, &mut draft.others, &names.actors, 16),
        4 => draft.message = donor.message.clone(),
        5 => {
            let place = dice.below(draft.message.len() as u64 + 1) as usize;
            draft.message.insert(place, 0xff);
        }
        6 => draft.message = vec![b'a'; [0, 512, 513, 5_000][dice.below(4) as usize]],
        7 => draft.form = dice.below(256) as u8,
        _ => draft.tail = (0..dice.below(9)).map(|_| dice.below(256) as u8).collect(),
    }
}

fn bend_list(dice: &mut Dice, list: &mut Vec<Vec<u8>>, known: &[Vec<u8>], len: usize) {
    let place = dice.below(list.len() as u64 + 1) as usize;
    match dice.below(6) {
        0 => list.insert(place, (0..len).map(|_| dice.below(256) as u8).collect()),
        1 | 2 if !known.is_empty() => list.insert(place, dice.pick(known).clone()),
        3 if place < list.len() => drop(list.remove(place)),
        4 => list.reverse(),
        _ => list.extend((0..dice.below(70)).map(|_| vec![7; len]).collect::<Vec<_>>()),
    }
    if dice.below(2) == 0 {
        list.sort_unstable();
    }
}

/// Bends which columns there are.
fn bend_layout(dice: &mut Dice, draft: &mut Draft, donor: &Draft) {
    let place = dice.below(draft.columns.len() as u64) as usize;
    let Some(column) = draft.columns.get_mut(place) else { return };
    match dice.below(8) {
        0 => column.specification ^= 1 << dice.below(8),
        1 => column.specification = *dice.pick(&NUMBERS),
        2 => drop(draft.columns.remove(place)),
        3 => {
            let twin = column.clone();
            draft.columns.insert(place, twin);
        }
        4 => draft.columns.reverse(),
        5 => draft.columns.rotate_left(1),
        6 => {
            let other = donor.columns.iter().find(|other| other.specification == column.specification);
            if let Some(other) = other {
                column.bytes = other.bytes.clone();
            }
        }
        _ => draft.columns.clone_from(&donor.columns),
    }
}

/// Bends the bytes of one column; its length is put right.
fn bend_column(dice: &mut Dice, draft: &mut Draft) {
    let place = dice.below(draft.columns.len() as u64) as usize;
    let Some(column) = draft.columns.get_mut(place) else { return };
    let bytes = std::mem::take(&mut column.bytes);
    column.bytes = bend_bytes(dice, bytes, &[0x7f, 0x01, 0x02, 0x00, 0x05]);
}

/// Bends the rows of one or all columns and writes them as Automerge would: such a change gets furthest.
fn bend_rows(dice: &mut Dice, draft: &mut Draft) {
    if dice.below(8) == 0 {
        // One operation less, or once more, in all columns.
        let (row, is_less) = (dice.below(40) as usize, dice.below(2) == 0);
        for column in &mut draft.columns {
            let Some(mut rows) = column.rows().filter(|rows| row < rows.len()) else { continue };
            if is_less {
                rows.remove(row);
            } else {
                rows.insert(row, rows[row].clone());
            }
            column.set_rows(&rows);
        }
        return;
    }
    let place = dice.below(draft.columns.len() as u64) as usize;
    let Some(column) = draft.columns.get_mut(place) else { return };
    let Some(mut rows) = column.rows().filter(|rows| !rows.is_empty()) else { return };
    let row = dice.below(rows.len() as u64) as usize;
    match dice.below(8) {
        0 => drop(rows.remove(row)),
        1 => rows.insert(row, rows[row].clone()),
        2 => rows.insert(row, None),
        3 => rows[row] = None,
        4 => rows.reverse(),
        5 => rows[row] = dice.pick(&rows).clone(),
        6 if dice.below(8) == 0 => {
            let much = rows[row].clone();
            rows.extend((0..dice.below(5_000)).map(|_| much.clone()));
        }
        _ => bend_value(dice, &mut rows[row]),
    }
    column.set_rows(&rows);
}

fn bend_value(dice: &mut Dice, row: &mut Row) {
    let near = 1 + dice.below(3);
    match row {
        Some(Value::Number(number)) => {
            *number = match dice.below(4) {
                0 => *dice.pick(&NUMBERS),
                1 => dice.below(16),
                2 => number.wrapping_add(near),
                _ => number.wrapping_sub(near),
            }
        }
        Some(Value::Signed(number)) => {
            *number = match dice.below(4) {
                0 => *dice.pick(&NUMBERS) as i64,
                1 => -(dice.below(3_000) as i64),
                2 => number.wrapping_add_unsigned(near),
                _ => number.wrapping_sub_unsigned(near),
            }
        }
        Some(Value::Text(text)) => match dice.below(4) {
            0 => text.clear(),
            1 => text.push(0xff),
            2 => text.extend_from_slice("type".as_bytes()),
            _ => *text = dice.pick(&[&b"body"[..], b"steps", b"extra", b"type", b"ticket"]).to_vec(),
        },
        None => *row = Some(Value::Number(dice.below(9))),
    }
}

fn number(dice: &mut Dice) -> Vec<u8> {
    if dice.below(4) == 0 {
        return dice.pick(&LONG_NUMBERS).to_vec();
    }
    let mut out = Vec::new();
    civic_core::codec::put_varint(&mut out, *dice.pick(&NUMBERS));
    out
}
