//! Bundle files on a stick: `bundle export`, `import` and `show`, for devices and the hub alike.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use civic_core::{
    access::Role,
    id::hex,
    seal::{OpenKey, open_parcel},
};
use clap::Subcommand;
use replica::{
    bundle::{
        Brought, DeviceEnd, PackError, ParcelError,
        frame::{self, FRAME_OVERHEAD, Frame, Frames},
        opening_key,
    },
    clock,
    dir::DataDir,
    identity::Identity,
    roadbook::{Carried, Roadbook},
};
use serde::{Deserialize, Serialize};

use crate::command::{Data, open, runtime};

/// What this road is called where people see it.
pub const STICK: &str = "stick";
/// How a bundle file's name ends.
const EXTENSION: &str = "huiyin";
/// Longest bundle file unless another length is asked for: what the file system of most sticks can hold.
const FILE_LEN_MAX: u64 = 4 * 1024 * 1024 * 1024 - 1;
/// How often all files are gone through for parcels whose beginning was in another: each time some must have been heard.
const PASSES_MAX: usize = 1_000;

/// What can be done with bundles.
#[derive(Subcommand)]
pub enum BundleCommand {
    /// Write what has no receipt (at the hub: what goes home) into bundle files in a directory, a stick for example.
    Export {
        /// Where everything of this installation is.
        #[command(flatten)]
        data: Data,
        /// The directory.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Longest file, bytes.
        #[arg(long, value_name = "BYTES", default_value_t = FILE_LEN_MAX)]
        size: u64,
        /// Most bytes in all: records first, then voices, drawings, photos. What is beyond waits for the next time.
        #[arg(long, value_name = "BYTES", default_value_t = u64::MAX)]
        budget: u64,
    },
    /// Take in bundle files, or all that are in a directory; in any order, and again if in doubt.
    Import {
        /// Where everything of this installation is.
        #[command(flatten)]
        data: Data,
        /// Files and directories.
        #[arg(required = true)]
        from: Vec<PathBuf>,
    },
    /// Tell what can be seen of bundle files: how many parcels, how long, and which are for an installation.
    Show {
        /// An installation that is to try its key.
        #[arg(long = "data", value_name = "DIR")]
        data: Option<PathBuf>,
        /// Files and directories.
        #[arg(required = true)]
        from: Vec<PathBuf>,
    },
}

/// Carries out a command as a device of `role`.
pub fn run(role: Role, command: BundleCommand) -> anyhow::Result<ExitCode> {
    match command {
        BundleCommand::Export { data, to, size, budget } => {
            let (dir, identity, ledger) = open(role, &data.dir)?;
            let end = DeviceEnd::new(&identity, ledger.log())?.context("the card of this device cannot be read")?;
            let mut files = Files::new(&to, size, budget)?;
            let packed = runtime()?.block_on(end.pack(budget, |parcel| files.put(&parcel)));
            files.unless_full(packed)?;
            // Of a stick that was full it is not known how far it reaches.
            let entries_up = if files.is_full { 0 } else { ledger.log().counts()?.here };
            let carried = Carried { entries_up, bytes_up: budget - files.left, ..Carried::default() };
            let told = files.finish()?;
            note(&dir, &carried);
            Ok(told.print())
        }
        BundleCommand::Import { data, from } => {
            let (dir, identity, ledger) = open(role, &data.dir)?;
            let end = DeviceEnd::new(&identity, ledger.log())?.context("the card of this device cannot be read")?;
            let (runtime, mut carried) = (runtime()?, Carried::default());
            let done = import(&from, |sealed| {
                let brought = runtime.block_on(end.unpack(sealed))?;
                carried.entries_down += brought.entries;
                carried.bytes_down += sealed.len() as u64;
                Ok(brought)
            });
            ledger.catch_up()?;
            note(&dir, &carried);
            Ok(done?.print())
        }
        BundleCommand::Show { data, from } => {
            let key = match data {
                Some(dir) => Some(opening_key(&Identity::load(&DataDir::look(&dir), role)?.key)),
                None => None,
            };
            show(&from, key.as_slice())
        }
    }
}

/// Writes down what a stick carried.
fn note(dir: &DataDir, carried: &Carried) {
    let book = Roadbook::open(dir);
    book.note_carried(STICK, carried);
    book.save();
}

/// What a command says when it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// For standard output, line by line.
    pub out: Vec<String>,
    /// What did not go well, line by line.
    pub faults: Vec<String>,
}

impl Told {
    /// Says it, and gives the exit status.
    pub fn print(&self) -> ExitCode {
        self.faults.iter().for_each(|fault| eprintln!("{fault}"));
        self.out.iter().for_each(|line| println!("{line}"));
        if self.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }
}

