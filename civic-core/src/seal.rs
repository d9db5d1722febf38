//! Envelopes: personal details, voices, drawings and photos sealed to the county's key at the moment of entry, and opened
//! only at the hub.
//!
//! HPKE (RFC 9180) in base mode with X25519, HKDF-SHA256 and ChaCha20-Poly1305. The associated data binds an envelope to
//! its record, to the key epoch, and an attachment to its kind, so that it cannot be moved to another.
//!
//! ```text
//! byte      suite (1)
//! 4 bytes   key epoch, big-endian
//! 32 bytes  encapsulated key
//! rest      ciphertext with its tag
//! ```
//!
//! The plain text of personal details is a list: a byte that says which (1 name, 2 telephone), and the text after its
//! length. One that this program does not know is passed over. What is sealed does not compress, so it is kept short. The
//! plain text of an attachment is its bytes.

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

const SUITE: u8 = 1;
const INFO_CONTACT: &[u8] = b"huiyin personal details v1";
const INFO_ATTACHMENT: &[u8] = b"huiyin attachment v1";
const KEY_LEN: usize = 32;
const HEADER_LEN: usize = 1 + 4;
const TAG_LEN: usize = 16;
const NAME: u8 = 1;
const PHONE: u8 = 2;

/// Longest envelope of personal details that is kept. Longer details are refused.
pub const ENVELOPE_LEN_MAX: usize = 4 * 1024;
/// By how much an envelope is longer than what is in it.
pub const ENVELOPE_OVERHEAD: usize = HEADER_LEN + KEY_LEN + TAG_LEN;

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
    /// The details are longer than [`ENVELOPE_LEN_MAX`] allows, or an attachment than its kind does.
    #[error("what is to be sealed is too long")]
    TooLong,
    /// Not an envelope, or sealed to another key.
    #[error("envelope cannot be opened with this key for this record")]
    Closed,
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

    fn decode(plain: &[u8]) -> Result<Self, Malformed> {
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

    /// The public half.
    pub fn seal_key(&self) -> Result<SealKey, SealError> {
        let secret =
            <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&self.secret).map_err(|_| SealError::Closed)?;
        Ok(SealKey { epoch: self.epoch, public: X25519HkdfSha256::sk_to_pk(&secret).to_bytes().into() })
    }
}

/// Seals `contact` for the record `doc`.
pub fn seal(key: &SealKey, doc: &DocId, contact: &Contact, seed: Seed) -> Result<Vec<u8>, SealError> {
    let plain = contact.encode();
    if plain.len() > ENVELOPE_LEN_MAX / 2 {
        return Err(SealError::TooLong);
    }
    close(key, INFO_CONTACT, &bound_to(doc, key.epoch), &plain, seed)
}

/// Opens an envelope of the record `doc`.
pub fn open(key: &OpenKey, doc: &DocId, envelope: &[u8]) -> Result<Contact, SealError> {
    if envelope.len() > ENVELOPE_LEN_MAX {
        return Err(SealError::Closed);
    }
    let plain = uncover(key, INFO_CONTACT, &bound_to(doc, key.epoch), envelope)?;
    Contact::decode(&plain).map_err(|_| SealError::Closed)
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
    if plain.len() + ENVELOPE_OVERHEAD > kind.len_max() {
        return Err(SealError::TooLong);
    }
    close(key, INFO_ATTACHMENT, &attachment_bound_to(doc, key.epoch, kind), plain, seed)
}

/// Opens an attachment of this kind of the record `doc`; nothing of it is decoded.
pub fn open_attachment(
    key: &OpenKey,
    doc: &DocId,
    kind: AttachmentKind,
    envelope: &[u8],
) -> Result<Vec<u8>, SealError> {
    if envelope.len() > kind.len_max() {
        return Err(SealError::Closed);
    }
    uncover(key, INFO_ATTACHMENT, &attachment_bound_to(doc, key.epoch, kind), envelope)
}

fn close(key: &SealKey, info: &[u8], bound_to: &[u8], plain: &[u8], seed: Seed) -> Result<Vec<u8>, SealError> {
    let public = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&key.public).map_err(|_| SealError::Closed)?;
    let (encapsulated, ciphertext) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        info,
        plain,
        bound_to,
        &mut Stream::new(seed),
    )
    .map_err(|_| SealError::Closed)?;
    let mut envelope = Vec::with_capacity(plain.len() + ENVELOPE_OVERHEAD);
    envelope.push(SUITE);
    envelope.extend_from_slice(&key.epoch.to_be_bytes());
    envelope.extend_from_slice(&encapsulated.to_bytes());
    envelope.extend_from_slice(&ciphertext);
    Ok(envelope)
}

fn uncover(key: &OpenKey, info: &[u8], bound_to: &[u8], envelope: &[u8]) -> Result<Vec<u8>, SealError> {
    let (header, rest) = envelope.split_at_checked(HEADER_LEN).ok_or(SealError::Closed)?;
    let (encapsulated, ciphertext) = rest.split_at_checked(KEY_LEN).ok_or(SealError::Closed)?;
    if header[0] != SUITE || header[1..] != key.epoch.to_be_bytes() {
        return Err(SealError::Closed);
    }
    let secret = <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&key.secret).map_err(|_| SealError::Closed)?;
    let encapsulated =
        <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| SealError::Closed)?;
    single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated,
        info,
        ciphertext,
        bound_to,
    )
    .map_err(|_| SealError::Closed)
}

fn bound_to(doc: &DocId, epoch: u32) -> Vec<u8> {
    [doc.as_bytes(), &epoch.to_be_bytes()[..]].concat()
}

fn attachment_bound_to(doc: &DocId, epoch: u32, kind: AttachmentKind) -> Vec<u8> {
    [&bound_to(doc, epoch)[..], &[kind.number()]].concat()
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
    fn details_never_show_in_debug_output() {
        assert_eq!(format!("{:?}", Contact { name: "王".into(), phone: "1".into() }), "Contact(sealed)");
    }
}
