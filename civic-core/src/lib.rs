//! x
/// Sentences.
pub mod wording;
