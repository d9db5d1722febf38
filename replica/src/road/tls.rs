//! Who is on the other end: the county's authority, its certificates, and the checks on both sides.
//!
//! One Ed25519 key identifies a device in TLS and under its runs. The hub believes a certificate of the county's
//! authority whose key stands in its register *now*; one that has expired, or that the authority before this one signed,
//! opens the door to [renewal](crate::renewal) and to nothing else. A device believes a hub under one of the two
//! authorities that it was given, the present one and the spare, and judges it by a clock that the hub has proven
//! ([`crate::clock::believed`]).

use std::{sync::Arc, time::Duration};

use civic_core::{
    id::{DeviceId, hex},
    time::UnixSeconds,
};
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
    time_provider::TimeProvider,
};

/// The name in the hub's certificate, which a device asks for whatever address it calls.
pub const HUB_NAME: &str = "hub.huiyin";
/// What is spoken on a connection between enrolled devices.
pub const ALPN_MEET: &[u8] = b"huiyin/1";
/// What is spoken between two devices in one room.
pub const ALPN_NEAR: &[u8] = b"huiyin-near/1";
/// What is spoken with a carrier by a machine that is no device yet.
pub const ALPN_NEWCOMER: &[u8] = b"huiyin-near-enrol/1";
/// What is spoken by a device that is not enrolled yet.
pub const ALPN_ENROL: &[u8] = b"huiyin-enrol/1";
/// How long a device's certificate opens every door. One that has expired still opens renewal, so a device that was
/// offline for two years finds its way home.
pub const CERTIFICATE_DAYS: i64 = 400;
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
    name: String,
    /// Its own certificate, DER.
    pub certificate: Vec<u8>,
}

/// What a certificate opens at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Everything.
    Full,
    /// Renewal alone: it has expired, or an authority signed it that was retired.
    Renewal,
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
    /// Makes an authority of a county. Its name holds the beginning of its key, so that two of one county are told apart.
    pub fn make(key: SigningKey, county: &str, now: UnixSeconds) -> Result<Self, TlsError> {
        let public = Public(key.verifying_key().to_bytes());
        let name = authority_name(county, &public.0);
        let mut params = authority_params(&name)?;
        set_validity(&mut params, now.0 - DAY_S, None);
        let certificate = params.self_signed(&Signing(&key, public))?.der().to_vec();
        Ok(Self { key, name, certificate })
    }

    /// Takes up an authority that was made before.
    pub fn load(key: SigningKey, county: &str, certificate: Vec<u8>) -> Self {
        let name = authority_name(county, &key.verifying_key().to_bytes());
        let is_named = certificate.windows(name.len()).any(|piece| piece == name.as_bytes());
        // The first authorities had no key in their name.
        let name = if is_named { name } else { format!("Huiyin county authority {county}") };
        Self { key, name, certificate }
    }

    /// Whether its certificate is for its key.
    pub fn is_whole(&self) -> bool {
        key_in(&self.certificate) == Some(self.key.verifying_key().to_bytes())
    }

    /// Certifies the key of a device, for [`CERTIFICATE_DAYS`].
    pub fn certify(&self, public_key: &[u8; 32], now: UnixSeconds) -> Result<Vec<u8>, TlsError> {
        let mut params = CertificateParams::new(vec![format!("{}.device.huiyin", DeviceId::of(public_key))])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        // A day back: the clocks of two honest machines differ.
        set_validity(&mut params, now.0 - DAY_S, Some(now.0 + CERTIFICATE_DAYS * DAY_S));
        self.sign(params, public_key)
    }

    /// Certifies the hub's own key for good: a device that has been away judges it by the time that it heard last, however
    /// long ago, and a hub that is no more is left behind by going over to the spare authority.
    pub fn certify_hub(&self, public_key: &[u8; 32]) -> Result<Vec<u8>, TlsError> {
        let mut params = CertificateParams::new(vec![HUB_NAME.to_owned()])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        set_validity(&mut params, 0, None);
        self.sign(params, public_key)
    }

    fn sign(&self, mut params: CertificateParams, public_key: &[u8; 32]) -> Result<Vec<u8>, TlsError> {
        params.distinguished_name = named(&DeviceId::of(public_key).to_string());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let signing = Signing(&self.key, Public(self.key.verifying_key().to_bytes()));
        let issuer = Issuer::new(authority_params(&self.name)?, signing);
        Ok(params.signed_by(&Public(*public_key), &issuer)?.der().to_vec())
    }
}

