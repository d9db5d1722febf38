//! Which road is taken: rules over what was seen, and nothing else decides.
//!
//! A device remembers for each network it has been in what worked there ([`Memory`]). [`plan`] says from that which road is
//! called first and how long the other one waits; [`is_stalled`] when an open one carries nothing any more. QUIC is
//! preferred: it survives a change of address and loss holds up nothing but what was lost. TCP is taken where QUIC does not
//! answer, falls silent, or loses so much that TCP is faster, and QUIC is tried again now and then.
//!
//! Records go by every road at once. Voices and photos are heavy, and what a road costs decides of them ([`Tariff`]).

use std::time::Duration;

use civic_core::time::UnixSeconds;
use serde::{Deserialize, Serialize};

/// A road on which somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Road {
    /// QUIC.
    Quic,
    /// TLS over TCP.
    Tcp,
}

/// Where nothing is remembered the second road is called so long after the first.
pub const STRANGE: Duration = Duration::from_secs(1);
/// Where the first road worked the last time, the second waits so long.
pub const KNOWN: Duration = Duration::from_secs(3);
/// QUIC is tried again so long after it failed; doubled with each further failure in a row, up to [`PROBE_MAX_S`].
pub const PROBE_MIN_S: i64 = 600;
/// The longest wait before QUIC is tried again: twice a day.
pub const PROBE_MAX_S: i64 = 43_200;
/// From such a loss on, in thousandths, TCP is given a try.
pub const LOSS_PERMILLE: u32 = 200;
/// Fewer packets say nothing of loss.
pub const PACKETS_MIN: u64 = 50;
/// Fewer bytes say nothing of speed.
pub const BYTES_MIN: u64 = 32 * 1024;

/// Bytes of attachments that one transfer may move on a metered road: four minutes of a road of 64 kbit/s. The rest waits for
/// the next one, which follows the next meeting.
pub const TRANSFER_BYTES_MAX: u64 = 2 << 20;
/// Bytes of attachments, and of what is carried for others, that may move on a metered road on one day (UTC, by the device's
/// clock): about 1 GB in a month. The rest waits for the next day; records go on. A clock that jumps to another day begins
/// another budget.
pub const DAY_BYTES_MAX: u64 = 32 << 20;
/// The same in one transfer on a road that is free: it is long, and meetings come between.
pub const FREE_TRANSFER_BYTES_MAX: u64 = 64 << 20;
/// What a carrier has taken along whole, a metered road leaves to that carrier for so long, three days.
pub const LEFT_TO_CARRIERS_S: i64 = 3 * 86_400;

/// What a device's own road costs, as whoever set it up says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tariff {
    /// By the byte, as a telephone card does. Where nobody said anything it counts as this: a bill grows in silence, and what
    /// waits is shown.
    #[default]
    Metered,
    /// Nothing more for more.
    Free,
}

impl Tariff {
    /// Most bytes of one transfer.
    pub const fn transfer_max(self) -> u64 {
        match self {
            Tariff::Metered => TRANSFER_BYTES_MAX,
            Tariff::Free => FREE_TRANSFER_BYTES_MAX,
        }
    }

    /// Most bytes of one day; `None` if that has no end.
    pub const fn day_max(self) -> Option<u64> {
        match self {
            Tariff::Metered => Some(DAY_BYTES_MAX),
            Tariff::Free => None,
        }
    }

    /// Of the bytes of one day those that are kept for what goes up: what goes home leaves them untouched, so that whoever
    /// hands something over in the evening finds as much room as in the morning.
    pub const fn kept_for_villages(self) -> u64 {
        match self {
            Tariff::Metered => DAY_BYTES_MAX / 2,
            Tariff::Free => 0,
        }
    }

    /// For how long, seconds, this road leaves to a carrier what that one has taken along whole: the cheapest that works.
    pub const fn leaves_to_carriers_s(self) -> i64 {
        match self {
            Tariff::Metered => LEFT_TO_CARRIERS_S,
            Tariff::Free => 0,
        }
    }
}

/// What was seen of one road in one network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When it last carried a whole meeting.
    pub worked: Option<UnixSeconds>,
    /// When it last failed while the other one answered, or fell silent.
    pub failed: Option<UnixSeconds>,
    /// How many times in a row it did.
    pub failures: u32,
    /// Packets lost of a thousand, the last time that enough were sent.
    pub lost_permille: u32,
    /// Bytes in a second, the last time that enough moved; 0 while that was never.
    pub rate: u64,
}

