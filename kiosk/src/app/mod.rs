//! Which screen is up: an event goes in, the next screen comes out, and what should be heard.
//!
//! The app reads no clock, draws nothing and makes no sound. It asks the [`Station`], and it leaves [`Effect`]s for
//! whoever runs it: a ticket is on the screen only after the station said that the words are on disk.
//!
//! Everything works three ways: by touch, by the five keys, and by ear. The keys go through the targets of the screen in
//! the order of its pieces, which is the order in which it is read aloud. While screens are read aloud, the first touch
//! on something reads it and the second chooses it.
//!
//! Here is what it holds and [`App::handle`]; a file each for a finger ([`touch`]), the five keys ([`keys`]), what a
//! screen answered ([`obey`]), the words of the person ([`words`]), [`paper`], reading [`aloud`] and [`leaving`].

mod aloud;
mod effect;
mod event;
mod keys;
mod leaving;
mod obey;
mod paper;
mod touch;
mod words;

pub use effect::{Effect, Speech};
pub use event::{Event, Key, Touch, TouchKind};
pub use words::WAITS_FOR;

use std::{sync::Arc, time::Instant};

use civic_core::{codebook::Topic, opening::SlipKey, ticket::Ticket, wording::Wording};
use embedded_graphics::prelude::{Point, Size};
use hardware::{keyboard::Typed, lamp::Lamp, presence::Motion};

use crate::{
    draw::{Marks, layout::Placed, theme::Theme},
    flood::Flood,
    lamp::lamp,
    light,
    printing::OnPaper,
    public::Public,
    screens::{Around, Screen, home::Home},
    service::Service,
    settings::Settings,
    spoken::Spoken,
    station::{Counts, Draft, Place, Station},
    trouble::Trouble,
    voice::PackName,
    wording::wording,
};
use touch::{Drawing, Fresh, Pressed};

/// The kiosk without its screen, clock and box.
pub struct App {
    station: Box<dyn Station>,
    service: Option<Box<dyn Service>>,
    wording: Wording,
    place: Place,
    topics: Vec<Topic>,
    spots: Vec<String>,
    public: Arc<Public>,
    /// As of the last news: a touch must not wait for the disk to count.
    counts: Counts,
    troubles: Vec<Trouble>,
    flood: Flood,
    size: Size,
    packs: Vec<PackName>,
    /// What everybody finds.
    usual: Settings,
    /// What the present person has chosen.
    settings: Settings,
    speech: Speech,
    said: Vec<Spoken>,
    effects: Vec<Effect>,
    has_microphone: bool,
    /// Whether a voice is being recorded now.
    is_recording: bool,
    has_printer: bool,
    /// What became of the paper for the number on the screen.
    on_paper: OnPaper,
    /// Whether the sensor sees somebody.
    somebody_is_near: bool,
    /// When somebody last touched something or came near.
    stirred_at: Instant,
    /// When time last passed.
    ticked_at: Instant,
    screen: Screen,
    /// The slip that was opened here, until another is looked up or the first screen comes up.
    held: Option<(Ticket, SlipKey)>,
    /// What the station keeps of what is being said: no step is written twice.
    kept: Option<Draft>,
    /// Since when words wait for whoever began them.
    waiting_since: Option<Instant>,
    pressed: Option<Pressed>,
    drawing: Option<Drawing>,
    /// The screen before and behind each of the last digits that were typed, until a hand does something else.
    last_digits: Vec<(Screen, Screen)>,
    /// Name of the target that the keys stand on: places change under them when something comes up beside it.
    focus: Option<String>,
    touched_at: Instant,
    /// The page that is there, until somebody touches it who has seen it.
    fresh: Option<Fresh>,
    /// Where a finger lifted last.
    lifted_at: Option<Point>,
    /// Whoever speaks said that this was it.
    is_stopped: bool,
}

impl App {
    /// A kiosk at its first screen.
    pub fn new(mut station: Box<dyn Station>, size: Size, now: Instant) -> Self {
        Self {
            wording: wording(),
            place: station.place(),
            topics: station.topics(),
            spots: station.spots(),
            public: Arc::new(station.public()),
            counts: station.counts(),
            troubles: station.troubles(),
            flood: Flood::default(),
            kept: None,
            // The power failed, or the program was stopped, while somebody was speaking.
            waiting_since: station.waiting().map(|_| now),
            service: station.service(),
            station,
            size,
            packs: Vec::new(),
            usual: Settings::default(),
            settings: Settings::default(),
            speech: Speech::Quiet,
            said: Vec::new(),
            effects: Vec::new(),
            has_microphone: true,
            is_recording: false,
            has_printer: false,
            on_paper: OnPaper::NoPrinter,
            somebody_is_near: false,
            stirred_at: now,
            ticked_at: now,
            screen: Screen::Home(Home),
            held: None,
            pressed: None,
            drawing: None,
            focus: None,
            touched_at: now,
            last_digits: Vec::new(),
            fresh: None,
            lifted_at: None,
            is_stopped: false,
        }
    }

