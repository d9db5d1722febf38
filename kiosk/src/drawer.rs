//! The drawer: what somebody has said so far and has not handed in, kept on disk so that no power cut takes it.
//!
//! Each draft is up to three files of the data directory, replaced as a whole at every step: `draft-NAME.words`, and
//! `draft-NAME.voice` or `draft-NAME.ink` if something was spoken or written with a finger, because these are long and do not
//! change with every letter typed.
//! Both are sealed with ChaCha20-Poly1305 under a key that is made from the device's own:
//!
//! ```text
//! byte      version (1)
//! 12 bytes  nonce, drawn anew each time
//! rest      ciphertext with its tag; the file's name is bound to it
//! ```
//!
//! The station must read a draft back to whoever began it, so the county's key will not do. What this protects: a copy of
//! these files, or what a card still holds of erased ones, tells nothing without `device.key`. What it does not: whoever
//! holds the whole card holds that key too, and with it the one draft of the last half hour. Handed in or set aside, it
//! is gone from here, and its voice and telephone number are sealed to the county.

use std::{collections::BTreeMap, sync::Arc};

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use civic_core::{id::hex, ink::Ink, time::UnixSeconds};
use replica::{
    clock,
    dir::{DataDir, DirError},
};
use serde::{Deserialize, Serialize};

use crate::station::{Draft, Recording};

const VERSION: u8 = 1;
const NONCE_LEN: usize = 12;
const PREFIX: &str = "draft-";
const WORDS: &str = ".words";
const VOICE: &str = ".voice";
const INK: &str = ".ink";

/// The drafts of one station: the one that is being said, and those whose speakers have gone.
pub struct Drawer {
    directory: Arc<DataDir>,
    key: [u8; 32],
    drafts: BTreeMap<String, Kept>,
    current: Option<String>,
}

/// A draft in the drawer.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// What was said so far.
    pub draft: Draft,
    /// When the first word of it was kept, by this station's clock.
    pub begun_at: UnixSeconds,
}

/// What the file of the words holds.
#[derive(Serialize, Deserialize)]
struct Sheet {
    draft: Draft,
    begun_at: UnixSeconds,
    /// How long the voice in the file beside it is.
    voice_seconds: Option<u32>,
    /// Whether there is ink in the file beside it.
    #[serde(default)]
    has_ink: bool,
}

/// A file that cannot be opened: of another device, or damaged.
#[derive(Debug, thiserror::Error)]
#[error("a draft cannot be opened with this device's key")]
struct Closed;

impl Drawer {
    /// Opens the drawer in `directory`; what lies in it waits. A file that cannot be opened stays where it is and is logged.
    pub fn open(directory: Arc<DataDir>, device_key: &[u8; 32]) -> Result<Self, DirError> {
        let key = blake3::derive_key("huiyin kiosk drafts v1", device_key);
        let mut drawer = Self { directory, key, drafts: BTreeMap::new(), current: None };
        for name in drawer.names()? {
            match drawer.read(&name)? {
                Some(kept) => {
                    drawer.drafts.insert(name, kept);
                }
                None => {
                    tracing::error!(name, "A draft cannot be opened with this device's key; its file is left alone")
                }
            }
        }
        Ok(drawer)
    }

    /// Keeps what is being said now. It is on disk when this returns `Ok`.
    pub fn keep(&mut self, draft: &Draft) -> Result<(), DirError> {
        let name = self.current.get_or_insert_with(|| hex(&clock::random::<16>())).clone();
        let before = self.drafts.get(&name);
        let begun_at = before.map_or_else(clock::now, |kept| kept.begun_at);
        let voice_before = before.and_then(|kept| kept.draft.voice.clone());
        let ink_before = before.map(|kept| kept.draft.ink.clone()).unwrap_or_default();
        // Voice and ink first: words never name what is not there.
        if let Some(voice) = draft.voice.as_ref().filter(|voice| Some(*voice) != voice_before.as_ref()) {
            self.write(&format!("{PREFIX}{name}{VOICE}"), &voice.opus)?;
        }
        let has_ink = !draft.ink.is_empty();
        if has_ink && draft.ink != ink_before {
            self.write(&format!("{PREFIX}{name}{INK}"), &draft.ink.encode())?;
        }
        let voice_seconds = draft.voice.as_ref().map(|voice| voice.seconds);
        let sheet = Sheet { draft: draft.clone(), begun_at, voice_seconds, has_ink };
        self.write(&format!("{PREFIX}{name}{WORDS}"), &serde_json::to_vec(&sheet).unwrap_or_default())?;
        if draft.voice.is_none() && voice_before.is_some() {
            self.directory.remove(&format!("{PREFIX}{name}{VOICE}"))?;
        }
        if !has_ink && !ink_before.is_empty() {
            self.directory.remove(&format!("{PREFIX}{name}{INK}"))?;
        }
        self.drafts.insert(name, Kept { draft: draft.clone(), begun_at });
        Ok(())
    }

