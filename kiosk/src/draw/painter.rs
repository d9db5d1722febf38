//! Draws placed pieces, one after the other.

use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::Rectangle};
use hardware::screen::Canvas;

use crate::{
    draw::{
        brush::Brush,
        button,
        icon::Icons,
        ink::{Lines, draw_boxes, draw_pad},
        key,
        layout::Placed,
        photo::Photos,
        shape::Corners,
        surface::Surface,
        text::Text,
        theme::{Paper, Theme},
        words,
    },
    printing::code::{Code, EDGE},
    view::Face,
};

/// Fonts, pictures and corners, with what was drawn of them so far.
#[derive(Default)]
pub struct Painter {
    text: Text,
    icons: Icons,
    corners: Corners,
    lines: Lines,
    photos: Photos,
}

/// What a finger or a key is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The piece under a finger, which looks pressed.
    pub pressed: Option<usize>,
    /// The piece that the keys stand on, which has a ring.
    pub focus: Option<usize>,
}

impl Painter {
    /// Draws a whole screen.
    pub fn paint<T>(&mut self, canvas: &mut Canvas, pieces: &[Placed<T>], marks: Marks, theme: Theme) {
        let whole = canvas.bounding_box();
        if !pieces.first().is_some_and(|piece| piece.face == Face::Sheet(Paper::Ground) && piece.area == whole) {
            let Ok(()) = canvas.clear(theme.paper(Paper::Ground).face);
        }
        let surface = Surface { size: canvas.size(), theme };
        let Self { text, icons, corners, lines, photos } = self;
        let mut brush = Brush { canvas, text, icons, corners, lines, photos, surface };
        for (index, piece) in pieces.iter().enumerate() {
            let area = if marks.focus == Some(index) { brush.ring(piece.area) } else { piece.area };
            draw(&mut brush, &piece.face, area, marks.pressed == Some(index));
        }
    }
}

fn draw(brush: &mut Brush<'_>, face: &Face, area: Rectangle, pressed: bool) {
    match face {
        Face::Nothing => {}
        Face::Sheet(paper) => sheet(brush, *paper, area),
        Face::Words(words) => words::draw(brush, words, area),
        Face::Picture(icon, ink) => {
            let side = area.size.width.min(area.size.height);
            let color = brush.surface.theme.ink(*ink);
            brush.picture(*icon, side, area.center(), color);
        }
        Face::Code(code) => draw_code(brush, code, area),
        Face::Portrait(portrait) => {
            let (at, photo) = brush.photos.fitted(portrait, area);
            brush.canvas.lay(at, photo);
        }
        Face::Button(button) => button::draw(brush, button, area, pressed),
        Face::Key(key) => key::draw(brush, key, area, pressed),
        Face::Writing { text, hint } => words::draw_writing(brush, text, &hint.first, area),
        Face::Pad { strokes, pen, key_pen, .. } => draw_pad(brush, strokes, pen, *key_pen, area),
        Face::Ink { boxes, .. } => draw_boxes(brush, boxes, area),
    }
}

/// Black on white in every look, with white around it: a scanner knows no other.
fn draw_code(brush: &mut Brush<'_>, code: &Code, area: Rectangle) {
    let modules = code.side() + 2 * EDGE;
    let side = area.size.width.min(area.size.height) / modules;
    let square = Rectangle::with_center(area.center(), Size::new_equal(modules * side));
    let Ok(()) = brush.canvas.fill_solid(&square, Rgb888::WHITE);
    for (x, y) in (0..code.side()).flat_map(|y| (0..code.side()).map(move |x| (x, y))) {
        if code.is_dark(x, y) {
            let place = Point::new(((EDGE + x) * side) as i32, ((EDGE + y) * side) as i32);
            let module = Rectangle::new(square.top_left + place, Size::new_equal(side));
            let Ok(()) = brush.canvas.fill_solid(&module, Rgb888::BLACK);
        }
    }
}

fn sheet(brush: &mut Brush<'_>, paper: Paper, area: Rectangle) {
    let plate = brush.surface.theme.paper(paper);
    match paper {
        Paper::Ground | Paper::Bar | Paper::Filled => {
            let Ok(()) = brush.canvas.fill_solid(&area, plate.face);
            if let Some(edge) = plate.edge {
                let below = Rectangle::new(
                    area.top_left + Point::new(0, area.size.height as i32 - 3),
                    Size::new(area.size.width, 3),
                );
                let Ok(()) = brush.canvas.fill_solid(&below, edge);
            }
        }
        Paper::Card => brush.plate(area, plate, true),
        Paper::Strip | Paper::Warm => brush.plate(area, plate, false),
    }
}
