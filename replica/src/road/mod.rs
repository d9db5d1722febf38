//! Roads: how bytes get from one device to another. QUIC today; every other road carries the same messages.

pub mod quic;
pub mod tls;
