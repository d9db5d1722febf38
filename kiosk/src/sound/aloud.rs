//! The station's [`Voice`]: what the app wants heard is said by the packs of prompts, what it wants recorded is recorded.

use std::{io, sync::Arc};

use hardware::sound::{Loudspeaker, Microphone, SoundError, absent::Absent, reader::Reader};

use super::{AUDIBLE, Event, Say, Sound, VOLUME_MAX};
use crate::{
    app::{self, Effect},
    prompts::Prompts,
    settings::{self, Language},
    station::Recording,
    teller::Teller,
    trouble::Trouble,
    voice::{PackName, Voice},
    wiring::Wiring,
};

/// Obeys the app through the microphone and the loudspeaker of a station, in the voices that it has.
pub struct Aloud {
    sound: Sound,
    voices: Vec<Arc<Prompts>>,
}

impl Aloud {
    /// The voice of the station that is wired so. One without a loudspeaker or a microphone, or with one that cannot be
    /// used, serves all the same.
    pub fn of(wiring: &Wiring, teller: Teller) -> io::Result<Self> {
        let microphone = wiring.sound.microphone().unwrap_or_else(|error| {
            microphone_fails(&error, &teller);
            Box::new(Absent)
        });
        let loudspeaker = wiring.sound.loudspeaker().inspect_err(log).unwrap_or_else(|_| Box::new(Absent));
        let voices = Prompts::all(wiring.directory.as_deref());
        Self::start(microphone, loudspeaker, voices, wiring.sound.reader(), teller)
    }

    /// The same with these parts. The first voice speaks until the app chooses another.
    pub fn start(
        microphone: Box<dyn Microphone>,
        loudspeaker: Box<dyn Loudspeaker>,
        voices: Vec<Arc<Prompts>>,
        reader: Option<Box<dyn Reader>>,
        teller: Teller,
    ) -> io::Result<Self> {
        let first = voices.first().cloned().unwrap_or_else(|| Arc::new(Prompts::own(Language::default())));
        let tell = Arc::new(move |event| pass_on(event, &teller));
        let sound = Sound::start(microphone, loudspeaker, first, reader, tell)?;
        Ok(Self { sound, voices })
    }
}

/// Tells the app what it must know, and the log what somebody should look at.
fn pass_on(event: Event, teller: &Teller) {
    match event {
        Event::Ended(_) => teller.tell(app::Event::SpeechEnded),
        // They may be a person's own: the log learns how many they are and no more.
        Event::Unspoken(words) => tracing::debug!(characters = words.chars().count(), "Nobody recorded some words"),
        Event::LoudspeakerFailed(error) | Event::ReaderFailed(error) => log(&error),
        Event::MicrophoneFailed(error) => {
            microphone_fails(&error, teller);
            teller.tell(app::Event::NoMicrophone);
        }
        Event::Recording { level, length } => {
            teller.report(Trouble::NoMicrophone, false);
            teller.mention(app::Event::Recording { level, length });
        }
        Event::Piece(piece) => teller.tell(app::Event::Piece(piece)),
        Event::Recorded(recorded) => {
            let seconds = recorded.length.as_secs_f64().ceil() as u32;
            let recording = Recording { opus: recorded.sound, seconds };
            teller.tell(app::Event::Recorded { recording, is_audible: recorded.loudest >= AUDIBLE });
        }
    }
}

