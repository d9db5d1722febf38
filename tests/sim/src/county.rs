//! The county: a hub, sometimes a township's beneath it, kiosks and deputies, and what happens between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use civic_core::{
    access::Role,
    area::Area,
    id::{DeviceId, DocId},
    keyring::Keyring,
    time::UnixSeconds,
};
use ledger::{Ledger, LedgerError, repeat::Reached};
use replica::hub::spread;
use sync_core::session::{Member, Outcome, Side};
use tokio::runtime::Runtime;

use crate::{
    bag::Bags,
    clock,
    dice::Dice,
    disaster::{Backup, DISASTERS, Disaster, Image},
    disk::{self, Fault},
    meeting::{MeetError, Meeting, Sides, Step, Which},
    node::{BEGINNING, BLOCK, Going, Node, seal_key},
    reference::{HUB, Reference},
    register::Register,
    stick::Stick,
    transfer::Transfer,
};

/// Stands in every name and number that somebody leaves: it must be found nowhere in the clear.
pub const CANARY: &[u8] = b"CANARY-13912345678";
/// Villages in which somebody speaks.
pub const VILLAGES: [&str; 4] = ["990127101201", "990127101202", "990127101203", "990127102201"];
const COUNTY: &str = "990127";
const TOWNSHIP: &str = "990127101";
const DAY: i64 = 86_400;
/// Slips are written in so many passes at most: there are never more opinions.
const PASSES_MAX: usize = 1_000;

/// What went against a promise.
pub type Broken = String;

/// What a hub has beside its log.
pub(crate) struct Office {
    pub(crate) register: Arc<Register>,
    pub(crate) ring: Keyring,
    /// By epoch whose key is destroyed, the documents of which something was sealed to it and had come.
    pub(crate) closed: BTreeMap<u32, BTreeSet<DocId>>,
    /// How far this program has read what the hub above said.
    pub(crate) reached: Reached,
    pub(crate) backup: Option<Backup>,
    pub(crate) was_restored: bool,
}

impl Office {
    fn of(hub: &Node) -> Self {
        let mut ring = Keyring::default();
        ring.add(seal_key(hub.card.seal_key.epoch), UnixSeconds(BEGINNING));
        let register = Arc::new(Register::new(hub.upstream.is_some()));
        let reached = Reached::default();
        Self { register, ring, closed: BTreeMap::new(), reached, backup: None, was_restored: false }
    }
}

/// The county.
pub struct County {
    pub(crate) dice: Dice,
    /// Deeds so far.
    pub(crate) deed: u64,
    /// What time it is.
    pub(crate) now: i64,
    pub(crate) hub: Node,
    pub(crate) devices: Vec<Node>,
    pub(crate) reference: Reference,
    pub(crate) forms: Vec<crate::people::Form>,
    pub(crate) disaster: Disaster,
    /// What befell it.
    pub(crate) befallen: Disaster,
    /// By place of the hub.
    pub(crate) offices: BTreeMap<usize, Office>,
    pub(crate) meetings: Vec<Meeting>,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) sticks: Vec<Stick>,
    pub(crate) bags: Bags,
    pub(crate) images: BTreeMap<usize, Image>,
    /// Whether devices reach the hub at all, or everything is carried.
    pub(crate) has_roads: bool,
    /// How much goes wrong, in a hundred.
    pub(crate) trouble: u64,
    pub(crate) runtime: Runtime,
    trace: blake3::Hasher,
    /// What happened, and how often.
    happened: Happened,
    is_told: bool,
}

/// What happened, in words, and how often.
pub type Happened = BTreeMap<&'static str, u64>;

