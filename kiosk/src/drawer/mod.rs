//! The drawer: what somebody has said so far and has not handed in, kept on disk so that no power cut takes it.
//!
//! Each draft is up to three files of the data directory, replaced as a whole at every step: `draft-NAME.words`, and
//! `draft-NAME.voice` or `draft-NAME.ink` if something was spoken or written with a finger, because these are long and do
//! not change with every letter typed. A voice that is still being spoken grows in one more, `draft-NAME.spoken`
//! ([`spoken`]), until it is whole.
//! All are sealed with ChaCha20-Poly1305 under a key that is made from the device's own:
//!
//! ```text
//! byte      version (1)
//! 12 bytes  nonce, drawn anew each time
//! rest      ciphertext with its tag; the file's name is bound to it
//! ```
//!
//! The station must read a draft back to whoever began it, so the county's key will not do. What this protects: a copy of
//! these files, or what a card still holds of erased ones, tells nothing without `device.key`. What it does not: whoever
//! holds the whole card holds that key too, and with it the draft of the last half hour. Handed in or set aside, it is gone
//! from here, with what opens its slip, and its voice and telephone number are sealed to the county. Only an answer that
//! does not fit what is asked now stays until it does.

mod spoken;

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

use crate::{
    sound::opus,
    station::{Draft, Piece, Recording},
};
use spoken::Spoken;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 12;
const PREFIX: &str = "draft-";
const WORDS: &str = ".words";
const VOICE: &str = ".voice";
const PIECES: &str = ".spoken";
const INK: &str = ".ink";

/// The drafts of one station: the one that is being said, and those whose speakers have gone.
pub struct Drawer {
    directory: Arc<DataDir>,
    key: [u8; 32],
    drafts: BTreeMap<String, Kept>,
    current: Option<String>,
    /// The voice that is being recorded.
    spoken: Option<Spoken>,
}

/// A draft in the drawer.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// What was said so far.
    pub draft: Draft,
    /// When the first word of it was kept, by this station's clock.
    pub begun_at: UnixSeconds,
    /// Whether a file of pieces lies beside it, which the next writing takes in.
    has_pieces: bool,
    /// Whether it did not fit what was asked when it was tried: nobody is asked about it any more.
    is_unfit: bool,
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
    /// As in [`Kept`].
    #[serde(default)]
    is_unfit: bool,
}

/// What is bound to the first piece of a voice, when the draft has none before it.
const NO_VOICE: [u8; 32] = [0; 32];

