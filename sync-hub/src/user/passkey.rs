//! Passkeys 通行密钥 (WebAuthn): a key that a telephone, a computer or a fob holds and lends out for a finger or a PIN.
//!
//! It is two factors in one, what somebody has and what they are or know, so it signs in alone; and it cannot be given to
//! another site, because what it signs names this one. Taken are ES256, Ed25519 and RS256, which is what older computers of
//! offices have; whose maker made it is not asked (attestation "none"). A challenge is made of time and dice, is known again
//! by its seal and not by a list, can be answered for [`ANSWER_S`] seconds by this run of the program, and counts once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use replica::clock;
use ring::{hmac, signature};
use rusqlite::{OptionalExtension, params};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Proof, USER_COLUMNS, User, UserError, Users, user_line};

/// How long a challenge can be answered.
const ANSWER_S: i64 = 5 * 60;
/// Passkeys of one operator.
pub const KEYS_MAX: usize = 8;
/// Longest name of a credential that is taken; the standard allows 1,023 bytes.
const CREDENTIAL_LEN_MAX: usize = 1_023;
/// Longest name among people; more is cut off.
pub const NAME_CHARS_MAX: usize = 40;
/// Challenges that were answered and are remembered. Beyond that none counts until some are too old anyway: a flood of
/// answers shuts passkeys for minutes, and passwords still open.
const USED_MAX: usize = 20_000;
/// User present, user verified, and a credential attached.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTACHED: u8 = 0x40;
/// Hash of the host, flags and counter stand before everything else.
const FIXED_LEN: usize = 37;

/// Makes challenges and knows its own again.
pub struct Challenges {
    key: hmac::Key,
    /// Those that were answered, until they would be too old anyway.
    used: Mutex<BTreeMap<[u8; 32], i64>>,
}

impl Default for Challenges {
    fn default() -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &clock::random::<32>()), used: Mutex::default() }
    }
}

impl Challenges {
    /// A new one.
    pub fn draw(&self) -> [u8; 32] {
        self.sealed([clock::now().0.to_be_bytes(), clock::random()])
    }

    fn sealed(&self, head: [[u8; 8]; 2]) -> [u8; 32] {
        let head = head.concat();
        let mut challenge = [0; 32];
        challenge[..16].copy_from_slice(&head);
        challenge[16..].copy_from_slice(&hmac::sign(&self.key, &head).as_ref()[..16]);
        challenge
    }

    /// Whether it is one of ours, of now, and answered for the first time.
    fn take(&self, challenge: &[u8; 32], now: i64) -> bool {
        let (mut at, mut rest) = ([0; 8], [0; 8]);
        at.copy_from_slice(&challenge[..8]);
        rest.copy_from_slice(&challenge[8..16]);
        let made_at = i64::from_be_bytes(at);
        let is_ours = super::password::same(&self.sealed([at, rest]), challenge);
        if !is_ours || !(made_at..=made_at.saturating_add(ANSWER_S)).contains(&now) {
            return false;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, made_at| *made_at + ANSWER_S >= now);
        used.len() < USED_MAX && used.insert(*challenge, made_at).is_none()
    }
}

/// What a browser answers, as it came.
pub struct Answer<'a> {
    /// The name of the credential.
    pub credential: &'a [u8],
    /// What the browser says it was asked.
    pub client_data: &'a [u8],
    /// What the authenticator signed, beside that.
    pub authenticator: &'a [u8],
    /// Its signature; empty when a key is made.
    pub signature: &'a [u8],
}

/// Where the browser is: `https://HOST[:PORT]`, or `http://localhost[:PORT]`.
pub struct Place<'a> {
    /// The host with its port, as the request names it.
    pub host: &'a str,
}

/// What the browser says it was asked.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    sort: String,
    challenge: String,
    origin: String,
    /// Within a frame of another site.
    #[serde(default, rename = "crossOrigin")]
    is_in_frame: bool,
}

/// Why an answer proves nobody, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It answers no question of ours, or was not given here, or nobody was there.
    Answer,
    /// No such key is known, or its owner was disabled.
    Unknown,
    /// The key did not sign it.
    Signature,
    /// Its counter did not go on: somebody may have copied it.
    Copied,
}

impl Doubt {
    /// The reason in the audit log.
    pub const fn words(self) -> &'static str {
        match self {
            Doubt::Answer => "passkey: no answer to a question of this hub",
            Doubt::Unknown => "passkey: not known here",
            Doubt::Signature => "passkey: not signed by its key",
            Doubt::Copied => "passkey: its counter did not go on, it may be a copy",
        }
    }
}

