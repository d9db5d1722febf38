//! The label of a sealed parcel: all that a carrier can see of it.

use civic_core::{
    codec::{Malformed, Reader, put_bytes, put_signed, put_varint},
    seal::PARCEL_LEN_MAX,
    time::UnixSeconds,
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

const CONTEXT: &[u8] = b"huiyin label v1";
/// Longest name among people; a longer one is cut.
pub const WHO_LEN_MAX: usize = 96;
/// Most parcels of one pack; what is beyond waits for the next.
pub const PARTS_MAX: u32 = 1_024;

/// A parcel's name: BLAKE3 of its sealed bytes.
pub type ParcelId = [u8; 32];

/// What is written on a sealed parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Whose it is: Ed25519 public key of who sealed it.
    pub from: [u8; 32],
    /// For whom: Ed25519 public key of who can open it.
    pub to: [u8; 32],
    /// The place that it comes from or goes to, as people call it.
    pub who: String,
    /// When it was sealed, by that clock.
    pub at: UnixSeconds,
    /// Parcels that were sealed together have one number, and later ones of the same author and receiver a higher one: they
    /// hold everything that the earlier ones held and that has no receipt.
    pub pack: u64,
    /// Which of its pack this is, from 0.
    pub part: u32,
    /// How many there are in the pack.
    pub parts: u32,
    /// How long the sealed parcel is.
    pub len: u64,
    /// BLAKE3 of the sealed parcel.
    pub id: ParcelId,
    /// Over all of this.
    pub signature: [u8; 64],
}

impl Label {
    /// A label as its author signs it.
    pub fn sign(mut self, key: &SigningKey) -> Self {
        self.who.truncate(self.who.floor_char_boundary(WHO_LEN_MAX));
        self.signature = key.sign(&self.signed_bytes()).to_bytes();
        self
    }

    /// Whether its author signed it, and it keeps to the limits.
    pub fn is_sound(&self) -> bool {
        let is_within =
            self.part < self.parts && self.parts <= PARTS_MAX && (1..=PARCEL_LEN_MAX as u64).contains(&self.len);
        let signature = Signature::from_bytes(&self.signature);
        is_within
            && VerifyingKey::from_bytes(&self.from)
                .is_ok_and(|key| key.verify_strict(&self.signed_bytes(), &signature).is_ok())
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let mut out = CONTEXT.to_vec();
        self.put_fields(&mut out);
        out
    }

    fn put_fields(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.from);
        out.extend_from_slice(&self.to);
        put_bytes(out, self.who.as_bytes());
        put_signed(out, self.at.0);
        put_varint(out, self.pack);
        put_varint(out, u64::from(self.part));
        put_varint(out, u64::from(self.parts));
        put_varint(out, self.len);
        out.extend_from_slice(&self.id);
    }

    /// Appends it: from, to, name, time, pack, part, parts, length, hash, signature.
    pub fn put(&self, out: &mut Vec<u8>) {
        self.put_fields(out);
        out.extend_from_slice(&self.signature);
    }

    /// Reads what [`Label::put`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let number = |value: u64| u32::try_from(value).map_err(|_| Malformed);
        Ok(Self {
            from: reader.array()?,
            to: reader.array()?,
            who: reader.text(WHO_LEN_MAX)?.to_owned(),
            at: UnixSeconds(reader.signed()?),
            pack: reader.varint()?,
            part: number(reader.varint()?)?,
            parts: number(reader.varint()?)?,
            len: reader.varint()?,
            id: reader.array()?,
            signature: reader.array()?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn label(key: &SigningKey, to: u8, pack: u64, part: u32, parts: u32) -> Label {
        let id = *blake3::hash(&[to, pack as u8, part as u8]).as_bytes();
        let from = key.verifying_key().to_bytes();
        let (who, at) = ("石桥村".to_owned(), UnixSeconds(50));
        Label { from, to: [to; 32], who, at, pack, part, parts, len: 100, id, signature: [0; 64] }.sign(key)
    }

    #[test]
    fn a_label_cannot_be_changed_by_whoever_carries_it() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let label = label(&key, 9, 4, 1, 2);
        assert!(label.is_sound());
        let mut bytes = Vec::new();
        label.put(&mut bytes);
        assert_eq!(Label::read(&mut Reader::new(&bytes)), Ok(label));
        for place in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[place] ^= 1;
            let is_sound = Label::read(&mut Reader::new(&bent)).is_ok_and(|label| label.is_sound());
            assert!(!is_sound, "byte {place}");
        }
    }

    #[test]
    fn a_label_beyond_the_limits_is_not_sound_even_if_signed() {
        let key = SigningKey::from_bytes(&[3; 32]);
        for bent in [
            Label { part: 2, ..label(&key, 9, 4, 1, 2) },
            Label { parts: PARTS_MAX + 1, ..label(&key, 9, 4, 1, 2) },
            Label { len: PARCEL_LEN_MAX as u64 + 1, ..label(&key, 9, 4, 1, 2) },
            Label { len: 0, ..label(&key, 9, 4, 1, 2) },
        ] {
            assert!(!bent.sign(&key).is_sound());
        }
    }
}