impl Drawer {
    /// Opens the drawer in `directory`; what lies in it waits. A file that cannot be opened stays where it is and is logged.
    pub fn open(directory: Arc<DataDir>, device_key: &[u8; 32]) -> Result<Self, DirError> {
        let key = blake3::derive_key("huiyin kiosk drafts v1", device_key);
        let mut drawer = Self { directory, key, drafts: BTreeMap::new(), current: None, spoken: None };
        for name in drawer.names()? {
            match drawer.read(&name)? {
                Some(kept) if kept.draft.says_something() => {
                    drawer.drafts.insert(name, kept);
                }
                // The power failed before the first piece of a voice was there.
                Some(_) => drawer.remove(&name)?,
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
        let had_pieces = before.is_some_and(|kept| kept.has_pieces);
        let voice_before = before.and_then(|kept| kept.draft.voice.clone());
        let ink_before = before.map(|kept| kept.draft.ink.clone()).unwrap_or_default();
        // Voice and ink first: words never name what is not there.
        if let Some(voice) = draft.voice.as_ref().filter(|voice| had_pieces || Some(*voice) != voice_before.as_ref()) {
            self.write(&file(&name, VOICE), &voice.opus)?;
        }
        let has_ink = !draft.ink.is_empty();
        if has_ink && draft.ink != ink_before {
            self.write(&file(&name, INK), &draft.ink.encode())?;
        }
        let voice_seconds = draft.voice.as_ref().map(|voice| voice.seconds);
        let sheet = Sheet { draft: draft.clone(), begun_at, voice_seconds, has_ink, is_unfit: false };
        self.write_sheet(&name, &sheet)?;
        if draft.voice.is_none() && voice_before.is_some() {
            self.directory.remove(&file(&name, VOICE))?;
        }
        if !has_ink && !ink_before.is_empty() {
            self.directory.remove(&file(&name, INK))?;
        }
        self.spoken = None;
        if had_pieces {
            self.directory.remove(&file(&name, PIECES))?;
        }
        self.drafts.insert(name, Kept { draft: draft.clone(), begun_at, has_pieces: false, is_unfit: false });
        Ok(())
    }

    /// Keeps a piece of the voice that is being recorded for this draft. It is on disk when this returns `Ok`. A piece
    /// whose place is not the next one is of a recording that was thrown away, and is not kept.
    pub fn keep_piece(&mut self, draft: &Draft, piece: &Piece) -> Result<(), DirError> {
        if piece.number == 0 {
            self.keep(draft)?;
            let Some(name) = &self.current else { return Ok(()) };
            let before = draft.voice.as_ref().map_or(NO_VOICE, |voice| *blake3::hash(&voice.opus).as_bytes());
            self.spoken = Some(Spoken::begin(&self.directory, file(name, PIECES), &self.cipher(), &before)?);
            if let Some(kept) = self.drafts.get_mut(name) {
                kept.has_pieces = true;
            }
        }
        let cipher = self.cipher();
        match &mut self.spoken {
            Some(spoken) if spoken.pieces() == piece.number => spoken.add(&cipher, &piece.opus),
            Some(_) | None => Ok(()),
        }
    }

    /// The name of the draft that is being said now, if a word of it is kept.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Whoever was speaking has gone: their draft waits from now on, with what was spoken of a voice by then.
    pub fn leave(&mut self) -> Result<(), DirError> {
        self.spoken = None;
        let Some(name) = self.current.take() else { return Ok(()) };
        if !self.drafts.get(&name).is_some_and(|kept| kept.has_pieces) {
            return Ok(());
        }
        match self.read(&name)?.filter(|kept| kept.draft.says_something()) {
            Some(kept) => {
                self.drafts.insert(name, kept);
                Ok(())
            }
            None => self.remove(&name),
        }
    }

    /// The draft that is being said now, as it is kept.
    pub fn draft(&self) -> Option<&Draft> {
        self.drafts.get(self.current.as_ref()?).map(|kept| &kept.draft)
    }

    /// Where the drafts lie.
    pub fn directory(&self) -> Arc<DataDir> {
        self.directory.clone()
    }

    /// The draft that waits for whoever began it: the one that was begun first.
    pub fn waiting(&self) -> Option<(&str, &Kept)> {
        self.left().into_iter().find(|(_, kept)| !kept.is_unfit)
    }

    /// Every draft that nobody is saying now, the one that was begun first before the others.
    pub fn left(&self) -> Vec<(&str, &Kept)> {
        let others = self.drafts.iter().filter(|(name, _)| self.current.as_deref() != Some(name.as_str()));
        let mut left: Vec<_> = others.map(|(name, kept)| (name.as_str(), kept)).collect();
        left.sort_by_key(|(_, kept)| kept.begun_at);
        left
    }

    /// This draft does not fit what is asked now. It stays here, and nobody is asked about it any more; that is on disk
    /// when this returns `Ok`.
    pub fn set_unfit(&mut self, name: &str) -> Result<(), DirError> {
        let Some(kept) = self.drafts.get_mut(name).filter(|kept| !kept.is_unfit) else { return Ok(()) };
        kept.is_unfit = true;
        match self.sheet(name)? {
            Some(sheet) => self.write_sheet(name, &Sheet { is_unfit: true, ..sheet }),
            None => Ok(()),
        }
    }

    /// Every draft that did not fit what was asked when it was tried.
    pub fn unfit(&self) -> Vec<(&str, &Kept)> {
        self.left().into_iter().filter(|(_, kept)| kept.is_unfit).collect()
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
            self.spoken = None;
        }
        self.drafts.remove(name);
        // The words first: what is left alone is of no draft, and goes with the next opening.
        [WORDS, VOICE, PIECES, INK].iter().try_for_each(|kind| self.directory.remove(&file(name, kind)))
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
        for kind in [VOICE, PIECES, INK] {
            for name in of_kind(kind).iter().filter(|name| !names.contains(name)) {
                self.directory.remove(&file(name, kind))?;
            }
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Kept>, DirError> {
        let Some(mut sheet) = self.sheet(name)? else { return Ok(None) };
        if let Some(seconds) = sheet.voice_seconds {
            let opus = self.unseal(&file(name, VOICE))?;
            // Words without their voice are still words.
            sheet.draft.voice = opus.map(|opus| Recording { opus: opus.into(), seconds });
        }
        let pieces = self.pieces(name, sheet.draft.voice.as_ref())?;
        let has_pieces = pieces.is_some();
        sheet.draft.voice = pieces.or(sheet.draft.voice);
        if sheet.has_ink {
            let ink = self.unseal(&file(name, INK))?;
            sheet.draft.ink = ink.and_then(|ink| Ink::decode(&ink).ok()).unwrap_or_default();
        }
        Ok(Some(Kept { draft: sheet.draft, begun_at: sheet.begun_at, has_pieces, is_unfit: sheet.is_unfit }))
    }

    /// What the file of a draft's words holds; `None` if there is none, or none that this key opens.
    fn sheet(&self, name: &str) -> Result<Option<Sheet>, DirError> {
        let words = self.unseal(&file(name, WORDS))?;
        Ok(words.and_then(|words| serde_json::from_slice(&words).ok()))
    }

    fn write_sheet(&self, name: &str, sheet: &Sheet) -> Result<(), DirError> {
        self.write(&file(name, WORDS), &serde_json::to_vec(sheet).unwrap_or_default())
    }

    /// A voice that was still being recorded when the power failed, behind the one that the draft had before; `None` if
    /// there is none, or if it is in the voice of the draft already.
    fn pieces(&self, name: &str, before: Option<&Recording>) -> Result<Option<Recording>, DirError> {
        let Some(bytes) = self.directory.read(&file(name, PIECES))? else { return Ok(None) };
        let bound = before.map_or(NO_VOICE, |voice| *blake3::hash(&voice.opus).as_bytes());
        let Some(spoken) = spoken::read(&bytes, &file(name, PIECES), &self.cipher(), &bound) else { return Ok(None) };
        let files: Vec<&[u8]> = before.map(|voice| &*voice.opus).into_iter().chain([&*spoken]).collect();
        let recording = |(opus, length): (Vec<u8>, std::time::Duration)| Recording {
            opus: opus.into(),
            seconds: length.as_secs_f64().ceil() as u32,
        };
        Ok(opus::mended(&files).map(recording))
    }

    fn write(&self, file: &str, plain: &[u8]) -> Result<(), DirError> {
        self.directory.replace(file, &[&[VERSION][..], &seal(&self.cipher(), plain, file.as_bytes())].concat())
    }

    /// A sealed file's content; `None` if there is none, or none that this key opens.
    fn unseal(&self, file: &str) -> Result<Option<Vec<u8>>, DirError> {
        let Some(sealed) = self.directory.read(file)? else { return Ok(None) };
        let (version, sealed) = sealed.split_at_checked(1).unwrap_or_default();
        Ok(open(&self.cipher(), sealed, file.as_bytes()).filter(|_| version == [VERSION]))
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.key.into())
    }
}

/// The file of one draft.
fn file(name: &str, kind: &str) -> String {
    format!("{PREFIX}{name}{kind}")
}

/// A nonce drawn anew, and the ciphertext with its tag.
fn seal(cipher: &ChaCha20Poly1305, plain: &[u8], aad: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = clock::random();
    // Only what is longer than any file here cannot be sealed.
    let ciphertext = cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad }).unwrap_or_default();
    [&nonce[..], &ciphertext].concat()
}

