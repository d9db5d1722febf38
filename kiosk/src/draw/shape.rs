//! Rounded rectangles with smooth corners, which embedded-graphics alone draws with steps.

use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::Rectangle};
use hardware::screen::{Canvas, Mask};

/// Fills a rectangle whose corners are rounded.
pub fn fill_rounded(canvas: &mut Canvas, area: Rectangle, radius: u32, color: Rgb888) {
    let radius = radius.min(area.size.width / 2).min(area.size.height / 2);
    let Size { width, height } = area.size;
    let (left, top) = (area.top_left.x, area.top_left.y);
    let inner_width = width - 2 * radius;
    let middle = Rectangle::new(Point::new(left, top + radius as i32), Size::new(width, height - 2 * radius));
    let upper = Rectangle::new(Point::new(left + radius as i32, top), Size::new(inner_width, radius));
    let lower = Rectangle::new(upper.top_left + Point::new(0, (height - radius) as i32), upper.size);
    for part in [middle, upper, lower] {
        let Ok(()) = canvas.fill_solid(&part, color);
    }
    let (far_x, far_y) = ((width - radius) as i32, (height - radius) as i32);
    for (offset, right, bottom) in [
        (Point::new(0, 0), false, false),
        (Point::new(far_x, 0), true, false),
        (Point::new(0, far_y), false, true),
        (Point::new(far_x, far_y), true, true),
    ] {
        canvas.blend(area.top_left + offset, &corner(radius, right, bottom), color);
    }
}

/// A quarter of a disc. The distance of a pixel's middle from the edge is its coverage, near enough.
fn corner(radius: u32, right: bool, bottom: bool) -> Mask {
    let from_centre = |index: u32, far: bool| if far { index as f32 + 0.5 } else { radius as f32 - index as f32 - 0.5 };
    let coverage = (0..radius * radius)
        .map(|index| {
            let (x, y) = (from_centre(index % radius, right), from_centre(index / radius, bottom));
            ((radius as f32 + 0.5 - x.hypot(y)).clamp(0.0, 1.0) * 255.0) as u8
        })
        .collect();
    Mask { size: Size::new(radius, radius), coverage }
}
