//! Draws placed pieces, one after the other.

use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::Rectangle};
use hardware::screen::Canvas;

use crate::{
    draw::{
        icon::{Icon, Icons},
        layout::{Placed, Scale},
        shape::fill_rounded,
        text::{Style, Text, Weight},
        theme::{CORNER, Ink, Look, Paper, SHADOW, TextSize},
    },
    view::{Align, Face, Words},
};

/// Space between the edge of a key's place and the key, in pixels. The place itself has no gaps: a finger that lands
/// between two keys still types.
const KEY_INSET: i32 = 3;

/// The smallest size that words may shrink to, of the size they were meant to have.
const SHRINK_TO: (u32, u32) = (11, 20);

/// Fonts and pictures, with what was drawn of them so far.
#[derive(Default)]
pub struct Painter {
    text: Text,
    icons: Icons,
}

/// One drawing in progress.
struct Brush<'a> {
    canvas: &'a mut Canvas,
    text: &'a mut Text,
    icons: &'a mut Icons,
    scale: Scale,
}

impl Painter {
    /// Draws a whole screen; the target under a finger looks pressed.
    pub fn paint<T>(&mut self, canvas: &mut Canvas, pieces: &[Placed<T>], pressed: Option<usize>) {
        let Ok(()) = canvas.clear(Paper::Ground.color());
        let scale = Scale::of(canvas.size());
        let mut brush = Brush { canvas, text: &mut self.text, icons: &mut self.icons, scale };
        for (index, piece) in pieces.iter().enumerate() {
            brush.face(&piece.face, piece.area, pressed == Some(index));
        }
    }
}

