//! A bundle file: parcels in frames, one behind the other.
//!
//! ```text
//! 8 bytes   "HUIYIN", carriage return, line feed
//! 4 bytes   length of the sealed parcel, little-endian; at most PARCEL_LEN_MAX
//! 4 bytes   the first of BLAKE3 of the length
//! rest      the sealed parcel
//! ```
//!
//! A reader that meets anything else looks for the next beginning of a frame, so that a damaged place costs the parcel that
//! it is in and no other.

use std::io::{self, BufRead, BufReader, Read, Write};

use civic_core::seal::PARCEL_LEN_MAX;

const MAGIC: &[u8; 8] = b"HUIYIN\r\n";
const HEADER_LEN: usize = MAGIC.len() + 4 + 4;
/// By how much a frame is longer than its parcel.
pub const FRAME_OVERHEAD: usize = HEADER_LEN;

/// What stands at a place of a bundle file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A sealed parcel.
    Parcel(Vec<u8>),
    /// So many bytes that are no frame: damaged, cut off, or never a bundle.
    Damaged(u64),
}

/// Appends a parcel to a bundle.
pub fn write(out: &mut impl Write, parcel: &[u8]) -> io::Result<()> {
    let len = u32::try_from(parcel.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    out.write_all(MAGIC)?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(&check(len))?;
    out.write_all(parcel)
}

fn check(len: u32) -> [u8; 4] {
    let [a, b, c, d, ..] = *blake3::hash(&len.to_le_bytes()).as_bytes();
    [a, b, c, d]
}

/// The length that a header tells; `None` if it is no header.
fn length(header: &[u8; HEADER_LEN]) -> Option<usize> {
    let (magic, rest) = header.split_first_chunk::<8>()?;
    let (len, checked) = rest.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len);
    let is_header = magic == MAGIC && checked == check(len);
    usize::try_from(len).ok().filter(|len| is_header && *len <= PARCEL_LEN_MAX)
}

/// Reads a bundle frame by frame, one in memory at a time. After a failure of the disk it ends.
pub struct Frames<R> {
    input: BufReader<R>,
    /// The next bytes, before anything of `input`.
    window: Vec<u8>,
    passed: u64,
    is_over: bool,
}

impl<R: Read> Frames<R> {
    /// Reads from the beginning of `input`.
    pub fn new(input: R) -> Self {
        Self { input: BufReader::new(input), window: Vec::new(), passed: 0, is_over: false }
    }

    /// Fills the window to a header's length; `None` if less is left.
    fn header(&mut self) -> io::Result<Option<[u8; HEADER_LEN]>> {
        let lacking = HEADER_LEN - self.window.len();
        Read::take(&mut self.input, lacking as u64).read_to_end(&mut self.window)?;
        Ok(self.window.as_slice().try_into().ok())
    }

    /// Lets go of what cannot be the beginning of a frame.
    fn pass(&mut self) -> io::Result<()> {
        let next = self.window.iter().skip(1).position(|byte| *byte == MAGIC[0]);
        let gone = next.map_or(self.window.len(), |place| place + 1);
        self.window.drain(..gone);
        self.passed += gone as u64;
        if self.window.is_empty() {
            let at_hand = self.input.fill_buf()?;
            let gone = at_hand.iter().position(|byte| *byte == MAGIC[0]).unwrap_or(at_hand.len());
            self.input.consume(gone);
            self.passed += gone as u64;
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<Option<Frame>> {
        while let Some(header) = self.header()? {
            let Some(len) = length(&header) else {
                self.pass()?;
                continue;
            };
            if self.passed > 0 {
                return Ok(Some(Frame::Damaged(std::mem::take(&mut self.passed))));
            }
            self.window.clear();
            let mut parcel = Vec::new();
            Read::take(&mut self.input, len as u64).read_to_end(&mut parcel)?;
            if parcel.len() == len {
                return Ok(Some(Frame::Parcel(parcel)));
            }
            self.passed = (HEADER_LEN + parcel.len()) as u64;
        }
        self.is_over = true;
        let left = self.passed + self.window.len() as u64;
        Ok((left > 0).then_some(Frame::Damaged(left)))
    }
}

impl<R: Read> Iterator for Frames<R> {
    type Item = io::Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read();
        self.is_over |= read.is_err();
        read.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(parcels: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        parcels.iter().for_each(|parcel| write(&mut out, parcel).unwrap());
        out
    }

    fn read(bytes: &[u8]) -> Vec<Frame> {
        Frames::new(bytes).map(Result::unwrap).collect()
    }

    fn parcel(bytes: &[u8]) -> Frame {
        Frame::Parcel(bytes.to_vec())
    }

    #[test]
    fn parcels_come_out_as_they_went_in() {
        assert_eq!(read(&bundle(&[b"one", b"", b"three"])), [parcel(b"one"), parcel(b""), parcel(b"three")]);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn a_damaged_place_costs_the_parcel_that_it_is_in_and_no_other() {
        let whole = bundle(&[b"first", b"second HUIYIN", b"third"]);
        let second = FRAME_OVERHEAD + 5..2 * FRAME_OVERHEAD + 5 + 13;
        for place in 0..whole.len() {
            let mut bent = whole.clone();
            bent[place] ^= 0x20;
            let frames = read(&bent);
            assert_eq!(frames.contains(&parcel(b"first")), place >= second.start, "byte {place}");
            assert_eq!(frames.contains(&parcel(b"second HUIYIN")), !second.contains(&place), "byte {place}");
            assert_eq!(frames.contains(&parcel(b"third")), place < second.end, "byte {place}");
        }
    }

    #[test]
    fn a_file_that_was_cut_off_or_glued_to_another_gives_what_is_whole() {
        let whole = bundle(&[b"first", b"second"]);
        for len in 0..whole.len() {
            let frames = read(&whole[..len]);
            let first = FRAME_OVERHEAD + 5;
            assert_eq!(frames.contains(&parcel(b"first")), len >= first, "cut at {len}");
            assert!(!frames.contains(&parcel(b"second")));
            let rest = if len >= first { len - first } else { len };
            assert_eq!(frames.contains(&Frame::Damaged(rest as u64)), rest > 0, "cut at {len}");
        }
        let glued = [b"some letter\r\n".as_slice(), &whole, b"HUI", &whole].concat();
        let expected = [
            Frame::Damaged(13),
            parcel(b"first"),
            parcel(b"second"),
            Frame::Damaged(3),
            parcel(b"first"),
            parcel(b"second"),
        ];
        assert_eq!(read(&glued), expected);
    }

    #[test]
    fn what_is_no_bundle_is_read_in_bounded_memory_and_told_by_its_length() {
        assert_eq!(read(&vec![b'H'; 300_000]), [Frame::Damaged(300_000)]);
        assert_eq!(read(&vec![0; 1_000_000]), [Frame::Damaged(1_000_000)]);
        let mut hostile = Vec::new();
        hostile.extend_from_slice(MAGIC);
        hostile.extend_from_slice(&u32::MAX.to_le_bytes());
        hostile.extend_from_slice(&check(u32::MAX));
        assert_eq!(read(&hostile), [Frame::Damaged(HEADER_LEN as u64)]);
    }
}