/// A station that has no microphone is as it was meant; one whose microphone fails needs somebody to look at it.
fn microphone_fails(error: &SoundError, teller: &Teller) {
    log(error);
    match error {
        SoundError::Absent(_) => {}
        SoundError::NotBuilt(_) | SoundError::Failed { .. } => teller.report(Trouble::NoMicrophone, true),
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
            Effect::Play(recording) => {
                self.sound.say(vec![Say::Recording(recording)]);
            }
            Effect::Hush => self.sound.hush(),
            Effect::Pause => self.sound.pause(),
            Effect::GoOn => self.sound.go_on(),
            Effect::Record => self.sound.record(),
            Effect::RecordLonger => self.sound.extend(),
            Effect::StopRecording => self.sound.stop_recording(),
            Effect::ThrowAwayRecording => self.sound.throw_away(),
            Effect::Print(_) => {}
            Effect::Voice { pack, volume } => {
                if let Some(voice) = self.voices.get(pack) {
                    self.sound.speak_as(voice.clone());
                }
                let percent = u16::from(volume) * u16::from(VOLUME_MAX) / u16::from(settings::VOLUME_MAX);
                self.sound.set_volume(percent.min(u16::from(VOLUME_MAX)) as u8);
            }
        }
    }

    fn packs(&self) -> Vec<PackName> {
        let name = |voice: &Arc<Prompts>| PackName { name: voice.name().clone(), language: voice.language() };
        self.voices.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use hardware::sound::{
        FRAME_SAMPLES, SAMPLE_RATE,
        file::{Pace, WavLoudspeaker, WavMicrophone},
        wav,
    };

    use super::*;
    use crate::{prompts::tests::Scratch, sound::opus, spoken::Spoken, trouble::Reports};

    fn teller() -> (Teller, tokio::sync::mpsc::Receiver<app::Event>) {
        Teller::new(Reports::default(), Arc::default())
    }

    fn back() -> Spoken {
        Spoken { prompt: Some("back".to_owned()), ..Spoken::default() }
    }

    fn loudspeaker(path: &Path) -> Box<WavLoudspeaker> {
        Box::new(WavLoudspeaker { path: path.to_owned(), pace: Pace::AtOnce })
    }

    #[tokio::test]
    async fn what_the_app_wants_heard_is_heard_in_the_voice_that_was_chosen() {
        let scratch = Scratch::new("aloud");
        let path = scratch.path().join("heard.wav");
        let voices = Prompts::all(None);
        let (teller, mut told) = teller();
        let mut aloud = Aloud::start(Box::new(Absent), loudspeaker(&path), voices.clone(), None, teller).unwrap();
        assert_eq!(told.recv().await, Some(app::Event::NoMicrophone));
        assert_eq!(aloud.packs().iter().map(|pack| pack.name.en.as_str()).collect::<Vec<_>>(), ["Mandarin", "English"]);
        for (pack, voice) in voices.iter().enumerate() {
            aloud.obey(Effect::Voice { pack, volume: settings::VOLUME_MAX });
            aloud.obey(Effect::Say(vec![back()]));
            assert_eq!(told.recv().await, Some(app::Event::SpeechEnded));
            let said = voice.sound("back", &voice.recorded().iter().find(|one| one.name == "back").unwrap().says);
            let said = opus::read(&said.unwrap()).unwrap();
            let heard = wav::read(&path).unwrap();
            assert_eq!(heard[..said.len()], said);
            assert_eq!(heard.len(), said.len().next_multiple_of(FRAME_SAMPLES));
        }
    }

    #[tokio::test]
    async fn a_voice_is_recorded_for_the_app_and_played_to_it_again() {
        let scratch = Scratch::new("aloud-record");
        let (said, heard) = (scratch.path().join("said.wav"), scratch.path().join("heard.wav"));
        let mut writer = wav::Writer::create(&said).unwrap();
        let tone = |at: usize| ((at % 80) as i16 - 40) * 200;
        writer.add(&(0..SAMPLE_RATE as usize * 3 / 2).map(tone).collect::<Vec<_>>()).unwrap();
        writer.finish().unwrap();
        let microphone = WavMicrophone { path: said, pace: Pace::AtOnce };
        let (teller, mut told) = teller();
        let mut aloud = Aloud::start(Box::new(microphone), loudspeaker(&heard), Vec::new(), None, teller).unwrap();
        aloud.obey(Effect::Record);
        let mut pieces = Vec::new();
        let recording = loop {
            let event = told.recv().await.unwrap();
            if let app::Event::Recorded { recording, is_audible: true } = event {
                break recording;
            }
            let is_level = matches!(event, app::Event::Recording { level: 1.., .. });
            if let app::Event::Piece(piece) = event {
                pieces.push(piece);
            } else {
                assert!(is_level, "{event:?}");
            }
        };
        assert_eq!(pieces.iter().map(|piece| piece.number).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(recording.seconds, 2, "a begun second is counted");
        aloud.obey(Effect::Play(recording.opus));
        assert_eq!(told.recv().await, Some(app::Event::SpeechEnded));
        let length = Duration::from_secs_f64(wav::read(&heard).unwrap().len() as f64 / f64::from(SAMPLE_RATE));
        assert_eq!(length, Duration::from_millis(1_500));
    }

    #[tokio::test]
    async fn a_station_that_is_wired_to_nothing_has_said_everything_at_once() {
        let (teller, mut told) = teller();
        let mut aloud = Aloud::of(&Wiring::default(), teller).unwrap();
        assert_eq!(told.recv().await, Some(app::Event::NoMicrophone));
        aloud.obey(Effect::Say(vec![Spoken::words("没有喇叭")]));
        assert_eq!(told.recv().await, Some(app::Event::SpeechEnded));
        aloud.obey(Effect::Record);
        assert_eq!(told.recv().await, Some(app::Event::NoMicrophone));
    }
}
