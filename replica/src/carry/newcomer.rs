//! A machine that is no device yet, and a carrier in the same room: the one asks by letter, the other takes the letter along,
//! and on the next visit hands over the answer.
//!
//! The machine has no certificate and believes anyone; nothing is open to it but this. What it says is sealed to the county,
//! and what it hears counts only if it proves that the county knows the code.

use std::{sync::Arc, time::Duration};

use civic_core::{
    access::Role,
    codec::Reader,
    id::{from_hex, hex},
};
use serde::{Deserialize, Serialize};
use sync_core::carry::{
    bag::Verdict,
    label::Label,
    word::{Says, Word},
};
use tracing::info;

use super::near::{Near, NearError};
use crate::{
    bundle::DeviceEnd,
    clock,
    dir::DataDir,
    enrol::{
        EnrolError,
        by_letter::{self, ASKING_LEN_MAX, Addressee, Heard},
        get, put,
    },
    identity::{self, Card},
    road::{self, Connection, RoadError, SendStream, tcp, tls},
};

/// Letters of machines that are no device yet in one bag; beyond that one is refused, and another carrier may take it.
const LETTERS_MAX: usize = 64;

/// How long the carrier may take to write down that its letter was heard.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where asking through a carrier stands.
pub enum Asking {
    /// The letter is with the carrier of this name; the operator will ask for these digits.
    Waiting {
        /// The digits.
        comparison: String,
        /// The carrier.
        carrier: String,
    },
    /// The answer had come: this machine is a device.
    Enrolled(Box<Card>),
}

/// How the county is asked.
#[derive(Serialize, Deserialize)]
struct Whither {
    carrier: String,
    to: Addressee,
}

/// The letter, with what is written on it, in hexadecimal.
#[derive(Serialize, Deserialize)]
struct Handing {
    label: String,
    sealed: String,
}

/// What became of it: the carrier's word, or why it did not take it; and what is there to go home, one after the other.
#[derive(Serialize, Deserialize)]
struct Handed {
    word: Option<String>,
    refused: Option<String>,
    home: Option<Handing>,
}

/// The machine's word for what it heard.
#[derive(Serialize, Deserialize)]
struct Reply {
    word: Option<String>,
}

/// The machine's half: asks through the carrier at HOST:PORT, and hears the answer if that has come.
pub async fn ask(dir: &DataDir, at: &str, code: &str, role: Role, is_again: bool) -> Result<Asking, NearError> {
    let addresses = road::resolve(at).await?;
    let config = Arc::new(tls::newcomer_config(tls::ALPN_NEWCOMER)?);
    let connection = Connection::Tcp(tcp::call(at, addresses[0], config).await?);
    let (mut send, mut receive) = connection.open().await.map_err(RoadError::from)?;
    put(&mut send, &()).await?;
    let Whither { carrier, to } = get(&mut receive).await?;
    let before = by_letter::pending(dir)?;
    let asked = by_letter::ask(dir, &to, code, role, is_again)?;
    let label = asked.label(dir)?;
    let label = encoded(|out| label.put(out));
    put(&mut send, &Handing { label, sealed: hex(&asked.sealed()) }).await?;
    let Handed { refused, home, .. } = get(&mut receive).await?;
    let (heard, word) = match &home {
        Some(home) => {
            let key = identity::key_to_ask(dir).map_err(EnrolError::from)?;
            let sealed = from_hex(&home.sealed).ok_or(RoadError::Malformed)?;
            let heard = by_letter::hear(dir, &sealed, is_again)?;
            // Whatever else it is may be what a code typed rightly the next time asks for: the carrier keeps it till then.
            let is_heard = matches!(heard, Heard::Admitted(_));
            let word = || Word::sign(*blake3::hash(&sealed).as_bytes(), Says::Heard, clock::now(), &key);
            (heard, is_heard.then(word))
        }
        None => (Heard::Nothing, None),
    };
    say(&mut send, word).await?;
    send.finish();
    // The carrier closes its end when it has written down what it heard.
    let _ = tokio::time::timeout(FAREWELL, receive.number()).await;
    connection.finish().await;
    match (heard, refused) {
        (Heard::Admitted(card), _) => Ok(Asking::Enrolled(card)),
        (Heard::Refused(refusal), _) => {
            by_letter::give_up(dir)?;
            Err(EnrolError::Refused(refusal).into())
        }
        // What was asked just now nobody can have answered.
        (Heard::Unproven(refusal), _) if asked.is_same(before.as_ref()) => Err(EnrolError::Refused(refusal).into()),
        (Heard::Unproven(_) | Heard::Nothing, Some(why)) => Err(RoadError::Refused(at.to_owned(), why).into()),
        (Heard::Unproven(_) | Heard::Nothing, None) => Ok(Asking::Waiting { comparison: asked.comparison, carrier }),
    }
}

