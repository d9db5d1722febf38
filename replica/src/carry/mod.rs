//! Carrying, with its disk and its roads: [`bag`] keeps parcels and words, [`handover`] passes them on, [`near`] is the road
//! between two devices in one room, [`found`] finds them there, [`newcomer`] is how a machine that is no device yet asks through a carrier, [`ends`]
//! seals what goes out and opens what comes, and [`state`] is what people are told.

pub mod bag;
pub mod ends;
pub mod found;
pub mod handover;
pub mod near;
pub mod newcomer;
pub mod state;
#[cfg(test)]
pub(crate) mod tests;
