//! A picture in memory, one 32-bit word a pixel (XRGB8888), as framebuffers take it.

use std::convert::Infallible;

use embedded_graphics_core::{
    pixelcolor::{Rgb888, RgbColor},
    prelude::*,
    primitives::Rectangle,
};

/// Pixels that are blended in one go, or left alone where a mask covers none of them.
const STEP: usize = 16;

/// A picture that anything can be drawn on. What falls outside is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Canvas {
    size: Size,
    pixels: Vec<u32>,
}

/// How much of each pixel a shape covers, 0 to 255: a glyph, an icon, a rounded corner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Width and height.
    pub size: Size,
    /// Row by row, `width * height` values.
    pub coverage: Vec<u8>,
}

impl Canvas {
    /// A black picture.
    pub fn new(size: Size) -> Self {
        Self { size, pixels: vec![0; size.width as usize * size.height as usize] }
    }

    /// All pixels, row by row, as 0x00RRGGBB.
    pub fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// One row of pixels. Rows beyond the picture are empty.
    pub fn row(&self, y: u32) -> &[u32] {
        let width = self.size.width as usize;
        self.pixels.get(y as usize * width..(y as usize + 1) * width).unwrap_or_default()
    }

    /// Copies a part as three bytes a pixel, the form of a PNG. The part is cut to the picture.
    pub fn capture(&self, area: Rectangle) -> (Rectangle, Vec<u8>) {
        let area = area.intersection(&self.bounding_box());
        let mut bytes = Vec::with_capacity(area.size.width as usize * area.size.height as usize * 3);
        for [_, red, green, blue] in self.part(area).map(|pixel| pixel.to_be_bytes()) {
            bytes.extend([red, green, blue]);
        }
        (area, bytes)
    }

    /// Copies a part as runs of equal pixels, row after row, four bytes each: red, green, blue, and how many more of them
    /// follow, 255 at most. The part is cut to the picture.
    pub fn capture_runs(&self, area: Rectangle) -> (Rectangle, Vec<u8>) {
        let area = area.intersection(&self.bounding_box());
        let mut bytes = Vec::new();
        let mut pixels = self.part(area).peekable();
        while let Some(pixel) = pixels.next() {
            let mut more = 0;
            while more < u8::MAX && pixels.next_if_eq(&pixel).is_some() {
                more += 1;
            }
            let [_, red, green, blue] = pixel.to_be_bytes();
            bytes.extend([red, green, blue, more]);
        }
        (area, bytes)
    }

    /// The pixels of a part that lies in the picture, row by row.
    fn part(&self, area: Rectangle) -> impl Iterator<Item = u32> {
        let columns = area.top_left.x as usize..area.top_left.x as usize + area.size.width as usize;
        area.rows().flat_map(move |y| self.row(y as u32)[columns.clone()].iter().copied())
    }

    /// Sets one pixel, as 0x00RRGGBB.
    pub fn set(&mut self, at: Point, pixel: u32) {
        if self.bounding_box().contains(at) {
            self.pixels[at.y as usize * self.size.width as usize + at.x as usize] = pixel;
        }
    }

    /// Lays a picture on this one.
    pub fn lay(&mut self, at: Point, picture: &Canvas) {
        let area = Rectangle::new(at, picture.size).intersection(&self.bounding_box());
        let width = self.size.width as usize;
        for y in area.rows() {
            let from = (area.top_left.x - at.x) as usize;
            let row = &picture.row((y - at.y) as u32)[from..from + area.size.width as usize];
            let start = y as usize * width + area.top_left.x as usize;
            self.pixels[start..start + row.len()].copy_from_slice(row);
        }
    }

    /// Lays `color` over the picture where the mask covers it.
    pub fn blend(&mut self, at: Point, mask: &Mask, color: Rgb888) {
        let area = Rectangle::new(at, mask.size).intersection(&self.bounding_box());
        let (width, columns) = (self.size.width as usize, area.size.width as usize);
        let word = word(color);
        for y in area.rows() {
            let from = (y - at.y) as usize * mask.size.width as usize + (area.top_left.x - at.x) as usize;
            let start = y as usize * width + area.top_left.x as usize;
            // A step at a time, and every pixel of it in the same way: the processor does several at once, and guesses
            // nothing about where a letter begins.
            let (steps, rest) = self.pixels[start..start + columns].as_chunks_mut::<STEP>();
            let (parts, parts_left) = mask.coverage[from..from + columns].as_chunks::<STEP>();
            for (pixels, parts) in steps.iter_mut().zip(parts) {
                match u128::from_ne_bytes(*parts) {
                    0 => {}
                    u128::MAX => pixels.fill(word),
                    _ => lay_over(pixels, word, parts),
                }
            }
            lay_over(rest, word, parts_left);
        }
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        let inside = self.bounding_box();
        for Pixel(point, color) in pixels {
            if inside.contains(point) {
                self.pixels[point.y as usize * self.size.width as usize + point.x as usize] = word(color);
            }
        }
        Ok(())
    }

    fn fill_contiguous<I: IntoIterator<Item = Rgb888>>(
        &mut self,
        area: &Rectangle,
        colors: I,
    ) -> Result<(), Infallible> {
        self.draw_iter(area.points().zip(colors).map(|(point, color)| Pixel(point, color)))
    }

    fn fill_solid(&mut self, area: &Rectangle, color: Rgb888) -> Result<(), Infallible> {
        let area = area.intersection(&self.bounding_box());
        let width = self.size.width as usize;
        for y in area.rows() {
            let start = y as usize * width + area.top_left.x as usize;
            self.pixels[start..start + area.size.width as usize].fill(word(color));
        }
        Ok(())
    }

