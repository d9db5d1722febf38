//! The sound card of a station, by ALSA. It needs `libasound2-dev` to be built, and so is a cargo feature.

use alsa::{
    Direction, PCM, ValueOr,
    pcm::{Access, Format, HwParams},
};

use super::{FRAME_SAMPLES, Frame, Hearing, Loudspeaker, Microphone, SAMPLE_RATE, SoundError, Speaking};

/// Frames kept ready for the card. Fewer crackle on a busy Pi, more make a stop late.
const FRAMES_READY: usize = 5;

// The kernel's numbers for "no such file", "no such device or address", "no such device" and, which is what ALSA says of
// a card by a number that no card has, "invalid argument".
const ENOENT: i32 = 2;
const ENXIO: i32 = 6;
const ENODEV: i32 = 19;
const EINVAL: i32 = 22;

/// A microphone by its ALSA name.
#[derive(Clone, Debug)]
pub struct AlsaMicrophone {
    name: String,
}

/// A loudspeaker by its ALSA name.
#[derive(Clone, Debug)]
pub struct AlsaLoudspeaker {
    name: String,
}

struct Card {
    name: String,
    pcm: PCM,
}

impl AlsaMicrophone {
    /// The device of this name, such as `default` or `plughw:1,0`.
    pub fn new(name: String) -> Self {
        Self { name }
    }
}

impl AlsaLoudspeaker {
    /// The device of this name, such as `default` or `plughw:1,0`.
    pub fn new(name: String) -> Self {
        Self { name }
    }
}

impl Microphone for AlsaMicrophone {
    fn open(&mut self) -> Result<Box<dyn Hearing>, SoundError> {
        Ok(Box::new(Card::open(&self.name, Direction::Capture)?))
    }
}

impl Loudspeaker for AlsaLoudspeaker {
    fn open(&mut self) -> Result<Box<dyn Speaking>, SoundError> {
        Ok(Box::new(Card::open(&self.name, Direction::Playback)?))
    }
}

impl Card {
    fn open(name: &str, direction: Direction) -> Result<Self, SoundError> {
        // Without a card ALSA still lists devices; only opening one shows that it is not there.
        let pcm = PCM::new(name, direction, false).map_err(|error| match error.errno() {
            ENOENT | ENXIO | ENODEV | EINVAL => SoundError::Absent(name.to_owned()),
            _ => failed(name, error),
        })?;
        set_form(&pcm).map_err(|error| failed(name, error))?;
        Ok(Self { name: name.to_owned(), pcm })
    }

    /// Moves samples until all are moved. A card that ran dry or over is set right again: that is heard as a click.
    fn move_all(&self, mut step: impl FnMut(usize) -> alsa::Result<usize>) -> Result<(), SoundError> {
        let mut moved = 0;
        let mut recovered = false;
        while moved < FRAME_SAMPLES {
            match step(moved) {
                Ok(samples) => moved += samples,
                // Twice for one frame is a card that went away.
                Err(error) if !recovered => {
                    recovered = true;
                    self.pcm.try_recover(error, true).map_err(|error| failed(&self.name, error))?;
                }
                Err(error) => return Err(failed(&self.name, error)),
            }
        }
        Ok(())
    }
}

fn set_form(pcm: &PCM) -> alsa::Result<()> {
    let form = HwParams::any(pcm)?;
    form.set_access(Access::RWInterleaved)?;
    form.set_format(Format::s16())?;
    form.set_channels(1)?;
    form.set_rate_resample(true)?;
    form.set_rate(SAMPLE_RATE, ValueOr::Nearest)?;
    form.set_period_size_near(FRAME_SAMPLES as i64, ValueOr::Nearest)?;
    form.set_buffer_size_near((FRAME_SAMPLES * FRAMES_READY) as i64)?;
    pcm.hw_params(&form)
}

fn failed(name: &str, error: alsa::Error) -> SoundError {
    SoundError::Failed { device: name.to_owned(), source: error.into() }
}

impl Hearing for Card {
    fn hear(&mut self) -> Result<Option<Frame>, SoundError> {
        let mut frame = [0; FRAME_SAMPLES];
        let io = self.pcm.io_i16().map_err(|error| failed(&self.name, error))?;
        self.move_all(|moved| io.readi(&mut frame[moved..]))?;
        Ok(Some(frame))
    }
}

impl Speaking for Card {
    fn play(&mut self, frame: &Frame) -> Result<(), SoundError> {
        let io = self.pcm.io_i16().map_err(|error| failed(&self.name, error))?;
        self.move_all(|moved| io.writei(&frame[moved..]))
    }

    fn finish(&mut self) -> Result<(), SoundError> {
        self.pcm.drain().map_err(|error| failed(&self.name, error))?;
        self.pcm.prepare().map_err(|error| failed(&self.name, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ALSA's own stand-in: it swallows all and gives silence.
    const NULL: &str = "null";

    #[test]
    fn a_card_that_is_not_there_is_absent() {
        assert!(matches!(AlsaLoudspeaker::new("hw:97".to_owned()).open(), Err(SoundError::Absent(_))));
        assert!(matches!(AlsaMicrophone::new("hw:97".to_owned()).open(), Err(SoundError::Absent(_))));
    }

    #[test]
    fn frames_go_out_and_come_in() {
        let mut speaking = AlsaLoudspeaker::new(NULL.to_owned()).open().unwrap();
        for _ in 0..20 {
            speaking.play(&[100; FRAME_SAMPLES]).unwrap();
        }
        speaking.finish().unwrap();
        speaking.play(&[100; FRAME_SAMPLES]).unwrap();
        let mut hearing = AlsaMicrophone::new(NULL.to_owned()).open().unwrap();
        assert!(hearing.hear().unwrap().is_some());
    }
}
