//! Tests over the whole house: who may name what, who may do what, and stories told by real processes.

mod access;
mod layers;
mod stories;
