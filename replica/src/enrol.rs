//! How a device becomes one of the county: a code of eight characters, used once.
//!
//! The code is never sent. Both sides stretch it (Argon2id, 19 MiB, two passes, the county's salt) and prove with keyed
//! BLAKE3 over the TLS connection's own secret that they know it: the device for its key, the hub for its answer. Whoever
//! sits between can neither pass the proofs on nor guess forty bits at that price. Where an operator must look too, both
//! sides show the same six digits, and the device waits until the hub's console has approved.
//!
//! A device that was enrolled before takes a new key and proves with the old one that it is the same: what it wrote under
//! the old key and nobody has received stays its own, and it brings it.
//!
//! Where no hub answers the same goes by [letter](by_letter), on a phone or a stick.

pub mod by_letter;

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use civic_core::{
    access::Role,
    id::{from_hex, hex},
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sync_core::roads::{self, Memory};
use tokio::time::timeout;
use tracing::info;

use self::by_letter::Posted;
use crate::{
    board::{Board as _, ThisBoard},
    clock,
    dir::{DataDir, DirError},
    identity::{self, Card, Identity, IdentityError},
    road::{
        self, Connection, RecvStream, RoadError, SendStream, race,
        tls::{self, TlsError},
    },
};

/// Letters and digits that cannot be taken for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code: 40 bits.
pub const CODE_LEN: usize = 8;
/// Longest message of an enrolment; the codebook is in the largest.
const FRAME_LEN_MAX: usize = 1024 * 1024;
/// For what the secret of a connection is taken in an enrolment.
pub(crate) const SECRET_LABEL: &[u8] = b"huiyin enrolment";
/// How long a device waits for an operator's approval.
const APPROVAL: Duration = Duration::from_secs(600);
const APPROVAL_POLL: Duration = Duration::from_millis(500);
/// How long a device may take to write its card down.
const FAREWELL: Duration = Duration::from_secs(5);
const ARGON2_KIB: u32 = 19 * 1024;
const ARGON2_PASSES: u32 = 2;

/// Why a device was not enrolled; each has a sentence for the person who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// No open slot has this code.
    WrongCode,
    /// The code was used by another device.
    UsedCode,
    /// The code is older than its slot allows.
    ExpiredCode,
    /// Too many wrong codes came from there lately.
    TooManyTries,
    /// No operator approved in time, or one declined.
    NotApproved,
    /// The hub could not write it down.
    HubFailed,
    /// The device was made for another program.
    WrongRole,
}

/// Why enrolling failed.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Not eight letters and digits.
    #[error("a code has eight letters and digits")]
    CodeShape,
    /// The hub said no.
    #[error("{}", .0.sentence())]
    Refused(Refusal),
    /// Whoever answered does not know the code, so it is not the hub that gave it.
    #[error("whoever answers at {0} is not the hub that gave this code")]
    NotTheHub(String),
    /// The directory is enrolled already.
    #[error("{0} is enrolled already, as {1:?}; to enrol it anew, say so with --again")]
    AlreadyEnrolled(String, String),
    /// What waits in the directory was said to another county.
    #[error("{0} holds what was said to {1:?}, and the code is of another county; use another directory")]
    OtherCounty(String, String),
    /// The road failed.
    #[error(transparent)]
    Road(#[from] RoadError),
    /// The directory failed.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// The hub let this machine in with a card that the program here cannot work by.
    #[error("the hub gave a card that this program cannot work by; it may be older than the hub")]
    Unusable,
    /// A county that cannot be asked by letter.
    #[error("this carrier cannot say how its county is asked; its card is older than that")]
    NoAddressee,
    /// The key in the directory cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Keys or certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A letter could not be sealed.
    #[error(transparent)]
    Seal(#[from] civic_core::seal::SealError),
}

impl Refusal {
    /// The sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Refusal::WrongCode => "the hub knows no such code; check it and try again",
            Refusal::UsedCode => "this code was used already; ask the hub for a new one",
            Refusal::ExpiredCode => "this code has expired; ask the hub for a new one",
            Refusal::TooManyTries => "too many wrong codes; wait a minute and try again",
            Refusal::NotApproved => "nobody at the hub approved this device",
            Refusal::HubFailed => "the hub could not enrol the device; its log says why",
            Refusal::WrongRole => "this code was made for another kind of device",
        }
    }
}

