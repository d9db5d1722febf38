//! The two files of a backup: a tar of a manifest and the parts, sealed by age.
//!
//! Both are read and written as streams. What is read is hostile until it has proven otherwise: only names that
//! [`super::parts`] knows are written, each once, and nothing counts before the end was reached, because only there age
//! says that nothing is missing.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use age::{DecryptError, Decryptor, EncryptError, Encryptor, x25519};
use civic_core::{
    id::{from_hex, hex},
    time::UnixSeconds,
};
use replica::identity::Card;
use serde::{Deserialize, Serialize};

use super::{
    BackupError,
    parts::{self, Half, PARTS},
    snapshot::{Taken, private},
};

/// The format of [`Manifest`] that this program writes and understands.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Longest manifest.
const MANIFEST_LEN_MAX: u64 = 64 * 1024;
/// Most recipients of one backup: whoever holds a key can open everything.
pub const RECIPIENTS_MAX: usize = 16;

/// What stands first in each file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// Which of the two files it is.
    half: String,
    /// Both files of one backup say the same, 32 hexadecimal digits.
    pair: String,
    /// The county's code.
    pub county: String,
    /// The county's name.
    pub name: String,
    /// The hub's public key in hexadecimal.
    pub hub: String,
    /// When it was begun, by the hub's clock.
    pub at: UnixSeconds,
    /// The newest run of the log.
    pub row: i64,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    /// The parts that follow, and how long each is.
    parts: Vec<(String, u64)>,
}

impl Manifest {
    /// The manifest of one half.
    pub fn new(half: Half, card: &Card, at: UnixSeconds, pair: [u8; 16], taken: &Taken) -> Self {
        let is_here = |name: &str| parts::of(name, half).is_some();
        let of_this_half = |(name, _): &(&String, &u64)| name.split('/').next().is_some_and(is_here);
        Self {
            format: FORMAT,
            half: half.word().to_owned(),
            pair: hex(&pair),
            county: card.scope.areas.first().map(|area| area.code().to_owned()).unwrap_or_default(),
            name: card.name.clone(),
            hub: card.hub_key.clone(),
            at,
            row: taken.row,
            rows: taken.rows.iter().filter(of_this_half).map(|(name, count)| (name.clone(), *count)).collect(),
            parts: taken.files.iter().filter(|(name, _)| is_here(name)).cloned().collect(),
        }
    }

    /// What both files of one backup share.
    pub fn pair(&self) -> Option<[u8; 16]> {
        from_hex(&self.pair)?.try_into().ok()
    }
}

/// Who may open a backup.
#[derive(Clone, Debug)]
pub struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    /// Reads public keys as `age-keygen` prints them; at least one and at most [`RECIPIENTS_MAX`].
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, BackupError> {
        if texts.is_empty() {
            return Err(BackupError::NoRecipient);
        }
        let parse = |text: &S| {
            let text = text.as_ref().trim();
            // What is not public must not be repeated: somebody may have pasted their private key.
            let shown = if text.starts_with("age1") { text } else { "what was given" };
            x25519::Recipient::from_str(text).map_err(|_| BackupError::BadRecipient(shown.to_owned()))
        };
        match texts.get(RECIPIENTS_MAX) {
            Some(text) => Err(BackupError::BadRecipient(format!("{} (the seventeenth)", text.as_ref()))),
            None => Ok(Self(texts.iter().map(parse).collect::<Result<_, _>>()?)),
        }
    }

    /// These and one more.
    pub(super) fn and(&self, more: &x25519::Recipient) -> Self {
        Self(self.0.iter().chain([more]).cloned().collect())
    }
}

/// Seals the parts of `dir` that `manifest` names into a new file; it is on its disk when this returns. Returns its length.
pub fn seal(dir: &Path, manifest: &Manifest, recipients: &Recipients, file: &Path) -> Result<u64, BackupError> {
    let at_place = |error| BackupError::at(file, error);
    let out = private(file).map_err(at_place)?;
    let out = seal_into(dir, manifest, recipients, BufWriter::new(out)).map_err(at_place)?;
    let out = out.into_inner().map_err(|error| at_place(error.into_error()))?;
    out.sync_all().and_then(|()| Ok(out.metadata()?.len())).map_err(at_place)
}

/// The same into whatever takes bytes.
pub fn seal_into<W: Write>(dir: &Path, manifest: &Manifest, recipients: &Recipients, out: W) -> io::Result<W> {
    let each = recipients.0.iter().map(|recipient| recipient as &dyn age::Recipient);
    let sealer = Encryptor::with_recipients(each).map_err(|error: EncryptError| io::Error::other(error.to_string()))?;
    let mut tar = tar::Builder::new(sealer.wrap_output(out)?);
    let text = serde_json::to_vec_pretty(manifest)?;
    append(&mut tar, MANIFEST, text.len() as u64, manifest.at, text.as_slice())?;
    for (name, len) in &manifest.parts {
        append(&mut tar, name, *len, manifest.at, BufReader::new(File::open(dir.join(name))?))?;
    }
    tar.into_inner()?.finish()
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    name: &str,
    len: u64,
    at: UnixSeconds,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(len);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(at.0).unwrap_or(0));
    tar.append_data(&mut header, name, content.take(len))
}

