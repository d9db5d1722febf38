//! Replication without the world: what is said between two devices, and when.
//!
//! **What it is.** What one incarnation of one device writes in one space is a [`feed`], a hash-chained log of entries
//! ([`entry`]). Consecutive entries under one signature are a [`run`]: written in one transaction, sent in one piece,
//! verified with one signature, packed by [`pack`]. A [`receipt`] is the hub's signed word that a feed up to some length is
//! on its disk. A [`catalog`] is what one installation holds; [`session`] is one meeting of two devices as a state machine
//! over [`message`]s, and [`attachment`] is how voices and photos follow the records. A [`parcel`] is for roads on which
//! nobody answers, a [`letter`] for whoever is no device yet, [`carry`] for those who take either along, and [`roads`] says
//! which road is taken.
//! `docs/protocol.md` is the protocol for people.
//!
//! **What it never does.** It never reads a clock, a random source, a disk or a socket, and it never looks inside a
//! payload. A receipt is the only thing that moves an entry from "here" to "received".
//!
//! **Where to start.** [`session::Session`]: everything that can happen in a meeting is in [`session::Input`], and all
//! that it can ask for is in [`session::Output`].
#![forbid(unsafe_code)]

pub mod attachment;
pub mod carry;
pub mod catalog;
pub mod edition;
pub mod entry;
pub mod epoch;
pub mod feed;
pub mod heard;
pub mod hub_time;
pub mod letter;
pub mod message;
pub mod pack;
pub mod parcel;
pub mod receipt;
pub mod revocation;
pub mod roads;
pub mod run;
pub mod session;
pub mod status;
pub mod tombstone;
