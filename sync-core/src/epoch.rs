//! Key epochs: the hub's word to which key devices seal from now on.
//!
//! It is an entry in the hub's own public feed of the county, so every device comes to hold it by whatever road, and seals
//! to the newest that it knows. The old private key lives on at the hub until nothing sealed to it can come any more, and
//! is then destroyed: with it every copy of what was sealed to it, wherever that lies, becomes noise.

use civic_core::{
    codec::{Malformed, Reader, put_varint},
    id::DocId,
    seal::SealKey,
};

/// One epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Its number, which only grows, and the key to seal to.
    pub key: SealKey,
}

impl Epoch {
    /// The document by which the entry, and the word of a device that heard it, name an epoch.
    pub fn doc(number: u32) -> DocId {
        let mut hasher = blake3::Hasher::new_derive_key("huiyin key epoch v1");
        hasher.update(&number.to_be_bytes());
        let mut name = [0; 16];
        hasher.finalize_xof().fill(&mut name);
        DocId::new(name)
    }

    /// The number, then the key.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, u64::from(self.key.epoch));
        out.extend_from_slice(&self.key.public);
        out
    }

    /// Reads what [`Epoch::encode`] wrote.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let epoch = u32::try_from(reader.varint()?).map_err(|_| Malformed)?;
        Ok(Self { key: SealKey { epoch, public: reader.array()? } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_reads_back_and_each_has_a_name_of_its_own() {
        let epoch = Epoch { key: SealKey { epoch: 300, public: [7; 32] } };
        assert_eq!(Epoch::decode(&epoch.encode()), Ok(epoch));
        assert!(Epoch::decode(&epoch.encode()[..20]).is_err());
        assert_ne!(Epoch::doc(1), Epoch::doc(2));
    }
}
