//! A Linux framebuffer (`/dev/fb0`), written as a file: no mapping, no `ioctl`, and any file can stand in for it.
//!
//! For small screens (SPI) that have nothing else. The framebuffer that the kernel offers beside a screen of its own is
//! no such thing: where it keeps a copy, what is written here never reaches the glass. [`super::Drm`] does.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

use embedded_graphics_core::{prelude::*, primitives::Rectangle};

use super::{Canvas, Display};

/// How pixels lie in a framebuffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Visible width and height.
    pub size: Size,
    /// Bytes from one row to the next.
    pub stride: u32,
    /// How a pixel is written.
    pub pixel: PixelLayout,
}

/// How one pixel is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelLayout {
    /// Four bytes: blue, green, red, unused.
    Xrgb8888,
    /// Two bytes: five bits red, six green, five blue, low byte first.
    Rgb565,
}

/// An open framebuffer.
#[derive(Debug)]
pub struct Framebuffer {
    file: File,
    layout: Layout,
}

impl Framebuffer {
    /// Opens `/dev/NAME`, with its layout from `/sys/class/graphics/NAME`.
    pub fn open(name: &str) -> io::Result<Self> {
        let about = Path::new("/sys/class/graphics").join(name);
        let read = |field: &str| fs::read_to_string(about.join(field));
        let layout = Layout::parse(&read("virtual_size")?, &read("stride")?, &read("bits_per_pixel")?)
            .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "framebuffer has a layout we do not write"))?;
        Ok(Self::new(OpenOptions::new().write(true).open(Path::new("/dev").join(name))?, layout))
    }

    /// A framebuffer in this file.
    pub fn new(file: File, layout: Layout) -> Self {
        Self { file, layout }
    }

    /// Visible width and height.
    pub fn size(&self) -> Size {
        self.layout.size
    }
}

impl Layout {
    /// Reads the three files that the kernel shows: `1024,600`, `4096` and `32`.
    fn parse(size: &str, stride: &str, bits_per_pixel: &str) -> Option<Self> {
        let (width, height) = size.trim().split_once(',')?;
        let pixel = match bits_per_pixel.trim() {
            "32" => PixelLayout::Xrgb8888,
            "16" => PixelLayout::Rgb565,
            _ => return None,
        };
        let size = Size::new(width.parse().ok()?, height.parse().ok()?);
        Some(Self { size, stride: stride.trim().parse().ok()?, pixel })
    }

    fn bytes(self, pixels: &[u32]) -> Vec<u8> {
        match self.pixel {
            PixelLayout::Xrgb8888 => pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect(),
            PixelLayout::Rgb565 => pixels.iter().flat_map(|pixel| rgb565(*pixel).to_le_bytes()).collect(),
        }
    }

    fn bytes_per_pixel(self) -> u64 {
        match self.pixel {
            PixelLayout::Xrgb8888 => 4,
            PixelLayout::Rgb565 => 2,
        }
    }
}

fn rgb565(pixel: u32) -> u16 {
    let [_, red, green, blue] = pixel.to_be_bytes().map(u16::from);
    (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
}

impl Display for Framebuffer {
    fn show(&mut self, frame: &Canvas, changed: &[Rectangle]) -> io::Result<()> {
        let visible = Rectangle::new(Point::zero(), self.layout.size);
        for area in changed {
            let area = area.intersection(&visible).intersection(&frame.bounding_box());
            let columns = area.top_left.x as usize..area.top_left.x as usize + area.size.width as usize;
            for y in area.rows() {
                let start =
                    y as u64 * u64::from(self.layout.stride) + area.top_left.x as u64 * self.layout.bytes_per_pixel();
                self.file.seek(SeekFrom::Start(start))?;
                self.file.write_all(&self.layout.bytes(&frame.row(y as u32)[columns.clone()]))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics_core::pixelcolor::{Rgb888, RgbColor};

    use super::*;

    #[test]
    fn only_the_changed_part_is_written_where_the_kernel_expects_it() {
        let path = std::env::temp_dir().join(format!("huiyin-framebuffer-{}", std::process::id()));
        let layout = Layout::parse("3,2\n", "16\n", "32\n").expect("a layout the kernel shows");
        let mut screen = Framebuffer::new(File::create(&path).expect("a temporary file"), layout);
        let mut frame = Canvas::new(Size::new(3, 2));
        frame.clear(Rgb888::new(1, 2, 3)).expect("infallible");
        screen.show(&frame, &[Rectangle::new(Point::new(1, 1), Size::new(9, 9))]).expect("a writable file");
        let written = fs::read(&path).expect("a readable file");
        fs::remove_file(&path).expect("ours to remove");
        assert_eq!(written[..20], [0; 20]);
        assert_eq!(written[20..], [3, 2, 1, 0, 3, 2, 1, 0]);
    }

    #[test]
    fn sixteen_bits_keep_the_high_bits_of_each_colour() {
        assert_eq!(rgb565(0xFF0000), 0xF800);
        assert_eq!(rgb565(0x00FF00), 0x07E0);
        assert_eq!(rgb565(0x0000FF), 0x001F);
        assert_eq!(Layout::parse("3,2", "8", "24"), None);
        assert_eq!(Rgb888::RED.r(), 255);
    }
}
