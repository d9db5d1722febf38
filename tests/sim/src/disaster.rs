//! What befalls a county once, at most, and the backups from which it comes back.

use std::{collections::BTreeMap, path::PathBuf};

use civic_core::time::UnixSeconds;
use replica::store::sqlite::SqliteStore;

use crate::{
    county::{Broken, County, chain},
    disk,
    node::Node,
    reference::Told,
};

/// A copy of a hub's log that was verified.
pub(crate) struct Backup {
    image: BTreeMap<String, Vec<u8>>,
    deed: u64,
}

/// A card with its bag, as they were.
pub(crate) struct Image {
    card: BTreeMap<String, Vec<u8>>,
    bag: BTreeMap<PathBuf, Vec<u8>>,
    since: u64,
}

/// What befalls a county once, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disaster {
    /// Nothing.
    None,
    /// A card is put back as it was some time ago.
    DeviceRestored,
    /// Two machines run with the same card.
    Cloned,
    /// A hub burns down and is made anew from its newest verified backup.
    HubRestored,
    /// A device is struck off.
    Revoked,
}

impl Disaster {
    /// Many of it, in words.
    const fn word(self) -> &'static str {
        match self {
            Disaster::None => "nothing",
            Disaster::DeviceRestored => "cards put back",
            Disaster::Cloned => "cards in two machines",
            Disaster::HubRestored => "hubs restored",
            Disaster::Revoked => "devices struck off",
        }
    }
}

pub(crate) const DISASTERS: [Disaster; 5] =
    [Disaster::None, Disaster::DeviceRestored, Disaster::Cloned, Disaster::HubRestored, Disaster::Revoked];

impl County {
    /// A hub is copied, the copy verified, and devices may let go of what is in it; some do.
    pub(crate) fn back_up(&mut self) -> Result<(), Broken> {
        if self.dice.percent(50) {
            let device = self.somebody();
            let Some(ledger) = self.at_work(device) else { return Ok(()) };
            let heard_at = ledger.log().heard_at();
            drop(ledger);
            return match heard_at {
                // As in a village, where it is longer: how long something is kept the hub alone says.
                Ok(Some(now)) => self.let_go(device, UnixSeconds(now.0 - 3_600)),
                Ok(None) => Ok(()),
                Err(error) => self.after_failure(device, &error),
            };
        }
        let hubs = self.hubs();
        let hub = *self.dice.one_of(&hubs);
        self.back_up_hub(hub)
    }

    /// A device lets go of what it may and what is kept since before then, by the hub's clock.
    pub(crate) fn let_go(&mut self, device: usize, before: UnixSeconds) -> Result<(), Broken> {
        let Some(ledger) = self.at_work(device) else { return Ok(()) };
        let pruned = self.runtime.block_on(ledger.prune(before));
        drop(ledger);
        // Even where it failed it may be done.
        self.devices[device].has_let_go |= !matches!(pruned, Ok(0));
        match pruned {
            Ok(pruned) => {
                if pruned > 0 {
                    self.count("devices that let go");
                }
                self.note(format_args!("device {device} lets go of {pruned}"));
                Ok(())
            }
            Err(error) => self.after_failure(device, &error),
        }
    }

    /// A hub is copied, and the copy verified.
    pub(crate) fn back_up_hub(&mut self, hub: usize) -> Result<(), Broken> {
        let Some(ledger) = self.at_work(hub) else { return Ok(()) };
        let row = ledger.log().newest_row();
        let image = match disk::copy_of(&self.node(hub).dir, "log.db") {
            Ok(image) => image,
            Err(error) => {
                drop(ledger);
                return self.after_failure(hub, &error);
            }
        };
        let backup = Backup { image, deed: self.deed };
        let granted = self.runtime.block_on(ledger.log().grant_kept(row));
        drop(ledger);
        self.offices.entry(hub).and_modify(|office| office.backup = Some(backup));
        match granted {
            Ok(()) => {
                self.count("backups verified");
                self.note(format_args!("{} is backed up to {row}", Self::name(hub)));
                Ok(())
            }
            Err(error) => self.after_failure(hub, &error),
        }
    }

