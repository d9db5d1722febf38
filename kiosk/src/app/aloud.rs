//! Reading aloud: the screen that came up, what is under a finger, and the voice that says it.

use super::{App, Effect, Speech};
use crate::{
    draw::layout::reading,
    screens::Screen,
    settings::{Language, Settings},
    spoken::Spoken,
    view::Face,
};

impl App {
    /// Another page is up: it is read aloud, or what was read of the last one ends. Nobody is recorded behind it, and
    /// nothing is said into a recording.
    pub(super) fn changed(&mut self) {
        if self.is_recording && matches!(self.screen, Screen::Speak(_) | Screen::Recorder(_)) {
            return;
        }
        if self.is_recording {
            self.is_stopped = true;
            self.effects.push(Effect::StopRecording);
        }
        if self.settings.read_aloud {
            self.say_screen();
        } else if let Some(announced) = self.screen.announces(&self.around()) {
            self.say(vec![announced]);
        } else if self.speech != Speech::Quiet {
            self.hush();
        }
    }

    /// Stops reading, goes on, or reads again: whichever comes next.
    pub(super) fn read_on(&mut self) {
        match self.speech {
            Speech::Quiet => self.say_screen(),
            Speech::Speaking => {
                self.speech = Speech::Paused;
                self.effects.push(Effect::Pause);
            }
            Speech::Paused => {
                self.speech = Speech::Speaking;
                self.effects.push(Effect::GoOn);
            }
        }
    }

    /// Reads the screen aloud in the order of its pieces. Keys of a keyboard are heard when they are found; whoever asked
    /// for this screen alone sees its buttons.
    pub(super) fn say_screen(&mut self) {
        let pieces = self.pieces();
        let said = reading(&pieces).into_iter().map(|index| &pieces[index].face).filter(|face| match face {
            Face::Key(_) => false,
            Face::Button(_) => self.settings.read_aloud,
            Face::Nothing | Face::Sheet(_) | Face::Words(_) | Face::Picture(..) | Face::Code(_) | Face::Portrait(_) => {
                true
            }
            Face::Writing { .. } | Face::Pad { .. } | Face::Ink { .. } => true,
        });
        self.say(said.filter_map(Face::spoken).collect());
    }

    pub(super) fn say(&mut self, said: Vec<Spoken>) {
        if !said.is_empty() {
            self.speech = Speech::Speaking;
            self.said.clone_from(&said);
            self.effects.push(Effect::Say(said));
        }
    }

    pub(super) fn hush(&mut self) {
        self.speech = Speech::Quiet;
        self.effects.push(Effect::Hush);
    }

    /// With a pack of this language, unless the present one is of it: a dialect that somebody chose stays.
    pub(super) fn speak_in(&mut self, language: Language) {
        let present = self.packs.get(self.settings.pack);
        let first = self.packs.iter().position(|pack| pack.language == language);
        if let Some(first) = first.filter(|_| present.is_none_or(|present| present.language != language)) {
            self.settings.pack = first;
        }
    }

    pub(super) fn settings_changed(&mut self, before: &Settings) {
        let Settings { pack, volume, read_aloud, .. } = self.settings;
        if (pack, volume) != (before.pack, before.volume) {
            self.effects.push(Effect::Voice { pack, volume });
        }
        if !read_aloud && before.read_aloud {
            self.hush();
        }
    }
}
