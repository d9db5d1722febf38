//! The shape of what was written: in which part of the square ink runs in which direction, blurred. Size, place and
//! proportions are taken out before.

/// Parts of the square along each side.
const PARTS: usize = 8;
/// Directions: right, lower right, down, and so on around.
const DIRECTIONS: usize = 8;
/// Numbers of a shape.
const NUMBERS: usize = PARTS * PARTS * DIRECTIONS;

/// How much the way of the lifted finger counts beside ink: whoever joins strokes draws it.
const LIFTED_COUNTS: f32 = 0.25;

/// Points lie this far apart when a line is looked at, in squares.
const STEP: f32 = 1.0 / 40.0;

/// How many standard deviations the square is wide. What lies outside counts at its edge.
const DEVIATIONS: f32 = 4.2;
/// A side that varies less than this share of the other is not stretched to the whole square: 一 stays flat.
const FLATTEST: f32 = 0.45;

/// A shape: its numbers have the length 1 together, of which a byte holds so many parts.
const WHOLE: f32 = 640.0;

/// A shape.
pub struct Shape(Box<[u8; NUMBERS]>);

impl Shape {
    /// The shape of these strokes.
    pub fn of(strokes: &[Vec<[f32; 2]>]) -> Self {
        let mut sums = vec![0.0f32; NUMBERS];
        for (from, to, counts) in moves(&normal(strokes)) {
            add(&mut sums, from, to, counts);
        }
        // Long strokes must not drown short ones.
        sums.iter_mut().for_each(|sum| *sum = sum.sqrt());
        let length = sums.iter().map(|sum| sum * sum).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        let mut numbers = Box::new([0; NUMBERS]);
        for (number, sum) in numbers.iter_mut().zip(sums) {
            *number = (sum / length * WHOLE).round().min(255.0) as u8;
        }
        Self(numbers)
    }

    /// How far two shapes are apart: 0 for the same, about 1 for what has nothing in common.
    pub fn apart(&self, other: &Self) -> f32 {
        let both = self.0.iter().zip(other.0.iter());
        let product: u32 = both.map(|(one, other)| u32::from(*one) * u32::from(*other)).sum();
        1.0 - product as f32 / (WHOLE * WHOLE)
    }
}

/// The same strokes on the unit square: their middle in its middle, as wide and as high as all others.
pub fn normal(strokes: &[Vec<[f32; 2]>]) -> Vec<Vec<[f32; 2]>> {
    let (mut weight, mut sum, mut squares) = (0.0f32, [0.0f32; 2], [0.0f32; 2]);
    let lines = || strokes.iter().flat_map(|stroke| stroke.windows(2));
    for pair in lines() {
        let length = (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
        weight += length;
        for axis in 0..2 {
            let (from, to) = (pair[0][axis], pair[1][axis]);
            sum[axis] += length * (from + to) / 2.0;
            squares[axis] += length * (from * from + from * to + to * to) / 3.0;
        }
    }
    if weight == 0.0 {
        // Nothing but dots: they lie in the middle.
        return strokes.iter().map(|stroke| vec![[0.5; 2]; stroke.len()]).collect();
    }
    let middle = sum.map(|sum| sum / weight);
    let deviation = [0, 1].map(|axis| (squares[axis] / weight - middle[axis] * middle[axis]).max(0.0).sqrt());
    let widest = deviation[0].max(deviation[1]);
    let side = deviation.map(|deviation| DEVIATIONS * deviation.max(FLATTEST * widest));
    let place = |point: &[f32; 2]| [0, 1].map(|axis| ((point[axis] - middle[axis]) / side[axis] + 0.5).clamp(0.0, 1.0));
    strokes.iter().map(|stroke| stroke.iter().map(place).collect()).collect()
}

/// Every short move of the finger, with how much it counts.
fn moves(strokes: &[Vec<[f32; 2]>]) -> Vec<([f32; 2], [f32; 2], f32)> {
    let mut all = Vec::new();
    let mut lifted_at: Option<[f32; 2]> = None;
    for stroke in strokes {
        if let (Some(from), Some(to)) = (lifted_at, stroke.first()) {
            all.push((from, *to, LIFTED_COUNTS));
        }
        all.extend(stroke.windows(2).map(|pair| (pair[0], pair[1], 1.0)));
        lifted_at = stroke.last().copied();
    }
    all
}

/// Adds a straight move to the parts it runs through, blurred over neighbours in place and direction.
fn add(sums: &mut [f32], from: [f32; 2], to: [f32; 2], counts: f32) {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length = along[0].hypot(along[1]);
    if length == 0.0 {
        return;
    }
    let turn = along[1].atan2(along[0]).rem_euclid(std::f32::consts::TAU) / std::f32::consts::TAU * DIRECTIONS as f32;
    let (first, beyond) = (turn as usize % DIRECTIONS, turn.fract());
    let directions = [(first, 1.0 - beyond), ((first + 1) % DIRECTIONS, beyond)];
    let steps = (length / STEP).ceil().max(1.0);
    for step in 0..steps as usize {
        let at = (step as f32 + 0.5) / steps;
        let [columns, rows] = [0, 1].map(|axis| parts(from[axis] + along[axis] * at));
        for (row, of_row) in rows {
            for (column, of_column) in columns {
                for (direction, of_direction) in directions {
                    sums[(row * PARTS + column) * DIRECTIONS + direction] +=
                        counts * length / steps * of_row * of_column * of_direction;
                }
            }
        }
    }
}

/// The two parts that a place lies between, and how much of it belongs to each.
fn parts(place: f32) -> [(usize, f32); 2] {
    let place = place * PARTS as f32 - 0.5;
    let first = place.floor().clamp(0.0, (PARTS - 1) as f32);
    let beyond = (place - first).clamp(0.0, 1.0);
    [(first as usize, 1.0 - beyond), ((first as usize + 1).min(PARTS - 1), beyond)]
}
