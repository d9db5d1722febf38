//! The ways to type one syllable: in letters or on nine keys, right or as a dialect says it.

use super::{
    Keyboard,
    fuzzy::{self, Fuzzy},
};

/// One way to type a syllable.
pub struct Spelling {
    letters: Box<[u8]>,
    digits: Box<[u8]>,
    /// How many of the letters are the initial, which alone may stand for the syllable.
    initial: usize,
    needs: Fuzzy,
}

impl Spelling {
    /// Every way to type this syllable, the right one first.
    pub fn all(syllable: &str) -> Vec<Self> {
        let mut ways: Vec<Self> =
            fuzzy::spellings(syllable).iter().map(|(written, needs)| Self::new(written, *needs)).collect();
        // Both are taught: 略 as lve and as lue.
        if let Some(start) = syllable.strip_suffix("ve") {
            ways.push(Self::new(&format!("{start}ue"), Fuzzy::default()));
        }
        ways
    }

    fn new(written: &str, needs: Fuzzy) -> Self {
        let letters: Box<[u8]> = written.bytes().collect();
        let digits = letters.iter().copied().map(digit).collect();
        Self { letters, digits, initial: fuzzy::initial(written).len().max(1), needs }
    }

    /// Whether whoever types so counts, by the pairs that are taken for one another.
    pub fn counts(&self, fuzzy: Fuzzy) -> bool {
        fuzzy.covers(self.needs)
    }

    /// The keys of the whole syllable.
    pub fn keys(&self, keyboard: Keyboard) -> &[u8] {
        match keyboard {
            Keyboard::Letters => &self.letters,
            Keyboard::Nine => &self.digits,
        }
    }

    /// Lengths of the beginnings that may stand for it: `z` and `zh` for `zhong`.
    pub fn short_forms(&self) -> std::ops::RangeInclusive<usize> {
        1..=self.initial
    }
}

/// The key of a telephone that carries this letter. ü is typed as v, and lies with u on the eight.
fn digit(letter: u8) -> u8 {
    match letter {
        b'a'..=b'c' => b'2',
        b'd'..=b'f' => b'3',
        b'g'..=b'i' => b'4',
        b'j'..=b'l' => b'5',
        b'm'..=b'o' => b'6',
        b'p'..=b's' => b'7',
        b't'..=b'v' => b'8',
        _ => b'9',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_keys_are_those_of_a_telephone() {
        let ways = Spelling::all("xiu");
        assert_eq!((ways[0].keys(Keyboard::Letters), ways[0].keys(Keyboard::Nine)), (&b"xiu"[..], &b"948"[..]));
        assert_eq!(Spelling::all("zhong")[0].short_forms(), 1..=2);
        assert_eq!(Spelling::all("an")[0].short_forms(), 1..=1);
    }

    #[test]
    fn lve_is_also_typed_lue() {
        let ways = Spelling::all("lve");
        let written: Vec<_> = ways.iter().filter(|way| way.counts(Fuzzy::default())).collect();
        assert_eq!(written.iter().map(|way| way.keys(Keyboard::Letters)).collect::<Vec<_>>(), [b"lve", b"lue"]);
    }
}
