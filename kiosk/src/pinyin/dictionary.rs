//! Every word that can be typed, with its syllables: two files, compiled in and unpacked once.

use std::{collections::HashMap, ops::Range};

use super::spelling::Spelling;

/// Characters and their readings; see `kiosk/pinyin/make.sh`.
const CHARACTERS: &str = include_str!("../../pinyin/syllables.txt");
/// Words and their readings; see `kiosk/pinyin/make.py`.
const WORDS: &[u8] = include_bytes!("../../pinyin/words.txt.zst");
/// The most that the words unpack to: room for twice as many as there are.
const WORDS_MAX: usize = 4 << 20;

/// All words, grouped by the first syllable of their readings.
pub struct Dictionary {
    text: String,
    /// The syllables of all words, one after the other: places in `spellings`.
    syllables: Vec<u16>,
    words: Vec<Entry>,
    /// Every syllable, as its ways to be typed, the right one first.
    spellings: Vec<Vec<Spelling>>,
    /// The words that begin with each syllable.
    beginning: Vec<Range<usize>>,
}

/// One word under one reading.
struct Entry {
    text: u32,
    syllables: u32,
    characters: u8,
    weight: u8,
}

/// One word under one reading, as it is looked at.
#[derive(Clone, Copy)]
pub struct Word<'a> {
    pub text: &'a str,
    pub syllables: &'a [u16],
    /// Four times the binary logarithm of how often it was counted.
    pub weight: u8,
}

impl Dictionary {
    /// Unpacks the two files.
    pub fn unpack() -> Self {
        let words = zstd::bulk::decompress(WORDS, WORDS_MAX).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let words = words.expect("the words compiled in can be unpacked");
        let mut dictionary = Self {
            text: String::new(),
            syllables: Vec::new(),
            words: Vec::new(),
            spellings: Vec::new(),
            beginning: Vec::new(),
        };
        let first = |line: &'static str| line.split(' ').next().unwrap_or_default();
        let numbers: HashMap<&str, u16> = CHARACTERS.lines().map(first).zip(0..).collect();
        // Both files are sorted by reading, so the words that begin with a syllable stand together.
        let mut words = words.lines().peekable();
        for line in CHARACTERS.lines() {
            let syllable = first(line);
            let start = dictionary.words.len();
            dictionary.add(line, &numbers, |count| (4.0 * f64::from(count.max(1)).log2()) as u8);
            let begins_so = |line: &&str| line.split('\'').next() == Some(syllable);
            while let Some(line) = words.next_if(begins_so) {
                dictionary.add(line, &numbers, |weight| weight.min(u32::from(u8::MAX)) as u8);
            }
            dictionary.beginning.push(start..dictionary.words.len());
            dictionary.spellings.push(Spelling::all(syllable));
        }
        dictionary.text.shrink_to_fit();
        dictionary.syllables.shrink_to_fit();
        dictionary.words.shrink_to_fit();
        dictionary
    }

    /// Adds the words of one line: `dai'biao 代表62 呆表20`, or `xiu 修464 秀67 髹`.
    fn add(&mut self, line: &str, numbers: &HashMap<&str, u16>, weight: impl Fn(u32) -> u8) {
        let (reading, words) = line.split_once(' ').unwrap_or((line, ""));
        let start = self.syllables.len() as u32;
        self.syllables.extend(reading.split('\'').filter_map(|syllable| numbers.get(syllable)));
        for word in words.split(' ') {
            let text = word.trim_end_matches(|last: char| last.is_ascii_digit());
            self.words.push(Entry {
                text: self.text.len() as u32,
                syllables: start,
                characters: (self.syllables.len() as u32 - start) as u8,
                weight: weight(word[text.len()..].parse().unwrap_or(0)),
            });
            self.text.push_str(text);
        }
    }

    /// Every syllable, as its ways to be typed, the right one first.
    pub fn spellings(&self) -> &[Vec<Spelling>] {
        &self.spellings
    }

    /// The words whose readings begin with the syllable at this place of [`spellings`](Self::spellings).
    pub fn beginning_with(&self, syllable: usize) -> impl Iterator<Item = Word<'_>> {
        self.beginning.get(syllable).cloned().unwrap_or(0..0).map(|place| self.word(place))
    }

    fn word(&self, place: usize) -> Word<'_> {
        let entry = &self.words[place];
        let text_end = self.words.get(place + 1).map_or(self.text.len(), |next| next.text as usize);
        let syllables = entry.syllables as usize..entry.syllables as usize + usize::from(entry.characters);
        Word {
            text: &self.text[entry.text as usize..text_end],
            syllables: &self.syllables[syllables],
            weight: entry.weight,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn all(dictionary: &Dictionary) -> impl Iterator<Item = Word<'_>> {
        (0..dictionary.spellings.len()).flat_map(|syllable| dictionary.beginning_with(syllable))
    }

    #[test]
    fn every_word_has_a_syllable_for_each_character_that_the_kiosk_can_draw() {
        let dictionary = Dictionary::unpack();
        let table: HashSet<char> = web::font::CHARACTERS.lines().next().unwrap_or_default().chars().collect();
        assert!(all(&dictionary).count() > 100_000);
        for word in all(&dictionary) {
            assert_eq!(word.text.chars().count(), word.syllables.len(), "{}", word.text);
            assert!(word.text.chars().all(|character| table.contains(&character)), "{}", word.text);
        }
    }

    #[test]
    fn every_character_of_the_national_table_can_be_typed() {
        let dictionary = Dictionary::unpack();
        let typed: HashSet<&str> = all(&dictionary).map(|word| word.text).collect();
        let table = web::font::CHARACTERS.lines().next().unwrap_or_default();
        let missing: String =
            table.chars().filter(|character| !typed.contains(character.encode_utf8(&mut [0; 4]) as &str)).collect();
        assert_eq!(missing, "");
    }

    #[test]
    fn no_name_of_a_person_is_a_word() {
        let dictionary = Dictionary::unpack();
        let typed: HashSet<&str> = all(&dictionary).map(|word| word.text).collect();
        let list = include_str!("../../pinyin/names.txt");
        let names = list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
        assert_eq!(names.filter(|name| typed.contains(name)).collect::<Vec<_>>(), Vec::<&str>::new());
    }

    #[test]
    fn the_words_unpack_into_a_few_megabytes() {
        let dictionary = Dictionary::unpack();
        let bytes = dictionary.text.len()
            + dictionary.syllables.len() * size_of::<u16>()
            + dictionary.words.len() * size_of::<Entry>();
        assert!(bytes < 4 << 20, "{bytes}");
    }
}
