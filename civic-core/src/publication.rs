//! The file by which the county publishes: TOML, several records in one file, each with a key of its own.
//!
//! Commented examples stand in `tests/sample/publish`. Read strictly: a field that nothing knows, a word that the codebook
//! does not have, a day that is none: each is refused with the line where its record begins and the field's name, and
//! nothing of the file is published.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::{
    area::Area,
    codebook::Codebook,
    consultation::Consultation,
    deputy::Deputy,
    id::{DocId, hex},
    matter::Matter,
    notice::Notice,
    published::Published,
    station::Station,
    ticket::Ticket,
    vote::Vote,
};

/// Longest file, with the pictures that it names; a longer one is refused whole, and is published in parts.
pub const FILE_LEN_MAX: usize = 4 * 1024 * 1024;

/// Everything in a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Publication {
    /// 公示
    #[serde(rename = "notice")]
    pub notices: Vec<Notice>,
    /// 联络站
    #[serde(rename = "station")]
    pub stations: Vec<Station>,
    /// 代表
    #[serde(rename = "deputy")]
    pub deputies: Vec<Deputy>,
    /// 征求民意
    #[serde(rename = "consultation")]
    pub consultations: Vec<Consultation>,
    /// 票选
    #[serde(rename = "vote")]
    pub votes: Vec<Vote>,
    /// 公开事项
    #[serde(rename = "matter")]
    pub matters: Vec<MatterForm>,
}

/// A matter as the file names it: by its opinion's number, which is written nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatterForm {
    /// The opinion's number.
    pub ticket: String,
    /// Or the opinion's document, as an export names it.
    pub opinion: String,
    /// See [`Matter::title`].
    pub title: String,
    /// See [`Matter::text`].
    pub text: String,
    /// See [`Matter::areas`].
    pub areas: Vec<Area>,
    /// See [`Matter::tells_answer`].
    pub tells_answer: bool,
    /// Taken back.
    pub withdrawn: bool,
}

/// By what a matter names its opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpinionName {
    /// The one with this number.
    Ticket(Ticket),
    /// This document.
    Document(DocId),
}

impl MatterForm {
    /// Which opinion it names.
    pub fn opinion(&self) -> Result<OpinionName, String> {
        match (self.ticket.as_str(), self.opinion.as_str()) {
            (ticket, "") => Ticket::parse(ticket).map(OpinionName::Ticket).map_err(|bad| format!("ticket: {bad}")),
            ("", id) => DocId::parse(id)
                .map(OpinionName::Document)
                .ok_or_else(|| "opinion: a document is named by 32 hexadecimal digits".to_owned()),
            _ => Err("ticket, opinion: one of the two names the opinion".into()),
        }
    }

    /// The matter as the county wants it, before it follows its opinion.
    pub fn matter(&self) -> Matter {
        Matter {
            title: self.title.clone(),
            text: self.text.clone(),
            areas: self.areas.clone(),
            tells_answer: self.tells_answer,
            withdrawn: self.withdrawn,
            ..Matter::default()
        }
    }
}

/// Why a file is not published. The sentence names line and field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPublication {
    /// It is longer than [`FILE_LEN_MAX`].
    #[error("the file is longer than {FILE_LEN_MAX} bytes")]
    TooLong,
    /// Not TOML of this shape.
    #[error("{0}")]
    Shape(String),
    /// A field that no record has.
    #[error("line {line}: there is no field {field}")]
    UnknownField {
        /// The line of the field.
        line: usize,
        /// The field with what it stands in.
        field: String,
    },
    /// A record that contradicts itself.
    #[error("line {line}: [[{kind}]] {key}: {reason}")]
    Record {
        /// The line where the record begins.
        line: usize,
        /// The kind of record.
        kind: &'static str,
        /// Its key, or how many there are before it.
        key: String,
        /// The field and why.
        reason: String,
    },
}

