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
//! What waits for its answer is kept in a file beside the key. Asking again with the same code says the same letter; asking
//! with another code leaves the letters before it waiting, for a code may have been mistyped.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

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
/// Letters of one machine that wait for an answer; beyond that the one that was asked longest ago is forgotten.
const PENDING_MAX: usize = 16;
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

/// All letters whose answer may still come.
#[derive(Serialize, Deserialize)]
struct Pending {
    /// The one that was asked last; an older program knows this one alone.
    #[serde(flatten)]
    last: Asked,
    /// Those before it, by other codes: one may have been mistyped, and the answer is for the right one. The last first.
    #[serde(default)]
    earlier: Vec<Asked>,
}

/// What was heard in what may be an answer.
#[derive(Debug)]
pub enum Heard {
    /// This machine is a device from now on.
    Admitted(Box<Card>),
    /// The county refuses what was asked last; the letter waits until somebody [gives it up](give_up).
    Refused(Refusal),
    /// A hub of an older version refuses something and does not prove what.
    Unproven(Refusal),
    /// It is for somebody else, says no to an earlier letter, or is from one who does not know the code.
    Nothing,
}

/// A claim that came by letter.
#[derive(Clone)]
pub struct Posted {
    /// The slot of the code that it proved.
    pub slot: Slot,
    /// Who claims.
    pub claimant: Claimant,
    /// Whether its program understands a refusal that is proven.
    pub hears_denial: bool,
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

/// What is proven of a refusal: its word, as it is written.
fn denied(refusal: Refusal) -> Vec<u8> {
    serde_json::to_vec(&refusal).unwrap_or_default()
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
    let mut letters = letters(dir)?;
    if let Some(place) = letters.iter().position(is_same) {
        let asked = letters.remove(place);
        let is_last = place == 0;
        letters.insert(0, asked.clone());
        if !is_last {
            keep(dir, letters)?;
        }
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
    // By the same code another letter is enough: its proofs are those of the one before.
    letters.retain(|before| before.secret != asked.secret);
    letters.insert(0, asked.clone());
    keep(dir, letters)?;
    Ok(asked)
}

/// What the machine in `dir` has asked last, if it waits for an answer.
pub fn pending(dir: &DataDir) -> Result<Option<Asked>, EnrolError> {
    Ok(letters(dir)?.into_iter().next())
}

/// All letters of the machine in `dir` that wait for an answer, the last first.
fn letters(dir: &DataDir) -> Result<Vec<Asked>, EnrolError> {
    let pending: Option<Pending> = dir.read(PENDING_FILE)?.and_then(|text| serde_json::from_slice(&text).ok());
    Ok(pending.map(|Pending { last, earlier }| std::iter::once(last).chain(earlier).collect()).unwrap_or_default())
}

fn keep(dir: &DataDir, letters: Vec<Asked>) -> Result<(), EnrolError> {
    let mut letters = letters.into_iter().take(PENDING_MAX);
    let Some(last) = letters.next() else { return Ok(dir.remove(PENDING_FILE)?) };
    let pending = Pending { last, earlier: letters.collect() };
    Ok(dir.replace(PENDING_FILE, &serde_json::to_vec(&pending).unwrap_or_default())?)
}

/// Hears what may be the answer, and becomes a device if it is.
pub fn hear(dir: &DataDir, sealed: &[u8], is_again: bool) -> Result<Heard, EnrolError> {
    let letters = letters(dir)?;
    let Some(last) = letters.first() else { return Ok(Heard::Nothing) };
    let (before, key) = begin(dir, last.role, is_again)?;
    let opened = open_parcel(&opening_key(&key), sealed).ok();
    let own = opening_key(&key).seal_key()?.public;
    let letter = opened.and_then(|plain| Letter::read(&plain, &own).ok());
    let Some(letter) = letter.filter(|letter| letters.iter().any(|asked| asked.is_to(&letter.author))) else {
        return Ok(Heard::Nothing);
    };
    let is_proven = |asked: &Asked, what: &str, said: &[u8], proof: &str| {
        asked.is_to(&letter.author) && asked.secret().is_some_and(|secret| secret.proof(what, said) == proof)
    };
    let (card, proof) = match serde_json::from_slice(&letter.said) {
        Ok(Answer::Admitted { card, proof }) => (card, proof),
        Ok(Answer::Denied { refusal, proof }) if is_proven(last, "denial", &denied(refusal), &proof) => {
            return Ok(Heard::Refused(refusal));
        }
        Ok(Answer::Refused(refusal)) => return Ok(Heard::Unproven(refusal)),
        Ok(Answer::Waiting { .. } | Answer::Denied { .. }) | Err(_) => return Ok(Heard::Nothing),
    };
    let by_any = letters.iter().find(|asked| is_proven(asked, "hub", card.as_bytes(), &proof));
    let Some(asked) = by_any else { return Ok(Heard::Nothing) };
    let Ok(card) = serde_json::from_str::<Card>(&card) else { return Ok(Heard::Nothing) };
    if card.hub_key != asked.hub_key {
        return Ok(Heard::Nothing);
    }
    let card = take_up(dir, card, (&key.verifying_key().to_bytes(), asked.role), before)?;
    dir.remove(PENDING_FILE)?;
    Ok(Heard::Admitted(Box::new(card)))
}

/// What was asked last is refused, and waits no longer: whoever has a new code asks anew.
pub fn give_up(dir: &DataDir) -> Result<(), EnrolError> {
    keep(dir, letters(dir)?.into_iter().skip(1).collect())
}

impl Asked {
    /// Whether it is the same as what was asked before.
    pub fn is_same(&self, before: Option<&Asked>) -> bool {
        before.is_some_and(|before| before.secret == self.secret && before.sealed == self.sealed)
    }

    /// Whether the hub with this key was asked.
    fn is_to(&self, hub: &[u8; 32]) -> bool {
        hex(hub) == self.hub_key
    }

    fn secret(&self) -> Option<Secret> {
        from_hex(&self.secret)?.try_into().ok().map(Secret)
    }

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
    let posted = Posted { slot, claimant, hears_denial: request.hears_denial };
    desk.note_letter(&posted)?;
    let Posted { slot, claimant, .. } = &posted;
    match desk.claim(slot.id, claimant) {
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
    hears_denial: bool,
    verdict: Result<(), Refusal>,
}

impl Reply {
    /// What was decided of what was asked by letter: one answer for each machine.
    pub(crate) fn all(desk: &dyn Desk) -> Vec<Self> {
        let mut of_machines: BTreeMap<[u8; 32], Vec<Posted>> = BTreeMap::new();
        for posted in desk.letters() {
            of_machines.entry(posted.claimant.public_key).or_default().push(posted);
        }
        of_machines.into_values().filter_map(|letters| Self::to_one(desk, letters)).collect()
    }

    /// In whatever order its letters came: that it is let in, or, once none of them waits, why the one by the newest code is
    /// refused.
    fn to_one(desk: &dyn Desk, mut letters: Vec<Posted>) -> Option<Self> {
        letters.sort_by_key(|posted| Reverse(posted.slot.id));
        let (mut refused, mut is_waiting) = (None, false);
        for Posted { slot, claimant: to, hears_denial } in letters {
            match desk.claim(slot.id, &to) {
                Ok(Claim::Approved) => return Some(Self { slot, to, hears_denial, verdict: Ok(()) }),
                Ok(Claim::Waiting) => is_waiting = true,
                Err(refusal) => {
                    refused.get_or_insert(Self { slot, to, hears_denial, verdict: Err(refusal) });
                }
            }
        }
        refused.filter(|_| !is_waiting)
    }

    /// What it says, in short: a reply that says the same need not be written again.
    pub(crate) fn gist(&self) -> String {
        let proven = if self.verdict.is_err() && self.hears_denial { " proven" } else { "" };
        format!("letter {} {:?}{proven}", self.slot.id, self.verdict)
    }

    /// Seals it; `None` if no card could be written, and then it is tried again.
    pub(crate) fn seal(&self, desk: &dyn Desk, key: &SigningKey) -> Option<Vec<u8>> {
        let secret = Secret::of_letter(&key.verifying_key().to_bytes(), &self.slot.key);
        let answer = match self.verdict {
            Ok(()) => {
                let card = serde_json::to_string(&desk.card(&self.to.public_key).ok()?).ok()?;
                Answer::Admitted { proof: secret.proof("hub", card.as_bytes()), card }
            }
            Err(refusal) if self.hears_denial => {
                Answer::Denied { proof: secret.proof("denial", &denied(refusal)), refusal }
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
