//! When each form below an opinion was first sent. The app may end after something was written and before the browser heard
//! of it: sent again, what the ledger holds of the form since that moment is not written a second time.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use civic_core::time::UnixSeconds;
use replica::{
    clock,
    dir::{DataDir, DirError},
};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::form::is_name;

const FILE: &str = "forms-tried.json";
/// Forms that are remembered: several days of work. An older one is carried out like a new one.
const REMEMBERED_MAX: usize = 256;

/// A form that was sent.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Try {
    form: String,
    at: UnixSeconds,
}

/// The list, in memory and in a file.
pub(crate) struct Tried {
    // A std mutex: held for one look or one write, never over an await.
    forms: Mutex<VecDeque<Try>>,
}

impl Tried {
    /// Reads the list of `dir`. One that cannot be understood counts as empty.
    pub(crate) fn load(dir: &DataDir) -> Result<Self, DirError> {
        let forms = dir.read(FILE)?.map(|content| serde_json::from_slice(&content));
        let forms = match forms {
            Some(Ok(forms)) => forms,
            Some(Err(reason)) => {
                warn!(%reason, "The list of forms that were sent cannot be understood and begins anew");
                VecDeque::new()
            }
            None => VecDeque::new(),
        };
        Ok(Self { forms: Mutex::new(forms) })
    }

    /// When this form was first sent, if that was before; otherwise it is noted on disk now, before anything of it is
    /// written. If the list cannot be written, the form is carried out all the same.
    pub(crate) fn before(&self, dir: &DataDir, form: &str) -> Option<UnixSeconds> {
        if !is_name(form) {
            return None;
        }
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tried) = forms.iter().find(|tried| tried.form == form) {
            return Some(tried.at);
        }
        if forms.len() >= REMEMBERED_MAX {
            forms.pop_front();
        }
        forms.push_back(Try { form: form.to_owned(), at: clock::now() });
        let written = serde_json::to_vec(&*forms)
            .map_err(|reason| reason.to_string())
            .and_then(|json| dir.replace(FILE, &json).map_err(|reason| reason.to_string()));
        if let Err(reason) = written {
            warn!(reason, "The list of forms that were sent could not be written");
        }
        None
    }
}
