//! What a merge leaves for people to settle: fields with two values, and steps that cannot both hold.

use crate::{codebook::Codebook, opinion::Opinion, workflow};

/// How many things of one opinion wait for a person: conflicts of fields and clashes of steps.
pub fn open_questions(codebook: &Codebook, opinion: &Opinion) -> usize {
    opinion.conflicts.len() + workflow::fold(codebook, opinion).clashes.len()
}
