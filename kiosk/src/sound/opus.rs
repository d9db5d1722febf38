//! Voice in little space: Opus in an Ogg container, which every player and browser opens at the county.
//!
//! 16,000 samples a second, one channel, about 3 kB a second. Bytes from outside may be anything: reading them gives
//! sound or an error.

use std::{collections::VecDeque, io::Cursor, time::Duration};

use civic_core::attachment::VOICE_LEN_MAX;
use hardware::sound::{FRAME_SAMPLES, Frame, SAMPLE_RATE};
use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};
use opus_rs::{Application, OpusDecoder, OpusEncoder};

/// The largest file of a voice: sealed to the county it is a little larger, and must still be taken there. What would make
/// it larger is not taken; see [`Writer::add`].
pub const BYTES_MAX: usize = VOICE_LEN_MAX - 1_024;

/// The longest sound that is read; what lies beyond is cut.
pub const READ_MAX: Duration = Duration::from_secs(120);

/// Speech of one person near a microphone: nothing is gained above this.
const BITS_A_SECOND: i32 = 24_000;

/// The largest packet there is.
const PACKET_BYTES: usize = 1_276;

/// The longest packet there is is 120 ms.
const PACKET_SAMPLES: usize = SAMPLE_RATE as usize * 120 / 1_000;

/// Ogg counts as if there were always 48,000 samples a second.
const OGG_SAMPLES: u64 = 48_000 / SAMPLE_RATE as u64;

/// What the encoder puts before the sound, in Ogg's samples: a player leaves it out.
const BEFORE: u16 = 312;

/// Two pages a second: a file that was cut off can be played up to there.
const PAGE_PACKETS: u64 = 25;

/// The head of a page, without its table.
const PAGE_HEAD_BYTES: usize = 27;

/// How long each of our packets sounds.
const PACKET_TIME: Duration = Duration::from_millis(20);

/// What the last page and one packet more can take, which is kept free below [`BYTES_MAX`].
const END_BYTES: usize = 4 * PACKET_BYTES;

/// There is one stream in each file, so any number names it.
const STREAM: u32 = 1;

/// The bytes are no sound, and why.
#[derive(Debug, thiserror::Error)]
#[error("this is no Ogg Opus sound: {0}")]
pub struct Unreadable(String);

/// There is no room for more; what was taken is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recording has its full size")]
pub struct Full;

/// Writes one file, frame by frame.
pub struct Writer {
    encoder: OpusEncoder,
    pages: PacketWriter<'static, Vec<u8>>,
    /// The packet before this one: which is the last is known only behind it.
    waiting: Option<Vec<u8>>,
    frames: u64,
    bytes: usize,
    /// So much of the file was given to [`Writer::grown`].
    given: usize,
}

impl Writer {
    /// Begins a file.
    pub fn new() -> Self {
        // Rate and channels are ones that Opus has.
        let mut encoder =
            OpusEncoder::new(SAMPLE_RATE as i32, 1, Application::Voip).expect("Opus knows 16,000 samples a second");
        encoder.bitrate_bps = BITS_A_SECOND;
        let pages = PacketWriter::new(Vec::new());
        let mut writer = Self { encoder, pages, waiting: None, frames: 0, bytes: 0, given: 0 };
        for packet in heads() {
            writer.put(packet, PacketWriteEndInfo::EndPage, 0);
        }
        writer
    }

    /// Adds 20 ms.
    pub fn add(&mut self, frame: &Frame) -> Result<(), Full> {
        if self.bytes > BYTES_MAX - END_BYTES {
            return Err(Full);
        }
        self.encode(frame);
        Ok(())
    }

    /// How much was added.
    pub fn length(&self) -> Duration {
        PACKET_TIME * u32::try_from(self.frames).unwrap_or(u32::MAX)
    }

    /// What the file grew by since it was last asked: whole pages, with half a second of sound in each. One behind the
    /// other they are a file that [`mended`] closes.
    pub fn grown(&mut self) -> Option<&[u8]> {
        // The heads alone are no sound.
        let has_sound = self.frames > PAGE_PACKETS;
        let grown = self.pages.inner().get(self.given..).filter(|grown| has_sound && !grown.is_empty())?;
        self.given += grown.len();
        Some(grown)
    }

    /// The file.
    pub fn finish(mut self) -> Vec<u8> {
        let end = u64::from(BEFORE) + self.frames * FRAME_SAMPLES as u64 * OGG_SAMPLES;
        // The end of the sound is still in the encoder; silence pushes it out, and a player cuts the silence.
        self.encode(&[0; FRAME_SAMPLES]);
        if let Some(last) = self.waiting.take() {
            self.put(last, PacketWriteEndInfo::EndStream, end);
        }
        self.pages.into_inner()
    }

