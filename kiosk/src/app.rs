//! Which screen is up: an event goes in, the next screen comes out, and what should be heard.
//!
//! The app reads no clock, draws nothing and makes no sound. It asks the [`Station`], and it leaves [`Effect`]s for
//! whoever runs it: a ticket is on the screen only after the station said that the words are on disk.
//!
//! Everything works three ways: by touch, by the five keys, and by ear. The keys go through the targets of the screen in
//! the order of its pieces, which is the order in which it is read aloud. While screens are read aloud, the first touch
//! on something reads it and the second chooses it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use civic_core::{codebook::Topic, ink::SIDE, ticket::Ticket, wording::Wording};
use embedded_graphics::{
    prelude::{Point, Size},
    primitives::Rectangle,
};
use hardware::{keyboard::Typed, keypad, lamp::Lamp, presence::Motion};

use crate::{
    draw::{
        Marks,
        ink::square,
        layout::{Placed, heard, hit, reading},
        theme::Theme,
    },
    flood::Flood,
    lamp::lamp,
    light,
    printing::{OnPaper, Receipt},
    public::{NotTaken, Public, Reply},
    screens::{
        Around, Door, Left, Next, Screen, asked::Asked, ballot::Ballot, begun::Begun, contact::Contact,
        deputies::Deputies, deputy::DeputyPage, filed::Filed, find, home::Home, leave::Leave, not_saved::NotSaved,
        not_taken, progress::Progress, say_on, service::calibrate, thanks::Thanks, topics::Topics, village::Village,
        where_at::WhereAt,
    },
    service::Service,
    settings::{Change, Language, Settings},
    spoken::Spoken,
    station::{Counts, Draft, Piece, Place, Recording, Station, TakenUp},
    trouble::Trouble,
    view::{self, Face, Turn},
    voice::PackName,
    wording::wording,
};

/// A second tap at the same place this soon after a new screen came up was meant for the screen before.
const DOUBLE_TAP: Duration = Duration::from_millis(300);

/// How near two taps are "the same place", in pixels.
const SAME_PLACE: i32 = 40;

/// What waits on the first screen for whoever began it is filed as unfinished after this.
pub const WAITS_FOR: Duration = Duration::from_secs(30 * 60);

/// An untouched first screen takes what the last person chose (large letters, reading aloud) for done with after this.
const PERSON_GONE: Duration = Duration::from_secs(20);

/// Something that happened to the kiosk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A finger on the glass.
    Touch(Touch),
    /// One of the five keys.
    Key(Key),
    /// Something on a keyboard, a number pad or a scanner.
    Typed(Typed),
    /// The button on the case.
    Button,
    /// Somebody came near, or nobody is there any more.
    Motion(Motion),
    /// Time has passed; see [`App::wake_at`].
    Tick,
    /// The station has news: counts or answers may have changed.
    News,
    /// What was to be said has been said, or cannot be.
    SpeechEnded,
    /// While a voice is recorded, some times a second.
    Recording {
        /// How loud it is, 0 to 100.
        level: u8,
        /// How long it is by now.
        length: Duration,
    },
    /// While a voice is recorded, at least once a second: what its file grew by.
    Piece(Piece),
    /// A voice was recorded: it was stopped, or as long as it may be.
    Recorded {
        /// The voice.
        recording: Recording,
        /// Whether anybody is heard in it.
        is_audible: bool,
    },
    /// There is no microphone, or it failed before anything was recorded.
    NoMicrophone,
    /// The paper with this ticket's number has come out; without a number, a test slip.
    Printed(Option<Ticket>),
    /// It has not, or not whole.
    NotPrinted(Option<Ticket>),
}

/// A finger on the glass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// What the finger did.
    pub kind: TouchKind,
    /// Where, in pixels.
    pub at: Point,
}

/// What a finger did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TouchKind {
    /// It came down.
    Down,
    /// It moved without lifting.
    Move,
    /// It lifted; a target is chosen when it lifts inside the target on which it came down.
    Up,
    /// It was lost.
    Cancel,
}

