//! Chinese text: outlines drawn by swash into 8-bit masks that are kept.
//!
//! A character that the fonts lack shows as a box with a cross and is logged once; it never vanishes.

use std::collections::{HashMap, HashSet};

use embedded_graphics::{pixelcolor::Rgb888, prelude::*};
use hardware::screen::{Canvas, Mask};
use swash::{
    FontRef,
    scale::{Render, ScaleContext, Source},
    zeno::Format,
};

use crate::draw::measure::{Style, Weight, advance, font};

/// Glyphs kept before all are dropped and drawn anew. A page holds about 200; a day of typing stays below this.
const GLYPHS_KEPT_MAX: usize = 6_000;

/// The fonts, and the glyphs drawn so far.
pub struct Text {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
    scaling: ScaleContext,
    glyphs: HashMap<(Weight, u32, char), Glyph>,
    missing: HashSet<char>,
}

struct Glyph {
    mask: Mask,
    /// From the pen on the baseline to the mask's top left corner.
    offset: Point,
}

impl Text {
    /// Opens the fonts that are compiled in.
    pub fn new() -> Self {
        Self {
            regular: font(Weight::Regular),
            bold: font(Weight::Bold),
            scaling: ScaleContext::new(),
            glyphs: HashMap::new(),
            missing: HashSet::new(),
        }
    }

    /// Draws one line, its left edge at `x` and the middle of its characters at `middle`.
    pub fn draw(&mut self, canvas: &mut Canvas, x: i32, middle: i32, line: &str, style: Style, color: Rgb888) {
        // Han characters reach from 0.88 above the baseline to 0.12 below it.
        let baseline = middle + (style.pixels as f32 * 0.38).round() as i32;
        let mut pen = x as f32;
        for character in line.chars() {
            let glyph = self.glyph(character, style);
            canvas.blend(Point::new(pen.round() as i32, baseline) + glyph.offset, &glyph.mask, color);
            pen += advance(character, style);
        }
    }

    fn glyph(&mut self, character: char, style: Style) -> &Glyph {
        let key = (style.weight, style.pixels, character);
        if self.glyphs.len() >= GLYPHS_KEPT_MAX && !self.glyphs.contains_key(&key) {
            self.glyphs.clear();
        }
        let Self { regular, bold, scaling, glyphs, missing } = self;
        let font = match style.weight {
            Weight::Regular => *regular,
            Weight::Bold => *bold,
        };
        glyphs.entry(key).or_insert_with(|| rasterise(font, scaling, missing, character, style.pixels))
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

fn rasterise(
    font: FontRef<'static>,
    scaling: &mut ScaleContext,
    missing: &mut HashSet<char>,
    character: char,
    pixels: u32,
) -> Glyph {
    let id = font.charmap().map(character);
    if id == 0 {
        if missing.insert(character) {
            tracing::warn!(code = format!("U+{:04X}", u32::from(character)), "A character has no glyph");
        }
        return missing_glyph(pixels);
    }
    let mut scaler = scaling.builder(font).size(pixels as f32).build();
    let image = Render::new(&[Source::Outline]).format(Format::Alpha).render(&mut scaler, id).unwrap_or_default();
    Glyph {
        mask: Mask { size: Size::new(image.placement.width, image.placement.height), coverage: image.data },
        offset: Point::new(image.placement.left, -image.placement.top),
    }
}

/// A box with a cross, as wide as a Han character.
fn missing_glyph(pixels: u32) -> Glyph {
    let side = pixels * 4 / 5;
    let stroke = (pixels / 16).max(1);
    let coverage = (0..side * side)
        .map(|index| {
            let (x, y) = (index % side, index / side);
            let edge = x.min(y).min(side - 1 - x).min(side - 1 - y) < stroke;
            let cross = x.abs_diff(y) < stroke || x.abs_diff(side - 1 - y) < stroke;
            if edge || cross { 255 } else { 0 }
        })
        .collect();
    let margin = (pixels - side) as i32 / 2;
    Glyph {
        mask: Mask { size: Size::new(side, side), coverage },
        offset: Point::new(margin, -((pixels as f32 * 0.88) as i32) + margin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::measure::{has, width};

    #[test]
    fn a_missing_character_shows_as_a_marked_box() {
        let style = Style { weight: Weight::Regular, pixels: 20 };
        assert!(!has('🙂'));
        assert_eq!(width("🙂", style), 20);
        let mut canvas = Canvas::new(Size::new(40, 40));
        Text::new().draw(&mut canvas, 5, 20, "🙂", style, Rgb888::WHITE);
        assert!(canvas.pixels().iter().filter(|pixel| **pixel == 0xFFFFFF).count() > 60);
    }
}