impl County {
    /// A county of this seed, with every program started.
    pub fn new(seed: u64, is_told: bool) -> Result<Self, Broken> {
        disk::install();
        disk::forget_all();
        let mut dice = Dice::new(seed);
        clock::install(dice.split());
        let mut hub = Node::new("hub", Role::Hub, 0, &[COUNTY]);
        let has_roads = dice.percent(80);
        // A hub reaches the one above it by roads alone.
        let has_township = has_roads && dice.percent(30);
        let mut offices = BTreeMap::from([(HUB, Office::of(&hub))]);
        let mut devices: Vec<Node> = Vec::new();
        if has_township {
            let township = Node::new("township", Role::Hub, BLOCK, &[COUNTY]).joined(TOWNSHIP);
            hub.elsewhere = vec![BLOCK..=2 * BLOCK - 1];
            offices.insert(devices.len(), Office::of(&township));
            devices.push(township);
        }
        let mut enrol = |name: &str, role: Role, area: &str, dice: &mut Dice| {
            let number = u16::try_from(devices.len() + 1).unwrap_or(1);
            let device = if has_township && area.starts_with(TOWNSHIP) && dice.percent(80) {
                Node::new(&format!("{name}-{number}"), role, BLOCK + number, &[area]).beneath(0, &devices[0])
            } else {
                Node::new(&format!("{name}-{number}"), role, number, &[area])
            };
            devices.push(device);
        };
        for village in &VILLAGES[..1 + dice.place(VILLAGES.len())] {
            enrol("kiosk", Role::Kiosk, village, &mut dice);
        }
        for deputy in 0..dice.place(3) {
            let area = if deputy == 0 { TOWNSHIP } else { *dice.one_of(&VILLAGES) };
            enrol("deputy", Role::Deputy, area, &mut dice);
        }
        for device in &devices {
            let Member { public_key, scope, .. } = device.member();
            offices[&device.above].register.enrol(public_key, scope);
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| error.to_string())?;
        let disaster = match *dice.one_of(&DISASTERS) {
            // What such a hub lost, and what a card lacks of its own feeds, comes back over an open road alone.
            Disaster::HubRestored | Disaster::DeviceRestored | Disaster::Cloned if !has_roads => Disaster::None,
            other @ (Disaster::None
            | Disaster::DeviceRestored
            | Disaster::Cloned
            | Disaster::HubRestored
            | Disaster::Revoked) => other,
        };
        let trouble = *dice.one_of(&[0, 5, 15, 30]);
        let mut county = Self {
            deed: 0,
            now: BEGINNING,
            hub,
            devices,
            reference: Reference::default(),
            forms: Vec::new(),
            disaster,
            befallen: Disaster::None,
            offices,
            meetings: Vec::new(),
            transfers: Vec::new(),
            sticks: Vec::new(),
            bags: Bags::new()?,
            images: BTreeMap::new(),
            has_roads,
            trouble,
            runtime,
            trace: blake3::Hasher::new(),
            happened: Happened::new(),
            is_told,
            dice,
        };
        county.count(if has_roads { "counties with roads" } else { "counties without roads" });
        if has_township {
            county.count("counties with a township's hub");
        }
        county.start(HUB)?;
        for device in 0..county.devices.len() {
            county.start(device)?;
        }
        Ok(county)
    }

    /// Everything that happened, as one number: equal for equal seeds.
    pub fn trace(&self) -> String {
        self.trace.finalize().to_hex()[..16].to_owned()
    }

    /// Notes what happened.
    pub(crate) fn note(&mut self, what: impl std::fmt::Display) {
        let line = format!("{} {what}", self.deed);
        self.trace.update(line.as_bytes());
        if self.is_told {
            println!("{line}");
        }
    }

    /// Counts what happened.
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    /// What happened so far, and how often.
    pub fn happened(&self) -> &Happened {
        &self.happened
    }

    pub(crate) fn node(&self, who: usize) -> &Node {
        self.devices.get(who).unwrap_or(&self.hub)
    }

    pub(crate) fn node_mut(&mut self, who: usize) -> &mut Node {
        if who == HUB { &mut self.hub } else { &mut self.devices[who] }
    }

    /// The ledger of somebody who runs, with the clock that they believe.
    pub(crate) fn at_work(&self, who: usize) -> Option<Ledger> {
        self.node(who).at_work(self.now).cloned()
    }

    /// The place of the hub that a device calls.
    pub(crate) fn above(&self, device: usize) -> usize {
        self.devices[device].above
    }

