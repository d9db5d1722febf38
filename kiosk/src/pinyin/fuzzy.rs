//! Sounds that many people do not tell apart, and who types them one for the other.

use serde::Deserialize;

/// A pair of sounds that is one in some dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confusion {
    /// 牛奶 and 流来: the whole of the middle Yangtze.
    NL,
    /// 资 and 知.
    ZZh,
    /// 词 and 吃.
    CCh,
    /// 四 and 十: the south.
    SSh,
    /// 陈 and 程.
    EnEng,
    /// 金 and 京.
    InIng,
    /// 湖 and 福: Hunan, Fujian, Guangdong.
    HF,
}

/// Which sounds are taken for one another. None by default: whoever tells them apart finds words faster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Confusion>")]
pub struct Fuzzy(u8);

impl Fuzzy {
    /// Every pair.
    pub const ALL: Self = Self(0x7F);

    /// Whether all of these pairs are among ours.
    pub fn covers(self, needed: Self) -> bool {
        needed.0 & !self.0 == 0
    }
}

impl FromIterator<Confusion> for Fuzzy {
    fn from_iter<I: IntoIterator<Item = Confusion>>(pairs: I) -> Self {
        Self(pairs.into_iter().fold(0, |all, pair| all | 1 << pair as u8))
    }
}

impl From<Vec<Confusion>> for Fuzzy {
    fn from(pairs: Vec<Confusion>) -> Self {
        pairs.into_iter().collect()
    }
}

/// How initials and finals are written by whoever does not tell the pair apart, each way.
const INITIALS: [(&str, &str, Confusion); 8] = [
    ("n", "l", Confusion::NL),
    ("l", "n", Confusion::NL),
    ("zh", "z", Confusion::ZZh),
    ("z", "zh", Confusion::ZZh),
    ("ch", "c", Confusion::CCh),
    ("c", "ch", Confusion::CCh),
    ("sh", "s", Confusion::SSh),
    ("s", "sh", Confusion::SSh),
];
const FINALS: [(&str, &str, Confusion); 4] = [
    ("en", "eng", Confusion::EnEng),
    ("eng", "en", Confusion::EnEng),
    ("in", "ing", Confusion::InIng),
    ("ing", "in", Confusion::InIng),
];
/// Not a matter of letters: 花 is heard as 发, 风 as 烘.
const WHOLE: [(&str, &str); 9] = [
    ("hu", "fu"),
    ("hua", "fa"),
    ("huan", "fan"),
    ("huang", "fang"),
    ("hui", "fei"),
    ("hun", "fen"),
    ("huo", "fo"),
    ("hong", "feng"),
    ("hou", "fou"),
];

/// Every way in which a syllable may be typed, with the pairs that must be taken for one another; the right one first.
pub fn spellings(syllable: &str) -> Vec<(String, Fuzzy)> {
    let initial = initial(syllable);
    let end = &syllable[initial.len()..];
    let mut initials = vec![(initial, None)];
    initials
        .extend(INITIALS.iter().filter(|(right, ..)| *right == initial).map(|(_, typed, pair)| (*typed, Some(*pair))));
    let mut ends = vec![(end, None)];
    ends.extend(FINALS.iter().filter(|(right, ..)| *right == end).map(|(_, typed, pair)| (*typed, Some(*pair))));
    let mut spellings = Vec::new();
    for (initial, first) in &initials {
        for (end, second) in &ends {
            spellings.push((format!("{initial}{end}"), [*first, *second].into_iter().flatten().collect()));
        }
    }
    for (one, other) in WHOLE.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]) {
        if one == syllable {
            spellings.push((other.to_owned(), Fuzzy::from_iter([Confusion::HF])));
        }
    }
    spellings
}

/// The consonants a syllable begins with: empty, one letter, or `zh`, `ch`, `sh`.
pub fn initial(syllable: &str) -> &str {
    let length = match syllable.as_bytes() {
        [b'z' | b'c' | b's', b'h', ..] => 2,
        [b'a' | b'e' | b'o', ..] | [] => 0,
        _ => 1,
    };
    &syllable[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(syllable: &str, fuzzy: Fuzzy) -> Vec<String> {
        spellings(syllable)
            .into_iter()
            .filter(|(_, needs)| fuzzy.covers(*needs))
            .map(|(spelling, _)| spelling)
            .collect()
    }

    #[test]
    fn a_syllable_is_written_one_way_by_whoever_hears_the_difference() {
        assert_eq!(written("sheng", Fuzzy::default()), ["sheng"]);
    }

    #[test]
    fn both_ends_of_a_syllable_may_be_taken_for_another() {
        assert_eq!(written("sheng", Fuzzy::ALL), ["sheng", "shen", "seng", "sen"]);
        assert_eq!(written("sheng", Fuzzy::from_iter([Confusion::SSh])), ["sheng", "seng"]);
        assert_eq!(written("hua", Fuzzy::ALL), ["hua", "fa"]);
        assert_eq!(written("feng", Fuzzy::ALL), ["feng", "fen", "hong"]);
    }

    #[test]
    fn a_station_names_its_pairs() {
        #[derive(Deserialize)]
        struct Keyboard {
            fuzzy: Fuzzy,
        }
        let keyboard: Keyboard = toml::from_str("fuzzy = [\"n-l\", \"h-f\"]").unwrap();
        assert_eq!(keyboard.fuzzy, Fuzzy::from_iter([Confusion::NL, Confusion::HF]));
        assert!(toml::from_str::<Keyboard>("fuzzy = [\"x-y\"]").is_err());
    }
}
