//! Which microphone and which loudspeaker a station has: read from its wiring file.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    Loudspeaker, Microphone, SoundError,
    absent::Absent,
    file::{Pace, WavLoudspeaker, WavMicrophone},
    reader::{Espeak, Reader},
};

/// What is wired; what is left out is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoundWiring {
    /// Where voices come from.
    pub microphone: Option<SoundDevice>,
    /// Where prompts go.
    pub loudspeaker: Option<SoundDevice>,
    /// The program that reads words which nobody recorded, such as `espeak-ng`; see [`super::reader`].
    pub reader: Option<String>,
}

/// One device: `{ wav = "said.wav" }` or `{ alsa = "default" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SoundDevice {
    /// A file in its place, on a desk.
    Wav(PathBuf),
    /// A device by the name that ALSA gives it; `plughw:` and `default` convert to our form where the card cannot.
    Alsa(String),
}

impl SoundWiring {
    /// The microphone. That it is wired does not mean that it works: opening tells.
    pub fn microphone(&self) -> Result<Box<dyn Microphone>, SoundError> {
        match &self.microphone {
            None => Ok(Box::new(Absent)),
            Some(SoundDevice::Wav(path)) => Ok(Box::new(WavMicrophone { path: path.clone(), pace: Pace::AsHeard })),
            #[cfg(feature = "alsa")]
            Some(SoundDevice::Alsa(name)) => Ok(Box::new(super::alsa::AlsaMicrophone::new(name.clone()))),
            #[cfg(not(feature = "alsa"))]
            Some(SoundDevice::Alsa(name)) => Err(SoundError::NotBuilt(name.clone())),
        }
    }

    /// The program that reads, if one is named.
    pub fn reader(&self) -> Option<Box<dyn Reader>> {
        self.reader.clone().map(|program| Box::new(Espeak::new(program)) as Box<dyn Reader>)
    }

    /// The loudspeaker, in the same way.
    pub fn loudspeaker(&self) -> Result<Box<dyn Loudspeaker>, SoundError> {
        match &self.loudspeaker {
            None => Ok(Box::new(Absent)),
            Some(SoundDevice::Wav(path)) => Ok(Box::new(WavLoudspeaker { path: path.clone(), pace: Pace::AsHeard })),
            #[cfg(feature = "alsa")]
            Some(SoundDevice::Alsa(name)) => Ok(Box::new(super::alsa::AlsaLoudspeaker::new(name.clone()))),
            #[cfg(not(feature = "alsa"))]
            Some(SoundDevice::Alsa(name)) => Err(SoundError::NotBuilt(name.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_says_what_it_has_and_the_rest_is_absent() {
        let wiring: SoundWiring = toml::from_str("microphone = { wav = \"said.wav\" }").unwrap();
        assert_eq!(wiring.microphone, Some(SoundDevice::Wav("said.wav".into())));
        let opened = wiring.loudspeaker().unwrap().open();
        assert!(matches!(opened, Err(SoundError::Absent(_))));
        assert!(toml::from_str::<SoundWiring>("microphone = { mp3 = \"said.mp3\" }").is_err());
    }

    #[test]
    #[cfg(not(feature = "alsa"))]
    fn a_card_without_the_feature_is_told_when_the_kiosk_starts() {
        let wiring: SoundWiring = toml::from_str("loudspeaker = { alsa = \"default\" }").unwrap();
        assert!(matches!(wiring.loudspeaker(), Err(SoundError::NotBuilt(_))));
    }
}
