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
//! turned = false     # true where what the panel calls x runs down the screen
//!
//! [sound]            # leave out what is not there; on a desk `{ wav = "FILE" }` stands in for either
//! microphone = { alsa = "default" }
//! loudspeaker = { alsa = "default" }
//! reader = "espeak-ng"   # reads answers and other words that nobody recorded
//!
//! [printer]          # leave it out where numbers are only shown
//! device = "/dev/usb/lp0"
//!
//! [watchdog]         # where no service manager watches the program; see docs/kiosk.md
//! device = "/dev/watchdog"
//!
//! [[keyboard]]       # five keys, a number pad or a scanner, once for each device
//! device = "/dev/input/by-id/usb-Scanner-event-kbd"
//! ```

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::Context;
use hardware::{
    board::Wiring as Pins,
    fit::Edges,
    keyboard::Keyboard,
    sound::wiring::{SoundDevice, SoundWiring},
    touch::Panel,
};
use replica::dir::DataDir;
use serde::Deserialize;

/// Its name.
const FILE: &str = "wiring.toml";

/// What the box is wired to. A data directory without the file stands on a desk: it has neither pins nor a panel, hears
/// what lies in `microphone.wav` beside it, says everything into `loudspeaker.wav`, and reads with `espeak-ng` if that is
/// installed.
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
    /// The printer of tickets.
    pub printer: Option<FileWiring>,
    /// The computer's watchdog, where the program is to feed it itself.
    pub watchdog: Option<FileWiring>,
    /// Keypads, number pads and scanners that the kernel knows as keyboards.
    #[serde(default)]
    pub keyboard: Vec<Keyboard>,
    /// The data directory that this was read from: the village's own prompts lie there too. `None` for a box that is
    /// wired to nothing and was read from nowhere.
    #[serde(skip)]
    pub directory: Option<PathBuf>,
}

/// A part that is a file of the kernel's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileWiring {
    /// The file, such as `/dev/usb/lp0` or `/dev/serial0` for a printer.
    pub device: PathBuf,
}

impl Wiring {
    /// Reads the file of this data directory.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let file = directory.join(FILE);
        let wiring: Self = match fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("Reading {}", file.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Self::on_a_desk(directory),
            Err(error) => return Err(error).with_context(|| format!("Reading {}", file.display())),
        };
        Ok(Self { directory: Some(directory.to_owned()), ..wiring })
    }

    fn on_a_desk(directory: &Path) -> Self {
        let file = |name: &str| Some(SoundDevice::Wav(directory.join(name)));
        let (microphone, loudspeaker) = (file("microphone.wav"), file("loudspeaker.wav"));
        let sound = SoundWiring { microphone, loudspeaker, reader: Some("espeak-ng".to_owned()) };
        Self { sound, ..Self::default() }
    }
}

/// Writes what was found by fitting the panel into the file of this data directory. The file is replaced as a whole, and
/// everything else in it stays as it was written, with its comments.
pub fn keep_edges(directory: &DataDir, edges: Edges) -> anyhow::Result<()> {
    let file = directory.read(FILE)?.context("There is no wiring.toml to keep the panel's fit in")?;
    let before = String::from_utf8(file).context("Reading wiring.toml")?;
    let after = with_edges(&before, edges);
    // A file that nobody can read would leave the station without its panel, its lamp and its sound.
    let written: Wiring = toml::from_str(&after).context("Fitting the panel would spoil wiring.toml")?;
    let is_in_it = written.touch.as_ref().is_some_and(|panel| panel.edges() == edges);
    anyhow::ensure!(is_in_it, "the table [touch] of wiring.toml is written in a way that cannot be changed here");
    Ok(directory.replace(FILE, after.as_bytes())?)
}

/// The text with these edges in its table `[touch]`.
fn with_edges(text: &str, Edges { x, y, is_turned }: Edges) -> String {
    let values = [("x", format!("{x:?}")), ("y", format!("{y:?}")), ("turned", is_turned.to_string())];
    let (mut out, mut is_inside) = (String::new(), false);
    for line in text.lines() {
        let is_table = line.trim_start().starts_with('[');
        if is_table {
            is_inside = line.trim_start().starts_with("[touch]");
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        if is_inside && values.iter().any(|(name, _)| *name == key) {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        if is_table && is_inside {
            for (name, value) in &values {
                out.push_str(&format!("{name} = {value}\n"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompts::tests::Scratch;

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
        assert!(wiring.printer.is_some() && wiring.watchdog.is_some() && wiring.keyboard.len() == 1);
    }

    #[test]
    fn a_station_without_the_file_has_a_desk() {
        let wiring = Wiring::read(Path::new("/nonexistent")).unwrap();
        assert_eq!((wiring.pins, wiring.touch), (None, None));
        assert_eq!(wiring.sound.loudspeaker, Some(SoundDevice::Wav("/nonexistent/loudspeaker.wav".into())));
        assert_eq!(wiring.directory, Some("/nonexistent".into()));
    }

    #[test]
    fn a_fit_is_written_into_its_table_and_nothing_else_changes() {
        let scratch = Scratch::new("wiring");
        let directory = DataDir::hold(scratch.path()).unwrap();
        let before = "# ours\n[touch]\ndevice = \"/dev/input/event0\"  # the panel\nx = [0, 4095]\ny = [0, 4095]\n\n[pins]\namber = 17\ngreen = 27\nbutton = 22\n";
        let edges = Edges { x: [4_001, -6], y: [3, 4_000], is_turned: true };
        assert!(keep_edges(&directory, edges).is_err(), "without a file there is no panel");
        directory.replace(FILE, before.as_bytes()).unwrap();
        keep_edges(&directory, edges).unwrap();
        let after = String::from_utf8(directory.read(FILE).unwrap().unwrap()).unwrap();
        assert!(after.starts_with("# ours\n[touch]\nx = [4001, -6]\n") && after.contains("# the panel"), "{after}");
        let wiring = Wiring::read(scratch.path()).unwrap();
        assert_eq!((wiring.touch.unwrap().edges(), wiring.pins.is_some()), (edges, true));
        keep_edges(&directory, edges).unwrap();
        assert_eq!(directory.read(FILE).unwrap().unwrap(), after.as_bytes(), "fitting again adds no lines");
        directory.replace(FILE, b"touch = { device = \"/dev/null\", x = [0, 1], y = [0, 1] }\n").unwrap();
        assert!(keep_edges(&directory, edges).is_err(), "what cannot be changed is left alone");
    }
}