/// The five keys that can be felt. Together they do all that touches do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// To the target before; from the first to the last.
    Up,
    /// To the target behind; from the last to the first.
    Down,
    /// Choose the target that the keys stand on.
    Select,
    /// The way back; where a screen has none, what the button on the case does.
    Back,
    /// Read the screen aloud; while it is read, stop, and then go on.
    Read,
}

impl From<keypad::Key> for Key {
    fn from(key: keypad::Key) -> Self {
        match key {
            keypad::Key::Previous => Key::Up,
            keypad::Key::Next => Key::Down,
            keypad::Key::Choose => Key::Select,
            keypad::Key::Back => Key::Back,
            keypad::Key::Hear => Key::Read,
        }
    }
}

/// What the app wants done. Whoever runs it takes them with [`App::take_effects`] after each event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Say these, one after the other, instead of whatever is being said. Tell [`Event::SpeechEnded`] afterwards.
    Say(Vec<Spoken>),
    /// Say no more.
    Hush,
    /// Stop where it is.
    Pause,
    /// Go on from there.
    GoOn,
    /// Record a voice, for [`USUAL`](crate::screens::speak::USUAL) at most, and say nothing meanwhile. Tell
    /// [`Event::Recording`] and [`Event::Piece`] and then [`Event::Recorded`], or [`Event::NoMicrophone`].
    Record,
    /// Let the present recording go on to [`EXTENDED`](crate::screens::speak::EXTENDED).
    RecordLonger,
    /// End the present recording. One that has ended already stays what it is.
    StopRecording,
    /// End the present recording and keep nothing of it.
    ThrowAwayRecording,
    /// Play this voice, Ogg Opus, instead of whatever is being said. Tell [`Event::SpeechEnded`] afterwards.
    Play(Arc<[u8]>),
    /// From now on with this pack of prompts and this loud.
    Voice {
        /// Place of the pack in the list that the app was given.
        pack: usize,
        /// 0 to [`crate::settings::VOLUME_MAX`].
        volume: u8,
    },
    /// Print this. Tell [`Event::Printed`] or [`Event::NotPrinted`] afterwards.
    Print(Receipt),
}

/// Whether something is being read aloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speech {
    /// Nothing.
    #[default]
    Quiet,
    /// Yes.
    Speaking,
    /// It stopped where it was.
    Paused,
}

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
    /// What the station keeps of what is being said: no step is written twice.
    kept: Option<Draft>,
    /// Since when words wait for whoever began them.
    waiting_since: Option<Instant>,
    pressed: Option<Pressed>,
    drawing: Option<Drawing>,
    focus: Option<usize>,
    touched_at: Instant,
    last_change: Option<(Instant, Point)>,
}

/// The target under a finger.
#[derive(Clone, Copy)]
struct Pressed {
    piece: usize,
    /// Whether the finger is still inside it.
    inside: bool,
    /// Whether lifting the finger chooses it; while screens are read aloud, the first touch only reads.
    chooses: bool,
}

/// The square on which a finger draws.
#[derive(Clone, Copy)]
struct Drawing {
    square: Rectangle,
    since: Instant,
}

