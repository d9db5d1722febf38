//! The doors by which somebody becomes a device and stays one: certificates, what is asked with a code over a road or in a
//! letter, the card that comes home, invitations.

use std::{net::SocketAddr, rc::Rc, sync::Arc};

use civic_core::{
    access::Role,
    area::Area,
    codec::Reader,
    id::{from_hex, hex},
    keyring::Keyring,
    seal::{OpenKey, Seed, seal_parcel},
    time::UnixSeconds,
};
use ed25519_dalek::{Signer as _, SigningKey};
use ledger::Ledger;
use replica::{
    bundle::{HubEnd, opening_key},
    dir::DataDir,
    enrol::{
        Invitation,
        by_letter::{self, Addressee},
        read_code, stretch,
    },
    hub::{Entrance, Hub},
    identity::{self, Card, Identity},
    road::{Connection, RecvStream, RoadError, SendStream, tcp, tls},
};
use serde_json::{Value, json};
use sync_core::letter::Letter;
use sync_hub::{
    county,
    keys::Keys,
    register::{self, Register},
};
use tokio::{net::TcpListener, runtime::Runtime, task::JoinHandle};

use super::{
    door::{Door, Fresh},
    logs::scratch,
    records::{NOW, VILLAGE, key, public},
};
use crate::sample;

const DAY_S: i64 = 86_400;
/// A county that says no more than it must.
const WORDS: &str = r#"step = []
[county]
name = "青禾县"
en = "Qinghe County"
area = "990127"
[[topic]]
name = "道路交通"
en = "Roads"
picture = "road"
[[state]]
name = "待受理"
en = "New"
plain = "收到了"
is_final = true
"#;
/// A hub hears five wrong codes in a minute and then nothing more.
const USES_MAX: u64 = 40;

pub(super) fn doors() -> Vec<Door> {
    let mut all = certificates();
    all.extend(asked());
    all.push(answered());
    all.extend(invitations());
    all
}

/// One value of DER: its tag, the length of what is in it, and that.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let len = &len[len.iter().take_while(|byte| **byte == 0).count()..];
    match content.len() {
        short @ 0..0x80 => [&[tag, short as u8], content].concat(),
        _ => [&[tag, 0x80 | len.len() as u8], len, content].concat(),
    }
}

/// What is in the first value of these bytes.
fn content(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    let (_, first) = (reader.byte().ok()?, reader.byte().ok()?);
    let len = match first {
        short @ 0..0x80 => usize::from(short),
        long => {
            let digits = reader.take(usize::from(long & 0x7f)).ok()?;
            digits.iter().fold(0, |len: usize, digit| (len << 8) | usize::from(*digit))
        }
    };
    reader.take(len).ok()
}

/// A certificate around this content, with the signature of an authority.
fn certified(content: &[u8], authority: &SigningKey) -> Vec<u8> {
    const ED25519: [u8; 7] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
    let to_sign = der(0x30, content);
    let signature = [&[0], &authority.sign(&to_sign).to_bytes()[..]].concat();
    der(0x30, &[&to_sign[..], &ED25519, &der(0x03, &signature)].concat())
}

fn certificates() -> Vec<Door> {
    let authority = tls::Authority::make(key(9), "青禾县", NOW).expect("an authority can be made");
    let retired = tls::Authority::make(key(8), "青禾县", NOW).expect("an authority can be made");
    let make = |authority: &tls::Authority, at: i64| {
        authority.certify(&public(1), UnixSeconds(at)).expect("a key can be certified")
    };
    let hub = authority.certify_hub(&public(2)).expect("a key can be certified");
    let honest = vec![
        make(&authority, NOW.0),
        make(&authority, NOW.0 - 500 * DAY_S),
        make(&retired, NOW.0),
        hub.clone(),
        authority.certificate.clone(),
    ];
    let to_sign: Vec<Vec<u8>> = honest.iter().filter_map(|whole| Some(content(content(whole)?)?.to_vec())).collect();
    let door = tls::Door::new(
        hub.clone(),
        authority.certificate.clone(),
        Some(retired.certificate),
        Arc::new(|_| true),
        || NOW,
    );
    let door = Rc::new(door.expect("the authorities are whole"));
    let (passage, hub) = (door.clone(), Rc::new(hub));
    let looked_at = move |certificate: &[u8], is_signed_anew: bool| {
        let _ = tls::is_same_authority(certificate, &hub);
        let key = tls::key_in(certificate);
        match passage.passage(certificate) {
            Ok(_) if is_signed_anew || key.is_some_and(|key| [public(1), public(2)].contains(&key)) => Ok(true),
            Ok(_) => Err(format!("nobody certified the key {key:?}")),
            Err(_) => Ok(false),
        }
    };
    let runtime = Runtime::new().expect("a runtime can be made");
    let authorities = vec![authority.certificate.clone()];
    let own = authority.certify(&public(3), NOW).expect("a key can be certified");
    let signed_anew = looked_at.clone();
    vec![
        Door::new("certificate: as it is", honest, move |bytes| looked_at(bytes, false)),
        Door::new("certificate: signed anew", to_sign.clone(), move |bytes| {
            signed_anew(&certified(bytes, &key(9)), true)
        }),
        Door::new("certificate: between neighbours", to_sign, move |bytes| {
            let certificate = certified(bytes, &key(9));
            let Ok(caller) = tls::near_configs(&key(1), certificate, &authorities, NOW) else { return Ok(false) };
            let Ok(called) = tls::near_configs(&key(3), own.clone(), &authorities, NOW) else {
                return Err("an honest certificate cannot be used".to_owned());
            };
            runtime.block_on(meet(caller, called))
        })
        .slow(20),
    ]
}