impl Brush<'_> {
    fn face(&mut self, face: &Face, area: Rectangle, pressed: bool) {
        match face {
            Face::Nothing => {}
            Face::Sheet(paper) => self.sheet(*paper, area),
            Face::Words(words) => self.words(words, area),
            Face::Picture(icon, ink) => {
                let side = area.size.width.min(area.size.height);
                self.picture(*icon, side, area.center(), ink.color());
            }
            Face::Button { words, icon, look, size, tall } => {
                let colors = look.colors(pressed);
                // The bar is touched to its edges, but its buttons stand off them.
                let area = if *look == Look::OnBar { area.offset(-self.px(8)) } else { area };
                self.plate(area, colors.face, !pressed && !matches!(look, Look::OnBar | Look::Waiting));
                let inside = area.offset(-self.px(8));
                let english = !words.en.is_empty();
                if *tall {
                    self.tall_button(words, *icon, *size, colors, inside, english);
                } else {
                    self.wide_button(words, *icon, *size, colors, inside, english);
                }
            }
            Face::Key { text, icon, look } => {
                let colors = look.colors(pressed);
                let key = area.offset(-KEY_INSET);
                self.plate(key, colors.face, !pressed);
                // The keys of a number pad are tall, and their digits grow with them.
                let tall = key.size.height > self.scale.pixels(TextSize::Title.units()) * 2;
                let style = if tall { self.style(TextSize::Title, true) } else { self.style(TextSize::Strong, false) };
                if let Some(icon) = icon {
                    self.picture(*icon, style.pixels * 5 / 4, key.center(), colors.picture);
                }
                let line = key.offset(-self.px(4));
                self.centred_line(text, style, key.center().y, line, colors.words);
            }
            Face::Writing { text, hint } => self.writing(text, hint, area),
        }
    }

    fn sheet(&mut self, paper: Paper, area: Rectangle) {
        match paper {
            Paper::Ground | Paper::Bar => {
                let Ok(()) = self.canvas.fill_solid(&area, paper.color());
            }
            Paper::Card => self.plate(area, paper.color(), true),
            Paper::Strip | Paper::Warm => self.plate(area, paper.color(), false),
        }
    }

    /// A rounded face, with a shadow when it can be lifted off the ground.
    fn plate(&mut self, area: Rectangle, face: Rgb888, shadow: bool) {
        let radius = self.scale.pixels(CORNER);
        if shadow {
            let below = Rectangle::new(area.top_left + Point::new(1, 3), area.size);
            fill_rounded(self.canvas, below, radius, SHADOW);
        }
        fill_rounded(self.canvas, area, radius, face);
    }

    fn tall_button(
        &mut self,
        words: &civic_core::wording::Both,
        icon: Option<Icon>,
        size: TextSize,
        colors: crate::draw::theme::Colors,
        inside: Rectangle,
        english: bool,
    ) {
        let style = self.style(size, true);
        let small = self.style(TextSize::Small, false);
        let below = if english { small.line_height() + small.pixels / 3 } else { 0 };
        let words_height = style.pixels * 5 / 4 + below;
        let side = (inside.size.height.saturating_sub(words_height)).min(self.scale.pixels(150));
        let free = inside.size.height.saturating_sub(words_height + side) as i32;
        let top = inside.top_left.y + free / 3;
        if let Some(icon) = icon {
            self.picture(icon, side, Point::new(inside.center().x, top + side as i32 / 2), colors.picture);
        }
        let middle = top + side as i32 + free / 3 + style.pixels as i32 * 5 / 8;
        self.centred_line(&words.zh, style, middle, inside, colors.words);
        if english {
            let middle = middle + style.pixels as i32 * 5 / 8 + small.line_height() as i32 / 2;
            self.centred_line(&words.en, small, middle, inside, colors.small);
        }
    }

    fn wide_button(
        &mut self,
        words: &civic_core::wording::Both,
        icon: Option<Icon>,
        size: TextSize,
        colors: crate::draw::theme::Colors,
        inside: Rectangle,
        english: bool,
    ) {
        let style = self.style(size, true);
        let small = self.style(TextSize::Small, false);
        let side = icon.map_or(0, |_| (style.pixels * 5 / 4).min(inside.size.height));
        let gap = if side > 0 && !words.zh.is_empty() { style.pixels / 3 } else { 0 };
        let room = Size::new(inside.size.width.saturating_sub(side + gap), inside.size.height);
        let (style, lines) = self.text.fit(&words.zh, style, self.smallest(style), room);
        // English goes below where there is height for it, and is left out where there is not.
        let english = english && lines.len() == 1 && inside.size.height >= style.pixels * 5 / 4 + small.pixels;
        let widest = lines.iter().map(|line| self.text.width(line, style)).max().unwrap_or(0);
        let english_width = if english { self.text.width(&words.en, small).min(room.width) } else { 0 };
        let block = side + gap + widest.max(english_width);
        let left = inside.center().x - block as i32 / 2;
        if let Some(icon) = icon {
            self.picture(icon, side, Point::new(left + side as i32 / 2, inside.center().y), colors.picture);
        }
        let column =
            Rectangle::new(Point::new(left + (side + gap) as i32, inside.top_left.y), Size::new(block - side - gap, 0));
        let middle = inside.center().y - if english { small.pixels as i32 * 6 / 10 } else { 0 };
        let first = middle - (lines.len() as i32 - 1) * style.line_height() as i32 / 2;
        for (index, line) in lines.iter().enumerate() {
            let middle = first + index as i32 * style.line_height() as i32;
            self.centred_line(line, style, middle, column, colors.words);
        }
        if english {
            let middle = middle + style.pixels as i32 * 6 / 10 + small.pixels as i32 * 7 / 10;
            self.centred_line(&words.en, small, middle, column, colors.small);
        }
    }

    fn words(&mut self, words: &Words, area: Rectangle) {
        let style = self.style(words.size, words.bold);
        let (style, lines) = self.text.fit(&words.text, style, self.smallest(style), area.size);
        let line_height = style.line_height() as i32;
        let first = if words.from_top {
            area.top_left.y + style.pixels as i32 * 6 / 10
        } else {
            area.center().y - (lines.len() as i32 - 1) * line_height / 2
        };
        for (index, line) in lines.iter().enumerate() {
            let middle = first + index as i32 * line_height;
            let left = area.top_left.x;
            let spare = area.size.width as i32 - self.text.width(line, style) as i32;
            let x = match words.align {
                Align::Left => left,
                Align::Centre => left + spare / 2,
                Align::Right => left + spare,
            };
            self.text.draw(self.canvas, x, middle, line, style, words.ink.color());
        }
    }

    /// The end of what was written, with a caret behind it: new words are always in sight.
    fn writing(&mut self, text: &str, hint: &str, area: Rectangle) {
        let style = self.style(TextSize::Strong, false);
        let line_height = style.line_height() as i32;
        let rows = (area.size.height / style.line_height()).max(1) as usize;
        let first = area.top_left.y + line_height / 2;
        let mut lines = self.text.lines(text, style, area.size.width);
        lines.drain(..lines.len().saturating_sub(rows));
        for (index, line) in lines.iter().enumerate() {
            let middle = first + index as i32 * line_height;
            self.text.draw(self.canvas, area.top_left.x, middle, line, style, Ink::Black.color());
        }
        let end = lines.last().map_or(0, |line| self.text.width(line, style)) as i32;
        let middle = first + (lines.len() as i32 - 1) * line_height;
        let caret = Rectangle::new(
            Point::new(area.top_left.x + end + 2, middle - style.pixels as i32 / 2 - 2),
            Size::new(3, style.pixels + 4),
        );
        let Ok(()) = self.canvas.fill_solid(&caret, Ink::Blue.color());
        if text.is_empty() {
            let x = area.top_left.x + self.px(14);
            self.text.draw(self.canvas, x, first, hint, style, Ink::Grey.color());
        }
    }

    fn centred_line(&mut self, line: &str, style: Style, middle: i32, area: Rectangle, color: Rgb888) {
        let mut style = style;
        while self.text.width(line, style) > area.size.width && style.pixels > self.smallest(style) {
            style.pixels -= 1;
        }
        let x = area.top_left.x + (area.size.width as i32 - self.text.width(line, style) as i32) / 2;
        self.text.draw(self.canvas, x, middle, line, style, color);
    }

    fn picture(&mut self, icon: Icon, side: u32, centre: Point, color: Rgb888) {
        let mask = self.icons.mask(icon, side);
        self.canvas.blend(centre - Point::new_equal(side as i32 / 2), mask, color);
    }

    fn style(&self, size: TextSize, bold: bool) -> Style {
        let weight = if bold { Weight::Bold } else { Weight::Regular };
        Style { weight, pixels: self.scale.pixels(size.units()) }
    }

    fn smallest(&self, style: Style) -> u32 {
        (style.pixels * SHRINK_TO.0 / SHRINK_TO.1).max(self.scale.pixels(TextSize::Small.units()) * 4 / 5)
    }

    fn px(&self, units: u32) -> i32 {
        self.scale.pixels(units) as i32
    }
}
