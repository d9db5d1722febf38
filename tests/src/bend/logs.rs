//! The doors of two logs that never have a road: parcels that are opened, and all that is in them stored, at a hub and at a
//! device; and receipts, on which everything rests that a screen says.

use std::{
    path::PathBuf,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use civic_core::{
    access::Scope,
    codec::Reader,
    id::{DocId, Incarnation},
    keyring::Keyring,
    seal::{OpenKey, Seed, open_parcel, seal_parcel},
    space::{Audience, Space},
};
use ed25519_dalek::{Signer as _, SigningKey};
use replica::{
    bundle::{DeviceEnd, HubEnd, opening_key, sealing_key},
    store::{Author, Log, NewEntry},
};
use sync_core::{
    entry::EntryKind,
    message::Message,
    parcel::Parcel,
    receipt::{Level, Receipt},
};
use tokio::runtime::Runtime;

use super::{
    door::{Door, Fresh},
    records::{NOW, One, key, public, scope},
};

/// A county whose logs took in so much that is bent is made anew.
const USES_MAX: u64 = 200;
const SIGNATURE_LEN: usize = 64;

/// A device and its hub, each with a log of its own on the disk.
struct Pair {
    device: Place,
    hub: Place,
    scope: Scope,
    ring: Keyring,
}

struct Place {
    log: Log,
    key: SigningKey,
    dir: PathBuf,
}

impl Place {
    /// The device has the key 1, the hub the key 2.
    fn new(number: u8) -> Self {
        let dir = scratch();
        let author = Author { key: key(number), incarnation: Incarnation::new([number; 16]) };
        let log = Log::open(&dir.join("log.db"), author, Some(public(2)), || NOW).expect("a new log opens");
        Self { log, key: key(number), dir }
    }

    fn write(&self, docs: std::ops::Range<u8>, audience: Audience) {
        let space = Space::new(scope().areas[0].clone(), audience);
        let entry = |doc: u8| NewEntry {
            space: space.clone(),
            doc: DocId::new([doc; 16]),
            kind: EntryKind::Change,
            at: NOW,
            payload: format!("第 {doc} 句话").into_bytes(),
        };
        self.log.append(docs.map(entry).collect()).expect("a new log takes entries");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A directory that nobody else has.
pub(super) fn scratch() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("huiyin-bend-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory can be made");
    dir
}

impl Pair {
    fn new() -> Self {
        let (device, hub) = (Place::new(1), Place::new(2));
        device.write(1..9, Audience::Deputies);
        hub.write(20..25, Audience::Public);
        let mut ring = Keyring::default();
        ring.add(OpenKey::make(1, Seed([1; 32])), NOW);
        Self { device, hub, scope: scope(), ring }
    }

    fn device(&self) -> DeviceEnd<'_> {
        DeviceEnd {
            log: &self.device.log,
            key: &self.device.key,
            scope: &self.scope,
            hub: public(2),
            county: self.county(),
            former: Vec::new(),
            room: 1 << 30,
            status: None,
        }
    }

    fn hub(&self) -> HubEnd<'_> {
        let authors = Arc::new(One);
        HubEnd { log: &self.hub.log, key: &self.hub.key, county: &self.ring, authors, desk: None }
    }

    /// To which key the county is written.
    fn county(&self) -> [u8; 32] {
        self.ring.seal_key().expect("the county has a key").public
    }

    /// What the device sends, opened and without its signature; and then what the hub sends.
    async fn said(&self) -> [Vec<Vec<u8>>; 2] {
        let (mut sent, mut answered) = (Vec::new(), Vec::new());
        let packed = self
            .device()
            .pack(1 << 20, |sealed| {
                sent.push(sealed);
                Ok(())
            })
            .await;
        packed.expect("what is there can be packed");
        for sealed in &sent {
            self.hub().unpack(sealed).await.expect("what is honest is taken");
        }
        let packed = self
            .hub()
            .pack(public(1), |sealed| {
                answered.push(sealed);
                Ok(())
            })
            .await;
        packed.expect("what is there can be packed");
        let unsigned = |plain: Vec<u8>| plain[..plain.len() - SIGNATURE_LEN].to_vec();
        let at_hub = sent.iter().map(|sealed| self.ring.open_parcel(sealed).expect("it is for the county").0);
        let own = opening_key(&self.device.key);
        let at_device = answered.iter().map(|sealed| open_parcel(&own, sealed).expect("it is for the device"));
        [at_hub.map(unsigned).collect(), at_device.map(unsigned).collect()]
    }

    /// What a screen could say of the device's own words must be so.
    fn claims(&self) -> Result<(), String> {
        let claims_more = self.device.log.held().into_iter().find(|held| held.receipted > held.extent.length);
        claims_more
            .map_or(Ok(()), |held| Err(format!("{} of {} entries have a receipt", held.receipted, held.extent.length)))
    }
}

