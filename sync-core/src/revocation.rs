//! A revocation: the hub's word that a device belongs to the county no longer.
//!
//! It is an entry in the hub's own public feed, so it travels by every road on which slips travel, signed like them, and
//! every device of the county comes to hold it.

use civic_core::{
    codec::{Malformed, Reader, put_signed},
    id::{DeviceId, DocId},
    time::UnixSeconds,
};

/// Which device, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Ed25519 public key of the device.
    pub public_key: [u8; 32],
    /// When it was struck off, by the hub's clock. What it signed before still counts.
    pub at: UnixSeconds,
}

impl Revocation {
    /// The entry's document: the device.
    pub fn doc(&self) -> DocId {
        DocId::new(*DeviceId::of(&self.public_key).as_bytes())
    }

    /// Key, then time.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.public_key.to_vec();
        put_signed(&mut out, self.at.0);
        out
    }

    /// Reads what [`Revocation::encode`] wrote.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        Ok(Self { public_key: reader.array()?, at: UnixSeconds(reader.signed()?) })
    }
}
