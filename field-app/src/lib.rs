//! The deputy's app 代表走访: what people say at their doors, taken down with or without signal.
//!
//! **What it is.** A program on the deputy's own phone that serves its pages to that phone's browser alone. It records
//! visits and opinions, shows those of the deputy's areas, and brings answers home; everything goes through
//! [`ledger`] into the log of this installation, and from there to the county when there is a road.
//!
//! **What it never does.** It never says "saved" before the ledger said so, and never claims more than a receipt proves.
//! It never writes a name or a phone number anywhere but into a sealed envelope. It asks nothing twice: a form that was
//! saved is not saved again by a second touch. It tracks nobody: no position, no route, no time of presence.
//!
//! **Where to start.** [`cli::main`] starts it; [`http::router`] lists every page.
#![forbid(unsafe_code)]

pub mod cli;
mod draft;
mod form;
pub mod http;
mod saved;
mod stubs;
mod tried;
mod words;
