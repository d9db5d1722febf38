//! QR codes, for a terminal and for a page.

use qrcodegen::{QrCode, QrCodeEcc};

/// Bright modules around a code, without which scanners do not find it.
const QUIET: i32 = 4;

/// A QR code for a terminal, two modules in each character; `None` if the text is too long.
pub fn blocks(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
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

/// The same for a page: the side of its square, and the path of its dark modules.
pub fn path(text: &str) -> Option<(i32, String)> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let (size, mut path) = (code.size(), String::new());
    for (x, y) in (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y)) {
        path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
    }
    Some((size + 2 * QUIET, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_square_and_has_a_bright_edge() {
        let text = "HUIYIN-ENROL 10.0.0.5:4433 ABCD1234 00112233445566778899AABBCCDDEEFF";
        let blocks = blocks(text).unwrap();
        let lines: Vec<_> = blocks.lines().collect();
        let (side, path) = path(text).unwrap();
        assert!(lines.iter().all(|line| line.chars().count() == usize::try_from(side).unwrap()));
        assert_eq!(lines.len(), usize::try_from((side + 1) / 2).unwrap());
        assert!(lines[0].chars().all(|character| character == '█'));
        // The corner of the finder pattern.
        assert!(path.starts_with("M4 4h1v1h-1z"));
        assert!(super::path(&"x".repeat(5_000)).is_none());
    }
}
