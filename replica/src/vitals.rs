//! What a device can tell of itself without being asked: its program, its disk, its battery, what waits on it.

use std::{fs, path::Path};

use rustix::fs::statvfs;
use sync_core::status::Status;

use crate::{
    clock,
    dir::DataDir,
    store::{Log, StoreError},
};

/// Where Linux tells of batteries.
const SUPPLIES: &str = "/sys/class/power_supply";

/// The status of the device whose directory is `home` and whose log is `log`.
pub fn status(home: &DataDir, log: &Log) -> Result<Status, StoreError> {
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock: clock::now(),
        waiting: log.counts()?.here,
        attachments: log.waiting()?.count,
        free: free(home.path()),
        battery: battery(Path::new(SUPPLIES)),
        apart: log.apart_count()?,
        refused: log.refused_documents()?,
    })
}

/// What can still be written there, bytes; nothing where that cannot be told.
fn free(place: &Path) -> u64 {
    statvfs(place).map_or(0, |told| told.f_bavail.saturating_mul(told.f_frsize))
}

/// How full the emptiest battery of this machine is, of a hundred: a laptop's, a phone's, a UPS with a driver.
fn battery(supplies: &Path) -> Option<u8> {
    let supplies = fs::read_dir(supplies).ok()?.flatten();
    supplies.filter_map(|supply| fs::read_to_string(supply.path().join("capacity")).ok()?.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emptiest_battery_is_told_and_a_machine_without_one_tells_none() {
        let place = std::env::temp_dir().join(format!("huiyin-supplies-{}", std::process::id()));
        assert_eq!(battery(&place), None);
        for (name, told) in [("AC", None), ("BAT0", Some("87\n")), ("ups", Some("34\n"))] {
            fs::create_dir_all(place.join(name)).unwrap();
            told.into_iter().for_each(|told| fs::write(place.join(name).join("capacity"), told).unwrap());
        }
        assert_eq!(battery(&place), Some(34));
        fs::remove_dir_all(&place).unwrap();
        assert!(free(&std::env::temp_dir()) > 0);
    }
}
