//! Tables that people open in a spreadsheet: what others wrote stays text there, whatever it looks like.

/// A file begins with the mark by which spreadsheets know UTF-8, and the names of the columns.
pub fn head(names: &[&str]) -> String {
    format!("\u{feff}{}", row(names))
}

/// One line.
pub fn row<S: AsRef<str>>(cells: &[S]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell_of(cell.as_ref())).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell: in quotes; what turns or hides text made visible; and what a spreadsheet would reckon with, marked as text.
fn cell_of(text: &str) -> String {
    let is_reckoned = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    let mark = if is_reckoned { "'" } else { "" };
    format!("\"{mark}{}\"", web::page::visible(text).replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_reckon_with_stays_text() {
        for trick in ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "\r=1", " =HYPERLINK(\"http://evil.example\")", "＝1"] {
            assert!(cell_of(trick).starts_with("\"'"), "{trick:?}");
        }
        assert_eq!(cell_of("路坏了"), "\"路坏了\"");
        assert_eq!(cell_of("他说\"好\""), "\"他说\"\"好\"\"\"");
        assert_eq!(cell_of("\u{202e}反"), "\"␣反\"");
        assert_eq!(row(&["a", "b"]), "\"a\",\"b\"\r\n");
    }
}
