//! The watchdog (`/dev/watchdog`): a timer in the computer that starts it anew unless it is fed. Feed it from the loop
//! that must not hang, and from nowhere else. The desk stand-in counts how often it was fed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    time::Duration,
};

/// A timer that wants to be fed.
pub trait Watchdog: Send {
    /// Tells it that the program is alive.
    fn feed(&mut self) -> io::Result<()>;

    /// How often it must be fed, with room for two meals missed.
    fn feed_every(&self) -> Duration;

    /// Stops it, for an orderly end. A program that ends without this is started anew with its computer.
    fn stop(&mut self) -> io::Result<()>;
}

/// What every watchdog of the kernel allows at the least, in case it does not say; a Pi's is 15 s.
const TIMEOUT_S: u64 = 10;

/// The kernel's watchdog.
#[derive(Debug)]
pub struct KernelWatchdog {
    file: File,
    timeout: Duration,
}

impl KernelWatchdog {
    /// Starts it: from now on it must be fed.
    pub fn start() -> io::Result<Self> {
        Self::start_in(Path::new("/dev/watchdog"), Path::new("/sys/class/watchdog/watchdog0/timeout"))
    }

    fn start_in(device: &Path, timeout: &Path) -> io::Result<Self> {
        let told = fs::read_to_string(timeout).ok().and_then(|text| text.trim().parse().ok());
        let timeout = Duration::from_secs(told.filter(|seconds| *seconds > 0).unwrap_or(TIMEOUT_S));
        Ok(Self { file: OpenOptions::new().write(true).open(device)?, timeout })
    }
}

impl Watchdog for KernelWatchdog {
    fn feed(&mut self) -> io::Result<()> {
        // Any byte feeds it, except the one that stops it.
        self.file.write_all(b"\0")
    }

    fn feed_every(&self) -> Duration {
        self.timeout / 3
    }

    fn stop(&mut self) -> io::Result<()> {
        // The kernel's "magic close": after this byte, closing the file stops the timer.
        self.file.write_all(b"V")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn it_is_fed_a_byte_and_stopped_by_another() {
        let kernel = Scratch::new("watchdog").unwrap();
        let (device, timeout) = (kernel.write("watchdog", "").unwrap(), kernel.write("timeout", "15\n").unwrap());
        let mut watchdog = KernelWatchdog::start_in(&device, &timeout).unwrap();
        assert_eq!(watchdog.feed_every(), Duration::from_secs(5));
        watchdog.feed().unwrap();
        watchdog.feed().unwrap();
        watchdog.stop().unwrap();
        assert_eq!(fs::read(&device).unwrap(), b"\0\0V");
    }

    #[test]
    fn a_computer_without_one_says_so() {
        let missing = Path::new("/nonexistent");
        assert_eq!(KernelWatchdog::start_in(missing, missing).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
