//! A screen that the kernel drives itself (DRM, `/dev/dri/card0`): what a Raspberry Pi has.
//!
//! The picture lies in one buffer that the screen is fed from for as long as the program runs; what changed is written
//! there and told to the kernel, for screens that hang on a cable take only what they are told of. Whoever holds the card
//! has the screen alone: no console writes or blinks through it. Nothing here is for drawing in three dimensions.

use std::{
    fs::{File, OpenOptions},
    io,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
};

use ::drm::{
    buffer::{Buffer as _, DrmFourcc},
    control::{
        ClipRect, Device as _, Mode, ModeTypeFlags, connector, crtc,
        dumbbuffer::{DumbBuffer, DumbMapping},
        framebuffer,
    },
};
use embedded_graphics_core::{prelude::*, primitives::Rectangle};

use super::{Canvas, Display};

/// Bytes of a pixel: XRGB8888, as a [`Canvas`] has them, the lowest byte first.
const PIXEL_LEN: usize = 4;

/// Where the kernel lists its cards, and how many are looked at.
const CARDS: (&str, u32) = ("/dev/dri", 8);

/// What the kernel answers (`ENOSYS`) where a screen takes its picture from the memory by itself.
const NOT_THERE: i32 = 38;

/// A screen that shows what is written into its buffer.
pub struct Drm {
    card: Card,
    framebuffer: framebuffer::Handle,
    size: Size,
    /// Bytes of a row of the buffer.
    pitch: usize,
    pixels: DumbMapping<'static>,
    /// The screen shows what is in memory without being told.
    needs_no_telling: bool,
}

/// An open card.
struct Card(File);

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl ::drm::Device for Card {}
impl ::drm::control::Device for Card {}

impl Drm {
    /// Takes the first screen that is plugged in, in the mode it prefers. `None` if no card has one. Fails if somebody
    /// else holds the card, a desktop for instance, or if the program may not open it (it must be in the group `video`).
    pub fn open() -> io::Result<Option<Self>> {
        let (folder, count) = CARDS;
        for number in 0..count {
            let path = Path::new(folder).join(format!("card{number}"));
            let card = match OpenOptions::new().read(true).write(true).open(&path) {
                Ok(card) => Card(card),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(of_card(&path, "open", error)),
            };
            // A card without screens, which only reckons, has no such thing as connectors.
            let Ok(Some(plugged)) = Plugged::find(&card) else { continue };
            return Self::take(card, plugged).map(Some).map_err(|error| of_card(&path, "take the screen of", error));
        }
        Ok(None)
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    fn take(card: Card, plugged: Plugged) -> io::Result<Self> {
        let (width, height) = plugged.mode.size();
        let size = Size::new(width.into(), height.into());
        let buffer = card.create_dumb_buffer((size.width, size.height), DrmFourcc::Xrgb8888, 32)?;
        let framebuffer = card.add_framebuffer(&buffer, 24, 32)?;
        // The screen is fed from it until the program ends, so it is never given back.
        let buffer: &'static mut DumbBuffer = Box::leak(Box::new(buffer));
        let pitch = buffer.pitch() as usize;
        let mut pixels = card.map_dumb_buffer(buffer)?;
        pixels.fill(0);
        card.set_crtc(plugged.crtc, Some(framebuffer), (0, 0), &[plugged.connector], Some(plugged.mode))?;
        Ok(Self { card, framebuffer, size, pitch, pixels, needs_no_telling: false })
    }

    /// Says which parts are new.
    fn tell(&mut self, parts: &[Rectangle]) -> io::Result<()> {
        if self.needs_no_telling || parts.is_empty() {
            return Ok(());
        }
        let short = |at: i32| u16::try_from(at).unwrap_or(u16::MAX);
        let clip = |part: &Rectangle| {
            let end = part.top_left + part.size;
            ClipRect::new(short(part.top_left.x), short(part.top_left.y), short(end.x), short(end.y))
        };
        match self.card.dirty_framebuffer(self.framebuffer, &parts.iter().map(clip).collect::<Vec<_>>()) {
            Err(error) if error.raw_os_error() == Some(NOT_THERE) => {
                self.needs_no_telling = true;
                Ok(())
            }
            told => told,
        }
    }
}

impl Display for Drm {
    fn show(&mut self, frame: &Canvas, changed: &[Rectangle]) -> io::Result<()> {
        let visible = Rectangle::new(Point::zero(), self.size).intersection(&frame.bounding_box());
        let parts: Vec<Rectangle> = changed.iter().map(|part| part.intersection(&visible)).collect();
        for part in &parts {
            let columns = part.top_left.x as usize..part.top_left.x as usize + part.size.width as usize;
            for y in part.rows() {
                let start = y as usize * self.pitch + columns.start * PIXEL_LEN;
                let row = &mut self.pixels[start..start + columns.len() * PIXEL_LEN];
                for (bytes, pixel) in row.chunks_exact_mut(PIXEL_LEN).zip(&frame.row(y as u32)[columns.clone()]) {
                    bytes.copy_from_slice(&pixel.to_le_bytes());
                }
            }
        }
        self.tell(&parts)
    }
}

/// A screen that is plugged into a card, and how it is fed.
struct Plugged {
    connector: connector::Handle,
    crtc: crtc::Handle,
    mode: Mode,
}

impl Plugged {
    /// The first one of a card.
    fn find(card: &Card) -> io::Result<Option<Self>> {
        let resources = card.resource_handles()?;
        for handle in resources.connectors() {
            let connector = card.get_connector(*handle, true)?;
            if connector.state() != connector::State::Connected {
                continue;
            }
            let preferred = connector.modes().iter().find(|mode| mode.mode_type().contains(ModeTypeFlags::PREFERRED));
            let Some(mode) = preferred.or(connector.modes().first()).copied() else { continue };
            for encoder in connector.encoders() {
                let feeders = resources.filter_crtcs(card.get_encoder(*encoder)?.possible_crtcs());
                if let Some(crtc) = feeders.first().copied() {
                    return Ok(Some(Self { connector: *handle, crtc, mode }));
                }
            }
        }
        Ok(None)
    }
}

fn of_card(path: &Path, deed: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {deed} {}: {error}", path.display()))
}
