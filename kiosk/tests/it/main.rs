//! The kiosk on a desk: stories told by touches, and a picture of every screen.
#![allow(clippy::unwrap_used)]

mod browser;
mod keys;
mod looks;
mod pictures;
mod records;
mod stories;
mod support;
mod village;
mod wording;
