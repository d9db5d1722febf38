//! What is carried: parcels on sticks, which arrive late, twice, in another order, damaged, or never.

use replica::bundle::{DeviceEnd, HubEnd, ParcelError, county_key};
use tokio::runtime::Runtime;

use crate::{
    county::{Broken, CANARY, County, Office},
    disk,
};

/// Sticks and phones under way at one time; one more takes the place of the oldest.
const STICKS_MAX: usize = 12;

/// Parcels under way.
pub(crate) struct Stick {
    parcels: Vec<Vec<u8>>,
    /// The device that packed them, or that they are for.
    device: usize,
    /// Whether they come from its hub.
    is_home: bool,
}

impl County {
    fn device_end<T>(&self, device: usize, work: impl FnOnce(&Runtime, DeviceEnd<'_>) -> T) -> Option<T> {
        let node = &self.devices[device];
        let ledger = node.at_work(self.now)?;
        let end = DeviceEnd {
            log: ledger.log(),
            key: &node.key,
            scope: &node.card.scope,
            hub: node.card.hub_key()?,
            county: county_key(&node.card, ledger.log()).ok()?,
            former: Vec::new(),
            room: u64::MAX,
            status: None,
        };
        Some(work(&self.runtime, end))
    }

    fn hub_end<T>(&self, hub: usize, work: impl FnOnce(&Runtime, HubEnd<'_>) -> T) -> Option<T> {
        let (node, Office { register, ring, .. }) = (self.node(hub), self.offices.get(&hub)?);
        let (ledger, authors) = (node.at_work(self.now)?, register.clone());
        let end = HubEnd { log: ledger.log(), key: &node.key, county: ring, authors, desk: None };
        Some(work(&self.runtime, end))
    }

    /// A device, or the hub for a device, seals what goes onto a stick.
    pub(crate) fn pack_a_stick(&mut self) -> Result<(), Broken> {
        let device = self.somebody();
        if self.dice.percent(50) { self.pack_up(device) } else { self.pack_home(device) }
    }

    pub(crate) fn pack_up(&mut self, device: usize) -> Result<(), Broken> {
        let mut parcels = Vec::new();
        let packed = self.device_end(device, |runtime, end| {
            runtime.block_on(end.pack(u64::MAX, |parcel| {
                parcels.push(parcel);
                Ok(())
            }))
        });
        match packed {
            Some(Ok(_)) => self.put_stick(Stick { parcels, device, is_home: false }),
            Some(Err(error)) => self.after_failure(device, &error),
            None => Ok(()),
        }
    }

    pub(crate) fn pack_home(&mut self, device: usize) -> Result<(), Broken> {
        let mut parcels = Vec::new();
        let key = self.devices[device].key.verifying_key().to_bytes();
        let hub = self.above(device);
        let packed = self.hub_end(hub, |runtime, end| {
            runtime.block_on(end.pack(key, |parcel| {
                parcels.push(parcel);
                Ok(())
            }))
        });
        match packed {
            Some(Ok(())) => self.put_stick(Stick { parcels, device, is_home: true }),
            Some(Err(error)) => self.after_failure(hub, &error),
            None => Ok(()),
        }
    }

    fn put_stick(&mut self, stick: Stick) -> Result<(), Broken> {
        let Stick { parcels, device, is_home } = &stick;
        let (number, whose) = (parcels.len(), if *is_home { "for" } else { "of" });
        self.note(format_args!("{number} parcels {whose} device {device}"));
        if stick.parcels.iter().any(|parcel| disk::is_within(parcel, CANARY)) {
            return Err("O5: personal details lie on a stick in the clear".to_owned());
        }
        if self.sticks.len() == STICKS_MAX {
            self.sticks.remove(0);
        }
        self.sticks.push(stick);
        Ok(())
    }

    /// A stick arrives, or an old one turns up again: whole or not, in any order, some parcels twice, some damaged.
    pub(crate) fn bring_a_stick(&mut self) -> Result<(), Broken> {
        if self.sticks.is_empty() {
            return Ok(());
        }
        let place = self.dice.place(self.sticks.len());
        let stays = self.dice.percent(40);
        let Stick { device, is_home, ref parcels } = self.sticks[place];
        let mut parcels = parcels.clone();
        if !stays {
            self.sticks.remove(place);
        }
        if self.dice.percent(30) {
            parcels.reverse();
        }
        for mut parcel in parcels {
            if self.dice.percent(self.trouble) {
                match self.dice.below(3) {
                    0 => continue,
                    1 => {
                        let at = self.dice.place(parcel.len());
                        parcel[at] ^= 1 << self.dice.below(8);
                        self.count("parcels damaged");
                    }
                    _ => self.open_parcel((device, is_home), &parcel, false)?,
                }
                self.open_parcel((device, is_home), &parcel, true)?;
                continue;
            }
            self.open_parcel((device, is_home), &parcel, false)?;
        }
        Ok(())
    }

    /// Opens a parcel at a device, if it `is_home` there, or at its hub.
    fn open_parcel(
        &mut self,
        (device, is_home): (usize, bool),
        parcel: &[u8],
        may_be_bent: bool,
    ) -> Result<(), Broken> {
        let who = if is_home { device } else { self.above(device) };
        // An old stick may turn up when the key to it is destroyed.
        let may_be_bent = may_be_bent || (!is_home && !self.offices[&who].closed.is_empty());
        let opened = if is_home {
            // A twin with the same key opens it as well.
            let opened = self.device_end(device, |runtime, end| runtime.block_on(end.unpack(parcel)));
            opened.filter(|opened| !(may_be_bent && matches!(opened, Err(ParcelError::Closed))))
        } else {
            self.hub_end(who, |runtime, end| runtime.block_on(end.unpack(parcel)).map(|(_, brought)| brought))
        };
        match opened {
            Some(Ok(brought)) => {
                self.count("parcels opened");
                self.note(format_args!("{} opens a parcel: {brought:?}", Self::name(who)));
                Ok(())
            }
            Some(Err(ParcelError::Store(error))) => self.after_failure(who, &error),
            Some(Err(error @ ParcelError::Broken(_))) => Err(format!("protocol: a parcel: {error}")),
            Some(Err(ParcelError::Closed | ParcelError::Bad(_))) if may_be_bent => Ok(()),
            Some(Err(
                error @ (ParcelError::Closed
                | ParcelError::Bad(_)
                | ParcelError::Stranger
                | ParcelError::NotEnrolled(_)),
            )) => Err(format!("O1: {} does not open an honest parcel: {error}", Self::name(who))),
            None => Ok(()),
        }
    }

    /// Brings everything by sticks, without trouble.
    pub(crate) fn carry_all(&mut self, device: usize) -> Result<(), Broken> {
        self.sticks.clear();
        self.pack_up(device)?;
        for stick in std::mem::take(&mut self.sticks) {
            for parcel in stick.parcels {
                self.open_parcel((device, false), &parcel, false)?;
            }
        }
        self.pack_home(device)?;
        for stick in std::mem::take(&mut self.sticks) {
            for parcel in stick.parcels {
                self.open_parcel((device, true), &parcel, false)?;
            }
        }
        Ok(())
    }
}
