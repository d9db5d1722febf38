//! A kiosk and its hub that never have a road.

use civic_core::attachment::AttachmentKind;
use civic_core::{
    access::Role,
    area::Area,
    id::{DocId, Incarnation},
    space::{Audience, Space},
    time::UnixSeconds,
};
use sync_core::entry::EntryKind;

use super::*;
use crate::store::{Author, NewEntry, attachment::NewAttachment, sqlite::SqliteStore};

const VILLAGE: &str = "990127101201";

struct Place {
    log: Log,
    key: SigningKey,
    path: std::path::PathBuf,
}

impl Place {
    fn new(name: &str, seed: u8) -> Self {
        let path = std::env::temp_dir().join(format!("huiyin-bundle-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let key = SigningKey::from_bytes(&[seed; 32]);
        let author = Author { key: key.clone(), incarnation: Incarnation::new([seed; 16]) };
        // The hub's key is 3.
        let county = SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes();
        let log = Log::open(&path.join("log.db"), author, Some(county), || UnixSeconds(50)).unwrap();
        Self { log, key, path }
    }

    /// Writes one entry of `len` bytes that do not pack about each of these documents.
    async fn write(&self, docs: std::ops::Range<u8>, audience: Audience, len: usize) {
        let space = Space::new(Area::parse(VILLAGE).unwrap(), audience);
        let log = self.log.clone();
        let entries: Vec<_> = docs
            .map(|doc| NewEntry {
                space: space.clone(),
                doc: DocId::new([doc; 16]),
                kind: EntryKind::Change,
                at: UnixSeconds(40),
                payload: noise(doc, len),
            })
            .collect();
        tokio::task::spawn_blocking(move || log.append(entries)).await.unwrap().unwrap();
    }

    fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    fn entries(&self) -> u64 {
        self.log.held().iter().map(|held| held.extent.length).sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A voice of so many bytes beside a record, in the log of a place.
async fn speak(place: &Place, doc: u8, len: usize) -> AttachmentId {
    let space = Space::new(Area::parse(VILLAGE).unwrap(), Audience::Deputies);
    let voice = NewAttachment::new(AttachmentKind::Voice, noise(doc, len)).unwrap();
    let (doc, at) = (DocId::new([doc; 16]), UnixSeconds(40));
    let kind = EntryKind::Attachment;
    let entry = NewEntry { space, doc, kind, at, payload: voice.announcement() };
    let (log, id) = (place.log.clone(), voice.id());
    tokio::task::spawn_blocking(move || log.attach(vec![entry], vec![voice])).await.unwrap().unwrap();
    id
}

fn noise(doc: u8, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&[doc]).finalize_xof().fill(&mut bytes);
    bytes
}

struct County {
    kiosk: Place,
    hub: Place,
    open: Keyring,
    scope: Scope,
}

struct Known(Vec<([u8; 32], Standing)>);

impl Authors for Known {
    fn standing(&self, public_key: &[u8; 32]) -> Standing {
        let known = self.0.iter().find(|(known, _)| known == public_key);
        known.map_or(Standing::Stranger, |(_, standing)| standing.clone())
    }
}

/// A county's keys.
fn ring(seed: u8) -> Keyring {
    let mut ring = Keyring::default();
    ring.add(OpenKey::make(1, Seed([seed; 32])), UnixSeconds(1));
    ring
}

impl County {
    fn new(name: &str) -> Self {
        let scope = Scope { role: Role::Kiosk, areas: vec![Area::parse(VILLAGE).unwrap()] };
        let open = ring(1);
        Self { kiosk: Place::new(&format!("{name}-kiosk"), 2), hub: Place::new(&format!("{name}-hub"), 3), open, scope }
    }

    fn device(&self) -> DeviceEnd<'_> {
        DeviceEnd {
            log: &self.kiosk.log,
            key: &self.kiosk.key,
            scope: &self.scope,
            hub: self.hub.public_key(),
            county: self.open.seal_key().unwrap().public,
            former: Vec::new(),
            room: 1 << 30,
            status: None,
        }
    }

    fn county(&self) -> HubEnd<'_> {
        let known = Known(vec![(self.kiosk.public_key(), Standing::Member(self.scope.clone()))]);
        HubEnd { log: &self.hub.log, key: &self.hub.key, county: &self.open, authors: Arc::new(known), desk: None }
    }

    async fn up(&self) -> Vec<Vec<u8>> {
        let mut parcels = Vec::new();
        self.device()
            .pack(u64::MAX, |parcel| {
                parcels.push(parcel);
                Ok(())
            })
            .await
            .unwrap();
        parcels
    }

    async fn up_to_the_hub(&self) {
        for sealed in self.up().await {
            self.county().unpack(&sealed).await.unwrap();
        }
    }

    /// A stick goes up and comes home; how many entries it brought.
    async fn there_and_back(&self) -> u64 {
        self.up_to_the_hub().await;
        let mut entries = 0;
        for sealed in self.down().await {
            entries += self.device().unpack(&sealed).await.unwrap().entries;
        }
        entries
    }

    async fn down(&self) -> Vec<Vec<u8>> {
        let mut parcels = Vec::new();
        self.county()
            .pack(self.kiosk.public_key(), |parcel| {
                parcels.push(parcel);
                Ok(())
            })
            .await
            .unwrap();
        parcels
    }
}

#[tokio::test]
async fn what_was_said_arrives_by_stick_and_its_receipt_comes_home_by_the_next() {
    let county = County::new("both-ways");
    county.kiosk.write(0..3, Audience::Deputies, 100).await;
    county.hub.write(10..12, Audience::Public, 100).await;
    for sealed in county.up().await {
        let (author, brought) = county.county().unpack(&sealed).await.unwrap();
        assert_eq!((author, brought.entries, brought.gaps), (county.kiosk.public_key(), 3, 0));
    }
    assert_eq!(county.kiosk.log.counts().unwrap().received, 0, "nobody has told the kiosk yet");
    let mut brought = Brought::default();
    for sealed in county.down().await {
        let more = county.device().unpack(&sealed).await.unwrap();
        brought.entries += more.entries;
        brought.receipts += more.receipts;
    }
    assert_eq!((brought.entries, brought.receipts), (2, 1));
    assert_eq!(county.kiosk.log.counts().unwrap().received, 3);
    assert!(!county.kiosk.log.is_behind(&Member::new(county.kiosk.public_key(), county.scope.clone())));
    // Now both know: the next stick carries nothing again.
    let hello: usize = county.up().await.iter().map(Vec::len).sum();
    assert!(hello < 400, "{hello}");
    for sealed in county.up().await {
        assert_eq!(county.county().unpack(&sealed).await.unwrap().1, Brought::default());
    }
    let down: usize = county.down().await.iter().map(Vec::len).sum();
    assert!(down < 400, "{down}");
}

#[tokio::test]
async fn a_place_that_only_sticks_reach_hears_what_is_new_after_its_hub_was_restored() {
    let mut county = County::new("restored");
    county.hub.write(10..12, Audience::Public, 100).await;
    assert_eq!(county.there_and_back().await, 2);
    assert_eq!(county.there_and_back().await, 0);
    let path = county.hub.path.join("log.db");
    let public_key = Some(county.hub.public_key());
    SqliteStore::open(&path, public_key, true).unwrap().begin_epoch().unwrap();
    let author = Author { key: county.hub.key.clone(), incarnation: Incarnation::new([9; 16]) };
    county.hub.log = Log::open(&path, author, public_key, || UnixSeconds(50)).unwrap();
    county.hub.write(12..13, Audience::Public, 100).await;
    assert_eq!(county.there_and_back().await, 1);
    county.hub.write(13..14, Audience::Public, 100).await;
    assert_eq!(county.there_and_back().await, 1);
    county.up_to_the_hub().await;
    let down: usize = county.down().await.iter().map(Vec::len).sum();
    assert!(down < 400, "what it has heard of the restored hub it is not told again: {down}");
}

#[tokio::test]
async fn voices_travel_by_stick_within_its_budget_in_any_order_and_their_receipts_come_home() {
    let county = County::new("voices");
    let [first, second] = [speak(&county.kiosk, 1, 300_000).await, speak(&county.kiosk, 2, 200_000).await];
    let mut parcels = Vec::new();
    let take = |parcel| {
        parcels.push(parcel);
        Ok(())
    };
    // The stick has room for the first, and for a part of the second.
    let whole = county.device().pack(400_000, take).await.unwrap();
    assert_eq!(whole, BTreeSet::from([first]));
    for sealed in parcels.iter().rev().chain(&parcels) {
        let (_, brought) = county.county().unpack(sealed).await.unwrap();
        // A parcel that came before the record of its voice is heard again after it: its offer is refused, and so its pieces.
        let is_early = |reason: &String| reason.contains("no record of this device") || reason.contains("was refused");
        assert!(brought.refused.iter().all(is_early), "{:?}", brought.refused);
    }
    let held = |id: &AttachmentId| county.hub.log.attachment_line(id).unwrap().unwrap().held;
    // Of the second the first piece has room, and the last, which is short.
    assert_eq!((held(&first), held(&second)), (300_000, 65_536 + 200_000 % 65_536));
    assert_eq!(county.hub.log.attachment(&first).unwrap().unwrap(), noise(1, 300_000));
    for sealed in county.down().await {
        county.device().unpack(&sealed).await.unwrap();
    }
    let receipted = |id: &AttachmentId| county.kiosk.log.attachment_line(id).unwrap().unwrap().receipted_at.is_some();
    assert_eq!((receipted(&first), receipted(&second)), (true, false));
    // The next stick brings the rest of it, and nothing of the first.
    let next = county.up().await;
    assert!((200_000..230_000).contains(&next.iter().map(Vec::len).sum::<usize>()));
    for sealed in next {
        county.county().unpack(&sealed).await.unwrap();
    }
    for sealed in county.down().await {
        county.device().unpack(&sealed).await.unwrap();
    }
    assert!(receipted(&second));
    assert_eq!(county.kiosk.log.counts().unwrap().received, 2);
}

#[tokio::test]
async fn parcels_in_any_order_and_again_and_again_bring_each_entry_once() {
    let county = County::new("any-order");
    for first in (0..100).step_by(20) {
        county.kiosk.write(first..first + 20, Audience::Deputies, 15_000).await;
    }
    let parcels = county.up().await;
    assert!(parcels.len() > 2, "{} parcels", parcels.len());
    let mut entries = 0;
    for _ in 0..parcels.len() {
        for sealed in parcels.iter().rev() {
            let (_, brought) = county.county().unpack(sealed).await.unwrap();
            entries += brought.entries;
            assert!(brought.refused.is_empty());
        }
    }
    assert_eq!((entries, county.hub.entries(), county.hub.log.verify().unwrap()), (100, 100, Ok(100)));
    let held = |place: &Place| place.log.held().into_iter().map(|held| held.extent).collect::<Vec<_>>();
    assert_eq!(held(&county.kiosk), held(&county.hub));
}

#[tokio::test]
async fn a_later_parcel_never_makes_a_device_believe_that_it_heard_an_earlier_one() {
    let county = County::new("later");
    for first in (0..100).step_by(20) {
        county.hub.write(first..first + 20, Audience::Public, 15_000).await;
    }
    let parcels = county.down().await;
    assert!(parcels.len() > 1, "{} parcels", parcels.len());
    for sealed in parcels.iter().skip(1) {
        county.device().unpack(sealed).await.unwrap();
    }
    assert_eq!(county.kiosk.log.cursor(&county.hub.public_key()).unwrap(), None);
    // The next stick brings everything, since the hub was never told otherwise.
    for sealed in county.up().await {
        county.county().unpack(&sealed).await.unwrap();
    }
    for sealed in county.down().await {
        county.device().unpack(&sealed).await.unwrap();
    }
    assert_eq!(county.kiosk.entries(), 100);
    let reached = county.kiosk.log.cursor(&county.hub.public_key()).unwrap().unwrap();
    assert_eq!(i64::try_from(reached.row).unwrap(), county.hub.log.newest_row());
    // An old stick that turns up again takes nothing back.
    county.device().unpack(&parcels[0]).await.unwrap();
    assert_eq!(county.kiosk.log.cursor(&county.hub.public_key()).unwrap(), Some(reached));
}

#[tokio::test]
async fn a_parcel_of_a_stranger_or_for_somebody_else_is_refused_with_its_reason() {
    let county = County::new("strangers");
    county.kiosk.write(0..1, Audience::Deputies, 100).await;
    let other = County::new("strangers-other");
    let [ours] = county.up().await.try_into().unwrap();
    // Another county cannot open it, and a device not either.
    let elsewhere = ring(7);
    let foreign = HubEnd { county: &elsewhere, ..other.county() };
    assert!(matches!(foreign.unpack(&ours).await, Err(ParcelError::Closed)));
    assert!(matches!(county.device().unpack(&ours).await, Err(ParcelError::Closed)));
    // Somebody who only knows the county's public key can seal, and is not known.
    let stranger = Place::new("strangers-nobody", 8);
    let end = DeviceEnd { log: &stranger.log, key: &stranger.key, ..county.device() };
    let mut forged = Vec::new();
    end.pack(u64::MAX, |parcel| {
        forged.push(parcel);
        Ok(())
    })
    .await
    .unwrap();
    assert!(matches!(county.county().unpack(&forged[0]).await, Err(ParcelError::Stranger)));
    // Only the hub speaks to a device.
    let receiver = sealing_key(&county.kiosk.public_key()).unwrap();
    let (author, at, after) = (stranger.public_key(), UnixSeconds(1), None);
    let parcel = Parcel { author, at, after, messages: Vec::new(), attachments: Vec::new() };
    let sealed = seal_parcel(&receiver, &parcel.sign(&receiver, &stranger.key), Seed([5; 32])).unwrap();
    assert!(matches!(county.device().unpack(&sealed).await, Err(ParcelError::Stranger)));
    // What was said to the hub is not taken as said to a device, by whomever it is sealed anew.
    let said = county.open.open_parcel(&ours).unwrap().0;
    let moved = seal_parcel(&receiver, &said, Seed([6; 32])).unwrap();
    assert!(matches!(county.device().unpack(&moved).await, Err(ParcelError::Bad(BadParcel::Signature))));
    assert_eq!((county.kiosk.entries(), county.hub.entries()), (1, 0));
}

#[tokio::test]
async fn what_a_device_dates_before_it_was_struck_off_is_heard_by_stick_and_what_it_dates_later_is_kept_apart() {
    // Its entries are dated 40.
    for (at, expected) in [(UnixSeconds(40), 2), (UnixSeconds(39), 0)] {
        let county = County::new(&format!("struck-off-{}", at.0));
        county.kiosk.write(0..2, Audience::Deputies, 100).await;
        let standing = Standing::StruckOff { scope: county.scope.clone(), at };
        let authors: Arc<dyn Authors> = Arc::new(Known(vec![(county.kiosk.public_key(), standing)]));
        let end = HubEnd { authors, ..county.county() };
        for sealed in county.up().await {
            let (_, brought) = end.unpack(&sealed).await.unwrap();
            assert_eq!((brought.entries, brought.refused.is_empty()), (expected, expected > 0));
        }
        let apart = county.hub.log.apart(9).unwrap();
        assert_eq!(apart.len(), usize::from(expected == 0));
        assert!(apart.iter().all(|apart| apart.reason.contains("struck off before")));
        // It is told nothing.
        end.pack(county.kiosk.public_key(), |_| panic!("a parcel for a device that was struck off")).await.unwrap();
    }
}

#[tokio::test]
async fn a_device_that_was_enrolled_anew_brings_what_its_former_key_wrote_and_hears_its_receipts() {
    let county = County::new("anew");
    county.kiosk.write(0..3, Audience::Deputies, 100).await;
    // The same log, under another key.
    let key = SigningKey::from_bytes(&[9; 32]);
    let author = Author { key: key.clone(), incarnation: Incarnation::new([9; 16]) };
    let log = Log::open(&county.kiosk.path.join("log.db"), author, Some(county.hub.public_key()), || UnixSeconds(50))
        .unwrap();
    let former = vec![county.kiosk.public_key()];
    let end = DeviceEnd { log: &log, key: &key, former: former.clone(), ..county.device() };
    struct Anew(Vec<[u8; 32]>, Scope, [u8; 32]);
    impl Authors for Anew {
        fn standing(&self, public_key: &[u8; 32]) -> Standing {
            let scope = self.1.clone();
            // Struck off long before what it wrote: its successor vouches for it.
            if *public_key == self.2 {
                Standing::Member(scope)
            } else {
                Standing::StruckOff { scope, at: UnixSeconds(1) }
            }
        }
        fn former(&self, _: &[u8; 32]) -> Vec<[u8; 32]> {
            self.0.clone()
        }
    }
    let public_key = key.verifying_key().to_bytes();
    let hub = HubEnd { authors: Arc::new(Anew(former, county.scope.clone(), public_key)), ..county.county() };
    let mut parcels = Vec::new();
    let keep = |parcels: &mut Vec<Vec<u8>>, parcel| {
        parcels.push(parcel);
        Ok(())
    };
    end.pack(0, |parcel| keep(&mut parcels, parcel)).await.unwrap();
    for sealed in parcels {
        assert_eq!(hub.unpack(&sealed).await.unwrap().1.entries, 3);
    }
    let mut home = Vec::new();
    hub.pack(public_key, |parcel| keep(&mut home, parcel)).await.unwrap();
    for sealed in home {
        end.unpack(&sealed).await.unwrap();
    }
    assert_eq!((log.counts().unwrap().here, log.counts().unwrap().received), (0, 3));
}
