//! Who is on the other end: the county's authority, its certificates, and the checks on both sides.
//!
//! One Ed25519 key identifies a device in TLS and under its runs. The hub believes a certificate of the county's
//! authority whose key stands in its register *now*; a device believes only the hub's key under the authority that it
//! was given when it was enrolled. A device's clock is never believed to be earlier than what the hub last told it.

use std::{sync::Arc, time::Duration};

use civic_core::{id::DeviceId, time::UnixSeconds};
use ed25519_dalek::{Signer as _, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, PublicKeyData, SignatureAlgorithm,
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName as TlsName, RootCertStore, ServerConfig,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    time_provider::{DefaultTimeProvider, TimeProvider},
};

/// The name in the hub's certificate, which a device asks for whatever address it calls.
pub const HUB_NAME: &str = "hub.huiyin";
/// What is spoken on a connection between enrolled devices.
pub const ALPN_MEET: &[u8] = b"huiyin/1";
/// What is spoken by a device that is not enrolled yet.
pub const ALPN_ENROL: &[u8] = b"huiyin-enrol/1";
/// Long, because the register decides who is let in; a device that was offline for a year still finds its way home.
const CERTIFICATE_DAYS: i64 = 3_650;
const AUTHORITY_DAYS: i64 = 7_300;
const DAY_S: i64 = 86_400;

/// A certificate could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// While making one.
    #[error("certificate could not be made")]
    Make(#[from] rcgen::Error),
    /// While using one.
    #[error("certificate or key cannot be used")]
    Use(#[from] rustls::Error),
    /// While setting up the check of others.
    #[error("the county's authority cannot be used")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

/// The county's certificate authority.
pub struct Authority {
    key: SigningKey,
    county: String,
    /// Its own certificate, DER.
    pub certificate: Vec<u8>,
}

/// Whether a device with this public key stands in the register now.
pub type IsRegistered = Arc<dyn Fn(&[u8; 32]) -> bool + Send + Sync>;

/// Ed25519 as rcgen wants it.
struct Public([u8; 32]);
struct Signing<'a>(&'a SigningKey, Public);

impl PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl PublicKeyData for Signing<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.1.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for Signing<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }
}

impl Authority {
    /// Makes the authority of a county.
    pub fn make(key: SigningKey, county: &str, now: UnixSeconds) -> Result<Self, TlsError> {
        let mut params = authority_params(county)?;
        set_validity(&mut params, now, AUTHORITY_DAYS);
        let public = Public(key.verifying_key().to_bytes());
        let certificate = params.self_signed(&Signing(&key, public))?.der().to_vec();
        Ok(Self { key, county: county.to_owned(), certificate })
    }

    /// Takes up an authority that was made before.
    pub fn load(key: SigningKey, county: &str, certificate: Vec<u8>) -> Self {
        Self { key, county: county.to_owned(), certificate }
    }

    /// Whether the certificate is for the key beside it.
    pub fn holds_its_key(&self) -> bool {
        public_key_of(&self.certificate.as_slice().into()) == Some(self.key.verifying_key().to_bytes())
    }

    /// Certifies the key of a device; `is_hub` gives it the hub's name.
    pub fn certify(&self, public_key: &[u8; 32], is_hub: bool, now: UnixSeconds) -> Result<Vec<u8>, TlsError> {
        let name = if is_hub { HUB_NAME.to_owned() } else { format!("{}.device.huiyin", DeviceId::of(public_key)) };
        let mut params = CertificateParams::new(vec![name])?;
        params.distinguished_name = named(&DeviceId::of(public_key).to_string());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![if is_hub { ExtendedKeyUsagePurpose::ServerAuth } else { ExtendedKeyUsagePurpose::ClientAuth }];
        set_validity(&mut params, now, CERTIFICATE_DAYS);
        let signing = Signing(&self.key, Public(self.key.verifying_key().to_bytes()));
        let issuer = Issuer::new(authority_params(&self.county)?, signing);
        Ok(params.signed_by(&Public(*public_key), &issuer)?.der().to_vec())
    }
}