    /// The name of the draft that is being said now, if a word of it is kept.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Whoever was speaking has gone: their draft waits from now on.
    pub fn leave(&mut self) {
        self.current = None;
    }

    /// The drafts that wait, the one that was begun first before the others.
    pub fn waiting(&self) -> Option<(&str, &Kept)> {
        let waiting = self.drafts.iter().filter(|(name, _)| self.current.as_deref() != Some(name.as_str()));
        waiting.min_by_key(|(_, kept)| kept.begun_at).map(|(name, kept)| (name.as_str(), kept))
    }

    /// Takes up a draft that waits: from now on it is the one that is being said.
    pub fn take_up(&mut self, name: &str) -> Option<Draft> {
        let draft = self.drafts.get(name)?.draft.clone();
        self.current = Some(name.to_owned());
        Some(draft)
    }

    /// Takes a draft out of the drawer for good.
    pub fn remove(&mut self, name: &str) -> Result<(), DirError> {
        if self.current.as_deref() == Some(name) {
            self.current = None;
        }
        self.drafts.remove(name);
        // The words first: what is left alone is of no draft, and goes with the next opening.
        [WORDS, VOICE, INK].iter().try_for_each(|kind| self.directory.remove(&format!("{PREFIX}{name}{kind}")))
    }

    /// The names of all drafts on disk. Voices and ink whose words are gone are taken away.
    fn names(&self) -> Result<Vec<String>, DirError> {
        let listed = || -> std::io::Result<Vec<String>> {
            let entries = std::fs::read_dir(self.directory.path())?;
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        };
        let files = listed().map_err(|error| DirError::Unusable(self.directory.path().to_owned(), error))?;
        let of_kind = |kind: &str| -> Vec<String> {
            let names = files.iter().filter_map(|file| file.strip_prefix(PREFIX)?.strip_suffix(kind));
            names.map(str::to_owned).collect()
        };
        let names = of_kind(WORDS);
        for kind in [VOICE, INK] {
            for name in of_kind(kind).iter().filter(|name| !names.contains(name)) {
                self.directory.remove(&format!("{PREFIX}{name}{kind}"))?;
            }
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Kept>, DirError> {
        let words = self.unseal(&format!("{PREFIX}{name}{WORDS}"))?;
        let Some(mut sheet) = words.and_then(|words| serde_json::from_slice::<Sheet>(&words).ok()) else {
            return Ok(None);
        };
        if let Some(seconds) = sheet.voice_seconds {
            let opus = self.unseal(&format!("{PREFIX}{name}{VOICE}"))?;
            // Words without their voice are still words.
            sheet.draft.voice = opus.map(|opus| Recording { opus: opus.into(), seconds });
        }
        if sheet.has_ink {
            let ink = self.unseal(&format!("{PREFIX}{name}{INK}"))?;
            sheet.draft.ink = ink.and_then(|ink| Ink::decode(&ink).ok()).unwrap_or_default();
        }
        Ok(Some(Kept { draft: sheet.draft, begun_at: sheet.begun_at }))
    }

    fn write(&self, file: &str, plain: &[u8]) -> Result<(), DirError> {
        let nonce: [u8; NONCE_LEN] = clock::random();
        let payload = Payload { msg: plain, aad: file.as_bytes() };
        let ciphertext = self.cipher().encrypt(&Nonce::from(nonce), payload).unwrap_or_default();
        self.directory.replace(file, &[&[VERSION][..], &nonce, &ciphertext].concat())
    }

    /// A sealed file's content; `None` if there is none, or none that this key opens.
    fn unseal(&self, file: &str) -> Result<Option<Vec<u8>>, DirError> {
        let Some(sealed) = self.directory.read(file)? else { return Ok(None) };
        let opened = || {
            let (head, ciphertext) = sealed.split_at_checked(1 + NONCE_LEN).ok_or(Closed)?;
            let nonce: [u8; NONCE_LEN] = head[1..].try_into().map_err(|_| Closed)?;
            if head[0] != VERSION {
                return Err(Closed);
            }
            let payload = Payload { msg: ciphertext, aad: file.as_bytes() };
            self.cipher().decrypt(&Nonce::from(nonce), payload).map_err(|_| Closed)
        };
        Ok(opened().ok())
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.key.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("huiyin-drawer-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            Self(path)
        }

        fn drawer(&self, key: &[u8; 32]) -> Drawer {
            Drawer::open(Arc::new(DataDir::hold(&self.0).unwrap()), key).unwrap()
        }

        fn bytes(&self) -> Vec<u8> {
            let files = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
            files.flat_map(|file| std::fs::read(file).unwrap()).collect()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn draft(body: &str, voice: Option<&[u8]>) -> Draft {
        let voice = voice.map(|opus| Recording { opus: opus.into(), seconds: 3 });
        Draft { topic: "教育".to_owned(), body: body.to_owned(), voice, ..Draft::default() }
    }

    #[test]
    fn what_was_kept_is_there_after_the_plug_was_pulled_and_nothing_of_it_lies_open() {
        let scratch = Scratch::new("plug");
        let said = draft("孩子上学太远", Some(b"a voice"));
        scratch.drawer(&KEY).keep(&said).unwrap();
        let bytes = scratch.bytes();
        for open in ["孩子".as_bytes(), "教育".as_bytes(), b"a voice"] {
            assert!(!bytes.windows(open.len()).any(|window| window == open));
        }
        let mut drawer = scratch.drawer(&KEY);
        let name = drawer.waiting().unwrap().0.to_owned();
        assert_eq!(drawer.take_up(&name), Some(said));
        assert!(drawer.waiting().is_none(), "it is being said again");
        drawer.remove(&name).unwrap();
        drop(drawer);
        assert!(scratch.drawer(&KEY).waiting().is_none());
    }

    #[test]
    fn another_key_opens_nothing_and_takes_nothing_away() {
        let scratch = Scratch::new("key");
        scratch.drawer(&KEY).keep(&draft("路坏了", None)).unwrap();
        assert!(scratch.drawer(&[8; 32]).waiting().is_none());
        assert!(scratch.drawer(&KEY).waiting().is_some());
    }

    #[test]
    fn a_voice_that_was_taken_back_is_gone_and_one_whose_file_is_lost_leaves_its_words() {
        let scratch = Scratch::new("voice");
        let mut drawer = scratch.drawer(&KEY);
        drawer.keep(&draft("路坏了", Some(b"a voice"))).unwrap();
        let voice = || {
            let mut files = std::fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().path());
            files.find(|file| file.extension().is_some_and(|kind| kind == "voice"))
        };
        std::fs::remove_file(voice().unwrap()).unwrap();
        drop(drawer);
        let mut drawer = scratch.drawer(&KEY);
        let name = drawer.waiting().unwrap().0.to_owned();
        assert_eq!(drawer.take_up(&name), Some(draft("路坏了", None)));
        drawer.keep(&draft("路坏了", Some(b"another"))).unwrap();
        drawer.keep(&draft("路坏了", None)).unwrap();
        assert_eq!(voice(), None);
    }

    #[test]
    fn the_one_that_was_begun_first_waits_before_the_others() {
        let scratch = Scratch::new("order");
        let mut drawer = scratch.drawer(&KEY);
        drawer.keep(&draft("一", None)).unwrap();
        drawer.leave();
        drawer.keep(&draft("二", None)).unwrap();
        assert_eq!(drawer.waiting().unwrap().1.draft.body, "一");
    }
}
