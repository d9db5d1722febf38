//! Parcels change hands: the turns of [`sync_core::carry::message`] over one stream, between two bags.
//!
//! What came whole is signed for before the stream ends; what broke off goes on the next time. A side speaks only in its
//! turn, so that neither can block the other.
//!
//! Two devices pass on what the hub made public besides: slips, notices, who was struck off. It is in runs under the hub's
//! own signature, so nothing of it can be made up by who brings it, and it comes to whoever holds less. Pictures and voices
//! that stand beside it follow on streams of their own ([`crate::transfer::ask`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use civic_core::{space::Audience, time::UnixSeconds};
use ed25519_dalek::SigningKey;
use sync_core::{
    carry::{
        bag::{Item, Verdict},
        label::{Label, ParcelId},
        message::{HELD_MAX, Message, OFFERS_MAX, TURN_MAX, VERSION, VERSION_OLDEST, WORDS_MAX},
        word::{Says, Word},
    },
    catalog::Held,
    feed::{Feed, FeedId},
    run::Run,
    session::StoredAs,
};
use tracing::{info, warn};

use super::bag::{Bag, BagError, Peer};
use crate::{
    clock, device, pump,
    road::{Number, RecvStream, RoadError, SendStream},
    store::{Log, StoreError},
};

/// Nothing heard for so long: the other side has gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Bytes of what is public that pass in one handover each way; the rest goes the next time.
const PUBLIC_MAX: u64 = 8 << 20;
/// About how long a run of it is.
const PUBLIC_BODY: usize = 64 * 1024;
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
    /// Most bytes of parcels that it asks for this time; likewise. With none it says that it does not carry, and is offered
    /// nothing for others.
    pub takes: u64,
    /// Where every byte that is said or heard is counted as it moves, if the road costs.
    pub counter: Option<&'a AtomicU64>,
    /// Opens what is for it.
    pub opener: &'a O,
    /// Where what the hub made public is held, if the other side is a device, too.
    pub public: Option<&'a Log>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// What the other side says of itself.
    pub peer: Peer,
    /// Labels of parcels that came whole.
    pub taken: Vec<Label>,
    /// Labels that either side told the other.
    pub labels: usize,
    /// Parcels that the other side signed for now.
    pub given: usize,
    /// Words that were new here.
    pub words: usize,
    /// Entries of what the hub made public that came.
    pub public: u64,
    /// Whether the other side lends what stands beside those, and asks for it.
    pub lends: bool,
    /// Bytes of that which came.
    pub borrowed: u64,
    /// Bytes of parcels given.
    pub bytes_up: u64,
    /// Bytes of parcels taken.
    pub bytes_down: u64,
    /// Why something was not taken, on either side.
    pub refused: Vec<String>,
}

impl Handed {
    /// Whether labels were told and nothing of any parcel moved: told again they would move as little.
    pub fn is_in_vain(&self) -> bool {
        self.labels > 0 && self.bytes_up + self.bytes_down == 0
    }
}

/// What the other side says of itself.
struct Greeting {
    peer: Peer,
    carries: bool,
    lends: bool,
}

/// What was asked for in this handover, and has not come.
type Wanted = BTreeMap<ParcelId, Label>;

/// What was heard in one turn.
#[derive(Default)]
struct Turn {
    hello: Option<Greeting>,
    offers: Vec<Label>,
    wants: Vec<(ParcelId, u64)>,
    holds: Option<BTreeMap<FeedId, u64>>,
}

