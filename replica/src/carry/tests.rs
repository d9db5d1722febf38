//! A kiosk, a phone that carries, and the county.

mod hostile;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    attachment::AttachmentKind,
    id::{DocId, Incarnation},
    keyring::Keyring,
    seal::{OpenKey, Seed, open_parcel, seal_parcel},
    space::{Audience, Space},
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use sync_core::{
    attachment::{manifest::Manifest, message as attachment, pieces::Pieces},
    carry::{
        label::{Label, ParcelId},
        message::{Message, PIECE_LEN},
        word::{Says, Word},
    },
    entry::EntryKind,
    message::VERSION,
    parcel::Parcel,
    session::{Authors, Standing},
};

use super::{
    bag::{Bag, Holder},
    ends::{OfDevice, OfHub},
    handover::{Handed, HandoverError, Hands, Opener},
    near::Near,
};
use crate::{
    bundle::opening_key,
    dir::DataDir,
    identity::{Card, Identity},
    road::{
        RecvStream, SendStream,
        mux::{self, End},
    },
    store::{Author, Log, NewEntry, attachment::NewAttachment},
    transfer,
};

const VILLAGE: &str = "990127101201";
const KIOSK: u8 = 2;
pub(crate) const HUB: u8 = 3;
pub(crate) const PHONE: u8 = 4;
const OTHER: u8 = 5;
const NOBODY: u8 = 6;

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn public(seed: u8) -> [u8; 32] {
    key(seed).verifying_key().to_bytes()
}

pub(crate) struct Known;

impl Authors for Known {
    fn standing(&self, public_key: &[u8; 32]) -> Standing {
        let role = if *public_key == public(PHONE) { Role::Deputy } else { Role::Kiosk };
        let is_known = [KIOSK, PHONE, OTHER].map(public).contains(public_key);
        let scope = Scope { role, areas: vec![Area::parse(VILLAGE).unwrap()] };
        if is_known { Standing::Member(scope) } else { Standing::Stranger }
    }
}

/// One installation: its directory, its log, its bag.
pub(crate) struct Place {
    seed: u8,
    pub(crate) path: PathBuf,
    pub(crate) log: Log,
    bag: Bag,
    pub(crate) identity: Arc<Identity>,
}

impl Place {
    pub(crate) fn new(name: &str, seed: u8) -> Self {
        let path = std::env::temp_dir().join(format!("huiyin-carry-{name}-{seed}-{}", std::process::id()));
        let dir = DataDir::hold(&path).unwrap();
        let author = Author { key: key(seed), incarnation: Incarnation::new([seed; 16]) };
        let log = Log::open(&path.join("log.db"), author, Some(public(HUB)), || UnixSeconds(50)).unwrap();
        let bag = Bag::open(&dir, Holder { own: public(seed), hub: public(HUB), carries: seed == PHONE }).unwrap();
        let card = Card {
            scope: Known.scope(&public(seed)).unwrap_or(Scope { role: Role::Hub, areas: Vec::new() }),
            name: format!("地方{seed}"),
            number: u16::from(seed),
            hub: String::new(),
            hub_key: civic_core::id::hex(&public(HUB)),
            authority: String::new(),
            certificate: String::new(),
            seal_key: county().seal_key().unwrap(),
            codebook: String::new(),
            edition: 0,
            enrolled_at: UnixSeconds(40),
            spare: String::new(),
            salt: String::new(),
            retired: String::new(),
            renewed_at: None,
            former: Vec::new(),
            board: String::new(),
        };
        let identity = Arc::new(Identity::new(&dir, key(seed), card));
        Self { seed, path, log, bag, identity }
    }

    pub(crate) async fn write(&self, doc: u8, audience: Audience, len: usize) {
        let space = Space::new(Area::parse(VILLAGE).unwrap(), audience);
        let mut payload = vec![0; len];
        blake3::Hasher::new().update(&[doc]).finalize_xof().fill(&mut payload);
        let (doc, at) = (DocId::new([doc; 16]), UnixSeconds(40));
        let (log, entry) = (self.log.clone(), NewEntry { space, doc, kind: EntryKind::Change, at, payload });
        tokio::task::spawn_blocking(move || log.append(vec![entry])).await.unwrap().unwrap();
    }

    pub(crate) fn device(&self) -> OfDevice {
        OfDevice { identity: self.identity.clone(), log: self.log.clone() }
    }

