//! The station of a machine that is no device of any county yet, or holds a card that was enrolled in another machine: it
//! says so, and keeps nothing.

use std::time::Instant;

use civic_core::{
    codebook::Topic,
    id::DocId,
    opening::{OpeningNumber, SlipKey, Stub},
    ticket::Ticket,
    time::UnixSeconds,
    token::Token,
};
use replica::clock;

use crate::{
    guesses::NotOpened,
    public::{NotTaken, Public, Reply},
    service::Service,
    station::{Counts, Draft, Found, NotSaved, Piece, Place, Station, TakenUp, Waiting},
    trouble::Trouble,
};

/// A machine that must be enrolled first.
pub struct Blank {
    trouble: Trouble,
    service: Option<Box<dyn Service>>,
}

impl Blank {
    /// A machine with these service pages, and why it must be enrolled.
    pub fn new(trouble: Trouble, service: Box<dyn Service>) -> Self {
        Self { trouble, service: Some(service) }
    }
}

impl Station for Blank {
    fn place(&self) -> Place {
        Place { village: String::new(), station: String::new(), county: String::new() }
    }

    fn topics(&self) -> Vec<Topic> {
        Vec::new()
    }

    fn spots(&self) -> Vec<String> {
        Vec::new()
    }

    fn file(&mut self, _draft: &Draft) -> Result<Stub, NotSaved> {
        Err(NotSaved::Failed)
    }

    fn keep(&mut self, _draft: &Draft) -> Result<(), NotSaved> {
        Err(NotSaved::Failed)
    }

    fn keep_piece(&mut self, _draft: &Draft, _piece: &Piece) -> Result<(), NotSaved> {
        Err(NotSaved::Failed)
    }

    fn throw_away(&mut self) {}

    fn leave_waiting(&mut self) {}

    fn waiting(&self) -> Option<Waiting> {
        None
    }

    fn take_up(&mut self) -> Option<TakenUp> {
        None
    }

    fn file_unfinished(&mut self) -> Result<(), NotSaved> {
        Ok(())
    }

    fn find(&self, _ticket: &Ticket, _key: Option<&SlipKey>) -> Found {
        Found::Unknown
    }

    fn unlock(&mut self, _ticket: Ticket, _number: OpeningNumber, _now: Instant) -> Result<SlipKey, NotOpened> {
        Err(NotOpened::NothingSealed)
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }

    fn now(&self) -> UnixSeconds {
        clock::now()
    }

    fn public(&self) -> Public {
        Public::default()
    }

    fn form(&mut self) -> String {
        String::new()
    }

    fn take(&mut self, _form: &str, _reply: &Reply) -> Result<(), NotTaken> {
        Err(NotTaken::NotAsked)
    }

    fn answer(&mut self, _draft: &Draft) -> Result<(), NotTaken> {
        Err(NotTaken::NotAsked)
    }

    fn admit(&self, _vote: &DocId, _token: Token) -> Result<(), NotTaken> {
        Err(NotTaken::NotAsked)
    }

    fn troubles(&self) -> Vec<Trouble> {
        vec![self.trouble]
    }

    fn service(&mut self) -> Option<Box<dyn Service>> {
        self.service.take()
    }
}
