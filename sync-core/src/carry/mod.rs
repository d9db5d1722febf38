//! Carrying: a phone takes sealed parcels from one device to another that has no road of its own.
//!
//! A [`label`] is what a carrier sees of a parcel: whose it is, for whom, how large, since when; it is signed by whoever
//! sealed the parcel. A [`word`] is a signed receipt in the chain kiosk → carrier → hub → carrier → kiosk. What two of them
//! say to each other when they meet is in [`message`], and [`bag`] decides what is taken and what is let go.

pub mod bag;
pub mod label;
pub mod message;
pub mod word;
