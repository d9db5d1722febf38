//! What is printed, a ticket first of all: drawn with the kiosk's own letters, so that every printer prints it alike.
//!
//! [`Receipt`] says what stands on it, [`code`] is the square that a scanner reads, for the paper and for the screen,
//! and [`Press`] prints in a thread of its own. **What it never does:** print a ticket that is not on disk. Whoever
//! makes a [`Receipt`] has the ticket from [`crate::station::Station::file`] or looks it up again; nothing else gives
//! one. A name, a telephone number or the words of a person never come here at all.

pub mod code;
mod press;
mod receipt;

pub use press::{Event, Press, Tell};
pub use receipt::{Receipt, Sheet};

use hardware::printer::{PrinterError, PrinterStatus};

use crate::{app, teller::Teller, trouble::Trouble};

/// What became of the paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnPaper {
    /// Nothing is printed at this station.
    #[default]
    NoPrinter,
    /// It is coming.
    Printing,
    /// It is there.
    Printed,
    /// It did not come, or not whole.
    Failed,
}

impl OnPaper {
    /// The sentence that says so of a sheet without a number.
    pub fn sentence(self) -> &'static str {
        match self {
            OnPaper::NoPrinter => "printer-none",
            OnPaper::Printing => "filed-printing",
            OnPaper::Printed => "filed-printed",
            OnPaper::Failed => "printer-failed",
        }
    }
}

/// Tells the app what it must know of the printer, and the screens what somebody should look at.
pub fn pass_on(event: Event, teller: &Teller) {
    match event {
        Event::Status(Ok(PrinterStatus::PaperOut)) => report(teller, Some(Trouble::NoPaper)),
        Event::Status(Ok(PrinterStatus::Faulty)) => report(teller, Some(Trouble::NoPrinter)),
        Event::Status(Ok(PrinterStatus::Ready | PrinterStatus::PaperLow | PrinterStatus::Silent)) => {
            report(teller, None);
        }
        Event::Status(Err(error)) => fails(teller, &error),
        Event::Printed(sheet) => {
            report(teller, None);
            teller.tell(app::Event::Printed(sheet));
        }
        Event::NotPrinted(sheet, error) => {
            fails(teller, &error);
            teller.tell(app::Event::NotPrinted(sheet));
        }
    }
}

fn fails(teller: &Teller, error: &PrinterError) {
    tracing::warn!(%error, "The printer does not print; everything else goes on");
    match error {
        PrinterError::PaperOut => report(teller, Some(Trouble::NoPaper)),
        PrinterError::Faulty | PrinterError::NotThere(_) | PrinterError::Offline(_) => {
            report(teller, Some(Trouble::NoPrinter));
        }
        // Nothing is wrong with the printer.
        PrinterError::TooLong { .. } => {}
    }
}

/// One of the two, or neither.
fn report(teller: &Teller, found: Option<Trouble>) {
    for trouble in [Trouble::NoPaper, Trouble::NoPrinter] {
        teller.report(trouble, found == Some(trouble));
    }
}
