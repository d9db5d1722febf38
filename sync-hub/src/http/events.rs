//! News for open pages, as server-sent events: `changed` when a document did, `devices` when the fleet did.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};

use super::{Console, Fleet, Operator, now};
use crate::user::session::Stage;

/// Between two pieces of news: quick for the eye, and a large meeting does not make every page reload at every run.
const NEWS_GAP: Duration = Duration::from_millis(250);
/// How often the fleet is looked at; the register keeps no count of its changes.
const FLEET_PERIOD: Duration = Duration::from_secs(1);
/// A road that says nothing for longer is cut by some machines on the way.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What one open page has been told.
struct Listener {
    console: Console,
    operator: Operator,
    changed: watch::Receiver<u64>,
    quiet_until: Instant,
    ticks: Interval,
    fleet: Option<Fleet>,
}

pub(super) async fn events(
    State(console): State<Console>,
    operator: Operator,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changed = console.ledger.changed();
    // The page may have been made a moment ago: it is told once at the start, so that nothing falls between.
    changed.mark_changed();
    let mut ticks = interval(FLEET_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener { console, operator, changed, quiet_until: Instant::now(), ticks, fleet: None };
    let news = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Sse::new(news).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

impl Listener {
    /// The next piece of news; `None` when the hub or the session ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                more = self.changed.changed() => {
                    more.ok()?;
                    sleep_until(self.quiet_until).await;
                    self.quiet_until = Instant::now() + NEWS_GAP;
                    let revision = *self.changed.borrow_and_update();
                    return Some(Event::default().event("changed").data(revision.to_string()));
                }
                _ = self.ticks.tick() => {
                    let session = self.operator.session;
                    let looked = self.console.work(move |console| {
                        let is_signed_in = console.users.session(&session, Stage::Full, false)?.is_some();
                        Ok((is_signed_in, console.fleet(now())?))
                    });
                    let (is_signed_in, fleet) = looked.await.ok()?;
                    if !is_signed_in {
                        return None;
                    }
                    if let Some(fleet) = Some(fleet).filter(|fleet| self.fleet != Some(*fleet)) {
                        self.fleet = Some(fleet);
                        let counts = json!({"waiting": fleet.waiting, "connected": fleet.connected});
                        return Some(Event::default().event("devices").data(counts.to_string()));
                    }
                }
            }
        }
    }
}
