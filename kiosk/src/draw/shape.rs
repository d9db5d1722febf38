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
        self.fill_rim(canvas, area, radius, u32::MAX, color);
    }

    /// Fills of a rectangle whose corners are rounded what something as rounded will not cover that lies on it and ends
    /// no further than `rim` pixels from its edges: filling what nobody will see is most of the work of a full redraw.
    pub fn fill_rim(&mut self, canvas: &mut Canvas, area: Rectangle, radius: u32, rim: u32, color: Rgb888) {
        let Size { width, height } = area.size;
        let radius = radius.min(width / 2).min(height / 2);
        let (far_x, far_y) = ((width - radius) as i32, (height - radius) as i32);
        let part =
            |x: i32, y: i32, width, height| Rectangle::new(area.top_left + Point::new(x, y), Size::new(width, height));
        let bands = [0, far_y].map(|y| part(radius as i32, y, width - 2 * radius, radius));
        let between = part(0, radius as i32, width, height - 2 * radius);
        for part in bands.into_iter().chain(rim_of(between, rim)) {
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

/// What of a rectangle is no further than `rim` pixels from its edges.
fn rim_of(area: Rectangle, rim: u32) -> [Rectangle; 4] {
    let Size { width, height } = area.size;
    if rim.saturating_mul(2) >= width.min(height) {
        return [area, Rectangle::zero(), Rectangle::zero(), Rectangle::zero()];
    }
    let part =
        |x: u32, y: u32, width, height| Rectangle::new(area.top_left + Size::new(x, y), Size::new(width, height));
    let sides = height - 2 * rim;
    [
        part(0, 0, width, rim),
        part(0, height - rim, width, rim),
        part(0, rim, rim, sides),
        part(width - rim, rim, rim, sides),
    ]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rim_under_a_smaller_rounded_rectangle_looks_as_a_whole_one_under_it() {
        let sizes = [(1, 1), (6, 40), (33, 32), (40, 9), (64, 48), (64, 61)];
        for ((width, height), (moved, rim)) in sizes.into_iter().flat_map(|size| [(size, (0, 3)), (size, (3, 3))]) {
            let [mut whole, mut under] = [(); 2].map(|()| Canvas::new(Size::new(80, 80)));
            let area = Rectangle::new(Point::new(4, 5), Size::new(width, height));
            // An edge lies around its face; a shadow lies below what is lifted, and to its right.
            let above = if moved == 0 { area.offset(-rim) } else { area.translate(Point::new(-1, -moved)) };
            let mut corners = Corners::default();
            corners.fill_rounded(&mut whole, area, 16, Rgb888::RED);
            corners.fill_rim(&mut under, area, 16, rim as u32, Rgb888::RED);
            for canvas in [&mut whole, &mut under] {
                corners.fill_rounded(canvas, above, 16, Rgb888::GREEN);
            }
            assert!(whole == under, "{width} x {height}, moved by {moved}");
        }
    }
}