    /// Places of everybody but hubs.
    pub(crate) fn people(&self) -> Vec<usize> {
        (0..self.devices.len()).filter(|device| self.devices[*device].role() != Role::Hub).collect()
    }

    /// The place of somebody who is no hub.
    pub(crate) fn somebody(&mut self) -> usize {
        let people = self.people();
        *self.dice.one_of(&people)
    }

    /// Places of all hubs, the county's last.
    pub(crate) fn hubs(&self) -> Vec<usize> {
        self.offices.keys().copied().collect()
    }

    /// Whether a hub was made anew from a backup.
    pub(crate) fn was_restored(&self, hub: usize) -> bool {
        self.offices.get(&hub).is_some_and(|office| office.was_restored)
    }

    /// A device as it takes part in meetings; a hub beneath stands for its own.
    pub(crate) fn member(&self, who: usize) -> Member {
        let former = self.offices.get(&who).map(|office| office.register.keys()).unwrap_or_default();
        Member { former, ..self.node(who).member() }
    }

    pub(crate) fn name(who: usize) -> String {
        if who == HUB { "hub".to_owned() } else { format!("device {who}") }
    }

    /// Starts a program, again and again if the power fails meanwhile.
    pub(crate) fn start(&mut self, who: usize) -> Result<(), Broken> {
        let now = self.now;
        let node = self.node_mut(who);
        match node.start(now) {
            Ok(()) => {
                self.note(format_args!("{} starts", Self::name(who)));
                Ok(())
            }
            Err(error) => {
                node.ledger = None;
                if disk::is_dead(&node.dir) || node.is_ailing || disk::has_struck(&node.dir) {
                    return self.fall(who, 6);
                }
                Err(format!("O1: {} cannot start again: {}", Self::name(who), chain(&error)))
            }
        }
    }

    /// A program ends where it stands: the power failed, or somebody killed it.
    pub(crate) fn fall(&mut self, who: usize, deeds: u64) -> Result<(), Broken> {
        let Self { meetings, transfers, devices, .. } = self;
        meetings.retain(|meeting| meeting.device != who && devices[meeting.device].above != who);
        transfers.retain(|transfer| transfer.device != who && devices[transfer.device].above != who);
        let is_power = self.dice.percent(60);
        let mut dice = self.dice.split();
        let until = self.deed + self.dice.below(deeds + 1);
        let node = self.node_mut(who);
        node.stop();
        node.is_ailing = false;
        node.down_until = until;
        let dir = node.dir.clone();
        if is_power {
            disk::cut(&dir, &mut dice);
        } else {
            disk::end(&dir);
        }
        self.bags.close(who, &dir, is_power.then_some(&mut dice))?;
        self.offices.entry(who).and_modify(|office| office.reached = Reached::default());
        self.count(if is_power { "power cuts" } else { "programs killed" });
        self.note(format_args!("{} falls, {}", Self::name(who), if is_power { "by power" } else { "killed" }));
        Ok(())
    }

    fn is_failing(&self, who: usize) -> bool {
        let node = self.node(who);
        disk::is_dead(&node.dir) || disk::has_struck(&node.dir) || node.is_ailing
    }

    /// What a program does whose disk failed: it goes on, unless it has no power any more.
    pub(crate) fn after_failure(&mut self, who: usize, error: &dyn std::error::Error) -> Result<(), Broken> {
        if !self.is_failing(who) {
            return Err(format!("O1: {} failed though nothing failed beneath: {}", Self::name(who), chain(error)));
        }
        self.count("disks that failed beneath a program");
        self.note(format_args!("{} could not: {}", Self::name(who), chain(error)));
        if disk::is_dead(&self.node(who).dir) || self.dice.percent(50) {
            self.fall(who, 20)?;
        }
        Ok(())
    }

