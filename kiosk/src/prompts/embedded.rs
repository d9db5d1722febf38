//! The packs that come with the program: every directory below `kiosk/prompts`, put in by `kiosk/build.rs`.

/// A file with its name.
pub type File = (&'static str, &'static [u8]);

include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// The files of the pack of this name, with their names; empty if there is no such pack.
pub fn files(pack: &str) -> &'static [File] {
    PACKS.iter().find(|(name, _)| *name == pack).map_or(&[], |(_, files)| files)
}
