//! A payload taken apart, so that it can be bent in one place and be whole in all others.

use civic_core::codec::{Malformed, Reader, put_bytes, put_signed_leb, put_varint};

/// Rows of a column that are told apart; longer ones are bent as bytes.
const ROWS_MAX: u64 = 10_000;

/// A payload by its parts; its form is told in [`civic_core::payload`].
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) form: u8,
    pub(super) seq: u64,
    pub(super) deps: Vec<Vec<u8>>,
    pub(super) message: Vec<u8>,
    pub(super) others: Vec<Vec<u8>>,
    pub(super) columns: Vec<Column>,
    pub(super) tail: Vec<u8>,
}

/// One column of operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// What it holds: the low three bits are the type.
    pub(super) specification: u64,
    pub(super) bytes: Vec<u8>,
}

/// A value of a column; `None` is a row without one.
pub(super) type Row = Option<Value>;

/// What stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    Signed(i64),
    Text(Vec<u8>),
}

impl Draft {
    /// Takes an honest payload apart.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let (form, seq) = (reader.byte()?, reader.varint()?);
        let deps = list(&mut reader, 32)?;
        let message = reader.bytes(payload.len())?.to_vec();
        let others = list(&mut reader, 16)?;
        let mut layout = Vec::new();
        for _ in 0..reader.varint()? {
            layout.push((reader.varint()?, reader.count(payload.len())?));
        }
        let mut columns = Vec::new();
        for (specification, len) in layout {
            columns.push(Column { specification, bytes: reader.take(len)?.to_vec() });
        }
        Ok(Self { form, seq, deps, message, others, columns, tail: reader.rest().to_vec() })
    }

    /// Puts it together, with every length as it must be.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = vec![self.form];
        put_varint(&mut out, self.seq);
        put_varint(&mut out, self.deps.len() as u64);
        self.deps.iter().for_each(|dep| out.extend_from_slice(dep));
        put_bytes(&mut out, &self.message);
        put_varint(&mut out, self.others.len() as u64);
        self.others.iter().for_each(|other| out.extend_from_slice(other));
        put_varint(&mut out, self.columns.len() as u64);
        for column in &self.columns {
            put_varint(&mut out, column.specification);
            put_varint(&mut out, column.bytes.len() as u64);
        }
        self.columns.iter().for_each(|column| out.extend_from_slice(&column.bytes));
        out.extend_from_slice(&self.tail);
        out
    }
}

fn list(reader: &mut Reader<'_>, len: usize) -> Result<Vec<Vec<u8>>, Malformed> {
    (0..reader.varint()?).map(|_| reader.take(len).map(<[u8]>::to_vec)).collect()
}

impl Column {
    /// Its rows, if its type has rows and they can be told.
    pub(super) fn rows(&self) -> Option<Vec<Row>> {
        match self.specification & 7 {
            0..=2 | 6 => runs(&self.bytes, |reader| reader.varint().map(Value::Number)).ok(),
            3 => runs(&self.bytes, |reader| reader.signed_leb().map(Value::Signed)).ok(),
            4 => switches(&self.bytes).ok(),
            5 => runs(&self.bytes, |reader| reader.bytes(usize::MAX).map(|text| Value::Text(text.to_vec()))).ok(),
            _ => None,
        }
    }

    /// Writes rows as Automerge would.
    pub(super) fn set_rows(&mut self, rows: &[Row]) {
        self.bytes.clear();
        if self.specification & 7 == 4 {
            put_switches(&mut self.bytes, rows);
        } else if rows.iter().any(Option::is_some) {
            put_runs(&mut self.bytes, rows);
        }
    }
}

fn runs(column: &[u8], value: impl Fn(&mut Reader<'_>) -> Result<Value, Malformed>) -> Result<Vec<Row>, Malformed> {
    let (mut reader, mut rows) = (Reader::new(column), Vec::new());
    while !reader.rest().is_empty() {
        let count = reader.signed_leb()?;
        let (row, times) = match count {
            0 => (None, reader.varint()?),
            1.. => (Some(value(&mut reader)?), count.unsigned_abs()),
            _ => {
                for _ in 1..count.unsigned_abs() {
                    rows.push(Some(value(&mut reader)?));
                }
                (Some(value(&mut reader)?), 1)
            }
        };
        if times > ROWS_MAX {
            return Err(Malformed);
        }
        rows.extend((0..times).map(|_| row.clone()));
    }
    Ok(rows)
}

fn switches(column: &[u8]) -> Result<Vec<Row>, Malformed> {
    let (mut reader, mut rows, mut is_set) = (Reader::new(column), Vec::new(), 0);
    while !reader.rest().is_empty() {
        let times = reader.varint()?;
        if times > ROWS_MAX {
            return Err(Malformed);
        }
        rows.extend((0..times).map(|_| Some(Value::Number(is_set))));
        is_set = 1 - is_set;
    }
    Ok(rows)
}

fn put_runs(out: &mut Vec<u8>, rows: &[Row]) {
    let mut literals: Vec<&Value> = Vec::new();
    for run in rows.chunk_by(|one, next| one == next) {
        match &run[0] {
            Some(value) if run.len() == 1 => literals.push(value),
            Some(value) => {
                put_literals(out, &mut literals);
                put_signed_leb(out, run.len() as i64);
                put_value(out, value);
            }
            None => {
                put_literals(out, &mut literals);
                put_signed_leb(out, 0);
                put_varint(out, run.len() as u64);
            }
        }
    }
    put_literals(out, &mut literals);
}

fn put_literals(out: &mut Vec<u8>, literals: &mut Vec<&Value>) {
    if !literals.is_empty() {
        put_signed_leb(out, -(literals.len() as i64));
        literals.drain(..).for_each(|value| put_value(out, value));
    }
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Number(number) => put_varint(out, *number),
        Value::Signed(number) => put_signed_leb(out, *number),
        Value::Text(text) => put_bytes(out, text),
    }
}

fn put_switches(out: &mut Vec<u8>, rows: &[Row]) {
    let is_set = |row: &Row| matches!(row, Some(Value::Number(1..)));
    if rows.first().is_some_and(is_set) {
        put_varint(out, 0);
    }
    for run in rows.chunk_by(|one, next| is_set(one) == is_set(next)) {
        put_varint(out, run.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use civic_core::codebook::Codebook;

    use super::*;
    use crate::{mutate::corpus, sample};

    #[test]
    fn an_honest_payload_comes_out_of_its_parts_and_its_rows_as_it_went_in() {
        for history in corpus::histories(&Codebook::parse(sample::COUNTY).unwrap()) {
            for step in history.steps {
                let mut draft = Draft::read(&step.payload).unwrap();
                assert_eq!(draft.write(), step.payload);
                for column in &mut draft.columns {
                    let before = column.clone();
                    if let Some(rows) = column.rows() {
                        column.set_rows(&rows);
                    }
                    assert_eq!(*column, before);
                }
            }
        }
    }
}
