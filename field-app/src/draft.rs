//! The unfinished visit, on disk: it outlives a reload, a closed browser and an empty battery.
//!
//! Names and phone numbers are not in it. They exist in clear only in the form on the screen, and are sealed when it is
//! saved.

use std::{
    fs, io,
    sync::{Mutex, PoisonError},
};

use civic_core::time::UnixSeconds;
use replica::{
    clock,
    dir::{DataDir, DirError},
};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::form::VisitForm;

const FILE: &str = "visit-draft.json";

/// An unfinished visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// When it was last written, by this device's clock.
    pub(crate) at: UnixSeconds,
    /// The form; its names and phone numbers are never written.
    pub(crate) form: VisitForm,
}

/// The one draft of this installation.
pub(crate) struct Drafts {
    // A std mutex: two writers would share one file beside it. Held for one write, never over an await.
    writing: Mutex<()>,
}

impl Drafts {
    pub(crate) fn new() -> Self {
        Self { writing: Mutex::new(()) }
    }

    /// The draft, if there is one.
    pub(crate) fn read(&self, dir: &DataDir) -> Result<Option<Draft>, DirError> {
        let Some(content) = dir.read(FILE)? else { return Ok(None) };
        let draft = serde_json::from_slice(&content);
        if let Err(reason) = &draft {
            warn!(%reason, "The draft cannot be understood and is left aside");
        }
        Ok(draft.ok())
    }

    /// Keeps `form` instead of what was there; an empty one clears the place.
    pub(crate) fn keep(&self, dir: &DataDir, form: &VisitForm) -> Result<(), DirError> {
        if form.is_blank() {
            return self.clear(dir);
        }
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let draft = Draft { at: clock::now(), form: form.clone() };
        let json =
            serde_json::to_vec(&draft).map_err(|error| DirError::Unusable(dir.file(FILE), io::Error::other(error)))?;
        dir.replace(FILE, &json)
    }

    /// Forgets the draft.
    pub(crate) fn clear(&self, dir: &DataDir) -> Result<(), DirError> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::remove_file(dir.file(FILE)) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(DirError::Unusable(dir.file(FILE), error)),
        }
    }
}