impl Publication {
    /// Reads and checks a file. `stations` are the keys of stations that were published before, which cards may name.
    pub fn parse(text: &str, codebook: &Codebook, stations: &BTreeSet<String>) -> Result<Self, BadPublication> {
        if text.len() > FILE_LEN_MAX {
            return Err(BadPublication::TooLong);
        }
        let shape = |error: toml::de::Error| BadPublication::Shape(error.to_string().trim().to_owned());
        let publication: Self = toml::from_str(text).map_err(shape)?;
        let table = DeTable::parse(text).map_err(shape)?;
        let known = serde_json::to_value(&publication).unwrap_or_default();
        if let Some((at, field)) = unknown_in(table.get_ref(), &known, "") {
            return Err(BadPublication::UnknownField { line: line_of(text, at), field });
        }
        let check = Check { text, table: table.get_ref() };
        let all_stations: BTreeSet<&str> =
            stations.iter().map(String::as_str).chain(publication.stations.iter().map(Published::key)).collect();
        check.all("notice", &publication.notices, |notice| notice.check(codebook))?;
        check.all("station", &publication.stations, |station| station.check(codebook))?;
        check.all("deputy", &publication.deputies, |deputy| {
            let mut named = deputy.receptions.iter().map(|reception| reception.station.as_str());
            match named.find(|station| !station.is_empty() && !all_stations.contains(station)) {
                Some(unknown) => Err(format!("reception.station: there is no station {unknown:?}")),
                None => deputy.check(codebook),
            }
        })?;
        check.all("consultation", &publication.consultations, |consultation| consultation.check(codebook))?;
        check.all("vote", &publication.votes, |vote| match vote.tokens.is_empty() {
            true => vote.check(codebook),
            false => Err("tokens: they are made by `sync-hub tokens`".into()),
        })?;
        check.each(
            "matter",
            &publication.matters,
            |matter| &matter.title,
            |form| {
                form.opinion()?;
                form.matter().check(codebook)
            },
        )?;
        Ok(publication)
    }

    /// The text of a file with the pictures that its cards name: `read` gives the bytes of each. Nothing else changes, no
    /// line moves. A text that is not TOML stays as it is, for [`parse`](Self::parse) to refuse.
    pub fn with_pictures<E>(text: &str, mut read: impl FnMut(&str) -> Result<Vec<u8>, E>) -> Result<String, E> {
        let Ok(table) = DeTable::parse(text) else { return Ok(text.to_owned()) };
        let cards = table.get_ref().get("deputy").and_then(|cards| cards.get_ref().as_array());
        let named = cards.into_iter().flatten().filter_map(|card| card.get_ref().as_table()?.get("portrait"));
        let mut whole = text.to_owned();
        // From the last to the first, so that the places of those before stay what they are.
        let mut named: Vec<_> = named.filter_map(|name| Some((name.span(), name.get_ref().as_str()?))).collect();
        named.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        for (span, name) in named.into_iter().filter(|(_, name)| !name.is_empty()) {
            whole.replace_range(span, &format!("\"{}\"", hex(&read(name)?)));
        }
        Ok(whole)
    }

    /// Whether the file holds nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Finds the line of a record.
struct Check<'a> {
    text: &'a str,
    table: &'a DeTable<'a>,
}

