//! `bend`: what every door but the gate, which has `mutate`, makes of bytes that somebody has bent: what is read of a road,
//! a stick, a phone, a file and a browser.
//!
//! Every input is something honest, bent once or a few times: bits turned, bytes cut, doubled, moved or put in, numbers
//! made long. Then it is repaired as a liar who knows the form would: its length, and, with the keys of a device that was
//! let in, of its county or of its hub, its signature, proof and seal; the cookie and the mark of the form that a page
//! asks for. It may be refused, and must not do more: no panic, nothing that takes long, no page that fails, and what is
//! read and written again reads the same.
//!
//! Inputs that once broke something or reached code that none before had reached are [kept](corpus), made short. They are
//! bent in their turn, and a test tries each of them as it is. Whatever breaks a door is written to a file of its own at once,
//! kept or not, and the line that tries that file again is printed.

mod bytes;
mod corpus;
mod door;
mod enrolment;
mod logs;
mod pages;
mod reach;
mod records;
mod run;
mod site;

pub use run::main;
