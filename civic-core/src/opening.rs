//! The opening part of a ticket: its number finds a slip, this opens it, and only its holder has it.
//!
//! A slip lies on every kiosk of the county, so everything on it that tells of the matter is sealed under a key of 128
//! random bits ([`SlipKey`]). The holder has the key twice: whole in the square code of the paper, and once more behind a
//! number of nine digits ([`OpeningNumber`]), which they can read out or type. Whoever takes an opinion down draws both
//! ([`Opening`]), tells them to the person, and forgets them; to the county travels, sealed to its key, what it needs to
//! write slips ([`Deposit`]): the key, and the lock that the number opens ([`Lock`]). The number itself goes nowhere.
//!
//! ```text
//! code     49 digits: the ticket's ten, the key as a decimal number of 39; digits alone, because scanners type them
//! lock     16 bytes salt, made from the key · 32 bytes the key under Argon2id(number, salt), with its tag
//! sealed   byte 1 (the form) · 12 bytes nonce · ciphertext with its tag; bound to the form and the ticket
//! ```
//!
//! **How strong it is.** The key cannot be tried. The number can, by whoever holds a card with the lock on it: eight of its
//! digits are drawn, the ninth is a check digit, so there are 100,000,000. One try is Argon2id over 64 MiB in one pass, made
//! so that it takes about a second on a Raspberry Pi 3; a desk computer does some ten a second on each core, and trying all
//! takes it about four months on one core, half of that on average. A strong graphics card does perhaps two thousand a
//! second and has tried all in fourteen hours. Every slip must be tried for itself. So the number keeps the curious
//! neighbour and the finder of a lost card out, and costs somebody with money and a purpose about a day for each slip:
//! a slip must never tell more than its holder would say aloud at the station. At a kiosk nobody tries a hundred: each
//! wrong number makes the next wait longer.
//!
//! **What it does not protect.** Whoever has the paper, or looks at it, has all of it. A slip that was sealed anew under
//! another opening (`reopen`) is still in the history of every card under the first one, as it stood then.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};

use crate::{
    id::{DocId, from_hex, hex},
    seal::{self, Content, OpenKey, SealError, SealKey, Seed},
    ticket::{TICKET_DIGITS, Ticket, damm},
};

/// How many digits an opening number has.
pub const NUMBER_DIGITS: usize = 9;
/// How many digits the code of a ticket with its opening has.
pub const CODE_DIGITS: usize = TICKET_DIGITS + KEY_DIGITS;
/// How long a lock is.
pub const LOCK_LEN: usize = SALT_LEN + KEY_LEN + TAG_LEN;

const KEY_LEN: usize = 16;
const KEY_DIGITS: usize = 39;
const SALT_LEN: usize = 16;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
const ARGON2_KIB: u32 = 64 * 1024;
const ARGON2_PASSES: u32 = 1;
const FORM: u8 = 1;
/// The key of a lock seals one thing and never another, so its nonce need not differ.
const LOCK_NONCE: [u8; NONCE_LEN] = [0; NONCE_LEN];

/// The long part, in the square code. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SlipKey([u8; KEY_LEN]);

/// The short part: nine digits, of which the last is a check digit. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpeningNumber(u32);

/// What the holder of a ticket is given beside its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The long part.
    pub key: SlipKey,
    /// The short part.
    pub number: OpeningNumber,
}

/// What lies on the slip for whoever has the short part.
#[derive(Clone, PartialEq, Eq)]
pub struct Lock([u8; LOCK_LEN]);

/// What the county gets, sealed to its key: with it, it writes slips that the holder can open.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Deposit {
    /// Under which the slip is sealed.
    pub key: SlipKey,
    /// For the slip.
    pub lock: Lock,
}

/// A ticket as its holder has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stub {
    /// The number that finds.
    pub ticket: Ticket,
    /// The part that opens; `None` of a ticket that was given without one.
    pub opening: Option<Opening>,
}

/// Why what was typed is no opening number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Not nine digits.
    #[error("an opening number has nine digits")]
    Length,
    /// The check digit does not fit: a digit is wrong, or two are swapped.
    #[error("the check digit does not fit, so a digit is wrong or two are swapped")]
    CheckDigit,
}

