//! What somebody wrote with a finger: thick calm lines with round ends, on a square to write in or in rows to read.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use civic_core::ink::{Dot, InkBox, SIDE, Stroke};
use embedded_graphics::{prelude::*, primitives::Rectangle};
use hardware::screen::Mask;

use crate::{
    draw::{brush::Brush, theme},
    screens::key_pen::KeyPen,
};

/// A line is this part of its square thick.
const THICKNESS: f32 = 1.0 / 22.0;
/// The thinnest line that can be seen well, in pixels.
const THINNEST: f32 = 2.0;

/// The guide lines of a square are so many parts long and as many apart.
const GUIDE_PARTS: i32 = 24;

/// Boxes that are read have at most so large a side, in units; where all have room in their place.
const READ_MAX: u32 = 96;

/// Masks that are kept: a screen full of boxes, and the square as it was before the last strokes.
const KEPT: usize = 160;

/// The lines of boxes, drawn so far, by what is in them and how large.
#[derive(Default)]
pub struct Lines {
    drawn: HashMap<(u64, u32), Mask>,
}

impl Lines {
    /// The lines of these strokes on a square of so many pixels.
    fn mask(&mut self, strokes: &[Stroke], side: u32) -> &Mask {
        let mut hasher = DefaultHasher::new();
        strokes.hash(&mut hasher);
        let key = (hasher.finish(), side);
        if self.drawn.len() >= KEPT && !self.drawn.contains_key(&key) {
            self.drawn.clear();
        }
        self.drawn.entry(key).or_insert_with(|| lines(strokes, side))
    }
}

/// The square that is written in, as large as it can be in this place.
pub fn square(area: Rectangle) -> Rectangle {
    Rectangle::with_center(area.center(), Size::new_equal(area.size.width.min(area.size.height)))
}

/// Draws the square with guide lines, what is in it, and the stroke that is being drawn.
pub fn draw_pad(brush: &mut Brush<'_>, strokes: &[Stroke], pen: &Stroke, key_pen: Option<KeyPen>, area: Rectangle) {
    let area = square(area);
    let theme = brush.surface.theme;
    brush.plate(area, theme.writing_square(), false);
    let part = area.size.width as i32 / GUIDE_PARTS;
    let middle = area.center();
    for at in (1..GUIDE_PARTS - 1).step_by(2) {
        let along = at * part;
        for (from, size) in [
            (Point::new(area.top_left.x + along, middle.y), Size::new(part as u32, 2)),
            (Point::new(middle.x, area.top_left.y + along), Size::new(2, part as u32)),
        ] {
            let Ok(()) = brush.canvas.fill_solid(&Rectangle::new(from, size), theme.guide());
        }
    }
    let color = theme.ink(theme::Ink::Black);
    if !strokes.is_empty() {
        brush.canvas.blend(area.top_left, brush.lines.mask(strokes, area.size.width), color);
    }
    if !pen.dots.is_empty() {
        // It grows with every move, so it is not worth keeping.
        brush.canvas.blend(area.top_left, &lines(std::slice::from_ref(pen), area.size.width), color);
    }
    if let Some(key_pen) = key_pen {
        draw_key_pen(brush, key_pen, area);
    }
}

/// A ring where the pen is, filled while it draws, on the line along which it goes.
fn draw_key_pen(brush: &mut Brush<'_>, pen: KeyPen, area: Rectangle) {
    let side = area.size.width;
    let scale = side as f32 / f32::from(SIDE);
    let at = [f32::from(pen.x) * scale, f32::from(pen.y) * scale];
    let (across, down) = pen.way();
    let reach = side as f32 / 10.0;
    let end = |way: f32| [at[0] + across as f32 * reach * way, at[1] + down as f32 * reach * way];
    let theme = brush.surface.theme;
    let (color, ground) = (theme.ink(theme::Ink::Blue), theme.writing_square().face);
    let radius = side as f32 / 28.0;
    let rings = [(radius, color), (radius * 0.6, ground)];
    // Of the pad only the part around the pen: the rest would be looked at for nothing.
    let edge = |at: f32| (at.round().max(0.0) as u32).min(side);
    let (low, high) = (at.map(|at| edge(at - reach - radius)), at.map(|at| edge(at + reach + radius)));
    let size = Size::new(high[0] - low[0], high[1] - low[1]);
    let mut draw = |from: [f32; 2], to: [f32; 2], radius, color| {
        let mut mask = Mask { size, coverage: vec![0; size.width as usize * size.height as usize] };
        let inside = |point: [f32; 2]| [0, 1].map(|axis| point[axis] - low[axis] as f32);
        thick_line(&mut mask, inside(from), inside(to), radius);
        brush.canvas.blend(area.top_left + Size::new(low[0], low[1]), &mask, color);
    };
    draw(end(-1.0), end(1.0), THINNEST / 2.0, color);
    let rings = if pen.is_down { &rings[..1] } else { &rings[..] };
    rings.iter().for_each(|(radius, color)| draw(at, at, *radius, *color));
}