    fn hub(&self) -> OfHub {
        let mut ring = Keyring::default();
        ring.add(county(), UnixSeconds(1));
        let ring = Arc::new(ring);
        let (log, ring) = (self.log.clone(), Arc::new(move || ring.clone()));
        OfHub { log, key: key(HUB), ring, authors: Arc::new(Known), desk: None }
    }

    /// Everything in its bag has been there for as long as one can think.
    fn age(&mut self) {
        let (dir, list) = (DataDir::look(&self.path), self.path.join("bag.json"));
        let mut told: serde_json::Value = serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
        for item in told["items"].as_array_mut().unwrap() {
            item["since"] = 0.into();
        }
        std::fs::write(&list, told.to_string()).unwrap();
        self.bag = Bag::open(&dir, self.bag.holder()).unwrap();
    }

    /// Its bag is gone, as on a phone that was set up again.
    fn lose_bag(&mut self) {
        std::fs::remove_file(self.path.join("bag.json")).unwrap();
        self.bag = Bag::open(&DataDir::look(&self.path), self.bag.holder()).unwrap();
    }

    /// Its parcels are gone and the list of them is not, as after a power cut.
    fn lose_parcels(&mut self) {
        for file in std::fs::read_dir(self.path.join("bag")).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        self.bag = Bag::open(&DataDir::look(&self.path), self.bag.holder()).unwrap();
    }

    fn entries(&self) -> u64 {
        self.log.held().iter().map(|held| held.extent.length).sum()
    }