impl Drawing {
    /// Where a finger is, in units of the square's own side, and when.
    fn dot(&self, at: Point, now: Instant) -> [u16; 3] {
        let unit = |from_edge: i32| {
            let units = i64::from(from_edge) * i64::from(SIDE) / i64::from(self.square.size.width.max(1));
            units.clamp(0, i64::from(SIDE)) as u16
        };
        let ms = now.saturating_duration_since(self.since).as_millis();
        let off = at - self.square.top_left;
        [unit(off.x), unit(off.y), u16::try_from(ms).unwrap_or(u16::MAX)]
    }
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
            pressed: None,
            drawing: None,
            focus: None,
            touched_at: now,
            last_change: None,
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
                if let (Screen::Enrol(enrol), Some(service)) = (&mut self.screen, &self.service) {
                    enrol.told(service.enrolling());
                }
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
                if let Screen::Recorder(recorder) = &mut self.screen {
                    recorder.recorded(recording, is_audible);
                } else if let Some(speak) = self.screen.speaking() {
                    speak.recorded(recording, is_audible);
                } else {
                    tracing::warn!("A voice was recorded after its speaker had taken it back");
                }
            }
            Event::NoMicrophone => {
                self.has_microphone = false;
                self.is_recording = false;
                if let Screen::Recorder(recorder) = &mut self.screen {
                    recorder.fails();
                } else if let Some(speak) = self.screen.speaking() {
                    speak.fails();
                }
            }
            Event::Printed(ticket) => self.paper_came(ticket, OnPaper::Printed),
            Event::NotPrinted(ticket) => self.paper_came(ticket, OnPaper::Failed),
        }
        self.keep_draft();
        self.note_what_waits(now);
    }

    /// When something happens by itself: the screen runs out of patience, or dims, if nobody touches it until then.
    pub fn wake_at(&self) -> Option<Instant> {
        // What has dimmed does not dim again.
        let dims = self.idle_since().map(|since| since + light::DIMS_AFTER).filter(|at| *at > self.ticked_at);
        self.patience_ends().into_iter().chain(self.waiting_ends()).chain(dims).min()
    }

    fn patience_ends(&self) -> Option<Instant> {
        let patience = self.screen.patience().or_else(|| self.has_traces().then_some(PERSON_GONE));
        patience.map(|patience| self.touched_at + patience)
    }

    /// When words that wait are filed as unfinished, if nobody comes; never under somebody's hands.
    fn waiting_ends(&self) -> Option<Instant> {
        let is_first = matches!(self.screen, Screen::Home(_));
        self.waiting_since.filter(|_| is_first).map(|since| since + WAITS_FOR)
    }

    /// What should be done because of the events so far, in order; each is given once.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Everything on the screen with its place, from back to front.
    pub fn pieces(&self) -> Vec<Placed<String>> {
        self.screen.pieces(&self.around())
    }

    /// Which piece is under a finger and looks pressed, and which one the keys stand on.
    pub fn marks(&self) -> Marks {
        let pressed = self.pressed.filter(|pressed| pressed.inside).map(|pressed| pressed.piece);
        Marks { pressed, focus: self.focus }
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

    /// Since when nobody needs the screen; `None` while somebody is at it or before it.
    fn idle_since(&self) -> Option<Instant> {
        let is_idle = matches!(self.screen, Screen::Home(_)) && !self.somebody_is_near;
        is_idle.then_some(self.stirred_at)
    }

    fn touch(&mut self, touch: Touch, now: Instant) {
        if self.draw(touch, now) || self.fit(touch) {
            return;
        }
        match touch.kind {
            TouchKind::Down if self.is_double_tap(touch.at, now) => self.pressed = None,
            TouchKind::Down => self.finger_down(touch.at),
            TouchKind::Move => {
                if let Some(pressed) = self.pressed {
                    let inside = hit(&self.pieces(), touch.at) == Some(pressed.piece);
                    self.pressed = Some(Pressed { inside, ..pressed });
                }
            }
            TouchKind::Up => {
                if let Some(pressed) = self.pressed.take()
                    && pressed.chooses
                    && hit(&self.pieces(), touch.at) == Some(pressed.piece)
                {
                    self.focus = None;
                    if self.choose(pressed.piece) {
                        self.last_change = Some((now, touch.at));
                    }
                }
            }
            TouchKind::Cancel => self.pressed = None,
        }
    }

    /// Draws, where a finger came down on the square of [`Handwriting`](Screen::Handwriting); whether it did.
    fn draw(&mut self, touch: Touch, now: Instant) -> bool {
        if !matches!(self.screen, Screen::Handwriting(_)) {
            self.drawing = None;
            return false;
        }
        if touch.kind == TouchKind::Down {
            let pads = self.pieces().into_iter().filter(|piece| matches!(piece.face, Face::Pad { .. }));
            let squares = pads.map(|piece| square(piece.area));
            let drawing = |square| Drawing { square, since: now };
            self.drawing = squares.filter(|square| square.contains(touch.at)).map(drawing).next();
        }
        let (Some(drawing), Screen::Handwriting(screen)) = (self.drawing, &mut self.screen) else { return false };
        let [x, y, ms] = drawing.dot(touch.at, now);
        match touch.kind {
            TouchKind::Down => screen.pen_down(x, y),
            TouchKind::Move => screen.pen_moved(x, y, ms),
            TouchKind::Up => screen.pen_up(),
            TouchKind::Cancel => screen.pen_lost(),
        }
        if matches!(touch.kind, TouchKind::Up | TouchKind::Cancel) {
            self.drawing = None;
        }
        self.pressed = None;
        self.focus = None;
        true
    }

    /// Takes a finger that comes down for a cross, where the panel is fitted; whether it did.
    fn fit(&mut self, touch: Touch) -> bool {
        let Screen::Calibrate(screen) = &self.screen else { return false };
        if !calibrate::Calibrate::is_for_cross(touch.at, self.size) {
            return false;
        }
        if touch.kind == TouchKind::Down {
            let next = calibrate::cross_touched(screen.clone());
            self.screen = self.obey(next);
        }
        self.pressed = None;
        true
    }

    fn finger_down(&mut self, at: Point) {
        let pieces = self.pieces();
        let target = hit(&pieces, at);
        // Keys are heard as they type; everything else is heard first and chosen by the second touch.
        let at_once = target.is_some_and(|piece| {
            !self.settings.read_aloud || self.focus == Some(piece) || matches!(pieces[piece].face, Face::Key(_))
        });
        if self.settings.read_aloud {
            self.focus = target;
            if let Some(spoken) = heard(&pieces, at).and_then(|piece| pieces[piece].face.spoken()) {
                self.say(vec![spoken]);
            }
        } else {
            self.focus = None;
        }
        self.pressed = target.map(|piece| Pressed { piece, inside: true, chooses: at_once });
    }

    fn key(&mut self, key: Key) {
        self.pressed = None;
        match key {
            Key::Down => self.move_focus(1),
            Key::Up => self.move_focus(-1),
            Key::Select => match self.focus {
                Some(piece) => self.choose_by_key(piece),
                None => self.move_focus(1),
            },
            Key::Back => match self.pieces().iter().position(|piece| piece.turn == Turn::Back) {
                Some(piece) => self.choose_by_key(piece),
                None => self.go_home(),
            },
            Key::Read if self.settings.read_aloud => self.read_on(),
            Key::Read => {
                self.settings.read_aloud = true;
                self.say_screen();
            }
        }
    }

    fn typed(&mut self, typed: &Typed) {
        match typed {
            Typed::Key(key) => self.key((*key).into()),
            Typed::Digit(digit) => self.type_key(|key| key.words.first == digit.to_string()),
            Typed::Erase => self.type_key(|key| key.words.spoken.prompt.as_deref() == Some("erase")),
            Typed::Scanned(number) => self.scanned(number),
        }
    }

    /// Presses a key of the keyboard on the screen, where there is one.
    fn type_key(&mut self, is_it: impl Fn(&view::Key) -> bool) {
        let found = |piece: &Placed<String>| matches!(&piece.face, Face::Key(key) if is_it(key));
        if let Some(piece) = self.pieces().iter().position(found) {
            self.focus = None;
            self.choose(piece);
        }
    }

    /// A slip was held under the scanner: where nobody is in the middle of something, it is looked up.
    fn scanned(&mut self, number: &str) {
        if matches!(self.screen, Screen::Home(_) | Screen::Find(_) | Screen::Progress(_) | Screen::Filed(_)) {
            self.screen = self.obey(find::scanned(number));
            self.focus = None;
            self.changed();
        }
    }

    /// To the next or the previous target, around the end.
    fn move_focus(&mut self, step: isize) {
        let pieces = self.pieces();
        let stops = stops(&pieces);
        let at = self.focus.and_then(|focus| stops.iter().position(|stop| *stop == focus));
        let to = match at {
            Some(at) => (at as isize + step).rem_euclid(stops.len() as isize) as usize,
            None if step > 0 => 0,
            None => stops.len().saturating_sub(1),
        };
        self.focus = stops.get(to).copied();
        let spoken = self.focus.and_then(|piece| pieces[piece].face.spoken());
        if self.settings.read_aloud {
            self.say(spoken.into_iter().collect());
        }
    }

    /// Chooses, and puts the keys where the person will look for them: on the same target where it is still there, on
    /// the first one of a new screen.
    fn choose_by_key(&mut self, piece: usize) {
        let name = self.pieces().get(piece).and_then(|piece| piece.touch.clone());
        let is_new = self.choose(piece);
        let pieces = self.pieces();
        let same = pieces.iter().position(|piece| piece.touch.is_some() && piece.touch == name);
        self.focus = same.filter(|_| !is_new).or_else(|| stops(&pieces).first().copied());
    }

    /// Does what a target means; whether another screen came up.
    fn choose(&mut self, piece: usize) -> bool {
        let before = std::mem::discriminant(&self.screen);
        let screen = self.take_screen();
        let next = screen.touched(piece, &self.around());
        self.screen = self.obey(next);
        let is_new = std::mem::discriminant(&self.screen) != before;
        if is_new {
            self.changed();
        }
        is_new
    }

    /// Another screen is up: it is read aloud, or what was read of the last one ends. Nobody is recorded behind it.
    fn changed(&mut self) {
        if self.is_recording && !matches!(self.screen, Screen::Speak(_) | Screen::Recorder(_)) {
            self.effects.push(Effect::StopRecording);
        }
        if self.settings.read_aloud {
            self.say_screen();
        } else if self.speech != Speech::Quiet {
            self.hush();
        }
    }

    fn obey(&mut self, next: Next) -> Screen {
        match next {
            Next::Show(screen) => screen,
            Next::Say => match self.station.waiting() {
                Some(waiting) => Begun { waiting }.into(),
                None => Topics::default().into(),
            },
            Next::TakeUp => match self.station.take_up() {
                Some(TakenUp::Draft(draft)) => {
                    self.kept = Some((*draft).clone());
                    let next = say_on(*draft);
                    self.obey(next)
                }
                Some(TakenUp::Filed(ticket)) => self.filed(ticket),
                None => Topics::default().into(),
            },
            Next::SetAside => {
                self.set_aside();
                Topics::default().into()
            }
            Next::Do(effect, screen) => {
                match effect {
                    Effect::Record => {
                        self.is_recording = true;
                        // Whoever records says nothing meanwhile.
                        self.speech = Speech::Quiet;
                    }
                    Effect::Play(_) => self.speech = Speech::Speaking,
                    Effect::Say(_)
                    | Effect::Hush
                    | Effect::Pause
                    | Effect::GoOn
                    | Effect::RecordLonger
                    | Effect::StopRecording
                    | Effect::ThrowAwayRecording
                    | Effect::Voice { .. }
                    | Effect::Print(_) => {}
                }
                self.effects.push(effect);
                screen
            }
            Next::Leave(left) => {
                // Whoever leaves the service pages leaves no panel behind that nobody can touch.
                if let Some(Err(error)) = self.service.as_mut().map(|service| service.end_fitting(false)) {
                    tracing::error!(%error, "A fit that was tried out stays");
                }
                if std::mem::take(&mut self.is_recording) {
                    self.effects.push(Effect::ThrowAwayRecording);
                }
                match left {
                    Left::TakenBack if self.kept.take().is_some() => self.station.throw_away(),
                    Left::TakenBack | Left::Waiting => {}
                    Left::NobodyAnswered => self.set_aside(),
                }
                Home.into()
            }
            Next::File { draft, failures } if draft.about.is_reply() => self.answer(draft, failures),
            Next::File { mut draft, failures } => {
                draft.is_burst = self.flood.is_burst(self.touched_at);
                match self.station.file(&draft) {
                    Ok(ticket) => {
                        self.kept = None;
                        self.flood.filed(self.touched_at);
                        self.refresh();
                        self.filed(ticket)
                    }
                    Err(why) => {
                        tracing::error!(error = %why, "An opinion could not be saved");
                        self.refresh();
                        NotSaved { draft, why, failures: failures + 1 }.into()
                    }
                }
            }
            Next::Print(ticket) => self.filed(ticket),
            Next::PrintTest(screen) => {
                self.print(None);
                screen
            }
            Next::Find(ticket) => Progress::new(ticket, self.station.find(&ticket)).into(),
            Next::Open(door) => self.open(door),
            Next::Send { reply, form } => {
                let form = form.unwrap_or_else(|| self.station.form());
                self.send(reply, form)
            }
            Next::Admit { token, page } => match self.station.admit(page.id(), token) {
                Ok(()) => {
                    let (id, vote) = page.vote();
                    Ballot::new(id, vote, token).into()
                }
                Err(why) => page.refused(why).into(),
            },
            Next::Where(draft) if self.spots.is_empty() => Contact { draft }.into(),
            Next::Where(draft) => WhereAt { draft, page: 0 }.into(),
            Next::Adjust(change, screen) => {
                let before = self.settings.clone();
                self.settings.change(change);
                if let Change::Language(language) = change {
                    self.speak_in(language);
                }
                self.settings_changed(&before);
                screen
            }
            Next::Errand(errand) => match &mut self.service {
                Some(service) => errand.run(service.as_mut(), self.touched_at),
                None => Home.into(),
            },
            Next::Read(screen) => {
                self.screen = screen;
                self.read_on();
                self.take_screen()
            }
        }
    }

    /// It is on disk: its number is shown, and printed where there is a printer.
    fn filed(&mut self, ticket: Ticket) -> Screen {
        self.print(Some(ticket));
        Filed { ticket }.into()
    }

    /// Prints a ticket, or a test slip, where there is a printer.
    fn print(&mut self, ticket: Option<Ticket>) {
        self.on_paper = OnPaper::NoPrinter;
        if self.has_printer {
            self.on_paper = OnPaper::Printing;
            let is_believed = !self.troubles.contains(&Trouble::NoDate);
            let day = is_believed.then(|| self.station.now());
            let receipt = Receipt { ticket, place: self.place.clone(), day, language: self.settings.language };
            self.effects.push(Effect::Print(receipt));
        }
    }

    fn paper_came(&mut self, ticket: Option<Ticket>, on_paper: OnPaper) {
        // The paper of the person before says nothing about this one's.
        let is_shown = match ticket {
            Some(ticket) => matches!(&self.screen, Screen::Filed(filed) if filed.ticket == ticket),
            None => matches!(self.screen, Screen::Facts(_)),
        };
        if is_shown {
            self.on_paper = on_paper;
        }
    }

    /// Goes through a door to what the station knows at this moment: days pass without news.
    fn open(&mut self, door: Door) -> Screen {
        self.public = Arc::new(self.station.public());
        let public = Arc::clone(&self.public);
        match door {
            Door::Village => Village { public }.into(),
            Door::Asked => Asked { public, page: 0 }.into(),
            Door::Deputy(code) => {
                let place = public.deputies.iter().position(|deputy| deputy.code == code);
                let list = Deputies { public, page: 0 };
                place.map_or_else(|| list.clone().into(), |place| DeputyPage { list: list.clone(), place }.into())
            }
        }
    }

    /// Hands in what somebody said back in their own words.
    fn answer(&mut self, draft: Draft, failures: u32) -> Screen {
        match self.station.answer(&draft) {
            Ok(()) => {
                self.kept = None;
                self.refresh();
                Thanks::for_words(&draft.about).into()
            }
            Err(NotTaken::NotSaved(why)) => {
                self.refresh();
                NotSaved { draft, why, failures: failures + 1 }.into()
            }
            Err(why) => not_taken::for_good(why).into(),
        }
    }

    fn send(&mut self, reply: Reply, form: String) -> Screen {
        match self.station.take(&form, &reply) {
            Ok(()) => {
                self.refresh();
                Thanks::of(&reply).into()
            }
            Err(why) => {
                tracing::error!(error = %why, "What somebody said back could not be taken");
                not_taken::after(why, reply, form)
            }
        }
    }

    /// Asks the station anew how things stand.
    fn refresh(&mut self) {
        self.counts = self.station.counts();
        self.troubles = self.station.troubles();
        self.public = Arc::new(self.station.public());
    }

    /// With a pack of this language, unless the present one is of it: a dialect that somebody chose stays.
    fn speak_in(&mut self, language: Language) {
        let present = self.packs.get(self.settings.pack);
        let first = self.packs.iter().position(|pack| pack.language == language);
        if let Some(first) = first.filter(|_| present.is_none_or(|present| present.language != language)) {
            self.settings.pack = first;
        }
    }

    fn settings_changed(&mut self, before: &Settings) {
        let Settings { pack, volume, read_aloud, .. } = self.settings;
        if (pack, volume) != (before.pack, before.volume) {
            self.effects.push(Effect::Voice { pack, volume });
        }
        if !read_aloud && before.read_aloud {
            self.hush();
        }
    }

    fn nobody_there(&mut self) {
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
    fn person_gone(&mut self) {
        let before = std::mem::replace(&mut self.settings, self.usual.clone());
        self.settings_changed(&before);
        self.hush();
        self.said.clear();
        self.focus = None;
    }

    /// Whether something of the last person is left on the first screen.
    fn has_traces(&self) -> bool {
        self.settings != self.usual || self.focus.is_some()
    }

    fn go_home(&mut self) {
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

    /// Keeps what is being said as it is now. What cannot be kept is said again when it cannot be filed either.
    fn keep_draft(&mut self) {
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
    fn keep_piece(&mut self, piece: &Piece) {
        let Some(draft) = self.screen.draft().filter(|_| self.is_recording) else { return };
        match self.station.keep_piece(draft, piece) {
            Ok(()) => self.kept = Some(draft.clone()),
            Err(why) => tracing::error!(error = %why, "What is being spoken could not be kept"),
        }
    }

    fn note_what_waits(&mut self, now: Instant) {
        if self.station.waiting().is_none() {
            self.waiting_since = None;
        } else if self.waiting_since.is_none_or(|since| since + WAITS_FOR <= now) {
            // Also after it could not be filed: it is tried again then.
            self.waiting_since = Some(now);
        }
    }

    /// Files everything that waits as unfinished.
    fn set_aside(&mut self) {
        while self.station.waiting().is_some() {
            if let Err(why) = self.station.file_unfinished() {
                tracing::error!(error = %why, "What waits could not be filed; it waits on");
                return;
            }
        }
        self.refresh();
    }

    /// Stops reading, goes on, or reads again: whichever comes next.
    fn read_on(&mut self) {
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
    fn say_screen(&mut self) {
        let pieces = self.pieces();
        let said = reading(&pieces).into_iter().map(|index| &pieces[index].face).filter(|face| match face {
            Face::Key(_) => false,
            Face::Button(_) => self.settings.read_aloud,
            Face::Nothing | Face::Sheet(_) | Face::Words(_) | Face::Picture(..) | Face::Code(_) => true,
            Face::Writing { .. } | Face::Pad { .. } | Face::Ink { .. } => true,
        });
        self.say(said.filter_map(Face::spoken).collect());
    }

    fn say(&mut self, said: Vec<Spoken>) {
        if !said.is_empty() {
            self.speech = Speech::Speaking;
            self.said.clone_from(&said);
            self.effects.push(Effect::Say(said));
        }
    }

    fn hush(&mut self) {
        self.speech = Speech::Quiet;
        self.effects.push(Effect::Hush);
    }

    fn is_double_tap(&self, at: Point, now: Instant) -> bool {
        self.last_change.is_some_and(|(changed, place)| {
            let apart = at - place;
            now.saturating_duration_since(changed) < DOUBLE_TAP
                && apart.x.abs() < SAME_PLACE
                && apart.y.abs() < SAME_PLACE
        })
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
            size: self.size,
        }
    }
}

/// Where the keys stop: every target in the order of reading.
fn stops(pieces: &[Placed<String>]) -> Vec<usize> {
    reading(pieces).into_iter().filter(|index| pieces[*index].touch.is_some()).collect()
}
