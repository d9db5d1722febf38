//! Portraits on the screen: made larger or smaller once for each place, and then only copied.

use std::collections::HashMap;

use embedded_graphics::{prelude::*, primitives::Rectangle};
use hardware::screen::Canvas;

use crate::portrait::Portrait;

/// Pictures kept before all are made anew; a screen shows one.
const KEPT: usize = 8;

/// Pictures made so far, by what they show and how large.
#[derive(Default)]
pub struct Photos {
    made: HashMap<([u8; 32], Size), Canvas>,
}

impl Photos {
    /// The picture as large as it fits into this place, and where it lies in the middle of it.
    pub fn fitted(&mut self, portrait: &Portrait, area: Rectangle) -> (Point, &Canvas) {
        let Size { width, height } = portrait.size;
        let (wide, high) =
            (u64::from(area.size.width) * u64::from(height), u64::from(area.size.height) * u64::from(width));
        let size = if wide < high {
            Size::new(area.size.width, (wide / u64::from(width)) as u32)
        } else {
            Size::new((high / u64::from(height)) as u32, area.size.height)
        };
        let key = (portrait.hash, size);
        if self.made.len() >= KEPT && !self.made.contains_key(&key) {
            self.made.clear();
        }
        let at = area.top_left
            + Point::new((area.size.width - size.width) as i32 / 2, (area.size.height - size.height) as i32 / 2);
        (at, self.made.entry(key).or_insert_with(|| scaled(portrait, size)))
    }
}

/// Each pixel is the average of the part of the picture that it covers, or, where it is made larger, of the four around it.
fn scaled(portrait: &Portrait, size: Size) -> Canvas {
    let [across, down] = [(portrait.size.width, size.width), (portrait.size.height, size.height)].map(spans);
    let mut canvas = Canvas::new(size);
    for (y, rows) in down.iter().enumerate() {
        for (x, columns) in across.iter().enumerate() {
            let mut sums = [0.0_f32; 3];
            for (row, high) in rows {
                for (column, wide) in columns {
                    let pixel = portrait.pixels[*row * portrait.size.width as usize + *column];
                    let [_, red, green, blue] = pixel.to_be_bytes();
                    for (sum, part) in sums.iter_mut().zip([red, green, blue]) {
                        *sum += f32::from(part) * high * wide;
                    }
                }
            }
            let [red, green, blue] = sums.map(|sum| sum.round().clamp(0.0, 255.0) as u8);
            canvas.set(Point::new(x as i32, y as i32), u32::from_be_bytes([0, red, green, blue]));
        }
    }
    canvas
}

/// For each of `to` pixels, those of `from` that make it, with their shares.
fn spans((from, to): (u32, u32)) -> Vec<Vec<(usize, f32)>> {
    let (step, last) = (from as f32 / to.max(1) as f32, from as usize - 1);
    let reach = step.max(1.0);
    let span = |at: u32| {
        let middle = (at as f32 + 0.5) * step - 0.5;
        let shares = ((middle - reach).floor() as i64..=(middle + reach).ceil() as i64).filter_map(|place| {
            let share = 1.0 - (place as f32 - middle).abs() / reach;
            (share > 0.0).then(|| (place.clamp(0, last as i64) as usize, share))
        });
        let shares: Vec<_> = shares.collect();
        let all: f32 = shares.iter().map(|(_, share)| share).sum();
        shares.into_iter().map(|(place, share)| (place, share / all)).collect()
    };
    (0..to).map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_fills_one_way_and_lies_in_the_middle_of_the_other() {
        let portrait = Portrait { size: Size::new(2, 4), pixels: vec![0x102030; 8], hash: [1; 32] };
        let mut photos = Photos::default();
        let (at, photo) = photos.fitted(&portrait, Rectangle::new(Point::new(10, 20), Size::new(100, 100)));
        assert_eq!((at, photo.size()), (Point::new(35, 20), Size::new(50, 100)));
        assert!(photo.pixels().iter().all(|pixel| *pixel == 0x102030), "one colour stays one colour");
        let (at, photo) = photos.fitted(&portrait, Rectangle::new(Point::zero(), Size::new(3, 100)));
        assert_eq!((at, photo.size()), (Point::new(0, 47), Size::new(3, 6)));
        assert_eq!(photos.fitted(&portrait, Rectangle::zero()).1.size(), Size::zero());
    }
}
