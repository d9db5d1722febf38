//! What of a device somebody at the county should look at.

use civic_core::time::UnixSeconds;

use crate::register::DeviceLine;

/// A device that was not heard for so long is looked for: three days.
const SILENT_S: i64 = 3 * 86_400;
/// A device with less room than that is nearly full: 256 MiB.
const FREE_MIN: u64 = 256 << 20;
/// A battery with less than that is nearly empty.
const BATTERY_MIN: u8 = 20;
/// A clock that differs by more is wrong: a day.
const OFFSET_MAX_S: i64 = 86_400;
/// A certificate older than that should have been renewed long ago: the device did not manage to.
const CERTIFIED_S: i64 = 350 * 86_400;

/// One thing to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// It was never heard since it was let in.
    NeverHeard,
    /// It was not heard for days.
    Silent,
    /// Its disk is nearly full.
    Full,
    /// Its battery is nearly empty.
    Battery,
    /// Its clock is wrong by more than a day.
    Clock,
    /// It wrote two different things in one place: it was copied, or somebody else writes with its key.
    Forked,
    /// It keeps things apart: a forged or damaged run, what others wrote twice.
    Apart,
    /// The hub refused something that it wrote.
    Refused,
    /// It has not renewed its certificate.
    Certificate,
}

impl Look {
    /// Everything that there can be.
    pub const ALL: [Look; 9] = [
        Look::NeverHeard,
        Look::Silent,
        Look::Full,
        Look::Battery,
        Look::Clock,
        Look::Forked,
        Look::Apart,
        Look::Refused,
        Look::Certificate,
    ];

    /// The word for machines, and the key of the sentence for people.
    pub const fn word(self) -> &'static str {
        match self {
            Look::NeverHeard => "never-heard",
            Look::Silent => "silent",
            Look::Full => "full",
            Look::Battery => "battery",
            Look::Clock => "clock",
            Look::Forked => "forked",
            Look::Apart => "apart",
            Look::Refused => "refused",
            Look::Certificate => "certificate",
        }
    }

    /// Whether something may be lost if nobody comes; the others can wait for the next visit.
    pub const fn is_grave(self) -> bool {
        match self {
            Look::Silent | Look::Full | Look::Forked | Look::Apart | Look::Refused => true,
            Look::NeverHeard | Look::Battery | Look::Clock | Look::Certificate => false,
        }
    }
}

/// Everything to look at in one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health(Vec<Look>);

impl Health {
    /// Of this device, which forked so often ([`ledger::Ledger::forks`]), at this time. One that was struck off needs nothing.
    pub fn of(line: &DeviceLine, forks: u64, now: UnixSeconds) -> Self {
        if line.is_revoked {
            return Self::default();
        }
        let mut looks = Vec::new();
        match line.last_heard {
            None if now.0 - line.enrolled_at.0 > SILENT_S => looks.push(Look::NeverHeard),
            Some(at) if now.0 - at.0 > SILENT_S => looks.push(Look::Silent),
            None | Some(_) => {}
        }
        if forks > 0 {
            looks.push(Look::Forked);
        }
        if let Some(status) = &line.status {
            let told = [
                (Look::Full, status.free < FREE_MIN),
                (Look::Battery, status.battery.is_some_and(|battery| battery < BATTERY_MIN)),
                (Look::Clock, status.clock_offset.saturating_abs() > OFFSET_MAX_S),
                (Look::Apart, status.apart > 0),
                (Look::Refused, status.refused > 0),
            ];
            looks.extend(told.into_iter().filter(|(_, is_so)| *is_so).map(|(look, _)| look));
        }
        if now.0 - line.certified_at.0 > CERTIFIED_S {
            looks.push(Look::Certificate);
        }
        Self(looks)
    }

    /// Whether there is anything.
    pub fn needs_look(&self) -> bool {
        !self.0.is_empty()
    }

    /// What there is.
    pub fn looks(&self) -> &[Look] {
        &self.0
    }

    /// The words for machines.
    pub fn words(&self) -> Vec<&'static str> {
        self.0.iter().map(|look| look.word()).collect()
    }
}

#[cfg(test)]
mod tests {
    use civic_core::{access::Role, id::DeviceId};

    use super::*;
    use crate::register::StatusLine;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn line() -> DeviceLine {
        let status = StatusLine {
            at: NOW,
            version: "0.1.0".into(),
            clock_offset: 3,
            waiting: 2,
            attachments: 0,
            free: 8 << 30,
            battery: None,
            apart: 0,
            refused: 0,
        };
        DeviceLine {
            device: DeviceId::of(&[1; 32]),
            public_key: [1; 32],
            name: "石桥村".into(),
            role: Role::Kiosk,
            areas: Vec::new(),
            number: 1,
            enrolled_at: UnixSeconds(NOW.0 - 300 * 86_400),
            last_heard: Some(NOW),
            road: "quic".into(),
            certified_at: UnixSeconds(NOW.0 - 300 * 86_400),
            is_revoked: false,
            revoked_at: None,
            status: Some(status),
        }
    }

    fn words(change: impl FnOnce(&mut DeviceLine, &mut StatusLine)) -> Vec<&'static str> {
        let mut line = line();
        let mut status = line.status.take().unwrap();
        change(&mut line, &mut status);
        line.status = Some(status);
        Health::of(&line, 0, NOW).words()
    }

    #[test]
    fn a_device_that_is_well_asks_for_nobody_and_each_trouble_is_told() {
        assert!(words(|_, _| {}).is_empty());
        assert_eq!(words(|line, _| line.last_heard = Some(UnixSeconds(NOW.0 - 4 * 86_400))), ["silent"]);
        assert_eq!(words(|line, _| line.last_heard = None), ["never-heard"]);
        assert_eq!(words(|_, status| status.free = 100 << 20), ["full"]);
        assert_eq!(words(|_, status| status.battery = Some(9)), ["battery"]);
        assert_eq!(words(|_, status| status.clock_offset = -1_790_000_000), ["clock"]);
        assert_eq!(words(|_, status| (status.apart, status.refused) = (1, 2)), ["apart", "refused"]);
        assert_eq!(words(|line, _| line.certified_at = UnixSeconds(NOW.0 - 360 * 86_400)), ["certificate"]);
        assert_eq!(Health::of(&line(), 1, NOW).words(), ["forked"]);
        assert!(words(|line, status| (line.is_revoked, status.apart) = (true, 1)).is_empty());
    }
}
