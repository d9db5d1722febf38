//! Enrolment where no hub answers: the asking travels sealed to the county, on a phone or a stick, and the card comes home
//! the same way.
//!
//! A machine must know three things of a county before it can ask: the hub's key, the key that is sealed to, and the salt of
//! the codes ([`Addressee`]). None is secret. A carrier tells them from its own card; a stick brings them sealed under the
//! code itself ([`invitation`]), so that a found one tells nothing and nobody puts another county in their place. What else
//! tells a wrong county from the right one are the proofs: both sides prove with the stretched code, bound to the hub's key,
//! that they know it, and show six digits that come out alike only if both mean the same hub, key and code. The operator
//! compares them with what the village tells, by telephone or by whoever carried the letter.
//!
//! What waits for its answer is kept in a file beside the key. Asking again with the same code says the same letter.

use std::net::{IpAddr, Ipv4Addr};

use civic_core::{
    access::Role,
    id::{from_hex, hex},
    seal::{OpenKey, Seed, open_parcel, seal_parcel},
};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use sync_core::{
    carry::label::Label,
    letter::{LETTER_LEN_MAX, Letter},
};
use tracing::{info, warn};

use super::{
    Answer, Claim, Claimant, Desk, EnrolError, Refusal, Request, Secret, Slot, begin, read_code, stretch, take_up,
};
use crate::{
    bundle::{opening_key, sealing_key},
    clock,
    dir::DataDir,
    identity::{self, Card},
};

const PENDING_FILE: &str = "enrolment.json";
const CONTEXT: &str = "huiyin enrolment by letter v1";
const SALT_LEN: usize = 16;
/// Longest sealed asking or invitation; what is longer on a stick is something else.
pub const ASKING_LEN_MAX: usize = 4 * 1024;

/// What must be known of a county to ask it for anything. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// The hub's Ed25519 public key, in hexadecimal.
    pub hub_key: String,
    /// The X25519 public key to which the county is written, likewise.
    pub seal_key: String,
    /// The salt of its codes, likewise.
    pub salt: String,
}

/// A machine that has asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// The six digits that both sides show.
    pub comparison: String,
    role: Role,
    hub_key: String,
    seal_key: String,
    /// The stretched code, bound to the hub.
    secret: String,
    sealed: String,
}

impl Addressee {
    /// As a device with this card tells it, which seals to `county`; `None` if the card was written before letters were.
    pub fn of(card: &Card, county: &[u8; 32]) -> Option<Self> {
        let addressee = Self { hub_key: card.hub_key.clone(), seal_key: hex(county), salt: card.salt.clone() };
        addressee.read().map(|_| addressee)
    }

    /// The hub's key, the key to seal to, the salt.
    fn read(&self) -> Option<([u8; 32], [u8; 32], [u8; SALT_LEN])> {
        let key = |text: &String| from_hex(text)?.try_into().ok();
        Some((key(&self.hub_key)?, key(&self.seal_key)?, from_hex(&self.salt)?.try_into().ok()?))
    }
}

impl Secret {
    fn of_letter(hub: &[u8; 32], key: &[u8; 32]) -> Self {
        Self::bound_to(&blake3::derive_key(CONTEXT, hub), key)
    }
}

/// What a stick brings to whoever has the code: the addressee, sealed under the code.
pub fn invitation(code: &str, to: &Addressee) -> Result<Vec<u8>, EnrolError> {
    let code = read_code(code).ok_or(EnrolError::CodeShape)?;
    let salt: [u8; SALT_LEN] = clock::random();
    let key = OpenKey::make(0, Seed(stretch(&code, &salt)));
    let said = serde_json::to_vec(to).unwrap_or_default();
    let sealed = seal_parcel(&key.seal_key()?.public, &said, Seed(clock::random()))?;
    Ok([&salt[..], &sealed].concat())
}

/// Whom an invitation is from, if this code opens it.
pub fn invited(code: &str, invitation: &[u8]) -> Option<Addressee> {
    let (salt, sealed) = invitation.split_first_chunk::<SALT_LEN>().filter(|_| invitation.len() <= ASKING_LEN_MAX)?;
    let key = OpenKey::make(0, Seed(stretch(&read_code(code)?, salt)));
    serde_json::from_slice(&open_parcel(&key, sealed).ok()?).ok()
}

