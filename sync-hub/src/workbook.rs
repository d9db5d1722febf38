//! A workbook (XLSX) of one sheet, written row by row into any stream: neither the rows nor the file stand in memory.
//!
//! Whatever stands in a cell is text. A cell here has no way to be a formula, is of the format "text", and says so once more
//! to a program in which somebody touches it (`quotePrefix`), so that it stays text when it is saved elsewhere.
//!
//! The parts are what every spreadsheet reads (ECMA-376); the archive is ZIP with its lengths behind each part.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::DeflateEncoder};

/// Longest text of a cell, in UTF-16 units, as spreadsheets take it; more is cut off, and `…` says so.
const CELL_UNITS_MAX: usize = 32_767;
/// Rows of a sheet, as spreadsheets take them; one more is an error, and the list is asked for by area or as CSV.
const ROWS_MAX: u32 = 1_048_576;

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const SHEET: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
/// The places of the two formats in [`styles`].
const TEXT: u8 = 1;
const HEADING: u8 = 2;

/// A workbook that is being written.
pub struct Workbook<W: Write> {
    archive: Archive<W>,
    rows: u32,
}

impl<W: Write> Workbook<W> {
    /// Begins a sheet under these headings, each column so many characters wide.
    pub fn begin(out: W, headings: &[&str], widths: &[u8]) -> io::Result<Self> {
        let mut archive = Archive::new(out);
        let types: String = [("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("styles", "styles")]
            .iter()
            .map(|(part, kind)| format!("<Override PartName=\"/xl/{part}.xml\" ContentType=\"{TYPES}.{kind}+xml\"/>"))
            .collect();
        archive.part(
            "[Content_Types].xml",
            &format!(
                "{XML}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>{types}</Types>"
            ),
        )?;
        archive.part("_rels/.rels", &relations(&[("officeDocument", "xl/workbook.xml")]))?;
        archive.part(
            "xl/workbook.xml",
            &format!(
                "{XML}<workbook xmlns=\"{SHEET}\" xmlns:r=\"{OFFICE}\"><bookViews><workbookView/></bookViews><sheets><sheet \
                 name=\"huiyin\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        )?;
        let parts = [("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")];
        archive.part("xl/_rels/workbook.xml.rels", &relations(&parts))?;
        archive.part("xl/styles.xml", &styles())?;
        archive.begin("xl/worksheets/sheet1.xml")?;
        let columns: String = (1..)
            .zip(widths)
            .map(|(place, width)| format!("<col min=\"{place}\" max=\"{place}\" width=\"{width}\" customWidth=\"1\"/>"))
            .collect();
        // The headings stay in sight.
        archive.write(&format!(
            "{XML}<worksheet xmlns=\"{SHEET}\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" \
             topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><cols>{columns}</cols><sheetData>"
        ))?;
        let mut book = Self { archive, rows: 0 };
        book.line(headings, HEADING)?;
        Ok(book)
    }

    /// Adds a row.
    pub fn row<S: AsRef<str>>(&mut self, cells: &[S]) -> io::Result<()> {
        self.line(cells, TEXT)
    }

    fn line<S: AsRef<str>>(&mut self, cells: &[S], style: u8) -> io::Result<()> {
        if self.rows == ROWS_MAX {
            return Err(io::Error::other(format!("a sheet has no more than {ROWS_MAX} rows; take less, or take CSV")));
        }
        self.rows += 1;
        let mut line = format!("<row r=\"{}\">", self.rows);
        for cell in cells {
            line.push_str(&format!("<c s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"));
            push_text(&mut line, cell.as_ref());
            line.push_str("</t></is></c>");
        }
        line.push_str("</row>");
        self.archive.write(&line)
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<()> {
        self.archive.write("</sheetData></worksheet>")?;
        self.archive.finish()
    }
}

/// What stands between two tags: what turns or hides text made visible, and nothing that a reader would decode once more.
fn push_text(out: &mut String, text: &str) {
    let mut room = CELL_UNITS_MAX - 1;
    let text = web::page::visible(text);
    for (place, character) in text.char_indices() {
        let Some(rest) = room.checked_sub(character.len_utf16()) else {
            out.push('…');
            return;
        };
        room = rest;
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML has no such characters at all.
            '\u{fffe}' | '\u{ffff}' => out.push('␣'),
            // Spreadsheets read _x003D_ as the character of that number: somebody could write with it what is made visible here.
            '_' if is_escape(&text[place..]) => out.push_str("_x005F_"),
            other => out.push(other),
        }
    }
}

fn is_escape(text: &str) -> bool {
    let text = text.as_bytes();
    text.len() >= 7 && text[1] == b'x' && text[2..6].iter().all(u8::is_ascii_hexdigit) && text[6] == b'_'
}

fn relations(to: &[(&str, &str)]) -> String {
    let relations: String = (1..)
        .zip(to)
        .map(|(number, (kind, target))| {
            format!("<Relationship Id=\"rId{number}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!("{XML}<Relationships xmlns=\"{PACKAGE}/relationships\">{relations}</Relationships>")
}

/// Three formats: the one that must come first, text in as many lines as it takes, and the same in bold. 49 is "text".
fn styles() -> String {
    let format = |font: u8| {
        format!(
            "<xf numFmtId=\"49\" fontId=\"{font}\" fillId=\"0\" borderId=\"0\" xfId=\"0\" quotePrefix=\"1\" \
             applyNumberFormat=\"1\" applyAlignment=\"1\"><alignment vertical=\"top\" wrapText=\"1\"/></xf>"
        )
    };
    format!(
        "{XML}<styleSheet xmlns=\"{SHEET}\"><fonts count=\"2\"><font><sz val=\"11\"/></font><font><b/><sz val=\"11\"/></font></fonts>\
         <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
         <borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
         <cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
         <cellXfs count=\"3\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>{}{}</cellXfs>\
         <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>",
        format(0),
        format(1)
    )
}

/// Counts what passes.
struct Counted<W> {
    out: W,
    length: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A ZIP archive in a stream. Nothing in it may reach 4 GiB: then it is an error, which no reader could take for an end.
struct Archive<W: Write> {
    /// Between two parts; within one it is in `part`.
    out: Option<Counted<W>>,
    part: Option<Part<W>>,
    directory: Vec<u8>,
    parts: u16,
}

/// The part that is being written.
struct Part<W: Write> {
    name: &'static str,
    begins_at: u64,
    packer: DeflateEncoder<Counted<W>>,
    data_at: u64,
    sum: Crc,
    length: u64,
}

/// Version 2.0; lengths come behind, names are in UTF-8; deflated; 1 January 1980.
const FACTS: [u8; 10] = [20, 0, 0x08, 0x08, 8, 0, 0, 0, 0x21, 0];

impl<W: Write> Archive<W> {
    fn new(out: W) -> Self {
        Self { out: Some(Counted { out, length: 0 }), part: None, directory: Vec::new(), parts: 0 }
    }

    fn part(&mut self, name: &'static str, text: &str) -> io::Result<()> {
        self.begin(name)?;
        self.write(text)
    }

    /// Begins a part, and ends the one before.
    fn begin(&mut self, name: &'static str) -> io::Result<()> {
        self.end_part()?;
        let mut out = self.out.take().ok_or_else(broken)?;
        let begins_at = out.length;
        out.write_all(&[&b"PK\x03\x04"[..], &FACTS, &[0; 12], &name_length(name), &[0, 0], name.as_bytes()].concat())?;
        let data_at = out.length;
        let packer = DeflateEncoder::new(out, Compression::default());
        self.part = Some(Part { name, begins_at, packer, data_at, sum: Crc::new(), length: 0 });
        Ok(())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let part = self.part.as_mut().ok_or_else(broken)?;
        part.sum.update(text.as_bytes());
        part.length += text.len() as u64;
        part.packer.write_all(text.as_bytes())
    }

    fn end_part(&mut self) -> io::Result<()> {
        let Some(Part { name, begins_at, packer, data_at, sum, length }) = self.part.take() else { return Ok(()) };
        let mut out = packer.finish()?;
        let sizes = [sum.sum().to_le_bytes(), short(out.length - data_at)?, short(length)?].concat();
        out.write_all(&[b"PK\x07\x08", &sizes[..]].concat())?;
        let entry = [&b"PK\x01\x02\x14\x00"[..], &FACTS, &sizes, &name_length(name), &[0; 12], &short(begins_at)?];
        self.directory.extend([&entry.concat()[..], name.as_bytes()].concat());
        self.parts += 1;
        self.out = Some(out);
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.end_part()?;
        let mut out = self.out.take().ok_or_else(broken)?;
        let (count, at) = (self.parts.to_le_bytes(), short(out.length)?);
        out.write_all(&self.directory)?;
        let end = [&b"PK\x05\x06\x00\x00\x00\x00"[..], &count, &count, &short(self.directory.len() as u64)?, &at];
        out.write_all(&[&end.concat()[..], &[0, 0]].concat())?;
        out.flush()
    }
}

/// Something failed before, and nothing more can follow.
fn broken() -> io::Error {
    io::Error::other("the workbook broke off")
}

fn short(length: u64) -> io::Result<[u8; 4]> {
    let length =
        u32::try_from(length).map_err(|_| io::Error::other("a workbook ends at 4 GiB; take less, or take CSV"));
    Ok(length?.to_le_bytes())
}

fn name_length(name: &str) -> [u8; 2] {
    u16::try_from(name.len()).unwrap_or_default().to_le_bytes()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;

    use super::*;

    /// A part of a workbook, found as a reader finds it: by the directory at its end.
    pub(crate) fn part(book: &[u8], name: &str) -> String {
        let word = |at: usize| usize::from(u16::from_le_bytes([book[at], book[at + 1]]));
        let long = |at: usize| u32::from_le_bytes(book[at..at + 4].try_into().unwrap()) as usize;
        let end = book.len() - 22;
        assert_eq!(&book[end..end + 4], b"PK\x05\x06");
        let mut entry = long(end + 16);
        for _ in 0..word(end + 10) {
            assert_eq!(&book[entry..entry + 4], b"PK\x01\x02");
            let named = &book[entry + 46..entry + 46 + word(entry + 28)];
            if named == name.as_bytes() {
                let (sum, packed, length, at) =
                    (long(entry + 16), long(entry + 20), long(entry + 24), long(entry + 42));
                assert_eq!(&book[at..at + 4], b"PK\x03\x04");
                let data = at + 30 + word(at + 26) + word(at + 28);
                let mut text = String::new();
                DeflateDecoder::new(&book[data..data + packed]).read_to_string(&mut text).unwrap();
                let mut crc = Crc::new();
                crc.update(text.as_bytes());
                assert_eq!((crc.sum() as usize, text.len()), (sum, length));
                return text;
            }
            entry += 46 + named.len();
        }
        panic!("no part {name}");
    }

    fn sheet(rows: &[&[&str]]) -> String {
        let mut out = Vec::new();
        let mut book = Workbook::begin(&mut out, &["原话"], &[60]).unwrap();
        rows.iter().for_each(|row| book.row(row).unwrap());
        book.finish().unwrap();
        for name in ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/styles.xml"] {
            assert!(part(&out, name).starts_with("<?xml"), "{name}");
        }
        part(&out, "xl/worksheets/sheet1.xml")
    }

    #[test]
    fn whatever_was_said_is_the_text_of_a_cell() {
        let sheet = sheet(&[&["=1+1 <b>&\u{202e}\u{fffe}"], &["<f>2</f>]]>"]]);
        assert!(sheet.contains("<t xml:space=\"preserve\">=1+1 &lt;b&gt;&amp;␣␣</t>"), "{sheet}");
        assert!(
            !sheet.contains("<f>") && sheet.contains("&lt;f&gt;2&lt;/f&gt;]]&gt;") && sheet.contains("<row r=\"3\">")
        );
        assert_eq!(sheet.matches("t=\"inlineStr\"").count(), sheet.matches("<c ").count());
    }

    #[test]
    fn nothing_that_is_spelt_out_is_decoded_by_the_reader() {
        let sheet = sheet(&[&["_x003D_1+1 _x202e_ _x005F_x003D_ _x3D_ a_b"]]);
        assert!(sheet.contains(">_x005F_x003D_1+1 _x005F_x202e_ _x005F_x005F_x005F_x003D_ _x3D_ a_b<"), "{sheet}");
    }

    #[test]
    fn a_text_that_no_cell_holds_is_cut_off_and_says_so() {
        let sheet = sheet(&[&[&"水".repeat(40_000)], &[&"𠮷".repeat(20_000)]]);
        assert_eq!(sheet.matches('水').count(), CELL_UNITS_MAX - 1);
        assert_eq!((sheet.matches('𠮷').count(), sheet.matches('…').count()), ((CELL_UNITS_MAX - 1) / 2, 2));
    }
}
