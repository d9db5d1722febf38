//! How what a touch panel reports lies on the screen: found by touching four crosses, and changed while the panel is read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedded_graphics_core::prelude::{Point, Size};

/// The crosses stand so far from the edges, in percent of the screen.
pub const CROSS_PERCENT: i32 = 10;

/// Two crosses on one line may be touched so far apart, in percent of the whole way: fingers are wide, and panels a little
/// crooked.
const APART_PERCENT: i32 = 8;

/// A way shorter than this many of the panel's units was no finger on two crosses.
const WAY_MIN: i32 = 64;

/// What a panel reports at the edges of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edges {
    /// At the left and at the right edge; the first is the larger one on a panel that is mirrored.
    pub x: [i32; 2],
    /// At the upper and at the lower edge.
    pub y: [i32; 2],
    /// The panel is turned: what it calls x runs down the screen.
    pub is_turned: bool,
}

impl Edges {
    /// The edges, from what the panel reported at the crosses: upper left, upper right, lower right, lower left. `None` for
    /// touches that cannot have been on them.
    pub fn of_crosses(touched: [Point; 4]) -> Option<Self> {
        let [upper_left, upper_right, ..] = touched;
        let across = upper_right - upper_left;
        let is_turned = across.y.abs() > across.x.abs();
        let [a, b, c, d] = touched.map(|at| if is_turned { Point::new(at.y, at.x) } else { at });
        let x = edges([a.x, d.x], [b.x, c.x])?;
        let y = edges([a.y, b.y], [d.y, c.y])?;
        Some(Self { x, y, is_turned })
    }

    /// Where on a screen of this size the panel was touched that reports this.
    pub fn place(&self, reported: Point, screen: Size) -> Point {
        let at = if self.is_turned { Point::new(reported.y, reported.x) } else { reported };
        Point::new(along(at.x, self.x, screen.width), along(at.y, self.y, screen.height))
    }
}

/// What is reported at both edges, from two touches near each.
fn edges(near: [i32; 2], far: [i32; 2]) -> Option<[i32; 2]> {
    let middle = |two: [i32; 2]| (two[0] + two[1]) / 2;
    let way = middle(far) - middle(near);
    let is_apart =
        |two: [i32; 2]| two[0].abs_diff(two[1]) as i64 * 100 > i64::from(way.abs()) * i64::from(APART_PERCENT);
    if way.abs() < WAY_MIN || is_apart(near) || is_apart(far) {
        return None;
    }
    let margin = way * CROSS_PERCENT / (100 - 2 * CROSS_PERCENT);
    Some([middle(near) - margin, middle(far) + margin])
}

/// A value between the two edges, as a pixel.
fn along(value: i32, [from, to]: [i32; 2], pixels: u32) -> i32 {
    let (value, from, to, pixels) = (i64::from(value), i64::from(from), i64::from(to), i64::from(pixels));
    if from == to {
        return 0;
    }
    ((value - from) * pixels / (to - from)).clamp(0, pixels - 1) as i32
}

/// How the panel is fitted at this moment, shared between whoever reads it and whoever fits it. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Fit {
    // A std mutex: held for one assignment.
    now: Arc<Mutex<Now>>,
}

#[derive(Debug, Default)]
struct Now {
    tried: Option<Edges>,
    kept: Option<Edges>,
    came_down: Option<Point>,
}

impl Fit {
    /// Goes by these edges for a trial, or by those from before again.
    pub fn try_out(&self, edges: Option<Edges>) {
        self.now().tried = edges;
    }

    /// Goes by these edges until the program ends, instead of the wiring's.
    pub fn keep(&self, edges: Edges) {
        let mut now = self.now();
        (now.kept, now.tried) = (Some(edges), None);
    }

    /// The edges that are tried out.
    pub fn tried(&self) -> Option<Edges> {
        self.now().tried
    }

    /// The edges to go by instead of the wiring's, if there are any.
    pub fn edges(&self) -> Option<Edges> {
        let now = self.now();
        now.tried.or(now.kept)
    }

    /// What the panel reported where a finger came down last.
    pub fn came_down(&self) -> Option<Point> {
        self.now().came_down
    }

    pub(crate) fn comes_down(&self, reported: Point) {
        self.now().came_down = Some(reported);
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Two panels that are wired alike are alike, whatever is tried out with them at the moment.
impl PartialEq for Fit {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Fit {}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(four: [(i32, i32); 4]) -> [Point; 4] {
        four.map(|(x, y)| Point::new(x, y))
    }

    #[test]
    fn four_crosses_give_the_edges_of_straight_mirrored_and_turned_panels() {
        let straight = Edges::of_crosses(points([(400, 410), (3_600, 390), (3_610, 3_600), (390, 3_600)]));
        assert_eq!(straight, Some(Edges { x: [-6, 4_006], y: [0, 4_000], is_turned: false }));
        let mirrored = Edges::of_crosses(points([(900, 100), (100, 100), (100, 900), (900, 900)]));
        assert_eq!(mirrored, Some(Edges { x: [1_000, 0], y: [0, 1_000], is_turned: false }));
        let turned = Edges::of_crosses(points([(100, 900), (100, 100), (900, 100), (900, 900)])).unwrap();
        assert_eq!(turned, Edges { x: [1_000, 0], y: [0, 1_000], is_turned: true });
        assert_eq!(turned.place(Point::new(250, 1_000), Size::new(600, 1_024)), Point::new(0, 256));
    }

    #[test]
    fn touches_that_were_not_on_the_crosses_give_none() {
        for four in [
            [(400, 400), (3_600, 400), (3_600, 3_600), (1_400, 3_600)],
            [(400, 400), (410, 400), (410, 3_600), (400, 3_600)],
            [(0, 0); 4],
        ] {
            assert_eq!(Edges::of_crosses(points(four)), None, "{four:?}");
        }
    }
}
