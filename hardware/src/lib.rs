//! Everything of a station that can be touched, seen or heard: on a Raspberry Pi or another Linux computer, or a
//! stand-in on a desk.
//!
//! This crate never knows what a villager or an opinion is: a lamp is amber or green, a button is pressed, a screen is
//! pixels, sound is samples. What any of it *means* is said in the kiosk. `rppal` is named in [`pi`] and nowhere else,
//! `drm` in [`screen`], ALSA in [`sound`] and only with the feature `alsa`.
//!
//! Start at [`board::Board`], the whole of what a station's box can do; [`screen::Canvas`], where pictures are made;
//! [`sound`], which says what a microphone and a loudspeaker are; and [`printer::Printer`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod backlight;
pub mod board;
pub mod button;
pub mod clock;
pub mod desk;
pub mod fit;
mod input;
pub mod keyboard;
pub mod keypad;
pub mod lamp;
pub mod pi;
pub mod presence;
pub mod printer;
pub mod rounds;
pub mod scanner;
#[cfg(test)]
mod scratch;
pub mod screen;
pub mod sound;
pub mod touch;
pub mod watchdog;
