//! A bag on disk: sealed parcels as files, and beside them what is written on them and what was said of them.
//!
//! The rules are [`sync_core::carry::bag`]'s. Parcels are appended to as they come, so that one that broke off goes on; the
//! list beside them is replaced as a whole. Losing a bag loses nothing that was said: its author still has what has no
//! receipt, and seals it again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use civic_core::{
    codec::Reader,
    id::{from_hex, hex},
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
pub use sync_core::carry::bag::Holder;
use sync_core::{
    carry::{
        bag::{Item, Told, Verdict, WORD_AGE_MAX_S, WORDS_KEPT_MAX, carriers_of},
        label::{Label, ParcelId},
        message::PIECE_LEN,
        word::{Says, Word},
    },
    feed::FeedId,
};
use tokio::sync::watch;

use crate::{clock, dir::DataDir};

const DIR: &str = "bag";
const LIST: &str = "bag.json";
/// Carriers and neighbours whose names are remembered; beyond that the one that was met longest ago is forgotten.
const PEERS_MAX: usize = 256;

/// Why a bag cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BagError {
    /// The disk.
    #[error("the bag cannot be read or written")]
    Disk(#[from] io::Error),
    /// The directory.
    #[error(transparent)]
    Dir(#[from] crate::dir::DirError),
}

/// What was sealed here at one time, and what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// Its number.
    pub number: u64,
    /// Its parcels, in hexadecimal.
    pub parts: Vec<String>,
    /// How far it covers each of this device's feeds, by the feed's name in hexadecimal.
    pub covers: BTreeMap<String, u64>,
    /// Attachments that are in it, by their names in hexadecimal.
    pub attachments: BTreeSet<String>,
    /// Of what it was made: another one is made when this changes.
    pub state: String,
}

/// Somebody who was met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its name among people, as it says.
    pub name: String,
    /// When it was met last, by this device's clock.
    pub met: UnixSeconds,
    /// When it last heard of the hub, by the hub's clock; 0 for never.
    pub heard: UnixSeconds,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct List {
    items: Vec<Line>,
    told: Vec<ToldLine>,
    /// By whom each was sealed for: packs of this installation, by the receiver's key in hexadecimal.
    packs: BTreeMap<String, Pack>,
    peers: BTreeMap<String, Peer>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    label: String,
    since: UnixSeconds,
}

#[derive(Serialize, Deserialize)]
struct ToldLine {
    word: String,
    from: String,
    to: String,
    since: UnixSeconds,
}

#[derive(Default)]
struct Content {
    items: Vec<Item>,
    told: Vec<Told>,
    packs: BTreeMap<String, Pack>,
    peers: BTreeMap<String, Peer>,
}

/// The bag of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Bag {
    inner: Arc<Inner>,
}

struct Inner {
    dir: DataDir,
    holder: Holder,
    // A std mutex: held to look up, write one piece or the list, never over an await.
    content: Mutex<Content>,
    changed: watch::Sender<u64>,
}

impl Bag {
    /// Opens the bag in `dir`, or begins one. What the list and the files do not agree on is let go.
    pub fn open(dir: &DataDir, holder: Holder) -> Result<Self, BagError> {
        fs::create_dir_all(dir.file(DIR))?;
        let bag = Self::look(dir, holder)?;
        let known: BTreeSet<String> = bag.items().iter().map(|item| hex(&item.label.id)).collect();
        for file in fs::read_dir(dir.file(DIR))? {
            let file = file?;
            if !file.file_name().to_str().is_some_and(|name| known.contains(name)) {
                fs::remove_file(file.path())?;
            }
        }
        Ok(bag)
    }

    /// Looks into the bag in `dir`, which another process may hold; nothing may be written.
    pub fn look(dir: &DataDir, holder: Holder) -> Result<Self, BagError> {
        let list: Option<List> = dir.read(LIST)?.and_then(|text| serde_json::from_slice(&text).ok());
        let list = list.unwrap_or_default();
        let dir = DataDir::look(dir.path());
        let item = |line: Line| {
            let label = Label::read(&mut Reader::new(&from_hex(&line.label)?)).ok()?;
            let held = fs::metadata(dir.file(DIR).join(hex(&label.id))).map_or(0, |file| file.len());
            (1..=label.len).contains(&held).then_some(Item { label, held, since: line.since })
        };
        let told = |line: ToldLine| {
            let word = Word::read(&mut Reader::new(&from_hex(&line.word)?)).ok()?;
            let key = |text: &str| from_hex(text)?.try_into().ok();
            Some(Told { word, from: key(&line.from)?, to: key(&line.to)?, since: line.since })
        };
        let items: Vec<Item> = list.items.into_iter().filter_map(item).collect();
        let told = list.told.into_iter().filter_map(told).collect();
        let content = Mutex::new(Content { items, told, packs: list.packs, peers: list.peers });
        Ok(Self { inner: Arc::new(Inner { dir, holder, content, changed: watch::channel(0).0 }) })
    }

