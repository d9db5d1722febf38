//! TLS for the operators' pages: a certificate that was given, or one from an authority of the hub's own, which speaks for
//! the hub's names and for nothing else, so that trusting it opens no other door.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use axum::serve::Listener;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
};
use replica::{clock, dir::DataDir};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _},
};
use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Key and names of the authority, readable by the hub alone.
const FILE: &str = "console-authority.json";
/// What operators' machines are told to trust; nothing in it is secret.
pub const CERTIFICATE_FILE: &str = "console-authority.pem";
const AUTHORITY_DAYS: i64 = 3_650;
/// Browsers believe no longer; a new one is made at every start.
const CERTIFICATE_DAYS: i64 = 390;
const DAY_S: i64 = 24 * 3_600;
/// Handshakes at once; more wait in the system's own queue.
const HANDSHAKES_MAX: usize = 64;
/// Whoever is slower is hung up on.
const HANDSHAKE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
struct Kept {
    names: Vec<String>,
    key: String,
    certificate: String,
}

/// The certificate and key in these PEM files.
pub fn given(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let read = || format!("Reading {}", certificate.display());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).with_context(read)?.collect();
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| format!("Reading {}", key.display()))?;
    config(chain.with_context(read)?, key)
}

/// A certificate for `names` from the authority in `dir`, which is made first if there is none.
pub fn own(dir: &DataDir, county: &str, names: &[String]) -> anyhow::Result<ServerConfig> {
    let kept = match dir.read(FILE)? {
        Some(text) => serde_json::from_slice(&text).with_context(|| format!("Reading {FILE}"))?,
        None => make_authority(dir, county, names)?,
    };
    if let Some(other) = names.iter().find(|name| !kept.names.contains(name)) {
        bail!(
            "the authority of these pages speaks for {} and not for {other}; take {FILE} away to make another, which every \
             operator's machine must then trust anew",
            kept.names.join(", ")
        );
    }
    let key = KeyPair::from_pem(&kept.key).with_context(|| format!("Reading {FILE}"))?;
    let issuer = Issuer::new(authority_params(county, &kept.names)?, key);
    let own_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = named(&names[0]);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    set_validity(&mut params, CERTIFICATE_DAYS);
    let certificate = params.signed_by(&own_key, &issuer)?;
    let authority = CertificateDer::from_pem_slice(kept.certificate.as_bytes())?;
    config(vec![certificate.der().clone(), authority], PrivatePkcs8KeyDer::from(own_key.serialize_der()).into())
}

fn make_authority(dir: &DataDir, county: &str, names: &[String]) -> anyhow::Result<Kept> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = authority_params(county, names)?;
    set_validity(&mut params, AUTHORITY_DAYS);
    let certificate = params.self_signed(&key)?.pem();
    let kept = Kept { names: names.to_vec(), key: key.serialize_pem(), certificate };
    dir.replace(CERTIFICATE_FILE, kept.certificate.as_bytes())?;
    dir.replace(FILE, &serde_json::to_vec(&kept)?)?;
    Ok(kept)
}

fn authority_params(county: &str, names: &[String]) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(&format!("Huiyin pages of {county}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let subtree = |name: &String| match name.parse() {
        Ok(IpAddr::V4(address)) => GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(address.octets(), 32)),
        Ok(IpAddr::V6(address)) => GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(address.octets(), 128)),
        Err(_) => GeneralSubtree::DnsName(name.clone()),
    };
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.iter().map(subtree).collect(),
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn set_validity(params: &mut CertificateParams, days: i64) {
    let now = clock::now().0;
    let at = |seconds: i64| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.max(0).unsigned_abs());
    // A day back: the clocks of two honest machines differ.
    params.not_before = at(now - DAY_S);
    params.not_after = at(now + days * DAY_S);
}

fn config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> anyhow::Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("The certificate and its key do not go together")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Accepts connections whose handshake is done: one that dawdles holds nobody up.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl TlsListener {
    /// Speaks TLS on `listener`.
    pub fn new(listener: TcpListener, config: ServerConfig) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(HANDSHAKES_MAX);
        let accepting = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), sender));
        Ok(Self { ready, address, accepting })
    }
}

async fn accept(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let turns = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(turn) = turns.clone().acquire_owned().await else { return };
        // Waits and goes on where the system has no more files, as `axum` does it.
        let (stream, from) = Listener::accept(&mut listener).await;
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                let _ = sender.send((stream, from)).await;
            }
            drop(turn);
        });
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use civic_core::id::hex;
    use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::TlsConnector;

    use super::*;

    /// What a browser that trusts the certificate in `dir` gets from `at`, as `name`.
    async fn ask(dir: &DataDir, at: SocketAddr, name: &'static str) -> io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(dir.file(CERTIFICATE_FILE)).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let stream = TcpStream::connect(at).await?;
        let mut stream = TlsConnector::from(config).connect(ServerName::try_from(name).unwrap(), stream).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        Ok(answer)
    }

    #[tokio::test]
    async fn whoever_trusts_the_hubs_authority_reaches_it_by_its_names_alone() {
        let path = std::env::temp_dir().join(format!("huiyin-tls-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        let names = ["huiyin.qinghe.example".to_owned(), "127.0.0.1".to_owned()];
        let config = own(&dir, "青禾县", &names).unwrap();
        let listener = TlsListener::new(TcpListener::bind("127.0.0.1:0").await.unwrap(), config).unwrap();
        let at = listener.local_addr().unwrap();
        let idle = TcpStream::connect(at).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(async || "here"))).await });
        assert!(ask(&dir, at, "huiyin.qinghe.example").await.unwrap().ends_with("here"));
        assert!(ask(&dir, at, "127.0.0.1").await.unwrap().ends_with("here"), "one that says nothing holds nobody up");
        assert!(ask(&dir, at, "bank.example").await.is_err());
        drop(idle);
        assert!(own(&dir, "青禾县", &["bank.example".to_owned()]).is_err(), "the authority speaks for its names alone");
        let second = own(&dir, "青禾县", &names[..1]).is_ok();
        assert!(second, "and it is the same at the next start");
        std::fs::remove_dir_all(path).unwrap();
    }
}
