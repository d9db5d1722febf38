//! As whom this installation speaks: its key, and the card that the county gave it.

use civic_core::{
    access::{Role, Scope},
    id::{DeviceId, from_hex, hex},
    seal::SealKey,
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::{
    clock,
    dir::{DataDir, DirError},
};

const KEY_FILE: &str = "device.key";
const CARD_FILE: &str = "device.json";

/// What the county told a device when it was enrolled. Nothing in it is secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Card {
    /// What it may do, as of enrolment; the hub's register decides.
    pub scope: Scope,
    /// Its name among people: the station, the deputy.
    pub name: String,
    /// The first four digits of its tickets.
    pub number: u16,
    /// Where the hub is, HOST:PORT.
    pub hub: String,
    /// The hub's Ed25519 public key, which signs receipts, in hexadecimal.
    pub hub_key: String,
    /// The county's certificate authority, DER in hexadecimal: the only one believed.
    pub authority: String,
    /// This device's certificate, DER in hexadecimal.
    pub certificate: String,
    /// The key to which personal details are sealed.
    pub seal_key: SealKey,
    /// The county's codebook, as TOML.
    pub codebook: String,
    /// When, by the hub's clock: this device's clock is never believed to be earlier.
    pub enrolled_at: UnixSeconds,
}

impl Card {
    /// The hub's key as bytes; `None` if the card cannot be read.
    pub fn hub_key(&self) -> Option<[u8; 32]> {
        from_hex(&self.hub_key)?.try_into().ok()
    }
}

/// Key and card.
pub struct Identity {
    /// The device's key; it never leaves this directory.
    pub key: SigningKey,
    /// The county's card.
    pub card: Card,
}

/// Why a directory has no identity to work with.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It was never enrolled.
    #[error("{0} holds no enrolled device; enrol it first")]
    NotEnrolled(String),
    /// It belongs to another program.
    #[error("{dir} belongs to {name:?}, which is a {found}, not a {wanted}")]
    OtherRole {
        /// The directory.
        dir: String,
        /// Whose it is.
        name: String,
        /// What that is.
        found: &'static str,
        /// What was expected.
        wanted: &'static str,
    },
    /// Its files do not fit together: a card of one device with the key of another.
    #[error("{0} mixes files of different devices: the certificate is not for the key beside it")]
    Mixed(String),
    /// A file in it cannot be read.
    #[error("{0} cannot be understood")]
    Unreadable(String),
    /// The directory itself fails.
    #[error(transparent)]
    Dir(#[from] DirError),
}

impl Identity {
    /// Reads the identity in `dir`, which must be one of `role`.
    pub fn load(dir: &DataDir, role: Role) -> Result<Self, IdentityError> {
        let name = || dir.path().display().to_string();
        let card = dir.read(CARD_FILE)?.ok_or_else(|| IdentityError::NotEnrolled(name()))?;
        let card: Card = serde_json::from_slice(&card)
            .map_err(|_| IdentityError::Unreadable(dir.file(CARD_FILE).display().to_string()))?;
        if card.scope.role != role {
            return Err(IdentityError::OtherRole {
                dir: name(),
                name: card.name,
                found: card.scope.role.word(),
                wanted: role.word(),
            });
        }
        let key = load_key(dir)?.ok_or_else(|| IdentityError::NotEnrolled(name()))?;
        if !card.certificate.contains(&hex(&key.verifying_key().to_bytes())) {
            return Err(IdentityError::Mixed(name()));
        }
        Ok(Self { key, card })
    }

    /// Writes the card beside the key that is there already.
    pub fn save_card(dir: &DataDir, card: &Card) -> Result<(), DirError> {
        let json = serde_json::to_vec_pretty(card).unwrap_or_default();
        dir.replace(CARD_FILE, &json)
    }

    /// The device's name by its key.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.key.verifying_key().to_bytes())
    }
}

/// The key in `dir`, made and written first if there is none: a try at enrolment that broke off goes on with it.
pub fn key_of(dir: &DataDir) -> Result<SigningKey, IdentityError> {
    if let Some(key) = load_key(dir)? {
        return Ok(key);
    }
    let seed: [u8; 32] = clock::random();
    dir.replace(KEY_FILE, hex(&seed).as_bytes())?;
    Ok(SigningKey::from_bytes(&seed))
}

fn load_key(dir: &DataDir) -> Result<Option<SigningKey>, IdentityError> {
    let Some(text) = dir.read(KEY_FILE)? else { return Ok(None) };
    let seed = std::str::from_utf8(&text).ok().and_then(|text| from_hex(text.trim()));
    let seed: Option<[u8; 32]> = seed.and_then(|seed| seed.try_into().ok());
    match seed {
        Some(seed) => Ok(Some(SigningKey::from_bytes(&seed))),
        None => Err(IdentityError::Unreadable(dir.file(KEY_FILE).display().to_string())),
    }
}