    /// One thing that happens to the roads, the cards and the clocks; what people do is beside it.
    pub(crate) fn happen(&mut self) -> Result<(), Broken> {
        self.now += i64::try_from(self.dice.below(600)).unwrap_or(0);
        for who in (0..self.devices.len()).chain([HUB]) {
            if self.node(who).ledger.is_none() && self.node(who).down_until <= self.deed {
                self.start(who)?;
            }
        }
        if self.dice.percent(self.trouble) {
            self.trouble()?;
        }
        match self.dice.below(12) {
            0..=1 if self.has_roads => self.meet_somebody()?,
            0..=2 => self.pack_a_stick()?,
            3 => self.bring_a_stick()?,
            4 => {
                let hubs = self.hubs();
                let hub = *self.dice.one_of(&hubs);
                self.hub_works(hub)?;
            }
            5 => {
                let who = self.somebody();
                self.follow(who)?;
                self.join(who)?;
            }
            6 => self.back_up()?,
            7 if self.dice.percent(60) => self.befall()?,
            8 if self.dice.percent(15) => self.erase_something()?,
            9 if self.dice.percent(25) => self.see_to_keys()?,
            10..=11 => self.carry()?,
            _ => {}
        }
        for _ in 0..self.dice.below(40) {
            let under_way = self.meetings.len() + self.transfers.len();
            if under_way == 0 {
                break;
            }
            let place = self.dice.place(under_way);
            match place.checked_sub(self.meetings.len()) {
                None => drop(self.step(place)?),
                Some(place) => drop(self.hand_on(place)?),
            }
        }
        Ok(())
    }

    fn trouble(&mut self) -> Result<(), Broken> {
        let who = if self.dice.percent(40) { HUB } else { self.dice.place(self.devices.len()) };
        match self.dice.below(8) {
            0 => self.fall(who, 20)?,
            1..=2 => {
                let after = self.dice.below(60);
                disk::plan(&self.node(who).dir, after, Fault::Power);
                self.count("power cuts planned in the middle of work");
            }
            3 => {
                let fault = *self.dice.one_of(&[Fault::Io, Fault::Io, Fault::Full, Fault::ReadOnly]);
                let after = self.dice.below(30);
                disk::plan(&self.node(who).dir, after, fault);
                self.node_mut(who).is_ailing = true;
                self.count(match fault {
                    Fault::Full => "disks full",
                    Fault::ReadOnly => "disks read-only",
                    Fault::Io | Fault::Power | Fault::SyncLies => "disks that refuse once",
                });
            }
            4 => {
                let jumps =
                    [Going::At(0), Going::At(2_147_483_640), Going::At(4_070_908_800), Going::Off(-DAY), Going::Right];
                let going = *self.dice.one_of(&jumps);
                // Of a hub's clock people take care; it may go back by a day.
                let is_hub = self.node(who).role() == Role::Hub;
                self.node_mut(who).going = if is_hub && going != Going::Right { Going::Off(-DAY) } else { going };
                self.count(match going {
                    Going::Right => "clocks set right",
                    Going::Off(_) => "clocks set back by a day",
                    Going::At(_) if is_hub => "clocks set back by a day",
                    Going::At(_) => "clocks years away",
                });
            }
            5 if !self.meetings.is_empty() => {
                let place = self.dice.place(self.meetings.len());
                let meeting = self.meetings.remove(place);
                self.count("roads broken in a meeting");
                self.note(format_args!("a road breaks after {} messages", meeting.said()));
            }
            6 if !self.transfers.is_empty() => {
                let place = self.dice.place(self.transfers.len());
                let transfer = self.transfers.remove(place);
                self.count("roads broken beneath a voice");
                self.note(format_args!("a road breaks after {} messages of attachments", transfer.said()));
            }
            // Somebody sees to the card.
            _ if self.node(who).is_ailing => {
                disk::mend(&self.node(who).dir);
                self.node_mut(who).is_ailing = false;
            }
            _ => {}
        }
        Ok(())
    }

    fn meet_somebody(&mut self) -> Result<(), Broken> {
        let device = self.dice.place(self.devices.len());
        let room = if self.dice.percent(10) { self.dice.below(3_000) } else { u64::MAX };
        self.meet(device, room)
    }

