//! One thing that was done or refused at the hub: who, what, upon what, and why.

use std::fmt::Display;

use civic_core::{access::operator::OperatorRole, id::DeviceId};

/// Longest name of who did it, and of where from.
pub(super) const WHO_CHARS_MAX: usize = 100;
/// Longest name of what it was done upon; more is cut off.
pub(super) const OBJECT_CHARS_MAX: usize = 200;
/// Longest reason; more is cut off.
pub(super) const REASON_CHARS_MAX: usize = 500;

/// Declares the closed list of what can be done, with the word of each.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What was done, or refused. One more is one more line here and a sentence `audit-WORD` in both wording files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Action] = &[$(Action::$name,)*];

            /// The word in the log, on the command line and in exports.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Action::$name => $word,)*
                }
            }
        }
    };
}

actions! {
    /// The hub began to serve.
    Start = "start",
    /// The hub stopped.
    Stop = "stop",
    /// Older days of this log were archived.
    Archive = "archive",
    /// Something was asked for that the table of rights does not give.
    Access = "access",
    /// Signed in, or was not let in.
    SignIn = "sign-in",
    /// Signed out.
    SignOut = "sign-out",
    /// A session was ended by somebody, or by its time.
    EndSession = "end-session",
    /// Too many wrong passwords.
    Lock = "lock",
    /// A password was changed.
    SetPassword = "set-password",
    /// A second factor was set up or taken away.
    SetFactor = "set-factor",
    /// An operator was added.
    AddUser = "add-user",
    /// An operator's roles, area or body were changed.
    ChangeUser = "change-user",
    /// An operator was disabled.
    DisableUser = "disable-user",
    /// An operator who could not sign in was given a new password.
    RecoverUser = "recover-user",
    /// A step was taken with an opinion.
    Step = "step",
    /// Fields of an opinion were corrected.
    Correct = "correct",
    /// Two values of a field were settled.
    Settle = "settle",
    /// Somebody looked at what a device brought after it was struck off.
    ReviewLate = "review-late",
    /// Words were added to an opinion.
    AddWords = "add-words",
    /// An opening of personal details was asked for.
    AskOpening = "ask-opening",
    /// A second person agreed to an opening, or did not.
    ApproveOpening = "approve-opening",
    /// Personal details were opened.
    OpenDetails = "open-details",
    /// A slip was given a new opening part.
    ReopenSlip = "reopen-slip",
    /// The contact of one opinion was lent to somebody.
    LendContact = "lend-contact",
    /// Such a loan was ended before its day.
    EndLoan = "end-loan",
    /// Personal details or an opinion were erased.
    Erase = "erase",
    /// Something was published.
    Publish = "publish",
    /// Tokens for a vote were made.
    MakeTokens = "make-tokens",
    /// A vote or consultation was counted.
    Tally = "tally",
    /// A device was expected: its code was made.
    ExpectDevice = "expect-device",
    /// This hub was put beneath another one.
    Join = "join",
    /// A device was let in.
    ApproveDevice = "approve-device",
    /// A device was sent away.
    DeclineDevice = "decline-device",
    /// A device was struck off.
    RevokeDevice = "revoke-device",
    /// A device got a new certificate.
    RenewDevice = "renew-device",
    /// A device was refused at the door, or what it sent was kept apart.
    RefuseDevice = "refuse-device",
    /// An enrolment was refused: a wrong or used code, another kind of device, nobody approved.
    RefuseEnrolment = "refuse-enrolment",
    /// A request to the pages was not answered: of another site or host, a form of no session, too long.
    RefuseRequest = "refuse-request",
    /// Bundles were taken in or written.
    CarryBundles = "carry-bundles",
    /// Opinions were taken away as a file.
    Export = "export",
    /// This log was searched or taken away as a file.
    ReadAudit = "read-audit",
    /// The tables were made anew from the log.
    Rebuild = "rebuild",
    /// A key was made, changed or destroyed.
    ChangeKey = "change-key",
    /// The county's codebook was changed.
    ChangeCodebook = "change-codebook",
    /// A backup was made.
    Backup = "backup",
    /// A backup was restored.
    Restore = "restore",
}

impl Action {
    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.word() == word)
    }
}

/// Who did it, as what, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub(super) who: String,
    pub(super) role: String,
    pub(super) address: String,
}

impl By {
    /// An operator, by the name with which they sign in.
    pub fn operator<'a>(name: &str, roles: impl IntoIterator<Item = &'a OperatorRole>, address: impl Display) -> Self {
        let roles: Vec<&str> = roles.into_iter().map(|role| role.word()).collect();
        Self { who: name.to_owned(), role: roles.join(" "), address: address.to_string() }
    }

    /// Somebody at the door of the pages, whoever they are: the name is the one they gave.
    pub fn stranger(name: &str, address: impl Display) -> Self {
        Self { who: name.to_owned(), role: String::new(), address: address.to_string() }
    }

    /// A device.
    pub fn device(device: &DeviceId) -> Self {
        Self { who: device.to_string(), role: "device".into(), address: String::new() }
    }

    /// Whoever gives commands on the hub's own machine.
    pub fn command_line() -> Self {
        Self { who: "command line".into(), role: String::new(), address: String::new() }
    }

    /// Who it is, as the log names them.
    pub fn name(&self) -> &str {
        &self.who
    }

    /// The hub's own program.
    pub fn hub() -> Self {
        Self { who: "hub".into(), role: String::new(), address: String::new() }
    }
}

/// One event, to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub(super) by: By,
    pub(super) action: Action,
    pub(super) object: String,
    pub(super) is_refused: bool,
    pub(super) reason: String,
}

impl Event {
    /// `action` was done by `by`.
    pub fn new(by: By, action: Action) -> Self {
        Self { by, action, object: String::new(), is_refused: false, reason: String::new() }
    }

    /// Upon what: an opinion's or device's name, a path; never a personal detail.
    #[must_use]
    pub fn upon(self, object: impl Display) -> Self {
        Self { object: object.to_string(), ..self }
    }

    /// Why it was done, or why it was refused; never a personal detail.
    #[must_use]
    pub fn because(self, reason: impl Display) -> Self {
        Self { reason: reason.to_string(), ..self }
    }

    /// It was not done but refused.
    #[must_use]
    pub fn refused(self) -> Self {
        Self { is_refused: true, ..self }
    }
}
