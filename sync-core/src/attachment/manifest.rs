//! A manifest: the kind, the length and the hash of every piece of an attachment.
//!
//! ```text
//! pieces   64 KiB each, the last one shorter
//! piece    BLAKE3, derive-key "huiyin attachment piece v1", of its bytes
//! name     BLAKE3, derive-key "huiyin attachment id v1", of the length (8 bytes, little-endian) and all piece hashes
//! ```
//!
//! So a name proves length, pieces and their order. The kind is proved by the entry that announces the attachment.

use civic_core::{
    attachment::{ATTACHMENT_LEN_MAX, AttachmentKind},
    id::AttachmentId,
};

use super::pieces::Pieces;

/// Length of every piece but the last.
pub const PIECE_LEN: usize = 64 * 1024;
/// Most pieces of one attachment.
pub const PIECES_MAX: usize = ATTACHMENT_LEN_MAX / PIECE_LEN;

/// What an attachment consists of, within the limits of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    kind: AttachmentKind,
    length: u64,
    hashes: Vec<[u8; 32]>,
}

/// Why a manifest is not accepted. The attachment is refused with this reason; others go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// Nothing to keep.
    #[error("the attachment is empty")]
    Empty,
    /// Longer than its kind may be.
    #[error("the attachment has {length} bytes; of its kind {max} are the most")]
    TooLong {
        /// What it has.
        length: u64,
        /// What it may have.
        max: usize,
    },
    /// The hashes do not give the name, or are not as many as the length needs.
    #[error("the manifest is not the one of that name")]
    WrongName,
}

impl Manifest {
    /// The manifest of `bytes`.
    pub fn of(kind: AttachmentKind, bytes: &[u8]) -> Result<Self, BadManifest> {
        let length = bytes.len() as u64;
        check_length(kind, length)?;
        Ok(Self { kind, length, hashes: bytes.chunks(PIECE_LEN).map(hash_piece).collect() })
    }

    /// Accepts what somebody says is the manifest of the attachment `id`, if it is.
    pub fn prove(
        id: &AttachmentId,
        kind: AttachmentKind,
        length: u64,
        hashes: Vec<[u8; 32]>,
    ) -> Result<Self, BadManifest> {
        check_length(kind, length)?;
        let manifest = Self { kind, length, hashes };
        let is_proven = manifest.hashes.len() == piece_count(length) && manifest.id() == *id;
        if is_proven { Ok(manifest) } else { Err(BadManifest::WrongName) }
    }

    /// The attachment's name.
    pub fn id(&self) -> AttachmentId {
        let mut hasher = blake3::Hasher::new_derive_key("huiyin attachment id v1");
        hasher.update(&self.length.to_le_bytes());
        for hash in &self.hashes {
            hasher.update(hash);
        }
        AttachmentId::new(*hasher.finalize().as_bytes())
    }

    /// What it is.
    pub fn kind(&self) -> AttachmentKind {
        self.kind
    }

    /// How many bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The hash of each piece.
    pub fn hashes(&self) -> &[[u8; 32]] {
        &self.hashes
    }

    /// Every piece there is.
    pub fn pieces(&self) -> Pieces {
        Pieces::first(self.hashes.len())
    }

    /// Whether `bytes` are piece `number`.
    pub fn is_piece(&self, number: u8, bytes: &[u8]) -> bool {
        bytes.len() == piece_len(self.length, number)
            && self.hashes.get(usize::from(number)).is_some_and(|hash| *hash == hash_piece(bytes))
    }
}

/// How many pieces an attachment of `length` bytes has; more than [`PIECES_MAX`] only for one that is too long.
pub fn piece_count(length: u64) -> usize {
    usize::try_from(length.div_ceil(PIECE_LEN as u64)).unwrap_or(usize::MAX)
}

/// The length of piece `number` of an attachment of `length` bytes; 0 for a piece that it does not have.
pub fn piece_len(length: u64, number: u8) -> usize {
    let before = u64::from(number) * PIECE_LEN as u64;
    length.saturating_sub(before).min(PIECE_LEN as u64) as usize
}

fn check_length(kind: AttachmentKind, length: u64) -> Result<(), BadManifest> {
    let max = kind.len_max();
    match usize::try_from(length) {
        Ok(0) => Err(BadManifest::Empty),
        Ok(length) if length <= max => Ok(()),
        Ok(_) | Err(_) => Err(BadManifest::TooLong { length, max }),
    }
}

fn hash_piece(bytes: &[u8]) -> [u8; 32] {
    blake3::derive_key("huiyin attachment piece v1", bytes)
}

#[cfg(test)]
mod tests {
    use civic_core::attachment::VOICE_LEN_MAX;

    use super::*;

    fn prove(id: &AttachmentId, like: &Manifest, change: impl FnOnce(&mut Manifest)) -> Result<Manifest, BadManifest> {
        let mut told = like.clone();
        change(&mut told);
        Manifest::prove(id, told.kind, told.length, told.hashes)
    }

    #[test]
    fn a_manifest_proves_itself_and_a_lying_one_does_not() {
        let bytes: Vec<u8> = (0..150_000u32).map(|n| (n / 7) as u8).collect();
        let manifest = Manifest::of(AttachmentKind::Voice, &bytes).unwrap();
        let id = manifest.id();
        assert_eq!(id.to_string(), "85f7ac7202fc9266134004941d154279548cc1622652c3c95a6ce5c6e8a2006d");
        assert_eq!(prove(&id, &manifest, |_| {}), Ok(manifest.clone()));
        assert_eq!(prove(&id, &manifest, |told| told.hashes.swap(0, 1)), Err(BadManifest::WrongName));
        assert_eq!(prove(&id, &manifest, |told| told.length += 1), Err(BadManifest::WrongName));
        assert_eq!(prove(&id, &manifest, |told| told.length = 1), Err(BadManifest::WrongName));
        assert_eq!(prove(&id, &manifest, |told| told.hashes.truncate(2)), Err(BadManifest::WrongName));
        let pieces: Vec<_> = bytes.chunks(PIECE_LEN).collect();
        assert_eq!(manifest.pieces().numbers().collect::<Vec<_>>(), [0, 1, 2]);
        assert!((0..3).all(|number| manifest.is_piece(number, pieces[usize::from(number)])));
        assert!(!manifest.is_piece(0, pieces[1]) && !manifest.is_piece(3, &[]) && !manifest.is_piece(2, pieces[1]));
    }

    #[test]
    fn too_long_or_empty_an_attachment_is_refused_with_the_limit() {
        let long = vec![0; VOICE_LEN_MAX + 1];
        let too_long = Err(BadManifest::TooLong { length: VOICE_LEN_MAX as u64 + 1, max: VOICE_LEN_MAX });
        assert_eq!(Manifest::of(AttachmentKind::Voice, &long), too_long);
        assert!(Manifest::of(AttachmentKind::Voice, &long[1..]).is_ok());
        assert_eq!(Manifest::of(AttachmentKind::Ink, &[]), Err(BadManifest::Empty));
        let longest = vec![0; ATTACHMENT_LEN_MAX];
        let manifest = Manifest::of(AttachmentKind::Unknown(9), &longest).unwrap();
        assert_eq!(manifest.pieces(), Pieces::first(PIECES_MAX));
        let told = Manifest::prove(&manifest.id(), AttachmentKind::Unknown(9), u64::MAX, Vec::new());
        assert!(matches!(told, Err(BadManifest::TooLong { .. })));
    }
}