    /// Lets a device call its hub.
    pub(crate) fn meet(&mut self, device: usize, room: u64) -> Result<(), Broken> {
        if self.meetings.iter().any(|meeting| meeting.device == device) {
            return Ok(());
        }
        let (member, hub) = (self.member(device), self.above(device));
        let (Some(ours), Some(theirs)) = (self.at_work(device), self.at_work(hub)) else { return Ok(()) };
        let register = self.offices[&hub].register.clone();
        if sync_core::session::Authors::member(&*register, &member.public_key).is_none() {
            return Ok(());
        }
        register.vouch(&member.public_key, &member.former);
        let sides = self.sides(hub, register, (&ours, &theirs), room);
        let now = [device, hub].map(|who| UnixSeconds(self.node(who).believes(self.now)));
        let begun =
            sides.and_then(|sides| Meeting::new(device, &member, sides, (ours.log(), theirs.log()), (now[0], now[1])));
        drop((ours, theirs));
        match begun {
            Ok(meeting) => {
                self.meetings.push(meeting);
                self.note(format_args!("device {device} calls"));
                Ok(())
            }
            // It was one of the two.
            Err(error) if self.is_failing(device) => self.broke_off(device, Which::Caller, error),
            Err(error) => self.broke_off(device, Which::Hub, error),
        }
    }

    fn sides(
        &self,
        hub: usize,
        authors: Arc<Register>,
        (ours, theirs): (&Ledger, &Ledger),
        room: u64,
    ) -> Result<Sides, MeetError> {
        let public_key = theirs.log().public_key();
        let caller = Side::Caller { hub: public_key, cursor: ours.log().cursor(&public_key)?, room, status: None };
        let hub = Side::Hub {
            key: Box::new(self.node(hub).key.clone()),
            epoch: theirs.log().epoch(),
            kept: u64::try_from(theirs.log().kept_row()?).unwrap_or(0),
            authors,
        };
        Ok(Sides { caller, hub })
    }

    /// One step of one meeting; `Some` if it ended well.
    fn step(&mut self, place: usize) -> Result<Option<Outcome>, Broken> {
        let which = if self.dice.percent(50) { Which::Caller } else { Which::Hub };
        let device = self.meetings[place].device;
        let who = if which == Which::Hub { self.above(device) } else { device };
        let Some(ledger) = self.at_work(who) else {
            self.meetings.remove(place);
            return Ok(None);
        };
        let Self { meetings, runtime, dice, .. } = self;
        let step = meetings[place].step(which, ledger.log(), runtime, dice);
        drop(ledger);
        match step {
            // A hub's program takes in what comes while it comes.
            Ok(Step::On) if which == Which::Hub && self.dice.percent(5) => {
                self.follow(who)?;
                Ok(None)
            }
            Ok(Step::On | Step::Idle) => Ok(None),
            Ok(Step::Over(outcome)) => {
                let said = self.meetings.remove(place).said();
                self.note(format_args!("device {device} has met: {said} messages, {outcome:?}"));
                self.begin_transfer(device)?;
                Ok(Some(outcome))
            }
            Err(error) => {
                self.meetings.remove(place);
                self.broke_off(device, which, error)?;
                Ok(None)
            }
        }
    }

    fn broke_off(&mut self, device: usize, which: Which, error: MeetError) -> Result<(), Broken> {
        match error {
            MeetError::Store(error) => {
                let who = if which == Which::Hub { self.above(device) } else { device };
                self.after_failure(who, &error)
            }
            MeetError::Broken(error) => Err(format!("protocol: device {device}: {error}")),
            MeetError::Wrong(why) => Err(why),
        }
    }

