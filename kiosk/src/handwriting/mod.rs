//! From strokes to characters: what somebody may have written in a box, the likeliest first.
//!
//! It is a help and never the record: the ink is kept as it was drawn, whether anything was recognised or not, and nobody
//! has to choose. Nothing is learnt from what people write.
//!
//! Two looks at every character that is known ([`characters`]): first where ink runs in which direction ([`shape`]), over
//! all of them, which forgives a changed order of strokes; then for the nearest the way of the finger from beginning to end
//! ([`way`]), which forgives strokes that are joined. Where to start: [`Handwriting::candidates`].

mod characters;
mod shape;
mod way;

use std::sync::LazyLock;

use civic_core::ink::Stroke;

use self::{
    characters::{Character, Characters},
    shape::Shape,
    way::Way,
};

/// Characters that are told; more than a row of them nobody looks through.
pub const CANDIDATES_MAX: usize = 16;

/// So many of the nearest shapes are looked at a second time.
const LOOKED_AT_TWICE: usize = 80;

/// How much the way of the finger counts beside the shape.
const WAY_COUNTS: f32 = 1.4;

/// Every character that can be recognised.
pub struct Handwriting {
    characters: Characters,
    shapes: Vec<Shape>,
}

/// The characters that are compiled in. The first call unpacks them and takes their shapes, some hundred milliseconds: make
/// it before anybody writes.
pub fn handwriting() -> &'static Handwriting {
    static ALL: LazyLock<Handwriting> = LazyLock::new(Handwriting::unpack);
    &ALL
}

impl Handwriting {
    fn unpack() -> Self {
        let characters = Characters::unpack();
        let shapes = characters.all().map(|character| Shape::of(&character.strokes)).collect();
        Self { characters, shapes }
    }

    /// Every character that is known, the common ones first.
    pub fn characters(&self) -> impl Iterator<Item = char> {
        self.characters.all().map(|character| character.character)
    }

    /// What these strokes may be, the likeliest first, [`CANDIDATES_MAX`] at most; nothing for no strokes.
    pub fn candidates(&self, strokes: &[Stroke]) -> Vec<char> {
        let strokes: Vec<Vec<[f32; 2]>> = strokes.iter().filter(|stroke| !stroke.dots.is_empty()).map(points).collect();
        if strokes.is_empty() {
            return Vec::new();
        }
        let shape = Shape::of(&strokes);
        let mut nearest: Vec<(f32, usize)> =
            self.shapes.iter().zip(0..).map(|(known, place)| (shape.apart(known), place)).collect();
        let twice = LOOKED_AT_TWICE.min(nearest.len());
        nearest.select_nth_unstable_by(twice - 1, |one, other| one.0.total_cmp(&other.0));
        let way = Way::of(&strokes);
        let mut both: Vec<(f32, char)> = nearest[..twice]
            .iter()
            .map(|(apart, place)| {
                let Character { character, strokes } = self.characters.get(*place);
                (apart + WAY_COUNTS * way.apart(&Way::of(&strokes)), character)
            })
            .collect();
        both.sort_by(|one, other| one.0.total_cmp(&other.0));
        both.into_iter().map(|(_, character)| character).take(CANDIDATES_MAX).collect()
    }
}

fn points(stroke: &Stroke) -> Vec<[f32; 2]> {
    stroke.dots.iter().map(|dot| [f32::from(dot.x), f32::from(dot.y)]).collect()
}

#[cfg(test)]
mod tests;