/// Writes the letter by which the machine in `dir` asks to become a device, or gives the one that was written before by the
/// same code. A device that is one already asks only if `is_again` says so.
pub fn ask(dir: &DataDir, to: &Addressee, code: &str, role: Role, is_again: bool) -> Result<Asked, EnrolError> {
    let code = read_code(code).ok_or(EnrolError::CodeShape)?;
    let (hub, seal_key, salt) = to.read().ok_or(EnrolError::NoAddressee)?;
    let (before, key) = begin(dir, role, is_again)?;
    let secret = Secret::of_letter(&hub, &stretch(&code, &salt));
    let is_same = |asked: &Asked| asked.secret == hex(&secret.0) && asked.seal_key == to.seal_key && asked.role == role;
    if let Some(asked) = pending(dir)?.filter(is_same) {
        return Ok(asked);
    }
    let public_key = key.verifying_key().to_bytes();
    let request = Request::by(&public_key, role, &secret, before.as_ref());
    let said = serde_json::to_vec(&request).unwrap_or_default();
    let sealed = seal_parcel(&seal_key, &Letter::sign(&said, &seal_key, &key), Seed(clock::random()))?;
    let asked = Asked {
        comparison: secret.comparison(&public_key),
        role,
        hub_key: to.hub_key.clone(),
        seal_key: to.seal_key.clone(),
        secret: hex(&secret.0),
        sealed: hex(&sealed),
    };
    dir.replace(PENDING_FILE, &serde_json::to_vec(&asked).unwrap_or_default())?;
    Ok(asked)
}

