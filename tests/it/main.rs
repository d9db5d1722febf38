//! Tests over the whole house: who may name what, who may do what, and stories told by real processes.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod access;
mod layers;
mod stories;