/// Opens a file of a backup with one of `keys` and writes its parts into `dir`.
pub fn open(file: &Path, half: Half, keys: &[&dyn age::Identity], dir: &Path) -> Result<Manifest, BackupError> {
    let (counter, counted) = counting(File::open(file).map_err(|error| BackupError::at(file, error))?);
    let damaged = || BackupError::Damaged(file.to_owned(), counted.load(Ordering::Relaxed));
    let strange = |why: &str| BackupError::Strange(file.to_owned(), why.to_owned());
    let opener = Decryptor::new_buffered(BufReader::new(counter)).map_err(|error| match error {
        DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => BackupError::at(file, error),
        DecryptError::UnknownFormat => strange("it is of a newer format of age"),
        DecryptError::Io(_) | DecryptError::InvalidHeader | DecryptError::InvalidMac => {
            strange("it is no age file, or its first lines are damaged")
        }
        DecryptError::DecryptionFailed
        | DecryptError::ExcessiveWork { .. }
        | DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys => damaged(),
    })?;
    let clear = opener.decrypt(keys.iter().copied()).map_err(|error| match error {
        DecryptError::NoMatchingKeys => BackupError::WrongKey(file.to_owned()),
        DecryptError::DecryptionFailed
        | DecryptError::ExcessiveWork { .. }
        | DecryptError::InvalidHeader
        | DecryptError::InvalidMac
        | DecryptError::Io(_)
        | DecryptError::KeyDecryptionFailed
        | DecryptError::UnknownFormat => damaged(),
    })?;
    let mut tar = tar::Archive::new(clear);
    let mut manifest: Option<Manifest> = None;
    let mut written = Vec::new();
    for entry in tar.entries().map_err(|_| damaged())? {
        let mut entry = entry.map_err(|_| damaged())?;
        let name = entry.path_bytes().into_owned();
        let name = String::from_utf8(name).map_err(|_| strange("a name in it cannot be read"))?;
        if !entry.header().entry_type().is_file() {
            return Err(strange(&format!("{name:?} in it is no file")));
        }
        let Some(known) = &manifest else {
            if name != MANIFEST || entry.size() > MANIFEST_LEN_MAX {
                return Err(strange("it does not begin with a manifest"));
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(|_| damaged())?;
            manifest = Some(understand(&text, half).map_err(|why| strange(&why))?);
            continue;
        };
        let is_told = known.parts.get(written.len()) == Some(&(name.clone(), entry.size()));
        if !is_told || parts::of(&name, half).is_none() {
            return Err(strange(&format!("{name:?} has no place in it")));
        }
        let to = dir.join(&name);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|error| BackupError::at(folder, error))?;
        }
        let mut out = private(&to).map_err(|error| BackupError::at(&to, error))?;
        copy(&mut entry, &mut out).map_err(|failed| match failed {
            Failed::Reading => damaged(),
            Failed::Writing(error) => BackupError::at(&to, error),
        })?;
        written.push(name);
    }
    // Only the end of what was sealed says that nothing is missing.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(|_| damaged())?;
    let manifest = manifest.ok_or_else(|| strange("there is nothing in it"))?;
    let needed =
        PARTS.iter().find(|part| part.half == half && part.is_needed && !written.iter().any(|name| name == part.name));
    match needed {
        _ if written.len() < manifest.parts.len() => Err(strange("not everything is in it that it names")),
        Some(part) => Err(strange(&format!("{} is not in it", part.name))),
        None => Ok(manifest),
    }
}

fn understand(text: &[u8], half: Half) -> Result<Manifest, String> {
    let manifest: Manifest = serde_json::from_slice(text).map_err(|_| "its manifest cannot be read".to_owned())?;
    if manifest.format != FORMAT {
        return Err(format!("it is of format {}, and this program reads {FORMAT}", manifest.format));
    }
    if manifest.half != half.word() {
        return Err(format!("it is the {} half, and the {} half belongs here", manifest.half, half.word()));
    }
    Ok(manifest)
}

enum Failed {
    Reading,
    Writing(io::Error),
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<(), Failed> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let len = from.read(&mut buffer).map_err(|_| Failed::Reading)?;
        if len == 0 {
            return to.flush().map_err(Failed::Writing);
        }
        to.write_all(&buffer[..len]).map_err(Failed::Writing)?;
    }
}

struct Counting<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

fn counting<R: Read>(inner: R) -> (Counting<R>, Arc<AtomicU64>) {
    let count = Arc::new(AtomicU64::new(0));
    (Counting { inner, count: count.clone() }, count)
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buffer)?;
        self.count.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }
}

/// Reads the private keys in a file as `age-keygen` writes it.
pub fn keys_in(file: &Path) -> Result<Vec<x25519::Identity>, BackupError> {
    let text = fs::read_to_string(file).map_err(|error| BackupError::at(file, error))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let strange = || BackupError::Strange(file.to_owned(), "a line in it is no key of `age-keygen`".to_owned());
    let keys: Vec<_> =
        lines.map(|line| x25519::Identity::from_str(line).map_err(|_| strange())).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(strange()) } else { Ok(keys) }
}
