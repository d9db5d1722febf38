//! The way of the finger from its first dot to its last, also while it was lifted: two ways are compared by letting the one
//! wait where the other is longer (dynamic time warping).

use super::shape::normal;

/// Points of a way lie about this far apart, in squares.
const STEP: f32 = 0.09;
/// The most points of a way; longer ones have them further apart.
const POINTS_MAX: usize = 160;

/// How much the direction counts beside the place.
const DIRECTION_COUNTS: f32 = 0.16;
/// What it costs to draw where the other lifts the finger: whoever joins strokes pays it, and it is not much.
const LIFTED_COSTS: f32 = 0.10;
/// What it costs to wait for the other way for one point.
const WAITING_COSTS: f32 = 0.02;

/// A way.
pub struct Way(Vec<At>);

#[derive(Clone, Copy)]
struct At {
    place: [f32; 2],
    direction: [f32; 2],
    is_lifted: bool,
}

impl Way {
    /// The way over these strokes.
    pub fn of(strokes: &[Vec<[f32; 2]>]) -> Self {
        let strokes = normal(strokes);
        let mut corners: Vec<([f32; 2], bool)> = Vec::new();
        for stroke in &strokes {
            corners.extend(stroke.iter().enumerate().map(|(index, point)| (*point, index == 0)));
        }
        let length = |pair: &[([f32; 2], bool)]| (pair[1].0[0] - pair[0].0[0]).hypot(pair[1].0[1] - pair[0].0[1]);
        let whole: f32 = corners.windows(2).map(length).sum();
        let step = STEP.max(whole / POINTS_MAX as f32);
        let mut way = Vec::new();
        let mut ahead = step / 2.0;
        for pair in corners.windows(2) {
            let length = length(pair);
            let [(from, _), (to, is_lifted)] = [pair[0], pair[1]];
            let direction =
                if length > 0.0 { [(to[0] - from[0]) / length, (to[1] - from[1]) / length] } else { [0.0; 2] };
            while ahead < length {
                let place = [0, 1].map(|axis| from[axis] + direction[axis] * ahead);
                way.push(At { place, direction, is_lifted });
                ahead += step;
            }
            ahead -= length;
        }
        if way.is_empty() {
            way.extend(corners.first().map(|(place, _)| At { place: *place, direction: [0.0; 2], is_lifted: false }));
        }
        Self(way)
    }

    /// How far two ways are apart, on average over their points: 0 for the same.
    pub fn apart(&self, other: &Self) -> f32 {
        let (one, other) = (&self.0, &other.0);
        // A way may not wait for more than a quarter of the longer one.
        let band = one.len().max(other.len()) / 4 + 2;
        let mut above = vec![f32::INFINITY; other.len() + 1];
        above[0] = 0.0;
        for (index, at) in one.iter().enumerate() {
            let mut row = vec![f32::INFINITY; other.len() + 1];
            let middle = (index + 1) * other.len() / one.len().max(1);
            for place in middle.saturating_sub(band).max(1)..=(middle + band).min(other.len()) {
                let cost = at.apart(&other[place - 1]);
                let waiting = above[place].min(row[place - 1]) + WAITING_COSTS;
                row[place] = cost + above[place - 1].min(waiting);
            }
            above = row;
        }
        above[other.len()] / one.len().max(other.len()).max(1) as f32
    }
}

impl At {
    fn apart(&self, other: &Self) -> f32 {
        let place = (self.place[0] - other.place[0]).hypot(self.place[1] - other.place[1]);
        let cosine = self.direction[0] * other.direction[0] + self.direction[1] * other.direction[1];
        let lifted = if self.is_lifted == other.is_lifted { 0.0 } else { LIFTED_COSTS };
        place + DIRECTION_COUNTS * (1.0 - cosine) / 2.0 + lifted
    }
}
