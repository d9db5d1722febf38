//! What must be: every word that somebody was told is saved, and every word that nobody was told is.
//!
//! It knows nothing of logs, feeds or merging. Words carry a mark that stands nowhere else, by which they are found again.

use std::collections::BTreeMap;

use civic_core::id::DocId;

/// What somebody was told of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// That it is saved: it must be there, once.
    Saved,
    /// Nothing, or its only copy was lost with a card: it may be there, once.
    Nothing,
    /// That it is saved, by a device that was struck off before: it must not be there.
    TooLate,
}

/// Words, or a step with a note.
#[derive(Clone, Debug)]
pub struct Word {
    /// Found nowhere else.
    pub mark: String,
    /// What was told.
    pub told: Told,
    /// Who wrote it: a place in the county, or [`HUB`].
    pub by: usize,
    /// The deed of the county in which it was written.
    pub at: u64,
    /// Whether the card on which it was written still has it.
    pub is_on_card: bool,
}

/// The hub among those who write.
pub const HUB: usize = usize::MAX;

/// An opinion.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its document.
    pub id: DocId,
    /// Whether it is kept from the village: then its mark must stand nowhere in the clear.
    pub is_kept: bool,
    /// The village's place among all.
    pub village: usize,
    /// What was said first.
    pub first: Word,
    /// Additions and steps.
    pub later: Vec<Word>,
    /// Whether the county was to erase it: it may be gone.
    pub is_to_go: bool,
    /// Whether the county did: it must be gone.
    pub is_erased: bool,
    /// Some bytes of its sealed voice, if it has one.
    pub voice: Option<Vec<u8>>,
}

impl Said {
    /// Every word of it, first or later.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        std::iter::once(&self.first).chain(&self.later)
    }
}

/// Everything that was said.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// By mark of the first words.
    pub said: BTreeMap<String, Said>,
    next: u64,
}

impl Reference {
    /// A mark that stands nowhere else.
    pub fn mark(&mut self) -> String {
        self.next += 1;
        format!("«{}»", self.next)
    }

    /// Every word, first or later.
    pub fn words_mut(&mut self) -> impl Iterator<Item = &mut Word> {
        self.said.values_mut().flat_map(|said| std::iter::once(&mut said.first).chain(&mut said.later))
    }

    /// A card was lost as it stood after deed `since`: what it wrote later is nowhere unless `is_there` knows of it.
    pub fn lose_card(&mut self, by: usize, since: u64, is_there: impl Fn(&str) -> bool) {
        for word in self.words_mut().filter(|word| word.by == by && word.at >= since && word.is_on_card) {
            word.is_on_card = false;
            if word.told == Told::Saved && !is_there(&word.mark) {
                word.told = Told::Nothing;
            }
        }
    }
}
