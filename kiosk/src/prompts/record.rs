//! Recording prompts at a terminal: a sentence appears, somebody reads it, hears it, and keeps it or reads it again.

use std::{
    io::{self, BufRead, Write},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
};

use anyhow::Context;
use civic_core::wording::Wording;
use fluent_bundle::FluentValue;
use hardware::sound::{FRAME_SAMPLES, Loudspeaker, Microphone, SoundError, level};

use super::{Prompts, Recorded as Prompt, pack::Pack};
use crate::sound::{AUDIBLE, End, Event, Recorded, Say, Sound, opus};

/// Silence kept before and behind what was read: a fifth of a second.
const EDGE: usize = 10 * FRAME_SAMPLES;

/// A microphone and a loudspeaker, used one after the other.
pub struct Booth {
    sound: Sound,
    events: Receiver<Event>,
}

/// Somebody at a terminal, with a booth.
pub struct Studio<'a> {
    /// Where the voice comes from and goes to.
    pub booth: Booth,
    /// What the terminal says.
    pub wording: Wording,
    /// What is typed.
    pub input: &'a mut dyn BufRead,
    /// What is shown.
    pub output: &'a mut dyn Write,
}

/// What somebody typed at a question.
enum Answer {
    Yes,
    Again,
    Skip,
    Quit,
}

impl Booth {
    /// A booth with these.
    pub fn open(
        microphone: Box<dyn Microphone>,
        loudspeaker: Box<dyn Loudspeaker>,
        prompts: &Prompts,
    ) -> io::Result<Self> {
        let (tell, events) = channel();
        let tell = Arc::new(move |event| {
            // Whoever listened may have gone.
            let _ = tell.send(event);
        });
        Ok(Self { sound: Sound::start(microphone, loudspeaker, Arc::new(prompts.clone()), None, tell)?, events })
    }

    /// Plays these to their end.
    pub fn play(&mut self, sounds: Vec<Say>) -> Result<(), SoundError> {
        let utterance = self.sound.say(sounds);
        let mut played = Ok(());
        for event in &self.events {
            match event {
                Event::Ended(ended) if ended == utterance => break,
                Event::LoudspeakerFailed(error) => played = Err(error),
                Event::Ended(_)
                | Event::Unspoken(_)
                | Event::ReaderFailed(_)
                | Event::Recording { .. }
                | Event::Piece(_)
                | Event::Recorded(_)
                | Event::MicrophoneFailed(_) => {}
            }
        }
        played
    }

    /// Records until `wait` returns.
    fn record(&mut self, wait: impl FnOnce() -> io::Result<()>) -> anyhow::Result<Recorded> {
        // What is still told of things before is no answer to this.
        self.events.try_iter().for_each(drop);
        self.sound.record();
        wait()?;
        self.sound.stop_recording();
        for event in &self.events {
            match event {
                Event::Recorded(recorded) => return Ok(recorded),
                Event::MicrophoneFailed(error) => return Err(error.into()),
                Event::Ended(_)
                | Event::Unspoken(_)
                | Event::ReaderFailed(_)
                | Event::LoudspeakerFailed(_)
                | Event::Recording { .. }
                | Event::Piece(_) => {}
            }
        }
        anyhow::bail!("the sound has stopped")
    }
}

impl Studio<'_> {
    /// Goes through the sentences until the last, or until somebody ends it. What was kept is kept.
    pub fn record(&mut self, wanted: &[Prompt], into: &mut Pack) -> anyhow::Result<()> {
        self.show("record-how", &[])?;
        for (place, prompt) in wanted.iter().enumerate() {
            let values =
                [("place", (place + 1).into()), ("all", wanted.len().into()), ("says", prompt.says.as_str().into())];
            self.show("record-read", &values)?;
            if !self.read_one(prompt, into)? {
                return Ok(());
            }
        }
        self.show("record-done", &[])
    }

    /// One sentence, as often as it takes; `false` to end.
    fn read_one(&mut self, prompt: &Prompt, into: &mut Pack) -> anyhow::Result<bool> {
        loop {
            match self.ask("record-begin")? {
                Answer::Yes | Answer::Again => {}
                Answer::Skip => return Ok(true),
                Answer::Quit => return Ok(false),
            }
            let Some(sound) = self.take()? else { continue };
            match self.ask("record-keep")? {
                Answer::Yes => {
                    into.put(&prompt.name, &prompt.says, &sound)?;
                    self.show("record-kept", &[])?;
                    return Ok(true);
                }
                Answer::Again => {}
                Answer::Skip => return Ok(true),
                Answer::Quit => return Ok(false),
            }
        }
    }

    /// Records once and plays it; `None` if it must be read again.
    fn take(&mut self) -> anyhow::Result<Option<Arc<[u8]>>> {
        let question = self.wording.both("record-end", &[]);
        let (input, output) = (&mut *self.input, &mut *self.output);
        let recorded = self.booth.record(|| {
            write!(output, "{}\n{} ", question.zh, question.en)?;
            output.flush()?;
            input.read_line(&mut String::new()).map(|_| ())
        });
        let recorded = match recorded {
            Ok(recorded) => recorded,
            Err(why) => {
                self.show("record-no-microphone", &[("why", format!("{why:#}").into())])?;
                return Err(why).context("Recording a prompt");
            }
        };
        if recorded.end == End::Broken {
            self.show("record-cut", &[])?;
            return Ok(None);
        }
        if recorded.loudest < AUDIBLE {
            self.show("record-quiet", &[])?;
            return Ok(None);
        }
        let sound: Arc<[u8]> = trimmed(&recorded.sound)?.into();
        let seconds = (recorded.length.as_secs_f64() * 10.0).round() / 10.0;
        self.show("record-heard", &[("seconds", seconds.into())])?;
        if let Err(error) = self.booth.play(vec![Say::Recording(sound.clone())]) {
            // Somebody may still want to keep what cannot be heard here.
            let why = format!("{:#}", anyhow::Error::new(error));
            self.show("record-no-loudspeaker", &[("why", why.into())])?;
        }
        Ok(Some(sound))
    }

    fn show(&mut self, key: &str, values: &[(&str, FluentValue<'_>)]) -> anyhow::Result<()> {
        let words = self.wording.both(key, values);
        writeln!(self.output, "{}\n{}", words.zh, words.en)?;
        Ok(())
    }

    fn ask(&mut self, key: &str) -> anyhow::Result<Answer> {
        let words = self.wording.both(key, &[]);
        write!(self.output, "{}\n{} ", words.zh, words.en)?;
        self.output.flush()?;
        let mut line = String::new();
        if self.input.read_line(&mut line)? == 0 {
            return Ok(Answer::Quit);
        }
        Ok(match line.trim() {
            "a" => Answer::Again,
            "s" => Answer::Skip,
            "q" => Answer::Quit,
            // Enter, whatever slipped in before it.
            _ => Answer::Yes,
        })
    }
}

/// The same voice without the silence around it: prompts are joined to sentences.
pub(crate) fn trimmed(sound: &[u8]) -> Result<Vec<u8>, opus::Unreadable> {
    let samples = opus::read(sound)?;
    let is_loud = |frame: &[i16]| level(frame) >= AUDIBLE;
    let frames = || samples.chunks(FRAME_SAMPLES);
    let first = frames().position(is_loud).unwrap_or(0) * FRAME_SAMPLES;
    let last = frames().rposition(is_loud).map_or(samples.len(), |frame| (frame + 1) * FRAME_SAMPLES);
    let kept = &samples[first.saturating_sub(EDGE)..last.saturating_add(EDGE).min(samples.len())];
    Ok(opus::write(kept))
}
