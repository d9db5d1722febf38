//! Envelopes: what is sealed to the county's key at the moment of entry, and opened only at the hub. Personal details
//! ([`Contact`]) are one thing that lies in an envelope, records of people at a kiosk ([`crate::sealed`]) another, voices,
//! drawings and photos a third, what opens a slip ([`crate::opening`]) a fourth; which it is stands on the envelope, so that
//! the hub can count ballots without ever opening a name.
//!
//! HPKE (RFC 9180) in base mode with X25519, HKDF-SHA256 and ChaCha20-Poly1305. The associated data binds an envelope to
//! its record, to the key epoch, and an attachment to its kind, so that it cannot be moved to another.
//!
//! ```text
//! byte      what is in it: 1 personal details, 2 a record, 3 an attachment, 4 what opens a slip; the suite is the same
//! 4 bytes   key epoch, big-endian
//! 32 bytes  encapsulated key
//! rest      ciphertext with its tag
//! ```
//!
//! The plain text of personal details is a list: a byte that says which (1 name, 2 telephone), and the text after its
//! length. One that this program does not know is passed over. What is sealed does not compress, so it is kept short.
//! The plain text of an attachment is its bytes.

use std::convert::Infallible;

use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256, single_shot_open, single_shot_seal_with_rng,
};
use rand_core::{TryCryptoRng, TryRng};
use serde::{Deserialize, Serialize};

use crate::{
    attachment::AttachmentKind,
    codec::{Malformed, Reader, put_bytes},
    id::DocId,
};

type PublicKey = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

const KEY_LEN: usize = 32;
const HEADER_LEN: usize = 1 + 4;
const NAME: u8 = 1;
const PHONE: u8 = 2;
const TAG_LEN: usize = 16;

const PARCEL_INFO: &[u8] = b"huiyin parcel v1";

/// Longest sealed parcel: a message of the longest kind, and what is said around it.
pub const PARCEL_LEN_MAX: usize = 4 * 1024 * 1024;
/// By how much a sealed parcel is longer than what is in it.
pub const PARCEL_OVERHEAD: usize = KEY_LEN + TAG_LEN;
/// Longest envelope of personal details that is kept.
pub const ENVELOPE_LEN_MAX: usize = 4 * 1024;
/// By how much an envelope is longer than what is in it.
pub const ENVELOPE_OVERHEAD: usize = HEADER_LEN + KEY_LEN + TAG_LEN;
/// Longest envelope of a record that is kept.
pub const RECORD_ENVELOPE_LEN_MAX: usize = 48 * 1024;

/// What lies in an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Name and telephone.
    Contact,
    /// What somebody said at a kiosk: [`crate::sealed::Record`].
    Record,
    /// A voice, a drawing, a photo.
    Attachment(AttachmentKind),
    /// What opens a slip: [`crate::opening::Deposit`].
    Opening,
}

impl Content {
    /// What it says on the envelope of an entry; `None` for one that a newer program sealed.
    pub fn of(envelope: &[u8]) -> Option<Self> {
        [Content::Contact, Content::Record, Content::Opening]
            .into_iter()
            .find(|content| envelope.first() == Some(&content.number()))
    }

    const fn number(self) -> u8 {
        match self {
            Content::Contact => 1,
            Content::Record => 2,
            Content::Attachment(_) => 3,
            Content::Opening => 4,
        }
    }

    const fn info(self) -> &'static [u8] {
        match self {
            Content::Contact => b"huiyin personal details v1",
            Content::Record => b"huiyin sealed record v1",
            Content::Attachment(_) => b"huiyin attachment v1",
            Content::Opening => b"huiyin slip opening v1",
        }
    }

    const fn len_max(self) -> usize {
        match self {
            Content::Contact | Content::Opening => ENVELOPE_LEN_MAX,
            Content::Record => RECORD_ENVELOPE_LEN_MAX,
            Content::Attachment(kind) => kind.len_max(),
        }
    }

    fn bound_to(self, doc: &DocId, epoch: u32) -> Vec<u8> {
        let mut bound = [doc.as_bytes(), &epoch.to_be_bytes()[..]].concat();
        if let Content::Attachment(kind) = self {
            bound.push(kind.number());
        }
        bound
    }
}

/// The public key of one epoch, which every device holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealKey {
    /// Which epoch.
    pub epoch: u32,
    /// X25519 public key.
    pub public: [u8; KEY_LEN],
}

/// The private key of one epoch, which only the hub holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenKey {
    /// Which epoch.
    pub epoch: u32,
    secret: [u8; KEY_LEN],
}

