//! A WAV file in the place of a microphone, and one in the place of a loudspeaker: for desks and tests.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{FRAME_TIME, Frame, Hearing, Loudspeaker, Microphone, SoundError, Speaking, wav};

/// How fast a file plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As a person would hear it.
    #[default]
    AsHeard,
    /// At once: for tests.
    AtOnce,
}

/// A file that is heard from its beginning each time it is opened.
#[derive(Clone, Debug)]
pub struct WavMicrophone {
    /// The file: one channel, 16 bits, 16,000 samples a second.
    pub path: PathBuf,
    /// How fast it is heard.
    pub pace: Pace,
}

/// A file that holds what was played since it was last opened.
#[derive(Clone, Debug)]
pub struct WavLoudspeaker {
    /// The file, written anew at each opening.
    pub path: PathBuf,
    /// How fast it plays.
    pub pace: Pace,
}

struct OpenFile {
    samples: std::vec::IntoIter<i16>,
    beat: Beat,
}

struct OpenSink {
    path: PathBuf,
    writer: wav::Writer,
    beat: Beat,
}

/// Waits until each frame would have been heard.
struct Beat {
    pace: Pace,
    next: Instant,
}

impl Beat {
    fn new(pace: Pace) -> Self {
        Self { pace, next: Instant::now() }
    }

    fn wait(&mut self) {
        if self.pace == Pace::AtOnce {
            return;
        }
        let now = Instant::now();
        // Whoever paused goes on from now; the time between is not made up for.
        self.next = self.next.max(now.checked_sub(Duration::from_millis(100)).unwrap_or(now)) + FRAME_TIME;
        std::thread::sleep(self.next.saturating_duration_since(now));
    }
}

impl Microphone for WavMicrophone {
    fn open(&mut self) -> Result<Box<dyn Hearing>, SoundError> {
        let samples = wav::read(&self.path).map_err(|error| failed(&self.path, error))?;
        Ok(Box::new(OpenFile { samples: samples.into_iter(), beat: Beat::new(self.pace) }))
    }
}

impl Hearing for OpenFile {
    fn hear(&mut self) -> Result<Option<Frame>, SoundError> {
        if self.samples.len() == 0 {
            return Ok(None);
        }
        self.beat.wait();
        // The last frame is filled up with silence.
        Ok(Some(std::array::from_fn(|_| self.samples.next().unwrap_or(0))))
    }
}

impl Loudspeaker for WavLoudspeaker {
    fn open(&mut self) -> Result<Box<dyn Speaking>, SoundError> {
        let writer = wav::Writer::create(&self.path).map_err(|error| failed(&self.path, error))?;
        Ok(Box::new(OpenSink { path: self.path.clone(), writer, beat: Beat::new(self.pace) }))
    }
}

impl Speaking for OpenSink {
    fn play(&mut self, frame: &Frame) -> Result<(), SoundError> {
        self.beat.wait();
        self.writer.add(frame).map_err(|error| failed(&self.path, error))
    }

    fn finish(&mut self) -> Result<(), SoundError> {
        self.writer.finish().map_err(|error| failed(&self.path, error))
    }
}

impl Drop for OpenSink {
    fn drop(&mut self) {
        // The head of a file on a desk; nobody is left to tell.
        let _ = self.writer.finish();
    }
}

fn failed(path: &Path, error: io::Error) -> SoundError {
    let device = path.display().to_string();
    if error.kind() == io::ErrorKind::NotFound {
        SoundError::Absent(device)
    } else {
        SoundError::Failed { device, source: error.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scratch::Scratch, sound::FRAME_SAMPLES};

    #[test]
    fn what_is_played_can_be_heard_again_frame_by_frame() {
        let scratch = Scratch::new("sound-file").unwrap();
        let path = scratch.path().join("said.wav");
        let mut loudspeaker = WavLoudspeaker { path: path.clone(), pace: Pace::AtOnce };
        let mut speaking = loudspeaker.open().unwrap();
        speaking.play(&[5; FRAME_SAMPLES]).unwrap();
        speaking.play(&[-6; FRAME_SAMPLES]).unwrap();
        drop(speaking);
        let mut hearing = WavMicrophone { path, pace: Pace::AtOnce }.open().unwrap();
        assert_eq!(hearing.hear().unwrap(), Some([5; FRAME_SAMPLES]));
        assert_eq!(hearing.hear().unwrap(), Some([-6; FRAME_SAMPLES]));
        assert_eq!(hearing.hear().unwrap(), None);
    }

    #[test]
    fn a_missing_file_is_no_microphone() {
        let mut microphone = WavMicrophone { path: "/nonexistent/said.wav".into(), pace: Pace::AtOnce };
        assert!(matches!(microphone.open(), Err(SoundError::Absent(_))));
    }

    #[test]
    fn a_file_is_heard_as_slowly_as_a_person_speaks() {
        let scratch = Scratch::new("sound-pace").unwrap();
        let path = scratch.path().join("said.wav");
        wav::Writer::create(&path).unwrap();
        let mut speaking = WavLoudspeaker { path, pace: Pace::AsHeard }.open().unwrap();
        let start = Instant::now();
        for _ in 0..10 {
            speaking.play(&[0; FRAME_SAMPLES]).unwrap();
        }
        assert!(start.elapsed() >= FRAME_TIME * 9, "{:?}", start.elapsed());
    }
}
