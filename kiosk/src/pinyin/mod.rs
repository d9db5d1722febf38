//! From letters to words: what a person types, and the characters and phrases that sound so.
//!
//! Typed are whole syllables (`daibiao`), initials (`dbr`), both mixed (`daibr`), or the nine keys of a telephone
//! (`94858`). Nothing is learnt from what people type: a kiosk must not know a villager's name tomorrow, and the same
//! keys give everybody the same words.
//!
//! Where to start: [`Pinyin::candidates`]. [`dictionary`] holds the words, [`spelling`] the ways to type a syllable,
//! [`fuzzy`] the sounds that dialects make one, and [`walk`] matches keys with one word.

mod dictionary;
pub mod fuzzy;
mod spelling;
mod walk;

use std::{cmp::Reverse, collections::HashSet, sync::LazyLock};

use serde::Deserialize;

use dictionary::{Dictionary, Word};
use fuzzy::Fuzzy;
use walk::{Spelt, Walk};

/// The most keys that are looked at; what is typed beyond them stays typed. That is a word of five long syllables.
pub const KEYS_MAX: usize = 32;

/// Candidates beyond this are too rare to page to.
pub const CANDIDATES_MAX: usize = 160;

/// A weight is four times a binary logarithm: what one shortened syllable costs a word is a factor of three.
const SHORTENED: i32 = 6;
/// A word as long as the keys is meant less often than one character that takes them all: a factor of six.
const LONGER: i32 = 10;

/// What lies under the fingers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keyboard {
    /// A key for every letter; ü is typed as v.
    #[default]
    Letters,
    /// The digits 2 to 9, three or four letters on each.
    Nine,
}

/// How a person types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Typing {
    /// What lies under the fingers.
    pub keyboard: Keyboard,
    /// Which sounds are taken for one another.
    pub fuzzy: Fuzzy,
}

/// Something that typed keys may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// A character or a phrase.
    pub text: &'static str,
    /// How many of the typed keys it stands for; the rest stay typed.
    pub keys: usize,
}

/// Every word with its readings.
pub struct Pinyin {
    dictionary: Dictionary,
}

/// The words that are compiled in. The first call unpacks them, which takes some tens of milliseconds: make it before
/// anybody types.
pub fn pinyin() -> &'static Pinyin {
    static WORDS: LazyLock<Pinyin> = LazyLock::new(|| Pinyin { dictionary: Dictionary::unpack() });
    &WORDS
}

impl Pinyin {
    /// What these keys may mean, the likeliest first: letters `a` to `z` with `'` between syllables, or digits `2` to
    /// `9`. Whatever uses most keys comes first, whole syllables before shortened ones, common words before rare ones.
    /// Keys that mean nothing give nothing.
    pub fn candidates(&'static self, keys: &str, typing: Typing) -> Vec<Candidate> {
        let keys = &keys.as_bytes()[..keys.len().min(KEYS_MAX)];
        let walk = Walk::new(self.dictionary.spellings(), typing, keys);
        let mut found: Vec<(Rank, Candidate)> = walk
            .beginnings()
            .flat_map(|syllable| self.dictionary.beginning_with(syllable))
            .filter_map(|word| {
                let spelt = walk.spell(word.syllables)?;
                Some((Rank::of(word, spelt), Candidate { text: word.text, keys: spelt.keys }))
            })
            .collect();
        found.sort_by_key(|(rank, _)| Reverse(*rank));
        let mut seen = HashSet::new();
        found
            .into_iter()
            .map(|(_, candidate)| candidate)
            .filter(|one| seen.insert(one.text))
            .take(CANDIDATES_MAX)
            .collect()
    }
}

/// How likely a word is meant; greater is likelier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    keys: usize,
    whole: bool,
    complete: bool,
    score: i32,
}

