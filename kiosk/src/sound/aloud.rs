//! The station's [`Voice`]: what the app wants heard, said by the packs of prompts.

use std::{io, sync::Arc};

use civic_core::wording::Both;
use hardware::sound::{Loudspeaker, Microphone, SoundError, absent::Absent};
use tokio::sync::Notify;

use super::{Event, Say, Sound, Tell, VOLUME_MAX};
use crate::{app::Effect, prompts::Prompts, settings, voice::Voice, wiring::Wiring};

/// Says what the app wants heard, in the voices that the station has.
pub struct Aloud {
    sound: Arc<Sound>,
    voices: Vec<Arc<Prompts>>,
    ended: Arc<Notify>,
}

impl Aloud {
    /// The voice of the station that is wired so. One without a loudspeaker, or whose sound cannot be used, is silent
    /// and serves all the same. `tell` is told everything that happens, of recordings too; failures are logged besides.
    pub fn of(wiring: &Wiring, tell: Tell) -> io::Result<Self> {
        let microphone = wiring.sound.microphone().inspect_err(log).unwrap_or_else(|_| Box::new(Absent));
        let loudspeaker = wiring.sound.loudspeaker().inspect_err(log).unwrap_or_else(|_| Box::new(Absent));
        let told = move |event: Event| {
            match &event {
                // They may be a person's own: the log learns how many they are and no more.
                Event::Unspoken(words) => {
                    tracing::debug!(characters = words.chars().count(), "Nobody recorded some words");
                }
                Event::LoudspeakerFailed(error) | Event::MicrophoneFailed(error) => log(error),
                Event::Ended(_) | Event::Recording { .. } | Event::Recorded(_) => {}
            }
            tell(event);
        };
        Self::start(microphone, loudspeaker, Prompts::all(wiring.directory.as_deref()), Arc::new(told))
    }

    /// The same with these parts, and the first of these voices.
    pub fn start(
        microphone: Box<dyn Microphone>,
        loudspeaker: Box<dyn Loudspeaker>,
        voices: Vec<Arc<Prompts>>,
        tell: Tell,
    ) -> io::Result<Self> {
        let ended = Arc::new(Notify::new());
        let rung = ended.clone();
        let told = move |event: Event| {
            if matches!(event, Event::Ended(_)) {
                rung.notify_one();
            }
            tell(event);
        };
        let first = voices.first().cloned().unwrap_or_else(|| Arc::new(Prompts::own(settings::Language::default())));
        let sound = Sound::start(microphone, loudspeaker, first, Arc::new(told))?;
        Ok(Self { sound: Arc::new(sound), voices, ended })
    }

    /// The sound itself: to record, and to play what was recorded.
    pub fn sound(&self) -> Arc<Sound> {
        self.sound.clone()
    }
}

fn log(error: &SoundError) {
    match error {
        SoundError::Absent(_) => tracing::debug!(%error, "The kiosk has no such part"),
        SoundError::NotBuilt(_) | SoundError::Failed { .. } => {
            tracing::warn!(%error, "The kiosk goes on without this part of its sound");
        }
    }
}

impl Voice for Aloud {
    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::Say(all) => {
                self.sound.say(all.into_iter().map(Say::Words).collect());
            }
            Effect::Hush => self.sound.hush(),
            Effect::Pause => self.sound.pause(),
            Effect::GoOn => self.sound.go_on(),
            Effect::Voice { pack, volume } => {
                if let Some(voice) = self.voices.get(pack) {
                    self.sound.speak_as(voice.clone());
                }
                let percent = u16::from(volume) * u16::from(VOLUME_MAX) / u16::from(settings::VOLUME_MAX);
                self.sound.set_volume(percent.min(u16::from(VOLUME_MAX)) as u8);
            }
        }
    }

    fn ended(&self) -> Arc<Notify> {
        self.ended.clone()
    }

    fn packs(&self) -> Vec<Both> {
        self.voices.iter().map(|voice| voice.name().clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use hardware::sound::{
        FRAME_SAMPLES,
        file::{Pace, WavLoudspeaker},
        wav,
    };

    use super::*;
    use crate::{prompts::tests::Scratch, sound::opus, spoken::Spoken};

    #[tokio::test]
    async fn what_the_app_wants_heard_is_heard_in_the_voice_that_was_chosen() {
        let scratch = Scratch::new("aloud");
        let path = scratch.path().join("heard.wav");
        let loudspeaker = WavLoudspeaker { path: path.clone(), pace: Pace::AtOnce };
        let voices = Prompts::all(None);
        let back = Spoken { prompt: Some("back".to_owned()), ..Spoken::default() };
        let mut aloud =
            Aloud::start(Box::new(Absent), Box::new(loudspeaker), voices.clone(), Arc::new(|_| {})).unwrap();
        assert_eq!(aloud.packs().iter().map(|pack| pack.en.as_str()).collect::<Vec<_>>(), ["Mandarin", "English"]);
        for (pack, voice) in voices.iter().enumerate() {
            aloud.obey(Effect::Voice { pack, volume: settings::VOLUME_MAX });
            aloud.obey(Effect::Say(vec![back.clone()]));
            aloud.ended().notified().await;
            let said = opus::read(&voice.spell(&back).sounds[0]).unwrap();
            let heard = wav::read(&path).unwrap();
            assert_eq!(heard[..said.len()], said);
            assert_eq!(heard.len(), said.len().next_multiple_of(FRAME_SAMPLES));
        }
    }

    #[tokio::test]
    async fn a_station_that_is_wired_to_nothing_has_said_everything_at_once() {
        let mut aloud = Aloud::of(&Wiring::default(), Arc::new(|_| {})).unwrap();
        aloud.obey(Effect::Say(vec![Spoken::words("没有喇叭")]));
        aloud.ended().notified().await;
    }
}
