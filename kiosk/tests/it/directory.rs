//! The directory of an enrolled kiosk whose hub answers nobody.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use civic_core::access::Role;
use kiosk::{drawer::Drawer, records::Records, soak::stand_in};
use ledger::Ledger;
use replica::{device::Device, dir::DataDir};

/// An enrolled kiosk's directory, removed when it is dropped.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("huiyin-kiosk-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        stand_in::enrol(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn open(&self) -> (Arc<DataDir>, Ledger, Records) {
        let (held, identity, ledger) = ledger::command::open(Role::Kiosk, &self.0).unwrap();
        let held = Arc::new(held);
        let drawer = Drawer::open(held.clone(), &identity.key.to_bytes()).unwrap();
        let device = Arc::new(Device::new(identity, ledger.log().clone()));
        let records = Records::new(ledger.clone(), device, drawer).unwrap();
        (held, ledger, records)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
