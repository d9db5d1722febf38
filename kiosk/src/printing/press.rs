//! The thread that prints: a receipt takes the printer some seconds, and no screen waits for it.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::Duration,
};

use hardware::printer::{Printer, PrinterError, PrinterStatus};

use super::{Receipt, Sheet};
use crate::draw::text::Text;

/// Receipts that may wait. People take their paper one after the other; more than this wait only at a printer that
/// hangs, and are not taken.
const WAITING: usize = 4;

/// A printer that could not print is asked so often whether it can again: somebody may have brought paper.
const ASK_AGAIN: Duration = Duration::from_secs(20);

/// Told from the thread of the printer. It must not wait.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// A printer at work.
pub struct Press {
    jobs: SyncSender<Job>,
}

enum Job {
    Print(Receipt),
    Ask,
}

/// What happened at the printer.
#[derive(Debug)]
pub enum Event {
    /// What the printer says of itself: when it starts, when it is asked, and now and then while it cannot print.
    Status(Result<PrinterStatus, PrinterError>),
    /// This was printed.
    Printed(Sheet),
    /// It was not printed, or not whole. A ticket is on disk all the same, and on the screen.
    NotPrinted(Sheet, PrinterError),
}

impl Press {
    /// Starts the thread, which first asks the printer how it is.
    pub fn start(printer: Box<dyn Printer>, tell: Tell) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        let work = move || work(printer, &waiting, &tell);
        std::thread::Builder::new().name("printer".to_owned()).spawn(work)?;
        let press = Self { jobs };
        press.ask();
        Ok(press)
    }

    /// Prints a receipt; `false` if too many wait already, and then nothing is told of it.
    #[must_use]
    pub fn print(&self, receipt: Receipt) -> bool {
        self.jobs.try_send(Job::Print(receipt)).is_ok()
    }

    /// Asks the printer how it is, for a screen that wants to offer paper.
    pub fn ask(&self) {
        // Whoever waits is told soon anyway.
        let _ = self.jobs.try_send(Job::Ask);
    }
}