    fn encode(&mut self, frame: &Frame) {
        let mut packet = [0; PACKET_BYTES];
        // A packet of no bytes is a frame that was lost, which players fill in.
        let written = self.encoder.encode_i16(frame, FRAME_SAMPLES, &mut packet).unwrap_or(0);
        if let Some(before) = self.waiting.replace(packet[..written].to_vec()) {
            let page = if self.frames.is_multiple_of(PAGE_PACKETS) {
                PacketWriteEndInfo::EndPage
            } else {
                PacketWriteEndInfo::NormalPacket
            };
            self.put(before, page, self.frames * FRAME_SAMPLES as u64 * OGG_SAMPLES);
        }
        self.frames += 1;
    }

    fn put(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo, at: u64) {
        self.bytes += bytes_of(&packet);
        // A vector takes every byte.
        self.pages.write_packet(packet, STREAM, end, at).expect("memory can be written");
    }
}

/// The two packets before the sound.
fn heads() -> [Vec<u8>; 2] {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(BEFORE.to_le_bytes());
    head.extend(SAMPLE_RATE.to_le_bytes());
    head.extend([0; 3]);
    // No name of a program or device: a recording says nothing about where it was made.
    [head, b"OpusTags\0\0\0\0\0\0\0\0".to_vec()]
}

/// What a packet takes in a file: its bytes, its places in the page's table, and its part of the page's head.
fn bytes_of(packet: &[u8]) -> usize {
    packet.len() + packet.len() / 255 + 1 + PAGE_HEAD_BYTES.div_ceil(PAGE_PACKETS as usize)
}

