//! Attachments: sealed voices, drawings and photos, which travel in pieces after the records.
//!
//! An entry of a feed [announces](announcement) an attachment before its bytes come. Its [`manifest`] names every piece by
//! its hash, and proves itself against the attachment's name. The pieces move in a [`transfer`], on a stream of their own,
//! by [`message`]s of their own; a transfer that breaks off goes on with the [`pieces`] that are missing. The hub's signed
//! [`receipt`] for the whole attachment is the only thing that makes it "received".

pub mod announcement;
pub mod manifest;
pub mod message;
pub mod pieces;
pub mod receipt;
#[cfg(test)]
mod tests;
pub mod transfer;