/// What was sealed so; `None` if this key or this name does not open it.
fn open(cipher: &ChaCha20Poly1305, sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce: [u8; NONCE_LEN] = nonce.try_into().ok()?;
    cipher.decrypt(&Nonce::from(nonce), Payload { msg: ciphertext, aad }).ok()
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
        drawer.leave().unwrap();
        drawer.keep(&draft("二", None)).unwrap();
        assert_eq!(drawer.waiting().unwrap().1.draft.body, "一");
    }

    /// A voice of `halves` half seconds, as it grows.
    fn pieces(halves: u32) -> Vec<Piece> {
        let (mut writer, mut pieces) = (opus::Writer::new(), Vec::new());
        for at in 0..halves * 25 + 1 {
            let frame = std::array::from_fn(|sample| ((sample as u32 * 37 + at * 11) % 4_001) as i16 - 2_000);
            writer.add(&frame).unwrap();
            pieces.extend(writer.grown().map(<[u8]>::to_vec));
        }
        let piece = |(number, opus): (u32, Vec<u8>)| Piece { number, opus: opus.into() };
        (0..).zip(pieces).map(piece).collect()
    }

    fn seconds(drawer: &Drawer) -> Option<u32> {
        drawer.waiting().and_then(|(_, kept)| kept.draft.voice.as_ref()).map(|voice| voice.seconds)
    }

    #[test]
    fn a_cut_while_somebody_speaks_leaves_every_piece_but_a_torn_one() {
        let scratch = Scratch::new("speaking");
        let mut drawer = scratch.drawer(&KEY);
        let said = draft("", None);
        pieces(7).iter().for_each(|piece| drawer.keep_piece(&said, piece).unwrap());
        drop(drawer);
        assert!(!scratch.bytes().windows(4).any(|window| window == b"OggS"), "nothing of it lies open");
        assert_eq!(seconds(&scratch.drawer(&KEY)), Some(4), "a begun second is counted");
        let mut files = std::fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().path());
        let file = files.find(|file| file.extension().is_some_and(|kind| kind == "spoken")).unwrap();
        let whole = std::fs::read(&file).unwrap();
        for cut in (0..whole.len()).step_by(131) {
            std::fs::write(&file, &whole[..cut]).unwrap();
            let at_most = Some((7 * cut / whole.len()).div_ceil(2) as u32).filter(|seconds| *seconds > 0);
            assert!(spoken_seconds(&scratch, &file, &whole[..cut]) <= at_most, "{cut}");
        }
    }

    /// How long the voice is after a start upon these pieces. A start that finds no voice takes the draft away.
    fn spoken_seconds(scratch: &Scratch, file: &std::path::Path, pieces: &[u8]) -> Option<u32> {
        let words = file.with_extension("words");
        let kept = std::fs::read(&words).unwrap();
        std::fs::write(file, pieces).unwrap();
        let found = seconds(&scratch.drawer(&KEY));
        std::fs::write(&words, kept).unwrap();
        found
    }

    #[test]
    fn somebody_who_walks_away_while_speaking_is_offered_what_they_said() {
        let scratch = Scratch::new("gone");
        let mut drawer = scratch.drawer(&KEY);
        pieces(3).iter().for_each(|piece| drawer.keep_piece(&draft("", None), piece).unwrap());
        drawer.leave().unwrap();
        assert_eq!(seconds(&drawer), Some(2));
        let name = drawer.waiting().unwrap().0.to_owned();
        drawer.remove(&name).unwrap();
        assert!(scratch.bytes().is_empty(), "and nothing of it is left once it is done with");
    }

    #[test]
    fn speaking_again_loses_nothing_when_it_is_cut_and_takes_the_place_when_it_is_whole() {
        let scratch = Scratch::new("again");
        let first: Vec<u8> = pieces(4).iter().flat_map(|piece| piece.opus.to_vec()).collect();
        let (first, length) = opus::mended(&[&first]).unwrap();
        assert_eq!(length.as_secs(), 2);
        let said = Draft { voice: Some(Recording { opus: first.into(), seconds: 2 }), ..draft("", None) };
        let mut drawer = scratch.drawer(&KEY);
        drawer.keep(&said).unwrap();
        pieces(2).iter().for_each(|piece| drawer.keep_piece(&said, piece).unwrap());
        drop(drawer);
        let drawer = scratch.drawer(&KEY);
        assert_eq!(seconds(&drawer), Some(3), "both, one behind the other");
        // Taken up and cut off again before a word was changed, and then spoken once more.
        let name = drawer.waiting().unwrap().0.to_owned();
        drop(drawer);
        let mut drawer = scratch.drawer(&KEY);
        let said = drawer.take_up(&name).unwrap();
        pieces(2).iter().for_each(|piece| drawer.keep_piece(&said, piece).unwrap());
        drop(drawer);
        let mut drawer = scratch.drawer(&KEY);
        assert_eq!(seconds(&drawer), Some(4));
        let mut said = drawer.take_up(&name).unwrap();
        pieces(2).iter().for_each(|piece| drawer.keep_piece(&said, piece).unwrap());
        said.voice = Some(Recording { opus: b"whole"[..].into(), seconds: 1 });
        drawer.keep(&said).unwrap();
        drop(drawer);
        assert_eq!(seconds(&scratch.drawer(&KEY)), Some(1));
    }

    #[test]
    fn a_piece_of_a_recording_that_was_thrown_away_is_not_kept() {
        let scratch = Scratch::new("stray");
        let mut drawer = scratch.drawer(&KEY);
        let all = pieces(3);
        drawer.keep_piece(&draft("", None), &all[2]).unwrap();
        assert!(scratch.bytes().is_empty());
        drawer.keep_piece(&draft("", None), &all[0]).unwrap();
        drawer.keep_piece(&draft("", None), &all[2]).unwrap();
        drawer.leave().unwrap();
        assert_eq!(seconds(&drawer), Some(1));
    }
}
