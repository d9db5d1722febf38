//! Bugs on purpose: does anything notice them?
//!
//! Each [`Bug`] is one way in which this program was nearly written, at the one place where that would be. Without the
//! feature `planted`, which no program that ships has, [`is`] is `false` before the compiler is done and nothing of any of
//! them is left. With it, one at a time can be chosen while the program runs: `sim` does, and says after how many seeds
//! somebody noticed.

macro_rules! bugs {
    ($($name:ident = $word:literal,)*) => {
        /// A bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $(#[doc = $word] $name,)*
        }

        impl Bug {
            /// Every bug.
            pub const ALL: &[Bug] = &[$(Bug::$name,)*];

            /// What it does wrong, in a few words.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Bug::$name => $word,)*
                }
            }
        }
    };
}

bugs! {
    SyncOff = "the log does not wait for the disk",
    SyncNormal = "the log waits for the disk at checkpoints alone",
    CommitUnchecked = "a commit that failed counts as done",
    CatalogStale = "the catalog in memory does not hear of a commit",
    SpacesApart = "what belongs together is committed space by space",
    OwnForgotten = "the log does not note what this device wrote",
    IncarnationReused = "a device begins no new life when it starts",
    ActorReused = "changes are written under the actor of another life",
    CutTooFar = "of a run that is here in part an entry too much is left out",
    JoinLosesOne = "runs that wait are joined without the last of them",
    ReceiptUnheard = "receipts are heard and not kept",
    ReceiptOfOneFeed = "only the first receipt of a message is given",
    PruneOnReceived = "a device lets go of what is received and not in a backup",
    NeverMissed = "tables made anew do not ask for what the log let go",
    KeptTooFar = "a backup counts for what came after it",
    ForeignSpace = "a hub tells a device what it may not read",
    ForeignTaken = "a hub tells a device what it may not read, and the device takes it",
    GapIgnored = "a run before which others are missing counts as here",
    StruckOffHeard = "what a device wrote after it was struck off counts",
    FutureRefused = "what is dated in the future is refused",
    BeginningsForgotten = "a device does not name a feed of which nothing has a receipt yet",
    NewerBreaks = "a message of a newer program ends the meeting",
    NewerFields = "a field of a newer program makes a message unreadable",
    FormTwice = "a form sent again is another opinion",
    TicketTwice = "a number that is given is drawn again",
    ContactInClear = "a telephone number is written as it was typed",
    KeptInClear = "what is kept from the village is not",
    ProgressTooEarly = "the tables note how far they are before they are",
    PendingDropped = "a change that came before its cause is dropped",
    SlipForgotten = "a slip counts as written before it is",
    AdditionReplaces = "an addition replaces what was said",
    StepReplaces = "a step replaces the one before it",
    PieceAcknowledged = "an attachment counts as whole with its first piece",
    ErasedByName = "what is erased stays in the log",
    KeyGoesEarly = "a key goes while a device still seals to it",
    HeardUnread = "a hub says that it heard a parcel which its disk did not take",
    CarrierForgets = "a carrier lets go of what it has signed for",
}

#[cfg(feature = "planted")]
static CHOSEN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(usize::MAX);

/// Chooses the bug that this process has from now on, or none.
#[cfg(feature = "planted")]
pub fn choose(bug: Option<Bug>) {
    CHOSEN.store(bug.map_or(usize::MAX, |bug| bug as usize), std::sync::atomic::Ordering::Relaxed);
}

/// Whether this program has this bug.
#[cfg(feature = "planted")]
pub fn is(bug: Bug) -> bool {
    CHOSEN.load(std::sync::atomic::Ordering::Relaxed) == bug as usize
}

/// Whether this program has this bug: never.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_: Bug) -> bool {
    false
}
