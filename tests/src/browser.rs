//! Where Chromium and its driver are on this machine.

use std::path::PathBuf;

/// A browser and the program that drives it.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Chromium itself.
    pub chromium: PathBuf,
    /// chromedriver.
    pub driver: PathBuf,
}

/// Finds both on the path; `None` if one is missing.
pub fn find() -> Option<Browser> {
    Some(Browser {
        chromium: first_of(&["chromium", "chromium-browser", "google-chrome"])?,
        driver: first_of(&["chromedriver"])?,
    })
}

fn first_of(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |dir| dir.join(name)))
        .find(|place| place.is_file())
}