/// What was seen in one network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Of QUIC.
    pub quic: Seen,
    /// Of TCP.
    pub tcp: Seen,
    /// When this network was last used.
    pub used: UnixSeconds,
}

/// Which road is called first, and when the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Called at once.
    pub first: Road,
    /// Called when the first has failed, or has not answered for `patience`.
    pub second: Option<Road>,
    /// How long.
    pub patience: Duration,
}

impl Plan {
    /// This road alone, for measuring.
    pub const fn only(road: Road) -> Self {
        Self { first: road, second: None, patience: STRANGE }
    }
}

impl Seen {
    /// Whether it failed more recently than it worked.
    fn is_down(&self) -> bool {
        self.failures > 0
    }

    /// Since when it may be tried again.
    fn probe_at(&self) -> Option<UnixSeconds> {
        let wait = PROBE_MIN_S.saturating_mul(1 << self.failures.saturating_sub(1).min(16)).min(PROBE_MAX_S);
        self.failed.map(|at| UnixSeconds(at.0.saturating_add(wait)))
    }

    /// It carried a whole meeting.
    pub fn note_worked(&mut self, now: UnixSeconds) {
        (self.worked, self.failures) = (Some(now), 0);
    }

    /// It failed while the other one answered, or fell silent.
    pub fn note_failed(&mut self, now: UnixSeconds) {
        (self.failed, self.failures) = (Some(now), self.failures.saturating_add(1));
    }

    /// So much moved over it in so long, and so much of it was lost.
    pub fn note_measured(&mut self, bytes: u64, took: Duration, packets: u64, lost: u64) {
        if packets >= PACKETS_MIN {
            self.lost_permille = u32::try_from(lost.saturating_mul(1_000) / packets).unwrap_or(u32::MAX);
        }
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        if bytes >= BYTES_MIN {
            self.rate = bytes.saturating_mul(1_000) / ms;
        }
    }
}

impl Memory {
    /// What was seen of a road.
    pub fn of(&mut self, road: Road) -> &mut Seen {
        match road {
            Road::Quic => &mut self.quic,
            Road::Tcp => &mut self.tcp,
        }
    }

    /// Whether QUIC loses so much that TCP is faster, as far as is known; where it is not known it is found out.
    fn is_poor(&self) -> bool {
        let tcp_may_be_faster = self.tcp.rate == 0 || self.tcp.rate > self.quic.rate;
        self.quic.lost_permille >= LOSS_PERMILLE && tcp_may_be_faster && !self.tcp.is_down()
    }

    /// When QUIC is to be tried again while TCP is open; `None` if QUIC is not known to fail here.
    pub fn probe_at(&self) -> Option<UnixSeconds> {
        self.quic.probe_at().filter(|_| self.quic.is_down())
    }
}

/// Which road is called first in a network of which this is remembered.
pub fn plan(memory: &Memory, now: UnixSeconds) -> Plan {
    // A clock that was set back makes a failure look as if it were still to come: that is no reason to wait for ever.
    let is_probe_due =
        memory.probe_at().is_some_and(|at| at <= now || memory.quic.failed.is_some_and(|failed| failed > now));
    let is_down = memory.quic.is_down() && !is_probe_due;
    let tcp_alone_worked = memory.tcp.worked.is_some() && !memory.tcp.is_down();
    let first = if (is_down || memory.is_poor()) && !memory.tcp.is_down() { Road::Tcp } else { Road::Quic };
    let is_known = match first {
        Road::Quic => memory.quic.worked.is_some() && !memory.quic.is_down(),
        Road::Tcp => tcp_alone_worked,
    };
    let second = match first {
        Road::Quic => Road::Tcp,
        Road::Tcp => Road::Quic,
    };
    Plan { first, second: Some(second), patience: if is_known { KNOWN } else { STRANGE } }
}

