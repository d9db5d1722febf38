//! When the road to the county was open last, in the file `heard` of the data directory: a receipt tells it only where
//! there was something to receive.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use civic_core::time::UnixSeconds;

/// The file is written at most this often, in seconds, to spare the card.
const NOTE_EVERY_S: i64 = 6 * 3_600;

/// The file.
#[derive(Clone, Debug)]
pub struct Heard {
    file: PathBuf,
}

impl Heard {
    /// The file of this data directory; it may not be there yet.
    pub fn new(data: &Path) -> Self {
        Self { file: data.join("heard") }
    }

    /// When that was, by this computer's clock; `None` where it never was or cannot be read.
    pub fn last(&self) -> Option<UnixSeconds> {
        let seconds = fs::read_to_string(&self.file).ok()?.trim().parse().ok()?;
        Some(UnixSeconds(seconds))
    }

    /// The road is open now.
    pub fn note(&self, now: UnixSeconds) -> io::Result<()> {
        let is_new = self.last().is_none_or(|last| (now.0 - last.0).abs() >= NOTE_EVERY_S);
        if is_new { fs::write(&self.file, now.0.to_string()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_outlives_the_program_and_is_written_a_few_times_a_day() {
        let data = std::env::temp_dir().join(format!("huiyin-heard-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        let heard = Heard::new(&data);
        assert_eq!(heard.last(), None);
        let told = [0, 3_600, 21_600].map(|seconds| {
            heard.note(UnixSeconds(seconds)).unwrap();
            Heard::new(&data).last()
        });
        assert_eq!(told, [0, 0, 21_600].map(|seconds| Some(UnixSeconds(seconds))));
        fs::remove_dir_all(&data).unwrap();
    }
}