impl Opening {
    /// The opening of these random bytes.
    pub fn new(random: [u8; 24]) -> Self {
        let [.., a, b, c, d, e, f, g, h] = random;
        let mut key = [0; KEY_LEN];
        key.copy_from_slice(&random[..KEY_LEN]);
        Self { key: SlipKey(key), number: OpeningNumber::new(u64::from_le_bytes([a, b, c, d, e, f, g, h])) }
    }

    /// The opening of part `part` of a form with this secret: the same form sent again gives the same opening. Whoever keeps
    /// the form keeps its secret with it, and forgets it once the form is carried out.
    pub fn of_form(secret: &str, part: u64) -> Self {
        let mut random = [0; 24];
        let mut hasher = blake3::Hasher::new_derive_key("huiyin opening of a form v1");
        hasher.update(&part.to_le_bytes()).update(secret.as_bytes()).finalize_xof().fill(&mut random);
        Self::new(random)
    }

    /// What the county gets of it. Slow on purpose: ask once.
    pub fn deposit(&self) -> Deposit {
        let salt = self.key.salt();
        let plain = Payload { msg: &self.key.0[..], aad: &salt };
        let wrapped = self.number.cipher(&salt).encrypt(&Nonce::from(LOCK_NONCE), plain).unwrap_or_default();
        let mut lock = [0; LOCK_LEN];
        lock[..SALT_LEN].copy_from_slice(&salt);
        // A key and its tag are always this long.
        lock[SALT_LEN..].copy_from_slice(&wrapped);
        Deposit { key: self.key.clone(), lock: Lock(lock) }
    }
}

impl SlipKey {
    /// Seals what a slip tells under `ticket`. The same words give the same bytes, so that writing a slip again changes
    /// nothing; other words have another nonce.
    pub fn seal(&self, ticket: &Ticket, plain: &[u8]) -> Vec<u8> {
        let aad = bound_to(ticket);
        let mut nonce = [0; NONCE_LEN];
        let mut hasher = blake3::Hasher::new_keyed(&self.derived("huiyin slip nonce v1"));
        hasher.update(&aad).update(plain).finalize_xof().fill(&mut nonce);
        // Only what is longer than any slip cannot be sealed.
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad }).unwrap_or_default();
        [&[FORM][..], &nonce, &sealed].concat()
    }

    /// Opens what a slip tells; `None` if it was sealed under another key or for another ticket.
    pub fn open(&self, ticket: &Ticket, sealed: &[u8]) -> Option<Vec<u8>> {
        let (form, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
        let nonce: [u8; NONCE_LEN] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: &bound_to(ticket) };
        self.cipher().decrypt(&Nonce::from(nonce), payload).ok().filter(|_| *form == FORM)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.derived("huiyin slip seal v1").into())
    }

    fn salt(&self) -> [u8; SALT_LEN] {
        let mut salt = [0; SALT_LEN];
        salt.copy_from_slice(&self.derived("huiyin slip salt v1")[..SALT_LEN]);
        salt
    }

    fn derived(&self, what: &str) -> [u8; 32] {
        blake3::derive_key(what, &self.0)
    }
}

fn bound_to(ticket: &Ticket) -> Vec<u8> {
    [&[FORM][..], ticket.digits().as_bytes()].concat()
}

impl OpeningNumber {
    fn new(random: u64) -> Self {
        // A hundred million out of 2^64: no number comes noticeably more often than another.
        let drawn = (random % 100_000_000) as u32;
        Self(drawn * 10 + u32::from(damm(&format!("{drawn:08}"))))
    }

    /// Reads what a person typed; spaces and dashes between digits do not matter.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{3000}')).collect();
        if digits.len() != NUMBER_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadNumber::Length);
        }
        if damm(&digits) != 0 {
            return Err(BadNumber::CheckDigit);
        }
        digits.parse().map(Self).map_err(|_| BadNumber::Length)
    }

    /// The nine digits without spaces.
    pub fn digits(&self) -> String {
        format!("{:09}", self.0)
    }

    fn cipher(&self, salt: &[u8]) -> ChaCha20Poly1305 {
        let mut stretched = [0; 32];
        let params =
            Params::new(ARGON2_KIB, ARGON2_PASSES, 1, Some(stretched.len())).expect("the parameters are in range");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.digits().as_bytes(), salt, &mut stretched)
            .expect("the lengths are in range");
        ChaCha20Poly1305::new(&stretched.into())
    }
}