/// Works until nobody can give jobs any more.
fn work(mut printer: Box<dyn Printer>, jobs: &Receiver<Job>, tell: &Tell) {
    let mut text = Text::new();
    let mut is_able = true;
    // It stopped while it was there. One that answers nothing says no word of its being able again: the next receipt shows it.
    let mut is_in_doubt = false;
    loop {
        let job = if is_able { jobs.recv().map_err(Into::into) } else { jobs.recv_timeout(ASK_AGAIN) };
        let job = match job {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => Job::Ask,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match job {
            Job::Ask => {
                let status = printer.status();
                (is_able, is_in_doubt) = match status {
                    Ok(PrinterStatus::Ready | PrinterStatus::PaperLow) => (true, false),
                    Ok(PrinterStatus::Silent) if is_in_doubt => continue,
                    Ok(PrinterStatus::Silent) => (true, false),
                    Ok(PrinterStatus::PaperOut | PrinterStatus::Faulty) => (false, true),
                    Err(_) => (false, is_in_doubt),
                };
                tell(Event::Status(status));
            }
            Job::Print(receipt) => match printer.print(&receipt.draw(&mut text)) {
                Ok(()) => {
                    (is_able, is_in_doubt) = (true, false);
                    tell(Event::Printed(receipt.sheet));
                }
                Err(error) => {
                    match error {
                        PrinterError::PaperOut | PrinterError::Faulty | PrinterError::Offline(_) => {
                            (is_able, is_in_doubt) = (false, true);
                        }
                        // Nothing was sent: what was right with it before still is.
                        PrinterError::NotThere(_) => is_able = false,
                        PrinterError::TooLong { .. } => {}
                    }
                    tell(Event::NotPrinted(receipt.sheet, error));
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{Sender, channel},
        time::Duration,
    };

    use hardware::printer::{
        Raster,
        paper::{DeskPrinter, Paper},
    };

    use super::*;
    use crate::{sample::sample_stub, settings::Language, station::Place};

    const PATIENCE: Duration = Duration::from_secs(30);

    fn receipt(serial: u32) -> Receipt {
        let place =
            Place { village: "石桥村".into(), station: "代表联络站".into(), county: "云水县".into() };
        Receipt { sheet: Sheet::Ticket(sample_stub(serial)), place, day: None, language: Language::English }
    }

    fn press(printer: impl Printer + 'static) -> (Press, Receiver<Event>) {
        let (tell, events) = channel();
        (Press::start(Box::new(printer), Arc::new(move |event| drop(tell.send(event)))).unwrap(), events)
    }

    #[test]
    fn a_receipt_comes_out_and_one_without_paper_is_told() {
        let paper = DeskPrinter::default();
        let (press, events) = press(paper.clone());
        let next = || events.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(next(), Event::Status(Ok(PrinterStatus::Ready))));
        assert!(press.print(receipt(1)));
        assert!(matches!(next(), Event::Printed(sheet) if sheet == Sheet::Ticket(sample_stub(1))));
        assert_eq!(paper.last(), Some(receipt(1).draw(&mut Text::new())));

        paper.load(Paper::Rows(100));
        assert!(press.print(receipt(2)));
        assert!(
            matches!(next(), Event::NotPrinted(sheet, PrinterError::PaperOut) if sheet == Sheet::Ticket(sample_stub(2)))
        );
        press.ask();
        assert!(matches!(next(), Event::Status(Ok(PrinterStatus::PaperOut))));

        paper.load(Paper::Plenty);
        assert!(press.print(receipt(2)));
        assert!(matches!(next(), Event::Printed(sheet) if sheet == Sheet::Ticket(sample_stub(2))));
    }

    /// A printer that answers nothing, and prints what the test says.
    struct Mute(Receiver<Result<(), PrinterError>>);

    impl Printer for Mute {
        fn print(&mut self, _picture: &Raster) -> Result<(), PrinterError> {
            self.0.recv().unwrap_or(Err(PrinterError::PaperOut))
        }

        fn status(&mut self) -> Result<PrinterStatus, PrinterError> {
            Ok(PrinterStatus::Silent)
        }
    }

    #[test]
    fn silence_after_a_receipt_that_did_not_come_is_no_news_of_paper() {
        let (prints, mute) = channel();
        let (press, events) = press(Mute(mute));
        let next = || events.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(next(), Event::Status(Ok(PrinterStatus::Silent))));
        prints.send(Err(PrinterError::PaperOut)).unwrap();
        assert!(press.print(receipt(1)));
        assert!(matches!(next(), Event::NotPrinted(_, PrinterError::PaperOut)));
        press.ask();
        prints.send(Ok(())).unwrap();
        assert!(press.print(receipt(2)));
        assert!(matches!(next(), Event::Printed(_)), "nothing was told of the silence");
        press.ask();
        assert!(matches!(next(), Event::Status(Ok(PrinterStatus::Silent))));
    }

    #[test]
    fn a_printer_that_was_only_unplugged_is_taken_at_its_silence_once_it_is_there_again() {
        let (prints, mute) = channel();
        let (press, events) = press(Mute(mute));
        let next = || events.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(next(), Event::Status(Ok(PrinterStatus::Silent))));
        prints.send(Err(PrinterError::NotThere(io::ErrorKind::NotFound.into()))).unwrap();
        assert!(press.print(receipt(1)));
        assert!(matches!(next(), Event::NotPrinted(_, PrinterError::NotThere(_))));
        press.ask();
        prints.send(Ok(())).unwrap();
        assert!(press.print(receipt(2)));
        assert!(matches!(next(), Event::Status(Ok(PrinterStatus::Silent))), "nothing of it is in doubt");
    }

    /// A printer that prints when the test says so.
    struct Slow(Receiver<()>);

    impl Printer for Slow {
        fn print(&mut self, _picture: &Raster) -> Result<(), PrinterError> {
            self.0.recv().map_err(|_| PrinterError::PaperOut)
        }

        fn status(&mut self) -> Result<PrinterStatus, PrinterError> {
            Ok(PrinterStatus::Silent)
        }
    }

    #[test]
    fn a_printer_that_hangs_gets_no_endless_row_of_receipts() {
        let (go_on, slow): (Sender<()>, _) = channel();
        let (press, events) = press(Slow(slow));
        assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::Status(Ok(PrinterStatus::Silent)))));
        let taken = (0..20).filter(|serial| press.print(receipt(*serial))).count();
        // One may have reached the printer already.
        assert!((WAITING..=WAITING + 1).contains(&taken), "{taken}");
        (0..taken).for_each(|_| go_on.send(()).unwrap());
        let printed = (0..taken).filter(|_| matches!(events.recv_timeout(PATIENCE), Ok(Event::Printed(_)))).count();
        assert_eq!(printed, taken);
    }
}
