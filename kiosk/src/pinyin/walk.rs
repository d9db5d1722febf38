//! How far the typed keys spell one word, and how much of it they leave out.

use super::{Keyboard, Typing, spelling::Spelling};

/// The mark that parts two syllables where letters could be read two ways: `xi'an`.
const PART: u8 = b'\'';

/// How typed keys spell a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelt {
    /// How many of the keys are used up.
    pub keys: usize,
    /// How many of its syllables were given by their beginnings only.
    pub shortened: u32,
    /// How many of its syllables were not given at all.
    pub left_out: usize,
}

/// The keys that were typed, and how each syllable can follow at each place of them.
pub struct Walk<'a> {
    keyboard: Keyboard,
    keys: &'a [u8],
    syllables: usize,
    /// For each place, every syllable.
    fits: Vec<Fit>,
    /// For each place, how long the longest syllable is that stands there whole.
    longest: Vec<u32>,
}

/// How one syllable fits the keys from one place on. Bit `n` of a set stands for a length of `n` keys.
#[derive(Clone, Copy, Default)]
struct Fit {
    /// Lengths of the ways to write it that stand there whole.
    whole: u8,
    /// Lengths of its short forms that stand there, with more keys behind them.
    short: u8,
    /// The keys end inside it.
    cut: bool,
}

/// How far along a word the keys have been followed.
#[derive(Clone, Copy, Default)]
struct Step {
    /// Syllables done.
    done: usize,
    /// Keys used.
    at: usize,
    shortened: u32,
    /// A syllable was shortened although the keys go on with the rest of one: whoever types xiulu means no word that
    /// begins with x alone. Such a word counts only if it uses all keys.
    halved: bool,
}

impl<'a> Walk<'a> {
    /// Reads the keys once, against every syllable.
    pub fn new(spellings: &[Vec<Spelling>], typing: Typing, keys: &'a [u8]) -> Self {
        let fit = |at: usize, ways: &[Spelling]| {
            let counting = ways.iter().filter(|way| way.counts(typing.fuzzy));
            counting.fold(Fit::default(), |fit, way| fit.and(way, typing.keyboard, &keys[at..]))
        };
        let fits: Vec<Fit> = (0..keys.len()).flat_map(|at| spellings.iter().map(move |ways| fit(at, ways))).collect();
        let longest = |fits: &[Fit]| fits.iter().fold(0, |all, fit| all | fit.whole).checked_ilog2().unwrap_or(0);
        let longest = fits.chunks(spellings.len().max(1)).map(longest).collect();
        Self { keyboard: typing.keyboard, keys, syllables: spellings.len(), fits, longest }
    }

    /// The syllables that may be the first.
    pub fn beginnings(&self) -> impl Iterator<Item = usize> {
        (0..self.syllables.min(self.fits.len())).filter(|syllable| self.fits[*syllable].fits())
    }

    /// How the keys spell a word of these syllables, if they do. Of several ways, the one that uses most keys and
    /// shortens least.
    pub fn spell(&self, syllables: &[u16]) -> Option<Spelt> {
        let mut best = None;
        self.step(syllables, Step::default(), &mut best);
        best
    }

    fn step(&self, syllables: &[u16], step: Step, best: &mut Option<Spelt>) {
        let Step { done, mut at, shortened, halved } = step;
        if done > 0 && self.keys.get(at) == Some(&PART) {
            at += 1;
        }
        let left_out = syllables.len() - done;
        if left_out == 0 || at == self.keys.len() {
            // One syllable is too little to guess the rest of a word by.
            let counts = if left_out == 0 { self.may_end(at, halved) } else { done >= 2 };
            if counts {
                keep(best, Spelt { keys: at, shortened, left_out });
            }
            return;
        }
        let fit = self.fits[at * self.syllables + usize::from(syllables[done])];
        let next = Step { done: done + 1, at, shortened: shortened + 1, halved };
        for length in lengths(fit.whole) {
            self.step(syllables, Step { at: at + length, shortened, ..next }, best);
        }
        for length in lengths(fit.short) {
            let halved = halved || self.longest[at] as usize > length;
            self.step(syllables, Step { at: at + length, halved, ..next }, best);
        }
        if fit.cut {
            self.step(syllables, Step { at: self.keys.len(), ..next }, best);
        }
    }

    /// Whether a word may end here: at the end of the keys, or where a syllable can begin.
    fn may_end(&self, at: usize, halved: bool) -> bool {
        let Some(next) = self.keys.get(at) else { return true };
        let begins = match self.keyboard {
            Keyboard::Letters => !matches!(next, b'i' | b'u' | b'v'),
            Keyboard::Nine => true,
        };
        begins && !halved
    }
}

impl Fit {
    fn and(mut self, way: &Spelling, keyboard: Keyboard, keys: &[u8]) -> Self {
        let written = way.keys(keyboard);
        if keys.starts_with(written) {
            self.whole |= 1 << written.len();
        } else if written.starts_with(keys) {
            self.cut = true;
        }
        for short in way.short_forms() {
            if short < written.len() && short < keys.len() && keys.starts_with(&written[..short]) {
                self.short |= 1 << short;
            }
        }
        self
    }

    fn fits(self) -> bool {
        self.whole | self.short != 0 || self.cut
    }
}

fn lengths(set: u8) -> impl Iterator<Item = usize> {
    (1..8).filter(move |length| set >> length & 1 == 1)
}

fn keep(best: &mut Option<Spelt>, found: Spelt) {
    let rank = |spelt: &Spelt| (spelt.keys, usize::MAX - spelt.left_out, u32::MAX - spelt.shortened);
    if best.as_ref().is_none_or(|best| rank(best) < rank(&found)) {
        *best = Some(found);
    }
}
