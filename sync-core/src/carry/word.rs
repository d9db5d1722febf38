//! A word: a signed receipt for one parcel, by whoever has it.

use civic_core::{
    codec::{Malformed, Reader, put_signed},
    time::UnixSeconds,
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::label::ParcelId;

const CONTEXT: &[u8] = b"huiyin word v1";

/// What somebody says of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// "It is on my disk, and I carry it."
    Taken,
    /// "It was for me, and I have heard it."
    Heard,
    /// "It was for me, and I cannot listen to it."
    Turned,
}

impl Says {
    const ALL: [Says; 3] = [Says::Taken, Says::Heard, Says::Turned];

    const fn number(self) -> u8 {
        match self {
            Says::Taken => 1,
            Says::Heard => 2,
            Says::Turned => 3,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|says| says.number() == number)
    }
}

/// A signed receipt for one parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The parcel.
    pub id: ParcelId,
    /// What is said.
    pub says: Says,
    /// By whom: Ed25519 public key.
    pub by: [u8; 32],
    /// When, by that clock.
    pub at: UnixSeconds,
    /// Over all of this.
    pub signature: [u8; 64],
}

impl Word {
    /// Gives it.
    pub fn sign(id: ParcelId, says: Says, at: UnixSeconds, key: &SigningKey) -> Self {
        let mut word = Self { id, says, by: key.verifying_key().to_bytes(), at, signature: [0; 64] };
        word.signature = key.sign(&word.signed_bytes()).to_bytes();
        word
    }

    /// Whether whom it names gave it.
    pub fn is_sound(&self) -> bool {
        let signature = Signature::from_bytes(&self.signature);
        VerifyingKey::from_bytes(&self.by).is_ok_and(|key| key.verify_strict(&self.signed_bytes(), &signature).is_ok())
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let mut out = CONTEXT.to_vec();
        self.put_fields(&mut out);
        out
    }

    fn put_fields(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id);
        out.push(self.says.number());
        out.extend_from_slice(&self.by);
        put_signed(out, self.at.0);
    }

    /// Appends it: parcel, what is said, by whom, time, signature.
    pub fn put(&self, out: &mut Vec<u8>) {
        self.put_fields(out);
        out.extend_from_slice(&self.signature);
    }

    /// Reads what [`Word::put`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            id: reader.array()?,
            says: Says::from_number(reader.byte()?).ok_or(Malformed)?,
            by: reader.array()?,
            at: UnixSeconds(reader.signed()?),
            signature: reader.array()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_proves_who_said_what_of_which_parcel() {
        let word = Word::sign([7; 32], Says::Heard, UnixSeconds(9), &SigningKey::from_bytes(&[3; 32]));
        assert!(word.is_sound());
        let mut bytes = Vec::new();
        word.put(&mut bytes);
        assert_eq!(Word::read(&mut Reader::new(&bytes)), Ok(word));
        for place in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[place] ^= 1;
            assert!(!Word::read(&mut Reader::new(&bent)).is_ok_and(|word| word.is_sound()), "byte {place}");
        }
    }
}
