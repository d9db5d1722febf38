//! Names of things: newtypes over bytes, so that none can be taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares an identifier of `$len` bytes, written as lower-case hexadecimal wherever a person or a file sees it.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $len]);

        impl $name {
            /// Takes the bytes as they are.
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Takes exactly the right number of bytes, or none.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Reads the hexadecimal form.
            pub fn parse(text: &str) -> Option<Self> {
                from_hex(text).and_then(|bytes| Self::from_slice(&bytes))
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &hex(&self.0)[..8])
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                hex(&id.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text).ok_or_else(|| format!("{text:?} is not {} hexadecimal digits", $len * 2))
            }
        }
    };
}

identifier!(
    /// One document: an opinion, a visit, a slip. Random, so that it tells nothing.
    DocId, 16
);
identifier!(
    /// One device, named by its key: the first 16 bytes of BLAKE3 of its Ed25519 public key.
    DeviceId, 16
);
identifier!(
    /// One life of an installation, drawn anew whenever it cannot prove that it alone continues the last one.
    Incarnation, 16
);
identifier!(
    /// Who writes inside a document. Derived from device key and incarnation, so that nobody can squat on another's.
    Actor, 16
);

identifier!(
    /// One attachment, named by its bytes as they travel; the formula is in `sync_core::attachment::manifest`.
    AttachmentId, 32
);

impl DeviceId {
    /// The name of the device that holds this Ed25519 public key.
    pub fn of(public_key: &[u8; 32]) -> Self {
        Self(first_16(blake3::Hasher::new_derive_key("huiyin device id v1").update(public_key)))
    }
}

impl DocId {
    /// The document that part `part` of the form named `form` makes on the device with this key: the same form sent again
    /// makes the same documents.
    pub fn of_form(public_key: &[u8; 32], form: &str, part: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("huiyin form v1");
        Self(first_16(hasher.update(public_key).update(&part.to_le_bytes()).update(form.as_bytes())))
    }
}

impl Actor {
    /// The actor as which `public_key`'s device writes during `incarnation`.
    pub fn of(public_key: &[u8; 32], incarnation: &Incarnation) -> Self {
        Self(first_16(
            blake3::Hasher::new_derive_key("huiyin actor v1").update(public_key).update(incarnation.as_bytes()),
        ))
    }
}

fn first_16(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[usize::from(digit)] as char).collect()
}

/// Reads hexadecimal of either case; `None` for anything else.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_what_it_writes() {
        let id = DocId::new([0xab; 16]);
        assert_eq!(DocId::parse(&id.to_string()), Some(id));
        assert_eq!(DocId::parse("xy"), None);
        assert_eq!(DocId::parse("é".repeat(16).as_str()), None);
    }

    #[test]
    fn two_incarnations_of_one_device_are_two_actors() {
        let key = [7; 32];
        assert_ne!(Actor::of(&key, &Incarnation::new([1; 16])), Actor::of(&key, &Incarnation::new([2; 16])));
    }
}
