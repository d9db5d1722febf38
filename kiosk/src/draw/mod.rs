//! From a view to pixels. Nothing here knows which screen is up.
//!
//! [`layout`] says where each piece lies on a [`surface`], [`Painter`] draws the pieces one after the other, and [`theme`]
//! holds every colour and size. All text is measured by [`measure`] and drawn by [`text`], all pictures by [`icon`].

mod brush;
mod button;
pub mod icon;
pub mod ink;
mod key;
pub mod layout;
pub mod measure;
mod needed;
pub mod painter;
mod photo;
mod shape;
pub mod surface;
pub mod text;
pub mod theme;
mod words;

pub use painter::{Marks, Painter};

use embedded_graphics::primitives::Rectangle;

use crate::{draw::surface::Surface, view::Face};

/// How the words of a piece come out: words give way before they spill over, and somebody must see how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Height of a character, in pixels.
    pub pixels: u32,
    /// Whether all of them have room at this size.
    pub is_whole: bool,
}

/// How the words of this piece come out in this place; `None` where there are none, or where only their end is shown.
pub fn shown(face: &Face, area: Rectangle, surface: Surface) -> Option<Shown> {
    match face {
        Face::Words(words) if !words.sentence.first.is_empty() => Some(words::shown(words, area, surface)),
        Face::Button(button) => Some(button::shown(button, area, surface)),
        Face::Key(key) if key.icon.is_none() => Some(key::shown(key, area, surface)),
        Face::Nothing
        | Face::Sheet(_)
        | Face::Words(_)
        | Face::Picture(..)
        | Face::Code(_)
        | Face::Portrait(_)
        | Face::Key(_)
        | Face::Writing { .. }
        | Face::Pad { .. }
        | Face::Ink { .. } => None,
    }
}