/// Who spoke, if they chose to say so. Never in a document, a log line or an error.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// 姓名
    pub name: String,
    /// 电话
    pub phone: String,
}

/// Why an envelope cannot be made or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// What is to be sealed is longer than an envelope may be.
    #[error("what is to be sealed is too long")]
    TooLong,
    /// Not an envelope, or sealed to another key.
    #[error("envelope cannot be opened with this key for this record")]
    Closed,
    /// Sealed to the key of another hub of the county, which opens it.
    #[error("envelope is sealed to epoch {0}, whose key another hub has")]
    Elsewhere(u32),
    /// Sealed to an epoch whose key was destroyed: nobody will ever open it.
    #[error("envelope was sealed to epoch {0}, whose key is destroyed")]
    Destroyed(u32),
}

/// Randomness as an argument: 32 bytes that the caller drew for this one use.
pub struct Seed(pub [u8; 32]);

impl Seed {
    /// A seed for sealing just this: the same attachment of the same record gives the same envelope, and so the same name,
    /// when its form is sent again. Nobody can guess it who does not know `secret`, which never leaves its device.
    pub fn of_attachment(secret: &[u8; 32], doc: &DocId, kind: AttachmentKind, plain: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("huiyin attachment seed v1");
        hasher.update(secret).update(doc.as_bytes()).update(&[kind.number()]).update(plain);
        Self(*hasher.finalize().as_bytes())
    }
}

impl Contact {
    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.name.is_empty() && self.phone.is_empty()
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (which, text) in [(NAME, &self.name), (PHONE, &self.phone)].into_iter().filter(|(_, text)| !text.is_empty())
        {
            out.push(which);
            put_bytes(&mut out, text.as_bytes());
        }
        out
    }

    /// Reads what was in an envelope ([`open_contact`]).
    pub fn decode(plain: &[u8]) -> Result<Self, Malformed> {
        let mut contact = Self::default();
        let mut reader = Reader::new(plain);
        while !reader.rest().is_empty() {
            let which = reader.byte()?;
            let text = reader.text(ENVELOPE_LEN_MAX)?;
            match which {
                NAME => contact.name = text.to_owned(),
                PHONE => contact.phone = text.to_owned(),
                _ => {}
            }
        }
        Ok(contact)
    }
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(sealed)")
    }
}

impl std::fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenKey(epoch {})", self.epoch)
    }
}

impl OpenKey {
    /// Makes the key of an epoch.
    pub fn make(epoch: u32, seed: Seed) -> Self {
        let (secret, _) = X25519HkdfSha256::gen_keypair_with_rng(&mut Stream::new(seed));
        Self { epoch, secret: secret.to_bytes().into() }
    }

    /// The key with which a device opens parcels for it. `secret` is X25519, derived from the key with which it signs.
    pub fn of_device(secret: [u8; KEY_LEN]) -> Self {
        Self { epoch: 0, secret }
    }

    fn halves(&self, encapsulated: &[u8]) -> Result<(PrivateKey, EncappedKey), SealError> {
        let secret = PrivateKey::from_bytes(&self.secret).map_err(|_| SealError::Closed)?;
        Ok((secret, EncappedKey::from_bytes(encapsulated).map_err(|_| SealError::Closed)?))
    }

    /// The public half.
    pub fn seal_key(&self) -> Result<SealKey, SealError> {
        let secret = PrivateKey::from_bytes(&self.secret).map_err(|_| SealError::Closed)?;
        Ok(SealKey { epoch: self.epoch, public: X25519HkdfSha256::sk_to_pk(&secret).to_bytes().into() })
    }
}

/// The epoch that stands on an envelope; `None` if it is none.
pub fn epoch_of(envelope: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(envelope.get(1..HEADER_LEN)?.try_into().ok()?))
}

/// Seals `contact` for the record `doc`.
pub fn seal(key: &SealKey, doc: &DocId, contact: &Contact, seed: Seed) -> Result<Vec<u8>, SealError> {
    put_in(Content::Contact, key, doc, &contact.encode(), seed)
}

/// Opens an envelope of the record `doc`.
pub fn open(key: &OpenKey, doc: &DocId, envelope: &[u8]) -> Result<Contact, SealError> {
    Contact::decode(&open_contact(key, doc, envelope)?).map_err(|_| SealError::Closed)
}

/// Opens an envelope of the record `doc` as the bytes that were sealed, with whatever in them a newer program knows.
pub fn open_contact(key: &OpenKey, doc: &DocId, envelope: &[u8]) -> Result<Vec<u8>, SealError> {
    take_out(Content::Contact, key, doc, envelope)
}

