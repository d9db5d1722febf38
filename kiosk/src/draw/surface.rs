//! What a view is laid out on: a screen of some size, seen in some way.

use embedded_graphics::prelude::Size;

use crate::draw::{
    measure::{Style, Weight},
    theme::{TextSize, Theme},
};

/// No target is lower or narrower than this many pixels, on any screen: about a fingertip at the distance of a kiosk,
/// and 12 mm on the panels that `docs/kiosk.md` names.
pub const FINGER: u32 = 60;

/// The size of screen that a unit is measured on; turned, for an upright one.
const DRAWN_FOR: Size = Size::new(1024, 600);

/// The smallest size that words may shrink to, of the size they were meant to have.
const SHRINK_TO: (u32, u32) = (11, 20);

/// A screen of some size, seen in some way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surface {
    /// Width and height, in pixels.
    pub size: Size,
    /// Letters, colours, language.
    pub theme: Theme,
}

impl Surface {
    /// Whether the screen is higher than wide.
    pub fn is_upright(self) -> bool {
        self.size.height > self.size.width
    }

    /// So many units, in pixels.
    pub fn pixels(self, units: u32) -> u32 {
        (units * self.scale() + 500) / 1000
    }

    /// So many units, in pixels, to reckon places with.
    pub fn px(self, units: u32) -> i32 {
        self.pixels(units) as i32
    }

    /// How words of this size are set on this screen.
    pub fn style(self, size: TextSize, bold: bool) -> Style {
        let weight = if bold { Weight::Bold } else { Weight::Regular };
        Style { weight, pixels: self.pixels(self.theme.units(size)) }
    }

    /// The smallest size that words of this style may shrink to, in pixels.
    pub fn smallest(self, style: Style) -> u32 {
        let floor = self.pixels(self.theme.units(TextSize::Small)) * 4 / 5;
        (style.pixels * SHRINK_TO.0 / SHRINK_TO.1).max(floor)
    }

    /// How many pixels a unit is, in thousandths.
    fn scale(self) -> u32 {
        let Size { width, height } = DRAWN_FOR;
        let (width, height) = if self.is_upright() { (height, width) } else { (width, height) };
        (self.size.width * 1000 / width).min(self.size.height * 1000 / height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_a_pixel_on_both_screens_it_is_drawn_for() {
        let pixels = |width, height| {
            let surface = Surface { size: Size::new(width, height), theme: Theme::default() };
            surface.pixels(100)
        };
        assert_eq!([pixels(1024, 600), pixels(600, 1024), pixels(800, 480)], [100, 100, 78]);
        assert_eq!(pixels(1280, 800), 125);
    }
}