    /// The same kiosk with these packs of recorded prompts.
    #[must_use]
    pub fn with_packs(self, packs: Vec<PackName>) -> Self {
        Self { packs, ..self }
    }

    /// The same kiosk with a printer for tickets.
    #[must_use]
    pub fn with_printer(self) -> Self {
        Self { has_printer: true, ..self }
    }

    /// Gives the station these settings: everybody finds them who has chosen nothing else.
    pub fn set_usual(&mut self, usual: Settings) {
        self.usual = usual;
        self.person_gone();
    }

    /// Takes one event. Whatever is on the screen afterwards is in [`pieces`](Self::pieces).
    pub fn handle(&mut self, event: Event, now: Instant) {
        let is_of_a_hand = matches!(
            event,
            Event::Touch(_)
                | Event::Key(_)
                | Event::Button
                | Event::Typed(Typed::Key(_) | Typed::Erase | Typed::Scanned(_))
        );
        if is_of_a_hand {
            self.last_digits.clear();
        }
        match event {
            Event::Touch(touch) => {
                self.stir(now);
                self.touch(touch, now);
            }
            Event::Key(key) => {
                self.stir(now);
                self.key(key);
            }
            Event::Typed(typed) => {
                self.stir(now);
                self.typed(&typed);
            }
            Event::Button => {
                self.stir(now);
                self.go_home();
            }
            Event::Motion(motion) => {
                self.stirred_at = now;
                self.somebody_is_near = motion == Motion::Came;
            }
            Event::Tick => {
                self.ticked_at = now;
                if self.waiting_ends().is_some_and(|at| at <= now) {
                    self.set_aside();
                }
                if self.patience_ends().is_some_and(|at| at <= now) {
                    self.touched_at = now;
                    self.nobody_there();
                }
            }
            // A county may have renamed its topics or enrolled us elsewhere. The screen is drawn anew anyway.
            Event::News => {
                self.place = self.station.place();
                self.topics = self.station.topics();
                self.spots = self.station.spots();
                self.refresh();
                let (before, page) = (self.screen.clone(), self.screen.shows());
                if let (Screen::Enrol(enrol), Some(service)) = (&mut self.screen, &self.service) {
                    enrol.told(service.enrolling());
                }
                if let (Screen::Carry(carry), Some(service)) = (&mut self.screen, &self.service) {
                    carry.told(service.carrying());
                }
                // Whoever waited for it has time to read what came of it.
                if self.screen != before {
                    self.touched_at = now;
                }
                self.turned_from(page);
            }
            Event::SpeechEnded => self.speech = Speech::Quiet,
            Event::Recording { level, length } => {
                self.has_microphone = true;
                let is_enough = self.screen.speaking().is_some_and(|speak| speak.hears(level, length));
                if is_enough {
                    self.effects.push(Effect::StopRecording);
                }
            }
            Event::Piece(piece) => self.keep_piece(&piece),
            Event::Recorded { recording, is_audible } => {
                self.touched_at = now;
                self.is_recording = false;
                let page = self.screen.shows();
                if let Screen::Recorder(recorder) = &mut self.screen {
                    recorder.recorded(recording, is_audible);
                } else if let Some(speak) = self.screen.speaking() {
                    speak.recorded(recording, is_audible);
                } else {
                    tracing::warn!("A voice was recorded after its speaker had taken it back");
                }
                let is_stopped = std::mem::take(&mut self.is_stopped);
                if self.turned_from(page) {
                    // The finger that stopped it may tremble, and the page comes up under it.
                    self.fresh = match is_stopped {
                        true => self.lifted_at.map(|at| Fresh::under_a_finger(at, now)),
                        false => Some(Fresh::by_itself(now)),
                    };
                }
            }
            Event::NoMicrophone => {
                self.has_microphone = false;
                self.is_recording = false;
                self.is_stopped = false;
                let page = self.screen.shows();
                if let Screen::Recorder(recorder) = &mut self.screen {
                    recorder.fails();
                } else if let Some(speak) = self.screen.speaking() {
                    speak.fails();
                }
                self.turned_from(page);
            }
            Event::Printed(sheet) => self.paper_came(&sheet, OnPaper::Printed),
            Event::NotPrinted(sheet) => self.paper_came(&sheet, OnPaper::Failed),
        }
        if matches!(self.screen, Screen::Home(_)) {
            self.held = None;
        }
        self.keep_draft();
        self.note_what_waits(now);
    }