/// What the machine in `dir` has asked, if it waits for an answer.
pub fn pending(dir: &DataDir) -> Result<Option<Asked>, EnrolError> {
    Ok(dir.read(PENDING_FILE)?.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// Hears what may be the answer, and becomes a device if it is; `None` if it is for somebody else, or from one who does not
/// know the code.
pub fn hear(dir: &DataDir, sealed: &[u8], is_again: bool) -> Result<Option<Card>, EnrolError> {
    let Some(asked) = pending(dir)? else { return Ok(None) };
    let (before, key) = begin(dir, asked.role, is_again)?;
    let opened = open_parcel(&opening_key(&key), sealed).ok();
    let own = opening_key(&key).seal_key()?.public;
    let letter = opened.and_then(|plain| Letter::read(&plain, &own).ok());
    let Some(letter) = letter.filter(|letter| hex(&letter.author) == asked.hub_key) else { return Ok(None) };
    let Some(secret) = from_hex(&asked.secret).and_then(|secret| secret.try_into().ok()).map(Secret) else {
        return Ok(None);
    };
    let card = match serde_json::from_slice(&letter.said) {
        Ok(Answer::Admitted { card, proof }) if proof == secret.proof("hub", card.as_bytes()) => card,
        Ok(Answer::Refused(refusal)) => {
            // It is over: whoever has a new code asks anew.
            dir.remove(PENDING_FILE)?;
            return Err(EnrolError::Refused(refusal));
        }
        Ok(Answer::Admitted { .. } | Answer::Waiting { .. }) | Err(_) => return Ok(None),
    };
    let Ok(card) = serde_json::from_str::<Card>(&card) else { return Ok(None) };
    if card.hub_key != asked.hub_key {
        return Ok(None);
    }
    let card = take_up(dir, card, (&key.verifying_key().to_bytes(), asked.role), before)?;
    dir.remove(PENDING_FILE)?;
    Ok(Some(card))
}

impl Asked {
    /// The sealed letter.
    pub fn sealed(&self) -> Vec<u8> {
        from_hex(&self.sealed).unwrap_or_default()
    }

    /// What a carrier sees of it: instead of a name, which it has not, the digits by which the operator knows it.
    pub fn label(&self, dir: &DataDir) -> Result<Label, EnrolError> {
        let key = identity::key_to_ask(dir)?;
        let to = from_hex(&self.hub_key).and_then(|key| key.try_into().ok()).ok_or(EnrolError::NoAddressee)?;
        Ok(label(&key, to, &self.comparison, &self.sealed()))
    }
}

/// Letters have the number 0 of packs: whatever is sealed later is newer.
fn label(key: &SigningKey, to: [u8; 32], who: &str, sealed: &[u8]) -> Label {
    let (from, id) = (key.verifying_key().to_bytes(), *blake3::hash(sealed).as_bytes());
    let (who, at, len, signature) = (who.to_owned(), clock::now(), sealed.len() as u64, [0; 64]);
    Label { from, to, who, at, pack: 0, part: 0, parts: 1, len, id, signature }.sign(key)
}

/// From where a letter comes.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// At the hub: hears a letter. What it asks is decided by whoever looks at the page of devices, unless the code said so.
pub(crate) fn take(desk: &dyn Desk, hub: &[u8; 32], letter: &Letter) -> Result<(), Refusal> {
    consider(desk, hub, letter).inspect_err(|refusal| desk.refused(NOWHERE, *refusal))
}

fn consider(desk: &dyn Desk, hub: &[u8; 32], letter: &Letter) -> Result<(), Refusal> {
    let wrong = || {
        desk.is_flooding(NOWHERE, true);
        Refusal::WrongCode
    };
    let request: Request = serde_json::from_slice(&letter.said).map_err(|_| wrong())?;
    // Whoever signed the letter is who asks.
    let public_key = letter.author;
    let mut secrets = desk.slots().into_iter().rev().map(|slot| (Secret::of_letter(hub, &slot.key), slot));
    let known = secrets.find(|(secret, _)| secret.proves(&request.proof, &public_key));
    let (secret, slot) = known.ok_or_else(wrong)?;
    if slot.role != request.role {
        return Err(Refusal::WrongRole);
    }
    let former = request.former.as_ref().and_then(|former| former.proven(&secret, &public_key));
    let claimant = Claimant { public_key, comparison: secret.comparison(&public_key), former };
    // Whatever is decided goes home in a letter, a refusal too.
    desk.note_letter(slot.id, &claimant)?;
    match desk.claim(slot.id, &claimant) {
        Ok(Claim::Approved) => info!("A machine that asked by letter is let in"),
        Ok(Claim::Waiting) => {
            info!(digits = claimant.comparison, "A machine asked by letter; its digits are to be compared")
        }
        Err(refusal) => {
            info!(?refusal, "A machine asked by letter in vain");
            desk.refused(NOWHERE, refusal);
        }
    }
    Ok(())
}

/// An answer that goes home.
pub(crate) struct Reply {
    slot: Slot,
    /// To whom.
    pub to: Claimant,
    verdict: Result<(), Refusal>,
}

impl Reply {
    /// Everything that was decided of what was asked by letter.
    pub(crate) fn all(desk: &dyn Desk) -> Vec<Self> {
        let decided = |(slot, to): (Slot, Claimant)| match desk.claim(slot.id, &to) {
            Ok(Claim::Approved) => Some(Self { slot, to, verdict: Ok(()) }),
            Ok(Claim::Waiting) => None,
            Err(refusal) => Some(Self { slot, to, verdict: Err(refusal) }),
        };
        desk.letters().into_iter().filter_map(decided).collect()
    }

    /// What it says, in short: a reply that says the same need not be written again.
    pub(crate) fn gist(&self) -> String {
        format!("letter {} {:?}", self.slot.id, self.verdict)
    }

    /// Seals it; `None` if no card could be written, and then it is tried again.
    pub(crate) fn seal(&self, desk: &dyn Desk, key: &SigningKey) -> Option<Vec<u8>> {
        let secret = Secret::of_letter(&key.verifying_key().to_bytes(), &self.slot.key);
        let answer = match self.verdict {
            Ok(()) => {
                let card = serde_json::to_string(&desk.card(&self.to.public_key).ok()?).ok()?;
                Answer::Admitted { proof: secret.proof("hub", card.as_bytes()), card }
            }
            Err(refusal) => Answer::Refused(refusal),
        };
        let said = serde_json::to_vec(&answer).ok()?;
        if said.len() > LETTER_LEN_MAX {
            warn!(bytes = said.len(), "The county's codebook is too long for a letter");
            return None;
        }
        let receiver = sealing_key(&self.to.public_key)?;
        seal_parcel(&receiver, &Letter::sign(&said, &receiver, key), Seed(clock::random())).ok()
    }
}
