//! How bad a road is, and what that does to each packet: a value and a seed, without a socket or a clock.

use std::time::Duration;

use crate::sample::Dice;

/// What a packet carries beside its payload on a real road: headers of IP and UDP, bytes. They take time, and are not counted.
const UDP_HEADERS_LEN: usize = 28;
/// The same of IP and TCP with time stamps.
const TCP_HEADERS_LEN: usize = 52;
/// Bytes that wait before a narrow road. A packet that finds the queue full is lost; a stream is held back instead.
const QUEUE_LEN_MAX: u64 = 32 * 1024;
/// How long TCP waits at least before it sends again what was lost.
const RESEND_MIN: Duration = Duration::from_millis(200);

/// One direction of a road. The default is a perfect one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// How long each packet is on its way.
    pub delay: Duration,
    /// Up to so much longer, drawn for each packet, so that one may overtake another.
    pub jitter: Duration,
    /// So many of a thousand packets are lost.
    pub lost_permille: u16,
    /// So many of a thousand packets arrive twice.
    pub twice_permille: u16,
    /// How wide it is, bytes a second with headers; `None` for as wide as the machine.
    pub bytes_per_s: Option<u64>,
}

/// A road between a device and the hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Road {
    /// To the hub.
    pub up: Lane,
    /// To the device.
    pub down: Lane,
    /// Draws what is lost, late or doubled: the same seed draws the same for the same packets.
    pub seed: u64,
}

impl Road {
    /// A road that is alike in both directions.
    pub fn even(lane: Lane, seed: u64) -> Self {
        Self { up: lane, down: lane, seed }
    }

    /// Who carries up, and who carries down.
    pub(super) fn porters(&self) -> [Porter; 2] {
        // The two lanes must not draw alike.
        [Porter::new(self.up, self.seed), Porter::new(self.down, !self.seed)]
    }
}

/// What was given to a lane since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Packets, or for a stream its segments.
    pub packets: u64,
    /// Their payload, bytes.
    pub bytes: u64,
    /// Of these packets, how many never arrived; for a stream how many came late because they were sent again.
    pub lost: u64,
    /// Of these packets, how many arrived twice.
    pub twice: u64,
}

/// Says of each packet of a lane when it arrives. Times count from any fixed moment.
pub(super) struct Porter {
    lane: Lane,
    dice: Dice,
    /// When what waits will have passed the narrow place.
    free_at: Duration,
    /// When the last segment of a stream arrives.
    last_at: Duration,
    load: Load,
}

impl Porter {
    pub(super) fn new(lane: Lane, seed: u64) -> Self {
        Self { lane, dice: Dice(seed), free_at: Duration::ZERO, last_at: Duration::ZERO, load: Load::default() }
    }

    pub(super) fn load(&self) -> Load {
        self.load
    }

    /// When a datagram of `len` bytes arrives that is sent at `now`: never, once or twice.
    pub(super) fn carry(&mut self, len: usize, now: Duration) -> Vec<Duration> {
        let Fate { is_lost, is_twice, late } = self.draw(len);
        let is_full = self.waiting(now) + len as u64 > QUEUE_LEN_MAX;
        if is_full {
            self.load.lost += 1;
            return Vec::new();
        }
        // What is lost is lost behind the narrow place and has taken its time there.
        let mut arrivals = vec![self.pass(len + UDP_HEADERS_LEN, now) + late[0]];
        if is_twice {
            self.load.twice += 1;
            arrivals.push(self.pass(len + UDP_HEADERS_LEN, now) + late[1]);
        }
        if is_lost {
            self.load.lost += 1;
            arrivals.remove(0);
        }
        arrivals
    }

    /// When the next segment of a stream arrives that is sent at `now`, never before the one ahead of it. A lost one is
    /// late by the time it takes to notice and to send it again.
    pub(super) fn carry_in_order(&mut self, len: usize, now: Duration) -> Duration {
        let Fate { is_lost, late, .. } = self.draw(len);
        let mut arrival = self.pass(len + TCP_HEADERS_LEN, now) + late[0];
        if is_lost {
            self.load.lost += 1;
            arrival += RESEND_MIN.max(self.lane.delay * 2) + self.lane.delay;
        }
        self.last_at = self.last_at.max(arrival);
        self.last_at
    }

    /// How long a stream must be held back for the queue to have room again.
    pub(super) fn held_back(&self, now: Duration) -> Duration {
        let Some(bytes_per_s) = self.lane.bytes_per_s else { return Duration::ZERO };
        let room = Duration::from_secs_f64(QUEUE_LEN_MAX as f64 / bytes_per_s as f64);
        self.free_at.saturating_sub(now).saturating_sub(room)
    }

    /// The same number of draws for every packet, so that the fate of one hangs on its place alone.
    fn draw(&mut self, len: usize) -> Fate {
        self.load.packets += 1;
        self.load.bytes += len as u64;
        let mut hits = |permille: u16| self.dice.below(1_000) < u64::from(permille);
        let (is_lost, is_twice) = (hits(self.lane.lost_permille), hits(self.lane.twice_permille));
        let mut late = || Duration::from_micros(self.dice.below(self.lane.jitter.as_micros() as u64 + 1));
        Fate { is_lost, is_twice, late: [late(), late()] }
    }

