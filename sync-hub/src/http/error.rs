//! What a page says when it cannot be shown: the one map from failures to statuses and sentences.

use axum::{
    extract::rejection::FormRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use civic_core::{access::operator::Right, wording::Both};
use ledger::LedgerError;
use replica::store::StoreError;
use tracing::error;
use web::guard::Refusal;

use super::words::{both, both_with};
use crate::{audit::AuditError, register::RegisterError, user::UserError, vault::VaultError};

/// Why a page could not be shown or a form could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// There is no such page, record or device: go back to the list.
    #[error("there is no such page")]
    NotFound,
    /// What was sent is not what the form sends.
    #[error("the request is not one of this page's forms")]
    BadRequest,
    /// What was sent is longer than any form.
    #[error("the request is longer than any form")]
    TooLong,
    /// Nobody is signed in: go to the page where one does.
    #[error("nobody is signed in")]
    SignedOut,
    /// The operator's roles do not give this, or not here.
    #[error("the right {} is not given here", .0.word())]
    Forbidden(Right),
    /// A form that does not carry its session's token: it was made elsewhere, or before signing in again.
    #[error("this form does not belong to this session")]
    StrangeForm,
    /// Too many passwords are being looked at: come again in a moment.
    #[error("too many passwords are being looked at")]
    Busy,
    /// The list of operators refused.
    #[error(transparent)]
    User(#[from] UserError),
    /// It could not be noted, so it was not done.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The register refused.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The vault refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The record of backups could not be read.
    #[error("the record of backups could not be read")]
    Backups(#[from] rusqlite::Error),
    /// Work stopped in the middle: a fault of this program.
    #[error("the work for this page stopped in the middle")]
    Stopped(#[from] tokio::task::JoinError),
}

impl From<FormRejection> for PageError {
    fn from(rejection: FormRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLong,
            _ => PageError::BadRequest,
        }
    }
}

impl PageError {
    /// The status and the sentence.
    fn verdict(&self) -> (StatusCode, Both) {
        match self {
            PageError::NotFound | PageError::Register(RegisterError::NotFound) => {
                (StatusCode::NOT_FOUND, both("error-not-found"))
            }
            PageError::BadRequest => (StatusCode::BAD_REQUEST, both("error-bad-request")),
            PageError::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, both("error-too-long")),
            PageError::StrangeForm => (StatusCode::FORBIDDEN, both("error-strange-form")),
            PageError::Busy => (StatusCode::SERVICE_UNAVAILABLE, both("sign-in-busy")),
            PageError::User(UserError::NotFound) => (StatusCode::NOT_FOUND, both("error-not-found")),
            PageError::User(
                UserError::Taken(_)
                | UserError::BadLogin
                | UserError::BadName
                | UserError::Mandate(_)
                | UserError::Elsewhere(_)
                | UserError::NoBody(_)
                | UserError::Password(_)
                | UserError::Full,
            ) => (StatusCode::UNPROCESSABLE_ENTITY, both("error-bad-request")),
            PageError::SignedOut => (StatusCode::UNAUTHORIZED, both("error-signed-out")),
            PageError::Forbidden(right) => {
                let values = [("right", right.zh().into()), ("rightEn", right.word().into())];
                (StatusCode::FORBIDDEN, both_with("error-forbidden", &values))
            }
            PageError::Register(RegisterError::NoArea | RegisterError::Elsewhere(_)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, both("error-area"))
            }
            PageError::Register(RegisterError::NoNumbers) => (StatusCode::CONFLICT, both("error-no-numbers")),
            PageError::Ledger(failure) => match failure {
                LedgerError::NotFound => (StatusCode::NOT_FOUND, both("error-not-found")),
                LedgerError::Record(_) | LedgerError::NotAllowed(_) => {
                    (StatusCode::UNPROCESSABLE_ENTITY, both("error-bad-request"))
                }
                LedgerError::Changed => (StatusCode::CONFLICT, both("refused-changed-meanwhile")),
                LedgerError::OutOfScope(_) => (StatusCode::FORBIDDEN, both("error-area")),
                LedgerError::SlipElsewhere => (StatusCode::CONFLICT, both("reopen-elsewhere")),
                LedgerError::Store(StoreError::DiskFull) => (StatusCode::INSUFFICIENT_STORAGE, both("error-disk-full")),
                LedgerError::Store(
                    StoreError::Version(_)
                    | StoreError::Damaged(_)
                    | StoreError::Elsewhere
                    | StoreError::Failed(_)
                    | StoreError::Stopped,
                )
                | LedgerError::Tables(_)
                | LedgerError::NoTickets
                | LedgerError::Codebook(_)
                | LedgerError::Seal(_) => (StatusCode::INTERNAL_SERVER_ERROR, both("error-failed")),
            },
            PageError::Vault(VaultError::Gone) => (StatusCode::NOT_FOUND, both("error-vault-gone")),
            PageError::Vault(VaultError::Db(_) | VaultError::Damaged | VaultError::Ledger(_))
            | PageError::Register(RegisterError::Db(_) | RegisterError::Version(_))
            | PageError::User(UserError::Db(_))
            | PageError::Backups(_)
            | PageError::Audit(_)
            | PageError::Stopped(_) => (StatusCode::INTERNAL_SERVER_ERROR, both("error-failed")),
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, sentence) = log_and_say(&self);
        let mut response = (status, super::frame::sorry(&sentence)).into_response();
        // What is no accident goes along, to be noted; see [`super::refusals`].
        if matches!(self, PageError::StrangeForm) {
            response.extensions_mut().insert(Refusal::Form);
        }
        if matches!(self, PageError::TooLong) {
            response.extensions_mut().insert(Refusal::LongBody);
        }
        response
    }
}

/// The status and the sentence of a failure. A fault on this side goes to the log, once, here.
pub(super) fn log_and_say(failure: &PageError) -> (StatusCode, Both) {
    let (status, sentence) = failure.verdict();
    if status.is_server_error() {
        error!(error = chain(failure), "A page could not be shown or a form not carried out");
    }
    (status, sentence)
}

/// A failure with its causes on one line.
fn chain(failure: &PageError) -> String {
    let causes = std::iter::successors(std::error::Error::source(failure), |cause| cause.source());
    std::iter::once(failure.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}
