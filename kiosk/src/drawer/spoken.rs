//! A voice while it is spoken: a file that only grows, so that a second of speech costs a second's bytes. A power cut
//! tears the last piece at most; what stands before it is whole.
//!
//! ```text
//! each piece   4 bytes, its length, the lowest first
//!              12 bytes, nonce
//!              ciphertext with its tag; the file's name and the piece's place are bound to it
//! piece 0      the BLAKE3 of the voice that the draft had before, or zeros
//! the others   whole pages of Ogg Opus, as they were written
//! ```

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
};

use chacha20poly1305::ChaCha20Poly1305;
use replica::dir::{DataDir, DirError};

use super::{open, seal};

/// A file that grows.
pub struct Spoken {
    file: File,
    name: String,
    /// The next piece's place in the file.
    next: u32,
}

impl Spoken {
    /// Begins a file anew. `before` says which voice of the draft it follows.
    pub fn begin(
        directory: &DataDir,
        name: String,
        cipher: &ChaCha20Poly1305,
        before: &[u8; 32],
    ) -> Result<Self, DirError> {
        let create = || {
            let file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(directory.file(&name))?;
            File::open(directory.path())?.sync_all()?;
            Ok(file)
        };
        let file = create().map_err(|error| DirError::Unusable(directory.file(&name), error))?;
        let mut spoken = Self { file, name, next: 0 };
        spoken.add(cipher, before)?;
        Ok(spoken)
    }

    /// How many pieces of the voice it has.
    pub fn pieces(&self) -> u32 {
        self.next.saturating_sub(1)
    }

    /// Adds a piece. It is on disk when this returns `Ok`.
    pub fn add(&mut self, cipher: &ChaCha20Poly1305, piece: &[u8]) -> Result<(), DirError> {
        let sealed = seal(cipher, piece, &bound(&self.name, self.next));
        let mut write = || -> io::Result<()> {
            let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
            self.file.write_all(&[&length.to_le_bytes()[..], &sealed].concat())?;
            self.file.sync_data()
        };
        write().map_err(|error| DirError::Unusable(self.name.clone().into(), error))?;
        self.next += 1;
        Ok(())
    }
}

/// The voice in the bytes of such a file, as far as it is whole; `None` if there is none, or if it follows another voice
/// than `before`.
pub fn read(mut bytes: &[u8], name: &str, cipher: &ChaCha20Poly1305, before: &[u8; 32]) -> Option<Vec<u8>> {
    let mut pieces = (0..).map_while(|place| {
        let (length, rest) = bytes.split_first_chunk()?;
        let (sealed, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = rest;
        open(cipher, sealed, &bound(name, place))
    });
    pieces.next().filter(|head| head == before)?;
    Some(pieces.flatten().collect())
}

fn bound(name: &str, place: u32) -> Vec<u8> {
    [name.as_bytes(), &place.to_le_bytes()].concat()
}