/// What came of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Whether it is somebody.
    pub proof: Proof,
    /// Why not, and whose key it was, as far as it is known.
    pub doubt: Option<(Doubt, Option<String>)>,
}

impl Place<'_> {
    /// The name for which a key is: the host without its port.
    fn party(&self) -> &str {
        self.host.rsplit_once(':').map_or(self.host, |(name, _)| name)
    }

    fn is(&self, origin: &str) -> bool {
        let is_local = self.party() == "localhost" && origin.strip_prefix("http://") == Some(self.host);
        is_local || origin.strip_prefix("https://") == Some(self.host)
    }
}

/// Whether the answer is one to our own question, given here, by somebody who was present and proved it; `None` if not.
/// Returns the counter.
fn is_answered(challenges: &Challenges, answer: &Answer<'_>, place: &Place<'_>, sort: &str, now: i64) -> Option<u32> {
    let data: ClientData = serde_json::from_slice(answer.client_data).ok()?;
    let challenge = from_base64url(&data.challenge)?.try_into().ok()?;
    let authenticator = answer.authenticator;
    let head = authenticator.get(..FIXED_LEN)?;
    let is_ours = data.sort == sort
        && !data.is_in_frame
        && place.is(&data.origin)
        && head[..32] == Sha256::digest(place.party().as_bytes())[..]
        && head[32] & (PRESENT | VERIFIED) == PRESENT | VERIFIED;
    let counter = u32::from_be_bytes(head[33..FIXED_LEN].try_into().ok()?);
    (is_ours && challenges.take(&challenge, now)).then_some(counter)
}

/// The credential's name and its key, out of what an authenticator says of a new one.
fn attached(authenticator: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let flags = *authenticator.get(32)?;
    // Behind the fixed part: the maker's model, the length of the name, the name, the key.
    let rest = authenticator.get(FIXED_LEN + 16..)?;
    let length = usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?));
    let name = rest.get(2..2 + length)?;
    let key = key_of(rest.get(2 + length..)?)?;
    (flags & ATTACHED != 0 && (1..=CREDENTIAL_LEN_MAX).contains(&length)).then_some((name, key))
}

const POINT_LEN: usize = 65;
const EDWARDS_LEN: usize = 32;
const MODULUS_LEN: usize = 256;
const RSA_LEN: usize = MODULUS_LEN + 3;

/// A public key out of COSE. Each sort has one form alone in CTAP2's canonical CBOR; here it is told apart by its length:
/// an uncompressed point of P-256, a point of Ed25519, or a modulus of 2,048 bits and the exponent behind it.
fn key_of(cose: &[u8]) -> Option<Vec<u8>> {
    // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    if let Some(rest) = cose.strip_prefix(&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20]) {
        let (x, y) = (rest.get(..32)?, rest.get(32..)?.strip_prefix(&[0x22, 0x58, 0x20])?.get(..32)?);
        return Some([&[4], x, y].concat());
    }
    // {1: 1, 3: -8, -1: 6, -2: x}
    if let Some(x) = cose.strip_prefix(&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20]) {
        return Some(x.get(..EDWARDS_LEN)?.to_vec());
    }
    // {1: 3, 3: -257, -1: n, -2: e}
    let rest = cose.strip_prefix(&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0])?;
    let (n, e) = (rest.get(..MODULUS_LEN)?, rest.get(MODULUS_LEN..)?.strip_prefix(&[0x21, 0x43])?.get(..3)?);
    Some([n, e].concat())
}

/// Whether this key signed this.
fn is_signed(key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    let by = |algorithm: &'static dyn signature::VerificationAlgorithm| {
        signature::UnparsedPublicKey::new(algorithm, key).verify(signed, signature).is_ok()
    };
    match key.len() {
        POINT_LEN => by(&signature::ECDSA_P256_SHA256_ASN1),
        EDWARDS_LEN => by(&signature::ED25519),
        RSA_LEN => {
            let (n, e) = key.split_at(MODULUS_LEN);
            let key = signature::RsaPublicKeyComponents { n, e };
            key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
        }
        _ => false,
    }
}

/// A passkey as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    /// The name of the credential.
    pub credential: Vec<u8>,
    /// Its name among people.
    pub name: String,
    /// When it was added.
    pub added_at: i64,
}

