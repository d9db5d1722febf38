//! A device and its hub, running, and a road between them.

use std::net::SocketAddr;

use anyhow::Context as _;
use tests::relay::{Relay, Road, tcp::TcpRelay};
use tokio::runtime::Handle;

use crate::{
    DEPUTY, FLOOR_DEVICE, FLOOR_HUB, FULL_HUB, KIOSK, LOG_HUB,
    end::End,
    stage::{Copy, Stage},
    table::Sample,
    talk::{Ask, Holding, Met},
};

/// Who meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The floor.
    Floor,
    /// A kiosk and a hub that only takes what comes.
    KioskAndLog,
    /// A kiosk and a hub whose ledger follows.
    KioskAndHub,
    /// A deputy's device and a hub whose ledger follows.
    DeputyAndHub,
}

impl Who {
    /// As what device and hub are started.
    pub const fn roles(self) -> [&'static str; 2] {
        match self {
            Who::Floor => [FLOOR_DEVICE, FLOOR_HUB],
            Who::KioskAndLog => [KIOSK, LOG_HUB],
            Who::KioskAndHub => [KIOSK, FULL_HUB],
            Who::DeputyAndHub => [DEPUTY, FULL_HUB],
        }
    }
}

/// Both ends.
pub struct Pair {
    who: Who,
    /// The device.
    pub device: End,
    /// The hub.
    pub hub: End,
    copies: [Copy; 2],
}

impl Pair {
    /// Starts copies of these two installations.
    pub fn start(stage: &Stage, who: Who, device: &str, hub: &str) -> anyhow::Result<Self> {
        let copies = [stage.copy(device)?, stage.copy(hub)?];
        let [device, hub] = who.roles();
        Ok(Self { who, device: End::start(device, copies[0].path())?, hub: End::start(hub, copies[1].path())?, copies })
    }

    /// One meeting without a relay between.
    pub fn meet(&mut self) -> anyhow::Result<Sample> {
        self.meet_at(self.hub.address()?)
    }

    /// One meeting over TCP, likewise.
    pub fn meet_over_tcp(&mut self) -> anyhow::Result<Sample> {
        let before = self.cpu_s()?;
        let met: Met = self.device.ask(&Ask::MeetOverTcp(self.hub.address()?))?;
        self.used_since(before, Sample::of(&met))
    }

    /// One meeting over a road, whose relay counts what passes.
    pub fn meet_over(&mut self, runtime: &Handle, road: Road) -> anyhow::Result<Sample> {
        let hub = self.hub.address()?;
        let (mut sample, loads) = match self.who {
            Who::Floor => {
                let relay = TcpRelay::open(runtime, hub, road)?;
                (self.meet_at(relay.address())?, relay.loads())
            }
            Who::KioskAndLog | Who::KioskAndHub | Who::DeputyAndHub => {
                let relay = Relay::open_bad(runtime, 0, hub, road)?;
                (self.meet_at(relay.address())?, relay.loads())
            }
        };
        sample.road = loads.map(|load| load.bytes);
        Ok(sample)
    }

    fn meet_at(&mut self, address: SocketAddr) -> anyhow::Result<Sample> {
        let before = self.cpu_s()?;
        let met: Met = self.device.ask(&Ask::Meet(address))?;
        self.used_since(before, Sample::of(&met))
    }

    /// Processor time of both until now, seconds.
    pub fn cpu_s(&self) -> anyhow::Result<[f64; 2]> {
        Ok([self.device.cpu_s()?, self.hub.cpu_s()?])
    }

    /// The sample with the processor time since `before` and the memory of both.
    pub fn used_since(&self, before: [f64; 2], sample: Sample) -> anyhow::Result<Sample> {
        let after = self.cpu_s()?;
        let cpu_s = [after[0] - before[0], after[1] - before[1]];
        Ok(Sample { cpu_s, memory_mib: [self.device.memory_mib()?, self.hub.memory_mib()?], ..sample })
    }

    /// Lets both merge all that came.
    pub fn merge(&mut self) -> anyhow::Result<()> {
        self.hub.tell(&Ask::Merge)?;
        let () = self.device.ask(&Ask::Merge)?;
        self.hub.hear()
    }

    /// Makes sure that both hold the same and every change by these people; returns how many documents.
    pub fn compare(&mut self, by: &[(&str, usize)]) -> anyhow::Result<u64> {
        let ask = Ask::Hold { by: by.iter().map(|(by, _)| (*by).to_owned()).collect() };
        self.hub.tell(&ask)?;
        let here: Holding = self.device.ask(&ask)?;
        let there: Holding = self.hub.hear()?;
        anyhow::ensure!(here == there, "device and hub do not hold the same: {here:?} and {there:?}");
        let expected: Vec<u64> = by.iter().map(|(_, count)| *count as u64).collect();
        anyhow::ensure!(here.changed == expected, "changes are missing: {:?} of {expected:?}", here.changed);
        Ok(here.documents)
    }

    /// Stops both, and gives what they left.
    pub fn stop(self) -> anyhow::Result<[Copy; 2]> {
        self.device.stop().context("Stopping the device")?;
        self.hub.stop().context("Stopping the hub")?;
        Ok(self.copies)
    }
}
