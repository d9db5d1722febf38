//! The pure half of the domain: what a person said, what became of it, who may do what.
//!
//! **What it is.** Opinions 意见, visits 走访 and slips 回执 as small Automerge documents ([`document`], [`opinion`],
//! [`visit`], [`slip`]) and what stands beside them ([`attachment`], [`ink`]); what the county publishes ([`published`] and its
//! records, from files: [`publication`]) and what people answer, sealed as it is given ([`sealed`]: [`response`],
//! [`ballot`], [`reaction`]) and counted ([`tally`]); the one way in for changes from outside ([`gate`], [`payload`]); the
//! county's vocabulary as data ([`codebook`]) and the engine over it ([`workflow`], [`review`]); the access table
//! ([`access`]); envelopes ([`seal`]), consent ([`consent`]) and how long what was in them is kept ([`detail`]); ticket
//! numbers ([`ticket`]), what opens a slip ([`opening`]) and tokens ([`token`]); wording ([`wording`]).
//!
//! **What it never does.** It never reads a clock, a random source, a disk, a socket or the environment: time and
//! chance are arguments. It never replaces what a person said: edits add, and every reader can show the original.
//! No level, body, topic or state is a word in this code.
//!
//! **Where to start.** [`opinion::Opinion`] is what all is about; [`document::Document`] is how it is kept.
#![forbid(unsafe_code)]

pub mod access;
pub mod area;
pub mod attachment;
pub mod ballot;
pub mod bulk;
pub mod codebook;
pub mod codec;
pub mod confided;
pub mod consent;
pub mod consultation;
pub mod deputy;
pub mod detail;
pub mod document;
pub mod gate;
pub mod id;
pub mod ink;
pub mod keyring;
pub mod matter;
pub mod notice;
pub mod opening;
pub mod opinion;
pub mod payload;
pub mod planted;
pub mod publication;
pub mod published;
pub mod reaction;
pub mod response;
pub mod review;
pub mod seal;
pub mod sealed;
pub mod slip;
pub mod space;
pub mod station;
pub mod tally;
pub mod ticket;
pub mod time;
pub mod token;
pub mod visit;
pub mod vote;
pub mod wording;
pub mod workflow;
