//! `sync-hub bundle`: takes in what devices send by phone or stick, and writes what goes home to them.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use civic_core::{
    access::Role,
    space::{Audience, Space},
};
use ledger::{
    bundle::{BundleCommand, Files, import, show},
    command,
};
use replica::{
    bundle::HubEnd,
    dir::DataDir,
    hub::{Register as _, spread},
};

use crate::{
    keys,
    register::{self, Register},
};

/// What this road is called where people see it.
const ROAD: &str = "stick";

/// Carries out a command on the county's bundles. The hub must not be serving, but for `show`.
pub fn run(command: BundleCommand) -> anyhow::Result<ExitCode> {
    match command {
        BundleCommand::Export { data, to, size } => {
            let (dir, identity, ledger) = command::open(Role::Hub, &data.dir)?;
            let (register, county) = (open(&dir)?, keys::read(&dir)?);
            let end = HubEnd { log: ledger.log(), key: &identity.key, county: &county, authors: register.clone() };
            // Whoever was struck off is told on this road too, also where no hub is serving.
            let space = Space::new(ledger.codebook().county.area.clone(), Audience::Public);
            spread(ledger.log(), &space, register.revoked())?;
            let mut files = Files::new(&to, size)?;
            let runtime = runtime()?;
            for device in register.devices()?.into_iter().filter(|device| !device.is_revoked) {
                runtime.block_on(end.pack(device.public_key, |parcel| files.put(&parcel)))?;
            }
            files.finish()
        }
        BundleCommand::Import { data, from } => {
            let (dir, identity, ledger) = command::open(Role::Hub, &data.dir)?;
            let (register, county) = (open(&dir)?, keys::read(&dir)?);
            let end = HubEnd { log: ledger.log(), key: &identity.key, county: &county, authors: register.clone() };
            let runtime = runtime()?;
            let done = import(&from, |sealed| {
                let (author, brought) = runtime.block_on(end.unpack(sealed))?;
                register.heard(&author, ROAD);
                brought.status.iter().for_each(|status| register.told(&author, status));
                Ok(brought)
            });
            ledger.catch_up()?;
            done
        }
        BundleCommand::Show { data, from } => {
            let ring = data.map(|dir| keys::read(&DataDir::look(&dir))).transpose()?.unwrap_or_default();
            let keys: Vec<_> = ring.epochs().map(|(key, _)| key.clone()).collect();
            show(&from, &keys)
        }
    }
}

fn open(dir: &DataDir) -> anyhow::Result<Arc<Register>> {
    let path = dir.file(register::FILE);
    Ok(Arc::new(Register::open(&path).with_context(|| format!("Opening {}", path.display()))?))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("Starting the runtime")
}