impl Check<'_> {
    fn all<T: Published>(
        &self,
        kind: &'static str,
        records: &[T],
        check: impl Fn(&T) -> Result<(), String>,
    ) -> Result<(), BadPublication> {
        let twice = |place: usize| records[..place].iter().any(|other| other.key() == records[place].key());
        if let Some(place) = (1..records.len()).find(|place| twice(*place)) {
            return Err(self.bad(kind, place, records[place].key(), "key: it stands twice".into()));
        }
        self.each(kind, records, T::key, check)
    }

    fn each<T>(
        &self,
        kind: &'static str,
        records: &[T],
        key: impl Fn(&T) -> &str,
        check: impl Fn(&T) -> Result<(), String>,
    ) -> Result<(), BadPublication> {
        for (place, record) in records.iter().enumerate() {
            check(record).map_err(|reason| self.bad(kind, place, key(record), reason))?;
        }
        Ok(())
    }

    fn bad(&self, kind: &'static str, place: usize, key: &str, reason: String) -> BadPublication {
        let items = self.table.get(kind).and_then(|items| items.get_ref().as_array());
        let at = items.and_then(|items| items.get(place)).map_or(0, |item| item.span().start);
        let key = if key.is_empty() { format!("number {}", place + 1) } else { format!("{key:?}") };
        BadPublication::Record { line: line_of(self.text, at), kind, key, reason }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The first field of `table` that reading passed over, with its place in the text: `known` is what was read, written again.
fn unknown_in(table: &DeTable<'_>, known: &Value, within: &str) -> Option<(usize, String)> {
    table.iter().find_map(|(key, value)| {
        let field = format!("{within}{}", key.get_ref());
        match known.get(key.get_ref().as_ref()) {
            Some(known) => unknown_below(value.get_ref(), known, &field),
            None => Some((key.span().start, field)),
        }
    })
}

fn unknown_below(value: &DeValue<'_>, known: &Value, field: &str) -> Option<(usize, String)> {
    match value {
        DeValue::Table(table) => unknown_in(table, known, &format!("{field}.")),
        DeValue::Array(items) => {
            let items = items.iter().enumerate();
            items.into_iter().find_map(|(place, item)| unknown_below(item.get_ref(), known.get(place)?, field))
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codebook::tests::SMALL;

    const FILE: &str = r#"
[[notice]]
key = "water"
title = "停水通知"
text = "明天上午停水。"
areas = ["990101101"]
shown = { from = "2026-11-20", until = "2026-11-23" }

[[station]]
key = "shiqiao"
name = "石桥村代表联络站"
areas = ["990101101201"]
reception = [{ monthly = [15], hours = "上午" }]

[[deputy]]
code = "3207"
name = "周启明"
level = "县人大代表"
areas = ["990101101"]
reception = [{ monthly = [15], station = "shiqiao" }]

[[consultation]]
key = "rules"
title = "村规民约"
areas = ["990101"]
[[consultation.article]]
key = "1"
wording = "甲"
"#;

    fn parse(text: &str) -> Result<Publication, BadPublication> {
        Publication::parse(text, &Codebook::parse(SMALL).unwrap(), &BTreeSet::new())
    }

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    fn good() -> String {
        FILE.split("[[consultation]]").next().unwrap().to_owned()
    }

    #[test]
    fn a_file_holds_several_records_and_says_nothing_it_should_not() {
        let publication = parse(&good()).unwrap();
        assert_eq!((publication.notices.len(), publication.stations.len(), publication.deputies.len()), (1, 1, 1));
        assert_eq!(publication.notices[0].shown.until.unwrap().to_string(), "2026-11-23");
        assert!(!publication.is_empty() && parse("# nothing").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_field() {
        assert!(
            refused(FILE).starts_with("line 28: there is no field consultation.article.wording"),
            "{}",
            refused(FILE)
        );
        let refused = |from: &str, to: &str| refused(&good().replacen(from, to, 1));
        assert_eq!(refused("title = \"停", "tilte = \"停"), "line 4: there is no field notice.tilte");
        assert_eq!(refused("until =", "untill ="), "line 7: there is no field notice.shown.untill");
        assert_eq!(refused("text = \"明天上午停水。\"\n", ""), "line 2: [[notice]] \"water\": text: it is missing");
        assert!(refused("2026-11-23", "2026-11-33").contains("line 7"));
        assert!(refused("2026-11-23", "2026-11-03").contains("shown: it ends before it begins"));
        assert!(refused("\"990101101\"", "\"880101\"").contains("areas: 880101 neither"));
        assert!(refused("县人大代表", "区人大代表").contains("level: \"区人大代表\" is not one of the county's words"));
        assert!(refused("station = \"shiqiao\"", "station = \"x\"").contains("line 15: [[deputy]] \"3207\""));
        assert!(refused("[[station]]", "[[statoin]]").contains("line 9: there is no field statoin"));
        assert!(refused("key = \"water\"", "key = 7").contains("line 3"));
        let twice = good() + &good();
        assert_eq!(parse(&twice).unwrap_err().to_string(), "line 23: [[notice]] \"water\": key: it stands twice");
    }

    #[test]
    fn a_picture_beside_the_file_stands_in_its_card_and_no_line_moves() {
        let png = b"\x89PNG\r\n\x1a\n and so on".to_vec();
        let text = good().replace("code = \"3207\"\n", "code = \"3207\"\nportrait = \"3207.png\"  # hers\n");
        assert!(parse(&text).unwrap_err().to_string().contains("\"3207\": portrait: it is no PNG"));
        let whole =
            Publication::with_pictures(&text, |name| if name == "3207.png" { Ok(png.clone()) } else { Err(()) });
        let whole = whole.unwrap();
        assert_eq!(whole.lines().count(), text.lines().count());
        assert_eq!(parse(&whole).unwrap().deputies[0].portrait, hex(&png));
        assert_eq!(Publication::with_pictures(&text, |_| Err("not there")), Err("not there"));
        assert_eq!(Publication::with_pictures::<()>("[[", |_| Ok(Vec::new())), Ok("[[".to_owned()));
    }

    #[test]
    fn a_matter_names_its_opinion_by_number_or_document() {
        let matter = |names: &str| {
            let text = format!("[[matter]]\n{names}\ntitle = \"石桥桥面\"\nareas = [\"990101101201\"]\n");
            parse(&text).map(|publication| publication.matters[0].opinion().unwrap())
        };
        let ticket = Ticket::new(1, 2).unwrap();
        assert_eq!(matter(&format!("ticket = \"{ticket}\"")), Ok(OpinionName::Ticket(ticket)));
        assert_eq!(
            matter(&format!("opinion = \"{}\"", "ab".repeat(16))),
            Ok(OpinionName::Document(DocId::new([0xab; 16])))
        );
        assert!(matter("").unwrap_err().to_string().contains("ticket: a ticket number has ten digits"));
        assert!(matter("opinion = \"12\"").unwrap_err().to_string().contains("32 hexadecimal digits"));
    }
}