fn authority_name(county: &str, public_key: &[u8; 32]) -> String {
    format!("Huiyin county authority {county} {}", hex(&public_key[..4]))
}

/// The authority's name and uses, the same whenever it signs.
fn authority_params(name: &str) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// From one second of the year 1970 on to another; for good if there is none.
fn set_validity(params: &mut CertificateParams, from: i64, until: Option<i64>) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let after = |seconds: i64| Duration::from_secs(seconds.max(0).unsigned_abs());
    params.not_before = epoch + after(from);
    // The last day that a certificate can name (RFC 5280).
    params.not_after = until.map_or_else(|| rcgen::date_time_ymd(9999, 12, 31), |until| epoch + after(until));
}

/// Whether two certificates come from one authority.
pub fn is_same_authority(one: &[u8], other: &[u8]) -> bool {
    let issuer = |certificate: &[u8]| {
        let certificate = CertificateDer::from(certificate);
        webpki::EndEntityCert::try_from(&certificate).ok().map(|parsed| parsed.issuer().to_vec())
    };
    issuer(one).is_some_and(|issuer_of_one| Some(issuer_of_one) == issuer(other))
}

/// The Ed25519 key in a certificate of these bytes, if that is what it holds.
pub fn key_in(certificate: &[u8]) -> Option<[u8; 32]> {
    public_key_of(&CertificateDer::from(certificate))
}

fn public_key_of(certificate: &CertificateDer<'_>) -> Option<[u8; 32]> {
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

fn roots(authorities: &[Vec<u8>]) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(CertificateDer::from(authority.clone()))?;
    }
    Ok(Arc::new(roots))
}

/// Whether these are certificates of authorities, and at least one.
pub fn can_believe(authorities: &[Vec<u8>]) -> bool {
    roots(authorities).is_ok_and(|roots| !roots.is_empty())
}