/// What the hub does for enrolment.
pub trait Desk: Send + Sync {
    /// The county's salt for codes.
    fn salt(&self) -> [u8; 16];
    /// Whether a caller from this address has tried too often; counts the try if `failed`.
    fn is_flooding(&self, from: std::net::IpAddr, failed: bool) -> bool;
    /// Slots whose code may still be meant, with their stretched codes.
    fn slots(&self) -> Vec<Slot>;
    /// A device has proved that it knows the slot's code.
    fn claim(&self, slot: i64, claimant: &Claimant) -> Result<Claim, Refusal>;
    /// The card of a device that was let in.
    fn card(&self, public_key: &[u8; 32]) -> Result<Card, Refusal>;
    /// An enrolment from this address was refused, by letter from none; to be noted, if somebody notes such things.
    fn refused(&self, _from: std::net::IpAddr, _refusal: Refusal) {}
    /// A claim came by letter: its answer goes home the same way. It takes no other claim's place.
    fn note_letter(&self, posted: &Posted) -> Result<(), Refusal>;
    /// Claims that came by letter.
    fn letters(&self) -> Vec<Posted>;
    /// A new card for a device of the county; `None` if it is none any more, or none can be written.
    fn renew(&self, public_key: &[u8; 32]) -> Option<Card> {
        self.card(public_key).ok()
    }
}

/// Who knows a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// Its key.
    pub public_key: [u8; 32],
    /// The six digits that both sides show.
    pub comparison: String,
    /// The key that it had before, if it proved that.
    pub former: Option<[u8; 32]>,
}

/// What a person is given to enrol a device: typed, or scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Where the hub is, HOST:PORT.
    pub hub: String,
    /// The code, as it was typed.
    pub code: String,
    /// The [pin](pin_of) of the county's authority; only a scanned invitation has one.
    pub pin: Option<String>,
}

/// Bytes of a [pin](pin_of).
const PIN_LEN: usize = 16;
/// What a scanned invitation begins with.
const SCANNED: &str = "HUIYIN-ENROL";

impl Invitation {
    /// One that was typed.
    pub fn typed(hub: &str, code: &str) -> Self {
        Self { hub: hub.to_owned(), code: code.to_owned(), pin: None }
    }

    /// As the text of a QR code: capitals, digits and spaces, for which QR codes have a short form.
    pub fn text(&self) -> String {
        let Self { hub, code, pin } = self;
        format!("{SCANNED} {hub} {code} {}", pin.as_deref().unwrap_or_default()).trim_end().to_uppercase()
    }

    /// Reads what [`Invitation::text`] wrote, in any case; nothing if hub, code or pin cannot be one.
    pub fn scanned(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        words.next().filter(|word| word.eq_ignore_ascii_case(SCANNED))?;
        let (hub, code) = (words.next()?.to_ascii_lowercase(), read_code(words.next()?)?);
        let pin = words.next().map(str::to_ascii_lowercase);
        let is_pin = pin.as_ref().is_none_or(|pin| pin.len() == 2 * PIN_LEN && from_hex(pin).is_some());
        (hub.is_ascii() && hub.contains(':') && is_pin && words.next().is_none()).then_some(Self { hub, code, pin })
    }
}

/// The mark of an authority in an invitation: the county's card must come from this one.
pub fn pin_of(authority: &[u8]) -> String {
    hex(&blake3::derive_key("huiyin authority pin v1", authority)[..PIN_LEN])
}

/// A slot as enrolment sees it.
#[derive(Clone)]
pub struct Slot {
    /// Its number.
    pub id: i64,
    /// The stretched code.
    pub key: [u8; 32],
    /// The role it was made for.
    pub role: Role,
}

/// Where a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The device is let in.
    Approved,
    /// An operator must compare the digits first.
    Waiting,
}

