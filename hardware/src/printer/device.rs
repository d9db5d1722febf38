//! A printer on a wire: `/dev/usb/lp0`, or a serial line such as `/dev/serial0` whose speed the system has set
//! (`stty -F /dev/serial0 115200 raw -echo`). Any file can stand in for it.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use super::{Printer, PrinterError, PrinterStatus, ROWS_MAX, Raster, escpos};

/// Do not wait inside the kernel, where a printer without paper would keep us for ever (`O_NONBLOCK` on Linux).
const NONBLOCK: i32 = 0o4000;

/// How often a device that is not ready is asked again. A row of dots takes a few milliseconds.
const AGAIN: Duration = Duration::from_millis(10);

/// A printer that takes nothing for this long is out of paper or open: one that is off is not there any more.
const STUCK: Duration = Duration::from_secs(8);

/// Printers answer within some milliseconds, or never.
const ANSWER: Duration = Duration::from_millis(300);

/// The same behind [`escpos::REST`]: the kernel still holds up to 4 KB of it then, which a serial line of 9600 baud takes
/// more than four seconds to carry.
const ANSWER_AFTER_REST: Duration = Duration::from_secs(5);

/// A printer by its device file, opened anew for each job: it may be unplugged between two.
#[derive(Clone, Debug)]
pub struct DevicePrinter {
    path: PathBuf,
    /// It waits for a command. Else it may wait for the rest of a picture that broke off, in this program or in the one
    /// before, and take for dots whatever comes.
    is_at_rest: bool,
}

impl DevicePrinter {
    /// The printer behind this file. Nothing is opened yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, is_at_rest: false }
    }

    fn open(&self) -> Result<File, PrinterError> {
        let options = OpenOptions::new().read(true).write(true).custom_flags(NONBLOCK).open(&self.path);
        options.map_err(PrinterError::NotThere)
    }
}

impl Printer for DevicePrinter {
    fn print(&mut self, picture: &Raster) -> Result<(), PrinterError> {
        print(&mut self.open()?, &mut self.is_at_rest, picture)
    }

    fn status(&mut self) -> Result<PrinterStatus, PrinterError> {
        begin(&mut self.open()?, &mut self.is_at_rest)
    }
}

/// Prints over anything that can be read and written without waiting.
fn print(line: &mut (impl Read + Write), is_at_rest: &mut bool, picture: &Raster) -> Result<(), PrinterError> {
    if picture.rows.len() > ROWS_MAX {
        return Err(PrinterError::TooLong { rows: picture.rows.len() });
    }
    able(begin(line, is_at_rest)?)?;
    *is_at_rest = false;
    let sent = send(line, &escpos::INITIALISE)
        .and_then(|()| escpos::bands(picture).try_for_each(|band| send(line, &band)))
        .and_then(|()| send(line, &escpos::FEED_OUT));
    // It may have stopped in the middle for want of paper: that is the better answer than "stuck".
    let status = ask(line, ANSWER).map_err(why)?;
    able(status)?;
    sent.map_err(|error| stuck(status, error))?;
    *is_at_rest = true;
    Ok(())
}

/// Brings the printer to where it takes a command, and asks how it is.
fn begin(line: &mut (impl Read + Write), is_at_rest: &mut bool) -> Result<PrinterStatus, PrinterError> {
    let (rested, patience) =
        if *is_at_rest { (Ok(()), ANSWER) } else { (send(line, &escpos::REST), ANSWER_AFTER_REST) };
    // One that takes nothing may still say why.
    let status = ask(line, patience).map_err(why)?;
    rested.map_err(|error| stuck(status, error))?;
    // The question went out, and so did all that was sent before it.
    *is_at_rest = true;
    Ok(status)
}

fn able(status: PrinterStatus) -> Result<(), PrinterError> {
    match status {
        PrinterStatus::PaperOut => Err(PrinterError::PaperOut),
        PrinterStatus::Faulty => Err(PrinterError::Faulty),
        PrinterStatus::Ready | PrinterStatus::PaperLow | PrinterStatus::Silent => Ok(()),
    }
}

/// What somebody should look at, where it took nothing more and then said this.
fn stuck(status: PrinterStatus, error: io::Error) -> PrinterError {
    match status {
        PrinterStatus::PaperOut => PrinterError::PaperOut,
        PrinterStatus::Faulty => PrinterError::Faulty,
        PrinterStatus::Ready | PrinterStatus::PaperLow => PrinterError::Offline(error),
        PrinterStatus::Silent => why(error),
    }
}

