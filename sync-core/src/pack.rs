//! How a body is kept and sent: as it is, or compressed, with a dictionary if it is small.
//!
//! Records of one county are much alike, so a dictionary trained on generated ones lets even a single change shrink to
//! less than half. `cargo run --release -p tests --bin dictionary` trained it; a new one gets a new number, and old ones stay, since
//! logs on disk are packed with them.

use std::{cell::RefCell, sync::LazyLock};

use civic_core::codec::Malformed;
use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

/// A body that is longer is packed without the dictionary: it is its own.
const DICTIONARY_UP_TO: usize = 64 * 1024;
const LEVEL: i32 = 3;
/// Nine tenths of the length for four times the work; each further level costs more than it saves.
const LEVEL_THOROUGH: i32 = 9;
const RECORDS_1: &[u8] = include_bytes!("../dictionary/records-1.dict");

/// How a body is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// Zstandard.
    Zstd,
    /// Zstandard with the first dictionary of records.
    Records1,
}

impl Packing {
    /// The number that stands for it on the road and on disk.
    pub const fn number(self) -> u8 {
        match self {
            Packing::Plain => 0,
            Packing::Zstd => 1,
            Packing::Records1 => 2,
        }
    }

    /// Reads that number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Packing::Plain),
            1 => Some(Packing::Zstd),
            2 => Some(Packing::Records1),
            _ => None,
        }
    }
}

static ENCODER: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(RECORDS_1, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(RECORDS_1));

// A compressor's workspace is large and costs more to make than a small body to pack.
thread_local! {
    static PLAIN: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
    static WITH_DICTIONARY: RefCell<Option<Compressor<'static>>> =
        RefCell::new(Compressor::with_prepared_dictionary(&ENCODER).ok());
    static FROM_PLAIN: RefCell<Option<Decompressor<'static>>> = RefCell::new(Decompressor::new().ok());
    static FROM_DICTIONARY: RefCell<Option<Decompressor<'static>>> =
        RefCell::new(Decompressor::with_prepared_dictionary(&DECODER).ok());
}

/// Packs a body in the way that makes it short at once.
pub fn pack(body: Vec<u8>) -> (Packing, Vec<u8>) {
    let (packing, compressor) =
        if body.len() <= DICTIONARY_UP_TO { (Packing::Records1, &WITH_DICTIONARY) } else { (Packing::Zstd, &PLAIN) };
    let packed = compressor.with_borrow_mut(|compressor| compressor.as_mut()?.compress(&body).ok());
    shorter(packing, packed, body)
}

/// Packs a long body shorter, and more slowly, than [`pack`]: for what waits anyway.
pub fn pack_thoroughly(body: Vec<u8>) -> (Packing, Vec<u8>) {
    if body.len() <= DICTIONARY_UP_TO {
        return pack(body);
    }
    // A workspace of its own: it is larger, and not needed often.
    let packed = Compressor::new(LEVEL_THOROUGH).and_then(|mut compressor| compressor.compress(&body)).ok();
    shorter(Packing::Zstd, packed, body)
}

fn shorter(packing: Packing, packed: Option<Vec<u8>>, body: Vec<u8>) -> (Packing, Vec<u8>) {
    match packed {
        Some(packed) if packed.len() < body.len() => (packing, packed),
        Some(_) | None => (Packing::Plain, body),
    }
}

/// How long what was packed says it will be, without unpacking it.
pub fn unpacked_len(packing: Packing, packed: &[u8]) -> Result<usize, Malformed> {
    let len = match packing {
        Packing::Plain => return Ok(packed.len()),
        Packing::Zstd | Packing::Records1 => zstd::zstd_safe::get_frame_content_size(packed).ok().flatten(),
    };
    usize::try_from(len.ok_or(Malformed)?).map_err(|_| Malformed)
}

/// What was packed, at most `max` bytes.
pub fn unpack(packing: Packing, packed: &[u8], max: usize) -> Result<Vec<u8>, Malformed> {
    let decompressor = match packing {
        Packing::Plain if packed.len() <= max => return Ok(packed.to_vec()),
        Packing::Plain => return Err(Malformed),
        Packing::Zstd => &FROM_PLAIN,
        Packing::Records1 => &FROM_DICTIONARY,
    };
    // What the frame says is believed only up to the limit.
    let len = unpacked_len(packing, packed)?;
    if len > max {
        return Err(Malformed);
    }
    decompressor.with_borrow_mut(|decompressor| decompressor.as_mut()?.decompress(packed, len).ok()).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_any_size_comes_out_as_it_went_in() {
        for len in [0, 1, 40, 5_000, 300_000] {
            let body: Vec<u8> = "村口的路坏了，雨天走不了。".bytes().cycle().take(len).collect();
            let (packing, packed) = pack(body.clone());
            assert!(packed.len() <= body.len());
            assert_eq!(unpacked_len(packing, &packed), Ok(len));
            assert_eq!(unpack(packing, &packed, 300_000).as_ref(), Ok(&body));
            let (packing, packed) = pack_thoroughly(body.clone());
            assert!(packed.len() <= body.len());
            assert_eq!(unpack(packing, &packed, 300_000), Ok(body));
        }
    }

    #[test]
    fn a_frame_that_would_grow_beyond_the_limit_is_refused_unopened() {
        let (packing, packed) = pack(vec![0; 1 << 20]);
        assert!(packed.len() < 1_000);
        assert_eq!(unpack(packing, &packed, (1 << 20) - 1), Err(Malformed));
        assert_eq!(unpack(Packing::Zstd, b"no frame", 100), Err(Malformed));
        assert_eq!(unpack(Packing::Plain, &[0; 11], 10), Err(Malformed));
    }
}