/// Seals the bytes of an attachment for the record `doc`, in one piece. With its envelope it may be as long as its kind
/// allows.
pub fn seal_attachment(
    key: &SealKey,
    doc: &DocId,
    kind: AttachmentKind,
    plain: &[u8],
    seed: Seed,
) -> Result<Vec<u8>, SealError> {
    put_in(Content::Attachment(kind), key, doc, plain, seed)
}

/// Opens an attachment of this kind of the record `doc`; nothing of it is decoded.
pub fn open_attachment(
    key: &OpenKey,
    doc: &DocId,
    kind: AttachmentKind,
    envelope: &[u8],
) -> Result<Vec<u8>, SealError> {
    take_out(Content::Attachment(kind), key, doc, envelope)
}

/// Puts bytes into an envelope of the record `doc`.
pub(crate) fn put_in(
    content: Content,
    key: &SealKey,
    doc: &DocId,
    plain: &[u8],
    seed: Seed,
) -> Result<Vec<u8>, SealError> {
    let public = PublicKey::from_bytes(&key.public).map_err(|_| SealError::Closed)?;
    if plain.len() + ENVELOPE_OVERHEAD > content.len_max() {
        return Err(SealError::TooLong);
    }
    let (encapsulated, ciphertext) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        content.info(),
        plain,
        &content.bound_to(doc, key.epoch),
        &mut Stream::new(seed),
    )
    .map_err(|_| SealError::Closed)?;
    let mut envelope = Vec::with_capacity(plain.len() + ENVELOPE_OVERHEAD);
    envelope.push(content.number());
    envelope.extend_from_slice(&key.epoch.to_be_bytes());
    envelope.extend_from_slice(&encapsulated.to_bytes());
    envelope.extend_from_slice(&ciphertext);
    Ok(envelope)
}

/// Takes the bytes out of an envelope of the record `doc`.
pub(crate) fn take_out(content: Content, key: &OpenKey, doc: &DocId, envelope: &[u8]) -> Result<Vec<u8>, SealError> {
    let (header, rest) = envelope.split_at_checked(HEADER_LEN).ok_or(SealError::Closed)?;
    let (encapsulated, ciphertext) = rest.split_at_checked(KEY_LEN).ok_or(SealError::Closed)?;
    if header[0] != content.number() || header[1..] != key.epoch.to_be_bytes() || envelope.len() > content.len_max() {
        return Err(SealError::Closed);
    }
    let (secret, encapsulated) = key.halves(encapsulated)?;
    single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated,
        content.info(),
        ciphertext,
        &content.bound_to(doc, key.epoch),
    )
    .map_err(|_| SealError::Closed)
}

/// Seals a parcel to whoever holds the other half of `public`. Nothing on the outside says for whom it is.
pub fn seal_parcel(public: &[u8; KEY_LEN], plain: &[u8], seed: Seed) -> Result<Vec<u8>, SealError> {
    let public = PublicKey::from_bytes(public).map_err(|_| SealError::Closed)?;
    if plain.len() + PARCEL_OVERHEAD > PARCEL_LEN_MAX {
        return Err(SealError::TooLong);
    }
    let (encapsulated, ciphertext) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        PARCEL_INFO,
        plain,
        &[],
        &mut Stream::new(seed),
    )
    .map_err(|_| SealError::Closed)?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

/// Opens a parcel; [`SealError::Closed`] if it is for somebody else, or damaged.
pub fn open_parcel(key: &OpenKey, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (encapsulated, ciphertext) = sealed.split_at_checked(KEY_LEN).ok_or(SealError::Closed)?;
    if sealed.len() > PARCEL_LEN_MAX {
        return Err(SealError::TooLong);
    }
    let (secret, encapsulated) = key.halves(encapsulated)?;
    single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated,
        PARCEL_INFO,
        ciphertext,
        &[],
    )
    .map_err(|_| SealError::Closed)
}

/// A key stream from the caller's seed, in the shape HPKE asks for.
struct Stream(blake3::OutputReader);

