//! Whoever says aloud what the app wants heard.

use std::sync::Arc;

use civic_core::wording::Both;
use tokio::sync::Notify;

use crate::app::Effect;

/// Obeys the app's effects. It is called between events and must not wait.
pub trait Voice: Send {
    /// Does this, now.
    fn obey(&mut self, effect: Effect);

    /// Rung whenever the last thing to be said has been said.
    fn ended(&self) -> Arc<Notify>;

    /// The packs of prompts that it can speak with, by their names.
    fn packs(&self) -> Vec<Both>;
}

/// A station without a loudspeaker: everything has been said at once.
#[derive(Clone, Debug, Default)]
pub struct Silent {
    ended: Arc<Notify>,
}

impl Voice for Silent {
    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::Say(_) | Effect::GoOn => self.ended.notify_one(),
            Effect::Hush | Effect::Pause | Effect::Voice { .. } => {}
        }
    }

    fn ended(&self) -> Arc<Notify> {
        self.ended.clone()
    }

    fn packs(&self) -> Vec<Both> {
        Vec::new()
    }
}
