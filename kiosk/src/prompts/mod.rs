//! Everything the kiosk says aloud: recordings for every sentence of the wording, in packs that a village can make its
//! own.
//!
//! Two packs come with the program, one for each language, spoken by a machine and marked as placeholders
//! (`kiosk/prompts/make-placeholder.sh`). `kiosk prompts record` puts a local voice into `DIR/prompts/NAME`, sentence by
//! sentence; what it has not said yet is said by the placeholder. A test fails when a sentence has no recording.
//!
//! Where to start: [`Prompts::spell`] turns what a screen wants said into recordings. [`script`] says what must be
//! recorded, [`pack`] how recordings are kept, and [`command`] is `kiosk prompts`.

pub mod command;
mod embedded;
mod language;
pub mod numbers;
pub mod pack;
pub mod record;
pub mod script;

use std::{borrow::Cow, fs, io, path::Path, sync::Arc};

use civic_core::wording::{Both, Wording};

use pack::Pack;
use script::{Piece, Script};

use crate::{settings::Language, sound::opus, spoken::Spoken};

/// The directory of packs in a kiosk's data directory.
pub const DIRECTORY: &str = "prompts";

/// One voice: a pack of the village where there is one, and the program's own behind it.
#[derive(Clone, Debug)]
pub struct Prompts {
    script: Script,
    /// The first that has a recording says it.
    packs: Vec<Pack>,
    name: Both,
}

/// A bit of what is played to say something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bit {
    /// An Ogg Opus file.
    Sound(Cow<'static, [u8]>),
    /// Words for which there is no recording.
    Unspoken(String),
}

/// One recording that there must be, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// What it says, by the wording.
    pub says: String,
    /// Whether it is there.
    pub state: State,
}

/// Whether a recording is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A person has said it.
    Spoken,
    /// A machine says it until somebody does.
    Placeholder,
    /// What there is says something else than the wording now does, or cannot be played.
    Stale,
    /// There is nothing.
    Missing,
}

impl Prompts {
    /// The voice that comes with the program.
    pub fn own(language: Language) -> Self {
        let pack = Pack::own(language);
        let name = Both { zh: pack.list.zh.clone(), en: pack.list.en.clone() };
        Self { script: Script::of(language), packs: vec![pack], name }
    }

    /// A pack, with the program's own of its language behind it.
    pub fn of(pack: Pack) -> Self {
        let own = Self::own(pack.list.language);
        let name = Both { zh: pack.list.zh.clone(), en: pack.list.en.clone() };
        Self { name, packs: [vec![pack], own.packs].concat(), ..own }
    }

    /// Every voice of a kiosk with this data directory: the program's own, each covered by the village's pack of the same
    /// name, and then the village's others by name. A pack that cannot be read is left out and logged; the others serve.
    pub fn all(data: Option<&Path>) -> Vec<Arc<Self>> {
        let directory = data.map(|data| data.join(DIRECTORY));
        let read = |name: &str| match directory.as_ref().map_or(Ok(None), |directory| Pack::read(directory.join(name)))
        {
            Ok(pack) => pack.map(Self::of),
            Err(error) => {
                let error = anyhow::Error::new(error);
                tracing::error!(error = format!("{error:#}"), pack = name, "A pack of prompts is left out");
                None
            }
        };
        let mut voices: Vec<_> =
            Language::ALL.map(|language| read(language.own_pack()).unwrap_or_else(|| Self::own(language))).into();
        let others = directory.as_ref().and_then(|directory| names(directory).ok()).unwrap_or_default();
        let is_own = |name: &String| Language::ALL.iter().any(|language| language.own_pack() == name);
        voices.extend(others.iter().filter(|name| !is_own(name)).filter_map(|name| read(name)));
        voices.into_iter().map(Arc::new).collect()
    }

    /// Its name, as the screen shows it.
    pub fn name(&self) -> &Both {
        &self.name
    }

    /// The language whose sentences it says.
    pub fn language(&self) -> Language {
        self.packs.first().map_or(Language::Chinese, |pack| pack.list.language)
    }

    /// What says this, one after the other: recordings as far as there are any.
    pub fn spell(&self, said: &Spoken) -> Vec<Bit> {
        let mut spelt = Vec::new();
        let Some(pieces) = said.prompt.as_deref().and_then(|key| self.script.sentence(key)) else {
            self.spell_value(&said.words, &mut spelt);
            return spelt;
        };
        let mut values = said.values.iter();
        for piece in pieces {
            match piece {
                Piece::Recording(name) => self.spell_recording(name, &mut spelt),
                Piece::Value => values.next().into_iter().for_each(|value| self.spell_value(value, &mut spelt)),
            }
        }
        values.for_each(|value| self.spell_value(value, &mut spelt));
        spelt
    }

    /// Every recording that there must be, and whether it is there.
    pub fn recorded(&self) -> Vec<Recorded> {
        let all = self.script.recordings().iter();
        all.map(|(name, says)| Recorded { name: name.clone(), says: says.clone(), state: self.state(name, says) })
            .collect()
    }

    /// The same of words that stand in no wording file, such as the county's; they are their own name.
    pub fn recorded_words(&self, words: String) -> Recorded {
        Recorded { state: self.state(&words, &words), name: words.clone(), says: words }
    }

    /// The sound of one recording.
    pub fn sound(&self, name: &str, says: &str) -> Option<Cow<'static, [u8]>> {
        self.packs.iter().find_map(|pack| pack.sound(name, says))
    }

    fn state(&self, name: &str, says: &str) -> State {
        let is_sound = |sound: Cow<'_, [u8]>| opus::read(&sound).is_ok_and(|samples| !samples.is_empty());
        let speaker = self.packs.iter().find(|pack| pack.sound(name, says).is_some_and(is_sound));
        match speaker {
            Some(pack) if pack.list.placeholder => State::Placeholder,
            Some(_) => State::Spoken,
            None if self.packs.iter().any(|pack| pack.list.recordings.contains_key(name)) => State::Stale,
            None => State::Missing,
        }
    }

    fn spell_recording(&self, name: &str, spelt: &mut Vec<Bit>) {
        let says = self.script.recordings().get(name).cloned().unwrap_or_default();
        match self.sound(name, &says) {
            Some(sound) => spelt.push(Bit::Sound(sound)),
            None => spelt.push(Bit::Unspoken(says)),
        }
    }

    /// A number or a day by its words, anything else if a recording says exactly it.
    fn spell_value(&self, value: &str, spelt: &mut Vec<Bit>) {
        if let Some(names) = numbers::recordings(value, self.language()) {
            names.iter().for_each(|name| self.spell_recording(name, spelt));
            return;
        }
        let found = self.packs.iter().find_map(|pack| {
            let name = pack.saying(value)?;
            pack.sound(name, &pack.list.recordings.get(name)?.says)
        });
        match found {
            Some(sound) => spelt.push(Bit::Sound(sound)),
            None if value.chars().any(char::is_alphanumeric) => spelt.push(Bit::Unspoken(value.to_owned())),
            None => {}
        }
    }
}

/// What `kiosk prompts` says on the terminal.
pub fn terminal_wording() -> Wording {
    Wording::new(include_str!("../../wording/terminal/zh-CN.ftl"), include_str!("../../wording/terminal/en.ftl"))
        .expect("the wording compiled in has every sentence in both languages")
}

/// The names of the directories below this one, sorted.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A directory for one test, gone when the test is.
    pub(crate) struct Scratch(PathBuf);

    impl Scratch {
        pub(crate) fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("huiyin-kiosk-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub(crate) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            // What stays behind lies in the system's own place for leftovers.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
