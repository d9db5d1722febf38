//! `mutate`: what the gate makes of changes that somebody has bent.
//!
//! Every input is an honest change of an honest document, bent once or a few times with knowledge of its form (bytes
//! flipped or cut, numbers and lengths replaced, columns relabelled, moved between changes, or taken apart into rows and
//! put together again as Automerge would), and offered at the gate alone or among honest ones. What is let in must read,
//! save, load with equal heads, and take an honest later change. Seed and index name an input: the same two give the
//! same bytes.
//!
//! Inputs run in child processes under a limit of memory, so that the death of one is counted and the next one runs.

mod corpus;
mod draft;
mod edits;
mod run;
mod trial;

pub use run::main;
