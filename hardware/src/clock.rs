//! How far the computer's clock can be believed. A Pi up to the fourth has none of its own: after a power cut it begins
//! at the moment it was last shut down, until a network or a battery clock sets it.

use std::{fs, path::Path};

use serde::Serialize;

/// What the clock was set by, from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockQuality {
    /// Nothing that is known: the date may be wrong by months.
    Unset,
    /// A battery clock in the box: wrong by seconds, or by more where nobody ever set it.
    Battery,
    /// The network, since the last start.
    Network,
}

/// What the clock was set by, as the kernel and systemd-timesyncd tell.
pub fn quality() -> ClockQuality {
    quality_in(Path::new("/"))
}

fn quality_in(root: &Path) -> ClockQuality {
    // timesyncd touches this file whenever a server has answered; it is gone after a restart.
    if root.join("run/systemd/timesync/synchronized").exists() {
        return ClockQuality::Network;
    }
    // The kernel's word that it took the time from the battery clock when it started.
    let taken = fs::read_to_string(root.join("sys/class/rtc/rtc0/hctosys")).is_ok_and(|text| text.trim() == "1");
    if taken { ClockQuality::Battery } else { ClockQuality::Unset }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn the_network_is_believed_before_the_battery_and_the_battery_before_nothing() {
        let root = Scratch::new("clock").unwrap();
        let quality = || quality_in(root.path());
        assert_eq!(quality(), ClockQuality::Unset);
        root.write("sys/class/rtc/rtc0/hctosys", "0\n").unwrap();
        assert_eq!(quality(), ClockQuality::Unset);
        root.write("sys/class/rtc/rtc0/hctosys", "1\n").unwrap();
        assert_eq!(quality(), ClockQuality::Battery);
        root.write("run/systemd/timesync/synchronized", "").unwrap();
        assert_eq!(quality(), ClockQuality::Network);
    }
}
