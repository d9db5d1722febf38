//! Rounded rectangles with smooth corners, which embedded-graphics alone draws with steps.

use std::collections::HashMap;

use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::Rectangle};
use hardware::screen::{Canvas, Mask};

/// The four corners of each radius, drawn so far: upper left, upper right, lower left, lower right.
#[derive(Default)]
pub struct Corners {
    drawn: HashMap<u32, [Mask; 4]>,
}

impl Corners {
    /// Fills a rectangle whose corners are rounded.
    pub fn fill_rounded(&mut self, canvas: &mut Canvas, area: Rectangle, radius: u32, color: Rgb888) {
        let Size { width, height } = area.size;
        let radius = radius.min(width / 2).min(height / 2);
        let (far_x, far_y) = ((width - radius) as i32, (height - radius) as i32);
        let part =
            |x: i32, y: i32, width, height| Rectangle::new(area.top_left + Point::new(x, y), Size::new(width, height));
        for part in [
            part(radius as i32, 0, width - 2 * radius, radius),
            part(0, radius as i32, width, height - 2 * radius),
            part(radius as i32, far_y, width - 2 * radius, radius),
        ] {
            let Ok(()) = canvas.fill_solid(&part, color);
        }
        let places = [Point::new(0, 0), Point::new(far_x, 0), Point::new(0, far_y), Point::new(far_x, far_y)];
        let corners = self.drawn.entry(radius).or_insert_with(|| {
            [(false, false), (true, false), (false, true), (true, true)].map(|(right, low)| corner(radius, right, low))
        });
        for (place, corner) in places.into_iter().zip(corners) {
            canvas.blend(area.top_left + place, corner, color);
        }
    }
}

/// A quarter of a disc. The distance of a pixel's middle from the edge is its coverage, near enough.
fn corner(radius: u32, right: bool, low: bool) -> Mask {
    let from_centre = |index: u32, far: bool| if far { index as f32 + 0.5 } else { radius as f32 - index as f32 - 0.5 };
    let coverage = (0..radius * radius)
        .map(|index| {
            let (x, y) = (from_centre(index % radius, right), from_centre(index / radius, low));
            ((radius as f32 + 0.5 - x.hypot(y)).clamp(0.0, 1.0) * 255.0) as u8
        })
        .collect();
    Mask { size: Size::new(radius, radius), coverage }
}