    /// What was said beside words follows a meeting, unless it is on its way already.
    fn begin_transfer(&mut self, device: usize) -> Result<(), Broken> {
        if self.transfers.iter().any(|transfer| transfer.device == device) {
            return Ok(());
        }
        let (member, hub) = (self.member(device), self.above(device));
        let (Some(ours), Some(theirs)) = (self.at_work(device), self.at_work(hub)) else { return Ok(()) };
        let begun = Transfer::new(device, (&member, ours.log()), (&self.node(hub).key, theirs.log()), &self.runtime);
        drop((ours, theirs));
        match begun {
            Ok(transfer) => {
                self.transfers.extend(transfer);
                Ok(())
            }
            Err((which, error)) => self.broke_off(device, which, error),
        }
    }

    /// One step of one transfer, which stands still while its device meets; `true` once it is over.
    fn hand_on(&mut self, place: usize) -> Result<bool, Broken> {
        let which = if self.dice.percent(50) { Which::Caller } else { Which::Hub };
        let device = self.transfers[place].device;
        if self.meetings.iter().any(|meeting| meeting.device == device) {
            return Ok(false);
        }
        let hub = self.above(device);
        let Some(ledger) = self.at_work(if which == Which::Hub { hub } else { device }) else {
            self.transfers.remove(place);
            return Ok(true);
        };
        let key = self.devices[device].public_key();
        let Self { transfers, runtime, offices, .. } = self;
        let register = &offices[&hub].register;
        let step = transfers[place].step(which, ledger.log(), (&key, register), runtime);
        drop(ledger);
        match step {
            Ok(Some(_)) => Ok(false),
            Ok(None) => {
                let said = self.transfers.remove(place).said();
                self.note(format_args!("device {device} has handed over: {said} messages"));
                Ok(true)
            }
            Err(error) => {
                self.transfers.remove(place);
                self.broke_off(device, which, error)?;
                Ok(true)
            }
        }
    }

    /// Meets to the end, without any trouble.
    pub(crate) fn meet_whole(&mut self, device: usize) -> Result<Outcome, Broken> {
        self.meetings.clear();
        self.transfers.clear();
        self.meet(device, u64::MAX)?;
        let mut met: Option<Outcome> = None;
        for _ in 0..200_000 {
            if let (Some(outcome), true) = (&met, self.transfers.is_empty()) {
                return Ok(outcome.clone());
            }
            if !self.meetings.is_empty() {
                met = self.step(0)?;
            } else if self.transfers.is_empty() {
                break;
            } else {
                self.hand_on(0)?;
            }
        }
        Err(format!("O7: device {device} and the hub do not come to an end with each other"))
    }

    /// Merges what came to a device.
    pub(crate) fn follow(&mut self, who: usize) -> Result<(), Broken> {
        let Some(ledger) = self.at_work(who) else { return Ok(()) };
        let done = ledger.catch_up();
        drop(ledger);
        match done {
            Ok(merged) => {
                if merged.refused > 0 {
                    self.nothing_honest_is_refused(who)?;
                }
                Ok(())
            }
            Err(error) => self.after_failure(who, &error),
        }
    }

    /// A device that waits for a road joins what waits with it.
    fn join(&mut self, who: usize) -> Result<(), Broken> {
        let Some(ledger) = self.at_work(who) else { return Ok(()) };
        let joined = self.runtime.block_on(ledger.log().join_waiting());
        drop(ledger);
        match joined {
            Ok(joined) => {
                if joined > 0 {
                    self.note(format_args!("{} joins {joined}", Self::name(who)));
                }
                Ok(())
            }
            Err(error) => self.after_failure(who, &error),
        }
    }

    /// Whether this device, by the name that logs have for it, was struck off: what it wrote behind that may be left out.
    pub(crate) fn is_struck_off(&self, name: &str) -> bool {
        let mut struck_off = self.devices.iter().filter(|device| device.is_revoked);
        struck_off.any(|device| DeviceId::of(&device.public_key()).to_string() == name)
    }

