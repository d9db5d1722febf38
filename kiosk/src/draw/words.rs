//! Words: lines that fit their place, and what a person is writing.

use embedded_graphics::{prelude::*, primitives::Rectangle};

use crate::{
    draw::{
        Shown,
        brush::Brush,
        measure::{Style, fit, lines, width},
        surface::Surface,
        theme::{Ink, TextSize},
    },
    view::{Align, Words},
};

/// Draws words, smaller where they would not fit.
pub fn draw(brush: &mut Brush<'_>, words: &Words, area: Rectangle) {
    let (style, lines) = fitted(words, area.size, brush.surface);
    let color = brush.surface.theme.ink(words.ink);
    let line_height = style.line_height() as i32;
    let first = if words.from_top {
        area.top_left.y + style.pixels as i32 * 6 / 10
    } else {
        area.center().y - (lines.len() as i32 - 1) * line_height / 2
    };
    for (index, line) in lines.iter().enumerate() {
        let spare = area.size.width as i32 - width(line, style) as i32;
        let indent = match words.align {
            Align::Left => 0,
            Align::Centre => spare / 2,
            Align::Right => spare,
        };
        let middle = first + index as i32 * line_height;
        brush.text.draw(brush.canvas, area.top_left.x + indent, middle, line, style, color);
    }
}

/// How words come out in this place.
pub fn shown(words: &Words, area: Rectangle, surface: Surface) -> Shown {
    let (style, lines) = fitted(words, area.size, surface);
    let is_whole = style.height_of(lines.len()) <= area.size.height
        && lines.iter().all(|line| width(line, style) <= area.size.width);
    Shown { pixels: style.pixels, is_whole }
}

fn fitted(words: &Words, room: Size, surface: Surface) -> (Style, Vec<String>) {
    let style = surface.style(words.size, words.bold);
    let height = if words.one_line { room.height.min(style.pixels) } else { room.height };
    fit(&words.sentence.first, style, surface.smallest(style), Size { height, ..room })
}

/// Draws the end of what was written, with a caret behind it: new words are always in sight.
pub fn draw_writing(brush: &mut Brush<'_>, text: &str, hint: &str, area: Rectangle) {
    let theme = brush.surface.theme;
    let style = brush.surface.style(TextSize::Strong, false);
    let line_height = style.line_height() as i32;
    let rows = ((area.size.height + style.line_height() - style.pixels) / style.line_height()).max(1) as usize;
    let (left, first) = (area.top_left.x, area.top_left.y + style.pixels as i32 * 6 / 10);
    let mut lines = lines(text, style, area.size.width);
    lines.drain(..lines.len().saturating_sub(rows));
    for (index, line) in lines.iter().enumerate() {
        let middle = first + index as i32 * line_height;
        brush.text.draw(brush.canvas, left, middle, line, style, theme.ink(Ink::Black));
    }
    let end = lines.last().map_or(0, |line| width(line, style)) as i32;
    let middle = first + (lines.len() as i32 - 1) * line_height;
    let caret = Rectangle::new(
        Point::new(left + end + 2, middle - style.pixels as i32 / 2 - 2),
        Size::new(3, style.pixels + 4),
    );
    let Ok(()) = brush.canvas.fill_solid(&caret, theme.ink(Ink::Blue));
    if text.is_empty() {
        let indent = brush.px(14);
        let room = Size::new(area.size.width.saturating_sub(indent as u32), area.size.height);
        let (style, lines) = fit(hint, style, brush.surface.smallest(style), room);
        for (index, line) in lines.iter().enumerate() {
            let middle = first + index as i32 * style.line_height() as i32;
            brush.text.draw(brush.canvas, left + indent, middle, line, style, theme.ink(Ink::Grey));
        }
    }
}
