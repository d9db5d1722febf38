//! What the program holds, as the kernel tells.

use std::{fs, path::Path};

use anyhow::Context;

/// Memory, open files and the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Memory of the program that is in use, in KiB.
    pub memory_kib: u64,
    /// Files that are open.
    pub files: usize,
    /// Length of all files of the data directory, in bytes.
    pub disk_bytes: u64,
}

impl Held {
    /// What is held now by this program, whose data directory is this.
    pub fn now(data: &Path) -> anyhow::Result<Self> {
        let status = fs::read_to_string("/proc/self/status").context("Asking the kernel for the memory in use")?;
        let memory =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("The kernel tells no VmRSS")?;
        let files = fs::read_dir("/proc/self/fd").context("Asking the kernel for open files")?.count();
        let entries = fs::read_dir(data).with_context(|| format!("Looking into {}", data.display()))?;
        let lengths = entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()));
        Ok(Self { memory_kib: memory.trim().trim_end_matches(" kB").parse()?, files, disk_bytes: lengths.sum() })
    }
}

/// Length of all write-ahead logs of databases in the data directory now, in bytes.
pub fn wal_bytes(data: &Path) -> anyhow::Result<u64> {
    let entries = fs::read_dir(data).with_context(|| format!("Looking into {}", data.display()))?;
    let logs = entries.filter_map(Result::ok).filter(|entry| entry.file_name().to_string_lossy().ends_with("-wal"));
    Ok(logs.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum())
}
