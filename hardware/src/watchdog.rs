//! The watchdog: a timer that starts the computer or the program anew unless it is fed. Feed it from the loop that must
//! not hang, and from nowhere else. It is the computer's own ([`KernelWatchdog`], `/dev/watchdog`), or that of the service
//! manager which started the program ([`SystemdWatchdog`]) and feeds the computer's itself.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    path::Path,
    time::Duration,
};

/// A timer that wants to be fed.
pub trait Watchdog: Send {
    /// Tells it that the program is alive.
    fn feed(&mut self) -> io::Result<()>;

    /// How often it must be fed, with room for two meals missed.
    fn feed_every(&self) -> Duration;

    /// Stops it, for an orderly end. A program that ends without this is started anew.
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
    /// Starts the one of this device, such as `/dev/watchdog`: from now on it must be fed.
    pub fn start(device: &Path) -> io::Result<Self> {
        Self::start_in(device, Path::new("/sys/class/watchdog/watchdog0/timeout"))
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

/// How long the service manager waits, where its unit does not say: it only wants to hear that the program is ready.
const UNWATCHED: Duration = Duration::from_secs(3_600);

/// The service manager's, for a unit with `Type=notify` and `WatchdogSec=`.
#[derive(Debug)]
pub struct SystemdWatchdog {
    socket: UnixDatagram,
    timeout: Duration,
}

impl SystemdWatchdog {
    /// That of whoever started this program; `None` where nobody wants to hear of it.
    pub fn of_this_program() -> io::Result<Option<Self>> {
        let for_us = env::var("WATCHDOG_PID").map_or(true, |id| id == std::process::id().to_string());
        let told = env::var("WATCHDOG_USEC").ok().filter(|_| for_us).and_then(|micros| micros.parse().ok());
        let address: Option<OsString> = env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty());
        address.map(|address| Self::at(&address, told.map(Duration::from_micros))).transpose()
    }

    fn at(address: &OsStr, timeout: Option<Duration>) -> io::Result<Self> {
        // A leading @ stands for a name that is no file.
        let address = match address.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(Path::new(address))?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // A manager that is stuck must not stop the loop that it watches.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, timeout: timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(UNWATCHED) })
    }
}

impl Watchdog for SystemdWatchdog {
    fn feed(&mut self) -> io::Result<()> {
        // It is ready with the first meal; hearing so again changes nothing.
        self.socket.send(b"READY=1\nWATCHDOG=1").map(drop)
    }

    fn feed_every(&self) -> Duration {
        self.timeout / 3
    }

    fn stop(&mut self) -> io::Result<()> {
        self.socket.send(b"STOPPING=1").map(drop)
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
    fn a_service_manager_hears_that_it_is_ready_and_alive_and_when_it_stops() {
        let place = Scratch::new("notify").unwrap();
        let path = place.path().join("notify");
        let name = format!("huiyin-notify-{}", std::process::id());
        let abstractly = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        for (manager, address) in [
            (UnixDatagram::bind(&path).unwrap(), path.clone().into_os_string()),
            (abstractly, format!("@{name}").into()),
        ] {
            let mut watchdog = SystemdWatchdog::at(&address, Some(Duration::from_secs(9))).unwrap();
            assert_eq!(watchdog.feed_every(), Duration::from_secs(3));
            let heard = || {
                let mut bytes = [0; 64];
                let length = manager.recv(&mut bytes).unwrap();
                String::from_utf8(bytes[..length].to_vec()).unwrap()
            };
            watchdog.feed().unwrap();
            assert_eq!(heard(), "READY=1\nWATCHDOG=1");
            watchdog.stop().unwrap();
            assert_eq!(heard(), "STOPPING=1");
        }
    }

    #[test]
    fn a_computer_without_one_says_so() {
        let missing = Path::new("/nonexistent");
        assert_eq!(KernelWatchdog::start_in(missing, missing).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
