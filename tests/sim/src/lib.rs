//! The county simulated: the code that ships, on disks, roads and clocks that a seed makes fail.
//!
//! **What it is.** [`county`] is a hub, kiosks, deputies and what they carry, in one process and one thread of events: the
//! real ledger over the real log over the real SQLite, whose [`disk`] is memory, and the real state machines at both ends of
//! every [`meeting`], of every [`transfer`] of what was said beside words, and of every handover to a [`carrier`].
//! [`people`] speak and decide, [`mod@reference`] knows what they were told, [`check`] compares. One seed is one run: the
//! same twice.
//!
//! **What it never does.** It never says again in its own words what the code under test decides. It reaches no socket and no
//! clock, and no file but those of [bags](bag).
//!
//! **Where to start.** [`run::run_seed`]; [`wreck`] for one card alone, cut and failing at every operation, and [`model`]
//! for parts beside small models of them.

pub mod bag;
pub mod carrier;
pub mod check;
pub mod clock;
pub mod county;
pub mod dice;
pub mod disaster;
pub mod disk;
pub mod epoch;
pub mod erase;
pub mod meeting;
pub mod model;
pub mod node;
pub mod people;
pub mod reference;
pub mod register;
pub mod run;
pub mod stick;
pub mod transfer;
pub mod wreck;
