//! Letters: how a machine that is no device yet asks the county to become one, and how the answer comes home, on roads where
//! nobody answers.
//!
//! A letter is sealed and carried like a [parcel](crate::parcel), and from outside nothing tells the two apart. What is in
//! it only the two ends understand; here it is bytes under its author's signature, meant for one receiver.
//!
//! ```text
//! 64 as a number               no parcel has this version
//! 32 bytes                     Ed25519 public key of the author
//! rest                         what is said, at most 384 KiB
//! 64 bytes                     signature of "huiyin letter v1", the receiver's X25519 key, and everything before
//! ```

use civic_core::codec::{Reader, put_varint};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::parcel::BadParcel;

const MARK: u64 = 64;
const SIGNATURE_CONTEXT: &[u8] = b"huiyin letter v1";
const SIGNATURE_LEN: usize = 64;
/// Longest that can be said in a letter, for the county's codebook is in the answer; a longer one is not written, and refused.
pub const LETTER_LEN_MAX: usize = 384 * 1024;

/// A letter that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Ed25519 public key of who wrote it.
    pub author: [u8; 32],
    /// What is said.
    pub said: Vec<u8>,
}

impl Letter {
    /// Writes one to the receiver with this X25519 public key.
    pub fn sign(said: &[u8], receiver: &[u8; 32], key: &SigningKey) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, MARK);
        out.extend_from_slice(&key.verifying_key().to_bytes());
        out.extend_from_slice(said);
        let signature = key.sign(&signed_bytes(receiver, &out)).to_bytes();
        out.extend_from_slice(&signature);
        out
    }

    /// Whether what was opened is a letter and not a parcel.
    pub fn is_one(bytes: &[u8]) -> bool {
        Reader::new(bytes).varint().is_ok_and(|mark| mark == MARK)
    }

    /// Reads and verifies what [`Letter::sign`] wrote to this receiver.
    pub fn read(bytes: &[u8], receiver: &[u8; 32]) -> Result<Self, BadParcel> {
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE_LEN>().ok_or(BadParcel::Malformed)?;
        let mut reader = Reader::new(signed);
        if reader.varint()? != MARK {
            return Err(BadParcel::Malformed);
        }
        let author: [u8; 32] = reader.array()?;
        VerifyingKey::from_bytes(&author)
            .and_then(|key| key.verify_strict(&signed_bytes(receiver, signed), &Signature::from_bytes(signature)))
            .map_err(|_| BadParcel::Signature)?;
        let said = reader.rest();
        if said.len() > LETTER_LEN_MAX {
            return Err(BadParcel::Malformed);
        }
        Ok(Self { author, said: said.to_vec() })
    }
}

fn signed_bytes(receiver: &[u8; 32], said: &[u8]) -> Vec<u8> {
    [SIGNATURE_CONTEXT, receiver, said].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::Parcel;

    #[test]
    fn a_letter_is_read_by_its_receiver_alone_and_bent_by_nobody() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let bytes = Letter::sign(b"let me in", &[1; 32], &key);
        let letter = Letter { author: key.verifying_key().to_bytes(), said: b"let me in".to_vec() };
        assert!(Letter::is_one(&bytes));
        assert_eq!(Letter::read(&bytes, &[1; 32]), Ok(letter));
        assert_eq!(Letter::read(&bytes, &[2; 32]), Err(BadParcel::Signature));
        for place in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[place] ^= 0x10;
            assert!(Letter::read(&bent, &[1; 32]).is_err(), "byte {place}");
            assert!(Letter::read(&bytes[..place], &[1; 32]).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn a_letter_is_no_parcel_and_an_older_program_says_that_it_is_newer() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let bytes = Letter::sign(b"let me in", &[1; 32], &key);
        assert_eq!(Parcel::read(&bytes, &[1; 32]), Err(BadParcel::Version(MARK)));
        let parcel = Parcel {
            author: [0; 32],
            at: civic_core::time::UnixSeconds(0),
            after: None,
            messages: vec![],
            attachments: vec![],
        };
        assert!(!Letter::is_one(&parcel.sign(&[1; 32], &key)) && !Letter::is_one(b""));
    }
}
