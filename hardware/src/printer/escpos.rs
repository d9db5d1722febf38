//! The bytes that receipt printers understand (ESC/POS): a picture by `GS v 0`, and two questions by `DLE EOT`.

use super::{PrinterStatus, ROW_BYTES, Raster};

/// Forget what the last job left behind.
pub const INITIALISE: [u8; 2] = [ESC, b'@'];

/// Four lines of white: from the print head to the edge where paper is torn.
pub const FEED_OUT: [u8; 3] = [ESC, b'd', 4];

/// Asks why it might not print; the answer is one byte.
pub const ASK_OFFLINE: [u8; 3] = [DLE, EOT, 2];

/// Asks for the paper; the answer is one byte.
pub const ASK_PAPER: [u8; 3] = [DLE, EOT, 4];

/// Rows sent in one piece: small printers keep about this many, and stop between pieces only if a piece is late.
const BAND_ROWS: usize = 120;

/// The head of each piece.
const HEAD_BYTES: usize = 8;

/// Ends a piece that broke off, wherever it did: as many zeros as a whole piece has bytes. They are white dots to a printer
/// that still waits for some, and nothing to any other.
pub const REST: [u8; HEAD_BYTES + BAND_ROWS * ROW_BYTES] = [0; HEAD_BYTES + BAND_ROWS * ROW_BYTES];

pub(super) const ESC: u8 = 0x1B;
pub(super) const GS: u8 = 0x1D;
pub(super) const DLE: u8 = 0x10;
pub(super) const EOT: u8 = 0x04;

/// A picture in the pieces in which it is sent.
pub fn bands(picture: &Raster) -> impl Iterator<Item = Vec<u8>> {
    picture.rows.chunks(BAND_ROWS).map(|rows| {
        let [width_low, width_high] = (ROW_BYTES as u16).to_le_bytes();
        let [height_low, height_high] = (rows.len() as u16).to_le_bytes();
        let head: [u8; HEAD_BYTES] = [GS, b'v', b'0', 0, width_low, width_high, height_low, height_high];
        head.into_iter().chain(rows.iter().flatten().copied()).collect()
    })
}

/// What the two answers mean; `None` for a question that was not answered, or not in the way of this protocol.
pub fn status(offline: Option<u8>, paper: Option<u8>) -> PrinterStatus {
    // These bits are the same in every true answer.
    let true_answer = |byte: &u8| byte & 0x93 == 0x12;
    let (offline, paper) = (offline.filter(true_answer), paper.filter(true_answer));
    let has = |byte: Option<u8>, bits: u8| byte.is_some_and(|byte| byte & bits != 0);
    // Offline: 0x04 is an open lid, 0x20 a stop for want of paper, 0x40 an error, which some printers add to either of the
    // two. Paper: 0x60 is none, 0x0C is little.
    if has(offline, 0x24) || has(paper, 0x60) {
        PrinterStatus::PaperOut
    } else if has(offline, 0x40) {
        PrinterStatus::Faulty
    } else if has(paper, 0x0C) {
        PrinterStatus::PaperLow
    } else if offline.is_none() && paper.is_none() {
        PrinterStatus::Silent
    } else {
        PrinterStatus::Ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_picture_is_sent_in_pieces_with_their_sizes() {
        let pieces: Vec<_> = bands(&Raster::blank(BAND_ROWS + 1)).collect();
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0][..8], [GS, b'v', b'0', 0, 48, 0, 120, 0]);
        assert_eq!((&pieces[1][..8], pieces[1].len()), (&[GS, b'v', b'0', 0, 48, 0, 1, 0][..], 8 + ROW_BYTES));
    }

    #[test]
    fn answers_are_read_and_noise_is_no_answer() {
        assert_eq!(status(Some(0x12), Some(0x12)), PrinterStatus::Ready);
        assert_eq!(status(Some(0x16), Some(0x12)), PrinterStatus::PaperOut);
        assert_eq!(status(Some(0x12), Some(0x72)), PrinterStatus::PaperOut);
        assert_eq!(status(Some(0x12), Some(0x1E)), PrinterStatus::PaperLow);
        // Paper fed by its button is no trouble.
        assert_eq!(status(Some(0x1A), Some(0x12)), PrinterStatus::Ready);
        assert_eq!(status(None, None), PrinterStatus::Silent);
        assert_eq!(status(Some(0xFF), Some(0x00)), PrinterStatus::Silent);
    }
    #[test]
    fn a_printer_that_stopped_for_an_error_is_not_ready_and_want_of_paper_is_told_first() {
        assert_eq!(status(Some(0x52), Some(0x12)), PrinterStatus::Faulty);
        assert_eq!(status(Some(0x52), Some(0x1E)), PrinterStatus::Faulty);
        assert_eq!(status(Some(0x52), None), PrinterStatus::Faulty);
        for (offline, paper) in [(0x72, 0x12), (0x56, 0x12), (0x52, 0x72)] {
            assert_eq!(status(Some(offline), Some(paper)), PrinterStatus::PaperOut);
        }
    }
}