/// One file of several of ours, one behind the other, though any of them may end in the middle as after a power cut; and
/// how long it is. Where they are longer than [`READ_MAX`] or larger than [`BYTES_MAX`] together, the earliest gives
/// way. `None` if there is no sound in them.
pub fn mended(files: &[&[u8]]) -> Option<(Vec<u8>, Duration)> {
    let mut packets: VecDeque<Vec<u8>> = VecDeque::new();
    for file in files {
        let mut reader = PacketReader::new(Cursor::new(file));
        // What cannot be read any more is where the power failed.
        let whole = std::iter::from_fn(|| reader.read_packet().ok().flatten());
        packets.extend(whole.skip(2).map(|packet| packet.data));
    }
    let mut bytes: usize = packets.iter().map(|packet| bytes_of(packet)).sum();
    while bytes > BYTES_MAX - END_BYTES || PACKET_TIME * u32::try_from(packets.len()).unwrap_or(u32::MAX) > READ_MAX {
        bytes -= bytes_of(&packets.pop_front()?);
    }
    let (last, mut pages) = (packets.len().checked_sub(1)? as u64, PacketWriter::new(Vec::new()));
    let mut put = |packet, end, at| pages.write_packet(packet, STREAM, end, at).expect("memory can be written");
    for packet in heads() {
        put(packet, PacketWriteEndInfo::EndPage, 0);
    }
    for (place, packet) in (0..).zip(packets) {
        let end = match place {
            place if place == last => PacketWriteEndInfo::EndStream,
            place if (place + 1_u64).is_multiple_of(PAGE_PACKETS) => PacketWriteEndInfo::EndPage,
            _ => PacketWriteEndInfo::NormalPacket,
        };
        put(packet, end, (place + 1) * FRAME_SAMPLES as u64 * OGG_SAMPLES);
    }
    Some((pages.into_inner(), PACKET_TIME * u32::try_from(last + 1).unwrap_or(u32::MAX)))
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

/// A file with these samples, as far as they fit into [`BYTES_MAX`]; the last frame is filled up with silence.
pub fn write(samples: &[i16]) -> Vec<u8> {
    let mut writer = Writer::new();
    for part in samples.chunks(FRAME_SAMPLES) {
        let mut frame = [0; FRAME_SAMPLES];
        frame[..part.len()].copy_from_slice(part);
        if writer.add(&frame).is_err() {
            break;
        }
    }
    writer.finish()
}

/// The samples of a file, at most [`READ_MAX`] of them. Whatever was recorded elsewhere at another rate or with two
/// channels is turned into ours.
pub fn read(bytes: &[u8]) -> Result<Vec<i16>, Unreadable> {
    let mut pages = PacketReader::new(Cursor::new(bytes));
    let mut next = || pages.read_packet().map_err(|error| Unreadable(error.to_string()));
    let head = next()?.ok_or_else(|| Unreadable("it is empty".to_owned()))?;
    let &[b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', _, channels, before_low, before_high, ..] =
        head.data.as_slice()
    else {
        return Err(Unreadable("it does not begin as one".to_owned()));
    };
    if !matches!(channels, 1 | 2) {
        return Err(Unreadable(format!("it has {channels} channels")));
    }
    // The tags: nothing in them is sound.
    next()?;
    let mut decoder = OpusDecoder::new(SAMPLE_RATE as i32, 1).map_err(|why| Unreadable(why.to_owned()))?;
    let before = u64::from(u16::from_le_bytes([before_low, before_high]));
    let longest = (READ_MAX.as_secs() * u64::from(SAMPLE_RATE) + before / OGG_SAMPLES) as usize;
    let mut samples: Vec<i16> = Vec::new();
    let mut end = None;
    while let Some(packet) = next()? {
        let mut decoded = [0.0; PACKET_SAMPLES];
        let length =
            decoder.decode(&packet.data, PACKET_SAMPLES, &mut decoded).map_err(|why| Unreadable(why.to_owned()))?;
        samples.extend(decoded.iter().take(length).map(|sample| (sample * 32_768.0) as i16));
        if packet.last_in_stream() {
            end = Some(packet.absgp_page());
        }
        if samples.len() >= longest {
            break;
        }
    }
    let end = end.map_or(samples.len(), |end| usize::try_from(end / OGG_SAMPLES).unwrap_or(usize::MAX));
    samples.truncate(end.min(longest));
    samples.drain(..samples.len().min((before / OGG_SAMPLES) as usize));
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A voice of sorts: a buzzing tone that rises and swells.
    fn voice(seconds: usize) -> Vec<i16> {
        let sample = |at: usize| {
            let time = at as f64 / f64::from(SAMPLE_RATE);
            let tone = |times: f64| (time * 2.0 * std::f64::consts::PI * times * (140.0 + 40.0 * time)).sin() / times;
            let swell = 0.3 + 0.7 * (time * 9.0).sin().abs();
            (9_000.0 * swell * (tone(1.0) + tone(2.0) + tone(3.0) + tone(5.0))) as i16
        };
        (0..seconds * SAMPLE_RATE as usize).map(sample).collect()
    }

    /// How much stronger the sound is than its difference from what was said, in decibels.
    fn likeness(said: &[i16], heard: &[i16]) -> f64 {
        let sound: f64 = said.iter().map(|said| f64::from(*said).powi(2)).sum();
        let noise: f64 =
            said.iter().zip(heard).map(|(said, heard)| (f64::from(*said) - f64::from(*heard)).powi(2)).sum();
        10.0 * (sound / noise.max(1.0)).log10()
    }

    #[test]
    fn a_voice_comes_back_as_it_was_said_to_the_sample() {
        let said = voice(3);
        let file = write(&said);
        let heard = read(&file).unwrap();
        assert_eq!(heard.len(), said.len());
        assert!(likeness(&said, &heard) > 8.0, "{}", likeness(&said, &heard));
        assert!(file.len() < 3 * 4_000, "{} bytes for three seconds", file.len());
    }

    #[test]
    fn nothing_said_is_a_file_without_sound() {
        assert!(read(&write(&[])).unwrap().is_empty());
    }

    /// A number that looks like chance and is the same in every run.
    fn chance(seed: usize) -> usize {
        let mut mixed = seed as u64 ^ 0x9E37_79B9_7F4A_7C15;
        for _ in 0..3 {
            mixed ^= mixed << 13;
            mixed ^= mixed >> 7;
            mixed ^= mixed << 17;
        }
        mixed as usize
    }

    #[test]
    fn two_minutes_of_anything_fit_and_no_file_is_larger_than_its_limit() {
        let noise: Vec<Frame> =
            (0..40).map(|frame| std::array::from_fn(|at| chance(frame * FRAME_SAMPLES + at) as i16)).collect();
        let mut writer = Writer::new();
        let taken = noise.iter().cycle().take(20_000).take_while(|frame| writer.add(frame).is_ok()).count();
        assert!(writer.length() >= READ_MAX, "{:?}", writer.length());
        assert!(taken < 20_000, "six minutes of noise are more than a file holds");
        let file = writer.finish();
        assert!((BYTES_MAX - 4 * END_BYTES..=BYTES_MAX).contains(&file.len()), "{}", file.len());
        assert_eq!(read(&file).unwrap().len(), 120 * SAMPLE_RATE as usize);
    }

    #[test]
    fn any_bytes_are_sound_or_an_error() {
        let file = write(&voice(1));
        let mut outcomes = [0, 0];
        for seed in 0..400 {
            let mut bent = file.clone();
            for change in 0..1 + seed % 5 {
                let chance = chance(seed * 31 + change);
                let at = chance % bent.len();
                match chance / 7 % 3 {
                    0 => bent[at] = chance as u8,
                    1 => bent.truncate(at.max(1)),
                    _ => bent.extend_from_within(at..),
                }
            }
            outcomes[usize::from(read(&bent).is_ok())] += 1;
            outcomes[usize::from(read(&repaged(&bent, seed)).is_ok())] += 1;
        }
        assert!(outcomes[0] > 100 && outcomes[1] > 100, "{outcomes:?}");
    }

    /// The same pages with changed packets and right sums, so that the decoder meets them.
    fn repaged(file: &[u8], seed: usize) -> Vec<u8> {
        let mut reader = PacketReader::new(Cursor::new(file));
        let mut writer = PacketWriter::new(Vec::new());
        let mut number = 0;
        while let Ok(Some(mut packet)) = reader.read_packet() {
            let chance = chance(seed * 1_000 + number);
            if number >= 2 && !packet.data.is_empty() && chance.is_multiple_of(3) {
                let at = chance % packet.data.len();
                packet.data[at] = (chance >> 8) as u8;
                packet.data.truncate(1 + (chance >> 16) % 200);
            }
            number += 1;
            writer.write_packet(packet.data, STREAM, PacketWriteEndInfo::EndPage, chance as u64 % 90_000).unwrap();
        }
        writer.into_inner()
    }

    fn frames(said: &[i16]) -> impl Iterator<Item = Frame> {
        said.chunks_exact(FRAME_SAMPLES).map(|frame| std::array::from_fn(|at| frame[at]))
    }

    #[test]
    fn what_is_being_said_grows_twice_a_second_and_can_be_heard_wherever_it_was_cut() {
        let said = voice(4);
        let (mut writer, mut pieces) = (Writer::new(), Vec::new());
        for frame in frames(&said) {
            writer.add(&frame).unwrap();
            pieces.extend(writer.grown().map(<[u8]>::to_vec));
        }
        assert_eq!(pieces.len(), 7, "the last half second is still in the writer");
        assert!(writer.finish().starts_with(&pieces.concat()));
        for count in 1..=pieces.len() {
            let (file, length) = mended(&[&pieces[..count].concat()]).unwrap();
            assert_eq!(length, Duration::from_millis(500) * count as u32);
            let heard = read(&file).unwrap();
            assert!(likeness(&said[..heard.len()], &heard) > 5.0, "{}", likeness(&said[..heard.len()], &heard));
        }
        let torn = &pieces.concat()[..pieces.concat().len() - 9];
        assert_eq!(mended(&[torn]).unwrap().1, Duration::from_secs(3));
        assert!(mended(&[&pieces[0][..80], b"OggS", b""]).is_none());
    }

    #[test]
    fn two_voices_become_one_and_the_earlier_gives_way_where_both_are_too_long() {
        let (before, after) = (write(&voice(3)), write(&voice(2)));
        let (file, length) = mended(&[&before, &after]).unwrap();
        assert!((5_000..5_100).contains(&length.as_millis()), "{length:?}");
        assert_eq!(read(&file).unwrap().len() as u128 / 16, length.as_millis() - 7, "all but what players leave out");
        let long = write(&voice(100));
        let (file, length) = mended(&[&long, &long]).unwrap();
        assert!(length <= READ_MAX && file.len() <= BYTES_MAX);
        let last = |file: &[u8]| -> Vec<i16> { read(file).unwrap().into_iter().rev().take(8_000).collect() };
        let (alone, behind) = (last(&mended(&[&long]).unwrap().0), last(&file));
        assert!(likeness(&alone, &behind) > 20.0, "the last that was said is there");
    }

    #[test]
    #[ignore = "prints times, which mean something only when this package is optimised"]
    fn how_long_a_minute_takes() {
        let said = voice(60);
        let start = Instant::now();
        let file = write(&said);
        println!("a minute is written in {:?}, {} bytes", start.elapsed(), file.len());
        let start = Instant::now();
        read(&file).unwrap();
        println!("and read in {:?}", start.elapsed());
    }
}
