//! Switching the station off.

use std::{io, process::Command};

/// Switches off whatever the kiosk runs on, once the program has ended in order.
pub trait Power: Send {
    /// Does it; on a desk there is nothing to switch off.
    fn off(&mut self) -> io::Result<()>;
}

/// The computer in the box, by its own service manager. The kiosk's user must be allowed to (see `docs/kiosk.md`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Computer;

impl Power for Computer {
    fn off(&mut self) -> io::Result<()> {
        let status = Command::new("systemctl").arg("poweroff").status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("systemctl poweroff: {status}"))) }
    }
}

/// A desk: only the program ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Desk;

impl Power for Desk {
    fn off(&mut self) -> io::Result<()> {
        Ok(())
    }
}
