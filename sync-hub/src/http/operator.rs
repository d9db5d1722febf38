//! The operator at a page: what a handler takes as an argument, with the one question to the table.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use civic_core::access::operator::{About, Mandate, Right};

use super::error::PageError;
use crate::audit::{Action, Audit, By, Event};

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Operator {
    /// The name with which they sign in.
    pub login: Arc<str>,
    /// The name among people, which stands in every record that they make.
    pub name: Arc<str>,
    /// What they were given to do.
    pub mandate: Arc<Mandate>,
    /// Where they sit.
    pub address: Arc<str>,
    /// Where what they do is noted.
    pub audit: Arc<Audit>,
}

impl Operator {
    /// May this operator do this here? For what a page shows or leaves out; nothing is noted.
    pub fn may(&self, right: Right, about: About<'_>) -> bool {
        self.mandate.allows(right, about)
    }

    /// The same, for what is about to be done: a refusal is noted, with the name of what it was asked for, and becomes the
    /// page that says so. Waits for the disk if it refuses.
    pub fn must(&self, right: Right, about: About<'_>, object: &str) -> Result<(), PageError> {
        if self.may(right, about) {
            return Ok(());
        }
        self.refused(right, object)
    }

    /// Notes that a right was asked for in vain.
    pub fn refused(&self, right: Right, object: &str) -> Result<(), PageError> {
        self.note(Event::new(self.by(), Action::Access).upon(object).because(right.word()).refused())?;
        Err(PageError::Forbidden(right))
    }

    /// Who did it, for an event.
    pub fn by(&self) -> By {
        By::operator(&self.login, &self.mandate.roles, &self.address)
    }

    /// Notes what this operator did; what is not noted must not be done.
    pub fn note(&self, event: Event) -> Result<(), PageError> {
        Ok(self.audit.note(&event)?)
    }

    /// The same for the usual case: done, upon this.
    pub fn did(&self, action: Action, object: impl std::fmt::Display) -> Result<(), PageError> {
        self.note(Event::new(self.by(), action).upon(object))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = PageError;

    /// Whoever asked has been let in before; see [`super::router`].
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        parts.extensions.get::<Operator>().cloned().ok_or(PageError::SignedOut)
    }
}
