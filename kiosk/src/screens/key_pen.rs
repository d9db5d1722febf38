//! A pen that the five keys hold: two move it forth and back along a line, one turns the line, one puts it down and lifts
//! it. With it whoever cannot use the glass writes on the same square as a finger does.

use civic_core::ink::SIDE;

/// How far the pen goes at once: far enough for a stroke of some presses, near enough to join two.
const STEP: i32 = SIDE as i32 / 20;

/// The lines along which it goes, one after the other: across, falling to the right, down, falling to the left.
const WAYS: [(i32, i32); 4] = [(1, 0), (1, 1), (0, 1), (-1, 1)];

/// A pen above or on the square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPen {
    /// Where it is, from the left, in units of the square.
    pub x: u16,
    /// From the top.
    pub y: u16,
    /// Whether it draws.
    pub is_down: bool,
    way: usize,
}

impl Default for KeyPen {
    /// In the middle, lifted.
    fn default() -> Self {
        Self { x: SIDE / 2, y: SIDE / 2, is_down: false, way: 0 }
    }
}

impl KeyPen {
    /// A step forth or back along its line; the edge of the square stops it.
    pub fn go(&mut self, is_forth: bool) {
        let (across, down) = self.way();
        let step = if is_forth { STEP } else { -STEP };
        let moved = |from: u16, by: i32| (i32::from(from) + by * step).clamp(0, i32::from(SIDE)) as u16;
        (self.x, self.y) = (moved(self.x, across), moved(self.y, down));
    }

    /// Turns the line to the next.
    pub fn turn(&mut self) {
        self.way = (self.way + 1) % WAYS.len();
    }

    /// The line that it goes along: one step to the right and down.
    pub fn way(&self) -> (i32, i32) {
        WAYS[self.way]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_along_four_lines_and_never_leaves_the_square() {
        let mut pen = KeyPen::default();
        let mut after = |forth: bool| {
            pen.go(forth);
            let at = (pen.x, pen.y);
            pen.go(!forth);
            pen.turn();
            at
        };
        assert_eq!([true; 4].map(&mut after), [(550, 500), (550, 550), (500, 550), (450, 550)]);
        for _ in 0..30 {
            pen.go(false);
        }
        assert_eq!((pen.x, pen.y, pen.way()), (0, 500, (1, 0)));
    }
}
