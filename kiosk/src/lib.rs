//! The village terminal: somebody says something, gets a number, and later sees what became of it.
//!
//! **What it never does.** It never shows a ticket before the words are on disk, never claims more than a receipt
//! proves, never keeps anything of the last person on the screen, and never needs a network.
//!
//! **Where to start.** [`app`] says which screen is up. Each screen is one file of [`screens`]: what it holds, what it
//! shows, what a touch does. [`view`] is what a screen can show, [`draw`] makes pixels of it, and [`station`] is all
//! that screens may ask of the world. [`run`] is the loop around all of it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app;
pub mod blank;
pub mod browser;
pub mod cli;
pub mod disk;
pub mod draw;
pub mod drawer;
pub mod flood;
pub mod follow;
pub mod form;
pub mod glass;
pub mod guesses;
pub mod handwriting;
pub mod heard;
pub mod lamp;
pub mod light;
pub mod picture;
pub mod pinyin;
pub mod portrait;
pub mod printing;
pub mod prompts;
pub mod public;
pub mod records;
pub mod run;
pub mod sample;
pub mod screens;
pub mod service;
pub mod settings;
pub mod soak;
pub mod sound;
pub mod spoken;
pub mod station;
pub mod teller;
pub mod trouble;
pub mod view;
pub mod voice;
pub mod wiring;
pub mod wording;
