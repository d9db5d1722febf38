//! The county simulated: the code that ships, on disks, roads and clocks that a seed makes fail.
//!
//! **What it is.** [`county`] is a hub, kiosks, deputies and what they carry, in one process and one thread of events: the
//! real ledger over the real log over the real SQLite, whose [`disk`] is memory, and the real state machine at both ends of
//! every [`meeting`]. [`people`] speak and decide, [`mod@reference`] knows what they were told, [`check`] compares. One seed is
//! one run: the same twice.
//!
//! **What it never does.** It never says again in its own words what the code under test decides. It reaches no socket, no
//! file and no clock.
//!
//! **Where to start.** [`run::run_seed`]; [`wreck`] for one card alone, cut and failing at every
//! operation, and [`bend`] for bytes that somebody bent.

pub mod bend;
pub mod check;
pub mod clock;
pub mod county;
pub mod dice;
pub mod disk;
pub mod meeting;
pub mod node;
pub mod people;
pub mod reference;
pub mod register;
pub mod run;
pub mod wreck;
