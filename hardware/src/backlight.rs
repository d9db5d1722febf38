//! How bright the screen is, by the kernel's files (`/sys/class/backlight`). The desk stand-in remembers it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A screen that can be dimmed.
pub trait Backlight: Send {
    /// Sets the brightness, in percent of the brightest; more than 100 is 100, and 0 is as dark as it gets.
    fn set(&mut self, percent: u8) -> io::Result<()>;
}

/// A backlight that the kernel knows.
#[derive(Debug)]
pub struct KernelBacklight {
    brightness: PathBuf,
    brightest: u64,
}

impl KernelBacklight {
    /// The first one there is; `Ok(None)` on a computer without any, where the screen just stays as it is.
    pub fn open() -> io::Result<Option<Self>> {
        Self::open_in(Path::new("/sys/class/backlight"))
    }

    fn open_in(all: &Path) -> io::Result<Option<Self>> {
        let mut found: Vec<PathBuf> = match fs::read_dir(all) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        found.sort();
        let Some(first) = found.first() else { return Ok(None) };
        let brightest = fs::read_to_string(first.join("max_brightness"))?;
        let brightest = brightest.trim().parse().map_err(|_| io::Error::other("max_brightness is not a number"))?;
        Ok(Some(Self { brightness: first.join("brightness"), brightest }))
    }
}

impl Backlight for KernelBacklight {
    fn set(&mut self, percent: u8) -> io::Result<()> {
        let value = self.brightest * u64::from(percent.min(100)) / 100;
        fs::write(&self.brightness, value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn percent_are_of_the_brightest_the_panel_knows() {
        let all = Scratch::new("backlight").unwrap();
        all.write("10-0045/max_brightness", "31\n").unwrap();
        let brightness = all.write("10-0045/brightness", "0").unwrap();
        let mut light = KernelBacklight::open_in(all.path()).unwrap().unwrap();
        let mut set = |percent| {
            light.set(percent).unwrap();
            fs::read_to_string(&brightness).unwrap()
        };
        assert_eq!([set(0), set(50), set(100), set(250)], ["0", "15", "31", "31"]);
    }

    #[test]
    fn a_computer_without_a_backlight_has_none() {
        assert!(KernelBacklight::open_in(Path::new("/nonexistent")).unwrap().is_none());
    }
}
