//! A notice 公示: something that the county tells a village, on the idle screen and read aloud.

use serde::{Deserialize, Serialize};

use crate::{
    area::Area,
    codebook::Codebook,
    document::Kind,
    published::{self, Published, TEXT_CHARS_MAX, TITLE_CHARS_MAX},
    time::Period,
};

/// A notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notice {
    /// The name by which publishing it again finds it again.
    pub key: String,
    /// What sort of notice, by the codebook's word; may be empty.
    pub kind: String,
    /// 标题
    pub title: String,
    /// What there is to know, as it is read aloud.
    pub text: String,
    /// Who says so.
    pub by: String,
    /// For whom.
    pub areas: Vec<Area>,
    /// When it is shown.
    pub shown: Period,
    /// Taken back.
    pub withdrawn: bool,
}

impl Published for Notice {
    const KIND: Kind = Kind::Notice;

    fn key(&self) -> &str {
        &self.key
    }

    fn areas(&self) -> &[Area] {
        &self.areas
    }

    fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }

    fn check(&self, codebook: &Codebook) -> Result<(), String> {
        published::check_key(&self.key)?;
        published::check_areas(&self.areas, codebook)?;
        published::check_text("title", &self.title, TITLE_CHARS_MAX)?;
        published::check_text("text", &self.text, TEXT_CHARS_MAX)?;
        published::check_length("by", &self.by, TITLE_CHARS_MAX)?;
        published::check_period("shown", &self.shown)?;
        if self.kind.is_empty() {
            return Ok(());
        }
        published::check_word("kind", &self.kind, codebook.notice_kinds.iter().map(|kind| &kind.name))
    }
}
