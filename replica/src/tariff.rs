//! What this device's own road costs, in a file beside the log: whoever sets the device up says so, and the next transfer
//! goes by it.

pub use sync_core::roads::Tariff;
use tracing::warn;

use crate::dir::{DataDir, DirError};

const FILE: &str = "tariff";
const METERED: &str = "metered";
const FREE: &str = "free";

/// What was said in `dir`; metered where nobody said anything, or what stands there is neither word.
pub fn read(dir: &DataDir) -> Tariff {
    let Ok(Some(text)) = dir.read(FILE) else { return Tariff::default() };
    match std::str::from_utf8(&text).map(str::trim) {
        Ok(METERED) => Tariff::Metered,
        Ok(FREE) => Tariff::Free,
        Ok(_) | Err(_) => {
            warn!("The file {FILE} says neither {METERED} nor {FREE}, so the road counts as metered");
            Tariff::default()
        }
    }
}

/// Says what the road costs from now on.
pub fn write(dir: &DataDir, tariff: Tariff) -> Result<(), DirError> {
    let word = match tariff {
        Tariff::Metered => METERED,
        Tariff::Free => FREE,
    };
    dir.replace(FILE, format!("{word}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use civic_core::id::hex;

    use super::*;
    use crate::clock;

    #[test]
    fn what_was_said_is_remembered_and_what_cannot_be_understood_counts_as_metered() {
        let path = std::env::temp_dir().join(format!("huiyin-tariff-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        assert_eq!(read(&dir), Tariff::Metered);
        for tariff in [Tariff::Free, Tariff::Metered, Tariff::Free] {
            write(&dir, tariff).unwrap();
            assert_eq!(read(&dir), tariff);
        }
        std::fs::write(dir.file(FILE), "free of charge").unwrap();
        assert_eq!(read(&dir), Tariff::Metered);
        std::fs::remove_dir_all(path).unwrap();
    }
}
