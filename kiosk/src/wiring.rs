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
use hardware::{board::Wiring as Pins, sound::wiring::SoundWiring, touch::Panel};
use serde::Deserialize;

/// What the box is wired to. A station without the file has neither pins nor a panel.
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
    /// Reads the file; a missing file is an empty one.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let file = directory.join("wiring.toml");
        let wiring: Self = match fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("Reading {}", file.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(error).with_context(|| format!("Reading {}", file.display())),
        };
        Ok(Self { directory: Some(directory.to_owned()), ..wiring })
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
        let nowhere = PathBuf::from("/nonexistent");
        let wiring = Wiring::read(&nowhere).unwrap();
        assert_eq!(wiring, Wiring { directory: Some(nowhere), ..Wiring::default() });
    }
}
