//! A grant: that one person may look at certain things for a few minutes. It lives in memory alone, and ends with its time,
//! with the program, or when its holder hides what was shown.

use std::{collections::BTreeMap, fmt};

use civic_core::{
    detail::Detail,
    id::{DocId, hex},
    time::UnixSeconds,
};
use replica::clock;

use super::{Item, Opened, Vault, VaultError};
use crate::vault::request::What;

/// For how long what was opened is shown: long enough to note a number down or to hear a voice of two minutes twice.
pub const SHOWN_S: i64 = 5 * 60;
/// Grants at once. Beyond that the one that ends first ends now.
const GRANTS_MAX: usize = 256;

/// What somebody may look at, and until when.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// A random word: whoever holds the grant asks with it. It stands in no address but those of the files of one page.
    pub token: String,
    /// Who.
    pub by: String,
    /// What.
    pub items: Vec<Item>,
    /// Until when, by the hub's clock.
    pub until: UnixSeconds,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant({} things until {})", self.items.len(), self.until.date_and_minute())
    }
}

/// The grants that have not ended.
#[derive(Default)]
pub(super) struct Grants(BTreeMap<String, Grant>);

impl Vault {
    /// Grants a look at what lies beside these records; only [`super::request`] does.
    pub(super) fn grant(&self, by: &str, docs: &[DocId], what: What, now: UnixSeconds) -> Result<Grant, VaultError> {
        let mut items = self.items(docs)?;
        items.retain(|item| what.covers(item.detail));
        let token = hex(&clock::random::<16>());
        let grant = Grant { token, by: by.to_owned(), items, until: UnixSeconds(now.0 + SHOWN_S) };
        let Grants(grants) = &mut *self.grants();
        grants.retain(|_, grant| grant.until > now);
        if grants.len() >= GRANTS_MAX
            && let Some(first) = grants.values().min_by_key(|grant| grant.until).map(|grant| grant.token.clone())
        {
            grants.remove(&first);
        }
        grants.insert(grant.token.clone(), grant.clone());
        Ok(grant)
    }

    /// Opens the thing at this place of a grant that `by` holds; [`VaultError::Gone`] once its time is over, and for everybody
    /// else.
    pub fn look(&self, token: &str, place: usize, by: &str, now: UnixSeconds) -> Result<Opened, VaultError> {
        let name = {
            let Grants(grants) = &*self.grants();
            let held = grants.get(token).filter(|grant| grant.by == by && grant.until > now);
            held.and_then(|grant| grant.items.get(place)).map(|item| item.name)
        };
        self.unseal(&name.ok_or(VaultError::Gone)?)
    }

    /// Ends a grant before its time.
    pub fn hide(&self, token: &str, by: &str) {
        self.grants().0.retain(|held, grant| held != token || grant.by != by);
    }

    fn grants(&self) -> std::sync::MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl What {
    /// Whether this kind of detail is meant.
    pub fn covers(self, detail: Detail) -> bool {
        match (self, detail) {
            (What::Contact, Detail::Contact) | (What::Said, Detail::Attached(_)) => true,
            (What::Contact, Detail::Attached(_)) | (What::Said, Detail::Contact) => false,
        }
    }
}