/// Signs a parcel anew and seals it.
fn sealed(bytes: &[u8], receiver: &[u8; 32], key: &SigningKey) -> Vec<u8> {
    let signature = key.sign(&[b"huiyin parcel v1".as_slice(), receiver, bytes].concat()).to_bytes();
    seal_parcel(receiver, &[bytes, &signature].concat(), Seed([6; 32])).unwrap_or_default()
}

/// The receipts in a message, signed anew by the hub.
fn signed(bytes: &[u8]) -> Vec<Receipt> {
    let (mut reader, mut receipts) = (Reader::new(bytes), Vec::new());
    while let Ok(Receipt { feed, extent, level, at, .. }) = Receipt::read(&mut reader) {
        receipts.push(Receipt::sign(feed, extent, level, at, &key(2)));
    }
    receipts
}

pub(super) fn doors() -> Vec<Door> {
    let runtime = Rc::new(Runtime::new().expect("a runtime can be made"));
    let pair = Pair::new();
    let [at_hub, at_device] = runtime.block_on(pair.said());
    let mut receipts = Vec::new();
    for held in pair.device.log.held() {
        for level in [Level::Received, Level::Kept] {
            let mut bytes = Vec::new();
            Receipt::sign(held.feed.id(), held.extent, level, NOW, &key(2)).put(&mut bytes);
            receipts.push(bytes);
        }
    }
    receipts.push(receipts.concat());
    let pairs = Rc::new(Fresh::new(USES_MAX, Pair::new));
    let to_device = sealing_key(&public(1)).expect("the key is one");
    let (runtimes, all) = ([runtime.clone(), runtime.clone(), runtime], [pairs.clone(), pairs.clone(), pairs]);
    let ([first, second, third], [one, two, three]) = (runtimes, all);
    vec![
        Door::new("bundle: into a hub's log", at_hub, move |bytes| {
            one.with(|pair| {
                let sealed = sealed(bytes, &pair.county(), &pair.device.key);
                Ok(first.block_on(pair.hub().unpack(&sealed)).is_ok())
            })
        })
        .slow(20),
        Door::new("bundle: into a device's log", at_device, move |bytes| {
            two.with(|pair| {
                let is_read = second.block_on(pair.device().unpack(&sealed(bytes, &to_device, &key(2)))).is_ok();
                pair.claims().map(|()| is_read)
            })
        })
        .slow(20),
        Door::new("receipt: signed anew", receipts, move |bytes| {
            three.with(|pair| {
                let receipts = signed(bytes);
                let is_one = !receipts.is_empty();
                let said = Parcel {
                    author: public(2),
                    at: NOW,
                    after: None,
                    messages: vec![Message::Receipts(receipts)],
                    attachments: Vec::new(),
                };
                let whole = said.sign(&to_device, &key(2));
                let sealed = seal_parcel(&to_device, &whole, Seed([6; 32])).unwrap_or_default();
                let is_read = third.block_on(pair.device().unpack(&sealed)).is_ok();
                pair.claims().map(|()| is_read && is_one)
            })
        })
        .slow(20),
    ]
}