    /// What [`pieces`](Self::pieces) gives is on the glass now: whoever touches from here on can have seen it.
    pub fn shown(&mut self, now: Instant) {
        if let Some(fresh) = &mut self.fresh {
            fresh.shown(now);
        }
    }

    /// When something happens by itself: the screen runs out of patience, or dims, if nobody touches it until then.
    pub fn wake_at(&self) -> Option<Instant> {
        // What has dimmed does not dim again.
        let dims = self.idle_since().map(|since| since + light::DIMS_AFTER).filter(|at| *at > self.ticked_at);
        self.patience_ends().into_iter().chain(self.waiting_ends()).chain(dims).min()
    }

    /// What should be done because of the events so far, in order; each is given once.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Everything on the screen with its place, from back to front.
    pub fn pieces(&self) -> Vec<Placed<String>> {
        self.screen.pieces(&self.around())
    }

    /// Which of these [`pieces`](Self::pieces) is under a finger and looks pressed, and which one the keys stand on.
    pub fn marks(&self, pieces: &[Placed<String>]) -> Marks {
        let pressed = self.pressed.as_ref().filter(|pressed| pressed.inside);
        Marks {
            pressed: pressed.and_then(|pressed| named(pieces, &pressed.name)),
            focus: self.focus.as_ref().and_then(|name| named(pieces, name)),
        }
    }

    /// Letters, colours and language that the person chose.
    pub fn theme(&self) -> Theme {
        self.around().surface().theme
    }

    /// The screen that is up.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// What was said aloud last.
    pub fn said(&self) -> &[Spoken] {
        &self.said
    }

    /// Whether something is being said now.
    pub fn speech(&self) -> Speech {
        self.speech
    }

    /// What the lamp on the case shows.
    pub fn lamp(&self) -> Lamp {
        lamp(self.counts)
    }

    /// How bright the screen is now, in percent.
    pub fn light(&self, now: Instant) -> u8 {
        match self.idle_since() {
            Some(since) => {
                let is_believed = !self.troubles.contains(&Trouble::NoDate);
                light::of_idle(now.saturating_duration_since(since), is_believed.then(|| self.station.now()))
            }
            None => light::FULL,
        }
    }

    /// Size of the screen, in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Somebody is there.
    fn stir(&mut self, now: Instant) {
        (self.touched_at, self.stirred_at) = (now, now);
    }

    /// Does what a target means; whether another page came up.
    fn choose(&mut self, piece: usize) -> bool {
        let before = self.screen.shows();
        let screen = self.take_screen();
        let next = screen.touched(piece, &self.around());
        self.screen = self.obey(next);
        self.turned_from(before)
    }

    /// Whether another page is up than this one ([`Screen::shows`]), and what comes with that.
    fn turned_from(&mut self, before: (&'static str, usize)) -> bool {
        let is_new = self.screen.shows() != before;
        if is_new {
            self.changed();
        }
        is_new
    }

    /// Asks the station anew how things stand.
    fn refresh(&mut self) {
        self.counts = self.station.counts();
        self.troubles = self.station.troubles();
        self.public = Arc::new(self.station.public());
    }

    fn take_screen(&mut self) -> Screen {
        std::mem::replace(&mut self.screen, Screen::Home(Home))
    }

    fn around(&self) -> Around<'_> {
        Around {
            wording: &self.wording,
            place: &self.place,
            topics: &self.topics,
            spots: &self.spots,
            public: &self.public,
            counts: self.counts,
            troubles: &self.troubles,
            settings: &self.settings,
            packs: &self.packs,
            speech: self.speech,
            has_microphone: self.has_microphone,
            has_service: self.service.is_some(),
            on_paper: self.on_paper,
            has_printer: self.has_printer,
            size: self.size,
        }
    }
}

/// The target of this name.
fn named(pieces: &[Placed<String>], name: &str) -> Option<usize> {
    pieces.iter().position(|piece| piece.touch.as_deref() == Some(name))
}