impl Lock {
    /// Reads a lock; `None` for one of another length, which a newer program may have made.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; LOCK_LEN] {
        &self.0
    }

    /// The key behind it, if this is the number. Slow on purpose, about a second on a Raspberry Pi 3.
    pub fn open(&self, number: OpeningNumber) -> Option<SlipKey> {
        let (salt, wrapped) = self.0.split_at(SALT_LEN);
        let key = number.cipher(salt).decrypt(&Nonce::from(LOCK_NONCE), Payload { msg: wrapped, aad: salt }).ok()?;
        key.try_into().ok().map(SlipKey)
    }
}

impl Deposit {
    /// Seals it to the county for the slip of the opinion `doc`.
    pub fn seal(&self, key: &SealKey, doc: &DocId, seed: Seed) -> Result<Vec<u8>, SealError> {
        seal::put_in(Content::Opening, key, doc, &self.bytes(), seed)
    }

    /// Opens what was sealed so.
    pub fn open(key: &OpenKey, doc: &DocId, envelope: &[u8]) -> Result<Self, SealError> {
        let plain = seal::take_out(Content::Opening, key, doc, envelope)?;
        Self::from_slice(&plain).ok_or(SealError::Closed)
    }

    /// The key, and the lock behind it.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.key.0[..], &self.lock.0].concat()
    }

    /// Reads those bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let (key, lock) = bytes.split_at_checked(KEY_LEN)?;
        Some(Self { key: SlipKey(key.try_into().ok()?), lock: Lock::from_slice(lock)? })
    }
}

impl Stub {
    /// The digits of its square code: the ticket alone where nothing opens it.
    pub fn code(&self) -> String {
        let ticket = self.ticket.digits();
        match &self.opening {
            Some(opening) => format!("{ticket}{:0KEY_DIGITS$}", u128::from_be_bytes(opening.key.0)),
            None => ticket,
        }
    }
}

/// Reads the digits of a square code that opens; `None` for anything else, as for the code of a ticket alone.
pub fn read_code(digits: &str) -> Option<(Ticket, SlipKey)> {
    let (ticket, key) = digits.split_at_checked(TICKET_DIGITS)?;
    let is_key = key.len() == KEY_DIGITS && key.bytes().all(|byte| byte.is_ascii_digit());
    let key: u128 = key.parse().ok().filter(|_| is_key)?;
    Some((Ticket::parse(ticket).ok()?, SlipKey(key.to_be_bytes())))
}

/// Grouped for the eye, and otherwise than a ticket: `482 103 759`.
impl fmt::Display for OpeningNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        write!(f, "{} {} {}", &digits[..3], &digits[3..6], &digits[6..])
    }
}

impl fmt::Debug for OpeningNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningNumber(hidden)")
    }
}

impl fmt::Debug for SlipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlipKey(hidden)")
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lock({})", &hex(&self.0)[..8])
    }
}

impl fmt::Debug for Deposit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deposit({:?})", self.lock)
    }
}

impl From<OpeningNumber> for String {
    fn from(number: OpeningNumber) -> Self {
        number.digits()
    }
}

impl TryFrom<String> for OpeningNumber {
    type Error = BadNumber;
    fn try_from(text: String) -> Result<Self, BadNumber> {
        Self::parse(&text)
    }
}

impl From<SlipKey> for String {
    fn from(key: SlipKey) -> Self {
        hex(&key.0)
    }
}

impl TryFrom<String> for SlipKey {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        let bytes = from_hex(&text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("a slip's key has 32 hexadecimal digits")
    }
}

impl From<Deposit> for String {
    fn from(deposit: Deposit) -> Self {
        hex(&deposit.bytes())
    }
}

impl TryFrom<String> for Deposit {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        from_hex(&text).and_then(|bytes| Self::from_slice(&bytes)).ok_or("this is no deposit of a slip")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(byte: u8) -> Opening {
        Opening::new([byte; 24])
    }

