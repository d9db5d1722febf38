//! The county's authority: made once by `init`, taken up at every start, and left behind for its spare if need be.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use civic_core::{
    access::{Role, Scope},
    codebook::Codebook,
    id::{from_hex, hex},
};
use replica::{
    clock,
    dir::DataDir,
    identity::{self, Card, Identity},
    road::tls::{Authority, Door},
};

use crate::{audit::Audit, keys::Keys, register::Register};

const AUTHORITY_FILE: &str = "authority.key";
/// The key of the spare authority, as long as nobody has taken it away.
const SPARE_FILE: &str = "authority-spare.key";
/// The key of the authority that the county goes over to, until the card names it.
const NEXT_FILE: &str = "authority.key.next";
/// What stands above the key in that file, in lines of their own.
const SPARE_WORDS: &str = "\
# 县备用签发钥匙 / The spare key of the county's authority
#
# 请把本文件抄到两个U盘(或打印出来), 分别锁进保险柜, 然后从这台机器上删除。
# 只有在现用钥匙丢失或泄露时才用: sync-hub authority rotate --data 目录 --spare 本文件
# 谁拿到它, 谁就能冒充县级平台; 丢了它又丢了现用钥匙, 所有终端都要重新登记。
#
# Copy this file to two sticks (or print it), lock each into a safe, and delete it from this machine.
# It is for the day on which the present key is lost or stolen: sync-hub authority rotate --data DIR --spare THIS-FILE
# Whoever has it can pose as the county's hub; without it and the present key every device must be enrolled anew.
";

/// Makes the authority, the hub's own key and certificate, the sealing key and an empty register in `dir`.
pub fn init(dir: &DataDir, county: &str) -> anyhow::Result<Codebook> {
    let codebook = Codebook::parse(county)?;
    if dir.read("device.json")?.is_some() {
        bail!("{} holds a county already", dir.path().display());
    }
    let now = clock::now();
    let (authority_seed, spare_seed): ([u8; 32], [u8; 32]) = (clock::random(), clock::random());
    let authority = Authority::make((&authority_seed).into(), &codebook.county.name, now)?;
    let spare = Authority::make((&spare_seed).into(), &codebook.county.name, now)?;
    let key = identity::key_of(dir)?;
    let public_key = key.verifying_key().to_bytes();
    let ring = Keys::make(dir, now)?;
    let card = Card {
        scope: Scope { role: Role::Hub, areas: vec![codebook.county.area.clone()] },
        name: codebook.county.name.clone(),
        number: 0,
        hub: String::new(),
        hub_key: hex(&public_key),
        certificate: hex(&authority.certify_hub(&public_key)?),
        authority: hex(&authority.certificate),
        spare: hex(&spare.certificate),
        salt: String::new(),
        retired: String::new(),
        seal_key: ring.seal_key()?,
        codebook: county.to_owned(),
        edition: 0,
        enrolled_at: now,
        renewed_at: None,
        former: Vec::new(),
        board: String::new(),
    };
    dir.replace(AUTHORITY_FILE, hex(&authority_seed).as_bytes())?;
    dir.replace(SPARE_FILE, format!("{SPARE_WORDS}{}\n", hex(&spare_seed)).as_bytes())?;
    Register::make(&dir.file(crate::register::FILE), clock::random())?;
    Audit::make(dir, &key)?;
    // Last, because a directory with a card is a county.
    Identity::save_card(dir, &card)?;
    Ok(codebook)
}

/// Takes up the authority in `dir`.
pub fn authority(dir: &DataDir, card: &Card) -> anyhow::Result<Authority> {
    let text = dir.read(AUTHORITY_FILE)?.context("the authority's key is missing")?;
    let failure = match load(&text, card, &card.authority) {
        Ok(authority) => return Ok(authority),
        Err(failure) => failure.context(format!("Reading {}", dir.file(AUTHORITY_FILE).display())),
    };
    // The power failed while the county went over to its spare.
    let Some(next) = dir.read(NEXT_FILE)? else { return Err(failure) };
    let authority = load(&next, card, &card.authority).map_err(|_| failure)?;
    dir.replace(AUTHORITY_FILE, &next)?;
    dir.remove(NEXT_FILE)?;
    Ok(authority)
}

/// The door of the county's hub, which opens to whom `register` knows.
pub fn door(card: &Card, register: Arc<Register>) -> anyhow::Result<Door> {
    let read = |der: &str| from_hex(der).context("the hub's card cannot be understood");
    let retired = if card.retired.is_empty() { None } else { Some(read(&card.retired)?) };
    let clock = register.clock();
    let is_registered = Arc::new(move |key: &[u8; 32]| register.lets_in(key));
    Ok(Door::new(read(&card.certificate)?, read(&card.authority)?, retired, is_registered, clock)?)
}

/// The file with the spare authority's key, if it still lies in `dir`, where it should not.
pub fn spare_key_lies_in(dir: &DataDir) -> anyhow::Result<Option<PathBuf>> {
    Ok(dir.read(SPARE_FILE)?.map(|_| dir.file(SPARE_FILE)))
}

/// Goes over to the spare authority, whose key is in the file `spare`, and makes the next spare, for which a file is written
/// into `dir`. Devices believe the hub as before, since they hold both authorities, and each is given a new certificate when
/// it calls; what the old authority signed opens nothing else. Begun again after a power cut it goes on.
pub fn rotate(dir: &DataDir, card: &Card, spare: &Path) -> anyhow::Result<Card> {
    if card.spare.is_empty() {
        bail!("this county was made without a spare authority");
    }
    let text = std::fs::read(spare).with_context(|| format!("Reading {}", spare.display()))?;
    let taken_up = load(&text, card, &card.spare).with_context(|| format!("Reading {}", spare.display()))?;
    let next_seed: [u8; 32] = clock::random();
    let next = Authority::make((&next_seed).into(), &card.name, clock::now())?;
    let public_key = card.hub_key().context("the hub's card cannot be understood")?;
    let card = Card {
        certificate: hex(&taken_up.certify_hub(&public_key)?),
        authority: card.spare.clone(),
        spare: hex(&next.certificate),
        retired: card.authority.clone(),
        ..card.clone()
    };
    // The card last: until it names the spare as the present one, all is as before but for the key's place.
    dir.replace(NEXT_FILE, &seed_in(&text).map(|seed| hex(&seed)).unwrap_or_default().into_bytes())?;
    dir.replace(SPARE_FILE, format!("{SPARE_WORDS}{}\n", hex(&next_seed)).as_bytes())?;
    Identity::save_card(dir, &card)?;
    // Which puts the key into its place.
    authority(dir, &card)?;
    Ok(card)
}

/// The seed in such a file: its only line that is no comment.
fn seed_in(text: &[u8]) -> Option<[u8; 32]> {
    let text = std::str::from_utf8(text).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    from_hex(line)?.try_into().ok()
}

fn load(text: &[u8], card: &Card, certificate: &str) -> anyhow::Result<Authority> {
    let seed = seed_in(text).context("it holds no key")?;
    let certificate = from_hex(certificate).context("the authority's certificate cannot be understood")?;
    let authority = Authority::load((&seed).into(), &card.name, certificate);
    ensure!(authority.is_whole(), "it is not the key of this county's authority");
    Ok(authority)
}
