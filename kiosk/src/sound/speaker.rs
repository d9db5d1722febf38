//! The thread that plays: recordings one after the other, frame by frame, obeying between two frames.

use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
};

use hardware::sound::{FRAME_SAMPLES, Frame, Loudspeaker, Speaking};

use super::{Event, Say, Tell, Utterance, VOLUME_MAX, opus};
use crate::prompts::Prompts;

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

/// Silence between two things that are said: a breath.
const BREATH_FRAMES: usize = 12;

/// How loud it is before the app says how loud.
const VOLUME_AT_FIRST: u8 = 60;

/// The loudspeaker, and what it is saying.
pub struct Speaker {
    loudspeaker: Box<dyn Loudspeaker>,
    prompts: Arc<Prompts>,
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
}

enum Part {
    Sound(Cow<'static, [u8]>),
    Recording(Arc<[u8]>),
    Breath,
}

impl Speaker {
    pub fn new(loudspeaker: Box<dyn Loudspeaker>, prompts: Arc<Prompts>, tell: Tell) -> Self {
        Self { loudspeaker, prompts, tell, volume: VOLUME_AT_FIRST, last: Vec::new(), playing: None }
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
                self.playing = Some(Playing { utterance, device, is_paused: false, queue, samples: Vec::new(), at: 0 });
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
                    let spelt = self.prompts.spell(said);
                    spelt.unspoken.into_iter().for_each(|words| (self.tell)(Event::Unspoken(words)));
                    parts.extend(spelt.sounds.into_iter().map(Part::Sound));
                }
                Say::Recording(sound) => parts.push_back(Part::Recording(sound.clone())),
            }
        }
        parts
    }

    /// Plays one frame, or ends.
    fn play(&mut self) {
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
}

impl Playing {
    fn next_frame(&mut self, volume: u8) -> Option<Frame> {
        while self.at >= self.samples.len() {
            self.at = 0;
            self.samples = match self.queue.pop_front()? {
                Part::Sound(sound) => read(&sound),
                Part::Recording(sound) => read(&sound),
                Part::Breath => vec![0; BREATH_FRAMES * FRAME_SAMPLES],
            };
        }
        let rest = &self.samples[self.at..];
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