/// Whether the one that is called knows who the caller is.
async fn meet(caller: tls::Near, called: tls::Near) -> Result<bool, String> {
    let door = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let at = door.local_addr().map_err(|error| error.to_string())?;
    let answer = async {
        let (socket, _) = door.accept().await.map_err(|error| error.to_string())?;
        Ok::<_, String>(tcp::answer(socket, Arc::new(called.answers)).await)
    };
    let (_called, answered) = tokio::join!(tcp::call("a neighbour", at, Arc::new(caller.calls)), answer);
    Ok(answered?.is_ok_and(|connection| connection.peer_certificate().is_some()))
}

/// A county's hub with one code that nobody has used.
struct County {
    dir: std::path::PathBuf,
    hub: Arc<Identity>,
    ledger: Ledger,
    register: Arc<Register>,
    ring: Arc<Keyring>,
    code: String,
    at: SocketAddr,
    serving: JoinHandle<()>,
}

impl County {
    fn new(runtime: &Runtime) -> anyhow::Result<Self> {
        let dir = scratch();
        let home = DataDir::hold(&dir)?;
        county::init(&home, sample::COUNTY)?;
        let hub = Arc::new(Identity::load(&home, Role::Hub)?);
        let authority = county::authority(&home, &hub.card)?;
        let register = Register::open_for_enrolment(&home.file(register::FILE), authority, hub.card.clone())?;
        let (register, ledger) = (Arc::new(register), Ledger::open(&home, &hub)?);
        let area = ledger.codebook().county.area.clone();
        let code = register.add_slot(&area, Role::Kiosk, &[village()], "石桥村", true)?;
        let ring = Keys::open(&home)?.ring();
        let door = Arc::new(county::door(&hub.card, register.clone())?);
        let config = tls::hub_config(&hub.key, door.clone())?;
        let answers = Arc::new(Hub::new(ledger.log().clone(), area, hub.key.clone(), register.clone(), door));
        let entrance = runtime.block_on(async { Entrance::open(([127, 0, 0, 1], 0).into(), config) })?;
        let at = entrance.address()?;
        let serving = runtime.spawn(async move { answers.serve(&entrance).await });
        Ok(Self { dir, hub, ledger, register, ring, code, at, serving })
    }

    fn public(&self) -> [u8; 32] {
        self.hub.key.verifying_key().to_bytes()
    }

    /// The stretched code, bound to one connection or to this hub.
    fn secret(&self, bound: &[u8; 32]) -> Secret {
        use replica::enrol::Desk as _;
        Secret(*blake3::keyed_hash(&stretch(&self.code, &self.register.salt()), bound).as_bytes())
    }

    fn secret_of_letters(&self) -> Secret {
        self.secret(&blake3::derive_key("huiyin enrolment by letter v1", &self.public()))
    }

    async fn hear_letter(&self, sealed: &[u8]) -> bool {
        let (log, key, county, authors) = (self.ledger.log(), &self.hub.key, &*self.ring, self.register.clone());
        let end = HubEnd { log, key, county, authors, desk: Some(&*self.register) };
        let is_heard = end.unpack(sealed).await.is_ok();
        is_heard && end.answer_letters(|_| Ok(())).is_ok()
    }
}

