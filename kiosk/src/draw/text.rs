//! Chinese text: outlines drawn by swash into 8-bit masks that are kept, and lines broken by Chinese rules.
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
use web::font::{BOLD, REGULAR};

/// Glyphs kept before all are dropped and drawn anew. A page holds about 200; a day of typing stays below this.
const GLYPHS_KEPT_MAX: usize = 6_000;

/// Marks that must not begin a line.
const NOT_FIRST: &str = "，。、；：！？）》」』】〉〕”’…—％%,.;:!?)";

/// Marks that must not end a line.
const NOT_LAST: &str = "（《「『【〈〔“‘(";

/// Weight of the strokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weight {
    /// For running words.
    Regular,
    /// For headings and buttons.
    Bold,
}

/// How words are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Weight of the strokes.
    pub weight: Weight,
    /// Height of a character, in pixels.
    pub pixels: u32,
}

impl Style {
    /// From one line to the next. Chinese needs more air than Latin.
    pub fn line_height(self) -> u32 {
        self.pixels * 7 / 5
    }
}

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
    advance: f32,
}

impl Text {
    /// Opens the fonts that are compiled in.
    pub fn new() -> Self {
        let font = |bytes| FontRef::from_index(bytes, 0).expect("the fonts compiled in are fonts");
        Self {
            regular: font(REGULAR),
            bold: font(BOLD),
            scaling: ScaleContext::new(),
            glyphs: HashMap::new(),
            missing: HashSet::new(),
        }
    }

    /// Whether both weights have a glyph for this character.
    pub fn has(&self, character: char) -> bool {
        self.regular.charmap().map(character) != 0 && self.bold.charmap().map(character) != 0
    }

    /// Width of a line, in pixels.
    pub fn width(&mut self, line: &str, style: Style) -> u32 {
        line.chars().map(|character| self.glyph(character, style).advance).sum::<f32>().ceil() as u32
    }

    /// Draws one line, its left edge at `x` and the middle of its characters at `middle`.
    pub fn draw(&mut self, canvas: &mut Canvas, x: i32, middle: i32, line: &str, style: Style, color: Rgb888) {
        // Han characters reach from 0.88 above the baseline to 0.12 below it.
        let baseline = middle + (style.pixels as f32 * 0.38).round() as i32;
        let mut pen = x as f32;
        for character in line.chars() {
            let glyph = self.glyph(character, style);
            canvas.blend(Point::new(pen.round() as i32, baseline) + glyph.offset, &glyph.mask, color);
            pen += glyph.advance;
        }
    }

    /// Breaks words into lines no wider than this. Chinese breaks anywhere except around its marks, Latin at spaces.
    pub fn lines(&mut self, words: &str, style: Style, width: u32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in words.split('\n') {
            let mut line = String::new();
            let mut used = 0;
            for piece in pieces(paragraph) {
                let piece_width = self.width(piece, style);
                if used + self.width(piece.trim_end(), style) > width && !line.is_empty() {
                    lines.push(line.trim_end().to_owned());
                    line.clear();
                    used = 0;
                }
                if piece_width > width {
                    // A word longer than a line: a web address, or noise from a keyboard.
                    for character in piece.chars() {
                        let character_width = self.width(character.encode_utf8(&mut [0; 4]), style);
                        if used + character_width > width && !line.is_empty() {
                            lines.push(std::mem::take(&mut line));
                            used = 0;
                        }
                        line.push(character);
                        used += character_width;
                    }
                } else {
                    line.push_str(piece);
                    used += piece_width;
                }
            }
            lines.push(line.trim_end().to_owned());
        }
        lines
    }

    /// The largest size down to `smallest` at which the words fit, and their lines at that size.
    pub fn fit(&mut self, words: &str, style: Style, smallest: u32, area: Size) -> (Style, Vec<String>) {
        let mut style = style;
        loop {
            let lines = self.lines(words, style, area.width);
            // The air above the first line and below the last may be cut.
            let height = style.line_height() * lines.len() as u32 - (style.line_height() - style.pixels);
            let wide = lines.iter().any(|line| self.width(line, style) > area.width);
            if (height <= area.height && !wide) || style.pixels <= smallest {
                return (style, lines);
            }
            style.pixels -= 1;
        }
    }

