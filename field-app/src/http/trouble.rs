//! What went wrong, in a sentence for the deputy: what is saved, what is not, and what to do.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use civic_core::wording::Both;
use ledger::LedgerError;
use maud::html;
use replica::{dir::DirError, store::StoreError};
use tracing::error;
use web::page;

use super::frame::{Tab, frame};
use crate::{
    draft::{DRAFTS_MAX, DraftError},
    words::{both, both_with, say},
};

/// Why a page cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The data directory could not be read or written.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// There is no such page or record here.
    #[error("there is nothing at this address")]
    Nowhere,
    /// The form was saved already, so no draft of it is kept.
    #[error("the form was saved before")]
    Before,
    /// As many drafts as are kept at one time.
    #[error("there are as many drafts as are kept at one time")]
    Drafts,
    /// What was sent is no form, or longer than any form of ours.
    #[error("what was sent cannot be read as a form")]
    Form,
    /// The work broke off in the middle.
    #[error("the work broke off")]
    Stopped,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<DraftError> for Trouble {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Full => Self::Drafts,
            DraftError::Dir(error) => Self::Dir(error),
        }
    }
}

impl Trouble {
    /// The sentence.
    pub(super) fn sentence(&self) -> Both {
        match self {
            Trouble::Ledger(error) => match error {
                LedgerError::Store(StoreError::DiskFull) => both("trouble-full"),
                LedgerError::Store(StoreError::Version(_) | StoreError::Damaged(_)) | LedgerError::Tables(_) => {
                    both("trouble-damaged")
                }
                LedgerError::Store(StoreError::Elsewhere) => both("trouble-elsewhere"),
                LedgerError::Store(StoreError::Failed(_) | StoreError::Stopped) => both("trouble-again"),
                LedgerError::Record(reason) => both_with("trouble-record", &[("reason", reason)]),
                LedgerError::NotAllowed(_) | LedgerError::Changed => both("trouble-step"),
                // Only hubs are asked for what the second says.
                LedgerError::NotFound | LedgerError::SlipElsewhere => both("trouble-nowhere"),
                LedgerError::OutOfScope(_) => both("trouble-scope"),
                LedgerError::NoTickets => both("trouble-tickets"),
                LedgerError::Codebook(_) => both("trouble-codebook"),
                LedgerError::Seal(_) => both("trouble-seal"),
            },
            Trouble::Dir(_) => both("trouble-full"),
            Trouble::Nowhere => both("trouble-nowhere"),
            Trouble::Before => both("draft-before"),
            Trouble::Drafts => both_with("draft-full", &[("max", &DRAFTS_MAX)]),
            Trouble::Form => both("trouble-form"),
            Trouble::Stopped => both("trouble-again"),
        }
    }

    /// The status of a page that says so.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Trouble::Ledger(error) => match error {
                LedgerError::Store(StoreError::DiskFull) => StatusCode::INSUFFICIENT_STORAGE,
                LedgerError::Record(_) | LedgerError::Seal(_) => StatusCode::UNPROCESSABLE_ENTITY,
                LedgerError::NotAllowed(_) | LedgerError::Changed | LedgerError::Store(StoreError::Elsewhere) => {
                    StatusCode::CONFLICT
                }
                LedgerError::NotFound | LedgerError::SlipElsewhere => StatusCode::NOT_FOUND,
                LedgerError::OutOfScope(_) => StatusCode::FORBIDDEN,
                LedgerError::Store(
                    StoreError::Version(_) | StoreError::Damaged(_) | StoreError::Failed(_) | StoreError::Stopped,
                )
                | LedgerError::Tables(_)
                | LedgerError::NoTickets
                | LedgerError::Codebook(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Trouble::Dir(_) => StatusCode::INSUFFICIENT_STORAGE,
            Trouble::Nowhere => StatusCode::NOT_FOUND,
            Trouble::Before | Trouble::Drafts => StatusCode::CONFLICT,
            Trouble::Form => StatusCode::UNPROCESSABLE_ENTITY,
            Trouble::Stopped => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Notes a fault of this machine in the log; what a person can mend is no fault.
    pub(super) fn note(&self) {
        if !self.status().is_server_error() {
            return;
        }
        let mut chain = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(reason) = cause {
            chain.push_str(&format!(": {reason}"));
            cause = reason.source();
        }
        error!(error = chain, "A page could not do what was asked");
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        self.note();
        let main = html! {
            p #trouble.alert role="alert" { (page::both(&self.sentence())) }
            a.button href="/" { (say("home-title")) }
        };
        (self.status(), frame(&both("trouble-title"), Tab::Elsewhere, main, html! {})).into_response()
    }
}

/// An address without a page.
pub(super) async fn nowhere() -> Trouble {
    Trouble::Nowhere
}
