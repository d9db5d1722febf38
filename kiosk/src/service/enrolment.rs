//! Becoming a device of the county, from the machine's own screen: over the network by the address of the hub and a code of
//! eight characters; by letter where there is none, on a stick or with a deputy's phone. Either way six digits are compared.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use civic_core::access::Role;
use ledger::by_letter::{ByStick, ask_by_stick};
use replica::{
    carry::{
        near::NearError,
        newcomer::{self, Asking},
    },
    dir::DataDir,
    enrol::{EnrolError, Invitation, Refusal, by_letter, enrol},
};
use tokio::{runtime::Handle, sync::Notify, task::block_in_place};

use super::stick;

/// How the county is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Over the network.
    Hub(Invitation),
    /// By the sticks that are in. Without a code what was asked before is looked for: the answer.
    Stick(Option<String>),
    /// By a deputy's phone in the same room.
    Phone {
        /// Where it is, HOST:PORT.
        at: String,
        /// The code.
        code: String,
    },
}

/// Where enrolling stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Enrolling {
    /// Nobody has begun.
    #[default]
    Idle,
    /// The machine was enrolled before, under this name and with the hub at this address. It stays what it is.
    Already {
        /// Its name.
        name: String,
        /// The hub's address.
        hub: String,
    },
    /// The hub or a phone is called.
    Calling,
    /// A stick is read or written: it must stay in.
    OnStick,
    /// The operator compares these digits with theirs.
    Compare(String),
    /// The county was asked by letter, and will ask for these digits.
    Asked(String, Letter),
    /// It is done, under this name; the kiosk begins to serve.
    Done(String),
    /// It failed; the key of the sentence that says what to do.
    Failed(&'static str),
}

/// Where the letter is by which the county was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    /// It was given to somebody some time ago.
    Given,
    /// It was written on the stick just now.
    Written,
    /// The deputy of this name has it on the phone.
    WithPhone(String),
    /// A stick was looked through, and no answer was on it.
    Unanswered,
    /// No stick could be looked through; the key of the sentence that says what to do.
    Missed(&'static str),
}

/// One machine that becomes a device. Clones are the same one.
#[derive(Clone)]
pub struct Enrolment {
    directory: Arc<DataDir>,
    runtime: Handle,
    /// Rung whenever it stands elsewhere.
    news: Arc<Notify>,
    /// Rung when it is done.
    done: Arc<Notify>,
    // A std mutex: held for one assignment.
    stands: Arc<Mutex<Enrolling>>,
}

impl Enrolment {
    /// A machine with this directory; call it inside a runtime. `news` is rung at every step, `done` at the last.
    pub fn new(directory: Arc<DataDir>, news: Arc<Notify>, done: Arc<Notify>) -> Self {
        let pending = by_letter::pending(&directory).unwrap_or_else(|error| {
            tracing::error!(%error, "Whether the county was asked by letter cannot be read");
            None
        });
        let stands = pending.map(|asked| Enrolling::Asked(asked.comparison, Letter::Given)).unwrap_or_default();
        Self { directory, runtime: Handle::current(), news, done, stands: Arc::new(Mutex::new(stands)) }
    }

    /// Begins, unless it is at it already.
    pub fn begin(&self, asks: Asks) {
        {
            let mut stands = self.stands();
            match &*stands {
                Enrolling::Calling | Enrolling::OnStick | Enrolling::Compare(_) => return,
                Enrolling::Done(_) | Enrolling::Already { .. } => return,
                Enrolling::Idle | Enrolling::Asked(..) | Enrolling::Failed(_) => {
                    let is_stick = matches!(asks, Asks::Stick(_));
                    *stands = if is_stick { Enrolling::OnStick } else { Enrolling::Calling };
                }
            }
        }
        let this = self.clone();
        self.runtime.spawn(async move {
            let came = match &asks {
                Asks::Hub(invitation) => this.by_hub(invitation).await,
                Asks::Stick(code) => block_in_place(|| this.by_sticks(code.as_deref(), stick::sticks())),
                Asks::Phone { at, code } => this.by_phone(at, code).await,
            };
            let is_done = matches!(came, Enrolling::Done(_));
            this.now(came);
            if is_done {
                this.done.notify_one();
            }
        });
    }

