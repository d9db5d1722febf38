//! A station without a microphone or a loudspeaker.

use super::{Hearing, Loudspeaker, Microphone, SoundError, Speaking};

/// What is not there. Opening it always fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Absent;

impl Microphone for Absent {
    fn open(&mut self) -> Result<Box<dyn Hearing>, SoundError> {
        Err(SoundError::Absent("microphone".to_owned()))
    }
}

impl Loudspeaker for Absent {
    fn open(&mut self) -> Result<Box<dyn Speaking>, SoundError> {
        Err(SoundError::Absent("loudspeaker".to_owned()))
    }
}
