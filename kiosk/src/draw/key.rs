//! Keys of a keyboard or a number pad.

use embedded_graphics::primitives::Rectangle;

use crate::{
    draw::{brush::Brush, theme::TextSize},
    view::Key,
};

/// Space between the edge of a key's place and the key, in pixels. The place itself has no gaps: a finger that lands
/// between two keys still types.
const INSET: i32 = 3;

/// Draws a key, at rest or under a finger.
pub fn draw(brush: &mut Brush<'_>, key: &Key, area: Rectangle, pressed: bool) {
    let colors = key.look.colors(pressed);
    let area = area.offset(-INSET);
    brush.plate(area, colors.face, !pressed);
    // The keys of a number pad are tall, and their digits grow with them.
    let tall = area.size.height > brush.scale.pixels(TextSize::Title.units()) * 2;
    let style = if tall { brush.style(TextSize::Title, true) } else { brush.style(TextSize::Strong, false) };
    if let Some(icon) = key.icon {
        brush.picture(icon, style.pixels * 5 / 4, area.center(), colors.picture);
    }
    let line = area.offset(-brush.px(4));
    brush.centred_line(&key.text, style, area.center().y, line, colors.words);
}