/// How the hub speaks; `door` is asked for every connection, so a key that is struck off is out at once.
pub fn hub_config(key: &SigningKey, door: Arc<Door>) -> Result<ServerConfig, TlsError> {
    let certificate = CertificateDer::from(door.certificate.clone());
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(door)
        .with_single_cert(vec![certificate], private_key(key))?;
    config.alpn_protocols = vec![ALPN_MEET.to_vec(), ALPN_ENROL.to_vec()];
    // No tickets and no early data: little to gain, replay and revocation to lose.
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// How an enrolled device speaks to its hub, which must have a certificate of one of `authorities` that is good at the
/// time `believed`.
pub fn device_config(
    key: &SigningKey,
    certificate: Vec<u8>,
    authorities: &[Vec<u8>],
    believed: UnixSeconds,
) -> Result<ClientConfig, TlsError> {
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(authorities)?, provider()).build()?;
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(At(believed)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_webpki_verifier(verifier)
        .with_client_auth_cert(vec![CertificateDer::from(certificate)], private_key(key))?;
    config.alpn_protocols = vec![ALPN_MEET.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// How a device speaks to another of its county, and answers it.
pub struct Near {
    /// When it calls.
    pub calls: ClientConfig,
    /// When it is called.
    pub answers: ServerConfig,
}

/// How an enrolled device speaks to another, whichever of the two calls, at the time `believed`.
pub fn near_configs(
    key: &SigningKey,
    certificate: Vec<u8>,
    authorities: &[Vec<u8>],
    believed: UnixSeconds,
) -> Result<Near, TlsError> {
    let inner = WebPkiClientVerifier::builder_with_provider(roots(authorities)?, provider()).build()?;
    let neighbours = Arc::new(Neighbour(inner));
    let chain = vec![CertificateDer::from(certificate)];
    let mut calls = ClientConfig::builder_with_details(provider(), Arc::new(At(believed)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(neighbours.clone())
        .with_client_auth_cert(chain.clone(), private_key(key))?;
    let mut answers = ServerConfig::builder_with_details(provider(), Arc::new(At(believed)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(neighbours)
        .with_single_cert(chain, private_key(key))?;
    calls.alpn_protocols = vec![ALPN_NEAR.to_vec()];
    calls.resumption = rustls::client::Resumption::disabled();
    answers.alpn_protocols = vec![ALPN_NEAR.to_vec(), ALPN_NEWCOMER.to_vec()];
    answers.send_tls13_tickets = 0;
    Ok(Near { calls, answers })
}

/// Any device of the county calls and answers with one certificate; its name is its key, and not an address. One that has
/// expired is good enough for carrying: a device that is never online cannot renew it, and the register decides at the hub.
#[derive(Debug)]
struct Neighbour(Arc<dyn ClientCertVerifier>);

impl Neighbour {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        match self.0.verify_client_cert(end_entity, intermediates, now) {
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
                self.0.verify_client_cert(end_entity, intermediates, not_after)
            }
            verified => verified,
        }
    }
}

impl ServerCertVerifier for Neighbour {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verify(end_entity, intermediates, now).map(|_| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

impl ClientCertVerifier for Neighbour {
    /// Whoever is no device yet has none, and nothing is open to it but asking.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[TlsName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.verify(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// How a device speaks that knows no county yet: it believes anyone here, and the enrolment code proves the hub instead. The
/// protocol is [`ALPN_ENROL`] with a hub, and [`ALPN_NEWCOMER`] with a carrier.
pub fn newcomer_config(protocol: &[u8]) -> Result<ClientConfig, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider())))
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// The time that a device believes it is.
#[derive(Debug)]
struct At(UnixSeconds);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0))
    }
}

fn unix_time(at: UnixSeconds) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(at.0.max(0).unsigned_abs()))
}

/// The hub's door: certificates of the county whose key stands in the register now; or none at all, for those who want to
/// enrol.
pub struct Door {
    certificate: Vec<u8>,
    inner: Arc<dyn ClientCertVerifier>,
    is_registered: IsRegistered,
    clock: fn() -> UnixSeconds,
}

impl Door {
    /// The door of a hub with this certificate. It opens to certificates of `authority`, and for renewal to those of
    /// `retired`.
    pub fn new(
        certificate: Vec<u8>,
        authority: Vec<u8>,
        retired: Option<Vec<u8>>,
        is_registered: IsRegistered,
        clock: fn() -> UnixSeconds,
    ) -> Result<Self, TlsError> {
        let authorities: Vec<_> = [authority].into_iter().chain(retired).collect();
        let inner = WebPkiClientVerifier::builder_with_provider(roots(&authorities)?, provider()).build()?;
        Ok(Self { certificate, inner, is_registered, clock })
    }

    /// What time it is at this hub.
    pub fn now(&self) -> UnixSeconds {
        (self.clock)()
    }

    /// What a device's certificate opens now.
    pub fn passage(&self, certificate: &[u8]) -> Result<Passage, rustls::Error> {
        let der = CertificateDer::from(certificate);
        // First, so that whoever watches the register hears of another county's devices, too.
        if !public_key_of(&der).is_some_and(|key| (self.is_registered)(&key)) {
            return Err(rustls::Error::InvalidCertificate(CertificateError::Revoked));
        }
        let verify = |at| self.inner.verify_client_cert(&der, &[], at);
        match verify(unix_time(self.now())) {
            Ok(_) if is_same_authority(certificate, &self.certificate) => Ok(Passage::Full),
            Ok(_) => Ok(Passage::Renewal),
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
                verify(not_after).map(|_| Passage::Renewal)
            }
            Err(error) => Err(error),
        }
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door")
    }
}

impl ClientCertVerifier for Door {
    fn root_hint_subjects(&self) -> &[TlsName] {
        self.inner.root_hint_subjects()
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.passage(end_entity).map(|_| ClientCertVerified::assertion())
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
