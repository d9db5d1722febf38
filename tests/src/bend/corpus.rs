//! What was kept: `tests/corpus/DOOR/NAME`, one input a file, named by its hash.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// Nothing longer is kept, however new it is.
const LEN_MAX: usize = 64 * 1024;
/// So many tries at making one input shorter.
const TRIES_MAX: usize = 400;

fn folder(door: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(file_name(door))
}

/// The name of a door as that of a file.
fn file_name(door: &str) -> String {
    door.replace([':', ',', '\''], "").replace(' ', "-")
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}

/// What was kept at this door, in the order of its names.
pub(super) fn kept(door: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = folder(door);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let reading = || format!("Reading {}", folder.display());
    let files = fs::read_dir(&folder).with_context(reading)?.collect::<Result<Vec<_>, _>>().with_context(reading)?;
    let mut paths: Vec<_> = files.into_iter().map(|file| file.path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(&path).with_context(|| format!("Reading {}", path.display()))).collect()
}

/// Keeps an input; `false` if it is too long for that.
pub(super) fn keep(door: &str, bytes: &[u8]) -> anyhow::Result<bool> {
    if bytes.len() > LEN_MAX {
        return Ok(false);
    }
    let folder = folder(door);
    fs::create_dir_all(&folder).with_context(|| format!("Making {}", folder.display()))?;
    let path = folder.join(hash(bytes));
    fs::write(&path, bytes).with_context(|| format!("Writing {}", path.display()))?;
    Ok(true)
}

/// Writes an input that broke a door into this directory, however long it is; where.
pub(super) fn write_broken(dir: &Path, door: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(dir).with_context(|| format!("Making {}", dir.display()))?;
    let path = dir.join(format!("{}-{}", file_name(door), hash(bytes)));
    fs::write(&path, bytes).with_context(|| format!("Writing {}", path.display()))?;
    Ok(path)
}

/// The input without whatever it does not need to do the same.
pub(super) fn shortened(bytes: &[u8], mut does_the_same: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let (mut bytes, mut tries) = (bytes.to_vec(), 0);
    let mut len = bytes.len() / 2;
    while len > 0 && tries < TRIES_MAX {
        let mut at = 0;
        while at < bytes.len() && tries < TRIES_MAX {
            let end = (at + len).min(bytes.len());
            let without = [&bytes[..at], &bytes[end..]].concat();
            tries += 1;
            if does_the_same(&without) {
                bytes = without;
            } else {
                at = end;
            }
        }
        len /= 2;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_shortened_to_what_it_needs() {
        let needs = |bytes: &[u8]| bytes.contains(&7) && bytes.contains(&9);
        assert_eq!(shortened(&[1, 2, 7, 3, 3, 3, 9, 4], needs), [7, 9]);
    }
}
