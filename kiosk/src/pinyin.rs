//! From letters to characters: the toneless syllable a person types, and the characters that sound so.
//!
//! The table is `kiosk/pinyin/syllables.txt`, made from the Unihan database. A dictionary of words can be added beside
//! it later: [`Pinyin::candidates`] already says how many letters each candidate uses up.

use std::{collections::BTreeMap, sync::LazyLock};

/// The longest syllables are `zhuang`, `chuang`, `shuang`.
const SYLLABLE_LETTERS_MAX: usize = 6;

/// Candidates beyond this are too rare to page to.
const CANDIDATES_MAX: usize = 160;

/// Every syllable with its characters.
pub struct Pinyin {
    syllables: BTreeMap<&'static str, Vec<Reading>>,
}

#[derive(Clone, Copy)]
struct Reading {
    character: char,
    count: u32,
}

/// Something that typed letters may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The character.
    pub character: char,
    /// How many of the typed letters it stands for; the rest stay typed.
    pub letters: usize,
}

/// The table that is compiled in.
pub fn pinyin() -> &'static Pinyin {
    static TABLE: LazyLock<Pinyin> = LazyLock::new(|| Pinyin::parse(include_str!("../pinyin/syllables.txt")));
    &TABLE
}

impl Pinyin {
    fn parse(table: &'static str) -> Self {
        let syllables = table
            .lines()
            .filter_map(|line| {
                let (syllable, readings) = line.split_once(' ')?;
                Some((syllable, readings.split(' ').filter_map(Reading::parse).collect()))
            })
            .collect();
        Self { syllables }
    }

    /// What these letters may mean, the likeliest first. The longest syllable that the letters begin with is taken;
    /// letters that are only the beginning of syllables mean the most used characters of all of these.
    pub fn candidates(&self, letters: &str) -> Vec<Candidate> {
        let whole = (1..=letters.len().min(SYLLABLE_LETTERS_MAX))
            .rev()
            .find_map(|length| Some((length, self.syllables.get(letters.get(..length)?)?)));
        let (used, mut readings) = match whole {
            Some((length, readings)) => (length, readings.clone()),
            None => (letters.len(), Vec::new()),
        };
        if used == letters.len() && !letters.is_empty() {
            // Syllables that only begin so come behind: someone who typed "x" or "xi" may mean 下 or 想.
            let beginning = self.syllables.range(letters..).take_while(|(syllable, _)| syllable.starts_with(letters));
            let mut longer: Vec<Reading> =
                beginning.filter(|(syllable, _)| **syllable != letters).flat_map(|(_, all)| all).copied().collect();
            longer.sort_by_key(|reading| std::cmp::Reverse(reading.count));
            readings.extend(longer);
        }
        let mut candidates: Vec<Candidate> = Vec::new();
        for reading in readings {
            if candidates.len() < CANDIDATES_MAX && candidates.iter().all(|had| had.character != reading.character) {
                candidates.push(Candidate { character: reading.character, letters: used });
            }
        }
        candidates
    }
}

impl Reading {
    /// `修464`, or `髹` for a reading that was never counted.
    fn parse(text: &str) -> Option<Self> {
        let character = text.chars().next()?;
        Some(Self { character, count: text[character.len_utf8()..].parse().unwrap_or(0) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[track_caller]
    fn check(letters: &str, first: &str) {
        let candidates = pinyin().candidates(letters);
        let found: String = candidates.iter().take(first.chars().count()).map(|c| c.character).collect();
        assert_eq!(found, first, "for {letters}");
    }

    #[test]
    fn a_syllable_gives_its_characters_the_most_used_first() {
        check("de", "的地得");
        check("shui", "水谁睡");
        check("lv", "律绿");
        check("xiu", "修休");
    }

    #[test]
    fn letters_that_end_nowhere_use_up_the_syllable_they_begin_with() {
        let candidates = pinyin().candidates("xiulu");
        assert_eq!(candidates[0], Candidate { character: '修', letters: 3 });
    }

    #[test]
    fn an_initial_alone_gives_common_characters() {
        check("x", "下学");
        check("zh", "这着");
        assert_eq!(pinyin().candidates("x")[0].letters, 1);
    }

    #[test]
    fn letters_that_mean_nothing_give_nothing() {
        assert_eq!(pinyin().candidates(""), []);
        assert_eq!(pinyin().candidates("vv"), []);
    }

    #[test]
    fn every_character_of_the_national_table_can_be_typed() {
        let typed: HashSet<char> = pinyin().syllables.values().flatten().map(|reading| reading.character).collect();
        let table = web::font::CHARACTERS.lines().next().unwrap_or_default();
        let missing: String = table.chars().filter(|character| !typed.contains(character)).collect();
        assert_eq!(missing, "");
    }
}
