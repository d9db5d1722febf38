//! Operation numbers in columns, told from the change's own first one.
//!
//! Automerge names an object or a neighbour in a list by the number of the operation that made it, counted from the
//! document's beginning. Told from the change's first operation, changes of one kind look alike in whatever document
//! and however late, and compress together: about four bytes in a hundred of all that travels.

use crate::codec::{Malformed, Reader, put_signed_leb, put_varint};

/// The objects that operations belong to. A number from the change's first operation on is told from there and made odd;
/// an earlier one, most often that of a list that all changes of the document share, is doubled.
const OBJECT: u64 = 0x02;
/// The neighbours of list elements: differences, so only the first is told anew.
const KEY: u64 = 0x13;

/// Columns as Automerge writes them to columns as they travel.
pub(super) fn to_relative(columns: &[u8], first_op: u64) -> Result<Vec<u8>, Malformed> {
    let object = |number: u64| match number.checked_sub(first_op) {
        Some(from_first) => from_first.checked_mul(2).and_then(|doubled| doubled.checked_add(1)),
        None => number.checked_mul(2),
    };
    rewrite(columns, object, |first: i64| first.wrapping_sub_unsigned(first_op))
}

/// Columns as they travel to columns as Automerge writes them.
pub(super) fn to_absolute(columns: &[u8], first_op: u64) -> Result<Vec<u8>, Malformed> {
    let object = |told: u64| if told & 1 == 1 { first_op.checked_add(told / 2) } else { Some(told / 2) };
    rewrite(columns, object, |first: i64| first.wrapping_add_unsigned(first_op))
}

/// Writes columns anew with other numbers in the two that are concerned.
fn rewrite(
    columns: &[u8],
    object: impl Fn(u64) -> Option<u64>,
    first_key: impl Fn(i64) -> i64,
) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(columns);
    let mut layout = Vec::new();
    for _ in 0..reader.varint()? {
        layout.push((reader.varint()?, usize::try_from(reader.varint()?).map_err(|_| Malformed)?));
    }
    let (mut out, mut data) = (Vec::with_capacity(columns.len() + 16), Vec::with_capacity(columns.len() + 16));
    put_varint(&mut out, layout.len() as u64);
    for (specification, len) in layout {
        let (column, from) = (reader.take(len)?, data.len());
        match specification {
            OBJECT => each_value(column, &mut data, |reader, out| {
                put_varint(out, object(reader.varint()?).ok_or(Malformed)?);
                Ok(())
            })?,
            KEY => {
                let mut is_first = true;
                each_value(column, &mut data, |reader, out| {
                    let value = reader.signed_leb()?;
                    put_signed_leb(out, if is_first { first_key(value) } else { value });
                    is_first = false;
                    Ok(())
                })?;
            }
            // Everything else stays as it is.
            _ => data.extend_from_slice(column),
        }
        put_varint(&mut out, specification);
        put_varint(&mut out, (data.len() - from) as u64);
    }
    out.extend_from_slice(&data);
    out.extend_from_slice(reader.rest());
    Ok(out)
}

/// Copies a run-length column, with every value as `value` writes it.
fn each_value(
    column: &[u8],
    out: &mut Vec<u8>,
    mut value: impl FnMut(&mut Reader<'_>, &mut Vec<u8>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut reader = Reader::new(column);
    while !reader.rest().is_empty() {
        let count = reader.signed_leb()?;
        put_signed_leb(out, count);
        match count {
            0 => put_varint(out, reader.varint()?),
            1.. => value(&mut reader, out)?,
            // Ends with the bytes at the latest, however large the number is.
            _ => (0..count.unsigned_abs()).try_for_each(|_| value(&mut reader, out))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_are_small_on_the_way() {
        // Objects: 40, then twice 1,000, the change's first operation, then one of none. Keys: 990, and ten further.
        let (objects, keys) = ([0x7f, 40, 2, 0xe8, 0x07, 0, 1], [0x7e, 0xde, 0x07, 10]);
        let columns = [&[2, 0x02, 7, 0x13, 4][..], &objects, &keys].concat();
        let told = to_relative(&columns, 1_000).unwrap();
        assert_eq!(told, [&[2, 0x02, 6, 0x13, 3][..], &[0x7f, 80, 2, 1, 0, 1], &[0x7e, 0x76, 10]].concat());
        assert_eq!(to_absolute(&told, 1_000).unwrap(), columns);
    }
}
