//! One end of a workload as a process of its own, so that its time and memory can be told from the other's.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde::de::DeserializeOwned;
use tests::process::{cpu_s, memory_mib};

use crate::talk::{self, Ask};

/// A running end. Dropped, it is killed.
pub struct End {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    address: Option<SocketAddr>,
}

impl End {
    /// Starts this program as `role` with the data directory `dir`, and waits until it is ready.
    pub fn start(role: &str, dir: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(role).arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("Starting an end as {role}"))?;
        let asks = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("An end without output")?);
        let mut end = Self { child, asks, answers, address: None };
        end.address = end.hear().with_context(|| format!("Starting {role} in {}", dir.display()))?;
        Ok(end)
    }

    /// Where it listens, if it is a hub.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.address.context("This end does not listen")
    }

    /// Asks, and waits for the answer.
    pub fn ask<T: DeserializeOwned>(&mut self, ask: &Ask) -> anyhow::Result<T> {
        self.tell(ask)?;
        self.hear()
    }

    /// Asks without waiting; [`Self::hear`] waits.
    pub fn tell(&mut self, ask: &Ask) -> anyhow::Result<()> {
        let asks = self.asks.as_mut().context("The end was stopped")?;
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        Ok(asks.write_all(&line)?)
    }

    /// Waits for an answer.
    pub fn hear<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "the end has ended; its last words stand above");
        talk::read(&line)
    }

    /// Processor time it has used until now, in the program and in the kernel for it, seconds.
    pub fn cpu_s(&self) -> anyhow::Result<f64> {
        cpu_s(self.child.id())
    }

    /// The most memory it ever had at once, MiB.
    pub fn memory_mib(&self) -> anyhow::Result<f64> {
        memory_mib(self.child.id())
    }

    /// Ends it in good order.
    pub fn stop(mut self) -> anyhow::Result<()> {
        drop(self.asks.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "an end failed with {status}");
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
