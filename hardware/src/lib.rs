//! Screen, touch panel, lamp and button of a station: on a Raspberry Pi, or a stand-in on a desk.
//!
//! This crate never knows what a villager or an opinion is: a lamp is amber or green, a button is pressed, a screen is
//! pixels. What a colour *means* is said in the kiosk. `rppal` is named in [`pi`] and nowhere else.
//!
//! Start at [`board::Board`], the whole of what a station's box can do, and [`screen::Canvas`], where pictures are made.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod board;
pub mod button;
pub mod desk;
pub mod lamp;
pub mod pi;
pub mod screen;
pub mod touch;