/// Whether a road is silent: `sent` packets went out, and nothing came for `silent`, where an answer takes `rtt`.
pub fn is_stalled(sent: u64, silent: Duration, rtt: Duration) -> bool {
    sent >= 4 && silent >= Duration::from_secs(3).saturating_add(rtt.saturating_mul(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn later(seconds: i64) -> UnixSeconds {
        UnixSeconds(NOW.0 + seconds)
    }

    fn first(memory: &Memory, now: UnixSeconds) -> Road {
        plan(memory, now).first
    }

    #[test]
    fn quic_goes_first_and_tcp_after_a_moment_where_nothing_is_known() {
        let strange = plan(&Memory::default(), NOW);
        assert_eq!(strange, Plan { first: Road::Quic, second: Some(Road::Tcp), patience: STRANGE });
        let mut memory = Memory::default();
        memory.quic.note_worked(NOW);
        assert_eq!(plan(&memory, NOW), Plan { patience: KNOWN, ..strange });
    }

    #[test]
    fn where_quic_failed_tcp_goes_first_until_it_is_time_to_look_again_and_ever_more_rarely() {
        let mut memory = Memory::default();
        memory.quic.note_failed(NOW);
        memory.tcp.note_worked(NOW);
        assert_eq!(plan(&memory, later(1)).first, Road::Tcp);
        assert_eq!(plan(&memory, later(1)).patience, KNOWN);
        assert_eq!(first(&memory, later(PROBE_MIN_S)), Road::Quic);
        assert_eq!(memory.probe_at(), Some(later(PROBE_MIN_S)));
        memory.quic.note_failed(later(PROBE_MIN_S));
        assert_eq!(first(&memory, later(2 * PROBE_MIN_S)), Road::Tcp);
        assert_eq!(first(&memory, later(3 * PROBE_MIN_S)), Road::Quic);
        for _ in 0..60 {
            memory.quic.note_failed(NOW);
        }
        assert_eq!(memory.probe_at(), Some(later(PROBE_MAX_S)));
        memory.quic.note_worked(later(PROBE_MAX_S));
        assert_eq!((first(&memory, later(PROBE_MAX_S)), memory.probe_at()), (Road::Quic, None));
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_quic_away_no_longer_than_it_should() {
        let mut memory = Memory::default();
        memory.quic.note_failed(later(1_000_000));
        assert_eq!(first(&memory, NOW), Road::Quic);
    }

    #[test]
    fn where_both_failed_quic_goes_first_again() {
        let mut memory = Memory::default();
        memory.quic.note_failed(NOW);
        memory.tcp.note_failed(NOW);
        assert_eq!(first(&memory, later(1)), Road::Quic);
    }

    #[test]
    fn a_road_that_loses_much_is_left_only_for_one_that_is_faster() {
        let mut memory = Memory::default();
        memory.quic.note_worked(NOW);
        memory.quic.note_measured(1 << 20, Duration::from_secs(10), 1_000, 300);
        assert_eq!(first(&memory, NOW), Road::Tcp, "it is found out");
        memory.tcp.note_worked(NOW);
        memory.tcp.note_measured(1 << 20, Duration::from_secs(60), 0, 0);
        assert_eq!(first(&memory, NOW), Road::Quic, "TCP is slower");
        memory.tcp.note_measured(1 << 20, Duration::from_secs(5), 0, 0);
        assert_eq!(first(&memory, NOW), Road::Tcp, "TCP is faster");
        memory.quic.note_measured(1 << 20, Duration::from_secs(10), 1_000, 10);
        assert_eq!(first(&memory, NOW), Road::Quic, "and little is lost now");
    }

    #[test]
    fn a_road_of_which_nobody_said_anything_counts_as_metered_and_a_free_one_knows_no_day() {
        assert_eq!(Tariff::default(), Tariff::Metered);
        assert_eq!((Tariff::Metered.day_max(), Tariff::Free.day_max()), (Some(DAY_BYTES_MAX), None));
        assert_eq!((Tariff::Metered.kept_for_villages(), Tariff::Free.kept_for_villages()), (DAY_BYTES_MAX / 2, 0));
        assert!(Tariff::Free.transfer_max() > Tariff::Metered.transfer_max());
        assert!(Tariff::Metered.leaves_to_carriers_s() > 0 && Tariff::Free.leaves_to_carriers_s() == 0);
    }

    #[test]
    fn little_that_moved_says_nothing() {
        let mut seen = Seen::default();
        seen.note_measured(BYTES_MIN - 1, Duration::from_secs(1), PACKETS_MIN - 1, PACKETS_MIN - 1);
        assert_eq!(seen, Seen::default());
    }

    #[test]
    fn a_hub_that_thinks_is_not_taken_for_a_road_that_is_silent() {
        let long = Duration::from_secs(60);
        assert!(!is_stalled(1, long, Duration::ZERO), "nothing was asked that the road would not have answered");
        assert!(!is_stalled(9, Duration::from_secs(2), Duration::ZERO));
        assert!(!is_stalled(9, Duration::from_secs(5), Duration::from_millis(800)), "a far road takes its time");
        assert!(is_stalled(9, Duration::from_secs(7), Duration::from_millis(800)));
    }
}
