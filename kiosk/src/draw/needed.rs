//! How much room a part needs for its words at the present size of letters, so that no screen has to guess it.

use crate::{
    draw::{
        layout::share_out,
        measure::{Style, lines, on_one_line, width},
        surface::{FINGER, Surface},
        theme::TextSize,
    },
    view::{Button, Face, Form, Grid, Length, Line, Part, Way},
};

/// Space between the edge of a button and its words, in units.
pub(super) const BUTTON_PADDING: u32 = 8;

/// A picture above words is at least so high, in units.
const PICTURE_NEEDED: u32 = 64;

/// Height of a key, in units.
const KEY_NEEDED: u32 = 64;

/// The height that a part needs where it is so wide, in pixels.
pub(super) fn height<T>(part: &Part<T>, available: u32, surface: Surface) -> u32 {
    match part {
        Part::Leaf(leaf) => face_height(&leaf.face, available, surface),
        Part::Sheet { padding, inside, .. } => {
            let padding = 2 * surface.pixels(*padding);
            height(inside, available.saturating_sub(padding), surface) + padding
        }
        Part::Line(line) if runs_down(line.way, surface) => {
            let parts = line.parts.iter().map(|(length, part)| match length {
                Length::Units(_) | Length::Fingers(..) => firm(*length, surface),
                Length::Needed | Length::Share(_) => height(part, available, surface),
            });
            parts.sum::<u32>() + gaps(line, surface)
        }
        Part::Line(line) => {
            let widths = share_out(line, false, available, 0, surface);
            let cells = line.parts.iter().zip(widths).map(|((_, part), width)| height(part, width, surface));
            cells.max().unwrap_or(0)
        }
        Part::Grid(grid) => {
            let (across, down) = cells(grid, surface);
            let gap = surface.pixels(grid.gap);
            let cell = available.saturating_sub(gap * (across as u32 - 1)) / across as u32;
            let highest = grid.parts.iter().map(|part| height(part, cell, surface)).max().unwrap_or(0);
            highest * down as u32 + gap * (down as u32).saturating_sub(1)
        }
    }
}

/// The width that a part needs for its words on one line, in pixels.
pub(super) fn width_of<T>(part: &Part<T>, surface: Surface) -> u32 {
    match part {
        Part::Leaf(leaf) => face_width(&leaf.face, surface),
        Part::Sheet { padding, inside, .. } => width_of(inside, surface) + 2 * surface.pixels(*padding),
        Part::Line(line) if runs_down(line.way, surface) => {
            line.parts.iter().map(|(_, part)| width_of(part, surface)).max().unwrap_or(0)
        }
        Part::Line(line) => {
            let parts = line.parts.iter().map(|(length, part)| match length {
                Length::Units(_) | Length::Fingers(..) => firm(*length, surface),
                Length::Needed | Length::Share(_) => width_of(part, surface),
            });
            parts.sum::<u32>() + gaps(line, surface)
        }
        Part::Grid(grid) => {
            let across = cells(grid, surface).0 as u32;
            let widest = grid.parts.iter().map(|part| width_of(part, surface)).max().unwrap_or(0);
            widest * across + surface.pixels(grid.gap) * (across - 1)
        }
    }
}

/// Columns and rows of a grid on this screen.
pub(super) fn cells<T>(grid: &Grid<T>, surface: Surface) -> (usize, usize) {
    let across = if surface.is_upright() { grid.upright } else { grid.wide }.max(1);
    (across, grid.room.div_ceil(across).max(1))
}

/// Whether a line of this kind runs from top to bottom on this screen.
pub(super) fn runs_down(way: Way, surface: Surface) -> bool {
    match way {
        Way::Across => false,
        Way::Down => true,
        Way::Turning => surface.is_upright(),
        Way::Counter => !surface.is_upright(),
    }
}

/// All gaps of a line, in pixels.
pub(super) fn gaps<T>(line: &Line<T>, surface: Surface) -> u32 {
    surface.pixels(line.gap) * (line.parts.len() as u32).saturating_sub(1)
}

/// A length that hangs on nothing else, in pixels; 0 for the others.
pub(super) fn firm(length: Length, surface: Surface) -> u32 {
    match length {
        Length::Units(units) => surface.pixels(units),
        Length::Fingers(rows, units) => rows * surface.pixels(units).max(FINGER),
        Length::Needed | Length::Share(_) => 0,
    }
}

fn face_height(face: &Face, available: u32, surface: Surface) -> u32 {
    match face {
        Face::Nothing
        | Face::Sheet(_)
        | Face::Picture(..)
        | Face::Code(_)
        | Face::Portrait(_)
        | Face::Pad { .. }
        | Face::Ink { .. } => 0,
        Face::Words(words) if words.sentence.first.is_empty() => 0,
        Face::Words(words) => {
            let style = surface.style(words.size, words.bold);
            let lines = if words.one_line { 1 } else { line_count(&words.sentence.first, style, available) };
            // A little air above and below, or lines of neighbours would touch.
            style.height_of(lines) + style.pixels / 3
        }
        Face::Button(button) => button_height(button, available, surface),
        Face::Key(_) => surface.pixels(KEY_NEEDED).max(FINGER),
        Face::Writing { .. } => surface.style(TextSize::Strong, false).height_of(2),
    }
}

/// How many lines these words take.
fn line_count(words: &str, style: Style, available: u32) -> usize {
    lines(words, on_one_line(words, style, available), available).len()
}

fn button_height(button: &Button, available: u32, surface: Surface) -> u32 {
    let style = surface.style(button.size, true);
    let inside = available.saturating_sub(2 * surface.pixels(BUTTON_PADDING));
    let beside = if button.words.beside.is_empty() { 0 } else { surface.style(TextSize::Small, false).line_height() };
    let picture = match (button.form, button.icon) {
        (Form::Wide | Form::Entry, Some(_)) => style.pixels * 5 / 4 + style.pixels / 3,
        (Form::Wide | Form::Entry | Form::Tall | Form::Picture, _) => 0,
    };
    let lines = line_count(&button.words.first, style, inside.saturating_sub(picture));
    let words = style.height_of(lines) + beside;
    let needed = match button.form {
        Form::Wide | Form::Entry => words,
        Form::Tall => words + surface.pixels(PICTURE_NEEDED),
        Form::Picture => 0,
    };
    (needed + 2 * surface.pixels(BUTTON_PADDING) + style.pixels / 3).max(FINGER)
}

fn face_width(face: &Face, surface: Surface) -> u32 {
    match face {
        Face::Nothing
        | Face::Sheet(_)
        | Face::Picture(..)
        | Face::Code(_)
        | Face::Portrait(_)
        | Face::Writing { .. }
        | Face::Pad { .. }
        | Face::Ink { .. } => 0,
        // One pixel more: what is exactly as wide as its place may break by a rounding.
        Face::Words(words) => width(&words.sentence.first, surface.style(words.size, words.bold)) + 1,
        Face::Button(button) => {
            let style = surface.style(button.size, true);
            let picture = if button.icon.is_some() { style.pixels * 5 / 4 } else { 0 };
            let words = match button.form {
                Form::Wide | Form::Entry => picture + style.pixels / 3 + width(&button.words.first, style) + 1,
                Form::Tall => width(&button.words.first, style).max(picture) + 1,
                Form::Picture => picture,
            };
            (words + 4 * surface.pixels(BUTTON_PADDING)).max(FINGER)
        }
        Face::Key(key) => width(&key.words.first, surface.style(TextSize::Strong, false)).max(FINGER),
    }
}
