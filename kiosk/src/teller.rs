//! How the parts of the box tell the app what happened, and the screens what does not work. Each part has a thread of its
//! own and a clone of this.

use std::sync::Arc;

use tokio::sync::{
    Notify,
    mpsc::{self, Receiver, Sender},
};

use crate::{
    app::Event,
    trouble::{Reports, Trouble},
};

/// What happened and was not taken yet; a station that is this far behind stands still anyway.
pub const EVENTS_WAITING: usize = 256;

/// Tells what happens.
#[derive(Clone, Debug)]
pub struct Teller {
    app: Sender<Event>,
    reports: Reports,
    news: Arc<Notify>,
}

impl Teller {
    /// One that adds to these troubles and rings `news` when they change; and what it tells the app.
    pub fn new(reports: Reports, news: Arc<Notify>) -> (Self, Receiver<Event>) {
        let (app, told) = mpsc::channel(EVENTS_WAITING);
        (Self { app, reports, news }, told)
    }

    /// Waits for room: a voice must not be lost because the screens are busy. Not for the threads of the runtime.
    pub fn tell(&self, event: Event) {
        if self.app.blocking_send(event).is_err() {
            tracing::debug!("The screens are gone");
        }
    }

    /// Tells something that the next of its kind says better: where there is no room it is not missed.
    pub fn mention(&self, event: Event) {
        drop(self.app.try_send(event));
    }

    /// Says that this does not work, or works again.
    pub fn report(&self, trouble: Trouble, is_there: bool) {
        if self.reports.report(trouble, is_there) {
            self.news.notify_one();
        }
    }
}
