//! The thread that plays: recordings one after the other, frame by frame, obeying between two frames.

use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
};

use hardware::sound::{FRAME_SAMPLES, Frame, Loudspeaker, SoundError, Speaking, reader::Reader};

use super::{Event, Say, Tell, Utterance, VOLUME_MAX, opus, sentences::sentences};
use crate::{
    prompts::{Bit, Prompts},
    spoken::Spoken,
};

/// What the thread can be told.
pub enum Command {
    Say(Utterance, Vec<Say>),
    Repeat(Utterance),
    Hush,
    Pause,
    GoOn,
    Volume(u8),
    Prompts(Arc<Prompts>),
}

/// What is said once in the place of words that nobody recorded and no program reads.
const UNREAD: &str = "unread";

/// Silence between two things that are said: a breath.
const BREATH_FRAMES: usize = 12;

/// How loud it is before the app says how loud.
const VOLUME_AT_FIRST: u8 = 60;

/// The loudspeaker, and what it is saying.
pub struct Speaker {
    loudspeaker: Box<dyn Loudspeaker>,
    prompts: Arc<Prompts>,
    reader: Option<Box<dyn Reader>>,
    tell: Tell,
    volume: u8,
    last: Vec<Say>,
    playing: Option<Playing>,
}

/// Something that is being said.
struct Playing {
    utterance: Utterance,
    device: Box<dyn Speaking>,
    is_paused: bool,
    /// What comes behind the present samples.
    queue: VecDeque<Part>,
    samples: Vec<i16>,
    at: usize,
    /// It was said already that some words cannot be.
    has_excused: bool,
}

enum Part {
    Sound(Cow<'static, [u8]>),
    Recording(Arc<[u8]>),
    /// A sentence that nobody recorded.
    Words(String),
    Breath,
}

impl Speaker {
    pub fn new(
        loudspeaker: Box<dyn Loudspeaker>,
        prompts: Arc<Prompts>,
        reader: Option<Box<dyn Reader>>,
        tell: Tell,
    ) -> Self {
        Self { loudspeaker, prompts, reader, tell, volume: VOLUME_AT_FIRST, last: Vec::new(), playing: None }
    }

    /// Works until nobody can give orders any more.
    pub fn run(mut self, commands: &Receiver<Command>) {
        loop {
            let is_at_work = self.playing.as_ref().is_some_and(|playing| !playing.is_paused);
            let command = if is_at_work { commands.try_recv() } else { commands.recv().map_err(Into::into) };
            match command {
                Ok(command) => self.obey(command),
                Err(TryRecvError::Empty) => self.play(),
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Say(utterance, what) => {
                self.last = what;
                self.begin(utterance);
            }
            Command::Repeat(utterance) => self.begin(utterance),
            Command::Hush => self.playing = None,
            Command::Pause => self.set_paused(true),
            Command::GoOn => self.set_paused(false),
            Command::Volume(volume) => self.volume = volume.min(VOLUME_MAX),
            Command::Prompts(prompts) => self.prompts = prompts,
        }
    }

    fn set_paused(&mut self, is_paused: bool) {
        if let Some(playing) = &mut self.playing {
            playing.is_paused = is_paused;
        }
    }

    fn begin(&mut self, utterance: Utterance) {
        // The one before stops before the next one opens the same device.
        self.playing = None;
        let queue = self.parts();
        if queue.is_empty() {
            (self.tell)(Event::Ended(utterance));
            return;
        }
        match self.loudspeaker.open() {
            Ok(device) => {
                let (samples, at, has_excused) = (Vec::new(), 0, false);
                self.playing = Some(Playing { utterance, device, is_paused: false, queue, samples, at, has_excused });
            }
            Err(error) => {
                (self.tell)(Event::LoudspeakerFailed(error));
                (self.tell)(Event::Ended(utterance));
            }
        }
    }

    /// All that is to be said, a breath between two things.
    fn parts(&self) -> VecDeque<Part> {
        let mut parts = VecDeque::new();
        for say in &self.last {
            if !parts.is_empty() {
                parts.push_back(Part::Breath);
            }
            match say {
                Say::Words(said) => {
                    for bit in self.prompts.spell(said) {
                        match bit {
                            Bit::Sound(sound) => parts.push_back(Part::Sound(sound)),
                            Bit::Unspoken(words) => parts.extend(sentences(&words).map(Part::Words)),
                        }
                    }
                }
                Say::Recording(sound) => parts.push_back(Part::Recording(sound.clone())),
            }
        }
        parts
    }

    /// Plays one frame, or ends.
    fn play(&mut self) {
        while self.playing.as_ref().is_some_and(Playing::needs_more) {
            self.next_part();
        }
        let Some(playing) = &mut self.playing else { return };
        let played = match playing.next_frame(self.volume) {
            Some(frame) => playing.device.play(&frame).map(|()| false),
            None => playing.device.finish().map(|()| true),
        };
        let utterance = playing.utterance;
        match played {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => (self.tell)(Event::LoudspeakerFailed(error)),
        }
        self.playing = None;
        (self.tell)(Event::Ended(utterance));
    }

    /// Makes the next part into samples.
    fn next_part(&mut self) {
        let Some(part) = self.playing.as_mut().and_then(|playing| playing.queue.pop_front()) else { return };
        let samples = match part {
            Part::Sound(sound) => read(&sound),
            Part::Recording(sound) => read(&sound),
            Part::Breath => vec![0; BREATH_FRAMES * FRAME_SAMPLES],
            Part::Words(words) => self.read_words(words),
        };
        if let Some(playing) = &mut self.playing {
            (playing.samples, playing.at) = (samples, 0);
        }
    }

    /// Words that nobody recorded; where no program reads them, an excuse, once.
    fn read_words(&mut self, words: String) -> Vec<i16> {
        let sound = self.reader.as_mut().map(|reader| reader.read(&words));
        match sound {
            Some(Ok(samples)) => return samples,
            Some(Err(error)) => {
                // A program that is not there will not be there for the next sentence.
                if matches!(error, SoundError::Absent(_)) {
                    self.reader = None;
                }
                (self.tell)(Event::ReaderFailed(error));
            }
            None => {}
        }
        (self.tell)(Event::Unspoken(words));
        let is_first = self.playing.as_mut().is_some_and(|playing| !std::mem::replace(&mut playing.has_excused, true));
        let excuse = Spoken { prompt: Some(UNREAD.to_owned()), ..Spoken::default() };
        let bits = if is_first { self.prompts.spell(&excuse) } else { Vec::new() };
        let sound = |bit| if let Bit::Sound(sound) = bit { read(&sound) } else { Vec::new() };
        bits.into_iter().flat_map(sound).collect()
    }
}

impl Playing {
    /// Whether the present part has ended and another stands behind it.
    fn needs_more(&self) -> bool {
        self.at >= self.samples.len() && !self.queue.is_empty()
    }

    fn next_frame(&mut self, volume: u8) -> Option<Frame> {
        let rest = self.samples.get(self.at..).filter(|rest| !rest.is_empty())?;
        self.at += FRAME_SAMPLES;
        // To the ear, half the volume is a quarter of the sound.
        let gain = i32::from(volume).pow(2);
        let full = i32::from(VOLUME_MAX).pow(2);
        Some(std::array::from_fn(|at| rest.get(at).map_or(0, |sample| (i32::from(*sample) * gain / full) as i16)))
    }
}

/// One damaged recording does not silence the others.
fn read(sound: &[u8]) -> Vec<i16> {
    opus::read(sound).unwrap_or_else(|error| {
        tracing::error!(%error, "A recording cannot be played");
        Vec::new()
    })
}
