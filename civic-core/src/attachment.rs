//! Attachments 附件: a voice recording, a drawing or a photo that stands beside a record, as the record names it.
//!
//! A record holds the name of each attachment, which is a hash over its sealed bytes, its kind, and how long a recording
//! is. The bytes themselves are never in a document: they are sealed ([`crate::seal::seal_attachment`]), kept in pieces,
//! and travel after the records.

use crate::id::AttachmentId;

/// Longest voice recording, in seconds: a minute, and one more for whoever asks. A longer one is refused with this number; a
/// device stops recording there.
pub const VOICE_SECONDS_MAX: u32 = 120;
/// Longest voice recording, in bytes as sealed: 120 seconds of Opus at 32 kbit/s are 480 kB. A longer one is refused.
pub const VOICE_LEN_MAX: usize = 512 * 1024;
/// Longest photo, in bytes as sealed: a device makes it smaller before. A longer one is refused.
pub const PHOTO_LEN_MAX: usize = 2 * 1024 * 1024;
/// Longest drawing, in bytes as sealed. A longer one is refused.
pub const INK_LEN_MAX: usize = 512 * 1024;
/// Longest attachment of any kind, in bytes as sealed. A longer one is neither kept nor passed on.
pub const ATTACHMENT_LEN_MAX: usize = 4 * 1024 * 1024;
/// Most attachments of one record. One with more is refused with this number.
pub const ATTACHMENTS_MAX: usize = 4;

/// What an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttachmentKind {
    /// 语音: what somebody said, Opus.
    Voice,
    /// 照片
    Photo,
    /// 手写: what somebody drew or wrote with a finger.
    Ink,
    /// From a newer program: kept and passed on, not shown.
    Unknown(u8),
}

impl AttachmentKind {
    /// The number that stands for it in documents, on the road and on disk. Never change one: old logs hold them.
    pub const fn number(self) -> u8 {
        match self {
            AttachmentKind::Voice => 1,
            AttachmentKind::Photo => 2,
            AttachmentKind::Ink => 3,
            AttachmentKind::Unknown(number) => number,
        }
    }

    /// Reads that number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => AttachmentKind::Voice,
            2 => AttachmentKind::Photo,
            3 => AttachmentKind::Ink,
            other => AttachmentKind::Unknown(other),
        }
    }

    /// The word for it in exports.
    pub const fn word(self) -> &'static str {
        match self {
            AttachmentKind::Voice => "voice",
            AttachmentKind::Photo => "photo",
            AttachmentKind::Ink => "ink",
            AttachmentKind::Unknown(_) => "unknown",
        }
    }

    /// Longest one of this kind, in bytes as sealed.
    pub const fn len_max(self) -> usize {
        match self {
            AttachmentKind::Voice => VOICE_LEN_MAX,
            AttachmentKind::Photo => PHOTO_LEN_MAX,
            AttachmentKind::Ink => INK_LEN_MAX,
            AttachmentKind::Unknown(_) => ATTACHMENT_LEN_MAX,
        }
    }
}

/// An attachment as its record names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Its name, by its sealed bytes.
    pub id: AttachmentId,
    /// What it is.
    pub kind: AttachmentKind,
    /// How long a recording is, in seconds; `None` for what has no duration.
    pub seconds: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_reads_back_from_its_number_and_a_newer_one_stays_what_it_is() {
        for kind in [AttachmentKind::Voice, AttachmentKind::Photo, AttachmentKind::Ink, AttachmentKind::Unknown(77)] {
            assert_eq!(AttachmentKind::from_number(kind.number()), kind);
            assert!(kind.len_max() <= ATTACHMENT_LEN_MAX);
        }
    }
}