    fn clear(&mut self, color: Rgb888) -> Result<(), Infallible> {
        self.pixels.fill(word(color));
        Ok(())
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        self.size
    }
}

fn lay_over(pixels: &mut [u32], word: u32, parts: &[u8]) {
    for (pixel, part) in pixels.iter_mut().zip(parts) {
        *pixel = mix(*pixel, word, u32::from(*part));
    }
}

fn word(color: Rgb888) -> u32 {
    u32::from_be_bytes([0, color.r(), color.g(), color.b()])
}

/// Nothing of `over` at 0, nothing of `under` at 255. Red and blue are mixed in one multiplication and green in another:
/// the eight bits between them hold the carry. Nothing can overflow; that nobody checks it makes it three times as fast.
fn mix(under: u32, over: u32, coverage: u32) -> u32 {
    let coverage = coverage.wrapping_add(coverage >> 7);
    let left = 256_u32.wrapping_sub(coverage);
    let mixed = |mask: u32| (under & mask).wrapping_mul(left).wrapping_add((over & mask).wrapping_mul(coverage));
    let (red_blue, green) = (mixed(0xFF00FF), mixed(0x00FF00));
    ((red_blue >> 8) & 0xFF00FF) | ((green >> 8) & 0x00FF00)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_outside_the_picture_is_dropped() {
        let mut canvas = Canvas::new(Size::new(4, 3));
        let wide = Rectangle::new(Point::new(-2, -2), Size::new(4, 4));
        canvas.fill_solid(&wide, Rgb888::RED).expect("infallible");
        let mask = Mask { size: Size::new(3, 3), coverage: vec![255; 9] };
        canvas.blend(Point::new(2, 1), &mask, Rgb888::BLUE);
        canvas.blend(Point::new(9, 9), &mask, Rgb888::BLUE);
        canvas.draw_iter([Pixel(Point::new(7, 0), Rgb888::WHITE)]).expect("infallible");
        let (r, b, o) = (0xFF0000, 0x0000FF, 0);
        assert_eq!(canvas.pixels(), [r, r, o, o, r, r, b, b, o, o, b, b]);
    }

    #[test]
    fn a_picture_is_laid_on_another_and_what_is_outside_is_dropped() {
        let mut stamp = Canvas::new(Size::new(2, 2));
        (0..4).for_each(|place| stamp.set(Point::new(place % 2, place / 2), place as u32 + 1));
        stamp.set(Point::new(5, 5), 9);
        let mut canvas = Canvas::new(Size::new(3, 2));
        canvas.lay(Point::new(-1, -1), &stamp);
        canvas.lay(Point::new(2, 1), &stamp);
        canvas.lay(Point::new(7, 0), &stamp);
        assert_eq!(canvas.pixels(), [4, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn many_pixels_are_blended_as_each_of_them_would_be() {
        let size = Size::new(3 * STEP as u32 + 5, 2);
        let coverage: Vec<u8> =
            (0..size.width * size.height).map(|at| [0, 255, at as u8][at as usize / STEP % 3]).collect();
        let mut canvas = Canvas::new(size);
        (0..size.width as i32).for_each(|x| canvas.set(Point::new(x, 1), (0x123456 * x as u32) & 0xFFFFFF));
        let before = canvas.clone();
        canvas.blend(Point::zero(), &Mask { size, coverage: coverage.clone() }, Rgb888::new(9, 200, 77));
        let each = before.pixels().iter().zip(coverage).map(|(pixel, part)| mix(*pixel, 0x09C84D, u32::from(part)));
        assert!(canvas.pixels().iter().copied().eq(each));
    }

    #[test]
    fn blending_goes_from_one_colour_to_the_other() {
        assert_eq!(mix(0x123456, 0xABCDEF, 0), 0x123456);
        assert_eq!(mix(0x123456, 0xABCDEF, 255), 0xABCDEF);
        assert_eq!(mix(0x000000, 0xFFFFFF, 128), 0x808080);
    }

    #[test]
    fn a_capture_holds_the_part_as_bytes() {
        let mut canvas = Canvas::new(Size::new(3, 2));
        canvas
            .fill_solid(&Rectangle::new(Point::new(1, 1), Size::new(1, 1)), Rgb888::new(1, 2, 3))
            .expect("infallible");
        let (area, bytes) = canvas.capture(Rectangle::new(Point::new(1, 1), Size::new(9, 9)));
        assert_eq!((area.size, bytes.as_slice()), (Size::new(2, 1), [1, 2, 3, 0, 0, 0].as_slice()));
    }

    #[test]
    fn runs_of_a_part_go_on_from_row_to_row_and_hold_256_pixels_at_most() {
        let mut canvas = Canvas::new(Size::new(300, 3));
        canvas.set(Point::new(1, 1), 0x010203);
        let runs =
            |x, y, width, height| canvas.capture_runs(Rectangle::new(Point::new(x, y), Size::new(width, height)));
        assert_eq!(runs(0, 0, 2, 2).1, [0, 0, 0, 2, 1, 2, 3, 0]);
        assert_eq!(runs(299, 2, 9, 9), (Rectangle::new(Point::new(299, 2), Size::new(1, 1)), vec![0, 0, 0, 0]));
        let whole = runs(0, 0, 300, 3).1;
        assert_eq!(whole[..12], [0, 0, 0, 255, 0, 0, 0, 44, 1, 2, 3, 0]);
        assert_eq!(whole.chunks(4).map(|run| usize::from(run[3]) + 1).sum::<usize>(), 900);
        assert_eq!(runs(0, 0, 0, 0).1, []);
    }
}