    /// Whose bag it is.
    pub fn holder(&self) -> Holder {
        self.inner.holder
    }

    /// A number that grows with every change.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// What is in it.
    pub fn items(&self) -> Vec<Item> {
        self.content().items.clone()
    }

    /// What was said of parcels.
    pub fn told(&self) -> Vec<Told> {
        self.content().told.clone()
    }

    /// The pack that was last sealed for this receiver.
    pub fn pack(&self, receiver: &[u8; 32]) -> Option<Pack> {
        self.content().packs.get(&hex(receiver)).cloned()
    }

    /// Whether what was last sealed for this receiver was made of `state`, and none of it is lacking: each parcel is here
    /// still, or was heard.
    pub fn has_pack(&self, receiver: &[u8; 32], state: &str) -> bool {
        let content = self.content();
        let Some(pack) = content.packs.get(&hex(receiver)).filter(|pack| pack.state == state) else { return false };
        let here = content.items.iter().filter(|item| item.label.to == *receiver && item.is_whole());
        let heard = content.told.iter().filter(|told| told.word.says == Says::Heard && told.word.by == *receiver);
        let known: BTreeSet<ParcelId> = here.map(|item| item.label.id).chain(heard.map(|told| told.word.id)).collect();
        let is_known = |id: &String| {
            let id: Option<ParcelId> = from_hex(id).and_then(|id| id.try_into().ok());
            id.is_some_and(|id| known.contains(&id))
        };
        pack.parts.iter().all(is_known)
    }

    /// Who was met, by key in hexadecimal.
    pub fn peers(&self) -> BTreeMap<String, Peer> {
        self.content().peers.clone()
    }

    /// Somebody was met.
    pub fn note_peer(&self, key: &[u8; 32], peer: Peer) {
        let peers = &mut self.content().peers;
        peers.insert(hex(key), peer);
        while peers.len() > PEERS_MAX
            && let Some(oldest) = peers.iter().min_by_key(|(_, peer)| peer.met).map(|(key, _)| key.clone())
        {
            peers.remove(&oldest);
        }
    }

    /// Whether a parcel is taken.
    pub fn judge(&self, label: &Label, peer: &[u8; 32]) -> Verdict {
        let content = self.content();
        self.inner.holder.judge(&content.items, &content.told, label, peer)
    }

    /// What is offered to a peer.
    pub fn offers(&self, peer: &[u8; 32], peer_carries: bool, limit: usize) -> Vec<Label> {
        let content = self.content();
        let offers = self.inner.holder.offers(&content.items, &content.told, peer, peer_carries);
        offers.into_iter().take(limit).cloned().collect()
    }

    /// The words that concern a peer.
    pub fn words(&self, peer: &[u8; 32], limit: usize) -> Vec<Word> {
        let mut words = Holder::words(&self.content().told, peer);
        // The newest say most.
        words.drain(..words.len().saturating_sub(limit));
        words
    }

    /// The word that this installation gave for the parcel with this label.
    pub fn own_word(&self, label: &Label) -> Option<Word> {
        let own = self.inner.holder.own;
        self.content().told.iter().find(|told| told.is_of(label) && told.word.by == own).map(|told| told.word)
    }

    /// How much of a parcel is here.
    pub fn held(&self, id: &ParcelId) -> u64 {
        self.content().items.iter().find(|item| item.label.id == *id).map_or(0, |item| item.held)
    }