impl Drop for County {
    fn drop(&mut self) {
        self.serving.abort();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn village() -> Area {
    Area::parse(VILLAGE).expect("an area of the sample")
}

/// What proves that one knows the code.
struct Secret([u8; 32]);

impl Secret {
    fn hash(&self, what: &str, bytes: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.0).update(what.as_bytes()).update(&[0]).update(bytes).finalize()
    }

    /// What is asked, with the proofs that belong to it.
    fn prove(&self, asked: &[u8]) -> Vec<u8> {
        let asked =
            String::from_utf8_lossy(asked).replace("PUBLIC", &hex(&public(1))).replace("FORMER", &hex(&public(4)));
        let said: Value = serde_json::from_str(&asked).unwrap_or_default();
        let named = said["public_key"].as_str().and_then(from_hex).and_then(|key| key.try_into().ok());
        let public = named.unwrap_or(public(1));
        let of_former = [b"huiyin former key v1".as_slice(), self.hash("former", &public).as_bytes()].concat();
        let signature = hex(&key(4).sign(&of_former).to_bytes());
        let proof = self.hash("device", &public).to_hex();
        asked.replace("PROOF", &proof).replace("SIGNATURE", &signature).into_bytes()
    }
}

fn asked() -> Vec<Door> {
    let asks = |role: &str| json!({"public_key": "PUBLIC", "role": role, "proof": "PROOF", "former": null});
    let mut again = asks("kiosk");
    again["former"] = json!({"public_key": "FORMER", "signature": "SIGNATURE"});
    let honest: Vec<_> =
        [asks("kiosk"), asks("deputy"), again].iter().map(|asks| asks.to_string().into_bytes()).collect();
    let runtime = Rc::new(Runtime::new().expect("a runtime can be made"));
    let makes = runtime.clone();
    let counties = Rc::new(Fresh::new(USES_MAX, move || County::new(&makes).expect("a county can be made")));
    let (writes, of_letters) = (runtime.clone(), counties.clone());
    vec![
        Door::new("enrolment: asked over a road", honest.clone(), move |bytes| {
            counties.with(|county| Ok(runtime.block_on(ask(county, bytes)).unwrap_or(false)))
        })
        .slow(100),
        Door::new("enrolment: asked in a letter", honest, move |bytes| {
            of_letters.with(|county| {
                let to = county.ring.seal_key().map_err(|error| error.to_string())?.public;
                let letter = Letter::sign(&county.secret_of_letters().prove(bytes), &to, &key(1));
                let sealed = seal_parcel(&to, &letter, Seed([6; 32])).unwrap_or_default();
                Ok(writes.block_on(county.hear_letter(&sealed)))
            })
        })
        .slow(100),
    ]
}

/// Asks the hub over a road; whether it let the device in.
async fn ask(county: &County, asked: &[u8]) -> Result<bool, RoadError> {
    let config = Arc::new(tls::newcomer_config(tls::ALPN_ENROL)?);
    let connection = Connection::Tcp(tcp::call("the hub", county.at, config).await?);
    let (mut send, mut receive) = connection.open().await?;
    say(&mut send, b"null").await?;
    hear(&mut receive).await?;
    let secret = county.secret(&connection.secret(b"huiyin enrolment")?);
    say(&mut send, &secret.prove(asked)).await?;
    let answer = hear(&mut receive).await?;
    connection.finish().await;
    Ok(!answer.starts_with(b"{\"Refused\""))
}

async fn say(send: &mut SendStream, json: &[u8]) -> Result<(), RoadError> {
    let len = u32::try_from(json.len()).unwrap_or(u32::MAX).to_be_bytes();
    send.write_all(&[&len[..], json].concat()).await
}

async fn hear(receive: &mut RecvStream) -> Result<Vec<u8>, RoadError> {
    let mut len = [0; 4];
    receive.read_exact(&mut len).await?;
    let mut json = vec![0; usize::try_from(u32::from_be_bytes(len)).unwrap_or(0)];
    receive.read_exact(&mut json).await?;
    Ok(json)
}

/// A machine that has asked, and waits.
struct Newcomer {
    path: std::path::PathBuf,
    home: DataDir,
    key: SigningKey,
    pending: Vec<u8>,
}

const PENDING_FILE: &str = "enrolment.json";

impl Newcomer {
    fn new(to: &Addressee, code: &str) -> anyhow::Result<Self> {
        let path = scratch();
        let home = DataDir::hold(&path)?;
        let key = identity::key_of(&home)?;
        by_letter::ask(&home, to, code, Role::Kiosk, false)?;
        let pending = home.read(PENDING_FILE)?.unwrap_or_default();
        Ok(Self { path, home, key, pending })
    }