async fn say(send: &mut SendStream, word: Option<Word>) -> Result<(), RoadError> {
    let word = word.map(|word| encoded(|out| word.put(out)));
    put(send, &Reply { word }).await
}

fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes);
    hex(&bytes)
}

/// The carrier's half.
pub(super) async fn answer(near: &Near, connection: &Connection) -> Result<(), NearError> {
    let (identity, bag) = (near.identity(), near.bag());
    let county = DeviceEnd::new(identity, near.log())?.map(|end| end.county);
    let to = county.and_then(|county| Addressee::of(&identity.card, &county)).filter(|_| bag.holder().carries);
    let to = to.ok_or(NearError::NoCarrier)?;
    let (mut send, mut receive) = connection.accept().await.map_err(RoadError::from)?;
    let () = get(&mut receive).await?;
    put(&mut send, &Whither { carrier: identity.card.name.clone(), to }).await?;
    let Handing { label, sealed } = get(&mut receive).await?;
    let label = from_hex(&label).and_then(|label| Label::read(&mut Reader::new(&label)).ok());
    let (label, sealed) = label.zip(from_hex(&sealed)).ok_or(RoadError::Malformed)?;
    let from = label.from;
    let mut handed = Handed { word: None, refused: None, home: None };
    match take(near, label, &sealed)? {
        Ok(word) => handed.word = Some(encoded(|out| word.put(out))),
        Err(why) => {
            info!(why, "Did not take a letter");
            handed.refused = Some(why.to_owned());
        }
    }
    // The newest answer says it all.
    let home = bag.items().into_iter().filter(|item| item.label.to == from && item.is_whole());
    if let Some(item) = home.max_by_key(|item| item.label.pack) {
        let label = encoded(|out| item.label.put(out));
        handed.home = Some(Handing { label, sealed: hex(&bag.read(&item.label.id)?) });
    }
    put(&mut send, &handed).await?;
    let Reply { word } = get(&mut receive).await?;
    let word = word.and_then(|word| Word::read(&mut Reader::new(&from_hex(&word)?)).ok());
    if let Some(word) = word {
        bag.hear(word);
    }
    bag.tidy()?;
    send.finish();
    connection.closed().await;
    Ok(())
}

/// Takes a letter into the bag; `Err` says why not.
fn take(near: &Near, label: Label, sealed: &[u8]) -> Result<Result<Word, &'static str>, NearError> {
    let bag = near.bag();
    let is_letter = |label: &Label| label.pack == 0;
    let here = bag.items().iter().filter(|item| is_letter(&item.label)).count();
    let id = label.id;
    if !is_letter(&label) || sealed.len() > ASKING_LEN_MAX || sealed.len() as u64 != label.len {
        return Ok(Err("it is no letter by which a machine asks to be enrolled"));
    }
    match bag.judge(&label, &label.from) {
        Verdict::Take(_) if here >= LETTERS_MAX => {
            return Ok(Err("there is no room for it here; another carrier may take it"));
        }
        Verdict::Take(from) => {
            let rest = sealed.get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default();
            if !bag.append(&label, from, rest)? {
                return Ok(Err("it is not the one that its label names"));
            }
        }
        Verdict::Known => {}
        Verdict::Leave => return Ok(Err("it is for somebody else")),
        Verdict::Refuse(why) => return Ok(Err(why)),
    }
    let word = bag.own_word(&label).or_else(|| bag.say(&id, Says::Taken, near.key()));
    // What is signed for is written down first.
    bag.save()?;
    Ok(word.ok_or("it is not here any more"))
}
