//! What a device says of itself to its hub, so that somebody sees at the county what goes wrong in a village.
//!
//! It says so when something of it changed that a person would want to know, and once a day; a meeting in which nothing is
//! new stays as short as it was.

use civic_core::{
    codec::{Malformed, Reader, put_bytes, put_signed, put_varint},
    time::UnixSeconds,
};

/// Longest name of a program's version; a longer one is cut.
const VERSION_LEN_MAX: usize = 32;
/// What stands for a battery that is not there.
const NO_BATTERY: u8 = 255;

/// The status of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The version of its program.
    pub version: String,
    /// What its clock says, right or wrong.
    pub clock: UnixSeconds,
    /// Records without a receipt.
    pub waiting: u64,
    /// Attachments without a receipt.
    pub attachments: u64,
    /// What can still be written on its disk, bytes.
    pub free: u64,
    /// How full its battery is, of a hundred; `None` if it has none.
    pub battery: Option<u8>,
    /// Things that it keeps apart: what others sent and it could not take, what the hub would not take.
    pub apart: u64,
    /// Records of its own that the hub refused.
    pub refused: u64,
}

impl Status {
    /// Appends it: version, clock, counts, battery.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, &self.version.as_bytes()[..self.version.floor_char_boundary(VERSION_LEN_MAX)]);
        put_signed(out, self.clock.0);
        for count in [self.waiting, self.attachments, self.free, self.apart, self.refused] {
            put_varint(out, count);
        }
        out.push(self.battery.map_or(NO_BATTERY, |battery| battery.min(100)));
    }

    /// Reads what [`Status::put`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let version = reader.text(VERSION_LEN_MAX)?.to_owned();
        let clock = UnixSeconds(reader.signed()?);
        let mut count = || reader.varint();
        let (waiting, attachments, free, apart, refused) = (count()?, count()?, count()?, count()?, count()?);
        let battery = Some(reader.byte()?).filter(|battery| *battery <= 100);
        Ok(Self { version, clock, waiting, attachments, free, battery, apart, refused })
    }

    /// What is worth saying again before a day is over: not every number that moves, but what a person would look at.
    pub fn gist(&self) -> String {
        let Self { version, free, battery, apart, refused, attachments, .. } = self;
        // Room by halves, charge by quarters.
        let (room, charge) = (free.checked_ilog2().unwrap_or(0), battery.map_or(5, |battery| battery / 25));
        format!("{version} {room} {charge} {apart} {refused} {}", u8::from(*attachments > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_takes_few_bytes_and_only_what_a_person_would_look_at_is_said_again() {
        let status = Status {
            version: "0.1.0".into(),
            clock: UnixSeconds(1_775_000_000),
            waiting: 12,
            free: 20 << 30,
            battery: Some(80),
            ..Status::default()
        };
        let mut out = Vec::new();
        status.put(&mut out);
        assert!(out.len() <= 24, "{} bytes", out.len());
        assert_eq!(Status::read(&mut Reader::new(&out)), Ok(status.clone()));
        let later = Status { clock: UnixSeconds(1_775_009_000), waiting: 13, free: 19 << 30, ..status.clone() };
        assert_eq!(later.gist(), status.gist());
        for worse in [
            Status { free: 1 << 30, ..status.clone() },
            Status { battery: Some(20), ..status.clone() },
            Status { apart: 1, ..status.clone() },
            Status { version: "0.2.0".into(), ..status.clone() },
        ] {
            assert_ne!(worse.gist(), status.gist());
        }
    }
}