impl Rank {
    fn of(word: Word<'_>, spelt: Spelt) -> Self {
        let cost = SHORTENED * spelt.shortened as i32 + LONGER * (word.syllables.len() as i32 - 1);
        Self {
            keys: spelt.keys,
            complete: spelt.left_out == 0,
            whole: spelt.left_out == 0 && spelt.shortened == 0,
            score: i32::from(word.weight) - cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const NINE: Typing = Typing { keyboard: Keyboard::Nine, fuzzy: Fuzzy::ALL };

    fn typed(keys: &str, typing: Typing) -> Vec<&'static str> {
        pinyin().candidates(keys, typing).into_iter().map(|candidate| candidate.text).collect()
    }

    /// These words come first, in this order.
    #[track_caller]
    fn first(keys: &str, words: &[&str]) {
        let found = typed(keys, Typing::default());
        assert_eq!(found[..words.len().min(found.len())], *words, "for {keys}");
    }

    /// This word is on the first page of eight, whatever else is.
    #[track_caller]
    fn shows(keys: &str, word: &str, typing: Typing) {
        let found = typed(keys, typing);
        assert!(found.iter().take(8).any(|found| *found == word), "{word} is not shown for {keys}: {found:?}");
    }

    #[test]
    fn a_syllable_gives_its_characters_the_most_used_first() {
        first("de", &["的", "地", "得"]);
        first("shui", &["水", "谁", "睡"]);
        first("lv", &["律", "绿"]);
    }

    #[test]
    fn whole_syllables_give_phrases() {
        first("daibiao", &["代表"]);
        first("xiulu", &["修路"]);
        first("zilaishui", &["自来水"]);
        first("xi'an", &["西安"]);
    }

    #[test]
    fn initials_give_phrases() {
        for (keys, word) in
            [("dbr", "代表人"), ("zls", "自来水"), ("cwh", "村委会"), ("ld", "路灯"), ("rddb", "人大代表")]
        {
            shows(keys, word, Typing::default());
        }
    }

    #[test]
    fn initials_and_syllables_mix_and_the_last_syllable_may_be_begun_only() {
        shows("zilais", "自来水", Typing::default());
        shows("zlshui", "自来水", Typing::default());
        shows("cunwei", "村委会", Typing::default());
    }

    #[test]
    fn nine_keys_give_phrases() {
        for (keys, word) in [("94858", "修路"), ("3242426", "代表"), ("5833", "路灯")] {
            shows(keys, word, Typing { fuzzy: Fuzzy::default(), ..NINE });
        }
    }

    #[test]
    fn what_is_not_used_up_stays_typed() {
        let candidates = pinyin().candidates("xiulude", Typing::default());
        assert_eq!((candidates[0].text, candidates[0].keys), ("修路", 5));
        assert!(candidates.iter().any(|candidate| (candidate.text, candidate.keys) == ("修", 3)));
    }

    #[test]
    fn sounds_are_taken_for_one_another_only_where_that_is_wanted() {
        let fuzzy = Typing { fuzzy: Fuzzy::ALL, ..Typing::default() };
        for (keys, word) in
            [("fulan", "湖南"), ("cengsi", "城市"), ("liulai", "牛奶"), ("jinli", "经理"), ("fayuan", "花园")]
        {
            shows(keys, word, fuzzy);
        }
        assert!(!typed("cengsi", Typing::default()).contains(&"城市"));
    }

    #[test]
    fn keys_that_mean_nothing_give_nothing() {
        assert!(typed("", Typing::default()).is_empty());
        assert!(typed("vv", Typing::default()).is_empty());
        assert!(typed("1", NINE).is_empty());
        assert!(typed("代表", Typing::default()).is_empty());
    }

    #[test]
    fn more_keys_than_any_word_has_are_left_typed() {
        let candidates = pinyin().candidates(&"daibiao".repeat(40), Typing::default());
        assert_eq!((candidates[0].text, candidates[0].keys), ("代表", 7));
    }

    #[test]
    fn words_with_several_readings_are_found_under_the_right_one() {
        let list = include_str!("../../pinyin/heteronyms.txt");
        let lines = list.lines().filter(|line| !line.starts_with('#'));
        for (keys, word) in lines.map(|line| line.split_once(' ').expect("keys and a word")) {
            let found = typed(keys, Typing::default());
            assert!(found.iter().take(24).any(|found| *found == word), "{word} is not shown for {keys}: {found:?}");
        }
    }

    #[test]
    #[ignore = "prints times, which mean something only when this package is optimised"]
    fn how_long_a_lookup_takes() {
        let start = Instant::now();
        pinyin();
        println!("unpacking: {:?}", start.elapsed());
        let plain = Typing::default();
        let fuzzy = Typing { fuzzy: Fuzzy::ALL, ..plain };
        for (keys, typing) in [
            ("x", plain),
            ("shi", plain),
            ("daibiao", plain),
            ("dbr", plain),
            ("s", fuzzy),
            ("ssss", fuzzy),
            ("zhongguorenmin", fuzzy),
            ("94858", NINE),
            ("7", NINE),
            ("77777777", NINE),
        ] {
            let once = || {
                let start = Instant::now();
                std::hint::black_box(pinyin().candidates(keys, typing));
                start.elapsed()
            };
            let shortest = (0..50).map(|_| once()).min().unwrap_or_default();
            println!("{keys}: {shortest:?}");
        }
    }
}