    fn glyph(&mut self, character: char, style: Style) -> &Glyph {
        let key = (style.weight, style.pixels, character);
        if self.glyphs.len() >= GLYPHS_KEPT_MAX && !self.glyphs.contains_key(&key) {
            self.glyphs.clear();
        }
        if !self.glyphs.contains_key(&key) {
            let glyph = self.rasterise(character, style);
            self.glyphs.insert(key, glyph);
        }
        &self.glyphs[&key]
    }

    fn rasterise(&mut self, character: char, style: Style) -> Glyph {
        let font = match style.weight {
            Weight::Regular => self.regular,
            Weight::Bold => self.bold,
        };
        let id = font.charmap().map(character);
        if id == 0 {
            if self.missing.insert(character) {
                tracing::warn!(code = format!("U+{:04X}", u32::from(character)), "A character has no glyph");
            }
            return missing_glyph(style.pixels);
        }
        let advance = font.glyph_metrics(&[]).scale(style.pixels as f32).advance_width(id);
        let mut scaler = self.scaling.builder(font).size(style.pixels as f32).build();
        let image = Render::new(&[Source::Outline]).format(Format::Alpha).render(&mut scaler, id).unwrap_or_default();
        Glyph {
            mask: Mask { size: Size::new(image.placement.width, image.placement.height), coverage: image.data },
            offset: Point::new(image.placement.left, -image.placement.top),
            advance,
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

/// The smallest pieces that stay together: a Latin word with its space, or a Han character with its marks.
fn pieces(paragraph: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, character) in paragraph.char_indices() {
        if let Some(before) = before
            && may_break(before, character)
        {
            pieces.push(&paragraph[start..at]);
            start = at;
        }
        before = Some(character);
    }
    pieces.push(&paragraph[start..]);
    pieces
}

fn may_break(before: char, after: char) -> bool {
    // Latin letters, digits and their marks stay together between spaces.
    let latin = |character: char| u32::from(character) < 0x2E80 && character != ' ';
    if NOT_LAST.contains(before) || NOT_FIRST.contains(after) || after == ' ' {
        return false;
    }
    before == ' ' || !(latin(before) && latin(after))
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
        advance: pixels as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { weight: Weight::Regular, pixels: 20 };

    #[track_caller]
    fn check_lines(words: &str, width: u32, expected: &[&str]) {
        assert_eq!(Text::new().lines(words, STYLE, width), expected);
    }

    #[test]
    fn no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() {
        check_lines("村口路灯坏了，晚上黑", 120, &["村口路灯坏", "了，晚上黑"]);
        check_lines("他说（很黑）真的！？", 80, &["他说（很", "黑）真", "的！？"]);
        check_lines("请看《通知》。", 60, &["请看", "《通", "知》。"]);
    }

    #[test]
    fn latin_words_stay_whole_and_newlines_are_kept() {
        check_lines("Roads and transport", 120, &["Roads and", "transport"]);
        check_lines("一\n\n二", 100, &["一", "", "二"]);
        check_lines("电话13800138000，找他", 160, &["电话", "13800138000，", "找他"]);
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_and_not_lost() {
        let lines = Text::new().lines("abcdefghijklmnopqrstuvwxyz", STYLE, 60);
        assert!(lines.len() > 1);
        assert_eq!(lines.concat(), "abcdefghijklmnopqrstuvwxyz");
    }

    #[test]
    fn every_character_of_the_list_has_a_glyph_in_both_weights() {
        let text = Text::new();
        let list = web::font::CHARACTERS;
        let table = list.lines().next().unwrap_or_default();
        assert_eq!(table.chars().count(), 8_105);
        let missing: String = list.chars().filter(|character| *character != '\n' && !text.has(*character)).collect();
        assert_eq!(missing, "");
    }

    #[test]
    fn a_missing_character_shows_as_a_marked_box() {
        let mut text = Text::new();
        assert!(!text.has('🙂'));
        assert_eq!(text.width("🙂", STYLE), 20);
        let mut canvas = Canvas::new(Size::new(40, 40));
        text.draw(&mut canvas, 5, 20, "🙂", STYLE, Rgb888::WHITE);
        assert!(canvas.pixels().iter().filter(|pixel| **pixel == 0xFFFFFF).count() > 60);
    }
}
