//! One drawing in progress: what every kind of piece is drawn with.

use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::Rectangle};
use hardware::screen::Canvas;

use crate::draw::{
    icon::{Icon, Icons},
    ink::Lines,
    measure::{Style, width},
    photo::Photos,
    shape::Corners,
    surface::Surface,
    text::Text,
    theme::{CORNER, Plate},
};

/// Width of an edge, in units.
const EDGE: u32 = 3;

/// How far a shadow lies from what casts it, in pixels: no further to the right than down.
const SHADOW: Point = Point::new(1, 3);

/// Widths of the two rings around the target that the keys stand on, in units, the outer first.
const RINGS: [u32; 2] = [5, 3];

/// A canvas with fonts, pictures and corners at hand.
pub struct Brush<'a> {
    pub canvas: &'a mut Canvas,
    pub text: &'a mut Text,
    pub icons: &'a mut Icons,
    pub corners: &'a mut Corners,
    pub lines: &'a mut Lines,
    pub photos: &'a mut Photos,
    pub surface: Surface,
}

impl Brush<'_> {
    /// A rounded face with its edge, and with a shadow where it can be lifted off the ground.
    pub fn plate(&mut self, area: Rectangle, plate: Plate, lifted: bool) {
        if let Some(shadow) = self.surface.theme.shadow().filter(|_| lifted) {
            let below = Rectangle::new(area.top_left + SHADOW, area.size);
            self.rim(below, SHADOW.y as u32, shadow);
        }
        match plate.edge {
            Some(edge) => {
                self.rim(area, self.surface.pixels(EDGE), edge);
                self.rounded(area.offset(-self.px(EDGE)), plate.face);
            }
            None => self.rounded(area, plate.face),
        }
    }

    /// The ring around the target that the keys stand on; returns what is left inside it.
    pub fn ring(&mut self, mut area: Rectangle) -> Rectangle {
        for (color, units) in self.surface.theme.ring().into_iter().zip(RINGS) {
            self.rounded(area, color);
            area = area.offset(-self.px(units));
        }
        area
    }

    /// A picture on a square around this point.
    pub fn picture(&mut self, icon: Icon, side: u32, centre: Point, color: Rgb888) {
        let mask = self.icons.mask(icon, side);
        self.canvas.blend(centre - Point::new_equal(side as i32 / 2), mask, color);
    }

    /// One line in the middle of a width, at this height; made smaller where it would be too wide.
    pub fn centred_line(&mut self, line: &str, style: Style, middle: i32, area: Rectangle, color: Rgb888) {
        let (mut style, smallest) = (style, self.surface.smallest(style));
        while width(line, style) > area.size.width && style.pixels > smallest {
            style.pixels -= 1;
        }
        let x = area.top_left.x + (area.size.width as i32 - width(line, style) as i32) / 2;
        self.text.draw(self.canvas, x, middle, line, style, color);
    }

    /// Lines one below the other around this height, each in the middle of a width.
    pub fn centred_lines(&mut self, lines: &[String], style: Style, middle: i32, area: Rectangle, color: Rgb888) {
        let first = middle - (lines.len() as i32 - 1) * style.line_height() as i32 / 2;
        for (index, line) in lines.iter().enumerate() {
            self.centred_line(line, style, first + index as i32 * style.line_height() as i32, area, color);
        }
    }

    /// So many units, in pixels.
    pub fn px(&self, units: u32) -> i32 {
        self.surface.px(units)
    }

    /// What is seen of a rounded rectangle around one that lies on it.
    fn rim(&mut self, area: Rectangle, rim: u32, color: Rgb888) {
        self.corners.fill_rim(self.canvas, area, self.surface.pixels(CORNER), rim, color);
    }

    fn rounded(&mut self, area: Rectangle, color: Rgb888) {
        self.corners.fill_rounded(self.canvas, area, self.surface.pixels(CORNER), color);
    }
}
