//! A receipt printer: 58 mm paper, 384 dots across, told what to print as a picture and never in its own letters, which
//! differ from maker to maker.
//!
//! [`Raster`] is the picture, [`escpos`] the bytes that printers understand, [`device`] a printer on a wire, and
//! [`paper`] the stand-in, which makes a picture of the bytes again.

pub mod device;
pub mod escpos;
pub mod paper;

/// Dots across the paper.
pub const DOTS: u32 = 384;

/// Bytes of one row of dots.
pub const ROW_BYTES: usize = DOTS as usize / 8;

/// The longest picture that is printed: a metre of paper. What is longer is refused.
pub const ROWS_MAX: usize = 8_000;

/// Prints pictures.
pub trait Printer: Send {
    /// Prints a picture and feeds it out to where it can be torn off. Waits until the printer has taken everything,
    /// which is some seconds; what it took before the paper ended is printed, and told as [`PrinterError::PaperOut`].
    fn print(&mut self, picture: &Raster) -> Result<(), PrinterError>;

    /// What the printer says of itself.
    fn status(&mut self) -> Result<PrinterStatus, PrinterError>;
}

/// What a printer says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrinterStatus {
    /// It prints.
    Ready,
    /// It prints, and somebody should bring paper.
    PaperLow,
    /// It has no paper, or its lid is open.
    PaperOut,
    /// It has stopped for an error of its own: a cutter that jams, a head that is too hot.
    Faulty,
    /// It does not answer questions, as the cheapest do not: print and hope.
    Silent,
}

/// Why nothing was printed, or not all, by what can be done.
#[derive(Debug, thiserror::Error)]
pub enum PrinterError {
    /// Somebody must put paper in or close the lid; then print again. Said too of a printer that is there, takes nothing
    /// more and answers nothing: nothing else makes one stop so often.
    #[error("the printer has no paper, or its lid is open")]
    PaperOut,
    /// It says that it has stopped for an error of its own: somebody must look at it, or switch it off and on.
    #[error("the printer has stopped for an error of its own")]
    Faulty,
    /// It is not there, or switched off; nothing was sent. Look at it and its cable.
    #[error("the printer is not there")]
    NotThere(#[source] std::io::Error),
    /// It went away in the middle, or is stuck though it says that it is well; look at it and its cable.
    #[error("the printer cannot be reached")]
    Offline(#[source] std::io::Error),
    /// No paper is this long; nothing was sent.
    #[error("a picture of {rows} rows is longer than any receipt")]
    TooLong {
        /// How many rows it has.
        rows: usize,
    },
}

/// A picture in black and white, row by row: eight dots a byte, the leftmost in the highest bit, 1 is black.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raster {
    /// The rows, from the top.
    pub rows: Vec<[u8; ROW_BYTES]>,
}

impl Raster {
    /// A white picture of so many rows.
    pub fn blank(rows: usize) -> Self {
        Self { rows: vec![[0; ROW_BYTES]; rows] }
    }

    /// Makes one dot black. Dots outside are dropped.
    pub fn blacken(&mut self, x: u32, y: u32) {
        if let Some(row) = self.rows.get_mut(y as usize)
            && let Some(byte) = row.get_mut(x as usize / 8)
        {
            *byte |= 0x80 >> (x % 8);
        }
    }

    /// Whether a dot is black. Dots outside are white.
    pub fn is_black(&self, x: u32, y: u32) -> bool {
        let byte = self.rows.get(y as usize).and_then(|row| row.get(x as usize / 8));
        byte.is_some_and(|byte| byte & 0x80 >> (x % 8) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_lie_from_the_highest_bit_and_outside_is_white() {
        let mut picture = Raster::blank(2);
        picture.blacken(0, 1);
        picture.blacken(383, 1);
        picture.blacken(384, 0);
        picture.blacken(0, 2);
        assert_eq!((picture.rows[0], picture.rows[1][0], picture.rows[1][47]), ([0; ROW_BYTES], 0x80, 0x01));
        assert!(picture.is_black(383, 1) && !picture.is_black(382, 1) && !picture.is_black(9_999, 1));
    }
}