impl<O: Opener> Hands<'_, O> {
    /// Calls: speaks first.
    pub async fn call(&self, stream: (SendStream, RecvStream)) -> Result<Handed, HandoverError> {
        let mut handed = Handed::default();
        self.call_for(stream, &mut handed).await?;
        Ok(handed)
    }

    /// The same; what changed hands is noted in `handed` also where the road breaks.
    pub async fn call_for(
        &self,
        mut stream: (SendStream, RecvStream),
        handed: &mut Handed,
    ) -> Result<(), HandoverError> {
        let (send, receive) = (&mut stream.0, &mut stream.1);
        self.greet(send).await?;
        // Whether it carries is not known yet: whoever does not refuses what is not for it.
        self.offer(send, true, handed).await?;
        self.say_held(send).await?;
        self.say(send, &Message::Over).await?;

        let turn = self.hear(receive, None, &mut Wanted::new(), handed).await?;
        self.know(turn.hello, handed)?;
        let mut wanted = self.answer_offers(send, turn.offers).await?;
        self.give(send, turn.wants, handed).await?;
        self.give_public(send, turn.holds).await?;
        self.say(send, &Message::Over).await?;

        self.hear(receive, None, &mut wanted, handed).await?;
        self.sign(send).await?;
        self.say(send, &Message::Over).await?;
        send.finish();
        self.bag.tidy()?;
        // The other side closes its end when it has heard all; a road that breaks now costs nothing.
        let _ = tokio::time::timeout(SILENCE, receive.number()).await;
        Ok(())
    }

    /// Answers a stream that began with a message of number `first`.
    pub async fn answer(&self, first: Number, mut stream: (SendStream, RecvStream)) -> Result<Handed, HandoverError> {
        let mut handed = Handed::default();
        let (send, receive) = (&mut stream.0, &mut stream.1);
        let turn = self.hear(receive, Some(first), &mut Wanted::new(), &mut handed).await?;
        let peer_carries = self.know(turn.hello, &mut handed)?;
        self.greet(send).await?;
        self.offer(send, peer_carries, &mut handed).await?;
        let mut wanted = self.answer_offers(send, turn.offers).await?;
        if turn.holds.is_some() {
            self.say_held(send).await?;
        }
        self.give_public(send, turn.holds).await?;
        self.say(send, &Message::Over).await?;

        let turn = self.hear(receive, None, &mut wanted, &mut handed).await?;
        self.sign(send).await?;
        self.give(send, turn.wants, &mut handed).await?;
        self.say(send, &Message::Over).await?;

        self.hear(receive, None, &mut Wanted::new(), &mut handed).await?;
        self.bag.tidy()?;
        send.finish();
        Ok(handed)
    }

    /// Remembers who the other side is; `true` if it takes parcels for others.
    fn know(&self, hello: Option<Greeting>, handed: &mut Handed) -> Result<bool, HandoverError> {
        let Greeting { peer, carries, lends } = hello.ok_or(HandoverError::Broken("it did not greet"))?;
        self.bag.note_peer(&self.peer, peer.clone());
        (handed.peer, handed.lends) = (peer, lends);
        Ok(carries)
    }

    async fn say(&self, send: &mut SendStream, message: &Message) -> Result<(), RoadError> {
        self.count(send.send_bytes(message.encode()).await?);
        Ok(())
    }

    fn count(&self, len: usize) {
        if let Some(counter) = self.counter {
            counter.fetch_add(len as u64, Ordering::Relaxed);
        }
    }

    async fn greet(&self, send: &mut SendStream) -> Result<(), RoadError> {
        let carries = self.bag.holder().carries && self.takes > 0;
        let (name, heard) = (self.name.to_owned(), self.heard);
        let lends = self.public.is_some();
        let hello = Message::Hello { version: VERSION, oldest: VERSION_OLDEST, name, heard, carries, lends };
        self.say(send, &hello).await?;
        for word in self.bag.words(&self.peer, WORDS_MAX) {
            self.say(send, &Message::Word(word)).await?;
        }
        Ok(())
    }

    async fn offer(&self, send: &mut SendStream, peer_carries: bool, handed: &mut Handed) -> Result<(), RoadError> {
        for label in self.bag.offers(&self.peer, peer_carries, OFFERS_MAX) {
            handed.labels += 1;
            self.say(send, &Message::Offer(label)).await?;
        }
        Ok(())
    }

    /// Feeds of what the hub made public.
    fn public_feeds(&self, log: &Log) -> Vec<Held> {
        log.held().into_iter().filter(|held| self.is_public(&held.feed)).collect()
    }

    fn is_public(&self, feed: &Feed) -> bool {
        feed.public_key == self.bag.holder().hub && feed.space.audience == Audience::Public
    }

    async fn say_held(&self, send: &mut SendStream) -> Result<(), RoadError> {
        let Some(log) = self.public else { return Ok(()) };
        let held = self.public_feeds(log).into_iter().map(|held| (held.feed.id(), held.extent.length));
        self.say(send, &Message::Holds(held.take(HELD_MAX).collect())).await
    }

    /// Gives what the other side holds less of.
    async fn give_public(
        &self,
        send: &mut SendStream,
        theirs: Option<BTreeMap<FeedId, u64>>,
    ) -> Result<(), HandoverError> {
        let Some((log, theirs)) = self.public.zip(theirs) else { return Ok(()) };
        let mut left = PUBLIC_MAX;
        for Held { feed, extent, .. } in self.public_feeds(log) {
            let mut from = theirs.get(&feed.id()).copied().unwrap_or(0);
            while from < extent.length {
                let (reader, id) = (log.clone(), feed.id());
                let runs = pump::blocking(move || reader.runs_after(id, from, extent.length, PUBLIC_BODY)).await?;
                // What was let go of here is asked of the hub.
                let Some(reached) = runs.last().map(Run::last) else { break };
                for run in runs {
                    let len = run.body.len() as u64;
                    if len > left {
                        return Ok(());
                    }
                    left -= len;
                    self.say(send, &Message::Public { feed: feed.clone(), run }).await?;
                }
                from = reached;
            }
        }
        Ok(())
    }

    /// Takes what the hub made public: the log verifies the hub's signature, and keeps nothing else.
    pub(super) async fn take_public(&self, feed: Feed, run: Run, handed: &mut Handed) -> Result<(), HandoverError> {
        let Some(log) = self.public.filter(|_| self.is_public(&feed)) else {
            handed.refused.push("something that the hub did not make public".to_owned());
            return Ok(());
        };
        if device::room(log)? < run.body.len() as u64 {
            return Ok(());
        }
        let before = log.held().into_iter().find(|held| held.feed == feed).map_or(0, |held| held.extent.length);
        for (_, _, stored) in log.accept(vec![(feed, run)]).await? {
            match stored {
                StoredAs::Accepted(extent) => handed.public += extent.length.saturating_sub(before),
                StoredAs::Refused(reason) => handed.refused.push(reason),
                StoredAs::Known(_) | StoredAs::Gap(_) | StoredAs::Bare(_) => {}
            }
        }
        Ok(())
    }

    /// Says of each offer whether it is wanted; what is beyond what this side asks for at one time is asked for the next time.
    async fn answer_offers(&self, send: &mut SendStream, mut offers: Vec<Label>) -> Result<Wanted, RoadError> {
        let (holder, mut items, told) = (self.bag.holder(), self.bag.items(), self.bag.told());
        // What goes home to those for whom something was carried is likeliest to arrive.
        let carried_for: BTreeSet<[u8; 32]> = told.iter().map(|told| told.from).collect();
        offers.sort_by_key(|label| !carried_for.contains(&label.to));
        let (mut wanted, mut left) = (Wanted::new(), self.takes);
        for label in offers {
            let id = label.id;
            let answer = match holder.judge(&items, &told, &label, &self.peer) {
                Verdict::Take(from) => {
                    let lacks = label.len.saturating_sub(from);
                    if lacks > left || wanted.contains_key(&id) {
                        continue;
                    }
                    left -= lacks;
                    if from == 0 {
                        // It counts from now on, and is here once something of it has come.
                        items.push(Item { label: label.clone(), held: 0, since: clock::now() });
                    }
                    wanted.insert(id, label);
                    Message::Want { id, from }
                }
                Verdict::Known => match self.bag.own_word(&label) {
                    Some(word) => Message::Word(word),
                    // It is here, and signed for in this handover, or its pack is not whole yet.
                    None => continue,
                },
                Verdict::Leave => continue,
                Verdict::Refuse(reason) => {
                    info!(from = label.who, reason, "Did not take a parcel");
                    Message::Refused { id, reason: reason.to_owned() }
                }
            };
            self.say(send, &answer).await?;
        }
        Ok(wanted)
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
                self.say(send, &Message::Piece { id, from, bytes }).await?;
                handed.bytes_up += len;
                from += len;
            }
        }
        Ok(())
    }

    /// Opens what is for this installation and whole, and signs for all that came, also before a road that broke.
    async fn sign(&self, send: &mut SendStream) -> Result<(), HandoverError> {
        let mut words: Vec<Word> = Vec::new();
        for id in self.bag.to_sign(&self.peer) {
            words.extend(self.bag.say(&id, Says::Taken, self.key));
        }
        for label in self.bag.to_open() {
            let (bag, id) = (self.bag.clone(), label.id);
            let sealed = blocking(move || bag.read(&id)).await?;
            let says = self.opener.open(&label, sealed).await?;
            words.extend(self.bag.say(&label.id, says, self.key));
        }
        // What is signed for is written down first; what is asked for is let go only once it is given.
        self.bag.save()?;
        for word in words {
            self.say(send, &Message::Word(word)).await?;
        }
        Ok(())
    }

    /// Hears a turn to its end, and puts pieces where they belong as they come.
    async fn hear(
        &self,
        receive: &mut RecvStream,
        first: Option<Number>,
        wanted: &mut Wanted,
        handed: &mut Handed,
    ) -> Result<Turn, HandoverError> {
        let mut turn = Turn::default();
        let (mut first, mut heard, mut stray, mut public) = (first, 0, 0, 0);
        loop {
            let number = match first.take() {
                Some(first) => first,
                None => {
                    let heard = tokio::time::timeout(SILENCE, receive.number()).await;
                    let silent = || RoadError::Broken("the other side said nothing more".into());
                    heard.map_err(|_| silent())??.ok_or_else(silent)?
                }
            };
            let (body, len) = receive.fields(number, Message::len_max(number.value)).await?;
            self.count(len);
            let message = Message::decode(number.value, &body).map_err(|_| RoadError::Malformed)?;
            heard += usize::from(!matches!(message, Message::Piece { .. } | Message::Public { .. }));
            if matches!(message, Message::Public { .. }) {
                public += len as u64;
                if public > 2 * PUBLIC_MAX {
                    return Err(HandoverError::Broken("too much was said in one turn"));
                }
            }
            if heard > TURN_MAX {
                return Err(HandoverError::Broken("too much was said in one turn"));
            }
            match message {
                Message::Hello { version, oldest, name, heard, carries, lends } => {
                    if version < VERSION_OLDEST || oldest > VERSION {
                        return Err(HandoverError::Version(version));
                    }
                    turn.hello = Some(Greeting { peer: Peer { name, met: clock::now(), heard }, carries, lends });
                }
                Message::Offer(label) => {
                    handed.labels += 1;
                    turn.offers.push(label);
                }
                Message::Want { id, from } => turn.wants.push((id, from)),
                Message::Piece { id, from, bytes } => {
                    let (bag, len) = (self.bag.clone(), bytes.len() as u64);
                    let label = wanted.get(&id).filter(|_| bag.held(&id) == from && !bytes.is_empty()).cloned();
                    let Some(label) = label else {
                        stray += 1;
                        if stray > STRAY_MAX {
                            return Err(HandoverError::Broken("pieces came that nobody asked for"));
                        }
                        continue;
                    };
                    handed.bytes_down += len;
                    let of = label.clone();
                    let is_whole = blocking(move || bag.append(&of, from, &bytes)).await?;
                    let is_over = from + len >= label.len;
                    if is_over {
                        wanted.remove(&id);
                    }
                    if is_whole {
                        handed.taken.push(label);
                    } else if is_over {
                        warn!(from = label.who, "A parcel is not the one that its label names");
                        handed.refused.push("a parcel is not the one that its label names".to_owned());
                    }
                }
                Message::Word(word) => {
                    // What is offered again is answered with the word that is here.
                    if !self.bag.has_heard(&word) && self.bag.hear(word) {
                        handed.words += 1;
                        handed.given += usize::from(word.by == self.peer);
                    }
                }
                Message::Refused { reason, .. } => {
                    info!(by = handed.peer.name, reason, "The other side did not take a parcel");
                    handed.refused.push(reason);
                }
                Message::Holds(held) => turn.holds = Some(held.into_iter().collect()),
                Message::Public { feed, run } => self.take_public(feed, run, handed).await?,
                Message::Over => return Ok(turn),
                Message::Unknown(_) => {}
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BagError> + Send + 'static,
) -> Result<T, HandoverError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| HandoverError::Store(StoreError::Stopped))??)
}
