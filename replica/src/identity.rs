//! As whom this installation speaks: its key, and the card that the county gave it.

use civic_core::{
    access::{Role, Scope},
    codebook::Codebook,
    id::{DeviceId, from_hex, hex},
    seal::SealKey,
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use sync_core::session::Member;

use crate::{
    board::{Board, ThisBoard},
    clock,
    dir::{DataDir, DirError},
    road::tls,
};

const KEY_FILE: &str = "device.key";
/// A key that enrolling anew made and no card names yet.
const NEXT_KEY_FILE: &str = "device.key.next";
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
    /// The county's certificate authority, DER in hexadecimal.
    pub authority: String,
    /// Its spare authority, likewise, whose key lies in a safe: believed too, for the day on which the county goes over to
    /// it. Empty on a card of a county that had none.
    #[serde(default)]
    pub spare: String,
    /// The salt of the county's codes, in hexadecimal: by it a carrier tells a new machine how to ask. Empty on a card of before.
    #[serde(default)]
    pub salt: String,
    /// At the hub, the authority before the present one, likewise: what it signed still opens renewal.
    #[serde(default)]
    pub retired: String,
    /// This device's certificate, DER in hexadecimal.
    pub certificate: String,
    /// The key to which personal details are sealed.
    pub seal_key: SealKey,
    /// The county's codebook, as TOML.
    pub codebook: String,
    /// Which edition that is; newer ones come in the log.
    #[serde(default)]
    pub edition: u32,
    /// When, by the hub's clock: this device's clock is never believed to be earlier.
    pub enrolled_at: UnixSeconds,
    /// When the certificate was made, by the hub's clock; as old as the card if it does not say so.
    #[serde(default)]
    pub renewed_at: Option<UnixSeconds>,
    /// The keys that this installation had before it was enrolled anew, in hexadecimal: what they wrote is its own.
    #[serde(default)]
    pub former: Vec<String>,
    /// The [mark](Board::mark) of the board on which it was enrolled; empty if that told nothing.
    #[serde(default)]
    pub board: String,
}

impl Card {
    /// The hub's key as bytes; `None` if the card cannot be read.
    pub fn hub_key(&self) -> Option<[u8; 32]> {
        from_hex(&self.hub_key)?.try_into().ok()
    }

    /// Whether the machine with this key can work by it, as what it asked to be. One that cannot must not take it up: it
    /// would not start again.
    pub fn is_for(&self, public_key: &[u8; 32], role: Role) -> bool {
        let certified = from_hex(&self.certificate).and_then(|certificate| tls::key_in(&certificate));
        let is_read = self.hub_key().is_some() && self.speaks();
        let believes = self.authorities().is_some_and(|authorities| tls::can_believe(&authorities));
        self.scope.role == role && certified.as_ref() == Some(public_key) && is_read && believes
    }

    /// Whether this program can read the county's words on it.
    pub fn speaks(&self) -> bool {
        Codebook::parse(&self.codebook).is_ok()
    }

    /// When the certificate was made, by the hub's clock.
    pub fn certified_at(&self) -> UnixSeconds {
        self.renewed_at.unwrap_or(self.enrolled_at)
    }

    /// The authorities under which the hub is believed, the present one first; `None` if the card cannot be read.
    pub fn authorities(&self) -> Option<Vec<Vec<u8>>> {
        [&self.authority, &self.spare].into_iter().filter(|der| !der.is_empty()).map(|der| from_hex(der)).collect()
    }

    /// The keys before this one as bytes, without what cannot be read.
    pub fn former_keys(&self) -> Vec<[u8; 32]> {
        self.former.iter().filter_map(|key| from_hex(key)?.try_into().ok()).collect()
    }

    /// The device with this card and `public_key` as it takes part in meetings.
    pub fn member(&self, public_key: [u8; 32]) -> Member {
        Member { public_key, scope: self.scope.clone(), former: self.former_keys() }
    }
}

/// Key and card.
pub struct Identity {
    /// The device's key; it never leaves this directory.
    pub key: SigningKey,
    /// The county's card.
    pub card: Card,
    /// Whether the card says that it was enrolled on another board: a copy, or carried to another machine. Nothing may be
    /// written or said under this name then, for the other may do so too. What is here can be read; enrolling anew brings
    /// it home.
    pub is_elsewhere: bool,
    /// Where it was read.
    home: DataDir,
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
        Self::load_on(dir, role, &ThisBoard)
    }

    /// The same on a certain board.
    pub fn load_on(dir: &DataDir, role: Role, board: &dyn Board) -> Result<Self, IdentityError> {
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
        let key = load_key(dir, KEY_FILE)?.ok_or_else(|| IdentityError::NotEnrolled(name()))?;
        let is_of = |key: &SigningKey| card.certificate.contains(&hex(&key.verifying_key().to_bytes()));
        let key = if is_of(&key) {
            key
        } else {
            // The power failed between the new card and the new key.
            load_key(dir, NEXT_KEY_FILE)?.filter(|next| is_of(next)).ok_or_else(|| IdentityError::Mixed(name()))?
        };
        let here = board.mark();
        // The hub's directory is kept, moved and restored by those who know what they do.
        let is_elsewhere = role != Role::Hub && ![&here, &card.board].contains(&&String::new()) && here != card.board;
        Ok(Self { is_elsewhere, ..Self::new(dir, key, card) })
    }

    /// An identity that is kept in `dir`.
    pub fn new(dir: &DataDir, key: SigningKey, card: Card) -> Self {
        Self { key, card, is_elsewhere: false, home: DataDir::look(dir.path()) }
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

    /// Where it is kept.
    pub fn home(&self) -> &DataDir {
        &self.home
    }
}

