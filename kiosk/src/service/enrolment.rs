//! Becoming a device of the county, from the machine's own screen: the address of the hub, a code of eight characters, and
//! six digits that both sides compare.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use civic_core::access::Role;
use replica::{
    dir::DataDir,
    enrol::{EnrolError, Invitation, Refusal, enrol},
};
use tokio::{runtime::Handle, sync::Notify};

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
    /// The hub is called.
    Calling,
    /// The operator compares these digits with theirs.
    Compare(String),
    /// It is done, under this name; the kiosk begins to serve.
    Done(String),
    /// It failed; the key of the sentence that says what to do.
    Failed(&'static str),
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
        Self { directory, runtime: Handle::current(), news, done, stands: Arc::default() }
    }

    /// Begins, unless it has begun already.
    pub fn begin(&self, hub: String, code: String) {
        {
            let mut stands = self.stands();
            match &*stands {
                Enrolling::Calling | Enrolling::Compare(_) | Enrolling::Done(_) | Enrolling::Already { .. } => return,
                Enrolling::Idle | Enrolling::Failed(_) => *stands = Enrolling::Calling,
            }
        }
        let this = self.clone();
        self.runtime.spawn(async move {
            let compare = |digits: &str| this.now(Enrolling::Compare(digits.to_owned()));
            match enrol(&this.directory, &Invitation::typed(&hub, &code), Role::Kiosk, false, compare).await {
                Ok(card) => {
                    this.now(Enrolling::Done(card.name));
                    this.done.notify_one();
                }
                Err(error) => {
                    tracing::warn!(%error, "This machine was not enrolled");
                    this.now(Enrolling::Failed(sentence(&error)));
                }
            }
        });
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
        EnrolError::Road(_) | EnrolError::NotTheHub(_) => "enrol-no-road",
        EnrolError::AlreadyEnrolled(..)
        | EnrolError::OtherCounty(..)
        | EnrolError::NoAddressee
        | EnrolError::Seal(_)
        | EnrolError::Dir(_)
        | EnrolError::Identity(_)
        | EnrolError::Tls(_) => "enrol-failed",
    }
}
