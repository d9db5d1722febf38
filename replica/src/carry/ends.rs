//! What is put into bags and taken out of them: a device's parcels for the hub, the hub's for its devices.
//!
//! Both are packed anew only when something changed, so that a carrier who comes again in between takes nothing twice; or when
//! a parcel that nobody has heard is not in the bag any more.

use std::{collections::BTreeMap, io, sync::Arc};

use civic_core::{
    id::hex,
    keyring::Keyring,
    planted::{self, Bug},
};
use ed25519_dalek::SigningKey;
use sync_core::{
    carry::{
        bag::AUTHOR_BYTES_MAX,
        label::{Label, PARTS_MAX},
        word::Says,
    },
    message::Cursor,
    session::Authors,
};
use tracing::{info, warn};

use super::{
    bag::{Bag, BagError, Pack},
    handover::Opener,
};
use crate::{
    bundle::{DeviceEnd, HubEnd, PackError, ParcelError},
    clock,
    enrol::Desk,
    identity::Identity,
    store::{Log, StoreError},
};

/// Most bytes of one pack: what one author may have in a bag, twice over while a new one replaces an old one.
const PACK_LEN_MAX: u64 = AUTHOR_BYTES_MAX / 2;

/// Most bytes of attachments in one pack; the rest goes with the next.
const ATTACHMENTS_MAX: u64 = 12 << 20;

