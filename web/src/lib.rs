//! What the pages of the programs share: who may ask ([`guard`]), how they look ([`page`]), that a form is carried out
//! once ([`once`]), square codes ([`code`]) and the letters ([`font`]).
//!
//! **What it never does.** It knows no record and no rule; a page never carries code or style inside itself, so that the
//! content policy can forbid both.
//!
//! **Where to start.** [`guard::protect`] wraps a router.
#![forbid(unsafe_code)]

pub mod code;
pub mod font;
pub mod guard;
pub mod once;
pub mod page;
