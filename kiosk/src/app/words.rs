//! What somebody is saying: kept at every step, and filed when nobody comes back to it.

use std::time::{Duration, Instant};

use super::App;
use crate::{screens::Screen, station::Piece};

/// What waits on the first screen for whoever began it is filed as unfinished after this.
pub const WAITS_FOR: Duration = Duration::from_secs(30 * 60);

impl App {
    /// When words that wait are filed as unfinished, if nobody comes; never under somebody's hands.
    pub(super) fn waiting_ends(&self) -> Option<Instant> {
        let is_first = matches!(self.screen, Screen::Home(_));
        self.waiting_since.filter(|_| is_first).map(|since| since + WAITS_FOR)
    }

    /// Keeps what is being said as it is now. What cannot be kept is said again when it cannot be filed either.
    pub(super) fn keep_draft(&mut self) {
        match self.screen.draft().filter(|draft| draft.says_something()) {
            Some(draft) if self.kept.as_ref() == Some(draft) => {}
            Some(draft) => match self.station.keep(draft) {
                Ok(()) => self.kept = Some(draft.clone()),
                Err(why) => tracing::error!(error = %why, "What is being said could not be kept"),
            },
            // The voice that is being recorded is kept piece by piece.
            None if self.is_recording => {}
            // The words were taken away one by one, or all at once.
            None if self.screen.draft().is_some() => {
                if self.kept.take().is_some() {
                    self.station.throw_away();
                }
            }
            None => {
                if self.kept.take().is_some() {
                    self.station.leave_waiting();
                }
            }
        }
    }

    /// Keeps what was spoken up to now: nobody must say it again because the power failed.
    pub(super) fn keep_piece(&mut self, piece: &Piece) {
        let Some(draft) = self.screen.draft().filter(|_| self.is_recording) else { return };
        match self.station.keep_piece(draft, piece) {
            Ok(()) => self.kept = Some(draft.clone()),
            Err(why) => tracing::error!(error = %why, "What is being spoken could not be kept"),
        }
    }

    pub(super) fn note_what_waits(&mut self, now: Instant) {
        if self.station.waiting().is_none() {
            self.waiting_since = None;
        } else if self.waiting_since.is_none_or(|since| since + WAITS_FOR <= now) {
            // Also after it could not be filed: it is tried again then.
            self.waiting_since = Some(now);
        }
    }

    /// Files everything that waits as unfinished.
    pub(super) fn set_aside(&mut self) {
        if let Err(why) = self.station.file_unfinished() {
            tracing::error!(error = %why, "What waits could not all be filed; it waits on");
        }
        self.refresh();
    }
}
