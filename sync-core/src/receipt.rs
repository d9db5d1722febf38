//! Receipts: the hub's signed word for how much of a feed it holds. Whatever a screen or a lamp claims comes from these.

use civic_core::time::UnixSeconds;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::feed::{Extent, FeedId};
use civic_core::codec::{Malformed, Reader, put_signed, put_varint};

/// How safe the entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 县里已收: on the hub's disk. What people see.
    Received,
    /// In a backup that was restored and verified. Only this lets a device prune.
    Kept,
}

impl Level {
    /// The number that stands for it on the road and on disk.
    pub const fn number(self) -> u8 {
        match self {
            Level::Received => 1,
            Level::Kept => 2,
        }
    }

    /// Reads that number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Level::Received),
            2 => Some(Level::Kept),
            _ => None,
        }
    }
}

/// A receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The feed.
    pub feed: FeedId,
    /// How far the hub holds it.
    pub extent: Extent,
    /// How safe that is.
    pub level: Level,
    /// When, by the hub's clock.
    pub at: UnixSeconds,
    /// Ed25519 of the hub.
    pub signature: [u8; 64],
}

impl Receipt {
    /// Signs as the hub.
    pub fn sign(feed: FeedId, extent: Extent, level: Level, at: UnixSeconds, key: &SigningKey) -> Self {
        let signature = key.sign(&signed_bytes(&feed, &extent, level, at)).to_bytes();
        Self { feed, extent, level, at, signature }
    }

    /// Whether the hub with this key signed it.
    pub fn is_by(&self, hub: &[u8; 32]) -> bool {
        let signed = signed_bytes(&self.feed, &self.extent, self.level, self.at);
        VerifyingKey::from_bytes(hub)
            .is_ok_and(|key| key.verify_strict(&signed, &Signature::from_bytes(&self.signature)).is_ok())
    }

    /// Appends it: feed, length, head, level, time, signature.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.feed.0);
        put_varint(out, self.extent.length);
        out.extend_from_slice(&self.extent.head);
        out.push(self.level.number());
        put_signed(out, self.at.0);
        out.extend_from_slice(&self.signature);
    }

    /// Reads what [`Receipt::put`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            feed: FeedId(reader.array()?),
            extent: Extent { length: reader.varint()?, head: reader.array()? },
            level: Level::from_number(reader.byte()?).ok_or(Malformed)?,
            at: UnixSeconds(reader.signed()?),
            signature: reader.array()?,
        })
    }
}

fn signed_bytes(feed: &FeedId, extent: &Extent, level: Level, at: UnixSeconds) -> Vec<u8> {
    [
        b"huiyin receipt v1".as_slice(),
        &feed.0,
        &extent.length.to_le_bytes(),
        &extent.head,
        &[level.number()],
        &at.0.to_le_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_proves_exactly_what_the_hub_signed() {
        let hub = SigningKey::from_bytes(&[4; 32]);
        let public = hub.verifying_key().to_bytes();
        let extent = Extent { length: 12, head: [8; 32] };
        let receipt = Receipt::sign(FeedId([1; 16]), extent, Level::Received, UnixSeconds(99), &hub);
        assert!(receipt.is_by(&public));
        assert!(!Receipt { level: Level::Kept, ..receipt }.is_by(&public));
        assert!(!Receipt { extent: Extent { length: 13, ..extent }, ..receipt }.is_by(&public));
        assert!(!receipt.is_by(&SigningKey::from_bytes(&[5; 32]).verifying_key().to_bytes()));
        let mut out = Vec::new();
        receipt.put(&mut out);
        assert_eq!(Receipt::read(&mut Reader::new(&out)), Ok(receipt));
    }
}
