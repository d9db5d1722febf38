//! What a device remembers from one meeting to the next beside its log: what time the hub said it is, and what it last
//! said of itself.

use civic_core::time::UnixSeconds;
use serde::{Deserialize, Serialize};
use sync_core::status::Status;

use crate::{
    dir::{DataDir, DirError},
    identity::Card,
};

const FILE: &str = "memory.json";
/// A status is said again after so long, even if nothing of it changed: a day.
const TOLD_AGAIN_S: i64 = 86_400;

/// The memory of a device. One that cannot be read is empty: then something is said twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The newest time that the hub signed.
    pub hub_time: UnixSeconds,
    /// The gist of what it last said of itself.
    pub told: String,
    /// When, by this device's clock.
    pub told_at: UnixSeconds,
}

impl Memory {
    /// Reads it in `dir`.
    pub fn read(dir: &DataDir) -> Result<Self, DirError> {
        Ok(dir.read(FILE)?.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default())
    }

    /// Writes it in `dir`.
    pub fn write(&self, dir: &DataDir) -> Result<(), DirError> {
        dir.replace(FILE, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// The latest time that is proven: by the build of this program, the county's card, what the hub signed.
    pub fn proven(&self, card: &Card, last_receipt: Option<UnixSeconds>) -> UnixSeconds {
        let proofs = [crate::clock::built_at(), card.enrolled_at, self.hub_time, last_receipt.unwrap_or_default()];
        proofs.into_iter().max().unwrap_or_default()
    }

    /// Whether a status is to be said now.
    pub fn is_due(&self, status: &Status) -> bool {
        let age = status.clock.0.saturating_sub(self.told_at.0);
        status.gist() != self.told || !(0..TOLD_AGAIN_S).contains(&age)
    }

    /// Notes that the hub heard this status and said what time it is.
    pub fn note(&mut self, status: &Status, hub_time: UnixSeconds) {
        *self = Self { hub_time: self.hub_time.max(hub_time), told: status.gist(), told_at: status.clock };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_said_when_it_changed_and_once_a_day() {
        let at = |clock| Status { clock: UnixSeconds(clock), free: 1 << 30, ..Status::default() };
        let mut memory = Memory::default();
        assert!(memory.is_due(&at(1_000_000)));
        memory.note(&at(1_000_000), UnixSeconds(2_000_000));
        assert!(!memory.is_due(&at(1_000_060)) && !memory.is_due(&at(1_086_399)));
        assert!(memory.is_due(&at(1_086_400)));
        assert!(memory.is_due(&Status { refused: 1, ..at(1_000_060) }));
        // A clock that was set back says so at once.
        assert!(memory.is_due(&at(0)));
        assert_eq!(memory.hub_time, UnixSeconds(2_000_000));
    }
}
