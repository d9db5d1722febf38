//! What is where, in figures; and news of it.

use axum::{
    Json,
    extract::{Query, State},
};
use civic_core::id::hex;
use ledger::status::Status;
use replica::device::RoadState;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{Duration, timeout},
};

use super::{App, trouble::Trouble};

/// A waiting page is answered after so long even without news, before anything on the way gives up on it.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// At this moment, from receipts and the road alone.
pub(super) fn now(app: &App) -> Result<Status, Trouble> {
    let road = app.inner.road.borrow().clone();
    Ok(app.inner.ledger.status(&road)?)
}

/// `GET /status.json`
pub(super) async fn figures(State(app): State<App>) -> Result<Json<Status>, Trouble> {
    app.work(now).await.map(Json)
}

/// What a page has seen.
#[derive(Deserialize)]
pub(super) struct Wait {
    #[serde(default)]
    seen: String,
}

/// What there is to see now.
#[derive(Serialize)]
pub(super) struct News {
    seen: String,
}

/// Everything that can be news to a page.
struct Watch {
    app: App,
    changed: watch::Receiver<u64>,
    revision: watch::Receiver<u64>,
    road: watch::Receiver<RoadState>,
}

impl Watch {
    fn new(app: App) -> Self {
        let ledger = &app.inner.ledger;
        let (changed, revision) = (ledger.changed(), ledger.log().revision());
        Self { changed, revision, road: app.inner.road.clone(), app }
    }

    /// What there is now, as a word that differs whenever a page would.
    fn look(&mut self) -> String {
        // The actor is new at every start, so that a page left open over a restart looks again.
        let start = hex(&self.app.inner.ledger.log().actor().as_bytes()[..4]);
        let (changed, revision) = (*self.changed.borrow_and_update(), *self.revision.borrow_and_update());
        let road = self.road.borrow_and_update();
        let (open, sending) = (u8::from(road.is_open), u8::from(road.is_sending));
        format!("{start}-{changed}-{revision}-{open}{sending}-{}", road.trouble.len())
    }

    /// Waits until anything differs from the last look, or the program ends.
    async fn news(&mut self) {
        let mut ending = self.app.inner.ending.clone();
        tokio::select! {
            _ = self.changed.changed() => {}
            _ = self.revision.changed() => {}
            _ = self.road.changed() => {}
            _ = ending.wait_for(|is_ending| *is_ending) => {}
        }
    }
}

/// `GET /events`: answers as soon as anything differs from what was seen, and after [`WAIT_MAX`] at the latest.
pub(super) async fn wait(State(app): State<App>, Query(wait): Query<Wait>) -> Json<News> {
    let mut watch = Watch::new(app);
    let mut seen = watch.look();
    if seen == wait.seen {
        // No news within the time is an answer too.
        let _ = timeout(WAIT_MAX, watch.news()).await;
        seen = watch.look();
    }
    Json(News { seen })
}
