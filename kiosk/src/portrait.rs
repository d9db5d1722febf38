//! Portraits of deputies. They come with what is published and are not trusted: a picture that is too large, broken or
//! hostile is none, and the card shows the surname as before.

use std::{
    collections::BTreeMap,
    fmt,
    io::Cursor,
    sync::{Arc, Mutex, PoisonError},
};

use civic_core::{deputy::PORTRAIT_LEN_MAX, id::from_hex};
use embedded_graphics::prelude::Size;

/// The widest and the highest picture that is taken, in pixels. A card has no room for more.
const SIDE_MAX: u32 = 480;

/// What decoding one may take, in bytes: some times what the largest picture needs, and nothing to a kiosk.
const DECODING_LEN_MAX: usize = 4 << 20;

/// A picture of somebody.
#[derive(Clone, PartialEq, Eq)]
pub struct Portrait {
    /// Width and height.
    pub size: Size,
    /// Row by row, as 0x00RRGGBB.
    pub pixels: Vec<u32>,
    /// Names it among others.
    pub hash: [u8; 32],
}

impl fmt::Debug for Portrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Portrait({}x{})", self.size.width, self.size.height)
    }
}

impl Portrait {
    /// Reads a PNG; `None` for whatever is none that is taken.
    pub fn read(png: &[u8]) -> Option<Self> {
        if png.len() > PORTRAIT_LEN_MAX {
            return None;
        }
        let limits = png::Limits { bytes: DECODING_LEN_MAX };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(png), limits);
        // Palettes, greys and sixteen bits all become bytes of red, green and blue, or of grey.
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().ok()?;
        let size = Size::new(reader.info().width, reader.info().height);
        if size.width == 0 || size.height == 0 || size.width > SIDE_MAX || size.height > SIDE_MAX {
            return None;
        }
        let mut bytes = vec![0; reader.output_buffer_size()?];
        let frame = reader.next_frame(&mut bytes).ok()?;
        let samples = frame.color_type.samples();
        let pixel = |sample: &[u8]| match *sample {
            [grey] => Some(on_white([grey; 3], 255)),
            [grey, alpha] => Some(on_white([grey; 3], alpha)),
            [red, green, blue] => Some(on_white([red, green, blue], 255)),
            [red, green, blue, alpha] => Some(on_white([red, green, blue], alpha)),
            _ => None,
        };
        let pixels: Vec<u32> = bytes.get(..frame.buffer_size())?.chunks_exact(samples).filter_map(pixel).collect();
        let is_whole = pixels.len() as u64 == u64::from(size.width) * u64::from(size.height);
        is_whole.then(|| Self { size, pixels, hash: *blake3::hash(png).as_bytes() })
    }
}

fn on_white(color: [u8; 3], alpha: u8) -> u32 {
    let alpha = u32::from(alpha);
    let [red, green, blue] = color.map(|part| ((u32::from(part) * alpha + 255 * (255 - alpha)) / 255) as u8);
    u32::from_be_bytes([0, red, green, blue])
}

/// Portraits that were read: each is read once, however often the board is asked for.
#[derive(Debug, Default)]
pub struct Portraits {
    // A std mutex: held while a picture of some kilobytes is read, by one screen.
    read: Mutex<BTreeMap<[u8; 32], Option<Arc<Portrait>>>>,
}

/// Portraits kept; with more deputies than this, all are read anew.
const KEPT_MAX: usize = 64;

impl Portraits {
    /// The picture in these hexadecimal digits, if it is one.
    pub fn of(&self, digits: &str) -> Option<Arc<Portrait>> {
        if digits.is_empty() {
            return None;
        }
        let name = *blake3::hash(digits.as_bytes()).as_bytes();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= KEPT_MAX && !read.contains_key(&name) {
            read.clear();
        }
        read.entry(name).or_insert_with(|| from_hex(digits).and_then(|png| Portrait::read(&png)).map(Arc::new)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = include_bytes!("../../tests/sample/publish/4001.png");

    fn png(width: u32, height: u32, color: png::ColorType, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(color);
        encoder.set_compression(png::Compression::High);
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    #[test]
    fn palettes_greys_and_transparent_pictures_are_read() {
        assert_eq!(Portrait::read(SAMPLE).unwrap().size, Size::new(150, 200));
        let grey = Portrait::read(&png(2, 1, png::ColorType::Grayscale, &[0, 255])).unwrap();
        assert_eq!(grey.pixels, [0x000000, 0xFFFFFF]);
        let clear = Portrait::read(&png(2, 1, png::ColorType::Rgba, &[9, 9, 9, 0, 1, 2, 3, 255])).unwrap();
        assert_eq!(clear.pixels, [0xFFFFFF, 0x010203]);
    }

    #[test]
    fn a_hostile_picture_is_none_wherever_it_is_cut_or_bent() {
        for cut in 0..SAMPLE.len() {
            assert_eq!(Portrait::read(&SAMPLE[..cut]).filter(|read| read.pixels.len() != 150 * 200), None, "{cut}");
        }
        for place in 0..SAMPLE.len() {
            for bit in [0, 3, 7] {
                let mut bent = SAMPLE.to_vec();
                bent[place] ^= 1 << bit;
                // It may be read as another picture, and it is one that has all its pixels.
                let read = Portrait::read(&bent);
                assert!(
                    read.is_none_or(|it| it.pixels.len() as u32 == it.size.width * it.size.height),
                    "{place} {bit}"
                );
            }
        }
        // Much of nothing packs small.
        let wide = png(20_000, 20, png::ColorType::Grayscale, &vec![0; 400_000]);
        assert!(wide.len() < PORTRAIT_LEN_MAX);
        assert_eq!((Portrait::read(&wide), Portrait::read(b""), Portrait::read(b"GIF89a")), (None, None, None));
        assert_eq!(Portraits::default().of("no digits"), None);
    }
}
