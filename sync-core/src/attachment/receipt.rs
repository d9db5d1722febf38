//! The hub's signed word that it holds an attachment, whole.

use civic_core::{
    codec::{Malformed, Reader, put_signed},
    id::AttachmentId,
    time::UnixSeconds,
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::receipt::Level;

/// A receipt for one attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentReceipt {
    /// The attachment, every piece of it.
    pub id: AttachmentId,
    /// How safe it is.
    pub level: Level,
    /// When, by the hub's clock.
    pub at: UnixSeconds,
    /// Ed25519 of the hub.
    pub signature: [u8; 64],
}

impl AttachmentReceipt {
    /// Signs as the hub.
    pub fn sign(id: AttachmentId, level: Level, at: UnixSeconds, key: &SigningKey) -> Self {
        Self { id, level, at, signature: key.sign(&signed_bytes(&id, level, at)).to_bytes() }
    }

    /// Whether the hub with this key signed it.
    pub fn is_by(&self, hub: &[u8; 32]) -> bool {
        let signed = signed_bytes(&self.id, self.level, self.at);
        VerifyingKey::from_bytes(hub)
            .is_ok_and(|key| key.verify_strict(&signed, &Signature::from_bytes(&self.signature)).is_ok())
    }

    /// Appends it: name, level, time, signature.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.id.as_bytes());
        out.push(self.level.number());
        put_signed(out, self.at.0);
        out.extend_from_slice(&self.signature);
    }

    /// Reads what [`AttachmentReceipt::put`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            id: AttachmentId::new(reader.array()?),
            level: Level::from_number(reader.byte()?).ok_or(Malformed)?,
            at: UnixSeconds(reader.signed()?),
            signature: reader.array()?,
        })
    }
}

fn signed_bytes(id: &AttachmentId, level: Level, at: UnixSeconds) -> Vec<u8> {
    [b"huiyin attachment receipt v1".as_slice(), id.as_bytes(), &[level.number()], &at.0.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_proves_exactly_what_the_hub_signed() {
        let hub = SigningKey::from_bytes(&[4; 32]);
        let public = hub.verifying_key().to_bytes();
        let receipt = AttachmentReceipt::sign(AttachmentId::new([1; 32]), Level::Received, UnixSeconds(99), &hub);
        assert!(receipt.is_by(&public));
        assert!(!AttachmentReceipt { level: Level::Kept, ..receipt }.is_by(&public));
        assert!(!AttachmentReceipt { id: AttachmentId::new([2; 32]), ..receipt }.is_by(&public));
        assert!(!AttachmentReceipt { at: UnixSeconds(98), ..receipt }.is_by(&public));
        assert!(!receipt.is_by(&SigningKey::from_bytes(&[5; 32]).verifying_key().to_bytes()));
        let mut out = Vec::new();
        receipt.put(&mut out);
        assert_eq!(AttachmentReceipt::read(&mut Reader::new(&out)), Ok(receipt));
    }
}
