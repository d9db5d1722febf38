//! The kiosk on a desk: stories told by touches, and a picture of every screen.
#![allow(clippy::unwrap_used)]

mod asked;
mod box_parts;
mod browser;
mod directory;
mod drafts;
mod idle;
mod keys;
mod looks;
mod paths;
mod pictures;
mod printing;
mod prompts;
mod records;
mod service;
mod soak;
mod speak;
mod stories;
mod support;
mod troubles;
mod village;
mod ways;
mod wording;
