//! The operators' pages: ledger 台账, opinion, results 结果, devices 设备, backups 备份, export; users 用户, audit 审计, one's
//! own account.
//!
//! [`session`] says who asks, [`routes`] puts no page up without the right that it takes, and each page asks the table once
//! more what of it this [`Operator`] reaches. Each resource has a file of its own that holds its routes, its forms and how it looks; [`events`] tells open pages that
//! something changed. Pages work without their script, which only makes them quicker: keys, and news without a reload.

mod account;
mod answers;
mod attachment;
mod audit;
mod backup;
mod details;
mod devices;
mod error;
mod events;
mod export;
mod file;
mod frame;
mod ink;
mod late;
mod ledger;
mod loans;
mod openings;
mod operator;
mod opinion;
mod passkey;
mod refusals;
mod results;
mod retention;
mod routes;
mod session;
mod sign_in;
mod slips;
#[cfg(test)]
mod tests;
mod users;
pub(crate) mod words;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use ::ledger::Ledger;
use axum::{
    Router,
    http::header,
    middleware,
    response::{IntoResponse, Response},
};
use civic_core::{access::operator::Right, time::UnixSeconds};
use replica::{clock, hub::Hub};

use crate::{audit::Audit, opening::Opener, register::Register, user::Users, vault::Vault};
use error::PageError;
pub use operator::Operator;
pub use refusals::note_refusals;
use routes::Routes;
use web::once::Once;

/// What the pages work with.
#[derive(Clone)]
pub struct Console {
    /// The hub's directory.
    pub dir: Arc<Path>,
    /// The merged documents.
    pub ledger: Ledger,
    /// The devices.
    pub register: Arc<Register>,
    /// Who is connected.
    pub hub: Arc<Hub>,
    /// Counts what was sealed to the county.
    pub opener: Opener,
    /// Personal details, voices, handwriting, photos.
    pub vault: Arc<Vault>,
    /// Where it is noted who did what.
    pub audit: Arc<Audit>,
    /// Who may sign in, and who is.
    pub users: Arc<Users>,
    /// The forms that were carried out.
    pub once: Arc<Once>,
}

/// Every page.
pub fn router(console: Console) -> Router {
    pages()
        .into_router()
        .merge(web::font::router())
        .fallback(async || PageError::NotFound)
        .layer(middleware::from_fn_with_state(console.clone(), session::admit))
        .with_state(console)
}

/// Every page with the right that it takes.
fn pages() -> Routes {
    Routes::default()
        .and(ledger::routes())
        .and(opinion::routes())
        .and(late::routes())
        .and(details::routes())
        .and(openings::routes())
        .and(loans::routes())
        .and(retention::routes())
        .and(devices::routes())
        .and(results::routes())
        .and(answers::routes())
        .and(slips::routes())
        .and(sign_in::routes())
        .and(passkey::routes())
        .and(account::routes())
        .and(users::routes())
        .and(audit::routes())
        .and(backup::routes())
        .and(export::routes())
        .get("/events", Right::OwnAccount, events::events)
        .open("/assets/console.css", async || asset("text/css", include_str!("assets/console.css")))
        .open("/assets/console.js", async || asset("text/javascript", include_str!("assets/console.js")))
        .open("/assets/passkey.js", async || asset("text/javascript", include_str!("assets/passkey.js")))
        .open("/favicon.ico", async || asset("image/svg+xml", include_str!("assets/console.svg")))
}

fn asset(kind: &str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))], text).into_response()
}

/// Heard within this time, a device counts as one whose words are here.
const HEARD_WITHIN_S: i64 = 24 * 3_600;

/// How complete what the pages show is: nothing is known of what lies on a device that was not heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Fleet {
    enrolled: usize,
    heard: usize,
    connected: usize,
    waiting: usize,
}

impl Console {
    /// Whether another hub is above this one, which erases for both.
    fn is_beneath(&self) -> Result<bool, PageError> {
        Ok(self.register.is_beneath()?)
    }

    /// Does work that waits for a disk, beside the pages.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, PageError> + Send + 'static,
    ) -> Result<T, PageError> {
        let console = self.clone();
        tokio::task::spawn_blocking(move || work(&console)).await?
    }

    fn county(&self) -> &str {
        &self.ledger.codebook().county.name
    }

    /// The name among people of whoever signs in as `login`.
    fn name_of(&self, login: &str) -> String {
        self.users.find(login).map_or_else(|_| login.to_owned(), |user| user.name)
    }

    fn connected(&self) -> BTreeSet<[u8; 32]> {
        self.hub.connected().into_iter().collect()
    }

    fn fleet(&self, now: UnixSeconds) -> Result<Fleet, PageError> {
        let connected = self.connected();
        let waiting = self.register.waiting()?.len();
        let mut fleet = Fleet { waiting, ..Fleet::default() };
        for device in self.register.devices()?.iter().filter(|device| !device.is_revoked) {
            let is_connected = connected.contains(&device.public_key);
            let is_recent = device.last_heard.is_some_and(|at| at.0 > now.0 - HEARD_WITHIN_S);
            fleet.enrolled += 1;
            fleet.connected += usize::from(is_connected);
            fleet.heard += usize::from(is_connected || is_recent);
        }
        Ok(fleet)
    }

    fn waiting(&self) -> Result<usize, PageError> {
        Ok(self.register.waiting()?.len())
    }
}

/// The hub's clock.
fn now() -> UnixSeconds {
    clock::now()
}
