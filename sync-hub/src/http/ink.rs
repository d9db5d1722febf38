//! What somebody wrote with a finger, as lines. Only numbers come out of it, so nothing in it can become markup.

use civic_core::ink::{Dot, Ink, InkBox, SIDE, Stroke};
use maud::{Markup, html};

/// Boxes in one row.
const ROW: usize = 10;

/// The drawing; it grows with the page, and its words for whoever cannot see it.
pub(super) fn drawing(ink: &Ink) -> Markup {
    let side = usize::from(SIDE);
    let rows = ink.boxes.len().div_ceil(ROW).max(1);
    let columns = ink.boxes.len().clamp(1, ROW);
    let words = ink.words();
    html! {
        svg.ink role="img" aria-label=(words) viewBox={ "0 0 " (columns * side) " " (rows * side) }
            data-columns=(columns) {
            @for (place, InkBox { strokes, .. }) in ink.boxes.iter().enumerate() {
                g transform={ "translate(" (place % ROW * side) " " (place / ROW * side) ")" } {
                    rect.box x="0" y="0" width=(side) height=(side) {}
                    @for stroke in strokes { polyline points=(points(stroke)) {} }
                }
            }
        }
        @if !words.is_empty() { p.hint { (web::page::spoken(&words)) } }
    }
}

/// A dot alone is a line of no length, whose round ends show.
fn points(Stroke { dots }: &Stroke) -> String {
    let alone = dots.first().filter(|_| dots.len() == 1);
    let all = dots.iter().chain(alone).map(|Dot { x, y, .. }| format!("{x},{y}"));
    all.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_becomes_lines_and_a_dot_is_seen() {
        let dot = |x, y| Dot { x, y, ms: 0 };
        let stroke = |dots: &[Dot]| Stroke { dots: dots.to_vec() };
        let strokes = vec![stroke(&[dot(1, 2), dot(3, 4)]), stroke(&[dot(5, 6)])];
        let ink = Ink { boxes: vec![InkBox { strokes, meant: Some('<') }, InkBox::default()] };
        let shown = drawing(&ink).into_string();
        assert!(shown.contains("points=\"1,2 3,4\"") && shown.contains("points=\"5,6 5,6\""));
        assert!(shown.contains("viewBox=\"0 0 2000 1000\"") && shown.contains("aria-label=\"&lt;\""));
    }
}