    /// A hub merges, writes slips and says who was struck off; one beneath another repeats what that one said.
    pub(crate) fn hub_works(&mut self, hub: usize) -> Result<(), Broken> {
        self.follow(hub)?;
        let Some(ledger) = self.at_work(hub) else { return Ok(()) };
        let (space, revoked) = (self.node(hub).place_of_words(), self.offices[&hub].register.revoked());
        let work = || -> Result<(), LedgerError> {
            for _ in 0..PASSES_MAX {
                if ledger.write_slips()? == 0 {
                    break;
                }
            }
            spread(ledger.log(), &space, revoked)?;
            Ok(())
        };
        let done = work();
        drop(ledger);
        match done {
            Ok(()) => {
                self.note(format_args!("{} works", Self::name(hub)));
                self.repeat(hub)
            }
            Err(error) => self.after_failure(hub, &error),
        }
    }

    /// The trouble ends: cards are mended, clocks set, everybody works.
    pub(crate) fn calm(&mut self) -> Result<(), Broken> {
        self.meetings.clear();
        self.transfers.clear();
        self.trouble = 0;
        for who in (0..self.devices.len()).chain([HUB]) {
            let is_dead = disk::is_dead(&self.node(who).dir);
            if is_dead {
                self.fall(who, 0)?;
            }
            disk::mend(&self.node(who).dir);
            let node = self.node_mut(who);
            (node.going, node.is_ailing) = (Going::Right, false);
            if self.node(who).ledger.is_none() {
                self.start(who)?;
            }
        }
        Ok(())
    }

    /// Nobody was told more than is so: what a device holds receipts for is at its hub. Only what a township's hub lost since its
    /// backup, and the county's hub keeps in one of its own, is looked for there: it comes back from there.
    pub(crate) fn receipts_are_true(&self) -> Result<(), Broken> {
        let lengths = |hub: usize| {
            let ledger = self.node(hub).ledger.as_ref()?;
            let held = ledger.log().held().into_iter();
            Some(held.map(|held| (held.feed.id(), held.extent.length)).collect::<BTreeMap<_, _>>())
        };
        for (place, device) in self.devices.iter().enumerate() {
            let (Some(ours), Some(there)) = (&device.ledger, lengths(device.above)) else { continue };
            let (member, was_restored) = (self.member(place), self.was_restored(device.above));
            let county = if was_restored && device.above != HUB { lengths(HUB) } else { Some(BTreeMap::new()) };
            let Some(county) = county else { continue };
            for held in ours.log().held().into_iter().filter(|held| member.wrote(&held.feed)) {
                let length = |at: &BTreeMap<_, u64>| at.get(&held.feed.id()).copied().unwrap_or(0);
                let at_hub = length(&there).max(length(&county));
                // A hub notes as kept what is in its own backups.
                let kept = if device.role() == Role::Hub { 0 } else { held.kept.length };
                let promised = if was_restored { kept } else { held.receipted.max(kept) };
                if at_hub < promised {
                    return Err(format!(
                        "O1: device {place} holds a receipt for {promised} entries of a feed of which the hub has {at_hub}"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// An area of the sample.
///
/// # Panics
/// If it is none.
pub(crate) fn area(code: &str) -> Area {
    Area::parse(code).expect("an area of the sample")
}

/// An error with everything beneath it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut beneath = error.source();
    while let Some(error) = beneath {
        said.push_str(&format!(": {error}"));
        beneath = error.source();
    }
    said
}

/// Names a document in a trace.
pub(crate) fn short(id: &DocId) -> String {
    id.to_string()[..8].to_owned()
}

impl County {
    /// Everything from the first deed to the last quiet.
    pub fn live(&mut self) -> Result<(), Broken> {
        // Most are short, so that many different ones are tried; some are long.
        let length = match self.dice.below(40) {
            0 => 300,
            1..=4 => 100,
            _ => 10 + self.dice.below(30),
        };
        let quiets = 1 + u64::from(length >= 100);
        let trouble = self.trouble;
        for _ in 0..quiets {
            self.trouble = trouble;
            for _ in 0..length / quiets {
                self.deed += 1;
                self.somebody_acts()?;
                self.happen()?;
                self.receipts_are_true()?;
                self.words_are_true()?;
            }
            self.quiet()?;
        }
        Ok(())
    }

    /// How many deeds there were.
    pub fn deeds(&self) -> u64 {
        self.deed
    }
}
