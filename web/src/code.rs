//! QR codes: drawn on a page by the page's own vectors, and in a terminal.

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// Bright modules around a code, without which scanners do not find it.
const QUIET: i32 = 4;

/// The code of these words; `None` if they are too long. No picture has to be fetched, no script has to
/// run, and what the code is for stands beside it.
pub fn square(words: &str) -> Option<Markup> {
    let code = encode(words)?;
    let side = code.size() + 2 * QUIET;
    let modules = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let dark = modules.filter(|(x, y)| code.get_module(*x, *y));
    let path: String = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET)).collect();
    Some(html! {
        svg.qr role="img" aria-label="QR" viewBox={ "0 0 " (side) " " (side) } shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    })
}

/// The same for a terminal, two modules in each character.
pub fn blocks(words: &str) -> Option<String> {
    let code = encode(words)?;
    let span = -QUIET..code.size() + QUIET;
    let mut out = String::new();
    for y in span.clone().step_by(2) {
        for x in span.clone() {
            // Terminals are dark more often than bright, so what is bright is drawn.
            out.push(match (code.get_module(x, y), code.get_module(x, y + 1)) {
                (false, false) => '█',
                (false, true) => '▀',
                (true, false) => '▄',
                (true, true) => ' ',
            });
        }
        out.push('\n');
    }
    Some(out)
}

fn encode(words: &str) -> Option<QrCode> {
    QrCode::encode_text(words, QrCodeEcc::Medium).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_bright_edge_and_carries_no_style() {
        let svg = square(&"7".repeat(49)).unwrap().into_string();
        assert!(svg.contains("viewBox=\"0 0 33 33\"") && svg.contains("M4 4h1v1h-1z"), "{svg}");
        assert!(!svg.contains("style"));
        assert!(square(&"x".repeat(5_000)).is_none());
    }

    #[test]
    fn a_code_in_a_terminal_is_square_and_has_a_bright_edge() {
        let blocks = blocks("HUIYIN-ENROL 10.0.0.5:4433 ABCD1234 00112233445566778899AABBCCDDEEFF").unwrap();
        let lines: Vec<_> = blocks.lines().collect();
        let side = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == side));
        assert_eq!(lines.len(), side.div_ceil(2));
        assert!(lines[0].chars().all(|character| character == '█'));
    }
}
