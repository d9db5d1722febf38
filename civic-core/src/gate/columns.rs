//! Measures the operation columns of a change without expanding one.

use super::{COLUMNS_MAX, ROWS_MAX, Refusal};
use crate::codec::{Malformed, Reader};

/// Counts the rows of every column without expanding one.
///
/// Column specifications are those of the Automerge storage format: the low three bits are the type, the next one says
/// that the column is compressed.
pub(super) fn scan(columns: &[u8]) -> Result<(), Refusal> {
    let mut reader = Reader::new(columns);
    let count = reader.varint()?;
    if count > COLUMNS_MAX {
        return Err(Refusal::Columns);
    }
    let mut layout = Vec::new();
    for _ in 0..count {
        let specification = reader.varint()?;
        let len = usize::try_from(reader.varint()?).map_err(|_| Refusal::Columns)?;
        layout.push((specification, len));
    }
    for (specification, len) in layout {
        let column = reader.take(len)?;
        if specification & 8 != 0 {
            return Err(Refusal::Columns);
        }
        let rows = match specification & 7 {
            0..=2 | 6 => runs(column, |reader| reader.varint().map(drop))?,
            3 => runs(column, |reader| reader.signed_leb().map(drop))?,
            4 => switches(column)?,
            5 => runs(column, |reader| {
                let len = usize::try_from(reader.varint()?).map_err(|_| Malformed)?;
                reader.take(len).map(drop)
            })?,
            _ => 0, // raw values, measured by the lengths beside them
        };
        if rows > ROWS_MAX {
            return Err(Refusal::Columns);
        }
    }
    // Nothing may follow the columns: we write no extra bytes.
    if reader.rest().is_empty() { Ok(()) } else { Err(Refusal::Columns) }
}

/// Rows of a run-length column: a positive count repeats one value, a negative one precedes that many, 0 precedes a
/// number of nulls.
fn runs(column: &[u8], value: impl Fn(&mut Reader<'_>) -> Result<(), Malformed>) -> Result<u64, Refusal> {
    let mut reader = Reader::new(column);
    let mut rows = 0u64;
    while !reader.rest().is_empty() {
        let count = reader.signed_leb()?;
        let added = match count {
            0 => reader.varint()?,
            1.. => {
                value(&mut reader)?;
                count.unsigned_abs()
            }
            _ => {
                if count.unsigned_abs() > ROWS_MAX {
                    return Err(Refusal::Columns);
                }
                for _ in 0..count.unsigned_abs() {
                    value(&mut reader)?;
                }
                count.unsigned_abs()
            }
        };
        rows = rows.saturating_add(added);
        if rows > ROWS_MAX {
            return Err(Refusal::Columns);
        }
    }
    Ok(rows)
}

/// Rows of a boolean column: counts that alternate between false and true.
fn switches(column: &[u8]) -> Result<u64, Refusal> {
    let mut reader = Reader::new(column);
    let mut rows = 0u64;
    while !reader.rest().is_empty() {
        rows = rows.saturating_add(reader.varint()?);
    }
    Ok(rows)
}
