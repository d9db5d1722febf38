//! WAV files as this crate keeps them: 16 bits a sample, one channel, 16,000 samples a second.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::SAMPLE_RATE;

/// The longest file that is read: ten minutes. Longer ones are cut.
pub const SAMPLES_MAX: usize = 600 * SAMPLE_RATE as usize;

/// From the beginning of a file that we write to its first sample.
const HEADER_BYTES: u32 = 44;

/// Reads a file. One of another form is refused, and the error says what it is.
pub fn read(path: &Path) -> io::Result<Vec<i16>> {
    let mut bytes = Vec::new();
    // Room for a header with whatever a recorder writes into it.
    File::open(path)?.take(SAMPLES_MAX as u64 * 2 + 65_536).read_to_end(&mut bytes)?;
    parse(&bytes)
}

/// The samples of a file's bytes.
pub fn parse(bytes: &[u8]) -> io::Result<Vec<i16>> {
    match parse_any_rate(bytes)? {
        (SAMPLE_RATE, samples) => Ok(samples),
        (rate, _) => Err(other_form(1, 1, 16, rate)),
    }
}

/// The samples of a file's bytes at whatever rate they are, and that rate.
pub(super) fn parse_any_rate(bytes: &[u8]) -> io::Result<(u32, Vec<i16>)> {
    let (Some(b"RIFF"), Some(b"WAVE")) = (bytes.get(..4), bytes.get(8..12)) else {
        return Err(unusable("it is no WAV file".to_owned()));
    };
    let mut rest = &bytes[12..];
    let mut form = None;
    while let Some((head, after)) = rest.split_at_checked(8) {
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let body = &after[..size.min(after.len())];
        match &head[..4] {
            b"fmt " => form = Some(rate_of(body)?),
            b"data" => {
                if let Some(rate) = form {
                    let samples = body.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
                    return Ok((rate, samples.take(SAMPLES_MAX).collect()));
                }
            }
            _ => {}
        }
        // Parts begin at even places.
        rest = after.get(size.saturating_add(size % 2)..).unwrap_or_default();
    }
    Err(unusable("it holds no sound".to_owned()))
}

/// Samples a second, of a form that is otherwise ours.
fn rate_of(body: &[u8]) -> io::Result<u32> {
    let Some(&[kind0, kind1, channels0, channels1, r0, r1, r2, r3, .., bits0, bits1]) = body.get(..16) else {
        return Err(unusable("its head is cut short".to_owned()));
    };
    let kind = u16::from_le_bytes([kind0, kind1]);
    let channels = u16::from_le_bytes([channels0, channels1]);
    let rate = u32::from_le_bytes([r0, r1, r2, r3]);
    let bits = u16::from_le_bytes([bits0, bits1]);
    // 1 is plain numbers; 0xFFFE says so in a longer head.
    if matches!(kind, 1 | 0xFFFE) && (channels, bits) == (1, 16) {
        return Ok(rate);
    }
    Err(other_form(kind, channels, bits, rate))
}

fn other_form(kind: u16, channels: u16, bits: u16, rate: u32) -> io::Error {
    unusable(format!(
        "it has {channels} channels of {bits} bits at {rate} a second, form {kind}; \
         make it one channel of 16 bits at {SAMPLE_RATE}: sox FILE -b 16 -c 1 -r {SAMPLE_RATE} NEW.wav"
    ))
}

fn unusable(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Writes a file sample by sample. What it says of its own length is true after [`finish`](Self::finish).
#[derive(Debug)]
pub struct Writer {
    file: File,
    bytes: u32,
}

impl Writer {
    /// Begins a file anew.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut writer = Self { file: File::create(path)?, bytes: 0 };
        writer.head()?;
        Ok(writer)
    }

    /// Adds samples. Beyond [`SAMPLES_MAX`] this is an error, and the file stays as it is.
    pub fn add(&mut self, samples: &[i16]) -> io::Result<()> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        if self.bytes as usize + bytes.len() > SAMPLES_MAX * 2 {
            return Err(io::Error::other("the file has its full length"));
        }
        self.file.write_all(&bytes)?;
        self.bytes += bytes.len() as u32;
        Ok(())
    }

    /// Writes into the head how long the file is now. More may be added.
    pub fn finish(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.head()?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()
    }

    fn head(&mut self) -> io::Result<()> {
        let mut head = Vec::with_capacity(HEADER_BYTES as usize);
        head.extend(b"RIFF");
        head.extend((self.bytes + HEADER_BYTES - 8).to_le_bytes());
        head.extend(b"WAVEfmt ");
        head.extend(16_u32.to_le_bytes());
        for (value, width) in [(1, 2), (1, 2), (SAMPLE_RATE, 4), (SAMPLE_RATE * 2, 4), (2, 2), (16, 2)] {
            head.extend(&value.to_le_bytes()[..width]);
        }
        head.extend(b"data");
        head.extend(self.bytes.to_le_bytes());
        self.file.write_all(&head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn what_was_written_is_read() {
        let scratch = Scratch::new("wav").unwrap();
        let path = scratch.path().join("said.wav");
        let mut writer = Writer::create(&path).unwrap();
        writer.add(&[1, -2, i16::MIN]).unwrap();
        writer.finish().unwrap();
        writer.add(&[i16::MAX]).unwrap();
        writer.finish().unwrap();
        assert_eq!(read(&path).unwrap(), [1, -2, i16::MIN, i16::MAX]);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 44 + 8);
    }

    #[test]
    fn another_form_is_refused_and_named() {
        let mut bytes = Vec::new();
        bytes.extend(b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00");
        bytes.extend(44_100_u32.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend([16, 0]);
        let why = parse(&bytes).unwrap_err().to_string();
        assert!(why.contains("2 channels of 16 bits at 44100"), "{why}");
    }

    #[test]
    fn any_bytes_are_samples_or_an_error() {
        let scratch = Scratch::new("wav-cut").unwrap();
        let path = scratch.path().join("said.wav");
        Writer::create(&path).unwrap().add(&[7; 20]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            let _ = parse(&whole[..cut]);
            let mut bent = whole.clone();
            bent[cut] ^= 0xFF;
            let _ = parse(&bent);
        }
        // A head that was never finished says 0, as after a pulled plug.
        assert_eq!(parse(&whole).unwrap(), []);
    }
}
