//! Words: lines that fit their place, and what a person is writing.

use embedded_graphics::{prelude::*, primitives::Rectangle};

use crate::{
    draw::{
        brush::Brush,
        theme::{Ink, TextSize},
    },
    view::{Align, Words},
};

/// Draws words, smaller where they would not fit.
pub fn draw(brush: &mut Brush<'_>, words: &Words, area: Rectangle) {
    let style = brush.style(words.size, words.bold);
    let smallest = brush.smallest(style);
    let (style, lines) = brush.text.fit(&words.text, style, smallest, area.size);
    let line_height = style.line_height() as i32;
    let first = if words.from_top {
        area.top_left.y + style.pixels as i32 * 6 / 10
    } else {
        area.center().y - (lines.len() as i32 - 1) * line_height / 2
    };
    for (index, line) in lines.iter().enumerate() {
        let spare = area.size.width as i32 - brush.text.width(line, style) as i32;
        let indent = match words.align {
            Align::Left => 0,
            Align::Centre => spare / 2,
            Align::Right => spare,
        };
        let middle = first + index as i32 * line_height;
        brush.text.draw(brush.canvas, area.top_left.x + indent, middle, line, style, words.ink.color());
    }
}

/// Draws the end of what was written, with a caret behind it: new words are always in sight.
pub fn draw_writing(brush: &mut Brush<'_>, text: &str, hint: &str, area: Rectangle) {
    let style = brush.style(TextSize::Strong, false);
    let line_height = style.line_height() as i32;
    let rows = (area.size.height / style.line_height()).max(1) as usize;
    let (left, first) = (area.top_left.x, area.top_left.y + line_height / 2);
    let mut lines = brush.text.lines(text, style, area.size.width);
    lines.drain(..lines.len().saturating_sub(rows));
    for (index, line) in lines.iter().enumerate() {
        brush.text.draw(brush.canvas, left, first + index as i32 * line_height, line, style, Ink::Black.color());
    }
    let end = lines.last().map_or(0, |line| brush.text.width(line, style)) as i32;
    let middle = first + (lines.len() as i32 - 1) * line_height;
    let caret = Rectangle::new(
        Point::new(left + end + 2, middle - style.pixels as i32 / 2 - 2),
        Size::new(3, style.pixels + 4),
    );
    let Ok(()) = brush.canvas.fill_solid(&caret, Ink::Blue.color());
    if text.is_empty() {
        brush.text.draw(brush.canvas, left + brush.px(14), first, hint, style, Ink::Grey.color());
    }
}
