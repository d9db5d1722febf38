//! The village terminal.
