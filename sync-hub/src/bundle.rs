//! `sync-hub bundle`: takes in what devices send by phone or stick, and writes what goes home to them.
//!
//! While the hub serves it is an [`errand`] that the hub carries out. Either way the audit log says what came of it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use civic_core::{
    access::Role,
    space::{Audience, Space},
};
use ledger::{
    Ledger,
    bundle::{BundleCommand, Files, STICK, Told, import, show},
};
use replica::{
    bundle::HubEnd,
    dir::DataDir,
    hub::{Register as _, spread},
    identity::Identity,
};
use serde::{Deserialize, Serialize};

use crate::{
    audit::{Action, Audit, By, Event},
    county, errand, keys,
    register::{self, Register},
    upstream,
};

/// What is asked of the county's bundles.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum BundleErrand {
    /// Write what goes home.
    Export {
        /// Into this directory.
        to: PathBuf,
        /// Longest file.
        size: u64,
        /// Most bytes in all.
        budget: u64,
    },
    /// Take in what devices send.
    Import {
        /// Files and directories.
        from: Vec<PathBuf>,
    },
}

/// Carries out a command on the county's bundles. The hub may be serving.
pub fn run(command: BundleCommand) -> anyhow::Result<ExitCode> {
    // The hub that is serving stands in another directory.
    let place = |path: &PathBuf| std::path::absolute(path).with_context(|| format!("Finding {}", path.display()));
    let (dir, errand) = match command {
        BundleCommand::Export { data, to, size, budget } => {
            (data.dir, BundleErrand::Export { to: place(&to)?, size, budget })
        }
        BundleCommand::Import { data, from } => {
            let from = from.iter().map(place).collect::<Result<_, _>>()?;
            (data.dir, BundleErrand::Import { from })
        }
        BundleCommand::Show { data, from } => {
            let ring = data.map(|dir| keys::read(&DataDir::look(&dir))).transpose()?.unwrap_or_default();
            let keys: Vec<_> = ring.epochs().map(|(key, _)| key.clone()).collect();
            return show(&from, &keys);
        }
    };
    let word = match &errand {
        BundleErrand::Export { .. } => "export",
        BundleErrand::Import { .. } => "import",
    };
    let place = DataDir::look(&dir);
    let audit = Audit::open(&place, &Identity::load(&place, Role::Hub)?.key)?;
    let told: anyhow::Result<Told> = errand::send(&dir, &errand::Errand::Bundle(errand));
    audit.note(&noted(word, &told))?;
    Ok(told?.print())
}

/// What the audit log says of it: how much came or went, how many things of it were refused, and why the first.
fn noted(word: &str, told: &anyhow::Result<Told>) -> Event {
    let event = Event::new(By::command_line(), Action::CarryBundles);
    match told {
        Err(failure) => event.upon(word).because(failure).refused(),
        Ok(Told { out, faults }) => {
            let event = event.upon(format!("{word}: {}", out.first().map_or("", String::as_str)));
            match faults.first() {
                None => event,
                Some(first) => event.because(format!("{} refused, the first: {first}", faults.len())).refused(),
            }
        }
    }
}

/// Does what is asked, with the ledger of the county in `dir`.
pub fn carry_out(dir: &Path, ledger: &Ledger, errand: &BundleErrand) -> anyhow::Result<Told> {
    let dir = DataDir::look(dir);
    let identity = Identity::load(&dir, Role::Hub)?;
    let (register, county) = (open(&dir, &identity)?, keys::read(&dir)?);
    register.seal_to(county.seal_key()?);
    let (key, authors, desk) = (&identity.key, register.clone(), Some(register.enrolment()));
    let end = HubEnd { log: ledger.log(), key, county: &county, authors, desk };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("Starting the runtime")?;
    match errand {
        BundleErrand::Export { to, size, budget } => {
            // Whoever was struck off is told on this road too, also where no hub is serving.
            let area = upstream::place_of_words(&dir, &ledger.codebook().county.area)?;
            let space = Space::new(area, Audience::Public);
            spread(ledger.log(), &space, register.revoked())?;
            let mut files = Files::new(to, *size, *budget)?;
            let answered = end.answer_letters(|letter| files.put(&letter));
            files.unless_full(answered)?;
            for device in register.devices()?.into_iter().filter(|device| !device.is_revoked) {
                let packed = runtime.block_on(end.pack(device.public_key, |parcel| files.put(&parcel)));
                files.unless_full(packed)?;
            }
            files.finish()
        }
        BundleErrand::Import { from } => import(from, |sealed| {
            let (author, brought) = runtime.block_on(end.unpack(sealed))?;
            register.heard(&author, STICK);
            brought.status.iter().for_each(|status| register.told(&author, status));
            Ok(brought)
        }),
    }
}

fn open(dir: &DataDir, identity: &Identity) -> anyhow::Result<Arc<Register>> {
    let (path, authority) = (dir.file(register::FILE), county::authority(dir, &identity.card)?);
    let register = Register::open_for_enrolment(&path, authority, identity.card.clone());
    Ok(Arc::new(register.with_context(|| format!("Opening {}", path.display()))?))
}