/// The key with which a device in `dir` enrols, made and written first if there is none: a try that broke off goes on with
/// it. A device that was enrolled `before` takes a new one, and keeps the old until [`take_up`].
pub fn key_to_enrol(dir: &DataDir, before: Option<&Identity>) -> Result<SigningKey, IdentityError> {
    let Some(before) = before else { return make_key(dir, KEY_FILE) };
    let is_next = load_key(dir, NEXT_KEY_FILE)?.is_some_and(|next| next.to_bytes() == before.key.to_bytes());
    if is_next {
        // The power failed between the card and the key.
        take_up(dir, &before.card)?;
    }
    make_key(dir, NEXT_KEY_FILE)
}

/// The key that [`key_to_enrol`] gave last.
pub fn key_to_ask(dir: &DataDir) -> Result<SigningKey, IdentityError> {
    match load_key(dir, NEXT_KEY_FILE)? {
        Some(next) => Ok(next),
        None => make_key(dir, KEY_FILE),
    }
}

/// Writes a card that names the key of [`key_to_enrol`], and lets go of the key before it. A power cut at any point leaves
/// the one identity or the other.
pub fn take_up(dir: &DataDir, card: &Card) -> Result<(), DirError> {
    Identity::save_card(dir, card)?;
    match dir.read(NEXT_KEY_FILE)? {
        Some(next) => dir.replace(KEY_FILE, &next).and_then(|()| dir.remove(NEXT_KEY_FILE)),
        None => Ok(()),
    }
}

/// The key in `dir`, made and written first if there is none.
pub fn key_of(dir: &DataDir) -> Result<SigningKey, IdentityError> {
    make_key(dir, KEY_FILE)
}

fn make_key(dir: &DataDir, file: &str) -> Result<SigningKey, IdentityError> {
    if let Some(key) = load_key(dir, file)? {
        return Ok(key);
    }
    let seed: [u8; 32] = clock::random();
    dir.replace(file, hex(&seed).as_bytes())?;
    Ok(SigningKey::from_bytes(&seed))
}

fn load_key(dir: &DataDir, file: &str) -> Result<Option<SigningKey>, IdentityError> {
    let Some(text) = dir.read(file)? else { return Ok(None) };
    let seed = std::str::from_utf8(&text).ok().and_then(|text| from_hex(text.trim()));
    let seed: Option<[u8; 32]> = seed.and_then(|seed| seed.try_into().ok());
    match seed {
        Some(seed) => Ok(Some(SigningKey::from_bytes(&seed))),
        None => Err(IdentityError::Unreadable(dir.file(file).display().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use civic_core::area::Area;

    use super::*;
    use crate::board::Named;

    struct Scratch(DataDir);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("huiyin-identity-{name}-{}", std::process::id()));
            Self(DataDir::hold(&path).unwrap())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.path());
        }
    }

    fn card(key: &SigningKey, board: &str) -> Card {
        Card {
            scope: Scope { role: Role::Kiosk, areas: vec![Area::parse("990127101201").unwrap()] },
            name: "石桥村".into(),
            number: 1,
            hub: "127.0.0.1:1".into(),
            hub_key: String::new(),
            authority: String::new(),
            spare: String::new(),
            salt: String::new(),
            retired: String::new(),
            certificate: hex(&key.verifying_key().to_bytes()),
            seal_key: SealKey { epoch: 1, public: [0; 32] },
            codebook: String::new(),
            edition: 0,
            enrolled_at: UnixSeconds(1),
            renewed_at: None,
            former: Vec::new(),
            board: board.to_owned(),
        }
    }

    #[test]
    fn a_card_in_another_board_is_noticed_and_a_board_that_tells_nothing_is_believed() {
        let scratch = Scratch::new("board");
        let dir = &scratch.0;
        let (here, there) = (Named(Some("serial 1")), Named(Some("serial 2")));
        let key = key_of(dir).unwrap();
        Identity::save_card(dir, &card(&key, &here.mark())).unwrap();
        let is_elsewhere = |board: &Named<'_>| Identity::load_on(dir, Role::Kiosk, board).unwrap().is_elsewhere;
        assert!(!is_elsewhere(&here) && is_elsewhere(&there) && !is_elsewhere(&Named(None)));
        // A card from before boards were noted.
        Identity::save_card(dir, &card(&key, "")).unwrap();
        assert!(!is_elsewhere(&there));
    }

    #[test]
    fn a_power_cut_while_a_device_is_enrolled_anew_leaves_the_old_identity_or_the_new_one() {
        let scratch = Scratch::new("anew");
        let dir = &scratch.0;
        let load = || Identity::load_on(dir, Role::Kiosk, &Named(None)).unwrap();
        let old = key_of(dir).unwrap();
        Identity::save_card(dir, &card(&old, "")).unwrap();
        let new = key_to_enrol(dir, Some(&load())).unwrap();
        assert_ne!(new.to_bytes(), old.to_bytes());
        assert_eq!(load().key.to_bytes(), old.to_bytes());
        // A try that broke off goes on with the same key.
        assert_eq!(key_to_enrol(dir, Some(&load())).unwrap().to_bytes(), new.to_bytes());
        // The power fails behind the card.
        Identity::save_card(dir, &card(&new, "")).unwrap();
        assert_eq!(load().key.to_bytes(), new.to_bytes());
        // Enrolled anew once more, it does not take the key that it has for a new one.
        let third = key_to_enrol(dir, Some(&load())).unwrap();
        assert!(third.to_bytes() != new.to_bytes() && load().key.to_bytes() == new.to_bytes());
        take_up(dir, &card(&third, "")).unwrap();
        assert_eq!(load().key.to_bytes(), third.to_bytes());
        assert!(dir.read(NEXT_KEY_FILE).unwrap().is_none());
    }
}