impl Users {
    /// Takes a new passkey of `user`; `false` if the answer is not one to our question, or there are enough.
    pub fn add_passkey(
        &self,
        user: &User,
        answer: &Answer<'_>,
        place: &Place<'_>,
        name: &str,
    ) -> Result<bool, UserError> {
        let now = clock::now().0;
        let Some(counter) = is_answered(&self.challenges, answer, place, "webauthn.create", now) else {
            return Ok(false);
        };
        let Some((credential, key)) = attached(answer.authenticator) else { return Ok(false) };
        let name: String = web::page::visible(name).chars().take(NAME_CHARS_MAX).collect();
        let sql = "INSERT INTO passkey (credential, user, public_key, counter, name, added_at)
                   SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM passkey WHERE user = ?2) < ?7
                   ON CONFLICT (credential) DO NOTHING";
        Ok(self.db().execute(sql, params![credential, user.id, key, counter, name, now, KEYS_MAX])? == 1)
    }

    /// Whose passkey answered. A wrong answer counts as a wrong password does: for the address, and for whose key it was.
    pub fn prove_passkey(&self, answer: &Answer<'_>, place: &Place<'_>, address: &str) -> Result<Proved, UserError> {
        let now = clock::now().0;
        if self.tries.must_wait("", address, now) {
            return Ok(Proved { proof: Proof::Wait, doubt: None });
        }
        let wrong = |doubt: Doubt, login: Option<String>| {
            let is_last = self.tries.wrong(login.as_deref().unwrap_or_default(), address, now);
            Ok(Proved { proof: Proof::Wrong { is_last }, doubt: Some((doubt, login)) })
        };
        let Some(counter) = is_answered(&self.challenges, answer, place, "webauthn.get", now) else {
            return wrong(Doubt::Answer, None);
        };
        let Some((user, key, known)) = self.passkey(answer.credential)? else { return wrong(Doubt::Unknown, None) };
        if self.tries.must_wait(&user.login, address, now) {
            return Ok(Proved { proof: Proof::Wait, doubt: None });
        }
        let signed = [answer.authenticator, &Sha256::digest(answer.client_data)[..]].concat();
        if !is_signed(&key, &signed, answer.signature) {
            return wrong(Doubt::Signature, Some(user.login));
        }
        // Authenticators without a counter say 0 for ever. Of two answers at once only one finds the counter as it was.
        let goes_on = counter > known || (counter == 0 && known == 0);
        let sql = "UPDATE passkey SET counter = ?2 WHERE credential = ?1 AND counter = ?3";
        if !goes_on || self.db().execute(sql, params![answer.credential, counter, known])? == 0 {
            return wrong(Doubt::Copied, Some(user.login));
        }
        self.tries.right(&user.login);
        Ok(Proved { proof: Proof::Right(Box::new(user)), doubt: None })
    }

    /// The owner, the public key and the counter of a passkey.
    fn passkey(&self, credential: &[u8]) -> Result<Option<(User, Vec<u8>, u32)>, UserError> {
        let db = self.db();
        let sql = format!(
            "SELECT {USER_COLUMNS}, passkey.public_key, passkey.counter FROM passkey JOIN user ON user.id = passkey.user
             WHERE passkey.credential = ?1 AND user.disabled_at IS NULL"
        );
        let mut query = db.prepare_cached(&sql)?;
        let found = query.query_row([credential], |row| Ok((user_line(row)?, row.get(11)?, row.get(12)?)));
        Ok(found.optional()?)
    }

    /// The passkeys of an operator, the oldest first.
    pub fn passkeys(&self, user: &User) -> Result<Vec<KeyLine>, UserError> {
        let db = self.db();
        let mut query =
            db.prepare_cached("SELECT credential, name, added_at FROM passkey WHERE user = ?1 ORDER BY added_at")?;
        let rows = query.query_map([user.id], |row| {
            Ok(KeyLine { credential: row.get(0)?, name: row.get(1)?, added_at: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes a passkey of `user` away; `true` if there was one.
    pub fn remove_passkey(&self, user: &User, credential: &[u8]) -> Result<bool, UserError> {
        let sql = "DELETE FROM passkey WHERE user = ?1 AND credential = ?2";
        Ok(self.db().execute(sql, params![user.id, credential])? == 1)
    }
}

/// Base 64 as browsers write a challenge: without padding, `-` and `_`.
fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for sign in text.trim_end_matches('=').bytes() {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use civic_core::id::from_hex;
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
    };

    use super::*;

    /// A fob as the standard describes it.
    pub(crate) struct Fob {
        pair: Pair,
        credential: Vec<u8>,
        pub(crate) counter: u32,
        pub(crate) flags: u8,
    }

    enum Pair {
        P256(EcdsaKeyPair),
        Edwards(Ed25519KeyPair),
    }

    /// What it says, in the parts of [`Answer`].
    pub(crate) struct Said {
        pub(crate) credential: Vec<u8>,
        pub(crate) client_data: Vec<u8>,
        pub(crate) authenticator: Vec<u8>,
        pub(crate) signature: Vec<u8>,
    }

    impl Said {
        pub(crate) fn answer(&self) -> Answer<'_> {
            let Self { credential, client_data, authenticator, signature } = self;
            Answer { credential, client_data, authenticator, signature }
        }
    }

    impl Fob {
        pub(crate) fn new() -> Self {
            let random = SystemRandom::new();
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
            Self::with(Pair::P256(pair))
        }

        pub(crate) fn of_edwards() -> Self {
            let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
            Self::with(Pair::Edwards(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap()))
        }

        fn with(pair: Pair) -> Self {
            Self { pair, credential: clock::random::<16>().to_vec(), counter: 1, flags: PRESENT | VERIFIED }
        }

        pub(crate) fn say(&mut self, sort: &str, challenge: &[u8; 32], host: &str, origin: &str) -> Said {
            let data = serde_json::json!({"type": sort, "challenge": to_base64url(challenge), "origin": origin});
            let client_data = serde_json::to_vec(&data).unwrap();
            let is_new = sort == "webauthn.create";
            let flags = if is_new { self.flags | ATTACHED } else { self.flags };
            let mut authenticator = Sha256::digest(host.as_bytes()).to_vec();
            authenticator.push(flags);
            authenticator.extend(self.counter.to_be_bytes());
            self.counter += 1;
            if is_new {
                authenticator.extend([0; 16]);
                authenticator.extend([0, 16]);
                authenticator.extend(&self.credential);
                authenticator.extend(match &self.pair {
                    Pair::P256(pair) => {
                        let point = pair.public_key().as_ref();
                        let head = [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20];
                        [&head[..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat()
                    }
                    Pair::Edwards(pair) => {
                        let head = [0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20];
                        [&head[..], pair.public_key().as_ref()].concat()
                    }
                });
            }
            let signed = [&authenticator[..], &Sha256::digest(&client_data)[..]].concat();
            let signature = match &self.pair {
                Pair::P256(pair) => pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec(),
                Pair::Edwards(pair) => pair.sign(&signed).as_ref().to_vec(),
            };
            Said { credential: self.credential.clone(), client_data, authenticator, signature }
        }
    }

    fn to_base64url(bytes: &[u8]) -> String {
        const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::new();
        for three in bytes.chunks(3) {
            let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            (0..=three.len()).for_each(|place| text.push(char::from(SIGNS[(bits >> (18 - 6 * place) & 63) as usize])));
        }
        text
    }

    #[test]
    fn a_challenge_counts_once_and_not_for_ever_and_only_if_it_is_ours() {
        let (ours, other) = (Challenges::default(), Challenges::default());
        let (challenge, now) = (ours.draw(), clock::now().0);
        assert!(!other.take(&challenge, now));
        assert!(!ours.take(&challenge, now + ANSWER_S + 60));
        assert!(ours.take(&challenge, now) && !ours.take(&challenge, now));
        assert_eq!(from_base64url(&to_base64url(&challenge)).unwrap(), challenge);
        assert_eq!(from_base64url("a+b"), None);
        let flood = (0..USED_MAX as u64).map(|number| (std::array::from_fn(|at| number.to_be_bytes()[at % 8]), now));
        ours.used.lock().unwrap().extend(flood);
        assert!(!ours.take(&ours.draw(), now), "a flood is not remembered without end");
        assert!(ours.take(&ours.sealed([(now + 400).to_be_bytes(), [1; 8]]), now + 400), "and is over after minutes");
    }

    #[test]
    fn only_a_whole_answer_given_here_by_somebody_present_is_one() {
        let challenges = Challenges::default();
        let place = Place { host: "huiyin.example:8443" };
        let origin = "https://huiyin.example:8443";
        let now = clock::now().0;
        let try_it = |flags: u8, sort: &str, host: &str, origin: &str| {
            let said = Fob { flags, ..Fob::new() }.say(sort, &challenges.draw(), host, origin);
            is_answered(&challenges, &said.answer(), &place, "webauthn.get", now).is_some()
        };
        let both = PRESENT | VERIFIED;
        assert!(try_it(both, "webauthn.get", "huiyin.example", origin));
        assert!(!try_it(both, "webauthn.create", "huiyin.example", origin));
        assert!(!try_it(PRESENT, "webauthn.get", "huiyin.example", origin), "somebody only touched it");
        assert!(!try_it(both, "webauthn.get", "evil.example", origin));
        assert!(!try_it(both, "webauthn.get", "huiyin.example", "https://evil.example:8443"));
        assert!(!try_it(both, "webauthn.get", "huiyin.example", "http://huiyin.example:8443"));
        let local = Place { host: "localhost:8080" };
        assert!(local.is("http://localhost:8080") && !local.is("http://localhost:8081"));
        let mut said = Fob::new().say("webauthn.get", &challenges.draw(), "huiyin.example", origin);
        said.client_data.pop();
        said.client_data.extend(b",\"crossOrigin\":true}");
        assert_eq!(is_answered(&challenges, &said.answer(), &place, "webauthn.get", now), None, "within another page");
    }

    #[test]
    fn a_key_is_read_in_the_one_form_of_its_sort_and_cut_short_it_is_none() {
        for mut fob in [Fob::new(), Fob::of_edwards()] {
            let said = fob.say("webauthn.create", &[0; 32], "x", "https://x");
            let (name, key) = attached(&said.authenticator).unwrap();
            let signed = [&said.authenticator[..], &Sha256::digest(&said.client_data)[..]].concat();
            assert!(name == said.credential && is_signed(&key, &signed, &said.signature));
            assert!(!is_signed(&key, &signed[1..], &said.signature));
            for length in 0..said.authenticator.len() {
                assert_eq!(attached(&said.authenticator[..length]), None, "{length} bytes of it");
            }
        }
        assert!(!is_signed(&[], b"", b"") && !is_signed(&[4; 64], b"", b""));
    }

    /// A key of 2,048 bits and its signature over "huiyin", both made with `openssl`.
    const MODULUS: &str = "908caa45ff1286cb6c03e92d9ec18cb7d4ab86890f0efdc9cca645f46eb3f64bb4f0b75ab29eed2677e598d0f4a95dc5219e1a17\
        a78dfd7164585b13aceeee327537f4821e918292566f7bd96c0fd484cb5c959072675213b759ba99c669b5314441dbbbe90e1de6\
        7aba2b2fc0ef6e38676278ebc1abc9240f816a8d71367d8b93d7f5c8b091109a5e91c29914434ca6eb579f164762b871e6e9e823\
        da2dc818f214e47300aa82dd9b2f113d1fad4a98a9e9f79e2b1180e61166f92f69e216968d67128959d1f693294cef0a2a200fe9\
        f7e569a2aad427beef901df299c0841cc2f80ce6f0ef98e67b77a98de1c919fbd8de7e5ccfd9e530fde47de727afb251";
    const SIGNATURE: &str = "77000b3ff739a9a82de74ba798e7a3e30f1a36b0221e34c2f62883af3afb4809b82090bd4a5b675406304b4e707026836eb7c308\
        e3ce6fac557ce117bdeb14f5c38c452250442e88fe157709573c4fae8d73d0a24ca2228a853ccada9826c853cbd1127450900f35\
        96e01ac7c1e20a6a80c7f153f1bf0135d4c14106bbfc1f4c342b7498d947ad2aa272ca7c03adbeac18ae9105664595e5d0cfa07d\
        76a34059247b2da5e7a6d2e300fe6066a052b1bf3dc4e50701d62ae17f0e282c9845ed267dfaf9643e85da53f66170e7715992ce\
        445be6904c516f234a3392816b07a8caaedfa5362a26dfcb67d18ee0929a502e7ed43ef466ff71487923b4f89908160d";

    #[test]
    fn a_key_of_an_older_computer_is_taken() {
        let head = [0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0];
        let cose = [&head[..], &from_hex(MODULUS).unwrap(), &[0x21, 0x43, 1, 0, 1]].concat();
        let key = key_of(&cose).unwrap();
        let signature = from_hex(SIGNATURE).unwrap();
        assert!(is_signed(&key, b"huiyin", &signature) && !is_signed(&key, b"Huiyin", &signature));
        assert_eq!(key_of(&cose[..cose.len() - 1]), None);
    }
}
