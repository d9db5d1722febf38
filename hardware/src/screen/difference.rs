//! Which rectangles of a picture changed: a screen is drawn whole and only its changes are sent on.

use embedded_graphics_core::{prelude::*, primitives::Rectangle};

use super::Canvas;

/// Changed rows this close together are sent as one rectangle: a gap costs less than another transfer.
const ROWS_JOINED: u32 = 16;

/// The rectangles, from top to bottom, outside which the two pictures are equal. Two sizes differ everywhere.
pub fn changes(before: &Canvas, after: &Canvas) -> Vec<Rectangle> {
    if before.size() != after.size() {
        return vec![after.bounding_box()];
    }
    let mut bands: Vec<Rectangle> = Vec::new();
    for y in 0..after.size().height {
        let (old, new) = (before.row(y), after.row(y));
        if old == new {
            continue;
        }
        let first = old.iter().zip(new).position(|(old, new)| old != new).unwrap_or(0);
        let last = old.iter().zip(new).rposition(|(old, new)| old != new).unwrap_or(0);
        let row = Rectangle::new(Point::new(first as i32, y as i32), Size::new((last - first + 1) as u32, 1));
        match bands.last_mut() {
            Some(band) if y - (band.top_left.y as u32 + band.size.height) < ROWS_JOINED => {
                *band = bounding_box(&[*band, row]);
            }
            Some(_) | None => bands.push(row),
        }
    }
    bands
}

/// The smallest rectangle around all of these. Empty rectangles do not count.
pub fn bounding_box(parts: &[Rectangle]) -> Rectangle {
    parts.iter().filter(|part| !part.is_zero_sized()).copied().reduce(join).unwrap_or(Rectangle::zero())
}

fn join(one: Rectangle, other: Rectangle) -> Rectangle {
    let top_left = one.top_left.component_min(other.top_left);
    let end = (one.top_left + one.size).component_max(other.top_left + other.size);
    Rectangle::new(top_left, Size::new((end.x - top_left.x) as u32, (end.y - top_left.y) as u32))
}

#[cfg(test)]
mod tests {
    use embedded_graphics_core::pixelcolor::{Rgb888, RgbColor};

    use super::*;

    fn rectangle(x: i32, y: i32, width: u32, height: u32) -> Rectangle {
        Rectangle::new(Point::new(x, y), Size::new(width, height))
    }

    #[test]
    fn equal_pictures_have_no_changes() {
        let picture = Canvas::new(Size::new(100, 100));
        assert_eq!(changes(&picture, &picture.clone()), []);
    }

    #[test]
    fn changes_far_apart_are_two_rectangles_and_near_ones_are_one() {
        let before = Canvas::new(Size::new(100, 100));
        let mut after = before.clone();
        after.fill_solid(&rectangle(10, 10, 5, 5), Rgb888::RED).expect("infallible");
        after.fill_solid(&rectangle(30, 20, 5, 5), Rgb888::RED).expect("infallible");
        after.fill_solid(&rectangle(60, 80, 5, 5), Rgb888::RED).expect("infallible");
        assert_eq!(changes(&before, &after), [rectangle(10, 10, 25, 15), rectangle(60, 80, 5, 5)]);
    }
}
