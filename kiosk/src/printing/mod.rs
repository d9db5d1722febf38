//! The ticket on paper: drawn with the kiosk's own letters, so that every printer prints it alike.
//!
//! [`Receipt`] says what stands on it, [`code`] is the square that a scanner reads, for the paper and for the screen,
//! and [`Press`] prints in a thread of its own. **What it never does:** print a ticket that is not on disk. Whoever
//! makes a [`Receipt`] has the ticket from [`crate::station::Station::file`] or looks it up again; nothing else gives
//! one. A name, a telephone number or the words of a person never come here at all.

pub mod code;
mod press;
mod receipt;

pub use press::{Event, Press, Tell};
pub use receipt::Receipt;
