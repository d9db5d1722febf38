//! A microphone before which somebody always murmurs something, each time for another while.

use hardware::sound::{FRAME_SAMPLES, Frame, Hearing, Microphone, SoundError};

/// The longest murmur, in frames of 20 ms: six seconds, for a soak must not last as long as what it plays.
const FRAMES_MAX: usize = 300;

/// The microphone. The same one murmurs the same.
#[derive(Debug, Default)]
pub struct Murmur {
    times: usize,
}

struct Murmuring {
    left: usize,
}

impl Microphone for Murmur {
    fn open(&mut self) -> Result<Box<dyn Hearing>, SoundError> {
        self.times += 1;
        Ok(Box::new(Murmuring { left: self.times * 97 % FRAMES_MAX }))
    }
}

impl Hearing for Murmuring {
    fn hear(&mut self) -> Result<Option<Frame>, SoundError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        Ok(Some(std::array::from_fn(|at| ((left * FRAME_SAMPLES + at) % 113) as i16 * 90 - 5_000)))
    }
}