    fn hands<'a, O: Opener>(&'a self, peer: u8, opener: &'a O) -> Hands<'a, O> {
        let (key, name) = (&self.identity.key, self.identity.card.name.as_str());
        let (bag, heard, budget, takes) = (&self.bag, UnixSeconds(9), u64::MAX, u64::MAX);
        let public_log = Some(&self.log).filter(|_| ![peer, self.seed].contains(&HUB));
        let counter = None;
        Hands { bag, key, peer: public(peer), name, heard, budget, takes, counter, opener, public: public_log }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn county() -> OpenKey {
    OpenKey::make(1, Seed([1; 32]))
}

struct County {
    kiosk: Place,
    phone: Place,
    hub: Place,
}

/// Two ends of one connection.
fn road() -> (mux::Connection, mux::Connection) {
    let (here, there) = tokio::io::duplex(64 * 1024);
    (mux::Connection::over(here, End::Caller), mux::Connection::over(there, End::Answerer))
}

fn stream((send, receive): (mux::SendStream, mux::RecvStream)) -> (SendStream, RecvStream) {
    (SendStream::Tcp(send), RecvStream::Tcp(receive))
}

async fn answer<O: Opener>(hands: &Hands<'_, O>, road: &mux::Connection) -> Result<Handed, HandoverError> {
    let (send, mut receive) = stream(road.accept().await.unwrap());
    let first = receive.number().await?.unwrap();
    hands.answer(first, (send, receive)).await
}

impl County {
    fn new(name: &str) -> Self {
        let [kiosk, phone, hub] = [KIOSK, PHONE, HUB].map(|seed| Place::new(name, seed));
        Self { kiosk, phone, hub }
    }

    /// The phone is in the village.
    async fn in_village(&self) -> (Handed, Handed) {
        let (kiosk, phone) = (self.kiosk.device(), self.phone.device());
        kiosk.fill(&self.kiosk.bag).await.unwrap();
        let (here, there) = road();
        let (caller, called) = (self.phone.hands(KIOSK, &phone), self.kiosk.hands(PHONE, &kiosk));
        let (one, other) = tokio::join!(caller.call(stream(here.open().unwrap())), answer(&called, &there));
        (one.unwrap(), other.unwrap())
    }

    /// The phone has signal.
    async fn in_town(&self) -> (Handed, Handed) {
        let (phone, hub) = (self.phone.device(), self.hub.hub());
        hub.fill(&self.hub.bag, |_| "石桥村".to_owned()).await.unwrap();
        let (here, there) = road();
        let (caller, called) = (self.phone.hands(HUB, &phone), self.hub.hands(PHONE, &hub));
        let (one, other) = tokio::join!(caller.call(stream(here.open().unwrap())), answer(&called, &there));
        (one.unwrap(), other.unwrap())
    }
}

#[tokio::test]
async fn what_is_said_goes_and_its_receipt_comes_by_a_phone_that_reads_neither() {
    let county = County::new("both-ways");
    for doc in 0..3 {
        county.kiosk.write(doc, Audience::Deputies, 200_000 / 4).await;
    }
    county.hub.write(10, Audience::Public, 100).await;
    let (at_phone, at_kiosk) = county.in_village().await;
    assert_eq!((at_phone.taken.len(), at_kiosk.given), (1, 1));
    let (reached, _) = county.kiosk.bag.on_the_road(UnixSeconds(crate::clock::now().0));
    assert_eq!(county.kiosk.log.covered(&reached, &BTreeSet::new()).unwrap(), 3, "it is on the road");
    assert_eq!(county.kiosk.log.counts().unwrap().received, 0, "and no receipt says that it is there");
    let parcel = county.phone.bag.items().remove(0);
    let sealed = county.phone.bag.read(&parcel.label.id).unwrap();
    assert!(open_parcel(&opening_key(&key(PHONE)), &sealed).is_err(), "the phone cannot open it");

    let (at_phone, at_hub) = county.in_town().await;
    assert_eq!((at_hub.taken.len(), at_phone.given, county.hub.entries()), (1, 1, 4));
    assert!(county.phone.bag.items().is_empty(), "what the county has heard is carried no further");
    // Now the county knows that the kiosk speaks by phone, and something goes home.
    let (at_phone, _) = county.in_town().await;
    assert_eq!(at_phone.taken.len(), 1);
    let (at_phone, at_kiosk) = county.in_village().await;
    assert_eq!((at_kiosk.taken.len(), county.kiosk.log.counts().unwrap().received), (1, 3));
    assert_eq!(county.kiosk.entries(), 4, "what is public came along");
    assert!(at_phone.words >= 1 && at_kiosk.words >= 1, "each hears what became of its own");
    // Again is nothing new.
    let before = (county.kiosk.entries(), county.hub.entries());
    county.in_village().await;
    county.in_town().await;
    assert_eq!((county.kiosk.entries(), county.hub.entries()), before);
}

#[tokio::test]
async fn a_handover_that_breaks_off_goes_on_where_it_broke() {
    let county = County::new("resumed");
    for doc in 0..20 {
        county.kiosk.write(doc, Audience::Deputies, 40_000).await;
    }
    let kiosk = county.kiosk.device();
    kiosk.fill(&county.kiosk.bag).await.unwrap();
    let all: u64 = county.kiosk.bag.items().iter().map(|item| item.label.len).sum();
    // The phone goes out of reach after three pieces.
    let (here, there) = road();
    let budget = 3 * PIECE_LEN as u64;
    let phone = county.phone.device();
    let called = Hands { budget, ..county.kiosk.hands(PHONE, &kiosk) };
    let caller = county.phone.hands(KIOSK, &phone);
    let (one, other) = tokio::join!(caller.call(stream(here.open().unwrap())), answer(&called, &there));
    assert_eq!((one.unwrap().bytes_down, other.unwrap().bytes_up), (budget, budget));
    // The program is started anew in between.
    let phone_bag = Bag::open(&DataDir::look(&county.phone.path), county.phone.bag.holder()).unwrap();
    assert_eq!(phone_bag.items().iter().map(|item| item.held).sum::<u64>(), budget);
    let (at_phone, _) = county.in_village().await;
    assert_eq!(at_phone.bytes_down, all - budget, "nothing comes twice");
    county.in_town().await;
    assert_eq!(county.hub.entries(), 20);
}

/// One turn of the other side.
pub(crate) async fn hear(receive: &mut RecvStream) -> Vec<Message> {
    let mut said = Vec::new();
    loop {
        let number = receive.number().await.unwrap().unwrap();
        let (body, _) = receive.fields(number, sync_core::carry::message::MESSAGE_LEN_MAX).await.unwrap();
        let message = Message::decode(number.value, &body).unwrap();
        if matches!(message, Message::Over) {
            return said;
        }
        said.push(message);
    }
}

#[tokio::test]
async fn a_carrier_reads_whose_for_whom_how_large_and_since_when_and_nothing_else() {
    let county = County::new("reads");
    county.kiosk.write(1, Audience::Deputies, 1_000).await;
    county.in_village().await;
    county.in_town().await;
    county.in_town().await;
    let home = county.phone.bag.items();
    county.kiosk.write(2, Audience::Public, 1_000).await;
    county.in_village().await;
    let others = [PHONE, OTHER, NOBODY].map(|seed| opening_key(&key(seed)));
    for item in home.iter().chain(&county.phone.bag.items()) {
        let Ok(sealed) = county.phone.bag.read(&item.label.id) else { continue };
        assert!(others.iter().all(|key| open_parcel(key, &sealed).is_err()));
        // The kiosk's own key opens nothing that is for the county, nor the county's what goes home.
        let (for_kiosk, for_hub) = (opening_key(&key(KIOSK)), OpenKey::make(1, Seed([1; 32])));
        let opened = [&for_kiosk, &for_hub].map(|key| open_parcel(key, &sealed).is_ok());
        assert_eq!(opened, [item.label.to == public(KIOSK), item.label.to == public(HUB)]);
        let mut written = Vec::new();
        item.label.put(&mut written);
        let told = 3 * 32 + item.label.who.len() + 64;
        assert!(written.len() <= told + 8 * 10, "{} bytes on a label", written.len());
    }
}

#[tokio::test]
async fn what_the_hub_made_public_passes_between_two_devices_and_nothing_that_it_did_not() {
    let county = County::new("public");
    let hear = async |place: &Place, from: &Place| {
        for held in from.log.held() {
            let runs = from.log.runs_after(held.feed.id(), 0, held.extent.length, 1 << 20).unwrap();
            place.log.accept(runs.into_iter().map(|run| (held.feed.clone(), run)).collect()).await.unwrap();
        }
    };
    // The phone heard the first notice from the hub, the kiosk both; then the one comes by the other.
    county.hub.write(10, Audience::Public, 300).await;
    hear(&county.phone, &county.hub).await;
    county.hub.write(11, Audience::Public, 100_000 / 2).await;
    hear(&county.kiosk, &county.hub).await;
    assert_eq!((county.phone.entries(), county.kiosk.entries()), (1, 2));
    let (at_phone, at_kiosk) = county.in_village().await;
    assert_eq!((at_phone.public, at_kiosk.public), (1, 0));
    let extents = |place: &Place| place.log.held().into_iter().map(|held| held.extent).collect::<Vec<_>>();
    assert_eq!(extents(&county.phone), extents(&county.kiosk));
    // What a phone writes itself, as if it were public, is no word of the hub, and a kiosk's own words go to nobody.
    county.phone.write(12, Audience::Public, 50).await;
    county.kiosk.write(13, Audience::Deputies, 50).await;
    county.in_village().await;
    assert_eq!((county.phone.entries(), county.kiosk.entries()), (3, 3));
    let lie = county.phone.log.held().into_iter().find(|held| held.feed.public_key == public(PHONE)).unwrap();
    let run = county.phone.log.runs_after(lie.feed.id(), 0, 1, 1 << 20).unwrap().remove(0);
    let device = county.kiosk.device();
    let hands = county.kiosk.hands(PHONE, &device);
    let mut handed = Handed::default();
    hands.take_public(lie.feed.clone(), run.clone(), &mut handed).await.unwrap();
    // The same under the hub's name is not under its signature.
    let forged = sync_core::feed::Feed { public_key: public(HUB), ..lie.feed };
    let run = sync_core::run::Run { feed: forged.id(), ..run };
    hands.take_public(forged, run, &mut handed).await.unwrap();
    assert_eq!((handed.public, handed.refused.len(), county.kiosk.entries()), (0, 2, 3), "{:?}", handed.refused);
}

/// The device at one end of a road asks the one at the other; bytes that came.
async fn borrow(asks: &Place, lends: &Place) -> u64 {
    let (here, there) = road();
    let lend = async { transfer::lend(&lends.log, stream(there.accept().await.unwrap())).await.unwrap() };
    let ask = transfer::ask(&asks.log, public(HUB), stream(here.open().unwrap()));
    let (borrowed, lent) = tokio::join!(ask, lend);
    assert_eq!(borrowed.as_ref().unwrap(), &lent);
    lent
}

#[tokio::test]
async fn pictures_of_what_is_public_pass_between_two_devices_and_nobody_s_voice_does() {
    let county = County::new("pictures");
    let County { kiosk, phone, hub } = &county;
    let noise = |seed: u8, len| {
        let mut bytes = vec![0; len];
        blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
        bytes
    };
    let made = |kind, bytes: &[u8]| NewAttachment::new(kind, bytes.to_vec()).unwrap();
    let attach = async |place: &Place, audience, new: &NewAttachment| {
        let space = Space::new(Area::parse(VILLAGE).unwrap(), audience);
        let (doc, at, payload) = (DocId::new([9; 16]), UnixSeconds(40), new.announcement());
        let entry = NewEntry { space, doc, kind: EntryKind::Attachment, at, payload };
        let (log, new) = (place.log.clone(), new.clone());
        tokio::task::spawn_blocking(move || log.attach(vec![entry], vec![new])).await.unwrap().unwrap();
    };
    let hear = async |place: &Place, from: &Place| {
        for held in from.log.held() {
            let runs = from.log.runs_after(held.feed.id(), 0, held.extent.length, 1 << 20).unwrap();
            place.log.accept(runs.into_iter().map(|run| (held.feed.clone(), run)).collect()).await.unwrap();
        }
    };
    let picture = noise(1, 300_000);
    let photo = made(AttachmentKind::Photo, &picture);
    attach(hub, Audience::Public, &photo).await;
    hear(kiosk, hub).await;
    hear(phone, hub).await;
    // The kiosk has somebody's voice, and the phone knows of it.
    let voice = made(AttachmentKind::Voice, &noise(2, 1_000));
    attach(kiosk, Audience::County, &voice).await;

    // Nobody has the picture yet; then the phone has it from the hub, and on the way to the kiosk the road breaks.
    assert_eq!(borrow(kiosk, phone).await, 0);
    assert_eq!(borrow(phone, hub).await, 300_000);
    let (here, there) = road();
    let breaks = async {
        let (_send, mut receive) = stream(there.accept().await.unwrap());
        receive.number().await.unwrap()
    };
    let ask = transfer::ask(&kiosk.log, public(HUB), stream(here.open().unwrap()));
    let (broken, _) = tokio::join!(ask, async {
        breaks.await;
        there.close(0, "gone");
    });
    assert_eq!(broken.unwrap_or_default(), 0);
    assert_eq!(borrow(kiosk, phone).await, 300_000);
    assert_eq!(kiosk.log.attachment(&photo.id()).unwrap(), Some(picture));
    assert_eq!(kiosk.log.traffic(UnixSeconds(50)).unwrap(), 0, "no road of its own was used");
    assert_eq!((borrow(kiosk, phone).await, borrow(phone, kiosk).await), (0, 0), "nothing comes twice");

    // Whoever asks for what is not public is told so and gets nothing, and what is offered is not taken.
    let (here, there) = road();
    let (mut send, mut receive) = stream(here.open().unwrap());
    let lend = async { transfer::lend(&kiosk.log, stream(there.accept().await.unwrap())).await };
    let rude = async {
        let hello = attachment::Message::Hello { version: 1, oldest: 1, lacking: Vec::new() };
        let manifest = Manifest::of(AttachmentKind::Photo, &noise(3, 10)).unwrap();
        let want = attachment::Message::Want { id: voice.id(), missing: Pieces::first(1) };
        for message in [hello, want, attachment::Message::offer(&manifest)] {
            send.send_bytes(message.encode()).await.unwrap();
        }
        send.finish();
        let mut refused = Vec::new();
        while let Some(number) = receive.number().await.unwrap() {
            let (body, _) = receive.fields(number, attachment::MESSAGE_LEN_MAX).await.unwrap();
            if let attachment::Message::Refused { reason, .. } =
                attachment::Message::decode(number.value, &body).unwrap()
            {
                refused.push(reason);
            }
            if refused.len() == 2 {
                break;
            }
        }
        refused
    };
    let (refused, _) = tokio::join!(rude, lend);
    assert_eq!(refused, ["there is no such attachment for this device", "nobody asked for the attachment"]);
}

#[tokio::test]
async fn every_link_of_the_chain_signs_and_each_end_comes_to_hold_all_of_it() {
    let county = County::new("chain");
    county.kiosk.write(1, Audience::Deputies, 1_000).await;
    let said = |place: &Place| -> BTreeSet<(ParcelId, Says, [u8; 32])> {
        place.bag.told().iter().map(|told| (told.word.id, told.word.says, told.word.by)).collect()
    };
    // Kiosk → carrier: it holds the phone's word that it has the parcel.
    county.in_village().await;
    let up = county.phone.bag.items().remove(0).label.id;
    assert_eq!(said(&county.kiosk), BTreeSet::from([(up, Says::Taken, public(PHONE))]));
    // Carrier → hub: the phone holds the hub's word that it heard it.
    county.in_town().await;
    assert!(said(&county.phone).contains(&(up, Says::Heard, public(HUB))));
    // Hub → carrier: what goes home.
    county.in_town().await;
    let home = county.phone.bag.items().remove(0).label;
    assert_eq!((home.from, home.to), (public(HUB), public(KIOSK)));
    // Carrier → kiosk: it holds both words for its own, and the county's receipt, which alone says that it is received.
    county.in_village().await;
    let own = [(up, Says::Taken, public(PHONE)), (up, Says::Heard, public(HUB)), (home.id, Says::Heard, public(KIOSK))];
    assert_eq!(said(&county.kiosk), BTreeSet::from(own));
    assert_eq!(county.kiosk.log.counts().unwrap().received, 1);
    // And the hub comes to hold the kiosk's word that the answer is home.
    county.in_town().await;
    assert!(said(&county.hub).contains(&(home.id, Says::Heard, public(KIOSK))));
    assert!(county.kiosk.bag.told().iter().chain(&county.hub.bag.told()).all(|told| told.word.is_sound()));
}

#[tokio::test]
async fn what_waited_for_ninety_days_in_a_quiet_village_goes_with_the_next_phone_and_the_one_after() {
    let mut county = County::new("quiet");
    county.kiosk.write(1, Audience::Deputies, 1_000).await;
    county.kiosk.device().fill(&county.kiosk.bag).await.unwrap();
    county.kiosk.age();
    let (at_phone, at_kiosk) = county.in_village().await;
    assert_eq!((at_phone.taken.len(), at_kiosk.given), (1, 1));
    // It is let go of then; and if that phone is lost, the same words are sealed for another.
    assert!(county.kiosk.bag.items().is_empty());
    county.kiosk.device().fill(&county.kiosk.bag).await.unwrap();
    assert_eq!(county.kiosk.bag.items().len(), 1);
}

#[tokio::test]
async fn what_a_device_turned_away_is_sealed_for_it_again_and_what_it_heard_is_not() {
    let county = County::new("turned");
    county.kiosk.write(1, Audience::Deputies, 1_000).await;
    county.in_village().await;
    county.in_town().await;
    county.in_town().await;
    let homes = || -> Vec<ParcelId> { county.phone.bag.items().iter().map(|item| item.label.id).collect() };
    let first = homes();
    assert_eq!(first.len(), 1);
    county.phone.bag.hear(Word::sign(first[0], Says::Turned, UnixSeconds(60), &key(KIOSK)));
    county.phone.bag.tidy().unwrap();
    county.in_town().await;
    county.in_town().await;
    let second = homes();
    assert!(second.len() == 1 && second != first, "{second:?}");
    assert!(county.hub.bag.hear(Word::sign(second[0], Says::Heard, UnixSeconds(70), &key(KIOSK))));
    county.hub.bag.tidy().unwrap();
    county.hub.hub().fill(&county.hub.bag, |_| "石桥村".to_owned()).await.unwrap();
    assert!(county.hub.bag.items().is_empty(), "nothing is new");
}

#[tokio::test]
async fn what_came_whole_before_the_road_broke_is_signed_for_the_next_time() {
    let county = County::new("unsigned");
    for doc in 0..12 {
        county.kiosk.write(doc, Audience::Deputies, 40_000).await;
    }
    county.kiosk.device().fill(&county.kiosk.bag).await.unwrap();
    let first = county.kiosk.bag.items().remove(0).label;
    let sealed = county.kiosk.bag.read(&first.id).unwrap();
    assert!(county.phone.bag.append(&first, 0, &sealed).unwrap() && first.parts > 1);
    county.in_village().await;
    let (reached, _) = county.kiosk.bag.on_the_road(crate::clock::now());
    assert_eq!(county.kiosk.log.covered(&reached, &BTreeSet::new()).unwrap(), 12, "all of it is on the road");
}

#[tokio::test]
async fn what_goes_home_leaves_of_a_days_bytes_what_villages_need_to_be_heard() {
    let county = County::new("metered");
    county.kiosk.write(0, Audience::Deputies, 1_000).await;
    county.in_village().await;
    county.in_town().await;
    // Much was made public, and something waits on the phone.
    for doc in 10..40 {
        county.hub.write(doc, Audience::Public, 40_000).await;
    }
    county.kiosk.write(1, Audience::Deputies, 1_000).await;
    county.in_village().await;
    let (hub, phone) = (county.hub.hub(), county.phone.device());
    hub.fill(&county.hub.bag, |_| "石桥村".to_owned()).await.unwrap();
    let home: u64 = county.hub.bag.items().iter().map(|item| item.label.len).sum();
    let up: u64 = county.phone.bag.items().iter().map(|item| item.label.len).sum();
    let (dir, identity) = (DataDir::look(&county.phone.path), county.phone.identity.clone());
    let near = Near::open(&dir, identity, county.phone.log.clone(), true).unwrap();
    let part = home / 2;
    assert_eq!((near.left_for_home(up + part, u64::MAX), near.left_for_home(up, u64::MAX)), (part, 0));
    assert_eq!(near.left_for_home(u64::MAX, part), part);
    let (here, there) = road();
    let caller = Hands { budget: up + part, takes: part, ..county.phone.hands(HUB, &phone) };
    let called = county.hub.hands(PHONE, &hub);
    let (at_phone, _) = tokio::join!(caller.call(stream(here.open().unwrap())), answer(&called, &there));
    let Handed { bytes_up, bytes_down, given, .. } = at_phone.unwrap();
    assert_eq!((bytes_up, given), (up, 1), "what villages say goes up");
    assert!((1..=part).contains(&bytes_down), "{bytes_down} of {part}");
}

/// What a phone had signed for a village did not offer it again for 90 days, though the phone had lost it; and then it did,
/// and the phone that had lost the parcel and not its word for it did not take it.
#[tokio::test]
async fn a_phone_that_lost_its_bag_is_given_again_what_it_had_signed_for() {
    for (name, lose) in [("lost", Place::lose_bag as fn(&mut Place)), ("lost-parcels", Place::lose_parcels)] {
        let mut county = County::new(name);
        county.kiosk.write(1, Audience::Deputies, 1_000).await;
        let came = |(at_phone, at_kiosk): (Handed, Handed)| (at_phone.taken.len(), at_kiosk.given);
        assert_eq!(came(county.in_village().await), (1, 1));
        assert_eq!(came(county.in_village().await), (0, 0), "what is there is known, and said to be so once");
        lose(&mut county.phone);
        // Between two visits a second passes, and so its word is another.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        assert_eq!(came(county.in_village().await), (1, 1));
        assert_eq!(came(county.in_village().await), (0, 0));
        county.in_town().await;
        assert_eq!(county.hub.entries(), 1);
    }
}

/// Labels cost as much as what they stand on: a phone heard the same thousand each minute, and its card was empty.
#[tokio::test]
async fn all_that_is_said_in_a_handover_counts_and_who_can_take_nothing_is_told_no_labels() {
    let county = County::new("labels");
    county.kiosk.write(1, Audience::Deputies, 1_000).await;
    county.in_village().await;
    county.in_town().await;
    let (hub, phone) = (county.hub.hub(), county.phone.device());
    hub.fill(&county.hub.bag, |_| "石桥村".to_owned()).await.unwrap();
    let ask = async |takes: u64| {
        let (here, there) = road();
        let counter = AtomicU64::new(0);
        let caller = Hands { takes, counter: Some(&counter), ..county.phone.hands(HUB, &phone) };
        let called = county.hub.hands(PHONE, &hub);
        let (handed, _) = tokio::join!(caller.call(stream(here.open().unwrap())), answer(&called, &there));
        (handed.unwrap(), counter.into_inner())
    };
    let (nothing, little) = ask(0).await;
    assert_eq!((nothing.labels, nothing.is_in_vain()), (0, false));
    let (too_long, more) = ask(1).await;
    assert_eq!((too_long.labels, too_long.bytes_down, too_long.is_in_vain()), (1, 0, true));
    assert!(little > 0 && more > little + 100, "{little} {more}");
    let (taken, most) = ask(u64::MAX).await;
    assert_eq!((taken.labels, taken.taken.len(), taken.is_in_vain()), (1, 1, false));
    assert!(most >= more + taken.bytes_down, "{most}");
}
