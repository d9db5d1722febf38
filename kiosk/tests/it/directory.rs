//! The directory of an enrolled kiosk whose hub answers nobody.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    publication::Publication,
};
use kiosk::{drawer::Drawer, records::Records, soak::stand_in};
use ledger::Ledger;
use replica::{
    device::Device,
    dir::DataDir,
    identity::{Card, Identity},
};

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

    /// Puts what the county publishes there, as if it had come by a road: written by its own device in the county's role.
    pub fn publish(&self, publication: &Publication) {
        let dir = DataDir::hold(&self.0).unwrap();
        let card = Identity::load(&dir, Role::Kiosk).unwrap().card;
        let scope = Scope { role: Role::Hub, areas: vec![Area::parse("451025").unwrap()] };
        Identity::save_card(&dir, &Card { scope, ..card.clone() }).unwrap();
        let county = Ledger::open(&dir, &Identity::load(&dir, Role::Hub).unwrap()).unwrap();
        county.publish(publication).unwrap();
        Identity::save_card(&dir, &card).unwrap();
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
