//! Key epochs in the ledger: the hub announces them, devices say that they are past one, and both are told when something
//! came sealed to a key that is destroyed.

use std::collections::BTreeSet;

use civic_core::{
    document::Stamp,
    id::{DeviceId, DocId},
    planted::{self, Bug},
    seal::{SealKey, epoch_of},
    space::Audience,
};
use replica::clock;
use rusqlite::params;
use sync_core::{entry::EntryKind, epoch::Epoch, heard::Heard};

use crate::{Ledger, LedgerError, sealed::Envelope};

impl Ledger {
    /// Tells every device to seal to this key from now on. Only the hub does this.
    pub fn announce_epoch(&self, key: SealKey) -> Result<(), LedgerError> {
        let county = self.codebook().county.clone();
        let stamp = Stamp::new(county.name, clock::now());
        let (doc, payload) = (Epoch::doc(key.epoch), Epoch { key }.encode());
        let entry = self.entry(&county.area, Audience::Public, doc, EntryKind::Epoch, &stamp, payload)?;
        let tables = self.writer_in_step()?;
        self.commit(&tables, vec![entry])
    }

    /// Tells the county that this device is past the epochs before the newest, once that is so: nothing that it sealed waits
    /// without a receipt. Whoever seals holds the writer, so nothing older can come behind it.
    pub(crate) fn acknowledge_epoch(&self) -> Result<(), LedgerError> {
        let log = self.log();
        let Some((key, false)) = log.seal_key()? else { return Ok(()) };
        let _writer = self.writer();
        if log.is_behind(&self.card().member(log.public_key())) || log.waiting()?.count > 0 {
            return Ok(());
        }
        let heard = Heard::Epoch(key.epoch);
        if let Some(entry) = heard.doc().and_then(|doc| self.heard(doc, heard)) {
            log.append(vec![entry])?;
        }
        Ok(())
    }

    /// Devices that said that they seal to a newer epoch than this, and that nothing older waits at them.
    pub fn heard_beyond(&self, epoch: u32) -> Result<BTreeSet<DeviceId>, LedgerError> {
        let tables = self.reader();
        let mut query = tables.db.prepare_cached("SELECT what, device FROM heard")?;
        let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?)))?;
        let mut beyond = BTreeSet::new();
        for row in rows {
            let (what, device) = row?;
            if let (Ok(Heard::Epoch(number)), Some(device)) = (Heard::decode(&what), DeviceId::parse(&device))
                && (number > epoch || planted::is(Bug::KeyGoesEarly))
            {
                beyond.insert(device);
            }
        }
        Ok(beyond)
    }

    /// The records that are sealed to this epoch in the tables, and were not set aside.
    pub fn sealed_to(&self, epoch: u32) -> Result<Vec<Envelope>, LedgerError> {
        let all = self.every_sealed()?;
        Ok(all.into_iter().filter(|envelope| epoch_of(&envelope.payload) == Some(epoch)).collect())
    }

    /// Whether personal details that are sealed to this epoch wait in the tables to be taken over.
    pub fn has_details_sealed_to(&self, epoch: u32) -> Result<bool, LedgerError> {
        let tables = self.reader();
        let sql = "SELECT EXISTS (SELECT 1 FROM envelope WHERE substr(payload, 2, 4) = ?1)";
        Ok(tables.db.query_row(sql, params![epoch.to_be_bytes()], |row| row.get(0))?)
    }

    /// Tells whoever wrote it that a record came sealed to a key that is destroyed, and that nobody can open it. Only the hub
    /// does this.
    pub(crate) fn tell_lost(&self, doc: &DocId, epoch: u32) -> Result<(), LedgerError> {
        let county = self.codebook().county.clone();
        let stamp = Stamp::new(county.name, clock::now());
        let payload = Heard::Lost(epoch).encode();
        let entry = self.entry(&county.area, Audience::Public, *doc, EntryKind::Heard, &stamp, payload)?;
        let tables = self.writer_in_step()?;
        self.commit(&tables, vec![entry])
    }
}
