//! What a process takes, as Linux counts it.

use std::fs;

use anyhow::Context as _;

/// Clock ticks a second in /proc, which Linux fixes for programs whatever the kernel's own clock is.
const TICKS_PER_S: f64 = 100.0;

/// Processor time that a process has used until now, seconds.
pub fn cpu_s(pid: u32) -> anyhow::Result<f64> {
    Ok(ticks(&format!("/proc/{pid}/stat"), 11)? / TICKS_PER_S)
}

/// Processor time of all programs that this one has started and that have ended, seconds.
pub fn ended_children_cpu_s() -> anyhow::Result<f64> {
    Ok(ticks("/proc/self/stat", 13)? / TICKS_PER_S)
}

/// The most memory that a process ever had at once, MiB.
pub fn memory_mib(pid: u32) -> anyhow::Result<f64> {
    kept_mib(pid, "VmHWM:")
}

/// The memory that a process has now and nobody else could give it again, MiB: without the pages of its program and of the
/// files that it reads, which come as they are needed the first time and go when there is no room.
pub fn own_mib(pid: u32) -> anyhow::Result<f64> {
    Ok(kept_mib(pid, "RssAnon:")? + kept_mib(pid, "RssShmem:")?)
}

/// How many files, sockets and pipes a process has open.
pub fn descriptors(pid: u32) -> anyhow::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd")).with_context(|| format!("Looking at process {pid}"))?.count())
}

fn kept_mib(pid: u32, line: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kept = status.lines().find_map(|said| said.strip_prefix(line));
    let kept = kept.with_context(|| format!("No {line} in /proc"))?;
    let kib: f64 = kept.trim().trim_end_matches("kB").trim().parse().with_context(|| format!("Reading {line}"))?;
    Ok(kib / 1024.0)
}

/// The sum of two neighbouring fields of a stat file, counted from the one after the program's name (proc_pid_stat(5)).
fn ticks(path: &str, field: usize) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(path).with_context(|| format!("Reading {path}"))?;
    let (_, rest) = stat.rsplit_once(") ").context("No program's name in /proc")?;
    let fields = rest.split(' ').skip(field).take(2).map(str::parse::<f64>);
    Ok(fields.collect::<Result<Vec<_>, _>>()?.iter().sum())
}
