//! Frames as PNG files: for the browser, for tests, and for whoever wants to see a screen without a kiosk.

use embedded_graphics::{prelude::Size, primitives::Rectangle};
use hardware::screen::Canvas;

/// A part of a frame as a PNG, cut to the frame; fast to make rather than small.
pub fn png(frame: &Canvas, area: Rectangle) -> Vec<u8> {
    let (area, pixels) = frame.capture(area);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, area.size.width, area.size.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    // A vector takes every byte, and `capture` gives exactly as many pixels as the header says.
    written.expect("a PNG in memory is written");
    bytes
}

/// Size and pixels of a PNG that [`png()`] wrote; `None` for anything else.
pub fn pixels(file: &[u8]) -> Option<(Size, Vec<u8>)> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut pixels).ok()?;
    pixels.truncate(info.buffer_size());
    (info.color_type == png::ColorType::Rgb).then_some((Size::new(info.width, info.height), pixels))
}
