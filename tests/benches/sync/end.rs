//! One end of a workload as a process of its own, so that its time and memory can be told from the other's.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde::de::DeserializeOwned;

use crate::talk::{self, Ask};

/// Clock ticks a second in /proc, which Linux fixes for programs whatever the kernel's own clock is.
const TICKS_PER_S: f64 = 100.0;

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

/// Processor time that a process has used until now, seconds.
pub fn cpu_s(pid: u32) -> anyhow::Result<f64> {
    Ok(ticks(&format!("/proc/{pid}/stat"), 11)? / TICKS_PER_S)
}

/// The most memory that a process ever had at once, MiB.
pub fn memory_mib(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("No VmHWM in /proc")?;
    let kib: f64 = peak.trim().trim_end_matches("kB").trim().parse().context("Reading VmHWM")?;
    Ok(kib / 1024.0)
}

/// Processor time of all programs that this one has started and that have ended, seconds.
pub fn ended_children_cpu_s() -> anyhow::Result<f64> {
    Ok(ticks("/proc/self/stat", 13)? / TICKS_PER_S)
}

/// The sum of two neighbouring fields of a stat file, counted from the one after the program's name (proc_pid_stat(5)).
fn ticks(path: &str, field: usize) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(path).with_context(|| format!("Reading {path}"))?;
    let (_, rest) = stat.rsplit_once(") ").context("No program's name in /proc")?;
    let fields = rest.split(' ').skip(field).take(2).map(str::parse::<f64>);
    Ok(fields.collect::<Result<Vec<_>, _>>()?.iter().sum())
}
