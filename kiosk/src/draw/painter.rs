//! Draws placed pieces, one after the other.

use embedded_graphics::{prelude::*, primitives::Rectangle};
use hardware::screen::Canvas;

use crate::{
    draw::{
        brush::Brush,
        button,
        icon::Icons,
        key,
        layout::{Placed, Scale},
        shape::Corners,
        text::Text,
        theme::Paper,
        words,
    },
    view::Face,
};

/// Fonts, pictures and corners, with what was drawn of them so far.
#[derive(Default)]
pub struct Painter {
    text: Text,
    icons: Icons,
    corners: Corners,
}

impl Painter {
    /// Draws a whole screen; the target under a finger looks pressed.
    pub fn paint<T>(&mut self, canvas: &mut Canvas, pieces: &[Placed<T>], pressed: Option<usize>) {
        let Ok(()) = canvas.clear(Paper::Ground.color());
        let scale = Scale::of(canvas.size());
        let Self { text, icons, corners } = self;
        let mut brush = Brush { canvas, text, icons, corners, scale };
        for (index, piece) in pieces.iter().enumerate() {
            draw(&mut brush, &piece.face, piece.area, pressed == Some(index));
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
            brush.picture(*icon, side, area.center(), ink.color());
        }
        Face::Button(button) => button::draw(brush, button, area, pressed),
        Face::Key(key) => key::draw(brush, key, area, pressed),
        Face::Writing { text, hint } => words::draw_writing(brush, text, hint, area),
    }
}

fn sheet(brush: &mut Brush<'_>, paper: Paper, area: Rectangle) {
    match paper {
        Paper::Ground | Paper::Bar => {
            let Ok(()) = brush.canvas.fill_solid(&area, paper.color());
        }
        Paper::Card => brush.plate(area, paper.color(), true),
        Paper::Strip | Paper::Warm => brush.plate(area, paper.color(), false),
    }
}
