//! What is handed over: a deputy's phone takes along what others sealed, and brings home what the hub sealed for them.
//!
//! Both sides are those that ship, and so are their [bags](crate::bag). Between the two is a stream of bytes that may break
//! behind any of them. They agree on what time it is: this process has one clock, and both work at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use civic_core::{
    access::Role,
    id::{from_hex, hex},
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use replica::{
    carry::{
        bag::{Bag, Holder},
        ends::{FillError, OfDevice, OfHub},
        handover::{Handed, HandoverError, Hands, Opener},
    },
    dir::DataDir,
    identity::Identity,
    road::{
        RecvStream, RoadError, SendStream,
        mux::{self, End},
    },
    store::{Log, StoreError},
};
use sync_core::{
    carry::{bag::Told, label::Label, word::Says},
    feed::FeedId,
    session::Authors as _,
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::{
    county::{Broken, CANARY, County, chain},
    disk,
};

/// Bytes of a road that are on their way at one time.
const ON_THE_WAY: usize = 64 * 1024;

/// Bytes that crossed a road.
type Said = Arc<Mutex<Vec<u8>>>;

/// One end of a road that may break.
struct Fragile {
    io: DuplexStream,
    /// Bytes that still cross it from here; as many as there are if nothing is said.
    left: Option<usize>,
    said: Said,
}

impl AsyncRead for Fragile {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl AsyncWrite for Fragile {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let len = self.left.map_or(bytes.len(), |left| left.min(bytes.len()));
        if len == 0 {
            // The other end sees it as well.
            ready!(Pin::new(&mut self.io).poll_shutdown(context))?;
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let len = ready!(Pin::new(&mut self.io).poll_write(context, &bytes[..len]))?;
        self.left = self.left.map(|left| left - len);
        self.said.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// How a handover goes.
#[derive(Clone, Copy, Default)]
struct Terms {
    /// Bytes of parcels that the phone gives and takes at most; all if nothing is said.
    at_most: Option<u64>,
    /// At which end the road breaks, and behind how many bytes.
    breaks: Option<(End, usize)>,
}

/// What seals and opens parcels at one end.
enum Ends {
    Device(OfDevice),
    Hub(Box<OfHub>),
}

impl Opener for Ends {
    async fn open(&self, label: &Label, sealed: Vec<u8>) -> Result<Says, StoreError> {
        match self {
            Ends::Device(end) => end.open(label, sealed).await,
            Ends::Hub(end) => end.open(label, sealed).await,
        }
    }
}

/// Whoever hands something over.
struct Party {
    bag: Bag,
    key: SigningKey,
    name: String,
    heard: UnixSeconds,
    log: Log,
    ends: Ends,
}

impl Party {
    /// Seals what is new.
    async fn fill(&self) -> Result<(), FillError> {
        match &self.ends {
            Ends::Device(end) => end.fill(&self.bag).await,
            Ends::Hub(end) => end.fill(&self.bag, |_| "一个站".to_owned()).await,
        }
    }

    fn hands(&self, other: &Self, at_most: Option<u64>) -> Hands<'_, Ends> {
        let is_near = [self, other].iter().all(|party| matches!(party.ends, Ends::Device(_)));
        let most = at_most.unwrap_or(u64::MAX);
        Hands {
            bag: &self.bag,
            key: &self.key,
            peer: other.key.verifying_key().to_bytes(),
            name: &self.name,
            heard: self.heard,
            budget: most,
            takes: most,
            counter: None,
            opener: &self.ends,
            public: Some(&self.log).filter(|_| is_near),
        }
    }
}

/// How it ended at either end.
type Ended = [Result<Handed, HandoverError>; 2];

/// One handover over one road, which both leave when they are done with it.
async fn hand_over(caller: &Hands<'_, Ends>, called: &Hands<'_, Ends>, terms: Terms) -> (Ended, [Said; 2]) {
    let said = [Said::default(), Said::default()];
    let (here, there) = tokio::io::duplex(ON_THE_WAY);
    let end = |io, end, said: &Said| {
        let left = terms.breaks.filter(|(breaks, _)| *breaks == end).map(|(_, left)| left);
        mux::Connection::over(Fragile { io, left, said: said.clone() }, end)
    };
    let (here, there) = (end(here, End::Caller, &said[0]), end(there, End::Answerer, &said[1]));
    let stream = |(send, receive)| (SendStream::Tcp(send), RecvStream::Tcp(receive));
    let call = async {
        let road = here;
        caller.call(stream(road.open().map_err(RoadError::from)?)).await
    };
    let answer = async {
        let road = there;
        let (send, mut receive) = stream(road.accept().await.map_err(RoadError::from)?);
        let first = receive.number().await?.ok_or_else(|| RoadError::Broken("nothing was said".into()))?;
        called.answer(first, (send, receive)).await
    };
    let (call, answer) = tokio::join!(call, answer);
    ([call, answer], said)
}

impl County {
    /// Deputies, each with a phone that carries.
    fn carriers(&self) -> Vec<usize> {
        let is_carrier = |device: &usize| self.devices[*device].role() == Role::Deputy;
        (0..self.devices.len()).filter(is_carrier).collect()
    }

    /// A deputy comes to a station, or meets another, or has signal.
    pub(crate) fn carry(&mut self) -> Result<(), Broken> {
        let carriers = self.carriers();
        if carriers.is_empty() {
            return Ok(());
        }
        let phone = *self.dice.one_of(&carriers);
        let neighbours = self.neighbours(phone);
        let is_in_town = neighbours.is_empty() || self.dice.percent(40);
        let other = if is_in_town { self.above(phone) } else { *self.dice.one_of(&neighbours) };
        let at_most = if self.dice.percent(10) { Some(self.dice.below(20_000)) } else { None };
        let end = if self.dice.percent(50) { End::Caller } else { End::Answerer };
        let bits = 6 + self.dice.below(12);
        let behind = usize::try_from(self.dice.below(1 << bits)).unwrap_or(0);
        let breaks = if self.dice.percent(self.trouble) { Some((end, behind)) } else { None };
        self.hand_over(phone, other, Terms { at_most, breaks }).map(|_| ())
    }

    /// Whom a phone may meet: devices of the same hub, and not the one whose key it has itself.
    fn neighbours(&self, phone: usize) -> Vec<usize> {
        let (hub, key) = (self.above(phone), self.devices[phone].public_key());
        let is_near = |other: &usize| self.above(*other) == hub && self.devices[*other].public_key() != key;
        self.people().into_iter().filter(is_near).collect()
    }

    /// The bag of somebody who runs, which is opened when it is used first.
    fn bag(&mut self, who: usize) -> Result<Bag, Broken> {
        if let Some(bag) = self.bags.open.get(&who) {
            return Ok(bag.clone());
        }
        let node = self.node(who);
        let hub = node.card.hub_key().ok_or("a card names its hub")?;
        let holder = Holder { own: node.public_key(), hub, carries: node.role() == Role::Deputy };
        let dir = DataDir::look(&self.bags.dir(&node.dir));
        let bag =
            Bag::open(&dir, holder).map_err(|error| format!("the bag of {}: {}", Self::name(who), chain(&error)))?;
        self.bags.open.insert(who, bag.clone());
        Ok(bag)
    }

    /// Somebody who runs, as they meet this peer; nobody if their card fails, or if they have heard that it was struck off.
    fn party(&mut self, who: usize, peer: usize) -> Result<Option<Party>, Broken> {
        let Some(log) = self.at_work(who).map(|ledger| ledger.log().clone()) else { return Ok(None) };
        let bag = self.bag(who)?;
        let (peer, node) = (self.node(peer).public_key(), self.node(who));
        let (key, name) = (node.key.clone(), node.card.name.clone());
        let asked = match self.offices.get(&who) {
            Some(office) => Ok((UnixSeconds(self.now), office.register.member(&peer).is_some())),
            None => log
                .is_revoked(&bag.holder().hub, &peer)
                .and_then(|is_revoked| Ok((log.counts()?.last_receipt.unwrap_or_default(), !is_revoked))),
        };
        let ends = match self.offices.get(&who) {
            Some(office) => {
                let (ring, authors) = (Arc::new(office.ring.clone()), office.register.clone());
                let ring = Arc::new(move || ring.clone());
                Ends::Hub(Box::new(OfHub { log: log.clone(), key: key.clone(), ring, authors, desk: None }))
            }
            None => {
                let identity = Identity::new(&DataDir::look(&node.dir), key.clone(), node.card.clone());
                Ends::Device(OfDevice { identity: Arc::new(identity), log: log.clone() })
            }
        };
        match asked {
            Ok((heard, true)) => Ok(Some(Party { bag, key, name, heard, log, ends })),
            Ok((_, false)) => {
                self.count("carriers turned away");
                Ok(None)
            }
            Err(error) => {
                drop((log, ends));
                self.after_failure(who, &error).map(|()| None)
            }
        }
    }

    /// A phone hands over with whoever stands there, or with its hub; returns whether that brought either anything new. Both
    /// go by the phone's clock.
    fn hand_over(&mut self, phone: usize, other: usize, terms: Terms) -> Result<bool, Broken> {
        let Some(called) = self.party(other, phone)? else { return Ok(false) };
        let Some(caller) = self.party(phone, other)? else { return Ok(false) };
        let (filled, done) = self.runtime.block_on(async {
            let filled = [caller.fill().await, called.fill().await];
            let done = match filled {
                [Ok(()), Ok(())] => {
                    Some(hand_over(&caller.hands(&called, terms.at_most), &called.hands(&caller, None), terms).await)
                }
                [Err(_), _] | [_, Err(_)] => None,
            };
            (filled, done)
        });
        // A program that falls has nothing open.
        drop((caller, called));
        self.came_of_it([phone, other], filled, done, terms)
    }

    fn came_of_it(
        &mut self,
        parties: [usize; 2],
        filled: [Result<(), FillError>; 2],
        done: Option<(Ended, [Said; 2])>,
        terms: Terms,
    ) -> Result<bool, Broken> {
        for (who, filled) in parties.into_iter().zip(filled) {
            if let Err(error) = filled {
                self.after_failure(who, &error)?;
            }
        }
        let Some((ended, said)) = done else { return Ok(false) };
        for said in said {
            if disk::is_within(&said.lock().unwrap_or_else(PoisonError::into_inner), CANARY) {
                return Err("O5: personal details cross the road to a carrier in the clear".to_owned());
            }
        }
        let has_failed = ended.iter().any(|ended| matches!(ended, Err(HandoverError::Store(_))));
        let [phone, other] = parties.map(Self::name);
        let is_news = match &ended {
            [Ok(ours), Ok(theirs)] => {
                self.count("handovers");
                if ours.bytes_up + ours.bytes_down > 0 {
                    self.count("handovers in which parcels changed hands");
                }
                let moved = [ours, theirs].map(|handed| (handed.taken.len(), handed.words, handed.public));
                self.note(format_args!("{phone} hands over with {other}: {moved:?}"));
                moved != [(0, 0, 0); 2]
            }
            _ => {
                self.count("handovers that broke off");
                self.note(format_args!("{phone} and {other} break off"));
                false
            }
        };
        for (who, ended) in parties.into_iter().zip(ended) {
            match ended {
                Ok(_) => {}
                Err(HandoverError::Store(error)) => self.after_failure(who, &error)?,
                Err(HandoverError::Road(_)) if has_failed || terms.breaks.is_some() => {}
                Err(error) => return Err(format!("protocol: a handover of {}: {}", Self::name(who), chain(&error))),
            }
        }
        Ok(is_news)
    }

    /// O1 of words: no hub says that it heard a parcel whose entries it lacks, and nobody turns an honest one away.
    pub(crate) fn words_are_true(&self) -> Result<(), Broken> {
        for (device, bag) in &self.bags.open {
            let Some(node) = self.devices.get(*device).filter(|node| node.role() != Role::Hub && !node.is_revoked)
            else {
                continue;
            };
            let (holder, told) = (bag.holder(), bag.told());
            let says =
                |told: &&Told, says| told.word.says == says && told.word.by == holder.hub && told.from == holder.own;
            // What was sealed to a key that is destroyed is sealed again.
            let is_closed = !self.offices[&node.above].closed.is_empty();
            let is_turned = |told: &&Told| {
                let is_home = told.word.says == Says::Turned && told.word.by == holder.own;
                is_home || (!is_closed && says(told, Says::Turned))
            };
            if let Some(turned) = told.iter().find(is_turned) {
                return Err(format!("O1: an honest parcel from or for device {device} was turned away: {turned:?}"));
            }
            let heard: BTreeSet<String> =
                told.iter().filter(|told| says(told, Says::Heard)).map(|told| hex(&told.word.id)).collect();
            let (Some(pack), Some(hub)) = (bag.pack(&holder.hub), &self.node(node.above).ledger) else { continue };
            if self.was_restored(node.above) || !pack.parts.iter().all(|part| heard.contains(part)) {
                continue;
            }
            let there: BTreeMap<FeedId, u64> =
                hub.log().held().into_iter().map(|held| (held.feed.id(), held.extent.length)).collect();
            for (feed, covered) in &pack.covers {
                let feed = from_hex(feed).and_then(|id| id.try_into().ok()).map(FeedId);
                let at_hub = feed.and_then(|feed| there.get(&feed)).copied().unwrap_or(0);
                if at_hub < *covered {
                    return Err(format!(
                        "O1: the hub says it heard {covered} entries that device {device} had carried, and has {at_hub}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// One phone goes to everybody and to the hub, and comes again with what that had to say; other phones go by themselves.
    /// Returns whether anybody heard anything new.
    pub(crate) fn everybody_is_visited(&mut self, phone: usize, devices: &[usize]) -> Result<bool, Broken> {
        let is_phone = |county: &Self, device: usize| county.devices[device].role() == Role::Deputy;
        let mut is_news = false;
        for _ in 0..2 {
            for device in devices.iter().filter(|device| **device != phone) {
                let with = if is_phone(self, *device) { (*device, self.above(*device)) } else { (phone, *device) };
                is_news |= self.hand_over(with.0, with.1, Terms::default())?;
            }
            is_news |= self.hand_over(phone, self.above(phone), Terms::default())?;
            for device in devices {
                self.work_up(*device)?;
            }
        }
        Ok(is_news)
    }
}