/// Bundle files that are being written.
pub struct Files {
    dir: PathBuf,
    len_max: u64,
    open: Option<(File, PathBuf, u64)>,
    written: Vec<(PathBuf, u64)>,
    parcels: u64,
    /// Bytes that may still be written.
    left: u64,
    is_full: bool,
}

impl Files {
    /// Files in `dir`, none longer than `len_max` unless one parcel alone is, and all of them no longer than `budget`.
    pub fn new(dir: &Path, len_max: u64, budget: u64) -> anyhow::Result<Self> {
        if !dir.is_dir() {
            bail!("{} is not a directory", dir.display());
        }
        Ok(Self {
            dir: dir.to_owned(),
            len_max,
            open: None,
            written: Vec::new(),
            parcels: 0,
            left: budget,
            is_full: false,
        })
    }

    /// Appends a parcel.
    pub fn put(&mut self, parcel: &[u8]) -> io::Result<()> {
        let len = (parcel.len() + FRAME_OVERHEAD) as u64;
        if len > self.left {
            self.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.left -= len;
        if self.open.as_ref().is_some_and(|(_, _, before)| before + len > self.len_max) {
            self.close()?;
        }
        let (mut file, path, before) = match self.open.take() {
            Some(open) => open,
            None => {
                // A name by lot tells nobody where it comes from or goes, and no stick has two of one name.
                let path = self.dir.join(format!("{}.{EXTENSION}", hex(&clock::random::<4>())));
                (File::create_new(path.with_extension("part"))?, path, 0)
            }
        };
        frame::write(&mut file, parcel)?;
        self.parcels += 1;
        self.open = Some((file, path, before + len));
        Ok(())
    }

    /// Whether packing went well; that the budget is spent is no failure.
    pub fn unless_full<T>(&self, packed: Result<T, PackError>) -> Result<(), PackError> {
        match packed {
            Err(PackError::Write(_)) if self.is_full => Ok(()),
            other => other.map(drop),
        }
    }

    fn close(&mut self) -> io::Result<()> {
        let Some((file, path, len)) = self.open.take() else { return Ok(()) };
        file.sync_all()?;
        // Under its own name it is whole, whenever the stick is pulled.
        fs::rename(path.with_extension("part"), &path)?;
        File::open(&self.dir)?.sync_all()?;
        self.written.push((path, len));
        Ok(())
    }

    /// Makes everything durable; the files with their lengths.
    pub fn done(mut self) -> io::Result<Vec<(PathBuf, u64)>> {
        self.close()?;
        Ok(std::mem::take(&mut self.written))
    }

    /// Makes everything durable and says what was written.
    pub fn finish(self) -> anyhow::Result<Told> {
        let (dir, parcels, is_full) = (self.dir.clone(), self.parcels, self.is_full);
        let written = self.done().with_context(|| format!("Writing in {}", dir.display()))?;
        let mut out: Vec<String> =
            written.iter().map(|(path, len)| format!("{}  {len} bytes", path.display())).collect();
        out.push(format!("{parcels} parcels in {} files", written.len()));
        if is_full {
            out.push("the budget is spent; what is left waits for the next time".to_owned());
        }
        Ok(Told { out, faults: Vec::new() })
    }
}

/// What was given up half written would only take the room of the next.
impl Drop for Files {
    fn drop(&mut self) {
        if let Some((_, path, _)) = self.open.take() {
            // A stick that was pulled out has nothing to take away.
            let _ = fs::remove_file(path.with_extension("part"));
        }
    }
}

/// What came of taking in bundle files.
#[derive(Debug, Default)]
pub struct TakenIn {
    /// How many files were found.
    pub files: usize,
    /// What they brought; of what is still missing or was refused, as the last time they were gone through.
    pub brought: Brought,
    /// Where something was damaged or for somebody else, and was passed over.
    pub faults: Vec<String>,
}

/// Takes in bundle files and says what they brought. Damaged and foreign parcels are told of, and the rest goes on.
pub fn import(from: &[PathBuf], unpack: impl FnMut(&[u8]) -> Result<Brought, ParcelError>) -> anyhow::Result<Told> {
    let TakenIn { files, brought: all, mut faults } = take_in(from, unpack)?;
    if files == 0 {
        bail!("there is no file whose name ends in .{EXTENSION}");
    }
    faults.extend(all.refused);
    if all.gaps > 0 {
        faults.push(format!("the beginning of {} runs is missing: bring the other files too", all.gaps));
    }
    let mut out = vec![format!("{} entries and {} receipts came from {files} files", all.entries, all.receipts)];
    if all.asked > 0 {
        out.push(format!("{} machines ask to be enrolled: see the page of devices", all.asked));
    }
    if all.pieces > 0 {
        out.push(format!("{} pieces of attachments came with them", all.pieces));
    }
    Ok(Told { out, faults })
}

/// Takes in bundle files, without a word: `unpack` hears one parcel.
pub fn take_in(
    from: &[PathBuf],
    mut unpack: impl FnMut(&[u8]) -> Result<Brought, ParcelError>,
) -> anyhow::Result<TakenIn> {
    let files = bundles(from)?;
    let mut all = Brought::default();
    let mut faults = Vec::new();
    for _ in 0..PASSES_MAX {
        let mut pass = Brought::default();
        faults.clear();
        for path in &files {
            each(path, |number, frame| {
                let fault = match frame {
                    // What cannot be read of one file says nothing of the others.
                    Err(error) => error.to_string(),
                    Ok(Frame::Parcel(sealed)) => match unpack(&sealed) {
                        Ok(brought) => {
                            pass.entries += brought.entries;
                            pass.receipts += brought.receipts;
                            pass.pieces += brought.pieces;
                            pass.gaps += brought.gaps;
                            pass.asked += brought.asked;
                            pass.refused.extend(brought.refused);
                            return Ok(());
                        }
                        Err(ParcelError::Store(error)) => return Err(error.into()),
                        Err(
                            fault @ (ParcelError::Closed
                            | ParcelError::Bad(_)
                            | ParcelError::Stranger
                            | ParcelError::NotEnrolled(_)
                            | ParcelError::Broken(_)),
                        ) => fault.to_string(),
                    },
                    Ok(Frame::Damaged(len)) => format!("{len} bytes are damaged, cut off or no bundle"),
                };
                faults.push(format!("{}: parcel {number}: {fault}", path.display()));
                Ok(())
            })?;
        }
        all.entries += pass.entries;
        (all.pieces, all.asked) = (all.pieces.max(pass.pieces), pass.asked);
        (all.receipts, all.gaps, all.refused) = (all.receipts.max(pass.receipts), pass.gaps, pass.refused);
        if all.gaps == 0 || pass.entries == 0 {
            break;
        }
    }
    Ok(TakenIn { files: files.len(), brought: all, faults })
}

/// Tells what can be seen from outside, and which parcels one of these keys opens.
pub fn show(from: &[PathBuf], keys: &[OpenKey]) -> anyhow::Result<ExitCode> {
    let files = bundles(from)?;
    if files.is_empty() {
        bail!("there is no file whose name ends in .{EXTENSION}");
    }
    for path in files {
        let (mut parcels, mut len, mut damaged, mut opened) = (0u64, 0u64, 0u64, 0u64);
        each(&path, |_, frame| {
            match frame.with_context(|| format!("Reading {}", path.display()))? {
                Frame::Parcel(sealed) => {
                    parcels += 1;
                    len += sealed.len() as u64;
                    opened += u64::from(keys.iter().any(|key| open_parcel(key, &sealed).is_ok()));
                }
                Frame::Damaged(more) => damaged += more,
            }
            Ok(())
        })?;
        let for_it = if !keys.is_empty() { format!(", {opened} of them for this installation") } else { String::new() };
        let broken = if damaged > 0 { format!(", {damaged} bytes damaged or no bundle") } else { String::new() };
        println!("{}: {parcels} parcels{for_it}, {len} bytes sealed{broken}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows every parcel of at most `len_max` bytes that lies in the bundles of a directory; damage is passed over.
pub(crate) fn look_through(
    dir: &Path,
    len_max: usize,
    mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for path in bundles(&[dir.to_owned()])? {
        each(&path, |_, frame| match frame {
            Ok(Frame::Parcel(sealed)) if sealed.len() <= len_max => take(&sealed),
            Ok(Frame::Parcel(_) | Frame::Damaged(_)) | Err(_) => Ok(()),
        })?;
    }
    Ok(())
}

/// The files that are meant: those that are named, and the bundles in directories that are.
fn bundles(from: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in from {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for file in fs::read_dir(path).with_context(|| format!("Reading {}", path.display()))? {
            let file = file.with_context(|| format!("Reading {}", path.display()))?.path();
            // Folders, pipes and devices of that name are none, nor links to such.
            if file.extension().is_some_and(|extension| extension == EXTENSION) && file.is_file() {
                files.push(file);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Gives each part of a file, by its number from 1; at the first that cannot be read the file ends.
fn each(path: &Path, mut take: impl FnMut(u64, io::Result<Frame>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return take(1, Err(error)),
    };
    for (number, frame) in (1..).zip(Frames::new(file)) {
        let is_last = frame.is_err();
        take(number, frame)?;
        if is_last {
            break;
        }
    }
    Ok(())
}