/// Why parcels could not be put into a bag.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// Reading or sealing what is here.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The bag.
    #[error(transparent)]
    Bag(#[from] BagError),
    /// The log.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Parcels of one pack as they are made, within its limits.
#[derive(Default)]
struct Parcels {
    sealed: Vec<Vec<u8>>,
    len: u64,
    is_cut: bool,
}

impl Parcels {
    fn take(&mut self, parcel: Vec<u8>) -> io::Result<()> {
        let len = self.len + parcel.len() as u64;
        if len > PACK_LEN_MAX || self.sealed.len() == PARTS_MAX as usize {
            self.is_cut = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.len = len;
        self.sealed.push(parcel);
        Ok(())
    }

    /// What was packed; that there was more than a pack holds is no failure.
    fn ended<T>(&self, ended: Result<T, PackError>) -> Result<Option<T>, PackError> {
        match ended {
            Err(PackError::Write(_)) if self.is_cut => Ok(None),
            other => other.map(Some),
        }
    }

    fn label(self, bag: &Bag, to: [u8; 32], who: &str, key: &SigningKey) -> Vec<(Label, Vec<u8>)> {
        let from = key.verifying_key().to_bytes();
        let newest = bag.pack(&to).map_or(0, |pack| pack.number);
        let parts = u32::try_from(self.sealed.len()).unwrap_or(PARTS_MAX);
        let label = |(part, sealed): (u32, &Vec<u8>)| {
            let id = *blake3::hash(sealed).as_bytes();
            let (who, at, len) = (who.to_owned(), clock::now(), sealed.len() as u64);
            Label { from, to, who, at, pack: newest + 1, part, parts, len, id, signature: [0; 64] }.sign(key)
        };
        let labels: Vec<_> = (0..).zip(&self.sealed).map(label).collect();
        labels.into_iter().zip(self.sealed).collect()
    }
}

fn pack_of(parcels: &[(Label, Vec<u8>)], covers: BTreeMap<String, u64>, state: String) -> Pack {
    let number = parcels.first().map_or(0, |(label, _)| label.pack);
    let parts = parcels.iter().map(|(label, _)| hex(&label.id)).collect();
    Pack { number, parts, covers, attachments: Default::default(), state }
}

fn put_cursor(hasher: &mut blake3::Hasher, cursor: Option<Cursor>) {
    if let Some(cursor) = cursor {
        hasher.update(&cursor.epoch).update(&cursor.row.to_le_bytes()).update(&cursor.kept.to_le_bytes());
    }
}

/// A device's end.
pub struct OfDevice {
    /// As whom it speaks.
    pub identity: Arc<Identity>,
    /// Its log.
    pub log: Log,
}

impl OfDevice {
    /// Seals everything that has no receipt, unless what is in the bag holds it all.
    pub async fn fill(&self, bag: &Bag) -> Result<(), FillError> {
        let Some(end) = DeviceEnd::new(&self.identity, &self.log)? else { return Ok(()) };
        let own = self.log.public_key();
        let mine: Vec<_> = self.log.held().into_iter().filter(|held| held.feed.public_key == own).collect();
        let mut hasher = blake3::Hasher::new();
        for held in &mine {
            hasher.update(&held.feed.id().0);
            hasher.update(&held.extent.length.to_le_bytes()).update(&held.receipted.to_le_bytes());
        }
        let waiting = self.log.waiting()?;
        hasher.update(&waiting.count.to_le_bytes()).update(&waiting.bytes.to_le_bytes());
        put_cursor(&mut hasher, self.log.cursor(&end.hub)?);
        hasher.update(&end.county);
        let state = hasher.finalize().to_string();
        if bag.has_pack(&end.hub, &state) {
            return Ok(());
        }
        let mut parcels = Parcels::default();
        let ended = end.pack(ATTACHMENTS_MAX, |parcel| parcels.take(parcel)).await;
        let attachments = parcels.ended(ended)?.unwrap_or_default();
        // Of a pack that was cut it is not known how far it reaches, and then nothing is claimed.
        let covers = mine.iter().filter(|_| !parcels.is_cut);
        let covers = covers.map(|held| (hex(&held.feed.id().0), held.extent.length)).collect();
        let labelled = parcels.label(bag, end.hub, &self.identity.card.name, &self.identity.key);
        let attachments = attachments.iter().map(|id| hex(id.as_bytes())).collect();
        bag.put_pack(end.hub, Pack { attachments, ..pack_of(&labelled, covers, state) }, &labelled)?;
        Ok(())
    }
}

impl Opener for OfDevice {
    async fn open(&self, label: &Label, sealed: Vec<u8>) -> Result<Says, StoreError> {
        match DeviceEnd::new(&self.identity, &self.log)? {
            Some(end) => says(label, end.unpack(&sealed).await),
            None => Ok(Says::Turned),
        }
    }
}

/// The keys of the county as they are now: they change from month to month.
pub type Ring = Arc<dyn Fn() -> Arc<Keyring> + Send + Sync>;

/// The hub's end.
pub struct OfHub {
    /// Its log.
    pub log: Log,
    /// Its key.
    pub key: SigningKey,
    /// Opens what is sealed to the county, whatever the epoch.
    pub ring: Ring,
    /// Whose entries it takes.
    pub authors: Arc<dyn Authors>,
    /// Hears those who ask to be enrolled, if it does.
    pub desk: Option<Arc<dyn Desk>>,
}

impl OfHub {
    fn end<'a>(&'a self, county: &'a Keyring) -> HubEnd<'a> {
        let desk = self.desk.as_deref().map(|desk| desk as &dyn Desk);
        HubEnd { log: &self.log, key: &self.key, county, authors: self.authors.clone(), desk }
    }

    /// Seals for every device that speaks by carriers or sticks what it is known to lack, unless that is in the bag;
    /// `name` tells what people call it.
    pub async fn fill(&self, bag: &Bag, name: impl Fn(&[u8; 32]) -> String) -> Result<(), FillError> {
        let county = (self.ring)();
        for reply in self.end(&county).replies()? {
            let (device, state) = (reply.to.public_key, reply.gist());
            if bag.has_pack(&device, &state) {
                continue;
            }
            let Some(sealed) = self.desk.as_deref().and_then(|desk| reply.seal(desk, &self.key)) else { continue };
            let mut parcels = Parcels::default();
            parcels.take(sealed).map_err(PackError::from)?;
            // One that was not let in is no device, and has no name.
            let name = Some(name(&device)).filter(|name| !name.is_empty()).unwrap_or(reply.to.comparison);
            let labelled = parcels.label(bag, device, &name, &self.key);
            bag.put_pack(device, pack_of(&labelled, BTreeMap::new(), state), &labelled)?;
        }
        for (device, caller) in self.log.callers()? {
            let Some(member) = self.authors.member(&device) else { continue };
            let shared = self.log.shared(&member);
            let mut hasher = blake3::Hasher::new();
            hasher.update(&shared.fingerprint()).update(&self.log.kept_row()?.to_le_bytes());
            put_cursor(&mut hasher, caller.cursor);
            let state = hasher.finalize().to_string();
            if bag.has_pack(&device, &state) {
                continue;
            }
            let mut parcels = Parcels::default();
            let ended = self.end(&county).pack(device, |parcel| parcels.take(parcel)).await;
            parcels.ended(ended)?;
            let labelled = parcels.label(bag, device, &name(&device), &self.key);
            bag.put_pack(device, pack_of(&labelled, BTreeMap::new(), state), &labelled)?;
        }
        Ok(())
    }
}

impl Opener for OfHub {
    async fn open(&self, label: &Label, sealed: Vec<u8>) -> Result<Says, StoreError> {
        says(label, self.end(&(self.ring)()).unpack(&sealed).await.map(|(_, brought)| brought))
    }
}

/// What is signed for a parcel that was opened, or could not be.
fn says(label: &Label, opened: Result<crate::bundle::Brought, ParcelError>) -> Result<Says, StoreError> {
    match opened {
        Ok(brought) => {
            info!(from = label.who, entries = brought.entries, receipts = brought.receipts, "Heard a carried parcel");
            Ok(Says::Heard)
        }
        Err(ParcelError::Store(_)) if planted::is(Bug::HeardUnread) => Ok(Says::Heard),
        Err(ParcelError::Store(error)) => Err(error),
        Err(
            error @ (ParcelError::Closed
            | ParcelError::Bad(_)
            | ParcelError::Stranger
            | ParcelError::NotEnrolled(_)
            | ParcelError::Broken(_)),
        ) => {
            warn!(from = label.who, %error, "Could not listen to a carried parcel");
            Ok(Says::Turned)
        }
    }
}
