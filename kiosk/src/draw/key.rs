//! Keys of a keyboard or a number pad.

use embedded_graphics::{prelude::Size, primitives::Rectangle};

use crate::{
    draw::{
        Shown,
        brush::Brush,
        measure::{Style, fit},
        surface::Surface,
        theme::TextSize,
    },
    view::Key,
};

/// Space between the edge of a key's place and the key, in pixels. The place itself has no gaps: a finger that lands
/// between two keys still types.
const INSET: i32 = 3;

/// Space between the edge of a key and its words, in pixels.
const PADDING: i32 = 3;

/// Draws a key, at rest or under a finger.
pub fn draw(brush: &mut Brush<'_>, key: &Key, area: Rectangle, pressed: bool) {
    let colors = brush.surface.theme.look(key.look, pressed);
    let style = style(area, brush.surface);
    let area = area.offset(-INSET);
    brush.plate(area, colors.plate, !pressed);
    match key.icon {
        Some(icon) => {
            let side = (style.pixels * 5 / 4).min(area.size.width.min(area.size.height));
            brush.picture(icon, side, area.center(), colors.picture);
        }
        None => {
            let line = area.offset(-PADDING);
            brush.centred_line(&key.words.first, style, area.center().y, line, colors.words);
        }
    }
}

/// How the words of a key come out in this place.
pub fn shown(key: &Key, area: Rectangle, surface: Surface) -> Shown {
    let style = style(area, surface);
    let room = area.offset(-INSET - PADDING).size;
    let (style, lines) = fit(&key.words.first, style, surface.smallest(style), Size { height: style.pixels, ..room });
    Shown { pixels: style.pixels, is_whole: lines.len() == 1 && style.pixels <= room.height }
}

/// The keys of a number pad are tall, and their digits grow with them.
fn style(area: Rectangle, surface: Surface) -> Style {
    let title = surface.style(TextSize::Title, true);
    if area.size.height > title.pixels * 2 { title } else { surface.style(TextSize::Strong, false) }
}