    /// The disaster of this county, once.
    pub(crate) fn befall(&mut self) -> Result<(), Broken> {
        let device = self.somebody();
        match self.disaster {
            Disaster::None => return Ok(()),
            Disaster::DeviceRestored => match self.images.remove(&device) {
                None => {
                    for device in self.people() {
                        let dir = &self.devices[device].dir;
                        let image = Image { card: disk::image(dir), bag: self.bags.image(dir)?, since: self.deed };
                        self.images.insert(device, image);
                    }
                    return Ok(());
                }
                Some(Image { card, bag, since }) => {
                    let there = self.there(self.above(device));
                    self.reference.lose_card(device, since, |mark| there.contains(mark));
                    self.forms.retain(|form| form.device != device);
                    self.fall(device, 10)?;
                    disk::put(&self.devices[device].dir, &card);
                    self.bags.put(&self.devices[device].dir, &bag)?;
                }
            },
            Disaster::Cloned => {
                let name = format!("twin-{device}");
                let mut twin = Node::new(&name, self.devices[device].role(), self.devices[device].card.number, &[]);
                twin.key = self.devices[device].key.clone();
                twin.card = self.devices[device].card.clone();
                twin.above = self.above(device);
                twin.has_let_go = self.devices[device].has_let_go;
                disk::put(&twin.dir, &disk::image(&self.devices[device].dir));
                self.bags.put(&twin.dir, &self.bags.image(&self.devices[device].dir)?)?;
                self.devices.push(twin);
            }
            Disaster::HubRestored => {
                let hubs = self.hubs();
                let hub = *self.dice.one_of(&hubs);
                let Some(Backup { image, deed }) = &self.offices[&hub].backup else { return Ok(()) };
                let (image, deed) = (image.clone(), *deed);
                // What is derived from the log is rebuilt.
                self.fall(hub, 10)?;
                // What goes home is sealed anew.
                self.bags.put(&self.node(hub).dir.clone(), &BTreeMap::new())?;
                let node = self.node(hub);
                disk::put(&node.dir, &image);
                SqliteStore::open(&node.dir.join("log.db"), Some(node.public_key()), true)
                    .and_then(|log| log.begin_epoch())
                    .map_err(|error| format!("O1: a verified backup cannot be opened: {}", chain(&error)))?;
                self.offices.entry(hub).and_modify(|office| office.was_restored = true);
                // What only the hub wrote since is in no other place for certain.
                let lost = |word: &&mut crate::reference::Word| word.by == hub && word.at >= deed;
                self.reference.words_mut().filter(lost).for_each(|word| word.told = Told::Nothing);
                self.note(format_args!("{} is restored", Self::name(hub)));
            }
            Disaster::Revoked => {
                let hub = self.above(device);
                let at = UnixSeconds(self.node(hub).believes(self.now));
                self.offices[&hub].register.strike_off(&self.devices[device].public_key(), at);
                self.devices[device].is_revoked = true;
                // What it writes now is written later.
                self.now += 1;
                self.meetings.retain(|meeting| meeting.device != device);
                self.transfers.retain(|transfer| transfer.device != device);
                let there = self.there(self.above(device));
                // It may still come by a stick, and it may not.
                self.reference.lose_card(device, 0, |mark| there.contains(mark));
            }
        }
        self.befallen = std::mem::replace(&mut self.disaster, Disaster::None);
        let befallen = self.befallen;
        self.count(befallen.word());
        self.note(format_args!("{befallen:?} befalls device {device}"));
        Ok(())
    }

    /// Everything that can be read at a hub that runs, in one piece.
    pub(crate) fn there(&self, hub: usize) -> String {
        let mut all = String::new();
        if let Some(ledger) = self.at_work(hub)
            && ledger.catch_up().is_ok()
        {
            let _ = ledger.export(|line| {
                all.push_str(&line.to_string());
                Ok(())
            });
        }
        all
    }
}
