//! The stand-in for a printer: it takes the bytes that a real one would get and makes the picture of them again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Printer, PrinterError, PrinterStatus, ROW_BYTES, Raster,
    escpos::{self, DLE, EOT, ESC, GS},
};

/// How much paper there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// As much as is wanted.
    #[default]
    Plenty,
    /// So many rows of dots.
    Rows(usize),
    /// None.
    Out,
}

/// A printer without a wire. Clones are the same printer: give one to the kiosk and look at the other.
#[derive(Clone, Debug, Default)]
pub struct DeskPrinter {
    // A std mutex: a test looks from another thread, and nothing waits while it is held.
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    paper: Paper,
    last: Option<Raster>,
    jobs: usize,
}

impl DeskPrinter {
    /// Puts paper in, or takes it out.
    pub fn load(&self, paper: Paper) {
        self.shared().paper = paper;
    }

    /// What the last job printed, white edges and all.
    pub fn last(&self) -> Option<Raster> {
        self.shared().last.clone()
    }

    /// How many jobs were printed to their ends.
    pub fn jobs(&self) -> usize {
        self.shared().jobs
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Its values are never half written, so a panic elsewhere does not spoil them.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Printer for DeskPrinter {
    fn print(&mut self, picture: &Raster) -> Result<(), PrinterError> {
        let mut shared = self.shared();
        let mut interpreter = Interpreter::new(shared.paper);
        for band in escpos::bands(picture) {
            interpreter.take(&band);
        }
        interpreter.take(&escpos::FEED_OUT);
        shared.paper = interpreter.paper;
        shared.last = Some(interpreter.printed);
        if shared.paper == Paper::Out {
            return Err(PrinterError::PaperOut);
        }
        shared.jobs += 1;
        Ok(())
    }

    fn status(&mut self) -> Result<PrinterStatus, PrinterError> {
        match self.shared().paper {
            Paper::Plenty | Paper::Rows(_) => Ok(PrinterStatus::Ready),
            Paper::Out => Ok(PrinterStatus::PaperOut),
        }
    }
}

/// Understands the commands of [`escpos`], byte for byte, as a printer does.
#[derive(Clone, Debug, Default)]
pub struct Interpreter {
    paper: Paper,
    printed: Raster,
    waiting: Vec<u8>,
}

impl Interpreter {
    /// A printer with this much paper.
    pub fn new(paper: Paper) -> Self {
        Self { paper, ..Self::default() }
    }

    /// The picture so far.
    pub fn printed(&self) -> &Raster {
        &self.printed
    }

    /// Takes bytes, in pieces of any size; gives the answers to what was asked. What is no command is passed over.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.waiting.extend(bytes);
        let mut answers = Vec::new();
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest = waiting.as_slice();
        loop {
            rest = match *rest {
                [ESC, b'@', ref after @ ..] | [ESC, b'd', _, ref after @ ..] => after,
                [DLE, EOT, question, ref after @ ..] => {
                    answers.push(self.answer(question));
                    after
                }
                [GS, b'v', b'0', _, width_low, width_high, height_low, height_high, ref after @ ..] => {
                    let width = usize::from(u16::from_le_bytes([width_low, width_high]));
                    let height = usize::from(u16::from_le_bytes([height_low, height_high]));
                    let Some((picture, after)) = after.split_at_checked(width * height) else { break };
                    self.print(picture, width);
                    after
                }
                // The beginning of a command whose end has not come.
                [] | [ESC | GS | DLE] | [ESC, b'd'] | [DLE, EOT] | [GS, b'v'] | [GS, b'v', b'0', ..] => break,
                [_, ref after @ ..] => after,
            };
        }
        self.waiting = rest.to_vec();
        answers
    }

    fn print(&mut self, picture: &[u8], width: usize) {
        for row in picture.chunks_exact(width.max(1)) {
            match &mut self.paper {
                Paper::Plenty => {}
                Paper::Rows(0) | Paper::Out => {
                    self.paper = Paper::Out;
                    return;
                }
                Paper::Rows(left) => *left -= 1,
            }
            let mut dots = [0; ROW_BYTES];
            for (dot, byte) in dots.iter_mut().zip(row) {
                *dot = *byte;
            }
            self.printed.rows.push(dots);
        }
    }

    fn answer(&self, question: u8) -> u8 {
        const NOTHING_TO_SAY: u8 = 0x12;
        match (self.paper, question) {
            (Paper::Out, 2) => NOTHING_TO_SAY | 0x20,
            (Paper::Out, 4) => NOTHING_TO_SAY | 0x60,
            (Paper::Plenty | Paper::Rows(_) | Paper::Out, _) => NOTHING_TO_SAY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_out_as_it_went_in_whatever_the_pieces() {
        let mut picture = Raster::blank(130);
        (0..130).for_each(|at| picture.blacken(at * 2, at));
        let bytes: Vec<u8> = [escpos::INITIALISE.to_vec()]
            .into_iter()
            .chain(escpos::bands(&picture))
            .chain([escpos::FEED_OUT.to_vec(), escpos::ASK_PAPER.to_vec()])
            .flatten()
            .collect();
        for size in [1, 3, 7, 1_000, bytes.len()] {
            let mut interpreter = Interpreter::new(Paper::Plenty);
            let answers: Vec<u8> = bytes.chunks(size).flat_map(|piece| interpreter.take(piece)).collect();
            assert_eq!((interpreter.printed(), answers.as_slice()), (&picture, &[0x12][..]), "in pieces of {size}");
        }
    }

    #[test]
    fn a_desk_printer_runs_out_of_paper_and_goes_on_when_there_is_some() {
        let mut printer = DeskPrinter::default();
        printer.load(Paper::Rows(5));
        assert!(matches!(printer.print(&Raster::blank(9)), Err(PrinterError::PaperOut)));
        assert_eq!(printer.last().map(|printed| printed.rows.len()), Some(5));
        assert_eq!(printer.status().unwrap(), PrinterStatus::PaperOut);
        printer.load(Paper::Plenty);
        printer.print(&Raster::blank(9)).unwrap();
        assert_eq!(printer.jobs(), 1);
    }

    #[test]
    fn any_bytes_are_passed_over() {
        let mut interpreter = Interpreter::new(Paper::Plenty);
        for byte in 0..=u8::MAX {
            interpreter.take(&[byte, GS, b'v', byte]);
            interpreter = Interpreter::new(Paper::Plenty);
        }
        interpreter.take(b"hello\x1D!\x1B\x00");
        interpreter.take(b"\x1Dv\x00");
        assert_eq!(interpreter.take(&escpos::ASK_PAPER), [0x12], "it waits for nothing");
        assert_eq!(*interpreter.printed(), Raster::default());
    }
}