    /// Hears what may be an answer. If it is one, the machine is a device from then on, and must be able to work as one.
    fn hear(&self, sealed: &[u8]) -> Result<bool, String> {
        if !matches!(by_letter::hear(&self.home, sealed, false), Ok(by_letter::Heard::Admitted(_))) {
            return Ok(false);
        }
        let works = Identity::load(&self.home, Role::Kiosk).map_err(|error| error.to_string()).and_then(|identity| {
            let ledger = Ledger::open(&self.home, &identity).map_err(|error| error.to_string())?;
            let card = ledger.card();
            let (authorities, certificate) = (card.authorities().ok_or("no authority")?, from_hex(&card.certificate));
            tls::device_config(&self.key, certificate.ok_or("no certificate")?, &authorities, NOW)
                .map_err(|error| error.to_string())
        });
        let forgotten = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
        for file in forgotten.filter(|file| !["lock", "device.key"].contains(&&*file.file_name().to_string_lossy())) {
            let _ = std::fs::remove_file(file.path());
        }
        self.home.replace(PENDING_FILE, &self.pending).map_err(|error| error.to_string())?;
        works.map(|_| true).map_err(|why| format!("a card was taken up with which no program works: {why}"))
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn answered() -> Door {
    let make = || -> anyhow::Result<_> {
        let runtime = Runtime::new()?;
        let county = County::new(&runtime)?;
        let to = Addressee {
            hub_key: hex(&county.public()),
            seal_key: hex(&county.ring.seal_key()?.public),
            salt: hex(&replica::enrol::Desk::salt(&*county.register)),
        };
        let newcomer = Newcomer::new(&to, &county.code)?;
        let asked = by_letter::pending(&newcomer.home)?.map(|asked| asked.sealed()).unwrap_or_default();
        runtime.block_on(county.hear_letter(&asked));
        let public_key = newcomer.key.verifying_key().to_bytes();
        let card = replica::enrol::Desk::card(&*county.register, &public_key);
        let card = card.map_err(|refusal| anyhow::anyhow!("{}", refusal.sentence()))?;
        Ok((county, runtime, newcomer, card))
    };
    let (county, runtime, newcomer, card) = make().expect("a county lets a machine in");
    let hub = county.hub.key.clone();
    let secret = county.secret_of_letters();
    drop((county, runtime));
    // Of the county's words a few will do: there are doors of their own for them.
    let card = Card { codebook: WORDS.to_owned(), ..card };
    let honest = vec![serde_json::to_vec(&card).unwrap_or_default()];
    Door::new("enrolment: answered", honest, move |bytes| {
        let card = String::from_utf8_lossy(bytes).into_owned();
        let proof = secret.hash("hub", card.as_bytes()).to_hex().to_string();
        let said = json!({"Admitted": {"card": card, "proof": proof}}).to_string();
        let receiver = opening_key(&newcomer.key).seal_key().map_err(|error| error.to_string())?.public;
        let letter = Letter::sign(said.as_bytes(), &receiver, &hub);
        newcomer.hear(&seal_parcel(&receiver, &letter, Seed([6; 32])).unwrap_or_default())
    })
    .slow(50)
}

fn invitations() -> Vec<Door> {
    const CODE: &str = "ABCD2345";
    let pin = Some("0f".repeat(16));
    let printed = Invitation { hub: "hub.example:4433".into(), code: CODE.into(), pin };
    let to = Addressee { hub_key: hex(&public(2)), seal_key: hex(&[5; 32]), salt: hex(&[7; 16]) };
    let said = serde_json::to_vec(&to).unwrap_or_default();
    vec![
        Door::new("enrolment: an invitation, scanned", vec![printed.text().into_bytes()], |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let Some(read) = Invitation::scanned(&text) else { return Ok(false) };
            let _ = read_code(&read.code);
            let again = Invitation::scanned(&read.text());
            if again.as_ref() == Some(&read) { Ok(true) } else { Err(format!("{read:?} is scanned as {again:?}")) }
        }),
        Door::new("enrolment: an invitation on a stick", vec![said], |bytes| {
            let salt = [7; 16];
            let key = OpenKey::make(0, Seed(stretch(CODE, &salt)));
            let to = key.seal_key().map_err(|error| error.to_string())?.public;
            let sealed = seal_parcel(&to, bytes, Seed([6; 32])).unwrap_or_default();
            Ok(by_letter::invited(CODE, &[&salt[..], &sealed].concat()).is_some())
        })
        .slow(200),
    ]
}
