//! An edition of the county's codebook: the hub's word by which words and rules devices work from now on.
//!
//! It is an entry in the hub's own public feed of the county, so every device comes to hold it by whatever road, and works
//! by the newest that it can read. The first edition, number 0, is on the card with which a device is enrolled.

use civic_core::{
    codebook::CODEBOOK_LEN_MAX,
    codec::{Malformed, Reader, put_varint},
    id::DocId,
};

use crate::{
    entry::PAYLOAD_LEN_MAX,
    pack::{Packing, pack_thoroughly, unpack},
};

/// One edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Its number, which only grows.
    pub number: u32,
    /// The codebook, as TOML.
    pub text: String,
}

impl Edition {
    /// The document by which the entry names an edition.
    pub fn doc(number: u32) -> DocId {
        let mut hasher = blake3::Hasher::new_derive_key("huiyin codebook edition v1");
        hasher.update(&number.to_be_bytes());
        let mut name = [0; 16];
        hasher.finalize_xof().fill(&mut name);
        DocId::new(name)
    }

    /// The number, a byte for the packing, the packed text; `None` if that is longer than an entry may be, which only a
    /// codebook of hundreds of villages comes near to: it must become shorter.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        put_varint(&mut out, u64::from(self.number));
        let (packing, packed) = pack_thoroughly(self.text.clone().into_bytes());
        out.push(packing.number());
        out.extend_from_slice(&packed);
        (out.len() <= PAYLOAD_LEN_MAX).then_some(out)
    }

    /// Reads what [`Edition::encode`] wrote.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let number = u32::try_from(reader.varint()?).map_err(|_| Malformed)?;
        let packing = Packing::from_number(reader.byte()?).ok_or(Malformed)?;
        let text = String::from_utf8(unpack(packing, reader.rest(), CODEBOOK_LEN_MAX)?).map_err(|_| Malformed)?;
        Ok(Self { number, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_reads_back_short_or_long_and_each_has_a_name_of_its_own() {
        for places in [0, 1, 2_000] {
            let place = |n| format!("[[place]]\narea = \"990127{n:06}\"\nname = \"第{n}村\"\nen = \"Village {n}\"\n");
            let edition = Edition { number: 300, text: (0..places).map(place).collect() };
            let payload = edition.encode().unwrap();
            assert_eq!(Edition::decode(&payload), Ok(edition));
            assert!(Edition::decode(&payload[..2]).is_err());
        }
        assert_ne!(Edition::doc(1), Edition::doc(2));
    }

    #[test]
    fn one_that_no_entry_can_hold_is_not_written_and_one_that_would_grow_too_long_is_not_read() {
        let mut noise = vec![0; CODEBOOK_LEN_MAX / 2];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        let hex = civic_core::id::hex(&noise);
        assert_eq!(Edition { number: 1, text: hex }.encode(), None);
        let long = Edition { number: 1, text: "a".repeat(CODEBOOK_LEN_MAX + 1) };
        assert!(Edition::decode(&long.encode().unwrap()).is_err());
    }
}
