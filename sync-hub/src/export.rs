//! Opinions taken away as a file: JSON lines for machines, CSV and XLSX for people with a spreadsheet. Each is written while
//! the ledger is read, so that a hundred thousand opinions take no more memory than one.
//!
//! Personal details are never in it: they stand sealed beside the records. What others wrote stays text in every program that
//! opens it; [`sheet`] and [`workbook`](crate::workbook) say how.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::Context as _;
use civic_core::{opinion::Field, time::UnixSeconds};
use ledger::{Ledger, LedgerError, query::Filter};
use serde_json::Value;

use crate::{
    http::words::{field_word, line, one_line},
    sheet,
    workbook::Workbook,
};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated.
    Csv,
    /// A workbook.
    Xlsx,
}

impl Format {
    /// Every format, what most people want first.
    pub const ALL: [Format; 3] = [Format::Xlsx, Format::Csv, Format::Jsonl];

    /// The ending of its files, and its word on the command line and in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
        }
    }

    /// What a browser is told that it is.
    pub const fn kind(self) -> &'static str {
        match self {
            Format::Jsonl => "application/x-ndjson; charset=utf-8",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// Writes what `filter` shows. The inner failure is that of `out`; a reader who goes away is no fault of the ledger.
pub fn write(
    ledger: &Ledger,
    filter: &Filter,
    format: Format,
    out: &mut dyn Write,
) -> Result<io::Result<()>, LedgerError> {
    let columns = columns();
    let headings: Vec<&str> = columns.iter().map(|column| column.heading.as_str()).collect();
    match format {
        Format::Jsonl => ledger.export_of(filter, |record| writeln!(out, "{record}")),
        Format::Csv => {
            // A list of nothing still says what it is a list of.
            if let Err(failure) = out.write_all(sheet::head(&headings).as_bytes()) {
                return Ok(Err(failure));
            }
            ledger.export_of(filter, |record| out.write_all(sheet::row(&cells(&columns, &record)).as_bytes()))
        }
        Format::Xlsx => {
            let widths: Vec<u8> = columns.iter().map(|column| column.width).collect();
            let mut book = match Workbook::begin(out, &headings, &widths) {
                Ok(book) => book,
                Err(failure) => return Ok(Err(failure)),
            };
            let written = ledger.export_of(filter, |record| book.row(&cells(&columns, &record)))?;
            Ok(written.and_then(|()| book.finish()))
        }
    }
}

/// The same into a new file, which its owner alone may read. One that is there is never written over, and half a file never
/// stays: nobody takes it for a whole one.
pub fn write_file(ledger: &Ledger, format: Format, path: &Path) -> anyhow::Result<()> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path);
    let file = file.with_context(|| format!("Making {}, which must not be there yet", path.display()))?;
    let mut out = BufWriter::new(file);
    let written = write(ledger, &Filter::default(), format, &mut out)
        .map_err(anyhow::Error::from)
        .and_then(|written| Ok(written.and_then(|()| out.flush())?));
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written.with_context(|| format!("Writing {}", path.display()))
}

/// A column of a sheet.
struct Column {
    /// What it shows of a record.
    key: &'static str,
    heading: String,
    /// In characters, for a workbook.
    width: u8,
}

fn columns() -> Vec<Column> {
    let column = |key, heading, width| Column { key, heading, width };
    let fields = Field::ALL.into_iter().map(|field| {
        let width = if field == Field::Title { 30 } else { 14 };
        column(field.key(), one_line(&field_word(field)), width)
    });
    [column("ticket", line("field-ticket"), 14), column("status", line("field-state"), 14)]
        .into_iter()
        .chain(fields)
        .chain([
            column("body", line("said"), 60),
            column("questions", line("questions"), 30),
            column("satisfaction", line("field-satisfaction"), 10),
            column("created_at", line("fact-filed"), 17),
            column("updated_at", line("fact-changed"), 17),
            column("timeline", line("timeline"), 60),
            column("space", line("fact-space"), 20),
            column("id", line("fact-id"), 34),
        ])
        .collect()
}

fn cells(columns: &[Column], record: &Value) -> Vec<String> {
    columns.iter().map(|column| cell(column.key, record)).collect()
}

fn cell(key: &str, record: &Value) -> String {
    match (key, &record[key]) {
        ("created_at" | "updated_at", at) => at.as_i64().map(when).unwrap_or_default(),
        ("questions", _) => questions(record),
        (_, Value::Array(steps)) => steps.iter().map(step).collect::<Vec<_>>().join("\n"),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => String::new(),
        (_, other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_))) => other.to_string(),
    }
}

fn when(at: i64) -> String {
    UnixSeconds(at).date_and_minute()
}

/// One step on one line: when, what, who, and its note.
fn step(step: &Value) -> String {
    let text = |key: &str| step[key].as_str().unwrap_or_default();
    let at = step["at"].as_i64().map(when).unwrap_or_default();
    format!("{at} {} {} {}", text("act"), text("by"), text("note")).trim().to_owned()
}

/// What others said of the same thing at the same time: a sheet must not show one of two as if it were all.
fn questions(record: &Value) -> String {
    let of_a_field = |(key, values): (&String, &Value)| {
        let word = Field::from_key(key).map_or_else(|| key.clone(), |field| one_line(&field_word(field)));
        let values: Vec<&str> = values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("{word}: {}", values.join(" / "))
    };
    let fields = record["conflicts"].as_object().into_iter().flatten().map(of_a_field);
    let texts = record["other_texts"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    fields.chain(texts).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(record: &Value) -> Vec<(&'static str, String)> {
        let columns = columns();
        columns.iter().map(|column| column.key).zip(cells(&columns, record)).collect()
    }

    #[test]
    fn a_row_has_a_cell_for_each_column_and_steps_stand_one_below_the_other() {
        let shown = shown(&json!({
            "ticket": "0001000017", "body": "=cmd", "created_at": 0, "satisfaction": 4, "urgency": "急",
            "timeline": [{"act": "受理", "by": "方敏", "at": 60, "note": ""}, {"act": "答复", "by": "方敏", "at": 120, "note": "下月修"}],
        }));
        let cell = |key: &str| shown.iter().find(|(of, _)| *of == key).unwrap().1.as_str();
        assert_eq!(
            (cell("ticket"), cell("body"), cell("satisfaction"), cell("urgency")),
            ("0001000017", "=cmd", "4", "急")
        );
        assert!(cell("timeline").contains("受理 方敏\n") && cell("timeline").ends_with("答复 方敏 下月修"));
        assert!(columns().iter().all(|column| !column.heading.is_empty() && !column.heading.contains('⟦')));
    }

    #[test]
    fn two_values_of_one_field_and_two_texts_all_stand_in_the_row() {
        let shown = shown(&json!({
            "topic": "教育", "conflicts": {"topic": ["教育", "社会治安"]}, "other_texts": ["桥断了"],
        }));
        let (_, questions) = shown.iter().find(|(key, _)| *key == "questions").unwrap();
        assert!(questions.contains("教育 / 社会治安\n桥断了"), "{questions}");
    }
}
