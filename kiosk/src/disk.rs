//! How much room there is for what people say.

use std::{io, path::Path};

use rustix::fs::{StatVfsMountFlags, statvfs};

/// With less than this free, nothing new is begun: what is saved still has to be merged, sent and answered.
pub const FREE_MIN: u64 = 16 << 20;

/// A disk, as the file system tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// How large it is, in bytes.
    pub size: u64,
    /// What can still be written on it, in bytes.
    pub free: u64,
    /// Whether nothing can: a card that fails is made so by the system.
    pub is_read_only: bool,
}

/// Asks for the disk on which this directory lies.
pub fn disk(directory: &Path) -> io::Result<Disk> {
    let told = statvfs(directory)?;
    Ok(Disk {
        size: told.f_blocks.saturating_mul(told.f_frsize),
        free: told.f_bavail.saturating_mul(told.f_frsize),
        is_read_only: told.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_lies_on_a_disk_that_tells_its_size() {
        let told = disk(&std::env::temp_dir()).unwrap();
        assert!(told.size > 0 && told.free <= told.size && !told.is_read_only);
        assert_eq!(disk(Path::new("/nonexistent")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
