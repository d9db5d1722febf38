//! Carrying, with its disk and its roads: [`bag`] keeps parcels and words, [`handover`] passes them on, [`near`] is the road
//! between two devices in one room, and [`ends`] seals what goes out and opens what comes, and
//! [`state`] is what people are told.

pub mod bag;
pub mod ends;
pub mod handover;
pub mod near;
pub mod state;
#[cfg(test)]
mod tests;
