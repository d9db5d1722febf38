//! What a merge leaves for people to settle: fields with two values, texts begun twice, and steps that cannot both hold.

use crate::{codebook::Codebook, opinion::Opinion, workflow};

/// How many things of one opinion wait for a person: conflicts of fields, texts begun twice, clashes of steps.
pub fn open_questions(codebook: &Codebook, opinion: &Opinion) -> usize {
    opinion.conflicts.len() + opinion.other_texts.len() + workflow::fold(codebook, opinion).clashes.len()
}