    /// Bytes that wait before the narrow place.
    fn waiting(&self, now: Duration) -> u64 {
        let wait = self.free_at.saturating_sub(now);
        self.lane.bytes_per_s.map_or(0, |bytes_per_s| (wait.as_secs_f64() * bytes_per_s as f64) as u64)
    }

    /// Through the narrow place and over the distance.
    fn pass(&mut self, len: usize, now: Duration) -> Duration {
        let through = match self.lane.bytes_per_s {
            Some(bytes_per_s) => self.free_at.max(now) + Duration::from_secs_f64(len as f64 / bytes_per_s as f64),
            None => now,
        };
        self.free_at = through;
        through + self.lane.delay
    }
}

struct Fate {
    is_lost: bool,
    is_twice: bool,
    late: [Duration; 2],
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// The arrivals of `count` datagrams of 1,000 bytes, one every 10 ms.
    fn arrivals(lane: Lane, seed: u64, count: u64) -> Vec<Vec<Duration>> {
        let mut porter = Porter::new(lane, seed);
        (0..count).map(|number| porter.carry(1_000, MS(10 * number))).collect()
    }

    #[test]
    fn a_perfect_road_carries_everything_at_once() {
        let mut porter = Porter::new(Lane::default(), 1);
        assert_eq!(porter.carry(1_200, MS(7)), [MS(7)]);
        assert_eq!(porter.load(), Load { packets: 1, bytes: 1_200, lost: 0, twice: 0 });
    }

    #[test]
    fn the_same_seed_loses_and_doubles_the_same_packets() {
        let lane = Lane { lost_permille: 200, twice_permille: 50, jitter: MS(5), ..Lane::default() };
        assert_eq!(arrivals(lane, 3, 500), arrivals(lane, 3, 500));
        assert_ne!(arrivals(lane, 3, 500), arrivals(lane, 4, 500));
        // Another delay changes when, never which.
        let later = arrivals(Lane { delay: MS(400), ..lane }, 3, 500);
        assert!(arrivals(lane, 3, 500).iter().zip(&later).all(|(soon, late)| soon.len() == late.len()));
    }

    #[test]
    fn about_as_many_are_lost_and_doubled_as_was_said() {
        let all = arrivals(Lane { lost_permille: 200, ..Lane::default() }, 5, 10_000);
        let lost = all.iter().filter(|arrivals| arrivals.is_empty()).count();
        assert!((1_850..2_150).contains(&lost), "{lost} of 10,000 lost");
        let all = arrivals(Lane { twice_permille: 100, ..Lane::default() }, 5, 10_000);
        let twice = all.iter().filter(|arrivals| arrivals.len() == 2).count();
        assert!((900..1_100).contains(&twice), "{twice} of 10,000 doubled");
    }

    #[test]
    fn jitter_lets_one_packet_overtake_another() {
        let all = arrivals(Lane { delay: MS(50), jitter: MS(40), ..Lane::default() }, 5, 100);
        assert!(all.windows(2).any(|pair| pair[1][0] < pair[0][0]));
        assert!(all.iter().zip(0..).all(|(arrival, n)| (MS(50)..=MS(90)).contains(&(arrival[0] - MS(10 * n)))));
    }

    #[test]
    fn a_narrow_road_takes_its_time_and_drops_what_finds_the_queue_full() {
        let lane = Lane { delay: MS(100), bytes_per_s: Some(8_000), ..Lane::default() };
        let mut porter = Porter::new(lane, 1);
        let first = porter.carry(1_000, MS(0))[0];
        let second = porter.carry(1_000, MS(0))[0];
        assert_eq!(first, MS(100) + Duration::from_micros(128_500));
        assert_eq!(second - first, Duration::from_micros(128_500));
        let lost = (0..100).filter(|_| porter.carry(1_000, MS(0)).is_empty()).count();
        assert_eq!(lost as u64, porter.load().lost);
        assert!((65..75).contains(&lost), "{lost} of 102 found the queue of 32 KiB full");
        // Once the queue has emptied, packets pass again.
        assert_eq!(porter.carry(1_000, MS(60_000)).len(), 1);
    }

    #[test]
    fn a_stream_stays_in_order_and_waits_for_what_was_lost() {
        let lane = Lane { delay: MS(150), jitter: MS(90), lost_permille: 200, ..Lane::default() };
        let mut porter = Porter::new(lane, 9);
        let all: Vec<_> = (0..200).map(|n| porter.carry_in_order(1_448, MS(10 * n))).collect();
        assert!(all.is_sorted());
        assert!(porter.load().lost > 20);
        assert!(all.iter().zip(0..).any(|(arrival, n)| *arrival - MS(10 * n) > MS(450)));
    }

    #[test]
    fn a_stream_on_a_narrow_road_is_held_back_instead_of_cut() {
        let mut porter = Porter::new(Lane { bytes_per_s: Some(8_000), ..Lane::default() }, 1);
        assert_eq!(porter.held_back(MS(0)), MS(0));
        for _ in 0..30 {
            porter.carry_in_order(1_448, MS(0));
        }
        let held_back = porter.held_back(MS(0));
        assert!(held_back > MS(1_000), "{held_back:?}");
        assert_eq!(porter.held_back(held_back), MS(0));
    }
}