    async fn by_hub(&self, invitation: &Invitation) -> Enrolling {
        let compare = |digits: &str| self.now(Enrolling::Compare(digits.to_owned()));
        match enrol(&self.directory, invitation, Role::Kiosk, false, compare).await {
            Ok(card) => Enrolling::Done(card.name),
            Err(error) => failed(sentence(&error), error),
        }
    }

    async fn by_phone(&self, at: &str, code: &str) -> Enrolling {
        match newcomer::ask(&self.directory, at, code, Role::Kiosk, false).await {
            Ok(Asking::Waiting { comparison, carrier }) => Enrolling::Asked(comparison, Letter::WithPhone(carrier)),
            Ok(Asking::Enrolled(card)) => Enrolling::Done(card.name),
            Err(NearError::Enrol(error)) => failed(sentence(&error), error),
            Err(error) => failed("enrol-no-phone", error),
        }
    }

    /// Tries the sticks one after the other until one answers, or takes the letter.
    pub fn by_sticks(&self, code: Option<&str>, sticks: Vec<stick::Stick>) -> Enrolling {
        let mut came = Enrolling::Failed("carry-none");
        for directory in sticks.into_iter().map(|stick| stick.directory) {
            came = match ask_by_stick(Role::Kiosk, &self.directory, &directory, code, false) {
                Ok(ByStick::Enrolled(card)) => return Enrolling::Done(card.name),
                Ok(ByStick::Asked(digits)) => return Enrolling::Asked(digits, Letter::Written),
                Ok(ByStick::NoAnswer(digits)) => Enrolling::Asked(digits, Letter::Unanswered),
                Ok(ByStick::NotInvited) => Enrolling::Failed("letter-not-invited"),
                Err(error) => {
                    let why = error.downcast_ref().map_or_else(|| stick::sentence(stick::Way::Out, &error), sentence);
                    failed(why, format!("{error:#}"))
                }
            };
        }
        // What was asked stays asked, whatever is wrong with a stick.
        match (came, by_letter::pending(&self.directory)) {
            (Enrolling::Failed(why), Ok(Some(asked))) if code.is_none() => {
                Enrolling::Asked(asked.comparison, Letter::Missed(why))
            }
            (came, _) => came,
        }
    }

    /// Where it stands.
    pub fn stands_at(&self) -> Enrolling {
        self.stands().clone()
    }

    fn now(&self, enrolling: Enrolling) {
        *self.stands() = enrolling;
        self.news.notify_one();
    }

    fn stands(&self) -> MutexGuard<'_, Enrolling> {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The log says why; the screen what to do.
fn failed(sentence: &'static str, error: impl std::fmt::Display) -> Enrolling {
    tracing::warn!(%error, "This machine was not enrolled");
    Enrolling::Failed(sentence)
}

/// Key of the sentence that says what to do.
fn sentence(error: &EnrolError) -> &'static str {
    match error {
        EnrolError::CodeShape => "enrol-code-shape",
        EnrolError::Refused(refusal) => match refusal {
            Refusal::WrongCode | Refusal::UsedCode | Refusal::ExpiredCode | Refusal::WrongRole => "enrol-wrong-code",
            Refusal::TooManyTries => "enrol-wait",
            Refusal::NotApproved => "enrol-not-approved",
            Refusal::HubFailed => "enrol-failed",
        },
        EnrolError::NotTheHub(_) => "enrol-not-the-hub",
        EnrolError::Road(_) => "enrol-no-road",
        EnrolError::AlreadyEnrolled(..)
        | EnrolError::OtherCounty(..)
        | EnrolError::NoAddressee
        | EnrolError::Unusable
        | EnrolError::Seal(_)
        | EnrolError::Dir(_)
        | EnrolError::Identity(_)
        | EnrolError::Tls(_) => "enrol-failed",
    }
}
