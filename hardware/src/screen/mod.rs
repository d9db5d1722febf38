//! The screen: a picture in memory, what changed in it, and where it goes.

mod canvas;
mod difference;
mod drm;
pub mod framebuffer;

pub use canvas::{Canvas, Mask};
pub use difference::{bounding_box, changes};
pub use drm::Drm;

use std::io;

use embedded_graphics_core::primitives::Rectangle;

/// Somewhere a picture can be shown. A display keeps what it was given until the next call.
pub trait Display: Send {
    /// Shows the parts of `frame` that changed since the last call.
    fn show(&mut self, frame: &Canvas, changed: &[Rectangle]) -> io::Result<()>;
}
