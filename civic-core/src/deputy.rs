//! A deputy's card 代表: who they are, of which level, and when one can meet them.

use serde::{Deserialize, Serialize};

use crate::{
    area::Area,
    codebook::Codebook,
    document::Kind,
    id::hex,
    published::{self, Published, TITLE_CHARS_MAX},
    station::Reception,
};

/// Longest word about a deputy, in characters: what fits on a card.
const ABOUT_CHARS_MAX: usize = 200;
/// Longest picture of a deputy, in bytes: it lies in the card, and a card is one change. A hand wide on a kiosk's screen
/// needs no more; a longer one is refused when it is published.
pub const PORTRAIT_LEN_MAX: usize = 24 * 1024;
/// How every PNG begins.
const PNG: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Most digits of a code: few enough to be typed without looking twice.
const CODE_DIGITS_MAX: usize = 6;

/// A deputy's card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deputy {
    /// 代表码: a few digits, one code for one deputy, typed on a number pad or read from a wall; also the key.
    pub code: String,
    /// 姓名
    pub name: String,
    /// Of which congress, by the codebook's word.
    pub level: String,
    /// The deputies' group 代表小组.
    pub group: String,
    /// What else a villager may want to know: trade, village.
    pub about: String,
    /// A small picture, a PNG in hexadecimal digits. In the file that is published it is the name of a picture beside it.
    /// Whoever shows it must not trust it.
    pub portrait: String,
    /// For whom they stand. A deputy of a higher congress names a higher area, and stands for every village in it.
    pub areas: Vec<Area>,
    /// When they receive people, and at which station.
    #[serde(rename = "reception")]
    pub receptions: Vec<Reception>,
    /// Taken back.
    pub withdrawn: bool,
}

impl Deputy {
    /// The place of the deputy's level in the codebook, highest first; behind all others for a word it does not know.
    pub fn rank(&self, codebook: &Codebook) -> usize {
        let levels = &codebook.levels;
        levels.iter().position(|level| level.name == self.level).unwrap_or(levels.len())
    }
}

/// Refuses what is no picture, or too long a one.
fn check_portrait(portrait: &str) -> Result<(), String> {
    if portrait.is_empty() {
        return Ok(());
    }
    let bytes = portrait.len() / 2;
    if bytes > PORTRAIT_LEN_MAX {
        return Err(format!(
            "portrait: it has {bytes} bytes, and {PORTRAIT_LEN_MAX} are the most; 150x200 with 64 colours fit"
        ));
    }
    match portrait.strip_prefix(&hex(&PNG)) {
        Some(rest) if rest.len() % 2 == 0 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(()),
        Some(_) | None => Err("portrait: it is no PNG".into()),
    }
}

impl Published for Deputy {
    const KIND: Kind = Kind::Deputy;

    fn key(&self) -> &str {
        &self.code
    }

    fn areas(&self) -> &[Area] {
        &self.areas
    }

    fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }

    fn check(&self, codebook: &Codebook) -> Result<(), String> {
        if !(1..=CODE_DIGITS_MAX).contains(&self.code.len()) || !self.code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("code: it needs 1 to {CODE_DIGITS_MAX} digits and has {:?}", self.code));
        }
        published::check_areas(&self.areas, codebook)?;
        published::check_text("name", &self.name, TITLE_CHARS_MAX)?;
        published::check_word("level", &self.level, codebook.levels.iter().map(|level| &level.name))?;
        published::check_length("group", &self.group, TITLE_CHARS_MAX)?;
        published::check_length("about", &self.about, ABOUT_CHARS_MAX)?;
        check_portrait(&self.portrait)?;
        self.receptions.iter().try_for_each(Reception::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portrait_is_a_short_png_or_none() {
        let png = |rest: usize| hex(&[&PNG[..], &vec![7; rest]].concat());
        for good in [String::new(), png(0), png(PORTRAIT_LEN_MAX - PNG.len())] {
            assert_eq!(check_portrait(&good), Ok(()));
        }
        for bad in
            ["4001.png".to_owned(), png(3) + "x", png(3) + "0", png(PORTRAIT_LEN_MAX), hex(b"\xff\xd8\xff\xe0jpeg")]
        {
            assert!(check_portrait(&bad).unwrap_err().starts_with("portrait: "));
        }
    }
}
