//! The keys to which devices seal: a hub makes the next, and destroys one to which nothing can come any more.

use std::collections::BTreeSet;

use civic_core::{
    id::{DeviceId, DocId},
    seal::epoch_of,
    time::UnixSeconds,
};
use ledger::{Ledger, LedgerError};

use crate::{
    county::{Broken, County, chain},
    disaster::Disaster,
    node::seal_key,
    reference::{Said, Told},
};

/// A county makes so many keys at most: each is a month.
const EPOCHS_MAX: usize = 3;
/// Personal details that wait at a hub: there are never more opinions.
const DETAILS_MAX: usize = 10_000;

impl County {
    /// A hub makes its next key, or destroys one that every device is past.
    pub(crate) fn see_to_keys(&mut self) -> Result<(), Broken> {
        let hubs = self.hubs();
        let hub = *self.dice.one_of(&hubs);
        let Some(ledger) = self.at_work(hub) else { return Ok(()) };
        let now = UnixSeconds(self.now);
        let office = &self.offices[&hub];
        let epochs: Vec<u32> = office.ring.epochs().map(|(key, _)| key.epoch).collect();
        let Some((newest, older)) = epochs.split_last() else { return Ok(()) };
        let past: Vec<u32> = older.iter().copied().filter(|epoch| self.all_are_past(hub, &ledger, *epoch)).collect();
        let made = epochs.len() + office.closed.len();
        let announced = match (past.first(), made < EPOCHS_MAX) {
            (Some(epoch), _) => {
                let sealed = sealed_to(&ledger, *epoch);
                drop(ledger);
                let sealed = match sealed {
                    Ok(sealed) => sealed,
                    Err(error) => return self.after_failure(hub, &error),
                };
                let office = self.offices.get_mut(&hub).ok_or("a hub has an office")?;
                office.ring.destroy(*epoch, now);
                office.closed.insert(*epoch, sealed);
                self.count("keys destroyed");
                self.note(format_args!("{} destroys the key of epoch {epoch}", Self::name(hub)));
                return Ok(());
            }
            (None, true) => {
                let next = seal_key(newest + 1);
                let public = next.seal_key().map_err(|error| chain(&error))?;
                if let Some(office) = self.offices.get_mut(&hub) {
                    office.ring.add(next, now);
                }
                ledger.announce_epoch(public)
            }
            (None, false) => Ok(()),
        };
        drop(ledger);
        match announced {
            Ok(()) => {
                self.note(format_args!("{} sees to its keys", Self::name(hub)));
                Ok(())
            }
            Err(error) => self.after_failure(hub, &error),
        }
    }

    /// A restored hub, or one whose card failed, announces its newest key again.
    pub(crate) fn announce_again(&mut self, hub: usize) -> Result<(), Broken> {
        let Some(ledger) = self.at_work(hub) else { return Ok(()) };
        let newest = self.offices[&hub].ring.seal_key().map_err(|error| chain(&error))?;
        let said = ledger.log().seal_key().map_err(|error| chain(&error))?;
        if newest == ledger.card().seal_key || said.is_some_and(|(said, _)| said == newest) {
            return Ok(());
        }
        let done = ledger.announce_epoch(newest);
        drop(ledger);
        done.or_else(|error| self.after_failure(hub, &error))
    }

    fn all_are_past(&self, hub: usize, ledger: &Ledger, epoch: u32) -> bool {
        let Ok(heard) = ledger.heard_beyond(epoch) else { return false };
        let here = self.devices.iter().filter(|device| device.above == hub && !device.is_revoked);
        here.filter(|device| device.upstream.is_none())
            .all(|device| heard.contains(&DeviceId::of(&device.public_key())))
    }

    /// O1 of keys: nothing came that only a destroyed key would open. A card that was put back, or runs twice, may not know
    /// what it had said; and nobody waits for what a device writes after it was struck off and dates before.
    pub(crate) fn nothing_is_lost_to_keys(&self, befallen: Disaster) -> Result<(), Broken> {
        if matches!(befallen, Disaster::DeviceRestored | Disaster::Cloned) {
            return Ok(());
        }
        for (hub, office) in &self.offices {
            let Some(ledger) = &self.node(*hub).ledger else { continue };
            for (epoch, had_come) in &office.closed {
                let sealed = sealed_to(ledger, *epoch).map_err(|error| chain(&error))?;
                if let Some(doc) = sealed.difference(had_come).find(|doc| !self.is_antedated(doc)) {
                    return Err(format!("O1: {doc} came sealed to epoch {epoch}, whose key is destroyed"));
                }
            }
        }
        Ok(())
    }

    /// Whether a device wrote this after it was struck off; by its wrong clock it counts.
    fn is_antedated(&self, doc: &DocId) -> bool {
        let said = self.reference.said.values().find(|said| said.id == *doc);
        said.is_some_and(|Said { first, .. }| {
            first.told == Told::Nothing && self.devices.get(first.by).is_some_and(|device| device.is_revoked)
        })
    }
}

/// Documents of which something sealed to this epoch is here.
fn sealed_to(ledger: &Ledger, epoch: u32) -> Result<BTreeSet<DocId>, LedgerError> {
    let whole = ledger.sealed_to(epoch)?;
    let details = ledger.waiting_details(DETAILS_MAX)?;
    let details = details.into_iter().filter(|waiting| epoch_of(&waiting.envelope) == Some(epoch));
    Ok(whole.into_iter().map(|envelope| envelope.doc).chain(details.map(|waiting| waiting.doc)).collect())
}
