//! Nobody touches it any more, or somebody wants to go: what is asked, and what is forgotten.

use std::time::{Duration, Instant};

use super::App;
use crate::screens::{Left, Next, Screen, leave::Leave};

/// An untouched first screen takes what the last person chose (large letters, reading aloud) for done with after this.
const PERSON_GONE: Duration = Duration::from_secs(20);

impl App {
    pub(super) fn patience_ends(&self) -> Option<Instant> {
        let patience = self.screen.patience().or_else(|| self.has_traces().then_some(PERSON_GONE));
        patience.map(|patience| self.touched_at + patience)
    }

    pub(super) fn nobody_there(&mut self) {
        self.pressed = None;
        self.focus = None;
        if self.screen.patience().is_some() {
            let next = self.take_screen().unattended();
            self.screen = self.obey(next);
        }
        // A screen that waits for ever is the first one.
        if self.screen.patience().is_none() {
            self.person_gone();
        } else {
            self.changed();
        }
    }

    /// The next person finds the station's own settings, and silence.
    pub(super) fn person_gone(&mut self) {
        let before = std::mem::replace(&mut self.settings, self.usual.clone());
        self.settings_changed(&before);
        self.hush();
        self.said.clear();
        self.focus = None;
    }

    /// Whether something of the last person is left on the first screen.
    pub(super) fn has_traces(&self) -> bool {
        self.settings != self.usual || self.focus.is_some()
    }

    pub(super) fn go_home(&mut self) {
        self.pressed = None;
        let screen = self.take_screen();
        let next = if let Screen::Leave(leave) = &screen {
            // Whoever presses again at the question means it.
            Next::Leave(leave.left())
        } else if matches!(screen, Screen::Begun(_)) {
            Next::Leave(Left::NobodyAnswered)
        } else if screen.holds_something() {
            Next::Show(Leave::asked(screen).into())
        } else {
            Next::Leave(Left::Waiting)
        };
        self.screen = self.obey(next);
        self.focus = None;
        self.changed();
    }

    /// Since when nobody needs the screen; `None` while somebody is at it or before it.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let is_idle = matches!(self.screen, Screen::Home(_)) && !self.somebody_is_near;
        is_idle.then_some(self.stirred_at)
    }
}
