//! What a station's box is wired to: the file `wiring.toml` in the kiosk's data directory.
//!
//! ```toml
//! [pins]             # BCM numbers; leave the table out on a computer without pins
//! amber = 17
//! green = 27
//! button = 22
//!
//! [touch]            # leave it out where there is no panel
//! device = "/dev/input/event0"
//! x = [0, 4095]      # what the panel reports at the left and right edge
//! y = [0, 4095]      # and at the upper and lower one
//!
//! [sound]            # leave out what is not there; on a desk `{ wav = "FILE" }` stands in for either
//! microphone = { alsa = "default" }
//! loudspeaker = { alsa = "default" }
//! ```

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::Context;
use hardware::{
    board::Wiring as Pins,
    sound::wiring::{SoundDevice, SoundWiring},
    touch::Panel,
};
use serde::Deserialize;

/// What the box is wired to. A data directory without the file stands on a desk: it has neither pins nor a panel, hears
/// what lies in `microphone.wav` beside it, and says everything into `loudspeaker.wav`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wiring {
    /// Lamp and button.
    pub pins: Option<Pins>,
    /// The touch panel.
    pub touch: Option<Panel>,
    /// Microphone and loudspeaker.
    #[serde(default)]
    pub sound: SoundWiring,
    /// The data directory that this was read from: the village's own prompts lie there too. `None` for a box that is
    /// wired to nothing and was read from nowhere.
    #[serde(skip)]
    pub directory: Option<PathBuf>,
}

impl Wiring {
    /// Reads the file of this data directory.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let file = directory.join("wiring.toml");
        let wiring: Self = match fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("Reading {}", file.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Self::on_a_desk(directory),
            Err(error) => return Err(error).with_context(|| format!("Reading {}", file.display())),
        };
        Ok(Self { directory: Some(directory.to_owned()), ..wiring })
    }

    fn on_a_desk(directory: &Path) -> Self {
        let file = |name: &str| Some(SoundDevice::Wav(directory.join(name)));
        let sound = SoundWiring { microphone: file("microphone.wav"), loudspeaker: file("loudspeaker.wav") };
        Self { sound, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_documentation_is_read() {
        let example: String = include_str!("wiring.rs")
            .lines()
            .skip_while(|line| !line.contains("```toml"))
            .skip(1)
            .take_while(|line| !line.contains("```"))
            .map(|line| format!("{}\n", line.trim_start_matches("//!")))
            .collect();
        let wiring: Wiring = toml::from_str(&example).unwrap();
        assert!(wiring.pins.is_some() && wiring.touch.is_some() && wiring.sound.microphone.is_some());
    }

    #[test]
    fn a_station_without_the_file_has_a_desk() {
        let wiring = Wiring::read(Path::new("/nonexistent")).unwrap();
        assert_eq!((wiring.pins, wiring.touch), (None, None));
        assert_eq!(wiring.sound.loudspeaker, Some(SoundDevice::Wav("/nonexistent/loudspeaker.wav".into())));
        assert_eq!(wiring.directory, Some("/nonexistent".into()));
    }
}
