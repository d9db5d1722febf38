//! Microphone and loudspeaker. Sound is one channel of 16,000 samples a second, and moves in frames of 20 ms.
//!
//! A desk has WAV files for both ([`wav`]); a station has ALSA (`alsa`, only with the cargo feature `alsa`, because
//! it links `libasound`); and [`absent`] is a station that has none. Opening may fail on any of them, and whoever opens
//! goes on without sound then. Calls wait for the device, so give each its own thread.

pub mod absent;
#[cfg(feature = "alsa")]
pub mod alsa;
pub mod file;
pub mod reader;
pub mod wav;
pub mod wiring;

use std::time::Duration;

/// Samples a second. Speech has nothing above half of it that a listener would miss.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples of one frame.
pub const FRAME_SAMPLES: usize = 320;

/// How long one frame lasts.
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// 20 ms of sound.
pub type Frame = [i16; FRAME_SAMPLES];

/// Somewhere sound comes from.
pub trait Microphone: Send {
    /// Begins to listen.
    fn open(&mut self) -> Result<Box<dyn Hearing>, SoundError>;
}

/// A microphone that listens. Dropping it stops it.
pub trait Hearing {
    /// Waits for the next frame; `None` when there will be no more, as at the end of a file.
    fn hear(&mut self) -> Result<Option<Frame>, SoundError>;
}

/// Somewhere sound goes to.
pub trait Loudspeaker: Send {
    /// Makes it ready to play.
    fn open(&mut self) -> Result<Box<dyn Speaking>, SoundError>;
}

/// A loudspeaker that plays. Dropping it stops it at once; what was not heard by then is not heard.
pub trait Speaking {
    /// Plays one frame behind those before it. Waits until there is room for it: a few frames are kept ready, so that
    /// a short delay of the program is not heard, and a stop is heard within a tenth of a second.
    fn play(&mut self, frame: &Frame) -> Result<(), SoundError>;

    /// Waits until all was heard.
    fn finish(&mut self) -> Result<(), SoundError>;
}

/// What the driver beneath said.
pub type SoundFault = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no sound, by what its owner can do.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// There is no such device: offer no sound.
    #[error("there is no {0}")]
    Absent(String),
    /// The program was built without what this device needs; build it with the feature, or wire something else.
    #[error("{0} needs a program that was built with the feature `alsa`")]
    NotBuilt(String),
    /// The device is there and does not work now: it may next time.
    #[error("{device} does not work")]
    Failed {
        /// Which device.
        device: String,
        /// What the driver said.
        #[source]
        source: SoundFault,
    },
}

/// How loud a sound is, from 0 (silence) to 100 (as loud as it can be), on the scale of the ear: equal steps are equal
/// numbers of decibels.
pub fn level(samples: &[i16]) -> u8 {
    let squares: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let mean = (squares / samples.len().max(1) as f64).sqrt() / f64::from(i16::MAX);
    (100.0 + mean.max(1e-9).log10() * 20.0 * 100.0 / DECIBELS).clamp(0.0, 100.0) as u8
}

/// What is this much quieter than the loudest is silence: a quiet room.
const DECIBELS: f64 = 60.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_nothing_and_the_loudest_is_a_hundred() {
        assert_eq!(level(&[]), 0);
        assert_eq!(level(&[0; FRAME_SAMPLES]), 0);
        assert_eq!(level(&[i16::MAX; FRAME_SAMPLES]), 100);
        // Ten times quieter is twenty decibels, a third of the scale.
        assert_eq!(level(&[i16::MAX / 10; FRAME_SAMPLES]), 66);
    }
}