    /// Appends a piece of a parcel that was judged to be taken, which is here from its first byte on; one that is not the
    /// next is passed over, and one that makes a parcel whole that is not what its label says takes it out again. `true` once
    /// it is whole.
    pub fn append(&self, label: &Label, from: u64, bytes: &[u8]) -> Result<bool, BagError> {
        let path = self.path(&label.id);
        let mut content = self.content();
        let known = content.items.iter().position(|item| item.label.id == label.id);
        let held = known.map_or(0, |place| content.items[place].held);
        if held != from || bytes.is_empty() || from + bytes.len() as u64 > label.len {
            return Ok(held == label.len);
        }
        let mut file = OpenOptions::new().create(true).write(true).truncate(from == 0).open(&path)?;
        file.seek(SeekFrom::Start(from))?;
        file.write_all(bytes)?;
        let place = known.unwrap_or(content.items.len());
        if known.is_none() {
            content.items.push(Item { label: label.clone(), held: 0, since: clock::now() });
        }
        // What was signed for and lost is signed for again.
        content.told.retain(|told| !told.is_of(label) || told.word.by != self.inner.holder.own);
        let item = &mut content.items[place];
        item.held += bytes.len() as u64;
        if !item.is_whole() {
            return Ok(false);
        }
        file.sync_all()?;
        if *blake3::hash(&fs::read(&path)?).as_bytes() == label.id {
            return Ok(true);
        }
        fs::remove_file(&path)?;
        content.items.remove(place);
        Ok(false)
    }

