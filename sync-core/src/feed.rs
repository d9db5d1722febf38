//! A feed: what one incarnation of one device wrote in one space, as a hash-chained log that only grows.

use std::fmt;

use civic_core::{
    area::Area,
    id::{Actor, DeviceId, Incarnation, hex},
    space::{Audience, Space},
};

use civic_core::codec::{Malformed, Reader, put_bytes};

/// Longest encoded [`Feed`].
pub const FEED_LEN_MAX: usize = 128;

/// Whose log it is and where: everything that is needed to verify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Ed25519 public key of its author.
    pub public_key: [u8; 32],
    /// Which life of the author's installation.
    pub incarnation: Incarnation,
    /// The space it writes in.
    pub space: Space,
}

/// A feed's short name: the first 16 bytes of BLAKE3 of [`Feed::encode`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(pub [u8; 16]);

/// The hash of a feed's newest entry, which covers all entries before it.
pub type Head = [u8; 32];

/// How far somebody holds a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many entries.
    pub length: u64,
    /// The hash of the last of them; of the feed's name while there is none.
    pub head: Head,
}

impl Feed {
    /// Its short name.
    pub fn id(&self) -> FeedId {
        let mut bytes = [0; 16];
        blake3::Hasher::new_derive_key("huiyin feed id v1").update(&self.encode()).finalize_xof().fill(&mut bytes);
        FeedId(bytes)
    }

    /// Who writes it.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.public_key)
    }

    /// As whom its author writes inside documents.
    pub fn actor(&self) -> Actor {
        Actor::of(&self.public_key, &self.incarnation)
    }

    /// Where its chain begins.
    pub fn genesis(&self) -> Extent {
        Extent { length: 0, head: blake3::derive_key("huiyin feed genesis v1", &self.id().0) }
    }

    /// 32 bytes key, 16 bytes incarnation, audience number, area digits after their length.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.public_key.to_vec();
        out.extend_from_slice(self.incarnation.as_bytes());
        out.push(self.space.audience.number());
        put_bytes(&mut out, self.space.area.code().as_bytes());
        out
    }

    /// Reads what [`Feed::encode`] wrote.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let public_key = reader.array()?;
        let incarnation = Incarnation::new(reader.array()?);
        let audience = Audience::from_number(reader.byte()?).ok_or(Malformed)?;
        let area = Area::parse(reader.text(12)?).ok_or(Malformed)?;
        Ok(Self { public_key, incarnation, space: Space { area, audience } })
    }
}

impl fmt::Display for FeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for FeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FeedId({})", &hex(&self.0)[..8])
    }
}
