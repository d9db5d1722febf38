//! The county's authority: made once by `init`, taken up at every start.

use anyhow::{Context as _, bail, ensure};
use civic_core::{
    access::{Role, Scope},
    codebook::Codebook,
    id::{from_hex, hex},
    seal::{OpenKey, Seed},
};
use replica::{
    clock,
    dir::DataDir,
    identity::{self, Card, Identity},
    road::tls::Authority,
};

use crate::{audit::Audit, register::Register};

const AUTHORITY_FILE: &str = "authority.key";
const SEAL_FILE: &str = "seal.key";
/// The first epoch of the key to which personal details are sealed.
const FIRST_EPOCH: u32 = 1;

/// Makes the authority, the hub's own key and certificate, the sealing key and an empty register in `dir`.
pub fn init(dir: &DataDir, county: &str) -> anyhow::Result<Codebook> {
    let codebook = Codebook::parse(county)?;
    if dir.read("device.json")?.is_some() {
        bail!("{} holds a county already", dir.path().display());
    }
    let now = clock::now();
    let authority_seed: [u8; 32] = clock::random();
    let authority = Authority::make((&authority_seed).into(), &codebook.county.name, now)?;
    let key = identity::key_of(dir)?;
    let public_key = key.verifying_key().to_bytes();
    let open_key = OpenKey::make(FIRST_EPOCH, Seed(clock::random()));
    let card = Card {
        scope: Scope { role: Role::Hub, areas: vec![codebook.county.area.clone()] },
        name: codebook.county.name.clone(),
        number: 0,
        hub: String::new(),
        hub_key: hex(&public_key),
        certificate: hex(&authority.certify(&public_key, true, now)?),
        authority: hex(&authority.certificate),
        seal_key: open_key.seal_key()?,
        codebook: county.to_owned(),
        enrolled_at: now,
    };
    dir.replace(AUTHORITY_FILE, hex(&authority_seed).as_bytes())?;
    dir.replace(SEAL_FILE, &serde_json::to_vec(&open_key)?)?;
    Register::make(&dir.file(crate::register::FILE), clock::random())?;
    Audit::make(dir, &key)?;
    // Last, because a directory with a card is a county.
    Identity::save_card(dir, &card)?;
    Ok(codebook)
}

/// Takes up the key in `dir` that opens what was sealed to the county.
pub fn open_key(dir: &DataDir) -> anyhow::Result<OpenKey> {
    let text = dir.read(SEAL_FILE)?.context("the key that opens envelopes is missing")?;
    serde_json::from_slice(&text).with_context(|| format!("{} cannot be understood", dir.file(SEAL_FILE).display()))
}

/// Takes up the authority in `dir`.
pub fn authority(dir: &DataDir, card: &Card) -> anyhow::Result<Authority> {
    let text = dir.read(AUTHORITY_FILE)?.context("the authority's key is missing")?;
    let seed = std::str::from_utf8(&text).ok().and_then(|text| from_hex(text.trim()));
    let seed: Option<[u8; 32]> = seed.and_then(|seed| seed.try_into().ok());
    ensure!(seed.is_some(), "{} cannot be understood", dir.file(AUTHORITY_FILE).display());
    let certificate = from_hex(&card.authority).context("the authority's certificate cannot be understood")?;
    Ok(Authority::load((&seed.unwrap_or_default()).into(), &card.name, certificate))
}
