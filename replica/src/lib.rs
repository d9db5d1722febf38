//! One installation's durable copy, and the roads to others.
//!
//! **What it is.** [`store`] is the log on disk; [`identity`] is as whom this installation speaks; [`enrol`] is how it
//! became so, and [`renewal`] how it stays so; [`road`] is QUIC and TCP with mutual authentication; [`pump`] lets a
//! [`sync_core::session::Session`] talk over a road, and [`transfer`] lets attachments follow; [`bundle`] is for roads on
//! which nobody answers, and [`carry`] for what a phone takes along; [`roadbook`] remembers what worked where, and
//! [`tariff`] what it costs; [`device`] keeps a device in touch with its hub; [`hub`] answers many devices, and hubs
//! beneath it, which [`vouch`] for theirs.
//!
//! **What it never does.** It never looks inside a payload: an opinion is bytes to it. It never acknowledges anything
//! before it is on disk, and no transaction is open across an `.await`.
//!
//! **Where to start.** [`pump::converse`] is the only place where the state machine meets the world.
#![forbid(unsafe_code)]

pub mod board;
pub mod bundle;
pub mod carry;
pub mod clock;
pub mod device;
pub mod dir;
pub mod enrol;
pub mod hub;
pub mod identity;
pub mod memory;
pub mod pump;
pub mod renewal;
pub mod road;
pub mod roadbook;
pub mod store;
pub mod tariff;
pub mod transfer;
pub mod vitals;
pub mod vouch;