/// What somebody should look at, where it says nothing itself.
fn why(error: io::Error) -> PrinterError {
    if error.kind() == ErrorKind::TimedOut { PrinterError::PaperOut } else { PrinterError::Offline(error) }
}

/// Asks the printer how it is, with this much patience for its first answer.
fn ask(line: &mut (impl Read + Write), patience: Duration) -> io::Result<PrinterStatus> {
    // What it said to earlier questions is no answer to these.
    drain(line)?;
    let mut answer = |question: &[u8], patience| {
        send(line, question)?;
        receive(line, patience)
    };
    let offline = answer(&escpos::ASK_OFFLINE, patience)?;
    if offline.is_none() {
        return Ok(PrinterStatus::Silent);
    }
    Ok(escpos::status(offline, answer(&escpos::ASK_PAPER, ANSWER)?))
}

fn send(line: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    let mut since = Instant::now();
    while !bytes.is_empty() {
        match line.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => {
                bytes = &bytes[taken..];
                since = Instant::now();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock && since.elapsed() < STUCK => sleep(AGAIN),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(ErrorKind::TimedOut.into()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One byte, if it comes in time.
fn receive(line: &mut impl Read, patience: Duration) -> io::Result<Option<u8>> {
    let mut byte = [0];
    let asked = Instant::now();
    loop {
        match line.read(&mut byte) {
            Ok(1) => return Ok(Some(byte[0])),
            // A printer has nothing to say yet; a file in its place never will.
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        if asked.elapsed() >= patience {
            return Ok(None);
        }
        sleep(AGAIN);
    }
}

/// Throws away what waits to be read. A device that talks without end is stopped listening to.
fn drain(line: &mut impl Read) -> io::Result<()> {
    let mut bytes = [0; 64];
    for _ in 0..16 {
        match line.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, os::unix::net::UnixStream, thread};

    use super::*;
    use crate::{
        printer::paper::{Interpreter, Paper},
        scratch::Scratch,
    };

    fn diagonal() -> Raster {
        let mut picture = Raster::blank(300);
        (0..300).for_each(|at| picture.blacken(at, at));
        picture
    }

    /// A printer at the other end of a line, with its own thread as a real one has.
    fn printer(paper: Paper) -> (UnixStream, thread::JoinHandle<Raster>) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let at_work = thread::spawn(move || {
            let mut interpreter = Interpreter::new(paper);
            let mut bytes = [0; 512];
            while let Ok(read) = theirs.read(&mut bytes) {
                if read == 0 {
                    break;
                }
                let answers = interpreter.take(&bytes[..read]);
                if theirs.write_all(&answers).is_err() {
                    break;
                }
            }
            interpreter.printed().clone()
        });
        (ours, at_work)
    }

    #[test]
    fn what_a_printer_gets_is_the_picture() {
        let (mut line, at_work) = printer(Paper::Plenty);
        print(&mut line, &mut false, &diagonal()).unwrap();
        drop(line);
        assert_eq!(at_work.join().unwrap(), diagonal());
    }

    #[test]
    fn a_printer_without_paper_says_so_and_gets_nothing() {
        let (mut line, at_work) = printer(Paper::Out);
        assert!(matches!(print(&mut line, &mut false, &diagonal()), Err(PrinterError::PaperOut)));
        drop(line);
        assert_eq!(at_work.join().unwrap(), Raster::default());
    }

    #[test]
    fn paper_that_ends_in_the_middle_is_told() {
        let (mut line, _at_work) = printer(Paper::Rows(200));
        assert!(matches!(print(&mut line, &mut false, &diagonal()), Err(PrinterError::PaperOut)));
    }

    /// A printer whose memory holds so many bytes more; then it takes nothing, and our patience ends at once.
    struct Filling {
        printer: Interpreter,
        answers: VecDeque<u8>,
        room: usize,
    }

    impl Filling {
        fn new(room: usize) -> Self {
            Self { printer: Interpreter::new(Paper::Plenty), answers: VecDeque::new(), room }
        }
    }

    impl Read for Filling {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            bytes[0] = self.answers.pop_front().ok_or(ErrorKind::WouldBlock)?;
            Ok(1)
        }
    }

    impl Write for Filling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(ErrorKind::TimedOut.into());
            }
            self.room -= taken;
            self.answers.extend(self.printer.take(&bytes[..taken]));
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slip_that_broke_off_anywhere_spoils_nothing_of_the_next_one() {
        // Both questions, the first two bytes, and every place in the head of a piece; then inside the dots and at their end.
        for room in (1..20).chain([3_000, 5_775, 5_776, 5_777, 5_780, 9_000, 14_440]) {
            let (mut line, mut is_at_rest) = (Filling::new(room), true);
            assert!(matches!(print(&mut line, &mut is_at_rest, &diagonal()), Err(PrinterError::PaperOut)), "{room}");
            line.room = usize::MAX;
            print(&mut line, &mut is_at_rest, &diagonal()).unwrap();
            let rows = &line.printer.printed().rows;
            assert!(rows.ends_with(&diagonal().rows), "what came after {room} bytes is not the picture");
        }
    }

    #[test]
    fn a_printer_that_hangs_with_a_slip_half_printed_wants_paper_and_asking_it_again_says_so_too() {
        let (mut line, mut is_at_rest) = (Filling::new(3_000), true);
        assert!(matches!(print(&mut line, &mut is_at_rest, &diagonal()), Err(PrinterError::PaperOut)));
        assert!(matches!(begin(&mut line, &mut is_at_rest), Err(PrinterError::PaperOut)));
        line.room = usize::MAX;
        assert_eq!(begin(&mut line, &mut is_at_rest).unwrap(), PrinterStatus::Ready);
    }

    /// A printer that answers what it is asked and takes nothing else.
    struct Balking(Filling);

    impl Read for Balking {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.0.read(bytes)
        }
    }

    impl Write for Balking {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if bytes[0] == escpos::DLE { self.0.write(bytes) } else { Err(ErrorKind::TimedOut.into()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_printer_that_says_it_has_paper_and_takes_nothing_is_not_told_as_one_without() {
        let (mut line, mut is_at_rest) = (Balking(Filling::new(usize::MAX)), true);
        assert!(matches!(print(&mut line, &mut is_at_rest, &diagonal()), Err(PrinterError::Offline(_))));
        assert!(
            matches!(begin(&mut line, &mut is_at_rest), Err(PrinterError::Offline(_))),
            "nor when it is asked again"
        );
        assert!(!is_at_rest, "it still may wait for the rest of a picture");
    }

    /// A printer at the end of a slow line: so many looks in a row find nothing of its first answer.
    struct Slow {
        printer: Filling,
        looks: u32,
    }

    impl Read for Slow {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            if self.looks > 0 && !self.printer.answers.is_empty() {
                self.looks -= 1;
                return Err(ErrorKind::WouldBlock.into());
            }
            self.printer.read(bytes)
        }
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.printer.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_question_that_waits_behind_much_else_on_a_slow_line_is_no_silence() {
        // Each look is followed by a pause of its own, so these take longer than an answer on a quick line.
        let looks = ANSWER.as_millis().div_ceil(AGAIN.as_millis()) as u32 + 1;
        let mut line = Slow { printer: Filling::new(usize::MAX), looks };
        assert_eq!(begin(&mut line, &mut false).unwrap(), PrinterStatus::Ready);
    }

    #[test]
    fn a_file_is_a_printer_that_does_not_answer() {
        let scratch = Scratch::new("printer").unwrap();
        let path = scratch.write("lp0", "").unwrap();
        let mut printer = DevicePrinter::new(path.clone());
        assert_eq!(printer.status().unwrap(), PrinterStatus::Silent);
        std::fs::write(&path, "").unwrap();
        printer.print(&diagonal()).unwrap();
        let mut interpreter = Interpreter::new(Paper::Plenty);
        interpreter.take(&std::fs::read(&path).unwrap());
        assert_eq!(*interpreter.printed(), diagonal());
    }

    #[test]
    fn a_printer_that_is_not_there_is_said_not_to_be_and_an_endless_picture_is_refused() {
        let mut printer = DevicePrinter::new("/nonexistent/lp0".into());
        assert!(matches!(printer.status(), Err(PrinterError::NotThere(_))));
        let (mut line, _at_work) = self::printer(Paper::Plenty);
        let endless = Raster::blank(ROWS_MAX + 1);
        assert!(matches!(print(&mut line, &mut false, &endless), Err(PrinterError::TooLong { rows: 8_001 })));
    }
}
