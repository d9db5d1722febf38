//! The hub's signed word for what time it is: no device of the county believes that it is earlier.

use civic_core::{
    codec::{Malformed, Reader, put_signed},
    time::UnixSeconds,
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// What time it was at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubTime {
    /// The time.
    pub at: UnixSeconds,
    /// Ed25519 of the hub.
    pub signature: [u8; 64],
}

impl HubTime {
    /// Signs as the hub.
    pub fn sign(at: UnixSeconds, key: &SigningKey) -> Self {
        Self { at, signature: key.sign(&signed_bytes(at)).to_bytes() }
    }

    /// Whether the hub with this key signed it.
    pub fn is_by(&self, hub: &[u8; 32]) -> bool {
        VerifyingKey::from_bytes(hub)
            .is_ok_and(|key| key.verify_strict(&signed_bytes(self.at), &Signature::from_bytes(&self.signature)).is_ok())
    }

    /// Appends it: time, signature.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_signed(out, self.at.0);
        out.extend_from_slice(&self.signature);
    }

    /// Reads what [`HubTime::put`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { at: UnixSeconds(reader.signed()?), signature: reader.array()? })
    }
}

fn signed_bytes(at: UnixSeconds) -> Vec<u8> {
    [b"huiyin time v1".as_slice(), &at.0.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hub_says_what_time_it_is() {
        let hub = SigningKey::from_bytes(&[4; 32]);
        let time = HubTime::sign(UnixSeconds(1_775_000_000), &hub);
        assert!(time.is_by(&hub.verifying_key().to_bytes()));
        assert!(!HubTime { at: UnixSeconds(1_775_000_001), ..time }.is_by(&hub.verifying_key().to_bytes()));
        assert!(!time.is_by(&SigningKey::from_bytes(&[5; 32]).verifying_key().to_bytes()));
    }
}