impl Stream {
    fn new(seed: Seed) -> Self {
        Self(blake3::Hasher::new_derive_key("huiyin seal randomness v1").update(&seed.0).finalize_xof())
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Stream {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_opens_at_the_hub_and_only_for_its_record() {
        let hub = OpenKey::make(1, Seed([1; 32]));
        let key = hub.seal_key().unwrap();
        let contact = Contact { name: "王小明".into(), phone: "10001234567".into() };
        let doc = DocId::new([7; 16]);
        let envelope = seal(&key, &doc, &contact, Seed([2; 32])).unwrap();
        assert!(!envelope.windows(4).any(|piece| piece == b"1000"));
        assert_eq!(open(&hub, &doc, &envelope), Ok(contact));
        assert_eq!(open(&hub, &DocId::new([8; 16]), &envelope), Err(SealError::Closed));
        assert_eq!(open(&OpenKey::make(1, Seed([3; 32])), &doc, &envelope), Err(SealError::Closed));
        assert_eq!(open(&hub, &doc, &envelope[..20]), Err(SealError::Closed));
    }

    #[test]
    fn a_voice_opens_at_the_hub_as_the_voice_of_its_record_and_as_nothing_else() {
        use AttachmentKind::{Ink, Voice};
        let hub = OpenKey::make(1, Seed([1; 32]));
        let key = hub.seal_key().unwrap();
        let doc = DocId::new([7; 16]);
        let plain: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        let sealed = seal_attachment(&key, &doc, Voice, &plain, Seed([2; 32])).unwrap();
        assert_eq!(sealed.len(), plain.len() + ENVELOPE_OVERHEAD);
        assert_eq!(open_attachment(&hub, &doc, Voice, &sealed), Ok(plain.clone()));
        assert_eq!(open_attachment(&hub, &doc, Ink, &sealed), Err(SealError::Closed));
        assert_eq!(open_attachment(&hub, &DocId::new([8; 16]), Voice, &sealed), Err(SealError::Closed));
        let too_long = vec![0; Voice.len_max() - ENVELOPE_OVERHEAD + 1];
        assert_eq!(seal_attachment(&key, &doc, Voice, &too_long, Seed([2; 32])), Err(SealError::TooLong));
        assert!(seal_attachment(&key, &doc, Voice, &too_long[1..], Seed([2; 32])).is_ok());
    }

    #[test]
    fn one_voice_of_one_record_seals_alike_and_any_other_otherwise() {
        let seed = |secret: u8, doc: u8, plain: &[u8]| {
            Seed::of_attachment(&[secret; 32], &DocId::new([doc; 16]), AttachmentKind::Voice, plain).0
        };
        assert_eq!(seed(1, 1, b"one"), seed(1, 1, b"one"));
        assert!(
            [seed(2, 1, b"one"), seed(1, 2, b"one"), seed(1, 1, b"two")].iter().all(|it| *it != seed(1, 1, b"one"))
        );
    }

    #[test]
    fn an_envelope_of_one_thing_does_not_open_as_another() {
        let hub = OpenKey::make(1, Seed([1; 32]));
        let doc = DocId::new([7; 16]);
        let mut envelope = put_in(Content::Record, &hub.seal_key().unwrap(), &doc, b"{}", Seed([2; 32])).unwrap();
        assert_eq!(Content::of(&envelope), Some(Content::Record));
        assert_eq!(take_out(Content::Record, &hub, &doc, &envelope).as_deref(), Ok(&b"{}"[..]));
        assert_eq!(open(&hub, &doc, &envelope), Err(SealError::Closed));
        envelope[0] = 1;
        assert_eq!(open(&hub, &doc, &envelope), Err(SealError::Closed));
        let long = put_in(Content::Contact, &hub.seal_key().unwrap(), &doc, &[0; ENVELOPE_LEN_MAX], Seed([2; 32]));
        assert_eq!(long, Err(SealError::TooLong));
    }

    #[test]
    fn a_parcel_opens_for_whom_it_was_sealed_and_tells_others_nothing_but_its_length() {
        let (hub, device) = (OpenKey::make(1, Seed([1; 32])), OpenKey::of_device([9; 32]));
        for (to, other) in [(&hub, &device), (&device, &hub)] {
            let sealed = seal_parcel(&to.seal_key().unwrap().public, b"runs", Seed([2; 32])).unwrap();
            assert_eq!(sealed.len(), 4 + PARCEL_OVERHEAD);
            assert_eq!(open_parcel(to, &sealed).as_deref(), Ok(&b"runs"[..]));
            assert_eq!(open_parcel(other, &sealed), Err(SealError::Closed));
            for place in 0..sealed.len() {
                let mut bent = sealed.clone();
                bent[place] ^= 1;
                assert_eq!(open_parcel(to, &bent), Err(SealError::Closed), "byte {place}");
            }
        }
        let key = hub.seal_key().unwrap().public;
        assert_eq!(seal_parcel(&key, &vec![0; PARCEL_LEN_MAX], Seed([2; 32])), Err(SealError::TooLong));
    }

    #[test]
    fn details_never_show_in_debug_output() {
        assert_eq!(format!("{:?}", Contact { name: "王".into(), phone: "1".into() }), "Contact(sealed)");
    }
}