    fn ticket(serial: u32) -> Ticket {
        Ticket::new(412, serial).unwrap()
    }

    #[test]
    fn the_number_opens_the_lock_and_a_wrong_one_does_not() {
        let mine = opening(7);
        let lock = mine.deposit().lock;
        assert_eq!(lock.open(mine.number), Some(mine.key.clone()));
        assert_eq!(lock.open(opening(8).number), None);
        let whole = lock.as_bytes().to_vec();
        for key in [mine.key.0.to_vec(), mine.number.digits().into_bytes()] {
            assert!(!whole.windows(key.len()).any(|window| window == key));
        }
    }

    #[test]
    fn a_form_sent_again_gives_the_same_openings_and_each_part_its_own() {
        assert_eq!(Opening::of_form("ab", 1), Opening::of_form("ab", 1));
        assert!(
            [Opening::of_form("ab", 2), Opening::of_form("ac", 1)].iter().all(|it| *it != Opening::of_form("ab", 1))
        );
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_ticket_alone_and_the_same_words_seal_alike() {
        let (mine, other) = (opening(7).key, opening(8).key);
        let sealed = mine.seal(&ticket(1), "下月就修".as_bytes());
        assert_eq!(mine.open(&ticket(1), &sealed).as_deref(), Some("下月就修".as_bytes()));
        assert_eq!(mine.open(&ticket(2), &sealed), None);
        assert_eq!(other.open(&ticket(1), &sealed), None);
        assert_eq!(sealed, mine.seal(&ticket(1), "下月就修".as_bytes()));
        assert_ne!(sealed[1..13], mine.seal(&ticket(1), "下月就修好".as_bytes())[1..13]);
        for place in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[place] ^= 1;
            assert_eq!(mine.open(&ticket(1), &bent), None, "byte {place}");
        }
    }

    #[test]
    fn a_code_is_digits_alone_and_reads_back_and_that_of_a_bare_ticket_opens_nothing() {
        for byte in [0, 7, 255] {
            let stub = Stub { ticket: ticket(18_376), opening: Some(opening(byte)) };
            let code = stub.code();
            assert!(code.len() == CODE_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit()));
            assert_eq!(read_code(&code), Some((stub.ticket, opening(byte).key)));
            assert_eq!(read_code(&code[1..]), None);
        }
        assert_eq!(read_code(&Stub { ticket: ticket(1), opening: None }.code()), None);
        assert_eq!(read_code(&format!("{}{}", ticket(1).digits(), "9".repeat(39))), None, "longer than 128 bits");
    }

    #[test]
    fn a_number_reads_back_as_typed_and_a_slip_of_the_finger_is_no_try() {
        let number = opening(0x5a).number;
        assert_eq!(OpeningNumber::parse(&number.to_string()), Ok(number));
        assert_eq!(OpeningNumber::parse(&number.digits()[1..]), Err(BadNumber::Length));
        for at in 0..NUMBER_DIGITS {
            let mut wrong = number.digits().into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + 1) % 10;
            assert_eq!(OpeningNumber::parse(std::str::from_utf8(&wrong).unwrap()), Err(BadNumber::CheckDigit));
        }
    }

    #[test]
    fn the_county_gets_the_key_and_the_lock_and_nothing_shows_in_debug_output() {
        let hub = OpenKey::make(1, Seed([1; 32]));
        let (doc, deposit) = (DocId::new([7; 16]), opening(7).deposit());
        let envelope = deposit.seal(&hub.seal_key().unwrap(), &doc, Seed([2; 32])).unwrap();
        assert_eq!(Deposit::open(&hub, &doc, &envelope), Ok(deposit.clone()));
        assert_eq!(Deposit::open(&hub, &DocId::new([8; 16]), &envelope), Err(SealError::Closed));
        assert_eq!(Content::of(&envelope), Some(Content::Opening));
        assert_eq!(String::from(deposit.clone()).try_into(), Ok(deposit));
        assert_eq!(format!("{:?}", opening(7)), "Opening { key: SlipKey(hidden), number: OpeningNumber(hidden) }");
    }
}
