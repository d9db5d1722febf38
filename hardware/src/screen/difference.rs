//! Which rectangles of a picture changed: a screen is drawn whole and only its changes are sent on.

use embedded_graphics_core::{prelude::*, primitives::Rectangle};

use super::Canvas;

/// Changed rows this close together are sent as one rectangle: a gap costs less than another transfer.
const ROWS_JOINED: u32 = 16;

/// So many pixels are compared at once.
const STEP: usize = 64;

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
        let (first, end) = changed(old, new);
        let row = Rectangle::new(Point::new(first as i32, y as i32), Size::new((end - first) as u32, 1));
        match bands.last_mut() {
            Some(band) if y - (band.top_left.y as u32 + band.size.height) < ROWS_JOINED => {
                *band = bounding_box(&[*band, row]);
            }
            Some(_) | None => bands.push(row),
        }
    }
    bands
}

/// From which pixel to before which one two rows of one length differ. Whole steps are compared first, which the
/// processor does many times as fast as pixel by pixel.
fn changed(old: &[u32], new: &[u32]) -> (usize, usize) {
    let steps = || old.chunks(STEP).zip(new.chunks(STEP));
    let differ = |(old, new): (&[u32], &[u32])| old != new;
    let first = steps().position(differ).unwrap_or(0) * STEP;
    let end = steps().rposition(differ).map_or(0, |step| (step + 1) * STEP).min(new.len());
    let pixels = || old[first..end].iter().zip(&new[first..end]);
    let differ = |(old, new): (&u32, &u32)| old != new;
    let last = pixels().rposition(differ).unwrap_or(0);
    (first + pixels().position(differ).unwrap_or(0), first + last + 1)
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
    fn a_row_has_changed_from_its_first_other_pixel_to_its_last() {
        let before = Canvas::new(Size::new(150, 1));
        for (first, last) in [(0, 0), (0, 149), (63, 64), (64, 127), (130, 149), (149, 149)] {
            let mut after = before.clone();
            [first, last].iter().for_each(|x| after.set(Point::new(*x, 0), 1));
            assert_eq!(changes(&before, &after), [rectangle(first, 0, (last - first + 1) as u32, 1)]);
        }
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
