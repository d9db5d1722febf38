//! Parcels change hands: the turns of [`sync_core::carry::message`] over one stream, between two bags.
//!
//! What came whole is signed for before the stream ends; what broke off goes on the next time. A side speaks only in its
//! turn, so that neither can block the other.

use std::{collections::BTreeSet, time::Duration};

use civic_core::time::UnixSeconds;
use ed25519_dalek::SigningKey;
use sync_core::carry::{
    bag::Verdict,
    label::{Label, ParcelId},
    message::{MESSAGE_LEN_MAX, Message, OFFERS_MAX, TURN_MAX, VERSION, VERSION_OLDEST, WORDS_MAX},
    word::{Says, Word},
};
use tracing::{info, warn};

use super::bag::{Bag, BagError, Peer};
use crate::{
    clock,
    road::{Number, RecvStream, RoadError, SendStream},
    store::StoreError,
};

/// Nothing heard for so long: the other side has gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Pieces that nobody asked for; then the other side is not listened to any longer.
const STRAY_MAX: usize = 64;

/// Why a handover ended early. What was signed for stays.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// The road.
    #[error(transparent)]
    Road(#[from] RoadError),
    /// The bag.
    #[error(transparent)]
    Bag(#[from] BagError),
    /// The log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The other side does not keep to the protocol.
    #[error("the other side does not keep to the protocol: {0}")]
    Broken(&'static str),
    /// No version is understood by both.
    #[error("the other side speaks version {0} of carrying, which this program does not understand")]
    Version(u16),
}

/// Opens parcels that are for this installation.
pub trait Opener: Sync {
    /// Hears what is in a parcel, and says what is to be signed for it.
    fn open(&self, label: &Label, sealed: Vec<u8>) -> impl Future<Output = Result<Says, StoreError>> + Send;
}

/// One side.
pub struct Hands<'a, O> {
    /// Its bag.
    pub bag: &'a Bag,
    /// Its key.
    pub key: &'a SigningKey,
    /// The other side's key, as TLS proved it.
    pub peer: [u8; 32],
    /// Its name among people.
    pub name: &'a str,
    /// When it last heard of the hub, by the hub's clock.
    pub heard: UnixSeconds,
    /// Most bytes of parcels that it gives this time; the rest waits for the next.
    pub budget: u64,
    /// Opens what is for it.
    pub opener: &'a O,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// What the other side says of itself.
    pub peer: Peer,
    /// Labels of parcels that came whole.
    pub taken: Vec<Label>,
    /// Parcels that the other side signed for.
    pub given: usize,
    /// Words that were new here.
    pub words: usize,
    /// Bytes of parcels given.
    pub bytes_up: u64,
    /// Bytes of parcels taken.
    pub bytes_down: u64,
    /// Why something was not taken, on either side.
    pub refused: Vec<String>,
}

/// What was heard in one turn.
#[derive(Default)]
struct Turn {
    hello: Option<(Peer, bool)>,
    offers: Vec<Label>,
    wants: Vec<(ParcelId, u64)>,
}

impl<O: Opener> Hands<'_, O> {
    /// Calls: speaks first.
    pub async fn call(&self, mut stream: (SendStream, RecvStream)) -> Result<Handed, HandoverError> {
        let mut handed = Handed::default();
        let (send, receive) = (&mut stream.0, &mut stream.1);
        self.greet(send).await?;
        // Whether it carries is not known yet: whoever does not refuses what is not for it.
        self.offer(send, true).await?;
        say(send, &Message::Over).await?;

        let turn = self.hear(receive, None, &mut handed).await?;
        let (peer, _) = turn.hello.ok_or(HandoverError::Broken("it did not greet"))?;
        self.bag.note_peer(&self.peer, peer.clone());
        handed.peer = peer;
        self.answer_offers(send, turn.offers).await?;
        self.give(send, turn.wants, &mut handed).await?;
        say(send, &Message::Over).await?;

        self.hear(receive, None, &mut handed).await?;
        self.sign(send, &mut handed).await?;
        say(send, &Message::Over).await?;
        send.finish();
        self.bag.tidy()?;
        // The other side closes its end when it has heard all; a road that breaks now costs nothing.
        let _ = tokio::time::timeout(SILENCE, receive.number()).await;
        Ok(handed)
    }

    /// Answers a stream that began with a message of number `first`.
    pub async fn answer(&self, first: Number, mut stream: (SendStream, RecvStream)) -> Result<Handed, HandoverError> {
        let mut handed = Handed::default();
        let (send, receive) = (&mut stream.0, &mut stream.1);
        let turn = self.hear(receive, Some(first), &mut handed).await?;
        let (peer, peer_carries) = turn.hello.ok_or(HandoverError::Broken("it did not greet"))?;
        self.bag.note_peer(&self.peer, peer.clone());
        handed.peer = peer;
        self.greet(send).await?;
        self.offer(send, peer_carries).await?;
        self.answer_offers(send, turn.offers).await?;
        say(send, &Message::Over).await?;

        let turn = self.hear(receive, None, &mut handed).await?;
        self.sign(send, &mut handed).await?;
        self.give(send, turn.wants, &mut handed).await?;
        say(send, &Message::Over).await?;

        self.hear(receive, None, &mut handed).await?;
        self.bag.tidy()?;
        send.finish();
        Ok(handed)
    }

    async fn greet(&self, send: &mut SendStream) -> Result<(), RoadError> {
        let (name, carries) = (self.name.to_owned(), self.bag.holder().carries);
        let hello = Message::Hello { version: VERSION, oldest: VERSION_OLDEST, name, heard: self.heard, carries };
        say(send, &hello).await?;
        for word in self.bag.words(&self.peer, WORDS_MAX) {
            say(send, &Message::Word(word)).await?;
        }
        Ok(())
    }

    async fn offer(&self, send: &mut SendStream, peer_carries: bool) -> Result<(), RoadError> {
        for label in self.bag.offers(&self.peer, peer_carries, OFFERS_MAX) {
            say(send, &Message::Offer(label)).await?;
        }
        Ok(())
    }

    /// Says of each offer whether it is wanted.
    async fn answer_offers(&self, send: &mut SendStream, offers: Vec<Label>) -> Result<(), RoadError> {
        for label in offers {
            let (id, known) = (label.id, self.bag.own_word(&label));
            let answer = match self.bag.judge(&label, &self.peer) {
                Verdict::Take(from) => {
                    self.bag.expect(label);
                    Message::Want { id, from }
                }
                Verdict::Known => match known {
                    Some(word) => Message::Word(word),
                    // It is here and its pack is not whole yet.
                    None => continue,
                },
                Verdict::Leave => continue,
                Verdict::Refuse(reason) => {
                    info!(from = label.who, reason, "Did not take a parcel");
                    Message::Refused { id, reason: reason.to_owned() }
                }
            };
            say(send, &answer).await?;
        }
        Ok(())
    }

    /// Gives what is wanted, within the budget.
    async fn give(
        &self,
        send: &mut SendStream,
        wants: Vec<(ParcelId, u64)>,
        handed: &mut Handed,
    ) -> Result<(), HandoverError> {
        let offered: BTreeSet<ParcelId> =
            self.bag.offers(&self.peer, true, OFFERS_MAX).into_iter().map(|label| label.id).collect();
        for (id, mut from) in wants.into_iter().filter(|(id, _)| offered.contains(id)) {
            loop {
                let bag = self.bag.clone();
                let bytes = blocking(move || bag.piece(&id, from)).await?;
                let len = bytes.len() as u64;
                if bytes.is_empty() || handed.bytes_up + len > self.budget {
                    break;
                }
                say(send, &Message::Piece { id, from, bytes }).await?;
                handed.bytes_up += len;
                from += len;
            }
        }
        Ok(())
    }

    /// Opens what is for this installation and whole, and signs for all that came.
    async fn sign(&self, send: &mut SendStream, handed: &mut Handed) -> Result<(), HandoverError> {
        let own = self.bag.holder().own;
        let mut words: Vec<Word> = Vec::new();
        for label in handed.taken.iter().filter(|label| label.to != own) {
            words.extend(self.bag.say(&label.id, Says::Taken, self.key));
        }
        for label in self.bag.to_open() {
            let (bag, id) = (self.bag.clone(), label.id);
            let sealed = blocking(move || bag.read(&id)).await?;
            let says = self.opener.open(&label, sealed).await?;
            words.extend(self.bag.say(&label.id, says, self.key));
        }
        // What is signed for is written down first.
        self.bag.tidy()?;
        for word in words {
            say(send, &Message::Word(word)).await?;
        }
        Ok(())
    }

    /// Hears a turn to its end, and puts pieces where they belong as they come.
    async fn hear(
        &self,
        receive: &mut RecvStream,
        first: Option<Number>,
        handed: &mut Handed,
    ) -> Result<Turn, HandoverError> {
        let mut turn = Turn::default();
        let (mut first, mut heard, mut stray) = (first, 0, 0);
        loop {
            let number = match first.take() {
                Some(first) => first,
                None => {
                    let heard = tokio::time::timeout(SILENCE, receive.number()).await;
                    let silent = || RoadError::Broken("the other side said nothing more".into());
                    heard.map_err(|_| silent())??.ok_or_else(silent)?
                }
            };
            let (body, _) = receive.fields(number, MESSAGE_LEN_MAX).await?;
            let message = Message::decode(number.value, &body).map_err(|_| RoadError::Malformed)?;
            heard += usize::from(!matches!(message, Message::Piece { .. }));
            if heard > TURN_MAX {
                return Err(HandoverError::Broken("too much was said in one turn"));
            }
            match message {
                Message::Hello { version, oldest, name, heard, carries } => {
                    if version < VERSION_OLDEST || oldest > VERSION {
                        return Err(HandoverError::Version(version));
                    }
                    turn.hello = Some((Peer { name, met: clock::now(), heard }, carries));
                }
                Message::Offer(label) => turn.offers.push(label),
                Message::Want { id, from } => turn.wants.push((id, from)),
                Message::Piece { id, from, bytes } => {
                    let (bag, len) = (self.bag.clone(), bytes.len() as u64);
                    let before = bag.items().into_iter().find(|item| item.label.id == id);
                    let Some(item) = before.filter(|item| item.held == from && !bytes.is_empty()) else {
                        stray += 1;
                        if stray > STRAY_MAX {
                            return Err(HandoverError::Broken("pieces came that nobody asked for"));
                        }
                        continue;
                    };
                    handed.bytes_down += len;
                    let is_whole = blocking(move || bag.append(&id, from, &bytes)).await?;
                    if is_whole {
                        handed.taken.push(item.label);
                    } else if from + len >= item.label.len {
                        warn!(from = item.label.who, "A parcel is not the one that its label names");
                        handed.refused.push("a parcel is not the one that its label names".to_owned());
                    }
                }
                Message::Word(word) => {
                    if self.bag.hear(word) {
                        handed.words += 1;
                        handed.given += usize::from(word.by == self.peer);
                    }
                }
                Message::Refused { reason, .. } => {
                    info!(by = handed.peer.name, reason, "The other side did not take a parcel");
                    handed.refused.push(reason);
                }
                Message::Over => return Ok(turn),
                Message::Unknown(_) => {}
            }
        }
    }
}

async fn say(send: &mut SendStream, message: &Message) -> Result<(), RoadError> {
    send.send_bytes(message.encode()).await.map(drop)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BagError> + Send + 'static,
) -> Result<T, HandoverError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| HandoverError::Store(StoreError::Stopped))??)
}
