//! The pages, one file for each resource.
//!
//! ```text
//! GET  /                      whose app, what is where, the road
//! GET  /visit/new?form=       the form of a visit, with its draft if there is one; without a name, with the newest draft
//! POST /visit/new             save it (or, by `do`, another opinion more or less in the form)
//! POST /visit/draft           keep an unfinished form on disk;  POST /visit/draft/discard  forget it
//! GET  /visit/{id}            a visit that was saved, with the numbers to tell
//! GET  /visits                past visits
//! GET  /opinions              opinions of the deputy's areas
//! GET  /opinion/{id}          one of them;  POST  /opinion/{id}/add | /step | /correct
//! GET  /carrying              what is carried for villages without a road;  POST  hands over with a neighbour
//! GET  /status.json           the home page in figures
//! GET  /events?seen=          answers when something changed
//! ```

mod assets;
mod carrying;
mod frame;
mod home;
mod opinion;
mod opinions;
mod status;
#[cfg(test)]
mod tests;
mod trouble;
mod visit;
mod visits;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Form, rejection::FormRejection},
    routing::{get, post},
};
use civic_core::area::Area;
use ledger::Ledger;
use replica::{
    carry::near::Near,
    device::RoadState,
    dir::{DataDir, DirError},
};
use tokio::sync::watch;
use web::{guard, once::Once};

use crate::{draft::Drafts, form::Pairs, saved::Saved, stubs::Stubs, tried::Tried};
use trouble::Trouble;

/// Longest form of a visit: twenty opinions of two thousand characters, each nine bytes as browsers send it, fit twice.
const VISIT_LEN_MAX: usize = 1024 * 1024;

/// Everything the pages need of this installation.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    dir: DataDir,
    ledger: Ledger,
    road: watch::Receiver<RoadState>,
    ending: watch::Receiver<bool>,
    drafts: Drafts,
    saved: Saved,
    once: Once,
    tried: Tried,
    near: Option<Near>,
    stubs: Stubs,
}

impl App {
    /// The app of `ledger`, which lives in `dir`. `road` is the state of the road as it changes; when `ending` becomes
    /// true, answers that are waiting for news end.
    pub fn open(
        dir: DataDir,
        ledger: Ledger,
        road: watch::Receiver<RoadState>,
        ending: watch::Receiver<bool>,
    ) -> Result<Self, DirError> {
        let saved = Saved::load(&dir)?;
        let drafts = Drafts::open(&dir, |form| saved.by_form(form).is_some())?;
        let tried = Tried::load(&dir)?;
        let inner = Inner {
            dir,
            ledger,
            road,
            ending,
            drafts,
            saved,
            once: Once::default(),
            tried,
            near: None,
            stubs: Stubs::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Hands over with neighbours, too. To be called before the app is shared.
    pub fn with_near(mut self, near: Near) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.near = Some(near);
        }
        self
    }

    /// Who writes: the name on the card.
    fn deputy(&self) -> &str {
        &self.inner.ledger.card().name
    }

    /// Where this deputy may record: the villages of their areas with their names; the areas themselves if the county
    /// named no village there.
    fn villages(&self) -> Vec<(Area, String)> {
        let areas = &self.inner.ledger.card().scope.areas;
        let codebook = self.inner.ledger.codebook();
        let villages: Vec<_> =
            codebook.villages_in(areas).map(|place| (place.area.clone(), place.name.clone())).collect();
        if !villages.is_empty() {
            return villages;
        }
        areas.iter().map(|area| (area.clone(), self.area_name(area))).collect()
    }

    /// The name of an area; its code if the county did not name it.
    fn area_name(&self, area: &Area) -> String {
        let codebook = self.inner.ledger.codebook();
        match codebook.place(area) {
            Some(place) => place.name.clone(),
            None if codebook.county.area == *area => codebook.county.name.clone(),
            None => area.to_string(),
        }
    }

    /// Does `work`, which waits for the disk, where waiting holds nobody up.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let app = self.clone();
        tokio::task::spawn_blocking(move || work(&app)).await.map_err(|_| Trouble::Stopped)?
    }
}

/// What a browser sent as a form.
type Sent = Result<Form<Pairs>, FormRejection>;

/// Its pairs.
fn pairs(sent: Sent) -> Result<Pairs, Trouble> {
    sent.map(|Form(pairs)| pairs).map_err(|_| Trouble::Form)
}

/// Every page of `app`, for this machine's own browser alone.
pub fn router(app: App) -> Router {
    let router = Router::new()
        .route("/", get(home::show))
        .route("/visit/new", get(visit::blank).post(visit::save))
        .route("/visit/draft", post(visit::keep_draft))
        .route("/visit/draft/discard", post(visit::discard_draft))
        .route("/visit/{id}", get(visit::saved))
        .layer(DefaultBodyLimit::max(VISIT_LEN_MAX))
        .route("/visits", get(visits::show))
        .route("/opinions", get(opinions::show))
        .route("/opinion/{id}", get(opinion::show))
        .route("/opinion/{id}/add", post(opinion::add))
        .route("/opinion/{id}/step", post(opinion::step))
        .route("/opinion/{id}/correct", post(opinion::correct))
        .route("/carrying", get(carrying::show).post(carrying::call))
        .route("/status.json", get(status::figures))
        .route("/events", get(status::wait))
        .merge(web::font::router())
        .route("/app.css", get(assets::style))
        .route("/app.js", get(assets::script))
        .fallback(trouble::nowhere)
        .with_state(app);
    guard::protect(router)
}