/// The authority's name and uses, the same whenever it signs.
fn authority_params(county: &str) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(&format!("Huiyin county authority {county}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn set_validity(params: &mut CertificateParams, now: UnixSeconds, days: i64) {
    // A day back: the clocks of two honest machines differ.
    let at = |seconds: i64| {
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        epoch + Duration::from_secs(seconds.max(0).unsigned_abs())
    };
    params.not_before = at(now.0 - DAY_S);
    params.not_after = at(now.0 + days * DAY_S);
}

/// The Ed25519 key in a certificate, if that is what it holds.
pub fn public_key_of(certificate: &CertificateDer<'_>) -> Option<[u8; 32]> {
    let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
    let info = parsed.subject_public_key_info();
    // SubjectPublicKeyInfo of Ed25519 is 12 fixed bytes and the key (RFC 8410).
    info.as_ref().strip_prefix(&ED25519_INFO)?.try_into().ok()
}

const ED25519_INFO: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

fn private_key(key: &SigningKey) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from([&ED25519_PKCS8[..], &key.to_bytes()].concat()).into()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn roots(authority: &[u8]) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec()))?;
    Ok(Arc::new(roots))
}

/// How the hub speaks. `is_registered` is asked for every connection, so a key that is struck off is out at once.
pub fn hub_config(
    key: &SigningKey,
    certificate: Vec<u8>,
    authority: &[u8],
    is_registered: IsRegistered,
) -> Result<ServerConfig, TlsError> {
    let inner = WebPkiClientVerifier::builder_with_provider(roots(authority)?, provider()).build()?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(Registered { inner, is_registered }))
        .with_single_cert(vec![CertificateDer::from(certificate)], private_key(key))?;
    config.alpn_protocols = vec![ALPN_MEET.to_vec(), ALPN_ENROL.to_vec()];
    // No tickets and no early data: little to gain, replay and revocation to lose.
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// How an enrolled device speaks to its hub. Its clock is held to be at least `floor`.
pub fn device_config(
    key: &SigningKey,
    certificate: Vec<u8>,
    authority: &[u8],
    floor: UnixSeconds,
) -> Result<ClientConfig, TlsError> {
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(authority)?, provider()).build()?;
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(Floored(floor)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_webpki_verifier(verifier)
        .with_client_auth_cert(vec![CertificateDer::from(certificate)], private_key(key))?;
    config.alpn_protocols = vec![ALPN_MEET.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// How a device speaks that knows no county yet: it believes anyone here, and the enrolment code proves the hub instead.
pub fn newcomer_config() -> Result<ClientConfig, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider())))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN_ENROL.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// A clock that is never earlier than what the hub last said: a Pi without a battery begins in 1970.
#[derive(Debug)]
struct Floored(UnixSeconds);

impl TimeProvider for Floored {
    fn current_time(&self) -> Option<UnixTime> {
        let now = DefaultTimeProvider.current_time()?.as_secs();
        Some(UnixTime::since_unix_epoch(Duration::from_secs(now.max(self.0.0.max(0).unsigned_abs()))))
    }
}

/// Certificates of the county whose key stands in the register now; or none at all, for those who want to enrol.
struct Registered {
    inner: Arc<dyn ClientCertVerifier>,
    is_registered: IsRegistered,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registered")
    }
}

impl ClientCertVerifier for Registered {
    fn root_hint_subjects(&self) -> &[TlsName] {
        self.inner.root_hint_subjects()
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.inner.verify_client_cert(end_entity, intermediates, now)?;
        match public_key_of(end_entity) {
            Some(key) if (self.is_registered)(&key) => Ok(verified),
            Some(_) | None => Err(rustls::Error::InvalidCertificate(CertificateError::Revoked)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// See [`newcomer_config`].
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
