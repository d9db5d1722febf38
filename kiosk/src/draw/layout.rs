//! Where everything lies: the one function that both drawing and touching go by, so they cannot disagree.

use embedded_graphics::{prelude::*, primitives::Rectangle};

use crate::view::{Face, Leaf, Length, Line, Part};

/// No target is lower than this, on any screen: about a fingertip at the distance of a kiosk.
pub const FINGER: u32 = 60;

/// Size of the screen that a unit is measured on.
const DRAWN_FOR: Size = Size::new(1024, 600);

/// A piece with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// Where it lies; touching anywhere in it counts.
    pub area: Rectangle,
    /// What is drawn.
    pub face: Face,
    /// What touching it means, if anything.
    pub touch: Option<T>,
}

/// How many pixels a unit is, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(u32);

impl Scale {
    /// The scale at which a screen drawn for 1024x600 fits this one.
    pub fn of(screen: Size) -> Self {
        Self((screen.width * 1000 / DRAWN_FOR.width).min(screen.height * 1000 / DRAWN_FOR.height))
    }

    /// So many units, in pixels.
    pub fn pixels(self, units: u32) -> u32 {
        (units * self.0 + 500) / 1000
    }
}

/// Places every piece of a view on a screen of this size, from back to front.
pub fn layout<T>(view: Part<T>, screen: Size) -> Vec<Placed<T>> {
    let mut placed = Vec::new();
    place(view, Rectangle::new(Point::zero(), screen), Scale::of(screen), &mut placed);
    placed
}

/// What a touch at this point means: the frontmost target there.
pub fn hit<T>(placed: &[Placed<T>], point: Point) -> Option<usize> {
    placed.iter().rposition(|piece| piece.touch.is_some() && piece.area.contains(point))
}

fn place<T>(part: Part<T>, area: Rectangle, scale: Scale, placed: &mut Vec<Placed<T>>) {
    match part {
        Part::Leaf(Leaf { face: Face::Nothing, touch: None }) => {}
        Part::Leaf(Leaf { face, touch }) => placed.push(Placed { area, face, touch }),
        Part::Sheet { paper, padding, inside } => {
            placed.push(Placed { area, face: Face::Sheet(paper), touch: None });
            place(*inside, area.offset(-(scale.pixels(padding) as i32)), scale, placed);
        }
        Part::Row(line) => {
            let mut x = area.top_left.x;
            let gap = scale.pixels(line.gap) as i32;
            let lengths = share_out(&line, area.size.width, scale);
            for ((_, part), width) in line.parts.into_iter().zip(lengths) {
                let cell = Rectangle::new(Point::new(x, area.top_left.y), Size::new(width, area.size.height));
                place(part, cell, scale, placed);
                x += width as i32 + gap;
            }
        }
        Part::Column(line) => {
            let mut y = area.top_left.y;
            let gap = scale.pixels(line.gap) as i32;
            let lengths = share_out(&line, area.size.height, scale);
            for ((_, part), height) in line.parts.into_iter().zip(lengths) {
                let cell = Rectangle::new(Point::new(area.top_left.x, y), Size::new(area.size.width, height));
                place(part, cell, scale, placed);
                y += height as i32 + gap;
            }
        }
    }
}

/// The length of each piece of a line, in pixels. Pixels that do not divide go to the first shares.
fn share_out<T>(line: &Line<T>, available: u32, scale: Scale) -> Vec<u32> {
    let firm = |length: Length| match length {
        Length::Units(units) => scale.pixels(units),
        Length::Fingers(rows, units) => rows * scale.pixels(units).max(FINGER),
        Length::Share(_) => 0,
    };
    let shares = |length: Length| match length {
        Length::Share(shares) => shares,
        Length::Units(_) | Length::Fingers(..) => 0,
    };
    let lengths = || line.parts.iter().map(|(length, _)| *length);
    let gaps = scale.pixels(line.gap) * (line.parts.len() as u32).saturating_sub(1);
    let mut left = available.saturating_sub(gaps + lengths().map(firm).sum::<u32>());
    let mut shares_left = lengths().map(shares).sum::<u32>();
    lengths()
        .map(|length| match shares(length) {
            0 => firm(length),
            shares => {
                let pixels = (left * shares).div_ceil(shares_left);
                left -= pixels;
                shares_left -= shares;
                pixels
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{column, key, row};

    #[test]
    fn shares_fill_what_firm_pieces_leave_to_the_last_pixel() {
        let view = row(
            10,
            vec![
                (Length::Units(100), key('a', "a")),
                (Length::Share(1), key('b', "b")),
                (Length::Share(2), key('c', "c")),
            ],
        );
        let widths: Vec<u32> = layout(view, Size::new(1024, 600)).iter().map(|piece| piece.area.size.width).collect();
        assert_eq!(widths, [100, 302, 602]);
    }

    #[test]
    fn a_finger_is_never_scaled_below_its_floor() {
        let view = || column(0, vec![(Length::Fingers(1, 64), key('a', "a")), (Length::Share(1), key('b', "b"))]);
        let height = |size| layout(view(), size)[0].area.size.height;
        assert_eq!(height(Size::new(1024, 600)), 64);
        assert_eq!(height(Size::new(800, 480)), FINGER);
    }

    #[test]
    fn a_touch_finds_the_piece_it_lies_in() {
        let view = row(4, vec![(Length::Share(1), key('a', "a")), (Length::Share(1), key('b', "b"))]);
        let placed = layout(view, Size::new(1024, 600));
        assert_eq!(hit(&placed, Point::new(5, 5)), Some(0));
        assert_eq!(hit(&placed, Point::new(1020, 590)), Some(1));
        assert_eq!(hit(&placed, Point::new(511, 5)), None);
    }
}
