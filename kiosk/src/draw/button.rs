//! Buttons: a picture above large words, or beside them, with the English small below.

use embedded_graphics::{prelude::*, primitives::Rectangle};

use crate::{
    draw::{
        brush::Brush,
        theme::{Colors, Look, TextSize},
    },
    view::Button,
};

/// The largest a picture on a button gets, in units.
const PICTURE_MAX: u32 = 150;

/// Draws a button, at rest or under a finger.
pub fn draw(brush: &mut Brush<'_>, button: &Button, area: Rectangle, pressed: bool) {
    let colors = button.look.colors(pressed);
    // The bar is touched to its edges, but its buttons stand off them.
    let area = if button.look == Look::OnBar { area.offset(-brush.px(8)) } else { area };
    let lifted = !pressed && !matches!(button.look, Look::OnBar | Look::Waiting);
    brush.plate(area, colors.face, lifted);
    let inside = area.offset(-brush.px(8));
    if button.tall { tall(brush, button, colors, inside) } else { wide(brush, button, colors, inside) }
}

fn tall(brush: &mut Brush<'_>, button: &Button, colors: Colors, inside: Rectangle) {
    let style = brush.style(button.size, true);
    let small = brush.style(TextSize::Small, false);
    let english = !button.words.en.is_empty();
    let below = if english { small.line_height() + small.pixels / 3 } else { 0 };
    let words_height = style.pixels * 5 / 4 + below;
    let side = inside.size.height.saturating_sub(words_height).min(brush.scale.pixels(PICTURE_MAX));
    let free = inside.size.height.saturating_sub(words_height + side) as i32;
    let top = inside.top_left.y + free / 3;
    if let Some(icon) = button.icon {
        brush.picture(icon, side, Point::new(inside.center().x, top + side as i32 / 2), colors.picture);
    }
    let middle = top + side as i32 + free / 3 + style.pixels as i32 * 5 / 8;
    brush.centred_line(&button.words.zh, style, middle, inside, colors.words);
    if english {
        let middle = middle + style.pixels as i32 * 5 / 8 + small.line_height() as i32 / 2;
        brush.centred_line(&button.words.en, small, middle, inside, colors.small);
    }
}

fn wide(brush: &mut Brush<'_>, button: &Button, colors: Colors, inside: Rectangle) {
    let style = brush.style(button.size, true);
    let small = brush.style(TextSize::Small, false);
    let side = button.icon.map_or(0, |_| (style.pixels * 5 / 4).min(inside.size.height));
    let gap = if side > 0 && !button.words.zh.is_empty() { style.pixels / 3 } else { 0 };
    let room = Size::new(inside.size.width.saturating_sub(side + gap), inside.size.height);
    let smallest = brush.smallest(style);
    let (style, lines) = brush.text.fit(&button.words.zh, style, smallest, room);
    // English goes below where there is height for it, and is left out where there is not.
    let has_height = inside.size.height >= style.pixels * 5 / 4 + small.pixels;
    let english = !button.words.en.is_empty() && lines.len() == 1 && has_height;
    let chinese_width = lines.iter().map(|line| brush.text.width(line, style)).max().unwrap_or(0);
    let english_width = if english { brush.text.width(&button.words.en, small).min(room.width) } else { 0 };
    let words_width = chinese_width.max(english_width);
    let left = inside.center().x - (side + gap + words_width) as i32 / 2;
    if let Some(icon) = button.icon {
        brush.picture(icon, side, Point::new(left + side as i32 / 2, inside.center().y), colors.picture);
    }
    let column = Rectangle::new(Point::new(left + (side + gap) as i32, 0), Size::new(words_width, 0));
    let line_height = style.line_height() as i32;
    let middle = inside.center().y - if english { small.pixels as i32 * 6 / 10 } else { 0 };
    let first = middle - (lines.len() as i32 - 1) * line_height / 2;
    for (index, line) in lines.iter().enumerate() {
        brush.centred_line(line, style, first + index as i32 * line_height, column, colors.words);
    }
    if english {
        let middle = middle + style.pixels as i32 * 6 / 10 + small.pixels as i32 * 7 / 10;
        brush.centred_line(&button.words.en, small, middle, column, colors.small);
    }
}
