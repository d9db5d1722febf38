//! The announcement of an attachment: the payload of an entry, by which whoever holds the feed knows what to expect.
//!
//! ```text
//! 32 bytes  the attachment's name
//! byte      its kind
//! varint    its length, as sealed
//! ```
//!
//! Fields behind those are passed over: a newer program may say more.

use civic_core::{
    attachment::AttachmentKind,
    codec::{Malformed, Reader, put_varint},
    id::AttachmentId,
};

use super::manifest::Manifest;

/// What is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The attachment's name.
    pub id: AttachmentId,
    /// What it is.
    pub kind: AttachmentKind,
    /// How many bytes.
    pub length: u64,
}

impl Announcement {
    /// Announces what `manifest` describes.
    pub fn of(manifest: &Manifest) -> Self {
        Self { id: manifest.id(), kind: manifest.kind(), length: manifest.length() }
    }

    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.id.as_bytes().to_vec();
        out.push(self.kind.number());
        put_varint(&mut out, self.length);
        out
    }

    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            id: AttachmentId::new(reader.array()?),
            kind: AttachmentKind::from_number(reader.byte()?),
            length: reader.varint()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_reads_back_and_more_behind_it_is_passed_over() {
        let manifest = Manifest::of(AttachmentKind::Voice, &[7; 300]).unwrap();
        let announced = Announcement::of(&manifest);
        let mut payload = announced.encode();
        assert_eq!(payload.len(), 35);
        payload.push(1);
        assert_eq!(Announcement::decode(&payload), Ok(announced));
        assert_eq!(Announcement::decode(&payload[..33]), Err(Malformed));
    }
}
