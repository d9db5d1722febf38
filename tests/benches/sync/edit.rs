//! The change that a workload makes to a document: a step with a note, as people make many a day.

use civic_core::{
    codebook::Codebook,
    opinion::{Edit, NewStep},
};
use tests::{records::Records, sample};

/// A step that the sample county allows whatever the state.
const ACT: &str = "联系";

/// Changes, each with words of its own.
pub struct Edits(Records);

impl Edits {
    /// Changes by this person; another makes others.
    pub fn by(by: &str) -> anyhow::Result<Self> {
        let seed = by.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let codebook = Codebook::parse(sample::COUNTY)?;
        let places: Vec<_> = codebook.places.iter().collect();
        Ok(Self(Records::new(&codebook, &places, seed)))
    }
}

impl Iterator for Edits {
    type Item = Edit;

    fn next(&mut self) -> Option<Edit> {
        let step = NewStep { act: ACT.to_owned(), note: self.0.note(), ..NewStep::default() };
        Some(Edit { step: Some(step), ..Edit::default() })
    }
}
