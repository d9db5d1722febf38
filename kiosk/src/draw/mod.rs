//! From a view to pixels. Nothing here knows which screen is up.
//!
//! [`layout`] says where each piece lies, [`Painter`] draws the pieces one after the other, and [`theme`] holds every
//! colour and size. All text goes through [`text`], all pictures through [`icon`].

mod brush;
mod button;
pub mod icon;
mod key;
pub mod layout;
pub mod painter;
mod shape;
pub mod text;
pub mod theme;
mod words;

pub use painter::Painter;