    /// A piece of a parcel that is here; empty at its end.
    pub fn piece(&self, id: &ParcelId, from: u64) -> Result<Vec<u8>, BagError> {
        let mut file = File::open(self.path(id))?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(PIECE_LEN as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// All of a parcel.
    pub fn read(&self, id: &ParcelId) -> Result<Vec<u8>, BagError> {
        Ok(fs::read(self.path(id))?)
    }

    /// Parcels from `peer` that are here whole, are carried for others, and have no word of this installation yet.
    pub fn to_sign(&self, peer: &[u8; 32]) -> Vec<ParcelId> {
        let content = self.content();
        let own = self.inner.holder.own;
        let is_due = |item: &&Item| {
            let label = &item.label;
            let is_signed = content.told.iter().any(|told| told.is_of(label) && told.word.by == own);
            item.is_whole() && label.from == *peer && label.to != own && !is_signed
        };
        content.items.iter().filter(is_due).map(|item| item.label.id).collect()
    }

    /// Parcels for this installation of which the whole pack is here, and that were not opened, in the order in which they are
    /// to be opened.
    pub fn to_open(&self) -> Vec<Label> {
        let content = self.content();
        let own = self.inner.holder.own;
        let here: Vec<_> = content
            .items
            .iter()
            .filter(|item| item.label.to == own && item.is_whole())
            .map(|item| &item.label)
            .collect();
        let is_whole = |label: &&&Label| {
            let of_pack = here.iter().filter(|other| other.from == label.from && other.pack == label.pack).count();
            of_pack >= label.parts as usize
        };
        let is_new = |label: &&&Label| !content.told.iter().any(|told| told.is_of(label) && told.word.by == own);
        let mut whole: Vec<Label> =
            here.iter().filter(|label| is_whole(label) && is_new(label)).map(|label| (*label).clone()).collect();
        whole.sort_by_key(|label| (label.from, label.pack, label.part));
        whole
    }

    /// Gives this installation's word for a parcel that is here.
    pub fn say(&self, id: &ParcelId, says: Says, key: &SigningKey) -> Option<Word> {
        let mut content = self.content();
        let label = content.items.iter().find(|item| item.label.id == *id).map(|item| item.label.clone())?;
        let word = Word::sign(*id, says, clock::now(), key);
        content.told.retain(|told| !told.is_of(&label) || told.word.by != word.by);
        content.told.push(Told { word, from: label.from, to: label.to, since: clock::now() });
        Some(word)
    }

    /// Takes a word that somebody brought; `false` if it is not believed.
    pub fn hear(&self, word: Word) -> bool {
        let mut content = self.content();
        let Some((from, to)) = self.inner.holder.believes(&content.items, &content.told, &word) else { return false };
        // Whoever lost it and took it again says so again.
        let is_of_before = |told: &Told| (told.word.id, told.word.by, told.word.says) == (word.id, word.by, word.says);
        content.told.retain(|told| !is_of_before(told) || told.word == word);
        if !content.told.iter().any(is_of_before) {
            content.told.push(Told { word, from, to, since: clock::now() });
        }
        true
    }

    /// Whether this very word is here.
    pub fn has_heard(&self, word: &Word) -> bool {
        self.content().told.iter().any(|told| told.word == *word)
    }

    /// Puts what was sealed here in place of what was sealed for the same receiver before.
    pub fn put_pack(&self, receiver: [u8; 32], pack: Pack, parcels: &[(Label, Vec<u8>)]) -> Result<(), BagError> {
        for (label, sealed) in parcels {
            let mut file = File::create(self.path(&label.id))?;
            file.write_all(sealed)?;
            file.sync_all()?;
        }
        let mut content = self.content();
        let own = self.inner.holder.own;
        let is_old = |item: &Item| item.label.from == own && item.label.to == receiver;
        let old: Vec<ParcelId> = content.items.iter().filter(|item| is_old(item)).map(|item| item.label.id).collect();
        content.items.retain(|item| !is_old(item));
        let since = clock::now();
        let new = parcels.iter().map(|(label, _)| Item { held: label.len, label: label.clone(), since });
        content.items.extend(new);
        content.packs.insert(hex(&receiver), pack);
        drop(content);
        for id in old.iter().filter(|id| parcels.iter().all(|(label, _)| label.id != **id)) {
            remove(&self.path(id))?;
        }
        self.save()
    }

    /// Lets go of what is over, and writes the list down. Nothing that a handover still gives may be over before it is given.
    pub fn tidy(&self) -> Result<(), BagError> {
        let now = clock::now();
        let mut content = self.content();
        let gone = self.inner.holder.let_go(&content.items, &content.told, now);
        content.items.retain(|item| !gone.contains(&item.label.id));
        content.told.retain(|told| now.0.saturating_sub(told.since.0) <= WORD_AGE_MAX_S);
        let beyond = content.told.len().saturating_sub(WORDS_KEPT_MAX);
        content.told.drain(..beyond);
        drop(content);
        for id in &gone {
            remove(&self.path(id))?;
        }
        self.save()
    }

    /// Writes the list down as it is.
    pub fn save(&self) -> Result<(), BagError> {
        let content = self.content();
        let encoded = |put: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = Vec::new();
            put(&mut bytes);
            hex(&bytes)
        };
        let list = List {
            items: content
                .items
                .iter()
                .map(|item| Line { label: encoded(&|out| item.label.put(out)), since: item.since })
                .collect(),
            told: content
                .told
                .iter()
                .map(|told| ToldLine {
                    word: encoded(&|out| told.word.put(out)),
                    from: hex(&told.from),
                    to: hex(&told.to),
                    since: told.since,
                })
                .collect(),
            packs: content.packs.clone(),
            peers: content.peers.clone(),
        };
        self.inner.dir.replace(LIST, &serde_json::to_vec(&list).unwrap_or_default())?;
        drop(content);
        self.inner.changed.send_modify(|revision| *revision += 1);
        Ok(())
    }

    /// How far each of this device's own feeds is on the road with a carrier, and which attachments are; empty while no
    /// carrier has all of the newest pack, or the hub has turned it away.
    pub fn on_the_road(&self, now: UnixSeconds) -> (BTreeMap<FeedId, u64>, BTreeSet<[u8; 32]>) {
        self.taken_along(now, sync_core::carry::bag::AGE_MAX_S)
    }

    /// The same of what was taken along no longer ago than `within_s` seconds.
    pub fn taken_along(&self, now: UnixSeconds, within_s: i64) -> (BTreeMap<FeedId, u64>, BTreeSet<[u8; 32]>) {
        let content = self.content();
        let holder = self.inner.holder;
        let Some(pack) = content.packs.get(&hex(&holder.hub)) else { return Default::default() };
        let parts: BTreeSet<ParcelId> =
            pack.parts.iter().filter_map(|id| from_hex(id).and_then(|id| id.try_into().ok())).collect();
        let fresh: Vec<Told> =
            content.told.iter().filter(|told| now.0.saturating_sub(told.since.0) <= within_s).cloned().collect();
        let is_turned = fresh.iter().any(|told| told.word.says == Says::Turned && parts.contains(&told.word.id));
        if is_turned || carriers_of(&parts, &fresh).is_empty() {
            return Default::default();
        }
        let feed = |(name, length): (&String, &u64)| Some((FeedId(from_hex(name)?.try_into().ok()?), *length));
        let attachment = |name: &String| from_hex(name)?.try_into().ok();
        (pack.covers.iter().filter_map(feed).collect(), pack.attachments.iter().filter_map(attachment).collect())
    }

    fn path(&self, id: &ParcelId) -> PathBuf {
        self.inner.dir.file(DIR).join(hex(id))
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.inner.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a file away; one that is gone already is no trouble.
fn remove(path: &std::path::Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
