//! One drawing in progress: what every kind of piece is drawn with.

use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::Rectangle};
use hardware::screen::Canvas;

use crate::draw::{
    icon::{Icon, Icons},
    layout::Scale,
    shape::Corners,
    text::{Style, Text, Weight},
    theme::{CORNER, SHADOW, TextSize},
};

/// The smallest size that words may shrink to, of the size they were meant to have.
const SHRINK_TO: (u32, u32) = (11, 20);

/// A canvas with fonts, pictures and corners at hand.
pub struct Brush<'a> {
    pub canvas: &'a mut Canvas,
    pub text: &'a mut Text,
    pub icons: &'a mut Icons,
    pub corners: &'a mut Corners,
    pub scale: Scale,
}

impl Brush<'_> {
    /// A rounded face, with a shadow when it can be lifted off the ground.
    pub fn plate(&mut self, area: Rectangle, face: Rgb888, shadow: bool) {
        let radius = self.scale.pixels(CORNER);
        if shadow {
            let below = Rectangle::new(area.top_left + Point::new(1, 3), area.size);
            self.corners.fill_rounded(self.canvas, below, radius, SHADOW);
        }
        self.corners.fill_rounded(self.canvas, area, radius, face);
    }

    /// A picture on a square around this point.
    pub fn picture(&mut self, icon: Icon, side: u32, centre: Point, color: Rgb888) {
        let mask = self.icons.mask(icon, side);
        self.canvas.blend(centre - Point::new_equal(side as i32 / 2), mask, color);
    }

    /// One line in the middle of a width, at this height; made smaller where it would be too wide.
    pub fn centred_line(&mut self, line: &str, style: Style, middle: i32, area: Rectangle, color: Rgb888) {
        let (mut style, smallest) = (style, self.smallest(style));
        while self.text.width(line, style) > area.size.width && style.pixels > smallest {
            style.pixels -= 1;
        }
        let x = area.top_left.x + (area.size.width as i32 - self.text.width(line, style) as i32) / 2;
        self.text.draw(self.canvas, x, middle, line, style, color);
    }

    /// How words of this size are set on this screen.
    pub fn style(&self, size: TextSize, bold: bool) -> Style {
        let weight = if bold { Weight::Bold } else { Weight::Regular };
        Style { weight, pixels: self.scale.pixels(size.units()) }
    }

    /// The smallest size that words of this style may shrink to, in pixels.
    pub fn smallest(&self, style: Style) -> u32 {
        (style.pixels * SHRINK_TO.0 / SHRINK_TO.1).max(self.scale.pixels(TextSize::Small.units()) * 4 / 5)
    }

    /// So many units, in pixels.
    pub fn px(&self, units: u32) -> i32 {
        self.scale.pixels(units) as i32
    }
}