#[derive(Serialize, Deserialize)]
struct Greeting {
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Request {
    public_key: String,
    role: Role,
    proof: String,
    #[serde(default)]
    former: Option<Former>,
    /// Whether it understands [`Answer::Denied`]; an older program does not.
    #[serde(default)]
    hears_denial: bool,
}

/// The key that a device had before, and its signature of this enrolment.
#[derive(Serialize, Deserialize)]
struct Former {
    public_key: String,
    signature: String,
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Waiting {
        proof: String,
    },
    Admitted {
        card: String,
        proof: String,
    },
    Refused(Refusal),
    /// By letter: refused, with the proof of what was asked by which code.
    Denied {
        refusal: Refusal,
        proof: String,
    },
}

/// Makes a code from random bytes.
pub fn make_code(random: [u8; CODE_LEN]) -> String {
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

/// Reads a code as people type it: any case, with spaces or dashes, O for 0 and I or L for 1.
pub fn read_code(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .filter(|character| !matches!(character, ' ' | '-'))
        .map(|character| match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    (code.len() == CODE_LEN && code.bytes().all(|byte| ALPHABET.contains(&byte))).then_some(code)
}

/// Stretches a code, so that guessing it costs 19 MiB and some 50 ms a try.
pub fn stretch(code: &str, salt: &[u8; 16]) -> [u8; 32] {
    let mut key = [0; 32];
    let params = Params::new(ARGON2_KIB, ARGON2_PASSES, 1, Some(key.len())).expect("the parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(code.as_bytes(), salt, &mut key)
        .expect("the lengths are in range");
    key
}

/// Enrols the device in `dir` by an invitation; `on_wait` shows the six digits while an operator compares them. One that is
/// enrolled already, on this board, is enrolled anew only if `is_again` says so; what it holds stays.
pub async fn enrol(
    dir: &DataDir,
    invitation: &Invitation,
    role: Role,
    is_again: bool,
    on_wait: impl Fn(&str),
) -> Result<Card, EnrolError> {
    let Invitation { hub, code, pin } = invitation;
    let code = read_code(code).ok_or(EnrolError::CodeShape)?;
    let (before, key) = begin(dir, role, is_again)?;
    let public_key = key.verifying_key().to_bytes();
    let addresses = road::resolve(hub).await?;
    let called = race::call(
        hub,
        &addresses,
        tls::newcomer_config(tls::ALPN_ENROL)?,
        roads::plan(&Memory::default(), clock::now()),
    );
    let connection = called.await?.connection;
    let (mut send, mut receive) = connection.open().await.map_err(RoadError::from)?;
    put(&mut send, &()).await?;
    let greeting: Greeting = get(&mut receive).await?;
    let salt = from_hex(&greeting.salt).and_then(|salt| salt.try_into().ok()).ok_or(RoadError::Malformed)?;
    let secret = Secret::of(&connection, stretch(&code, &salt))?;
    put(&mut send, &Request::by(&public_key, role, &secret, before.as_ref())).await?;
    let card = loop {
        match get(&mut receive).await? {
            Answer::Waiting { proof } if proof == secret.proof("wait", &public_key) => {
                on_wait(&secret.comparison(&public_key))
            }
            Answer::Admitted { card, proof } if proof == secret.proof("hub", card.as_bytes()) => break card,
            Answer::Waiting { .. } | Answer::Admitted { .. } | Answer::Denied { .. } => {
                return Err(EnrolError::NotTheHub(hub.to_owned()));
            }
            Answer::Refused(refusal) => return Err(EnrolError::Refused(refusal)),
        }
    };
    let card: Card = serde_json::from_str(&card).map_err(|_| RoadError::Malformed)?;
    let is_pinned = |pin: &String| from_hex(&card.authority).is_some_and(|authority| pin_of(&authority) == *pin);
    if !pin.as_ref().is_none_or(is_pinned) {
        return Err(EnrolError::NotTheHub(hub.to_owned()));
    }
    // The hub names itself by the address it was called at: that is the one known to work from here.
    let card = take_up(dir, Card { hub: hub.to_owned(), ..card }, (&public_key, role), before)?;
    connection.finish().await;
    Ok(card)
}

/// Who this machine was before, if it was anybody and may become one anew, and the key with which it enrols.
fn begin(dir: &DataDir, role: Role, is_again: bool) -> Result<(Option<Identity>, SigningKey), EnrolError> {
    let before = match Identity::load(dir, role) {
        Ok(known) if is_again || known.is_elsewhere => Some(known),
        Ok(known) => return Err(EnrolError::AlreadyEnrolled(dir.path().display().to_string(), known.card.name)),
        Err(IdentityError::NotEnrolled(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let key = identity::key_to_enrol(dir, before.as_ref())?;
    Ok((before, key))
}

/// Writes down the card of a machine that is a device from now on; what it was before stays its own.
fn take_up(
    dir: &DataDir,
    card: Card,
    (public_key, role): (&[u8; 32], Role),
    before: Option<Identity>,
) -> Result<Card, EnrolError> {
    if !card.is_for(public_key, role) {
        return Err(EnrolError::Unusable);
    }
    if let Some(before) = before.as_ref().filter(|before| before.card.hub_key != card.hub_key) {
        return Err(EnrolError::OtherCounty(dir.path().display().to_string(), before.card.name.clone()));
    }
    let former = before.map(|before| {
        let last = hex(&before.key.verifying_key().to_bytes());
        before.card.former.into_iter().chain([last]).collect()
    });
    let card = Card { board: ThisBoard.mark(), former: former.unwrap_or_default(), ..card };
    identity::take_up(dir, &card)?;
    Ok(card)
}

/// The hub's half. Whoever called has proved nothing yet, and has so much `patience` to ask; only who knows a code may then
/// wait for an operator.
pub(crate) async fn answer(desk: &dyn Desk, connection: &Connection, patience: Duration) {
    let from = connection.remote_address();
    let Ok(Ok((mut send, _receive, request))) = timeout(patience, hear(desk, connection)).await else {
        info!(%from, "Somebody who wanted to be enrolled asked for nothing");
        connection.close(road::CLOSE_DONE, "nothing was asked");
        return;
    };
    let answered = timeout(APPROVAL + patience, converse(desk, connection, &mut send, request)).await;
    let farewell = async {
        if let Ok(Ok(Err(refusal))) = &answered {
            info!(%from, ?refusal, "Refused an enrolment");
            desk.refused(from.ip(), *refusal);
            let _ = put(&mut send, &Answer::Refused(*refusal)).await;
        }
        send.finish();
        // The device closes once it has written its card down.
        connection.closed().await
    };
    let _ = timeout(FAREWELL, farewell).await;
}

/// What a caller asks, once it has been told the salt.
async fn hear(desk: &dyn Desk, connection: &Connection) -> Result<(SendStream, RecvStream, Request), RoadError> {
    let (mut send, mut receive) = connection.accept().await?;
    let () = get(&mut receive).await?;
    put(&mut send, &Greeting { salt: hex(&desk.salt()) }).await?;
    let request = get(&mut receive).await?;
    Ok((send, receive, request))
}

async fn converse(
    desk: &dyn Desk,
    connection: &Connection,
    send: &mut SendStream,
    request: Request,
) -> Result<Result<(), Refusal>, RoadError> {
    let from = connection.remote_address().ip();
    if desk.is_flooding(from, false) {
        return Ok(Err(Refusal::TooManyTries));
    }
    let public_key: [u8; 32] =
        from_hex(&request.public_key).and_then(|key| key.try_into().ok()).ok_or(RoadError::Malformed)?;
    let exported = connection.secret(SECRET_LABEL)?;
    let mut secrets = desk.slots().into_iter().rev().map(|slot| (Secret::bound_to(&exported, &slot.key), slot));
    let Some((secret, slot)) = secrets.find(|(secret, _)| secret.proves(&request.proof, &public_key)) else {
        desk.is_flooding(from, true);
        return Ok(Err(Refusal::WrongCode));
    };
    if slot.role != request.role {
        return Ok(Err(Refusal::WrongRole));
    }
    let former = request.former.as_ref().and_then(|former| former.proven(&secret, &public_key));
    let claimant = Claimant { public_key, comparison: secret.comparison(&public_key), former };
    let waiting_since = tokio::time::Instant::now();
    let mut has_told = false;
    loop {
        match desk.claim(slot.id, &claimant) {
            Ok(Claim::Approved) => break,
            Ok(Claim::Waiting) if waiting_since.elapsed() > APPROVAL => return Ok(Err(Refusal::NotApproved)),
            Ok(Claim::Waiting) => {}
            Err(refusal) => return Ok(Err(refusal)),
        }
        if !has_told {
            put(send, &Answer::Waiting { proof: secret.proof("wait", &public_key) }).await?;
            has_told = true;
        }
        tokio::time::sleep(APPROVAL_POLL).await;
    }
    let card = match desk.card(&public_key) {
        Ok(card) => serde_json::to_string(&card).map_err(|_| RoadError::Malformed)?,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let proof = secret.proof("hub", card.as_bytes());
    put(send, &Answer::Admitted { card, proof }).await?;
    Ok(Ok(()))
}

impl Request {
    fn by(public_key: &[u8; 32], role: Role, secret: &Secret, before: Option<&Identity>) -> Self {
        let former = before.map(|before| Former {
            public_key: hex(&before.key.verifying_key().to_bytes()),
            signature: hex(&before.key.sign(&secret.of_former(public_key)).to_bytes()),
        });
        let (public_key, proof) = (hex(public_key), secret.proof("device", public_key));
        Self { public_key, role, proof, former, hears_denial: true }
    }
}

impl Former {
    /// The key, if its owner signed this enrolment.
    fn proven(&self, secret: &Secret, public_key: &[u8; 32]) -> Option<[u8; 32]> {
        let former: [u8; 32] = from_hex(&self.public_key)?.try_into().ok()?;
        let signature = Signature::from_bytes(&from_hex(&self.signature)?.try_into().ok()?);
        let key = VerifyingKey::from_bytes(&former).ok()?;
        key.verify_strict(&secret.of_former(public_key), &signature).ok().map(|()| former)
    }
}

/// The stretched code, bound to one connection or to one hub.
struct Secret([u8; 32]);

impl Secret {
    fn of(connection: &Connection, key: [u8; 32]) -> Result<Self, RoadError> {
        Ok(Self::bound_to(&connection.secret(SECRET_LABEL)?, &key))
    }

    fn bound_to(bound: &[u8; 32], key: &[u8; 32]) -> Self {
        Self(*blake3::keyed_hash(key, bound).as_bytes())
    }

    /// Whether this proves that whoever has that key knows the code.
    fn proves(&self, proof: &str, public_key: &[u8; 32]) -> bool {
        blake3::Hash::from_hex(proof).is_ok_and(|proof| proof == self.hash("device", public_key))
    }

    fn hash(&self, what: &str, bytes: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.0).update(what.as_bytes()).update(&[0]).update(bytes).finalize()
    }

    fn proof(&self, what: &str, bytes: &[u8]) -> String {
        self.hash(what, bytes).to_hex().to_string()
    }

    /// What a former key signs: this connection, this code, the key that follows.
    fn of_former(&self, public_key: &[u8; 32]) -> Vec<u8> {
        [b"huiyin former key v1".as_slice(), self.hash("former", public_key).as_bytes()].concat()
    }

    /// Six digits that both sides show.
    fn comparison(&self, public_key: &[u8; 32]) -> String {
        let hash = self.hash("compare", public_key);
        let number =
            u32::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1], hash.as_bytes()[2], hash.as_bytes()[3]]);
        format!("{:06}", number % 1_000_000)
    }
}

pub(crate) async fn put<T: Serialize>(stream: &mut SendStream, value: &T) -> Result<(), RoadError> {
    let json = serde_json::to_vec(value).map_err(|_| RoadError::Malformed)?;
    let len = u32::try_from(json.len()).map_err(|_| RoadError::Malformed)?;
    stream.write_all(&len.to_be_bytes()).await?;
    stream.write_all(&json).await
}

pub(crate) async fn get<T: for<'a> Deserialize<'a>>(stream: &mut RecvStream) -> Result<T, RoadError> {
    let mut len = [0; 4];
    stream.read_exact(&mut len).await?;
    let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX);
    if len > FRAME_LEN_MAX {
        return Err(RoadError::Malformed);
    }
    let mut json = vec![0; len];
    stream.read_exact(&mut json).await?;
    serde_json::from_slice(&json).map_err(|_| RoadError::Malformed)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::task::JoinHandle;

    use super::*;
    use crate::road::tcp;

    #[test]
    fn a_code_reads_as_people_type_it() {
        let code = make_code([0, 1, 31, 8, 9, 10, 200, 255]);
        assert_eq!(read_code(&format!("{}-{} ", &code[..4].to_lowercase(), &code[4..])), Some(code));
        assert_eq!(read_code("OIL00000"), Some("01100000".into()));
        assert_eq!(read_code("1234567"), None);
        assert_eq!(read_code("1234567U"), None);
    }

    #[test]
    fn an_invitation_is_scanned_as_it_was_printed_in_whatever_case_the_scanner_types() {
        let invitation = Invitation {
            hub: "hub.example.gov.cn:4433".into(),
            code: "ABCD1234".into(),
            pin: Some(pin_of(b"authority")),
        };
        let text = invitation.text();
        assert!(
            text.chars().all(|character| "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".contains(character)),
            "{text}"
        );
        assert_eq!(Invitation::scanned(&text), Some(invitation.clone()));
        assert_eq!(Invitation::scanned(&format!("{}\n", text.to_lowercase())), Some(invitation));
        let others = [
            "",
            "4415123456",
            "HUIYIN-ENROL",
            "HUIYIN-ENROL nowhere ABCD1234",
            "HUIYIN-ENROL a:1 b c d",
            "HUIYIN-ENROL a:1 @BCD1234",
            "HUIYIN-ENROL \u{b5}:1 ABCD1234",
            "HUIYIN-ENROL a:1 ABCD1234 0f0f",
            "HUIYIN-ENROL a:1 ABCD1234 0f0f0f0f0f0f0f0f\u{b5}0f0f0f0f0f0f0f",
        ];
        for other in others {
            assert_eq!(Invitation::scanned(other), None, "{other}");
        }
    }

    /// The key of the one slot of a hub where nobody is let in.
    const SLOT: [u8; 32] = [8; 32];
    const PATIENCE: Duration = Duration::from_secs(1);

    /// An operator who declines after a while.
    struct Declining(Mutex<u32>);

    impl Desk for Declining {
        fn salt(&self) -> [u8; 16] {
            [1; 16]
        }
        fn is_flooding(&self, _: std::net::IpAddr, _: bool) -> bool {
            false
        }
        fn slots(&self) -> Vec<Slot> {
            vec![Slot { id: 1, key: SLOT, role: Role::Kiosk }]
        }
        fn claim(&self, _: i64, _: &Claimant) -> Result<Claim, Refusal> {
            let mut looked = self.0.lock().unwrap();
            *looked += 1;
            if *looked < 5 { Ok(Claim::Waiting) } else { Err(Refusal::NotApproved) }
        }
        fn card(&self, _: &[u8; 32]) -> Result<Card, Refusal> {
            Err(Refusal::HubFailed)
        }
        fn note_letter(&self, _: &Posted) -> Result<(), Refusal> {
            Err(Refusal::HubFailed)
        }
        fn letters(&self) -> Vec<Posted> {
            Vec::new()
        }
    }

    /// A machine that is no device yet has called a hub; its end, and the task that answers.
    async fn called() -> (Connection, JoinHandle<()>) {
        let socket = tcp::listen(([127, 0, 0, 1], 0).into()).unwrap();
        let (at, key) = (socket.local_addr().unwrap(), SigningKey::from_bytes(&[3; 32]));
        let answers = Arc::new(tls::hub_config(&key, crate::hub::tests::door(&key)).unwrap());
        let answering = tokio::spawn(async move {
            let (socket, _) = socket.accept().await.unwrap();
            let connection = Connection::Tcp(tcp::answer(socket, answers).await.unwrap());
            answer(&Declining(Mutex::new(0)), &connection, PATIENCE).await;
        });
        let config = Arc::new(tls::newcomer_config(tls::ALPN_ENROL).unwrap());
        (Connection::Tcp(tcp::call("the hub", at, config).await.unwrap()), answering)
    }

    #[tokio::test]
    async fn whoever_wants_to_be_enrolled_and_asks_for_nothing_is_shown_out() {
        for is_greeted in [false, true] {
            let (connection, answering) = called().await;
            let mut stream = None;
            if is_greeted {
                let (mut send, mut receive) = connection.open().await.unwrap();
                put(&mut send, &()).await.unwrap();
                let _: Greeting = get(&mut receive).await.unwrap();
                stream = Some((send, receive));
            }
            let why = timeout(Duration::from_secs(5), connection.closed()).await.expect("it waits no longer");
            assert_eq!(why.why, "nothing was asked");
            answering.await.unwrap();
            drop(stream);
        }
    }

    #[tokio::test]
    async fn whoever_knows_a_code_waits_for_the_operator_for_longer_than_a_stranger_may() {
        let (connection, answering) = called().await;
        let (mut send, mut receive) = connection.open().await.unwrap();
        put(&mut send, &()).await.unwrap();
        let _: Greeting = get(&mut receive).await.unwrap();
        let (own, secret) = ([5; 32], Secret::of(&connection, SLOT).unwrap());
        put(&mut send, &Request::by(&own, Role::Kiosk, &secret, None)).await.unwrap();
        assert!(matches!(get(&mut receive).await.unwrap(), Answer::Waiting { .. }));
        let answer = timeout(APPROVAL_POLL * 10, get(&mut receive)).await.expect("the operator declined");
        assert!(matches!(answer.unwrap(), Answer::Refused(Refusal::NotApproved)));
        connection.close(road::CLOSE_DONE, "");
        answering.await.unwrap();
    }

    #[test]
    fn two_counties_stretch_one_code_differently() {
        assert_ne!(stretch("ABCDEFGH", &[1; 16]), stretch("ABCDEFGH", &[2; 16]));
    }
}