/// Draws boxes in rows, as large as they can be in this place.
pub fn draw_boxes(brush: &mut Brush<'_>, boxes: &[InkBox], area: Rectangle) {
    let side = side(boxes.len() as u32, area.size, brush.surface.pixels(READ_MAX));
    let across = (area.size.width / side.max(1)).max(1);
    let color = brush.surface.theme.ink(theme::Ink::Black);
    for (index, one) in (0..).zip(boxes) {
        let at = Point::new((index % across * side) as i32, (index / across * side) as i32);
        brush.canvas.blend(area.top_left + at, brush.lines.mask(&one.strokes, side), color);
    }
}

/// The largest side with which so many boxes have room.
fn side(boxes: u32, room: Size, max: u32) -> u32 {
    let fits = |side: u32| (room.width / side) * (room.height / side) >= boxes;
    (1..=max).rev().find(|side| fits(*side)).unwrap_or(1)
}

/// Every stroke as a chain of thick lines.
fn lines(strokes: &[Stroke], side: u32) -> Mask {
    let mut mask = Mask { size: Size::new_equal(side), coverage: vec![0; side as usize * side as usize] };
    let radius = (side as f32 * THICKNESS).max(THINNEST) / 2.0;
    for stroke in strokes {
        let points = calm(&stroke.dots, side as f32 / f32::from(SIDE));
        match points.as_slice() {
            [] => {}
            [only] => thick_line(&mut mask, *only, *only, radius),
            points => points.windows(2).for_each(|pair| thick_line(&mut mask, pair[0], pair[1], radius)),
        }
    }
    mask
}

/// Points of the line, in pixels: each is drawn a little towards its neighbours, so a trembling hand looks calm.
fn calm(dots: &[Dot], scale: f32) -> Vec<[f32; 2]> {
    let at = |dot: &Dot| [f32::from(dot.x) * scale, f32::from(dot.y) * scale];
    let mut points: Vec<[f32; 2]> = dots.iter().map(at).collect();
    for (index, three) in dots.windows(3).enumerate() {
        let [before, here, after] = [at(&three[0]), at(&three[1]), at(&three[2])];
        points[index + 1] = [0, 1].map(|axis| (before[axis] + 2.0 * here[axis] + after[axis]) / 4.0);
    }
    points
}

/// A line with round ends. The distance of a pixel's middle from its edge is its coverage, near enough.
fn thick_line(mask: &mut Mask, from: [f32; 2], to: [f32; 2], radius: f32) {
    let ends = [mask.size.width, mask.size.height].map(|end| end as i32);
    let reach = radius + 1.0;
    let edge = |axis: usize| {
        let (low, high) = (from[axis].min(to[axis]) - reach, from[axis].max(to[axis]) + reach);
        (low.floor() as i32).clamp(0, ends[axis])..(high.ceil() as i32).clamp(0, ends[axis])
    };
    let along = [to[0] - from[0], to[1] - from[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    for y in edge(1) {
        for x in edge(0) {
            let off = [x as f32 + 0.5 - from[0], y as f32 + 0.5 - from[1]];
            let share =
                if square > 0.0 { ((off[0] * along[0] + off[1] * along[1]) / square).clamp(0.0, 1.0) } else { 0.0 };
            let apart = (off[0] - share * along[0]).hypot(off[1] - share * along[1]);
            let covered = ((radius + 0.5 - apart).clamp(0.0, 1.0) * 255.0) as u8;
            let pixel = &mut mask.coverage[(y * ends[0] + x) as usize];
            *pixel = (*pixel).max(covered);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(dots: &[(u16, u16)]) -> Stroke {
        Stroke { dots: dots.iter().map(|(x, y)| Dot { x: *x, y: *y, ms: 0 }).collect() }
    }

    #[test]
    fn a_line_covers_its_way_and_a_tap_is_a_dot() {
        let mask = lines(&[stroke(&[(100, 500), (900, 500)]), stroke(&[(500, 100)])], 100);
        let covered = |x: usize, y: usize| mask.coverage[y * 100 + x];
        assert_eq!([covered(50, 50), covered(11, 50), covered(50, 10)], [255; 3]);
        assert_eq!([covered(50, 60), covered(2, 50), covered(60, 10)], [0; 3]);
    }

    #[test]
    fn boxes_are_as_large_as_have_room_and_no_larger_than_can_be_read() {
        let room = Size::new(600, 200);
        assert_eq!([side(1, room, 96), side(12, room, 96), side(60, room, 96)], [96, 96, 40]);
        assert_eq!(side(9, Size::new(10, 4), 96), 2);
    }
}
