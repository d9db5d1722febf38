//! Unfinished visits, on disk: they outlive a reload, a closed browser and an empty battery. Each form has a file of its own,
//! so that a second window takes nothing away from the first.
//!
//! Names and phone numbers are not in them. They exist in clear only in the form on the screen, and are sealed when it is
//! saved.

use std::{
    cmp::Reverse,
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

use crate::form::{VisitForm, is_name};

/// What the name of every draft's file begins with, before the name of its form.
const FILE: &str = "visit-draft-";
/// Where an older program kept its only draft.
const OLDER_FILE: &str = "visit-draft.json";
/// Drafts that are kept at one time, as many as a first page shows; one more is refused until one of them is saved or
/// discarded.
pub(crate) const DRAFTS_MAX: usize = 5;

/// An unfinished visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// When it was last written, by this device's clock.
    pub(crate) at: UnixSeconds,
    /// The form; its names and phone numbers are never written.
    pub(crate) form: VisitForm,
}

/// Why a draft is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftError {
    /// There are [`DRAFTS_MAX`] others.
    #[error("there are as many drafts as are kept at one time")]
    Full,
    /// The data directory.
    #[error(transparent)]
    Dir(#[from] DirError),
}

/// The drafts of this installation.
pub(crate) struct Drafts {
    // A std mutex: two writers would share one file beside the draft's. Held for one write, never over an await.
    writing: Mutex<()>,
}

impl Drafts {
    /// The drafts of `dir`; that of an older program becomes one of them, and one whose visit was saved goes, which a power cut
    /// in the middle of saving leaves behind. A disk that refuses keeps nobody from starting.
    pub(crate) fn open(dir: &DataDir, is_saved: impl Fn(&str) -> bool) -> Result<Self, DirError> {
        let drafts = Self { writing: Mutex::new(()) };
        let refuse = |reason: &DirError| warn!(%reason, "The drafts could not be put in order");
        if let Some(draft) = read(dir, OLDER_FILE)?.filter(|draft| is_name(&draft.form.form)) {
            write(dir, &draft).and_then(|()| dir.remove(OLDER_FILE)).unwrap_or_else(|reason| refuse(&reason));
        }
        for draft in drafts.all(dir)?.into_iter().filter(|draft| is_saved(&draft.form.form)) {
            drafts.clear(dir, &draft.form.form).unwrap_or_else(|reason| refuse(&reason));
        }
        Ok(drafts)
    }

    /// Every draft, the one written last first.
    pub(crate) fn all(&self, dir: &DataDir) -> Result<Vec<Draft>, DirError> {
        let unusable = |error| DirError::Unusable(dir.path().to_owned(), error);
        let mut drafts = Vec::new();
        for entry in fs::read_dir(dir.path()).map_err(unusable)? {
            let name = entry.map_err(unusable)?.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(FILE) && name.ends_with(".json")) else {
                continue;
            };
            drafts.extend(read(dir, name)?);
        }
        drafts.sort_by_key(|draft| Reverse(draft.at));
        Ok(drafts)
    }

    /// Keeps `form` instead of what was kept of it; an empty one clears its place. Those of other forms stay.
    pub(crate) fn keep(&self, dir: &DataDir, form: &VisitForm) -> Result<(), DraftError> {
        if form.is_blank() {
            return Ok(self.clear(dir, &form.form)?);
        }
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let others = self.all(dir)?.into_iter().filter(|draft| draft.form.form != form.form).count();
        if others >= DRAFTS_MAX {
            return Err(DraftError::Full);
        }
        Ok(write(dir, &Draft { at: clock::now(), form: form.clone() })?)
    }

    /// Forgets the draft of this form.
    pub(crate) fn clear(&self, dir: &DataDir, form: &str) -> Result<(), DirError> {
        if !is_name(form) {
            return Ok(());
        }
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        dir.remove(&file_of(form))
    }
}

fn file_of(form: &str) -> String {
    format!("{FILE}{form}.json")
}

fn read(dir: &DataDir, file: &str) -> Result<Option<Draft>, DirError> {
    let Some(content) = dir.read(file)? else { return Ok(None) };
    let draft = serde_json::from_slice(&content);
    if let Err(reason) = &draft {
        warn!(%reason, file, "The draft cannot be understood and is left aside");
    }
    Ok(draft.ok())
}

fn write(dir: &DataDir, draft: &Draft) -> Result<(), DirError> {
    let file = file_of(&draft.form.form);
    let json =
        serde_json::to_vec(draft).map_err(|error| DirError::Unusable(dir.file(&file), io::Error::other(error)))?;
    dir.replace(&file, &json)
}
