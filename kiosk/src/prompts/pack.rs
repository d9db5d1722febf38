//! A pack of recordings: a directory with a list, `pack.toml`, and one sound file for each recording.
//!
//! ```toml
//! language = "zh-CN"        # whose sentences it says
//! zh = "普通话"              # its own name, in both languages
//! en = "Mandarin"
//! placeholder = true        # a machine's voice, until somebody records it
//!
//! [recordings]
//! back = { file = "back.opus", says = "返回" }
//! ```

use std::{borrow::Cow, collections::BTreeMap, fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::embedded;
use crate::settings::Language;

/// The list of a pack.
pub const LIST: &str = "pack.toml";

/// The list of a pack: what it says, and in which files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Whose sentences it says.
    pub language: Language,
    /// Its name in Chinese, as the screen shows it.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Whether a machine made it.
    #[serde(default)]
    pub placeholder: bool,
    /// The recordings, by their names.
    #[serde(default)]
    pub recordings: BTreeMap<String, Recording>,
}

/// One recording.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Its file, Ogg Opus, in the directory of the pack.
    pub file: String,
    /// What it says. A recording that says something else than the wording does now is not played.
    pub says: String,
}

/// A pack, and where it lies.
#[derive(Clone, Debug)]
pub struct Pack {
    /// What it holds.
    pub list: List,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// In the program.
    Within(&'static [embedded::File]),
    /// In a directory.
    Directory(PathBuf),
}

/// Why a pack cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadPack {
    /// Its list or a file cannot be read or written.
    #[error("{path}")]
    Unreachable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its list is no list.
    #[error("{path} is no list of recordings")]
    Misspelt {
        /// Which file.
        path: PathBuf,
        /// Where, and what.
        #[source]
        source: toml::de::Error,
    },
}

impl Pack {
    /// The pack that comes with the program for this language.
    pub fn own(language: Language) -> Self {
        let files = embedded::files(language.own_pack());
        let list = files.iter().find(|(name, _)| *name == LIST).and_then(|(_, bytes)| std::str::from_utf8(bytes).ok());
        let list = list.and_then(|list| toml::from_str(list).ok()).expect("the packs compiled in have lists");
        Self { list, place: Place::Within(files) }
    }

    /// The pack in a directory; `Ok(None)` where there is none.
    pub fn read(directory: PathBuf) -> Result<Option<Self>, BadPack> {
        let path = directory.join(LIST);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let list = toml::from_str(&text).map_err(|source| BadPack::Misspelt { path, source })?;
                Ok(Some(Self { list, place: Place::Directory(directory) }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BadPack::Unreachable { path, source }),
        }
    }

    /// A pack that has nothing yet; its directory is made with the first recording.
    pub fn empty(directory: PathBuf, language: Language, zh: String, en: String) -> Self {
        let list = List { language, zh, en, placeholder: false, recordings: BTreeMap::new() };
        Self { list, place: Place::Directory(directory) }
    }

