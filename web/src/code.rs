//! A square code on a page, drawn by the page's own vectors.

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// White around the code, in modules: scanners need it to find the code.
const EDGE: i32 = 4;

/// The code of these digits; nothing if they fit into none.
pub fn square(digits: &str) -> Markup {
    // The strongest correction, as on the kiosk's paper: it is photographed from a bright screen.
    let Ok(code) = QrCode::encode_text(digits, QrCodeEcc::High) else { return Markup::default() };
    let side = code.size() + 2 * EDGE;
    let modules = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let dark = modules.filter(|(x, y)| code.get_module(*x, *y));
    let path: String = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + EDGE, y + EDGE)).collect();
    html! {
        svg.code role="img" viewBox={ "0 0 " (side) " " (side) } shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_with_its_edge_and_carries_no_style() {
        let svg = square(&"7".repeat(49)).into_string();
        assert!(svg.contains("viewBox=\"0 0 37 37\"") && svg.contains("M4 4h1v1h-1z"));
        assert!(!svg.contains("style"));
        assert_eq!(square(&"7".repeat(9_999)).into_string(), "");
    }
}
