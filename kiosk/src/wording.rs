//! Every sentence of the kiosk: `wording/zh-CN.ftl` and, beside it, `wording/en.ftl`.

use civic_core::wording::Wording;

/// The Chinese sentences.
pub const ZH: &str = include_str!("../wording/zh-CN.ftl");

/// The English ones.
pub const EN: &str = include_str!("../wording/en.ftl");

/// Both files, read.
pub fn wording() -> Wording {
    Wording::new(ZH, EN).expect("the wording compiled in has every sentence in both languages")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::measure::has;

    #[test]
    fn every_sentence_stands_in_both_languages() {
        assert!(wording().has("home-say"));
    }

    #[test]
    fn every_character_of_the_wording_has_a_glyph() {
        let missing: String =
            ZH.chars().chain(EN.chars()).filter(|character| *character != '\n' && !has(*character)).collect();
        assert_eq!(missing, "");
    }
}