    /// The sound of a recording, if this pack has it and it says these words.
    pub fn sound(&self, name: &str, says: &str) -> Option<Cow<'static, [u8]>> {
        let recording = self.list.recordings.get(name).filter(|recording| recording.says == says)?;
        self.file(&recording.file)
    }

    /// The name of a recording that says these words.
    pub fn saying(&self, says: &str) -> Option<&str> {
        let bare = |words: &str| words.trim_end_matches(|last: char| !last.is_alphanumeric()).to_owned();
        let wanted = bare(says);
        let found = self.list.recordings.iter().find(|(_, recording)| bare(&recording.says) == wanted);
        found.map(|(name, _)| name.as_str())
    }

    /// Puts a recording into the pack, in place of one of the same name. It is on disk when this returns. A pack that
    /// came with the program takes none.
    pub fn put(&mut self, name: &str, says: &str, sound: &[u8]) -> Result<(), BadPack> {
        let Place::Directory(directory) = &self.place else {
            let path = PathBuf::from(self.list.language.own_pack());
            return Err(BadPack::Unreachable { path, source: io::ErrorKind::ReadOnlyFilesystem.into() });
        };
        let unreachable = |path: &PathBuf| {
            let path = path.clone();
            move |source| BadPack::Unreachable { path, source }
        };
        fs::create_dir_all(directory).map_err(unreachable(directory))?;
        let file = self.list.recordings.get(name).map_or_else(|| self.list.free_file(name), |had| had.file.clone());
        replace(directory.join(&file), sound)?;
        self.list.recordings.insert(name.to_owned(), Recording { file, says: says.to_owned() });
        let path = directory.join(LIST);
        let list = toml::to_string(&self.list).map_err(io::Error::other).map_err(unreachable(&path))?;
        replace(path, list.as_bytes())
    }

    fn file(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        match &self.place {
            Place::Within(files) => {
                files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| Cow::Borrowed(*bytes))
            }
            // A list from a stick may name any path; only what lies in its own directory is read.
            Place::Directory(directory) if !name.contains(['/', '\\']) => match fs::read(directory.join(name)) {
                Ok(bytes) => Some(Cow::Owned(bytes)),
                Err(error) => {
                    tracing::warn!(%error, file = name, "A recording cannot be read");
                    None
                }
            },
            Place::Directory(_) => None,
        }
    }
}

impl List {
    /// A file name for a recording: its own name where that can be one, or the next number.
    fn free_file(&self, name: &str) -> String {
        let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '.');
        if name.chars().all(is_plain) {
            return format!("{name}.opus");
        }
        let taken = |file: &String| self.recordings.values().any(|recording| recording.file == *file);
        (1..).map(|number| format!("words-{number}.opus")).find(|file| !taken(file)).unwrap_or_default()
    }
}

/// Writes a file so that it is the old one or the new one, whenever the plug is pulled.
fn replace(path: PathBuf, bytes: &[u8]) -> Result<(), BadPack> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file = fs::File::create(&beside)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        path.parent().map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
    };
    write().map_err(|source| BadPack::Unreachable { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompts::tests::Scratch;

    #[test]
    fn what_is_put_into_a_pack_is_there_after_a_restart() {
        let scratch = Scratch::new("pack");
        let directory = scratch.path().join("zh-CN");
        assert!(Pack::read(directory.clone()).unwrap().is_none());
        let mut pack = Pack::empty(directory.clone(), Language::Chinese, "石桥话".into(), "Shiqiao".into());
        pack.put("back", "返回", b"one").unwrap();
        pack.put("道路交通", "道路交通", b"two").unwrap();
        pack.put("饮水安全", "饮水安全", b"three").unwrap();
        pack.put("back", "返回", b"four").unwrap();
        let pack = Pack::read(directory).unwrap().unwrap();
        let sound = |name: &str| pack.sound(name, name).map(Cow::into_owned);
        assert_eq!(pack.sound("back", "返回").as_deref(), Some(&b"four"[..]));
        assert_eq!((sound("道路交通"), sound("饮水安全")), (Some(b"two".to_vec()), Some(b"three".to_vec())));
        assert_eq!(pack.saying("道路交通。"), Some("道路交通"));
        assert!(Pack::own(Language::English).put("back", "Back", b"five").is_err());
    }

    #[test]
    fn a_recording_of_other_words_and_a_path_out_of_the_pack_are_not_played() {
        let scratch = Scratch::new("pack-old");
        fs::write(scratch.path().join("secret"), "secret").unwrap();
        let directory = scratch.path().join("zh-CN");
        fs::create_dir_all(&directory).unwrap();
        let list =
            "language = 'zh-CN'\nzh = '甲'\nen = 'A'\n[recordings]\nback = { file = '../secret', says = '返回' }\n";
        fs::write(directory.join(LIST), list).unwrap();
        let pack = Pack::read(directory.clone()).unwrap().unwrap();
        assert_eq!((pack.sound("back", "返回"), pack.sound("back", "回去")), (None, None));
        fs::write(directory.join(LIST), "language = 'fr'").unwrap();
        assert!(matches!(Pack::read(directory), Err(BadPack::Misspelt { .. })));
    }
}
