//! Tests over the whole house: who may name what, who may do what, and stories told by real processes.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod access;
mod attacks;
mod bend;
mod layers;
mod mutate;
mod rush;
mod soak;
mod stories;
mod wire;
